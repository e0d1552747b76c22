//! P5.1, P5.2: replays, wrong words and used challenges, on the program as it is shipped.

use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::answers::{codes, recorded};
use crate::app::{AUDIT, Answer, App, VERIFY};
use crate::recordings::two_people;

const CHALLENGE: &str = "/api/v1/voice/auth/challenge";

async fn enrolled(alice: &[Vec<u8>]) -> App {
    let app = App::as_shipped().await;
    assert_eq!(app.enroll("alice", &alice[..3]).await.expect(200)["outcome"], "ACCEPT");
    app
}

async fn say(app: &App, recording: &[u8], challenge: &str, device: Option<&str>) -> Answer {
    let audio = BASE64_STANDARD.encode(recording);
    let mut body = json!({"user_id": "alice", "audio": audio, "challenge_id": challenge});
    if let Some(device) = device {
        body["device_id"] = json!(device);
    }
    app.call(Method::POST, VERIFY).json(&body).send().await
}

async fn challenge(app: &App, user: &str) -> String {
    let body = json!({"user_id": user, "purpose": "verify"});
    let issued = app.call(Method::POST, CHALLENGE).json(&body).send().await.expect(201);
    issued["challenge_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_recording_is_taken_once() {
    let Some([alice, bob]) = two_people() else { return };
    let app = enrolled(&alice).await;
    let own = app.verify("alice", &alice[3]).await.expect(200);
    assert_ne!(own["outcome"], "REJECT", "{own}");
    assert_eq!(own["liveness"]["recording_is_new"], json!(true), "{own}");
    let evidence = &own["liveness"]["countermeasures"];
    assert!(evidence["llr"].as_f64().unwrap() < evidence["threshold_llr"].as_f64().unwrap(), "{evidence}");
    assert!(evidence["detectors"].as_array().unwrap().len() > 1, "{evidence}");
    assert_eq!(recorded(&app, &own).await["liveness"], own["liveness"]);

    // The same again, and a recording of the enrolment.
    for heard in [&alice[3], &alice[0]] {
        let again = app.verify("alice", heard).await.expect(200);
        assert_eq!((&again["outcome"], codes(&again)[0]), (&json!("REJECT"), "heard_before"), "{again}");
        assert_eq!(again["liveness"]["recording_is_new"], json!(false));
    }
    // It was somebody else's voice that was heard, and not as hers.
    assert_eq!(app.enroll("bob", &bob[..3]).await.expect(200)["outcome"], "ACCEPT");
    let other = app.verify("bob", &alice[3]).await.expect(200);
    assert_eq!(other["liveness"]["recording_is_new"], json!(true), "{other}");

    // A month later nobody knows.
    app.later(24 * 31);
    let late = app.verify("alice", &alice[3]).await.expect(200);
    assert_eq!(late["liveness"]["recording_is_new"], json!(true), "{late}");
}

#[tokio::test]
async fn the_words_must_be_those_that_were_asked_for_and_are_asked_for_once() {
    let Some([alice, _]) = two_people() else { return };
    let app = enrolled(&alice).await;
    let id = challenge(&app, "alice").await;
    let wrong = say(&app, &alice[3], &id, None).await.expect(200);
    assert_eq!((&wrong["outcome"], codes(&wrong)), (&json!("REJECT"), vec!["wrong_words"]), "{wrong}");
    assert_eq!(wrong["liveness"]["challenge"]["passed"], json!(false));
    let record = recorded(&app, &wrong).await;
    assert_eq!(record["liveness"]["challenge"]["passed"], json!(false), "{record}");

    let used = say(&app, &alice[4], &id, None).await.expect_problem(410, "challenge-refused");
    let unknown = say(&app, &alice[4], &"0".repeat(32), None).await.expect_problem(410, "challenge-refused");
    assert_eq!(used["detail"], unknown["detail"], "one cannot be told from the other");
    say(&app, &alice[4], "not an id", None).await.expect_problem(400, "invalid-request");
    let elsewhere = challenge(&app, "alice").await;
    say(&app, &alice[4], &elsewhere, Some("phone")).await.expect_problem(410, "challenge-refused");
    say(&app, &alice[4], &elsewhere, None).await.expect_problem(410, "challenge-refused");
    let bobs = challenge(&app, "bob").await;
    say(&app, &alice[4], &bobs, None).await.expect_problem(410, "challenge-refused");
    app.later(1);
    let late = challenge(&app, "alice").await;
    app.later(1);
    say(&app, &alice[4], &late, None).await.expect_problem(410, "challenge-refused");
    let page = app.get(&format!("{AUDIT}?limit=1000")).await.expect(200);
    let refused = page["records"].as_array().unwrap().iter().filter(|record| record["outcome"] == "refused");
    assert_eq!(refused.count(), 6, "each leaves a trace");
}

#[tokio::test]
async fn what_is_asked_for_and_missing_is_asked_for_by_name() {
    let Some([alice, _]) = two_people() else { return };
    let (models, _folder) = crate::app::load_models(|folder| {
        let path = folder.join("model_registry.json");
        let mut registry: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let tasks = registry["tasks"].as_object_mut().unwrap();
        assert!(tasks.remove("antispoofing").is_some() && tasks.remove("speech_recognition").is_some());
        std::fs::write(path, registry.to_string()).unwrap();
    });
    for (requirement, outcome, code) in [
        ("required", "INCONCLUSIVE", "countermeasures_unavailable"),
        ("step_up", "STEP_UP", "live_challenge_needed"),
        ("optional", "ACCEPT", "voice_matches"),
        ("off", "ACCEPT", "voice_matches"),
    ] {
        let file = json!({"spoofing": {"countermeasures": requirement}});
        let app = App::with_models(file, models.clone()).await;
        assert_eq!(app.enroll("alice", &alice[..3]).await.expect(200)["outcome"], "ACCEPT");
        let answer = app.verify("alice", &alice[3]).await.expect(200);
        assert_eq!(
            (&answer["outcome"], codes(&answer)[0]),
            (&json!(outcome), code),
            "{requirement}: {answer}"
        );
        assert_eq!(answer["liveness"]["countermeasures"], Value::Null);
    }
    // Nobody can hear the words: that is no failure of hers.
    let file = json!({"spoofing": {"countermeasures": "off"}, "challenge": {"required": "required"}});
    let app = App::with_models(file, models).await;
    assert_eq!(app.enroll("alice", &alice[..3]).await.expect(200)["outcome"], "ACCEPT");
    let id = challenge(&app, "alice").await;
    let deaf = say(&app, &alice[3], &id, None).await.expect(200);
    assert_eq!((&deaf["outcome"], codes(&deaf)), (&json!("INCONCLUSIVE"), vec!["recogniser_unavailable"]));
}
