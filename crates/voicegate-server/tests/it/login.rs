//! Logging in over HTTP: what is signed counts once, for this person, on this device; and what the session is good for.

use axum::http::{HeaderName, Method};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use voicegate_core::access::Scope;

use crate::answers::{codes, recorded, token};
use crate::app::{Answer, App};
use crate::configuration::futures_join;
use crate::person::{PASSWORD, Person, RESCORE, STEP_UP, SignedRequest};
use crate::signing::Signer;
use crate::voices::{Spoken, Voice, owner_and_stranger};

const SESSIONS: &str = "/api/v1/sessions";

/// Replaces a header of a signature.
fn change(request: &mut SignedRequest, name: &str, by: impl Fn(&str) -> String) {
    let found =
        request.signature.iter_mut().find(|(header, _)| *header == HeaderName::try_from(name).unwrap());
    let (_, value) = found.unwrap();
    *value = by(value.to_str().unwrap()).try_into().unwrap();
}

#[tokio::test]
async fn a_captured_login_is_worth_nothing() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::as_shipped().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let captured = alice.login().saying(&owner.answers[1]).request().await;
    assert_eq!(captured.send(&app).await.expect(200)["outcome"], "ACCEPT");
    captured.send(&app).await.expect_problem(410, "challenge-refused");
    // Nor is what was never used, once it is old.
    let kept = alice.login().saying(&owner.answers[2]).request().await;
    app.clock.advance(SignedDuration::from_secs(61));
    kept.send(&app).await.expect_problem(401, "signature-refused");
}

#[tokio::test]
async fn of_a_hundred_parallel_uses_one_is_judged() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    // By a device that is bound, whose attempts under way are counted, and by none.
    for attempt in [alice.login(), alice.unsigned_login()] {
        let request = attempt.saying(&owner.answers[1]).request().await;
        let before = app.audited("login").await;
        let answers = futures_join((0..100).map(|_| request.send(&app))).await;
        let with = |status: u16| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
        assert_eq!(with(200), 1);
        assert_eq!(with(410) + with(429), 99);
        assert_eq!(app.audited("login").await - before, 100, "each leaves a trace");
    }
    let answer = alice.login().saying(&owner.answers[2]).send().await.expect(200);
    assert_eq!(answer["outcome"], "ACCEPT", "and nobody has to wait for it: {answer}");
}

#[tokio::test]
async fn nothing_of_a_signed_login_can_be_changed() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let request = async || alice.login().saying(&owner.answers[1]).request().await;

    // What shows before anything is looked up is refused at once.
    let mut body = request().await;
    body.body.push(b' ');
    body.send(&app).await.expect_problem(401, "signature-refused");
    for (what, by) in [("nonce=\"", "00000000"), (";created=", "1500000000")] {
        let mut changed = request().await;
        change(&mut changed, "signature-input", |input| {
            let (before, rest) = input.split_once(what).unwrap();
            format!("{before}{what}{by}{}", &rest[by.len()..])
        });
        changed.send(&app).await.expect_problem(401, "signature-refused");
    }
    let another = request().await;
    let swapped = SignedRequest { signature: another.signature, ..request().await };
    swapped.send(&app).await.expect_problem(401, "signature-refused");

    // What takes the key of the device to see is a rejection.
    let mut digest = request().await;
    digest.body.push(b' ');
    let hash = BASE64_STANDARD.encode(Sha256::digest(&digest.body));
    change(&mut digest, "content-digest", |_| format!("sha-256=:{hash}:"));
    let mut later = request().await;
    change(&mut later, "signature-input", |input| {
        let created = format!(";created={}", app.service.now().as_second());
        assert!(input.contains(&created), "{input}");
        input.replace(&created, &format!(";created={}", app.service.now().as_second() + 1))
    });
    let mut elsewhere = request().await;
    elsewhere.path.push('?');
    for changed in [digest, later, elsewhere] {
        let answer = changed.send(&app).await.expect(200);
        assert_eq!(
            (&answer["outcome"], codes(&answer)),
            (&json!("REJECT"), vec!["not_recognised"]),
            "{answer}"
        );
        assert_eq!(recorded(&app, &answer).await["reasons"], json!(["wrong_signature"]));
    }
}

