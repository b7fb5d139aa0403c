//! Trees that fit together, and every way in which they do not.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use app::model::{Audit, Consistency, FaultKind, SignatureCheck};
use flate2::{Compression, write::GzEncoder};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use server::{
    content::mirror::MirrorFacts,
    demo,
    files::Trees,
    probe::audit::{Auditor, Keyring, Limits, judge},
};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::harness::{chmod, file, now};

const DEBIAN: &str =
    "kind = \"apt\"\nfiles = [\"dists/trixie/InRelease\", \"dists/sid/InRelease\"]";
const ROCKY: &str = "kind = \"repomd\"\nfiles = [\"9/BaseOS/x86_64/os/repodata/repomd.xml\"]";
const POOL: &str = "pool/main/m/mingjing-hello";
const INDEX: &str = "dists/trixie/main/binary-amd64";

/// A mirror of its own for one test.
struct Fixture {
    dir: TempDir,
    id: &'static str,
    freshness: &'static str,
    limits: Limits,
}

impl Fixture {
    /// The demo mirror `id`, copied from one that is made once.
    fn demo(id: &'static str, freshness: &'static str) -> Self {
        static MADE: OnceLock<TempDir> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            demo::make(&dir.path().join("mirrors"), "http://mirror.example", now()).unwrap();
            dir
        });
        let fixture = Self::empty(id, freshness);
        copy(&made.path().join("mirrors").join(id), &fixture.tree());
        copy(&made.path().join("demo-keys"), &fixture.dir.path().join("demo-keys"));
        fixture
    }

    fn empty(id: &'static str, freshness: &'static str) -> Self {
        let fixture =
            Self { dir: tempfile::tempdir().unwrap(), id, freshness, limits: Limits::default() };
        crate::harness::folder(&fixture.tree());
        fixture
    }

    fn tree(&self) -> PathBuf {
        self.dir.path().join("mirrors").join(self.id)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.tree().join(path)
    }

    fn edit(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.at(path)).unwrap();
        change(&mut bytes);
        file(&self.at(path), bytes);
    }

    fn auditor(&self, keyring: bool) -> Auditor {
        let text = format!(
            "name = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\ncategory = \"system\"\n[freshness]\n{}",
            self.freshness
        );
        let facts = MirrorFacts::parse(self.id, "mirror.toml", &text).unwrap();
        let keyring = keyring.then(|| {
            Keyring::load(&self.dir.path().join("demo-keys/archive-keyring.gpg")).unwrap()
        });
        let trees = Trees::new(self.dir.path().join("mirrors"));
        Auditor::new(trees, &facts, keyring, 7).unwrap().with_limits(self.limits)
    }

    /// One look, by which every fault counts as damage.
    fn look(&self) -> Audit {
        judge(self.auditor(true).look(now()), None)
    }

    /// Two looks, with something that happens between them.
    fn look_twice(&self, meanwhile: impl FnOnce()) -> Audit {
        let auditor = self.auditor(true);
        let first = auditor.look(now());
        assert!(!first.is_sound());
        meanwhile();
        judge(first, Some(auditor.look(now())))
    }

    #[track_caller]
    fn is_broken_by(&self, wanted: &[FaultKind]) {
        let audit = self.look();
        let kinds: Vec<_> = audit.faults.iter().map(|fault| fault.kind).collect();
        assert_eq!(
            (kinds.as_slice(), audit.consistency),
            (wanted, Consistency::Broken),
            "{audit:?}"
        );
    }
}

fn copy(from: &Path, to: &Path) {
    crate::harness::folder(to);
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, to) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path()).unwrap(), to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An unsigned archive with one suite and these indexes, named in its `Release`.
fn archive(indexes: &[(&str, &[u8])], head: &str) -> Fixture {
    let fixture = Fixture::empty("tiny", "kind = \"apt\"\nfiles = [\"dists/x/Release\"]");
    let mut release = format!("Origin: x\n{head}SHA256:\n").into_bytes();
    for (name, bytes) in indexes {
        writeln!(release, " {} {} {name}", sha256(bytes), bytes.len()).unwrap();
        file(&fixture.at(&format!("dists/x/{name}")), bytes);
    }
    file(&fixture.at("dists/x/Release"), release);
    fixture
}

