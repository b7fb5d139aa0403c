//! Search results: mirrors, guides and files together, or files alone.

use std::ops::Range;

use leptos::prelude::*;

use crate::{
    Chrome, Document, format,
    model::{Lang, Mirror},
    part::{self, Choice},
    shell::Section,
};

/// Data of the page.
pub struct SearchView {
    /// Language.
    pub lang: Lang,
    /// Words as typed.
    pub query: String,
    /// How the words were read, when not as typed.
    pub understood: Option<String>,
    /// Whether only files are wanted (`/search/files`).
    pub files_only: bool,
    /// Mirrors that match.
    pub mirrors: Vec<Mirror>,
    /// Guides, pages and news whose text matches.
    pub texts: Vec<TextHit>,
    /// What the index said.
    pub files: FileResult,
    /// Ids for the choice of a mirror, the present one marked.
    pub mirror_choices: Vec<Choice>,
    /// Extension asked for.
    pub ext: String,
    /// Folder below which to search.
    pub folder: Option<String>,
}

/// A section of a guide, a page or a news item that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextHit {
    /// Address below the host, with language prefix and fragment.
    pub href: String,
    /// Title of the page.
    pub title: String,
    /// Heading of the section, unless it is the beginning of the page.
    pub heading: Option<String>,
    /// The line that answers best, shortened.
    pub excerpt: String,
    /// Where words were found in it, as byte ranges.
    pub marks: Vec<Range<usize>>,
}

/// Answer of the file index.
pub enum FileResult {
    /// Nothing was asked.
    NotAsked,
    /// There is no index.
    NoIndex,
    /// The query was refused, with the reason.
    Refused(String),
    /// Hits.
    Found {
        /// Best first.
        hits: Vec<FileHit>,
        /// How many files match.
        total: u64,
        /// Whether `total` is exact or a lower bound.
        exact: bool,
        /// Time of the search in microseconds.
        took_us: u64,
        /// Words that look like conditions and were looked for as they stand.
        literal: Vec<String>,
        /// A word that was left out because nothing was found with it.
        without: Option<String>,
    },
}

/// One file.
pub struct FileHit {
    /// Path below the host, for people.
    pub path: String,
    /// Percent-encoded address, with the language prefix for folders.
    pub href: String,
    /// Address of the folder that holds it.
    pub folder: String,
    /// Byte ranges of `path` that matched.
    pub highlights: Vec<Range<usize>>,
    /// Size in bytes; none for folders.
    pub size: Option<u64>,
    /// `2026-11-21`.
    pub day: String,
    /// Checksums, signatures and the like of it: what is added to its name, and the address.
    pub beside: Vec<(String, String)>,
    /// Folders that hold the same file: path for people and address.
    pub also: Vec<(String, String)>,
}

/// Folders of the same file that are named; the others are counted.
const MOST_PLACES: usize = 4;

/// Makes the page.
pub fn document(chrome: &Chrome, view: SearchView) -> Document {
    let lang = view.lang;
    let t = lang.texts();
    let title = if view.files_only { t.search_files_title } else { t.search_title };
    let path = if view.files_only { "/search/files" } else { "/search" };
    let nothing = !view.query.is_empty()
        && view.mirrors.is_empty()
        && view.texts.is_empty()
        && matches!(&view.files, FileResult::Found { hits, exact: true, .. } if hits.is_empty());
    let message = if view.query.is_empty() {
        view! { <p class="quiet">{t.search_empty}</p> }.into_any()
    } else if nothing {
        nothing_found(lang, &view.query, view.files_only)
    } else {
        ().into_any()
    };
    let form = form(&view, path);
    let literal = match &view.files {
        FileResult::Found { literal, .. } => literally(lang, literal),
        _ => ().into_any(),
    };
    let mirrors = mirror_hits(lang, view.mirrors);
    let texts = text_hits(lang, view.texts);
    let understood = view.understood.map(|text| view! { <p class="quiet">{text}</p> });
    let files = file_hits(lang, view.files, (!view.files_only).then_some(view.query.as_str()));
    let main = view! {
        <div class="wide">
            <div class="page-head"><h1>{title}</h1></div>
            {form}
            <div id="results" aria-live="polite">
                {understood}
                {literal}
                {message}
                {mirrors}
                {texts}
                {files}
            </div>
        </div>
    };
    Document {
        lang,
        title: if view.query.is_empty() {
            title.to_owned()
        } else {
            format!("{} – {title}", view.query)
        },
        description: format!("{}: {}", chrome.site.name.get(lang), t.search_empty),
        path: path.to_owned(),
        section: Section::Search,
        noindex: !view.query.is_empty(),
        main: main.into_any(),
    }
}

