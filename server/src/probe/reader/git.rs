//! The date of the commit that `HEAD` of a git repository names, without running git.
//!
//! Formats: gitrepository-layout(5), git-pack-refs(1), gitformat-pack(5) (version 2 of the index).
//! Repositories with SHA-256 names, reftables or deltified commits fall back to the dates of files.

use std::{
    fs::{self, File},
    io::{Read as _, Result, Take},
    os::unix::fs::FileExt as _,
};

use flate2::read::ZlibDecoder;
use jiff::Timestamp;

use crate::files::{Found, RelPath, Trees, tree};

/// Most bytes of `HEAD` or a loose ref.
const REF: u64 = 4096;
/// Most bytes of `packed-refs`: repositories of a code review hold a hundred thousand refs.
const PACKED_REFS: u64 = 32 * 1024 * 1024;
/// Most bytes of a commit that are unpacked; its date stands before the message.
const COMMIT: u64 = 16 * 1024;
/// Most packs searched.
const PACKS: usize = 64;
/// Symbolic refs followed.
const HOPS: usize = 5;

/// A repository in a mirrored tree.
#[derive(Clone, Copy)]
pub struct Repository<'a> {
    trees: &'a Trees,
    folder: &'a RelPath,
}

impl<'a> Repository<'a> {
    /// The repository in a folder, which is bare if it holds a `HEAD` itself.
    pub fn time(trees: &'a Trees, folder: &'a RelPath) -> Option<Timestamp> {
        let inner = folder.child(b".git", true);
        [folder, &inner].into_iter().find_map(|folder| {
            let repository = Repository { trees, folder };
            let head = repository.text("HEAD", REF)?;
            repository.commit_time(&head).or_else(|| repository.newest_file(&head))
        })
    }

    fn path(self, name: &str) -> Option<RelPath> {
        self.folder.join(name.as_bytes()).ok()
    }

    fn text(self, name: &str, limit: u64) -> Option<String> {
        let bytes = tree::read_small(self.trees, &self.path(name)?, limit).ok()?;
        String::from_utf8(bytes).ok()
    }

    fn commit_time(self, head: &str) -> Option<Timestamp> {
        let id = self.resolve(head.trim(), HOPS)?;
        let commit = self.loose(&id).or_else(|| self.packed(&id))?;
        committed(&commit)
    }

    /// The object that a ref names, loose or packed.
    fn resolve(self, value: &str, hops: usize) -> Option<String> {
        let Some(name) = value.strip_prefix("ref:").map(str::trim) else {
            let is_id = value.len() == 40 && value.bytes().all(|b| b.is_ascii_hexdigit());
            return is_id.then(|| value.to_ascii_lowercase());
        };
        if hops == 0 || !name.starts_with("refs/") {
            return None;
        }
        let loose = self.text(name, REF).map(|text| text.trim().to_owned());
        self.resolve(&loose.or_else(|| self.packed_ref(name))?, hops - 1)
    }

    fn packed_ref(self, name: &str) -> Option<String> {
        let text = self.text("packed-refs", PACKED_REFS)?;
        text.lines().find_map(|line| {
            let (id, rest) = line.split_once(' ')?;
            (rest == name).then(|| id.to_owned())
        })
    }

    fn loose(self, id: &str) -> Option<Vec<u8>> {
        let path = self.path(&format!("objects/{}/{}", &id[..2], &id[2..]))?;
        let bytes = tree::read_small(self.trees, &path, COMMIT).ok()?;
        let object = inflated(bytes.as_slice());
        let body = object.iter().position(|b| *b == 0)? + 1;
        object.starts_with(b"commit ").then(|| object[body..].to_vec())
    }

    fn packed(self, id: &str) -> Option<Vec<u8>> {
        let id = raw(id)?;
        let folder = self.path("objects/pack")?;
        let Ok(Found::Folder { path }) = self.trees.find(&folder) else { return None };
        let mut packs: Vec<_> = fs::read_dir(path)
            .ok()?
            .take(PACKS * 4)
            .flatten()
            .map(|entry| entry.file_name())
            .filter_map(|name| name.to_str()?.strip_suffix(".idx").map(str::to_owned))
            .collect();
        packs.sort_unstable();
        packs.iter().take(PACKS).find_map(|pack| {
            let open = |suffix: &str| {
                let name = format!("{pack}.{suffix}");
                match self.trees.find(&folder.child(name.as_bytes(), false)) {
                    Ok(Found::File { path, .. }) => File::open(path).ok(),
                    _ => None,
                }
            };
            let offset = offset_in(&open("idx")?, &id).ok().flatten()?;
            commit_at(&open("pack")?, offset).ok().flatten()
        })
    }

    /// What is left when the commit cannot be read: when a fetch last wrote something.
    fn newest_file(self, head: &str) -> Option<Timestamp> {
        let branch = head.trim().strip_prefix("ref:").map_or("HEAD", str::trim);
        ["FETCH_HEAD", "packed-refs", branch]
            .into_iter()
            .filter_map(|name| match self.trees.find(&self.path(name)?) {
                Ok(Found::File { metadata, .. }) => tree::modified(&metadata),
                _ => None,
            })
            .max()
    }
}