fn look_unsigned(fixture: &Fixture) -> Audit {
    judge(fixture.auditor(false).look(now()), None)
}

#[test]
fn a_sound_tree_has_no_fault() {
    let audit = Fixture::demo("debian", DEBIAN).look();
    assert_eq!((audit.consistency, audit.fault_count), (Consistency::Sound, 0), "{audit:?}");
    assert_eq!((audit.signature, audit.releases), (SignatureCheck::Good, 2));
    assert_eq!(audit.indexes, 2 * 4 * 3 * 2, "suites, components, indexes, plain and gzip");
    assert_eq!(audit.indexes_hashed, audit.indexes);
    assert!(audit.packages > 0 && audit.packages_hashed > 0, "{audit:?}");
}

#[test]
fn a_missing_package_is_said() {
    let fixture = Fixture::demo("debian", DEBIAN);
    fs::remove_file(fixture.at(&format!("{POOL}/mingjing-hello_1.0-1_all.deb"))).unwrap();
    fixture.is_broken_by(&[FaultKind::MissingPackage]);
}

#[test]
fn a_package_of_other_size_or_content_is_said() {
    let fixture = Fixture::demo("debian", DEBIAN);
    let name = format!("{POOL}/mingjing-hello_1.0-1_all.deb");
    fixture.edit(&name, |bytes| bytes[100] ^= 1);
    fixture.is_broken_by(&[FaultKind::PackageHash]);
    fixture.edit(&name, |bytes| bytes.push(0));
    fixture.is_broken_by(&[FaultKind::PackageSize]);
}

#[test]
fn an_index_of_other_size_or_content_is_said() {
    let fixture = Fixture::demo("debian", DEBIAN);
    let name = format!("{INDEX}/Packages.gz");
    fixture.edit(&name, |bytes| *bytes.last_mut().unwrap() ^= 1);
    fixture.is_broken_by(&[FaultKind::IndexHash]);
    fixture.edit(&name, |bytes| bytes.truncate(10));
    fixture.is_broken_by(&[FaultKind::IndexSize]);
}

#[test]
fn one_compression_of_an_index_suffices_and_none_is_a_fault() {
    let fixture = Fixture::demo("debian", DEBIAN);
    fs::remove_file(fixture.at(&format!("{INDEX}/Packages"))).unwrap();
    assert_eq!(fixture.look().consistency, Consistency::Sound);
    fs::remove_file(fixture.at(&format!("{INDEX}/Packages.gz"))).unwrap();
    fixture.is_broken_by(&[FaultKind::MissingIndex]);
    // Without its folder, this mirror does not carry the architecture.
    fs::remove_dir(fixture.at(INDEX)).unwrap();
    assert_eq!(fixture.look().consistency, Consistency::Sound);
}

#[test]
fn an_expired_release_is_said() {
    let package = b"Package: a\n\n";
    let end = |text: &str| format!("Valid-Until: {text}\n");
    let past =
        archive(&[("main/binary-all/Packages", package)], &end("Fri, 20 Nov 2026 06:00:00 UTC"));
    let audit = look_unsigned(&past);
    assert_eq!(audit.faults[0].kind, FaultKind::Expired);
    assert_eq!((audit.fault_count, audit.consistency), (1, Consistency::Broken));
    let future =
        archive(&[("main/binary-all/Packages", package)], &end("Sun, 22 Nov 2026 06:00:00 UTC"));
    assert_eq!(look_unsigned(&future).consistency, Consistency::Sound);
}

