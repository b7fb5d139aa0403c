//! `/search`, `/search/files` and `/api/v1/files`.

use crate::harness::{TestSite, few, odd_tree};

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
    assert_eq!(first, "/en/debian/", "the mirror whose very name was typed comes first");
    assert!(main.links().iter().any(|l| l == "/en/docs/debian"));
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
    assert_eq!(keys, ["hits", "query", "took_us", "total", "total_is_exact"]);
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
        ("", "empty"),
        ("q=-a", "only excludes"),
        ("q=a+mirror:nowhere", "nowhere"),
        (&format!("q={}", "a".repeat(129)), "129 bytes"),
        ("q=a+b+c+d+e+f+g+h+i", "9 terms"),
    ] {
        let answer = site.get(&format!("/api/v1/files?{query}")).await.is(400);
        let error = answer.problem()["detail"].as_str().unwrap().to_owned();
        assert!(error.contains(reason), "{query}: {error}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let page = site.visit(&format!("/en/search?q={}", "a".repeat(129))).await.html();
    assert!(page.visible().contains("129 bytes"));
    site.visit("/search/files?q=a&limit=many").await.is(400);
    site.visit("/search?q=a&mirror=nowhere").await.is(404);
}

#[tokio::test]
async fn a_search_that_finds_nothing_says_so() {
    let site = TestSite::shared().await;
    let page = site.get("/en/search?q=%3Cscript%3Enothing").await.is(200).html();
    assert!(page.main().visible().contains("Nothing found for “<script>nothing”."));
    assert!(page.all("script").all(|script| script.get("src").is_some()));
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
