//! SIGKILL at any moment loses no acknowledged enrolment.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::signal::wav;
use crate::support::{ALICE, Sandbox};

const ROUNDS: u64 = 12;

#[test]
fn no_acknowledged_enrolment_is_lost() {
    let sandbox = Sandbox::new();
    let samples: Vec<Value> =
        (1..=3).map(|take| json!({"audio": BASE64_STANDARD.encode(wav(ALICE, 2.6, take))})).collect();
    let (mut key, next) = (None, AtomicUsize::new(0));
    let acknowledged = Mutex::new(Vec::new());
    for round in 0..ROUNDS {
        let mut server = sandbox.serve("data");
        key = key.or(server.key.clone());
        let secret = key.clone().unwrap();
        let (address, agent) = (server.address.clone(), server.agent.clone());
        let enroll = || {
            loop {
                let user = format!("user-{}", next.fetch_add(1, Ordering::Relaxed));
                let answer = agent
                    .post(format!("{address}/api/v1/voice/auth/enroll-biometric"))
                    .header("Authorization", format!("Bearer {secret}"))
                    .send_json(json!({"user_id": user, "samples": samples}));
                // An answer that did not come through whole acknowledges nothing.
                let Ok(answer) = answer.and_then(|mut a| a.body_mut().read_json::<Value>()) else { return };
                assert_eq!(answer["outcome"], "ACCEPT", "{answer}");
                acknowledged.lock().unwrap().push(user);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(enroll);
            scope.spawn(enroll);
            // A different moment each time, spread over the phases of an enrolment.
            std::thread::sleep(Duration::from_millis(500 + round * 137 % 500));
            server.kill();
        });
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(
        acknowledged.len() >= ROUNDS as usize / 2,
        "only {} enrolments were acknowledged",
        acknowledged.len()
    );

    let server = sandbox.serve("data");
    let secret = key.unwrap();
    let mut lost = Vec::new();
    for i in 0..next.into_inner() {
        let user = format!("user-{i}");
        let (status, profile) = server.get(&format!("/api/v1/voice/auth/profile/{user}/biometric"), &secret);
        let whole = status == 200 && profile["status"] == "active" && profile["models"][0]["samples"] == 3;
        // What was not acknowledged is there as a whole or not at all.
        if !whole && (acknowledged.contains(&user) || status != 404) {
            lost.push(format!("{user}: {status} {profile}"));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    let (status, audit) = server.get("/api/v1/voice/audit/verify", &secret);
    assert!(status == 200 && audit["breach"].is_null(), "{status} {audit}");
    assert!(audit["records"].as_u64().unwrap() >= acknowledged.len() as u64);
    drop(server);
    sandbox.run(&["audit", "verify"]).expect(0);
    let attempt = sandbox.voice("attempt.wav", ALICE, 7);
    let last = acknowledged.last().unwrap();
    sandbox.run(&["verify", "--user", last, attempt.to_str().unwrap()]).expect(0);
}
