//! The demo mirror: a small but true tree that real clients accept, made on first start.
//!
//! No network, no configuration, no root: apt, dnf, pip, pacman, cargo, `gpgv` and `sha256sum -c` all work against
//! it. Everything but the signing key and the dates is the same on every machine.

#![expect(
    clippy::format_push_string,
    reason = "write! into a String would add a Result to ignore at each of these lines"
)]

mod apt;
mod arch;
mod archive;
mod crates;
mod deb;
mod digest;
mod image;
mod iso;
mod openpgp;
mod pypi;
mod rpm;
mod source;
mod suites;
mod sundries;
mod tree;

use std::{
    ffi::OsString,
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use jiff::{Timestamp, ToSpan};

use self::{openpgp::Key, tree::Tree};

/// What the tree holds, as a number in [`MARKER`]: raise it whenever a file of the demo changes, so that trees
/// of an earlier program are made anew.
pub const VERSION: &str = "3";

/// The file at the top of a tree that says it is ours, and of which [`VERSION`].
pub const MARKER: &str = ".mingjing-demo";

/// The directory beside the tree that holds the public half of the signing key.
const KEYS: &str = "demo-keys";

/// Makes the demo mirror at `root`, unless one of this [`VERSION`] is there already.
///
/// `base_url` is where visitors reach the content of `root` (`http://127.0.0.1:3000`); only the `dl` template in
/// cargo's `config.json` depends on it, and that file alone follows a changed `base_url` later. All dates in
/// the tree count back from `now`: the key is two hours old, its signatures one.
///
/// The public key that signed everything is written to `demo-keys/archive-keyring.{gpg,asc}` beside `root`. The
/// secret key is forgotten on return, so a tree made anew has a new key.
///
/// A directory with content but without [`MARKER`] belongs to somebody else and is left alone. Two processes
/// may call this at once. Blocks on the disk for well under a second; call it off the async threads.
pub fn make(root: &Path, base_url: &str, now: Timestamp) -> Result<()> {
    if let Found::Current | Found::Foreign = look(root)? {
        return crates::repoint(root, base_url);
    }
    let name = root.file_name().context("the demo mirror needs a directory name")?;
    let parent = root.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;

    let lock =
        File::create(parent.join(hidden(name, ".lock"))).context("cannot create the lock file")?;
    lock.lock().context("cannot lock the demo mirror")?;
    // Another process may have made it while we waited.
    if let Found::Current | Found::Foreign = look(root)? {
        return crates::repoint(root, base_url);
    }

    let staging = parent.join(hidden(name, ".new"));
    remove(&staging)?;
    build(&staging, base_url, now).context("cannot make the demo mirror")?;
    publish(&staging, root)?;
    remove(&staging)
}

/// Where the binary key ring of a demo mirror at `root` is.
pub fn keyring(root: &Path) -> PathBuf {
    root.with_file_name(KEYS).join("archive-keyring.gpg")
}

/// What stands at the place of the tree.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Nothing, or an empty directory.
    Nothing,
    /// A tree of ours, but of another [`VERSION`].
    Outdated,
    /// A tree of ours, as this program would make it.
    Current,
    /// Something we did not make.
    Foreign,
}

fn look(root: &Path) -> Result<Found> {
    match fs::read_to_string(root.join(MARKER)) {
        Ok(version) if version.trim() == VERSION => return Ok(Found::Current),
        Ok(_) => return Ok(Found::Outdated),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot read {MARKER} in {}", root.display()));
        }
    }
    match fs::read_dir(root) {
        Ok(mut entries) => {
            Ok(if entries.next().is_some() { Found::Foreign } else { Found::Nothing })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", root.display())),
    }
}

