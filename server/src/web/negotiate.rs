//! What a client accepts: language by path, form and compression by header.

use app::Lang;
use axum::http::{HeaderMap, Uri, header};

/// Form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For browsers.
    Html,
    /// For programs.
    Json,
    /// For terminals.
    Text,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Html, Self::Json, Self::Text];

    /// The value of `format`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

/// The language that a client prefers (RFC 9110 §12.5.4), for addresses that name none.
pub fn preferred(headers: &HeaderMap) -> Lang {
    let accept = header_text(headers, &header::ACCEPT_LANGUAGE);
    let weight = |wanted: Lang| {
        accept
            .split(',')
            .filter_map(|range| {
                let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
                let primary = tag.trim().split('-').next().unwrap_or_default();
                primary
                    .eq_ignore_ascii_case(wanted.id())
                    .then(|| weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()))?
            })
            .fold(0.0, f32::max)
    };
    if weight(Lang::En) > weight(Lang::Zh) { Lang::En } else { Lang::Zh }
}

/// Compression of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `br`
    Brotli,
    /// `zstd`
    Zstd,
    /// `gzip`
    Gzip,
    /// None.
    Identity,
}

/// Language of an address, and the address without its prefix.
pub fn language(path: &str) -> (Lang, &str) {
    match path.strip_prefix("/en") {
        Some("") => (Lang::En, "/"),
        Some(rest) if rest.starts_with('/') => (Lang::En, rest),
        _ => (Lang::Zh, path),
    }
}

/// Path and query of an address without its language prefix, as it was asked.
pub fn without_language(uri: &Uri) -> String {
    let (_, path) = language(uri.path());
    match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

/// The form an error should take: JSON below `/api`, otherwise that of a page.
pub fn error_form(uri: &Uri, headers: &HeaderMap) -> Form {
    if uri.path().starts_with("/api/") { Form::Json } else { page_form(headers) }
}

/// The form of what is there for terminals, too: JSON when asked for, HTML when the client names it,
/// plain text otherwise (curl, apt, pip send `*/*`).
pub fn page_form(headers: &HeaderMap) -> Form {
    let accept = header_text(headers, &header::ACCEPT);
    if accept.contains("application/json") {
        Form::Json
    } else if accept.contains("text/html") {
        Form::Html
    } else {
        Form::Text
    }
}

/// The best coding that the client accepts, in the order br, zstd, gzip.
pub fn coding(headers: &HeaderMap) -> Coding {
    let accept = header_text(headers, &header::ACCEPT_ENCODING);
    let accepts = |name: &str| {
        accept.split(',').any(|part| {
            let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
            let refused = weight
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|q| q <= 0.0));
            coding.trim().eq_ignore_ascii_case(name) && !refused
        })
    };
    if accepts("br") {
        Coding::Brotli
    } else if accepts("zstd") {
        Coding::Zstd
    } else if accepts("gzip") {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_whole_segment_is_a_language() {
        assert_eq!(language("/en/docs/"), (Lang::En, "/docs/"));
        assert_eq!(language("/en"), (Lang::En, "/"));
        assert_eq!(language("/endless/"), (Lang::Zh, "/endless/"));
    }

    #[test]
    fn the_preferred_language_is_chinese_unless_english_has_more_weight() {
        let with = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(text));
            preferred(&headers)
        };
        assert_eq!(with("en-GB,en;q=0.8"), Lang::En);
        assert_eq!(with("zh-CN,zh;q=0.9,en;q=0.8"), Lang::Zh);
        assert_eq!(with("en;q=0.8, zh;q=0.2"), Lang::En);
        assert_eq!(with("de, *;q=0.1"), Lang::Zh);
        assert_eq!(with("en;q=abc"), Lang::Zh);
        assert_eq!(preferred(&HeaderMap::new()), Lang::Zh);
    }

    #[test]
    fn a_coding_with_weight_zero_is_refused() {
        let with = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            coding(&headers)
        };
        assert_eq!(with("gzip, deflate, br, zstd"), Coding::Brotli);
        assert_eq!(with("br;q=0, gzip"), Coding::Gzip);
        assert_eq!(with("identity"), Coding::Identity);
        assert_eq!(coding(&HeaderMap::new()), Coding::Identity);
    }
}
