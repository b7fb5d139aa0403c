//! The index as a whole: against a naive oracle, against people's expectations, against damage.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use super::{fold, order};

const NOW: i64 = 1_760_000_000;

fn file(path: &[u8], size: u64) -> FileRecord {
    FileRecord { path: path.to_vec(), size, mtime: NOW - 1, is_dir: false }
}

fn build_files(dir: &Path, paths: &[Vec<u8>]) -> BuildReport {
    let records = paths.iter().map(|path| Ok(file(path, path.len() as u64)));
    build(dir, &[], records, NOW, &mut |_| {}).unwrap()
}

fn query(text: &str) -> Query {
    Query { text: text.to_owned(), limit: MAX_LIMIT, ..Query::default() }
}

fn found(index: &Index, text: &str) -> Vec<String> {
    index.search(&query(text)).unwrap().hits.into_iter().map(|hit| hit.path).collect()
}

/// All entries the index should hold: the files, and their directories but for hash trees.
fn entries(paths: &[Vec<u8>]) -> BTreeSet<(Vec<u8>, bool)> {
    let mut all = BTreeSet::new();
    for path in paths {
        all.insert((path.clone(), false));
        for slash in memchr::memchr_iter(b'/', path) {
            if !order::is_hash_dir(&path[..slash]) {
                all.insert((path[..slash].to_vec(), true));
            }
        }
    }
    all
}

/// Where the term occurs, by the rules as the documentation tells them and no cleverness.
fn naive_places(path: &[u8], term: &str) -> Vec<usize> {
    let (line, term) = (fold::fold(path), fold::fold(term.as_bytes()));
    let alnum = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    // For each byte, the start of the hash it belongs to.
    let mut hash = vec![None; line.len()];
    for start in 0..line.len() {
        if start > 0 && alnum(line[start - 1]) {
            continue;
        }
        let length = line[start..].iter().take_while(|&&byte| alnum(byte)).count();
        let digits = line[start..start + length].iter().filter(|b| b.is_ascii_digit()).count();
        if length >= 24 && digits * 6 > length {
            hash[start..start + length].fill(Some(start));
        }
    }
    let kind = |at: usize| match line[at] {
        b'0'..=b'9' => 1,
        b'a'..=b'z' | 0x80.. => 2,
        _ => 0,
    };
    let is_place = |&at: &usize| {
        let end = at + term.len();
        let mid_word = kind(at) != 0 && at > 0 && kind(at - 1) == kind(at);
        let in_hash = (at..end).any(|i| hash[i].is_some_and(|start| start < at || end < start + 8));
        !(term.len() < 3 && mid_word || in_hash)
    };
    (0..line.len()).filter(|&at| line[at..].starts_with(&term)).filter(is_place).collect()
}

fn naive_match(path: &[u8], term: &str) -> bool {
    !naive_places(path, term).is_empty()
}

/// Whether a path passes `*term*`, `path:term`, or `size:>=N` for a file as large as its path is
/// long.
fn naive_filter(flavour: u8, path: &[u8], is_dir: bool, term: &str) -> bool {
    let name = path.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
    match flavour {
        4 => {
            let (line, wanted) = (fold::fold(&path[name..]), fold::fold(term.as_bytes()));
            memchr::memmem::find(&line, &wanted).is_some() && naive_match(path, term)
        }
        5 => naive_places(path, term).iter().any(|at| at + term.len() <= name),
        6 => !is_dir && path.len() >= 20,
        _ => true,
    }
}

fn segment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "(linux|gcc|Qt6|ubuntu|24\\.04|a-b|cp312|x86_64|Übersicht|软件|\\+\\+|aaa|n\nl)(-6\\.1|\\.tar\\.gz|\\.iso| x)?"
            .prop_map(String::into_bytes),
        2 => "[a-c0-2]{24,30}(\\.whl)?".prop_map(String::into_bytes),
        1 => "[0-9a-f]{2}".prop_map(String::into_bytes),
        1 => prop::collection::vec(prop_oneof![1..=46_u8, 48..=255_u8], 1..6),
    ]
}

