//! Colours for code: a few kinds of tokens in `<span class="…">`, the text itself unchanged.
//!
//! The languages are those of guides: short configuration files and commands. A grammar is data, and what it does not
//! understand stays plain; a wrong colour is a lesser fault than a wrong byte.

use crate::content::markdown::escape;

/// What a stretch of code is; the name is its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Comment,
    Text,
    Key,
    Variable,
    Number,
    Section,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Self::Comment => "hc",
            Self::Text => "ht",
            Self::Key => "hk",
            Self::Variable => "hv",
            Self::Number => "hn",
            Self::Section => "hs",
        }
    }
}

/// How lines of a language begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    /// Anything.
    Free,
    /// `[section]` and `key = value`.
    Assignment,
    /// `key: value`, perhaps after `- `.
    Colon,
}

/// What of a language is coloured.
#[derive(Clone, Copy)]
struct Grammar {
    /// What starts a comment that goes to the end of the line.
    comments: &'static [&'static str],
    /// Whether a comment may follow code; otherwise it has its line for itself.
    comments_after_code: bool,
    /// Quotes, each with whether `\` escapes within.
    quotes: &'static [(char, bool)],
    /// Whether `$name` and `${…}` are variables, also within double quotes.
    variables: bool,
    keywords: &'static [&'static str],
    head: Head,
}

const PLAIN: Grammar = Grammar {
    comments: &[],
    comments_after_code: false,
    quotes: &[],
    variables: false,
    keywords: &[],
    head: Head::Free,
};

const SHELL: Grammar = Grammar {
    comments: &["#"],
    comments_after_code: true,
    quotes: &[('"', true), ('\'', false)],
    variables: true,
    keywords: &[
        "case", "cat", "cd", "do", "done", "echo", "elif", "else", "end", "esac", "exec", "exit",
        "export", "fi", "for", "function", "if", "in", "return", "set", "source", "sudo", "test",
        "then", "unset", "until", "while",
    ],
    head: Head::Free,
};

const POWERSHELL: Grammar = Grammar {
    quotes: &[('"', false), ('\'', false)],
    keywords: &[
        "catch", "else", "elseif", "finally", "foreach", "function", "if", "in", "param", "return",
        "try", "while",
    ],
    ..SHELL
};

const INI: Grammar =
    Grammar { comments: &["#", ";"], head: Head::Assignment, variables: true, ..PLAIN };

const TOML: Grammar = Grammar {
    comments: &["#"],
    comments_after_code: true,
    quotes: &[('"', true), ('\'', false)],
    keywords: &["false", "true"],
    head: Head::Assignment,
    ..PLAIN
};

const YAML: Grammar = Grammar { head: Head::Colon, ..TOML };
const DEB822: Grammar = Grammar { comments: &["#"], head: Head::Colon, ..PLAIN };
const DEBSOURCES: Grammar = Grammar { comments: &["#"], keywords: &["deb", "deb-src"], ..PLAIN };

const JSON: Grammar =
    Grammar { quotes: &[('"', true)], keywords: &["false", "null", "true"], ..PLAIN };

const LISP: Grammar = Grammar {
    comments: &[";"],
    comments_after_code: true,
    quotes: &[('"', true)],
    keywords: &["add-to-list", "defun", "let", "nil", "require", "setq", "t", "use-package"],
    ..PLAIN
};

const R: Grammar = Grammar {
    comments: &["#"],
    comments_after_code: true,
    quotes: &[('"', true), ('\'', true)],
    keywords: &["FALSE", "TRUE", "NULL", "else", "for", "function", "if", "in", "library", "local"],
    ..PLAIN
};

const PERL: Grammar = Grammar { variables: true, keywords: &["my", "our", "sub", "use"], ..R };
const GROOVY: Grammar =
    Grammar { comments: &["//"], keywords: &["maven", "repositories", "url"], ..R };

fn grammar(language: &str) -> Grammar {
    match language {
        "sh" | "bash" | "zsh" | "shell" | "fish" | "dockerfile" => SHELL,
        "powershell" | "ps1" => POWERSHELL,
        "ini" | "conf" | "properties" => INI,
        "toml" => TOML,
        "yaml" | "yml" => YAML,
        "deb822" => DEB822,
        "debsources" => DEBSOURCES,
        "json" => JSON,
        "lisp" | "elisp" | "emacs-lisp" | "scheme" => LISP,
        "r" | "R" => R,
        "perl" => PERL,
        "groovy" | "kotlin" | "go" => GROOVY,
        _ => PLAIN,
    }
}

