//! Wrong requests: refused with the right kind, and the field where one is to blame.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::{App, CONFIG, ENROLL, Form, VERIFY};
use crate::recordings::buzz;

const UPDATE: &str = "/api/v1/voice/auth/profile/alice/update";

/// P7.1
#[tokio::test]
async fn wrong_json_is_refused_with_the_field() {
    let app = App::start().await;
    let audio = "UklGRg==";
    let too_many: Vec<Value> = (0..21).map(|_| json!({"audio": audio})).collect();
    for (method, path, body, field) in [
        (Method::POST, ENROLL, json!({"audio": audio}), None),
        (Method::POST, ENROLL, json!({"user_id": "a b", "audio": audio}), Some("user_id")),
        (Method::POST, ENROLL, json!({"user_id": "", "audio": audio}), Some("user_id")),
        (Method::POST, ENROLL, json!({"user_id": "x".repeat(129), "audio": audio}), Some("user_id")),
        (Method::POST, ENROLL, json!({"user_id": 7, "audio": audio}), Some("user_id")),
        (Method::POST, ENROLL, json!({"user_id": "a"}), Some("audio")),
        (Method::POST, ENROLL, json!({"user_id": "a", "samples": []}), Some("audio")),
        (Method::POST, ENROLL, json!({"user_id": "a", "samples": too_many}), Some("audio")),
        (Method::POST, ENROLL, json!({"user_id": "a", "audio": "not base64!"}), Some("audio")),
        (Method::POST, ENROLL, json!({"user_id": "a", "audio": "data:audio/wav,AAAA"}), Some("audio")),
        (Method::POST, ENROLL, json!({"user_id": "a", "audio": 1}), Some("audio")),
        (Method::POST, ENROLL, json!({"user_id": "a", "audio": audio, "name": []}), Some("name")),
        (Method::POST, ENROLL, json!({"user_id": "a", "audio": audio, "samples": []}), Some("samples")),
        (
            Method::POST,
            ENROLL,
            json!({"user_id": "a", "samples": [{"audio": audio}, {"audio": "?"}]}),
            Some("samples[1].audio"),
        ),
        (
            Method::POST,
            ENROLL,
            json!({"user_id": "a", "samples": [{"audio": audio, "volume": 3}]}),
            Some("samples[0].volume"),
        ),
        (Method::POST, ENROLL, json!({"user_id": "a", "samples": [{}]}), Some("samples[0]")),
        (Method::POST, ENROLL, json!({"user_id": "a", "samples": {}}), Some("samples")),
        (Method::POST, ENROLL, json!({"user_id": "a", "samples": [[audio, null, null]]}), Some("samples[0]")),
        (Method::POST, ENROLL, json!({"user_id": "a", "audio": audio, "intent": "delete"}), Some("intent")),
        (Method::POST, ENROLL, json!({"user_id": "a", "audio": audio, "mode": "add"}), Some("mode")),
        (Method::POST, ENROLL, json!([]), None),
        (Method::POST, ENROLL, json!("alice"), None),
        (Method::POST, ENROLL, Value::Null, None),
        (Method::POST, VERIFY, json!({"user_id": "a", "audio": audio, "intent": "enroll"}), Some("intent")),
        (
            Method::POST,
            VERIFY,
            json!({"user_id": "a", "samples": [{"audio": audio}, {"audio": audio}]}),
            Some("audio"),
        ),
        (Method::PUT, UPDATE, json!({"audio": audio, "mode": "enroll"}), Some("mode")),
        (Method::PUT, UPDATE, json!({"audio": audio, "user_id": "bob"}), Some("user_id")),
        (Method::PUT, "/api/v1/voice/auth/profile/a%20b/update", json!({"audio": audio}), Some("user_id")),
        (Method::PUT, "/api/v1/voice/auth/profile/%ff/update", json!({"audio": audio}), None),
    ] {
        let problem = app.call(method, path).json(&body).send().await.expect_problem(400, "invalid-request");
        assert_eq!(problem.get("field").and_then(Value::as_str), field, "{body}: {problem}");
    }
    for text in ["", "{", "{\"user_id\": \"a\",}", "\u{feff}{}", "\0", &"[".repeat(100_000)] {
        let answer = app.call(Method::POST, ENROLL).body("application/json", text.to_owned()).send().await;
        answer.expect_problem(400, "invalid-request");
    }
    assert_eq!(app.audited("enroll").await, 0, "nothing was looked at");
}

