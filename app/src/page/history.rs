//! The page of one mirror's past: its state now, 90 days of runs, what changed.

use jiff::{Timestamp, civil::Date};
use leptos::prelude::*;

use super::guide;
use crate::{
    Chrome, Document,
    format::{self, fill},
    history::{Change, Day, Figures, MirrorHistory, Run},
    model::{Freshness, Lang, Mirror},
    part::{
        self, Column,
        chart::{self, Chart},
    },
    shell::Section,
    text::Texts,
};

/// Changes that the page lists.
const CHANGES: usize = 50;

/// Data of the page.
pub struct HistoryView<'a> {
    /// Language.
    pub lang: Lang,
    /// Moment of rendering.
    pub now: Timestamp,
    /// The mirror.
    pub mirror: &'a Mirror,
    /// Its past.
    pub history: &'a MirrorHistory,
    /// The past cannot be written at present.
    pub is_broken: bool,
}

type Days<'a> = [(Date, Option<&'a Day>)];

/// Makes the page.
pub fn document(chrome: &Chrome, view: &HistoryView<'_>) -> Document {
    let HistoryView { lang, now, mirror, history, is_broken } = *view;
    let t = lang.texts();
    let zone = &chrome.site.time_zone;
    let name = mirror.name.get(lang);
    let title = fill(t.history_title, &[name]);
    let lead = fill(t.history_lead, &[name]);
    let days = history.window(now.to_zoned(zone.clone()).date());
    let figures = Figures::of(&days);
    let has_runs = figures.ok + figures.failed > 0;
    let since = history.since.map(|since| {
        let day = format::day(zone, since);
        view! { <p class="quiet">{fill(t.history_since, &[&day])}</p> }
    });
    let broken = is_broken.then(|| view! { <p class="notice warn">{t.history_broken}</p> });
    let path = mirror.status_page(Lang::default());
    let main = view! {
        <div class="wide">
            <div class="page-head">
                <h1>{title.clone()}</h1>
                <p class="lead">{lead.clone()}</p>
                {links(lang, mirror)}
            </div>
            {broken}
            <section aria-labelledby="now">
                <h2 id="now">{t.history_now}</h2>
                {guide::facts(chrome, lang, now, mirror)}
            </section>
            <section aria-labelledby="days">
                <h2 id="days">{t.history_days}</h2>
                {silence(chrome, lang, mirror, has_runs)}
                {has_runs.then(|| overview(lang, &days, &figures))}
                {since}
            </section>
            {(!history.runs.is_empty()).then(|| latest(chrome, lang, &history.runs))}
            {changes(chrome, lang, &history.changes)}
        </div>
    };
    Document {
        lang,
        title,
        description: lead,
        path,
        section: Section::Status,
        noindex: false,
        main: main.into_any(),
    }
}

fn links(lang: Lang, mirror: &Mirror) -> AnyView {
    let t = lang.texts();
    let status = mirror.status_page(lang);
    view! {
        <ul class="page-links">
            <li><a href=format!("{}/status", lang.prefix())>{t.history_all}</a></li>
            <li><a href=mirror.page(lang)>{t.list_help}</a></li>
            <li><a href=format!("{status}/feed.xml")>{t.history_feed}</a></li>
            <li><a href=mirror.history_api()>{t.history_json}</a></li>
        </ul>
    }
    .into_any()
}

/// Why there is nothing, when there is nothing.
fn silence(chrome: &Chrome, lang: Lang, mirror: &Mirror, has_runs: bool) -> Option<AnyView> {
    let t = lang.texts();
    let text = match mirror.recorded_at {
        Some(time) => fill(t.history_recording, &[&format::day(&chrome.site.time_zone, time)]),
        None if has_runs => return None,
        None => t.history_none.to_owned(),
    };
    Some(view! { <p class="notice">{text}</p> }.into_any())
}

fn overview(lang: Lang, days: &Days<'_>, figures: &Figures) -> AnyView {
    let t = lang.texts();
    view! {
        {figure_list(lang, figures)}
        <div class="charts">{charts(lang, days, figures)}</div>
        <details>
            <summary>{t.history_by_day}</summary>
            {day_table(lang, days)}
        </details>
    }
    .into_any()
}

fn figure_list(lang: Lang, figures: &Figures) -> AnyView {
    let t = lang.texts();
    let all = figures.ok + figures.failed;
    let rate = figures.per_mille().map_or_else(
        || t.unknown.to_owned(),
        |rate| {
            let percent = format!("{}.{} %", rate / 10, rate % 10);
            fill(t.history_rate_of, &[&percent, &all.to_string(), &figures.ok.to_string()])
        },
    );
    let mean =
        figures.mean.map_or_else(|| t.unknown.to_owned(), |mean| format::duration(lang, mean));
    let growth = figures.sizes.map_or_else(
        || t.unknown.to_owned(),
        |(first, last)| {
            let sizes = [first, last].map(format::size);
            let growth = format::growth(first, last);
            fill(t.history_growth_of, &[&growth, &sizes[0], &sizes[1]])
        },
    );
    let rows = [
        (t.history_rate, rate),
        (t.history_runs, format::count(all.into())),
        (t.history_mean, mean),
        (t.history_growth, growth),
    ]
    .into_iter()
    .map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> })
    .collect_view();
    view! { <dl class="facts">{rows}</dl> }.into_any()
}

