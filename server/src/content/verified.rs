//! `verified.json`: which client accepted which snippet and when, as the full run of `end2end/clients_test.py` writes it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Results by guide and block.
pub type Verified = BTreeMap<String, BTreeMap<String, Vec<Acceptance>>>;

/// One client that followed a snippet in all the states that were tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Name of the client.
    pub client: String,
    /// Its version.
    pub version: String,
    /// Day of the run.
    pub date: Date,
    /// States of the guide in which it did.
    pub combinations: u32,
}

/// Reads the file.
///
/// # Errors
/// The first mistake in it, with its line.
pub fn parse(file: &str, text: &str) -> Result<Verified, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::at(file, error.line(), error.to_string()))
}

/// Clients and versions in one line: `apt 2.6.1, 3.0.3, uv 0.13.8`, and the day of the oldest run among them.
pub fn summary(all: &[Acceptance]) -> Option<(String, Date)> {
    let mut words: Vec<String> = Vec::new();
    let mut last = "";
    for one in all {
        let is_same = last == one.client;
        words.push(if is_same {
            one.version.clone()
        } else {
            format!("{} {}", one.client, one.version)
        });
        last = &one.client;
    }
    Some((words.join(", "), all.iter().map(|one| one.date).min()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_named_once_and_the_oldest_day_counts() {
        let text = r#"{"debian": {"deb822": [
            {"client": "apt", "version": "2.6.1", "date": "2026-11-21", "combinations": 352},
            {"client": "apt", "version": "3.0.3", "date": "2026-11-20", "combinations": 352}]}}"#;
        let verified = parse("verified.json", text).unwrap();
        let (said, day) = summary(&verified["debian"]["deb822"]).unwrap();
        assert_eq!((said.as_str(), day.to_string().as_str()), ("apt 2.6.1, 3.0.3", "2026-11-20"));
        assert_eq!(summary(&[]), None);
        assert!(
            parse("verified.json", "{").unwrap_err().to_string().starts_with("verified.json:1: ")
        );
    }
}
