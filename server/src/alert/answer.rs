//! What the answer of a receiver means: that a message arrived, or why not and when to come again.
//!
//! Sources, as of 2026. Feishu, "Custom bot usage guide" (codes within a `200`, 11232 when it is
//! asked too often) and "Rate limits" (`x-ogw-ratelimit-reset`). `DingTalk`, "Custom robot access"
//! (20 messages a minute, then ten minutes of silence) and its list of error codes (130101).
//! `WeCom`, "Group robot configuration" (20 a minute) and "Global error codes" (45009). Matrix
//! client-server API, "Rate limiting" (`Retry-After` since v1.10, `retry_after_ms` before).
//! Discord, "Rate limits" (`retry_after` in seconds with a fraction). Slack, "Sending messages
//! using incoming webhooks" (a status code, and one word as text).

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use super::{Kind, deliver::DeliveryError};

/// Longest wait that a receiver may ask for.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// Most characters of what a receiver says that are told.
const WORDS: usize = 200;

/// An answer, its body cut to what is worth reading.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Beginning of the body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether a message arrived. Three of the robots answer `200` to what they refuse, and say so
    /// in the body; a web page with `200` is the answer of something else.
    ///
    /// # Errors
    /// The code and the words of the receiver, and how long it asks to be left alone.
    pub fn judge(&self, kind: Kind) -> Result<(), DeliveryError> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if !self.status.is_success() {
            let (status, words) = (self.status.as_u16(), self.words(kind, &body));
            return Err(DeliveryError::Status { status, words, wait: self.wait(kind, &body) });
        }
        let is_understood = match kind {
            Kind::Feishu => return refusal(kind, &body, "code", "StatusCode"),
            Kind::Dingtalk | Kind::Wecom => return refusal(kind, &body, "errcode", "errcode"),
            Kind::Matrix => body["event_id"].is_string(),
            Kind::Discord => body.is_object() || self.body.is_empty(),
            // `ok`; what imitates Slack says other things.
            Kind::Slack => !self.body.trim_ascii_start().starts_with(b"<"),
            Kind::Json => true,
        };
        if is_understood { Ok(()) } else { Err(DeliveryError::Unintelligible) }
    }

    /// How long it asks to be left alone.
    fn wait(&self, kind: Kind, body: &Value) -> Option<Duration> {
        let header = |name: &str| self.headers.get(name)?.to_str().ok()?.trim().parse().ok();
        let here = match kind {
            Kind::Feishu => header("x-ogw-ratelimit-reset"),
            Kind::Discord => body["retry_after"].as_f64(),
            Kind::Matrix => body["retry_after_ms"].as_f64().map(|wait| wait / 1000.0),
            _ => None,
        };
        let seconds: f64 = here.or_else(|| header(RETRY_AFTER.as_str()))?;
        let is_sane = seconds >= 0.0;
        is_sane.then(|| Duration::from_secs_f64(seconds.ceil().min(LONGEST_WAIT.as_secs_f64())))
    }

    /// What it says beside a status code. Of pages and of programs of one's own nothing: they may
    /// repeat the address, which is a secret.
    fn words(&self, kind: Kind, body: &Value) -> String {
        let key = match kind {
            Kind::Feishu => "msg",
            Kind::Dingtalk | Kind::Wecom => "errmsg",
            Kind::Matrix => "error",
            Kind::Discord => "message",
            Kind::Slack => {
                let is_word = |c: &u8| c.is_ascii_lowercase() || *c == b'_';
                let word = self.body.trim_ascii();
                if word.len() <= WORDS && word.iter().all(is_word) {
                    return String::from_utf8_lossy(word).into_owned();
                }
                // Mattermost.
                "message"
            }
            Kind::Json => return String::new(),
        };
        cut(body[key].as_str())
    }
}

fn refusal(kind: Kind, body: &Value, code: &str, older: &str) -> Result<(), DeliveryError> {
    let words = if kind == Kind::Feishu { "msg" } else { "errmsg" };
    match body.get(code).or_else(|| body.get(older)).and_then(Value::as_i64) {
        Some(0) => Ok(()),
        Some(code) => {
            let wait = match (kind, code) {
                (Kind::Dingtalk, 130_101) => Some(Duration::from_mins(10)),
                (Kind::Feishu, 11_232) | (Kind::Wecom, 45_009) => Some(Duration::from_mins(1)),
                _ => None,
            };
            Err(DeliveryError::Refused { code, words: cut(body[words].as_str()), wait })
        }
        None => Err(DeliveryError::Unintelligible),
    }
}