fn corpus() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let path = (prop_oneof![Just("debian"), Just("pypi")], prop::collection::vec(segment(), 1..4));
    let path = path.prop_map(|(top, rest)| {
        let rest = rest.into_iter().filter(|s| !matches!(s.as_slice(), b"." | b".."));
        let all: Vec<Vec<u8>> = [top.as_bytes().to_vec()].into_iter().chain(rest).collect();
        if all.len() == 1 { [top.as_bytes(), b"/x"].concat() } else { all.join(&b'/') }
    });
    prop::collection::vec(path, 1..90).prop_map(|mut paths: Vec<Vec<u8>>| {
        paths.retain(|path| !path.split(|&b| b == b'/').any(is_in_flight));
        // A path cannot be a file and a directory.
        let dirs: BTreeSet<Vec<u8>> =
            entries(&paths).into_iter().filter(|e| e.1).map(|e| e.0).collect();
        paths.retain(|path| !dirs.contains(path));
        paths.sort();
        paths.dedup();
        paths
    })
}

/// Terms cut out of the corpus, and some that are not in it.
fn terms(paths: &[Vec<u8>], cuts: &[(usize, usize, usize)]) -> Vec<String> {
    let cut = |&(path, start, length): &(usize, usize, usize)| {
        let text = paths
            .get(path % paths.len().max(1))
            .map_or("zzz".into(), |path| String::from_utf8_lossy(path));
        let text: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
        let start = start % text.len().max(1);
        text.iter().skip(start).take(length).collect::<String>()
    };
    cuts.iter().map(cut).filter(|term| !term.is_empty()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn search_finds_exactly_what_a_scan_finds(
        paths in corpus(),
        queries in prop::collection::vec(
            (prop::collection::vec((any::<usize>(), any::<usize>(), 1_usize..14), 1..4), 0..7_u8), 12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        build_files(dir.path(), &paths);
        let index = Index::open(dir.path()).unwrap();
        index.verify().unwrap();
        let all = entries(&paths);
        prop_assert_eq!(index.stats().paths, all.len() as u64);
        for (cuts, flavour) in queries {
            let mut terms = terms(&paths, &cuts);
            let excluded = if flavour == 1 && terms.len() > 1 { terms.pop() } else { None };
            let mut text: Vec<String> = terms.iter().map(|term| format!("\"{term}\"")).collect();
            text.extend(excluded.iter().map(|term| format!("-\"{term}\"")));
            let last = match terms.last() {
                Some(term) if term.len() > 2 && !term.contains(['/', '*', ':']) => term.clone(),
                _ => "aaa".to_owned(),
            };
            match flavour {
                4 => text = vec![format!("*{last}*")],
                5 => text.push(format!("path:{last}")),
                6 => text.push("size:>=20".to_owned()),
                _ => {}
            }
            if flavour == 4 {
                terms.clear();
            }
            let mut query = query(&text.join(" "));
            query.mirrors = (flavour == 2).then(|| "pypi".to_owned()).into_iter().collect();
            query.ext = (flavour == 3).then(|| "tar.gz".to_owned());
            let answer = match index.search_within(&query, Limits::NONE) {
                Ok(answer) => answer,
                Err(QueryError::TooLong(_) | QueryError::UnknownMirror(_) | QueryError::Empty) => continue,
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            };
            let expected: BTreeSet<&(Vec<u8>, bool)> = all
                .iter()
                .filter(|(path, _)| terms.iter().all(|term| naive_match(path, term)))
                .filter(|(path, _)| !excluded.iter().any(|term| naive_match(path, term)))
                .filter(|(path, is_dir)| naive_filter(flavour, path, *is_dir, &last))
                .filter(|(path, _)| flavour != 2 || path.starts_with(b"pypi"))
                .filter(|(path, is_dir)| flavour != 3 || !is_dir && path.to_ascii_lowercase().ends_with(b".tar.gz"))
                .collect();
            let hits: BTreeSet<(Vec<u8>, bool)> =
                answer.hits.iter().map(|hit| (hit.path_bytes.clone(), hit.is_dir)).collect();
            prop_assert_eq!(hits.iter().collect::<BTreeSet<_>>(), expected, "{:?}", query);
            prop_assert_eq!(answer.total, answer.hits.len() as u64);
            prop_assert!(answer.total_is_exact);
            for hit in &answer.hits {
                prop_assert!(hit.highlights.iter().all(|range| hit.path.get(range.clone()).is_some()));
            }
        }
    }
}

#[test]
fn words_stand_for_others() {
    let dir = tempfile::tempdir().unwrap();
    let paths = [
        "v/vbox-7-Win.exe",
        "v/vbox-7.dmg",
        "v/winter.txt",
        "d/a-image_x86_64.iso",
        "d/24.04/b.iso",
    ];
    build_files(dir.path(), &paths.map(|path| path.as_bytes().to_vec()));
    let index = Index::open(dir.path()).unwrap();
    let synonyms = |word: &str, others: &[&str]| {
        let others = others.iter().map(|&other| other.to_owned()).collect();
        Arc::new(Synonyms::from([(word.to_owned(), others)]))
    };
    let also = synonyms("windows", &["win", ".exe"]);
    let instead = synonyms("amd64", &["x86_64"]);
    let search = |text: &str| {
        let answer = index.search(&Query {
            also: Arc::clone(&also),
            instead: Arc::clone(&instead),
            ..query(text)
        });
        let Answer { hits, without, .. } = answer.unwrap();
        (hits.into_iter().map(|hit| hit.path).collect::<Vec<_>>().join(" "), without)
    };
    let whole = |paths: &str| (paths.to_owned(), None);
    assert_eq!(search("vbox Windows"), whole("v/vbox-7-Win.exe"));
    assert_eq!(search("windows"), whole("v/vbox-7-Win.exe"), "a word of its own, not `winter`");
    assert_eq!(search("vbox \"windows\"").1.as_deref(), None, "what is quoted is meant");
    assert_eq!(search("image amd64"), whole("d/a-image_x86_64.iso"));
    assert_eq!(search("d2404 iso"), whole("d/24.04/b.iso"));
    assert_eq!(
        search("vbox dmg nonsense"),
        ("v/vbox-7.dmg".to_owned(), Some("nonsense".to_owned()))
    );
    assert_eq!(search("nonsense"), whole(""));
}

#[test]
fn people_find_the_file_they_mean_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for version in ["22.04.5", "24.04.2", "24.04.3", "24.04.10"] {
        let base = format!("ubuntu-releases/{}/ubuntu-{version}", &version[..5]);
        for end in [
            "desktop-amd64.iso",
            "desktop-amd64.iso.zsync",
            "desktop-amd64.iso.torrent",
            "desktop-amd64.list",
            "live-server-amd64.iso",
            "desktop-amd64.manifest",
        ] {
            paths.push(format!("{base}-{end}").into_bytes());
        }
        paths.push(
            format!("ubuntu-cdimage/releases/{version}/ubuntu-{version}-desktop-arm64.iso")
                .into_bytes(),
        );
    }
    for version in ["6.1.9", "6.1.10", "6.12", "5.15.3"] {
        let major = &version[..1];
        paths.push(format!("kernel/v{major}.x/linux-{version}.tar.xz").into_bytes());
        paths.push(format!("kernel/v{major}.x/linux-{version}.tar.sign").into_bytes());
    }
    for arch in ["amd64", "i386", "arm64"] {
        paths.push(format!("debian/pool/main/g/gcc/gcc-14_14.2.0-1_{arch}.deb").into_bytes());
        paths.push(format!("debian/pool/main/g/gcc/gcc-14-dbg_14.2.0-1_{arch}.deb").into_bytes());
        paths.push(
            format!("debian-cd/13.1.0/{arch}/iso-cd/debian-13.1.0-{arch}-netinst.iso").into_bytes(),
        );
    }
    build_files(dir.path(), &paths);
    let index = Index::open(dir.path()).unwrap();
    for (text, wanted) in [
        ("ubuntu 24.04 desktop iso", "ubuntu-releases/24.04/ubuntu-24.04.10-desktop-amd64.iso"),
        (
            "desktop ubuntu arm64",
            "ubuntu-cdimage/releases/24.04.10/ubuntu-24.04.10-desktop-arm64.iso",
        ),
        ("ubuntu 24.04.3 zsync", "ubuntu-releases/24.04/ubuntu-24.04.3-desktop-amd64.iso.zsync"),
        ("linux", "kernel/v6.x/linux-6.12.tar.xz"),
        ("linux-6.1", "kernel/v6.x/linux-6.1.10.tar.xz"),
        ("gcc-14 deb", "debian/pool/main/g/gcc/gcc-14_14.2.0-1_amd64.deb"),
        ("debian netinst", "debian-cd/13.1.0/amd64/iso-cd/debian-13.1.0-amd64-netinst.iso"),
        ("kernel", "kernel"),
        ("ubuntu24.04 desktop", "ubuntu-releases/24.04/ubuntu-24.04.10-desktop-amd64.iso"),
    ] {
        assert_eq!(found(&index, text).first().map(String::as_str), Some(wanted), "{text}");
    }
    let hits = index.search(&query("24.04.3 iso")).unwrap().hits;
    let shown: Vec<&str> =
        hits[0].highlights.iter().map(|range| &hits[0].path[range.clone()]).collect();
    assert_eq!(shown, ["24.04.3", "iso"]);
    assert_eq!(hits[0].mirror, "ubuntu-releases");
}

#[test]
fn common_words_stop_early_and_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<_> =
        (0..9000).map(|n| format!("m/d{}/name-{n}.txt", n % 7).into_bytes()).collect();
    build_files(dir.path(), &paths);
    let index = Index::open(dir.path()).unwrap();
    let limits = Limits { deadline: std::time::Duration::from_mins(1), ..Limits::VISITOR };
    let answer = index.search_within(&Query { limit: 10, ..query("name") }, limits).unwrap();
    assert!(!answer.total_is_exact && answer.total >= 1000 && answer.total < 3000);
    assert_eq!(answer.hits.len(), 10);
    let answer = index.search_within(&Query { limit: 10, ..query("name") }, Limits::NONE).unwrap();
    assert_eq!((answer.total, answer.total_is_exact), (9000, true));
}