/// Code as HTML. Without its tags and with its entities resolved it is the text again, byte for byte.
pub fn html(language: &str, text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut plain = 0;
    for (start, end, kind) in tokens(language, text) {
        out.push_str(&escape(text.get(plain..start).unwrap_or_default()));
        out.push_str("<span class=\"");
        out.push_str(kind.class());
        out.push_str("\">");
        out.push_str(&escape(text.get(start..end).unwrap_or_default()));
        out.push_str("</span>");
        plain = end;
    }
    out.push_str(&escape(text.get(plain..).unwrap_or_default()));
    out
}

fn tokens(language: &str, text: &str) -> Vec<(usize, usize, Kind)> {
    if matches!(language, "xml" | "html") {
        return markup(text);
    }
    Scanner {
        text,
        grammar: grammar(language),
        is_json: language == "json",
        at: 0,
        out: Vec::new(),
    }
    .scan()
}

struct Scanner<'a> {
    text: &'a str,
    grammar: Grammar,
    is_json: bool,
    at: usize,
    out: Vec<(usize, usize, Kind)>,
}

impl<'a> Scanner<'a> {
    fn scan(mut self) -> Vec<(usize, usize, Kind)> {
        let mut is_line_start = true;
        while let Some(c) = self.rest().chars().next() {
            let is_head = is_line_start && !c.is_whitespace();
            if c == '\n' {
                is_line_start = true;
            } else if !c.is_whitespace() {
                is_line_start = false;
            }
            if (is_head && self.head()) || self.comment(is_head) || self.quoted(c) {
                continue;
            }
            if self.grammar.variables && c == '$' && self.variable() {
                continue;
            }
            if !self.word(c) {
                self.at += c.len_utf8();
            }
        }
        self.out
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes `length` bytes as one token.
    fn take(&mut self, length: usize, kind: Kind) {
        self.out.push((self.at, self.at + length, kind));
        self.at += length;
    }

    fn line(&self) -> &'a str {
        self.rest().split('\n').next().unwrap_or_default()
    }

    /// `[section]`, `key =` or `key:` at the start of a line.
    fn head(&mut self) -> bool {
        let line = self.line();
        let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
        let found = match self.grammar.head {
            Head::Free => None,
            Head::Assignment if line.starts_with('[') => {
                line.rfind(']').map(|end| (end + 1, Kind::Section))
            }
            Head::Assignment => {
                line.split_once('=').map(|(key, _)| (key.trim_end().len(), Kind::Key))
            }
            Head::Colon => {
                let (key, value) = line.split_once(':').unwrap_or((line, "x"));
                let value_ok = value.is_empty() || value.starts_with(' ');
                (value_ok && line.contains(':')).then_some((key.len(), Kind::Key))
            }
        };
        match found {
            Some((length, kind))
                if length > 0
                    && (kind == Kind::Section
                        || line.get(..length).is_some_and(|key| key.chars().all(is_key))) =>
            {
                self.take(length, kind);
                true
            }
            _ => false,
        }
    }

    fn comment(&mut self, is_head: bool) -> bool {
        let before = self.text.get(..self.at).and_then(|s| s.chars().next_back());
        let is_after_blank = before.is_none_or(char::is_whitespace);
        let may_start = is_head || (self.grammar.comments_after_code && is_after_blank);
        let rest = self.rest();
        if may_start && self.grammar.comments.iter().any(|mark| rest.starts_with(mark)) {
            self.take(self.line().len(), Kind::Comment);
            return true;
        }
        false
    }

    /// A string, over several lines if need be; a quote without its fellow is no string.
    fn quoted(&mut self, c: char) -> bool {
        let Some((quote, escapes)) = self.grammar.quotes.iter().find(|(quote, _)| *quote == c)
        else {
            return false;
        };
        let Some(length) = closing(self.rest(), *quote, *escapes) else { return false };
        let after = self.text.get(self.at + length..).unwrap_or_default();
        let kind = if self.is_json && after.trim_start().starts_with(':') {
            Kind::Key
        } else {
            Kind::Text
        };
        if self.grammar.variables && *quote == '"' {
            self.take_with_variables(length);
        } else {
            self.take(length, kind);
        }
        true
    }

