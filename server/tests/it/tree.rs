//! The mirrored trees: listings, downloads, and what is refused.

use axum::http::Method;
use serde_json::Value;

use crate::harness::{ODD_NAMES, TestSite, chmod, few, file, folder, odd_tree};

async fn odd() -> TestSite {
    TestSite::builder().tree(odd_tree).start().await
}

/// Names in the first column, without the way up.
fn names(html: &crate::html::Html) -> Vec<String> {
    let text = html.source();
    let start = text.find("<tbody>").unwrap();
    let body = crate::html::Html::new(&text[start..text.find("</tbody>").unwrap()]);
    body.texts("th").into_iter().filter(|name| !name.starts_with("../")).collect()
}

#[tokio::test]
async fn a_listing_has_folders_first_and_natural_order() {
    let site = odd().await;
    let page = site.get("/odd/versions/").await.is(200).html();
    assert_eq!(names(&page), ["a folder/", "V1.iso", "v2.iso", "v10.iso"]);
    let first = ["a folder/"];
    for (query, rest) in [
        ("order=desc", ["v10.iso", "v2.iso", "V1.iso"]),
        ("sort=size", ["V1.iso", "v10.iso", "v2.iso"]),
        ("sort=size&order=desc", ["v2.iso", "v10.iso", "V1.iso"]),
        ("sort=name&order=asc", ["V1.iso", "v2.iso", "v10.iso"]),
    ] {
        let page = site.get(&format!("/odd/versions/?{query}")).await.is(200).html();
        assert_eq!(names(&page), [first.as_slice(), rest.as_slice()].concat(), "{query}");
    }
    let page = site.get("/en/odd/versions/?q=V1").await.is(200).html();
    assert_eq!(names(&page), ["V1.iso", "v10.iso"]);
    let page = site.get("/en/odd/versions/?q=nothing").await.is(200).html();
    assert!(page.visible().contains("This directory is empty."));
    let page = site.get("/en/odd/empty/").await.is(200).html();
    assert!(page.visible().contains("This directory is empty."));
}

#[tokio::test]
async fn a_listing_sorts_by_time() {
    let site = TestSite::builder()
        .tree(|root| {
            for (name, time) in [("b", 3), ("a", 1), ("c", 2)] {
                file(&root.join("t").join(name), name);
                let time =
                    std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + time);
                let opened = std::fs::File::options().write(true).open(root.join("t").join(name));
                opened.unwrap().set_modified(time).unwrap();
            }
        })
        .start()
        .await;
    let text = site.get("/t/?sort=time&order=desc&format=text").await.is(200);
    assert_eq!(text.text(), "b\nc\na\n");
    let json = site.get("/t/?sort=time&format=json").await.is(200).json();
    assert_eq!(json[0]["mtime"], "Tue, 14 Nov 2023 22:13:21 GMT");
}