#[test]
fn a_failed_build_leaves_the_old_index_and_a_new_one_replaces_it() {
    let dir = tempfile::tempdir().unwrap();
    let error = Index::open(dir.path()).err().unwrap();
    assert!(error.to_string().contains("there is no index"), "{error}");
    build_files(dir.path(), &[b"m/old".to_vec()]);
    let old = Index::open(dir.path()).unwrap();

    let records = [Ok(file(b"m/new", 1)), Err(anyhow::anyhow!("disk on fire"))];
    assert!(build(dir.path(), &[], records.into_iter(), NOW, &mut |_| {}).is_err());
    // What a kill leaves behind: a draft, and a generation that never became the current one.
    fs::create_dir(dir.path().join("part-9")).unwrap();
    fs::write(dir.path().join("gen-9.json"), "").unwrap();
    assert_eq!(found(&Index::open(dir.path()).unwrap(), "old"), ["m/old"]);

    let report = build_files(dir.path(), &[b"m/new".to_vec()]);
    assert_eq!(report.list, dir.path().join("gen-11.json"));
    assert_eq!(found(&Index::open(dir.path()).unwrap(), "m"), ["m", "m/new"]);
    assert_eq!(found(&old, "old"), ["m/old"], "an open index outlives its files");
    let mut left: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["current", "gen-11.json", "lock", "part-10"]);
}

