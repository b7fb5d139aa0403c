//! The command line: serve, index, probe, check, alert, stats, generate.

use std::{
    collections::HashSet,
    io::{self, IsTerminal as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use tracing_subscriber::EnvFilter;

use crate::{
    config::Config,
    content::{Content, mirror::MirrorFacts, releases},
    guide::Place,
    guide_view, nginx,
    probe::audit::Keyring,
    serve::{load, serve},
};

mod alert;
mod index;
mod probe;
mod stats;

/// The site of a software mirror.
#[derive(Debug, Parser)]
#[command(name = "mingjing", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeOptions,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Args)]
struct Common {
    /// Configuration; the embedded demo site when absent
    #[arg(long, global = true, value_name = "FILE", env = "MINGJING_CONFIG")]
    config: Option<PathBuf>,
    /// Folder with mirrors/, pages/ and news/, instead of the configured one
    #[arg(long, global = true, value_name = "DIR", env = "MINGJING_CONTENT")]
    content: Option<PathBuf>,
    /// Folder for last good answers and the file index, instead of the configured one
    #[arg(long, global = true, value_name = "DIR", env = "MINGJING_STATE")]
    state: Option<PathBuf>,
}

/// Not global: `generate nginx` has a `--listen` of its own.
#[derive(Clone, Copy, Debug, clap::Args)]
struct ServeOptions {
    /// Address and port to listen on, instead of the configured one
    #[arg(long, value_name = "ADDR", env = "MINGJING_LISTEN")]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the site (the default)
    Serve(ServeOptions),
    /// Build, search and measure the file index
    #[command(subcommand)]
    Index(index::Command),
    /// Show how old the content of mirrors is by their own word, and whether it fits together
    Probe(probe::Options),
    /// Validate configuration and content; lists every problem
    Check {
        /// Also list the snippets that no client test follows
        #[arg(long)]
        coverage: bool,
        /// Instead print every snippet and script of every state as lines of JSON, each text once
        #[arg(long)]
        snippets: bool,
    },
    /// Try whether alerts arrive
    #[command(subcommand)]
    Alert(alert::Command),
    /// Count requests from access logs
    #[command(subcommand)]
    Stats(stats::Command),
    /// Print configuration for the software around the site
    #[command(subcommand)]
    Generate(Generate),
}

#[derive(Debug, Subcommand)]
enum Generate {
    /// A complete configuration of nginx
    Nginx(nginx::Options),
    /// A new content/releases.toml from the tables of the Debian package distro-info-data
    Releases {
        /// Folder of the tables
        #[arg(long, value_name = "DIR", default_value = "/usr/share/distro-info")]
        from: PathBuf,
        /// Leave out what ended before this day
        #[arg(long, value_name = "DATE", default_value = "2023-01-01")]
        since: jiff::civil::Date,
    },
}

impl Common {
    fn load(&self, listen: Option<SocketAddr>) -> anyhow::Result<Config> {
        let mut config = match &self.config {
            Some(path) => Config::load(path)?,
            None => Config::embedded()?,
        };
        if let Some(listen) = listen {
            config.server.listen = listen;
        }
        if let Some(content) = &self.content {
            config.server.content = Some(content.clone());
        }
        if let Some(state) = &self.state {
            config.server.state.clone_from(state);
        }
        Ok(config)
    }
}

/// Runs the program with the arguments of the process. Exit codes: 0 done, 1 it failed, 2 usage.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| EnvFilter::new("info,tantivy=warn")),
        )
        .with_target(false)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            // A reader that closed the pipe has seen enough.
            if error
                .downcast_ref::<io::Error>()
                .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
            {
                return ExitCode::SUCCESS;
            }
            let _ = writeln!(io::stderr(), "mingjing: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let load_config = |listen| cli.common.load(listen);
    let listen = cli.serve.listen;
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(options) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(serve(load_config(options.listen.or(listen))?))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Index(command) => index::run(&load_config(listen)?, command),
        Command::Probe(options) => probe::run(&load_config(listen)?, &options),
        Command::Alert(command) => alert::run(&load_config(listen)?, &command),
        Command::Stats(command) => stats::run(&load_config(listen)?, command),
        Command::Check { snippets: true, .. } => print_snippets(&load_config(listen)?),
        Command::Check { coverage, .. } => check(&load_config(listen)?, coverage),
        Command::Generate(Generate::Releases { from, since }) => {
            print_releases(&load_config(listen)?, &from, since)
        }
        Command::Generate(Generate::Nginx(options)) => {
            let config = load_config(listen)?;
            let (content, _) = load(&config)?;
            let text = nginx::generate(&config, &content, &options)?;
            io::stdout().lock().write_all(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print_releases(
    config: &Config,
    from: &Path,
    since: jiff::civil::Date,
) -> anyhow::Result<ExitCode> {
    let (content, _) = load(config)?;
    let mut tables = Vec::new();
    for distribution in ["debian", "ubuntu"] {
        let path = from.join(format!("{distribution}.csv"));
        let csv = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        tables.push((distribution.to_owned(), csv));
    }
    let releases = releases::refresh(&content.releases, &tables, since);
    io::stdout().lock().write_all(releases::write(&releases).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn check(config: &Config, with_coverage: bool) -> anyhow::Result<ExitCode> {
    let (content, problems) = load(config)?;
    let mut messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for id in &config.site.favourites {
        if content.resolve(id).is_none() {
            messages.push(format!("site.favourites: no mirror \"{id}\""));
        }
    }
    if let Some(root) = &config.files.root
        && let Err(error) = std::fs::read_dir(root)
    {
        messages.push(format!("files.root = \"{}\": {error}", root.display()));
    }
    for (id, path) in &config.freshness.keyrings {
        if let Err(error) = Keyring::load(path) {
            messages.push(format!("freshness.keyrings.{id}: {error:#}"));
        }
    }
    let mut states = 0;
    for guide in content.guides.values() {
        let path = content.path_of(guide);
        let place = Place { host: config.host(), scheme: "https", path: &path };
        let (count, problems) = guide.check_states(&place);
        states += count;
        let today = Timestamp::now().to_zoned(config.site().time_zone.clone()).date();
        messages
            .extend(guide.check_releases(&content.releases, today).iter().map(ToString::to_string));
        messages.extend(problems.iter().map(ToString::to_string));
    }
    let mut out = io::stdout().lock();
    for message in &messages {
        writeln!(out, "{message}")?;
    }
    if with_coverage {
        write_coverage(&mut out, &content)?;
    }
    writeln!(
        out,
        "{} mirrors, {} guides in {states} states, {} problems",
        content.mirrors.len(),
        content.guides.len(),
        messages.len()
    )?;
    Ok(if messages.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// For `end2end/static_test.py`: what guides render to, each distinct text once, with a state in which it appears.
fn print_snippets(config: &Config) -> anyhow::Result<ExitCode> {
    let (content, _) = load(config)?;
    let mut out = io::stdout().lock();
    let paths: Vec<String> = content.mirrors.values().map(MirrorFacts::path).collect();
    writeln!(out, "{}", serde_json::json!({ "host": config.host(), "paths": paths }))?;
    for guide in content.guides.values() {
        let path = content.path_of(guide);
        let place = Place { host: config.host(), scheme: "https", path: &path };
        let selections = guide.selections(&place)?;
        writeln!(out, "{}", serde_json::json!({ "guide": guide.id, "states": selections.len() }))?;
        let mut seen = HashSet::new();
        for selection in &selections {
            for snippet in guide_view::texts(guide, selection)? {
                if seen.insert((snippet.id.clone(), snippet.file.clone(), snippet.text.clone())) {
                    let line = serde_json::json!({
                        "guide": guide.id,
                        "query": guide.canonical_query(selection),
                        "id": snippet.id,
                        "language": snippet.language,
                        "file": snippet.file,
                        "sample": snippet.show_only,
                        "text": snippet.text,
                    });
                    writeln!(out, "{line}")?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Which snippets no client test follows; that is no mistake, but worth knowing.
fn write_coverage(out: &mut impl io::Write, content: &Content) -> io::Result<()> {
    let (mut changing, mut unchecked) = (0, 0);
    for guide in content.guides.values() {
        let coverage = guide.coverage();
        changing += coverage.changing;
        unchecked += coverage.unchecked.len();
        if !coverage.unchecked.is_empty() {
            writeln!(out, "{}: no check for {}", guide.id, coverage.unchecked.join(", "))?;
        }
    }
    writeln!(
        out,
        "{} of {changing} snippets that change something have a check",
        changing - unchecked
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_can_be_parsed() {
        Cli::command().debug_assert();
        for line in [
            "mingjing --listen 127.0.0.1:1",
            "mingjing serve --listen 127.0.0.1:1 --config site.toml",
            "mingjing generate nginx --listen 8080 --listen 127.0.0.1:80 --config site.toml",
            "mingjing generate nginx --certificate a --key b",
            "mingjing generate releases --from dir --since 2026-01-01 --content content",
            "mingjing index build --from list --format ls-lR --prefix debian --out dir",
            "mingjing index search --index dir --json -n 50 words",
            "mingjing index bench --index dir queries",
            "mingjing probe debian --json --second-look 30s",
            "mingjing probe --quick",
            "mingjing check --content content",
            "mingjing check --coverage",
            "mingjing check --snippets",
            "mingjing stats ingest a.log b.log.1.gz --config site.toml",
            "mingjing alert test ops --config site.toml",
        ] {
            Cli::try_parse_from(line.split(' ')).unwrap();
        }
        assert!(Cli::try_parse_from(["mingjing", "generate", "nginx", "--key", "b"]).is_err());
    }
}
