//! `mingjing stats`: figures from access logs, by hand.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use jiff::Timestamp;

use crate::{
    config::Config,
    serve::load,
    stats::{
        self,
        ingest::{Ingest, Report},
        store::Store,
    },
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Count what is new in access logs; lines that were counted before are not counted again
    Ingest {
        /// Logs, compressed by gzip or not; the configured one with its rotated siblings when absent
        logs: Vec<PathBuf>,
    },
}

/// Runs a command; fails when one log could not be read whole.
pub fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let Command::Ingest { mut logs } = command;
    if logs.is_empty() {
        let Some(log) = &config.stats.access_log else {
            bail!("name a log, or set stats.access_log in the configuration");
        };
        logs = stats::siblings(log).with_context(|| log.display().to_string())?;
    }
    let (content, _) = load(config)?;
    let rules = stats::rules_from_disk(config, &content)?;
    // Waits for a site that is reading at this moment.
    let lock = stats::lock_file(&config.server.state)?;
    lock.lock()?;
    let path = stats::file(&config.server.state);
    let mut store = Store::open(&path).with_context(|| path.display().to_string())?;
    let mut ingest =
        Ingest { store: &mut store, rules: &rules, now: Timestamp::now(), until: None };
    let (started, mut report, mut code) = (Instant::now(), Report::default(), ExitCode::SUCCESS);
    for log in &logs {
        if io::stderr().is_terminal() {
            writeln!(io::stderr(), "{}", log.display())?;
        }
        if let Err(error) = ingest.log(log, &mut report) {
            writeln!(io::stderr(), "mingjing: {error}")?;
            code = ExitCode::FAILURE;
        }
    }
    let took = started.elapsed().as_secs_f64();
    let (counted, rejected, mebibytes) = (report.lines, report.rejected, report.bytes >> 20);
    writeln!(
        io::stdout().lock(),
        "{counted} lines counted, {rejected} not, {mebibytes} MiB of {} files with something new, in {took:.1} s",
        report.files
    )?;
    Ok(code)
}
