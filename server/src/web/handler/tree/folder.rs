//! Listings: small ones as one page, huge ones as a stream.

use std::{borrow::Cow, io, num::NonZero, path::PathBuf, sync::mpsc::sync_channel, thread};

use app::{
    Lang,
    page::listing::{self, Column, Entry, ListingView, Order, Paging},
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use jiff::{Timestamp, fmt::rfc2822};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::{
    content::markdown,
    files::{
        RelPath,
        listing::{Item, Listing},
        tree,
    },
    snapshot::AppState,
    web::{
        AppError,
        cache::{CachePolicy, HTML, JSON, Page, TEXT},
        encode,
        negotiate::Form,
        open,
        params::closed,
    },
};

/// Above so many entries, a listing is streamed, and offered by pages of so many.
const PAGE: usize = 1000;
/// Entries in a piece of the stream.
const PIECE: usize = 1024;
/// Pieces that wait for a slow client; with the names they are all that a listing takes.
const PIECES: usize = 4;
/// Threads that look at entries and write rows of one listing at most.
const MOST_THREADS: usize = 4;
/// The last page that may be asked for.
const LAST_PAGE: usize = 100_000;
/// A README is shown up to this many bytes.
const README_LIMIT: u64 = 64 * 1024;

/// What is to be shown, and how.
struct Task {
    state: AppState,
    lang: Lang,
    path: RelPath,
    real: PathBuf,
    asked: Asked,
    query: String,
}

/// What was asked for.
struct Asked {
    order: Order,
    filter: String,
    form: Form,
    /// From 1; everything when absent.
    page: Option<usize>,
}

/// The listing of a directory.
pub async fn listing(
    state: AppState,
    lang: Lang,
    path: RelPath,
    real: PathBuf,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let asked = asked(&uri, &headers)?;
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let task = Task { state, lang, path, real, asked, query };
    let (task, text) = tokio::task::spawn_blocking(move || task.start())
        .await
        .map_err(|error| AppError::Internal(error.into()))??;
    Ok(match text {
        Some(text) => {
            let page = Page::new(task.content_type(), CachePolicy::NoCache, text);
            open(task.asked.form, page.respond(&headers))
        }
        None => task.streamed(),
    })
}

/// Order, filter, form and page that were asked for.
fn asked(uri: &Uri, headers: &HeaderMap) -> Result<Asked, AppError> {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut form = match accept {
        a if a.contains("text/html") => Form::Html,
        a if a.contains("application/json") => Form::Json,
        a if a.contains("text/plain") => Form::Text,
        _ => Form::Html,
    };
    let mut order = Order::default();
    let mut filter = String::new();
    let mut page = None;
    for (key, value) in encode::pairs(uri.query().unwrap_or_default()) {
        match key.as_str() {
            "q" => filter = value.trim().chars().take(128).collect(),
            "sort" => {
                let all = [Column::Name, Column::Size, Column::Time];
                order.column = closed("sort", &value, &all, Column::id)?;
            }
            "order" => {
                let id = |descending| if descending { "desc" } else { "asc" };
                order.descending = closed("order", &value, &[false, true], id)?;
            }
            "format" => {
                form = closed("format", &value, &Form::ALL, Form::id)?;
            }
            "page" => {
                let number = value.parse().ok().filter(|n| (1..=LAST_PAGE).contains(n));
                page = Some(number.ok_or_else(|| {
                    AppError::BadParameter("page", value, format!("1–{LAST_PAGE}"))
                })?);
            }
            _ => {}
        }
    }
    Ok(Asked { order, filter, form, page })
}

impl Task {
    /// The whole answer, unless there are so many entries that it has to be streamed.
    fn start(self) -> Result<(Self, Option<String>), AppError> {
        let text = {
            let internal = |error: io::Error| AppError::Internal(error.into());
            let mut listing = self.open().map_err(internal)?;
            let limit = if self.asked.page.is_some() { usize::MAX } else { PAGE };
            listing.read(&self.asked.filter, limit, || false).map_err(internal)?;
            listing.is_whole.then(|| self.whole(listing))
        };
        Ok((self, text))
    }

    fn open(&self) -> io::Result<Listing<'_>> {
        Listing::open(self.state.trees(), self.path.clone(), &self.real)
    }

    fn content_type(&self) -> HeaderValue {
        match self.asked.form {
            Form::Html => HTML,
            Form::Json => JSON,
            Form::Text => TEXT,
        }
    }

    /// A listing, or one page of it, in one piece.
    fn whole(&self, mut listing: Listing<'_>) -> String {
        let (mut from, mut to, mut paging) = (0, usize::MAX, None);
        if let Some(page) = self.asked.page {
            let of = listing.len().div_ceil(PAGE).max(1);
            (from, to) = ((page - 1) * PAGE, page * PAGE);
            paging = Some(Paging::Page { page, of, total: listing.len() as u64 });
        }
        listing.sort(self.asked.order);
        let mut rows = Rows::new(self);
        let (mut text, tail) = self.frame(paging);
        text.push_str(&rows.piece(listing.items(from, to)));
        if rows.is_first && self.asked.form == Form::Html {
            text.push_str(&listing::empty_row(self.lang));
        }
        text + &tail
    }

    /// A listing in pieces: the head at once, the rows when they are read and sorted.
    fn streamed(self) -> Response {
        let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(PIECES);
        let (form, content_type) = (self.asked.form, self.content_type());
        tokio::task::spawn_blocking(move || self.send(&sender));
        let body = stream::unfold(receiver, async |mut receiver| {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        let mut response = Body::from_stream(body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::CACHE_CONTROL, CachePolicy::NoCache.header());
        // COMPAT: nginx would collect the whole answer before it passes the first byte on.
        headers.insert(
            header::HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        );
        open(form, response)
    }

    /// Runs on a thread of its own; ends early when the client is gone.
    fn send(&self, sender: &mpsc::Sender<io::Result<Bytes>>) {
        let (head, tail) = self.frame(Some(Paging::Streamed));
        let send = |text: String| sender.blocking_send(Ok(Bytes::from(text))).is_ok();
        if !send(head) {
            return;
        }
        let fault = match self.open() {
            Err(error) => Some(error),
            Ok(mut listing) => {
                let is_gone = || sender.is_closed();
                let fault = listing.read(&self.asked.filter, usize::MAX, is_gone).err();
                if is_gone() {
                    return;
                }
                listing.sort(self.asked.order);
                if !self.send_rows(&listing, &send) {
                    return;
                }
                fault
            }
        };
        if let Some(error) = fault {
            tracing::error!(%error, path = self.path.display(), "listing broken off");
            if self.asked.form == Form::Html
                && !send(listing::broken_row(self.lang, &error.kind().to_string()))
            {
                return;
            }
        }
        let _ = send(tail);
    }

    /// Sends the rows in order, made by several threads; whether the client is still there.
    fn send_rows(&self, listing: &Listing<'_>, send: &impl Fn(String) -> bool) -> bool {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        thread::scope(|scope| {
            let pieces: Vec<_> = (0..threads)
                .map(|first| {
                    let (sender, receiver) = sync_channel(1);
                    scope.spawn(move || {
                        let mut rows = Rows::new(self);
                        for from in (first * PIECE..listing.len()).step_by(threads * PIECE) {
                            rows.is_first = true;
                            let piece = rows.piece(listing.items(from, from + PIECE));
                            if sender.send(piece).is_err() {
                                break;
                            }
                        }
                    });
                    receiver
                })
                .collect();
            let mut is_first = true;
            for receiver in pieces.iter().cycle() {
                let Ok(mut piece) = receiver.recv() else { break };
                if !is_first && !piece.is_empty() && self.asked.form == Form::Json {
                    piece.insert_str(0, ",\n");
                }
                is_first &= piece.is_empty();
                if !send(piece) {
                    return false;
                }
            }
            true
        })
    }

    /// What comes before and after the entries.
    fn frame(&self, paging: Option<Paging>) -> (String, String) {
        match self.asked.form {
            Form::Json => ("[\n".to_owned(), "\n]\n".to_owned()),
            Form::Text => (String::new(), String::new()),
            Form::Html => {
                let snapshot = self.state.snapshot();
                let shown = format!("/{}/", self.path.display());
                let view = ListingView {
                    lang: self.lang,
                    now: snapshot.now,
                    mirror: snapshot.mirror_at(&shown),
                    path: shown.clone(),
                    href: self.path.href(),
                    crumbs: self.crumbs(),
                    order: self.asked.order,
                    paging,
                    filter: self.asked.filter.clone(),
                    filter_query: match self.asked.filter.as_str() {
                        "" => String::new(),
                        words => format!("&q={}", encode::query(words)),
                    },
                    query: self.query.clone(),
                    readme: self.readme(),
                };
                listing::frame(&snapshot.chrome, &view)
            }
        }
    }

    fn crumbs(&self) -> Vec<(String, String)> {
        let mut href = "/".to_owned();
        let mut crumbs = vec![(href.clone(), self.lang.texts().list_title.to_owned())];
        for segment in self.path.segments() {
            href.push_str(&encode::segment(segment));
            href.push('/');
            crumbs.push((href.clone(), visible(segment).into_owned()));
        }
        crumbs
    }

    fn readme(&self) -> Option<String> {
        ["README.md", "README", "README.txt"].iter().find_map(|name| {
            let path = self.path.child(name.as_bytes(), false);
            let bytes = tree::read_small(self.state.trees(), &path, README_LIMIT).ok()?;
            let text = String::from_utf8_lossy(&bytes);
            Some(
                if Form::Html == self.asked.form
                    && std::path::Path::new(name).extension().is_some_and(|e| e == "md")
                {
                    markdown::render_foreign(&text)
                } else {
                    format!("<pre>{}</pre>", markdown::escape(&text))
                },
            )
        })
    }
}

