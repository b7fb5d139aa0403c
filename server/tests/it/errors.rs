//! Errors: the right status, in the form that was asked for, with ways out.

use crate::harness::{TestSite, odd_tree};

#[tokio::test]
async fn error_pages_offer_ways_out_that_exist() {
    let site = TestSite::shared().await;
    for (path, status, way) in [
        ("/debian/dists/nothing/InRelease", 404, "/debian/dists/"),
        ("/en/debian/pool/x/y/z.deb", 404, "/en/debian/pool/"),
        ("/en/debian/nothing", 404, "/en/docs/debian"),
        ("/nothing/at/all", 404, "/search?q=all"),
        ("/docs/nothing", 404, "/docs/"),
        ("/docs/debian/nothing", 404, "/docs/debian"),
        ("/docs/debian?release=nothing", 400, "/docs/debian"),
        ("/en/debian/../x", 400, "/en/"),
        ("/news/nothing", 404, "/"),
        ("/?sort=nothing", 400, "/"),
        ("/static/nothing.css", 404, "/"),
        ("/%3Cscript%3E", 404, "/"),
        ("/docs/%ff", 400, "/docs/"),
        ("/docs/debian/%ff", 400, "/docs/debian"),
        ("/news/%ff", 400, "/"),
        ("/docs/debian/a/b/c", 404, "/docs/debian"),
    ] {
        let answer = site.visit(path).await.is(status);
        assert_eq!(answer.header("cache-control"), "no-cache");
        let page = answer.html();
        assert_eq!(page.all("h1").count(), 1, "{path}");
        assert!(page.all("meta").any(|m| m.get("content") == Some("noindex")), "{path}");
        assert!(page.runs_only_scripts_of_the_frame(), "{path}");
        let ways = page.links_in("ul", "ways-out");
        assert!(ways.iter().any(|link| link == way), "{path}: {way} in {ways:?}");
        for link in &ways {
            let answer = site.visit(link).await;
            assert_eq!(answer.status.as_u16(), 200, "{path} offers {link}");
        }
        assert!(ways.iter().all(|l| l.starts_with("/en/") == path.starts_with("/en/")), "{ways:?}");
    }
}

#[tokio::test]
async fn what_is_not_public_says_so_and_leads_up() {
    let site = TestSite::builder().tree(odd_tree).start().await;
    for path in [
        "/en/odd/secret.txt",
        "/en/odd/closed/",
        "/en/odd/closed/inside.txt",
        "/en/odd/leads-outside",
    ] {
        let page = site.visit(path).await.is(403).html();
        let ways = page.links_in("ul", "ways-out");
        assert!(ways.iter().any(|link| link == "/en/odd/"), "{path}: {ways:?}");
        assert!(page.main().visible().contains("not "), "{path}");
    }
}

#[tokio::test]
async fn programs_get_json_terminals_get_a_line() {
    let site = TestSite::shared().await;
    for path in ["/api/v1/nothing", "/api/", "/api"] {
        let answer = site.visit(path).await.is(404);
        if path.starts_with("/api/") {
            assert_eq!(answer.problem()["status"], 404, "JSON even for a browser");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
        }
    }
    let curl = [("accept", "*/*")];
    let answer = site.get_with("/en/debian/nothing", &curl).await.is(404);
    assert_eq!(answer.text(), "404: There is no “/debian/nothing” here.\n");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let answer = site.get_with("/debian/nothing", &[("accept", "application/json")]).await.is(404);
    assert_eq!(answer.problem()["detail"], "这里没有“/debian/nothing”。");
    assert!(answer.header("vary").split(", ").any(|v| v == "accept"), "{}", answer.header("vary"));
}

#[tokio::test]
async fn a_name_in_a_message_is_never_markup_or_a_template() {
    let site = TestSite::shared().await;
    let page = site.visit("/en/%3Cimg%20src=x%3E%7B1%7D").await.is(404).html();
    assert_eq!(page.all("img").count(), 0);
    assert!(page.main().visible().contains("There is no “/<img src=x>{1}” here."));
    let answer = site.get("/en/docs/debian?%7B1%7D=x").await.is(400);
    assert!(
        answer.text().starts_with("400: There is no option “{1}”. Valid options: release"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn a_missing_file_is_pointed_out_where_its_name_occurs() {
    let site = TestSite::shared().await;
    let page = site.visit("/en/debian/elsewhere/InRelease").await.is(404).html();
    assert!(page.main().texts("h2").contains(&"Files of this name elsewhere".to_owned()));
    let links = page.main().links();
    let links: Vec<_> = links.iter().filter(|link| link.ends_with("/InRelease")).collect();
    assert!(!links.is_empty() && links.len() <= 5, "{links:?}");
    for link in links {
        site.get(link).await.is(200);
    }
}

#[tokio::test]
async fn a_mirror_that_is_gone_says_why_and_names_its_successor() {
    let site = TestSite::shared().await;
    for path in ["/en/ius/7/x86_64/", "/en/docs/ius", "/en/docs/ius.md"] {
        let page = site.visit(path).await.is(410).html();
        assert!(page.visible().contains("The IUS project has ended"), "{path}");
        assert!(page.links().contains(&"/en/docs/epel".to_owned()), "{path}");
    }
    site.visit("/en/iusx/").await.is(404);
}

#[tokio::test]
async fn a_mirror_that_was_never_here_is_looked_for_at_the_federation() {
    let federation = "federation = { name = { zh = \"联盟\", en = \"the union\" }, url = \"https://union.example/{id}\" }\n";
    let site = TestSite::builder().config(federation).start().await;
    let links = site.visit("/en/openbsd/7.8/").await.is(404).html().links();
    assert!(links.contains(&"https://union.example/openbsd".to_owned()), "{links:?}");
    for path in ["/en/debian/nothing", "/wp-login.php", "/en/docs/openbsd", "/en/news/nothing"] {
        let links = site.visit(path).await.is(404).html().links();
        assert!(!links.iter().any(|link| link.contains("union.example")), "{path}");
    }
}
