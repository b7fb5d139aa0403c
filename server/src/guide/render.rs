//! A guide with its options applied: texts, files, commands.

use minijinja::Environment;

use super::{
    CodeBlock, Guide, Mode, Piece, Prose, Run, Selection, SelectionError, select,
    template::{self, explain},
};
use app::Lang;

/// Where the guide is shown, as far as templates care.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Host and port of the site.
    pub host: &'a str,
    /// `https` or `http`, unless the guide or an option decides.
    pub scheme: &'a str,
    /// Path of the mirror, with a leading and no trailing slash.
    pub path: &'a str,
}

/// A guide in one state.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Text and snippets in order; snippets that do not apply are absent.
    pub pieces: Vec<RenderedPiece>,
    /// `https://host`, as templates saw it.
    pub base: String,
    /// The prefix of root commands, `sudo ` or nothing.
    pub sudo: String,
}

/// Text or code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderedPiece {
    /// Markdown.
    Text(String),
    /// A snippet.
    Snippet(RenderedSnippet),
}

/// One snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedSnippet {
    /// Name of the block; empty for samples.
    pub id: String,
    /// Name in the URL: the last part of the file's path, or the name of the block.
    pub name: String,
    /// Language of the code.
    pub language: String,
    /// The code.
    pub text: String,
    /// Path of the file.
    pub file: Option<String>,
    /// How it gets there.
    pub mode: Mode,
    /// Who runs it.
    pub run: Run,
    /// Whether it is run in a project directory.
    pub in_project: bool,
    /// Whether it is a sample of output.
    pub show_only: bool,
    /// Blocks that it takes back.
    pub undo: Vec<String>,
}

/// Why a snippet cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// No block has that name.
    #[error("no snippet \"{name}\"; snippets: {}", valid.join(", "))]
    NoSuchSnippet {
        /// As asked.
        name: String,
        /// Names that exist in this state.
        valid: Vec<String>,
    },
    /// The block exists but not in this state.
    #[error("snippet \"{name}\" applies only when {condition}")]
    Hidden {
        /// As asked.
        name: String,
        /// Its condition.
        condition: String,
    },
    /// The guide is broken.
    #[error("{message}")]
    Template {
        /// What is wrong.
        message: String,
        /// Line of the file, when it is known.
        line: Option<usize>,
        /// Whether it is in code, which stands in the Chinese file alone.
        in_code: bool,
    },
}

impl From<SelectionError> for RenderError {
    fn from(error: SelectionError) -> Self {
        Self::Template { message: error.to_string(), line: None, in_code: true }
    }
}

impl Guide {
    /// Renders text and snippets in one language.
    ///
    /// # Errors
    /// A template that names something undefined.
    pub fn render(&self, lang: Lang, selection: &Selection) -> Result<Rendered, RenderError> {
        let env = template::environment().map_err(|e| broken(&e))?;
        let mut pieces = Vec::new();
        for piece in self.pieces(lang) {
            match piece {
                Piece::Text(prose) => {
                    let text = env.render_str(&prose.text, &selection.context);
                    let text = text.map_err(|e| in_prose(prose, &e))?;
                    if !text.trim().is_empty() {
                        pieces.push(RenderedPiece::Text(text));
                    }
                }
                Piece::Code(index) => {
                    if let Some(block) = self.blocks.get(*index)
                        && applies(&env, block, selection)?
                    {
                        pieces.push(RenderedPiece::Snippet(snippet(&env, block, selection)?));
                    }
                }
            }
        }
        let named = |name: &str| {
            selection.context.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
        };
        Ok(Rendered { pieces, base: named("base"), sudo: named("sudo") })
    }

    /// Renders one snippet, by the name of its block or of its file.
    ///
    /// # Errors
    /// No such snippet, one that does not apply to this choice, or a broken template.
    pub fn snippet(
        &self,
        name: &str,
        selection: &Selection,
    ) -> Result<RenderedSnippet, RenderError> {
        let env = template::environment().map_err(|e| broken(&e))?;
        let mut valid = Vec::new();
        let mut hidden = None;
        for block in self.blocks.iter().filter(|block| !block.show_only) {
            let rendered = snippet(&env, block, selection)?;
            let matches = block.id == name || rendered.name == name;
            if applies(&env, block, selection)? {
                if matches {
                    return Ok(rendered);
                }
                valid.push(rendered.name);
            } else if matches {
                hidden.clone_from(&block.when);
            }
        }
        Err(match hidden {
            Some(condition) => RenderError::Hidden { name: name.to_owned(), condition },
            None => RenderError::NoSuchSnippet { name: name.to_owned(), valid },
        })
    }
}

fn applies(
    env: &Environment<'_>,
    block: &CodeBlock,
    selection: &Selection,
) -> Result<bool, RenderError> {
    match &block.when {
        Some(condition) => Ok(select::is_true(env, condition, &selection.context)?),
        None => Ok(true),
    }
}

fn snippet(
    env: &Environment<'_>,
    block: &CodeBlock,
    selection: &Selection,
) -> Result<RenderedSnippet, RenderError> {
    let context = &selection.context;
    let located = |e: &minijinja::Error| {
        let source = e.line().and_then(|line| block.text.lines().nth(line.checked_sub(1)?));
        let source = source.map_or_else(String::new, |source| format!(" in `{}`", source.trim()));
        RenderError::Template {
            message: format!("block `{}`: {}{source}", block.id, without_line(e)),
            line: Some(block.line + e.line().unwrap_or(0)),
            in_code: true,
        }
    };
    let file = match &block.file {
        Some(template) => Some(env.render_str(template, context).map_err(|e| located(&e))?),
        None => None,
    };
    let name = file
        .as_deref()
        .and_then(|file| file.rsplit(['/', '\\']).next())
        .filter(|name| !name.is_empty())
        .unwrap_or(&block.id)
        .to_owned();
    Ok(RenderedSnippet {
        id: block.id.clone(),
        name,
        language: block.language.clone(),
        text: env.render_str(&block.text, context).map_err(|e| located(&e))?,
        file,
        mode: block.mode,
        run: block.run,
        in_project: block.in_project,
        show_only: block.show_only,
        undo: block.undo.clone(),
    })
}

fn in_prose(prose: &Prose, error: &minijinja::Error) -> RenderError {
    let line = prose.line + error.line().unwrap_or(1).saturating_sub(1);
    RenderError::Template { message: without_line(error), line: Some(line), in_code: false }
}

fn without_line(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

pub(super) fn broken(error: &minijinja::Error) -> RenderError {
    RenderError::Template { message: explain(error).into_owned(), line: None, in_code: true }
}