/// Writes entries in the form asked for.
struct Rows {
    form: Form,
    html: listing::Rows,
    /// Whether nothing was written yet; the first entry of JSON has no comma before it.
    is_first: bool,
}

impl Rows {
    fn new(task: &Task) -> Self {
        let html = listing::Rows::new(&task.state.snapshot().chrome);
        Self { form: task.asked.form, html, is_first: true }
    }

    fn piece<'a>(&mut self, items: impl Iterator<Item = Item<'a>>) -> String {
        let mut text = String::with_capacity(PIECE * 160);
        for item in items {
            match self.form {
                Form::Html => self.html.push(&mut text, &entry(&item)),
                Form::Text => {
                    text.push_str(&visible(item.name));
                    text.push_str(if item.size.is_none() { "/\n" } else { "\n" });
                }
                Form::Json => {
                    text.push_str(if self.is_first { "" } else { ",\n" });
                    text.push_str(&json(&item));
                }
            }
            self.is_first = false;
        }
        text
    }
}

fn entry<'a>(item: &Item<'a>) -> Entry<'a> {
    Entry {
        name: visible(item.name),
        href: encode::segment(item.name),
        size: item.size,
        time: item.time,
    }
}

/// A name for people: control and direction characters, which could disguise it, are replaced.
fn visible(name: &[u8]) -> Cow<'_, str> {
    const fn is_disguise(c: char) -> bool {
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }
    if name.iter().all(|b| b.is_ascii_graphic() || *b == b' ')
        && let Ok(text) = std::str::from_utf8(name)
    {
        return Cow::Borrowed(text);
    }
    let text = String::from_utf8_lossy(name);
    let replace = |c: char| if c.is_control() || is_disguise(c) { '\u{fffd}' } else { c };
    Cow::Owned(text.chars().map(replace).collect())
}

/// One entry in the shape of nginx's `autoindex_format json`.
fn json(item: &Item<'_>) -> String {
    #[derive(Serialize)]
    struct Shape<'a> {
        name: Cow<'a, str>,
        r#type: &'static str,
        mtime: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
    }
    let time = item.time.unwrap_or(Timestamp::UNIX_EPOCH);
    let mtime = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time);
    let shape = Shape {
        name: String::from_utf8_lossy(item.name),
        r#type: if item.size.is_none() { "directory" } else { "file" },
        mtime: mtime.unwrap_or_default(),
        size: item.size,
    };
    serde_json::to_string(&shape).unwrap_or_default()
}

/// A listing may be read from any origin, in whatever form.
fn open(form: Form, mut response: Response) -> Response {
    if form != Form::Html {
        open::put_headers(&mut response);
    }
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    response
}