#[test]
fn a_signature_of_other_text_or_of_a_stranger_is_said() {
    let fixture = Fixture::demo("debian", "kind = \"apt\"\nfiles = [\"dists/sid/InRelease\"]");
    fixture.edit("dists/sid/InRelease", |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replace("Origin: Debian", "Origin: Debiam").into_bytes();
    });
    fixture.is_broken_by(&[FaultKind::BadSignature]);
    assert_eq!(fixture.look().signature, SignatureCheck::Bad);

    let stranger = tempfile::tempdir().unwrap();
    demo::make(&stranger.path().join("mirrors"), "http://mirror.example", now()).unwrap();
    let release = fs::read(stranger.path().join("mirrors/debian/dists/sid/InRelease")).unwrap();
    file(&fixture.at("dists/sid/InRelease"), release);
    fixture.is_broken_by(&[FaultKind::BadSignature]);
    assert!(fixture.look().faults[0].detail.contains("not in the key ring"));

    file(&fixture.at("dists/sid/InRelease"), "Origin: x\nSHA256:\n 00 0 x\n");
    fixture.is_broken_by(&[FaultKind::BadSignature]);
}

#[test]
fn a_detached_signature_is_checked_with_a_binary_or_armored_key_ring() {
    let fixture = Fixture::demo("debian", "kind = \"apt\"\nfiles = [\"dists/sid/Release\"]");
    assert_eq!(fixture.look().signature, SignatureCheck::Good);
    let keys = fixture.dir.path().join("demo-keys");
    let armored = fs::read_to_string(keys.join("archive-keyring.asc")).unwrap();
    fs::write(keys.join("archive-keyring.gpg"), format!("{armored}\n{armored}")).unwrap();
    assert_eq!(fixture.look().signature, SignatureCheck::Good, "two armored blocks");
    fs::remove_file(fixture.at("dists/sid/Release.gpg")).unwrap();
    fixture.is_broken_by(&[FaultKind::BadSignature]);
}

#[test]
fn a_key_ring_without_a_key_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ring");
    for bytes in [b"".as_slice(), b"nonsense", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n"] {
        fs::write(&path, bytes).unwrap();
        Keyring::load(&path).unwrap_err();
    }
    Keyring::load(dir.path()).unwrap_err();
    Keyring::load(&dir.path().join("none")).unwrap_err();
}

#[test]
fn what_a_sync_repairs_meanwhile_was_no_damage() {
    let fixture = Fixture::demo("debian", DEBIAN);
    let name = fixture.at(&format!("{POOL}/mingjing-hello_1.0-1_all.deb"));
    let aside = fixture.dir.path().join("aside");
    fs::rename(&name, &aside).unwrap();
    let audit = fixture.look_twice(|| fs::rename(&aside, &name).unwrap());
    assert_eq!((audit.consistency, audit.fault_count), (Consistency::Sound, 0));
}

#[test]
fn a_tree_that_changes_between_two_looks_is_half_synced() {
    let fixture = Fixture::demo("debian", DEBIAN);
    let remove = |version: &str| {
        fs::remove_file(fixture.at(&format!("{POOL}/mingjing-hello_{version}_all.deb"))).unwrap();
    };
    remove("1.0-1");
    assert_eq!(fixture.look_twice(|| ()).consistency, Consistency::Broken);
    assert_eq!(fixture.look_twice(|| remove("1.1-1")).consistency, Consistency::HalfSynced);
}

#[test]
fn a_tree_with_a_lock_is_half_synced_unless_the_lock_is_old() {
    let fixture = Fixture::demo("debian", DEBIAN);
    fs::remove_file(fixture.at(&format!("{POOL}/mingjing-hello_1.0-1_all.deb"))).unwrap();
    let lock = fixture.at("Archive-Update-in-Progress-mirror.example");
    let of = |hours: i64| {
        let time: Timestamp = now() - SignedDuration::from_hours(hours);
        File::create(&lock).unwrap().set_modified(time.into()).unwrap();
    };
    of(1);
    assert_eq!(fixture.look_twice(|| ()).consistency, Consistency::HalfSynced);
    of(48);
    assert_eq!(fixture.look_twice(|| ()).consistency, Consistency::Broken);
}

