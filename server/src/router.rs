//! Every address of the site, and the layers around them, in request order.

use std::time::Instant;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::HeaderMap,
    middleware::{self, Next},
    response::{Redirect, Response},
    routing::{MethodRouter, get, post},
};

use crate::{
    snapshot::AppState,
    web::{
        AppError,
        handler::{
            api, asset, badge, docs, downloads, error, feed, health, history, list, mirrorz,
            network, news, openapi, prose, refresh, search, stats, status, tree, tunasync,
        },
        headers, limit, negotiate,
        open::{self, ForPrograms, read},
    },
};

/// The site. `main` serves it, tests call it.
pub fn router(state: AppState) -> Router {
    let mut site = programs()
        .route("/en", get(async || Redirect::permanent("/en/")))
        .route("/sitemap.xml", get(feed::sitemap))
        .route("/llms.txt", get(feed::llms))
        .route("/robots.txt", get(feed::robots))
        .route("/opensearch.xml", get(feed::opensearch))
        .route("/api/is_campus_network", get(network::campus))
        .route("/static/{*path}", get(asset::serve));
    for path in state.assets().paths().filter(|path| !path.starts_with("/static/")) {
        site = site.route(path, get(asset::serve));
    }
    if state.refresh().is_some() {
        let methods = post(refresh::now).layer(middleware::from_fn(open::open));
        site = site.route("/api/v1/refresh", methods);
    }
    for prefix in ["", "/en"] {
        let at = |path: &str| format!("{prefix}{path}");
        site = site
            .route(&at("/"), get(list::page))
            .route(&at("/docs"), get(docs::add_slash))
            .route(&at("/docs/"), get(docs::index))
            .route(&at("/docs/{id}"), get(docs::guide))
            .route(&at("/docs/{id}/"), get(docs::drop_slash))
            .route(&at("/docs/{id}/{name}"), get(docs::part))
            .route(&at("/docs/{id}/{name}/"), get(docs::drop_slash))
            .route(&at("/docs/{id}/{name}/{*rest}"), get(docs::deep))
            .route(&at("/downloads"), get(downloads::page))
            .route(&at("/downloads/"), get(docs::drop_slash))
            .route(&at("/search"), get(search::all))
            .route(&at("/search/files"), get(search::files))
            .route(&at("/status"), get(status::page))
            .route(&at("/status/"), get(docs::drop_slash))
            .route(&at("/status/feed.xml"), get(history::feed))
            .route(&at("/status/{*rest}"), get(history::below))
            .route(&at("/stats"), get(stats::page))
            .route(&at("/stats/"), get(docs::drop_slash))
            .route(&at("/network"), get(network::page))
            .route(&at("/network/"), get(docs::drop_slash))
            .route(&at("/network/speed"), get(network::speed))
            .route(&at("/news"), get(docs::add_slash))
            .route(&at("/news/"), get(news::index))
            .route(&at("/news/{slug}"), get(news::item))
            .route(&at("/about"), get(prose::page))
            .route(&at("/faq"), get(prose::page))
            .route(&at("/api/docs"), get(openapi::page))
            .route(&at("/feed.xml"), get(feed::news));
    }
    site.fallback(tree::serve)
        .method_not_allowed_fallback(async || AppError::Method)
        .layer(middleware::from_fn_with_state(state.clone(), limit::searches))
        .layer(middleware::from_fn_with_state(state.clone(), finish))
        .with_state(state)
}

/// Addresses for programs; `openapi.toml` describes each of them (a test compares the two).
pub fn addresses() -> Vec<(&'static str, MethodRouter<AppState>)> {
    vec![
        ("/api/v1/mirrors", read(api::mirrors)),
        ("/api/v1/mirrors/{id}", read(api::one_mirror)),
        ("/api/v1/mirrors/{id}/history", read(history::json)),
        ("/api/v1/files", read(api::files)),
        ("/api/v1/stats/{series}", read(stats::series)),
        ("/api/v1/downloads", read(downloads::json)),
        ("/api/openapi.json", read(openapi::document)),
        ("/api/mirrorz.json", read(mirrorz::feed)),
        ("/mirrorz.json", read(mirrorz::feed)),
        ("/static/tunasync.json", read(tunasync::jobs)),
        ("/badge/{*name}", read(badge::svg)),
        ("/healthz", read(health::live)),
        ("/readyz", read(health::ready)),
    ]
}

fn programs() -> Router<AppState> {
    let add = |router: Router<AppState>, (path, methods)| router.route(path, methods);
    addresses()
        .into_iter()
        .fold(Router::new(), add)
        .method_not_allowed_fallback(async || AppError::Method)
        .layer(middleware::from_fn(open::open))
}

/// Turns errors into pages for whoever asked, and adds the headers that every answer carries.
async fn finish(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let is_own = request.extensions().get::<Own>().is_some();
    let route = route_of(&request);
    let uri = request.uri().clone();
    let is_secure = is_secure(&state, request.headers());
    let asked = error::Asked::of(&request);
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<std::sync::Arc<AppError>>() {
        let for_programs = response.extensions().get::<ForPrograms>().is_some();
        response = error::page(&state, &uri, &asked, &error, for_programs).await;
    }
    let status = response.status();
    headers::put(status, response.headers_mut(), is_secure);
    if !is_own {
        state.metrics().request(&route, status, started.elapsed());
    }
    response
}

/// Whether an answer leaves by HTTPS: the site has such an address, and no proxy says that this request
/// came otherwise (RFC 6797 §7.2). Who lies here has less security for himself alone.
fn is_secure(state: &AppState, headers: &HeaderMap) -> bool {
    state.config().site.base_url.starts_with("https://")
        && headers.get("x-forwarded-proto").is_none_or(|scheme| scheme != "http")
}

/// Marks requests that the site makes to itself.
#[derive(Clone, Copy, Debug)]
pub struct Own;

/// The template of a route in either language; all mirrored trees are one.
fn route_of(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or("/{*tree}", |matched| negotiate::language(matched.as_str()).1).to_owned()
}
