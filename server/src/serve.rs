//! `mingjing serve`: puts everything together and answers until it is told to stop.

use std::{io, net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context as _, ensure};
use axum::serve::ListenerExt as _;
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::watch};

use crate::{
    alert,
    assets::Assets,
    config::Config,
    content::{Content, problem::Problem, source},
    demo,
    download::{self, Downloads},
    files::Trees,
    history,
    index::{self, Index},
    metrics,
    probe::{self, Measures},
    publish::{self, Publisher},
    reindex,
    router::router,
    snapshot::AppState,
    stats,
    status::{
        poll::Poller,
        refresh::{self, Refresh},
    },
};

/// Serves a site until SIGINT or SIGTERM.
///
/// # Errors
/// An address that cannot be bound, content without a single mirror, a demo tree that cannot be
/// made.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.server.listen))?;
    let is_demo = config.files.root.is_none();
    let root = config.root();
    if is_demo {
        let (root, base_url) = (root.clone(), format!("http://{}", listener.local_addr()?));
        let make = move || demo::make(&root, &base_url, Timestamp::now());
        tokio::task::spawn_blocking(make).await??;
    }
    let (content, problems) = load(&config)?;
    for problem in &problems {
        tracing::warn!(%problem, "content");
    }
    ensure!(
        !content.mirrors.is_empty() || !config.backends.is_empty(),
        "neither content nor a backend: there is nothing to show"
    );
    let files = Arc::new(content.files.clone());
    let resolve = Arc::new(move |path: &str| {
        files.get(path).map(|bytes| bytes.to_vec()).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("no file {path} in the content"))
        })
    });
    let poller =
        Poller::start(config.backends(), Some(&config.server.state), resolve, Timestamp::now).await;
    let trees = Trees::new(root);
    let (sender, measures) = watch::channel(Measures::default());
    let (find, downloads) = watch::channel(Arc::<Downloads>::default());
    let publisher =
        Publisher::new(config.clone(), trees.clone(), content, poller.states(), Timestamp::now)
            .with_measures(measures)
            .with_downloads(downloads);
    let state = AppState::new(config.clone(), trees, Assets::load(), publisher.snapshot());
    state.set_problems(problems.iter().map(ToString::to_string).collect());
    allow_refresh(&state, &poller)?;
    if is_demo {
        index_demo(&state).await;
    }
    serve_metrics(&state).await?;
    let address = listener.local_addr()?;
    tokio::spawn(publish::try_guides(state.clone()));
    tokio::spawn(publisher.run(state.clone()));
    let _watch = probe::watch::start(&state, sender, Timestamp::now);
    download::watch::start(&state, find);
    tokio::spawn(history::run(state.clone()));
    if !is_demo && state.config().files.reindex {
        tokio::spawn(reindex::run(state.clone(), Timestamp::now));
    }
    alert::start(&state, Timestamp::now);
    stats::start(&state, Timestamp::now);
    tracing::info!("listening on http://{address}");
    // PERF: answers are small and written at once; Nagle's algorithm would only delay them.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
    });
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopped()).await?;
    tracing::info!("stopped");
    Ok(())
}

/// Answers `/metrics` on a listener of its own, if one is configured.
async fn serve_metrics(state: &AppState) -> anyhow::Result<()> {
    let Some(address) = state.config().server.metrics else { return Ok(()) };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} for metrics"))?;
    tracing::info!("metrics on http://{}/metrics", listener.local_addr()?);
    let router = metrics::router(state.clone());
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    });
    Ok(())
}

/// Opens `POST /api/v1/refresh` when a token is configured.
///
/// # Errors
/// A token that cannot be read or could be guessed.
pub fn allow_refresh(state: &AppState, poller: &Poller) -> anyhow::Result<()> {
    let file = state.config().server.refresh_token_file.as_deref();
    if let Some(token) = refresh::token(file)? {
        state.set_refresh(Refresh::new(&token, poller.waker())?);
    }
    Ok(())
}

/// Reads the content that a configuration names, or the embedded one.
///
/// # Errors
/// A folder that cannot be read.
pub fn load(config: &Config) -> anyhow::Result<(Content, Vec<Problem>)> {
    let Some(folder) = &config.server.content else {
        let (content, problems) = Content::parse(source::embedded());
        let content = if config.is_embedded { content } else { content.into_library() };
        return Ok((content, problems));
    };
    let files = source::from_folder(folder)
        .with_context(|| format!("cannot read the content folder {}", folder.display()))?;
    Ok(Content::parse(files))
}

/// The demo tree is small: it is indexed at every start, so that search always works there.
async fn index_demo(state: &AppState) {
    let config = state.config().clone();
    let content = Arc::clone(&state.snapshot().content);
    let task = tokio::task::spawn_blocking(move || -> anyhow::Result<Index> {
        let (folder, root) = (config.index_folder(), config.root());
        let mirrors = indexed_mirrors(&content, &root)?;
        let records = index::walk(&root, &mirrors).map(Ok);
        let now = Timestamp::now().as_second();
        index::build(&folder, &mirrors, records, now, &mut |_| {})?;
        Index::open(&folder)
    });
    match task.await {
        Ok(Ok(index)) => state.set_index(index),
        Ok(Err(error)) => {
            tracing::error!(error = format!("{error:#}"), "the demo tree was not indexed");
        }
        Err(error) => tracing::error!(%error, "the demo tree was not indexed"),
    }
}

/// Id and path of every tree to index: those that have a folder in the content, and every other
/// directory directly below the root under its own name.
///
/// # Errors
/// The root cannot be read.
pub fn indexed_mirrors(content: &Content, root: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut mirrors: Vec<(String, String)> = content
        .mirrors
        .values()
        .map(|m| (m.id.clone(), m.path().trim_start_matches('/').to_owned()))
        .filter(|(_, path)| root.join(path).is_dir())
        .collect();
    let entries = std::fs::read_dir(root)
        .with_context(|| format!("cannot read the mirror root {}", root.display()))?;
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_covered =
            mirrors.iter().any(|(_, path)| path.split('/').next() == Some(name.as_str()));
        if !is_covered && !name.starts_with('.') && entry.path().is_dir() {
            mirrors.push((name.clone(), name));
        }
    }
    Ok(mirrors)
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
