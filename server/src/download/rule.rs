//! `[[download]]` of a `mirror.toml`.

use std::num::NonZeroU8;

use app::{download::Kind, model::Bilingual};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::pattern::{Part, Pattern};

/// What a mirror offers for download.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name in addresses and in `MirrorZ`, under which mirrors are put together; the agreed name of the mirror
    /// when absent.
    #[serde(default, deserialize_with = "distro")]
    pub distro: Option<String>,
    /// Name for people; that of the mirror when absent.
    pub name: Option<Bilingual>,
    /// Kind.
    #[serde(default)]
    pub category: Kind,
    /// Where the files are, below the mirror. A file counts for the first pattern that it matches.
    #[serde(deserialize_with = "patterns")]
    pub files: Vec<Pattern>,
    /// How many versions are shown, the newest first.
    #[serde(default = "three")]
    pub versions: NonZeroU8,
    /// How many numbers of a version make a line of releases, of which only the newest is shown: with 2,
    /// 24.04.3 stands for 24.04.
    pub series: Option<NonZeroU8>,
    /// Parts for which versions are counted apart, where not all are released at once.
    #[serde(default)]
    pub each: Vec<Part>,
}

fn three() -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add(2)
}

fn distro<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || !text.chars().all(is_plain) {
        return Err(D::Error::custom(format!(
            "\"{text}\": expected letters, digits, `-`, `_` and `.`"
        )));
    }
    Ok(Some(text))
}

fn patterns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Pattern>, D::Error> {
    let patterns = Vec::<Pattern>::deserialize(deserializer)?;
    if patterns.is_empty() {
        return Err(D::Error::custom("expected at least one pattern"));
    }
    Ok(patterns)
}
