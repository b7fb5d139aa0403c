//! `/search`, `/search/files` and `/api/v1/files`.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use server::router::router;
use tower::ServiceExt as _;

use crate::harness::{TestSite, few, file, odd_tree};

#[tokio::test]
async fn mirrors_guides_and_files_are_found_together() {
    let site = TestSite::shared().await;
    let page = site.get("/en/search?q=debian+iso").await.is(200).html();
    let links = page.main().links();
    assert!(links.iter().any(|l| l.starts_with("/debian-cd/") && l.contains(".iso")), "{links:?}");
    let page = site.get("/en/search?q=Debian").await.is(200).html();
    let main = page.main();
    assert_eq!(main.texts("h2"), ["Mirrors", "Help", "Files"]);
    let first = main.links_in("section", "hits").remove(0);
    assert_eq!(first, "/en/docs/debian", "the mirror whose very name was typed comes first");
    assert!(main.links().iter().any(|l| l == "/en/debian/"));
}

#[tokio::test]
async fn a_word_that_nothing_has_is_left_out_and_named() {
    let site = TestSite::shared().await;
    let page = site.get("/en/search/files?q=hello+nonsensical+gnu").await.is(200).html();
    assert!(page.main().texts("p").iter().any(|p| p.contains("without “nonsensical”")));
    assert!(!page.main().links_in("ul", "files").is_empty());
    let json = site.get("/api/v1/files?q=hello+nonsensical+gnu").await.is(200).json();
    assert_eq!(json["without"], "nonsensical");
    let json = site.get("/api/v1/files?q=hello+gnu").await.is(200).json();
    assert_eq!(json["without"], serde_json::Value::Null);
}

#[tokio::test]
async fn files_alone_can_be_narrowed() {
    let site = TestSite::shared().await;
    let page = site.get("/en/search/files?q=hello&mirror=gnu&ext=tar.gz").await.is(200).html();
    let files = page.main().links_in("ul", "files");
    assert!(!files.is_empty() && files.iter().all(|l| l.contains("/gnu/hello")), "{files:?}");
    for file in files {
        site.get(&file).await.is(200);
    }
    let chosen = page.all("option").find(|o| o.get("selected").is_some()).unwrap();
    assert_eq!(chosen.get("value"), Some("gnu"));
    assert_eq!(page.texts("h2"), ["Files"]);
}

