//! `Release` files of apt repositories (Debian wiki, `RepositoryFormat`; apt-secure(8)).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ledger::{Expected, Hash};
use crate::probe::stamp;

/// What matters of a `Release` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// After which clients refuse it.
    pub valid_until: Option<Timestamp>,
    /// Whether clients ask for indexes below `by-hash/` first.
    pub has_by_hash: bool,
    /// Files by their path relative to the `Release` file, all kinds of compression.
    pub files: BTreeMap<String, Expected>,
}

impl Release {
    /// Parses the signed text; none when it names no file with a checksum.
    pub fn parse(text: &str) -> Option<Self> {
        let mut release = Self::default();
        let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut field = "";
        for line in text.lines() {
            if line.starts_with([' ', '\t']) {
                lists.entry(field).or_default().push(line);
                continue;
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            field = name;
            match name {
                "Valid-Until" => release.valid_until = stamp::rfc2822(value.trim()),
                "Acquire-By-Hash" => release.has_by_hash = value.trim() == "yes",
                _ => {}
            }
        }
        // apt takes the strongest; the weak ones still tell sizes.
        let (kind, lines) = ["SHA256", "SHA512", "SHA1", "MD5Sum"]
            .into_iter()
            .find_map(|kind| Some((kind, lists.get(kind)?)))?;
        release.files = lines.iter().filter_map(|line| entry(kind, line)).collect();
        (!release.files.is_empty()).then_some(release)
    }
}

/// ` HASH SIZE PATH`
fn entry(kind: &str, line: &str) -> Option<(String, Expected)> {
    let mut words = line.split_whitespace();
    let (hash, size, path) = (words.next()?, words.next()?, words.next()?);
    let hash = hash.to_ascii_lowercase();
    let hash = match kind {
        "SHA256" => Some(Hash::Sha256(hash)),
        "SHA512" => Some(Hash::Sha512(hash)),
        _ => None,
    };
    Some((path.to_owned(), Expected { size: Some(size.parse().ok()?), hash }))
}

/// The text between the armor lines of a clear-signed file, unverified; what is not clear-signed
/// stays as it is.
pub fn unsigned_text(text: &str) -> String {
    let Some(rest) = text.strip_prefix("-----BEGIN PGP SIGNED MESSAGE-----") else {
        return text.to_owned();
    };
    let lines = rest.lines().skip(1).skip_while(|line| !line.trim().is_empty()).skip(1);
    let body = lines.take_while(|line| *line != "-----BEGIN PGP SIGNATURE-----");
    body.flat_map(|line| [line.strip_prefix("- ").unwrap_or(line), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_strongest_list_counts() {
        let text = "Origin: x\nValid-Until: Sat, 28 Nov 2026 02:10:03 UTC\nAcquire-By-Hash: yes\nMD5Sum:\n 00 1 a\nSHA256:\n AB 12 main/binary-amd64/Packages.xz\n broken\n cd 0 b\n";
        let release = Release::parse(text).unwrap();
        assert!(release.has_by_hash && release.valid_until.is_some());
        let names: Vec<_> = release.files.keys().map(String::as_str).collect();
        assert_eq!(names, ["b", "main/binary-amd64/Packages.xz"]);
        let hash = Some(Hash::Sha256("ab".to_owned()));
        assert_eq!(
            release.files["main/binary-amd64/Packages.xz"],
            Expected { size: Some(12), hash }
        );
    }

    #[test]
    fn what_names_nothing_is_no_release() {
        assert_eq!(Release::parse("<html></html>"), None);
        assert_eq!(Release::parse("Origin: Debian\nSHA256:\n"), None);
    }

    #[test]
    fn armor_is_taken_off() {
        let text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nOrigin: x\n- -dash\n-----BEGIN PGP SIGNATURE-----\nabc\n";
        assert_eq!(unsigned_text(text), "Origin: x\n-dash\n");
        assert_eq!(unsigned_text("Origin: x\n"), "Origin: x\n");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(SHA256:|MD5Sum:|\\PC|\n| ){0,80}") {
            let _ = Release::parse(&unsigned_text(&text));
        }
    }
}