/// P7.1
#[tokio::test]
async fn wrong_forms_are_refused_with_the_field() {
    let app = App::start().await;
    let wav = buzz(0.1);
    let alice = || Form::new().text("user_id", "alice");
    let many = (0..21).fold(alice(), |form, _| form.audio("audio", "a.wav", b"x"));
    let crowd = (0..20).fold(Form::new(), |form, i| form.text(&format!("f{i}"), ""));
    for (form, field) in [
        (Form::new().audio("audio", "a.wav", &wav), None),
        (alice(), Some("audio")),
        (Form::new(), None),
        (alice().audio("recording", "a.wav", &wav), Some("recording")),
        (alice().text("user_id", "bob").audio("audio", "a.wav", &wav), Some("user_id")),
        (alice().text("colour", "red").audio("audio", "a.wav", &wav), Some("colour")),
        (alice().text("intent", "maybe").audio("audio", "a.wav", &wav), Some("intent")),
        (
            alice().part("form-data; name=\"intent\"", None, b"\xff\xfe").audio("audio", "a.wav", &wav),
            Some("intent"),
        ),
        (alice().text("intent", &"x".repeat(5000)), Some("intent")),
        (Form::new().text("user_id", "../etc").audio("audio", "a.wav", &wav), Some("user_id")),
        (many, Some("audio")),
        (crowd, None),
    ] {
        let call = app.call(Method::POST, ENROLL).body(&form.content_type(), form.body());
        let problem = call.send().await.expect_problem(400, "invalid-request");
        assert_eq!(problem.get("field").and_then(Value::as_str), field, "{problem}");
    }
    let form = alice().audio("audio", "a.wav", &wav);
    let mut cut = form.body();
    cut.truncate(cut.len() - 20);
    for (content_type, body) in [
        (form.content_type(), cut),
        (form.content_type(), Vec::new()),
        (form.content_type(), b"hello".to_vec()),
        ("multipart/form-data".to_owned(), form.body()),
        ("multipart/form-data; boundary=other".to_owned(), form.body()),
        ("multipart/form-data; boundary=".to_owned(), form.body()),
    ] {
        app.call(Method::POST, ENROLL)
            .body(&content_type, body)
            .send()
            .await
            .expect_problem(400, "invalid-request");
    }
    assert_eq!(app.audited("enroll").await, 0, "nothing was looked at");
}

#[tokio::test]
async fn other_content_types_are_refused() {
    let app = App::start().await;
    for content_type in [
        "audio/wav",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/mixed; boundary=x",
        "json",
    ] {
        for (method, path) in [(Method::POST, ENROLL), (Method::POST, VERIFY), (Method::PUT, UPDATE)] {
            let answer = app.call(method, path).body(content_type, "{}").send().await;
            answer.expect_problem(415, "unsupported-media-type");
        }
        let put = app.call(Method::PUT, CONFIG).header("if-match", "*").body(content_type, "{}");
        put.send().await.expect_problem(415, "unsupported-media-type");
    }
    app.call(Method::POST, ENROLL).send().await.expect_problem(415, "unsupported-media-type");
    let put =
        app.call(Method::PUT, CONFIG).header("if-match", "*").body("Application/JSON; charset=utf-8", "{}");
    put.send().await.expect(200);
}

#[tokio::test]
async fn forms_and_json_say_the_same() {
    let app = App::start().await;
    let wav = buzz(1.0);
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &wav);
    let mut answers = Vec::new();
    for body in [
        json!({"user_id": "alice", "audio": base64, "name": "a.wav"}),
        json!({"user_id": "alice", "audio": base64.trim_end_matches('='), "name": "a.wav", "content_type": "audio/wav"}),
        json!({"user_id": "alice", "audio": format!("data:audio/wav;base64,{base64}"), "name": "a.wav"}),
        json!({"user_id": "alice", "intent": "enroll", "samples": [{"audio": base64, "name": "a.wav"}]}),
    ] {
        answers.push(app.call(Method::POST, ENROLL).json(&body).send().await.expect(200));
    }
    for field in ["audio", "file", "samples"] {
        let form = Form::new().audio(field, "a.wav", &wav).text("user_id", "alice");
        answers.push(
            app.call(Method::POST, ENROLL).body(&form.content_type(), form.body()).send().await.expect(200),
        );
    }
    for answer in &answers {
        assert_eq!(answer["samples"], answers[0]["samples"]);
    }
    assert_eq!(answers[0]["samples"][0]["name"], "a.wav");
    assert!(answers[0]["quality"][0]["duration_s"].as_f64().is_some_and(|s| (s - 1.0).abs() < 0.01));
}

#[tokio::test]
async fn what_is_no_recording_is_named_and_not_an_error() {
    let app = App::start().await;
    for bytes in [&b""[..], b"hello", &[0; 5000], b"RIFF\xff\xff\xff\xffWAVEfmt "] {
        let answer = app.enroll("alice", &[bytes.to_vec()]).await.expect(200);
        assert_eq!(answer["outcome"], "INCONCLUSIVE");
        assert_eq!(answer["status"], Value::Null);
        assert_eq!(answer["samples"][0]["accepted"], false);
        assert!(!answer["samples"][0]["reasons"].as_array().unwrap().is_empty());
    }
    app.verify("alice", b"hello").await.expect_problem(404, "not-enrolled");
    app.profile("alice").await.expect_problem(404, "not-enrolled");
    app.revoke("alice").await.expect_problem(404, "not-enrolled");
    app.update("alice", "add", &[b"x".to_vec()]).await.expect_problem(404, "not-enrolled");
}

#[tokio::test]
async fn wrong_parameters_are_refused() {
    let app = App::start().await;
    for path in [
        "/api/v1/voice/audit?limit=0",
        "/api/v1/voice/audit?limit=1001",
        "/api/v1/voice/audit?limit=many",
        "/api/v1/voice/audit?after=-1",
        "/api/v1/voice/audit?after=18446744073709551615",
        "/api/v1/voice/audit?page=2",
        "/api/v1/voice/auth/profile/a%20b/biometric",
        "/api/v1/voice/auth/profile/..%2f/biometric",
    ] {
        app.get(path).await.expect_problem(400, "invalid-request");
    }
    for query in [format!("reason={}", "x".repeat(201)), "reason=a%00b".into(), "because=x".into()] {
        let path = format!("/api/v1/voice/auth/profile/alice/revoke?{query}");
        app.call(Method::DELETE, &path).send().await.expect_problem(400, "invalid-request");
    }
}
