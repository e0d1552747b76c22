//! Which system judges, and two ways of verifying side by side.

use axum::http::Method;
use serde_json::{Value, json};
use voicegate_core::PersonId;
use voicegate_core::experiment::Arm;
use voicegate_models::System;

use crate::app::{AUDIT, Answer, App, CONFIG};
use crate::recordings::{buzz, two_people};

const REPORT: &str = "/api/v1/voice/experiments/stricter";

async fn patch(app: &App, body: &Value) -> Answer {
    app.call(Method::PATCH, CONFIG).header("if-match", "*").json(body).send().await
}

/// The first name that falls into `arm`.
fn somebody_in(arm: Arm, experiment: &str, share_percent: f32) -> String {
    let mut names = (0..).map(|n| format!("user-{n}"));
    names.find(|name| Arm::of(&PersonId::new(name).unwrap(), experiment, share_percent) == arm).unwrap()
}

/// Calibrated systems beside the serving one.
fn others(app: &App) -> Vec<&System> {
    let systems = app.service.models().speakers().unwrap().systems();
    systems[1..].iter().filter(|system| system.calibration.is_some()).collect()
}

fn close(found: &Value, expected: f64) -> bool {
    (found.as_f64().unwrap() - expected).abs() < 1e-6
}

/// P7.2
async fn story(app: &App, [alice, bob]: [Vec<Vec<u8>>; 2]) {
    let (in_a, in_b) = (somebody_in(Arm::A, "stricter", 50.0), somebody_in(Arm::B, "stricter", 50.0));
    for (name, recordings) in [(&in_a, &alice), (&in_b, &bob)] {
        assert_eq!(app.enroll(name, &recordings[..3]).await.expect(200)["status"], "active");
    }
    assert_eq!(app.verify(&in_b, &bob[3]).await.expect(200)["experiment"], Value::Null);
    for unknown in [REPORT, &format!("{REPORT}?since={}", app.service.now()), &format!("{REPORT}%00")] {
        app.get(unknown).await.expect_problem(404, "not-found");
    }

    // The experiment starts: arm b is asked for more.
    let experiment = json!({"name": "stricter", "share_percent": 50, "threshold": 0.9});
    let changed = patch(app, &json!({ "experiment": experiment })).await.expect(200);
    assert_eq!(changed["effective"]["experiment"]["name"], "stricter");
    let empty = app.get(REPORT).await.expect(200);
    assert_eq!((&empty["running"], &empty["arms"][0]["acceptance"]), (&json!(true), &Value::Null));

    let started = app.service.now();
    let judged = app.verify(&in_a, &alice[3]).await.expect(200);
    assert_eq!(judged["experiment"], json!({"name": "stricter", "arm": "a"}));
    assert!(judged["outcome"] == "ACCEPT" && close(&judged["base_threshold"], 0.75), "{judged}");
    let strict = app.verify(&in_b, &bob[3]).await.expect(200);
    assert_eq!(strict["experiment"], json!({"name": "stricter", "arm": "b"}));
    assert!(close(&strict["base_threshold"], 0.9), "{strict}");
    assert_eq!(app.verify(&in_b, &alice[0]).await.expect(200)["outcome"], "REJECT");
    assert_eq!(app.verify(&in_b, &buzz(0.3)).await.expect(200)["outcome"], "INCONCLUSIVE");

    // The audit record has what the answer has, and the report counts it.
    let number = strict["audit_record"].as_u64().unwrap();
    let page = app.get(&format!("{AUDIT}?after={}&limit=1", number - 1)).await.expect(200);
    assert_eq!(page["records"][0]["details"]["experiment"], strict["experiment"]);
    let accepted = u64::from(strict["outcome"] == "ACCEPT");
    let report = app.get(REPORT).await;
    let text = String::from_utf8_lossy(&report.bytes).into_owned();
    assert!(!text.contains(&in_a) && !text.contains(&in_b), "the report names a person: {text}");
    let report = report.expect(200);
    let [a, b] = [&report["arms"][0], &report["arms"][1]];
    assert_eq!((&a["people"], &a["attempts"], &a["accepted"]), (&json!(1), &json!(1), &json!(1)), "{report}");
    assert_eq!(
        (&b["people"], &b["attempts"], &b["accepted"]),
        (&json!(1), &json!(3), &json!(accepted)),
        "{report}"
    );
    assert_eq!(
        b["inconclusive"].as_u64().unwrap() + b["rejected"].as_u64().unwrap() + accepted,
        3,
        "{report}"
    );
    assert_eq!((&b["acceptance"]["count"], &b["acceptance"]["trials"]), (&json!(accepted), &json!(3)));
    assert_eq!(report["truncated"], false);

    // From a later moment on there is nothing yet.
    app.later(1);
    let since = app.get(&format!("{REPORT}?since={}", app.service.now())).await.expect(200);
    assert_eq!((&since["arms"][1]["attempts"], &since["running"]), (&json!(0), &json!(true)));
    let since = app.get(&format!("{REPORT}?since={started}")).await.expect(200);
    assert_eq!(since["arms"][1]["attempts"], 3);
    app.get(&format!("{REPORT}?since=yesterday")).await.expect_problem(400, "invalid-request");

    // A larger share moves people to b only; a share of nobody moves all to a.
    patch(app, &json!({"experiment": {"share_percent": 100}})).await.expect(200);
    for name in [&in_a, &in_b] {
        assert_eq!(app.verify(name, &buzz(0.3)).await.expect(200)["experiment"]["arm"], "b");
    }
    patch(app, &json!({"experiment": {"share_percent": 0}})).await.expect(200);
    assert_eq!(app.verify(&in_b, &buzz(0.3)).await.expect(200)["experiment"]["arm"], "a");

    // It ends, and what it found stays.
    patch(app, &json!({"experiment": null})).await.expect(200);
    assert_eq!(app.verify(&in_b, &buzz(0.3)).await.expect(200)["experiment"], Value::Null);
    let report = app.get(REPORT).await.expect(200);
    assert_eq!((&report["running"], &report["arms"][1]["people"]), (&json!(false), &json!(2)), "{report}");
    app.later(1);
    let report = app.get(&format!("{REPORT}?since={}", app.service.now())).await.expect(200);
    assert_eq!(report["arms"][1]["attempts"], 0, "it is known, and nothing came since: {report}");
    assert_eq!(app.audited("config").await, 4);
    let whole = app.get(&format!("{AUDIT}/verify")).await.expect(200);
    assert_eq!(whole["intact"], true, "{whole}");
}

