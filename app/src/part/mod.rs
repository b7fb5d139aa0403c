//! The handful of parts from which pages are made.

pub mod chart;

use jiff::{Timestamp, tz::TimeZone};
use leptos::prelude::*;

use crate::{
    Chrome, format,
    model::{Consistency, Freshness, Lang, Mirror, State},
};

/// The mark of a project; the first letter of its name when there is none in the sheet.
pub fn icon(chrome: &Chrome, symbol: Option<&str>, name: &str) -> AnyView {
    if let Some(symbol) = symbol {
        let place = format!("{}#{symbol}", chrome.assets.icons);
        view! { <svg class="icon" width="18" height="18" aria-hidden="true"><use href=place></use></svg> }
            .into_any()
    } else {
        let letter: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
        view! { <span class="icon letter" data-letter=letter aria-hidden="true"></span> }.into_any()
    }
}

/// Where the script puts a button with which a visitor keeps a page among the favourites.
pub fn star(lang: Lang, page: &str, name: &str) -> AnyView {
    let t = lang.texts();
    let labels = [t.star_add, t.star_remove].join("|");
    view! { <span class="star-place" data-star=page.to_owned() data-name=name.to_owned() data-labels=labels></span> }
        .into_any()
}

/// A state by shape and word, never by colour alone.
pub fn state_mark(lang: Lang, state: State) -> AnyView {
    view! { <span class=format!("mark-state {}", state.id())>{state.word(lang)}</span> }.into_any()
}

/// The state of a mirror, and what was not quite right about a good run.
pub fn state_of(lang: Lang, m: &Mirror) -> AnyView {
    let state = state_mark(lang, m.state);
    match m.warning {
        None => state,
        Some(warning) => {
            view! { {state} <span class="warning">{format!(" ({})", warning.words(lang))}</span> }
                .into_any()
        }
    }
}

/// A freshness verdict by shape and word.
pub fn freshness_mark(lang: Lang, freshness: Freshness) -> AnyView {
    view! { <span class=format!("mark-fresh {}", freshness.id())>{freshness.word(lang)}</span> }
        .into_any()
}

/// A consistency verdict by shape and word; nothing when the tree was not looked at.
pub fn consistency_mark(lang: Lang, consistency: Consistency) -> Option<AnyView> {
    if consistency == Consistency::Unknown {
        return None;
    }
    let class = format!("mark-fresh {}", consistency.id());
    Some(view! { <span class=class>{consistency.word(lang)}</span> }.into_any())
}

/// What a visitor should know of a tree beside its age: how far it is behind, and that it is not
/// whole. Nothing about a tree that is in step and sound.
pub fn content_notes(lang: Lang, mirror: &Mirror) -> AnyView {
    let behind = mirror.lag_seconds.filter(|seconds| *seconds > 0).map(|seconds| {
        let text = format::fill(lang.texts().behind_short, &[&format::seconds(lang, seconds)]);
        view! { " " <small class="lag">{text}</small> }
    });
    let is_whole = matches!(mirror.consistency, Consistency::Sound | Consistency::Unknown);
    let broken = (!is_whole).then(|| view! { " " {consistency_mark(lang, mirror.consistency)} });
    view! { {behind} {broken} }.into_any()
}

/// `2 hours ago` with the exact minute on hover, or `missing`.
pub fn ago(
    lang: Lang,
    zone: &TimeZone,
    now: Timestamp,
    time: Option<Timestamp>,
    missing: &'static str,
) -> AnyView {
    match time {
        Some(time) => view! {
            <time datetime=format::machine(time) title=format::minute(zone, time)>
                {format::age(lang, now, time)}
            </time>
        }
        .into_any(),
        None => view! { <span class="blank">{missing}</span> }.into_any(),
    }
}

/// The exact minute followed by the distance: `2026-11-21 12:34 (2 hours ago)`.
pub fn moment(
    lang: Lang,
    zone: &TimeZone,
    now: Timestamp,
    time: Option<Timestamp>,
    missing: &'static str,
) -> AnyView {
    match time {
        Some(time) => view! {
            <time datetime=format::machine(time)>
                {format!("{} ({})", format::minute(zone, time), format::age(lang, now, time))}
            </time>
        }
        .into_any(),
        None => view! { <span class="quiet">{missing}</span> }.into_any(),
    }
}

