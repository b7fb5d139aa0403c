//! `/metrics`: what Prometheus reads.

use std::collections::{BTreeMap, BTreeSet};

use app::model::State;
use server::metrics;

use crate::harness::{TestSite, few};

/// Name with labels, and value, of every sample; names and labels are as the format wants them.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let (lines, end) = text.split_once("# EOF\n").expect("OpenMetrics ends in # EOF");
    assert_eq!(end, "");
    let mut described = BTreeSet::new();
    let mut samples = BTreeMap::new();
    for line in lines.lines() {
        if let Some(about) = line.strip_prefix("# HELP ") {
            described.insert(about.split(' ').next().unwrap());
            continue;
        }
        if line.starts_with("# ") {
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let metric = name.split('{').next().unwrap();
        let is_described = ["", "_total", "_bucket", "_sum", "_count"]
            .iter()
            .any(|end| metric.strip_suffix(end).is_some_and(|metric| described.contains(metric)));
        assert!(is_described && metric.starts_with("mingjing_"), "{line}");
        let before = samples.insert(name.to_owned(), value.parse().unwrap());
        assert_eq!(before, None, "{name} is there twice");
    }
    samples
}

#[tokio::test]
async fn mirrors_backends_and_index_are_told_as_they_are() {
    let site = few().indexed().start().await;
    let samples = samples(&metrics::render(site.state()).unwrap());
    let is = |name: &str, value: f64| {
        let told = samples.get(&format!("mingjing_{name}"));
        assert_eq!(told, Some(&value), "{name}");
    };
    is("mirror_state{mirror=\"alpha\",state=\"success\"}", 1.0);
    is("mirror_state{mirror=\"alpha\",state=\"failed\"}", 0.0);
    is("mirror_state{mirror=\"beta\",state=\"failed\"}", 1.0);
    is("mirror_freshness{mirror=\"beta\",verdict=\"unknown\"}", 1.0);
    is("mirror_consistency{mirror=\"beta\",verdict=\"broken\"}", 0.0);
    is("mirror_last_success_age_seconds{mirror=\"beta\"}", 72.0 * 3600.0);
    is("mirror_last_attempt_age_seconds{mirror=\"beta\"}", 3600.0);
    is("mirror_size_bytes{mirror=\"beta\"}", 5_368_709_120.0);
    let backend = "{kind=\"tunasync\",url=\"http://backend.example/jobs\"}";
    is(&format!("backend_up{backend}"), 1.0);
    is(&format!("backend_entries{backend}"), 3.0);
    is(&format!("backend_dropped{backend}"), 0.0);
    is(&format!("backend_poll_duration_seconds{backend}"), 0.25);
    is(&format!("backend_last_poll_timestamp_seconds{backend}"), 1_795_240_800.0);
    is("index_open", 1.0);
    is("index_built_timestamp_seconds", 1_795_240_800.0);
    is("content_problems", 0.0);
    is(&format!("build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0);
    is("process_start_timestamp_seconds", 1_795_240_800.0);
    let states = samples.keys().filter(|name| name.starts_with("mingjing_mirror_state{")).count();
    assert_eq!(states, 4 * State::ALL.len());
    assert!(!samples.contains_key("mingjing_mirror_size_bytes{mirror=\"gamma\"}"), "not known");

    let demo = TestSite::builder().start().await;
    let text = metrics::render(demo.state()).unwrap();
    let age = "mingjing_mirror_content_age_seconds{mirror=\"debian\"} 10800";
    assert!(text.contains(age), "the InRelease on this disk");
}

#[tokio::test]
async fn requests_are_counted_by_template_and_never_by_address() {
    let site = few().start().await;
    for path in ["/", "/en/", "/docs/alpha", "/en/docs/beta", "/alpha/", "/alpha/README", "/x/y"] {
        site.get(path).await;
    }
    for wild in 0..100 {
        site.get(&format!("/docs/nothing-{wild}")).await.is(404);
        site.get(&format!("/badge/{wild}.svg")).await.is(404);
    }
    site.get("/").await.is(200);
    let text = metrics::render(site.state()).unwrap();
    let samples = samples(&text);
    let count = |route: &str, class: &str| {
        let labels = format!("{{route=\"{route}\",class=\"{class}\"}}");
        samples.get(&format!("mingjing_http_request_duration_seconds_count{labels}")).copied()
    };
    assert_eq!(count("/", "2xx"), Some(3.0), "both languages");
    assert_eq!(count("/docs/{id}", "2xx"), Some(2.0));
    assert_eq!(count("/docs/{id}", "4xx"), Some(100.0));
    assert_eq!(count("/badge/{*name}", "4xx"), Some(100.0));
    assert_eq!(count("/{*tree}", "2xx"), Some(2.0));
    assert_eq!(count("/{*tree}", "4xx"), Some(1.0));
    assert!(!text.contains("nothing-"), "labels are bounded");
    assert_eq!(samples.get("mingjing_page_cache_hits_total"), Some(&1.0));
    assert_eq!(samples.get("mingjing_page_cache_entries"), Some(&4.0));
}

#[tokio::test]
async fn visitors_do_not_find_metrics() {
    TestSite::shared().await.get("/metrics").await.is(404);
}
