//! Where a rule looks: a glob over the path below the mirror, with named parts.
//!
//! | written | stands for |
//! |---|---|
//! | `*`, `?`, `[0-9]` | as in a shell, within one name |
//! | `{version}` | a version, which begins with a digit |
//! | `{arch}` | a word without dashes |
//! | `{edition}` | anything, as little as possible |
//! | `{edition:desktop\|live-*}` | one of these globs |
//! | `{:iso\|img}` | the same without a name |
//!
//! A part that is there again must be the same again: in `{version}/isos/Rocky-{version}-{arch}.iso`
//! the folder and the file agree.

use regex::Regex;
use serde::Deserialize;

use crate::files::RelPath;

/// A named part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Version.
    Version,
    /// Architecture.
    Arch,
    /// Edition: desktop, netinst, GNOME.
    Edition,
}

impl Part {
    const ALL: [Self; 3] = [Self::Version, Self::Arch, Self::Edition];

    const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Arch => "arch",
            Self::Edition => "edition",
        }
    }

    /// What it is when the pattern does not say.
    const fn usual(self) -> &'static str {
        match self {
            Self::Version => "[0-9][0-9A-Za-z.+~_-]*?",
            Self::Arch => "[A-Za-z][0-9A-Za-z_]*",
            Self::Edition => ".+?",
        }
    }
}

/// What the named parts of a path are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    values: [Option<String>; Part::ALL.len()],
}

impl Parts {
    /// The value of one, if the pattern names it.
    pub fn get(&self, part: Part) -> Option<&str> {
        self.values.get(part as usize)?.as_deref()
    }

    fn set(&mut self, part: Part, value: &str) {
        if let Some(slot) = self.values.get_mut(part as usize) {
            *slot = Some(value.to_owned());
        }
    }
}

/// A piece of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// A regular expression of our making.
    Glob(String),
    Group {
        part: Option<Part>,
        /// The globs it may be, as one regular expression.
        choices: Option<String>,
    },
}

impl Piece {
    /// The one text that it can be, given what is known from the folders above.
    fn text<'a>(&'a self, known: &'a Parts) -> Option<&'a str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Group { part: Some(part), .. } => known.get(*part),
            _ => None,
        }
    }

    /// The regular expression of every text that it can be.
    fn expression(&self) -> String {
        match self {
            Self::Literal(text) => regex::escape(text),
            Self::Glob(glob) => glob.clone(),
            Self::Group { part: Some(part), choices } => {
                format!("(?P<{}>{})", part.name(), choices.as_deref().unwrap_or(part.usual()))
            }
            Self::Group { part: None, choices } => {
                format!("(?:{})", choices.as_deref().unwrap_or_default())
            }
        }
    }
}

/// A pattern, checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    names: Vec<Vec<Piece>>,
}

/// One name of a pattern, given what is known from the folders above.
pub enum Step {
    /// Exactly this name.
    Is(String),
    /// Every name of this form.
    Like(Regex),
}

impl Pattern {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Names from the top, the file's last.
    pub fn depth(&self) -> usize {
        self.names.len()
    }

    /// The folder that every match lies in, as far as it has a fixed name; without slashes around it.
    pub fn fixed_folder(&self) -> String {
        let above = self.names.iter().take(self.depth().saturating_sub(1));
        let fixed = above.map_while(|name| match name.as_slice() {
            [Piece::Literal(text)] => Some(text.as_str()),
            _ => None,
        });
        fixed.collect::<Vec<_>>().join("/")
    }

    /// The form of the file's name as a glob that a search understands: `ubuntu-*-*.iso`.
    pub fn file_glob(&self) -> String {
        let mut glob = String::new();
        for piece in self.names.last().into_iter().flatten() {
            match piece {
                Piece::Literal(text) => glob.push_str(text),
                _ if !glob.ends_with('*') => glob.push('*'),
                _ => {}
            }
        }
        glob
    }

    /// The name at `depth`; nothing below the file's.
    pub fn step(&self, depth: usize, known: &Parts) -> Option<Step> {
        let mut regex = "^(?s:".to_owned();
        let mut literal = String::new();
        let mut is_literal = true;
        for piece in self.names.get(depth)? {
            if let Some(text) = piece.text(known) {
                regex.push_str(&regex::escape(text));
                literal.push_str(text);
            } else {
                regex.push_str(&piece.expression());
                is_literal = false;
            }
        }
        if is_literal {
            return Some(Step::Is(literal));
        }
        regex.push_str(")$");
        Regex::new(&regex).ok().map(Step::Like)
    }