#[tokio::test]
async fn a_device_speaks_for_its_own_person_alone() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let robert = Person::settle(&app, "robert", &stranger).await;
    // Another person's device is worth as much as none.
    let answer = alice.login().by(&robert.device).saying(&owner.answers[1]).send().await.expect(200);
    assert_eq!((&answer["outcome"], &answer["device"]), (&json!("STEP_UP"), &Value::Null), "{answer}");
    // Another key in the name of hers is an attack.
    let forged = Signer::new(alice.device.device);
    let answer = alice.login().by(&forged).saying(&owner.answers[1]).send().await.expect(200);
    assert_eq!((&answer["outcome"], &answer["device"]), (&json!("REJECT"), &Value::Null), "{answer}");
    assert_eq!(recorded(&app, &answer).await["reasons"], json!(["wrong_signature"]));
}

#[tokio::test]
async fn a_challenge_is_for_this_login_and_this_minute() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::with(json!({"devices": {"signature_max_age_s": 600}})).await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let said = &owner.answers[1];
    let late = alice.login().saying(said).request().await;
    app.clock.advance(SignedDuration::from_secs(61));
    late.send(&app).await.expect_problem(410, "challenge-refused");
    for purpose in ["verify", "enroll", "bind", "rebind"] {
        let answer = alice.login().for_purpose(purpose).saying(said).send().await;
        answer.expect_problem(410, "challenge-refused");
    }
    // Given out for the device, and answered without it.
    let stripped = SignedRequest { signature: vec![], ..alice.login().saying(said).request().await };
    stripped.send(&app).await.expect_problem(410, "challenge-refused");
    // Words that nobody asked for.
    let wrong = alice.login().saying_something_else(said).send().await.expect(200);
    assert_eq!((&wrong["outcome"], codes(&wrong)), (&json!("REJECT"), vec!["wrong_words"]), "{wrong}");
}

#[tokio::test]
async fn only_a_program_with_a_key_vouches_for_a_factor() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    let vouched = |key: Option<&str>| {
        let attempt = alice.unsigned_login().saying(&owner.answers[1]).with("factor_asserted", json!(true));
        match key {
            Some(key) => attempt.key(key),
            None => attempt,
        }
        .send()
    };
    let problem = vouched(None).await.expect_problem(400, "invalid-request");
    assert_eq!(problem["field"], "factor_asserted");
    let session = alice.sign_in().await;
    assert_eq!(vouched(Some(&session)).await.expect(400)["field"], "factor_asserted");
    vouched(Some(&app.key(&[Scope::Verify]).await)).await.expect_problem(403, "forbidden");
    let answer = vouched(Some(&app.key(&[Scope::Login]).await)).await.expect(200);
    assert_eq!((&answer["outcome"], &answer["step_up"]), (&json!("ACCEPT"), &Value::Null), "{answer}");
}

