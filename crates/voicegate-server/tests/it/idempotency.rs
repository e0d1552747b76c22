//! Writes that are safe to repeat.

use std::future::poll_fn;
use std::task::Poll;

use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sqlx::Row;
use voicegate_core::access::Scope;

use crate::app::{Answer, App, CONFIG, ENROLL, Form, VERIFY, retry_after};
use crate::configuration::futures_join;
use crate::recordings::buzz;

fn body() -> Value {
    json!({"user_id": "alice", "audio": BASE64_STANDARD.encode(buzz(1.0))})
}

async fn enroll(app: &App, key: &str, body: &Value) -> Answer {
    app.call(Method::POST, ENROLL).header("idempotency-key", key.to_owned()).json(body).send().await
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_and_does_nothing() {
    let app = App::start().await;
    let first = enroll(&app, "k1", &body()).await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let again = enroll(&app, "k1", &body()).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(app.audited("enroll").await, 1);
    enroll(&app, "k2", &body()).await.expect(200);
    assert_eq!(app.audited("enroll").await, 2);
}

#[tokio::test]
async fn a_form_sent_again_is_the_same_request_whatever_its_boundary() {
    let app = App::start().await;
    let form = Form::new().text("user_id", "alice").audio("audio", "a.wav", &buzz(1.0));
    for (boundary, replayed) in [("----first", None), ("----second", Some("true"))] {
        let form = form.clone().with_boundary(boundary);
        let call = app.call(Method::POST, ENROLL).header("idempotency-key", "k");
        let answer = call.body(&form.content_type(), form.body()).send().await;
        assert_eq!(answer.header("idempotent-replayed"), replayed);
        answer.expect(200);
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let app = App::start().await;
    enroll(&app, "k", &body()).await.expect(200);
    let mut other = body();
    other["user_id"] = "bob".into();
    enroll(&app, "k", &other).await.expect_problem(422, "idempotency-mismatch");
    let elsewhere =
        app.call(Method::PUT, CONFIG).header("idempotency-key", "k").header("if-match", "*").json(&body());
    elsewhere.send().await.expect_problem(422, "idempotency-mismatch");
    // Another client has a key space of its own.
    let key = app.key(&[Scope::Enroll]).await;
    let call = app.anonymous(Method::POST, ENROLL).key(&key).header("idempotency-key", "k").json(&other);
    assert_eq!(call.send().await.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn refusals_are_remembered_too() {
    let app = App::start().await;
    let wrong = json!({"user_id": "a b", "audio": ""});
    let first = enroll(&app, "k", &wrong).await;
    let again = enroll(&app, "k", &wrong).await;
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(again.header("content-type"), Some("application/problem+json"));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    again.expect_problem(400, "invalid-request");
}

#[tokio::test]
async fn failures_are_not_remembered() {
    let app = App::start().await;
    for _ in 0..2 {
        let call =
            app.call(Method::POST, "/api/v1/voice/auth/verify-age-acoustic").header("idempotency-key", "k");
        let answer = call.send().await;
        assert_eq!(answer.header("idempotent-replayed"), None);
        answer.expect_problem(501, "not-implemented");
    }
    assert_eq!(app.reserved_keys().await, 0);
}

/// An ACCEPT must not be had again after the person was revoked, so none is remembered in the first place.
#[tokio::test]
async fn a_verification_takes_no_key() {
    let app = App::start().await;
    let call = app.call(Method::POST, VERIFY).header("idempotency-key", "k").json(&body());
    let refused = call.send().await.expect_problem(400, "invalid-request");
    assert_eq!(refused["field"], "idempotency-key");
    assert!(refused["detail"].as_str().unwrap().contains("never remembered"), "{refused}");
    assert_eq!((app.audited("verify").await, app.reserved_keys().await), (0, 0));
}

/// P8.2: what was said of a person is not said again after the person was revoked, and the work is not done again.
#[tokio::test]
async fn answers_end_with_the_person_they_speak_of() {
    let app = App::start().await;
    let (alice, mut bob) = (body(), body());
    bob["user_id"] = "bob".into();
    for (name, key, body) in [("alice", "a", &alice), ("bob", "b", &bob)] {
        app.begin_profile(name).await;
        enroll(&app, key, body).await.expect(200);
    }
    let update = async |key: &'static str| {
        let call = app.call(Method::PUT, "/api/v1/voice/auth/profile/alice/update");
        call.header("idempotency-key", key).json(&json!({"audio": ""})).send().await
    };
    update("u").await.expect(200);
    let kept = app.sql("SELECT answer FROM idempotency_keys WHERE answer IS NOT NULL").await;
    assert_eq!(kept.len(), 3);
    for row in kept {
        let bytes: Vec<u8> = row.get(0);
        assert!(!bytes.windows(5).any(|window| window == b"alice"), "P8.1: it is sealed");
    }

    app.revoke("alice").await.expect(200);
    let again = enroll(&app, "a", &alice).await;
    assert_eq!(again.header("idempotent-replayed"), None);
    assert!(!again.bytes.windows(5).any(|window| window == b"alice"));
    again.expect_problem(410, "profile-revoked");
    update("u").await.expect_problem(410, "profile-revoked");
    assert_eq!(app.profile("alice").await.expect(200)["status"], "revoked");
    assert_eq!(enroll(&app, "b", &bob).await.header("idempotent-replayed"), Some("true"));
    let kept = app.sql("SELECT 1 FROM idempotency_keys WHERE answer IS NOT NULL").await;
    assert_eq!(kept.len(), 1);
}

#[tokio::test]
async fn an_answer_without_a_body_is_remembered() {
    let app = App::start().await;
    let new = json!({"name": "x", "scopes": ["verify"]});
    let created = app.call(Method::POST, "/api/v1/keys").json(&new).send().await.expect(201);
    let path = format!("/api/v1/keys/{}", created["id"].as_str().unwrap());
    for _ in 0..2 {
        app.call(Method::DELETE, &path).header("idempotency-key", "k").send().await.expect(204);
    }
}

#[tokio::test]
async fn answers_are_forgotten_in_the_end() {
    let app = App::start().await;
    enroll(&app, "k", &body()).await.expect(200);
    app.later(23);
    assert_eq!(enroll(&app, "k", &body()).await.header("idempotent-replayed"), Some("true"));
    app.later(2);
    assert_eq!(enroll(&app, "k", &body()).await.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn wrong_keys_are_refused() {
    let app = App::start().await;
    for key in ["", "a b", &"x".repeat(256)] {
        let problem = enroll(&app, key, &body()).await.expect_problem(400, "invalid-request");
        assert_eq!(problem["field"], "idempotency-key");
    }
    let twice = app.call(Method::POST, ENROLL).header("idempotency-key", "a").header("idempotency-key", "b");
    twice.json(&body()).send().await.expect_problem(400, "invalid-request");
    let read = app.call(Method::GET, CONFIG).header("idempotency-key", "a b");
    read.send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_at_once_have_one_effect() {
    let app = App::start().await;
    let body = body();
    let answers = futures_join((0..50).map(|_| enroll(&app, "k", &body))).await;
    let done: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(done.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count(), 1);
    assert!(done.iter().all(|answer| answer.bytes == done[0].bytes));
    for waiting in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(
            (waiting.status.as_u16(), &waiting.body["type"]),
            (409, &json!("/problems/idempotency-in-flight"))
        );
        assert_eq!(retry_after(waiting), Some("1"));
    }
    assert_eq!(app.audited("enroll").await, 1);
}

/// A caller who goes away leaves neither half-done work nor a blocked key.
#[tokio::test]
async fn a_dropped_request_is_finished_and_its_answer_waits() {
    let app = App::start().await;
    let body = json!({"user_id": "alice", "audio": BASE64_STANDARD.encode(buzz(20.0))});
    let free = || (app.state.gate.available_permits(), app.state.memory.available_permits());
    let at_rest = free();
    let mut request = Box::pin(enroll(&app, "k", &body));
    loop {
        let under_way = poll_fn(|context| Poll::Ready(request.as_mut().poll(context).is_pending())).await;
        assert!(under_way, "the request was answered before it could be dropped");
        if app.reserved_keys().await > 0 {
            break;
        }
    }
    let busy = free();
    assert!(busy.0 < at_rest.0 && busy.1 < at_rest.1);
    drop(request);
    assert_eq!(free(), busy, "the work goes on, so its place and its memory stay taken");
    let answer = loop {
        let answer = enroll(&app, "k", &body).await;
        if answer.status != 409 {
            break answer;
        }
    };
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    answer.expect(200);
    assert_eq!(app.audited("enroll").await, 1);
    assert_eq!(free(), at_rest);
}