    /// What the parts of a whole path below the mirror are, if the path is of this form.
    pub fn read(&self, path: &str) -> Option<Parts> {
        let mut parts = Parts::default();
        let mut names = path.split('/');
        for depth in 0..self.depth() {
            parts = self.step(depth, &parts)?.read(names.next()?, &parts)?;
        }
        names.next().is_none().then_some(parts)
    }
}

impl Step {
    /// What is known after this name, if it is of the form.
    pub fn read(&self, name: &str, known: &Parts) -> Option<Parts> {
        let like = match self {
            Self::Is(literal) => return (literal == name).then(|| known.clone()),
            Self::Like(like) => like,
        };
        let captures = like.captures(name)?;
        let mut parts = known.clone();
        for part in Part::ALL {
            if let Some(value) = captures.name(part.name()) {
                parts.set(part, value.as_str());
            }
        }
        Some(parts)
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut known = Vec::new();
        let names = text
            .split('/')
            .map(|name| parse_name(name, &mut known))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|why| format!("\"{text}\": {why}"))?;
        let pattern = Self { text, names };
        let folder = pattern.fixed_folder();
        RelPath::root()
            .join(folder.as_bytes())
            .map_err(|why| format!("\"{folder}\" can be no folder: {why}"))?;
        Ok(pattern)
    }
}

/// Reads one name; `named` are the parts of the names above, and takes up those of this one.
fn parse_name(text: &str, named: &mut Vec<Part>) -> Result<Vec<Piece>, String> {
    match text {
        "" => {
            return Err("two slashes in a row, or one at an end; patterns begin below the mirror"
                .to_owned());
        }
        "." | ".." => return Err(format!("`{text}` is not followed")),
        _ => {}
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut here = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let piece;
        (piece, rest) = match first {
            '{' => {
                let (inner, after) = rest[1..].split_once('}').ok_or("a `{` without its `}`")?;
                (parse_group(inner, named)?, after)
            }
            '}' => return Err("a `}` without its `{`".to_owned()),
            '*' | '?' | '[' => glob(rest)?,
            _ => {
                let end = rest.find(['{', '}', '*', '?', '[']).unwrap_or(rest.len());
                let (literal, after) = rest.split_at(end);
                (Piece::Literal(literal.to_owned()), after)
            }
        };
        if let Piece::Group { part: Some(part), .. } = piece {
            if here.contains(&part) {
                return Err(format!("{{{}}} twice within one name", part.name()));
            }
            here.push(part);
        }
        let is_open = |piece: &Piece| matches!(piece, Piece::Group { choices: None, .. });
        if is_open(&piece) && pieces.last().is_some_and(is_open) {
            return Err(
                "nothing stands between two groups, so nobody could tell them apart".to_owned()
            );
        }
        pieces.push(piece);
    }
    named.extend(here);
    Ok(pieces)
}

fn parse_group(inner: &str, named: &[Part]) -> Result<Piece, String> {
    let (name, choices) = match inner.split_once(':') {
        Some((name, choices)) => (name, Some(choices)),
        None => (inner, None),
    };
    let part = match Part::ALL.into_iter().find(|part| part.name() == name) {
        None if name.is_empty() && choices.is_some() => None,
        None => {
            return Err(format!(
                "no group is called \"{name}\"; there are version, arch and edition"
            ));
        }
        part => part,
    };
    if choices.is_some() && part.is_some_and(|part| named.contains(&part)) {
        return Err(format!("{{{name}}} is known from a folder above; write it without choices"));
    }
    let choices = choices.map(parse_choices).transpose()?;
    Ok(Piece::Group { part, choices })
}

fn parse_choices(text: &str) -> Result<String, String> {
    let mut out = Vec::new();
    for choice in text.split('|') {
        if choice.is_empty() || choice.contains('{') {
            return Err(format!("`{choice}` is no choice"));
        }
        let mut regex = String::new();
        let mut rest = choice;
        while let Some(first) = rest.chars().next() {
            if matches!(first, '*' | '?' | '[') {
                let (piece, after) = glob(rest)?;
                if let Piece::Glob(glob) = piece {
                    regex.push_str(&glob);
                }
                rest = after;
            } else {
                let end = rest.find(['*', '?', '[']).unwrap_or(rest.len());
                regex.push_str(&regex::escape(&rest[..end]));
                rest = &rest[end..];
            }
        }
        out.push(regex);
    }
    Ok(out.join("|"))
}

