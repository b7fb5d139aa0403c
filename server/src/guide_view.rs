//! From a rendered guide to what its page, its Markdown and its JSON show.

use std::{collections::BTreeMap, fmt::Write as _};

use app::{
    Lang,
    page::guide::{self as page, Block, GuideOption, OptionKind, Role, Snippet},
    part::Choice,
};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{
    content::{
        markdown,
        verified::{self, Verified},
    },
    guide::{
        Guide, Kind, Mode, RenderError, Rendered, RenderedPiece, RenderedSnippet, Run, Selection,
    },
    highlight, setup,
    snapshot::Snapshot,
    web::encode,
};

/// The data of the page.
///
/// # Errors
/// A template that names something undefined.
pub fn view(
    snapshot: &Snapshot,
    guide: &Guide,
    lang: Lang,
    selection: &Selection,
) -> Result<page::Guide, RenderError> {
    let today = snapshot.now.to_zoned(snapshot.chrome.site.time_zone.clone()).date();
    let rendered = guide.render(lang, selection)?;
    let query = guide.canonical_query(selection);
    let nothing = BTreeMap::new();
    let lacking = snapshot.lacking.get(&guide.id).unwrap_or(&nothing);
    let verified = snapshot.content.verified.get(&guide.id);
    let mut blocks = Vec::new();
    let mut contents = Vec::new();
    for piece in &rendered.pieces {
        match piece {
            RenderedPiece::Text(text) => {
                let mut text = markdown::render(text);
                contents.append(&mut text.contents);
                blocks.push(Block::Html(text.html));
            }
            RenderedPiece::Snippet(snippet) => {
                let mut shown = snippet_view(guide, &rendered, snippet, &query);
                shown.checked = verified
                    .and_then(|blocks| blocks.get(&snippet.id))
                    .and_then(|all| verified::summary(all));
                if shown.id.is_empty() {
                    shown.id = format!("sample-{}", blocks.len());
                }
                blocks.push(Block::Snippet(shown));
            }
        }
    }
    let (setup, touched) = match guide.setup(selection) {
        Ok(plan) => (Some(setup_lines(guide, lang, &rendered, plan.is_root, &query)), plan.keep),
        Err(RenderError::NoSuchSnippet { .. } | RenderError::Hidden { .. }) => (None, Vec::new()),
        Err(error) => return Err(error),
    };
    let edit_url =
        snapshot.chrome.site.edit_url.as_ref().map(|base| format!("{base}/{}", guide.file(lang)));
    Ok(page::Guide {
        title: guide.title.get(lang).to_owned(),
        options: options(guide, lang, selection, today, lacking),
        lacking: lacks(guide, lang, lacking),
        blocks,
        contents,
        query,
        reviewed: guide.reviewed,
        ended: ended(guide, selection, today),
        edit_url,
        source_url: {
            let suffix = if lang == Lang::Zh { "zh" } else { "en" };
            format!("/docs/{}/help.{suffix}.md", encode::segment(guide.id.as_bytes()))
        },
        setup,
        touched,
    })
}

/// The labels of what the tree of this mirror lacks.
fn lacks(guide: &Guide, lang: Lang, lacking: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let options =
        guide.options.iter().filter_map(|option| Some((option, lacking.get(&option.id)?)));
    let values = options.flat_map(|(option, values)| values.iter().map(move |v| (option, v)));
    values
        .map(|(option, value)| {
            let label = option.value(value).and_then(|def| def.label.as_ref());
            label.map_or_else(|| value.clone(), |label| label.get(lang).to_owned())
        })
        .collect()
}

fn options(
    guide: &Guide,
    lang: Lang,
    selection: &Selection,
    today: Date,
    lacking: &BTreeMap<String, Vec<String>>,
) -> Vec<GuideOption> {
    guide
        .options
        .iter()
        .filter(|option| !selection.hidden.contains(&option.id))
        .map(|option| {
            let chosen = selection.values.get(&option.id).map_or("", String::as_str);
            let kind = match &option.kind {
                Kind::Toggle { .. } => OptionKind::Toggle(chosen == "on"),
                Kind::Select { values, .. } => OptionKind::Select(
                    values
                        .iter()
                        .map(|v| {
                            let label = v.label.as_ref().map_or(v.value.as_str(), |l| l.get(lang));
                            let label = match v.eol {
                                Some(end) if end < today => {
                                    format!("{label} · {}", lang.texts().guide_eol)
                                }
                                _ => label.to_owned(),
                            };
                            let is_lacking =
                                lacking.get(&option.id).is_some_and(|all| all.contains(&v.value));
                            let label = if is_lacking {
                                format!("{label} · {}", lang.texts().guide_lacking)
                            } else {
                                label
                            };
                            Choice { value: v.value.clone(), label, selected: v.value == chosen }
                        })
                        .collect(),
                ),
            };
            GuideOption { id: option.id.clone(), label: option.label.get(lang).to_owned(), kind }
        })
        .collect()
}

