//! The SQLite file. Times are seconds since 1970.

use std::{collections::HashMap, path::Path, time::Duration};

use app::{
    history::{Change, Event, Outcome, Run},
    model::{Freshness, State},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::change::{Known, Step};
use crate::database;
pub use crate::database::StoreError;

/// What brings an older file up to date; the position is the version that a step leads away from.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE mirror (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        since INTEGER NOT NULL,
        state TEXT NOT NULL,
        freshness TEXT NOT NULL,
        is_failed INTEGER NOT NULL,
        is_stale INTEGER NOT NULL,
        is_gone INTEGER NOT NULL,
        started INTEGER,
        told_success INTEGER,
        told_attempt INTEGER
    ) STRICT;
    CREATE TABLE run (
        mirror INTEGER NOT NULL REFERENCES mirror (key) ON DELETE CASCADE,
        ended INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        started INTEGER,
        size INTEGER,
        PRIMARY KEY (mirror, ended, outcome)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE change (
        key INTEGER PRIMARY KEY,
        mirror INTEGER NOT NULL REFERENCES mirror (key) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        event TEXT,
        state TEXT NOT NULL,
        freshness TEXT NOT NULL
    ) STRICT;
    CREATE INDEX change_of_mirror ON change (mirror, at);
"];

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For how long.
    pub keep: Duration,
    /// Runs, and changes, of one mirror.
    pub rows: u32,
}

/// The open file.
pub struct Store {
    connection: Connection,
    /// Row of each mirror.
    keys: HashMap<String, i64>,
}

