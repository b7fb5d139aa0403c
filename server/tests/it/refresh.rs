//! `POST /api/v1/refresh`: who may, and that the backends are asked.

use std::fs;

use axum::http::Method;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::{harness::TestSite, reload::until};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn site(server: &MockServer, token: &std::path::Path) -> TestSite {
    let config = format!("[server]\nrefresh_token_file = {:?}\n", token.display().to_string());
    let backend = format!(
        "[[backend]]\ntunasync = {{ url = \"{}/jobs\", interval = \"1h\" }}\n",
        server.uri()
    );
    let builder = TestSite::builder().content(&[]).tree(|_| ()).config(&config);
    builder.backends(&backend, |states| states[0].report.ok).start().await
}

async fn serve() -> MockServer {
    let server = MockServer::start().await;
    let body = r#"[{"name": "debian", "status": "success"}]"#;
    let answer = ResponseTemplate::new(200).set_body_string(body);
    Mock::given(path("/jobs")).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn whoever_has_the_token_has_the_backends_asked() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let server = serve().await;
    let site = site(&server, &token).await;
    let asked = async || server.received_requests().await.unwrap().len();
    assert_eq!(asked().await, 1);

    let post = async |authorization: Option<&str>| {
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", *value)).collect();
        site.ask(&Method::POST, "/api/v1/refresh", &headers).await
    };
    let document = site.get("/api/openapi.json").await.is(200).json();
    let described = document["paths"]["/api/v1/refresh"]["post"]["responses"].as_object().unwrap();
    assert_eq!(described.keys().collect::<Vec<_>>(), ["202", "401", "403"]);
    assert!(site.get("/api/docs").await.is(200).text().contains("/api/v1/refresh"));
    let missing = post(None).await.is(401);
    assert_eq!(missing.header("www-authenticate"), "Bearer");
    post(Some("Basic bWU6c2VjcmV0")).await.is(401);
    post(Some("Bearer")).await.is(401);
    for wrong in ["Bearer wrong", "Bearer ", &format!("Bearer {TOKEN}0")] {
        let answer = post(Some(wrong)).await.is(403);
        assert!(!answer.text().contains(TOKEN));
    }
    assert_eq!(asked().await, 1, "nobody was asked for those");

    // Hooks of many mirrors at once are one question.
    for _ in 0..20 {
        let answer = post(Some(&format!("bearer {TOKEN}"))).await.is(202);
        assert_eq!(answer.json()["backends"], 1);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    until(async || asked().await > 1).await;
    assert!(asked().await <= 3, "{}", asked().await);
    site.get("/api/v1/refresh").await.is(405);
}

#[tokio::test]
async fn without_a_token_there_is_no_such_address() {
    let site = TestSite::shared().await;
    let headers = [("authorization", "Bearer 0123456789abcdef")];
    let answer = site.ask(&Method::POST, "/api/v1/refresh", &headers).await;
    assert!([404, 405].contains(&answer.status.as_u16()), "{}", answer.status);
    site.get("/api/v1/refresh").await.is(404);
}
