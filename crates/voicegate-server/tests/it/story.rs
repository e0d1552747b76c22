//! The whole life of a voice, on each database.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::{AUDIT, App, CONFIG, KEYS};
use crate::recordings::two_people;

/// P1.1, P3.2, P7.1, P8
async fn story(app: &App, [alice, bob]: [Vec<Vec<u8>>; 2]) {
    // A key for the front desk, made by the administrator.
    let new = json!({"name": "front desk", "scopes": ["enroll", "verify", "read-profile"]});
    let desk = app.call(Method::POST, KEYS).json(&new).send().await.expect(201);
    let desk = desk["key"].as_str().unwrap();
    let profile = "/api/v1/voice/auth/profile/alice/biometric";
    app.anonymous(Method::GET, profile).key(desk).send().await.expect_problem(404, "not-enrolled");

    // Three phrases, one at a time.
    for (i, phrase) in alice[..3].iter().enumerate() {
        let answer = app.enroll("alice", std::slice::from_ref(phrase)).await.expect(200);
        assert_eq!(answer["progress"]["samples"], i + 1, "{answer}");
        assert_eq!(answer["progress"]["samples_needed"], 3);
        assert_eq!(answer["outcome"], if i == 2 { "ACCEPT" } else { "INCONCLUSIVE" }, "{answer}");
        assert_eq!(answer["status"], if i == 2 { "active" } else { "pending" });
        if i < 2 {
            assert_eq!(answer["reasons"][0]["code"], "more_samples_needed");
            app.verify("alice", &alice[3]).await.expect_problem(409, "enrolment-incomplete");
        }
    }
    app.enroll("alice", &alice[..1]).await.expect_problem(409, "already-enrolled");

    // She is let in, the stranger is not, and noise is nobody's fault.
    let own = app.verify("alice", &alice[3]).await.expect(200);
    assert_eq!(own["outcome"], "ACCEPT", "{own}");
    assert_eq!((&own["base_threshold"], &own["adjustments"]), (&json!(0.75), &json!([])));
    assert!(own["similarity"].as_f64().unwrap() >= own["threshold"].as_f64().unwrap(), "{own}");
    let stranger = app.verify("alice", &bob[0]).await.expect(200);
    assert_eq!(stranger["outcome"], "REJECT", "{stranger}");
    assert!(own["similarity"].as_f64().unwrap() > stranger["similarity"].as_f64().unwrap());
    // The record says why nothing was learnt from her; from the stranger nothing was to be learnt.
    for (judged, reason) in [(&own, json!("not_live_and_signed")), (&stranger, Value::Null)] {
        let number = judged["audit_record"].as_u64().unwrap();
        let page = app.get(&format!("{AUDIT}?after={}&limit=1", number - 1)).await.expect(200);
        let details = &page["records"][0]["details"];
        assert_eq!((&details["not_learnt"], &details["learnt"]), (&reason, &Value::Null), "{details}");
    }
    let noise = app.verify("alice", &crate::recordings::buzz(0.3)).await.expect(200);
    assert_eq!((&noise["outcome"], &noise["similarity"]), (&json!("INCONCLUSIVE"), &Value::Null));
    assert_eq!(noise["adjustments"][0]["name"], "recent_failures", "the stranger's attempt counts: {noise}");
    assert!(noise["threshold"].as_f64().unwrap() > 0.75);
    let view = app.anonymous(Method::GET, profile).key(desk).send().await.expect(200);
    assert_eq!((&view["status"], &view["models"][0]["samples"]), (&json!("active"), &json!(3)));
    assert!(view["last_verified_at"].is_string());

    // Another sample joins; the stranger's does not.
    let added = app.update("alice", "add", &[alice[4].clone(), bob[0].clone()]).await.expect(200);
    let accepted: Vec<&Value> = added["samples"].as_array().unwrap().iter().map(|s| &s["accepted"]).collect();
    assert_eq!(accepted, [&json!(true), &json!(false)], "{added}");
    assert_eq!(added["samples"][1]["reasons"][0]["code"], "disagrees");
    assert_eq!(added["version"], 4);

    // The operator asks for more, and takes it back.
    let strict = json!({"verification": {"threshold": 0.9}});
    let put = |version: &str, body: &Value| {
        app.call(Method::PUT, CONFIG).header("if-match", format!("\"{version}\"")).json(body)
    };
    put("0", &strict).send().await.expect(200);
    let judged = app.verify("alice", &alice[3]).await.expect(200);
    let (similarity, threshold) =
        (judged["similarity"].as_f64().unwrap(), judged["threshold"].as_f64().unwrap());
    assert!((threshold - 0.9).abs() < 1e-6);
    assert_eq!(judged["outcome"] == "ACCEPT", similarity >= threshold, "{judged}");
    put("1", &json!({})).send().await.expect(200);
    assert_eq!(app.verify("alice", &alice[3]).await.expect(200)["outcome"], "ACCEPT");

    // A replacement by somebody else's incomplete samples leaves the old voice; a complete one takes it.
    let kept = app.update("alice", "replace", &bob[..1]).await.expect(200);
    assert_eq!(kept["reasons"][0]["code"], "replacement_incomplete");
    assert_eq!(app.verify("alice", &alice[3]).await.expect(200)["outcome"], "ACCEPT");
    assert_eq!(app.update("alice", "replace", &bob[..4]).await.expect(200)["outcome"], "ACCEPT");
    assert_eq!(app.verify("alice", &alice[3]).await.expect(200)["outcome"], "REJECT");
    assert_eq!(app.verify("alice", &bob[4]).await.expect(200)["outcome"], "ACCEPT");

    // The end of it.
    let revoked = app.revoke("alice").await.expect(200);
    assert_eq!((&revoked["status"], &revoked["models"]), (&json!("revoked"), &json!([])));
    app.revoke("alice").await.expect(200);
    app.verify("alice", &bob[4]).await.expect_problem(410, "profile-revoked");
    app.update("alice", "add", &bob[..1]).await.expect_problem(410, "profile-revoked");
    assert_eq!(app.profile("alice").await.expect(200)["status"], "revoked");

    // And the log of it.
    for (kind, times) in [("enroll", 3), ("verify", 11), ("update", 3), ("config", 2), ("revoke", 1)] {
        assert_eq!(app.audited(kind).await, times, "{kind}");
    }
    let log = app.get(&format!("{AUDIT}?limit=1000")).await;
    assert!(!String::from_utf8_lossy(&log.bytes).contains("alice"), "the log names a person");
    let report = app.get(&format!("{AUDIT}/verify")).await.expect(200);
    assert_eq!((&report["intact"], &report["breach"]), (&json!(true), &Value::Null));
    assert_eq!(report["records"].as_u64().unwrap() as usize, log.body["records"].as_array().unwrap().len());
}

#[tokio::test]
async fn the_story_on_sqlite() {
    let Some(people) = two_people() else { return };
    story(&App::start().await, people).await;
}

#[tokio::test]
async fn the_story_on_postgresql() {
    let Some(people) = two_people() else { return };
    App::on_postgres(async move |app: &App| story(app, people).await).await;
}