/// The earliest end of life among the chosen values, when it has passed.
fn ended(guide: &Guide, selection: &Selection, today: Date) -> Option<Date> {
    guide
        .options
        .iter()
        .filter_map(|option| option.value(selection.values.get(&option.id)?)?.eol)
        .filter(|end| *end < today)
        .min()
}

fn snippet_view(
    guide: &Guide,
    rendered: &Rendered,
    snippet: &RenderedSnippet,
    query: &str,
) -> Snippet {
    let address = address(guide, snippet, query);
    let curl = snippet
        .file
        .as_ref()
        .filter(|_| !snippet.show_only)
        .and_then(|file| curl_line(rendered, snippet, file, &address));
    Snippet {
        id: snippet.id.clone(),
        html: highlight::html(&snippet.language, &snippet.text),
        role: role(snippet),
        raw_url: (!snippet.show_only).then_some(address),
        curl,
        is_undo: !snippet.undo.is_empty(),
        checked: None,
    }
}

fn role(snippet: &RenderedSnippet) -> Role {
    let is_prefixed = snippet.text.contains("sudo ");
    match (&snippet.file, snippet.mode, snippet.run) {
        _ if snippet.show_only => Role::Sample,
        (Some(file), Mode::Create, _) => Role::Write(file.clone()),
        (Some(file), Mode::Append, _) => Role::Append(file.clone()),
        (None, _, _) if snippet.in_project => Role::Project,
        (None, _, Run::Root) if is_prefixed => Role::Sudo,
        (None, _, Run::Root) => Role::Root,
        (None, _, Run::User) => Role::User,
    }
}

/// The lines that fetch and run `setup.sh`. It is one function called in its last line, so that half a script does nothing.
fn setup_lines(
    guide: &Guide,
    lang: Lang,
    rendered: &Rendered,
    is_root: bool,
    query: &str,
) -> page::Setup {
    let query: Vec<&str> =
        query.split('&').filter(|pair| !pair.starts_with("sudo=") && !pair.is_empty()).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let id = encode::segment(guide.id.as_bytes());
    let url = format!("{}{}/docs/{id}/setup.sh{query}", rendered.base, lang.prefix());
    let sudo = if is_root { rendered.sudo.as_str() } else { "" };
    page::Setup {
        run: format!("curl -fsSL '{url}' | {sudo}sh"),
        print: format!("curl -fsSL '{url}' | sh -s -- --print"),
        undo: format!("curl -fsSL '{url}' | {sudo}sh -s -- --undo"),
    }
}

