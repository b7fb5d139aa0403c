//! What is wrong with content, and where.

use std::fmt;

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path within the content folder.
    pub file: String,
    /// Line, from 1, when it is known.
    pub line: Option<usize>,
    /// What is wrong, and if possible what to do.
    pub message: String,
}

impl Problem {
    /// A mistake that concerns a whole file.
    pub fn in_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into() }
    }

    /// A mistake at a line.
    pub fn at(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: Some(line), message: message.into() }
    }

    /// A mistake in TOML that starts at line `first` of the file.
    pub fn toml(file: &str, text: &str, first: usize, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| {
            first + text.get(..span.start).map_or(0, |before| before.matches('\n').count())
        });
        let key = error.span().and_then(|span| {
            let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
            text.get(start..)?.lines().next().map(str::trim)
        });
        let message = match key {
            Some(source) if !source.is_empty() => format!("{} in `{source}`", error.message()),
            _ => error.message().to_owned(),
        };
        Self { file: file.to_owned(), line, message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
