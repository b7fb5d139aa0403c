//! The metadata of rpm repositories: `repomd.xml`, and the packages of `primary.xml`.
//!
//! Format: the source of `createrepo_c` (`src/xml_dump_repomd.c`, `src/xml_dump_primary.c`); there is
//! no other specification.

use std::io::BufRead;

use jiff::Timestamp;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::stamp;

/// Deepest nesting that is followed; real files have five levels.
const DEPTH: usize = 16;
/// Longest text of one element, in bytes.
const TEXT: usize = 4096;

/// Why a document is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// Not well-formed, or a disk error while reading.
    #[error(transparent)]
    Xml(#[from] quick_xml::Error),
    /// Well-formed, but something else.
    #[error("no {0} in it")]
    Missing(&'static str),
    /// Nested more than `DEPTH` levels, or a text of more than `TEXT` bytes.
    #[error("nested too deeply, or a text is too long")]
    Excessive,
}

/// A checksum as metadata writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksum {
    /// `sha256`, `sha512`; `sha` and `md5` in old repositories.
    pub kind: String,
    /// Hexadecimal digits.
    pub value: String,
}

/// `repomd.xml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repomd {
    /// Whatever the maker of the repository calls this state of it.
    pub revision: Option<String>,
    /// The files it names.
    pub data: Vec<Data>,
}

/// One file of metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// `primary`, `filelists`, …
    pub kind: String,
    /// Path relative to the folder above `repodata`.
    pub location: String,
    /// Of the file as it is on disk.
    pub checksum: Checksum,
    /// In bytes.
    pub size: Option<u64>,
    /// When it was made.
    pub timestamp: Option<Timestamp>,
}

/// A package as `primary.xml` names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Path relative to the folder above `repodata`.
    pub location: String,
    /// In bytes.
    pub size: Option<u64>,
    /// Of the file.
    pub checksum: Checksum,
}

impl Repomd {
    /// Parses a `repomd.xml`.
    ///
    /// # Errors
    /// What is no XML, or has no `<repomd>`.
    pub fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        let mut repomd = Self::default();
        let mut is_repomd = false;
        walk(bytes, |path, element| {
            is_repomd |= path.first().is_some_and(|name| name == "repomd");
            let names: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
            match (names.as_slice(), element) {
                (["revision"], Element::Text(text)) => repomd.revision = Some((*text).to_owned()),
                (["data"], Element::Start(start)) => {
                    repomd.data.push(Data { kind: attribute(start, "type"), ..Data::default() });
                }
                (["data", rest @ ..], element) => {
                    if let Some(data) = repomd.data.last_mut() {
                        data.take(rest, element);
                    }
                }
                _ => {}
            }
            true
        })?;
        if is_repomd { Ok(repomd) } else { Err(XmlError::Missing("<repomd>")) }
    }
}

impl Data {
    fn take(&mut self, path: &[&str], element: &Element<'_, '_>) {
        match (path, element) {
            (["location"], Element::Start(start)) => self.location = attribute(start, "href"),
            (["checksum"], Element::Start(start)) => self.checksum.kind = attribute(start, "type"),
            (["checksum"], Element::Text(text)) => (*text).clone_into(&mut self.checksum.value),
            (["size"], Element::Text(text)) => self.size = text.parse().ok(),
            (["timestamp"], Element::Text(text)) => self.timestamp = stamp::epoch(text),
            _ => {}
        }
    }
}

/// Hands over the packages of a `primary.xml`, one by one, until `see` says that it has enough.
///
/// # Errors
/// What is no XML; packages before the fault have been handed over.
pub fn packages(xml: impl BufRead, mut see: impl FnMut(Package) -> bool) -> Result<(), XmlError> {
    let mut package = Package::default();
    walk(xml, |path, element| {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match (names.as_slice(), element) {
            (["metadata", "package"], Element::Start(_)) => package = Package::default(),
            (["metadata", "package"], Element::End) => {
                return package.location.is_empty() || see(std::mem::take(&mut package));
            }
            (["metadata", "package", rest @ ..], element) => package.take(rest, element),
            _ => {}
        }
        true
    })
}

