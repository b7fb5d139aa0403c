//! The outer shape of an answer, and words for what was found instead.

use serde_json::{Map, Value, error::Category};

/// The whole document is unintelligible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {found}")]
pub struct ParseError {
    expected: &'static str,
    found: String,
}

impl ParseError {
    /// For a document that is JSON of another shape.
    pub fn shape(expected: &'static str, found: &Value) -> Self {
        Self { expected, found: describe(found) }
    }
}

/// Reads a document that is one JSON array.
pub fn array(bytes: &[u8]) -> Result<Vec<Value>, ParseError> {
    const EXPECTED: &str = "a JSON array";
    match json(bytes, EXPECTED)? {
        Value::Array(items) => Ok(items),
        other => Err(ParseError::shape(EXPECTED, &other)),
    }
}

/// The values of an object as a list, each with its name under `key`. What is no object stays as it
/// is, to be reported like every other bad item.
pub fn listed(items: &Map<String, Value>, key: &str) -> Vec<Value> {
    let with_name = |(name, item): (&String, &Value)| match item {
        Value::Object(fields) => {
            let mut fields = fields.clone();
            fields.insert(key.to_owned(), Value::from(name.as_str()));
            Value::Object(fields)
        }
        other => other.clone(),
    };
    items.iter().map(with_name).collect()
}

/// Reads a document that is JSON of any shape; `expected` only words the error.
///
/// COMPAT: a UTF-8 byte order mark is skipped (Windows editors and .NET write one), and bytes that
/// are no UTF-8 are replaced: one description in GBK must not cost the whole feed.
pub fn json(bytes: &[u8], expected: &'static str) -> Result<Value, ParseError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    serde_json::from_str(&text)
        .map_err(|error| ParseError { expected, found: not_json(bytes, &text, &error) })
}

fn not_json(bytes: &[u8], text: &str, error: &serde_json::Error) -> String {
    let start = text.trim_start();
    if start.is_empty() {
        return format!("nothing ({} bytes)", bytes.len());
    }
    if bytes.starts_with(&[0x1F, 0x8B]) {
        return "gzip data".to_owned();
    }
    if start.starts_with('<') {
        let lower: String = start.chars().take(512).collect::<String>().to_ascii_lowercase();
        let kind = if lower.contains("<!doctype html") || lower.contains("<html") {
            "HTML"
        } else {
            "markup"
        };
        return format!("{kind} (starts with {})", quote(start));
    }
    if !start.starts_with(['{', '[']) {
        return format!("text that is no JSON (starts with {})", quote(start));
    }
    match error.classify() {
        Category::Eof => format!("truncated JSON ({} bytes, ends inside a value)", bytes.len()),
        _ => format!("broken JSON ({error})"),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(map) if map.is_empty() => "an empty object".to_owned(),
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().take(5).map(|key| quote(key)).collect();
            format!("an object with {}", keys.join(", "))
        }
    }
}

/// The first 14 characters (as many as `<!DOCTYPE html` has), quoted and escaped: it ends up in
/// logs and on the status page.
fn quote(text: &str) -> String {
    format!("{:?}", text.chars().take(14).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_found_instead_of_an_array() {
        for (bytes, message) in [
            (&b"<!DOCTYPE html><html>"[..], "got HTML (starts with \"<!DOCTYPE html\")"),
            (b"<?xml version='1.0'?>", "got markup (starts with \"<?xml version=\")"),
            (b"", "got nothing (0 bytes)"),
            (b" \r\n", "got nothing (3 bytes)"),
            (b"502 Bad Gateway", "got text that is no JSON (starts with \"502 Bad Gatewa\")"),
            (b"[{\"name\": \"deb", "got truncated JSON (14 bytes, ends inside a value)"),
            (b"[1,,2]", "got broken JSON (expected value at line 1 column 4)"),
            (b"[1] [2]", "got broken JSON (trailing characters at line 1 column 5)"),
            (b"\x1F\x8B\x08\x00", "got gzip data"),
            (b"null", "got null"),
            (b"{\"error\": \"no\", \"code\": 3}", "got an object with \"code\", \"error\""),
            (b"{}", "got an empty object"),
        ] {
            let error = array(bytes).map(|_| ()).unwrap_err().to_string();
            assert!(
                error.starts_with("expected a JSON array, ") && error.contains(message),
                "{error}"
            );
        }
    }

    #[test]
    fn byte_order_mark_is_skipped() {
        assert_eq!(array(b"\xEF\xBB\xBF[1]"), Ok(vec![Value::from(1)]));
    }

    #[test]
    fn bytes_that_are_no_utf8_cost_only_their_characters() {
        assert_eq!(array(b"[\"\xC4\xE3\", \"ok\"]").map(|items| items.len()), Ok(2));
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        assert!(array("[".repeat(100_000).as_bytes()).is_err());
    }
}
