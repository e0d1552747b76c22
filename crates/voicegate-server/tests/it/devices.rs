//! Devices: bound with a key that signs and a voice that is live, renamed, revoked, and bound again.

use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::with_totp;
use crate::answers::{codes, token};
use crate::app::{Answer, App, Form};
use crate::person::{Attempt, BIND, DEVICES, PASSWORD, Person, STEP_UP};
use crate::recordings::buzz;
use crate::signing::Signer;
use crate::voices::{Voice, owner_and_stranger};

impl<'a> Person<'a> {
    /// With another device, that is not bound.
    fn on_another_device(&self) -> Self {
        Self { app: self.app, name: self.name, device: Signer::new(self.app.service.new_id()) }
    }

    /// Binds the device.
    async fn binds(&self, key: &str, voice: &Voice) -> Value {
        self.binding(key).saying(&voice.answers[0]).send().await.expect(200)
    }

    /// Revokes the device, a second after all that was before.
    async fn revokes(&self, reason: &str) -> Answer {
        later(self.app);
        let body = json!({"user_id": self.name, "reason": reason});
        self.app.call(Method::POST, &format!("{}/revoke", self.path())).json(&body).send().await
    }

    fn path(&self) -> String {
        format!("{DEVICES}/{}", self.device.device)
    }

    async fn devices(&self) -> Vec<Value> {
        let listed = self.app.get(&format!("{DEVICES}?user_id={}", self.name)).await.expect(200);
        listed.as_array().unwrap().clone()
    }
}

/// The address that is signed.
fn uri() -> String {
    format!("http://voice.test{BIND}")
}

fn later(app: &App) {
    app.clock.advance(SignedDuration::from_secs(1));
}

/// The outcome, and where the device stands.
fn end(answer: &Value) -> (&str, Option<&str>) {
    (answer["outcome"].as_str().unwrap(), answer["device"]["trust_level"].as_str())
}

async fn list(app: &App, key: &str) -> Answer {
    app.anonymous(Method::GET, DEVICES).key(key).send().await
}

async fn refused(attempt: Attempt<'_>, status: u16, slug: &str) -> Value {
    attempt.send().await.expect_problem(status, slug)
}

/// L5
async fn a_life(app: &App, owner: &Voice) {
    let alice = Person::join(app, "alice", owner).await;
    let key = app.admin.clone();
    let bound = alice.binds(&key, owner).await;
    assert_eq!((end(&bound), codes(&bound)), (("ACCEPT", Some("TRUSTED")), vec!["voice_matches"]), "{bound}");
    let at = json!(app.service.now());
    let vector = bound["device"]["voice_signature_vector"].clone();
    assert!(vector["models"].as_array().is_some_and(|models| !models.is_empty()), "{vector}");
    let expected = json!({
        "device_id": alice.device.device, "device_name": "phone", "trust_level": "TRUSTED", "bound_at": at,
        "revoked_at": null, "revoked_because": null, "last_verified_at": at, "created_at": at,
        "voice_signature_vector": vector,
    });
    assert_eq!(bound["device"], expected);
    assert_eq!(alice.devices().await, [expected]);
    assert_eq!(alice.activity().await, ["device_bound"]);
    assert_eq!(app.profile("alice").await.expect(200)["last_verified_at"], at);
    refused(alice.binding(&key).saying(&owner.answers[0]), 409, "device-refused").await;

    let rename = |body: Value| app.call(Method::PATCH, &alice.path()).json(&body).send();
    let renamed = rename(json!({"user_id": "alice", "device_name": " old phone "})).await.expect(200);
    assert_eq!(renamed["device_name"], "old phone");
    rename(json!({"user_id": "alice", "device_name": "a\nb"})).await.expect_problem(400, "invalid-request");

    // A session that began with the device ends with it, others go on.
    let login = alice.login().saying(&owner.answers[1]).send().await.expect(200);
    let other = alice.sign_in().await;
    assert_eq!(list(app, token(&login)).await.expect(200)[0]["device_name"], "old phone");
    let revoked = alice.revokes("lost").await.expect(200);
    assert_eq!((&revoked["trust_level"], &revoked["revoked_because"]), (&json!("REVOKED"), &json!("lost")));
    assert_eq!(revoked["revoked_at"], json!(app.service.now()));
    list(app, token(&login)).await.expect_problem(401, "unauthenticated");
    list(app, &other).await.expect(200);
    alice.revokes("replaced").await.expect_problem(409, "device-refused");
    assert_eq!(alice.activity().await[0], "device_revoked");

    // The same id and key bind it again; their person needs no more than the voice.
    let rebound = alice.binds(&other, owner).await;
    assert_eq!(end(&rebound), ("ACCEPT", Some("TRUSTED")), "{rebound}");
    let device = &rebound["device"];
    assert_eq!((&device["revoked_at"], &device["revoked_because"]), (&Value::Null, &Value::Null));
    let now = json!(app.service.now());
    assert_eq!((&device["bound_at"], &device["last_verified_at"], &device["created_at"]), (&now, &now, &at));
    assert_eq!(alice.activity().await[0], "device_rebound");
    assert_eq!(app.audited("device").await, 5, "bound, refused, renamed, revoked, bound again");
}

