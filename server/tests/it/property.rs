//! Whatever is asked, nothing breaks.

use std::sync::Arc;

use proptest::{collection::vec, prelude::*, sample::select};
use tokio::runtime::{Builder, Runtime};

use crate::harness::{Answer, TestSite, few_entries, odd_tree};

/// One site and one thread that answers, for all cases of a test.
struct Fixture {
    runtime: Runtime,
    site: Arc<TestSite>,
}

impl Fixture {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let site = TestSite::builder()
            .backends("", |_| true)
            .entries(few_entries())
            .tree(odd_tree)
            .indexed();
        let site = Arc::new(runtime.block_on(site.start()));
        Self { runtime, site }
    }

    /// Asks, unless no client could send such an address.
    fn ask(&self, address: &str, accept: &str) -> Option<Answer> {
        address.parse::<axum::http::Uri>().ok().filter(|uri| uri.path().starts_with('/'))?;
        let headers = [("accept", accept), ("accept-encoding", "gzip")];
        Some(self.runtime.block_on(self.site.get_with(address, &headers)))
    }
}

fn accepts() -> impl Strategy<Value = &'static str> {
    select(vec!["text/html", "application/json", "*/*", "text/plain"])
}

/// Addresses that are nearly right.
fn near() -> impl Strategy<Value = String> {
    let segment = select(vec![
        "",
        "en",
        "docs",
        "debian",
        "Debian",
        "debian.md",
        "debian.sources",
        "options.json",
        "odd",
        "closed",
        "secret.txt",
        "leads-outside",
        "loop",
        "versions",
        "search",
        "files",
        "status",
        "news",
        "api",
        "v1",
        "mirrors",
        "static",
        "about",
        ".",
        "..",
        "%2e%2e",
        "%2F",
        "%00",
        "%ff",
        "%",
        "%zz",
        "delta",
        "child",
        "delta%2Fchild",
        "é",
        "明镜",
        "😀.bin",
        "a:b",
        "{id}",
        "*",
        "~",
        "\\",
        "\"",
        "'",
    ]);
    let pair = (
        select(vec![
            "q", "release", "format", "sort", "order", "state", "category", "limit", "mirror",
            "ext", "sudo", "",
        ]),
        select(vec![
            "",
            "sid",
            "list",
            "json",
            "html",
            "size",
            "desc",
            "on",
            "off",
            "debian",
            "a b",
            "%00",
            "%ff",
            "-",
            "\"",
            "{{x}}",
            "é",
            "0",
            "99999999999999999999",
            "mirror:debian",
            "-x",
            "..",
            "%0d%0a",
            "\u{202e}",
        ]),
    )
        .prop_map(|(key, value)| format!("{key}={}", value.replace(' ', "+")));
    (vec(segment, 0..6), any::<bool>(), vec(pair, 0..4)).prop_map(|(segments, slash, pairs)| {
        let slash = if slash { "/" } else { "" };
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        format!("/{}{slash}{query}", segments.join("/"))
    })
}

#[test]
fn no_address_breaks_the_site() {
    let fixture = Fixture::new();
    let addresses = prop_oneof![
        4 => near(),
        1 => "/[!-~]{0,40}",
        1 => "/(en/)?(docs|search|odd|api/v1)/[!-~]{0,20}(\\?[!-~]{0,20})?",
        1 => "/\\PC{0,20}",
    ];
    proptest!(ProptestConfig::with_cases(1500), |(address in addresses, accept in accepts())| {
        if let Some(answer) = fixture.ask(&address, accept) {
            let status = answer.status.as_u16();
            prop_assert!(status < 500, "{status} for {address}");
            if answer.status.is_redirection() && status != 304 {
                let to = answer.location();
                prop_assert!(to.starts_with('/') && !to.starts_with("//"), "{address} leads to {to}");
                prop_assert_ne!(to, address);
            }
        }
    });
}

#[test]
fn no_redirect_goes_in_circles() {
    let fixture = Fixture::new();
    proptest!(ProptestConfig::with_cases(300), |(address in near())| {
        let mut at = address.clone();
        for step in 0.. {
            prop_assert!(step < 4, "{} redirects on and on, to {}", address, at);
            let Some(answer) = fixture.ask(&at, "text/html") else { break };
            if !answer.status.is_redirection() {
                break;
            }
            answer.location().clone_into(&mut at);
        }
    });
}
