//! What is kept of attempts: recordings are known again whoever's voice was claimed, and places are not kept in records.

use serde_json::{Value, json};

use crate::answers::recorded;
use crate::app::App;
use crate::person::{Attempt, Person};
use crate::voices::owner_and_stranger;

/// A comparison that is made for people who are here alone would tell who they are by its time.
#[tokio::test]
async fn a_recording_that_comes_again_is_known_of_nobody_as_well() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::as_shipped().await;
    Person::join(&app, "alice", &owner).await;
    for name in ["alice", "nobody"] {
        for is_new in [true, false] {
            let attempt = Attempt::unsigned(&app, name).saying(&stranger.short[0]);
            let record = recorded(&app, &attempt.send().await.expect(200)).await;
            assert_eq!(record["liveness"]["recording_is_new"], is_new, "{name}: {record}");
        }
    }
}

/// The recordings in each lane, the person's own first.
async fn lanes(app: &App) -> [i64; 2] {
    let mut counts = [0; 2];
    for (count, lane) in counts.iter_mut().zip(["own", "others"]) {
        let sql = format!("SELECT COUNT(*) FROM attempt_fingerprints WHERE lane LIKE '%/{lane}'");
        *count = sqlx::Row::get(&app.sql(&sql).await[0], 0);
    }
    counts
}

#[tokio::test]
async fn what_others_say_is_kept_beside_what_the_person_said() {
    let Some([owner, stranger]) = owner_and_stranger() else { return };
    let app = App::as_shipped().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let [own, others] = lanes(&app).await;
    assert!(own > 0 && others == 0, "of enrolling and binding: {own}, {others}");
    Attempt::unsigned(&app, "alice").saying(&stranger.short[0]).send().await.expect(200);
    assert_eq!(lanes(&app).await, [own, 1]);
    let accepted = alice.login().saying(&owner.answers[1]).send().await.expect(200);
    assert_eq!(accepted["outcome"], "ACCEPT");
    assert_eq!(lanes(&app).await, [own + 1, 1]);
    let rejected = alice.login().saying(&stranger.short[1]).send().await.expect(200);
    assert_eq!(rejected["outcome"], "REJECT");
    assert_eq!(lanes(&app).await, [own + 2, 1], "her device signed it");
}

#[tokio::test]
async fn where_a_login_came_from_is_remembered_and_in_no_record() {
    let Some([owner, _]) = owner_and_stranger() else { return };
    let app = App::start().await;
    let alice = Person::settle(&app, "alice", &owner).await;
    let unknown = |record: &Value| {
        let not_measured = record["risk"]["not_measured"].as_array().unwrap();
        not_measured.iter().any(|factor| factor["factor"] == json!("new_network"))
    };
    for is_first in [true, false] {
        let spoken = &owner.answers[if is_first { 1 } else { 2 }];
        let answer = alice.login().from(9).saying(spoken).send().await.expect(200);
        assert_eq!(answer["outcome"], "ACCEPT", "{answer}");
        let record = recorded(&app, &answer).await;
        assert_eq!(unknown(&record), is_first, "{record}");
        assert_eq!(record["remembered"], Value::Null);
        assert!(!record.to_string().contains("coordinates"), "{record}");
    }
    app.revoke("alice").await;
    assert!(app.sql("SELECT 1 FROM login_history").await.is_empty());
}
