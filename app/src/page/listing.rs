//! The listing of one directory, rendered in pieces so that a huge one can be streamed.

use std::borrow::Cow;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use leptos::prelude::*;

use crate::{
    Chrome, Document, download, format,
    model::{Lang, Mirror},
    part,
    shell::{Section, html_of},
};

/// Column by which a listing is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    /// Natural order of names.
    #[default]
    Name,
    /// Size in bytes.
    Size,
    /// Modification time.
    Time,
}

impl Column {
    /// The value in URLs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Time => "time",
        }
    }
}

/// Order of a listing; folders always come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub column: Column,
    /// Largest, newest, last first.
    pub descending: bool,
}

/// Data of the page around the rows.
pub struct ListingView<'a> {
    /// Language.
    pub lang: Lang,
    /// Moment of rendering.
    pub now: Timestamp,
    /// Mirror that the directory belongs to, when it is a known one.
    pub mirror: Option<&'a Mirror>,
    /// Path for people, with leading and trailing slash.
    pub path: String,
    /// Percent-encoded path, with leading and trailing slash, without language prefix.
    pub href: String,
    /// Parents from the list of mirrors down, this directory last: percent-encoded address and name.
    pub crumbs: Vec<(String, String)>,
    /// Order.
    pub order: Order,
    /// How a folder of many entries is divided; nothing for others.
    pub paging: Option<Paging>,
    /// Words that names must contain, from the filter box.
    pub filter: String,
    /// The same as a part of a query, percent-encoded: `&q=words`, or nothing.
    pub filter_query: String,
    /// The query as it was asked, with its `?`, or nothing.
    pub query: String,
    /// Rendered README, if there is one.
    pub readme: Option<String>,
}

/// Where one is in a folder of many entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// Everything comes at once, as a stream; pages are offered.
    Streamed,
    /// One page.
    Page {
        /// From 1.
        page: usize,
        /// How many there are.
        of: usize,
        /// Entries on all of them.
        total: u64,
    },
}

/// One entry.
pub struct Entry<'a> {
    /// Name for people, without a slash at the end.
    pub name: Cow<'a, str>,
    /// Percent-encoded name, without a slash at the end.
    pub href: Cow<'a, str>,
    /// Size in bytes; none for folders.
    pub size: Option<u64>,
    /// Modification time.
    pub time: Option<Timestamp>,
}

const ROWS: &str = "\u{1}rows\u{1}";

/// The page before and after its rows.
pub fn frame(chrome: &Chrome, view: &ListingView<'_>) -> (String, String) {
    let html = document(chrome, view).render(chrome);
    match html.split_once(ROWS) {
        Some((head, tail)) => (head.to_owned(), tail.to_owned()),
        None => (html, String::new()),
    }
}

/// Writes rows.
///
/// PERF: text is put together here without views, since a folder may have hundreds of thousands of entries and most
/// of the time would go into views. A test holds it against a view of the same row. Cells carry no classes and no scope:
/// the stylesheet knows the columns, and a first column of nothing but headers heads its rows.
pub struct Rows {
    zone: TimeZone,
    /// The last time, and how it was written: neighbours often have the same.
    last: Option<(Timestamp, String)>,
}

impl Rows {
    /// Rows with times in the zone of the site.
    pub fn new(chrome: &Chrome) -> Self {
        Self { zone: chrome.site.time_zone.clone(), last: None }
    }

    /// Adds the row of one entry.
    pub fn push(&mut self, html: &mut String, entry: &Entry<'_>) {
        let (row, slash) =
            if entry.size.is_none() { ("<tr class=\"dir\">", "/") } else { ("<tr>", "") };
        // An address is percent-encoded: nothing in it could end the attribute. `./` keeps a name with a colon from being
        // taken for a scheme.
        let parts = [row, "<th><a href=\"./", &entry.href, slash, "\">"];
        for part in parts {
            html.push_str(part);
        }
        push_text(html, &entry.name);
        html.push_str(slash);
        html.push_str("</a></th><td>");
        match entry.size {
            Some(size) => html.push_str(&format::size(size)),
            None => html.push('–'),
        }
        html.push_str("</td><td>");
        if let Some(time) = entry.time {
            self.push_time(html, time);
        }
        html.push_str("</td></tr>");
    }

    fn push_time(&mut self, html: &mut String, time: Timestamp) {
        if self.last.as_ref().is_none_or(|(last, _)| *last != time) {
            let mut text = String::with_capacity(72);
            let utc = TimeZone::UTC.to_datetime(time);
            text.push_str("<time datetime=\"");
            push_day(&mut text, utc);
            text.push('T');
            push_clock(&mut text, utc);
            text.push(':');
            push_two(&mut text, utc.second());
            text.push_str("Z\">");
            let local = self.zone.to_datetime(time);
            push_day(&mut text, local);
            text.push(' ');
            push_clock(&mut text, local);
            text.push_str("</time>");
            self.last = Some((time, text));
        }
        if let Some((_, text)) = &self.last {
            html.push_str(text);
        }
    }
}

