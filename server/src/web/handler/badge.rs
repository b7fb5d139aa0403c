//! `/badge/{id}.svg`: state and age of content in a line, for the readme of a project.

use app::{
    Lang,
    format::{age, fill},
    model::{Freshness, Mirror, State as SyncState},
};
use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri},
    response::Response,
};
use jiff::Timestamp;

use crate::{
    snapshot::AppState,
    web::{
        AppError,
        cache::{CachePolicy, Page},
        params::Params,
    },
};

#[derive(Template)]
#[template(path = "badge.svg")]
struct Badge<'a> {
    lang: Lang,
    label: &'a str,
    message: &'a str,
    colour: &'static str,
    width: u32,
    label_width: u32,
    message_width: u32,
    label_middle: u32,
    message_middle: u32,
    label_text: u32,
    message_text: u32,
}

/// White on each of these has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
const GREEN: &str = "#1a7f37";
const AMBER: &str = "#8a6100";
const RED: &str = "#b42318";
const GREY: &str = "#57606a";

/// `GET /badge/{id}.svg?lang=zh|en`
///
/// A mirror that does not exist has a badge, too, with status 404: whoever looks at the page that
/// shows it sees what is wrong, and programs see the status.
pub async fn svg(
    State(state): State<AppState>,
    name: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path(name) = name?;
    let id = name.strip_suffix(".svg").ok_or(AppError::NotFound(String::new()))?;
    let lang = Params::parse(&uri, &["lang"])?.closed("lang", &Lang::ALL, Lang::id)?;
    let lang = lang.unwrap_or_default();
    let snapshot = state.snapshot();
    let Some(mirror) = snapshot.resolve(id) else {
        let page = draw(lang, id, lang.texts().badge_no_mirror, GREY)?;
        return Ok(page.respond_as(StatusCode::NOT_FOUND, &headers));
    };
    // In the cache by id, not by address: an id has many spellings.
    let address = format!("/badge/{}.svg?{}", mirror.id, lang.id());
    let page = snapshot.pages.get_or(&address, || {
        draw(lang, mirror.name.get(lang), &message(lang, snapshot.now, mirror), colour(mirror))
    })?;
    Ok(page.respond(&headers))
}

/// What is said of a mirror: the state of its last run, and how old its content is.
fn message(lang: Lang, now: Timestamp, mirror: &Mirror) -> String {
    let t = lang.texts();
    let state = mirror.state.word(lang);
    match mirror.content_time {
        Some(time) => fill(t.badge_content, &[state, &age(lang, now, time)]),
        None => match mirror.last_success {
            Some(time) => fill(t.badge_success, &[state, &age(lang, mirror.as_of(now), time)]),
            None => state.to_owned(),
        },
    }
}

/// The worse of the two facts decides.
const fn colour(mirror: &Mirror) -> &'static str {
    match (mirror.state, mirror.freshness) {
        (SyncState::Failed, _) | (_, Freshness::Stale | Freshness::Expired) => RED,
        (SyncState::Paused, _) | (_, Freshness::Late) => AMBER,
        (SyncState::Unknown, Freshness::Unknown) => GREY,
        _ => GREEN,
    }
}

/// Room at each side of a text.
const PADDING: u32 = 6;
/// Most letters of a name: a badge is a line, not a page.
const LONGEST: usize = 40;

fn draw(lang: Lang, label: &str, message: &str, colour: &'static str) -> Result<Page, AppError> {
    let label = &shortened(label);
    let (label_text, message_text) = (width(label), width(message));
    let (label_width, message_width) = (label_text + 2 * PADDING, message_text + 2 * PADDING);
    let badge = Badge {
        lang,
        label,
        message,
        colour,
        width: label_width + message_width,
        label_width,
        message_width,
        label_middle: label_width / 2,
        message_middle: label_width + message_width / 2,
        label_text,
        message_text,
    };
    let text = badge.render().map_err(|error| AppError::Internal(error.into()))?;
    let svg = HeaderValue::from_static("image/svg+xml");
    // Proxies of code hosts keep pictures as long as they may.
    Ok(Page::new(svg, CachePolicy::NoCache, text))
}

/// Control characters, which no XML may hold, are replaced; long texts end in an ellipsis.
fn shortened(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(LONGEST)
        .map(
            |c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c },
        )
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// Advance widths of the printable ASCII characters in `DejaVu Sans` at 11 pixels, in tenths of a
/// pixel, as its `hmtx` table has them. Where another font is used, `textLength` stretches it.
const ASCII: [u32; 95] = [
    35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70,
    70, 70, 70, 37, 37, 92, 92, 92, 58, 110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95,
    82, 87, 66, 87, 76, 70, 67, 81, 75, 109, 75, 67, 75, 43, 37, 43, 92, 55, 55, 67, 70, 60, 70,
    68, 39, 70, 70, 31, 31, 64, 31, 107, 70, 67, 70, 70, 45, 57, 43, 70, 65, 90, 65, 65, 58, 70,
    37, 70, 92,
];

/// Width of a text in pixels.
fn width(text: &str) -> u32 {
    text.chars().map(advance).sum::<u32>().div_ceil(10)
}

const fn advance(c: char) -> u32 {
    match c {
        ' '..='~' => ASCII[c as usize - ' ' as usize],
        '·' => 35,
        // Everything from Hangul Jamo on that East Asian fonts draw in a square, emoji included.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}'
        | '…'
        | '—' => 110,
        _ => 70,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_the_letters() {
        assert_eq!(width("iiii"), 13);
        assert_eq!(width("WWWW"), 44);
        assert_eq!(width("镜像"), 22);
        assert_eq!(width(""), 0);
    }

    #[test]
    fn the_worse_of_two_facts_decides_on_the_colour() {
        let mirror =
            |state, freshness| Mirror { state, freshness, ..Mirror::bare("m", "/m".to_owned()) };
        for (state, freshness, expected) in [
            (SyncState::Success, Freshness::Fresh, GREEN),
            (SyncState::Success, Freshness::Stale, RED),
            (SyncState::Success, Freshness::Late, AMBER),
            (SyncState::Failed, Freshness::Fresh, RED),
            (SyncState::Unknown, Freshness::Unknown, GREY),
            (SyncState::Unknown, Freshness::Fresh, GREEN),
            (SyncState::Cached, Freshness::Unknown, GREEN),
        ] {
            assert_eq!(colour(&mirror(state, freshness)), expected, "{state:?} {freshness:?}");
        }
    }
}