#[test]
fn files_that_are_not_for_the_world_are_said() {
    let fixture = Fixture::demo("debian", DEBIAN);
    let name = fixture.at(&format!("{POOL}/mingjing-hello_1.0-1_all.deb"));
    chmod(&name, 0o600);
    fixture.is_broken_by(&[FaultKind::Unreadable]);

    let outside = fixture.dir.path().join("outside.deb");
    chmod(&name, 0o644);
    fs::rename(&name, &outside).unwrap();
    symlink(&outside, &name).unwrap();
    fixture.is_broken_by(&[FaultKind::Unreadable]);

    fs::remove_file(&name).unwrap();
    fs::create_dir(&name).unwrap();
    fixture.is_broken_by(&[FaultKind::Unreadable]);
}

#[test]
fn a_giant_is_not_read() {
    let fixture = Fixture::demo("debian", "kind = \"apt\"\nfiles = [\"dists/sid/InRelease\"]");
    let giant = |path: &str| {
        File::options().write(true).open(fixture.at(path)).unwrap().set_len(1 << 40).unwrap();
    };
    giant("dists/sid/main/binary-amd64/Packages.gz");
    fixture.is_broken_by(&[FaultKind::IndexSize]);
    giant("dists/sid/InRelease");
    fixture.is_broken_by(&[FaultKind::Unreadable]);
}

#[test]
fn an_index_that_unpacks_to_a_giant_is_read_in_part() {
    let index = gzip(&vec![b'\n'; 64 << 20]);
    assert!(index.len() < 1 << 20);
    let mut fixture = archive(&[("main/binary-all/Packages.gz", &index)], "");
    fixture.limits.unpacked_bytes = 1 << 20;
    assert_eq!(look_unsigned(&fixture).consistency, Consistency::Sound);
    // A line without an end would have to be kept in memory.
    let index = gzip(&vec![b'x'; 64 << 20]);
    let fixture = archive(&[("main/binary-all/Packages.gz", &index)], "");
    let audit = look_unsigned(&fixture);
    assert_eq!(audit.faults[0].detail, "a line without end", "{audit:?}");
}

#[test]
fn limits_bound_what_is_looked_at() {
    let mut fixture = Fixture::demo("debian", DEBIAN);
    let whole = fixture.look();
    fixture.limits = Limits { releases: 1, packages: 1, ..Limits::default() };
    assert_eq!((fixture.look().releases, fixture.look().packages), (1, 1));
    fixture.limits = Limits { indexes: 5, ..Limits::default() };
    assert_eq!(fixture.look().indexes, 6, "both compressions of the last one");
    fixture.limits = Limits { hashed_bytes: 0, packages_hashed: 0, ..Limits::default() };
    let audit = fixture.look();
    assert!(audit.indexes_hashed < whole.indexes_hashed, "only empty ones: {audit:?}");
    assert_eq!(audit.packages_hashed, 0);
    assert_eq!((audit.indexes, audit.packages), (whole.indexes, whole.packages));
    fixture.limits = Limits { time: Duration::ZERO, ..Limits::default() };
    let audit = fixture.look();
    assert_eq!((audit.releases, audit.indexes, audit.consistency), (0, 0, Consistency::Unknown));
    fixture.limits = Limits { release_bytes: 10, ..Limits::default() };
    assert_eq!(fixture.look().faults[0].kind, FaultKind::Unreadable);
}

#[test]
fn a_file_of_another_state_does_no_harm_beside_the_right_one_by_hash() {
    let index: &[u8] = b"Package: a\n\n";
    let fixture = archive(&[("main/binary-all/Packages", index)], "Acquire-By-Hash: yes\n");
    let by_hash = format!("dists/x/main/binary-all/by-hash/SHA256/{}", sha256(index));
    file(&fixture.at("dists/x/main/binary-all/Packages"), "newer");
    assert_eq!(look_unsigned(&fixture).faults[0].kind, FaultKind::IndexSize);
    file(&fixture.at(&by_hash), index);
    assert_eq!(look_unsigned(&fixture).consistency, Consistency::Sound);
    file(&fixture.at(&by_hash), b"Package: b\n\n");
    assert_eq!(look_unsigned(&fixture).faults[0].kind, FaultKind::IndexHash);
}

