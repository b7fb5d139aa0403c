//! What browsers are told beside the answer, for every kind of answer.

use server::router::addresses;

use crate::harness::{Answer, TestSite, few, file};

/// Address, `Cache-Control`, `Cross-Origin-Resource-Policy`, whether it is a page of ours.
const TABLE: [(&str, &str, &str, bool); 39] = [
    ("/", "public, max-age=30", "same-origin", true),
    ("/en/?q=debian", "public, max-age=30", "same-origin", true),
    ("/docs/", "public, max-age=30", "same-origin", true),
    ("/docs/debian", "public, max-age=30", "same-origin", true),
    ("/docs/debian.md", "public, max-age=30", "same-origin", false),
    ("/docs/debian/debian.sources", "public, max-age=30", "same-origin", false),
    ("/docs/debian/options.json", "public, max-age=30", "cross-origin", false),
    ("/search", "no-cache", "same-origin", true),
    ("/en/search/files?q=iso", "no-cache", "same-origin", true),
    ("/status", "public, max-age=30", "same-origin", true),
    ("/status/debian", "public, max-age=30", "same-origin", true),
    ("/status/feed.xml", "public, max-age=30", "same-origin", false),
    ("/status/debian/feed.xml", "public, max-age=30", "same-origin", false),
    ("/en/stats", "public, max-age=30", "same-origin", true),
    ("/api/v1/stats/days?format=csv", "public, max-age=30", "cross-origin", false),
    ("/network", "private, no-store", "same-origin", true),
    ("/network?format=json", "private, no-store", "same-origin", false),
    ("/network/speed?size=1M", "private, no-store", "same-origin", false),
    ("/api/is_campus_network", "private, no-store", "same-origin", false),
    ("/news/", "public, max-age=30", "same-origin", true),
    ("/about", "public, max-age=30", "same-origin", true),
    ("/faq", "public, max-age=30", "same-origin", true),
    ("/feed.xml", "public, max-age=30", "same-origin", false),
    ("/api/docs", "public, max-age=30", "same-origin", true),
    ("/sitemap.xml", "public, max-age=30", "same-origin", false),
    ("/opensearch.xml", "public, max-age=30", "same-origin", false),
    ("/llms.txt", "public, max-age=30", "same-origin", false),
    ("/robots.txt", "public, max-age=86400", "same-origin", false),
    ("/favicon.svg", "public, max-age=86400", "cross-origin", false),
    ("/favicon.ico", "public, max-age=86400", "cross-origin", false),
    ("/debian/", "no-cache", "same-origin", true),
    ("/debian/?format=json", "no-cache", "cross-origin", false),
    ("/debian/?format=text", "no-cache", "cross-origin", false),
    ("/debian/dists/trixie/InRelease", "no-cache", "cross-origin", false),
    ("/nothing", "no-cache", "same-origin", true),
    ("/Debian/", "public, max-age=3600", "", false),
    ("/docs/Debian", "public, max-age=3600", "", false),
    ("/en", "public, max-age=3600", "", false),
    ("/docs/debian?release=x", "no-cache", "same-origin", true),
];

fn is_told_to_all(answer: &Answer) {
    let path = &answer.path;
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(answer.header("referrer-policy"), "strict-origin-when-cross-origin", "{path}");
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
}

#[tokio::test]
async fn every_kind_of_answer_has_its_headers() {
    let site = TestSite::shared().await;
    for (path, policy, resource, is_page) in TABLE {
        let answer = site.visit(path).await;
        is_told_to_all(&answer);
        assert_eq!(answer.header("cache-control"), policy, "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), resource, "{path}");
        if is_page {
            assert!(answer.header("content-type").starts_with("text/html"), "{path}");
            let policy = answer.header("content-security-policy");
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self' 'sha256-"),
                "{policy}"
            );
            assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
            let permissions = answer.header("permissions-policy");
            assert!(permissions.contains("camera=()"), "{path}: {permissions}");
            assert!(permissions.contains("clipboard-write=(self)"), "what the copy button needs");
        }
    }
}

#[tokio::test]
async fn answers_to_programs_may_be_read_from_anywhere_and_shown_nowhere() {
    let site = TestSite::shared().await;
    for (template, _) in addresses() {
        let path = template.replace("{id}", "debian").replace("{*name}", "debian.svg");
        let path = path.replace("{series}", "disk");
        let answer = site.get(&path).await;
        is_told_to_all(&answer);
        assert!(!answer.header("cache-control").is_empty(), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin", "{path}");
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
    }
}

#[tokio::test]
async fn a_mirrored_document_looks_as_it_was_made_and_runs_nothing() {
    let tree = |root: &std::path::Path| {
        file(
            &root.join("alpha/page.html"),
            "<script src=\"x.js\"></script><b style=\"color: red\">",
        );
        file(&root.join("alpha/picture.svg"), "<svg/>");
        file(&root.join("alpha/x.js"), "1");
    };
    for config in ["", "[files]\naccel = \"/_accel\"\n"] {
        let site = few().config(config).tree(tree).start().await;
        for path in ["/alpha/page.html", "/alpha/picture.svg"] {
            let answer = site.get(path).await.is(200);
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("sandbox ") && policy.contains("frame-ancestors 'none'"));
            assert!(!policy.contains("allow-scripts") && !policy.contains("allow-same-origin"));
            // A browser refuses to show a sandboxed page that has this header, too.
            assert_eq!(answer.header("cross-origin-opener-policy"), "", "{path}");
        }
        let script = site.get("/alpha/x.js").await.is(200);
        assert_eq!(script.header("content-security-policy"), "");
    }
}

#[tokio::test]
async fn https_is_promised_only_where_there_is_https() {
    let secure = TestSite::shared().await;
    for (scheme, promised) in [("https", "max-age=31536000"), ("http", "")] {
        let answer = secure.get_with("/", &[("x-forwarded-proto", scheme)]).await;
        assert_eq!(answer.header("strict-transport-security"), promised, "{scheme}");
    }
    let plain = few().base_url("http://mirror.example").start().await.get("/").await.is(200);
    assert_eq!(plain.header("strict-transport-security"), "");
    assert_eq!(plain.header("cross-origin-opener-policy"), "", "a browser would complain of it");
}

#[tokio::test]
async fn results_states_and_folders_are_not_for_search_engines() {
    let site = TestSite::shared().await;
    for (path, is_indexed) in [
        ("/", true),
        ("/?q=debian", false),
        ("/?sort=size", false),
        ("/search", true),
        ("/search?q=debian", false),
        ("/docs/debian", true),
        ("/docs/debian?release=sid", false),
        ("/status", true),
        ("/network", false),
        ("/debian/", true),
        ("/debian/dists/", false),
        ("/debian/?q=dists", false),
        ("/nothing", false),
    ] {
        let page = site.visit(path).await.html();
        let asked = page
            .all("meta")
            .any(|m| (m.get("name"), m.get("content")) == (Some("robots"), Some("noindex")));
        assert_eq!(!asked, is_indexed, "{path}");
    }
}
