//! Headers that keep browsers from doing what the site never asks of them, after the Secure Headers
//! Project of OWASP. `nginx.rs` writes the same for what nginx answers itself.

use std::sync::LazyLock;

use app::shell::EARLY_SCRIPT;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use super::cache::CachePolicy;

/// `X-Content-Type-Options` of every answer.
pub const OPTIONS: &str = "nosniff";
/// `Referrer-Policy` of every answer.
pub const REFERRER: &str = "strict-origin-when-cross-origin";
/// `Strict-Transport-Security` of sites whose address is HTTPS. Neither subdomains, which may belong to
/// others, nor preloading: a way back must remain.
pub const TRANSPORT: &str = "max-age=31536000";

/// `Content-Security-Policy` of pages.
///
/// SECURITY: pages load nothing from elsewhere and run no inline script but the one of the frame.
static PAGE: LazyLock<HeaderValue> = LazyLock::new(|| {
    let early = BASE64_STANDARD.encode(Sha256::digest(EARLY_SCRIPT));
    let policy = format!(
        "default-src 'none'; script-src 'self' 'sha256-{early}'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// `Content-Security-Policy` of mirrored documents.
///
/// SECURITY: whoever publishes in a mirrored tree must not act in the name of the site. In the sandbox
/// they look as they were made, but run no script and have no origin.
pub const TREE: &str =
    "sandbox allow-downloads allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'none'";

/// `Permissions-Policy` of pages: the button that copies writes to the clipboard, nothing else is used.
pub const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(self), \
                               display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), \
                               hid=(), magnetometer=(), microphone=(), midi=(), payment=(), \
                               publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds what an answer lacks; `is_secure` says that it leaves by HTTPS.
pub fn put(status: StatusCode, out: &mut HeaderMap, is_secure: bool) {
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static(OPTIONS));
    out.insert(header::REFERRER_POLICY, HeaderValue::from_static(REFERRER));
    if is_secure {
        out.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TRANSPORT));
    }
    if is_active(out) && !out.contains_key(header::CONTENT_SECURITY_POLICY) {
        out.insert(header::CONTENT_SECURITY_POLICY, PAGE.clone());
        out.insert(PERMISSIONS_POLICY, HeaderValue::from_static(PERMISSIONS));
        if is_secure {
            // Browsers ignore it elsewhere, and complain of it in their console.
            out.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
        }
    }
    // A redirect is not judged by where it leads to: files may be loaded from any origin. Pictures are
    // shown beside links to the site.
    if !status.is_redirection() {
        let is_picture = media(out).is_some_and(|media| media.starts_with("image/"));
        let whose = if is_picture { "cross-origin" } else { "same-origin" };
        out.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static(whose));
    }
    if !out.contains_key("x-accel-redirect") {
        let is_elsewhere = status.is_redirection() && status != StatusCode::NOT_MODIFIED;
        let policy = if is_elsewhere { CachePolicy::Redirect } else { CachePolicy::NoCache };
        out.entry(header::CACHE_CONTROL).or_insert(policy.header());
    }
}

/// The headers of a mirrored file.
pub fn put_tree(out: &mut HeaderMap) {
    // Not together with Cross-Origin-Opener-Policy: browsers refuse a sandboxed page that has both.
    if is_active(out) {
        out.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(TREE));
    }
    out.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}

/// SECURITY: media types in which a browser runs scripts.
fn is_active(headers: &HeaderMap) -> bool {
    media(headers).is_some_and(|media| media.contains("html") || media.contains("xml"))
}

fn media(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}
