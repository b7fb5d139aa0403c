//! Just enough of HTML to ask a page what is in it.

use std::collections::HashMap;

/// A page.
pub struct Html {
    text: String,
    tags: Vec<Tag>,
}

/// One opening tag.
#[derive(Clone, Debug)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// Where it ends in the text of the page.
    end: usize,
}

impl Tag {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Html {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), tags: tags(text) }
    }

    pub fn source(&self) -> &str {
        &self.text
    }

    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Tag> {
        self.tags.iter().filter(move |tag| tag.name == name)
    }

    /// Whether no script came in by a name or a text.
    pub fn runs_only_scripts_of_the_frame(&self) -> bool {
        let early = format!("{}</script>", app::shell::EARLY_SCRIPT);
        self.all("script")
            .all(|tag| tag.get("src").is_some() || self.text[tag.end..].starts_with(&early))
    }

    /// The visible text of every element of a kind.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let close = format!("</{name}>");
        self.all(name)
            .map(|tag| {
                let rest = &self.text[tag.end..];
                visible(&rest[..rest.find(&close).unwrap_or(rest.len())])
            })
            .collect()
    }

    pub fn title(&self) -> String {
        self.texts("title").remove(0)
    }

    /// What is between `<main …>` and `</main>`.
    pub fn main(&self) -> Self {
        let start = self.all("main").next().expect("a page has a main part").end;
        let end = self.text.rfind("</main>").unwrap();
        Self::new(&self.text[start..end])
    }

    /// Visible text of the whole.
    pub fn visible(&self) -> String {
        visible(&self.text)
    }

    /// Addresses of everything that a visitor or a browser may follow.
    pub fn links(&self) -> Vec<String> {
        self.tags
            .iter()
            .filter(|tag| matches!(tag.name.as_str(), "a" | "link" | "script" | "img" | "form"))
            .filter_map(|tag| tag.get("href").or(tag.get("src")).or(tag.get("action")))
            .map(ToOwned::to_owned)
            .collect()
    }

    /// Addresses in the elements of a class, up to the end of that element.
    pub fn links_in(&self, name: &str, class: &str) -> Vec<String> {
        let close = format!("</{name}>");
        self.all(name)
            .filter(|tag| tag.get("class") == Some(class))
            .flat_map(|tag| {
                let rest = &self.text[tag.end..];
                Self::new(&rest[..rest.find(&close).unwrap_or(rest.len())]).links()
            })
            .collect()
    }

    pub fn ids(&self) -> HashMap<&str, usize> {
        let mut ids = HashMap::new();
        for id in self.tags.iter().filter_map(|tag| tag.get("id")) {
            *ids.entry(id).or_default() += 1;
        }
        ids
    }

    /// The text of the code element with an id, as `textContent` has it.
    pub fn code(&self, id: &str) -> String {
        let tag = self.all("code").find(|tag| tag.get("id") == Some(id));
        let rest = &self.text[tag.unwrap_or_else(|| panic!("no code {id}")).end..];
        let code = &rest[..rest.find("</code>").unwrap()];
        // What a browser copies: the text without its colours.
        let text = code.split('<').enumerate().map(|(i, part)| match part.split_once('>') {
            Some((_, text)) if i > 0 => text,
            _ => part,
        });
        unescape(&text.collect::<String>())
    }

    /// One element a line, for snapshots that can be read and compared.
    pub fn tidy(&self) -> String {
        const OWN_LINE: [&str; 32] = [
            "div",
            "section",
            "form",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "ul",
            "ol",
            "li",
            "nav",
            "p",
            "h1",
            "h2",
            "h3",
            "label",
            "select",
            "option",
            "input",
            "button",
            "figure",
            "figcaption",
            "pre",
            "details",
            "summary",
            "dl",
            "dt",
            "dd",
            "aside",
            "article",
        ];
        let mut out = String::new();
        let mut rest = self.text.as_str();
        let mut in_code = false;
        while let Some(at) = rest.find('<') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let name: String = rest[1..].chars().take_while(char::is_ascii_alphanumeric).collect();
            if !in_code && OWN_LINE.contains(&name.as_str()) {
                out.push('\n');
            }
            match name.as_str() {
                "pre" => in_code = true,
                "" if rest.starts_with("</pre") => in_code = false,
                _ => {}
            }
            out.push('<');
            rest = &rest[1..];
        }
        out.push_str(rest);
        out.trim().to_owned()
    }
}

fn tags(text: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        at += found + 1;
        let name: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
        if name.is_empty() {
            continue;
        }
        at += name.len();
        let mut attributes = Vec::new();
        loop {
            at += blanks(&text[at..]);
            let rest = &text[at..];
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let length = rest
                .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>'))
                .unwrap_or(rest.len());
            let key = rest[..length].to_owned();
            at += length;
            let value = if let Some(value) = text[at..].strip_prefix("=\"") {
                let length = value.find('"').expect("a quote is closed");
                at += length + 3;
                unescape(&value[..length])
            } else {
                assert!(!text[at..].starts_with('='), "every attribute is quoted: {rest:.60}");
                String::new()
            };
            attributes.push((key, value));
        }
        tags.push(Tag { name, attributes, end: (at + 1).min(text.len()) });
    }
    tags
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn visible(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        rest = &rest[end..];
    }
    out.push_str(rest);
    unescape(&out)
}

/// Replaces the entities that our pages use.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
