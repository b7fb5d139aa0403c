//! Pages and news: Markdown with a title.

use jiff::civil::Date;
use serde::Deserialize;

use super::{
    front_matter,
    markdown::{self, Rendered},
    problem::Problem,
};

/// A page of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Title.
    pub title: String,
    /// Text.
    pub text: Rendered,
    /// The text as written, for search.
    pub source: String,
}

/// A news item in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// Day of publication.
    pub date: Date,
    /// Text.
    pub text: Rendered,
    /// The text as written, for search.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageMatter {
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewsMatter {
    title: String,
    summary: String,
    date: Date,
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// A mistake in its front matter.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let split = front_matter::split::<PageMatter>(file, text)?;
        let (text, source) = (markdown::render(split.body), split.body.to_owned());
        Ok(Self { title: split.matter.title, text, source })
    }
}

impl News {
    /// Reads a news item.
    ///
    /// # Errors
    /// A mistake in its front matter.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let split = front_matter::split::<NewsMatter>(file, text)?;
        let NewsMatter { title, summary, date } = split.matter;
        let (text, source) = (markdown::render(split.body), split.body.to_owned());
        Ok(Self { title, summary, date, text, source })
    }
}