/// Bytes for people, the exact figure on hover.
pub fn size(lang: Lang, bytes: Option<u64>) -> AnyView {
    match bytes {
        Some(bytes) => {
            view! { <data value=bytes.to_string()>{format::size(bytes)}</data> }.into_any()
        }
        None => view! { <span class="quiet">{lang.texts().unknown}</span> }.into_any(),
    }
}

/// The small word for mirrors that the upstream project lists itself.
pub fn official_mark(lang: Lang, mirror: &Mirror) -> Option<AnyView> {
    let t = lang.texts();
    mirror.official.as_ref().map(|url| {
        view! { <a class="official" href=url.clone() title=t.list_official>{t.list_official_short}</a> }
            .into_any()
    })
}

/// A column of a table.
#[derive(Clone, Copy)]
pub enum Column {
    /// Words, under this heading.
    Text(&'static str),
    /// Figures, set to the end.
    Figure(&'static str),
    /// Bars for the eye alone, without a heading.
    Share,
}

/// A command to copy, under its title.
pub fn command(id: &str, title: &'static str, line: String, lang: Lang) -> AnyView {
    let t = lang.texts();
    view! {
        <figure class="snippet">
            <figcaption>
                <span class="target">{title}</span> " "
                <span class="actions"><span data-copy=format!("#{id}") data-label=t.guide_copy data-done=t.guide_copied></span></span>
            </figcaption>
            <pre tabindex="0"><code id=id.to_owned()>{line}</code></pre>
        </figure>
    }
    .into_any()
}

/// An address whose lines break after slashes.
pub fn address(url: &str) -> AnyView {
    let path = url.find("://").map_or(0, |scheme| scheme + 3);
    let slashes = url.char_indices().filter(|&(at, c)| c == '/' && at > path);
    let ends = slashes.map(|(at, _)| at + 1).filter(|&end| end < url.len());
    let mut pieces = Vec::new();
    let mut start = 0;
    for end in ends {
        pieces.push(view! { {url[start..end].to_owned()}<wbr /> });
        start = end;
    }
    view! { {pieces} {url[start..].to_owned()} }.into_any()
}

/// When the next run is due; a time that has passed is now.
pub fn next(lang: Lang, zone: &TimeZone, now: Timestamp, mirror: &Mirror) -> AnyView {
    match mirror.next {
        Some(next) if next <= now => lang.texts().due.into_any(),
        next => ago(lang, zone, now, next, "–"),
    }
}

/// A table of the kind that becomes a list on a phone: its cells carry their heading in `data-label`.
pub fn table(class: &'static str, columns: &[Column], rows: AnyView) -> AnyView {
    captioned_table(class, "", columns, rows)
}

/// The same with a caption, unless it is empty.
pub fn captioned_table(
    class: &'static str,
    caption: &'static str,
    columns: &[Column],
    rows: AnyView,
) -> AnyView {
    let heads = columns
        .iter()
        .map(|column| match *column {
            Column::Text(label) => view! { <th scope="col">{label}</th> }.into_any(),
            Column::Figure(label) => view! { <th scope="col" class="num">{label}</th> }.into_any(),
            Column::Share => view! { <td class="share"></td> }.into_any(),
        })
        .collect_view();
    view! {
        <table class=class>
            {(!caption.is_empty()).then(|| view! { <caption>{caption}</caption> })}
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// One value of a closed choice in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Value in the URL.
    pub value: String,
    /// Label shown.
    pub label: String,
    /// Whether it is the present one.
    pub selected: bool,
}

/// A labelled `<select>`.
pub fn select(name: &str, label: &str, choices: &[Choice]) -> AnyView {
    let options = choices
        .iter()
        .map(|c| {
            view! { <option value=c.value.clone() selected=c.selected>{c.label.clone()}</option> }
        })
        .collect_view();
    let control = view! { <select name=name.to_owned()>{options}</select> }.into_any();
    field("field", label, control)
}

/// A control with its label. A `<div>` around the label gives each its own line in w3m.
pub fn field(class: &'static str, label: &str, control: AnyView) -> AnyView {
    view! { <div class=class><label><span>{label.to_owned()}</span> " " {control}</label></div> }
        .into_any()
}
