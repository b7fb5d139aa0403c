//! The one error of handlers: what the visitor is told, and what only the log is told.

use app::{Lang, format::fill};
use axum::{
    extract::rejection::PathRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    files::{PathError, TreeError},
    guide::{RenderError, SelectionError},
    index::{MAX_TERMS, MAX_TEXT, QueryError},
};

/// Why a request has no ordinary answer.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Nothing at this path.
    #[error("nothing at {0}")]
    NotFound(String),
    /// A path that cannot name anything.
    #[error("malformed path: {0}")]
    BadPath(#[from] PathError),
    /// A file that the world may not read.
    #[error("not public")]
    Private,
    /// A symlink out of the mirrors.
    #[error("leads outside")]
    Outside,
    /// No mirror of that name.
    #[error("no mirror {0}")]
    UnknownMirror(String),
    /// The mirror has no guide.
    #[error("no guide for {0}")]
    NoGuide(String),
    /// A wrong option of a guide.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A snippet that cannot be had.
    #[error(transparent)]
    Snippet(#[from] RenderError),
    /// A parameter outside of its closed list: name, value, valid values.
    #[error("parameter {0} cannot be {1}")]
    BadParameter(&'static str, String, String),
    /// A parameter that this address does not have, and those that it has.
    #[error("no parameter {0}")]
    UnknownParameter(String, &'static [&'static str]),
    /// A parameter that is there twice.
    #[error("parameter {0} is there twice")]
    RepeatedParameter(String),
    /// A query that the index refuses.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// There is no file index yet.
    #[error("no file index")]
    NoIndex,
    /// No token where one is needed.
    #[error("no token")]
    NoToken,
    /// Another token than the right one.
    #[error("wrong token")]
    WrongToken,
    /// Too many searches; seconds until the next may come.
    #[error("too many searches, try again in {0} s")]
    TooMany(u64),
    /// Too many speed tests; seconds until the next may come.
    #[error("too many speed tests, try again in {0} s")]
    TooManyTests(u64),
    /// Too many visitors want the same scarce thing; seconds after which it is worth asking again.
    #[error("busy, try again in {0} s")]
    Busy(u64),
    /// A method other than GET and HEAD.
    #[error("method not allowed")]
    Method,
    /// A fault of ours.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl AppError {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_)
            | Self::UnknownMirror(_)
            | Self::NoGuide(_)
            | Self::Snippet(RenderError::NoSuchSnippet { .. } | RenderError::Hidden { .. }) => {
                StatusCode::NOT_FOUND
            }
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::Private | Self::Outside | Self::WrongToken => StatusCode::FORBIDDEN,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            // Of a broken guide only the page cannot be had until its source is mended; the rest is well.
            Self::NoIndex
            | Self::Busy(_)
            | Self::Selection(SelectionError::Template(_))
            | Self::Snippet(RenderError::Template { .. }) => StatusCode::SERVICE_UNAVAILABLE,
            Self::BadPath(_)
            | Self::BadParameter(..)
            | Self::UnknownParameter(..)
            | Self::RepeatedParameter(_)
            | Self::Query(_)
            | Self::Selection(_) => StatusCode::BAD_REQUEST,
            Self::TooMany(_) | Self::TooManyTests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// What kind of problem it is, for programs; `openapi.toml` describes each (RFC 9457, `type`).
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::BadPath(_) => "bad-path",
            Self::Private | Self::Outside => "not-public",
            Self::UnknownMirror(_) => "unknown-mirror",
            Self::NoGuide(_) => "no-guide",
            Self::Snippet(RenderError::NoSuchSnippet { .. } | RenderError::Hidden { .. }) => {
                "no-snippet"
            }
            Self::Selection(
                SelectionError::UnknownOption { .. } | SelectionError::UnknownValue { .. },
            )
            | Self::BadParameter(..)
            | Self::UnknownParameter(..)
            | Self::RepeatedParameter(_) => "bad-parameter",
            Self::Query(_) => "bad-query",
            Self::NoIndex => "no-index",
            Self::NoToken => "no-token",
            Self::WrongToken => "wrong-token",
            Self::TooMany(_) => "too-many-searches",
            Self::TooManyTests(_) => "too-many-tests",
            Self::Busy(_) => "busy",
            Self::Method => "method-not-allowed",
            Self::Selection(SelectionError::Template(_))
            | Self::Snippet(RenderError::Template { .. }) => "broken-guide",
            Self::Internal(_) => "internal",
        }
    }

    /// What the visitor is told.
    pub fn message(&self, lang: Lang) -> String {
        let t = lang.texts();
        match self {
            Self::NotFound(path) => fill(t.error_unknown_path, &[path]),
            Self::BadPath(why) => {
                let reason = match why {
                    PathError::Dots => t.path_dots,
                    PathError::Empty => t.path_empty,
                    PathError::Slash => t.path_slash,
                    PathError::Nul => t.path_nul,
                    PathError::NotText => t.path_not_text,
                };
                fill(t.error_bad_path, &[reason])
            }
            Self::Private => t.error_private.to_owned(),
            Self::Outside => t.error_outside.to_owned(),
            Self::UnknownMirror(id) => fill(t.error_unknown_mirror, &[id]),
            Self::NoGuide(id) => fill(t.error_no_guide, &[id]),
            Self::Selection(SelectionError::UnknownOption { option, valid })
                if valid.is_empty() =>
            {
                fill(t.error_no_options, &[option])
            }
            Self::Selection(SelectionError::UnknownOption { option, valid }) => {
                fill(t.error_unknown_option, &[option, &valid.join(", ")])
            }
            Self::Selection(SelectionError::UnknownValue { option, value, valid }) => {
                fill(t.error_unknown_value, &[option, value, &valid.join(", ")])
            }
            Self::Snippet(RenderError::NoSuchSnippet { name, valid }) => {
                fill(t.error_no_snippet, &[name, &valid.join(", ")])
            }
            Self::Snippet(RenderError::Hidden { name, condition }) => {
                fill(t.error_hidden_snippet, &[name, condition])
            }
            Self::BadParameter(name, value, valid) => {
                fill(t.error_bad_parameter, &[name, value, valid])
            }
            Self::UnknownParameter(name, []) => fill(t.error_no_parameters, &[name]),
            Self::UnknownParameter(name, valid) => {
                fill(t.error_unknown_parameter, &[name, &valid.join(", ")])
            }
            Self::RepeatedParameter(name) => fill(t.error_repeated_parameter, &[name]),
            Self::NoToken => t.error_no_token.to_owned(),
            Self::WrongToken => t.error_wrong_token.to_owned(),
            Self::Query(why) => refusal(lang, why),
            Self::NoIndex => t.search_no_index.to_owned(),
            Self::TooMany(seconds) => fill(t.error_too_many, &[&seconds.to_string()]),
            Self::TooManyTests(seconds) => fill(t.error_too_many_tests, &[&seconds.to_string()]),
            Self::Busy(seconds) => fill(t.error_busy, &[&seconds.to_string()]),
            Self::Method => t.error_listing_method.to_owned(),
            Self::Selection(SelectionError::Template(why)) => fill(t.error_guide_broken, &[why]),
            Self::Snippet(RenderError::Template { message, .. }) => {
                fill(t.error_guide_broken, &[message])
            }
            Self::Internal(_) => t.error_internal.to_owned(),
        }
    }
}