/// `2026-11-21`
fn push_day(text: &mut String, time: DateTime) {
    let year = time.year().unsigned_abs();
    push_two(text, (year / 100).try_into().unwrap_or_default());
    push_two(text, (year % 100).try_into().unwrap_or_default());
    text.push('-');
    push_two(text, time.month());
    text.push('-');
    push_two(text, time.day());
}

/// `12:34`
fn push_clock(text: &mut String, time: DateTime) {
    push_two(text, time.hour());
    text.push(':');
    push_two(text, time.minute());
}

/// A number below 100 in two digits.
fn push_two(text: &mut String, number: i8) {
    let number = number.unsigned_abs();
    text.push(char::from(b'0' + number / 10 % 10));
    text.push(char::from(b'0' + number % 10));
}

/// Text between tags, as views write it.
fn push_text(html: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>']) {
        html.push_str(&rest[..at]);
        html.push_str(match rest.as_bytes().get(at) {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            _ => "&gt;",
        });
        rest = &rest[at + 1..];
    }
    html.push_str(rest);
}

/// A row that says why the listing ends early.
pub fn broken_row(lang: Lang, reason: &str) -> String {
    let text = format::fill(lang.texts().listing_truncated, &[reason]);
    html_of(view! { <tr class="broken"><td colspan="3">{text}</td></tr> })
}

/// A row that says that there is nothing.
pub fn empty_row(lang: Lang) -> String {
    html_of(view! { <tr class="broken"><td colspan="3">{lang.texts().listing_empty}</td></tr> })
}

fn document(chrome: &Chrome, view: &ListingView<'_>) -> Document {
    let lang = view.lang;
    let t = lang.texts();
    let p = lang.prefix();
    let title = format::fill(t.listing_index_of, &[&view.path]);
    let last = view.crumbs.len().saturating_sub(1);
    let crumbs = view
        .crumbs
        .iter()
        .enumerate()
        .map(|(i, (href, name))| {
            let current = (i == last).then_some("page");
            view! { <li><a href=format!("{p}{href}") aria-current=current>{name.clone()}</a></li> }
        })
        .collect_view();
    let heads = [
        (Column::Name, t.listing_name, ""),
        (Column::Size, t.listing_size, "num"),
        (Column::Time, t.listing_time, ""),
    ]
    .map(|(column, label, class)| column_head(view, column, label, class));
    let parent = view.crumbs.len().checked_sub(2).and_then(|i| view.crumbs.get(i)).map(|(href, _)| {
        view! {
            <tr class="dir parent">
                <th><a href=format!("{p}{href}")>{format!("../ ({})", t.listing_parent)}</a></th>
                <td>"–"</td>
                <td></td>
            </tr>
        }
    });
    let readme = view.readme.clone().map(|html| {
        view! {
            <section class="readme" aria-labelledby="readme">
                <h2 id="readme">{t.listing_readme}</h2>
                <div class="prose" inner_html=html></div>
            </section>
        }
    });
    let main = view! {
        <div class="wide">
            <div class="page-head">
                <h1>{title.clone()}</h1>
                <nav class="crumbs" aria-label=t.breadcrumb><ol>{crumbs}</ol></nav>
                {view.mirror.map(|m| mirror_line(chrome, lang, view.now, m))}
            </div>
            {filter_form(view)}
            {pages(view)}
            <table class="listing" id="entries">
                <thead><tr>{heads.into_iter().collect_view()}</tr></thead>
                <tbody>{parent}{ROWS}</tbody>
            </table>
            {readme}
        </div>
    };
    Document {
        lang,
        title,
        description: view.path.clone(),
        path: format!("{}{}", view.href, view.query),
        section: Section::Mirrors,
        // Crawlers find a mirror by its first folder; what lies below is searched here, not by them.
        noindex: view.crumbs.len() > 2 || !view.query.is_empty(),
        main: main.into_any(),
    }
}

/// The way through a folder of many entries.
fn pages(view: &ListingView<'_>) -> AnyView {
    let t = view.lang.texts();
    let Some(paging) = view.paging else { return ().into_any() };
    let order = if view.order == Order::default() {
        String::new()
    } else {
        let direction = if view.order.descending { "desc" } else { "asc" };
        format!("&sort={}&order={direction}", view.order.column.id())
    };
    let link = |page: usize, rel: &'static str, label: &'static str| {
        let href = format!("?page={page}{order}{}", view.filter_query);
        view! { " " <a href=href rel=rel>{label}</a> }.into_any()
    };
    let (text, links) = match paging {
        Paging::Streamed => (t.listing_many.to_owned(), vec![link(1, "", t.listing_by_pages)]),
        Paging::Page { page, of, total } => {
            let numbers = [page.to_string(), of.to_string(), format::count(total)];
            let text = format::fill(t.listing_page, &numbers.each_ref().map(String::as_str));
            let before = (page > 1).then(|| link(page.min(of + 1) - 1, "prev", t.listing_before));
            let after = (page < of).then(|| link(page + 1, "next", t.listing_after));
            (text, before.into_iter().chain(after).collect())
        }
    };
    view! { <p class="quiet pages">{text} {links}</p> }.into_any()
}

