//! People with an account: signing in, sessions, one-time passwords, and what a stranger gets.

use axum::http::Method;
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use voicegate_core::access::Scope;
use voicegate_core::decide::StepUp;
use voicegate_core::device::{
    DeviceBinding, DeviceId, DeviceKey, DeviceName, Event, Proofs, RebindRequire, RevocationReason,
    TrustLevel,
};
use voicegate_core::session::Confidence;
use voicegate_core::{Embedding, PersonId, Voiceprint};
use voicegate_service::ports::{
    Actor, AuditEvent, AuditKind, Change, Session, SessionContent, SignedInBy, Store,
};

use crate::app::{Answer, App, CONFIG};

const ACCOUNTS: &str = "/api/v1/accounts";
const SESSIONS: &str = "/api/v1/sessions";
const CHALLENGE: &str = "/api/v1/voice/auth/challenge";
const PASSWORD: &str = "correct horse battery staple";

/// What happens at one moment has no order, so each of these has its own.
fn tick(app: &App) {
    app.clock.advance(SignedDuration::from_millis(1));
}

async fn post(app: &App, token: Option<&str>, path: &str, body: &Value) -> Answer {
    tick(app);
    let call = app.anonymous(Method::POST, path).json(body);
    if let Some(token) = token { call.key(token) } else { call }.send().await
}

async fn get(app: &App, token: &str, path: &str) -> Answer {
    app.anonymous(Method::GET, path).key(token).send().await
}

async fn delete(app: &App, token: &str, path: &str) -> Answer {
    app.anonymous(Method::DELETE, path).key(token).send().await
}

async fn register(app: &App, user: &str) {
    let body = json!({"user_id": user, "password": PASSWORD});
    post(app, None, ACCOUNTS, &body).await.expect(201);
}

/// Tries to sign in from the address 198.51.100.`host`.
async fn try_from(app: &App, host: u8, user: &str, password: &str) -> Answer {
    tick(app);
    let body = json!({"user_id": user, "password": password});
    app.anonymous(Method::POST, SESSIONS).from(host).json(&body).send().await
}

