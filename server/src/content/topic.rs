//! `guide.toml`: what is known of a guide that belongs to no mirror.

use app::model::{Bilingual, Topic};
use serde::Deserialize;

use super::problem::Problem;

/// The keys of `guide.toml`, and the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// Name of the folder.
    pub id: String,
    /// What `guide.toml` says.
    pub file: TopicFile,
}

/// The keys of `guide.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicFile {
    /// Display name.
    pub name: Bilingual,
    /// One sentence.
    pub description: Bilingual,
    /// Other spellings; `/docs/<alias>` redirects.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Its mark: the name of a symbol in `public/icons.svg`.
    #[serde(default, deserialize_with = "crate::assets::icon")]
    pub icon: Option<String>,
    /// Words by which the search finds it.
    #[serde(default)]
    pub keywords: Vec<String>,
}

impl TopicFacts {
    /// Reads `guide.toml`.
    ///
    /// # Errors
    /// The first mistake in it, with its line.
    pub fn parse(id: &str, file: &str, text: &str) -> Result<Self, Problem> {
        let parsed = toml::from_str(text).map_err(|error| Problem::toml(file, text, 1, &error))?;
        Ok(Self { id: id.to_owned(), file: parsed })
    }

    /// What pages show of it.
    pub fn topic(&self) -> Topic {
        Topic {
            id: self.id.clone(),
            name: self.file.name.clone(),
            description: self.file.description.clone(),
            icon: self.file.icon.clone(),
        }
    }

    /// Everything by which it is found.
    pub fn words(&self) -> String {
        let TopicFile { name, description, aliases, keywords, .. } = &self.file;
        let mut words =
            format!("{} {} {} {} {}", self.id, name.zh, name.en, description.zh, description.en);
        for word in aliases.iter().chain(keywords) {
            words.push(' ');
            words.push_str(word);
        }
        words
    }

    /// Whether a name is this topic in any spelling.
    pub fn is_called(&self, name: &str) -> bool {
        let is_same = |own: &str| own.to_lowercase() == name.to_lowercase();
        is_same(&self.id) || self.file.aliases.iter().any(|alias| is_same(alias))
    }
}
