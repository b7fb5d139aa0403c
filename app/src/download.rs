//! Installers and applications, as the page of downloads, the API and `MirrorZ` show them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Bilingual, Lang};

/// Kind of what can be downloaded; the categories of `MirrorZ`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Operating systems.
    #[default]
    Os,
    /// Applications.
    App,
    /// Fonts.
    Font,
}

impl Kind {
    /// Every kind, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Os, Self::App, Self::Font];

    /// The value in programs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::App => "app",
            Self::Font => "font",
        }
    }

    /// For people.
    pub fn word(self, lang: Lang) -> &'static str {
        let t = lang.texts();
        match self {
            Self::Os => t.downloads_os,
            Self::App => t.downloads_app,
            Self::Font => t.downloads_font,
        }
    }
}

/// Everything of one name, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Name in addresses and in `MirrorZ`: `ubuntu`.
    pub id: String,
    /// Name for people.
    pub name: Bilingual,
    /// Kind.
    pub kind: Kind,
    /// Its files.
    pub files: Vec<Download>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Id of the mirror that holds it.
    pub mirror: String,
    /// Percent-encoded address below the host.
    pub href: String,
    /// Name of the file.
    pub file: String,
    /// Version.
    pub version: Option<String>,
    /// Architecture.
    pub arch: Option<String>,
    /// Edition.
    pub edition: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Modification time.
    pub time: Option<Timestamp>,
    /// Its checksum, when the mirror has one.
    pub checksum: Option<Checksum>,
    /// Address of its signature, when the mirror has one.
    pub signature: Option<String>,
}

/// What a checksum file says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How it was made.
    pub algorithm: Algorithm,
    /// The hash in small letters.
    pub hex: String,
    /// Address of the checksum file.
    pub source: String,
    /// Address of what signs the checksum file; itself, when it is clear-signed.
    pub signature: Option<String>,
}

/// A hash that can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512, where there is nothing shorter.
    Sha512,
}

impl Algorithm {
    /// Both, the preferred one first.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// The value in programs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Hexadecimal digits of a hash.
    pub const fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl Distribution {
    /// Where it stands on the page of downloads.
    pub fn page(&self, lang: Lang) -> String {
        page(lang, &self.id)
    }
}

/// Where the distribution of this id stands on the page of downloads.
pub fn page(lang: Lang, id: &str) -> String {
    format!("{}/downloads#{id}", lang.prefix())
}

impl Download {
    /// `13.2.0 (amd64, netinst)`, as `MirrorZ` writes it.
    pub fn label(&self) -> String {
        let inner: Vec<&str> =
            [&self.arch, &self.edition].into_iter().filter_map(|part| part.as_deref()).collect();
        match (&self.version, inner.as_slice()) {
            (None, []) => self.file.clone(),
            (None, inner) => inner.join(", "),
            (Some(version), []) => version.clone(),
            (Some(version), inner) => format!("{version} ({})", inner.join(", ")),
        }
    }

    /// Whether it has every one of these words, which are in small letters.
    pub fn has(&self, distribution: &Distribution, words: &[String]) -> bool {
        let Distribution { id, name, .. } = distribution;
        let all =
            format!("{id} {} {} {} {} {}", name.zh, name.en, self.label(), self.file, self.mirror);
        let all = all.to_lowercase();
        words.iter().all(|word| all.contains(word))
    }
}

impl Checksum {
    /// The shell line that checks a file of this name in the present folder.
    pub fn command(&self, file: &str) -> String {
        // SECURITY: names come from upstreams; within single quotes only the quote itself is special, and
        // names with control characters or backslashes, which sha256sum would unescape, are not listed.
        let name = file.replace('\'', r"'\''");
        format!("echo '{}  {name}' | {}sum -c", self.hex, self.algorithm.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn download(version: Option<&str>, arch: Option<&str>) -> Download {
        Download {
            mirror: "m".to_owned(),
            href: "/m/f".to_owned(),
            file: "f".to_owned(),
            version: version.map(str::to_owned),
            arch: arch.map(str::to_owned),
            edition: None,
            size: 1,
            time: None,
            checksum: None,
            signature: None,
        }
    }

    #[test]
    fn a_label_says_what_is_known() {
        assert_eq!(download(Some("13.2"), Some("amd64")).label(), "13.2 (amd64)");
        assert_eq!(download(Some("13.2"), None).label(), "13.2");
        assert_eq!(download(None, Some("amd64")).label(), "amd64");
        assert_eq!(download(None, None).label(), "f");
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let checksum = Checksum {
            algorithm: Algorithm::Sha256,
            hex: "ab".to_owned(),
            source: String::new(),
            signature: None,
        };
        assert_eq!(checksum.command("a b.iso"), "echo 'ab  a b.iso' | sha256sum -c");
        assert_eq!(checksum.command("';reboot;'"), r"echo 'ab  '\'';reboot;'\''' | sha256sum -c");
    }
}