/// Why a query is refused, in the visitor's language.
fn refusal(lang: Lang, why: &QueryError) -> String {
    let t = lang.texts();
    let number = |n: usize| n.to_string();
    match why {
        QueryError::Empty => t.query_empty.to_owned(),
        QueryError::OnlyExcluded => t.query_only_excluded.to_owned(),
        QueryError::TooLong(length) => {
            fill(t.query_too_long, &[&number(*length), &number(MAX_TEXT)])
        }
        QueryError::TooManyTerms(n) => fill(t.query_too_many, &[&number(*n), &number(MAX_TERMS)]),
        QueryError::UnknownMirror(id) => fill(t.query_unknown_mirror, &[id]),
        QueryError::Contradiction(what) => fill(t.query_contradiction, &[what]),
        QueryError::Unreadable => t.query_unreadable.to_owned(),
    }
}

impl From<PathRejection> for AppError {
    /// Our routes take strings from paths; only bytes that are not UTF-8 are refused.
    fn from(_: PathRejection) -> Self {
        Self::BadPath(PathError::NotText)
    }
}

impl From<TreeError> for AppError {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Missing => Self::NotFound(String::new()),
            TreeError::Private => Self::Private,
            TreeError::Outside => Self::Outside,
            TreeError::Io(error) => Self::Internal(error.into()),
        }
    }
}

impl IntoResponse for AppError {
    /// A bare status that carries the error; [`crate::router`] turns it into a page, JSON or text
    /// once it knows who asked.
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() && !matches!(self, Self::NoIndex | Self::Busy(_)) {
            tracing::error!(error = format!("{self:#}"), "request failed");
        }
        let mut response = status.into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}
