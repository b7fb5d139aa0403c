//! `/`: filters, orders, and what they refuse.

use crate::harness::{Answer, TestSite, few, few_entries, file};

/// Names of the rows.
fn rows(answer: &Answer) -> Vec<String> {
    let main = answer.html().main();
    let ids = main
        .all("a")
        .filter(|link| link.get("class") == Some("help"))
        .filter_map(|link| link.get("href"))
        .filter_map(|href| href.split_once("/docs/").map(|(_, id)| id.to_owned()));
    ids.collect()
}

#[tokio::test]
async fn every_mirror_is_listed_by_name() {
    let site = few().start().await;
    assert_eq!(rows(&site.get("/").await.is(200)), ["alpha", "beta", "delta/child", "gamma"]);
    assert_eq!(rows(&site.get("/en/").await.is(200)).len(), 4);
}

#[tokio::test]
async fn filters_narrow_the_list_and_stay_in_the_form() {
    let site = few().start().await;
    for (query, wanted) in [
        ("q=alfa", vec!["alpha"]),
        ("q=%E7%94%B2%E9%95%9C%E5%83%8F", vec!["alpha"]),
        ("q=SECOND+mirror", vec!["beta"]),
        ("q=yi", vec!["beta"]),
        ("category=system", vec!["alpha", "gamma"]),
        ("state=syncing", vec!["delta/child"]),
        ("category=system&state=unknown", vec!["gamma"]),
        ("q=&category=&state=", vec!["alpha", "beta", "delta/child", "gamma"]),
        ("sort=size", vec!["alpha", "beta", "delta/child", "gamma"]),
        ("sort=success", vec!["alpha", "delta/child", "beta", "gamma"]),
        ("utm_source=elsewhere", vec!["alpha", "beta", "delta/child", "gamma"]),
        ("q=nothing+like+this", vec![]),
    ] {
        assert_eq!(rows(&site.get(&format!("/?{query}")).await.is(200)), wanted, "{query}");
    }
    let page = site.get("/en/?q=%22%3E%3Cscript%3E&category=system").await.is(200).html();
    assert!(page.runs_only_scripts_of_the_frame());
    let box_ = page.all("input").find(|i| i.get("data-filter") == Some("#mirrors")).unwrap();
    assert_eq!(box_.get("value"), Some("\"><script>"));
    let chosen: Vec<_> = page
        .all("option")
        .filter(|o| o.get("selected").is_some())
        .map(|o| o.get("value"))
        .collect();
    assert_eq!(chosen, [Some("system"), Some(""), Some("name"), Some("compact")]);
    assert!(page.all("meta").any(|m| m.get("content") == Some("noindex")));
}

#[tokio::test]
async fn an_invalid_filter_is_refused_with_the_valid_values() {
    let site = few().start().await;
    for (query, valid) in [
        ("category=systems", "system, image, language, application, other"),
        ("state=ok", "success, syncing, pending, failed, paused, cached, proxied, unknown"),
        ("sort=age", "name, size, success, content"),
        ("sort=NAME", "name, size, success, content"),
    ] {
        let (key, value) = query.split_once('=').unwrap();
        let answer = site.get(&format!("/en/?{query}")).await.is(400);
        let message =
            format!("400: Parameter “{key}” cannot be “{value}”. Valid values: {valid}\n");
        assert_eq!(answer.text(), message);
        let page = site.visit(&format!("/?{query}")).await.is(400).html();
        assert!(page.main().visible().contains(valid));
    }
}

#[tokio::test]
async fn rows_tell_ages_states_and_where_to_go() {
    let site = few().start().await;
    let main = site.get("/en/").await.is(200).html().main();
    let text = main.visible();
    for word in ["2 h ago", "3 days ago", "30 h ago", "syncing", "failed", "not measured"] {
        assert_eq!(text.contains(word), word != "not measured", "{word}");
    }
    let links = main.links();
    for link in ["/en/alpha/", "/en/deep/gamma/", "/en/docs/beta", "/en/docs/gamma"] {
        assert!(links.iter().any(|l| l == link), "{link}: {links:?}");
    }
    assert!(!links.iter().any(|l| l == "/en/beta/"), "a mirror without a tree leads to its page");
}

#[tokio::test]
async fn a_recording_is_labelled_as_one_with_its_date() {
    let site = TestSite::shared().await;
    let page = site.get("/en/").await.is(200).html();
    assert!(page.visible().contains("recording of 2026-07-05 22:46"), "in the zone of the site");
}

#[tokio::test]
async fn a_site_of_another_name_takes_descriptions_from_the_embedded_content_and_no_more() {
    let mut entries = few_entries();
    entries[0].id = "debian".to_owned();
    let site = TestSite::builder().library().entries(entries).tree(|root| {
        file(&root.join("gnu/README"), "Read me.\n");
    });
    let site = site.start().await;
    let page = site.get("/en/").await.is(200);
    assert_eq!(rows(&page), ["beta", "debian", "delta/child", "gnu"]);
    let page = page.html();
    assert!(page.links().iter().all(|l| !l.ends_with("/about") && !l.ends_with("/news/")));
    for left in ["zju", "official"] {
        assert!(!page.source().to_lowercase().contains(left), "{left}");
    }
    let snippet = site.get("/docs/debian/debian.sources").await.is(200);
    assert!(snippet.text().contains("URIs: https://mirror.example/debian\n"));
    for gone in ["/about", "/en/faq", "/news/2026-11-21-mingjing", "/docs/fedora"] {
        site.get(gone).await.is(404);
    }
}
