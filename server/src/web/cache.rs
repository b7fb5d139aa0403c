//! Answers kept in memory: bytes in every coding, entity tags, cache policies.

use std::{
    io::Write as _,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};

use super::negotiate::{self, Coding};

/// How long whom may keep an answer. The only place that knows header values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// Pages and feeds: ages in them are told in minutes.
    Page,
    /// Addresses that carry a fingerprint.
    Immutable,
    /// Icons and the like, whose address stays.
    Day,
    /// Results and states of the moment.
    NoCache,
    /// What is about one visitor.
    Private,
    /// Where something is now: an alias may be taken away again.
    Redirect,
}

impl CachePolicy {
    /// The value of `Cache-Control`.
    pub const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Page => "public, max-age=30",
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Day => "public, max-age=86400",
            Self::NoCache => "no-cache",
            Self::Redirect => "public, max-age=3600",
            Self::Private => "private, no-store",
        })
    }
}

/// An answer that is rendered once and sent many times.
pub struct Page {
    content_type: HeaderValue,
    policy: CachePolicy,
    tag: String,
    identity: Bytes,
    brotli: OnceLock<Bytes>,
    zstd: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
}

/// `text/html`
pub const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// `text/plain`
pub const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// `application/json`
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Below this many bytes compression costs more than it saves.
const WORTH_COMPRESSING: usize = 860;

impl Page {
    /// An answer of these bytes.
    pub fn new(content_type: HeaderValue, policy: CachePolicy, bytes: impl Into<Bytes>) -> Self {
        let identity = bytes.into();
        let mut tag = format!("{:x}", Sha256::digest(&identity));
        tag.truncate(16);
        Self {
            content_type,
            policy,
            tag,
            identity,
            brotli: OnceLock::new(),
            zstd: OnceLock::new(),
            gzip: OnceLock::new(),
        }
    }

    /// A rendered HTML page.
    pub fn html(html: String) -> Self {
        Self::new(HTML, CachePolicy::Page, html)
    }

    /// Compresses in every coding now, so that no request has to.
    pub fn warm(&self) {
        for coding in [Coding::Brotli, Coding::Zstd, Coding::Gzip] {
            self.bytes(coding);
        }
    }

    /// The answer for these request headers: full, or `304` when the client has it.
    pub fn respond(&self, headers: &HeaderMap) -> Response {
        self.respond_as(StatusCode::OK, headers)
    }

    /// Like [`Page::respond`] with another status.
    pub fn respond_as(&self, status: StatusCode, headers: &HeaderMap) -> Response {
        let coding = if self.identity.len() < WORTH_COMPRESSING {
            Coding::Identity
        } else {
            negotiate::coding(headers)
        };
        if status == StatusCode::OK && self.is_known(headers) {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            self.put_headers(response.headers_mut(), coding);
            return response;
        }
        let mut response = Response::new(Body::from(self.bytes(coding)));
        *response.status_mut() = status;
        let out = response.headers_mut();
        out.insert(header::CONTENT_TYPE, self.content_type.clone());
        self.put_headers(out, coding);
        response
    }

    fn put_headers(&self, out: &mut HeaderMap, coding: Coding) {
        out.insert(header::CACHE_CONTROL, self.policy.header());
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let (name, suffix) = match coding {
            Coding::Brotli => (Some("br"), "-br"),
            Coding::Zstd => (Some("zstd"), "-zstd"),
            Coding::Gzip => (Some("gzip"), "-gzip"),
            Coding::Identity => (None, ""),
        };
        if let Some(name) = name {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}{suffix}\"", self.tag)) {
            out.insert(header::ETAG, tag);
        }
    }

    /// Whether `If-None-Match` names these bytes, in whatever coding.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
            value.to_str().is_ok_and(|text| {
                text.trim() == "*"
                    || text.split(',').any(|tag| {
                        let tag = tag.trim().trim_start_matches("W/").trim_matches('"');
                        tag.split('-').next() == Some(self.tag.as_str())
                    })
            })
        })
    }

    /// The body in one coding.
    pub fn bytes(&self, coding: Coding) -> Bytes {
        let cell = match coding {
            Coding::Identity => return self.identity.clone(),
            Coding::Brotli => &self.brotli,
            Coding::Zstd => &self.zstd,
            Coding::Gzip => &self.gzip,
        };
        let thorough = matches!(self.policy, CachePolicy::Immutable);
        cell.get_or_init(|| compress(coding, thorough, &self.identity)).clone()
    }
}