#[tokio::test]
async fn an_experiment_on_sqlite() {
    let Some(people) = two_people() else { return };
    story(&App::start().await, people).await;
}

#[tokio::test]
async fn an_experiment_on_postgresql() {
    let Some(people) = two_people() else { return };
    App::on_postgres(async move |app: &App| story(app, people).await).await;
}

/// P7.2: the chosen system judges, in all attempts or in arm b.
#[tokio::test]
async fn the_operator_chooses_the_system() {
    let Some([alice, bob]) = two_people() else { return };
    let app = App::start().await;
    let Some(other) = others(&app).first().map(|system| (system.id.to_string(), system.calibration.clone()))
    else {
        eprintln!("SKIPPED: there is no other calibrated system");
        return;
    };
    let (other, calibration) = (other.0, other.1.unwrap().id);
    let in_b = somebody_in(Arm::B, "other-system", 10.0);
    app.enroll("alice", &alice[..3]).await.expect(200);
    app.enroll(&in_b, &bob[..3]).await.expect(200);
    let serving = app.verify("alice", &alice[3]).await.expect(200)["model"].clone();
    assert_ne!(serving, json!(other));

    let pinned = json!({"verification": {"system": other, "calibration": calibration}});
    patch(&app, &pinned).await.expect(200);
    let judged = app.verify("alice", &alice[3]).await.expect(200);
    assert_eq!((&judged["model"], &judged["calibration"]), (&json!(other), &json!(calibration)), "{judged}");
    assert_eq!(app.verify("alice", &buzz(0.3)).await.expect(200)["model"], json!(other));
    assert_eq!(app.verify("alice", &bob[3]).await.expect(200)["outcome"], "REJECT");

    let back = json!({
        "verification": {"system": null, "calibration": null},
        "experiment": {"name": "other-system", "share_percent": 10, "system": other},
    });
    patch(&app, &back).await.expect(200);
    assert_eq!(app.verify(&in_b, &bob[3]).await.expect(200)["model"], json!(other));
    let in_a = somebody_in(Arm::A, "other-system", 10.0);
    app.enroll(&in_a, &alice[..3]).await.expect(200);
    assert_eq!(app.verify(&in_a, &alice[3]).await.expect(200)["model"], serving);
}

