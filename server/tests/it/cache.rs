//! What may be kept, by whom, in which coding.

use std::io::Read as _;

use crate::harness::{Answer, TestSite};

const CODINGS: [&str; 3] = ["br", "zstd", "gzip"];

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = answer.body.as_ref();
    match answer.header("content-encoding") {
        "br" => brotli::BrotliDecompress(&mut body, &mut out).unwrap(),
        "zstd" => out = zstd::decode_all(body).unwrap(),
        "gzip" => drop(flate2::read::GzDecoder::new(body).read_to_end(&mut out).unwrap()),
        other => panic!("{}: {other}", answer.path),
    }
    out
}

#[tokio::test]
async fn every_coding_decodes_to_the_same_bytes_and_answers_304() {
    let site = TestSite::shared().await;
    for path in [
        "/",
        "/en/docs/debian",
        "/status",
        "/api/v1/mirrors",
        "/sitemap.xml",
        "/debian/",
        "/docs/debian.md",
    ] {
        let plain = site.get(path).await.is(200);
        assert_eq!(plain.header("content-encoding"), "");
        for coding in CODINGS {
            let answer = site.get_with(path, &[("accept-encoding", coding)]).await.is(200);
            assert_eq!(answer.header("content-encoding"), coding, "{path}");
            assert!(answer.header("vary").split(", ").any(|v| v == "accept-encoding"), "{path}");
            assert_eq!(decoded(&answer), plain.body, "{path} in {coding}");
            assert!(answer.body.len() < plain.body.len(), "{path} in {coding}");
            let tag = answer.header("etag");
            assert_ne!(tag, plain.header("etag"), "a coding has a tag of its own");
            for asked in [tag, plain.header("etag"), &format!("\"x\", W/{tag}")] {
                let headers = [("accept-encoding", coding), ("if-none-match", asked)];
                let again = site.get_with(path, &headers).await.is(304);
                assert_eq!((again.body.len(), again.header("etag")), (0, tag), "{path}: {asked}");
                assert_eq!(again.header("cache-control"), answer.header("cache-control"));
            }
        }
        let refused = [("accept-encoding", "br;q=0, gzip;q=0, zstd;q=0")];
        assert_eq!(site.get_with(path, &refused).await.body, plain.body);
    }
}

#[tokio::test]
async fn each_kind_of_answer_has_its_policy() {
    let site = TestSite::shared().await;
    let home = site.get("/").await.html();
    let link = |wanted: &str| {
        home.links().into_iter().find(|l| l.ends_with(wanted)).unwrap_or_else(|| panic!("{wanted}"))
    };
    let (style, script) = (link(".css"), link(".js"));
    for (path, policy) in [
        ("/", "public, max-age=30"),
        ("/en/docs/debian?release=sid", "public, max-age=30"),
        ("/docs/debian/debian.sources", "public, max-age=30"),
        ("/docs/debian/options.json", "public, max-age=30"),
        ("/status", "public, max-age=30"),
        ("/feed.xml", "public, max-age=30"),
        ("/api/v1/mirrors", "public, max-age=30"),
        ("/api/mirrorz.json", "public, max-age=30"),
        (&style, "public, max-age=31536000, immutable"),
        (&script, "public, max-age=31536000, immutable"),
        ("/favicon.svg", "public, max-age=86400"),
        ("/robots.txt", "public, max-age=86400"),
        ("/search?q=debian", "no-cache"),
        ("/api/v1/files?q=debian", "no-cache"),
        ("/debian/", "no-cache"),
        ("/debian/dists/trixie/InRelease", "no-cache"),
    ] {
        assert_eq!(site.get(path).await.is(200).header("cache-control"), policy, "{path}");
    }
    for path in ["/nothing", "/docs/debian?release=x", "/api/nothing"] {
        assert_eq!(site.get(path).await.header("cache-control"), "no-cache", "{path}");
    }
}