/// Thorough is ten times as slow: for what never changes and is compressed once.
fn compress(coding: Coding, thorough: bool, bytes: &Bytes) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len() / 3);
    // Writing to memory does not fail; if it ever did, the wrong bytes must not be sent as if
    // compressed, and an empty body would be seen at once.
    let outcome = match coding {
        Coding::Brotli => {
            let quality = if thorough { 11 } else { 6 };
            let params = brotli::enc::BrotliEncoderParams { quality, ..Default::default() };
            brotli::BrotliCompress(&mut bytes.as_ref(), &mut out, &params).map(drop)
        }
        Coding::Zstd => zstd::stream::copy_encode(bytes.as_ref(), &mut out, 9),
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::new(7));
            encoder.write_all(bytes).and_then(|()| encoder.finish().map(drop))
        }
        Coding::Identity => return bytes.clone(),
    };
    if let Err(error) = outcome {
        tracing::error!(%error, ?coding, "compression failed");
    }
    Bytes::from(out)
}

/// Pages of one snapshot, by address.
pub struct PageCache {
    pages: quick_cache::sync::Cache<String, Arc<Page>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Default for PageCache {
    fn default() -> Self {
        // 64 mirrors, two pages and two languages each, and room for states of options.
        let pages = quick_cache::sync::Cache::new(1024);
        Self { pages, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }
}

impl PageCache {
    /// The page at `address`, rendered now if it is the first time.
    ///
    /// # Errors
    /// Those of `render`; errors are not kept.
    pub fn get_or<E>(
        &self,
        address: &str,
        render: impl FnOnce() -> Result<Page, E>,
    ) -> Result<Arc<Page>, E> {
        if let Some(page) = self.pages.get(address) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(page);
        }
        let page = Arc::new(render()?);
        self.misses.fetch_add(1, Ordering::Relaxed);
        self.pages.insert(address.to_owned(), Arc::clone(&page));
        Ok(page)
    }

    /// Pages in memory.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Whether nothing has been rendered yet.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// How many answers were in memory, and how many were rendered.
    pub fn counts(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn every_coding_decodes_to_the_same_bytes() {
        let text = "明镜 ".repeat(500);
        let page = Page::html(text.clone());
        let brotli = page.bytes(Coding::Brotli);
        let mut out = Vec::new();
        brotli::BrotliDecompress(&mut brotli.as_ref(), &mut out).unwrap();
        assert_eq!(out, text.as_bytes());
        assert_eq!(zstd::decode_all(page.bytes(Coding::Zstd).as_ref()).unwrap(), text.as_bytes());
        let mut out = String::new();
        let gzip = page.bytes(Coding::Gzip);
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(gzip.as_ref()), &mut out)
            .unwrap();
        assert_eq!(out, text);
    }

    #[test]
    fn a_known_tag_is_answered_with_304_in_any_coding() {
        let page = Page::html("x".repeat(2000));
        let first = page.respond(&headers(header::ACCEPT_ENCODING, "br"));
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert!(tag.ends_with("-br\""), "{tag}");
        let again = page.respond(&headers(header::IF_NONE_MATCH, &format!("W/{tag}")));
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = page.respond(&headers(header::IF_NONE_MATCH, "\"0\""));
        assert_eq!(other.status(), StatusCode::OK);
    }
}
