//! Listings: small ones as one page, huge ones as a stream.

use std::{io, path::PathBuf};

use app::{
    Lang,
    page::listing::{self, Column, Entry, ListingView, Order},
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use jiff::{Timestamp, fmt::rfc2822};
use tokio::sync::mpsc;

use crate::{
    content::markdown,
    files::{
        RelPath,
        listing::{Item, Reader, sort},
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

/// From this many entries on, a listing is streamed.
const STREAM_FROM: usize = 1000;
/// Entries in a piece of the stream.
const PIECE: usize = 512;
/// A README is shown up to this many bytes.
const README_LIMIT: u64 = 64 * 1024;

/// What is to be shown, and how.
struct Task {
    state: AppState,
    lang: Lang,
    path: RelPath,
    real: PathBuf,
    order: Order,
    filter: String,
    query: String,
    form: Form,
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
    let (order, filter, form) = asked(&uri, &headers)?;
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let task = Task { state, lang, path, real, order, filter, query, form };
    let start = move || task.start();
    let (task, mut items, rest) =
        tokio::task::spawn_blocking(start).await.map_err(|e| AppError::Internal(e.into()))??;
    if !rest {
        sort(&mut items, task.order);
        return Ok(task.whole(&items, &headers));
    }
    Ok(task.streamed())
}

/// Order, filter and form that were asked for.
fn asked(uri: &Uri, headers: &HeaderMap) -> Result<(Order, String, Form), AppError> {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut form = match accept {
        a if a.contains("text/html") => Form::Html,
        a if a.contains("application/json") => Form::Json,
        a if a.contains("text/plain") => Form::Text,
        _ => Form::Html,
    };
    let mut order = Order::default();
    let mut filter = String::new();
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
            _ => {}
        }
    }
    Ok((order, filter, form))
}

impl Task {
    /// Reads the first entries; whether there are more.
    fn start(self) -> Result<(Self, Vec<Item>, bool), AppError> {
        let reader = Reader::open(self.state.trees(), self.path.clone(), &self.real, &self.filter)
            .map_err(|error| AppError::Internal(error.into()))?;
        let mut items = Vec::new();
        for item in reader {
            items.push(item.map_err(|error| AppError::Internal(error.into()))?);
            if items.len() > STREAM_FROM {
                return Ok((self, Vec::new(), true));
            }
        }
        Ok((self, items, false))
    }

    fn content_type(&self) -> HeaderValue {
        match self.form {
            Form::Html => HTML,
            Form::Json => JSON,
            Form::Text => TEXT,
        }
    }

    /// A listing in one piece, compressed and with an entity tag.
    fn whole(&self, items: &[Item], headers: &HeaderMap) -> Response {
        let (mut text, tail) = self.frame();
        text.push_str(&self.piece(items, true));
        if items.is_empty() && self.form == Form::Html {
            text.push_str(&listing::empty_row(self.lang));
        }
        text.push_str(&tail);
        let page = Page::new(self.content_type(), CachePolicy::NoCache, text);
        open(self.form, page.respond(headers))
    }

    /// A listing in pieces: the head at once, the rows when they are read and sorted.
    fn streamed(self) -> Response {
        let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
        let (form, content_type) = (self.form, self.content_type());
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
        let (head, tail) = self.frame();
        let send = |text: String| sender.blocking_send(Ok(Bytes::from(text))).is_ok();
        if !send(head) {
            return;
        }
        let mut items = Vec::new();
        let mut fault = None;
        match Reader::open(self.state.trees(), self.path.clone(), &self.real, &self.filter) {
            Err(error) => fault = Some(error),
            Ok(reader) => {
                for item in reader {
                    match item {
                        Ok(item) => items.push(item),
                        Err(error) => {
                            fault = Some(error);
                            break;
                        }
                    }
                    if items.len() % PIECE == 0 && sender.is_closed() {
                        return;
                    }
                }
            }
        }
        sort(&mut items, self.order);
        for (index, piece) in items.chunks(PIECE).enumerate() {
            if !send(self.piece(piece, index == 0)) {
                return;
            }
        }
        if let Some(error) = fault {
            tracing::error!(%error, path = self.path.display(), "listing broken off");
            if self.form == Form::Html
                && !send(listing::broken_row(self.lang, &error.kind().to_string()))
            {
                return;
            }
        }
        let _ = send(tail);
    }

    /// What comes before and after the entries.
    fn frame(&self) -> (String, String) {
        match self.form {
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
                    order: self.order,
                    filter: self.filter.clone(),
                    filter_query: match self.filter.as_str() {
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
            crumbs.push((href.clone(), visible(segment)));
        }
        crumbs
    }

    fn readme(&self) -> Option<String> {
        ["README.md", "README", "README.txt"].iter().find_map(|name| {
            let path = self.path.child(name.as_bytes(), false);
            let bytes = tree::read_small(self.state.trees(), &path, README_LIMIT).ok()?;
            let text = String::from_utf8_lossy(&bytes);
            Some(
                if Form::Html == self.form
                    && std::path::Path::new(name).extension().is_some_and(|e| e == "md")
                {
                    markdown::render_foreign(&text)
                } else {
                    format!("<pre>{}</pre>", markdown::escape(&text))
                },
            )
        })
    }

    /// Some entries in the form asked for; `first` leaves out JSON's comma.
    fn piece(&self, items: &[Item], first: bool) -> String {
        match self.form {
            Form::Html => {
                let entries: Vec<Entry> = items.iter().map(entry).collect();
                listing::rows(&self.state.snapshot().chrome, &entries)
            }
            Form::Text => items.iter().fold(String::new(), |text, item| {
                let slash = if item.size.is_none() { "/" } else { "" };
                text + &visible(&item.name) + slash + "\n"
            }),
            Form::Json => {
                let rows: Vec<String> = items.iter().map(|item| json(item).to_string()).collect();
                let comma = if first || rows.is_empty() { "" } else { ",\n" };
                format!("{comma}{}", rows.join(",\n"))
            }
        }
    }
}

fn entry(item: &Item) -> Entry {
    let slash = if item.size.is_none() { "/" } else { "" };
    Entry {
        name: format!("{}{slash}", visible(&item.name)),
        // `./` keeps a name with a colon from being taken for a scheme.
        href: format!("./{}{slash}", encode::segment(&item.name)),
        size: item.size,
        time: item.time,
    }
}

/// A name for people: control and direction characters, which could disguise it, are replaced.
fn visible(name: &[u8]) -> String {
    String::from_utf8_lossy(name)
        .chars()
        .map(|c| match c {
            c if c.is_control() => '\u{fffd}',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            c => c,
        })
        .collect()
}

/// One entry in the shape of nginx's `autoindex_format json`.
fn json(item: &Item) -> serde_json::Value {
    let time = item.time.unwrap_or(Timestamp::UNIX_EPOCH);
    let mut entry = serde_json::json!({
        "name": String::from_utf8_lossy(&item.name),
        "type": if item.size.is_none() { "directory" } else { "file" },
        "mtime": rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_default(),
    });
    if let Some(size) = item.size {
        entry["size"] = size.into();
    }
    entry
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
