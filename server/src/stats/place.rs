//! Which mirror a path is of.

use std::{borrow::Cow, collections::HashMap};

use percent_encoding::percent_decode;

use crate::content::mirror::RESERVED;

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A mirror, by its number in [`Places::ids`].
    Mirror(usize),
    /// A page of the site.
    Site,
    /// Nothing that is here.
    Nowhere,
}

/// A mirror as logs may name it.
#[derive(Clone, Debug)]
pub struct Named<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its path, such as `/debian`.
    pub path: &'a str,
    /// Other spellings of the first segment, which are redirected.
    pub aliases: &'a [String],
}

/// The paths of all mirrors.
#[derive(Clone, Debug, Default)]
pub struct Places {
    ids: Vec<String>,
    /// Paths without the first slash by their first segment, longest first.
    by_first: HashMap<Vec<u8>, Vec<(Vec<u8>, usize)>>,
    /// Other spellings, in small letters.
    spellings: HashMap<Vec<u8>, usize>,
}

impl Places {
    /// Takes in the mirrors of a site.
    pub fn new<'a>(mirrors: impl IntoIterator<Item = Named<'a>>) -> Self {
        let mut places = Self::default();
        for mirror in mirrors {
            let number = places.ids.len();
            places.ids.push(mirror.id.to_owned());
            let path = mirror.path.trim_matches('/').as_bytes();
            let first = path.split(|b| *b == b'/').next().unwrap_or_default();
            places.by_first.entry(first.to_vec()).or_default().push((path.to_vec(), number));
            let spellings = mirror.aliases.iter().map(String::as_str).chain([mirror.id]);
            for spelling in spellings {
                let spelling = spelling.to_ascii_lowercase().into_bytes();
                places.spellings.entry(spelling).or_insert(number);
            }
        }
        for paths in places.by_first.values_mut() {
            paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        }
        places
    }

    /// The id of a mirror.
    pub fn id(&self, number: usize) -> &str {
        self.ids.get(number).map_or("", String::as_str)
    }

    /// What a request was for, by its target as it was sent.
    pub fn find(&self, target: &[u8]) -> Place {
        let path = path(target);
        let path = path.strip_prefix(b"/").unwrap_or(&path);
        let path = match path.strip_prefix(b"en") {
            Some(b"") => b"",
            Some([b'/', rest @ ..]) => rest,
            _ => path,
        };
        let first = path.split(|b| *b == b'/').next().unwrap_or_default();
        if first.is_empty() {
            return if target.is_empty() { Place::Nowhere } else { Place::Site };
        }
        let paths = self.by_first.get(first).map(Vec::as_slice).unwrap_or_default();
        let is_below = |root: &[u8]| {
            path.strip_prefix(root).is_some_and(|rest| matches!(rest, [] | [b'/', ..]))
        };
        if let Some((_, number)) = paths.iter().find(|(root, _)| is_below(root)) {
            return Place::Mirror(*number);
        }
        if std::str::from_utf8(first).is_ok_and(|first| RESERVED.contains(&first)) {
            return Place::Site;
        }
        let spelling = self.spellings.get(&first.to_ascii_lowercase());
        spelling.map_or(Place::Nowhere, |number| Place::Mirror(*number))
    }
}

/// The path of a target as nginx understands it: without scheme, host and query, decoded, with neither
/// empty segments nor dots.
fn path(target: &[u8]) -> Cow<'_, [u8]> {
    let target = match target {
        [b'/', ..] | [] => target,
        _ => after_host(target),
    };
    let end = memchr::memchr2(b'?', b'#', target).unwrap_or(target.len());
    let encoded = target.get(..end).unwrap_or_default();
    let decoded: Cow<'_, [u8]> = if memchr::memchr(b'%', encoded).is_some() {
        percent_decode(encoded).into()
    } else {
        Cow::Borrowed(encoded)
    };
    let is_plain = |path: &[u8]| {
        memchr::memmem::find(path, b"//").is_none() && memchr::memmem::find(path, b"/.").is_none()
    };
    if is_plain(&decoded) { decoded } else { Cow::Owned(simplified(&decoded)) }
}

/// `http://host/path` → `/path`: what a proxy would be asked for.
fn after_host(target: &[u8]) -> &[u8] {
    let host = memchr::memmem::find(target, b"://").map(|at| &target[at + 3..]);
    host.and_then(|host| memchr::memchr(b'/', host).map(|at| &host[at..])).unwrap_or_default()
}

fn simplified(path: &[u8]) -> Vec<u8> {
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in path.split(|b| *b == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut out = Vec::with_capacity(path.len());
    for segment in segments {
        out.push(b'/');
        out.extend_from_slice(segment);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let alias = ["Debain".to_owned()];
        let named = |id, path| Named { id, path, aliases: &[] };
        Places::new([
            Named { aliases: &alias, ..named("debian", "/debian") },
            named("debian-cd", "/debian-cd"),
            named("git/lean", "/git/lean"),
            named("git/lean/deep", "/git/lean/deep"),
            named("odd", "/a b"),
        ])
    }

    #[test]
    fn the_longest_path_wins_and_only_whole_segments_count() {
        let places = places();
        let id = |target: &str| match places.find(target.as_bytes()) {
            Place::Mirror(number) => places.id(number).to_owned(),
            Place::Site => "(site)".to_owned(),
            Place::Nowhere => "(nowhere)".to_owned(),
        };
        for (target, want) in [
            ("/debian", "debian"),
            ("/debian/", "debian"),
            ("/debian/dists/sid/InRelease?x=/debian-cd/", "debian"),
            ("/debian-cd/a.iso", "debian-cd"),
            ("/debian-cds/a.iso", "(nowhere)"),
            ("/git/lean/x", "git/lean"),
            ("/git/lean/deep/x", "git/lean/deep"),
            ("/git/lean/deeper", "git/lean"),
            ("/git/other", "(nowhere)"),
            ("/%64ebian/x", "debian"),
            ("/a%20b/x", "odd"),
            ("//debian//x", "debian"),
            ("/debian/../debian-cd/x", "debian-cd"),
            ("/debian/%2e%2e/debian-cd/x", "debian-cd"),
            ("/en/debian/", "debian"),
            ("/Debian/x", "debian"),
            ("/debain/x", "debian"),
            ("http://mirror.example/debian/x", "debian"),
            ("https://mirror.example", "(site)"),
            ("/", "(site)"),
            ("/en/", "(site)"),
            ("/docs/debian", "(site)"),
            ("/status", "(site)"),
            ("/wp-login.php", "(nowhere)"),
            ("*", "(site)"),
            ("", "(nowhere)"),
        ] {
            assert_eq!(id(target), want, "{target}");
        }
    }
}
