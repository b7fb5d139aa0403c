//! Markdown to HTML: our own prose, and the README files of strangers.

use pulldown_cmark::{Alignment, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A rendered text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// HTML.
    pub html: String,
    /// Headings of the second level: fragment and text.
    pub contents: Vec<(String, String)>,
}

/// Renders prose of our own; raw HTML is shown as text, never passed on.
pub fn render(text: &str) -> Rendered {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut contents = Vec::new();
    let events = headings(Parser::new_ext(text, options).map(defuse), &mut contents);
    let mut out = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut out, events.into_iter());
    Rendered { html: out, contents }
}

/// Renders a README that came with a mirrored tree.
///
/// SECURITY: it may say anything. Raw HTML becomes text, links keep only harmless schemes, images
/// are dropped (they would load from anywhere), headings go down so that the page keeps its outline.
pub fn render_foreign(text: &str) -> String {
    let events =
        Parser::new_ext(text, Options::ENABLE_TABLES).map(defuse).map(|event| match event {
            Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
            Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
            Event::Start(Tag::Heading { level, id: _, classes: _, attrs: _ }) => {
                Event::Start(Tag::Heading {
                    level: lower(level),
                    id: None,
                    classes: Vec::new(),
                    attrs: Vec::new(),
                })
            }
            Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
            other => other,
        });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

fn defuse(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) if !is_harmless(&dest_url) => {
            Event::Start(Tag::Link { link_type, dest_url: CowStr::Borrowed("#"), title, id })
        }
        // Columns would be aligned by `style`, which the site's policy for content forbids.
        Event::Start(Tag::Table(columns)) => {
            Event::Start(Tag::Table(vec![Alignment::None; columns.len()]))
        }
        other => other,
    }
}

/// Relative addresses and http, https, mailto.
fn is_harmless(url: &str) -> bool {
    let head = url.split(['/', '?', '#']).next().unwrap_or_default();
    match head.split_once(':') {
        None => true,
        Some((scheme, _)) => {
            ["http", "https", "mailto"].iter().any(|ok| scheme.eq_ignore_ascii_case(ok))
        }
    }
}

/// Gives headings an id and collects those of the second level.
fn headings<'a>(
    events: impl Iterator<Item = Event<'a>>,
    contents: &mut Vec<(String, String)>,
) -> Vec<Event<'a>> {
    let mut out: Vec<Event<'a>> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for event in events {
        match &event {
            Event::Start(Tag::Heading { .. }) => open = Some((out.len(), String::new())),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, heading)) = &mut open {
                    heading.push_str(text);
                }
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some((at, text)) = open.take() {
                    let id = fragment(&text);
                    if *level == HeadingLevel::H2 {
                        contents.push((id.clone(), text));
                    }
                    if let Some(Event::Start(Tag::Heading { id: slot, .. })) = out.get_mut(at) {
                        *slot = Some(CowStr::from(id));
                    }
                }
            }
            _ => {}
        }
        out.push(event);
    }
    out
}

/// A heading as a fragment: letters and digits of any script, the rest as single hyphens.
pub fn fragment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let trimmed = out.trim_end_matches('-');
    if trimmed.is_empty() { "section".to_owned() } else { trimmed.to_owned() }
}

/// Escapes text for HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_get_fragments_and_a_table_of_contents() {
        let page = render("## 检查 它是否 `work`\n\ntext\n");
        assert_eq!(page.contents, [("检查-它是否-work".to_owned(), "检查 它是否 work".to_owned())]);
        assert!(page.html.contains(r#"<h2 id="检查-它是否-work">"#), "{}", page.html);
    }

    #[test]
    fn columns_are_not_aligned_by_style() {
        let table = "| a | b |\n|:--|--:|\n| 1 | 2 |\n";
        for html in [render(table).html, render_foreign(table)] {
            assert!(html.contains("<th>a</th>") && !html.contains("style"), "{html}");
        }
    }

    #[test]
    fn a_foreign_readme_cannot_run_anything() {
        let html = render_foreign(
            "# Hi\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![i](http://e/x.png) [ok](a/b)",
        );
        assert!(
            !html.contains("<script") && !html.contains("javascript:") && !html.contains("<img")
        );
        assert!(html.contains("<h3>Hi</h3>") && html.contains(r#"href="a/b""#), "{html}");
    }
}
