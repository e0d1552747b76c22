//! Real connections: serving, and stopping without losing anybody's answer.

use std::time::Duration;

use axum::http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use voicegate_server::serve;

use crate::app::{App, CONFIG, ENROLL};

async fn read_head(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_kept_and_shutdown_waits_for_the_answer() {
    let app = App::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let state = app.state.clone();
    let server = tokio::spawn(serve(listener, state, async { _ = stopped.await }));

    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let mut body = [0; 15];
        stream.read_exact(&mut body).await.unwrap();
        assert_eq!(&body, br#"{"status":"ok"}"#);
    }

    // Half a request is under way when the server is told to stop.
    let body = r#"{"enrolment": {"min_samples": 4}}"#;
    let head = format!(
        "PUT {CONFIG} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         If-Match: \"0\"\r\nContent-Length: {}\r\n\r\n",
        app.admin,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..10]).await.unwrap();
    while app.state.gate.available_permits() == app.state.settings.max_concurrent_requests {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(&body.as_bytes()[10..]).await.unwrap();
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.to_lowercase().contains("connection: close"), "{head}");
    drop(stream);
    tokio::time::timeout(Duration::from_secs(15), server).await.expect("the server stops").unwrap().unwrap();
    assert_eq!(app.get(CONFIG).await.expect(200)["version"], 1);
}

/// Whether or not another request comes.
#[tokio::test]
async fn a_server_forgets_answers_that_have_had_their_time() {
    let app = App::start().await;
    let keyed = async |key: &'static str| {
        let body = serde_json::json!({"user_id": "alice", "audio": ""});
        app.call(Method::POST, ENROLL).header("idempotency-key", key).json(&body).send().await.expect(200)
    };
    keyed("old").await;
    app.later(23);
    keyed("new").await;
    app.later(2);
    assert_eq!(app.reserved_keys().await, 2);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, app.state.clone(), async { _ = stopped.await }));
    while app.reserved_keys().await > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(15), server).await.expect("the server stops").unwrap().unwrap();
}

#[tokio::test]
async fn what_is_not_http_is_turned_away() {
    let app = App::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, app.state.clone(), std::future::pending()));
    for noise in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"HELO there\r\n\r\n", &[b'a'; 200_000]] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may close before everything is written.
        _ = stream.write_all(noise).await;
        _ = stream.shutdown().await;
        let mut answer = Vec::new();
        _ = stream.read_to_end(&mut answer).await;
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
    server.abort();
}