#[test]
fn what_apt_can_do_without_may_be_absent() {
    let index: &[u8] = b"Package: a\n\n";
    let optional =
        ["main/Contents-amd64.gz", "main/i18n/Translation-de.xz", "main/dep11/icons.tar"];
    let mut indexes = vec![("main/binary-all/Packages", index)];
    indexes.extend(optional.map(|name| (name, index)));
    let fixture = archive(&indexes, "");
    for name in optional {
        fs::remove_file(fixture.at(&format!("dists/x/{name}"))).unwrap();
    }
    assert_eq!(look_unsigned(&fixture).consistency, Consistency::Sound);
    // Present and wrong is a fault all the same.
    file(&fixture.at("dists/x/main/i18n/Translation-de.xz"), b"Package: b\n\n");
    assert_eq!(look_unsigned(&fixture).faults[0].kind, FaultKind::IndexHash);
}

/// `Package: a`, `Filename: pool/a.deb`, `Size: 3`, as `xz -9` packs it.
const XZ: &str = "fd377a585a000004e6d6b446020021011c00000010cf58cc0100285061636b6167653a20610a46696c656e616d653a20706f6f6c2f612e6465620a53697a653a20330a0a00000000cdfbd633090ee7e2000141290353568b1fb6f37d010000000004595a";

#[test]
fn every_compression_is_read() {
    let plain: &[u8] = b"Package: a\nFilename: pool/a.deb\nSize: 3\n\n";
    let xz: Vec<u8> = (0..XZ.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&XZ[at..at + 2], 16).unwrap())
        .collect();
    let zstd = zstd::encode_all(plain, 3).unwrap();
    for (ending, bytes) in [("", plain), (".gz", &gzip(plain)), (".zst", &zstd), (".xz", &xz)] {
        let name = format!("main/binary-all/Packages{ending}");
        let fixture = archive(&[(&name, bytes)], "");
        let audit = look_unsigned(&fixture);
        assert_eq!(audit.faults[0].kind, FaultKind::MissingPackage, "{name}: {audit:?}");
        file(&fixture.at("pool/a.deb"), "abc");
        let audit = look_unsigned(&fixture);
        assert_eq!(
            (audit.consistency, audit.packages),
            (Consistency::Sound, 1),
            "{name}: {audit:?}"
        );
    }
}

#[test]
fn names_that_lead_out_of_the_tree_are_not_followed() {
    for name in ["../../outside", "/etc/passwd", "pool/../../../outside"] {
        let index = format!("Package: a\nFilename: {name}\nSize: 4\n\n");
        let fixture = archive(&[("main/binary-all/Packages", index.as_bytes())], "");
        file(&fixture.dir.path().join("outside"), "here");
        let audit = look_unsigned(&fixture);
        assert_eq!((audit.faults[0].kind, audit.packages), (FaultKind::Unreadable, 0), "{audit:?}");
    }
}

#[test]
fn a_mirror_without_any_of_its_releases_is_said() {
    let fixture = Fixture::empty("debian", DEBIAN);
    assert_eq!(look_unsigned(&fixture).faults[0].kind, FaultKind::BadRelease);
    file(&fixture.at("dists/sid/InRelease"), "<html>404</html>");
    assert!(look_unsigned(&fixture).faults.iter().all(|fault| fault.kind == FaultKind::BadRelease));
}

#[test]
fn a_sound_rpm_tree_has_no_fault() {
    let audit = Fixture::demo("rocky", ROCKY).look();
    assert_eq!((audit.consistency, audit.fault_count), (Consistency::Sound, 0), "{audit:?}");
    assert_eq!((audit.signature, audit.releases), (SignatureCheck::Good, 1));
    assert_eq!((audit.indexes, audit.indexes_hashed), (3, 3), "primary, filelists, other");
    assert!(audit.packages > 0 && audit.packages_hashed > 0, "{audit:?}");
}