impl Package {
    fn take(&mut self, path: &[&str], element: &Element<'_, '_>) {
        match (path, element) {
            // A location with another base is on another server.
            (["location"], Element::Start(start)) if attribute(start, "xml:base").is_empty() => {
                self.location = attribute(start, "href");
            }
            (["size"], Element::Start(start)) => {
                self.size = attribute(start, "package").parse().ok();
            }
            (["checksum"], Element::Start(start)) => self.checksum.kind = attribute(start, "type"),
            (["checksum"], Element::Text(text)) => (*text).clone_into(&mut self.checksum.value),
            _ => {}
        }
    }
}

enum Element<'a, 'b> {
    Start(&'a BytesStart<'b>),
    Text(&'a str),
    End,
}

/// Calls `see` with the names of the open elements and what comes next, until it returns false.
fn walk(
    xml: impl BufRead,
    mut see: impl FnMut(&[String], &Element<'_, '_>) -> bool,
) -> Result<(), XmlError> {
    let mut reader = Reader::from_reader(xml);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().trim_text(true);
    let mut path: Vec<String> = Vec::new();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let goes_on = match reader.read_event_into(&mut buffer)? {
            Event::Start(start) => {
                if path.len() == DEPTH {
                    return Err(XmlError::Excessive);
                }
                path.push(start.local_name().as_ref().to_owned());
                see(&path, &Element::Start(&start))
            }
            Event::Text(text) => {
                if text.len() > TEXT {
                    // Descriptions of packages are long and of no interest.
                    true
                } else {
                    see(&path, &Element::Text(&text))
                }
            }
            Event::End(_) => {
                let goes_on = see(&path, &Element::End);
                path.pop();
                goes_on
            }
            Event::Eof if path.is_empty() => return Ok(()),
            Event::Eof => return Err(XmlError::Missing("end")),
            _ => true,
        };
        if !goes_on {
            return Ok(());
        }
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> String {
    start
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.as_ref() == name)
        .and_then(|attribute| {
            quick_xml::escape::unescape(&attribute.value).ok().map(std::borrow::Cow::into_owned)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PRIMARY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="2">
<package type="rpm">
  <name>a</name>
  <checksum type="sha256" pkgid="YES">aa</checksum>
  <size package="1234" installed="10" archive="400"/>
  <location href="Packages/a/a&amp;b-1-1.noarch.rpm"/>
  <format><rpm:provides><rpm:entry name="x" flags="EQ"/></rpm:provides><file>/usr/bin/a</file></format>
</package>
<package type="rpm"><location xml:base="http://elsewhere.example/" href="b.rpm"/></package>
<package type="rpm"><location href="c.rpm"/></package>
</metadata>"#;

    fn all(xml: &[u8]) -> (Vec<Package>, bool) {
        let mut found = Vec::new();
        let result = packages(xml, |package| {
            found.push(package);
            true
        });
        (found, result.is_ok())
    }

    #[test]
    fn packages_come_one_by_one() {
        let (found, is_whole) = all(PRIMARY.as_bytes());
        assert!(is_whole);
        assert_eq!(found.len(), 2, "what lies on another server is left out");
        let checksum = Checksum { kind: "sha256".to_owned(), value: "aa".to_owned() };
        let location = "Packages/a/a&b-1-1.noarch.rpm".to_owned();
        assert_eq!(found[0], Package { location, size: Some(1234), checksum });
        assert_eq!(found[1].location, "c.rpm");
    }

    #[test]
    fn a_broken_end_keeps_what_was_before_and_is_an_error() {
        let cut = PRIMARY.find("<package type=\"rpm\"><location href=\"c").unwrap();
        let (found, is_whole) = all(&PRIMARY.as_bytes()[..cut]);
        assert_eq!((found.len(), is_whole), (1, false));
    }

    #[test]
    fn endless_nesting_is_refused() {
        assert!(matches!(Repomd::parse("<a>".repeat(100).as_bytes()), Err(XmlError::Excessive)));
        assert!(matches!(Repomd::parse(b"<html></html>"), Err(XmlError::Missing(_))));
    }

    proptest! {
        #[test]
        fn no_document_makes_it_panic(
            bytes: Vec<u8>,
            pieces in proptest::collection::vec(
                prop_oneof!["<data type=\"primary\">", "</data>", "<repomd>", "<location href='&#x110000;'/>", "<!--", "\\PC{0,8}", "<package>", "&a;"], 0..20),
        ) {
            let _ = Repomd::parse(&bytes);
            let text = pieces.concat();
            let _ = Repomd::parse(text.as_bytes());
            let _ = all(text.as_bytes());
        }
    }
}