impl Store {
    /// Opens the file, makes it or brings it up to date.
    ///
    /// # Errors
    /// See [`StoreError`]; a damaged file is left where it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = database::open(path, MIGRATIONS)?;
        Ok(Self { connection, keys: HashMap::new() })
    }

    /// Everything that is known of every mirror.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn known(&mut self) -> Result<HashMap<String, Known>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, id, since, state, freshness, is_failed, is_stale, is_gone, started, \
             told_success, told_attempt FROM mirror",
        )?;
        let mut rows = statement.query([])?;
        let mut all = HashMap::new();
        self.keys.clear();
        while let Some(row) = rows.next()? {
            let id: String = row.get(1)?;
            let known = Known {
                since: time(row, 2)?.unwrap_or_default(),
                state: state(&row.get::<_, String>(3)?),
                freshness: freshness(&row.get::<_, String>(4)?),
                is_failed: row.get(5)?,
                is_stale: row.get(6)?,
                is_gone: row.get(7)?,
                started: time(row, 8)?,
                told_success: time(row, 9)?,
                told_attempt: time(row, 10)?,
            };
            self.keys.insert(id.clone(), row.get(0)?);
            all.insert(id, known);
        }
        Ok(all)
    }

    /// Writes down steps, all of them or none.
    ///
    /// # Errors
    /// Those of SQLite, a full disk among them.
    pub fn commit(&mut self, steps: &[(String, Step)]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        let mut keys = Vec::with_capacity(steps.len());
        for (id, step) in steps {
            keys.push((id.clone(), write(&transaction, id, step)?));
        }
        transaction.commit()?;
        self.keys.extend(keys);
        Ok(())
    }

    /// Runs of a mirror that ended after `from`, oldest first.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn runs(&self, id: &str, from: Timestamp) -> Result<Vec<Run>, StoreError> {
        let Some(key) = self.keys.get(id) else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT ended, outcome, started, size FROM run WHERE mirror = ?1 AND ended > ?2 \
             ORDER BY ended",
        )?;
        let rows = statement.query_map(params![key, from.as_second()], |row| {
            let is_success = row.get_ref(1)?.as_str()? == "success";
            Ok(Run {
                ended: time(row, 0)?.unwrap_or_default(),
                outcome: if is_success { Outcome::Success } else { Outcome::Failed },
                started: time(row, 2)?,
                size_bytes: row.get::<_, Option<i64>>(3)?.and_then(|size| size.try_into().ok()),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The latest changes of a mirror, newest first.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn changes(&self, id: &str, limit: u32) -> Result<Vec<Change>, StoreError> {
        let Some(key) = self.keys.get(id) else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT at, event, state, freshness FROM change WHERE mirror = ?1 \
             ORDER BY at DESC, key DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![key, limit], |row| {
            let event: Option<String> = row.get(1)?;
            Ok(Change {
                at: time(row, 0)?.unwrap_or_default(),
                event: event.and_then(|id| Event::ALL.into_iter().find(|e| e.id() == id)),
                state: state(&row.get::<_, String>(2)?),
                freshness: freshness(&row.get::<_, String>(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets what is too old or too much, and gives the space back to the disk.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn prune(&mut self, now: Timestamp, limits: Limits) -> Result<(), StoreError> {
        let keep = i64::try_from(limits.keep.as_secs()).unwrap_or(i64::MAX);
        let oldest = now.as_second().saturating_sub(keep);
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM run WHERE ended < ?1", [oldest])?;
        transaction.execute("DELETE FROM change WHERE at < ?1", [oldest])?;
        for key in self.keys.values() {
            transaction
                .prepare_cached(
                    "DELETE FROM run WHERE mirror = ?1 AND ended < (SELECT ended FROM run \
                 WHERE mirror = ?1 ORDER BY ended DESC LIMIT 1 OFFSET ?2 - 1)",
                )?
                .execute(params![key, limits.rows])?;
            transaction
                .prepare_cached(
                    "DELETE FROM change WHERE mirror = ?1 AND at < (SELECT at FROM change \
                 WHERE mirror = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2 - 1)",
                )?
                .execute(params![key, limits.rows])?;
        }
        transaction.execute(
            "DELETE FROM mirror WHERE is_gone AND NOT EXISTS (SELECT 1 FROM run WHERE mirror = key) \
             AND NOT EXISTS (SELECT 1 FROM change WHERE change.mirror = mirror.key)",
            [],
        )?;
        transaction.commit()?;
        database::give_back(&self.connection)
    }
}

fn write(transaction: &Transaction<'_>, id: &str, step: &Step) -> rusqlite::Result<i64> {
    let known = &step.known;
    let key = transaction
        .prepare_cached(
            "INSERT INTO mirror (id, since, state, freshness, is_failed, is_stale, is_gone, started, \
             told_success, told_attempt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (id) DO UPDATE SET state = ?3, freshness = ?4, is_failed = ?5, is_stale = ?6, \
             is_gone = ?7, started = ?8, told_success = ?9, told_attempt = ?10 RETURNING key",
        )?
        .query_row(
            params![
                id,
                known.since.as_second(),
                known.state.id(),
                known.freshness.id(),
                known.is_failed,
                known.is_stale,
                known.is_gone,
                known.started.map(Timestamp::as_second),
                known.told_success.map(Timestamp::as_second),
                known.told_attempt.map(Timestamp::as_second),
            ],
            |row| row.get(0),
        )
        .optional()?
        .unwrap_or_default();
    for run in &step.runs {
        let outcome = match run.outcome {
            Outcome::Success => "success",
            Outcome::Failed => "failed",
        };
        // A run is its mirror, end and outcome: told twice, it is still one.
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO run (mirror, ended, outcome, started, size) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                key,
                run.ended.as_second(),
                outcome,
                run.started.map(Timestamp::as_second),
                run.size_bytes.and_then(|size| i64::try_from(size).ok()),
            ])?;
    }
    for change in &step.changes {
        transaction
            .prepare_cached(
                "INSERT INTO change (mirror, at, event, state, freshness) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                key,
                change.at.as_second(),
                change.event.map(Event::id),
                change.state.id(),
                change.freshness.id(),
            ])?;
    }
    Ok(key)
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let seconds: Option<i64> = row.get(column)?;
    Ok(seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()))
}

fn state(id: &str) -> State {
    State::ALL.into_iter().find(|state| state.id() == id).unwrap_or_default()
}

fn freshness(id: &str) -> Freshness {
    [Freshness::Fresh, Freshness::Late, Freshness::Stale, Freshness::Expired]
        .into_iter()
        .find(|freshness| freshness.id() == id)
        .unwrap_or_default()
}