fn charts(lang: Lang, days: &Days<'_>, figures: &Figures) -> Option<AnyView> {
    let t = lang.texts();
    let ends = (days.first()?.0, days.last()?.0);
    let counts = [figures.ok, figures.failed].map(|n| n.to_string());
    let runs = Chart {
        id: "chart-runs",
        title: t.history_chart_runs,
        description: fill(t.history_chart_runs_desc, &[&counts[0], &counts[1]]),
        ends,
    };
    let seconds: Vec<Option<u64>> =
        days.iter().map(|(_, day)| day.and_then(Day::mean)?.as_secs().try_into().ok()).collect();
    let durations = range(&seconds).map(|(least, most)| {
        let texts = [least, most].map(|s| format::duration(lang, seconds_of(s)));
        let chart = Chart {
            id: "chart-durations",
            title: t.history_chart_durations,
            description: fill(t.history_chart_durations_desc, &[&texts[0], &texts[1]]),
            ends,
        };
        chart::bars(chart, &seconds)
    });
    let sizes: Vec<Option<u64>> =
        days.iter().map(|(_, day)| day.and_then(|day| day.size_bytes)).collect();
    let growth = range(&sizes).map(|(least, most)| {
        let texts = [least, most].map(format::size);
        let chart = Chart {
            id: "chart-sizes",
            title: t.history_chart_sizes,
            description: fill(t.history_chart_sizes_desc, &[&texts[0], &texts[1]]),
            ends,
        };
        chart::line(chart, &sizes)
    });
    Some(view! { {chart::runs(runs, days)} {durations} {growth} }.into_any())
}

fn range(values: &[Option<u64>]) -> Option<(u64, u64)> {
    let values = || values.iter().flatten().copied();
    Some((values().min()?, values().max()?))
}

fn seconds_of(seconds: u64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn day_table(lang: Lang, days: &Days<'_>) -> AnyView {
    let t = lang.texts();
    let rows = days
        .iter()
        .rev()
        .filter_map(|(date, day)| Some((date, (*day)?)))
        .map(|(date, day)| {
            view! {
                <tr>
                    <th scope="row"><time>{date.to_string()}</time></th>
                    <td data-label=t.history_ok class="num">{day.ok.to_string()}</td>
                    <td data-label=t.history_failed class="num">{day.failed.to_string()}</td>
                    <td data-label=t.history_mean>{optional(day.mean().map(|mean| format::duration(lang, mean)))}</td>
                    <td data-label=t.history_size class="num">{optional(day.size_bytes.map(format::size))}</td>
                </tr>
            }
        })
        .collect_view();
    part::table(
        "list",
        &[
            Column::Text(t.history_day),
            Column::Figure(t.history_ok),
            Column::Figure(t.history_failed),
            Column::Text(t.history_mean),
            Column::Figure(t.history_size),
        ],
        rows.into_any(),
    )
}

fn latest(chrome: &Chrome, lang: Lang, runs: &[Run]) -> AnyView {
    let t = lang.texts();
    let rows = runs
        .iter()
        .map(|run| {
            let duration = run.duration().map(|duration| format::duration(lang, duration));
            view! {
                <tr>
                    <th scope="row">{minute(chrome, run.ended)}</th>
                    <td data-label=t.history_outcome>{part::state_mark(lang, run.outcome.state())}</td>
                    <td data-label=t.history_duration>{optional(duration)}</td>
                    <td data-label=t.history_size class="num">{optional(run.size_bytes.map(format::size))}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="runs">
            <h2 id="runs">{t.history_latest}</h2>
            {part::table("list", &[Column::Text(t.history_ended), Column::Text(t.history_outcome), Column::Text(t.history_duration), Column::Figure(t.history_size)], rows.into_any())}
        </section>
    }
    .into_any()
}

fn changes(chrome: &Chrome, lang: Lang, changes: &[Change]) -> AnyView {
    let t = lang.texts();
    let items: Vec<AnyView> = changes
        .iter()
        .filter_map(|change| change.event.map(|event| (change, event)))
        .take(CHANGES)
        .map(|(change, event)| {
            view! {
                <li>
                    {minute(chrome, change.at)} " " <strong>{event.word(lang)}</strong> " "
                    <span class="quiet">{after(t, lang, change)}</span>
                </li>
            }
            .into_any()
        })
        .collect();
    let list = if items.is_empty() {
        view! { <p class="quiet">{t.history_no_changes}</p> }.into_any()
    } else {
        view! { <ul class="changes">{items}</ul> }.into_any()
    };
    view! {
        <section aria-labelledby="changes">
            <h2 id="changes">{t.history_changes}</h2>
            {list}
        </section>
    }
    .into_any()
}

/// How the mirror was after a change, as far as it was known.
fn after(t: &Texts, lang: Lang, change: &Change) -> String {
    let state = format!("{} {}", t.col_state, change.state.word(lang));
    if change.freshness == Freshness::Unknown {
        return state;
    }
    format!("{state} · {} {}", t.history_content, change.freshness.word(lang))
}

fn minute(chrome: &Chrome, time: Timestamp) -> AnyView {
    let text = format::minute(&chrome.site.time_zone, time);
    view! { <time datetime=format::machine(time)>{text}</time> }.into_any()
}

fn optional(text: Option<String>) -> AnyView {
    match text {
        Some(text) => text.into_any(),
        None => view! { <span class="blank">"–"</span> }.into_any(),
    }
}
