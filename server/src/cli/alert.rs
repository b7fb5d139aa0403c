//! `mingjing alert`: tries whether messages arrive.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::ensure;
use clap::Subcommand;
use jiff::Timestamp;

use crate::{
    alert::{Courier, Outgoing},
    config::Config,
};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send a test message to every receiver of the configuration
    Test {
        /// Only to these, by the names in the configuration
        names: Vec<String>,
    },
}

/// Runs a command; fails when one message did not arrive.
pub fn run(config: &Config, command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Test { names } = command;
    ensure!(!config.alerts.is_empty(), "the configuration has no [[alert]]");
    for name in names {
        let is_known = config.alerts.iter().any(|rule| rule.name == *name);
        ensure!(is_known, "there is no alert \"{name}\"");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (site, courier, now) = (config.site(), Courier::default(), Timestamp::now());
    let mut code = ExitCode::SUCCESS;
    let mut out = io::stdout().lock();
    for rule in &config.alerts {
        if !names.is_empty() && !names.contains(&rule.name) {
            continue;
        }
        let message = Outgoing::test(rule, now);
        match runtime.block_on(courier.send(rule, &site, &message, now)) {
            Ok(()) => writeln!(out, "{}: sent", rule.name)?,
            Err(error) => {
                writeln!(out, "{}: {error}", rule.name)?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
