//! Whoever tries names learns nothing: somebody who is enrolled and somebody whom nobody knows are answered alike.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use voicegate_service::config::merge;

use crate::app::{Answer, App, shipped};
use crate::person::{Attempt, Person};
use crate::signing::Signer;
use crate::voices::owner_and_stranger;

/// What an answer shows, without what is new in each.
fn shown(mut answer: Answer) -> (u16, BTreeMap<String, String>, Value) {
    let fresh = ["x-request-id", "content-length"];
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = if fresh.contains(&name.as_str()) { "…" } else { value.to_str().unwrap() };
        (name.to_string(), value.to_owned())
    });
    let headers = headers.collect();
    for fresh in ["audit_record", "request_id"] {
        if answer.body.get(fresh).is_some() {
            answer.body[fresh] = Value::Null;
        }
    }
    (answer.status.as_u16(), headers, answer.body)
}

#[tokio::test]
async fn a_name_that_is_enrolled_is_answered_like_one_that_is_not() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let mut file = shipped();
    merge(&mut file, &json!({"limits": {"units": 1000, "address_units": 100_000}}));
    let app = App::with(file).await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let nobodys = Signer::new(app.service.new_id());
    let forged = Signer::new(alice.device.device);
    let said = &stranger.short[0];
    let noisy = owner.answers[1].in_noise();
    for round in 0..30 {
        let [known, unknown] = ["alice", "nobody"].map(|name| {
            let attempt = || Attempt::unsigned(&app, name).from(9);
            match round % 6 {
                0 => attempt().saying(said),
                1 => attempt().by(&nobodys).saying(said),
                2 => attempt().by(&forged).saying(said),
                3 => attempt().saying_something_else(&stranger.short[1]),
                4 => attempt().saying(&noisy),
                _ => attempt(),
            }
        });
        let (known, unknown) = (known.send().await, unknown.send().await);
        assert_eq!(known.bytes.len(), unknown.bytes.len(), "round {round}");
        assert_eq!(shown(known), shown(unknown), "round {round}");
    }
}

/// Who has to wait does not tell either.
#[tokio::test]
async fn both_wait_alike() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::start().await;
    Person::join(&app, "alice", &owner).await;
    let mut answers = Vec::new();
    for name in ["alice", "nobody"] {
        for _ in 0..6 {
            let attempt = Attempt::unsigned(&app, name).from(9).saying(&stranger.short[0]);
            answers.push(shown(attempt.send().await));
        }
    }
    let unknown = answers.split_off(6);
    assert_eq!(answers, unknown);
    assert_eq!(answers[5].0, 429);
}