    /// A string in which variables are seen.
    fn take_with_variables(&mut self, length: usize) {
        let end = self.at + length;
        let mut start = self.at;
        while self.at < end {
            let rest = self.text.get(self.at..end).unwrap_or_default();
            let escaped = rest.starts_with('\\');
            match variable(rest) {
                Some(length) if !escaped => {
                    if start < self.at {
                        self.out.push((start, self.at, Kind::Text));
                    }
                    self.take(length, Kind::Variable);
                    start = self.at;
                }
                _ => {
                    let mut chars = rest.chars();
                    self.at += chars.next().map_or(1, char::len_utf8);
                    if escaped {
                        self.at += chars.next().map_or(0, char::len_utf8);
                    }
                }
            }
        }
        self.at = self.at.min(end);
        if start < end {
            self.out.push((start, end, Kind::Text));
        }
        self.at = end;
    }

    fn variable(&mut self) -> bool {
        let Some(length) = variable(self.rest()) else { return false };
        self.take(length, Kind::Variable);
        true
    }

    /// A whole word: a keyword, a number, or plain.
    fn word(&mut self, first: char) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !is_part(first) {
            return false;
        }
        let rest = self.rest();
        let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let before = self.text.get(..self.at).and_then(|s| s.chars().next_back());
        let after = rest.get(length..).and_then(|s| s.chars().next());
        // `/dev/sd1` and `a=b` have no numbers and keywords in them.
        let stands_alone = |c: Option<char>| {
            c.is_none_or(|c| {
                c.is_whitespace() || matches!(c, '(' | ')' | ';' | ',' | '[' | ']' | '{' | '}')
            })
        };
        let alone = stands_alone(before) && stands_alone(after);
        let is_number = word.starts_with(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_digit() || c == '.');
        if alone && self.grammar.keywords.contains(&word) {
            self.take(length, Kind::Key);
        } else if is_number && (alone || (before == Some('=') && stands_alone(after))) {
            self.take(length, Kind::Number);
        } else {
            self.at += length;
        }
        true
    }
}