fn form(view: &SearchView, path: &str) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let narrow = view.files_only.then(|| {
        let ext = view! {
            <input name="ext" value=view.ext.clone() placeholder=t.search_ext_example autocomplete="off" autocapitalize="none" spellcheck="false" />
        };
        view! {
            {part::select("mirror", t.search_mirror, &view.mirror_choices)}
            {part::field("field short", t.search_ext, ext.into_any())}
        }
    });
    let folder = view.folder.clone().map(|folder| {
        view! {
            <div class="field toggle">
                <label><input type="checkbox" name="folder" value=folder.clone() checked=true /> " " <span>{t.search_below} " " <code>{folder}</code></span></label>
            </div>
        }
    });
    let label = if view.files_only { t.search_files_label } else { t.search_label };
    let examples: Vec<_> = t
        .search_hint_examples
        .split('|')
        .map(|example| view! { " " <code>{example}</code> })
        .collect();
    let text = view! {
        <input name="q" type="search" value=view.query.clone() placeholder=t.hero_placeholder autocomplete="off" autocapitalize="none" spellcheck="false" enterkeyhint="search" maxlength="128" data-focus-key="/" />
    };
    view! {
        <form class="search-form" action=format!("{}{path}", lang.prefix()) method="get" role="search" data-swap="#results">
            {part::field("field grow", label, text.into_any())}
            {narrow}
            {folder}
            <button type="submit">{t.search_button}</button>
            <p class="quiet hint">{t.search_hint} {examples}</p>
        </form>
    }
    .into_any()
}

fn mirror_hits(lang: Lang, mirrors: Vec<Mirror>) -> AnyView {
    if mirrors.is_empty() {
        return ().into_any();
    }
    let t = lang.texts();
    let items = mirrors
        .into_iter()
        .map(|m| {
            view! {
                <li>
                    <a href=m.page(lang)>{m.name.get(lang).to_owned()}</a>
                    " " {part::state_mark(lang, m.state)}
                    " " {m.has_tree.then(|| view! { <a class="aside" href=m.href(lang)>{t.list_files}</a> })} " "
                    <small>{m.description.get(lang).to_owned()}</small>
                </li>
            }
        })
        .collect_view();
    view! { <section class="hits"><h2>{t.search_mirrors}</h2><ul>{items}</ul></section> }.into_any()
}

fn text_hits(lang: Lang, texts: Vec<TextHit>) -> AnyView {
    if texts.is_empty() {
        return ().into_any();
    }
    let items = texts
        .into_iter()
        .map(|hit| {
            let label = match hit.heading {
                Some(heading) => format!("{} › {heading}", hit.title),
                None => hit.title,
            };
            let excerpt = highlighted(&hit.excerpt, &hit.marks);
            view! { <li><a href=hit.href>{label}</a> " " <small>{excerpt}</small></li> }
        })
        .collect_view();
    view! { <section class="hits"><h2>{lang.texts().search_guides}</h2><ul>{items}</ul></section> }
        .into_any()
}

/// `all_of` is the query when the page shows everything, to offer the page of files alone.
fn file_hits(lang: Lang, files: FileResult, all_of: Option<&str>) -> AnyView {
    let t = lang.texts();
    let body = match files {
        FileResult::NotAsked => return ().into_any(),
        FileResult::NoIndex => view! { <p class="notice">{t.search_no_index}</p> }.into_any(),
        FileResult::Refused(reason) => view! { <p class="notice warn">{reason}</p> }.into_any(),
        FileResult::Found { hits, exact: true, .. } if hits.is_empty() => return ().into_any(),
        FileResult::Found { hits, .. } if hits.is_empty() => {
            view! { <p class="notice warn">{t.search_cut}</p> }.into_any()
        }
        FileResult::Found { hits, total, exact, took_us, without, .. } => {
            let took = format!("{}.{}", took_us / 1000, took_us % 1000 / 100);
            let pattern = if exact { t.search_hits } else { t.search_hits_more };
            let line = format::fill(pattern, &[&format::count(total), &took]);
            let rows = hits.into_iter().map(|hit| file_row(lang, hit)).collect_view();
            let left_out = without.map(|word| format::fill(t.search_without, &[&word]));
            view! {
                {left_out.map(|text| view! { <p class="notice">{text}</p> })}
                <p class="quiet">{line}</p>
                <ul class="files">{rows}</ul>
            }
            .into_any()
        }
    };
    let only = all_of.map(|query| {
        view! {
            <form class="inline" action=format!("{}/search/files", lang.prefix()) method="get">
                <input type="hidden" name="q" value=query.to_owned() />
                <button type="submit">{t.search_only_files}</button>
            </form>
        }
    });
    view! { <section class="hits"><h2>{t.search_files}</h2>{body}{only}</section> }.into_any()
}