#[tokio::test]
async fn the_api_answers_as_designed() {
    let site = TestSite::shared().await;
    let answer = site.get("/api/v1/files?q=hello+gnu&limit=2").await.is(200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let json = answer.json();
    let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["hits", "query", "took_us", "total", "total_is_exact", "without"]);
    assert_eq!(json["query"], "hello gnu");
    let hits = json["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 2);
    assert!(json["total"].as_u64().unwrap() > 2);
    for hit in hits {
        let path = hit["path"].as_str().unwrap();
        assert!(path.starts_with("/gnu/"), "{hit}");
        assert_eq!(hit["mirror"], "gnu");
        assert!(hit["mtime"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{hit}");
        let length = site.get(path).await.is(200).body.len() as u64;
        match hit["size"].as_u64() {
            Some(told) => assert_eq!(told, length),
            None => assert!(path.ends_with('/'), "only folders have no size: {hit}"),
        }
    }
    let alias = site.get("/api/v1/files?q=hello&mirror=GNU").await.is(200).json();
    assert_eq!(alias["hits"][0]["mirror"], "gnu", "any spelling of a mirror is one");
}

#[tokio::test]
async fn a_bad_search_is_refused_in_words() {
    let site = TestSite::shared().await;
    for (query, reason) in [
        ("q=a&limit=0", "1–200"),
        ("q=a&limit=many", "1–200"),
        ("q=a&limit=-1", "1–200"),
        ("q=a&limit=201", "1–200"),
        ("", "nothing to look for"),
        ("q=-a", "only excludes"),
        ("q=a+mirror:nowhere", "nowhere"),
        (&format!("q={}", "a".repeat(129)), "129 characters"),
        ("q=a+b+c+d+e+f+g+h+i", "9 words"),
    ] {
        let path = format!("/api/v1/files?{query}");
        let answer = site.get_with(&path, &[("accept-language", "en")]).await.is(400);
        let error = answer.problem()["detail"].as_str().unwrap().to_owned();
        assert!(error.contains(reason), "{query}: {error}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let page = site.visit(&format!("/en/search?q={}", "a".repeat(129))).await.html();
    assert!(page.visible().contains("129 characters"));
    site.visit("/search/files?q=a&limit=many").await.is(400);
    site.visit("/search?q=a&mirror=nowhere").await.is(404);
}

#[tokio::test]
async fn a_search_that_finds_nothing_says_so() {
    let site = TestSite::shared().await;
    let page = site.get("/en/search?q=%3Cscript%3Ezzqxwv").await.is(200).html();
    assert!(page.main().visible().contains("Nothing found for “<script>zzqxwv”."));
    assert!(page.runs_only_scripts_of_the_frame());
    let empty = site.get("/search").await.is(200).html();
    assert!(empty.main().visible().contains("输入几个词"));
}

#[tokio::test]
async fn odd_names_are_found_and_their_links_work() {
    let site = TestSite::builder().tree(odd_tree).indexed().start().await;
    for (query, name) in [
        ("%F0%9F%98%80", "😀.bin"),
        ("100%25+%231", "100% #1?.txt"),
        ("quote", "quote\"'&amp;.txt"),
        ("alert", "<script>alert(1)<"),
        ("inner", "inner.txt"),
    ] {
        let page = site.get(&format!("/search/files?q={query}")).await.is(200).html();
        let files = page.main().links_in("ul", "files");
        let file = files.first().unwrap_or_else(|| panic!("{name} is not found"));
        let folder = files.get(1).unwrap();
        assert!(page.main().visible().contains(name), "{name}");
        site.get(file).await.is(200);
        site.get(folder).await.is(200);
    }
    for hidden in ["secret", "inside", "outside"] {
        let json = site.get(&format!("/api/v1/files?q={hidden}.txt")).await.is(200).json();
        assert_eq!(json["total"], 0, "{json}");
    }
}

#[tokio::test]
async fn without_an_index_the_rest_is_still_found() {
    let site = few().start().await;
    let page = site.get("/en/search?q=alpha").await.is(200).html();
    let text = page.main().visible();
    assert!(text.contains("The first mirror.") && text.contains("mingjing index build"), "{text}");
    let answer = site.get("/api/v1/files?q=alpha").await.is(503);
    assert!(answer.problem()["detail"].as_str().unwrap().contains("mingjing index build"));
}

/// The status and `Retry-After` of a search that came over a socket from this machine's proxy.
async fn search_as(site: &TestSite, visitor: &str) -> (StatusCode, Option<u64>) {
    let mut request = Request::get("/search?q=hello").header("x-forwarded-for", visitor);
    request = request.header("accept", "text/html");
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
    let response = router(site.state().clone()).oneshot(request).await.unwrap();
    let wait = response.headers().get("retry-after").map(|v| v.to_str().unwrap().parse().unwrap());
    (response.status(), wait)
}

#[tokio::test]
async fn a_visitor_who_searches_too_much_is_told_to_wait() {
    let site = TestSite::builder().config("[search]\nper_minute = 1\nburst = 2\n").start().await;
    for _ in 0..2 {
        assert_eq!(search_as(&site, "2001:db8::1").await, (StatusCode::OK, None));
    }
    // Another address of the same /64 is the same visitor.
    let (status, wait) = search_as(&site, "2001:db8::2").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=60).contains(&wait.unwrap()));
    assert_eq!(search_as(&site, "192.0.2.1").await.0, StatusCode::OK);
    assert_eq!(site.get("/").await.status, StatusCode::OK, "other pages are not limited");
}

#[tokio::test]
async fn chinese_words_find_mirrors_prose_and_files() {
    let site = TestSite::shared().await;
    let page = site.get("/search?q=%E4%B9%8C%E7%8F%AD%E5%9B%BE%E6%BA%90").await.is(200).html();
    let shown = page.main().visible();
    assert!(shown.contains("按“mirror:ubuntu") && shown.contains("Ubuntu"), "{shown}");
    let page = site.get("/search?q=%E8%AF%81%E4%B9%A6%E9%AA%8C%E8%AF%81").await.is(200).html();
    let links = page.main().links_in("section", "hits");
    assert!(links.iter().any(|href| href.starts_with("/docs/debian#")), "{links:?}");
    let hits = site.get("/api/v1/files?q=%E5%86%85%E6%A0%B8").await.is(200).json();
    assert!(hits["hits"].is_array());
}

#[tokio::test]
async fn a_search_below_a_folder_stays_there() {
    let site = TestSite::shared().await;
    let all = site.get("/api/v1/files?q=release").await.is(200).json();
    let below = site.get("/api/v1/files?q=release&folder=/debian/dists/").await.is(200).json();
    let paths: Vec<&str> =
        below["hits"].as_array().unwrap().iter().map(|h| h["path"].as_str().unwrap()).collect();
    assert!(!paths.is_empty() && below["total"].as_u64() < all["total"].as_u64());
    assert!(paths.iter().all(|path| path.trim_start_matches('/').starts_with("debian/dists/")));
    let page = site.get("/en/debian/dists/").await.is(200).html();
    let field = page.all("input").find(|input| input.get("name") == Some("folder")).unwrap();
    assert_eq!(field.get("value"), Some("/debian/dists/"));
}

#[tokio::test]
async fn signatures_stand_under_their_file_and_copies_are_one_result() {
    let site = TestSite::builder().tree(|root| {
        for path in ["alpha/x/tool-1.0.iso", "beta/pool/tool-1.0.iso", "gamma/tool-1.0.iso"] {
            file(&root.join(path), "the same");
        }
        for path in ["alpha/x/tool-1.0.iso.sig", "alpha/x/tool-1.0.iso.sha256", "beta/other.sig"] {
            file(&root.join(path), path);
        }
        file(&root.join("beta/tool-1.0.iso"), "another one");
    });
    let site = site.indexed().start().await;
    let page = site.get("/en/search/files?q=tool").await.is(200).html();
    let main = page.main();
    assert_eq!(main.all("mark").count(), 2, "two results: {}", main.visible());
    let links = main.links_in("ul", "files");
    for proof in ["/alpha/x/tool-1.0.iso.sig", "/alpha/x/tool-1.0.iso.sha256"] {
        assert_eq!(links.iter().filter(|link| *link == proof).count(), 1, "{links:?}");
    }
    assert!(main.visible().contains("The same file is also in"));
    for link in &links {
        site.get(link).await.is(200);
    }
    let raw = site.get("/api/v1/files?q=tool").await.is(200).json();
    assert_eq!(raw["hits"].as_array().unwrap().len(), 6, "programs get every file");
    let page = site.get("/en/search/files?q=sig").await.is(200).html();
    assert_eq!(
        page.main().links_in("ul", "files").len(),
        4,
        "without their files they are results"
    );
}
