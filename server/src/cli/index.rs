//! `mingjing index`: build, update, search, stats, bench.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use crate::{
    config::Config,
    index::{self, BuildReport, Index, Progress, Query, import},
    reindex,
    serve::{self, load},
};

/// What to do with the file index.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build the index from the mirrored trees, or from a list
    Build {
        /// Import a list instead of walking the trees; `-` for standard input
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        #[arg(
            long,
            value_name = "FORMAT",
            default_value = "tsv",
            requires = "from",
            help = "Form of the list: tsv, ls-lR, find-printf, rsync-list-only, find-ls, fullfiletimelist or ctan"
        )]
        format: import::Format,
        /// Put before every path of the list, as `debian` for a list made in that folder
        #[arg(long, value_name = "PATH", default_value = "", requires = "from")]
        prefix: String,
        /// Folder of the index, instead of the one below the state folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Walk some mirrors again; all others stay as they are
    Update {
        /// Ids of the mirrors
        #[arg(required = true, value_name = "MIRROR")]
        mirrors: Vec<String>,
    },
    /// Search as the site does
    Search {
        /// Words
        query: String,
        /// Folder of the index
        #[arg(long, value_name = "DIR")]
        index: Option<PathBuf>,
        /// Within one mirror
        #[arg(long)]
        mirror: Option<String>,
        /// Only files with this extension
        #[arg(long)]
        ext: Option<String>,
        /// Only below this folder
        #[arg(long, value_name = "PATH")]
        folder: Option<String>,
        /// Most hits
        #[arg(short = 'n', long, default_value_t = 50)]
        limit: usize,
        /// Print what the API would answer
        #[arg(long)]
        json: bool,
    },
    /// Counts and bytes
    Stats {
        /// Folder of the index
        #[arg(long, value_name = "DIR")]
        index: Option<PathBuf>,
    },
    /// Time each line of a file of queries, in-process and warm
    Bench {
        /// One query a line
        queries: PathBuf,
        /// Folder of the index
        #[arg(long, value_name = "DIR")]
        index: Option<PathBuf>,
    },
}

