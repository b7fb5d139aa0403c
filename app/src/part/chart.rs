//! Charts of 90 days as inline SVG, without a script and without inline styles.
//!
//! Each is an image with a name and a description that are there to read, too; the figures stand in
//! a table below. What is good and what is bad differs in direction, not in colour alone.

use jiff::civil::Date;
use leptos::prelude::*;

use crate::history::Day;

/// One chart.
pub struct Chart {
    /// Identifier, unique on the page.
    pub id: &'static str,
    /// Name.
    pub title: &'static str,
    /// What it amounts to, in words.
    pub description: String,
    /// First and last day.
    pub ends: (Date, Date),
}

/// Width of one day, in units of the drawing.
const STEP: u64 = 10;
/// Width of a bar.
const BAR: u64 = 7;
/// Height of a chart.
const HEIGHT: u64 = 60;
/// Height of the chart of runs, which goes both ways.
const BOTH: u64 = 90;

type Days<'a> = [(Date, Option<&'a Day>)];

/// Good runs upwards, failed ones downwards; a dot for a day without any.
pub fn runs(chart: Chart, days: &Days<'_>) -> AnyView {
    let most = |count: fn(&Day) -> u32| {
        u64::from(days.iter().filter_map(|(_, day)| day.map(count)).max().unwrap_or_default())
    };
    // A run is as high upwards as it is deep downwards; the line lies where both have room.
    let (ok, failed) = (most(|day| day.ok), most(|day| day.failed));
    let all = (ok + failed).max(1);
    let line = proportion(ok, all, BOTH);
    let bars = days
        .iter()
        .enumerate()
        .map(|(place, (_, day))| {
            let x = left(place);
            let Some(day) = day else { return bar("none", x, line.saturating_sub(1), 2) };
            let up = scaled(day.ok.into(), all, BOTH).min(line.max(3));
            let down = scaled(day.failed.into(), all, BOTH);
            view! {
                {(day.ok > 0).then(|| bar("good", x, line.saturating_sub(up), up))}
                {(day.failed > 0).then(|| bar("bad", x, line + 1, down))}
            }
            .into_any()
        })
        .collect_view();
    figure(chart, days.len(), BOTH + 1, bars.into_any())
}

/// A bar for each day that has a value.
pub fn bars(chart: Chart, values: &[Option<u64>]) -> AnyView {
    let most = values.iter().flatten().copied().max().unwrap_or(1).max(1);
    let bars = values
        .iter()
        .enumerate()
        .filter_map(|(place, value)| {
            let height = scaled((*value)?, most, HEIGHT);
            Some(bar("plain", left(place), HEIGHT - height, height))
        })
        .collect_view();
    figure(chart, values.len(), HEIGHT, bars.into_any())
}

/// A line through the days that have a value, from the least to the greatest of them.
pub fn line(chart: Chart, values: &[Option<u64>]) -> AnyView {
    let least = values.iter().flatten().copied().min().unwrap_or(0);
    let most = values.iter().flatten().copied().max().unwrap_or(0);
    // Room above and below, in which the line and its ends are not cut off.
    let (top, room) = (4, HEIGHT - 8);
    let at = |(place, value): (usize, &Option<u64>)| {
        let value = (*value)?;
        let height =
            if most > least { proportion(value - least, most - least, room) } else { room / 2 };
        Some((left(place) + BAR / 2, top + room - height))
    };
    let points: Vec<(u64, u64)> = values.iter().enumerate().filter_map(at).collect();
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
    // A single point has no length; its round ends are what is seen of it.
    let path = if let [only] = path.as_slice() { format!("{only} {only}") } else { path.join(" ") };
    let drawing = view! { <polyline class="line" points=path /> };
    figure(chart, values.len(), HEIGHT, drawing.into_any())
}

/// A bar in a cell beside its figure, for the eye alone.
pub fn share(value: u64, most: u64) -> AnyView {
    let width = proportion(value, most, 1000).max(3).to_string();
    view! {
        <svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true"><rect width=width height="8" /></svg>
    }
    .into_any()
}

fn figure(chart: Chart, days: usize, height: u64, drawing: AnyView) -> AnyView {
    let Chart { id, title, description, ends: (first, last) } = chart;
    let (name, text) = (format!("{id}-name"), format!("{id}-text"));
    let width = left(days);
    view! {
        <figure class="chart">
            <figcaption>
                <strong id=name.clone()>{title}</strong> " " <span class="quiet" id=text.clone()>{description}</span>
            </figcaption>
            <svg role="img" aria-labelledby=name aria-describedby=text viewBox=format!("0 0 {width} {height}") preserveAspectRatio="none">
                {drawing}
            </svg>
            <p class="ends quiet"><time>{first.to_string()}</time> <span class="visually-hidden">" – "</span> <time>{last.to_string()}</time></p>
        </figure>
    }
    .into_any()
}

fn bar(class: &'static str, x: u64, y: u64, height: u64) -> AnyView {
    view! {
        <rect class=class x=x.to_string() y=y.to_string() width=BAR.to_string() height=height.to_string() />
    }
    .into_any()
}

fn left(place: usize) -> u64 {
    u64::try_from(place).unwrap_or_default() * STEP
}

/// A part of a height, but never so little that it cannot be seen.
fn scaled(value: u64, most: u64, height: u64) -> u64 {
    proportion(value, most, height).max(3)
}

fn proportion(value: u64, most: u64, height: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(height) / u128::from(most.max(1));
    u64::try_from(scaled).unwrap_or(height).min(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_stay_within_the_drawing() {
        assert_eq!(proportion(u64::MAX, u64::MAX, 60), 60);
        assert_eq!(proportion(1, 2, 60), 30);
        assert_eq!(scaled(1, 1_000_000, 60), 3, "little is still to be seen");
        assert_eq!(proportion(5, 0, 60), 60);
    }
}
