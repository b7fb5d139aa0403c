//! From rules to files.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::ffi::OsStrExt as _,
    rc::Rc,
    time::Duration,
};

use app::download::{Checksum, Distribution, Download};
use jiff::Timestamp;

use super::{
    pattern::{Part, Parts, Pattern, Step},
    rule::Rule,
    sums::{self, Sums},
    version,
};
use crate::{
    content::mirror::MirrorFacts,
    files::{Found as There, RelPath, Trees, natural, tree},
    index::{Index, Limits, MAX_LIMIT, Query},
};

/// Most folders read for one pattern.
const MOST_FOLDERS: usize = 4000;
/// Most names read of one folder.
const MOST_NAMES: usize = 100_000;
/// Most files shown for one rule.
const MOST_FILES: usize = 120;
/// Most bytes of a checksum file; that of the kernel has 400 kB.
const MOST_SUMS: u64 = 4 << 20;
/// What a look into the index may cost; nobody waits for it.
const LIMITS: Limits = Limits { matches: 20_000, blocks: 50_000, deadline: Duration::from_secs(1) };

/// Where a mirror's files are known from.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// The tree is on this machine.
    Disk(&'a Trees),
    /// Only the index knows it.
    Index(&'a Index),
}

/// What one mirror has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// One for each rule that found something.
    pub distributions: Vec<Distribution>,
    /// Patterns of the other rules.
    pub silent: Vec<String>,
}

/// Applies the rules of a mirror. Blocks on the disk.
pub fn look(place: Place<'_>, mirror: &MirrorFacts) -> Found {
    let mut found = Found::default();
    let Ok(base) = RelPath::parse(&mirror.path()) else { return found };
    let mut finder = Finder { place, base, folders: HashMap::new(), sums: HashMap::new() };
    for rule in &mirror.file.download {
        let files = finder.apply(rule, &mirror.id);
        if files.is_empty() {
            let patterns = rule.files.iter().map(Pattern::text);
            found.silent.push(patterns.collect::<Vec<_>>().join(", "));
            continue;
        }
        let cname = mirror.file.cname.as_ref().unwrap_or(&mirror.id);
        found.distributions.push(Distribution {
            id: rule.distro.as_ref().unwrap_or(cname).clone(),
            name: rule.name.as_ref().unwrap_or(&mirror.file.name).clone(),
            kind: rule.category,
            files,
        });
    }
    found
}

/// A path of the right form, of which it is not yet known whether the world may read it.
struct Candidate {
    path: RelPath,
    file: String,
    parts: Parts,
    /// What the index says.
    known: Option<(u64, Option<Timestamp>)>,
}

/// Reads folders and checksum files, each once.
struct Finder<'a> {
    place: Place<'a>,
    base: RelPath,
    /// Names in each folder, sorted by their bytes.
    folders: HashMap<Vec<u8>, Rc<Vec<String>>>,
    sums: HashMap<Vec<u8>, Rc<Sums>>,
}

