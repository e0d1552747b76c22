//! Size, time and number of requests.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use hyper::body::Frame;
use serde_json::json;

use crate::app::{App, CONFIG, ENROLL, Form, VERIFY, retry_after};
use crate::recordings::buzz;

/// A body of undeclared length: chunks of spaces, and then its end or nothing more.
struct Trickle {
    chunks: usize,
    ends: bool,
}

impl hyper::body::Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.chunks {
            0 if self.ends => Poll::Ready(None),
            0 => Poll::Pending,
            _ => {
                self.chunks -= 1;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 4096])))))
            }
        }
    }
}

fn stalled(app: &App) -> Request<Body> {
    let request = Request::post(VERIFY).header("content-type", "application/json");
    request
        .header("authorization", format!("Bearer {}", app.admin))
        .body(Body::new(Trickle { chunks: 1, ends: false }))
        .unwrap()
}

#[tokio::test]
async fn bodies_that_are_too_large_are_refused() {
    let app = App::with(json!({"server": {"max_body_bytes": 65536}})).await;
    let fits = Form::new().text("user_id", "alice").audio("audio", "a.wav", &buzz(1.0));
    app.call(Method::POST, ENROLL).body(&fits.content_type(), fits.body()).send().await.expect(200);
    let large = Form::new().text("user_id", "alice").audio("audio", "a.wav", &buzz(3.0));
    let declared = app.call(Method::POST, ENROLL);
    declared.body(&large.content_type(), large.body()).send().await.expect_problem(413, "body-too-large");
    // Without a declared length the limit is met on the way.
    let stream = Body::new(Trickle { chunks: 17, ends: true });
    let call = app.call(Method::POST, ENROLL).body("application/json", stream);
    call.send().await.expect_problem(413, "body-too-large");
}

#[tokio::test]
async fn bodies_wait_outside_when_memory_is_short() {
    let app = App::with(json!({"server": {"max_body_bytes": 1_048_576}})).await;
    let taken = app.state.memory.available_permits() as u32 - 100;
    let taken = app.state.memory.acquire_many(taken).await.unwrap();
    let form = Form::new().text("user_id", "alice").audio("audio", "a.wav", &buzz(3.5));
    let refused = app.call(Method::POST, ENROLL).body(&form.content_type(), form.body()).send().await;
    assert_eq!(retry_after(&refused), Some("1"));
    refused.expect_problem(503, "overloaded");
    app.send(stalled(&app)).await.expect_problem(503, "overloaded");
    app.get(CONFIG).await.expect(200);
    drop(taken);
    app.call(Method::POST, ENROLL).body(&form.content_type(), form.body()).send().await.expect(200);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let app = App::with(json!({"server": {"request_timeout_s": 1}})).await;
    app.send(stalled(&app)).await.expect_problem(408, "request-timeout");
}

#[tokio::test]
async fn one_request_too_many_is_told_to_come_back() {
    let app = App::with(json!({"server": {"max_concurrent_requests": 1, "request_timeout_s": 1}})).await;
    let mut first = Box::pin(app.send(stalled(&app)));
    let turned_away = tokio::select! {
        biased;
        _ = &mut first => panic!("a body that never ends was answered"),
        answer = async {
            while app.state.gate.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            app.get(CONFIG).await
        } => answer,
    };
    assert_eq!(retry_after(&turned_away), Some("1"));
    turned_away.expect_problem(503, "overloaded");
    app.anonymous(Method::GET, "/health/live").send().await.expect(200);
    first.await.expect_problem(408, "request-timeout");
    app.get(CONFIG).await.expect(200);
    let metrics = app.get("/metrics").await;
    assert!(String::from_utf8_lossy(&metrics.bytes).contains("voicegate_http_overloaded_total 1"));
}
