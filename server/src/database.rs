//! What the SQLite files of the site have in common.
//!
//! A write-ahead log with full synchronisation: what was committed survives `kill -9` and a loss of
//! power, and there are only a few commits a minute.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Most bytes of the log that stay on disk after a checkpoint.
const LOG_LIMIT: i64 = 1 << 20;

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or the file cannot be made.
    #[error("cannot use {}: {cause}", path.display())]
    Folder {
        /// What was to be made.
        path: PathBuf,
        /// Why it was not.
        cause: io::Error,
    },
    /// A later version of the program wrote it.
    #[error("it has schema {found}, and this program knows only up to {known}")]
    Newer {
        /// Version of the file.
        found: usize,
        /// Version of the program.
        known: usize,
    },
    /// It is no database, or a damaged one.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Anything else: a full disk, a file that may not be written.
    #[error(transparent)]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Sqlite(error),
        }
    }
}

/// Opens a file, makes it or brings it up to date: `migrations` are the steps to the present schema, the
/// position being the version that a step leads away from.
///
/// # Errors
/// See [`StoreError`]; a damaged file is left where it is.
pub fn open(path: &Path, migrations: &[&str]) -> Result<Connection, StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|cause| StoreError::Folder { path: folder.to_owned(), cause })?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Before the first table: it decides the layout of the file.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Err(StoreError::Damaged(check));
    }
    migrate(&mut connection, migrations)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    let Some(missing) = migrations.get(found..) else {
        return Err(StoreError::Newer { found, known: migrations.len() });
    };
    if missing.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in missing {
        transaction.execute_batch(step)?;
    }
    let version = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()?;
    Ok(())
}

/// Gives the space of what was deleted back to the disk.
///
/// # Errors
/// Those of SQLite.
pub fn give_back(connection: &Connection) -> Result<(), StoreError> {
    // Each step gives back one page.
    let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    drop(pages);
    vacuum.finalize()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Takes a file that cannot be used out of the way, its log with it; returns where it went.
///
/// # Errors
/// Those of the file system.
pub fn move_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let aside = with_suffix(path, &format!(".damaged-{stamp}"));
    fs::rename(path, &aside)?;
    for log in ["-wal", "-shm"] {
        match fs::rename(with_suffix(path, log), with_suffix(&aside, log)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
