//! Code blocks: fences with attributes that say what the code is for.

/// Prose or the place of a code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Markdown, itself a template.
    Text(Prose),
    /// Index into the guide's blocks.
    Code(usize),
}

/// A stretch of prose between two code blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prose {
    /// Markdown, itself a template.
    pub text: String,
    /// Line of the file at which it starts.
    pub line: usize,
}

/// One code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBlock {
    /// Name within the guide; empty for samples.
    pub id: String,
    /// Language of the code.
    pub language: String,
    /// Template of the code.
    pub text: String,
    /// Template of the path of the file that the code is for.
    pub file: Option<String>,
    /// How the code gets into that file.
    pub mode: Mode,
    /// Who runs the code, where it is no file.
    pub run: Run,
    /// Expression under which the block is there.
    pub when: Option<String>,
    /// Blocks that this one takes back.
    pub undo: Vec<String>,
    /// Whether it is run in a project directory.
    pub in_project: bool,
    /// A sample of output: never copied, never tested.
    pub show_only: bool,
    /// Line in `help.zh.md`.
    pub line: usize,
}

/// How code gets into its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is the whole file.
    #[default]
    Create,
    /// It goes to the end.
    Append,
}

/// Who runs a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Run {
    /// Anyone.
    #[default]
    User,
    /// Root.
    Root,
}

/// Attributes of a fence: the language, `key=value`, `key="a value"`, and bare words.
#[derive(Debug, Default)]
pub(super) struct Info {
    pub language: String,
    pub pairs: Vec<(String, String)>,
    pub flags: Vec<String>,
}

impl Info {
    /// # Errors
    /// A quote that is not closed.
    pub fn parse(info: &str) -> Result<Self, String> {
        let mut out = Self::default();
        let mut rest = info.trim();
        let (language, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        language.clone_into(&mut out.language);
        rest = after.trim_start();
        while !rest.is_empty() {
            let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            let Some(value) = after.strip_prefix('=') else {
                out.flags.push(key.to_owned());
                rest = after.trim_start();
                continue;
            };
            let (value, after) = match value.strip_prefix('"') {
                Some(quoted) => quoted
                    .split_once('"')
                    .ok_or_else(|| format!("the quote after `{key}=` is not closed"))?,
                None => value.split_once(char::is_whitespace).unwrap_or((value, "")),
            };
            out.pairs.push((key.to_owned(), value.to_owned()));
            rest = after.trim_start();
        }
        Ok(out)
    }
}

impl CodeBlock {
    /// Makes a block of a fence.
    ///
    /// # Errors
    /// An attribute that is unknown, contradictory or missing.
    pub(super) fn from_fence(info: Info, text: String, line: usize) -> Result<Self, String> {
        let mut block = Self {
            id: String::new(),
            language: info.language,
            text,
            file: None,
            mode: Mode::Create,
            run: Run::User,
            when: None,
            undo: Vec::new(),
            in_project: false,
            show_only: false,
            line,
        };
        for flag in info.flags {
            match flag.as_str() {
                "show-only" => block.show_only = true,
                other => return Err(format!("unknown attribute `{other}`")),
            }
        }
        let mut is_run = false;
        for (key, value) in info.pairs {
            is_run |= key == "run";
            match (key.as_str(), value.as_str()) {
                ("id", _) => block.id = value,
                ("file", _) => block.file = Some(value),
                ("when", _) => block.when = Some(value),
                ("undo", _) => {
                    block.undo = value.split_whitespace().map(ToOwned::to_owned).collect();
                }
                ("mode", "create") => block.mode = Mode::Create,
                ("mode", "append") => block.mode = Mode::Append,
                ("run", "user") => block.run = Run::User,
                ("run", "root") => block.run = Run::Root,
                ("cwd", "project") => block.in_project = true,
                _ => return Err(format!("unknown attribute `{key}={value}`")),
            }
        }
        let name_ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if block.show_only {
            if is_run || block.file.is_some() || !block.undo.is_empty() {
                return Err(
                    "`show-only` is a sample of output: it has no file=, run= or undo=".to_owned()
                );
            }
            return Ok(block);
        }
        if block.id.is_empty() {
            return Err("needs `id=NAME` (or `show-only` for a sample of output)".to_owned());
        }
        if !block.id.chars().all(name_ok) {
            return Err(format!("id `{}`: only letters, digits, `-`, `_` and `.`", block.id));
        }
        match (&block.file, is_run) {
            (Some(_), true) => Err(format!("block `{}` has both file= and run=", block.id)),
            (None, false) => Err(format!(
                "block `{}` has no target: `file=PATH` if it is the content of a file, `run=user` or `run=root` if it is a \
                 command, `show-only` if it is a sample of output",
                block.id
            )),
            _ => Ok(block),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_pairs_quoted_pairs_and_flags() {
        let info = Info::parse("sh id=a when=\"x == 'y z'\" show-only").unwrap();
        assert_eq!(info.language, "sh");
        assert_eq!(info.pairs[1], ("when".to_owned(), "x == 'y z'".to_owned()));
        assert_eq!(info.flags, ["show-only"]);
        assert!(Info::parse("sh when=\"x").is_err());
    }

    #[test]
    fn an_unknown_attribute_is_refused() {
        let fence =
            |info: &str| CodeBlock::from_fence(Info::parse(info).unwrap(), String::new(), 1);
        assert!(fence("sh id=a run=root").is_ok());
        assert!(fence("sh id=a run=toor").unwrap_err().contains("run=toor"));
        assert!(fence("sh").unwrap_err().contains("id="));
    }
}
