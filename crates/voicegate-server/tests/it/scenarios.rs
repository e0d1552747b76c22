//! The five scenarios of voice login (L8), with real speech and a device that signs, on each database.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use voicegate_core::Voiceprint;
use voicegate_core::device::DeviceId;
use voicegate_service::config::merge;
use voicegate_service::ports::Store;

use crate::accounts::with_totp;
use crate::answers::{adjustments, codes, recorded, token};
use crate::app::{App, shipped};
use crate::ollama_peer::{Manner, Ollama};
use crate::person::{PASSWORD, Person, STEP_UP};
use crate::voices::{Voice, owner_and_stranger};

const SESSIONS: &str = "/api/v1/sessions";
const ACTIVITY: &str = "/api/v1/activity";

/// The voice that the device is known by.
async fn vector(person: &Person<'_>) -> Voiceprint {
    let binding = person.app.vault.device(DeviceId(person.device.device)).await.unwrap().unwrap();
    binding.voice_signature_vector.unwrap()
}

async fn trusted_login(app: &App, [owner, _]: &[Voice; 2]) {
    let alice = Person::settle(app, "trusted", owner).await;
    let answer = alice.login().saying(&owner.answers[1]).send().await.expect(200);
    assert_eq!((&answer["outcome"], codes(&answer)), (&json!("ACCEPT"), vec!["voice_matches"]), "{answer}");
    assert_eq!((&answer["step_up"], &answer["device"]["trust_level"]), (&Value::Null, &json!("TRUSTED")));
    assert_eq!(adjustments(&answer), ["trusted_device"]);
    assert_eq!(answer["details"]["threshold"], json!(0.7));
    assert_eq!(answer["details"]["liveness"]["challenge"]["passed"], true);

    let listed = app.anonymous(Method::GET, SESSIONS).key(token(&answer)).send().await.expect(200);
    assert_eq!(listed[0]["id"], answer["session"]["session_id"]);
    assert_eq!(
        (&listed[0]["signed_in_by"], &listed[0]["device_id"]),
        (&json!("voice"), &json!(alice.device.device))
    );
    app.anonymous(Method::GET, ACTIVITY).key(token(&answer)).send().await.expect(200);
    assert_eq!(alice.activity().await[..2], ["logged_in", "device_bound"]);
    assert_eq!(alice.listed_device().await["last_verified_at"], json!(app.service.now()));
}

