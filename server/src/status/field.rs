//! Fields of one entry, read leniently: what has an unexpected type counts as absent.

use app::model::Bilingual;
use serde_json::Value;

use crate::files::RelPath;

/// Longest identifier in bytes; it becomes part of URLs and labels.
const MAX_ID: usize = 200;

/// The identifier under `key`, without slashes around it.
pub fn id(item: &Value, key: &str) -> Result<String, String> {
    let id = match item.get(key) {
        Some(Value::String(text)) => text.trim().trim_matches('/').to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if id.is_empty() {
        return Err(format!("no `{key}`"));
    }
    // SECURITY: it is shown, logged and compared with paths.
    if id.len() > MAX_ID || id.contains(char::is_control) || has_dot_segment(&id) {
        return Err(format!("`{key}` cannot be a name"));
    }
    Ok(id)
}

/// A non-empty text under `key`, trimmed.
pub fn text<'a>(item: &'a Value, key: &str) -> Option<&'a str> {
    item.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A text in one or two languages: `{"zh": …, "en": …}` or one string for both.
pub fn bilingual(item: &Value, key: &str) -> Option<Bilingual> {
    if let Some(both) = text(item, key) {
        return Some(Bilingual::same(both));
    }
    let languages = item.get(key)?;
    match (text(languages, "zh"), text(languages, "en")) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(Bilingual::same(one)),
        (Some(zh), Some(en)) => Some(Bilingual { zh: zh.to_owned(), en: en.to_owned() }),
    }
}

/// The path of a tree on this host: `/debian/` → `/debian`. Nothing for the root, other hosts
/// (`//host/x`) and paths that no tree can have.
pub fn path(text: &str) -> Option<String> {
    let path = text.trim().trim_end_matches('/');
    let sound = path.starts_with('/')
        && !path.contains(|c: char| c.is_control() || matches!(c, '?' | '#' | '\\'))
        && RelPath::parse(path).is_ok();
    sound.then(|| path.to_owned())
}

fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn identifiers_are_names_and_nothing_sharper() {
        for (value, expected) in [
            (json!({"id": " debian "}), Ok("debian")),
            (json!({"id": "/git/lean4/"}), Ok("git/lean4")),
            (json!({"id": "Adobe 字体"}), Ok("Adobe 字体")),
            (json!({"id": 7}), Ok("7")),
            (json!({"id": ""}), Err("no `id`")),
            (json!({"id": null}), Err("no `id`")),
            (json!([]), Err("no `id`")),
            (json!({"id": "../etc"}), Err("`id` cannot be a name")),
            (json!({"id": "a\nb"}), Err("`id` cannot be a name")),
        ] {
            assert_eq!(id(&value, "id").as_deref().map_err(String::as_str), expected, "{value}");
        }
    }

    #[test]
    fn missing_language_is_filled_from_the_other() {
        let item = json!({"a": {"en": "Foo"}, "b": {"zh": "福", "en": "Foo"}, "c": "Foo", "d": {}, "e": {"zh": " "}});
        assert_eq!(bilingual(&item, "a"), Some(Bilingual::same("Foo")));
        assert_eq!(bilingual(&item, "b").map(|b| b.zh), Some("福".to_owned()));
        assert_eq!(bilingual(&item, "c"), Some(Bilingual::same("Foo")));
        assert_eq!(bilingual(&item, "d"), None);
        assert_eq!(bilingual(&item, "e"), None);
    }

    #[test]
    fn paths_have_a_leading_and_no_trailing_slash() {
        assert_eq!(path("/debian/"), Some("/debian".to_owned()));
        assert_eq!(path("/osdn/g/m/"), Some("/osdn/g/m".to_owned()));
        for text in [
            "",
            "/",
            "//host/x",
            "debian",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a//b",
            "/a%2Fb",
            "/a?b",
            "https://host/x",
            "/a\nb",
        ] {
            assert_eq!(path(text), None, "{text}");
        }
    }
}