#[tokio::test]
async fn a_device_is_bound_renamed_revoked_and_bound_again() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    a_life(&App::start().await, &owner).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    App::on_postgres(async |app: &App| a_life(app, &owner).await).await;
}

/// P8.1
#[tokio::test]
async fn what_no_key_signed_binds_nothing() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    let other = alice.on_another_device();
    let binding = || alice.binding(&app.admin).saying(&owner.answers[0]);

    refused(binding().with("public_key", other.device.jwk()), 401, "signature-refused").await;
    refused(binding().by(&other.device), 401, "signature-refused").await;
    let mut unsigned = binding().request().await;
    unsigned.signature.clear();
    unsigned.send(&app).await.expect_problem(401, "signature-refused");
    let late = binding().request().await;
    app.clock.advance(SignedDuration::from_secs(61));
    late.send(&app).await.expect_problem(401, "signature-refused");
    let (one, mut another) = (binding().request().await, binding().request().await);
    another.signature = one.signature.clone();
    another.send(&app).await.expect_problem(401, "signature-refused");
    let mut unrelated = binding().request().await;
    let signature = alice.device.sign("POST", &uri(), &unrelated.body, &"0".repeat(32), app.service.now());
    unrelated.signature = signature.to_vec();
    let problem = unrelated.send(&app).await.expect_problem(401, "signature-refused");
    assert_eq!(problem["detail"], "The signature's parameter nonce is malformed.");
    let mut private = alice.device.jwk();
    private["d"] = json!("AAAA");
    let problem = refused(binding().with("public_key", private), 400, "invalid-request").await;
    assert_eq!(problem["field"], "public_key");
    refused(binding().for_purpose("login"), 410, "challenge-refused").await;
    assert_eq!(alice.devices().await, [Value::Null; 0]);

    // A request that was captured is of no use, before and after.
    assert_eq!(end(&one.send(&app).await.expect(200)), ("ACCEPT", Some("TRUSTED")));
    one.send(&app).await.expect_problem(410, "challenge-refused");
    assert_eq!(alice.activity().await, ["device_bound"]);
}

#[tokio::test]
async fn only_the_living_voice_of_its_person_binds_a_device() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    let key = app.admin.clone();

    let answer = alice.binding(&key).saying_something_else(&owner.answers[0]).send().await.expect(200);
    assert_eq!((end(&answer), codes(&answer)), (("REJECT", None), vec!["wrong_words"]), "{answer}");
    let answer = alice.binding(&key).saying(&stranger.answers[0]).send().await.expect(200);
    assert_eq!((end(&answer), codes(&answer)), (("REJECT", None), vec!["voice_differs"]), "{answer}");
    assert_eq!(alice.devices().await, [Value::Null; 0]);

    // Noise is nobody's failure: the device waits, and the next attempt goes on.
    let noise = json!(BASE64_STANDARD.encode(buzz(0.3)));
    let waits = alice.binding(&key).with("audio", noise).send().await.expect(200);
    assert_eq!(end(&waits), ("INCONCLUSIVE", Some("PENDING")), "{waits}");
    let answer = alice.binding(&key).saying(&stranger.answers[0]).send().await.expect(200);
    assert_eq!(end(&answer), ("REJECT", Some("PENDING")));
    assert_eq!(end(&alice.binds(&key, &owner).await), ("ACCEPT", Some("TRUSTED")));
    assert_eq!(alice.devices().await.len(), 1);

    // Whoever goes on guessing waits.
    let guess = alice.on_another_device();
    for _ in 0..5 {
        let answer = guess.binding(&key).saying(&stranger.answers[0]).send().await.expect(200);
        assert_eq!(end(&answer), ("REJECT", None), "{answer}");
    }
    let waits = guess.binding(&key).saying(&owner.answers[0]).send().await;
    let seconds: u32 = waits.header("retry-after").unwrap().parse().unwrap();
    assert!((20..=30).contains(&seconds), "30 from the last failure, less the time to speak: {seconds}");
    waits.expect_problem(429, "too-many-attempts");
    assert_eq!(alice.activity().await, ["locked", "device_bound"]);
}

