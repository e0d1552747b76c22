//! Health, metrics, documentation, headers, logs.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::http::Method;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::app::{App, CONFIG, load_models};
use crate::recordings::buzz;

#[tokio::test]
async fn health_says_what_works() {
    let app = App::start().await;
    // Where GE2E could not be fetched, the fallback serves, and that is said.
    let whole = crate::app::root().join(".runtime/models/ge2e-resemblyzer.onnx").exists();
    assert_eq!(app.anonymous(Method::GET, "/health/live").send().await.expect(200), json!({"status": "ok"}));
    for path in ["/health", "/health/ready"] {
        let health = app.anonymous(Method::GET, path).send().await.expect(200);
        let status = if whole { "ready" } else { "degraded" };
        assert_eq!((&health["status"], &health["database"]), (&json!(status), &json!(true)), "{health}");
        assert_eq!(health["degraded_models"].as_array().unwrap().is_empty(), whole);
    }
    let models = app.get("/api/v1/voice/models").await.expect(200);
    let active = models.as_array().unwrap().iter().find(|model| model["role"] == "active").unwrap();
    assert_eq!(active["status"], if whole { "loaded" } else { "refused" });
    let id = active["id"].as_str().unwrap();
    assert_eq!(&app.get(&format!("/api/v1/voice/models/{id}/health")).await.expect(200), active);
    app.get("/api/v1/voice/models/none/health").await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn without_a_database_it_is_alive_but_not_ready() {
    let app = App::start().await;
    app.vault.close().await.unwrap();
    app.anonymous(Method::GET, "/health/live").send().await.expect(200);
    let health = app.anonymous(Method::GET, "/health/ready").send().await.expect(503);
    assert_eq!((&health["status"], &health["database"]), (&json!("unavailable"), &json!(false)));
    let refused = app.get(CONFIG).await;
    assert!(refused.headers.contains_key("retry-after"));
    let refused = refused.expect_problem(503, "storage-unavailable");
    assert!(!refused.to_string().contains("sqlite"), "{refused}");
}

/// A model without a calibration decides nothing: its scores mean nothing.
#[tokio::test]
async fn without_a_calibration_it_is_not_ready() {
    let (uncalibrated, _folder) = load_models(|folder| {
        let metadata = folder.join("biometric/config");
        let files = std::fs::read_dir(metadata).unwrap().map(|file| file.unwrap().path());
        for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
            let mut model: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            model["calibration"] = Value::Null;
            std::fs::write(&path, model.to_string()).unwrap();
        }
        let path = folder.join("model_registry.json");
        let mut registry: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for system in registry["systems"].as_object_mut().unwrap().values_mut() {
            system["calibration"] = Value::Null;
        }
        std::fs::write(&path, registry.to_string()).unwrap();
    });
    let (shipped, _folder) = load_models(|_| {});
    for (models, status) in [(uncalibrated, 503), (shipped, 200)] {
        let app = App::with_models(json!({}), models).await;
        let health = app.anonymous(Method::GET, "/health/ready").send().await.expect(status);
        assert_eq!(health["status"] == "unavailable", status == 503, "{health}");
        assert_eq!(health["fault"].is_string(), status == 503, "{health}");
        app.anonymous(Method::GET, "/health/live").send().await.expect(200);
    }
}

