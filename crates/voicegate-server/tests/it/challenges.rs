//! P5.2: challenges are given out, bound, and answered once.

use axum::http::Method;
use serde_json::{Value, json};
use voicegate_core::PersonId;
use voicegate_core::access::Scope;
use voicegate_core::challenge::{ChallengeId, Purpose, Refusal};
use voicegate_service::ServiceError;

use crate::app::{Answer, App, CONFIG};
use crate::configuration::futures_join;

const CHALLENGE: &str = "/api/v1/voice/auth/challenge";

async fn ask(app: &App, body: &Value) -> Answer {
    app.call(Method::POST, CHALLENGE).json(body).send().await
}

async fn issue(app: &App, user: &str) -> Value {
    ask(app, &json!({"user_id": user, "purpose": "login", "device_id": "phone-7"})).await.expect(201)
}

fn id(issued: &Value) -> ChallengeId {
    issued["challenge_id"].as_str().unwrap().parse().unwrap()
}

/// What redeeming comes to: the words, or why not.
async fn redeem(
    app: &App,
    id: ChallengeId,
    user: &str,
    device: Option<&str>,
    purpose: Purpose,
) -> Result<Vec<String>, Refusal> {
    match app.service.redeem_challenge(&id, &PersonId::new(user).unwrap(), device, purpose).await {
        Ok(challenge) => Ok(challenge.prompt.words),
        Err(ServiceError::Challenge(refusal)) => Err(refusal),
        Err(other) => panic!("{other:?}"),
    }
}

async fn login(app: &App, issued: &Value) -> Result<Vec<String>, Refusal> {
    redeem(app, id(issued), "alice", Some("phone-7"), Purpose::Login).await
}

async fn story(app: &App) {
    app.begin_profile("alice").await;
    let issued = issue(app, "alice").await;
    assert_eq!((issued["ttl_s"].as_u64(), &issued["expires_at"]), (Some(60), &json!("2026-01-01T12:01:00Z")));
    let prompt = &issued["prompt"];
    assert_eq!((prompt["kind"].as_str(), prompt["language"].as_str()), (Some("digits"), Some("en")));
    let words: Vec<String> = serde_json::from_value(prompt["words"].clone()).unwrap();
    let shown: Vec<&str> = prompt["display"].as_str().unwrap().split(' ').collect();
    assert_eq!((words.len(), shown.len()), (8, 8));
    assert!(shown.iter().all(|digit| digit.len() == 1 && digit.parse::<u8>().is_ok()), "{shown:?}");

    assert_eq!(login(app, &issued).await, Ok(words));
    assert_eq!(login(app, &issued).await, Err(Refusal::Expired), "once");

    // Whoever guesses burns it.
    for (user, device, purpose, refusal) in [
        ("bob", Some("phone-7"), Purpose::Login, Refusal::OtherPerson),
        ("alice", Some("laptop"), Purpose::Login, Refusal::OtherDevice),
        ("alice", None, Purpose::Login, Refusal::OtherDevice),
        ("alice", Some("phone-7"), Purpose::Verify, Refusal::OtherPurpose),
    ] {
        let issued = issue(app, "alice").await;
        assert_eq!(redeem(app, id(&issued), user, device, purpose).await, Err(refusal));
        assert_eq!(login(app, &issued).await, Err(Refusal::Expired));
    }

    // Of many at once one wins.
    let issued = issue(app, "alice").await;
    let outcomes = futures_join((0..100).map(|_| login(app, &issued))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);

    // The newest stay open.
    let mut many = Vec::new();
    for _ in 0..6 {
        many.push(issue(app, "alice").await);
        app.clock.advance(jiff::SignedDuration::from_secs(1));
    }
    assert_eq!(login(app, &many[0]).await, Err(Refusal::Expired));
    for issued in &many[1..] {
        assert!(login(app, issued).await.is_ok());
    }

    let late = issue(app, "alice").await;
    app.clock.advance(jiff::SignedDuration::from_secs(60));
    assert_eq!(login(app, &late).await, Err(Refusal::Expired));

    let open = issue(app, "alice").await;
    app.revoke("alice").await.expect(200);
    assert_eq!(login(app, &open).await, Err(Refusal::Expired));
}

#[tokio::test]
async fn the_story_on_sqlite() {
    story(&App::start().await).await;
}

#[tokio::test]
async fn the_story_on_postgresql() {
    App::on_postgres(story).await;
}

/// The shape of a value: its members and their types, without what they hold.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(items) => Value::Array(items.iter().map(shape).collect()),
        Value::String(_) => "text".into(),
        Value::Number(number) => Value::Number(number.clone()),
        other => other.clone(),
    }
}