#[test]
fn faults_of_an_rpm_tree_are_said() {
    let os = "9/BaseOS/x86_64/os";
    let find = |fixture: &Fixture, folder: &str, part: &str| {
        let folder = fixture.at(&format!("{os}/{folder}"));
        let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        found.into_iter().find(|path| path.to_str().unwrap().contains(part)).unwrap()
    };
    let fixture = Fixture::demo("rocky", ROCKY);
    let package = find(&fixture, "Packages/m", "mingjing-hello");
    let bytes = fs::read(&package).unwrap();
    fs::remove_file(&package).unwrap();
    fixture.is_broken_by(&[FaultKind::MissingPackage]);
    file(&package, &bytes[1..]);
    fixture.is_broken_by(&[FaultKind::PackageSize]);
    file(&package, bytes.iter().map(|byte| byte ^ 1).collect::<Vec<_>>());
    fixture.is_broken_by(&[FaultKind::PackageHash]);

    let fixture = Fixture::demo("rocky", ROCKY);
    let primary = find(&fixture, "repodata", "primary.xml");
    let bytes = fs::read(&primary).unwrap();
    file(&primary, bytes.iter().map(|byte| byte ^ 1).collect::<Vec<_>>());
    fixture.is_broken_by(&[FaultKind::IndexHash]);
    fs::remove_file(&primary).unwrap();
    fixture.is_broken_by(&[FaultKind::MissingIndex]);

    let fixture = Fixture::demo("rocky", ROCKY);
    fixture.edit(&format!("{os}/repodata/repomd.xml"), |bytes| bytes.push(b'\n'));
    fixture.is_broken_by(&[FaultKind::BadSignature]);
    file(&fixture.at(&format!("{os}/repodata/repomd.xml")), "<html></html>");
    fs::remove_file(fixture.at(&format!("{os}/repodata/repomd.xml.asc"))).unwrap();
    fixture.is_broken_by(&[FaultKind::BadRelease]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever stands where an index should be, a look ends, and finds no more than is there.
    #[test]
    fn no_garbage_makes_a_look_fail(
        at in 0.0..1.0_f64,
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
        which in 0..6_usize,
    ) {
        let index = b"Package: a\nFilename: pool/a.deb\nSize: 3\n\n";
        let (packed, squeezed) = (gzip(index), zstd::encode_all(index.as_slice(), 1).unwrap());
        let names = ["Packages.gz", "Packages.zst", "Packages.xz", "Packages", "Sources.gz"];
        let contents: [&[u8]; 5] = [&packed, &squeezed, &bytes, &bytes, &packed];
        let mut indexes: Vec<(String, Vec<u8>)> = names
            .iter()
            .zip(contents)
            .map(|(name, content)| (format!("main/{name}/{name}"), content.to_vec()))
            .collect();
        if let Some((_, content)) = indexes.get_mut(which) {
            splice(content, at, &bytes);
        }
        let indexes: Vec<(&str, &[u8])> =
            indexes.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        let fixture = archive(&indexes, "");
        file(&fixture.at("pool/a.deb"), "abc");
        let before = look_unsigned(&fixture);
        prop_assert!(before.indexes == 5 && before.fault_count < 20);
        if which == 5 {
            fixture.edit("dists/x/Release", |release| splice(release, at, &bytes));
            let after = look_unsigned(&fixture);
            prop_assert!(after.releases <= 1 && after.fault_count < 20);
        }
    }
}

fn splice(content: &mut Vec<u8>, at: f64, bytes: &[u8]) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place within a few hundred bytes"
    )]
    let at = (at * content.len() as f64) as usize;
    content.splice(at..at, bytes.iter().copied());
}

#[test]
fn any_file_of_the_pool_may_be_the_one_that_is_missing() {
    let fixture = Fixture::demo(
        "debian",
        "kind = \"apt\"\nfiles = [\"dists/trixie/InRelease\", \"dists/trixie-backports/InRelease\", \"dists/sid/InRelease\"]",
    );
    let names: Vec<_> =
        fs::read_dir(fixture.at(POOL)).unwrap().map(|e| e.unwrap().path()).collect();
    let mut found = 0;
    for path in names.iter().filter(|path| !path.to_str().unwrap().contains("bpo12")) {
        let bytes = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        fixture.is_broken_by(&[FaultKind::MissingPackage]);
        file(path, bytes);
        found += 1;
    }
    assert!(found >= 10, "packages and sources: {found}");
}
