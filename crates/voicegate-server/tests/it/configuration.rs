//! Reading and changing the configuration.

use axum::http::Method;
use serde_json::json;
use voicegate_service::ports::{Actor, AuditEvent, AuditKind, Change, Store};

use crate::app::{Answer, App, CONFIG};

async fn put(app: &App, if_match: &str, body: serde_json::Value) -> Answer {
    app.call(Method::PUT, CONFIG).header("if-match", if_match.to_owned()).json(&body).send().await
}

/// P1.3, P7.2
#[tokio::test]
async fn a_change_names_the_version_it_is_based_on() {
    let app = App::start().await;
    let before = app.get(CONFIG).await;
    assert_eq!(before.header("etag"), Some("\"0\""));
    assert_eq!(before.expect(200)["effective"]["enrolment"]["min_samples"], 3);

    let body = json!({"enrolment": {"min_samples": 4}});
    app.call(Method::PUT, CONFIG).json(&body).send().await.expect_problem(428, "precondition-required");
    put(&app, "\"7\"", body.clone()).await.expect_problem(412, "precondition-failed");
    let changed = put(&app, "\"0\"", body.clone()).await;
    assert_eq!(changed.header("etag"), Some("\"1\""));
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["effective"]["enrolment"]["min_samples"], &changed["overrides"]),
        (&json!(4), &body)
    );
    put(&app, "\"0\"", json!({})).await.expect_problem(412, "precondition-failed");

    let patched = app.call(Method::PATCH, CONFIG).header("if-match", "\"1\"");
    let patched = patched.json(&json!({"enrolment": {"max_samples": 9}})).send().await.expect(200);
    assert_eq!(patched["overrides"], json!({"enrolment": {"min_samples": 4, "max_samples": 9}}));
    let reset = put(&app, "*", json!({})).await.expect(200);
    assert_eq!((&reset["version"], &reset["effective"]["enrolment"]["min_samples"]), (&json!(3), &json!(3)));
    assert_eq!(app.audited("config").await, 3);
}

/// What a former version stored and this one does not know leaves the rest in force, for reading and for changing.
#[tokio::test]
async fn a_retired_override_is_left_out() {
    let app = App::start().await;
    let overrides = json!({
        "verification": {"score_threshold": 0.6, "min_net_speech_s": 2.5},
        "enrolment": {"min_samples": 4},
    });
    let event = AuditEvent {
        at: app.service.now(),
        kind: AuditKind::Config,
        actor: Actor::System,
        person: None,
        outcome: "ok".into(),
        request_id: None,
        details: json!({}),
    };
    app.vault.commit(vec![Change::PutConfig { overrides, expected_version: 0 }], event).await.unwrap();
    let read = app.get(CONFIG).await.expect(200);
    assert_eq!(read["overrides"]["verification"], json!({"min_net_speech_s": 2.5}));
    assert_eq!(read["effective"]["enrolment"]["min_samples"], 4);
    let patched = app.call(Method::PATCH, CONFIG).header("if-match", "\"1\"");
    let patched = patched.json(&json!({"enrolment": {"max_samples": 9}})).send().await.expect(200);
    assert_eq!(patched["overrides"]["enrolment"], json!({"min_samples": 4, "max_samples": 9}));
    let refused = put(&app, "\"2\"", json!({"verification": {"score_threshold": 0.6}})).await;
    refused.expect_problem(422, "invalid-configuration");
}

/// RFC 7396: `null` takes an override away, and what is not named stays.
#[tokio::test]
async fn a_patch_takes_overrides_away() {
    let app = App::with(json!({"verification": {"threshold": 0.7}})).await;
    let patch = async |content_type: &str, body: serde_json::Value| {
        let call = app.call(Method::PATCH, CONFIG).header("if-match", "*");
        call.body(content_type, body.to_string()).send().await
    };
    let body = json!({
        "enrolment": {"min_samples": 4, "max_samples": 9},
        "verification": {"threshold": 0.8},
        "audio": {"max_seconds": 60.0},
    });
    let replaced = put(&app, "*", body).await.expect(200);
    let threshold =
        |config: &serde_json::Value| config["effective"]["verification"]["threshold"].as_f64().unwrap();
    assert!((threshold(&replaced) - 0.8).abs() < 1e-6, "PUT sets what it says");
    let body =
        json!({"enrolment": {"min_samples": null}, "verification": {"threshold": null}, "audio": null});
    let patched = patch("application/merge-patch+json", body).await.expect(200);
    assert_eq!(patched["overrides"], json!({"enrolment": {"max_samples": 9}, "verification": {}}));
    let effective = &patched["effective"];
    assert_eq!(
        (&effective["enrolment"]["min_samples"], &effective["enrolment"]["max_samples"]),
        (&json!(3), &json!(9))
    );
    assert!((threshold(&patched) - 0.7).abs() < 1e-6, "the file holds again");
    patch("text/plain", json!({})).await.expect_problem(415, "unsupported-media-type");
    patch("application/json", json!([])).await.expect_problem(400, "invalid-request");
}

/// P1.3
#[tokio::test]
async fn thresholds_and_adjustments_out_of_range_are_refused() {
    let app = App::start().await;
    for (path, body) in [
        ("threshold", json!({"threshold": 0.6})),
        ("threshold", json!({"threshold": 0.95})),
        ("adjustments.trusted_device", json!({"adjustments": {"trusted_device": 0.05}})),
        ("adjustments.risk_high", json!({"adjustments": {"risk_elevated": 0.2}})),
        ("ageing.margin", json!({"ageing": {"margin": 0}})),
    ] {
        let body = json!({"verification": body});
        let problem = put(&app, "\"0\"", body).await.expect_problem(422, "invalid-configuration");
        assert_eq!(problem["faults"][0]["path"], format!("verification.{path}"));
    }
}

/// P1.3
#[tokio::test]
async fn a_wrong_configuration_lists_every_fault_and_changes_nothing() {
    let app = App::start().await;
    let body =
        json!({"enrolment": {"min_samples": 0, "min_sampels": 3}, "verification": {"threshold": "high"}});
    let problem = put(&app, "\"0\"", body).await.expect_problem(422, "invalid-configuration");
    let mut paths: Vec<_> =
        problem["faults"].as_array().unwrap().iter().map(|fault| fault["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["enrolment.min_sampels", "enrolment.min_samples", "verification.threshold"]);
    let problem = put(&app, "\"0\"", json!({"storage": {"url": "sqlite:/tmp/x"}})).await;
    assert_eq!(problem.expect_problem(422, "invalid-configuration")["faults"][0]["path"], "storage");
    for body in [json!([]), json!("x"), json!(null)] {
        put(&app, "\"0\"", body).await.expect_problem(400, "invalid-request");
    }
    assert_eq!(app.get(CONFIG).await.expect(200)["version"], 0);
    assert_eq!(app.audited("config").await, 0);
}

/// P7.2
#[tokio::test]
async fn of_parallel_changes_on_one_version_one_wins() {
    let app = App::start().await;
    let mut statuses = Vec::new();
    let puts = (4..14).map(|n| put(&app, "\"0\"", json!({"enrolment": {"min_samples": n}})));
    for answer in futures_join(puts).await {
        statuses.push(answer.status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[200].as_slice(), &[412; 9]].concat());
    assert_eq!(app.get(CONFIG).await.expect(200)["version"], 1);
}

/// Polls all of them together.
pub(crate) async fn futures_join<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}
