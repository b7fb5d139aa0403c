//! The front page: every mirror, filtered and sorted as the query says.

use jiff::Timestamp;
use leptos::prelude::*;

use crate::{
    Chrome, Document, format,
    model::{Category, Freshness, Lang, Mirror, State},
    part::{self, Choice},
    shell::Section,
};

/// Order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By name, as dictionaries do.
    #[default]
    Name,
    /// Largest first.
    Size,
    /// Most recent success first.
    Success,
    /// Most recent content first.
    Content,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Name, Self::Size, Self::Success, Self::Content];

    /// The value in URLs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Success => "success",
            Self::Content => "content",
        }
    }

    fn word(self, lang: Lang) -> &'static str {
        let t = lang.texts();
        match self {
            Self::Name => t.sort_name,
            Self::Size => t.sort_size,
            Self::Success => t.sort_success,
            Self::Content => t.sort_content,
        }
    }
}

/// How much of each mirror the list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Name, age and state in columns, so that all are seen at a glance.
    #[default]
    Compact,
    /// A row with everything for each.
    Details,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 2] = [Self::Compact, Self::Details];

    /// The value in URLs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Details => "details",
        }
    }

    fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Compact => lang.texts().layout_compact,
            Self::Details => lang.texts().layout_details,
        }
    }
}

/// What the visitor asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words, all of which must occur in name, id, aliases, keywords or description.
    pub text: String,
    /// One shelf only.
    pub category: Option<Category>,
    /// One state only.
    pub state: Option<State>,
    /// Order.
    pub sort: Sort,
    /// Layout.
    pub layout: Layout,
}

impl Filter {
    /// Whether anything narrows the list.
    pub fn is_narrow(&self) -> bool {
        !self.text.is_empty() || self.category.is_some() || self.state.is_some()
    }
}

/// Data of the page.
pub struct ListView<'a> {
    /// Language.
    pub lang: Lang,
    /// Moment of rendering.
    pub now: Timestamp,
    /// Every mirror, for the summary and the favourites.
    pub all: &'a [Mirror],
    /// Those shown, in order, with the words by which the script filters.
    pub rows: Vec<(&'a Mirror, String)>,
    /// What was asked.
    pub filter: &'a Filter,
}

/// Makes the page.
pub fn document(chrome: &Chrome, view: &ListView<'_>) -> Document {
    let lang = view.lang;
    let site = &chrome.site;
    let main = view! {
        {hero(chrome, view)}
        <div class="wide">
            {notices(chrome, lang)}
            <section id="list" aria-labelledby="list-title">
                <h2 id="list-title" class="visually-hidden">{lang.texts().list_title}</h2>
                {filter_form(view)}
                {letters(view)}
                {table(chrome, view)}
            </section>
        </div>
    };
    Document {
        lang,
        title: String::new(),
        description: site.description.get(lang).to_owned(),
        path: "/".to_owned(),
        section: Section::Mirrors,
        noindex: *view.filter != Filter::default(),
        main: main.into_any(),
    }
}