#[tokio::test]
async fn a_device_has_one_person_and_a_person_so_many_devices() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::with(json!({"devices": {"max_per_person": 2}})).await;
    let key = app.admin.clone();
    let alice = Person::settle(&app, "alice", &owner).await;
    let bob =
        Person { device: Signer::new(alice.device.device), ..Person::join(&app, "bob", &stranger).await };

    // Bob has neither her id nor her device.
    let hers = bob.sign_in().await;
    refused(bob.binding(&hers).saying(&stranger.answers[0]), 409, "device-refused").await;
    let call = |method, path: &str, body: Value| app.anonymous(method, path).key(&hers).json(&body).send();
    call(Method::PATCH, &alice.path(), json!({"device_name": "mine"})).await.expect_problem(404, "not-found");
    let revoke = format!("{}/revoke", alice.path());
    call(Method::POST, &revoke, json!({"reason": "lost"})).await.expect_problem(404, "not-found");
    let named = json!({"user_id": "alice", "reason": "lost"});
    call(Method::POST, &revoke, named).await.expect_problem(403, "somebody-else");
    assert_eq!(list(&app, &hers).await.expect(200), json!([]));
    assert_eq!(alice.listed_device().await["trust_level"], "TRUSTED");

    // A key has one id.
    let renumbered = Person { device: alice.device.with_id(Uuid::from_u128(7)), ..alice.on_another_device() };
    refused(renumbered.binding(&key).saying(&owner.answers[0]), 409, "device-refused").await;

    let (laptop, tablet) = (alice.on_another_device(), alice.on_another_device());
    assert_eq!(end(&laptop.binds(&key, &owner).await).0, "ACCEPT");
    let problem = refused(tablet.binding(&key).saying(&owner.answers[0]), 409, "device-refused").await;
    assert!(problem["detail"].as_str().unwrap().starts_with("2 devices are the most"), "{problem}");
    laptop.revokes("replaced").await.expect(200);
    assert_eq!(end(&tablet.binds(&key, &owner).await).0, "ACCEPT");
    refused(laptop.binding(&key).saying(&owner.answers[0]), 409, "device-refused").await;
    let mut levels: Vec<_> = alice.devices().await;
    levels.sort_by_key(|device| device["trust_level"].to_string());
    let levels: Vec<_> = levels.iter().map(|device| device["trust_level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["REVOKED", "TRUSTED", "TRUSTED"]);
}

#[tokio::test]
async fn a_key_that_somebody_else_may_hold_takes_the_password() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let (key, said) = (app.admin.clone(), &owner.answers[0]);
    let alice = Person::settle(&app, "alice", &owner).await;

    // A program is told, and then has to say that it knows the person.
    alice.revokes("compromised").await.expect(200);
    let asked = alice.binds(&key, &owner).await;
    assert_eq!(
        (end(&asked), &asked["step_up"]),
        (("STEP_UP", Some("REVOKED")), &json!("password")),
        "{asked}"
    );
    assert_eq!(codes(&asked), ["password_needed", "device_revoked"]);
    assert_eq!(alice.listed_device().await["trust_level"], "REVOKED");
    let vouched = alice.binding(&key).saying(said).with("factor_asserted", json!(true)).send().await;
    assert_eq!(end(&vouched.expect(200)), ("ACCEPT", Some("TRUSTED")));

    // A person gives it with the attempt,
    alice.revokes("compromised").await.expect(200);
    let session = alice.sign_in().await;
    let vouched = alice.binding(&session).saying(said).with("factor_asserted", json!(true));
    assert_eq!(refused(vouched, 400, "invalid-request").await["field"], "factor_asserted");
    let wrong = alice.binding(&session).saying(said).with("password", json!("a wrong password"));
    refused(wrong, 401, "wrong-credentials").await;
    assert_eq!(alice.listed_device().await["trust_level"], "REVOKED");
    let right = alice.binding(&session).saying(said).with("password", json!(PASSWORD)).send().await;
    assert_eq!(end(&right.expect(200)), ("ACCEPT", Some("TRUSTED")));

    // or afterwards, and until then their session does not count.
    alice.revokes("compromised").await.expect(200);
    assert_eq!(end(&alice.binds(&session, &owner).await), ("STEP_UP", Some("REVOKED")));
    list(&app, &session).await.expect_problem(403, "step-up-needed");
    later(&app);
    alice.post(&session, STEP_UP, &json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(list(&app, &session).await.expect(200)[0]["trust_level"], "TRUSTED");
    assert_eq!(alice.activity().await[0], "device_rebound");
}

/// P8.1. Where the account has one-time passwords, the password is not enough either.
#[tokio::test]
async fn a_key_that_somebody_else_may_hold_takes_the_one_time_password_too() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let session = alice.sign_in().await;
    let (generator, _) = with_totp(&app, &session).await;
    alice.revokes("compromised").await.expect(200);
    app.clock.advance(SignedDuration::from_secs(30));

    let attempt = alice.binding(&session).saying(&owner.answers[1]).with("password", json!(PASSWORD));
    let waits = attempt.send().await.expect(200);
    assert_eq!(
        (end(&waits), &waits["step_up"]),
        (("STEP_UP", Some("REVOKED")), &json!("other_factor")),
        "{waits}"
    );
    let again = alice.post(&session, STEP_UP, &json!({"password": PASSWORD})).await;
    again.expect_problem(400, "invalid-request");
    alice.post(&session, STEP_UP, &json!({"totp": generator.code(&app)})).await.expect(200);
    assert_eq!(alice.listed_device().await["trust_level"], "TRUSTED");
}