/// Length of a quoted text with both its quotes.
fn closing(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if escapes => is_escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// Length of `$name`, `${…}`, `$1`, `$env:NAME` at the start of a text.
fn variable(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('$')?;
    if rest.starts_with('{') {
        return rest.find('}').map(|end| end + 2);
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let rest_after_scope = rest.strip_prefix("env:");
    let scope = if rest_after_scope.is_some() { "env:".len() } else { 0 };
    let name = rest_after_scope.unwrap_or(rest);
    let length = name.find(|c| !is_part(c)).unwrap_or(name.len());
    (length > 0).then_some(1 + scope + length)
}

/// XML: comments, tags and their strings.
fn markup(text: &str) -> Vec<(usize, usize, Kind)> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut is_in_tag = false;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().map_or(1, char::len_utf8);
        let (length, kind) = if rest.starts_with("<!--") {
            (rest.find("-->").map_or(rest.len(), |end| end + 3), Some(Kind::Comment))
        } else if rest.starts_with('<') {
            is_in_tag = true;
            let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
            (end.max(1), Some(Kind::Key))
        } else if is_in_tag && rest.starts_with('>') {
            is_in_tag = false;
            (1, Some(Kind::Key))
        } else if is_in_tag && rest.starts_with('"') {
            (closing(rest, '"', false).unwrap_or(1), Some(Kind::Text))
        } else {
            (first, None)
        };
        out.extend(kind.map(|kind| (at, at + length, kind)));
        at += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LANGUAGES: [&str; 16] = [
        "sh",
        "powershell",
        "ini",
        "toml",
        "yaml",
        "deb822",
        "debsources",
        "json",
        "lisp",
        "r",
        "perl",
        "groovy",
        "xml",
        "fish",
        "text",
        "",
    ];

    /// What a browser copies.
    fn copied(html: &str) -> String {
        let mut out = String::new();
        let mut rest = html;
        while let Some(start) = rest.find("<span") {
            out.push_str(&rest[..start]);
            rest = &rest[start + rest[start..].find('>').unwrap() + 1..];
        }
        out.push_str(rest);
        let out = out.replace("</span>", "");
        out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    proptest! {
        #[test]
        fn the_text_is_unchanged_whatever_it_is(
            text in "([ \\t\n#;:=\\[\\]<>/$\\{\\}\"'\\\\a-c1.é明-]|<!--|-->|&amp;|\\$env:){0,60}",
            language in proptest::sample::select(LANGUAGES.to_vec()),
        ) {
            let html = html(language, &text);
            prop_assert_eq!(copied(&html), text);
            let tags = html.matches('<').count();
            prop_assert_eq!(tags, html.matches("<span class=\"h").count() + html.matches("</span>").count());
        }
    }

    fn of(language: &str, text: &str) -> Vec<(&'static str, String)> {
        tokens(language, text)
            .into_iter()
            .map(|(a, b, kind)| (kind.class(), text[a..b].to_owned()))
            .collect()
    }

    fn is(language: &str, text: &str, wanted: &[(&str, &str)]) {
        let found = of(language, text);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(class, text)| (*class, text.as_str())).collect();
        assert_eq!(found, wanted, "{language}: {text}");
    }

    #[test]
    fn each_language_has_its_colours() {
        is(
            "sh",
            "sudo rm \"$f.bak\" # gone",
            &[("hk", "sudo"), ("ht", "\""), ("hv", "$f"), ("ht", ".bak\""), ("hc", "# gone")],
        );
        is("sh", "curl https://e.example/#top 'a b'", &[("ht", "'a b'")]);
        is("sh", "echo it's", &[("hk", "echo")]);
        is(
            "deb822",
            "# c\nTypes: deb\nURIs: https://e.example/",
            &[("hc", "# c"), ("hk", "Types"), ("hk", "URIs")],
        );
        is("debsources", "deb [signed-by=/k] https://e.example/ sid main", &[("hk", "deb")]);
        is(
            "toml",
            "[a.b]\nurl = \"x\" # c\nn = 1",
            &[
                ("hs", "[a.b]"),
                ("hk", "url"),
                ("ht", "\"x\""),
                ("hc", "# c"),
                ("hk", "n"),
                ("hn", "1"),
            ],
        );
        is(
            "ini",
            "[core]\nenabled=1\nbaseurl=https://e.example/$arch",
            &[("hs", "[core]"), ("hk", "enabled"), ("hn", "1"), ("hk", "baseurl"), ("hv", "$arch")],
        );
        is(
            "yaml",
            "channels:\n  - defaults\nshow: true",
            &[("hk", "channels"), ("hk", "show"), ("hk", "true")],
        );
        is("json", "{\"a\": [\"b\", 1]}", &[("hk", "\"a\""), ("ht", "\"b\""), ("hn", "1")]);
        is(
            "xml",
            "<a b=\"c\">d</a>",
            &[("hk", "<a"), ("ht", "\"c\""), ("hk", ">"), ("hk", "</a"), ("hk", ">")],
        );
        is("lisp", "(setq a \"b\") ; c", &[("hk", "setq"), ("ht", "\"b\""), ("hc", "; c")]);
        is("powershell", "$env:A = \"b\"", &[("hv", "$env:A"), ("ht", "\"b\"")]);
        is("r", "options(repos = c(CRAN = \"x\"))", &[("ht", "\"x\"")]);
        is("text", "# $x \"y\"", &[]);
    }

    /// Relative luminance of `#rrggbb` (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn every_colour_can_be_read_in_light_and_dark() {
        let css = include_str!("../../style/10-tokens.css");
        let pair = |name: &str| -> [String; 2] {
            let value = css.split_once(&format!("--{name}: light-dark(")).unwrap().1;
            let (value, _) = value.split_once(')').unwrap();
            let (light, dark) = value.split_once(", ").unwrap();
            [light.to_owned(), dark.to_owned()]
        };
        for name in ["comment", "text", "key", "variable", "number", "section"] {
            for paper in ["sheet", "paper"] {
                for (ink, paper) in pair(&format!("code-{name}")).iter().zip(&pair(paper)) {
                    let (a, b) = (luminance(ink), luminance(paper));
                    let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                    assert!(contrast >= 4.5, "{name}: {ink} on {paper}: {contrast:.2}");
                }
            }
        }
    }
}
