//! `/api/openapi.json` and `/api/docs`: what they say is what is served, and the other way round.

use std::collections::BTreeSet;

use app::{
    Lang,
    model::{Category, Consistency, FaultKind, Freshness, State},
    page::stats::Series,
};
use jsonschema::Validator;
use serde_json::{Value, json};
use server::{
    files::PathError,
    guide::{RenderError, SelectionError},
    index::QueryError,
    router::addresses,
    web::AppError,
};

use crate::{
    api::every_state,
    harness::{Answer, TestSite, few},
    html::unescape,
};

async fn document(site: &TestSite) -> Value {
    site.get("/api/openapi.json").await.is(200).json()
}

/// What the document says of an answer, as strictly as it can be read: no field that it does not name.
fn validator(document: &Value, path: &str, answer: &Answer) -> Validator {
    let mut operation = document["paths"][path]["get"]["responses"][answer.status.as_str()].clone();
    if let Some(reference) = operation["$ref"].as_str() {
        operation = document.pointer(reference.trim_start_matches('#')).unwrap().clone();
    }
    let media = answer.header("content-type").split(';').next().unwrap();
    let schema = operation["content"][media]["schema"].clone();
    assert!(schema.is_object(), "{path} does not say {} {media}", answer.status);
    let mut whole = json!({ "allOf": [schema], "components": document["components"] });
    close(&mut whole);
    jsonschema::options().should_validate_formats(true).build(&whole).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.get("type") == Some(&json!("object"))
                && fields.get("properties").is_some_and(Value::is_object)
            {
                fields.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[track_caller]
fn holds(document: &Value, path: &str, answer: &Answer) {
    if answer.status.is_redirection() {
        let described = &document["paths"][path]["get"]["responses"][answer.status.as_str()];
        assert!(described.is_object() && !answer.location().is_empty(), "{}", answer.path);
        return;
    }
    let validator = validator(document, path, answer);
    let body = if answer.header("content-type").contains("json") {
        serde_json::from_slice(&answer.body).unwrap()
    } else {
        json!(answer.text())
    };
    let faults: Vec<_> = validator
        .iter_errors(&body)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}: {}", answer.path, faults.join("\n"));
}

#[tokio::test]
async fn real_answers_are_what_the_document_says_and_nothing_more() {
    let states = TestSite::builder().content(&[]).entries(every_state()).tree(|_| ());
    for site in [&few().start().await, &states.start().await, TestSite::shared().await] {
        let document = document(site).await;
        for (template, path) in [
            ("/api/v1/mirrors", "/api/v1/mirrors"),
            ("/api/v1/mirrors", "/api/v1/mirrors?state=success&freshness=fresh"),
            ("/api/v1/mirrors", "/api/v1/mirrors?state=nothing"),
            ("/api/v1/mirrors/{id}", "/api/v1/mirrors/nothing"),
            ("/api/v1/files", "/api/v1/files?q=debian&limit=200"),
            ("/api/v1/files", "/api/v1/files?q=-debian"),
            ("/api/v1/downloads", "/api/v1/downloads"),
            ("/api/v1/downloads", "/api/v1/downloads?q=arm64+iso"),
            ("/api/v1/downloads", "/api/v1/downloads?query=iso"),
            ("/api/mirrorz.json", "/api/mirrorz.json"),
            ("/mirrorz.json", "/mirrorz.json"),
            ("/static/tunasync.json", "/static/tunasync.json"),
            ("/badge/{id}.svg", "/badge/nothing.svg"),
            ("/api/openapi.json", "/api/openapi.json"),
            ("/feed.xml", "/feed.xml"),
            ("/status/feed.xml", "/status/feed.xml"),
            ("/api/v1/stats/{series}", "/api/v1/stats/disk"),
            ("/api/v1/stats/{series}", "/api/v1/stats/networks"),
            ("/api/v1/stats/{series}", "/api/v1/stats/mirrors?format=csv"),
            ("/api/v1/stats/{series}", "/api/v1/stats/nothing"),
            ("/network", "/network"),
            ("/network", "/network?format=json"),
            ("/network", "/network?format=yaml"),
            ("/api/is_campus_network", "/api/is_campus_network"),
            ("/healthz", "/healthz"),
            ("/readyz", "/readyz"),
        ] {
            holds(&document, template, &site.get(path).await);
        }
        let mirrors = site.get("/api/v1/mirrors").await.json();
        for mirror in mirrors["mirrors"].as_array().unwrap() {
            let id = mirror["id"].as_str().unwrap().replace('/', "%2F");
            let all = [
                ("/api/v1/mirrors/{id}", format!("/api/v1/mirrors/{id}")),
                ("/api/v1/mirrors/{id}/history", format!("/api/v1/mirrors/{id}/history")),
                ("/badge/{id}.svg", format!("/badge/{id}.svg")),
                ("/docs/{id}.md", format!("/docs/{id}.md")),
                ("/docs/{id}/options.json", format!("/docs/{id}/options.json")),
                ("/{mirror}/", format!("/{id}/?format=json")),
            ];
            for (template, path) in all {
                holds(&document, template, &site.get(&path).await);
            }
        }
    }
}

#[tokio::test]
async fn every_address_for_programs_is_described() {
    let document = document(TestSite::shared().await).await;
    let described: BTreeSet<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!described.contains("/api/v1/refresh"), "without a token there is no such address");
    for (address, _) in addresses() {
        let template = address.replace("{*name}", "{id}.svg");
        assert!(described.contains(template.as_str()), "{address}");
    }
}

