//! The status page: every time of every mirror, and the backends behind them.

use jiff::Timestamp;
use leptos::prelude::*;

use crate::{
    Chrome, Document, format,
    model::{BackendReport, Freshness, Lang, Mirror},
    part::{self, Column},
    shell::Section,
};

/// Makes the page.
pub fn document(
    chrome: &Chrome,
    lang: Lang,
    now: Timestamp,
    mirrors: &[Mirror],
    backends: &[BackendReport],
) -> Document {
    let t = lang.texts();
    let rows = mirrors.iter().map(|m| row(chrome, lang, now, m)).collect_view();
    let main = view! {
        <div class="wide">
            <div class="page-head">
                <h1>{t.status_title}</h1>
                <p class="lead">{t.status_lead}</p>
            </div>
            <section aria-labelledby="backends">
                <h2 id="backends">{t.status_backends}</h2>
                {backend_table(chrome, lang, now, backends)}
            </section>
            <section aria-labelledby="mirrors-title">
                <h2 id="mirrors-title">{t.list_title}</h2>
                {part::table("list status", &[Column::Text(t.col_name), Column::Text(t.fact_state), Column::Text(t.fact_content), Column::Text(t.fact_consistency), Column::Text(t.col_success), Column::Text(t.fact_attempt), Column::Text(t.fact_next), Column::Figure(t.col_size), Column::Text(t.fact_upstream)], rows.into_any())}
            </section>
        </div>
    };
    Document {
        lang,
        title: t.status_title.to_owned(),
        description: format!("{}: {}", chrome.site.name.get(lang), t.status_lead),
        path: "/status".to_owned(),
        section: Section::Status,
        noindex: false,
        main: main.into_any(),
    }
}

fn row(chrome: &Chrome, lang: Lang, now: Timestamp, m: &Mirror) -> AnyView {
    let t = lang.texts();
    let zone = &chrome.site.time_zone;
    let as_of = m.as_of(now);
    let verdict = (m.freshness != Freshness::Unknown)
        .then(|| view! { " " {part::freshness_mark(lang, m.freshness)} });
    let upstream = match &m.upstream {
        Some(url) => part::address(url),
        None => view! { <span class="blank">"–"</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row"><a href=m.page(lang)>{m.name.get(lang).to_owned()}</a></th>
            <td data-label=t.fact_state><a href=m.status_page(lang) title=t.history_link>{part::state_of(lang, m)}</a></td>
            <td data-label=t.fact_content>{part::ago(lang, zone, now, m.content_time, "–")} {verdict} {against_upstream(lang, m)}</td>
            <td data-label=t.fact_consistency>{consistency(lang, m)}</td>
            <td data-label=t.col_success>{part::ago(lang, zone, as_of, m.last_success, "–")}</td>
            <td data-label=t.fact_attempt>{part::ago(lang, zone, as_of, m.last_attempt, "–")}</td>
            <td data-label=t.fact_next>{part::next(lang, zone, as_of, m)}</td>
            <td data-label=t.col_size class="num">{part::size(lang, m.size_bytes)}</td>
            <td data-label=t.fact_upstream class="upstream">{upstream}</td>
        </tr>
    }
    .into_any()
}

fn against_upstream(lang: Lang, m: &Mirror) -> Option<AnyView> {
    let t = lang.texts();
    let text = match m.lag_seconds? {
        0 => t.in_step.to_owned(),
        seconds => format::fill(t.behind, &[&format::seconds(lang, seconds)]),
    };
    Some(view! { " " <small class="lag">{text}</small> }.into_any())
}

/// The verdict, with the first fault.
fn consistency(lang: Lang, m: &Mirror) -> AnyView {
    let Some(mark) = part::consistency_mark(lang, m.consistency) else {
        return view! { <span class="blank">"–"</span> }.into_any();
    };
    let fault = m.audit.as_ref().and_then(|audit| audit.faults.first());
    let fault = fault.map(|fault| view! { " " <small>{fault.kind.word(lang)}</small> });
    view! { {mark} {fault} }.into_any()
}

fn backend_table(
    chrome: &Chrome,
    lang: Lang,
    now: Timestamp,
    backends: &[BackendReport],
) -> AnyView {
    let t = lang.texts();
    if backends.is_empty() {
        return view! { <p>{t.status_none}</p> }.into_any();
    }
    let zone = &chrome.site.time_zone;
    let rows = backends
        .iter()
        .map(|b| {
            let answer = if let Some(time) = b.recorded_at {
                format::fill(t.as_of, &[&format::minute(zone, time)])
            } else if b.ok {
                t.status_ok.to_owned()
            } else {
                match &b.error {
                    Some(error) => format!("{} ({error})", t.status_away),
                    None => t.status_away.to_owned(),
                }
            };
            let mark = if b.ok { "mark-state success" } else { "mark-state failed" };
            view! {
                <tr>
                    <th scope="row">{b.kind.clone()}</th>
                    <td data-label=t.status_answer><span class=mark>{answer}</span></td>
                    <td data-label=t.status_fetched>{part::ago(lang, zone, now, b.fetched_at, t.never)}</td>
                    <td data-label=t.status_entries class="num">{b.entries.to_string()}</td>
                    <td data-label=t.status_dropped class="num">{b.dropped.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    part::table(
        "list backends",
        &[
            Column::Text(t.status_backend),
            Column::Text(t.status_answer),
            Column::Text(t.status_fetched),
            Column::Figure(t.status_entries),
            Column::Figure(t.status_dropped),
        ],
        rows.into_any(),
    )
}
