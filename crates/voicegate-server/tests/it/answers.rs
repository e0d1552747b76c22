//! What answers say, picked out.

use serde_json::Value;

use crate::app::{AUDIT, App};

/// The codes of the reasons.
pub(crate) fn codes(answer: &Value) -> Vec<&str> {
    answer["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

/// The details of the audit record of an answer.
pub(crate) async fn recorded(app: &App, answer: &Value) -> Value {
    let number = answer["audit_record"].as_u64().unwrap();
    let page = app.get(&format!("{AUDIT}?after={}&limit=1", number - 1)).await.expect(200);
    page["records"][0]["details"].clone()
}

/// The token of the session that an answer opened.
pub(crate) fn token(answer: &Value) -> &str {
    answer["session"]["token"].as_str().unwrap_or_else(|| panic!("no session: {answer}"))
}

/// What moved the threshold.
pub(crate) fn adjustments(answer: &Value) -> Vec<&str> {
    let moved = answer["details"]["adjustments"].as_array().unwrap();
    moved.iter().map(|moved| moved["name"].as_str().unwrap()).collect()
}
