//! `mingjing probe`: how old trees are, and whether they fit together.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    thread::sleep,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use app::{
    Lang, format,
    model::{Audit, Consistency, SignatureCheck},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    config::Config,
    content::{Content, mirror::MirrorFacts},
    files::Trees,
    probe::{
        Judgement, Prober, Reading, Seen, Upstream,
        audit::{self, Auditor, Keyring},
        judge,
        remote::Remote,
    },
    serve::load,
};

/// Options of `mingjing probe`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Mirrors to look at; all when none is named
    mirrors: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Look at ages only, not at whether trees fit together
    #[arg(long)]
    quick: bool,
    /// Time until a tree with faults is looked at again, instead of the configured one; 0s for one look
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    second_look: Option<Duration>,
}

/// What is known of one mirror.
struct Row<'a> {
    id: &'a str,
    reading: Option<Reading>,
    judgement: Judgement,
    upstream: Option<Upstream>,
    audit: Option<Audit>,
    /// Why signatures were not checked although they should have been.
    keyring_error: Option<String>,
}

/// Prints what mirrors say; fails when a tree is broken.
pub fn run(config: &Config, options: &Options) -> anyhow::Result<ExitCode> {
    let (content, _) = load(config)?;
    let mirrors = wanted(&content, &options.mirrors)?;
    let trees = Trees::new(config.root());
    let prober = Prober::new(trees.clone());
    let now = Timestamp::now();
    let mut out = io::stdout().lock();
    let (mut values, mut is_broken) = (Vec::new(), false);
    for facts in mirrors {
        let reading = prober.read(facts, now);
        let upstream = ask_upstream(config, facts, reading, now)?;
        let judgement = judge(reading, upstream.as_ref(), &facts.file, now);
        let mut row =
            Row { id: &facts.id, reading, judgement, upstream, audit: None, keyring_error: None };
        if !options.quick && prober.has_tree(facts) {
            examine(config, facts, &trees, options.second_look, &mut row);
        }
        is_broken |= row.audit.as_ref().is_some_and(|a| a.consistency == Consistency::Broken);
        if options.json {
            values.push(row.value());
        } else {
            // Each line as soon as it is known: a look at a large tree takes minutes.
            row.print(&mut out, now)?;
            out.flush()?;
        }
    }
    if options.json {
        writeln!(out, "{}", Value::Array(values))?;
    }
    Ok(if is_broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn wanted<'a>(content: &'a Content, names: &[String]) -> anyhow::Result<Vec<&'a MirrorFacts>> {
    for name in names {
        ensure!(content.resolve(name).is_some(), "there is no mirror \"{name}\"");
    }
    let is_wanted =
        |id: &str| names.is_empty() || names.iter().any(|name| content.resolve(name) == Some(id));
    Ok(content.mirrors.values().filter(|facts| is_wanted(&facts.id)).collect())
}

