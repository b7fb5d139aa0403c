//! Stylesheet, script and icons, embedded at build time under fingerprinted names.

use std::collections::HashMap;

use app::shell::AssetPaths;
use axum::{body::Bytes, http::HeaderValue};
use rust_embed::Embed;
use serde::{Deserialize as _, Deserializer, de::Error as _};

use crate::web::cache::{CachePolicy, Page};

/// Minified by `build.rs` from `style/*.css`.
const STYLESHEET: &str = include_str!(concat!(env!("OUT_DIR"), "/site.css"));
const FINGERPRINT: &str = env!("MINGJING_STYLE_FINGERPRINT");
/// Files whose address changes with their content.
const FINGERPRINTED: [&str; 3] = [SCRIPT, SPEED, ICONS];
const SCRIPT: &str = "enhance.js";
const SPEED: &str = "speed.js";
const ICONS: &str = "icons.svg";

#[derive(Embed)]
#[folder = "../public"]
struct Public;

/// Everything that is served as it was built.
pub struct Assets {
    by_path: HashMap<String, Page>,
}

impl Assets {
    /// Loads them; compressed once, here.
    pub fn load() -> Self {
        let mut by_path = HashMap::new();
        let css = HeaderValue::from_static("text/css; charset=utf-8");
        let sheet = Page::new(css, CachePolicy::Immutable, STYLESHEET);
        by_path.insert(stylesheet(), sheet);
        for name in Public::iter() {
            let Some(file) = Public::get(&name) else { continue };
            let (path, policy) = if FINGERPRINTED.contains(&&*name) {
                (fingerprinted(&name), CachePolicy::Immutable)
            } else {
                (format!("/{name}"), CachePolicy::Day)
            };
            let bytes = match str::from_utf8(&file.data) {
                Ok(text) if name.ends_with(".js") => Bytes::from(lean(text)),
                _ => Bytes::from(file.data.into_owned()),
            };
            if *name == *"favicon.svg" {
                // COMPAT: browsers ask for it on plain-text pages, which can name no icon.
                let icon = Page::new(content_type(&name), policy, bytes.clone());
                by_path.insert("/favicon.ico".to_owned(), icon);
            }
            by_path.insert(path, Page::new(content_type(&name), policy, bytes));
        }
        Self { by_path }
    }

    /// The asset at a path.
    pub fn get(&self, path: &str) -> Option<&Page> {
        self.by_path.get(path)
    }

    /// Every path, for the router.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.by_path.keys().map(String::as_str)
    }
}

/// Where pages find what they load.
pub fn paths() -> AssetPaths {
    AssetPaths {
        stylesheet: stylesheet(),
        script: fingerprinted(SCRIPT),
        icons: fingerprinted(ICONS),
    }
}

fn stylesheet() -> String {
    format!("/static/site.{FINGERPRINT}.css")
}

/// `a.js` → `/static/a.0123456789.js`.
fn fingerprinted(name: &str) -> String {
    let hash = Public::get(name).map(|file| file.metadata.sha256_hash()).unwrap_or_default();
    let [head @ .., _, _, _] = hash.first_chunk::<8>().copied().unwrap_or_default();
    let fingerprint = head.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("/static/{stem}.{fingerprint:010x}.{extension}")
}

/// A script of ours without its documentation (`/** … */`), lines that are comments, and indentation.
fn lean(script: &str) -> String {
    let mut code = String::with_capacity(script.len());
    let mut rest = script;
    while let Some((before, comment)) = rest.split_once("/**") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    let lines = code.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).fold(
        String::new(),
        |mut lean, line| {
            lean.push_str(line);
            lean.push('\n');
            lean
        },
    )
}

/// Reads the name of a symbol of the sheet of icons.
///
/// # Errors
/// If the sheet has none of that name.
pub fn icon<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(value)?;
    let sheet = Public::get(ICONS).map(|file| file.data).unwrap_or_default();
    let symbol = format!("<symbol id=\"{name}\" ");
    if memchr::memmem::find(&sheet, symbol.as_bytes()).is_some() {
        Ok(Some(name))
    } else {
        Err(D::Error::custom(format!(
            "`{name}`: no such symbol in public/icons.svg; `npm run icons` in end2end adds those of Simple Icons"
        )))
    }
}

/// Address of the script that measures the speed, on the one page that does.
pub fn speed_script() -> String {
    fingerprinted(SPEED)
}

/// Media type by file name, for what mirrors and the site carry.
pub fn content_type(name: &str) -> HeaderValue {
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
    HeaderValue::from_static(match extension.as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "txt" | "md" | "asc" | "log" | "conf" | "cfg" | "toml" | "yaml" | "yml" | "sh" | "py"
        | "c" | "h" | "rs" | "pl" | "diff" | "patch" | "changes" | "dsc" | "sha256" | "sha512"
        | "md5" => "text/plain; charset=utf-8",
        _ => match name {
            "InRelease" | "Release" | "README" | "SHA256SUMS" | "SHA512SUMS" | "MD5SUMS"
            | "Packages" | "Sources" | "lastupdate" | "lastsync" | "timestamp" | "LICENSE"
            | "COPYING" | "ChangeLog" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::mirror::RESERVED;

    #[test]
    fn no_mirror_can_stand_in_the_way_of_an_asset() {
        let assets = Assets::load();
        for path in assets.paths().filter(|path| !path.starts_with("/static/")) {
            assert!(RESERVED.contains(&&path[1..]), "{path}");
        }
    }

    #[test]
    fn scripts_lose_what_is_not_for_browsers() {
        let script = "// @ts-check\n/** @param {string} a */\nconst f = (a) => {\n  // why\n  return /** @type {any} */ (a) + \"//b\";\n};\n";
        assert_eq!(lean(script), "const f = (a) => {\nreturn  (a) + \"//b\";\n};\n");
        assert_eq!(lean("a; /** open"), "a;\n");
    }

    #[test]
    fn an_icon_that_the_sheet_lacks_is_refused_by_name() {
        #[derive(Debug, serde::Deserialize)]
        struct Facts {
            #[serde(default, deserialize_with = "icon")]
            icon: Option<String>,
        }
        let read = |text: &str| toml::from_str::<Facts>(text);
        assert_eq!(read("icon = \"debian\"").unwrap().icon.as_deref(), Some("debian"));
        assert_eq!(read("").unwrap().icon, None);
        for name in ["debia", "", "debian\\\" viewBox=\\\""] {
            let error = read(&format!("icon = \"{name}\"")).unwrap_err().to_string();
            assert!(error.contains("no such symbol"), "{error}");
        }
    }
}