/// Which words look like conditions and were taken as they stand, each with what would be one.
fn literally(lang: Lang, words: &[String]) -> AnyView {
    let t = lang.texts();
    let reason = |word: &String| match word.split_once(':') {
        Some(("size", _)) => format::fill(t.search_literal_size, &[word]),
        Some(("after" | "before", _)) => format::fill(t.search_literal_time, &[word]),
        _ => format::fill(t.search_literal_pattern, &[word]),
    };
    let notices: Vec<_> =
        words.iter().map(|word| view! { <p class="notice">{reason(word)}</p> }).collect();
    view! { {notices} }.into_any()
}

/// That there is nothing, and what to do about it.
fn nothing_found(lang: Lang, query: &str, files_only: bool) -> AnyView {
    let t = lang.texts();
    let prefix = lang.prefix();
    let everything = files_only.then(|| {
        view! {
            <form class="inline" action=format!("{prefix}/search") method="get">
                <input type="hidden" name="q" value=query.to_owned() />
                <button type="submit">{t.search_label}</button>
            </form>
        }
    });
    view! {
        <p class="empty">{format::fill(t.search_nothing, &[query])}</p>
        <p>{t.search_advice}</p>
        <ul class="page-links">
            <li><a href=format!("{prefix}/")>{t.search_all_mirrors}</a></li>
            <li><a href=format!("{prefix}/docs/")>{t.search_all_guides}</a></li>
        </ul>
        {everything}
    }
    .into_any()
}

fn file_row(lang: Lang, hit: FileHit) -> AnyView {
    let size = hit.size.map_or_else(|| lang.texts().listing_folder.to_owned(), format::size);
    let label = highlighted(&hit.path, &hit.highlights);
    view! {
        <li>
            <a href=hit.href>{label}</a> " "
            <span class="meta">{format!("{size} · {}", hit.day)} " · " <a href=hit.folder>{lang.texts().search_folder}</a></span>
            {more_of(lang, hit.beside, hit.also)}
        </li>
    }
    .into_any()
}

/// What was folded into a result.
fn more_of(
    lang: Lang,
    beside: Vec<(String, String)>,
    also: Vec<(String, String)>,
) -> Option<AnyView> {
    if beside.is_empty() && also.is_empty() {
        return None;
    }
    let t = lang.texts();
    let link = |(label, href): (String, String)| view! { <a href=href>{label}</a> " " };
    let beside: Vec<_> = beside.into_iter().map(link).collect();
    let between = (!beside.is_empty() && !also.is_empty()).then_some("· ");
    let left = also.len().saturating_sub(MOST_PLACES);
    let left =
        (left > 0).then(|| format::fill(t.search_more_places, &[&format::count(left as u64)]));
    let also: Vec<_> = also.into_iter().take(MOST_PLACES).map(link).collect();
    let also = (!also.is_empty()).then(|| view! { {t.search_also} " " {also} {left} });
    Some(view! { <small class="folded">{beside} {between} {also}</small> }.into_any())
}

/// The path with its matches in `<mark>`; ranges that do not fit are ignored.
fn highlighted(path: &str, ranges: &[Range<usize>]) -> AnyView {
    let mut parts: Vec<AnyView> = Vec::new();
    let mut at = 0;
    for range in ranges {
        let (Some(before), Some(hit)) = (path.get(at..range.start), path.get(range.clone())) else {
            continue;
        };
        // Leptos would make a blank of an empty text.
        if !before.is_empty() {
            parts.push(before.to_owned().into_any());
        }
        parts.push(view! { <mark>{hit.to_owned()}</mark> }.into_any());
        at = range.end;
    }
    if let Some(rest) = path.get(at..).filter(|rest| !rest.is_empty()) {
        parts.push(rest.to_owned().into_any());
    }
    parts.into_any()
}
