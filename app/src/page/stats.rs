//! Figures of the site: disk, requests, bandwidth, each as a chart with its table and as data.

use jiff::{Timestamp, civil::Date};
use leptos::prelude::*;

use crate::{
    Chrome, Document,
    format::{self, count, fill},
    model::{Lang, Mirror},
    part::{
        self, Column,
        chart::{self, Chart, share},
    },
    shell::Section,
    stats::{Gauge, Network, RECENT, Stats, Traffic},
};

/// What can be had as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// Size of each mirror.
    Disk,
    /// Size of all of them by day.
    DiskDays,
    /// Requests by day.
    Days,
    /// Requests by mirror.
    Mirrors,
    /// Requests by client.
    Agents,
    /// Requests by network.
    Networks,
    /// Bandwidth by hour.
    Bandwidth,
}

impl Series {
    /// Every series.
    pub const ALL: [Self; 7] = [
        Self::Disk,
        Self::DiskDays,
        Self::Days,
        Self::Mirrors,
        Self::Agents,
        Self::Networks,
        Self::Bandwidth,
    ];

    /// The value in addresses.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::DiskDays => "disk-days",
            Self::Days => "days",
            Self::Mirrors => "mirrors",
            Self::Agents => "agents",
            Self::Networks => "networks",
            Self::Bandwidth => "bandwidth",
        }
    }
}

/// What the mirrors took up on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskDay {
    /// Sum of the sizes that were known.
    pub bytes: u64,
    /// How many were.
    pub mirrors: usize,
}

/// Data of the page.
pub struct StatsView<'a> {
    /// Language.
    pub lang: Lang,
    /// Moment of rendering.
    pub now: Timestamp,
    /// All mirrors.
    pub mirrors: &'a [Mirror],
    /// Sizes by day, oldest first; nothing for days before any was recorded.
    pub disk: &'a [(Date, Option<DiskDay>)],
    /// What was counted.
    pub stats: &'a Stats,
}

/// Makes the page.
pub fn document(chrome: &Chrome, view: &StatsView<'_>) -> Document {
    let t = view.lang.texts();
    let main = view! {
        <div class="wide stats">
            <div class="page-head">
                <h1>{t.stats_title}</h1>
                <p class="lead">{t.stats_lead}</p>
            </div>
            {disk(chrome, view)}
            {requests(chrome, view)}
            {bandwidth(chrome, view)}
        </div>
    };
    Document {
        lang: view.lang,
        title: t.stats_title.to_owned(),
        description: format!("{} – {}", chrome.site.name.get(view.lang), t.stats_lead),
        path: "/stats".to_owned(),
        section: Section::None,
        noindex: false,
        main: main.into_any(),
    }
}

/// A section with the addresses of its data.
fn section(
    lang: Lang,
    id: &'static str,
    title: &'static str,
    series: &[Series],
    content: AnyView,
) -> AnyView {
    let t = lang.texts();
    let links: Vec<_> = series
        .iter()
        .map(|series| {
            let href = format!("/api/v1/stats/{}", series.id());
            let [csv, json] = ["CSV", "JSON"].map(|form| fill(t.stats_data, &[series_word(lang, *series), form]));
            view! { <li><a href=format!("{href}?format=csv")>{csv}</a></li> <li><a href=href>{json}</a></li> }
        })
        .collect();
    view! {
        <section aria-labelledby=id>
            <h2 id=id>{title}</h2>
            {content}
            {(!links.is_empty()).then(|| view! { <ul class="page-links">{links}</ul> })}
        </section>
    }
    .into_any()
}

fn series_word(lang: Lang, series: Series) -> &'static str {
    let t = lang.texts();
    match series {
        Series::Disk | Series::Mirrors => t.stats_by_mirror,
        Series::DiskDays | Series::Days => t.stats_by_day,
        Series::Agents => t.stats_by_agent,
        Series::Networks => t.stats_by_network,
        Series::Bandwidth => t.stats_by_hour,
    }
}

