//! What a visitor is told of its own connection, and that nobody else is told it.

use serde_json::json;

use crate::harness::{Builder, TestSite, few};

const NETWORK: &str = r#"
[network]
campus = ["10.0.0.0/8", "2001:db8:1::/48"]
[[network.host]]
name = "mirror.example"
[[network.host]]
name = "mirror6.example"
family = "ipv6"
[[network.host]]
name = "inside.example"
campus = true
note = { zh = "校内直连。", en = "Direct on campus." }
[server]
trusted_proxies = ["127.0.0.0/8"]
"#;

fn site() -> Builder {
    few().config(NETWORK)
}

const HTML: [(&str, &str); 1] = [("accept", "text/html")];

#[tokio::test]
async fn a_visitor_is_told_its_address_its_place_and_the_name_that_suits() {
    let site = site().start().await;
    let answer = site.get_from("10.1.2.3", "/en/network", &HTML).await.is(200);
    let page = answer.html();
    let rows: Vec<_> = page.texts("dd").into_iter().zip(page.texts("dt")).collect();
    let row = |value: &str, label: &str| (value.to_owned(), label.to_owned());
    assert_eq!(
        rows,
        [
            row("10.1.2.3", "Your address"),
            row("IPv4", "Protocol"),
            row("you are in it", "Campus network")
        ]
    );
    let names = page.texts("tr").split_off(1);
    assert!(names[0].starts_with("mirror.example") && names[0].contains("works"), "{names:?}");
    assert!(names[1].contains("IPv6 only; you came by IPv4"), "{names:?}");
    assert!(names[2].contains("suits you") && names[2].ends_with("Direct on campus."), "{names:?}");
    let outside = site.get_from("2001:db8::9", "/network", &HTML).await.html();
    let names = outside.texts("tr").split_off(1);
    assert!(names[0].contains("适合你") && names[1].contains("可以使用"), "{names:?}");
    assert!(names[2].contains("仅限校内") && outside.texts("dd")[2] == "在校园网外", "{names:?}");
}

#[tokio::test]
async fn curl_gets_text_and_programs_get_json() {
    let site = site().start().await;
    let answer = site.get_from("10.1.2.3", "/en/network", &[("accept", "*/*")]).await.is(200);
    assert!(answer.header("content-type").starts_with("text/plain"));
    assert_eq!(
        answer.text(),
        "Your address: 10.1.2.3\nProtocol: IPv4\nCampus network: you are in it\n\n\
         Names of this site\n  mirror.example: IPv4 and IPv6, works\n  \
         mirror6.example: IPv6, IPv6 only; you came by IPv4\n  \
         inside.example: IPv4 and IPv6, suits you, Direct on campus.\n\n\
         Limits\n  Search: 300 a minute in the long run, 60 at once.\n  \
         Names marked “campus only” answer addresses of the campus network alone.\n  \
         Speed test: 6 a minute; 4 at once for everybody together.\n\n\
         In a terminal, in bytes a second\n  \
         curl -fo /dev/null -w '%{speed_download} B/s\\n' 'https://mirror.example/en/network/speed?size=10M'\n"
    );
    let json = site.get_from("2001:db8:1::5", "/network?format=json", &[]).await.is(200).json();
    assert_eq!(json["address"], "2001:db8:1::5");
    assert_eq!((&json["family"], &json["on_campus"]), (&json!("ipv6"), &json!(true)));
    let usable: Vec<_> = json["names"].as_array().unwrap().iter().map(|n| &n["usable"]).collect();
    assert_eq!(usable, [true, true, true]);
    assert_eq!(json["limits"]["image_connections"], json!(null), "there is no nginx in front");
    let asked = [("accept", "application/json")];
    assert_eq!(site.get_from("2001:db8:1::5", "/network", &asked).await.json(), json);
    let refused = site.get("/network?format=xml").await.is(400);
    assert!(refused.text().contains("html, json, text"), "{}", refused.text());
}