#[tokio::test]
async fn closed_lists_are_those_of_the_program() {
    let document = document(TestSite::shared().await).await;
    let schemas = &document["components"]["schemas"];
    let same = |list: &Value, ids: Vec<&str>| assert_eq!(list["enum"], json!(ids));
    same(&schemas["State"], State::ALL.map(State::id).to_vec());
    same(&schemas["Freshness"], Freshness::ALL.map(Freshness::id).to_vec());
    same(&schemas["Category"], Category::ALL.map(Category::id).to_vec());
    same(&schemas["Fault"]["properties"]["kind"], FaultKind::ALL.map(FaultKind::id).to_vec());
    let verdicts =
        [Consistency::Sound, Consistency::HalfSynced, Consistency::Broken, Consistency::Unknown];
    same(&schemas["Consistency"], verdicts.map(Consistency::id).to_vec());
    let series = &document["paths"]["/api/v1/stats/{series}"]["get"]["parameters"][0];
    same(&series["schema"], Series::ALL.map(Series::id).to_vec());
    let badge = &document["paths"]["/badge/{id}.svg"]["get"]["parameters"][1];
    same(&badge["schema"], Lang::ALL.map(Lang::id).to_vec());
}

#[tokio::test]
async fn every_kind_of_problem_is_described_with_its_status() {
    let document = document(TestSite::shared().await).await;
    let text = String::new;
    let all = [
        AppError::NotFound(text()),
        AppError::BadPath(PathError::Dots),
        AppError::Private,
        AppError::Outside,
        AppError::UnknownMirror(text()),
        AppError::NoGuide(text()),
        AppError::Selection(SelectionError::UnknownOption { option: text(), valid: vec![] }),
        AppError::Selection(SelectionError::Template(text())),
        AppError::Snippet(RenderError::NoSuchSnippet { name: text(), valid: vec![] }),
        AppError::Snippet(RenderError::Template { message: text(), line: None, in_code: true }),
        AppError::BadParameter("limit", text(), text()),
        AppError::UnknownParameter(text(), &[]),
        AppError::RepeatedParameter(text()),
        AppError::Query(QueryError::Empty),
        AppError::NoIndex,
        AppError::TooMany(1),
        AppError::TooManyTests(1),
        AppError::Busy(1),
        AppError::Method,
        AppError::NoToken,
        AppError::WrongToken,
        AppError::Internal(anyhow::anyhow!("x")),
    ];
    let mut kinds = BTreeSet::new();
    for error in all {
        let described = &document["x-problems"][error.kind()];
        assert_eq!(described["status"], error.status().as_u16(), "{}", error.kind());
        kinds.insert(error.kind());
    }
    assert_eq!(document["x-problems"].as_object().unwrap().len(), kinds.len());
}

#[tokio::test]
async fn every_text_is_there_in_both_languages() {
    fn walk(value: &Value, at: &str, faults: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (english, chinese) in [("description", "x-zh"), ("summary", "x-summary-zh")] {
                    let has = |key| fields.get(key).is_some_and(Value::is_string);
                    if has(english) != has(chinese) {
                        faults.push(format!("{at}: {english}"));
                    }
                }
                fields.iter().for_each(|(key, inner)| walk(inner, &format!("{at}/{key}"), faults));
            }
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, at, faults)),
            _ => {}
        }
    }
    let mut document = document(TestSite::shared().await).await;
    document["components"]["headers"] = Value::Null;
    let mut faults = Vec::new();
    walk(&document, "", &mut faults);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn the_page_shows_every_operation_with_a_command_that_works() {
    for site in [TestSite::shared().await, &few().indexed().start().await] {
        let document = document(site).await;
        let page = site.get("/en/api/docs").await.is(200).html();
        for (path, operation) in document["paths"].as_object().unwrap() {
            let Some(id) = operation["get"]["operationId"].as_str() else { continue };
            assert!(page.ids().contains_key(id), "{id}");
            let line = unescape(&page.code(&format!("curl-{id}")));
            let asked = line.strip_prefix("curl -fsS 'https://mirror.example").unwrap();
            let answer = site.get(asked.strip_suffix('\'').unwrap()).await.is(200);
            assert!(!answer.body.is_empty(), "{path}");
        }
        for kind in document["x-problems"].as_object().unwrap().keys() {
            assert!(page.ids().contains_key(format!("problem-{kind}").as_str()), "{kind}");
        }
        let chinese = site.get("/api/docs").await.is(200).html();
        assert_eq!(chinese.texts("h1"), ["接口文档"]);
        assert_eq!(chinese.ids().len(), page.ids().len());
    }
}