fn disk(chrome: &Chrome, view: &StatsView<'_>) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let mut sized: Vec<(&Mirror, u64)> =
        view.mirrors.iter().filter_map(|mirror| Some((mirror, mirror.size_bytes?))).collect();
    sized.sort_by(|(a, one), (b, other)| other.cmp(one).then_with(|| a.id.cmp(&b.id)));
    let total = sized.iter().fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
    let numbers = [sized.len(), view.mirrors.len()].map(|n| n.to_string());
    let lead = fill(t.stats_disk_lead, &[&format::size(total), &numbers[0], &numbers[1]]);
    let recorded = chrome.recorded_at.map(|time| {
        let text = fill(t.stats_recorded, &[&format::day(&chrome.site.time_zone, time)]);
        view! { <p class="notice">{text}</p> }
    });
    let most = sized.first().map_or(0, |(_, bytes)| *bytes);
    let rows = sized
        .iter()
        .map(|(mirror, bytes)| {
            view! {
                <tr>
                    <th scope="row"><a href=mirror.status_page(lang)>{mirror.name.get(lang).to_owned()}</a></th>
                    <td data-label=t.col_size class="num">{part::size(lang, Some(*bytes))}</td>
                    <td class="share">{share(*bytes, most)}</td>
                </tr>
            }
        })
        .collect_view();
    let has_days = view.disk.iter().any(|(_, day)| day.is_some());
    let content = view! {
        {recorded}
        <p>{lead}</p>
        {disk_chart(view)}
        {has_days.then(|| view! { <details><summary>{t.history_by_day}</summary>{disk_days(view)}</details> })}
        <details open="open">
            <summary>{t.stats_by_mirror}</summary>
            {part::table("list", &[Column::Text(t.col_name), Column::Figure(t.col_size), Column::Share], rows.into_any())}
        </details>
    };
    section(lang, "disk", t.stats_disk, &[Series::Disk, Series::DiskDays], content.into_any())
}

fn disk_chart(view: &StatsView<'_>) -> Option<AnyView> {
    let t = view.lang.texts();
    let known: Vec<&(Date, Option<DiskDay>)> =
        view.disk.iter().filter(|(_, day)| day.is_some()).collect();
    let [first, .., last] = known.as_slice() else { return None };
    let told = |day: &Option<DiskDay>| {
        let day = day.unwrap_or(DiskDay { bytes: 0, mirrors: 0 });
        (format::size(day.bytes), day.mirrors.to_string())
    };
    let (before, after) = (told(&first.1), told(&last.1));
    let chart = Chart {
        id: "chart-disk",
        title: t.stats_disk_days,
        description: fill(t.stats_disk_days_desc, &[&before.0, &before.1, &after.0, &after.1]),
        ends: (view.disk.first()?.0, view.disk.last()?.0),
    };
    let values: Vec<Option<u64>> =
        view.disk.iter().map(|(_, day)| day.map(|day| day.bytes)).collect();
    Some(view! { <div class="charts">{chart::line(chart, &values)}</div> }.into_any())
}

