//! What a visitor is told of its own connection; never kept by anybody.

use std::net::IpAddr;

use app::page::network::{self as page, NetworkView, TestSize};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use crate::{
    assets, network,
    snapshot::AppState,
    web::{
        AppError,
        cache::{CachePolicy, HTML, JSON, Page, TEXT},
        client, encode,
        negotiate::{self, Form},
        params::{Params, closed},
    },
};

/// `/network`: HTML for browsers, text for curl, JSON for who asks for it.
pub async fn page(State(state): State<AppState>, request: Request) -> Result<Response, AppError> {
    let form = asked(&request)?;
    let (lang, _) = negotiate::language(request.uri().path());
    let config = state.config();
    let address = client::address(&request, &config.server.trusted_proxies);
    let view = NetworkView {
        lang,
        address,
        is_on_campus: address.and_then(|address| config.network.is_on_campus(address)),
        names: network::names(config, address),
        limits: network::limits(config),
        script: assets::speed_script(),
    };
    let chrome = &state.snapshot().chrome;
    let (media, text) = match form {
        Form::Html => (HTML, page::document(chrome, &view).render(chrome)),
        Form::Text => (TEXT, page::text(chrome, &view)),
        Form::Json => (JSON, format!("{}\n", body(&view))),
    };
    let mut response = Page::new(media, CachePolicy::Private, text).respond(request.headers());
    response.headers_mut().insert(NO_INDEX.0, NO_INDEX.1);
    Ok(response)
}

const NO_INDEX: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));

/// The form that the query names, or else the one that the client accepts.
fn asked(request: &Request) -> Result<Form, AppError> {
    let pairs = encode::pairs(request.uri().query().unwrap_or_default());
    match pairs.iter().find(|(key, _)| key == "format") {
        Some((_, value)) => closed("format", value, &Form::ALL, Form::id),
        None => Ok(negotiate::page_form(request.headers())),
    }
}

fn body(view: &NetworkView) -> Value {
    let names: Vec<Value> = view
        .names
        .iter()
        .map(|name| {
            json!({
                "host": name.host,
                "family": name.family.id(),
                "campus_only": name.is_campus_only,
                "note": name.note,
                "usable": name.is_usable,
                "suggested": name.is_suggested,
            })
        })
        .collect();
    let tests = |(per_minute, at_once): (u32, usize)| json!({ "per_minute": per_minute, "at_once": at_once, "sizes": TestSize::ALL.map(TestSize::id) });
    json!({
        "address": view.address,
        "family": view.family().map(page::Family::id),
        "on_campus": view.is_on_campus,
        "names": names,
        "limits": {
            "searches_per_minute": view.limits.searches.0,
            "searches_at_once": view.limits.searches.1,
            "image_connections": view.limits.image_connections,
        },
        "speed_test": view.limits.tests.map(tests),
    })
}

/// `/api/is_campus_network`: a digit and nothing else.
///
/// SECURITY: unlike the rest of the API it is not open to scripts of other sites, which have no business
/// with where their visitors are.
pub async fn campus(State(state): State<AppState>, request: Request) -> Response {
    let config = state.config();
    let address = client::address(&request, &config.server.trusted_proxies);
    let digit = config.network.campus_digit(address).to_string();
    let headers =
        [(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, CachePolicy::Private.header())];
    (headers, digit).into_response()
}

/// `/network/speed?size=10M`: so many bytes.
pub async fn speed(State(state): State<AppState>, request: Request) -> Result<Response, AppError> {
    let config = state.config();
    if config.network.speed.at_once == 0 {
        return Err(AppError::NotFound(request.uri().path().to_owned()));
    }
    let size = Params::parse(request.uri(), &["size"])?
        .closed("size", &TestSize::ALL, TestSize::id)?
        .unwrap_or(TestSize::Ten);
    let visitor: Option<IpAddr> = client::address(&request, &config.server.trusted_proxies);
    let body = state.speed_tests().start(visitor.map(client::household), size.bytes())?;
    let name = format!("attachment; filename=\"speed-{}.bin\"", size.id());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_LENGTH, HeaderValue::from(size.bytes())),
        (header::CACHE_CONTROL, CachePolicy::Private.header()),
        (header::CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(anyhow::Error::from)?),
        // COMPAT: nginx would take the whole download in before the client has asked for it, and the
        // place of the test would be free long before the test has ended.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        NO_INDEX,
    ];
    Ok((headers, body).into_response())
}
