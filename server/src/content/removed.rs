//! Mirrors that are gone (`content/removed.toml`).

use std::collections::BTreeMap;

use app::model::Bilingual;
use jiff::civil::Date;
use serde::Deserialize;

use super::problem::Problem;

/// A mirror that was here once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// Its id, which was the first segment of its address.
    pub id: String,
    /// Why it is gone, in one sentence.
    pub reason: Bilingual,
    /// The day it went, when it is known.
    pub on: Option<Date>,
    /// Id of the mirror that takes its place.
    pub instead: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    removed: Vec<Removed>,
}

/// Reads `removed.toml`, by id.
///
/// # Errors
/// A mistake in the file.
pub fn parse(path: &str, text: &str) -> Result<BTreeMap<String, Removed>, Problem> {
    let file: File = toml::from_str(text).map_err(|error| Problem::toml(path, text, 1, &error))?;
    Ok(file.removed.into_iter().map(|removed| (removed.id.clone(), removed)).collect())
}