/// Where an object begins in the pack of an index (version 2), if it is in it.
fn offset_in(index: &File, id: &[u8; 20]) -> Result<Option<u64>> {
    const HEADER: u64 = 8;
    const FANOUT: u64 = 256 * 4;
    let word = |at: u64| -> Result<u32> {
        let mut bytes = [0; 4];
        index.read_exact_at(&mut bytes, at)?;
        Ok(u32::from_be_bytes(bytes))
    };
    let mut magic = [0; 8];
    index.read_exact_at(&mut magic, 0)?;
    if magic != *b"\xfftOc\0\0\0\x02" {
        return Ok(None);
    }
    let fanout = |first: u8| word(HEADER + u64::from(first) * 4);
    let count = u64::from(fanout(255)?);
    let mut low = if id[0] == 0 { 0 } else { u64::from(fanout(id[0] - 1)?) };
    let mut high = u64::from(fanout(id[0])?).min(count);
    let names = HEADER + FANOUT;
    while low < high {
        let middle = u64::midpoint(low, high);
        let mut found = [0; 20];
        index.read_exact_at(&mut found, names + middle * 20)?;
        match found.cmp(id) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => {
                // After the names stand a CRC of four bytes and an offset of four for each object.
                let offsets = names + count * 24;
                let offset = word(offsets + middle * 4)?;
                if offset & 0x8000_0000 == 0 {
                    return Ok(Some(u64::from(offset)));
                }
                let large = offsets + count * 4 + u64::from(offset & 0x7fff_ffff) * 8;
                return Ok(Some(u64::from(word(large)?) << 32 | u64::from(word(large + 4)?)));
            }
        }
    }
    Ok(None)
}

/// The commit that begins at an offset of a pack, unless it is stored as a difference.
fn commit_at(pack: &File, offset: u64) -> Result<Option<Vec<u8>>> {
    const TYPE_COMMIT: u8 = 1;
    let mut bytes = vec![0; usize::try_from(COMMIT).unwrap_or_default()];
    let length = pack.read_at(&mut bytes, offset)?;
    bytes.truncate(length);
    // Type and size in a varint: three bits of type in the first byte, the high bit says "more".
    let Some(header) = bytes.iter().position(|b| b & 0x80 == 0) else { return Ok(None) };
    let is_commit = bytes[0] >> 4 & 7 == TYPE_COMMIT;
    Ok(is_commit.then(|| inflated(&bytes[header + 1..])))
}

/// What can be unpacked of the beginning of a zlib stream.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut object = Vec::new();
    let mut unpacked: Take<_> = ZlibDecoder::new(bytes).take(COMMIT);
    let _ = unpacked.read_to_end(&mut object);
    object
}

/// The date of the committer: `committer NAME <MAIL> SECONDS ZONE`, in the header of a commit.
fn committed(commit: &[u8]) -> Option<Timestamp> {
    let line = commit
        .split(|b| *b == b'\n')
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(b"committer "))?;
    let dates = line.iter().rposition(|b| *b == b'>')? + 1;
    let seconds = std::str::from_utf8(&line[dates..]).ok()?.split_whitespace().next()?;
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

fn raw(id: &str) -> Option<[u8; 20]> {
    let mut raw = [0; 20];
    for (byte, digits) in raw.iter_mut().zip(id.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(raw)
}

#[cfg(test)]
mod tests {
    use std::{path::Path, process::Command};

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let done = Command::new("git")
            .current_dir(folder)
            .args(["-c", "user.name=A <x> B", "-c", "user.email=a@b.example", "-c", "gc.auto=0"])
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", "1795000000 +0800")
            .env("GIT_COMMITTER_DATE", "1795231800 +0800")
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    fn time(root: &Path, name: &str) -> Option<Timestamp> {
        let trees = Trees::new(root.to_owned());
        Repository::time(&trees, &RelPath::parse(name).unwrap())
    }

    #[test]
    fn every_way_to_store_a_commit_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        let work = root.join("work");
        fs::create_dir_all(&work).unwrap();
        git(&work, &["init", "--quiet", "--initial-branch", "main"]);
        git(&work, &["commit", "--quiet", "--allow-empty", "-m", "committer X <y> 1 +0000"]);
        let moment = Timestamp::from_second(1_795_231_800).ok();
        assert_eq!(time(&root, "/work/"), moment, "loose object and ref, with a work tree");

        git(&root, &["clone", "--quiet", "--bare", "--no-local", "work", "bare.git"]);
        assert!(root.join("bare.git/packed-refs").is_file());
        git(&root.join("bare.git"), &["repack", "-a", "-d", "--quiet"]);
        assert_eq!(time(&root, "/bare.git/"), moment, "packed ref, packed object, bare");

        for entry in fs::read_dir(root.join("bare.git/objects/pack")).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let without = time(&root, "/bare.git/").unwrap();
        assert!(Some(without) > moment, "the date of packed-refs: {without}");
        assert_eq!(time(&root, "/nothing/"), None);
    }

    #[test]
    fn a_loop_of_refs_and_a_ref_out_of_the_repository_say_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("r/refs/heads")).unwrap();
        for (head, loose) in
            [("ref: refs/heads/a\n", "ref: refs/heads/a\n"), ("ref: ../../x\n", ""), ("", "")]
        {
            fs::write(root.join("r/HEAD"), head).unwrap();
            fs::write(root.join("r/refs/heads/a"), loose).unwrap();
            let trees = Trees::new(root.clone());
            let folder = RelPath::parse("/r/").unwrap();
            let repository = Repository { trees: &trees, folder: &folder };
            assert_eq!(repository.commit_time(head), None, "{head}");
        }
    }

    #[test]
    fn garbage_in_an_index_is_no_object() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.idx");
        for bytes in [
            b"".as_slice(),
            b"\xfftOc\0\0\0\x02",
            &[b"\xfftOc\0\0\0\x02".as_slice(), &[0xff; 2000]].concat(),
        ] {
            fs::write(&path, bytes).unwrap();
            let found = offset_in(&File::open(&path).unwrap(), &[7; 20]);
            assert!(!matches!(found, Ok(Some(_))), "{found:?}");
        }
    }
}