#[tokio::test]
async fn metrics_count_by_route_and_name_nobody() {
    let app = App::start().await;
    app.enroll("secret-agent", &[buzz(0.2)]).await.expect(200);
    app.profile("secret-agent").await.expect(404);
    app.get("/nowhere/secret-agent").await.expect(404);
    let answer = app.get("/metrics").await;
    let text = String::from_utf8(answer.bytes.to_vec()).unwrap();
    for line in [
        r#"voicegate_http_requests_total{method="POST",route="/api/v1/voice/auth/enroll-biometric",status="200"} 1"#,
        r#"voicegate_http_requests_total{method="GET",route="/api/v1/voice/auth/profile/{user_id}/biometric",status="404"} 1"#,
        r#"voicegate_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"voicegate_decisions_total{operation="enroll",outcome="INCONCLUSIVE"} 1"#,
        "voicegate_speaker_queue_depth 0",
        "voicegate_http_overloaded_total 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("secret-agent"));
    let silent = App::with(json!({"server": {"metrics": false}})).await;
    silent.get("/metrics").await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn documentation_is_served_from_here_alone() {
    let app = App::start().await;
    let page = app.anonymous(Method::GET, "/docs/").send().await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    let html = String::from_utf8(page.bytes.to_vec()).unwrap();
    let mut assets = 0;
    for part in html.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css")) {
        assert!(!part.contains("//"), "{part} comes from elsewhere");
        let path = format!("/docs/{}", part.trim_start_matches("./"));
        assert_eq!(app.anonymous(Method::GET, &path).send().await.status, 200, "{path}");
        assets += 1;
    }
    assert!(assets >= 3, "{html}");
    assert!(!html.contains("<script>"), "the policy forbids scripts in the page");
    let initializer = app.anonymous(Method::GET, "/docs/swagger-initializer.js").send().await;
    assert!(String::from_utf8_lossy(&initializer.bytes).contains("/api/openapi.json"));
    assert_eq!(app.anonymous(Method::GET, "/docs").send().await.status, 303);
    let index = app.anonymous(Method::GET, "/").send().await;
    assert!(index.status == 200 && String::from_utf8_lossy(&index.bytes).contains("/docs/"));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let app = App::start().await;
    for path in ["/nowhere", "/api/v1", "/api/v1/voice/auth/config/", "/%ff", "//"] {
        app.get(path).await.expect_problem(404, "not-found");
    }
    let answer = app.anonymous(Method::DELETE, CONFIG).send().await;
    let mut allowed: Vec<_> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "PATCH", "PUT"]);
    answer.expect_problem(405, "method-not-allowed");
    app.anonymous(Method::POST, "/health").send().await.expect_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn request_ids_go_through_and_into_the_audit_log() {
    let app = App::start().await;
    let call = app.call(Method::GET, "/nowhere").header("x-request-id", "trace-1.a_B");
    assert_eq!(call.send().await.header("x-request-id"), Some("trace-1.a_B"));
    let call = app.call(Method::GET, "/nowhere").header("x-request-id", "no spaces; please");
    let made = call.send().await.header("x-request-id").unwrap().to_owned();
    assert!(uuid::Uuid::parse_str(&made).is_ok_and(|id| id.get_version_num() == 7), "{made}");

    let body = json!({"user_id": "alice", "audio": ""});
    let call = app.call(Method::POST, crate::app::ENROLL).header("x-request-id", "find-me");
    let number = call.json(&body).send().await.expect(200)["audit_record"].as_u64().unwrap();
    let page = app.get(&format!("{}?after={}&limit=1", crate::app::AUDIT, number - 1)).await.expect(200);
    assert_eq!(page["records"][0]["request_id"], "find-me");
    assert_eq!(page["next_after"], number);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What is logged: route, status, time, request id. What is not: names, keys, bodies.
#[tokio::test]
async fn the_access_log_names_the_route_and_nobody() {
    let log = Log::default();
    // While there is only one subscriber, what a thread without it reaches first is switched off for all threads; other
    // tests run on such threads.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    let app = App::start().await;
    app.enroll("secret-agent", &[buzz(0.2)]).await.expect(200);
    app.verify("secret-agent", b"secret-bytes").await.expect(404);
    let call = app.call(Method::GET, "/api/v1/voice/auth/profile/secret-agent/biometric");
    call.header("x-request-id", "find-me").send().await.expect(404);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line =
        text.lines().find(|line| line.contains("find-me") && line.contains("voicegate::access")).unwrap();
    for part in
        ["method=GET", "route=\"/api/v1/voice/auth/profile/{user_id}/biometric\"", "status=404", "ms="]
    {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    for secret in ["secret-agent", "secret-bytes", app.admin.as_str(), "Bearer"] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}
