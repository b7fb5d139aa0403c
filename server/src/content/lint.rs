//! Markdown that says what the site would not do: raw HTML, links that lead nowhere.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Content, front_matter, markdown, mirror::RESERVED, problem::Problem};

/// A link within a text of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Path of the file below the content folder.
    pub file: String,
    /// Its line.
    pub line: usize,
    /// Where it leads.
    pub to: String,
}

/// Reads one Markdown file: what is wrong with it by itself, and its links to other pages.
pub fn read(file: &str, text: &str) -> (Vec<Problem>, Vec<Link>) {
    let (body, first_line) = front_matter::body(text);
    let mut problems = Vec::new();
    let mut links = Vec::new();
    let mut headings = Vec::new();
    let mut heading: Option<String> = None;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        let line = line_of(body, &range, first_line);
        match event {
            Event::Html(raw) | Event::InlineHtml(raw) => {
                let message = format!(
                    "`{}`: HTML is shown as text; use Markdown, and ` around what is meant literally",
                    raw.trim()
                );
                problems.push(Problem::at(file, line, message));
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push(Link { file: file.to_owned(), line, to: dest_url.into_string() });
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => headings.extend(heading.take()),
            _ => {}
        }
    }
    // A heading that is a template has another fragment in each state.
    let is_fixed = headings.iter().all(|heading| !heading.contains("{{"));
    let fragments: Vec<String> = headings.iter().map(|h| markdown::fragment(h)).collect();
    let mut others = Vec::new();
    for link in links {
        match link.to.strip_prefix('#') {
            Some(fragment) if is_fixed && !is_among(&fragments, fragment) => {
                let message = format!("#{fragment}: no heading of this page has that fragment");
                problems.push(Problem::at(file, link.line, message));
            }
            Some(_) => {}
            None => others.push(link),
        }
    }
    (problems, others)
}

fn is_among(fragments: &[String], wanted: &str) -> bool {
    let wanted = percent_encoding::percent_decode_str(wanted).decode_utf8_lossy();
    fragments.iter().any(|fragment| *fragment == wanted)
}

fn line_of(body: &str, range: &Range<usize>, first_line: usize) -> usize {
    first_line + body.get(..range.start).map_or(0, |before| before.matches('\n').count())
}

/// What is wrong with a link, once all pages are known.
pub fn check(content: &Content, link: &Link) -> Option<Problem> {
    let to = link.to.split(['?', '#']).next().unwrap_or_default();
    let wrong = |message: String| Some(Problem::at(&link.file, link.line, message));
    if let Some((scheme, _)) = to.split_once(':') {
        return match scheme {
            "http" | "https" | "mailto" => None,
            _ => wrong(format!("{}: links have http, https or mailto, or start with /", link.to)),
        };
    }
    if to.contains("{{") {
        return None;
    }
    let Some(path) = to.strip_prefix('/') else {
        return wrong(format!(
            "{}: a link to a page of the site starts with /, as in /docs/debian",
            link.to
        ));
    };
    let path = path.strip_prefix("en/").unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["docs"] | ["docs", ""] => None,
        ["docs", id, ..] => {
            let id = id.strip_suffix(".md").unwrap_or(id);
            let is_there = content.resolve(id).is_some() || content.topic(id).is_some();
            if is_there {
                None
            } else {
                wrong(format!("{}: there is no mirror or guide \"{id}\"", link.to))
            }
        }
        ["news", slug] if !slug.is_empty() => {
            let is_there = content.news.keys().any(|(known, _)| known == slug);
            if is_there { None } else { wrong(format!("{}: there is no such news", link.to)) }
        }
        [first, ..] if first.is_empty() || RESERVED.contains(first) => None,
        _ => {
            let path = format!("/{path}");
            let is_below = |tree: &str| {
                path.strip_prefix(tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if content.mirrors.values().any(|mirror| is_below(&mirror.path())) {
                return None;
            }
            wrong(format!("{}: no page of the site and below no mirror", link.to))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_and_fragments_are_told_with_their_line() {
        let text = "+++\ntitle = \"t\"\n+++\n\n<script>x</script>\n\na <b>c</b> [d](#there) [e](#nowhere)\n\n## There\n\n```sh\n<tag>\n```\n<https://x.example/>\n";
        let (problems, links) = read("f.md", text);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 4, "{told:#?}");
        assert!(told[0].starts_with("f.md:5: `<script>"), "{told:#?}");
        assert!(told[1].starts_with("f.md:7: `<b>`"), "{told:#?}");
        assert!(told[3].starts_with("f.md:7: #nowhere"), "{told:#?}");
        assert_eq!(
            links,
            [Link { file: "f.md".to_owned(), line: 14, to: "https://x.example/".to_owned() }]
        );
    }
}