/// P8.1
#[tokio::test]
async fn the_voice_alone_binds_no_further_device() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let login = async || {
        let answer = alice.login().saying(&owner.answers[1]).send().await.expect(200);
        assert_eq!(answer["outcome"], "ACCEPT", "{answer}");
        token(&answer).to_owned()
    };
    let (laptop, tablet, watch) =
        (alice.on_another_device(), alice.on_another_device(), alice.on_another_device());

    let session = login().await;
    let asked = laptop.binds(&session, &owner).await;
    assert_eq!(
        (end(&asked), &asked["step_up"], codes(&asked)),
        (("STEP_UP", Some("PENDING")), &json!("password"), vec!["password_needed", "voice_alone"]),
        "{asked}"
    );
    list(&app, &session).await.expect_problem(403, "step-up-needed");
    alice.post(&session, STEP_UP, &json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(end(&laptop.binds(&session, &owner).await), ("ACCEPT", Some("TRUSTED")));

    let session = login().await;
    let with =
        |password: &str| tablet.binding(&session).saying(&owner.answers[0]).with("password", json!(password));
    refused(with("a wrong password"), 401, "wrong-credentials").await;
    assert_eq!(end(&with(PASSWORD).send().await.expect(200)), ("ACCEPT", Some("TRUSTED")));
    assert_eq!(end(&watch.binds(&app.admin, &owner).await), ("ACCEPT", Some("TRUSTED")));
}

/// P8.1
#[tokio::test]
async fn a_strangers_failures_keep_no_device_from_being_bound() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    let session = alice.sign_in().await;
    let guess = || alice.unsigned_login().from(9).saying(&stranger.short[0]).send();
    for _ in 0..5 {
        assert_eq!(guess().await.expect(200)["outcome"], "REJECT");
    }
    guess().await.expect_problem(429, "too-many-attempts");
    assert_eq!(end(&alice.binds(&session, &owner).await), ("ACCEPT", Some("TRUSTED")));
    let laptop = alice.on_another_device();
    assert_eq!(end(&laptop.binds(&app.admin, &owner).await), ("ACCEPT", Some("TRUSTED")));
}

/// A form is the same request as JSON.
#[tokio::test]
async fn a_device_is_bound_with_a_form() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    let asked = alice.binding(&app.admin).saying(&owner.answers[0]).request().await;
    let json: Value = serde_json::from_slice(&asked.body).unwrap();
    let challenge = json["challenge_id"].as_str().unwrap();
    let form = Form::new()
        .text("user_id", "alice")
        .text("challenge_id", challenge)
        .text("device_name", "Zoë's phone")
        .text("public_key", &alice.device.jwk().to_string())
        .text("factor_asserted", "false")
        .audio("audio", "words.wav", &owner.answers[0].wav());
    let signed = alice.device.sign("POST", &uri(), &form.body(), challenge, app.service.now());
    let call = app.call(Method::POST, BIND).header("host", "voice.test");
    let call = signed.into_iter().fold(call, |call, (name, value)| call.header(name.as_str(), value));
    let answer = call.body(&form.content_type(), form.body()).send().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        (end(&answer.body), &answer.body["device"]["device_name"]),
        (("ACCEPT", Some("TRUSTED")), &json!("Zoë's phone"))
    );
}
