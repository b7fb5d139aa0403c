//! Guides: help pages with closed options, whose code exists once for both languages.
//!
//! A guide is `help.zh.md` (front matter, prose, every code block) and `help.en.md` (prose that
//! refers to the blocks by an empty fence, ` ```use id=NAME `). Its syntax is described in
//! `CONTRIBUTING.md`.

mod block;
mod option;
mod parse;
mod render;
mod select;
mod template;

pub use block::{CodeBlock, Mode, Piece, Run};
pub use option::{Kind, OptionDef, ValueDef};
pub use render::{Place, RenderError, Rendered, RenderedPiece, RenderedSnippet};
pub use select::{Selection, SelectionError};

use app::model::{Bilingual, Lang};
use jiff::civil::Date;

/// One guide.
#[derive(Clone, Debug)]
pub struct Guide {
    /// Mirror id.
    pub id: String,
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
    zh: Vec<Piece>,
    en: Vec<Piece>,
}

impl Guide {
    /// Prose and places of code in one language.
    pub fn pieces(&self, lang: Lang) -> &[Piece] {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}