/// Cuts `*`, `?` or `[…]` off.
fn glob(text: &str) -> Result<(Piece, &str), String> {
    if let Some(rest) = text.strip_prefix('*') {
        return Ok((Piece::Glob(".*?".to_owned()), rest));
    }
    if let Some(rest) = text.strip_prefix('?') {
        return Ok((Piece::Glob(".".to_owned()), rest));
    }
    let inner = text.strip_prefix('[').unwrap_or(text);
    let (set, rest) = inner.split_once(']').ok_or("a `[` without its `]`")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let (negation, set) = match set.strip_prefix('!') {
        Some(set) => ("^", set),
        None => ("", set),
    };
    let glob = format!("[{negation}{set}]");
    if set.is_empty() || !set.chars().all(is_plain) || Regex::new(&glob).is_err() {
        return Err(format!("`[{set}]` is no set of characters, such as [0-9]"));
    }
    Ok((Piece::Glob(glob), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::try_from(text.to_owned()).unwrap()
    }

    fn read(text: &str, path: &str) -> Option<[String; 3]> {
        let parts = pattern(text).read(path)?;
        Some(Part::ALL.map(|part| parts.get(part).unwrap_or("-").to_owned()))
    }

    #[test]
    fn named_parts_are_told_apart() {
        for (text, path, expected) in [
            (
                "[0-9]*/ubuntu-{version}-{edition}-{arch}.iso",
                "24.04/ubuntu-24.04.3-live-server-amd64.iso",
                Some(["24.04.3", "amd64", "live-server"]),
            ),
            (
                "{version}/x-{version}-{arch}.iso",
                "10.1/x-10.1-s390x.iso",
                Some(["10.1", "s390x", "-"]),
            ),
            ("{version}/x-{version}-{arch}.iso", "10/x-10.1-s390x.iso", None),
            (
                "openEuler-{version}/openEuler-{version}-{arch}-{edition:dvd|netinst}.iso",
                "openEuler-24.03-LTS-SP2/openEuler-24.03-LTS-SP2-aarch64-dvd.iso",
                Some(["24.03-LTS-SP2", "aarch64", "dvd"]),
            ),
            (
                "archive/Anaconda3-{version}-{arch:Linux-*|Windows-*}.{:sh|exe}",
                "archive/Anaconda3-2025.06-1-Linux-x86_64.sh",
                Some(["2025.06-1", "Linux-x86_64", "-"]),
            ),
            ("a-{version:latest}.sh", "a-latest.sh", Some(["latest", "-", "-"])),
            ("a-{version}.sh", "a-latest.sh", None),
            ("a-{version}.iso", "a-1.iso.sig", None),
            ("a?b[!0-9].c", "a.bx.c", Some(["-", "-", "-"])),
            ("a?b[!0-9].c", "a.b1.c", None),
            ("a/*.iso", "a/b/c.iso", None),
        ] {
            let expected = expected.map(|parts| parts.map(str::to_owned));
            assert_eq!(read(text, path), expected, "{text} {path}");
        }
    }

    #[test]
    fn what_can_never_match_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "two slashes"),
            ("/a", "two slashes"),
            ("a\u{0}b/c", "can be no folder"),
            ("a//b", "two slashes"),
            ("a/", "two slashes"),
            ("../a", "not followed"),
            ("{flavour}.iso", "no group is called \"flavour\""),
            ("{}.iso", "no group"),
            ("{version.iso", "without its `}`"),
            ("version}.iso", "without its `{`"),
            ("[0-9.iso", "without its `]`"),
            ("[].iso", "no set"),
            ("[z-a].iso", "no set"),
            ("{version}{edition}.iso", "tell them apart"),
            ("{version}-{version}.iso", "twice within one name"),
            ("{arch}/{arch:a|b}.iso", "without choices"),
            ("{edition:a||b}", "no choice"),
            ("{edition:}", "no choice"),
        ] {
            let error = Pattern::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_fixed_needs_no_look_at_a_folder() {
        let pattern = pattern("releases/{version}/Server/{arch}/x-{version}.iso");
        assert_eq!(pattern.fixed_folder(), "releases");
        assert_eq!(pattern.file_glob(), "x-*.iso");
        let known = pattern.step(1, &Parts::default()).unwrap().read("43", &Parts::default());
        assert!(
            matches!(pattern.step(2, &known.clone().unwrap()), Some(Step::Is(name)) if name == "Server")
        );
        assert!(
            matches!(pattern.step(4, &known.unwrap()), Some(Step::Is(name)) if name == "x-43.iso")
        );
    }
}
