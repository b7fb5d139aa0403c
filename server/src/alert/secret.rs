//! Texts that no log and no error message may show.

use std::{env, fmt, fs, path::Path};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// A text whose [`fmt::Debug`] does not show it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text. What becomes of it must not reach a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// From the configuration, a file or the environment, whichever of the three is given.
    ///
    /// # Errors
    /// More than one is given, the file cannot be read, the variable is not set, or nothing is in it.
    pub fn find(
        key: &str,
        text: Option<&Self>,
        file: Option<&Path>,
        variable: Option<&str>,
    ) -> anyhow::Result<Option<Self>> {
        let given = [text.is_some(), file.is_some(), variable.is_some()];
        ensure!(
            given.into_iter().filter(|is_given| *is_given).count() < 2,
            "give only one of {key}, {key}_file and {key}_env"
        );
        let found = match (text, file, variable) {
            (Some(text), ..) => text.0.clone(),
            (_, Some(file), _) => fs::read_to_string(file)
                .with_context(|| format!("cannot read {key}_file {}", file.display()))?,
            (.., Some(variable)) => {
                env::var(variable).with_context(|| format!("{key}_env: {variable}"))?
            }
            _ => return Ok(None),
        };
        let found = found.trim();
        ensure!(!found.is_empty(), "{key} is empty");
        Ok(Some(Self::new(found)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
