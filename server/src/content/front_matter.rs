//! Splits a text into its TOML front matter and its body.

use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A text with its front matter read.
pub struct Split<'a, T> {
    /// The front matter.
    pub matter: T,
    /// What follows it.
    pub body: &'a str,
    /// Line of the file at which the body starts, from 1.
    pub body_line: usize,
}

/// Reads `+++`, TOML, `+++`, body.
///
/// # Errors
/// A file without front matter, or a mistake in it with its line and key.
pub fn split<'a, T: DeserializeOwned>(file: &str, text: &'a str) -> Result<Split<'a, T>, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text
        .strip_prefix("+++\n")
        .ok_or_else(|| Problem::at(file, 1, "expected `+++` and TOML front matter at the start"))?;
    let end =
        if rest.starts_with("+++\n") { Some(0) } else { rest.find("\n+++\n").map(|at| at + 1) };
    let end = end.ok_or_else(|| Problem::at(file, 1, "the front matter has no closing `+++`"))?;
    let toml_text = &rest[..end];
    let matter =
        toml::from_str(toml_text).map_err(|error| Problem::toml(file, toml_text, 2, &error))?;
    let body = &rest[end + "+++\n".len()..];
    let body_line = 3 + toml_text.matches('\n').count();
    Ok(Split { matter, body, body_line })
}

/// What follows the front matter, with the line at which it starts; all of it where there is none.
pub fn body(text: &str) -> (&str, usize) {
    let matter = self::text(text);
    match text.find("\n+++\n") {
        Some(end) if text.starts_with("+++\n") || !matter.is_empty() => {
            let body = text.get(end + "\n+++\n".len()..).unwrap_or_default();
            (body, 3 + matter.lines().count())
        }
        _ => (text, 1),
    }
}

/// The TOML between the `+++` lines, or nothing; a mistake is told by [`split`].
pub fn text(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text.strip_prefix("+++\n").unwrap_or_default();
    rest.find("\n+++\n").and_then(|end| rest.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Title {
        title: String,
    }

    #[test]
    fn matter_and_body_are_split_and_counted() {
        let split = split::<Title>("a.md", "+++\ntitle = \"x\"\n+++\nbody\n").unwrap();
        assert_eq!((split.matter.title.as_str(), split.body, split.body_line), ("x", "body\n", 4));
    }

    #[test]
    fn a_wrong_key_is_reported_with_file_line_and_key() {
        let problem = split::<Title>("a.md", "+++\ntitle = \"x\"\ntitel = 1\n+++\n").err().unwrap();
        assert_eq!((problem.file.as_str(), problem.line), ("a.md", Some(3)));
        assert!(problem.message.contains("titel"), "{problem}");
    }

    #[test]
    fn a_missing_end_is_reported() {
        assert!(
            split::<Title>("a.md", "+++\ntitle = 1\n").err().unwrap().message.contains("closing")
        );
    }
}