fn ask_upstream(
    config: &Config,
    facts: &MirrorFacts,
    ours: Option<Reading>,
    now: Timestamp,
) -> anyhow::Result<Option<Upstream>> {
    let probe = facts.file.freshness.as_ref().filter(|_| config.freshness.upstream);
    let Some((probe, base)) = probe.and_then(|probe| Some((probe, probe.upstream.as_ref()?)))
    else {
        return Ok(None);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(Remote::default().read(base, probe, now));
    let mut upstream = Upstream::default();
    match answer {
        Ok(Some(theirs)) => {
            upstream.seen = Some(Seen { time: theirs.time, asked_at: now });
            let is_in_step = ours.is_some_and(|ours| ours.time >= theirs.time);
            upstream.in_step_at = is_in_step.then_some(now);
        }
        Ok(None) => {
            upstream.error = Some(format!("none of the files that tell the time is at {base}"));
        }
        Err(error) => upstream.error = Some(error.to_string()),
    }
    Ok(Some(upstream))
}

fn examine(
    config: &Config,
    facts: &MirrorFacts,
    trees: &Trees,
    second_look: Option<Duration>,
    row: &mut Row<'_>,
) {
    let keyring = match config.keyring(facts).map(|path| Keyring::load(&path)).transpose() {
        Ok(keyring) => keyring,
        Err(error) => {
            row.keyring_error = Some(format!("{error:#}"));
            None
        }
    };
    let seed = Timestamp::now().as_second().unsigned_abs();
    let Some(auditor) = Auditor::new(trees.clone(), facts, keyring, seed) else { return };
    let first = auditor.look(Timestamp::now());
    let pause = second_look.unwrap_or(config.freshness.second_look);
    let second = (!first.is_sound() && !pause.is_zero()).then(|| {
        sleep(pause);
        auditor.look(Timestamp::now())
    });
    row.audit = Some(audit::judge(first, second));
}

impl Row<'_> {
    fn value(&self) -> Value {
        let upstream = self.upstream.as_ref();
        json!({
            "id": self.id,
            "content_time": self.reading.map(|reading| reading.time),
            "valid_until": self.reading.and_then(|reading| reading.valid_until),
            "freshness": self.judgement.freshness,
            "upstream_time": upstream.and_then(|upstream| upstream.seen).map(|seen| seen.time),
            "lag_seconds": self.judgement.lag.map(|lag| lag.as_secs()),
            "upstream_error": upstream.and_then(|upstream| upstream.error.as_ref()),
            "consistency": self.audit.as_ref().map_or(Consistency::Unknown, |a| a.consistency),
            "audit": self.audit,
            "keyring_error": self.keyring_error,
        })
    }

    fn print(&self, out: &mut impl io::Write, now: Timestamp) -> io::Result<()> {
        let age =
            self.reading.map_or_else(|| "–".to_owned(), |r| format::age(Lang::En, now, r.time));
        let consistency = self.audit.as_ref().map_or("", |audit| audit.consistency.id());
        let line = format!(
            "{:24} {:12} {age:18} {consistency:12} {}",
            self.id,
            self.judgement.freshness.id(),
            self.against_upstream(),
        );
        writeln!(out, "{}", line.trim_end())?;
        if let Some(audit) = &self.audit {
            print_audit(out, audit)?;
        }
        match &self.keyring_error {
            Some(error) => writeln!(out, "    {error}"),
            None => Ok(()),
        }
    }

    fn against_upstream(&self) -> String {
        let Some(upstream) = &self.upstream else { return String::new() };
        match (&upstream.error, self.judgement.lag) {
            (Some(error), _) => error.clone(),
            (None, Some(SignedDuration::ZERO)) => "in step with its upstream".to_owned(),
            (None, Some(lag)) => {
                format!(
                    "{} behind its upstream",
                    format::seconds(Lang::En, lag.as_secs().unsigned_abs())
                )
            }
            (None, None) => String::new(),
        }
    }
}

fn print_audit(out: &mut impl io::Write, audit: &Audit) -> io::Result<()> {
    let Audit { releases, indexes, indexes_hashed, packages, packages_hashed, .. } = audit;
    let signature = match audit.signature {
        SignatureCheck::Good => "signatures good",
        SignatureCheck::Bad => "signatures bad",
        SignatureCheck::Unchecked => "signatures not checked",
    };
    writeln!(
        out,
        "    {releases} release files, {indexes} indexes ({indexes_hashed} hashed), {packages} packages ({packages_hashed} hashed), {signature}"
    )?;
    for fault in &audit.faults {
        let line = format!("    {:16} {} {}", fault.kind.id(), fault.path, fault.detail);
        writeln!(out, "{}", line.trim_end())?;
    }
    let more = audit.fault_count - audit.faults.len().min(audit.fault_count);
    if more > 0 {
        writeln!(out, "    and {more} more")?;
    }
    Ok(())
}

fn duration(text: &str) -> anyhow::Result<Duration> {
    crate::period::parse(text).context("expected a duration such as 30s")
}
