//! Where a backend is read from and how often, as configured.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::upstream;

/// Address and limits of one backend.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// `http://`, `https://`, `file:///absolute/path`, or `content:///path` below the content
    /// folder.
    #[serde(deserialize_with = "address")]
    pub url: String,
    /// Time between two polls, as `"60s"` or `"5m"`.
    #[serde(default = "default_interval", deserialize_with = "crate::period::deserialize")]
    pub interval: Duration,
    /// Time for one whole request, redirects and body included, as `"15s"`.
    #[serde(default = "default_timeout", deserialize_with = "crate::period::deserialize")]
    pub timeout: Duration,
    /// Longest answer in bytes after decompression.
    #[serde(default = "default_max_bytes")]
    pub max_bytes: u64,
    /// File with a bearer token, read anew for every request.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Set when the answer is a recording: it is read once, and shown with this date.
    #[serde(default)]
    pub recorded_at: Option<Timestamp>,
}

impl Source {
    /// A source with the default limits.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            interval: default_interval(),
            timeout: default_timeout(),
            max_bytes: default_max_bytes(),
            token_file: None,
            recorded_at: None,
        }
    }

    /// The address without user information, for logs and pages.
    pub fn public_url(&self) -> String {
        upstream::strip_user(&self.url)
    }

    /// Whether it is a file of the content folder.
    pub fn is_content(&self) -> bool {
        self.url.starts_with("content:")
    }
}

const fn default_interval() -> Duration {
    Duration::from_mins(1)
}

const fn default_timeout() -> Duration {
    Duration::from_secs(15)
}

const fn default_max_bytes() -> u64 {
    32 << 20
}

/// The address of a folder on this host.
pub fn folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    if url.starts_with("file:///") {
        Ok(url)
    } else {
        Err(D::Error::custom("expected a folder as file:///path"))
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    let known = ["http://", "https://", "file:///", "content:///"]
        .iter()
        .any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if known {
        Ok(url)
    } else {
        Err(D::Error::custom(
            "expected an address that starts with http://, https://, file:/// or content:///",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_a_minute_fifteen_seconds_and_32_mib() {
        let source: Source = toml::from_str("url = \"file:///var/lib/feed.json\"").unwrap();
        assert_eq!((source.interval.as_secs(), source.timeout.as_secs()), (60, 15));
        assert_eq!(source.max_bytes, 33_554_432);
        assert_eq!(source.recorded_at, None);
    }

    #[test]
    fn durations_are_friendly_text() {
        let source: Source = toml::from_str(
            "url = \"http://a.example/\"\ninterval = \"5m\"\ntimeout = \"1m 30s\"\nrecorded_at = \"2026-08-08T00:00:00Z\"",
        )
        .unwrap();
        assert_eq!((source.interval.as_secs(), source.timeout.as_secs()), (300, 90));
        assert!(source.recorded_at.is_some());
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for (line, reason) in [
            ("url = \"ftp://a.example/\"", "file:///"),
            ("url = \"http://a.example/\"\ninterval = \"0s\"", "longer than zero"),
            ("url = \"http://a.example/\"\ntimeout = \"-3s\"", "longer than zero"),
            ("url = \"http://a.example/\"\nintervall = \"3s\"", "intervall"),
        ] {
            let error = toml::from_str::<Source>(line).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn public_url_has_no_user() {
        assert_eq!(
            Source::new("https://me:pw@a.example/jobs").public_url(),
            "https://a.example/jobs"
        );
    }
}
