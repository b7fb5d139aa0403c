//! Atom, sitemap, robots, OpenSearch.

use crate::{harness::TestSite, html::Html};

#[tokio::test]
async fn the_atom_feed_links_to_news_that_exist() {
    let site = TestSite::shared().await;
    for (path, prefix) in [("/feed.xml", ""), ("/en/feed.xml", "/en")] {
        let answer = site.get(path).await.is(200);
        assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8");
        let feed = Html::new(answer.text());
        let entries = feed.all("entry").count();
        assert!(entries > 0);
        assert_eq!(feed.all("id").count(), entries + 1);
        let links: Vec<_> = feed
            .links()
            .iter()
            .map(|link| link.strip_prefix("https://mirror.example").expect("absolute").to_owned())
            .collect();
        assert!(links.iter().any(|l| l.starts_with(&format!("{prefix}/news/2026"))), "{links:?}");
        for link in links {
            site.get(&link).await.is(200);
        }
        for updated in feed.texts("updated") {
            assert!(updated.parse::<jiff::Timestamp>().is_ok(), "RFC 4287 wants a time: {updated}");
        }
    }
}

#[tokio::test]
async fn the_sitemap_names_every_page_in_both_languages() {
    let site = TestSite::shared().await;
    let answer = site.get("/sitemap.xml").await.is(200);
    assert_eq!(answer.header("content-type"), "application/xml");
    let paths = Html::new(answer.text()).texts("loc");
    let paths: Vec<_> =
        paths.iter().map(|loc| loc.strip_prefix("https://mirror.example").unwrap()).collect();
    for path in ["/", "/en/", "/docs/debian", "/en/docs/debian", "/about", "/en/faq", "/status"] {
        assert!(paths.contains(&path), "{path}");
    }
    let english = paths.iter().filter(|path| path.starts_with("/en/")).count();
    assert_eq!(english * 2, paths.len());
}

#[tokio::test]
async fn robots_may_read_pages_and_not_searches() {
    let site = TestSite::shared().await;
    let robots = site.get("/robots.txt").await.is(200);
    let text = robots.text();
    assert!(text.contains("Disallow: /search?\n") && text.contains("Disallow: /docs/*?\n"));
    assert!(text.ends_with("Sitemap: https://mirror.example/sitemap.xml\n"), "{text}");
}

#[tokio::test]
async fn a_language_model_is_led_to_markdown_and_json_that_exist() {
    let site = TestSite::shared().await;
    let answer = site.get("/llms.txt").await.is(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let text = answer.text();
    assert!(text.starts_with("# Example University Mirror (示例大学镜像站)\n\n> An example.\n"));
    let links: Vec<_> = text
        .split("https://mirror.example")
        .skip(1)
        .map(|rest| rest.split([')', '\n', ' ']).next().unwrap())
        .collect();
    assert!(links.contains(&"/en/docs/debian.md") && links.contains(&"/docs/debian/options.json"));
    for link in links {
        site.get(link).await.is(200);
    }
}

#[tokio::test]
async fn browsers_can_add_the_search() {
    let site = TestSite::shared().await;
    let answer = site.get("/opensearch.xml").await.is(200);
    assert_eq!(answer.header("content-type"), "application/opensearchdescription+xml");
    let description = Html::new(answer.text());
    let template = description.tags().iter().find_map(|tag| tag.get("template")).unwrap();
    let path = template.strip_prefix("https://mirror.example").unwrap();
    site.get(&path.replace("{searchTerms}", "debian")).await.is(200);
}
