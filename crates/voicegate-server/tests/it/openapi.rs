//! The OpenAPI document: committed, complete, and consistent with itself.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use voicegate_core::access::Scope;
use voicegate_server::problem::Kind;

use crate::app::{App, root, variable};
use crate::contract::Contract;

/// Rewrites the committed document when set.
const UPDATE: &str = "VOICEGATE_UPDATE_OPENAPI";

#[tokio::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let app = App::start().await;
    let served = Contract::of(&app.router).await.document;
    let path = root().join("crates/voicegate-server/openapi.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&served).unwrap());
    if variable(UPDATE).is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "openapi.json is out of date: run the tests once with {UPDATE}=1");
}

/// P7.1
#[tokio::test]
async fn it_is_openapi_3_1_and_complete() {
    let app = App::start().await;
    let document = Contract::of(&app.router).await.document;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "voicegate");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{what}: the id is taken");
            for text in ["summary", "tags"] {
                assert!(!operation[text].is_null(), "{what}: no {text}");
            }
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')) || responses.contains_key("501"),
                "{what}"
            );
            let security = operation["security"].as_array().unwrap_or_else(|| panic!("{what}: no security"));
            if security.iter().any(|entry| entry.get("bearer").is_some()) {
                for status in ["401", "403", "413", "500", "503"] {
                    assert!(responses.contains_key(status), "{what}: no {status}");
                }
            }
            for (status, response) in responses.iter().filter(|(s, _)| s.starts_with(['4', '5'])) {
                let health = path.starts_with("/health");
                let problem = response["content"]["application/problem+json"]["schema"]["$ref"].as_str();
                assert!(health || problem == Some("#/components/schemas/Problem"), "{what}: {status}");
            }
            let declared = path.split('/').filter(|part| part.starts_with('{')).count();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            assert_eq!(parameters.iter().filter(|p| p["in"] == "path").count(), declared, "{what}");
            assert!(
                parameters.iter().all(|p| p["description"].is_string()),
                "{what}: a parameter without description"
            );
        }
    }
    assert!(document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer");
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let app = App::start().await;
    let document = Contract::of(&app.router).await.document;
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in &references {
        let pointer =
            reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leaves the document"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(references.contains(&format!("#/components/schemas/{name}")), "{name} is not used");
    }
}

#[tokio::test]
async fn examples_of_requests_fit_their_schemas() {
    let app = App::start().await;
    let document = Contract::of(&app.router).await.document;
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let Some(content) = operation["requestBody"]["content"].as_object() else { continue };
            for (media_type, media) in content {
                let one = media.get("example").into_iter();
                let named =
                    media["examples"].as_object().into_iter().flat_map(|m| m.values().map(|e| &e["value"]));
                for example in one.chain(named) {
                    let mut schema = media["schema"].clone();
                    schema["components"] = document["components"].clone();
                    let valid = jsonschema::draft202012::new(&schema).unwrap();
                    assert!(valid.is_valid(example), "{path} {media_type}: {example}");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked >= 4);
}

#[tokio::test]
async fn scopes_and_problem_types_are_documented() {
    let app = App::start().await;
    let document = Contract::of(&app.router).await.document;
    let scopes: Vec<&str> = Scope::ALL.into_iter().map(Scope::as_str).collect();
    let listed: Vec<&str> = match &document["components"]["schemas"]["Scope"] {
        scope if scope["enum"].is_array() => {
            scope["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
        }
        scope => scope["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["const"].as_str().or(one["enum"][0].as_str()))
            .collect(),
    };
    assert_eq!(listed, scopes);
    let manual = fs::read_to_string(root().join("docs/api.md")).unwrap();
    for kind in Kind::ALL {
        assert!(
            manual.contains(&format!("`{}`", kind.slug())),
            "docs/api.md does not explain {}",
            kind.slug()
        );
        let path = format!("/problems/{}", kind.slug());
        assert_eq!(app.get(&path).await.expect(200)["status"], kind.status().as_u16());
    }
    for scope in scopes {
        assert!(manual.contains(&format!("`{scope}`")), "docs/api.md does not explain {scope}");
    }
    app.get("/problems/none").await.expect_problem(404, "not-found");
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
            members.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