/// Runs one of them.
///
/// # Errors
/// No index, a list or tree that cannot be read, a query that is refused.
pub fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let place = |given: Option<PathBuf>| given.unwrap_or_else(|| config.index_folder());
    let mut stdout = io::stdout().lock();
    match command {
        Command::Build { from, format, prefix, out } => {
            let dir = place(out);
            let report = match from {
                None => from_trees(config, &dir)?,
                Some(list) => from_list(&list, format, prefix, &dir)?,
            };
            say(&mut stdout, &report)?;
        }
        Command::Update { mirrors } => {
            let (content, _) = load(config)?;
            let known = serve::indexed_mirrors(&content, &config.root())?;
            let index = Index::open(&config.index_folder())?;
            for id in &mirrors {
                let is_known = known.iter().any(|(other, _)| other == id) || index.has_mirror(id);
                anyhow::ensure!(is_known, "neither the trees nor the index have a mirror {id:?}");
            }
            drop(index);
            let now = Timestamp::now();
            let report = reindex::update(config, &content, &mirrors, now, &mut progress())?;
            say(&mut stdout, &report)?;
        }
        Command::Search { query, index, mirror, ext, folder, limit, json } => {
            let index = Index::open(&place(index))?;
            let answer = index.search(&Query {
                text: query.clone(),
                mirrors: mirror.into_iter().collect(),
                ext,
                folder,
                limit,
                ..Query::default()
            })?;
            if json {
                writeln!(stdout, "{}", crate::web::handler::api::answer(&query, &answer))?;
            } else {
                for hit in &answer.hits {
                    let slash = if hit.is_dir { "/" } else { "" };
                    writeln!(stdout, "{}{slash}", hit.path)?;
                }
            }
        }
        Command::Stats { index } => {
            let stats = Index::open(&place(index))?.stats();
            writeln!(stdout, "paths\t{}", stats.paths)?;
            writeln!(stdout, "folders\t{}", stats.dirs)?;
            writeln!(stdout, "bytes\t{}", stats.bytes)?;
            writeln!(stdout, "bytes per path\t{:.1}", stats.bytes_per_path)?;
            writeln!(stdout, "parts\t{}", stats.parts)?;
            for mirror in &stats.mirrors {
                writeln!(stdout, "{}\t{}", mirror.id, mirror.paths)?;
            }
        }
        Command::Bench { queries, index } => {
            let index = Index::open(&place(index))?;
            let file = File::open(&queries).with_context(|| queries.display().to_string())?;
            let queries = BufReader::new(file)
                .lines()
                .map(|line| Ok(Query { text: line?, limit: 50, ..Query::default() }))
                .collect::<io::Result<Vec<_>>>()?;
            writeln!(stdout, "query\thits\tmedian_us\tp99_us")?;
            for row in index::bench(&index, &queries)? {
                let more = if row.hits_are_exact { "" } else { "+" };
                writeln!(
                    stdout,
                    "{}\t{}{more}\t{:.1}\t{:.1}",
                    row.query, row.hits, row.median_us, row.p99_us
                )?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Walks the mirrored trees.
fn from_trees(config: &Config, dir: &Path) -> anyhow::Result<BuildReport> {
    let (content, _) = load(config)?;
    let root = config.root();
    let mirrors = serve::indexed_mirrors(&content, &root)?;
    let mut walk = index::walk(&root, &mirrors);
    let report = index::build(dir, &mirrors, walk.by_ref().map(Ok), now(), &mut progress())?;
    walk.report().log();
    Ok(report)
}

/// Imports a list; one whose name ends in `.gz` is unpacked. Every first path segment is a mirror.
fn from_list(
    list: &Path,
    format: import::Format,
    prefix: String,
    dir: &Path,
) -> anyhow::Result<BuildReport> {
    let reader: Box<dyn BufRead> = if list == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(list).with_context(|| format!("cannot open {}", list.display()))?;
        if list.extension().is_some_and(|e| e == "gz") {
            Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(file)))
        } else {
            Box::new(BufReader::new(file))
        }
    };
    let options = import::ListOptions { prefix, now: now() };
    let mut records = import::parse(format, reader, options);
    let report = index::build(dir, &[], records.by_ref(), now(), &mut progress())?;
    let seen = records.report();
    for bad in &seen.first_bad {
        tracing::warn!("{}:{}: {}", list.display(), bad.number, bad.reason);
    }
    if seen.bad > 0 {
        tracing::warn!(lines = seen.bad, "some lines could not be read");
    }
    Ok(report)
}

/// Unix seconds.
fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Time between two lines of progress where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// A bar on a terminal, a line now and then elsewhere.
fn progress() -> impl FnMut(Progress) {
    let is_terminal = io::stderr().is_terminal();
    let bar = ProgressBar::no_length();
    if !is_terminal {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    } else if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    let mut said = Instant::now();
    move |progress| {
        if !is_terminal && said.elapsed() > LINE_EVERY {
            said = Instant::now();
            match progress {
                Progress::Reading(count) => tracing::info!("{count} paths read"),
                Progress::Writing(done, all) => tracing::info!("{done} of {all} paths written"),
                Progress::Done => {}
            }
        }
        match progress {
            Progress::Reading(count) => bar.set_message(format!("{count} paths read")),
            Progress::Writing(done, all) => {
                bar.set_message("writing");
                bar.set_length(all);
                bar.set_position(done);
            }
            Progress::Done => bar.finish_and_clear(),
        }
    }
}

fn say(out: &mut impl io::Write, report: &BuildReport) -> io::Result<()> {
    let intake = &report.intake;
    let seconds = report.took.as_secs_f64();
    writeln!(
        out,
        "{} paths, {} of them folders, in {seconds:.1} s; {} bytes in {} parts",
        intake.entries, intake.dirs, report.bytes, report.parts
    )?;
    for (count, what) in [
        (intake.duplicates, "duplicate paths"),
        (intake.bad_paths, "impossible paths"),
        (intake.outside, "paths below no mirror"),
        (intake.in_flight, "unfinished files"),
        (intake.hash_dirs, "folders that only spread files by hash"),
    ] {
        if count > 0 {
            writeln!(out, "left out: {count} {what}")?;
        }
    }
    Ok(())
}
