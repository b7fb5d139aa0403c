//! Counters that a Prometheus server has, asked for by its HTTP API.
//!
//! Source: Prometheus documentation, "HTTP API", sections "Format overview", "Instant queries" and "Expression query result
//! formats".

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny},
};

use super::interface::Counters;
use crate::{
    status::{
        Source,
        fetch::{Answer, Fetcher, Validators},
    },
    web::encode,
};

/// Bytes of an answer at most; one number needs a hundred.
const MAX_BYTES: u64 = 256 * 1024;

/// `[stats.prometheus]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrometheusSection {
    /// Address of the server, to which `/api/v1/query` is added.
    #[serde(deserialize_with = "address")]
    url: String,
    /// Expression whose one value is the number of bytes received so far.
    received: String,
    /// The same of bytes sent.
    sent: String,
    /// Time for one answer.
    #[serde(default = "default_timeout", deserialize_with = "crate::period::deserialize")]
    timeout: Duration,
    /// File with a bearer token, read anew for every question.
    #[serde(default)]
    token_file: Option<PathBuf>,
}

const fn default_timeout() -> Duration {
    Duration::from_secs(10)
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    let is_http = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
    if is_http { Ok(url) } else { Err(D::Error::custom("expected http://… or https://…")) }
}

/// Asks one server.
pub struct Prometheus {
    section: PrometheusSection,
    fetcher: Fetcher,
}

impl Prometheus {
    /// Has not connected yet.
    pub fn new(section: PrometheusSection) -> Self {
        let no_content = |_: &str| Err(io::Error::from(io::ErrorKind::NotFound));
        Self { section, fetcher: Fetcher::new(Arc::new(no_content)) }
    }

    /// Asks for both counters.
    ///
    /// # Errors
    /// The server does not answer in time, or with something else than one number for each.
    pub async fn read(&self) -> anyhow::Result<Counters> {
        let PrometheusSection { received, sent, .. } = &self.section;
        Ok(Counters { received: self.ask(received).await?, sent: self.ask(sent).await? })
    }

    async fn ask(&self, expression: &str) -> anyhow::Result<u64> {
        let PrometheusSection { url, timeout, token_file, .. } = &self.section;
        let base = url.trim_end_matches('/');
        let source = Source {
            timeout: *timeout,
            max_bytes: MAX_BYTES,
            token_file: token_file.clone(),
            ..Source::new(&format!("{base}/api/v1/query?query={}", encode::query(expression)))
        };
        match self.fetcher.fetch(&source, &Validators::default()).await? {
            Answer::New { body, .. } => value(&body).with_context(|| expression.to_owned()),
            Answer::Unchanged => bail!("Prometheus answered with no body"),
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    status: String,
    #[serde(default)]
    error: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Scalar(Point),
    Matrix(IgnoredAny),
    String(IgnoredAny),
}

#[derive(Deserialize)]
struct Series {
    value: Point,
}

/// Unix seconds and a number as text.
type Point = (IgnoredAny, String);

/// The one number of an answer.
///
/// # Errors
/// An answer of another shape, no series or several, a number that counts no bytes (`NaN`, `+Inf`, below zero).
pub fn value(body: &[u8]) -> anyhow::Result<u64> {
    let reply: Reply = serde_json::from_slice(body).context("no answer of Prometheus")?;
    ensure!(reply.status == "success", "Prometheus says: {}", reply.error);
    let (_, number) = match reply.data.context("Prometheus sent no data")? {
        Data::Scalar(point) => point,
        Data::Vector(series) => {
            let count = series.len();
            let Ok([one]) = <[Series; 1]>::try_from(series) else {
                bail!("{count} series instead of one: sum() makes one of several");
            };
            one.value
        }
        Data::Matrix(_) | Data::String(_) => bail!("the result is neither a vector nor a scalar"),
    };
    counted(&number).with_context(|| format!("{number:?} is no number of bytes"))
}

/// `1.5e3`, as Prometheus writes large numbers, in whole bytes.
fn counted(number: &str) -> Option<u64> {
    let number: f64 = number.parse().ok().filter(|number| *number >= 0.0)?;
    // What is not finite does not read back.
    format!("{:.0}", number.abs()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(values: &[&str]) -> String {
        let series: Vec<String> = values
            .iter()
            .map(|value| {
                format!(r#"{{"metric":{{"device":"eth0"}},"value":[1795231800.123,"{value}"]}}"#)
            })
            .collect();
        let series = series.join(",");
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#)
    }

    #[test]
    fn one_number_is_read_from_a_vector_and_a_scalar() {
        for (text, bytes) in
            [("0", 0), ("70000", 70_000), ("1.234567890123e+12", 1_234_567_890_123), ("12.6", 13)]
        {
            assert_eq!(value(vector(&[text]).as_bytes()).unwrap(), bytes, "{text}");
        }
        let scalar = br#"{"status":"success","data":{"resultType":"scalar","result":[1795231800,"5"]},"warnings":["x"]}"#;
        assert_eq!(value(scalar).unwrap(), 5);
    }

    #[test]
    fn everything_else_is_an_error_that_says_what_it_is() {
        for (body, reason) in [
            (vector(&[]), "0 series"),
            (vector(&["1", "2"]), "2 series"),
            (vector(&["NaN"]), "\"NaN\" is no number of bytes"),
            (vector(&["+Inf"]), "is no number of bytes"),
            (vector(&["-1"]), "is no number of bytes"),
            (
                r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#.to_owned(),
                "parse error",
            ),
            (r#"{"status":"success"}"#.to_owned(), "no data"),
            (
                r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#.to_owned(),
                "neither",
            ),
            ("<html>".to_owned(), "no answer of Prometheus"),
            (String::new(), "no answer of Prometheus"),
        ] {
            let error = format!("{:#}", value(body.as_bytes()).unwrap_err());
            assert!(error.contains(reason), "{body}: {error}");
        }
    }
}