#[test]
fn two_builds_at_once_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let records = std::iter::once_with(|| {
        let error = build(dir.path(), &[], std::iter::empty(), NOW, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains("another build"), "{error}");
        Ok(file(b"m/f", 1))
    });
    build(dir.path(), &[], records, NOW, &mut |_| {}).unwrap();
}

#[test]
fn an_empty_index_answers() {
    let dir = tempfile::tempdir().unwrap();
    build_files(dir.path(), &[]);
    let answer = Index::open(dir.path()).unwrap().search(&query("x")).unwrap();
    assert!(answer.hits.is_empty() && answer.total_is_exact);
}

#[test]
fn damaged_indexes_are_refused_with_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..200).map(|n| format!("m/name-{n}").into_bytes()).collect();
    build_files(dir.path(), &names);
    let generation = dir.path().join("part-1");
    for file in fs::read_dir(&generation).unwrap() {
        let path = file.unwrap().path();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(Index::open(dir.path()).is_err() || whole.is_empty(), "{}", path.display());
        fs::write(&path, &whole).unwrap();
    }
    let blocks = generation.join(super::names::BLOCKS_FILE);
    let whole = fs::read(&blocks).unwrap();
    fs::write(&blocks, vec![0xa5; whole.len()]).unwrap();
    let index = Index::open(dir.path()).unwrap();
    assert!(index.verify().is_err());
    let answer = index.search(&query("name")).unwrap();
    assert!(!answer.total_is_exact, "damaged blocks are skipped and the answer says so");
    fs::write(&blocks, whole).unwrap();
    fs::write(dir.path().join("current"), "../elsewhere").unwrap();
    assert!(Index::open(dir.path()).is_err());
}