fn hero(chrome: &Chrome, view: &ListView<'_>) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let p = lang.prefix();
    let site = &chrome.site;
    let favourites = site
        .favourites
        .iter()
        .filter_map(|id| view.all.iter().find(|m| &m.id == id))
        .map(|m| {
            view! {
                <li>
                    <a href=m.page(lang)>{part::icon(chrome, m.icon.as_deref(), &m.id)}{m.name.get(lang).to_owned()}</a>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="hero">
            <div class="wide">
                <h1>{site.name.get(lang).to_owned()}</h1>
                <p class="summary">{summary(view)}</p>
                <form class="big-search" action=format!("{p}/search") method="get" role="search">
                    <label for="q" class="visually-hidden">{t.search_label}</label>
                    <input id="q" name="q" type="search" value=view.filter.text.clone() placeholder=t.hero_placeholder autocomplete="off" autocapitalize="none" spellcheck="false" enterkeyhint="search" data-focus-key="/" data-filter="#mirrors" />
                    <button type="submit">{t.search_button}</button>
                    <button type="submit" class="no-script" formaction=format!("{p}/")>{t.list_filter_button}</button>
                </form>
                <nav class="favourites" aria-label=t.list_favourites>
                    <ul data-stars=[t.star_add, t.star_remove].join("|")>{favourites}</ul>
                </nav>
                {hosts(chrome, lang)}
            </div>
        </div>
    }
    .into_any()
}

/// By which names and protocols the site is reached.
fn hosts(chrome: &Chrome, lang: Lang) -> AnyView {
    let t = lang.texts();
    let site = &chrome.site;
    let names = site
        .hosts
        .iter()
        .map(|host| {
            let campus = host.is_campus_only.then(|| format!(" {}", t.network_campus_only));
            let words = format!("{}{}", host.family.word(lang), campus.unwrap_or_default());
            view! { <li><code>{host.name.clone()}</code> " " {words}</li> }
        })
        .collect_view();
    let rsync = site.rsync.clone().map(|url| view! { <li><code>{url}</code></li> });
    view! {
        <ul class="hosts" aria-label=t.network_names>
            {names}{rsync}
            <li><a href=format!("{}/network", lang.prefix())>{t.list_which_host}</a></li>
        </ul>
    }
    .into_any()
}

/// The list in figures.
fn summary(view: &ListView<'_>) -> String {
    let t = view.lang.texts();
    let count = |is: &dyn Fn(&Mirror) -> bool| view.all.iter().filter(|m| is(m)).count();
    let total: u64 = view.all.iter().filter_map(|m| m.size_bytes).sum();
    let failed = count(&|m| m.state == State::Failed);
    let measured = count(&|m| m.freshness != Freshness::Unknown);
    let fresh = count(&|m| m.freshness == Freshness::Fresh);
    let mut facts = vec![
        format::fill(t.list_count, &[&view.all.len().to_string()]),
        format::fill(t.list_total, &[&format::size(total)]),
        format::fill(t.list_ok, &[&count(&|m| m.state == State::Success).to_string()]),
    ];
    if failed > 0 {
        facts.push(format::fill(t.list_failed, &[&failed.to_string()]));
    }
    if measured > 0 {
        facts.push(format::fill(t.list_fresh, &[&fresh.to_string(), &measured.to_string()]));
    }
    // Each fact stays on one line, with the dot behind it.
    facts.iter().map(|fact| fact.replace(' ', "\u{a0}")).collect::<Vec<_>>().join("\u{a0}· ")
}

fn notices(chrome: &Chrome, lang: Lang) -> AnyView {
    let t = lang.texts();
    let mut texts: Vec<String> =
        chrome.site.notices.iter().map(|n| n.get(lang).to_owned()).collect();
    if let Some(recorded) = chrome.recorded_at {
        let day = format::minute(&chrome.site.time_zone, recorded);
        texts.push(format::fill(t.recorded_notice, &[&day]));
    }
    if texts.is_empty() {
        return ().into_any();
    }
    let items = texts.into_iter().map(|n| view! { <p>{n}</p> }).collect_view();
    view! { <aside class="notice" aria-label=t.notices>{items}</aside> }.into_any()
}

fn filter_form(view: &ListView<'_>) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let filter = view.filter;
    let any = |selected| Choice { value: String::new(), label: t.all.to_owned(), selected };
    let mut categories = vec![any(filter.category.is_none())];
    categories.extend(Category::ALL.map(|c| Choice {
        value: c.id().to_owned(),
        label: c.word(lang).to_owned(),
        selected: filter.category == Some(c),
    }));
    let mut states = vec![any(filter.state.is_none())];
    states.extend(State::ALL.into_iter().filter(|s| view.all.iter().any(|m| m.state == *s)).map(
        |s| Choice {
            value: s.id().to_owned(),
            label: s.word(lang).to_owned(),
            selected: filter.state == Some(s),
        },
    ));
    let sorts = Sort::ALL.map(|s| Choice {
        value: s.id().to_owned(),
        label: s.word(lang).to_owned(),
        selected: filter.sort == s,
    });
    let shown =
        format::fill(t.list_shown, &[&view.rows.len().to_string(), &view.all.len().to_string()]);
    let layouts = Layout::ALL.map(|l| Choice {
        value: l.id().to_owned(),
        label: l.word(lang).to_owned(),
        selected: filter.layout == l,
    });
    let reset = filter.is_narrow().then(|| {
        view! { <a class="reset" href=format!("{}/", lang.prefix())>{t.list_reset}</a> }
    });
    // The box above holds the words; they stay when another choice is made here.
    let text = (!filter.text.is_empty())
        .then(|| view! { <input type="hidden" name="q" value=filter.text.clone() /> });
    view! {
        <form class="filter" action=format!("{}/", lang.prefix()) method="get" data-swap="#list">
            {text}
            {part::select("category", t.list_category, &categories)}
            {part::select("state", t.list_state, &states)}
            {part::select("sort", t.list_sort, &sorts)}
            {part::select("view", t.list_layout, &layouts)}
            <button type="submit" class="no-script">{t.list_apply}</button>
            <p class="shown"><output data-shown="">{shown}</output>" "{reset}</p>
        </form>
    }
    .into_any()
}

/// The letter under which a dictionary has a mirror.
fn letter(mirror: &Mirror) -> char {
    let first = mirror.id.chars().next().map(|c| c.to_ascii_lowercase());
    first.filter(char::is_ascii_alphabetic).unwrap_or('0')
}

/// Rows that are the first under their letter, when the order is by name.
fn first_of_letters(view: &ListView<'_>) -> Vec<Option<char>> {
    let letters: Vec<char> = view.rows.iter().map(|(mirror, _)| letter(mirror)).collect();
    let is_first = |at: usize| at == 0 || letters[at - 1] != letters[at];
    let by_name = view.filter.sort == Sort::Name;
    (0..letters.len()).map(|at| (by_name && is_first(at)).then_some(letters[at])).collect()
}

/// Jumps to the first mirror under each letter.
fn letters(view: &ListView<'_>) -> Option<AnyView> {
    let links: Vec<_> = first_of_letters(view)
        .into_iter()
        .flatten()
        .map(|c| {
            let label = if c == '0' { "#".to_owned() } else { c.to_uppercase().to_string() };
            view! { <li><a href=format!("#to-{c}")>{label}</a></li> }
        })
        .collect();
    let label = view.lang.texts().list_letters;
    (links.len() > 3).then(|| {
        view! { <nav class="letters" aria-label=label><ul>{links.collect_view()}</ul></nav> }
            .into_any()
    })
}

fn table(chrome: &Chrome, view: &ListView<'_>) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let empty = view.rows.is_empty();
    let rows = view
        .rows
        .iter()
        .zip(first_of_letters(view))
        .map(|((mirror, words), letter)| row(chrome, view, mirror, words, letter))
        .collect_view();
    let class = format!("list {} by-{}", view.filter.layout.id(), view.filter.sort.id());
    view! {
        <table id="mirrors" class=class>
            <thead>
                <tr>
                    <th scope="col">{t.col_name}</th>
                    <th scope="col">{t.col_content}</th>
                    <th scope="col">{t.col_success}</th>
                    <th scope="col">{t.col_state}</th>
                    <th scope="col" class="num">{t.col_size}</th>
                    <th scope="col">{t.col_links}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <p class="empty" data-empty=t.list_none>{empty.then_some(t.list_none)}</p>
    }
    .into_any()
}

/// The words by which the script finds a row and that are not there to read anyway, each once.
fn unseen(words: &str, seen: &[&str]) -> String {
    let seen = seen.join(" ").to_lowercase();
    let mut unseen: Vec<&str> = Vec::new();
    for word in words.split_whitespace() {
        if !seen.contains(word) && !unseen.contains(&word) {
            unseen.push(word);
        }
    }
    unseen.join(" ")
}

fn row(
    chrome: &Chrome,
    view: &ListView<'_>,
    m: &Mirror,
    words: &str,
    letter: Option<char>,
) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let zone = &chrome.site.time_zone;
    let name = m.name.get(lang);
    let verdict = (m.freshness != Freshness::Unknown)
        .then(|| view! { " " {part::freshness_mark(lang, m.freshness)} });
    let of_it = || view! { <span class="visually-hidden">{format!(" {name}")}</span> };
    let files = m.has_tree.then(|| {
        view! { " " <a class="files" href=m.href(lang)>{t.list_files}{of_it()}</a> }
    });
    let class = m.content_time.is_some().then_some("measured");
    let words = unseen(words, &[name, m.description.get(lang)]);
    view! {
        <tr class=class id=letter.map(|c| format!("to-{c}")) data-words=words>
            <th scope="row">
                <div class="what">
                    {part::icon(chrome, m.icon.as_deref(), &m.id)}
                    <a href=m.page(lang)>{name.to_owned()}</a>
                    " " {part::official_mark(lang, m)} " "
                    <small>{m.description.get(lang).to_owned()}</small>
                </div>
            </th>
            <td class="content" data-label=t.col_content>{part::ago(lang, zone, view.now, m.content_time, "–")} {verdict} {part::content_notes(lang, m)}</td>
            <td class="success" data-label=t.col_success>{part::ago(lang, zone, m.as_of(view.now), m.last_success, "–")}</td>
            <td class="state" data-label=t.col_state>{part::state_of(lang, m)}</td>
            <td data-label=t.col_size class="num">{part::size(lang, m.size_bytes)}</td>
            <td class="links"><a class="help" href=m.page(lang)>{if m.has_guide { t.list_help } else { t.list_info }}{of_it()}</a>{files}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_to_filter_by_are_those_one_does_not_see() {
        let words = "debian debian 软件仓库 debian apt deb apt wubantu";
        assert_eq!(unseen(words, &["Debian 软件仓库", "供 apt 安装"]), "wubantu");
        assert_eq!(unseen("", &["Debian"]), "");
    }
}