async fn revoke_and_rebind(app: &App, [owner, _]: &[Voice; 2]) {
    let alice = Person::settle(app, "rebound", owner).await;
    let (bound, heard) = (alice.listed_device().await, vector(&alice).await);
    alice.revoke_device("lost").await;
    app.clock.advance(SignedDuration::from_mins(5));

    // Without a voice they are told what to do.
    let told = alice.login().send().await.expect(200);
    assert_eq!((&told["outcome"], codes(&told)), (&json!("REJECT"), vec!["device_revoked"]), "{told}");
    assert!(told["reasons"][0]["message"].as_str().unwrap().contains("bind"), "{told}");
    assert_eq!((&told["session"], &told["device"]["trust_level"]), (&Value::Null, &json!("REVOKED")));

    // With it the device is theirs again.
    let answer = alice.login().saying(&owner.answers[1]).send().await.expect(200);
    assert_eq!(answer["outcome"], "ACCEPT", "{answer}");
    let device = &answer["device"];
    assert_eq!((&device["rebound"], &device["trust_level"]), (&json!(true), &json!("TRUSTED")));
    assert_eq!(adjustments(&answer), ["new_device"], "a revoked device is none that is trusted");
    let listed = alice.listed_device().await;
    assert_eq!((&listed["revoked_at"], &listed["revoked_because"]), (&Value::Null, &Value::Null));
    let now = json!(app.service.now());
    assert_eq!((&listed["bound_at"], &listed["last_verified_at"]), (&now, &now));
    assert_ne!(listed["bound_at"], bound["bound_at"]);
    let heard_again = vector(&alice).await;
    assert_ne!(heard_again, heard, "the signature vector is the newest accepted one");
    let mut told = alice.activity().await[..2].to_vec();
    told.sort();
    assert_eq!(told, ["device_rebound", "logged_in"]);

    // A key that somebody else may hold takes the password as well.
    alice.revoke_device("compromised").await;
    let answer = alice.login().saying(&owner.answers[2]).send().await.expect(200);
    assert_eq!((&answer["outcome"], &answer["step_up"]), (&json!("STEP_UP"), &json!("password")), "{answer}");
    assert_eq!(codes(&answer), ["password_needed", "device_revoked"]);
    assert_eq!(alice.listed_device().await["trust_level"], "REVOKED");
    assert_eq!(vector(&alice).await, heard_again, "nothing changes before the password");
    let lifted = alice.post(token(&answer), STEP_UP, &json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(lifted["step_up"], Value::Null);
    let listed = alice.listed_device().await;
    assert_eq!((&listed["trust_level"], &listed["revoked_at"]), (&json!("TRUSTED"), &Value::Null));
    assert_ne!(vector(&alice).await, heard_again);
    let told = alice.activity().await;
    assert_eq!(told.iter().filter(|kind| *kind == "device_rebound").count(), 2, "{told:?}");
}

async fn low_score_with_a_helpful_refusal(app: &App, [owner, stranger]: &[Voice; 2]) {
    let alice = Person::settle(app, "refused", owner).await;
    // The phone in other hands: nothing tells how near the voice came, and all is written down.
    let refused = alice.login().saying(&stranger.answers[0]).send().await.expect(200);
    assert_eq!(
        (&refused["outcome"], codes(&refused)),
        (&json!("REJECT"), vec!["not_recognised"]),
        "{refused}"
    );
    assert!(refused["reasons"][0]["message"].as_str().unwrap().contains("log in another way"), "{refused}");
    assert_eq!((&refused["session"], &refused["details"]), (&Value::Null, &Value::Null));
    let record = recorded(app, &refused).await;
    assert_eq!(record["reasons"], json!(["voice_differs"]));
    assert!(record["similarity"].as_f64().unwrap() < record["threshold"].as_f64().unwrap(), "{record}");
    assert_eq!(alice.activity().await[0], "login_rejected");

    // Too much noise is nobody's failure, and says what helps.
    let noisy = alice.login().saying(&owner.answers[1].in_noise()).send().await.expect(200);
    assert_eq!((&noisy["outcome"], codes(&noisy)), (&json!("INCONCLUSIVE"), vec!["too_noisy"]), "{noisy}");
    assert!(noisy["reasons"][0]["message"].as_str().unwrap().contains("quiet"), "{noisy}");
    assert_eq!(alice.activity().await[0], "login_rejected", "nothing new");

    let heard = alice.login().saying(&owner.answers[2]).send().await.expect(200);
    assert_eq!(heard["outcome"], "ACCEPT", "{heard}");
    assert_eq!(adjustments(&heard), ["trusted_device", "recent_failures"], "one failure, not two: {heard}");
    let failures = heard["details"]["adjustments"][1]["amount"].as_f64().unwrap();
    assert!((failures - 0.05 * 2f64.log10()).abs() < 1e-4, "{heard}");
}

/// Takes a configuration in which a model would be asked, and is not there.
async fn advisor_down(app: &App, [owner, _]: &[Voice; 2]) {
    let alice = Person::settle(app, "unadvised", owner).await;
    let answer = alice.login().saying(&owner.answers[1]).send().await.expect(200);
    assert_eq!((&answer["outcome"], codes(&answer)), (&json!("ACCEPT"), vec!["voice_matches"]), "{answer}");
    let advisor = &answer["details"]["advisor"];
    assert_eq!((&advisor["no_advice"], &advisor["effect"]), (&json!("unreachable"), &json!("none")));
    assert_eq!(recorded(app, &answer).await["advisor"], *advisor);
}

async fn new_device_with_a_higher_threshold(app: &App, [owner, _]: &[Voice; 2]) {
    let alice = Person::settle(app, "travelling", owner).await;
    let trusted = alice.login().saying(&owner.answers[1]).send().await.expect(200);
    let answer = alice.unsigned_login().saying(&owner.answers[2]).send().await.expect(200);
    assert_eq!((&answer["outcome"], &answer["step_up"]), (&json!("STEP_UP"), &json!("password")), "{answer}");
    assert_eq!((codes(&answer), &answer["device"]), (vec!["password_needed", "new_device"], &Value::Null));
    // How near the voice was is told to nobody who has not proven the rest.
    assert_eq!(answer["details"], Value::Null);
    let record = recorded(app, &answer).await;
    assert_eq!(
        (adjustments(&trusted), &trusted["details"]["threshold"]),
        (vec!["trusted_device"], &json!(0.7))
    );
    assert_eq!(record["adjustments"].as_object().unwrap().keys().collect::<Vec<_>>(), ["new_device"]);
    assert!((record["threshold"].as_f64().unwrap() - 0.8).abs() < 1e-6, "{record}");
    assert_eq!(alice.activity().await[0], "new_device");

    let read = || app.anonymous(Method::GET, ACTIVITY).key(token(&answer)).send();
    read().await.expect_problem(403, "step-up-needed");
    alice.post(token(&answer), STEP_UP, &json!({"password": PASSWORD})).await.expect(200);
    read().await.expect(200);
}

/// A configuration file as it is shipped, with a model that is not there.
fn without_its_advisor() -> Value {
    let gone = Ollama::start(Manner::Silent).gone();
    let mut file = shipped();
    merge(&mut file, &json!({"advisor": {"url": gone, "mode": "bounded", "timeout_ms": 20_000}}));
    file
}

mod on_sqlite {
    use super::*;

    #[tokio::test]
    async fn trusted_login() {
        let Some(people) = owner_and_stranger() else { return };
        super::trusted_login(&App::as_shipped().await, &people).await;
    }

    #[tokio::test]
    async fn revoke_and_rebind() {
        let Some(people) = owner_and_stranger() else { return };
        super::revoke_and_rebind(&App::as_shipped().await, &people).await;
    }

    #[tokio::test]
    async fn low_score_with_a_helpful_refusal() {
        let Some(people) = owner_and_stranger() else { return };
        super::low_score_with_a_helpful_refusal(&App::as_shipped().await, &people).await;
    }

    #[tokio::test]
    async fn advisor_down() {
        let Some(people) = owner_and_stranger() else { return };
        super::advisor_down(&App::with(without_its_advisor()).await, &people).await;
    }

    #[tokio::test]
    async fn new_device_with_a_higher_threshold() {
        let Some(people) = owner_and_stranger() else { return };
        super::new_device_with_a_higher_threshold(&App::as_shipped().await, &people).await;
    }
}

#[tokio::test]
async fn all_five_on_postgresql() {
    let Some(people) = owner_and_stranger() else { return };
    App::on_postgres_with(without_its_advisor(), async |app: &App| {
        trusted_login(app, &people).await;
        revoke_and_rebind(app, &people).await;
        low_score_with_a_helpful_refusal(app, &people).await;
        advisor_down(app, &people).await;
        new_device_with_a_higher_threshold(app, &people).await;
    })
    .await;
}

/// A one-time password steps up where the account has them, and the password does not stand in for it.
#[tokio::test]
async fn a_one_time_password_steps_up() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    let (generator, _) = with_totp(&app, &alice.sign_in().await).await;
    let answer = alice.unsigned_login().saying(&owner.answers[0]).send().await.expect(200);
    assert_eq!(
        (&answer["outcome"], &answer["step_up"]),
        (&json!("STEP_UP"), &json!("other_factor")),
        "{answer}"
    );
    let password = json!({"password": PASSWORD});
    alice.post(token(&answer), STEP_UP, &password).await.expect_problem(400, "invalid-request");
    // The code that confirmed the generator counts no more.
    app.clock.advance(SignedDuration::from_secs(30));
    let totp = json!({"totp": generator.code(&app)});
    alice.post(token(&answer), STEP_UP, &totp).await.expect(200);
    app.anonymous(Method::GET, ACTIVITY).key(token(&answer)).send().await.expect(200);
}