#[test]
fn records_outside_the_mirrors_are_counted_and_the_index_is_shared() {
    fn shared<T: Send + Sync>(_: &T) {}
    let dir = tempfile::tempdir().unwrap();
    let mirrors = [("ros".to_owned(), "git/ros".to_owned())];
    let paths: [&[u8]; 6] = [
        b"git/ros/f",
        b"git/ros/f",
        b"git/rosx/f",
        b"git/ros/../f",
        b"git/ros/.f.iso.Ab12Cd",
        b"x",
    ];
    let records = paths.iter().map(|path| Ok(file(path, 1)));
    let intake = build(dir.path(), &mirrors, records, NOW, &mut |_| {}).unwrap().intake;
    assert_eq!((intake.entries, intake.dirs, intake.duplicates), (2, 1, 1));
    assert_eq!((intake.outside, intake.bad_paths, intake.in_flight), (2, 1, 1));
    let index = Index::open(dir.path()).unwrap();
    shared(&index);
    assert_eq!(index.stats().mirrors[0].paths, 2);
    assert_eq!(found(&index, "mirror:ros"), ["git/ros", "git/ros/f"]);
    assert_eq!(
        index.search(&query("mirror:git")),
        Err(QueryError::UnknownMirror("git".to_owned()))
    );
}

#[test]
fn everything_below_a_folder_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let paths = [&b"debian/a/x.iso"[..], b"debian/a/b/y", b"debian/ab/z", b"x/debian/a/w"];
    let paths: Vec<Vec<u8>> = paths.iter().map(|path| path.to_vec()).collect();
    build_files(dir.path(), &paths);
    let index = Index::open(dir.path()).unwrap();
    let below = |folder: &str| {
        let mut found = Vec::new();
        index
            .below(folder, &mut |entry| {
                found.push((String::from_utf8(entry.path).unwrap(), entry.size, entry.is_dir));
            })
            .unwrap();
        found.sort();
        found
    };
    let wanted =
        [("debian/a/b", 0, true), ("debian/a/b/y", 12, false), ("debian/a/x.iso", 14, false)];
    let wanted = wanted.map(|(path, size, is_dir)| (path.to_owned(), size, is_dir));
    assert_eq!(below("/debian/a"), wanted);
    assert_eq!(below("debian/a/"), wanted);
    assert!(below("debian/none").is_empty());
    assert!(index.below("/", &mut |_| {}).is_err());
}

/// Pairs of id and path, which are the same.
fn mirrors(ids: &[&str]) -> Vec<(String, String)> {
    ids.iter().map(|id| ((*id).to_owned(), (*id).to_owned())).collect()
}

fn update_files(
    dir: &Path,
    now: i64,
    ids: &[&str],
    changed: &[&str],
    paths: &[&str],
) -> BuildReport {
    let changed: Vec<String> = changed.iter().map(|id| (*id).to_owned()).collect();
    let records = paths.iter().map(|path| Ok(file(path.as_bytes(), 1)));
    update(dir, &mirrors(ids), &changed, records, now, &mut |_| {}).unwrap()
}

#[test]
fn an_update_replaces_only_the_mirrors_that_changed() {
    let dir = tempfile::tempdir().unwrap();
    let everything = || {
        let mut paths = Vec::new();
        let index = Index::open(dir.path()).unwrap();
        index.verify().unwrap();
        index.entries(&mut |entry| paths.push(String::from_utf8(entry.path).unwrap())).unwrap();
        paths.sort();
        paths
    };
    update_files(dir.path(), NOW + 1, &["a"], &["a"], &["a/1"]);
    assert_eq!(everything(), ["a", "a/1"], "an update of nothing is a build");
    update_files(dir.path(), NOW + 2, &["a", "b", "c"], &["b", "c"], &["b/1", "c/1"]);
    assert_eq!(everything(), ["a", "a/1", "b", "b/1", "c", "c/1"]);
    let report = update_files(dir.path(), NOW + 3, &["a", "b", "c"], &["b"], &["b/2", "b/d/3"]);
    assert_eq!(everything(), ["a", "a/1", "b", "b/2", "b/d", "b/d/3", "c", "c/1"]);
    assert_eq!(report.parts, 1, "small mirrors stay together");
    let index = Index::open(dir.path()).unwrap();
    assert_eq!(index.seen_at("b"), Some(NOW + 3));
    assert_eq!(index.seen_at("a"), Some(NOW + 1), "when its files were looked at stays known");
    update_files(dir.path(), NOW + 4, &["a", "c"], &["c"], &[]);
    assert_eq!(everything(), ["a", "a/1"], "b is gone, and c is empty");
    let failing = std::iter::once(Err(anyhow::anyhow!("disk on fire")));
    let changed = ["a".to_owned()];
    assert!(update(dir.path(), &mirrors(&["a"]), &changed, failing, NOW, &mut |_| {}).is_err());
    assert_eq!(everything(), ["a", "a/1"]);
}