/// Path and query at which the snippet is served.
fn address(guide: &Guide, snippet: &RenderedSnippet, query: &str) -> String {
    let path = format!(
        "/docs/{}/{}",
        encode::segment(guide.id.as_bytes()),
        encode::segment(snippet.name.as_bytes())
    );
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

/// The shell line that writes the file. `curl -o` rather than `curl | tee`: when the download
/// fails, `-f -o` leaves the old file alone, while `tee` has emptied it already.
fn curl_line(
    rendered: &Rendered,
    snippet: &RenderedSnippet,
    file: &str,
    address: &str,
) -> Option<String> {
    let is_system = file.starts_with('/');
    if !is_system && !file.starts_with("~/") {
        return None;
    }
    let sudo = if is_system { rendered.sudo.as_str() } else { "" };
    let url = format!("{}{address}", rendered.base);
    Some(match snippet.mode {
        Mode::Create => format!("{sudo}curl -fsSL --create-dirs -o {file} '{url}'"),
        Mode::Append => format!("curl -fsSL '{url}' | {sudo}tee -a {file}"),
    })
}

/// The guide as Markdown.
///
/// # Errors
/// A template that names something undefined.
pub fn markdown(guide: &Guide, lang: Lang, selection: &Selection) -> Result<String, RenderError> {
    let rendered = guide.render(lang, selection)?;
    let mut out = format!("# {}\n", guide.title.get(lang));
    for piece in &rendered.pieces {
        match piece {
            RenderedPiece::Text(text) => {
                let _ = write!(out, "\n{}\n", text.trim());
            }
            RenderedPiece::Snippet(snippet) => {
                let caption = role(snippet).caption(lang);
                let code = snippet.text.trim_end_matches('\n');
                let _ = write!(out, "\n{caption}:\n\n```{}\n{code}\n```\n", snippet.language);
            }
        }
    }
    Ok(out)
}

/// Everything that a reader may run or write in one state: snippets, and the script in both languages.
///
/// # Errors
/// A template that names something undefined.
pub fn texts(guide: &Guide, selection: &Selection) -> Result<Vec<RenderedSnippet>, RenderError> {
    let rendered = guide.render(Lang::Zh, selection)?;
    let mut out: Vec<RenderedSnippet> = rendered
        .pieces
        .into_iter()
        .filter_map(|piece| match piece {
            RenderedPiece::Snippet(snippet) => Some(snippet),
            RenderedPiece::Text(_) => None,
        })
        .collect();
    // The script is asked for without `sudo`; the other state would only put it in where it is not needed.
    let has_sudo = selection.values.get("sudo").is_some_and(|value| value == "on");
    for lang in Lang::ALL {
        let plan = match guide.setup(selection) {
            Ok(plan) if !has_sudo => plan,
            Ok(_) | Err(RenderError::NoSuchSnippet { .. } | RenderError::Hidden { .. }) => continue,
            Err(error) => return Err(error),
        };
        let query = guide.canonical_query(selection);
        let url = format!("{}/docs/{}/setup.sh?{query}", rendered.base, guide.id);
        let text =
            setup::script(&guide.id, guide.title.get(lang), &url, lang, plan).map_err(|error| {
                RenderError::Template { message: error.to_string(), line: None, in_code: true }
            })?;
        out.push(RenderedSnippet {
            id: format!("setup.sh {}", lang.prefix()),
            name: "setup.sh".to_owned(),
            language: "sh".to_owned(),
            text,
            file: None,
            mode: Mode::Create,
            run: Run::User,
            in_project: false,
            show_only: false,
            undo: Vec::new(),
        });
    }
    Ok(out)
}

/// Everything that is needed to enumerate the guide from outside.
pub fn options_json(guide: &Guide, verified: &Verified) -> Value {
    let nothing = BTreeMap::new();
    let verified = verified.get(&guide.id).unwrap_or(&nothing);
    let options: Vec<Value> = guide
        .options
        .iter()
        .map(|option| {
            let values: Vec<Value> = option
                .values()
                .into_iter()
                .map(|value| {
                    let def = option.value(value);
                    json!({
                        "value": value,
                        "label": def.and_then(|d| d.label.as_ref()),
                        "eol": def.and_then(|d| d.eol),
                        "set": def.map(|d| &d.set),
                    })
                })
                .collect();
            json!({
                "id": option.id,
                "label": option.label,
                "kind": match option.kind { Kind::Select { .. } => "select", Kind::Toggle { .. } => "toggle" },
                "default": option.default(),
                "values": values,
                "hide_when": option.hide_when,
                "global": option.global,
            })
        })
        .collect();
    let snippets: Vec<Value> = guide
        .blocks
        .iter()
        .filter(|block| !block.show_only)
        .map(|block| {
            json!({
                "id": block.id,
                "language": block.language,
                "file": block.file,
                "mode": match block.mode { Mode::Create => "create", Mode::Append => "append" },
                "run": match block.run { Run::Root => "root", Run::User => "user" },
                "in_project": block.in_project,
                "when": block.when,
                "undo": block.undo,
                "verified": verified.get(&block.id),
            })
        })
        .collect();
    json!({
        "id": guide.id,
        "title": guide.title,
        "scheme": guide.scheme,
        "options": options,
        "setup": guide.setup.is_some().then(|| format!("/docs/{}/setup.sh", guide.id)),
        "snippets": snippets,
        "checks": guide.checks,
    })
}
