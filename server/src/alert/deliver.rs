//! Sending a message.

use std::time::Duration;

use app::shell::Site;
use jiff::Timestamp;
use reqwest::{
    Client,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use tokio::{sync::OnceCell, time::timeout};

use super::{
    Rule,
    answer::Answer,
    engine::Outgoing,
    robot::{self, Request},
};
use crate::status::fetch::{self, innermost};

/// Time for a whole exchange.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Most bytes that are read of an answer.
const ANSWER: usize = 64 * 1024;

/// Why a message did not arrive. No variant holds an address: it is a secret.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// No address, or no secret where one is needed.
    #[error("it is not known where to: {0}")]
    Address(String),
    /// Name resolution, connection, TLS.
    #[error("the receiver cannot be reached: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("the receiver did not answer within {TIMEOUT:?}")]
    Timeout,
    /// The receiver answered otherwise than with success.
    #[error("the receiver answered HTTP {status}{}{words}", if words.is_empty() { "" } else { " " })]
    Status {
        /// Status code.
        status: u16,
        /// What it says; may be empty.
        words: String,
        /// How long it asks to be left alone.
        wait: Option<Duration>,
    },
    /// The receiver refused it within a `200`.
    #[error("the receiver refused it: {code} {words}")]
    Refused {
        /// Code of the receiver.
        code: i64,
        /// What it says.
        words: String,
        /// How long it asks to be left alone.
        wait: Option<Duration>,
    },
    /// The answer is none of this kind of receiver.
    #[error("the answer is not one of this kind of receiver")]
    Unintelligible,
}

impl DeliveryError {
    /// How long the receiver asks to be left alone.
    pub const fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } | Self::Refused { wait, .. } => *wait,
            _ => None,
        }
    }
}

/// Sends messages; its client is made for the first one.
#[derive(Default)]
pub struct Courier {
    client: OnceCell<Client>,
}

impl Courier {
    /// Sends a message once.
    ///
    /// # Errors
    /// See [`DeliveryError`].
    pub async fn send(
        &self,
        rule: &Rule,
        site: &Site,
        out: &Outgoing,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let unknown = |error: anyhow::Error| DeliveryError::Address(format!("{error:#}"));
        let address = rule.address().map_err(unknown)?;
        let request = robot::request(rule, &address, site, out, now).map_err(unknown)?;
        let answer = timeout(TIMEOUT, self.exchange(request)).await;
        answer.unwrap_or(Err(DeliveryError::Timeout))?.judge(rule.kind)
    }

    /// Asks, and reads as much of the answer as may be of interest.
    async fn exchange(&self, request: Request) -> Result<Answer, DeliveryError> {
        let unreachable =
            |error: reqwest::Error| DeliveryError::Unreachable(innermost(&error.without_url()));
        // A web hook that redirects is a wrong address, and a secret must not follow it.
        let client =
            self.client.get_or_try_init(async || fetch::client(0)).await.map_err(unreachable)?;
        let url = request.url.reveal();
        let mut call = if request.is_put { client.put(url) } else { client.post(url) };
        call = call.header(CONTENT_TYPE, "application/json").body(request.body);
        if let Some(token) = &request.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()))
                .map_err(|_| DeliveryError::Address("the secret is no token".to_owned()))?;
            value.set_sensitive(true);
            call = call.header(AUTHORIZATION, value);
        }
        let mut response = call.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER {
                break;
            }
        }
        Ok(Answer { status, headers, body })
    }
}