#[tokio::test]
async fn an_invalid_order_is_refused_with_the_valid_ones() {
    let site = odd().await;
    for (query, valid) in [
        ("sort=age", "name, size, time"),
        ("order=up", "asc, desc"),
        ("format=xml", "html, json, text"),
        ("page=0", "1–100000"),
        ("page=all", "1–100000"),
    ] {
        let answer = site.get(&format!("/odd/?{query}")).await.is(400);
        assert!(answer.text().contains(valid), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_folder_of_many_entries_comes_as_a_stream_or_by_pages() {
    let site = TestSite::builder().tree(|root| {
        for number in 0..2500 {
            file(&root.join(format!("many/file{number}")), "");
        }
        for number in 0..600 {
            let secret = root.join(format!("many/secret{number}"));
            file(&secret, "");
            chmod(&secret, 0o600);
        }
    });
    let site = site.start().await;
    let expected: Vec<String> = (0..2500).map(|number| format!("file{number}")).collect();
    let whole = site.get("/many/?format=text").await.is(200);
    assert_eq!(whole.text().lines().collect::<Vec<_>>(), expected);
    assert_eq!(whole.header("x-accel-buffering"), "no", "it is streamed");
    let page = site.get("/en/many/").await.is(200).html();
    assert_eq!(page.links().iter().filter(|link| link.starts_with("./file")).count(), 2500);
    assert!(page.links().iter().any(|link| link == "?page=1"));
    let json = site.get("/many/?format=json").await.is(200).json();
    assert_eq!(json.as_array().unwrap().len(), 2500);

    let mut found = Vec::new();
    for page in 1..=4 {
        let answer = site.get(&format!("/many/?format=text&page={page}")).await.is(200);
        assert_eq!(answer.header("x-accel-buffering"), "");
        found.extend(answer.text().lines().map(str::to_owned));
    }
    assert_eq!(found, expected);
    let page = site.get("/en/many/?page=2&order=desc&sort=name").await.is(200).html();
    let links = page.main().links();
    assert!(page.main().visible().contains("Page 2 of 3, 2,500 entries in all."), "no secrets");
    assert!(links.iter().any(|link| link == "./file1499") && !links.iter().any(|l| l == "./file0"));
    for number in [1, 3] {
        let link = format!("?page={number}&sort=name&order=desc");
        assert!(links.contains(&link), "{link}: {links:?}");
    }
    let some = site.get("/en/many/?q=FILE+99&page=1").await.is(200).html();
    assert!(some.main().visible().contains("Page 1 of 1, "));
    let none = site.get("/en/many/?page=9").await.is(200).html();
    assert!(none.links().iter().any(|link| link == "?page=3"), "a way back");
}

#[tokio::test]
async fn a_listing_is_json_for_programs_and_text_for_terminals() {
    let site = odd().await;
    let json = site.get("/odd/versions/?format=json").await.is(200);
    assert_eq!(json.header("access-control-allow-origin"), "*");
    let json = json.json();
    // The shape of nginx's `autoindex_format json`.
    assert_eq!((&json[0]["name"], &json[0]["type"]), (&"a folder".into(), &"directory".into()));
    assert!(json[0].get("size").is_none());
    assert_eq!(
        (&json[1]["name"], &json[1]["type"], &json[1]["size"]),
        (&"V1.iso".into(), &"file".into(), &10.into())
    );
    assert!(json[1]["mtime"].as_str().unwrap().ends_with(" GMT"), "{json}");
    let by_header = site.get_with("/odd/versions/", &[("accept", "application/json")]).await;
    assert_eq!(by_header.json(), json);
    assert!(by_header.header("vary").contains("accept"), "{:?}", by_header.headers);
    let text = site.get_with("/odd/versions/", &[("accept", "text/plain")]).await.is(200);
    assert_eq!(text.text(), "a folder/\nV1.iso\nv2.iso\nv10.iso\n");
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    let empty = site.get("/odd/empty/?format=json").await.is(200).json();
    assert_eq!(empty, Value::Array(Vec::new()));
    let vary: Vec<_> = text.header("vary").split(", ").collect();
    assert!(vary.contains(&"accept"), "the form depends on Accept: {vary:?}");
}

#[tokio::test]
async fn odd_names_do_not_break_the_page_and_their_links_work() {
    let site = odd().await;
    let page = site.get("/odd/").await.is(200).html();
    assert!(page.runs_only_scripts_of_the_frame(), "no script of a name");
    let links: Vec<String> =
        page.links().into_iter().filter(|link| link.starts_with("./")).collect();
    let mut seen = 0;
    for link in &links {
        let path = link.strip_prefix("./").unwrap();
        if link.ends_with('/') {
            continue;
        }
        let answer = site.get(&format!("/odd/{path}")).await.is(200);
        if ODD_NAMES.contains(&answer.body.as_ref()) {
            seen += 1;
        }
    }
    assert_eq!(seen, ODD_NAMES.len(), "every file holds its own name: {links:?}");
    let json = site.get("/odd/?format=json").await.is(200).json();
    let names: Vec<_> =
        json.as_array().unwrap().iter().filter_map(|e| e["name"].as_str()).collect();
    assert!(names.contains(&"<script>alert(1)<") && names.contains(&"new\nline.txt"), "{names:?}");
    let text = site.get("/odd/?format=text").await.is(200);
    assert_eq!(text.text().lines().count(), json.as_array().unwrap().len(), "a name is one line");
}

#[tokio::test]
async fn only_what_the_world_may_read_is_listed_or_served() {
    let site = odd().await;
    let text = site.get("/odd/?format=text").await.is(200);
    let listed: Vec<_> = text.text().lines().collect();
    for hidden in ["secret.txt", "closed/", "closed", "leads-outside", "dangling", "loop"] {
        assert!(!listed.contains(&hidden), "{hidden} in {listed:?}");
    }
    assert!(listed.contains(&"leads-inside"), "{listed:?}");
    for (path, status) in [
        ("/odd/secret.txt", 403),
        ("/odd/closed/", 403),
        ("/odd/closed", 403),
        ("/odd/closed/inside.txt", 403),
        ("/odd/leads-outside", 403),
        ("/odd/dangling", 404),
        ("/odd/loop", 404),
        ("/odd/loop/x", 404),
        ("/odd/digits/", 404),
        ("/odd/digits/x", 404),
        ("/odd/leads-inside", 200),
    ] {
        let answer = site.get(path).await.is(status);
        assert!(!answer.text().contains("inside.txt\n") && answer.text() != "secret", "{path}");
    }
    assert!(site.get("/en/odd/leads-outside").await.text().contains("leads outside of the mirror"));
}

#[tokio::test]
async fn what_is_opened_or_closed_later_counts_at_once() {
    let site = odd().await;
    let closed = site.state().trees().root().join("odd/closed");
    chmod(&closed, 0o755);
    assert_eq!(site.get("/odd/closed/inside.txt").await.is(200).text(), "inside");
    chmod(&closed, 0o750);
    site.get("/odd/closed/inside.txt").await.is(403);
}

#[tokio::test]
async fn malformed_paths_are_bad_requests() {
    let site = odd().await;
    for path in [
        "/odd/../etc/passwd",
        "/odd/%2e%2e/etc/passwd",
        "/odd/%2E./",
        "/odd/./digits",
        "/..",
        "/%2e%2e/",
        "/odd/..%2fetc",
        "/odd/a%2Fb",
        "/odd/%00",
        "/odd/digits%00.txt",
        "/odd//digits",
        "/odd//",
        "//",
        "//odd/",
        "/en//",
        "/en//odd/",
        "/en/odd/%2e%2e/",
    ] {
        let answer = site.get(path).await.is(400);
        assert!(answer.text().starts_with("400: "), "{path}: {}", answer.text());
    }
    for path in [
        "/odd/%ff%fe",
        "/odd/%",
        "/odd/%zz",
        "/%F0%9F%98%80",
        &format!("/{}", "a".repeat(5000)),
        &"/a".repeat(3000),
    ] {
        site.get(path).await.is(404);
    }
    site.get("/odd/%ff%fe.bin").await.is(200);
}

#[tokio::test]
async fn a_folder_has_a_trailing_slash_and_keeps_its_query() {
    let site = odd().await;
    for (from, to) in [
        ("/odd", "/odd/"),
        ("/en/odd", "/en/odd/"),
        ("/odd/versions?sort=size&order=desc", "/odd/versions/?sort=size&order=desc"),
        ("/odd/versions/a%20folder", "/odd/versions/a%20folder/"),
    ] {
        let answer = site.get(from).await;
        assert!(answer.status.is_redirection(), "{from}: {}", answer.status);
        assert_eq!(answer.location(), to);
        site.get(to).await.is(200);
    }
}

#[tokio::test]
async fn another_spelling_of_a_mirror_leads_into_its_tree() {
    let site = few().start().await;
    for (from, to) in [
        ("/Alfa/README", "/alpha/README"),
        ("/ALPHA/pool/", "/alpha/pool/"),
        ("/en/gamma/", "/en/deep/gamma/"),
        ("/gamma/lastsync?x=1", "/deep/gamma/lastsync?x=1"),
    ] {
        let answer = site.get(from).await;
        assert!(answer.status.is_redirection(), "{from}: {}", answer.status);
        assert_eq!(answer.location(), to);
        site.get(to).await.is(200);
    }
}

#[tokio::test]
async fn ranges_are_served() {
    let site = odd().await;
    let whole = site.get("/odd/digits").await.is(200);
    assert_eq!((whole.text(), whole.header("accept-ranges")), ("0123456789", "bytes"));
    for (range, part, told) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
        ("bytes=0-0", "0", "bytes 0-0/10"),
    ] {
        let answer = site.get_with("/odd/digits", &[("range", range)]).await.is(206);
        assert_eq!((answer.text(), answer.header("content-range")), (part, told), "{range}");
        assert_eq!(answer.header("etag"), whole.header("etag"));
    }
    let answer = site.get_with("/odd/digits", &[("range", "bytes=10-")]).await.is(416);
    assert_eq!(answer.header("content-range"), "bytes */10");
}

#[tokio::test]
async fn conditions_are_honoured() {
    let site = odd().await;
    let first = site.get("/odd/digits").await.is(200);
    let (tag, date) = (first.header("etag"), first.header("last-modified"));
    assert!(tag.starts_with('"') && date.ends_with(" GMT"));
    let long_ago = "Mon, 01 Jan 2001 00:00:00 GMT";
    for (headers, status) in [
        (vec![("if-none-match", tag)], 304),
        (vec![("if-none-match", "\"other\", *")], 200),
        (vec![("if-none-match", "*")], 304),
        (vec![("if-none-match", "\"other\"")], 200),
        (vec![("if-modified-since", date)], 304),
        (vec![("if-modified-since", long_ago)], 200),
        // RFC 9110 §13.2.2: If-None-Match comes before If-Modified-Since.
        (vec![("if-none-match", "\"other\""), ("if-modified-since", date)], 200),
        (vec![("if-range", tag), ("range", "bytes=0-1")], 206),
        (vec![("if-range", date), ("range", "bytes=0-1")], 206),
        (vec![("if-range", "\"other\""), ("range", "bytes=0-1")], 200),
        (vec![("if-range", long_ago), ("range", "bytes=0-1")], 200),
        // A weak tag never matches here (RFC 9110 §13.1.5).
        (vec![("if-range", &format!("W/{tag}")), ("range", "bytes=0-1")], 200),
        (vec![("if-unmodified-since", long_ago)], 412),
    ] {
        let answer = site.get_with("/odd/digits", &headers).await;
        assert_eq!(answer.status.as_u16(), status, "{headers:?}");
        match status {
            304 => assert_eq!((answer.header("etag"), answer.body.len()), (tag, 0)),
            206 => assert_eq!(answer.text(), "01"),
            200 => assert_eq!(answer.text(), "0123456789"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let site = odd().await;
    for path in ["/odd/digits", "/odd/versions/", "/", "/docs/debian", "/api/v1/mirrors"] {
        let get = site.get(path).await.is(200);
        let head = site.ask(&Method::HEAD, path, &[]).await.is(200);
        assert_eq!(head.body.len(), 0, "{path}");
        for name in ["content-type", "etag", "cache-control", "last-modified"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
    }
}

#[tokio::test]
async fn only_get_and_head_are_accepted() {
    let site = odd().await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        for path in ["/odd/digits", "/odd/", "/", "/docs/debian", "/search", "/nothing"] {
            let answer = site.ask(&method, path, &[]).await.is(405);
            assert_eq!(answer.header("allow").replace(", ", ","), "GET,HEAD", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_readme_is_rendered_without_what_could_run() {
    let site = odd().await;
    let main = site.get("/odd/readme/").await.is(200).html().main();
    assert_eq!(main.all("script").count() + main.all("img").count(), 0);
    assert!(
        main.tags().iter().all(|tag| tag.attributes.iter().all(|(key, _)| !key.starts_with("on")))
    );
    assert!(main.links().iter().all(|link| !link.starts_with("javascript:")));
    assert!(main.links().iter().any(|link| link == "../digits"));
    assert!(main.texts("h3").contains(&"Title".to_owned()), "below the outline of the page");
}

#[tokio::test]
async fn media_types_follow_the_name() {
    let site = TestSite::shared().await;
    for (path, media) in [
        ("/debian/dists/trixie/InRelease", "text/plain; charset=utf-8"),
        ("/gnu/README.md", "text/plain; charset=utf-8"),
        ("/gnu/hello/hello-2.12.tar.gz", "application/octet-stream"),
        ("/pypi/web/simple/", "text/html; charset=utf-8"),
        ("/crates.io-index/config.json", "application/json"),
    ] {
        assert_eq!(site.get(path).await.is(200).header("content-type"), media, "{path}");
    }
}

#[tokio::test]
async fn a_huge_directory_is_streamed_whole_and_sorted() {
    const COUNT: usize = 5000;
    let site = TestSite::builder()
        .tree(|root| {
            folder(&root.join("huge"));
            for number in 0..COUNT {
                file(&root.join(format!("huge/f{number}.txt")), "");
            }
        })
        .start()
        .await;
    let wanted: Vec<String> = (0..COUNT).map(|number| format!("f{number}.txt")).collect();
    let page = site.get("/huge/").await.is(200);
    assert_eq!(page.header("content-length"), "", "it is streamed");
    assert_eq!(page.header("x-accel-buffering"), "no");
    assert_eq!(names(&page.html()), wanted);
    assert!(page.text().ends_with("</html>"));
    let text = site.get("/huge/?format=text&order=desc").await.is(200);
    assert!(text.text().lines().rev().eq(wanted.iter().map(String::as_str)));
    let json = site.get("/huge/?format=json").await.is(200).json();
    assert!(
        json.as_array()
            .unwrap()
            .iter()
            .map(|e| e["name"].as_str().unwrap())
            .eq(wanted.iter().map(String::as_str))
    );
    let some = site.get("/huge/?format=text&q=f4999").await.is(200);
    assert_eq!(some.text(), "f4999.txt\n");
    let head = site.ask(&Method::HEAD, "/huge/", &[]).await.is(200);
    assert_eq!(head.body.len(), 0);
}

#[tokio::test]
async fn behind_nginx_files_are_handed_over() {
    let accel = "[files]\naccel = \"/_accel\"\n";
    let site =
        TestSite::builder().config(accel).backends("", |_| true).tree(odd_tree).start().await;
    for (path, target) in [
        ("/odd/digits", "/_accel/odd/digits"),
        ("/en/odd/digits", "/_accel/odd/digits"),
        ("/odd/100%25%20%231%3f.txt", "/_accel/odd/100%25%20%231%3F.txt"),
        ("/odd/%ff%fe.bin", "/_accel/odd/%FF%FE.bin"),
        ("/odd/new%0aline.txt", "/_accel/odd/new%0Aline.txt"),
    ] {
        let answer = site.get(path).await.is(200);
        assert_eq!(answer.header("x-accel-redirect"), target);
        assert_eq!(answer.body.len(), 0);
    }
    for (path, status) in
        [("/odd/secret.txt", 403), ("/odd/leads-outside", 403), ("/odd/nothing", 404)]
    {
        assert_eq!(site.get(path).await.is(status).header("x-accel-redirect"), "");
    }
    site.get("/odd/").await.is(200).html();
}

#[tokio::test]
async fn a_registry_answers_with_its_index_file() {
    let mirror = "name = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲。\", en = \"A.\" }\ncategory = \"other\"\nindex = \"index.html\"\n";
    for (config, target) in
        [("", ""), ("[files]\naccel = \"/_accel\"\n", "/_accel/a/simple/index.html")]
    {
        let site = TestSite::builder()
            .config(config)
            .content(&[("mirrors/a/mirror.toml", mirror)])
            .tree(|root| {
                file(&root.join("a/simple/index.html"), "<!DOCTYPE html><a href=\"x/\">x</a>");
                file(&root.join("a/other/x"), "x");
            })
            .start()
            .await;
        let answer = site.get("/a/simple/").await.is(200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("x-accel-redirect"), target);
        assert_eq!(answer.text().contains("href=\"x/\""), target.is_empty());
        assert!(site.get("/a/other/").await.is(200).text().contains("./x"));
    }
}