#[tokio::test]
async fn a_session_that_lacks_a_proof_does_nothing_else() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    let answer = alice.unsigned_login().saying(&owner.answers[0]).send().await.expect(200);
    assert_eq!(answer["outcome"], "STEP_UP", "{answer}");
    let call = |method: Method, path: &str| app.anonymous(method, path).key(token(&answer));
    let refused = |answer: Answer| answer.expect_problem(403, "step-up-needed");
    for path in ["/api/v1/activity", "/api/v1/voice/auth/devices"] {
        refused(call(Method::GET, path).send().await);
    }
    refused(call(Method::DELETE, SESSIONS).send().await);
    for path in ["/api/v1/sessions/renew", "/api/v1/accounts/password", "/api/v1/accounts/totp"] {
        refused(call(Method::POST, path).json(&json!({})).send().await);
    }
    let bind = alice.binding(token(&answer)).saying(&owner.answers[1]);
    refused(bind.send().await);
    alice.post(token(&answer), STEP_UP, &json!({"password": "not this one"})).await.expect(401);
    refused(call(Method::GET, "/api/v1/activity").send().await);
    let listed = call(Method::GET, SESSIONS).send().await.expect(200);
    assert_eq!(listed[0]["step_up"], "password");
    let own = format!("{SESSIONS}/{}", answer["session"]["session_id"].as_str().unwrap());
    call(Method::DELETE, &own).send().await.expect(204);
    call(Method::GET, SESSIONS).send().await.expect_problem(401, "unauthenticated");
}

/// L11
#[tokio::test]
async fn a_session_goes_on_while_its_person_speaks() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let login = alice.login().saying(&owner.answers[1]).send().await.expect(200);
    let token = token(&login);
    let hear = async |spoken: &Spoken| {
        let body = json!({"audio": BASE64_STANDARD.encode(spoken.wav())});
        alice.post(token, RESCORE, &body).await.expect(200)
    };
    for spoken in &owner.answers {
        let heard = hear(spoken).await;
        assert_eq!(heard["step_up"], Value::Null, "{heard}");
    }
    let noisy = hear(&owner.answers[0].in_noise()).await;
    assert_eq!((&noisy["step_up"], codes(&noisy)), (&Value::Null, vec!["too_noisy"]), "{noisy}");

    // Somebody else takes over.
    let mut utterances = 0;
    let fallen = loop {
        utterances += 1;
        let heard = hear(&stranger.answers[utterances % 2]).await;
        if heard["step_up"] != Value::Null {
            break heard;
        }
        assert!(utterances < 3, "{heard}");
    };
    assert_eq!(fallen["step_up"], "live_challenge");
    assert_eq!(fallen["confidence"], Value::Null, "{fallen}");
    let read = || app.anonymous(Method::GET, "/api/v1/activity").key(token).send();
    read().await.expect_problem(403, "step-up-needed");
    // The voice alone does not lift it, nor do the stranger's words or the password; the person's words do.
    let body = json!({"audio": BASE64_STANDARD.encode(owner.answers[0].wav())});
    alice.post(token, RESCORE, &body).await.expect_problem(400, "invalid-request");
    alice.post(token, STEP_UP, &json!({"password": PASSWORD})).await.expect_problem(400, "invalid-request");
    let live =
        async |attempt: crate::person::Attempt<'_>| attempt.send().await.expect(200)["step_up"].clone();
    assert_eq!(live(alice.rescore(token).saying(&stranger.answers[0])).await, "live_challenge");
    assert_eq!(live(alice.rescore(token).saying_something_else(&owner.answers[0])).await, "live_challenge");
    assert_eq!(live(alice.rescore(token).saying(&owner.answers[1])).await, Value::Null);
    read().await.expect(200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_left_and_after_half_a_day() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let login = async |voice: &Voice| {
        let answer = alice.login().saying(&voice.answers[1]).send().await.expect(200);
        assert_eq!(answer["session"]["idle_s"], 1800, "{answer}");
        token(&answer).to_owned()
    };
    let session =
        async |token: &str| app.anonymous(Method::GET, SESSIONS).key(token).send().await.status.as_u16();
    let left = login(&owner).await;
    app.clock.advance(SignedDuration::from_mins(29));
    assert_eq!(session(&left).await, 200);
    app.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(session(&left).await, 401);

    let busy = login(&owner).await;
    for _ in 0..28 {
        app.clock.advance(SignedDuration::from_mins(25));
        assert_eq!(session(&busy).await, 200);
    }
    app.clock.advance(SignedDuration::from_mins(20));
    assert_eq!(session(&busy).await, 401, "12 hours are over");
}