/// One line, and not a long one.
fn cut(words: Option<&str>) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    words.unwrap_or_default().chars().take(WORDS).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(key, value)| {
            (reqwest::header::HeaderName::from_static(key), value.parse().unwrap())
        });
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.collect(),
            body: body.into(),
        }
    }

    #[test]
    fn a_refusal_within_200_is_no_success() {
        for (kind, good, bad) in [
            (
                Kind::Feishu,
                r#"{"code":0,"msg":"success","data":{}}"#,
                r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}"#,
            ),
            (Kind::Feishu, r#"{"StatusCode":0}"#, r#"{"code":9499,"msg":"Bad Request"}"#),
            (
                Kind::Dingtalk,
                r#"{"errcode":0,"errmsg":"ok"}"#,
                r#"{"errcode":310000,"errmsg":"sign not match"}"#,
            ),
            (
                Kind::Wecom,
                r#"{"errcode":0,"errmsg":"ok"}"#,
                r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#,
            ),
        ] {
            assert!(answer(200, &[], good).judge(kind).is_ok(), "{good}");
            let judged = answer(200, &[], bad).judge(kind);
            assert!(matches!(judged, Err(DeliveryError::Refused { .. })), "{bad}");
        }
    }

    #[test]
    fn a_page_with_200_is_not_a_receiver() {
        let page = answer(200, &[], "\n<!doctype html><title>Log in</title>");
        for kind in
            [Kind::Feishu, Kind::Dingtalk, Kind::Wecom, Kind::Matrix, Kind::Discord, Kind::Slack]
        {
            assert!(matches!(page.judge(kind), Err(DeliveryError::Unintelligible)), "{kind:?}");
        }
        for (kind, status, body) in [
            (Kind::Slack, 200, "ok"),
            (Kind::Discord, 204, ""),
            (Kind::Discord, 200, r#"{"id":"1"}"#),
            (Kind::Matrix, 200, r#"{"event_id":"$a:example.org"}"#),
            (Kind::Json, 202, ""),
        ] {
            assert!(answer(status, &[], body).judge(kind).is_ok(), "{kind:?}");
        }
    }

    #[test]
    fn who_is_asked_too_often_says_how_long_to_wait() {
        let ogw = ("x-ogw-ratelimit-reset", "52");
        for (kind, status, headers, body, seconds) in [
            (Kind::Feishu, 429, vec![ogw], r#"{"code":99991400}"#, Some(52)),
            (Kind::Feishu, 400, vec![ogw], r#"{"code":99991400}"#, Some(52)),
            (Kind::Feishu, 200, vec![], r#"{"code":11232,"msg":"too many request"}"#, Some(60)),
            (
                Kind::Dingtalk,
                200,
                vec![],
                r#"{"errcode":130101,"errmsg":"send too fast"}"#,
                Some(600),
            ),
            (Kind::Wecom, 200, vec![], r#"{"errcode":45009,"errmsg":"api freq out"}"#, Some(60)),
            (Kind::Wecom, 200, vec![], r#"{"errcode":93000}"#, None),
            (Kind::Discord, 429, vec![("retry-after", "65")], r#"{"retry_after":64.57}"#, Some(65)),
            (Kind::Matrix, 429, vec![], r#"{"retry_after_ms":2000}"#, Some(2)),
            (Kind::Matrix, 429, vec![("retry-after", "3")], "{}", Some(3)),
            (Kind::Slack, 429, vec![("retry-after", "30")], "rate_limited", Some(30)),
            (Kind::Json, 503, vec![("retry-after", "86400")], "", Some(600)),
            (Kind::Json, 503, vec![("retry-after", "-1")], "", None),
            (Kind::Json, 503, vec![("retry-after", "NaN")], "", None),
            (Kind::Json, 503, vec![("retry-after", "Fri, 27 Nov 2026 08:00:00 GMT")], "", None),
        ] {
            let error = answer(status, &headers, body).judge(kind).unwrap_err();
            assert_eq!(
                error.wait().map(|wait| wait.as_secs()),
                seconds,
                "{kind:?} {body} {headers:?}"
            );
        }
    }

    #[test]
    fn the_words_of_a_robot_are_told_and_those_of_others_are_not() {
        for (kind, status, body, told) in [
            (Kind::Slack, 404, "no_service", "HTTP 404 no_service"),
            (Kind::Slack, 400, r#"{"message":"Unable to parse"}"#, "HTTP 400 Unable to parse"),
            (Kind::Slack, 404, "<p>/hook/t0ken</p>", "HTTP 404"),
            (Kind::Discord, 404, r#"{"message":"Unknown\nWebhook"}"#, "HTTP 404 Unknown Webhook"),
            (Kind::Matrix, 403, r#"{"error":"not in room"}"#, "HTTP 403 not in room"),
            (Kind::Feishu, 400, r#"{"code":9499,"msg":"Bad Request"}"#, "HTTP 400 Bad Request"),
            (Kind::Json, 404, r#"{"message":"/hook/t0ken"}"#, "HTTP 404"),
        ] {
            let error = answer(status, &[], body).judge(kind).unwrap_err().to_string();
            assert!(error.ends_with(told), "{error}");
        }
    }
}