/// Writes the tree to `staging/tree` and the keys to `staging/keys`.
fn build(staging: &Path, base_url: &str, now: Timestamp) -> Result<()> {
    let ago = |hours: i64| now.checked_sub(hours.hours());
    let key = Key::generate(ago(2)?, ago(1)?)?;

    let keys = Tree::create(staging.join("keys"), ago(2)?)?;
    keys.write("archive-keyring.gpg", &key.public_binary()?)?;
    keys.write("archive-keyring.asc", key.public_armored()?)?;

    let tree = Tree::create(staging.join("tree"), ago(1)?)?;
    apt::write(&tree.at("debian", ago(3)?), &suites::debian(), &key)?;
    apt::write_trace(&tree.at("debian", ago(3)?))?;
    apt::write(&tree.at("debian-security", ago(2)?), &suites::debian_security(), &key)?;
    apt::write(&tree.at("ubuntu", ago(4)?), &suites::ubuntu(), &key)?;
    apt::write(&tree.at("docker-ce/linux/debian", ago(9)?), &suites::docker(), &key)?;
    tree.at("docker-ce/linux/debian", ago(9)?).write("gpg", key.public_armored()?)?;
    rpm::write_rocky(&tree.at("rocky", ago(6)?), &key)?;
    rpm::write_fedora(&tree.at("fedora", ago(8)?), &key)?;
    pypi::write(&tree.at("pypi/web", ago(2)?))?;
    arch::write(&tree.at("archlinux", ago(5)?), &key)?;
    image::write_debian(&tree.at("debian-cd", ago(400)?), &key)?;
    image::write_ubuntu(&tree.at("ubuntu-releases", ago(300)?), &key)?;
    image::write_rocky(&tree.at("rocky", ago(170)?))?;
    image::write_fedora(&tree.at("fedora", ago(220)?), &key)?;
    image::write_arch(&tree.at("archlinux/iso", ago(200)?), &key)?;
    crates::write(&tree.at("crates.io-index", ago(1)?), base_url)?;
    sundries::write_gnu(&tree.at("gnu", ago(30)?))?;
    sundries::write_kernel(&tree.at("kernel", ago(26)?), &key)?;
    sundries::write_ctan(&tree.at("CTAN", ago(7)?))?;
    sundries::write_anaconda(&tree.at("anaconda", ago(90)?))?;
    sundries::write_docker(&tree.at("docker-ce", ago(9)?))?;
    tree.write(MARKER, format!("{VERSION}\n"))?;
    tree.date_directories()?;
    Ok(())
}

/// Moves the finished `staging` to its place; `root` is absent for a moment, never half made.
fn publish(staging: &Path, root: &Path) -> Result<()> {
    if root.exists() {
        fs::rename(root, staging.join("old"))
            .with_context(|| format!("cannot move {} away", root.display()))?;
    }
    // The keys go first: a crash before the last step leaves no `root`, and the next start makes both again.
    // File by file, since the directory is not known to be ours alone.
    let keys = Tree::create(root.with_file_name(KEYS), Timestamp::UNIX_EPOCH)?;
    for name in ["archive-keyring.gpg", "archive-keyring.asc"] {
        fs::rename(staging.join("keys").join(name), keys.path(name))?;
    }
    fs::rename(staging.join("tree"), root)
        .with_context(|| format!("cannot move the demo mirror to {}", root.display()))
}

fn hidden(name: &std::ffi::OsStr, suffix: &str) -> PathBuf {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(suffix);
    hidden.into()
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", dir.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn visit(dir: &Path, see: &mut impl FnMut(&Path, &fs::Metadata)) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            see(&path, &meta);
            if meta.is_dir() {
                visit(&path, see);
            }
        }
    }

    #[test]
    fn everything_is_readable_by_the_world_and_not_from_the_future() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("mirror");
        make(&root, "http://127.0.0.1:3000", now()).unwrap();
        let mut files = 0;
        visit(&root, &mut |path, meta| {
            if meta.is_symlink() {
                assert!(path.exists(), "{} leads nowhere", path.display());
                return;
            }
            let wanted = if meta.is_dir() { 0o755 } else { 0o644 };
            assert_eq!(meta.permissions().mode() & 0o777, wanted, "{}", path.display());
            assert!(
                meta.modified().unwrap() <= std::time::SystemTime::from(now()),
                "{}",
                path.display()
            );
            files += usize::from(meta.is_file());
        });
        assert!(files > 500, "{files} files");
        let beside: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(beside.len(), 3, "tree, keys and lock, nothing left over: {beside:?}");
    }

    #[test]
    fn a_current_tree_stays_and_an_outdated_one_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("mirror");
        fs::create_dir(&root).unwrap();
        make(&root, "http://a.example", now()).unwrap();
        let key = || fs::read(dir.path().join("demo-keys/archive-keyring.gpg")).unwrap();
        let first = key();

        make(&root, "http://b.example/", now()).unwrap();
        assert_eq!(key(), first);
        let config = fs::read_to_string(root.join("crates.io-index/config.json")).unwrap();
        assert!(config.contains("\"http://b.example/crates.io-index/"), "{config}");

        fs::write(root.join(MARKER), "0\n").unwrap();
        fs::write(root.join("stale"), "").unwrap();
        make(&root, "http://a.example", now()).unwrap();
        assert_ne!(key(), first);
        assert!(!root.join("stale").exists());
    }

    #[test]
    fn a_tree_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("mirror/debian")).unwrap();
        make(&dir.path().join("mirror"), "http://a.example", now()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(dir.path().join("mirror/debian")).unwrap().count(), 0);
    }
}