/// The token and identity of a new session.
async fn sign_in(app: &App, user: &str) -> (String, String) {
    let body = try_from(app, 1, user, PASSWORD).await.expect(201);
    assert_eq!(body["step_up"], Value::Null);
    (text(&body["token"]), text(&body["session_id"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn kinds(activity: &Value) -> Vec<&str> {
    activity.as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

/// A generator of one-time passwords as a person has it.
pub(crate) struct Generator(Vec<u8>);

impl Generator {
    /// Takes the secret in Base32.
    fn new(secret: &str) -> Self {
        let (mut bytes, mut bits, mut value) = (Vec::new(), 0, 0_u32);
        for c in secret.bytes() {
            let five = if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' };
            value = value << 5 | u32::from(five);
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push((value >> bits) as u8);
            }
        }
        Self(bytes)
    }

    pub(crate) fn code(&self, app: &App) -> String {
        let step = app.service.now().as_second() / 30;
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        mac.update(&step.to_be_bytes());
        let tag = mac.finalize().into_bytes();
        let offset = usize::from(tag[19] & 15);
        let value = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", value % 1_000_000)
    }
}

/// Switches one-time passwords on; the generator and the recovery codes.
pub(crate) async fn with_totp(app: &App, token: &str) -> (Generator, Vec<String>) {
    let offer = post(app, Some(token), "/api/v1/accounts/totp", &json!({"password": PASSWORD})).await;
    let offer = offer.expect(200);
    let secret = text(&offer["secret"]);
    assert!(offer["uri"].as_str().unwrap().contains(&secret));
    let generator = Generator::new(&secret);
    let wrong = json!({"password": PASSWORD, "code": "000000"});
    let confirm = "/api/v1/accounts/totp/confirm";
    post(app, Some(token), confirm, &wrong).await.expect_problem(400, "invalid-request");
    let right = json!({"password": PASSWORD, "code": generator.code(app)});
    let codes = post(app, Some(token), confirm, &right).await.expect(200);
    let codes: Vec<String> = codes["recovery_codes"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(codes.len(), 10);
    (generator, codes)
}

async fn a_person_comes_and_goes(app: &App) {
    register(app, "alice").await;
    let again = json!({"user_id": "alice", "password": PASSWORD});
    post(app, None, ACCOUNTS, &again).await.expect_problem(409, "already-registered");
    let short = json!({"user_id": "bob", "password": "too short"});
    post(app, None, ACCOUNTS, &short).await.expect_problem(400, "invalid-request");

    let (first, id) = sign_in(app, "alice").await;
    let listed = get(app, &first, SESSIONS).await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["id"], &listed[0]["current"]), (&json!(id), &json!(true)));
    assert_eq!(listed[0]["signed_in_by"], "password");

    // Renewed; then somebody sends the former token, and nobody is in any more.
    let renewed = post(app, Some(&first), "/api/v1/sessions/renew", &json!({})).await.expect(200);
    assert_eq!(renewed["session_id"], id);
    let second = text(&renewed["token"]);
    get(app, &second, SESSIONS).await.expect(200);
    get(app, &first, SESSIONS).await.expect_problem(401, "unauthenticated");
    get(app, &second, SESSIONS).await.expect_problem(401, "unauthenticated");

    let (one, one_id) = sign_in(app, "alice").await;
    let (two, two_id) = sign_in(app, "alice").await;
    let (three, _) = sign_in(app, "alice").await;
    let listed = get(app, &one, SESSIONS).await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    delete(app, &one, &format!("{SESSIONS}/{two_id}")).await.expect(204);
    delete(app, &one, &format!("{SESSIONS}/{two_id}")).await.expect_problem(404, "not-found");
    get(app, &two, SESSIONS).await.expect_problem(401, "unauthenticated");
    delete(app, &one, SESSIONS).await.expect(204);
    get(app, &three, SESSIONS).await.expect_problem(401, "unauthenticated");

    // The password is changed by whoever has it, not by whoever has the session.
    let (other, _) = sign_in(app, "alice").await;
    let path = "/api/v1/accounts/password";
    let change = |password: &str| json!({"password": password, "new_password": "a walk in the rain"});
    post(app, Some(&one), path, &change("not this one")).await.expect_problem(401, "wrong-credentials");
    post(app, Some(&one), path, &change(PASSWORD)).await.expect(204);
    get(app, &one, SESSIONS).await.expect(200);
    get(app, &other, SESSIONS).await.expect_problem(401, "unauthenticated");
    try_from(app, 1, "alice", PASSWORD).await.expect_problem(401, "wrong-credentials");
    try_from(app, 1, "alice", "a walk in the rain").await.expect(201);

    let activity = get(app, &one, "/api/v1/activity?limit=4").await.expect(200);
    assert_eq!(kinds(&activity), ["logged_in", "login_rejected", "password_changed", "login_rejected"]);
    let before = text(&activity[2]["id"]);
    let older = get(app, &one, &format!("/api/v1/activity?limit=1&before={before}")).await.expect(200);
    assert_eq!(kinds(&older), ["login_rejected"]);
    assert_ne!(older[0]["id"], activity[1]["id"]);
    delete(app, &one, &format!("{SESSIONS}/{one_id}")).await.expect(204);
    get(app, &one, SESSIONS).await.expect_problem(401, "unauthenticated");
    assert!(app.audited("session").await >= 9);
    assert!(app.audited("account").await >= 5);
}

/// P8.1
#[tokio::test]
async fn a_person_comes_and_goes_on_sqlite() {
    a_person_comes_and_goes(&App::start().await).await;
}

/// P8.1
#[tokio::test]
async fn a_person_comes_and_goes_on_postgres() {
    App::on_postgres(a_person_comes_and_goes).await;
}

async fn a_code_counts_once(app: &App) {
    register(app, "alice").await;
    let (token, _) = sign_in(app, "alice").await;
    let (generator, codes) = with_totp(app, &token).await;
    let sign_in = async |other: Value| {
        let mut body = json!({"user_id": "alice", "password": PASSWORD});
        body.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        post(app, None, SESSIONS, &body).await
    };
    // The one that confirmed the generator is used up.
    sign_in(json!({"totp": generator.code(app)})).await.expect_problem(401, "wrong-credentials");
    app.clock.advance(SignedDuration::from_secs(30));
    let code = generator.code(app);
    assert_eq!(sign_in(json!({"totp": code})).await.expect(201)["step_up"], Value::Null);
    sign_in(json!({"totp": code})).await.expect_problem(401, "wrong-credentials");
    sign_in(json!({"recovery_code": codes[0]})).await.expect(201);
    sign_in(json!({"recovery_code": codes[0]})).await.expect_problem(401, "wrong-credentials");
    sign_in(json!({"recovery_code": codes[1].to_uppercase().replace('-', "")})).await.expect(201);
    sign_in(json!({"recovery_code": codes[2], "totp": code})).await.expect_problem(400, "invalid-request");
    // A right code does not make up for a wrong password, and is not used up by it.
    let wrong = json!({"user_id": "alice", "password": "wrong password", "recovery_code": codes[3]});
    post(app, None, SESSIONS, &wrong).await.expect_problem(401, "wrong-credentials");
    sign_in(json!({"recovery_code": codes[3]})).await.expect(201);

    let body = json!({"password": PASSWORD});
    post(app, Some(&token), "/api/v1/accounts/totp", &body).await.expect_problem(400, "invalid-request");
    post(app, Some(&token), "/api/v1/accounts/totp/remove", &body).await.expect(204);
    assert_eq!(sign_in(json!({})).await.expect(201)["step_up"], Value::Null);
    sign_in(json!({"recovery_code": codes[4]})).await.expect_problem(401, "wrong-credentials");
    let activity = get(app, &token, "/api/v1/activity").await.expect(200);
    assert_eq!(kinds(&activity).iter().filter(|kind| **kind == "other_factor_changed").count(), 2);
}

/// P8.1
#[tokio::test]
async fn a_code_counts_once_on_sqlite() {
    a_code_counts_once(&App::start().await).await;
}

/// P8.1
#[tokio::test]
async fn a_code_counts_once_on_postgres() {
    App::on_postgres(a_code_counts_once).await;
}

/// P8.1
#[tokio::test]
async fn of_parallel_uses_of_one_code_one_counts() {
    let app = App::start().await;
    register(&app, "alice").await;
    let (token, _) = sign_in(&app, "alice").await;
    let (_, codes) = with_totp(&app, &token).await;
    let body = json!({"user_id": "alice", "password": PASSWORD, "recovery_code": codes[0]});
    let post = || post(&app, None, SESSIONS, &body);
    let (a, b, c, d) = tokio::join!(post(), post(), post(), post());
    let statuses = [a, b, c, d].map(|answer| answer.status.as_u16());
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 401, 409].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn a_session_that_waits_for_more_can_do_nothing_else() {
    let app = App::start().await;
    register(&app, "alice").await;
    let (full, full_id) = sign_in(&app, "alice").await;
    let (generator, codes) = with_totp(&app, &full).await;
    let begun = try_from(&app, 1, "alice", PASSWORD).await.expect(201);
    assert_eq!(begun["step_up"], "other_factor");
    let (pending, id) = (text(&begun["token"]), text(&begun["session_id"]));

    let listed = get(&app, &pending, SESSIONS).await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1, "it sees itself alone");
    assert_eq!(listed[0]["step_up"], "other_factor");
    for (method, path) in [
        (Method::POST, "/api/v1/sessions/renew"),
        (Method::POST, "/api/v1/accounts/password"),
        (Method::POST, "/api/v1/accounts/totp"),
        (Method::POST, "/api/v1/accounts/totp/remove"),
        (Method::DELETE, SESSIONS),
        (Method::DELETE, &format!("{SESSIONS}/{full_id}")),
        (Method::GET, "/api/v1/activity"),
    ] {
        let call = app.anonymous(method, path).key(&pending);
        call.send().await.expect_problem(403, "step-up-needed");
    }
    let step_up = async |body: Value| post(&app, Some(&pending), "/api/v1/sessions/step-up", &body).await;
    step_up(json!({"password": PASSWORD})).await.expect_problem(400, "invalid-request");
    step_up(json!({"totp": generator.code(&app)})).await.expect_problem(401, "wrong-credentials");
    step_up(json!({})).await.expect_problem(400, "invalid-request");
    app.clock.advance(SignedDuration::from_secs(30));
    let lifted = step_up(json!({"totp": generator.code(&app)})).await.expect(200);
    assert_eq!((&lifted["id"], &lifted["step_up"]), (&json!(id), &Value::Null));
    step_up(json!({"recovery_code": codes[0]})).await.expect_problem(400, "invalid-request");
    assert_eq!(get(&app, &pending, SESSIONS).await.expect(200).as_array().unwrap().len(), 2);
}

/// P8.1
#[tokio::test]
async fn the_password_alone_buys_no_tries_at_the_code() {
    let app = App::start().await;
    register(&app, "alice").await;
    let (token, _) = sign_in(&app, "alice").await;
    with_totp(&app, &token).await;
    for _ in 0..5 {
        let pending = text(&try_from(&app, 66, "alice", PASSWORD).await.expect(201)["token"]);
        let guess = json!({"totp": "123456"});
        let guess = post(&app, Some(&pending), "/api/v1/sessions/step-up", &guess).await;
        guess.expect_problem(401, "wrong-credentials");
    }
    try_from(&app, 66, "alice", PASSWORD).await.expect_problem(429, "too-many-attempts");
}

/// P8.1
#[tokio::test]
async fn the_sixth_wrong_password_waits_and_nobody_else_does() {
    let app = App::start().await;
    register(&app, "alice").await;
    register(&app, "bob").await;
    let (owner, _) = sign_in(&app, "alice").await;
    for _ in 0..5 {
        try_from(&app, 66, "alice", "wrong password").await.expect_problem(401, "wrong-credentials");
    }
    let waits = try_from(&app, 66, "alice", PASSWORD).await;
    assert_eq!(waits.header("retry-after"), Some("30"));
    waits.expect_problem(429, "too-many-attempts");
    // Whoever else comes from there, and who is in already.
    try_from(&app, 66, "bob", PASSWORD).await.expect(201);
    let activity = get(&app, &owner, "/api/v1/activity").await.expect(200);
    assert_eq!(kinds(&activity).iter().filter(|kind| **kind == "locked").count(), 1);

    app.clock.advance(SignedDuration::from_secs(29));
    let waits = try_from(&app, 66, "alice", PASSWORD).await;
    assert_eq!(waits.header("retry-after"), Some("1"));
    app.clock.advance(SignedDuration::from_secs(1));
    try_from(&app, 66, "alice", "wrong password").await.expect_problem(401, "wrong-credentials");
    assert_eq!(try_from(&app, 66, "alice", PASSWORD).await.header("retry-after"), Some("60"));
    app.clock.advance(SignedDuration::from_secs(60));
    try_from(&app, 66, "alice", PASSWORD).await.expect(201);
    // Forgiven.
    try_from(&app, 66, "alice", "wrong password").await.expect_problem(401, "wrong-credentials");
    try_from(&app, 66, "alice", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn an_address_that_fails_with_many_names_waits_alone() {
    let app = App::with(json!({"limits": {"address_units": 6}})).await;
    register(&app, "alice").await;
    for name in ["a", "b", "c"] {
        try_from(&app, 66, name, "wrong password").await.expect_problem(401, "wrong-credentials");
    }
    try_from(&app, 66, "alice", PASSWORD).await.expect_problem(429, "too-many-attempts");
    try_from(&app, 67, "alice", PASSWORD).await.expect(201);
    // A program speaks for many from one address.
    let key = app.key(&[Scope::Login]).await;
    let body = json!({"user_id": "alice", "password": PASSWORD});
    let call = app.anonymous(Method::POST, SESSIONS).from(66).key(&key).json(&body);
    call.send().await.expect(201);
}

/// P8.1
#[tokio::test]
async fn a_name_that_nobody_has_is_answered_like_one_that_somebody_has() {
    let app = App::start().await;
    register(&app, "alice").await;
    let answer = async |user: &str, more: Value| {
        let mut body = json!({"user_id": user, "password": "wrong password"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = post(&app, None, SESSIONS, &body).await;
        let mut problem = answer.body.clone();
        problem["request_id"] = Value::Null;
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        (answer.status, names, problem)
    };
    for more in [json!({}), json!({"totp": "123456"}), json!({"recovery_code": "aaaa-bbbb-cccc-dddd"})] {
        assert_eq!(answer("alice", more.clone()).await, answer("nobody", more).await);
    }
    for _ in 0..2 {
        assert_eq!(answer("alice", json!({})).await, answer("nobody", json!({})).await);
    }
    // Both wait by now.
    let (status, ..) = answer("nobody", json!({})).await;
    assert_eq!(status.as_u16(), 429);
    assert_eq!(answer("alice", json!({})).await, answer("nobody", json!({})).await);
}

/// P8.1
#[tokio::test]
async fn a_person_acts_for_nobody_else() {
    let app = App::start().await;
    register(&app, "alice").await;
    register(&app, "bob").await;
    let (alice, _) = sign_in(&app, "alice").await;
    let (bob, bob_id) = sign_in(&app, "bob").await;
    for path in ["/api/v1/sessions?user_id=bob", "/api/v1/activity?user_id=bob"] {
        get(&app, &alice, path).await.expect_problem(403, "somebody-else");
    }
    delete(&app, &alice, &format!("{SESSIONS}?user_id=bob")).await.expect_problem(403, "somebody-else");
    delete(&app, &alice, &format!("{SESSIONS}/{bob_id}")).await.expect_problem(404, "not-found");
    let challenge = json!({"user_id": "bob", "purpose": "bind"});
    post(&app, Some(&alice), CHALLENGE, &challenge).await.expect_problem(403, "somebody-else");
    post(&app, Some(&alice), CHALLENGE, &json!({"purpose": "bind"})).await.expect(201);
    get(&app, &alice, CONFIG).await.expect_problem(403, "forbidden");
    get(&app, &bob, SESSIONS).await.expect(200);

    let login = app.key(&[Scope::Login]).await;
    get(&app, &login, SESSIONS).await.expect_problem(400, "invalid-request");
    let listed = get(&app, &login, &format!("{SESSIONS}?user_id=bob")).await.expect(200);
    assert_eq!(listed[0]["id"], bob_id);
    let verify = app.key(&[Scope::Verify]).await;
    get(&app, &verify, &format!("{SESSIONS}?user_id=bob")).await.expect_problem(403, "forbidden");
    delete(&app, &login, &format!("{SESSIONS}/{bob_id}?user_id=alice"))
        .await
        .expect_problem(404, "not-found");
    delete(&app, &login, &format!("{SESSIONS}?user_id=bob")).await.expect(204);
    get(&app, &bob, SESSIONS).await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_public_may_ask_for_no_more_than_a_login() {
    let app = App::start().await;
    let challenge = |purpose: &str| json!({"user_id": "alice", "purpose": purpose});
    post(&app, None, CHALLENGE, &challenge("login")).await.expect(201);
    for purpose in ["verify", "enroll", "bind", "rebind"] {
        post(&app, None, CHALLENGE, &challenge(purpose)).await.expect_problem(403, "forbidden");
    }

    let closed = App::with(json!({"accounts": {"public": false}})).await;
    let account = json!({"user_id": "alice", "password": PASSWORD});
    for (path, body) in [(ACCOUNTS, &account), (SESSIONS, &account), (CHALLENGE, &challenge("login"))] {
        post(&closed, None, path, body).await.expect_problem(401, "unauthenticated");
    }
    let key = closed.key(&[Scope::Login]).await;
    post(&closed, Some(&key), ACCOUNTS, &account).await.expect(201);
    post(&closed, Some(&key), SESSIONS, &account).await.expect(201);

    let none = App::with(json!({"accounts": {"enabled": false}})).await;
    for path in [ACCOUNTS, SESSIONS] {
        post(&none, None, path, &account).await.expect_problem(404, "not-found");
    }
}

/// P8.1
#[tokio::test]
async fn a_stranger_does_not_take_the_name_of_an_enrolled_voice() {
    let app = App::start().await;
    app.begin_profile("carol").await;
    let account = json!({"user_id": "carol", "password": PASSWORD});
    post(&app, None, ACCOUNTS, &account).await.expect_problem(409, "already-registered");
    register(&app, "mallory").await;
    let (mallory, _) = sign_in(&app, "mallory").await;
    post(&app, Some(&mallory), ACCOUNTS, &account).await.expect_problem(403, "somebody-else");
    let verify = app.key(&[Scope::Verify, Scope::Enroll]).await;
    post(&app, Some(&verify), ACCOUNTS, &account).await.expect_problem(403, "forbidden");
    let login = app.key(&[Scope::Login]).await;
    post(&app, Some(&login), ACCOUNTS, &account).await.expect(201);
    sign_in(&app, "carol").await;
}

#[tokio::test]
async fn a_session_ends_idle_and_old() {
    let app = App::start().await;
    register(&app, "alice").await;
    let (token, _) = sign_in(&app, "alice").await;
    let minutes = |minutes| app.clock.advance(SignedDuration::from_mins(minutes));
    for _ in 0..24 {
        minutes(29);
        get(&app, &token, SESSIONS).await.expect(200);
    }
    minutes(23);
    get(&app, &token, SESSIONS).await.expect(200);
    minutes(1);
    get(&app, &token, SESSIONS).await.expect_problem(401, "unauthenticated");
    let (token, _) = sign_in(&app, "alice").await;
    minutes(30);
    get(&app, &token, SESSIONS).await.expect_problem(401, "unauthenticated");
}

/// L6. A session as a login with a revoked device leaves it, and the device; behind the API's back.
async fn proposed_rebind(app: &App, user: &str, token: &str) -> (Uuid, DeviceId) {
    let (person, at) = (PersonId::new(user).unwrap(), app.service.now());
    let voice = || Voiceprint::single("m", Embedding::new(vec![0.6, 0.8]).unwrap());
    let proofs = Proofs {
        signature: true,
        challenge: true,
        countermeasures: true,
        voice_at_new_device_threshold: true,
        other_factor: true,
    };
    let mut point = [7; DeviceKey::LENGTH];
    point[0] = 4;
    let id = DeviceId(identity(user));
    let name = DeviceName::new("phone").unwrap();
    let device = DeviceBinding::pending(id, person.clone(), name, DeviceKey::new(&point).unwrap(), at);
    let events = [
        Event::Bind { proofs, voice: voice() },
        Event::Revoke { reason: RevocationReason::Compromised },
        Event::ProposeRebind { proofs, voice: voice() },
    ];
    let device = events
        .into_iter()
        .fold(device, |device, event| device.apply(event, &RebindRequire::Voice, at).unwrap());
    let content = SessionContent {
        device: Some(id),
        step_up: Some(StepUp::Password),
        rebinds: true,
        ..with_the_voice()
    };
    let put = Change::PutDevice { device, expected_version: 0 };
    (begin(app, &person, token, content, Some(put)).await, id)
}

/// What is known of a session that began with the voice alone.
fn with_the_voice() -> SessionContent {
    SessionContent {
        by: SignedInBy::Voice,
        device: None,
        step_up: None,
        rebinds: false,
        other_factor: false,
        confidence: None,
    }
}

/// Begins a session behind the API's back; its identity.
async fn begin(
    app: &App,
    person: &PersonId,
    token: &str,
    content: SessionContent,
    before: Option<Change>,
) -> Uuid {
    let at = app.service.now();
    let session = Session {
        id: identity(token),
        person: person.clone(),
        content,
        created_at: at,
        last_used_at: at,
        ends_at: at + SignedDuration::from_hours(1),
        version: 0,
    };
    let id = session.id;
    let begin = Change::BeginSession { session, token: Sha256::digest(token).into(), max: 10 };
    commit(app, person, before.into_iter().chain([begin]).collect()).await;
    id
}

/// Makes changes behind the API's back.
async fn commit(app: &App, person: &PersonId, changes: Vec<Change>) {
    let event = AuditEvent {
        at: app.service.now(),
        kind: AuditKind::Login,
        actor: Actor::System,
        person: Some(person.clone()),
        outcome: "STEP_UP".into(),
        request_id: None,
        details: json!({}),
    };
    app.vault.commit(changes, event).await.unwrap();
}

/// An identity made of a text.
fn identity(text: &str) -> Uuid {
    let hash = Sha256::digest(text);
    uuid::Builder::from_random_bytes(hash[..16].try_into().unwrap()).into_uuid()
}

/// L6
#[tokio::test]
async fn the_password_binds_the_device_again_that_waits_for_it() {
    let app = App::start().await;
    let login = app.key(&[Scope::Login]).await;
    for user in ["alice", "bob"] {
        app.begin_profile(user).await;
        let account = json!({"user_id": user, "password": PASSWORD});
        post(&app, Some(&login), ACCOUNTS, &account).await.expect(201);
    }
    let step_up = "/api/v1/sessions/step-up";
    let token = format!("vgs_{}", "a".repeat(43));
    let (_, device) = proposed_rebind(&app, "alice", &token).await;
    let code = json!({"recovery_code": "aaaa-bbbb-cccc-dddd"});
    post(&app, Some(&token), step_up, &code).await.expect_problem(400, "invalid-request");
    let wrong = json!({"password": "wrong password"});
    post(&app, Some(&token), step_up, &wrong).await.expect_problem(401, "wrong-credentials");
    assert_eq!(app.vault.device(device).await.unwrap().unwrap().trust_level, TrustLevel::Revoked);
    let lifted = post(&app, Some(&token), step_up, &json!({"password": PASSWORD})).await.expect(200);
    assert_eq!((&lifted["step_up"], &lifted["other_factor"]), (&Value::Null, &json!(true)));
    let bound = app.vault.device(device).await.unwrap().unwrap();
    assert_eq!((bound.trust_level, bound.revoked_at), (TrustLevel::Trusted, None));
    let activity = get(&app, &token, "/api/v1/activity").await.expect(200);
    assert_eq!(kinds(&activity)[0], "device_rebound");

    // An integrator asserts what it asked of its own people, and of nobody's session but the one it names.
    let token = format!("vgs_{}", "b".repeat(43));
    let (session, device) = proposed_rebind(&app, "bob", &token).await;
    let assertion = |user: &str| json!({"user_id": user, "session_id": session});
    post(&app, Some(&login), step_up, &assertion("alice")).await.expect_problem(404, "not-found");
    post(&app, Some(&token), step_up, &assertion("bob")).await.expect_problem(400, "invalid-request");
    post(&app, Some(&login), step_up, &assertion("bob")).await.expect(200);
    assert_eq!(app.vault.device(device).await.unwrap().unwrap().trust_level, TrustLevel::Trusted);
    post(&app, Some(&login), step_up, &assertion("bob")).await.expect_problem(400, "invalid-request");
}

/// The token of a letter.
fn token_of(letter: &str) -> String {
    format!("vgs_{}", letter.repeat(43))
}

/// An enrolled person with an account.
async fn register_enrolled(app: &App, user: &str) -> PersonId {
    app.begin_profile(user).await;
    let login = app.key(&[Scope::Login]).await;
    post(app, Some(&login), ACCOUNTS, &json!({"user_id": user, "password": PASSWORD})).await.expect(201);
    PersonId::new(user).unwrap()
}

/// L6, P8.1. Where the account has one-time passwords, the password alone binds nothing again.
#[tokio::test]
async fn the_one_time_password_is_given_after_the_password_that_binds_again() {
    let app = App::start().await;
    register_enrolled(&app, "alice").await;
    let (inside, _) = sign_in(&app, "alice").await;
    let (generator, _) = with_totp(&app, &inside).await;
    app.clock.advance(SignedDuration::from_secs(30));
    let token = token_of("a");
    let (_, device) = proposed_rebind(&app, "alice", &token).await;
    let trust = async || app.vault.device(device).await.unwrap().unwrap().trust_level;
    let give = async |proof: Value| post(&app, Some(&token), "/api/v1/sessions/step-up", &proof).await;

    give(json!({"totp": generator.code(&app)})).await.expect_problem(400, "invalid-request");
    let waits = give(json!({"password": PASSWORD})).await.expect(200);
    assert_eq!((&waits["step_up"], &waits["other_factor"]), (&json!("other_factor"), &json!(false)));
    assert_eq!(trust().await, TrustLevel::Revoked);
    get(&app, &token, "/api/v1/activity").await.expect_problem(403, "step-up-needed");
    give(json!({"password": PASSWORD})).await.expect_problem(400, "invalid-request");
    give(json!({"totp": "000000"})).await.expect_problem(401, "wrong-credentials");
    assert_eq!(trust().await, TrustLevel::Revoked);
    let counts = give(json!({"totp": generator.code(&app)})).await.expect(200);
    assert_eq!(counts["step_up"], Value::Null);
    assert_eq!(trust().await, TrustLevel::Trusted);
    assert_eq!(kinds(&get(&app, &token, "/api/v1/activity").await.expect(200))[0], "device_rebound");
}

/// P8.1
#[tokio::test]
async fn what_is_asserted_binds_again_at_once() {
    let app = App::start().await;
    register_enrolled(&app, "alice").await;
    let (inside, _) = sign_in(&app, "alice").await;
    with_totp(&app, &inside).await;
    let (session, device) = proposed_rebind(&app, "alice", &token_of("a")).await;
    let login = app.key(&[Scope::Login]).await;
    let assertion = json!({"user_id": "alice", "session_id": session});
    let counts = post(&app, Some(&login), "/api/v1/sessions/step-up", &assertion).await.expect(200);
    assert_eq!(counts["step_up"], Value::Null);
    assert_eq!(app.vault.device(device).await.unwrap().unwrap().trust_level, TrustLevel::Trusted);
}

/// P8.1
#[tokio::test]
async fn a_strangers_failures_keep_nobody_out_who_is_inside() {
    let app = App::start().await;
    register(&app, "alice").await;
    let (inside, _) = sign_in(&app, "alice").await;
    for _ in 0..5 {
        try_from(&app, 66, "alice", "wrong password").await.expect_problem(401, "wrong-credentials");
    }
    try_from(&app, 1, "alice", PASSWORD).await.expect_problem(429, "too-many-attempts");
    // In a session that waits, begun with a device; and in one that counts.
    let content = SessionContent {
        device: Some(DeviceId(identity("phone"))),
        step_up: Some(StepUp::Password),
        ..with_the_voice()
    };
    let waiting = token_of("a");
    begin(&app, &PersonId::new("alice").unwrap(), &waiting, content, None).await;
    let proof = json!({"password": PASSWORD});
    post(&app, Some(&waiting), "/api/v1/sessions/step-up", &proof).await.expect(200);
    post(&app, Some(&inside), "/api/v1/accounts/totp", &proof).await.expect(200);
    let change = json!({"password": PASSWORD, "new_password": "a walk in the rain"});
    post(&app, Some(&inside), "/api/v1/accounts/password", &change).await.expect(204);
    try_from(&app, 1, "alice", "a walk in the rain").await.expect_problem(429, "too-many-attempts");
}

/// P8.1
#[tokio::test]
async fn who_guesses_inside_gets_no_new_tries_with_another_session() {
    let app = App::start().await;
    register(&app, "alice").await;
    let (taken, _) = sign_in(&app, "alice").await;
    let (own, _) = sign_in(&app, "alice").await;
    let path = "/api/v1/accounts/totp";
    for _ in 0..5 {
        let wrong = json!({"password": "wrong password"});
        post(&app, Some(&taken), path, &wrong).await.expect_problem(401, "wrong-credentials");
    }
    let right = json!({"password": PASSWORD});
    post(&app, Some(&taken), path, &right).await.expect_problem(429, "too-many-attempts");
    post(&app, Some(&own), path, &right).await.expect_problem(429, "too-many-attempts");
    sign_in(&app, "alice").await;
    app.clock.advance(SignedDuration::from_secs(30));
    post(&app, Some(&own), path, &right).await.expect(200);

    // Whoever opens sessions that wait does not get new tries with each.
    let person = PersonId::new("alice").unwrap();
    for letter in ["a", "b", "c", "d", "e"] {
        let content = SessionContent { step_up: Some(StepUp::Password), ..with_the_voice() };
        begin(&app, &person, &token_of(letter), content, None).await;
        let wrong = json!({"password": "wrong password"});
        let guess = post(&app, Some(&token_of(letter)), "/api/v1/sessions/step-up", &wrong).await;
        guess.expect_problem(401, "wrong-credentials");
    }
    try_from(&app, 1, "alice", PASSWORD).await.expect_problem(429, "too-many-attempts");
}

/// P8.1
#[tokio::test]
async fn the_right_password_costs_nothing_where_something_else_fails() {
    let app = App::start().await;
    let alice = register_enrolled(&app, "alice").await;
    let right = json!({"password": PASSWORD});
    let step_up = "/api/v1/sessions/step-up";
    let gone = token_of("a");
    let content = SessionContent {
        device: Some(DeviceId(identity("gone"))),
        step_up: Some(StepUp::Password),
        rebinds: true,
        ..with_the_voice()
    };
    begin(&app, &alice, &gone, content, None).await;
    for _ in 0..6 {
        post(&app, Some(&gone), step_up, &right).await.expect_problem(404, "not-found");
    }

    // The device was bound again meanwhile: there is nothing left to do but to count.
    let token = token_of("b");
    let (_, id) = proposed_rebind(&app, "alice", &token).await;
    let binding = app.vault.device(id).await.unwrap().unwrap();
    let expected_version = binding.version;
    let at = app.service.now();
    let device = binding.apply(Event::ConfirmRebind, &RebindRequire::Voice, at).unwrap();
    commit(&app, &alice, vec![Change::PutDevice { device, expected_version }]).await;
    let before = app.vault.device(id).await.unwrap().unwrap();
    let counts = post(&app, Some(&token), step_up, &right).await.expect(200);
    assert_eq!(counts["step_up"], Value::Null);
    assert_eq!(app.vault.device(id).await.unwrap().unwrap(), before);
    let activity = get(&app, &token, "/api/v1/activity").await.expect(200);
    assert!(!kinds(&activity).contains(&"device_rebound"), "{activity}");
}

/// P8.1
#[tokio::test]
async fn sessions_that_wait_push_out_none_that_count() {
    let app = App::with(json!({"sessions": {"max_per_person": 2}})).await;
    register(&app, "alice").await;
    let (inside, _) = sign_in(&app, "alice").await;
    with_totp(&app, &inside).await;
    for _ in 0..4 {
        let waits = try_from(&app, 66, "alice", PASSWORD).await.expect(201);
        assert_eq!(waits["step_up"], "other_factor");
    }
    let listed = get(&app, &inside, SESSIONS).await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 3, "two that wait, and the one that counts");
}

/// L11
#[tokio::test]
async fn what_a_voice_proved_wears_off_until_the_person_proves_themselves_anew() {
    let app = App::with(json!({"sessions": {"half_life_minutes": 10, "step_up": "password"}})).await;
    register(&app, "alice").await;
    let token = format!("vgs_{}", "a".repeat(43));
    // Odds of 1000 to 1, a similarity of 0.75; half of that is 0.6, below which more is asked for.
    let confidence = Some(Confidence::proven(1000_f64.ln(), app.service.now()));
    let content = SessionContent { confidence, ..with_the_voice() };
    begin(&app, &PersonId::new("alice").unwrap(), &token, content, None).await;
    app.clock.advance(SignedDuration::from_mins(9));
    get(&app, &token, "/api/v1/activity").await.expect(200);
    app.clock.advance(SignedDuration::from_mins(2));
    get(&app, &token, "/api/v1/activity").await.expect_problem(403, "step-up-needed");
    assert_eq!(get(&app, &token, SESSIONS).await.expect(200)[0]["step_up"], "password");
    let proof = json!({"password": PASSWORD});
    post(&app, Some(&token), "/api/v1/sessions/step-up", &proof).await.expect(200);
    app.clock.advance(SignedDuration::from_mins(20));
    get(&app, &token, "/api/v1/activity").await.expect(200);
}
