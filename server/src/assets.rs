//! Stylesheet, script and icons, embedded at build time under fingerprinted names.

use std::collections::HashMap;

use axum::{body::Bytes, http::HeaderValue};
use rust_embed::Embed;

use crate::web::cache::{CachePolicy, Page};

/// Minified by `build.rs` from `style/*.css`.
const STYLESHEET: &str = include_str!(concat!(env!("OUT_DIR"), "/site.css"));
const FINGERPRINT: &str = env!("MINGJING_STYLE_FINGERPRINT");
const SCRIPT_FINGERPRINT: &str = env!("MINGJING_SCRIPT_FINGERPRINT");

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
        by_path.insert(stylesheet(), Page::new(css, CachePolicy::Immutable, STYLESHEET));
        for name in Public::iter() {
            let Some(file) = Public::get(&name) else { continue };
            let (path, policy) = if *name == *"enhance.js" {
                (script(), CachePolicy::Immutable)
            } else {
                (format!("/{name}"), CachePolicy::Day)
            };
            let bytes = Bytes::from(file.data.into_owned());
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

/// Address of the stylesheet.
pub fn stylesheet() -> String {
    format!("/static/site.{FINGERPRINT}.css")
}

/// Address of the script.
pub fn script() -> String {
    format!("/static/enhance.{SCRIPT_FINGERPRINT}.js")
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
