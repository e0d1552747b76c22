//! Every answer against the OpenAPI document, and the rules that hold for all of them.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::app::Answer;

pub(crate) struct Contract {
    pub(crate) document: Value,
    /// The document with every schema of an object closed, so that undocumented members are found.
    strict: Value,
}

impl Contract {
    pub(crate) async fn of(router: &Router) -> Self {
        let request = Request::get("/api/openapi.json").body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let document: Value =
            serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
        let mut strict = document.clone();
        close(&mut strict["components"]["schemas"]);
        Self { document, strict }
    }

    #[track_caller]
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) {
        let what = format!("{method} {path} → {} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
        for name in ["x-request-id", "x-content-type-options", "content-security-policy", "cache-control"] {
            assert!(answer.headers.contains_key(name), "{name} is missing: {what}");
        }
        let content_type = answer.header(header::CONTENT_TYPE.as_str()).unwrap_or_default().to_owned();
        if answer.status.as_u16() >= 400 && !path.starts_with("/health") && !path.starts_with("/docs/") {
            assert_eq!(content_type, "application/problem+json", "{what}");
            let problem = &answer.body;
            assert_eq!(problem["status"], answer.status.as_u16(), "{what}");
            assert!(problem["type"].as_str().unwrap().starts_with("/problems/"), "{what}");
            assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.ends_with('.') || detail.chars().count() == 600, "{what}");
            let id = answer.header("x-request-id");
            if !answer.headers.contains_key("idempotent-replayed") {
                assert_eq!(problem["request_id"].as_str(), id, "{what}");
            }
            self.validate(&json!({"$ref": "#/components/schemas/Problem"}), problem, &what);
        }
        let Some(operation) = self.operation(method, path) else { return };
        let response = &operation["responses"][answer.status.as_str()];
        assert!(response.is_object(), "the document knows no such answer: {what}");
        let Some(content) = response["content"].as_object() else {
            assert!(answer.bytes.is_empty(), "the document knows no body: {what}");
            return;
        };
        let media_type = content_type.split(';').next().unwrap_or_default();
        let media =
            content.get(media_type).unwrap_or_else(|| panic!("the document knows no {media_type}: {what}"));
        if media_type.ends_with("json") {
            self.validate(&media["schema"], &answer.body, &what);
        }
    }

    /// The operation that `path` belongs to.
    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(t, p)| t.starts_with('{') || t == p)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let item = paths
            .iter()
            .filter(|(template, _)| fits(template))
            .min_by_key(|(t, _)| t.matches('{').count())?
            .1;
        item.get(method.as_str().to_lowercase())
    }

    #[track_caller]
    fn validate(&self, schema: &Value, instance: &Value, what: &str) {
        let mut schema = schema.clone();
        schema["components"] = self.strict["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(instance)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}: {what}");
    }
}

/// Closes every object schema that lists its properties.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
