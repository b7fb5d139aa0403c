//! The SQLite file: sums by day, and how far each log has been read. No address, in whatever form.
//!
//! What was counted and how far the log was read are committed together. So a line is counted once,
//! whenever the program is killed.

use std::{path::Path, time::Duration};

use app::stats::{Agent, Gauge, Hour, Network, RECENT, Rejected, Stats, Traffic, WINDOW};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::{
    place::Place,
    tally::{Rules, Tally},
};
use crate::database::{self, StoreError};

/// What brings an older file up to date; the position is the version that a step leads away from.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE log (
        key INTEGER PRIMARY KEY,
        head BLOB NOT NULL,
        position INTEGER NOT NULL,
        tail BLOB NOT NULL,
        tail_length INTEGER NOT NULL,
        seen INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX log_by_head ON log (head);
    CREATE TABLE file (
        path TEXT PRIMARY KEY,
        inode INTEGER NOT NULL,
        size INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        seen INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE traffic (
        day TEXT NOT NULL,
        mirror TEXT NOT NULL,
        agent TEXT NOT NULL,
        requests INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        partial INTEGER NOT NULL,
        errors INTEGER NOT NULL,
        PRIMARY KEY (day, mirror, agent)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE network (
        day TEXT NOT NULL,
        host TEXT NOT NULL,
        is_ipv6 INTEGER NOT NULL,
        campus INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        partial INTEGER NOT NULL,
        errors INTEGER NOT NULL,
        PRIMARY KEY (day, host, is_ipv6, campus)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rejected (kind TEXT PRIMARY KEY, lines INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE counted (
        only INTEGER PRIMARY KEY CHECK (only = 0),
        lines INTEGER NOT NULL,
        newest INTEGER
    ) STRICT;
    INSERT INTO counted VALUES (0, 0, NULL);
    CREATE TABLE bandwidth (
        interface TEXT NOT NULL,
        hour INTEGER NOT NULL,
        seconds INTEGER NOT NULL,
        received INTEGER NOT NULL,
        sent INTEGER NOT NULL,
        peak INTEGER NOT NULL,
        PRIMARY KEY (interface, hour)
    ) STRICT, WITHOUT ROWID;
"];

/// In the place of a mirror: a page of the site; a path of no mirror.
const SITE: &str = "";
const NOWHERE: &str = "?";

/// How far a log was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Its row; absent until it is written down.
    pub key: Option<i64>,
    /// What tells logs apart: a digest of the first line without the address.
    pub head: Vec<u8>,
    /// Bytes that were read, up to the end of a line.
    pub offset: u64,
    /// The same digest of the last of these lines.
    pub tail: Vec<u8>,
    /// Length of that line with its end; 0 when nothing is known of it.
    pub tail_length: u64,
}

/// A file as it was when it had been read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// Number of the file on its disk.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
}

/// What an interface carried within a part of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the part ended.
    pub at: Timestamp,
    /// How long it was.
    pub seconds: u64,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
}

/// The open file.
pub struct Store(Connection);

impl Store {
    /// Opens the file, makes it or brings it up to date.
    ///
    /// # Errors
    /// See [`StoreError`]; a damaged file is left where it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        database::open(path, MIGRATIONS).map(Self)
    }

    /// How far logs with this first line were read.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn positions(&self, head: &[u8]) -> Result<Vec<Position>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT key, position, tail, tail_length FROM log WHERE head = ?1 ORDER BY key",
        )?;
        let rows = statement.query_map([head], |row| {
            Ok(Position {
                key: Some(row.get(0)?),
                head: head.to_vec(),
                offset: natural(row, 1)?,
                tail: row.get(2)?,
                tail_length: natural(row, 3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How a file was when it had been read to its end.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn file(&self, path: &str) -> Result<Option<FileState>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT inode, size, modified FROM file WHERE path = ?1")?;
        let row = statement.query_row([path], |row| {
            Ok(FileState { inode: natural(row, 0)?, size: natural(row, 1)?, modified: row.get(2)? })
        });
        Ok(row.optional()?)
    }

    /// Notes that a file has been read to its end.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn set_file(&self, path: &str, file: FileState, now: Timestamp) -> Result<(), StoreError> {
        self.0.prepare_cached("INSERT OR REPLACE INTO file VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(
            params![path, signed(file.inode), signed(file.size), file.modified, now.as_second()],
        )?;
        Ok(())
    }

    /// Writes down what was counted and how far the log was read, or neither.
    ///
    /// # Errors
    /// Those of SQLite, a full disk among them.
    pub fn commit(
        &mut self,
        tally: &Tally,
        rules: &Rules,
        position: &mut Position,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let transaction = self.0.transaction()?;
        write_sums(&transaction, tally, rules)?;
        let key: i64 = transaction
            .prepare_cached(
                "INSERT INTO log (key, head, position, tail, tail_length, seen) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (key) DO UPDATE SET position = ?3, tail = ?4, tail_length = ?5, seen = ?6 \
                 RETURNING key",
            )?
            .query_row(
                params![
                    position.key,
                    position.head,
                    signed(position.offset),
                    position.tail,
                    signed(position.tail_length),
                    now.as_second(),
                ],
                |row| row.get(0),
            )?;
        transaction.commit()?;
        position.key = Some(key);
        Ok(())
    }

    /// Adds what an interface carried to the hour in which it ended.
    ///
    /// # Errors
    /// Those of SQLite, a full disk among them.
    pub fn add_bandwidth(&self, interface: &str, sample: Sample) -> Result<(), StoreError> {
        let hour = sample.at.as_second().div_euclid(3600) * 3600;
        let peak = sample.sent / sample.seconds.max(1);
        self.0
            .prepare_cached(
                "INSERT INTO bandwidth VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET \
                 seconds = seconds + ?3, received = received + ?4, sent = sent + ?5, peak = max(peak, ?6)",
            )?
            .execute(params![
                interface,
                hour,
                signed(sample.seconds),
                signed(sample.received),
                signed(sample.sent),
                signed(peak)
            ])?;
        Ok(())
    }

    /// A number that differs when another process has written.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.0.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    /// Forgets days, and logs that nobody has seen, of more than `keep` ago.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn prune(&mut self, now: Timestamp, today: Date, keep: Duration) -> Result<(), StoreError> {
        let keep = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
        let oldest = now.as_second().saturating_sub(keep);
        let first = today.checked_sub((keep / 86_400).days()).unwrap_or(Date::MIN).to_string();
        let transaction = self.0.transaction()?;
        transaction.execute("DELETE FROM traffic WHERE day < ?1", [&first])?;
        transaction.execute("DELETE FROM network WHERE day < ?1", [&first])?;
        transaction.execute("DELETE FROM bandwidth WHERE hour < ?1", [oldest])?;
        // All lines of such a log are too old to be counted again.
        transaction.execute("DELETE FROM log WHERE seen < ?1", [oldest])?;
        transaction.execute("DELETE FROM file WHERE seen < ?1", [oldest])?;
        transaction.commit()?;
        database::give_back(&self.0)
    }

    /// Sums everything up for pages.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn sum_up(
        &self,
        today: Date,
        gauge: Option<&Gauge>,
        now: Timestamp,
    ) -> Result<Stats, StoreError> {
        let first =
            |days: i32| today.checked_sub((days - 1).days()).unwrap_or(Date::MIN).to_string();
        let recent = first(RECENT);
        let (lines, newest) = self.0.query_row("SELECT lines, newest FROM counted", [], |row| {
            Ok((natural(row, 0)?, row.get::<_, Option<i64>>(1)?))
        })?;
        let mut stats = Stats {
            has_traffic: lines > 0,
            lines,
            newest: newest.and_then(|time| Timestamp::from_second(time).ok()),
            gauge: gauge.cloned(),
            ..Stats::default()
        };
        let days = self.sums(
            "SELECT day, SUMS FROM traffic WHERE day >= ?1 GROUP BY day",
            &first(WINDOW),
            |row| row.get::<_, String>(0),
        )?;
        stats.days =
            days.into_iter().filter_map(|(day, sum)| Some((day.parse().ok()?, sum))).collect();
        let by_bytes = " ORDER BY SUM(bytes) DESC, 1";
        let sql =
            format!("SELECT mirror, SUMS FROM traffic WHERE day >= ?1 GROUP BY mirror{by_bytes}");
        stats.mirrors = self.mirrors(&sql, &recent)?;
        let sql =
            format!("SELECT agent, SUMS FROM traffic WHERE day >= ?1 GROUP BY agent{by_bytes}");
        let agents = self.sums(&sql, &recent, |row| row.get::<_, String>(0))?;
        stats.agents = agents
            .into_iter()
            .filter_map(|(id, sum)| {
                Some((Agent::ALL.into_iter().find(|agent| agent.id() == id)?, sum))
            })
            .collect();
        let sql = format!(
            "SELECT host, SUMS, is_ipv6, campus FROM network WHERE day >= ?1 \
             GROUP BY host, is_ipv6, campus{by_bytes}"
        );
        stats.networks = self.sums(&sql, &recent, |row| {
            Ok(Network {
                host: row.get(0)?,
                is_ipv6: row.get(5)?,
                is_on_campus: campus(row.get(6)?),
            })
        })?;
        let mut statement = self.0.prepare_cached("SELECT kind, lines FROM rejected")?;
        let rows =
            statement.query_map([], |row| Ok((row.get::<_, String>(0)?, natural(row, 1)?)))?;
        for row in rows {
            let (id, lines) = row?;
            if let Some(kind) = Rejected::ALL.into_iter().find(|kind| kind.id() == id) {
                stats.rejected.insert(kind, lines);
            }
        }
        if let Some(gauge) = gauge {
            stats.hours = self.hours(gauge.key(), now)?;
        }
        Ok(stats)
    }

    /// The last seven days of an interface.
    fn hours(&self, interface: &str, now: Timestamp) -> Result<Vec<Hour>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT hour, seconds, received, sent, peak FROM bandwidth \
             WHERE interface = ?1 AND hour > ?2 ORDER BY hour",
        )?;
        let rows =
            statement.query_map(params![interface, now.as_second() - 7 * 86_400], |row| {
                Ok(Hour {
                    start: Timestamp::from_second(row.get(0)?).unwrap_or_default(),
                    seconds: natural(row, 1)?,
                    received: natural(row, 2)?,
                    sent: natural(row, 3)?,
                    peak: natural(row, 4)?,
                })
            })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Mirrors with their sums; what is of none is one.
    fn mirrors(&self, sql: &str, from: &str) -> Result<Vec<(Option<String>, Traffic)>, StoreError> {
        let mut others = None::<Traffic>;
        let mut mirrors = Vec::new();
        for (id, sum) in self.sums(sql, from, |row| row.get::<_, String>(0))? {
            if matches!(id.as_str(), SITE | NOWHERE) {
                *others.get_or_insert_default() += sum;
            } else {
                mirrors.push((Some(id), sum));
            }
        }
        mirrors.extend(others.map(|sum| (None, sum)));
        Ok(mirrors)
    }

    /// Rows with the four sums in columns 1 to 4, which `SUMS` stands for.
    fn sums<T>(
        &self,
        sql: &str,
        from: &str,
        key: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<(T, Traffic)>, StoreError> {
        let sql = sql.replace("SUMS", "SUM(requests), SUM(bytes), SUM(partial), SUM(errors)");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([from], |row| {
            let sum = Traffic {
                requests: natural(row, 1)?,
                bytes: natural(row, 2)?,
                partial: natural(row, 3)?,
                errors: natural(row, 4)?,
            };
            Ok((key(row)?, sum))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn write_sums(transaction: &Transaction<'_>, tally: &Tally, rules: &Rules) -> rusqlite::Result<()> {
    const ADD: &str = "ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, \
                       bytes = bytes + excluded.bytes, partial = partial + excluded.partial, \
                       errors = errors + excluded.errors";
    let mut traffic = transaction.prepare_cached(&format!(
        "INSERT INTO traffic VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) {ADD}"
    ))?;
    for ((day, place, agent), sum) in &tally.traffic {
        let mirror = match place {
            Place::Mirror(number) => rules.places.id(*number),
            Place::Site => SITE,
            Place::Nowhere => NOWHERE,
        };
        let [requests, bytes, partial, errors] = numbers(sum);
        let day = day.to_string();
        traffic.execute(params![day, mirror, agent.id(), requests, bytes, partial, errors])?;
    }
    let mut network = transaction.prepare_cached(&format!(
        "INSERT INTO network VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) {ADD}"
    ))?;
    for ((day, key), sum) in &tally.networks {
        let host = key.host.and_then(|at| rules.hosts.get(at)).map_or("", String::as_str);
        let campus = match key.is_on_campus {
            Some(is_on_campus) => i64::from(is_on_campus),
            None => UNKNOWN,
        };
        let [requests, bytes, partial, errors] = numbers(sum);
        let day = day.to_string();
        network.execute(params![
            day,
            host,
            key.is_ipv6,
            campus,
            requests,
            bytes,
            partial,
            errors
        ])?;
    }
    let mut rejected = transaction.prepare_cached(
        "INSERT INTO rejected VALUES (?1, ?2) ON CONFLICT DO UPDATE SET lines = lines + ?2",
    )?;
    for (kind, lines) in &tally.rejected {
        rejected.execute(params![kind.id(), signed(*lines)])?;
    }
    transaction
        .prepare_cached(
            "UPDATE counted SET lines = lines + ?1, newest = max(ifnull(newest, ?2), ifnull(?2, newest))",
        )?
        .execute(params![signed(tally.lines), tally.newest])?;
    Ok(())
}

/// Whether it is on campus is not known.
const UNKNOWN: i64 = -1;

fn campus(value: i64) -> Option<bool> {
    (value != UNKNOWN).then_some(value == 1)
}

fn numbers(sum: &Traffic) -> [i64; 4] {
    [sum.requests, sum.bytes, sum.partial, sum.errors].map(signed)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}