impl Finder<'_> {
    fn apply(&mut self, rule: &Rule, mirror: &str) -> Vec<Download> {
        let mut candidates = Vec::new();
        let mut taken = HashSet::new();
        for (place, pattern) in rule.files.iter().enumerate() {
            let mut of_pattern = match self.place {
                Place::Disk(_) => self.on_disk(pattern),
                Place::Index(index) => self.in_index(index, pattern, mirror),
            };
            of_pattern.retain(|candidate| taken.insert(candidate.path.bytes().to_vec()));
            candidates.extend(of_pattern.into_iter().map(|candidate| (place, candidate)));
        }
        // Of two names for the same, that of the first pattern counts, and the shorter one.
        candidates.sort_by(|(at, a), (place, b)| {
            version::compare(version_of(&b.parts), version_of(&a.parts))
                .then_with(|| at.cmp(place))
                .then_with(|| a.path.bytes().len().cmp(&b.path.bytes().len()))
                .then_with(|| natural::compare(a.path.bytes(), b.path.bytes()))
        });
        let candidates = candidates.into_iter().map(|(_, candidate)| candidate);
        self.choose(rule, mirror, candidates)
    }

    /// The newest that are open to the world. A release that is not yet does not take the place of another.
    fn choose(
        &mut self,
        rule: &Rule,
        mirror: &str,
        candidates: impl Iterator<Item = Candidate>,
    ) -> Vec<Download> {
        let mut chosen = Choice::new(rule);
        let mut files = Vec::new();
        let mut seen = HashSet::new();
        for candidate in candidates {
            if !chosen.wants(&candidate.parts) {
                continue;
            }
            let Some((size, time)) = candidate.known.or_else(|| self.facts(&candidate.path)) else {
                continue;
            };
            // Folders often have a second name.
            if seen.insert((candidate.file.clone(), size)) {
                chosen.take(&candidate.parts);
                files.push(self.download(mirror, candidate, size, time));
            }
            if files.len() == MOST_FILES {
                break;
            }
        }
        files
    }

    fn download(
        &mut self,
        mirror: &str,
        candidate: Candidate,
        size: u64,
        time: Option<Timestamp>,
    ) -> Download {
        let Candidate { path, file, parts, .. } = candidate;
        let part = |part| parts.get(part).map(ToOwned::to_owned);
        let folder = path.parent().unwrap_or(RelPath::root());
        Download {
            mirror: mirror.to_owned(),
            href: path.href(),
            version: part(Part::Version),
            arch: part(Part::Arch),
            edition: part(Part::Edition),
            size,
            time,
            checksum: self.checksum(&folder, &file),
            signature: self.signature(&folder, &file),
            file,
        }
    }

    fn facts(&self, path: &RelPath) -> Option<(u64, Option<Timestamp>)> {
        let Place::Disk(trees) = self.place else { return None };
        match trees.find(path).ok()? {
            There::File { metadata, .. } => Some((metadata.len(), tree::modified(&metadata))),
            There::Folder { .. } => None,
        }
    }

    fn on_disk(&mut self, pattern: &Pattern) -> Vec<Candidate> {
        let mut out = Vec::new();
        let mut left = MOST_FOLDERS;
        let mut todo = vec![(self.base.clone(), 0, Parts::default())];
        while let Some((folder, depth, known)) = todo.pop() {
            let Some(step) = pattern.step(depth, &known) else { continue };
            let names = match &step {
                Step::Is(name) => Rc::new(vec![name.clone()]),
                Step::Like(_) if left == 0 => break,
                Step::Like(_) => {
                    left -= 1;
                    self.names(&folder)
                }
            };
            let is_file = depth + 1 == pattern.depth();
            for name in names.iter() {
                let Some(parts) = step.read(name, &known) else { continue };
                let path = folder.child(name.as_bytes(), !is_file);
                if is_file {
                    out.push(Candidate { path, file: name.clone(), parts, known: None });
                } else {
                    todo.push((path, depth + 1, parts));
                }
            }
        }
        out
    }

    fn in_index(&self, index: &Index, pattern: &Pattern, mirror: &str) -> Vec<Candidate> {
        if !index.has_mirror(mirror) {
            return Vec::new();
        }
        let base = self.base.display();
        let query = Query {
            text: pattern.file_glob(),
            mirrors: vec![mirror.to_owned()],
            folder: Some(format!("/{base}/{}", pattern.fixed_folder())),
            limit: MAX_LIMIT,
            ..Query::default()
        };
        let Ok(answer) = index.search_within(&query, LIMITS) else { return Vec::new() };
        let read = |hit: crate::index::Hit| {
            let below = hit.path.strip_prefix(&base)?.strip_prefix('/')?;
            let parts = pattern.read(below)?;
            let file = below.rsplit('/').next()?.to_owned();
            let path = self.base.join(below.as_bytes()).ok()?;
            let time = Timestamp::from_second(hit.mtime).ok();
            let is_file = !hit.is_dir && is_plain(&file) && hit.path_bytes == hit.path.as_bytes();
            is_file.then_some(Candidate { path, file, parts, known: Some((hit.size, time)) })
        };
        answer.hits.into_iter().filter_map(read).collect()
    }

    /// Names in a folder that the world may list, and that a shell line can hold.
    fn names(&mut self, folder: &RelPath) -> Rc<Vec<String>> {
        if let Some(names) = self.folders.get(folder.bytes()) {
            return Rc::clone(names);
        }
        let Place::Disk(trees) = self.place else { return Rc::default() };
        let mut names = match trees.find(folder) {
            Ok(There::Folder { path }) => read_names(&path),
            _ => Vec::new(),
        };
        names.sort_unstable();
        let names = Rc::new(names);
        self.folders.insert(folder.bytes().to_vec(), Rc::clone(&names));
        names
    }

    fn checksum(&mut self, folder: &RelPath, file: &str) -> Option<Checksum> {
        let names = self.names(folder);
        for (name, is_about_one) in checksum_files(&names, file) {
            let sums = self.read_sums(folder, &name);
            let Some(line) = sums.of(file, is_about_one) else { continue };
            let source = folder.child(name.as_bytes(), false).href();
            return Some(Checksum {
                algorithm: line.algorithm,
                hex: line.hex.clone(),
                signature: if sums.is_signed {
                    Some(source.clone())
                } else {
                    self.signature(folder, &name)
                },
                source,
            });
        }
        None
    }

    fn read_sums(&mut self, folder: &RelPath, name: &str) -> Rc<Sums> {
        let path = folder.child(name.as_bytes(), false);
        if let Some(sums) = self.sums.get(path.bytes()) {
            return Rc::clone(sums);
        }
        let bytes = match self.place {
            Place::Disk(trees) => tree::read_small(trees, &path, MOST_SUMS).unwrap_or_default(),
            Place::Index(_) => Vec::new(),
        };
        let sums = Rc::new(sums::parse(name, &bytes));
        self.sums.insert(path.bytes().to_vec(), Rc::clone(&sums));
        sums
    }

    /// What signs a file: a file beside it.
    fn signature(&mut self, folder: &RelPath, file: &str) -> Option<String> {
        let names = self.names(folder);
        [".asc", ".sig", ".sign", ".gpg"].iter().find_map(|ending| {
            let name = format!("{file}{ending}");
            names.binary_search(&name).ok()?;
            let path = folder.child(name.as_bytes(), false);
            self.facts(&path).map(|_| path.href())
        })
    }
}

