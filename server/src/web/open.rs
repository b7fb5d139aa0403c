//! What all answers to programs have in common: scripts of any origin may read them, and no browser
//! shows them in a frame or runs anything in them.

use axum::{
    extract::Request,
    handler::Handler,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};

use crate::snapshot::AppState;

/// Marks an answer whose errors are for programs, too.
#[derive(Clone, Copy, Debug)]
pub struct ForPrograms;

/// The methods of an address that is only read.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// SECURITY: what OWASP's REST cheat sheet asks of answers that are no pages.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    ),
];

/// An address that programs read: `GET`, `HEAD`, and `OPTIONS` for browsers that ask first.
pub fn read<H, T>(handler: H) -> MethodRouter<AppState>
where
    H: Handler<T, AppState>,
    T: 'static,
{
    get(handler).options(preflight)
}

/// The layer around all addresses for programs.
pub async fn open(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(ForPrograms);
    put_headers(&mut response);
    response
}

/// Adds the headers without changing those that are there.
pub fn put_headers(response: &mut Response) {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
}

/// Anything may be sent along: nothing but the address decides on the answer, and there are no
/// cookies to protect.
async fn preflight() -> impl IntoResponse {
    let headers = [
        (header::ALLOW, METHODS),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*")),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ];
    (StatusCode::NO_CONTENT, headers)
}