#[tokio::test]
async fn whether_somebody_is_enrolled_does_not_show() {
    let app = App::start().await;
    app.begin_profile("alice").await;
    app.begin_profile("carol").await;
    app.revoke("carol").await.expect(200);
    let names = |answer: &Answer| {
        let mut names: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort_unstable();
        names
    };
    let body = |user: &str| json!({"user_id": user, "purpose": "verify"});
    let known = ask(&app, &body("alice")).await;
    for user in ["stranger", "carol"] {
        let unknown = ask(&app, &body(user)).await;
        assert_eq!((unknown.status, names(&unknown)), (known.status, names(&known)));
        let length = |answer: &Answer| answer.bytes.len() - answer.body["prompt"]["words"].to_string().len();
        assert_eq!((shape(&unknown.body), length(&unknown)), (shape(&known.body), length(&known)));
        let redeemed = redeem(&app, id(&unknown.body), user, None, Purpose::Verify).await;
        assert!(redeemed.is_ok(), "a login tells nothing by its challenge: {redeemed:?}");
        let again = redeem(&app, id(&unknown.body), user, None, Purpose::Verify).await;
        assert_eq!(again, Err(Refusal::Expired));
    }
    assert!(redeem(&app, id(&known.body), "alice", None, Purpose::Verify).await.is_ok());
    let left = app.sql("SELECT 1 FROM challenges").await;
    assert!(left.is_empty(), "what was redeemed is gone, whoever it was for");
}

#[tokio::test]
async fn wrong_requests_name_what_is_wrong() {
    let app = App::start().await;
    for (wrong, field, detail) in [
        (json!({"purpose": "verify"}), Some("user_id"), "say whom the request is about"),
        (json!({"user_id": "../x", "purpose": "verify"}), Some("user_id"), "letters"),
        (json!({"user_id": "a", "purpose": "party"}), Some("purpose"), "unknown variant"),
        (json!({"user_id": "a", "purpose": "verify", "kind": "poem"}), Some("kind"), "unknown variant"),
        (json!({"user_id": "a", "purpose": "verify", "device_id": ""}), Some("device_id"), "1 to 128"),
        (json!({"user_id": "a", "purpose": "verify", "device_id": "ü"}), Some("device_id"), "1 to 128"),
        (json!({"user_id": "a", "purpose": "verify", "language": "tlh"}), Some("language"), "supported: en."),
        (json!({"user_id": "a", "purpose": "verify", "length": 6}), Some("length"), "at least 7 are needed"),
        (json!({"user_id": "a", "purpose": "verify", "length": 17}), Some("length"), "at most 16"),
        (json!({"user_id": "a", "purpose": "verify", "words": ["one"]}), Some("words"), "unknown field"),
    ] {
        let problem = ask(&app, &wrong).await.expect_problem(400, "invalid-request");
        assert_eq!(problem["field"].as_str(), field, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
    let body = json!({"user_id": "a", "purpose": "verify"});
    let call = |name: &'static str, value: &'static str| {
        app.call(Method::POST, CHALLENGE).header(name, value).json(&body).send()
    };
    let problem = call("accept-language", "de, fr;q=0.5").await.expect_problem(400, "invalid-request");
    assert_eq!(problem["field"], "Accept-Language");
    call("accept-language", "de, en;q=0.5").await.expect(201);
    call("idempotency-key", "k").await.expect_problem(400, "invalid-request");
    let key = app.key(&[Scope::ReadConfig]).await;
    let call = app.anonymous(Method::POST, CHALLENGE).key(&key).json(&body);
    call.send().await.expect_problem(403, "forbidden");
    assert_eq!(app.audited("challenge_issued").await, 1);
}

#[tokio::test]
async fn the_configuration_says_what_is_asked_and_the_record_does_not_say_the_words() {
    let app = App::start().await;
    let patch = async |challenge: Value| {
        let call = app.call(Method::PATCH, CONFIG).header("if-match", "*");
        call.json(&json!({ "challenge": challenge })).send().await
    };
    let refused = patch(json!({"digits": 5})).await.expect_problem(422, "invalid-configuration");
    assert_eq!(refused["faults"][0]["path"], "challenge.digits");
    patch(json!({"kind": "words", "words": 5, "ttl_s": 20})).await.expect(200);
    let issued = ask(&app, &json!({"user_id": "alice", "purpose": "verify"})).await.expect(201);
    assert_eq!((&issued["prompt"]["kind"], &issued["ttl_s"]), (&json!("words"), &json!(20)));
    let words: Vec<String> = serde_json::from_value(issued["prompt"]["words"].clone()).unwrap();
    assert_eq!((words.len(), issued["prompt"]["display"].as_str()), (5, Some(words.join(" ").as_str())));
    let digits = json!({"user_id": "alice", "purpose": "verify", "kind": "digits", "length": 9});
    let digits = ask(&app, &digits).await.expect(201);
    assert_eq!(digits["prompt"]["words"].as_array().map(Vec::len), Some(9));

    let page = app.get("/api/v1/voice/audit?limit=1000").await.expect(200);
    let records = page["records"].as_array().unwrap();
    let record = records.iter().find(|record| record["kind"] == "challenge_issued").unwrap();
    let details = json!({
        "purpose": "verify", "kind": "words", "language": "en", "length": 5, "with_device": false, "ttl_s": 20,
    });
    assert_eq!((&record["details"], &record["person_ref"]), (&details, &Value::Null));
}