#[tokio::test]
async fn where_nothing_is_configured_nothing_is_claimed() {
    let site = few().start().await;
    let page = site.get_from("10.1.2.3", "/en/network", &HTML).await.html();
    assert_eq!(page.texts("dd"), ["10.1.2.3", "IPv4"]);
    assert!(!page.main().visible().to_lowercase().contains("campus"));
    assert_eq!(page.texts("tr").len(), 2);
    let behind = few().config("[files]\naccel = \"/_accel\"\n[network]\nimage_connections = 3\n");
    let page = behind.start().await.get_from("10.1.2.3", "/en/network", &HTML).await.html();
    assert!(page.main().visible().contains("3 connections at once"));
}

#[tokio::test]
async fn the_page_of_one_visitor_is_never_that_of_another() {
    let site = site().start().await;
    for (peer, forwarded, want) in [
        ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "198.51.100.1, 10.0.0.9", "10.0.0.9"),
        ("192.0.2.50", "10.0.0.9", "192.0.2.50"),
    ] {
        let headers = [("accept", "text/html"), ("x-forwarded-for", forwarded)];
        let answer = site.get_from(peer, "/network", &headers).await.is(200);
        assert_eq!(answer.html().texts("dd")[0], want);
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert_eq!(answer.header("x-robots-tag"), "noindex");
        assert!(answer.text().contains(r#"<meta name="robots" content="noindex">"#));
    }
    assert_eq!(site.state().snapshot().pages.len(), 0, "none of them is kept");
}

#[tokio::test]
async fn the_campus_is_a_digit_for_the_scripts_of_this_site_alone() {
    let site = site().start().await;
    for (peer, digit) in [("192.0.2.1", "0"), ("10.0.0.1", "1"), ("2001:db8:1::1", "2")] {
        let answer = site.get_from(peer, "/api/is_campus_network", &[]).await.is(200);
        assert_eq!(answer.text(), digit);
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let by_proxy = [("x-forwarded-for", "::ffff:10.0.0.1")];
    assert_eq!(site.get_from("127.0.0.1", "/api/is_campus_network", &by_proxy).await.text(), "1");
    let stranger = [("x-forwarded-for", "10.0.0.1")];
    assert_eq!(site.get_from("192.0.2.1", "/api/is_campus_network", &stranger).await.text(), "0");
}

#[tokio::test]
async fn the_speed_test_is_exactly_so_long_and_ends_at_its_limits() {
    let site = few().config("[network.speed]\nper_minute = 2\n").start().await;
    let answer = site.get_from("192.0.2.1", "/network/speed?size=1M", &[]).await.is(200);
    assert_eq!(answer.body.len(), 1_000_000);
    assert_eq!(answer.header("content-length"), "1000000");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    let codings = [("accept-encoding", "br, gzip")];
    let again = site.get_from("192.0.2.1", "/network/speed?size=1M", &codings).await.is(200);
    assert_eq!((again.body.len(), again.header("content-encoding")), (1_000_000, ""));
    let refused = site.get_from("192.0.2.1", "/en/network/speed?size=1M", &[]).await.is(429);
    assert!(refused.text().contains("Too many speed tests"), "{}", refused.text());
    assert!((1..=30).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    site.get_from("192.0.2.2", "/network/speed?size=1M", &[]).await.is(200);
    for query in ["size=2M", "size=1M&size=1M", "bytes=1"] {
        site.get_from("192.0.2.3", &format!("/network/speed?{query}"), &[]).await.is(400);
    }
    let without = few().config("[network.speed]\nat_once = 0\n").start().await;
    without.get("/network/speed").await.is(404);
    assert!(!without.visit("/network").await.text().contains("/network/speed"));
}

#[tokio::test]
async fn it_is_linked_and_kept_from_crawlers() {
    let site = TestSite::shared().await;
    assert!(site.visit("/en/").await.html().links().contains(&"/en/network".to_owned()));
    assert!(site.get("/robots.txt").await.text().contains("Disallow: /network\n"));
    assert!(!site.get("/sitemap.xml").await.text().contains("/network"));
    let page = site.visit("/network").await.html();
    let script = page.links().into_iter().find(|l| l.starts_with("/static/speed."));
    let script = site.get(&script.unwrap()).await.is(200);
    assert!(script.header("cache-control").contains("immutable"));
}
