//! Figures: a page, and each series as JSON and CSV.

use app::page::stats::{self as page, Series, StatsView};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, Uri},
    response::Response,
};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{
    history::History,
    snapshot::{AppState, Snapshot},
    stats::disk,
    web::{
        AppError,
        cache::{CachePolicy, JSON, Page},
        negotiate,
        params::{Params, closed},
    },
};

const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");

/// `/stats`
pub async fn page(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let (snapshot, sum, past) = (state.snapshot(), state.stats(), state.history());
    let (lang, _) = negotiate::language(uri.path());
    let address = address(uri.path(), &past, sum.version);
    let page = snapshot.pages.get_or(&address, || {
        let disk = disk::days(&past, today(&snapshot));
        let (now, mirrors) = (snapshot.now, &snapshot.mirrors);
        let view = StatsView { lang, now, mirrors, disk: &disk, stats: &sum };
        let document = page::document(&snapshot.chrome, &view);
        Ok::<_, AppError>(Page::html(document.render(&snapshot.chrome)))
    })?;
    Ok(page.respond(&headers))
}

/// `GET /api/v1/stats/{series}`
pub async fn series(
    State(state): State<AppState>,
    series: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path(series) = series?;
    let series = Series::ALL
        .into_iter()
        .find(|known| known.id() == series)
        .ok_or_else(|| AppError::NotFound(uri.path().to_owned()))?;
    let params = Params::parse(&uri, &["format"])?;
    let is_csv = match params.get("format") {
        Some(value) => {
            closed("format", value, &[false, true], |csv| if csv { "csv" } else { "json" })?
        }
        None => false,
    };
    let (snapshot, sum, past) = (state.snapshot(), state.stats(), state.history());
    let name = format!("/api/v1/stats/{}?{is_csv}", series.id());
    let page = snapshot.pages.get_or(&address(&name, &past, sum.version), || {
        let disk = disk::days(&past, today(&snapshot));
        let view = StatsView {
            lang: app::Lang::En,
            now: snapshot.now,
            mirrors: &snapshot.mirrors,
            disk: &disk,
            stats: &sum,
        };
        let table = table(series, &view, today(&snapshot));
        let (media, text) =
            if is_csv { (CSV, table.csv()) } else { (JSON, table.json(series, &snapshot)) };
        Ok::<_, AppError>(Page::new(media, CachePolicy::Page, text))
    })?;
    Ok(page.respond(&headers))
}

/// Pages are kept with the snapshot, and figures may change between two of them.
fn address(path: &str, past: &History, version: u64) -> String {
    format!("{path}#{}.{version}", past.version)
}

fn today(snapshot: &Snapshot) -> Date {
    snapshot.now.to_zoned(snapshot.chrome.site.time_zone.clone()).date()
}

/// A series as it is written.
struct Table {
    /// Whether anything of it is measured here.
    is_measured: bool,
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
}

impl Table {
    fn json(&self, series: Series, snapshot: &Snapshot) -> String {
        let body = json!({
            "series": series.id(),
            "generated_at": snapshot.now,
            "measured": self.is_measured,
            "columns": self.columns,
            "rows": self.rows,
        });
        format!("{body}\n")
    }

    /// RFC 4180, with the names of the columns first; what is not known is empty.
    fn csv(&self) -> String {
        let mut out = self.columns.join(",") + "\r\n";
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(cell).collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        }
        out
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.contains([',', '"', '\r', '\n']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn table(series: Series, view: &StatsView<'_>, today: Date) -> Table {
    let stats = view.stats;
    let (is_measured, columns, rows): (_, &'static [_], _) = match series {
        Series::Disk => {
            let row = |m: &app::model::Mirror| {
                vec![json!(m.id), json!(m.size_bytes), json!(m.recorded_at)]
            };
            (true, &["mirror", "bytes", "recorded_at"], view.mirrors.iter().map(row).collect())
        }
        Series::DiskDays => {
            let known = view.disk.iter().filter_map(|(date, day)| Some((date, (*day)?)));
            let rows: Vec<_> = known
                .map(|(date, day)| vec![json!(date), json!(day.bytes), json!(day.mirrors)])
                .collect();
            (!rows.is_empty(), &["date", "bytes", "mirrors"], rows)
        }
        Series::Days => {
            let days =
                stats.window(today).into_iter().filter_map(|(date, day)| Some((date, *day?)));
            let rows = days.map(|(date, sum)| with_sums(vec![json!(date)], sum)).collect();
            (stats.has_traffic, &["date", "requests", "bytes", "partial", "errors"], rows)
        }
        Series::Mirrors => {
            let rows =
                stats.mirrors.iter().map(|(id, sum)| with_sums(vec![json!(id)], *sum)).collect();
            (stats.has_traffic, &["mirror", "requests", "bytes", "partial", "errors"], rows)
        }
        Series::Agents => {
            let rows =
                stats.agents.iter().map(|(agent, sum)| with_sums(vec![json!(agent.id())], *sum));
            (
                stats.has_traffic,
                &["agent", "requests", "bytes", "partial", "errors"],
                rows.collect(),
            )
        }
        Series::Networks => {
            let row = |(network, sum): &(app::stats::Network, _)| {
                let family = if network.is_ipv6 { "ipv6" } else { "ipv4" };
                let host = (!network.host.is_empty()).then_some(&network.host);
                with_sums(vec![json!(family), json!(network.is_on_campus), json!(host)], *sum)
            };
            let columns =
                &["family", "on_campus", "host", "requests", "bytes", "partial", "errors"];
            (stats.has_traffic, columns, stats.networks.iter().map(row).collect())
        }
        Series::Bandwidth => {
            let rows = stats.hours.iter().map(|hour| {
                let numbers = [hour.seconds, hour.received, hour.sent, hour.rate(), hour.peak];
                std::iter::once(json!(hour.start)).chain(numbers.map(Value::from)).collect()
            });
            let columns = &[
                "start",
                "seconds",
                "received",
                "sent",
                "sent_per_second",
                "most_sent_per_second",
            ];
            (stats.gauge.is_some(), columns, rows.collect())
        }
    };
    Table { is_measured, columns, rows }
}

fn with_sums(mut row: Vec<Value>, sum: app::stats::Traffic) -> Vec<Value> {
    row.extend([sum.requests, sum.bytes, sum.partial, sum.errors].map(Value::from));
    row
}