fn version_of(parts: &Parts) -> &str {
    parts.get(Part::Version).unwrap_or_default()
}

/// Counts versions.
struct Choice<'a> {
    rule: &'a Rule,
    /// For each group of files: its lines of releases, and the newest version of each.
    lines: HashMap<Vec<Option<String>>, Vec<(String, String)>>,
}

impl<'a> Choice<'a> {
    fn new(rule: &'a Rule) -> Self {
        Self { rule, lines: HashMap::new() }
    }

    fn group(&self, parts: &Parts) -> Vec<Option<String>> {
        self.rule.each.iter().map(|part| parts.get(*part).map(ToOwned::to_owned)).collect()
    }

    fn line(&self, parts: &Parts) -> String {
        let version = version_of(parts);
        self.rule.series.map_or(version.to_owned(), |n| version::series(version, n.get().into()))
    }

    /// Whether a file is of a version that is shown, given that new ones come first.
    fn wants(&self, parts: &Parts) -> bool {
        let Some(lines) = self.lines.get(&self.group(parts)) else { return true };
        let line = self.line(parts);
        match lines.iter().find(|(known, _)| *known == line) {
            Some((_, newest)) => newest == version_of(parts),
            None => lines.len() < usize::from(self.rule.versions.get()),
        }
    }

    fn take(&mut self, parts: &Parts) {
        let (group, line) = (self.group(parts), self.line(parts));
        let lines = self.lines.entry(group).or_default();
        if !lines.iter().any(|(known, _)| *known == line) {
            lines.push((line, version_of(parts).to_owned()));
        }
    }
}

fn read_names(folder: &std::path::Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let name = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let is_hidden = tree::is_hidden(name.as_bytes());
        name.into_string().ok().filter(|name| !is_hidden && is_plain(name))
    };
    entries.flatten().take(MOST_NAMES).filter_map(name).collect()
}

/// SECURITY: no name that a terminal or `sha256sum -c` would take for something else.
fn is_plain(name: &str) -> bool {
    !name.chars().any(|c| c.is_control() || c == '\\')
}

/// Files that may have the checksum of `file`, the best first, and whether they are about it alone.
fn checksum_files(names: &[String], file: &str) -> Vec<(String, bool)> {
    const BESIDE: [&str; 7] = [
        ".sha256",
        ".sha256sum",
        ".sha256.txt",
        ".CHECKSUM",
        ".sha512",
        ".sha512sum",
        ".sha512.txt",
    ];
    let beside = BESIDE.iter().map(|ending| format!("{file}{ending}"));
    let beside = beside.filter(|name| names.binary_search(name).is_ok()).map(|name| (name, true));
    let of_all = names.iter().filter(|name| is_of_folder(name)).map(|name| (name.clone(), false));
    let mut all: Vec<_> = beside.chain(of_all).collect();
    all.sort_by_key(|(name, _)| name.contains("512"));
    all
}

/// `SHA256SUMS`, `sha256sums.txt`, `sha256sums.asc`, `CHECKSUM`, `Fedora-Server-43-1.6-x86_64-CHECKSUM`.
fn is_of_folder(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".txt").or_else(|| name.strip_suffix(".asc")).unwrap_or(&name);
    let is_sums = |name: &str| {
        ["sha256sums", "sha256sum", "sha512sums", "sha512sum", "checksum", "checksums"]
            .contains(&name)
    };
    is_sums(stem) || stem.ends_with("-checksum")
}
