//! Guides: help pages with closed options, whose code exists once for both languages.
//!
//! A guide is `help.zh.md` (front matter, prose, every code block) and `help.en.md` (prose that
//! refers to the blocks by an empty fence, ` ```use id=NAME `). Its syntax is described in
//! `CONTRIBUTING.md`.

mod block;
mod check;
mod option;
mod parse;
mod render;
mod select;
mod setup;
mod template;

pub use block::{CodeBlock, Mode, Piece, Prose, Run};
pub use check::Coverage;
pub use option::{Kind, OptionDef, ValueDef};
pub use render::{Place, RenderError, Rendered, RenderedPiece, RenderedSnippet};
pub use select::{Selection, SelectionError};
pub use setup::{SetupDef, SetupPlan};

use app::model::{Bilingual, Lang};
use jiff::civil::Date;

/// One guide.
#[derive(Clone, Debug)]
pub struct Guide {
    /// Id of the mirror or topic.
    pub id: String,
    /// Folder below the content folder: `mirrors/<id>` or `guides/<id>`.
    pub folder: String,
    /// Title.
    pub title: Bilingual,
    /// Day of the last review.
    pub reviewed: Option<Date>,
    /// Scheme that the page insists on; otherwise the option `scheme` or the site decides.
    pub scheme: Option<String>,
    /// Options in the order of the front matter, `sudo` last when a block uses it.
    pub options: Vec<OptionDef>,
    /// Derived variables: name and template, in order.
    pub vars: Vec<(String, String)>,
    /// Code, once for both languages.
    pub blocks: Vec<CodeBlock>,
    /// What the configuration must amount to, for tests with the real clients.
    pub checks: Vec<toml::Table>,
    /// What one script may do for the reader.
    pub setup: Option<SetupDef>,
    /// The front matter, to find the line of what is wrong in it.
    matter: String,
    zh: Vec<Piece>,
    en: Vec<Piece>,
}

impl Guide {
    /// Path of the file in one language, below the content folder.
    pub fn file(&self, lang: Lang) -> String {
        let suffix = if lang == Lang::Zh { "zh" } else { "en" };
        format!("{}/help.{suffix}.md", self.folder)
    }

    /// Prose and places of code in one language.
    pub fn pieces(&self, lang: Lang) -> &[Piece] {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}
