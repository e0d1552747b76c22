//! Hostile bodies: never a failure of the server, always a well-formed answer.

use axum::http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::app::{App, CONFIG, ENROLL, Form, KEYS, VERIFY};
use crate::recordings::buzz;

/// Runs `cases` against one application. Every answer is also held against the OpenAPI document.
fn fuzz<T: std::fmt::Debug>(
    cases: u32,
    strategy: impl Strategy<Value = T>,
    mut send: impl AsyncFnMut(&App, T) -> u16,
) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(App::start());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let send = std::cell::RefCell::new(&mut send);
    runner
        .run(&strategy, |case| {
            let status = runtime.block_on(send.borrow_mut()(&app, case));
            prop_assert!(status < 500, "status {}", status);
            Ok(())
        })
        .unwrap();
}

fn json_tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("UklGRiQAAABXQVZFZm10IA==")),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let names = "(user_id|audio|samples|name|content_type|intent|mode|scopes|expires_at|enrolment|min_samples|.{0,6})";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..5).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

#[test]
fn any_json_gets_a_proper_answer() {
    let bodies = (json_tree(), prop::sample::select(vec![0, 1, 2, 3]));
    fuzz(192, bodies, async |app, (body, target)| {
        let call = match target {
            0 => app.call(Method::POST, ENROLL),
            1 => app.call(Method::POST, VERIFY),
            2 => app.call(Method::POST, KEYS),
            _ => app.call(Method::PATCH, CONFIG).header("if-match", "*"),
        };
        call.json(&body).send().await.status.as_u16()
    });
}

#[test]
fn nearly_right_json_gets_a_proper_answer() {
    let bodies = (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..4));
    let right = json!({"user_id": "alice", "intent": "replace", "samples": [{"audio": "UklGRiQAAABXQVZF", "name": "a"}]}).to_string();
    fuzz(192, bodies, async |app, (at, bytes)| {
        let mut body = right.clone().into_bytes();
        let at = at.index(body.len());
        body.splice(at..(at + bytes.len()).min(right.len()), bytes);
        app.call(Method::POST, ENROLL).body("application/json", body).send().await.status.as_u16()
    });
}

#[test]
fn nearly_right_forms_get_a_proper_answer() {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12);
    let right =
        Form::new().text("user_id", "alice").text("intent", "enroll").audio("audio", "a.wav", &buzz(0.05));
    fuzz(192, (edits, any::<prop::sample::Index>(), any::<bool>()), async |app, (edits, cut, cuts)| {
        let mut body = right.body();
        for (at, byte) in edits {
            // Most of the form is audio; its head and tail are what the parser sees.
            let at = at.index(500);
            let length = body.len();
            body[if at < 400 { at } else { length - 1 - (at - 400) }] = byte;
        }
        if cuts {
            body.truncate(cut.index(body.len()));
        }
        app.call(Method::POST, ENROLL).body(&right.content_type(), body).send().await.status.as_u16()
    });
}

#[test]
fn any_bytes_as_a_recording_get_an_answer() {
    let magic = prop::sample::select(vec![
        &b""[..],
        b"RIFF",
        b"OggS",
        b"fLaC",
        b"ID3\x04",
        b"\x1a\x45\xdf\xa3",
        b"\0\0\0\x18ftypisom",
    ]);
    fuzz(128, (magic, prop::collection::vec(any::<u8>(), 0..600)), async |app, (magic, bytes)| {
        let answer = app.enroll("alice", &[[magic, &bytes].concat()]).await;
        assert_eq!(answer.body["outcome"], "INCONCLUSIVE");
        answer.status.as_u16()
    });
}

#[test]
fn any_path_and_header_get_a_proper_answer() {
    let text = "[ -~]{0,24}";
    fuzz(192, (text, text, text), async |app, (path, value, key)| {
        let path: String = path
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "/%.-".contains(c) { c } else { '_' })
            .collect();
        let Ok(uri) = format!("/api/v1/voice/auth/profile/{path}").parse::<axum::http::Uri>() else {
            return 400;
        };
        let call = app.call(Method::PUT, &uri.to_string()).header("content-type", value.clone());
        let call = call
            .header("idempotency-key", key)
            .header("if-match", value.clone())
            .header("x-request-id", value);
        call.send().await.status.as_u16()
    });
}
