//! What failed logins cost, and whom.

use jiff::SignedDuration;
use serde_json::json;
use voicegate_service::config::merge;

use crate::answers::adjustments;
use crate::app::{Answer, App, retry_after, shipped};
use crate::person::{Attempt, Person};
use crate::signing::Signer;
use crate::voices::{Voice, owner_and_stranger};

/// A rejected login as `name`, without a device, from 198.51.100.`host`: the right words in a wrong voice.
async fn fail(app: &App, name: &str, host: u8, stranger: &Voice) {
    let answer = try_as(app, name, host, stranger).await.expect(200);
    assert_eq!(answer["outcome"], "REJECT", "{answer}");
}

async fn try_as(app: &App, name: &str, host: u8, stranger: &Voice) -> Answer {
    Attempt::unsigned(app, name).from(host).saying(&stranger.short[0]).send().await
}

fn waits(answer: Answer, seconds: &str) {
    assert_eq!(retry_after(&answer), Some(seconds));
    answer.expect_problem(429, "too-many-attempts");
}

#[tokio::test]
async fn a_stranger_waits_longer_and_longer_and_the_owner_not_at_all() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    // Naming her device does not make it hers that fails.
    let forged = Signer::new(alice.device.device);
    let attempt = Attempt::unsigned(&app, "alice").from(9).by(&forged).saying(&stranger.answers[0]);
    assert_eq!(attempt.send().await.expect(200)["outcome"], "REJECT");
    for _ in 0..4 {
        fail(&app, "alice", 9, &stranger).await;
    }
    let mut told = alice.activity().await[..2].to_vec();
    told.sort();
    assert_eq!(told, ["locked", "login_rejected"]);
    // The challenge before the attempt takes five of the seconds.
    waits(try_as(&app, "alice", 9, &stranger).await, "25");
    app.clock.advance(SignedDuration::from_secs(20));
    fail(&app, "alice", 9, &stranger).await;
    waits(try_as(&app, "alice", 9, &stranger).await, "55");
    // It is her whom they may not try, from wherever they come; not the others of this address.
    waits(try_as(&app, "alice", 10, &stranger).await, "50");
    fail(&app, "robert", 9, &stranger).await;

    // She is in at once, with the device that is hers, from wherever she comes.
    let answer = alice.login().from(9).saying(&owner.answers[1]).send().await.expect(200);
    assert_eq!(answer["outcome"], "ACCEPT", "{answer}");
    assert_eq!(adjustments(&answer), ["trusted_device"], "nor does she need a better voice for it");
    // Which does not let the stranger in sooner.
    waits(try_as(&app, "alice", 9, &stranger).await, "35");
}

#[tokio::test]
async fn a_living_voice_with_the_right_words_fails_at_half_the_price() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let mut file = shipped();
    merge(&mut file, &json!({"spoofing": {"duplicates": {"refuse": false}}}));
    let app = App::with(file).await;
    let alice = Person::join(&app, "alice", &owner).await;
    for failures in 1..=10 {
        fail(&app, "alice", 9, &stranger).await;
        let told = alice.activity().await.iter().filter(|kind| *kind == "locked").count();
        assert_eq!(told, usize::from(failures == 10), "{failures}");
    }
    waits(try_as(&app, "alice", 9, &stranger).await, "25");
}

#[tokio::test]
async fn what_could_not_be_heard_costs_nothing() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::join(&app, "alice", &owner).await;
    for _ in 0..4 {
        fail(&app, "alice", 9, &stranger).await;
    }
    for _ in 0..8 {
        let attempt = alice.unsigned_login().from(9).saying(&owner.short[0].in_noise());
        let answer = attempt.send().await.expect(200);
        assert_eq!(answer["outcome"], "INCONCLUSIVE", "{answer}");
    }
    fail(&app, "alice", 9, &stranger).await;
    waits(try_as(&app, "alice", 9, &stranger).await, "25");
}

#[tokio::test]
async fn an_address_that_goes_through_names_waits_by_itself() {
    let Some([_, stranger]) = owner_and_stranger() else { return };
    let app = App::with(json!({"limits": {"address_units": 6}})).await;
    for name in ["alice", "robert", "carol"] {
        fail(&app, name, 9, &stranger).await;
    }
    waits(try_as(&app, "dave", 9, &stranger).await, "25");
    fail(&app, "dave", 10, &stranger).await;
}
