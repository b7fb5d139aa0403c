//! Pages as they were last looked at: `<main>` only, what differs from run to run replaced.

use crate::harness::{TestSite, few};

/// The main part of a page, one element a line.
async fn main_of(site: &TestSite, path: &str) -> String {
    let answer = site.visit(path).await;
    let main = answer.html().main().tidy();
    without_results(main.lines().map(redacted).collect::<Vec<_>>().join("\n"))
}

/// Which client accepted a snippet is renewed by every full run of `end2end/clients_test.py`.
fn without_results(mut page: String) -> String {
    while let Some(start) = page.find("\n<p class=\"checked\">") {
        let end = start + page[start..].find("</p>").unwrap() + "</p>".len();
        page.replace_range(start..end, "");
    }
    page
}

/// Times by machine are dates of this very run; the time a search took is nobody's promise.
fn redacted(line: &str) -> String {
    let mut out = line.to_owned();
    if let Some(at) = out.find(" files in ") {
        out.truncate(at);
        out.push_str(" files in [time] ms</p>");
    }
    for attribute in ["datetime=\"", "title=\"20"] {
        let mut from = 0;
        while let Some(at) = out[from..].find(attribute) {
            let start = from + at + attribute.find('"').unwrap() + 1;
            let end = start + out[start..].find('"').unwrap();
            out.replace_range(start..end, "[time]");
            from = start;
        }
    }
    out
}

#[tokio::test]
async fn list() {
    let site = few().start().await;
    insta::assert_snapshot!("list_zh", main_of(&site, "/").await);
    insta::assert_snapshot!("list_en", main_of(&site, "/en/?category=system").await);
}

#[tokio::test]
async fn guide() {
    let site = TestSite::shared().await;
    insta::assert_snapshot!("guide_debian_zh", main_of(site, "/docs/debian").await);
    let site = few().start().await;
    insta::assert_snapshot!("guide_short_en", main_of(&site, "/en/docs/gamma").await);
    insta::assert_snapshot!("guide_pending_zh", main_of(&site, "/docs/beta").await);
    insta::assert_snapshot!("guide_pending_en", main_of(&site, "/en/docs/beta").await);
}

#[tokio::test]
async fn status() {
    let site = few().start().await;
    insta::assert_snapshot!("status_zh", main_of(&site, "/status").await);
    insta::assert_snapshot!("status_en", main_of(&site, "/en/status").await);
}

#[tokio::test]
async fn listing() {
    let site = TestSite::shared().await;
    insta::assert_snapshot!("listing_zh", main_of(site, "/gnu/").await);
    insta::assert_snapshot!("listing_en", main_of(site, "/en/gnu/odd-names/?sort=size").await);
}

#[tokio::test]
async fn error() {
    let site = TestSite::shared().await;
    insta::assert_snapshot!("error_zh", main_of(site, "/debian/dists/nothing").await);
    insta::assert_snapshot!("error_en", main_of(site, "/en/debian/dists/nothing").await);
}

#[tokio::test]
async fn search() {
    let site = TestSite::shared().await;
    insta::assert_snapshot!("search_zh", main_of(site, "/search").await);
    insta::assert_snapshot!("search_en", main_of(site, "/en/search?q=gnu+hello").await);
}
