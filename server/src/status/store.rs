//! The last good answer of a backend, kept on disk so that a restart beside a dead backend still
//! has something to show.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Backend, fetch::Validators};

/// Place of one backend's answer: `<state>/backends/<kind>-<hash of the address>.json`, the bytes
/// as received, and `….meta.json` beside it.
#[derive(Clone, Debug)]
pub struct Store {
    body: PathBuf,
    meta: PathBuf,
    url: String,
}

/// An answer as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The bytes as received.
    pub body: Vec<u8>,
    /// When they were received, or last confirmed.
    pub fetched_at: Timestamp,
    /// For the next request.
    pub validators: Validators,
}

#[derive(Serialize, Deserialize)]
struct Meta {
    /// For people who look into the folder.
    url: String,
    fetched_at: Timestamp,
    /// Of the body: the two files are two writes, and a crash may come between them.
    sha256: String,
    #[serde(flatten)]
    validators: Validators,
}

impl Store {
    /// The place for one backend below the state folder; nothing is created yet.
    pub fn new(state: &Path, backend: &Backend) -> Self {
        let url = backend.source().public_url();
        let mut hash = hex(url.as_bytes());
        hash.truncate(16);
        let stem = state.join("backends").join(format!("{}-{hash}", backend.kind()));
        Self { body: stem.with_extension("json"), meta: stem.with_extension("meta.json"), url }
    }

    /// What was kept, if anything was. A missing or mismatched meta file costs the validators, not
    /// the answer; its time is then the file's.
    ///
    /// # Errors
    /// When the answer exists and cannot be read.
    pub fn load(&self) -> io::Result<Option<Stored>> {
        let body = match fs::read(&self.body) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let meta =
            fs::read(&self.meta).ok().and_then(|bytes| serde_json::from_slice::<Meta>(&bytes).ok());
        if let Some(meta) = meta.filter(|meta| meta.sha256 == hex(&body)) {
            return Ok(Some(Stored {
                body,
                fetched_at: meta.fetched_at,
                validators: meta.validators,
            }));
        }
        let fetched_at =
            fs::metadata(&self.body)?.modified()?.try_into().map_err(io::Error::other)?;
        Ok(Some(Stored { body, fetched_at, validators: Validators::default() }))
    }

    /// Keeps an answer; equal bytes are not written again.
    ///
    /// # Errors
    /// Those of the file system. What was kept before is then still whole.
    pub fn save(&self, stored: &Stored) -> io::Result<()> {
        let sha256 = hex(&stored.body);
        if fs::read(&self.body).map_or(true, |old| old != stored.body) {
            write_whole(&self.body, &stored.body)?;
        }
        self.write_meta(sha256, stored.fetched_at, &stored.validators)
    }

    /// Notes that the answer that is kept was still good at `fetched_at`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn confirm(&self, fetched_at: Timestamp, validators: &Validators) -> io::Result<()> {
        self.write_meta(hex(&fs::read(&self.body)?), fetched_at, validators)
    }

    fn write_meta(
        &self,
        sha256: String,
        fetched_at: Timestamp,
        validators: &Validators,
    ) -> io::Result<()> {
        let meta =
            Meta { url: self.url.clone(), fetched_at, sha256, validators: validators.clone() };
        write_whole(&self.meta, &serde_json::to_vec_pretty(&meta)?)
    }
}

/// All or nothing: a temporary file beside the target, synced, then renamed over it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("no folder to write to"))?;
    fs::create_dir_all(folder)?;
    let temporary = path.with_extension("tmp");
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // On a full disk its space is needed; that it cannot be removed changes nothing.
        _ = fs::remove_file(&temporary);
    }
    written?;
    // The rename itself is durable once the folder is.
    File::open(folder)?.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Source;

    fn stored(body: &[u8]) -> Stored {
        let validators = Validators { etag: Some("\"1\"".to_owned()), last_modified: None };
        Stored {
            body: body.to_vec(),
            fetched_at: "2026-08-20T06:00:00Z".parse().unwrap(),
            validators,
        }
    }

    fn store(folder: &Path) -> Store {
        Store::new(folder, &Backend::Tunasync(Source::new("http://me:secret@backend.example/jobs")))
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        assert_eq!(store.load().unwrap(), None);
        store.save(&stored(b"[1]")).unwrap();
        store.save(&stored(b"[2]")).unwrap();
        assert_eq!(store.load().unwrap(), Some(stored(b"[2]")));
        let later = "2026-08-20T07:00:00Z".parse().unwrap();
        store.confirm(later, &Validators::default()).unwrap();
        assert_eq!(store.load().unwrap().unwrap().fetched_at, later);
        let mut names: Vec<_> = fs::read_dir(folder.path().join("backends"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [store.body.clone(), store.meta.clone()],
            "no temporary file stays behind"
        );
    }

    #[test]
    fn password_does_not_reach_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        store.save(&stored(b"[]")).unwrap();
        assert!(!fs::read_to_string(&store.meta).unwrap().contains("secret"));
    }

    #[test]
    fn body_newer_than_its_meta_is_used_without_validators() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        store.save(&stored(b"[1]")).unwrap();
        fs::write(&store.body, b"[1, 2]").unwrap();
        let loaded = store.load().unwrap().unwrap();
        assert_eq!(
            (loaded.body.as_slice(), loaded.validators),
            (&b"[1, 2]"[..], Validators::default())
        );
        fs::write(&store.meta, b"{").unwrap();
        assert!(store.load().unwrap().is_some());
    }

    #[test]
    fn backends_do_not_share_a_file() {
        let source = Source::new("http://backend.example/jobs");
        let state = Path::new("var");
        let one = Store::new(state, &Backend::Tunasync(source.clone()));
        let two = Store::new(state, &Backend::Mirrorz(source));
        assert_ne!(one.body, two.body);
    }
}