/// P7.2
#[tokio::test]
async fn what_makes_no_sense_is_refused_with_the_reason() {
    let app = App::start().await;
    let serving = app.service.models().speakers().unwrap().serving().id.to_string();
    for (body, path, reason) in [
        (json!({"verification": {"system": "best"}}), "verification.system", "'best' is not loaded"),
        (json!({"verification": {"calibration": "old"}}), "verification.calibration", "'old' is wanted"),
        (
            json!({"verification": {"system": serving, "calibration": "old"}}),
            "verification.calibration",
            "the calibration of",
        ),
        (
            json!({"experiment": {"name": "x", "share_percent": 5, "system": "best"}}),
            "experiment.system",
            "'best' is not loaded; loaded is",
        ),
        (json!({"experiment": {"name": "x", "share_percent": 5}}), "experiment", "it changes nothing"),
        (json!({"experiment": {"name": "x", "threshold": 0.75}}), "experiment", "it changes nothing"),
        (json!({"experiment": {"name": "", "threshold": 0.8}}), "experiment.name", "needs a name"),
        (json!({"experiment": {"name": "x", "threshold": 0.95}}), "experiment.threshold", "greater than 0.9"),
        (
            json!({"experiment": {"name": "x", "threshold": 0.8, "share_percent": 101}}),
            "experiment.share_percent",
            "greater than 100",
        ),
    ] {
        let problem = patch(&app, &body).await.expect_problem(422, "invalid-configuration");
        assert_eq!(problem["faults"][0]["path"], path, "{problem}");
        assert!(problem["faults"][0]["message"].as_str().unwrap().contains(reason), "{problem}");
    }
    assert_eq!(app.get(CONFIG).await.expect(200)["version"], 0);
}

/// What the file asks for and the models cannot do: nothing judges in its place, and both readiness and the answer say why.
#[tokio::test]
async fn a_file_that_names_what_cannot_judge_fails_closed() {
    let people = two_people();
    for (verification, reason) in [
        (json!({"system": "best"}), "verification.system: 'best' is not loaded"),
        (json!({"calibration": "old"}), "verification.calibration: 'old' is wanted, and the calibration of"),
    ] {
        let app = App::with(json!({ "verification": verification })).await;
        let health = app.anonymous(Method::GET, "/health/ready").send().await.expect(503);
        assert!(health["fault"].as_str().unwrap().starts_with(reason), "{health}");
        if let Some([alice, _]) = &people {
            app.enroll("alice", &alice[..3]).await.expect(200);
            let refused = app.verify("alice", &alice[3]).await.expect_problem(503, "model-unavailable");
            assert!(refused["detail"].as_str().unwrap().contains(reason), "{refused}");
        }
        // Other settings can still be changed, and so can this one.
        patch(&app, &json!({"enrolment": {"min_samples": 4}})).await.expect(200);
        let overrides = json!({"verification": {"system": null, "calibration": null}});
        app.call(Method::PUT, CONFIG).header("if-match", "*").json(&overrides).send().await.expect(200);
        app.anonymous(Method::GET, "/health/live").send().await.expect(200);
        let health = app.anonymous(Method::GET, "/health/ready").send().await;
        assert!(health.status == 200, "{}", health.body);
    }
}