fn disk_days(view: &StatsView<'_>) -> AnyView {
    let t = view.lang.texts();
    let rows = view
        .disk
        .iter()
        .rev()
        .filter_map(|(date, day)| Some((date, (*day)?)))
        .map(|(date, day)| {
            view! {
                <tr>
                    <th scope="row"><time>{date.to_string()}</time></th>
                    <td data-label=t.col_size class="num">{part::size(view.lang, Some(day.bytes))}</td>
                    <td data-label=t.stats_known class="num">{day.mirrors.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    part::table(
        "list",
        &[Column::Text(t.history_day), Column::Figure(t.col_size), Column::Figure(t.stats_known)],
        rows.into_any(),
    )
}

fn requests(chrome: &Chrome, view: &StatsView<'_>) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let stats = view.stats;
    if !stats.has_traffic {
        let text = view! { <p>{t.stats_no_requests}</p> }.into_any();
        return section(lang, "requests", t.stats_requests, &[], text);
    }
    let newest =
        stats.newest.map(|time| format::minute(&chrome.site.time_zone, time)).unwrap_or_default();
    let rejected: u64 = stats.rejected.values().sum();
    let lead = fill(t.stats_requests_lead, &[&newest, &count(stats.lines), &count(rejected)]);
    let today = view.now.to_zoned(chrome.site.time_zone.clone()).date();
    let days = stats.window(today);
    let content = view! {
        <p>{lead}</p>
        <div class="charts">{traffic_charts(lang, &days)}</div>
        <details>
            <summary>{t.history_by_day}</summary>
            {traffic_days(lang, &days)}
        </details>
        <h3>{fill(t.stats_recent, &[t.stats_by_mirror, &RECENT.to_string()])}</h3>
        {traffic_table(lang, t.col_name, stats.mirrors.iter().map(|(id, sum)| (mirror_name(view, id.as_deref()), *sum)))}
        <h3>{fill(t.stats_recent, &[t.stats_by_agent, &RECENT.to_string()])}</h3>
        {traffic_table(lang, t.stats_agent, stats.agents.iter().map(|(agent, sum)| (agent.word(lang).into_any(), *sum)))}
        <h3>{fill(t.stats_recent, &[t.stats_by_network, &RECENT.to_string()])}</h3>
        {traffic_table(lang, t.stats_network, stats.networks.iter().map(|(network, sum)| (network_name(lang, network).into_any(), *sum)))}
    };
    let series = [Series::Days, Series::Mirrors, Series::Agents, Series::Networks];
    section(lang, "requests", t.stats_requests, &series, content.into_any())
}

fn mirror_name(view: &StatsView<'_>, id: Option<&str>) -> AnyView {
    let Some(id) = id else { return view.lang.texts().stats_own_pages.into_any() };
    match view.mirrors.iter().find(|mirror| mirror.id == id) {
        Some(mirror) => {
            view! { <a href=mirror.page(view.lang)>{mirror.name.get(view.lang).to_owned()}</a> }
                .into_any()
        }
        None => id.to_owned().into_any(),
    }
}

fn network_name(lang: Lang, network: &Network) -> String {
    let t = lang.texts();
    let family = if network.is_ipv6 { "IPv6" } else { "IPv4" };
    let place =
        network.is_on_campus.map(|inside| if inside { t.stats_inside } else { t.stats_outside });
    let parts = [Some(family), place, (!network.host.is_empty()).then_some(network.host.as_str())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(t.list_comma)
}

type Days<'a> = [(Date, Option<&'a Traffic>)];

fn traffic_charts(lang: Lang, days: &Days<'_>) -> Option<AnyView> {
    let t = lang.texts();
    let ends = (days.first()?.0, days.last()?.0);
    let of = |value: fn(&Traffic) -> u64| -> Vec<Option<u64>> {
        days.iter().map(|(_, day)| day.map(value)).collect()
    };
    let (bytes, requests) = (of(|day| day.bytes), of(|day| day.requests));
    let described = |values: &[Option<u64>], word: fn(u64) -> String| {
        let total = values.iter().flatten().fold(0_u64, |sum, n| sum.saturating_add(*n));
        let most = values.iter().flatten().copied().max().unwrap_or_default();
        fill(t.stats_chart_desc, &[&word(total), &word(most)])
    };
    let sent = Chart {
        id: "chart-bytes",
        title: t.stats_bytes_days,
        description: described(&bytes, format::size),
        ends,
    };
    let asked = Chart {
        id: "chart-requests",
        title: t.stats_requests_days,
        description: described(&requests, count),
        ends,
    };
    Some(view! { {chart::bars(sent, &bytes)} {chart::bars(asked, &requests)} }.into_any())
}

fn traffic_days(lang: Lang, days: &Days<'_>) -> AnyView {
    let rows = days
        .iter()
        .rev()
        .filter_map(|(date, day)| Some((date, *(*day)?)))
        .map(|(date, sum)| (view! { <time>{date.to_string()}</time> }.into_any(), sum));
    traffic_table(lang, lang.texts().history_day, rows)
}

fn traffic_table(
    lang: Lang,
    what: &'static str,
    rows: impl Iterator<Item = (AnyView, Traffic)>,
) -> AnyView {
    let t = lang.texts();
    let rows: Vec<(AnyView, Traffic)> = rows.collect();
    let most = rows.iter().map(|(_, sum)| sum.bytes).max().unwrap_or_default();
    let rows = rows
        .into_iter()
        .map(|(name, sum)| {
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td data-label=t.stats_col_requests class="num">{count(sum.requests)}</td>
                    <td data-label=t.stats_col_partial class="num">{count(sum.partial)}</td>
                    <td data-label=t.stats_col_errors class="num">{count(sum.errors)}</td>
                    <td data-label=t.stats_col_bytes class="num">{part::size(lang, Some(sum.bytes))}</td>
                    <td class="share">{share(sum.bytes, most)}</td>
                </tr>
            }
        })
        .collect_view();
    part::table(
        "list",
        &[
            Column::Text(what),
            Column::Figure(t.stats_col_requests),
            Column::Figure(t.stats_col_partial),
            Column::Figure(t.stats_col_errors),
            Column::Figure(t.stats_col_bytes),
            Column::Share,
        ],
        rows.into_any(),
    )
}

fn bandwidth(chrome: &Chrome, view: &StatsView<'_>) -> AnyView {
    let lang = view.lang;
    let t = lang.texts();
    let Some(gauge) = &view.stats.gauge else {
        let text = view! { <p>{t.stats_no_bandwidth}</p> }.into_any();
        return section(lang, "bandwidth", t.stats_bandwidth, &[], text);
    };
    let lead = match gauge {
        Gauge::Interface(name) => fill(t.stats_bandwidth_lead, &[name]),
        Gauge::Prometheus => t.stats_bandwidth_prometheus.to_owned(),
    };
    let hours = &view.stats.hours;
    let zone = &chrome.site.time_zone;
    let rate = |bytes: u64| format!("{}/s", format::size(bytes));
    let values: Vec<Option<u64>> = hours.iter().map(|hour| Some(hour.rate())).collect();
    let chart = hours.first().zip(hours.last()).map(|(first, last)| {
        let most = hours.iter().map(|hour| hour.peak).max().unwrap_or_default();
        let seconds: u64 = hours.iter().map(|hour| hour.seconds).sum();
        let sent = hours.iter().fold(0_u64, |sum, hour| sum.saturating_add(hour.sent));
        let day = |time: Timestamp| time.to_zoned(zone.clone()).date();
        let chart = Chart {
            id: "chart-bandwidth",
            title: t.stats_bandwidth_hours,
            description: fill(t.stats_bandwidth_desc, &[&rate(sent / seconds.max(1)), &rate(most)]),
            ends: (day(first.start), day(last.start)),
        };
        view! { <div class="charts">{chart::bars(chart, &values)}</div> }
    });
    let rows = hours
        .iter()
        .rev()
        .map(|hour| {
            let start = format::minute(zone, hour.start);
            view! {
                <tr>
                    <th scope="row"><time datetime=hour.start.to_string()>{start}</time></th>
                    <td data-label=t.stats_sent class="num">{part::size(lang, Some(hour.sent))}</td>
                    <td data-label=t.stats_received class="num">{part::size(lang, Some(hour.received))}</td>
                    <td data-label=t.stats_rate class="num">{rate(hour.rate())}</td>
                    <td data-label=t.stats_peak class="num">{rate(hour.peak)}</td>
                </tr>
            }
        })
        .collect_view();
    let content = view! {
        <p>{lead}</p>
        {chart}
        <details>
            <summary>{t.stats_by_hour}</summary>
            {part::table("list", &[Column::Text(t.stats_hour), Column::Figure(t.stats_sent), Column::Figure(t.stats_received), Column::Figure(t.stats_rate), Column::Figure(t.stats_peak)], rows.into_any())}
        </details>
    };
    section(lang, "bandwidth", t.stats_bandwidth, &[Series::Bandwidth], content.into_any())
}
