//! Notices on their way to the operator's webhook.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_server::serve;
use voicegate_service::ports::{Actor, AuditEvent, AuditKind, Change, Delivered, Notice, NoticeKind, Store};

use crate::app::{App, CONFIG};
use crate::http_server::{HttpServer, Request, respond};

const KEY: [u8; 32] = [7; 32];
const PASSWORD: &str = "correct horse battery staple";

/// A receiver that gives these answers, one after the other, and from then on takes everything.
struct Receiver {
    server: HttpServer,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    fn start(answers: &'static [u16]) -> Self {
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let taken = requests.clone();
        let server = HttpServer::start(move |request, stream| {
            let mut taken = taken.lock().unwrap();
            let status = answers.get(taken.len()).copied().unwrap_or(204);
            taken.push(request.clone());
            respond(stream, status, "Location: /elsewhere\r\n", b"")
        });
        Self { server, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    fn config(&self, max_attempts: u32) -> Value {
        let secret = format!("whsec_{}", BASE64_STANDARD.encode(KEY));
        let url = format!("{}/hooks/voice", self.server.url);
        json!({"webhook": {"url": url, "secret": secret, "max_attempts": max_attempts}})
    }
}

/// What a receiver does with a message: the body, if it is signed, and just now.
fn verified(request: &Request, now: Timestamp) -> Option<Value> {
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let age = now.as_second() - timestamp.parse::<i64>().ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&request.body);
    let holds = header("webhook-signature")?.split(' ').any(|signature| {
        let sum = signature.strip_prefix("v1,").and_then(|sum| BASE64_STANDARD.decode(sum).ok());
        sum.is_some_and(|sum| mac.clone().verify_slice(&sum).is_ok())
    });
    (holds && age.abs() <= 300).then(|| serde_json::from_slice(&request.body).unwrap())
}

/// Tells alice of `kind`, and the webhook.
async fn tell(app: &App, kind: NoticeKind, details: Value) -> Uuid {
    let (person, at) = (PersonId::new("alice").unwrap(), app.service.now());
    let notice = Notice { id: app.service.new_id(), person: person.clone(), at, kind, details };
    let id = notice.id;
    let expires_at = at + SignedDuration::from_hours(24);
    let event = AuditEvent {
        at,
        kind: AuditKind::Device,
        actor: Actor::System,
        person: Some(person),
        outcome: "ok".into(),
        request_id: None,
        details: json!({}),
    };
    app.vault.commit(vec![Change::PutNotice { notice, expires_at, send: true }], event).await.unwrap();
    id
}

#[tokio::test]
async fn a_receiver_that_fails_twice_gets_it_the_third_time() {
    let receiver = Receiver::start(&[500, 307]);
    let app = App::with(receiver.config(10)).await;
    let webhook = app.service.webhook().unwrap();
    app.begin_profile("alice").await;
    let details = json!({"device_id": "018f0000-0000-7000-8000-000000000000", "device_name": "Zoë's phone"});
    let told_at = app.service.now();
    let id = tell(&app, NoticeKind::DeviceBound, details.clone()).await;
    for failures in 1..=2_u32 {
        let ended = app.service.deliver_notices(&webhook).await.unwrap();
        let [Delivered::Retry(next)] = ended[..] else { panic!("{ended:?}") };
        let (now, due) = (app.service.now(), SignedDuration::from_secs(5 * 4_i64.pow(failures - 1)));
        assert!((now + due / 2..=now + due).contains(&next), "{next}");
        app.clock.advance(due / 2 - SignedDuration::from_secs(1));
        assert_eq!(app.service.deliver_notices(&webhook).await.unwrap(), [], "it is not due yet");
        app.clock.advance(due);
    }
    assert_eq!(app.service.deliver_notices(&webhook).await.unwrap(), [Delivered::Done]);
    let third = app.service.now();
    app.later(48);
    assert_eq!(app.service.deliver_notices(&webhook).await.unwrap(), [], "it was taken");

    let requests = receiver.requests();
    assert_eq!(requests.len(), 3, "a redirect was followed");
    let expected = json!({
        "id": id, "type": "device_bound", "at": told_at, "user_id": "alice", "details": details,
    });
    for request in &requests {
        assert_eq!(request.line, "POST /hooks/voice HTTP/1.1");
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(request.headers["webhook-id"], id.to_string());
        assert_eq!(verified(request, third), Some(expected.clone()));
    }
    let mut forged = requests[2].clone();
    forged.body.push(b' ');
    assert_eq!(verified(&forged, third), None);
    assert_eq!(verified(&requests[2], third + SignedDuration::from_hours(1)), None);
    assert_ne!(requests[0].headers["webhook-signature"], requests[2].headers["webhook-signature"]);
}

/// Has alice register, sign in, and change her password.
async fn change_a_password(app: &App) {
    let post = |path: &str, body: Value| app.anonymous(Method::POST, path).json(&body);
    let account = json!({"user_id": "alice", "password": PASSWORD});
    post("/api/v1/accounts", account.clone()).send().await.expect(201);
    let session = post("/api/v1/sessions", account).send().await.expect(201);
    let change = json!({"password": PASSWORD, "new_password": "a walk in the rain"});
    let token = session["token"].as_str().unwrap();
    post("/api/v1/accounts/password", change).key(token).send().await.expect(204);
}

#[tokio::test]
async fn what_matters_is_sent_if_somebody_wants_it() {
    let receiver = Receiver::start(&[]);
    let mut config = receiver.config(10);
    config["webhook"]["url"] = json!(format!("{}/hooks/", receiver.server.url));
    let app = App::with(config).await;
    change_a_password(&app).await;
    let ended = app.service.deliver_notices(&app.service.webhook().unwrap()).await.unwrap();
    assert_eq!(ended, [Delivered::Done], "that she signed in is not sent");
    let requests = receiver.requests();
    assert_eq!(requests[0].line, "POST /hooks/ HTTP/1.1");
    assert_eq!(verified(&requests[0], app.service.now()).unwrap()["type"], "password_changed");

    let nobody = App::start().await;
    change_a_password(&nobody).await;
    assert_eq!(nobody.sql("SELECT id FROM notices").await.len(), 2);
    assert!(nobody.sql("SELECT id FROM notices WHERE due_at IS NOT NULL").await.is_empty());
}

#[tokio::test]
async fn what_nobody_takes_is_given_up() {
    let receiver = Receiver::start(&[410, 410, 410]);
    let app = App::with(receiver.config(3)).await;
    let webhook = app.service.webhook().unwrap();
    app.begin_profile("alice").await;
    tell(&app, NoticeKind::Locked, json!({})).await;
    let mut ended = Vec::new();
    for _ in 0..4 {
        ended.extend(app.service.deliver_notices(&webhook).await.unwrap());
        app.later(24);
    }
    assert!(matches!(ended[..], [Delivered::Retry(_), Delivered::Retry(_), Delivered::Dead]), "{ended:?}");
    let activity = app.get("/api/v1/activity?user_id=alice").await.expect(200);
    assert_eq!(activity[0]["kind"], "locked", "its person can still read it");
}

#[tokio::test]
async fn the_secret_is_not_shown() {
    let receiver = Receiver::start(&[]);
    let app = App::with(receiver.config(3)).await;
    let shown = app.get(CONFIG).await;
    assert!(!String::from_utf8_lossy(&shown.bytes).contains(&BASE64_STANDARD.encode(KEY)));
    assert_eq!(shown.expect(200)["effective"]["webhook"]["secret"], "***");
    assert!(App::start().await.service.webhook().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_sends_by_itself_and_counts() {
    let receiver = Receiver::start(&[]);
    let app = App::with(receiver.config(3)).await;
    app.begin_profile("alice").await;
    tell(&app, NoticeKind::DeviceRevoked, json!({"reason": "lost"})).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, app.state.clone(), async { _ = stopped.await }));
    let counted = || app.state.metrics.render(0, 0).contains(r#"voicegate_notices_total{outcome="taken"} 1"#);
    while !counted() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(receiver.requests().len(), 1);
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
