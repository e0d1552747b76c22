//! Further audio in a session is no place to practise a voice.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::answers::token;
use crate::app::App;
use crate::person::{Person, RESCORE};
use crate::voices::owner_and_stranger;

/// L11, P8.1
#[tokio::test]
async fn a_stranger_who_speaks_in_a_session_waits_like_one_who_logs_in() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let login = alice.login().saying(&owner.answers[1]).send().await.expect(200);
    let token = token(&login);
    let mut fallen = false;
    let mut tries = 0;
    let waits = loop {
        let answer = alice.rescore(token).saying(&stranger.answers[tries % 2]).send().await;
        if answer.status.as_u16() == 429 {
            break answer;
        }
        let heard = answer.expect(200);
        fallen |= heard["step_up"] != Value::Null;
        // How near they came is told to nobody whose session does not count.
        assert_eq!(heard["confidence"].is_null(), heard["step_up"] != Value::Null, "{heard}");
        tries += 1;
        assert!(tries <= 10, "{heard}");
    };
    assert!(fallen && tries >= 5, "{tries}");
    waits.expect_problem(429, "too-many-attempts");
}

/// L11, P8.1
#[tokio::test]
async fn a_session_that_waits_hears_the_words_of_a_challenge_alone() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    let session = alice.sign_in().await;
    let fallen = alice.rescore(&session).saying_something_else(&stranger.answers[0]).send().await.expect(200);
    assert_eq!((&fallen["step_up"], &fallen["confidence"]), (&json!("live_challenge"), &Value::Null));
    let body = json!({"audio": BASE64_STANDARD.encode(owner.answers[0].wav())});
    alice.post(&session, RESCORE, &body).await.expect_problem(400, "invalid-request");
    // What could not be judged costs nothing, and the person speaks on.
    for _ in 0..6 {
        let unknown = json!({"audio": body["audio"], "challenge_id": "0".repeat(32)});
        alice.post(&session, RESCORE, &unknown).await.expect_problem(410, "challenge-refused");
    }
    let counts = alice.rescore(&session).saying(&owner.answers[1]).send().await.expect(200);
    assert_eq!(counts["step_up"], Value::Null, "{counts}");
    assert!(counts["confidence"].as_f64().is_some(), "{counts}");
}