fn filter_form(view: &ListingView<'_>) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let keep_order = (view.order != Order::default()).then(|| {
        view! {
            <input type="hidden" name="sort" value=view.order.column.id() />
            <input type="hidden" name="order" value=if view.order.descending { "desc" } else { "asc" } />
        }
    });
    // A path that is no text cannot be asked for by text.
    let is_text = !view.path.contains(char::REPLACEMENT_CHARACTER);
    let search = view.mirror.filter(|_| is_text).map(|_| {
        view! {
            <form class="inline" action=format!("{}/search/files", lang.prefix()) method="get">
                <input type="hidden" name="folder" value=view.path.clone() />
                <label class="visually-hidden" for="search-here">{t.search_in_folder}</label>
                <input id="search-here" name="q" type="search" placeholder=t.search_in_folder maxlength="128" autocomplete="off" autocapitalize="none" spellcheck="false" data-focus-key="/" />
                <button type="submit">{t.search_button}</button>
            </form>
        }
    });
    view! {
        <div class="listing-tools">
            <form class="inline" action=format!("{}{}", lang.prefix(), view.href) method="get">
                <label class="visually-hidden" for="filter">{t.list_filter}</label>
                <input id="filter" name="q" type="search" value=view.filter.clone() placeholder=t.list_filter autocomplete="off" autocapitalize="none" spellcheck="false" data-filter="#entries" />
                {keep_order}
                <button type="submit">{t.list_apply}</button>
            </form>
            {search}
        </div>
    }
    .into_any()
}

fn column_head(
    view: &ListingView<'_>,
    column: Column,
    label: &'static str,
    class: &'static str,
) -> AnyView {
    let order = view.order;
    let active = order.column == column;
    let descending = if active { !order.descending } else { column != Column::Name };
    let direction = if descending { "desc" } else { "asc" };
    let href = format!("?sort={}&order={direction}{}", column.id(), view.filter_query);
    let sort = active.then_some(if order.descending { "descending" } else { "ascending" });
    view! { <th scope="col" class=class aria-sort=sort><a href=href>{label}</a></th> }.into_any()
}

fn mirror_line(chrome: &Chrome, lang: Lang, now: Timestamp, m: &Mirror) -> AnyView {
    let t = lang.texts();
    let zone = &chrome.site.time_zone;
    let content = m.content_time.map(|time| {
        view! {
            <li>{t.fact_content} " " {part::ago(lang, zone, now, Some(time), "")} " " {part::freshness_mark(lang, m.freshness)}</li>
        }
    });
    let downloads = m.downloads.as_ref().map(|id| {
        view! { <li><a href=download::page(lang, id)>{t.downloads_images}</a></li> }
    });
    view! {
        <ul class="state-line">
            <li>{part::state_mark(lang, m.state)}</li>
            {content}
            {downloads}
            <li><a href=m.page(lang)>{format::fill(t.error_to_guide, &[m.name.get(lang)])}</a></li>
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_a_view_of_it_would_be() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let mut rows = Rows { zone: zone.clone(), last: None };
        for (name, href, size, seconds) in [
            ("a <b> & \"c\" 'd'", "a%20%3Cb%3E", Some(1536), Some(0)),
            ("folder", "folder", None, Some(1_795_231_800)),
            ("new", "new", Some(7), Some(1_795_231_800)),
            ("😀", "%F0%9F%98%80", Some(0), None),
        ] {
            let time = seconds.map(|seconds| Timestamp::from_second(seconds).unwrap());
            let entry = Entry { name: name.into(), href: href.into(), size, time };
            let mut html = String::new();
            rows.push(&mut html, &entry);
            let slash = if size.is_none() { "/" } else { "" };
            let view = view! {
                <tr class=size.is_none().then_some("dir")>
                    <th><a href=format!("./{href}{slash}")>{format!("{name}{slash}")}</a></th>
                    <td>{size.map_or_else(|| "–".to_owned(), format::size)}</td>
                    <td>{time.map(|t| view! { <time datetime=t.to_string()>{format::minute(&zone, t)}</time> })}</td>
                </tr>
            };
            assert_eq!(html, view.to_html().replace("<!>", "").replace(" class=\"\"", ""));
        }
    }
}
