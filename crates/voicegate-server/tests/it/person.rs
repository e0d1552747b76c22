//! A person with an account, a voice and a device, as the HTTP API meets them.

use axum::http::{HeaderName, HeaderValue, Method};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use voicegate_core::challenge::ChallengeId;
use voicegate_service::ports::{Actor, AuditEvent, AuditKind, Change, Store};

use crate::app::{Answer, App};
use crate::signing::Signer;
use crate::voices::{Spoken, Voice};

pub(crate) const LOGIN: &str = "/api/v1/voice/auth/login";
pub(crate) const BIND: &str = "/api/v1/voice/auth/devices/bind";
pub(crate) const DEVICES: &str = "/api/v1/voice/auth/devices";
pub(crate) const RESCORE: &str = "/api/v1/sessions/rescore";
pub(crate) const STEP_UP: &str = "/api/v1/sessions/step-up";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

const CHALLENGE: &str = "/api/v1/voice/auth/challenge";
const HOST: &str = "voice.test";

/// Somebody with an account and an enrolled voice, and a device that is not bound yet.
pub(crate) struct Person<'a> {
    pub(crate) app: &'a App,
    pub(crate) name: &'static str,
    pub(crate) device: Signer,
}

impl<'a> Person<'a> {
    /// Registers and enrols.
    pub(crate) async fn join(app: &'a App, name: &'static str, voice: &Voice) -> Self {
        let account = json!({"user_id": name, "password": PASSWORD});
        app.anonymous(Method::POST, "/api/v1/accounts").json(&account).send().await.expect(201);
        let enrolled = app.enroll(name, &voice.enrolment).await.expect(200);
        assert_eq!(enrolled["outcome"], "ACCEPT", "{enrolled}");
        Self { app, name, device: Signer::new(app.service.new_id()) }
    }

    /// Registers, enrols and binds the device.
    pub(crate) async fn settle(app: &'a App, name: &'static str, voice: &Voice) -> Self {
        let person = Self::join(app, name, voice).await;
        let bound = person.bind(&voice.answers[0]).await.expect(200);
        assert_eq!(
            (&bound["outcome"], &bound["device"]["trust_level"]),
            (&json!("ACCEPT"), &json!("TRUSTED"))
        );
        person
    }

    /// The token of a new session that was begun with the password.
    pub(crate) async fn sign_in(&self) -> String {
        let body = json!({"user_id": self.name, "password": PASSWORD});
        let session =
            self.app.anonymous(Method::POST, "/api/v1/sessions").json(&body).send().await.expect(201);
        session["token"].as_str().unwrap().to_owned()
    }

    /// Binds the device, in a session of its own.
    pub(crate) async fn bind(&self, spoken: &Spoken) -> Answer {
        self.binding(&self.sign_in().await).saying(spoken).send().await
    }

    /// What binds the device, in the session of `token` or with an API key.
    pub(crate) fn binding(&self, token: &str) -> Attempt<'_> {
        let attempt = Attempt { purpose: "bind", path: BIND, ..self.login() }.key(token);
        let attempt = attempt.with("device_name", json!("phone")).with("public_key", self.device.jwk());
        if token == self.app.admin { attempt.with("user_id", json!(self.name)) } else { attempt }
    }

    /// A login, signed by the device.
    pub(crate) fn login(&self) -> Attempt<'_> {
        Attempt { device: Some(&self.device), ..Attempt::unsigned(self.app, self.name) }
    }

    /// A login that no device signs.
    pub(crate) fn unsigned_login(&self) -> Attempt<'_> {
        Attempt::unsigned(self.app, self.name)
    }

    /// Further words in the session of `token`, for a challenge.
    pub(crate) fn rescore(&self, token: &str) -> Attempt<'_> {
        Attempt { purpose: "verify", path: RESCORE, ..self.unsigned_login() }.key(token)
    }

    /// Sends `body` in the session of `token`.
    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.app.anonymous(Method::POST, path).key(token).json(body).send().await
    }

    /// Ends the trust in the device.
    pub(crate) async fn revoke_device(&self, reason: &str) {
        let path = format!("{DEVICES}/{}/revoke", self.device.device);
        let body = json!({"user_id": self.name, "reason": reason});
        let revoked = self.app.call(Method::POST, &path).json(&body).send().await.expect(200);
        assert_eq!(revoked["trust_level"], "REVOKED");
    }

    /// The device as it is listed.
    pub(crate) async fn listed_device(&self) -> Value {
        let devices = self.app.get(&format!("{DEVICES}?user_id={}", self.name)).await.expect(200);
        let id = json!(self.device.device);
        let found = devices.as_array().unwrap().iter().find(|device| device["device_id"] == id);
        found.expect("the device is listed").clone()
    }

    /// What the person was told, the newest first.
    pub(crate) async fn activity(&self) -> Vec<String> {
        let told = self.app.get(&format!("/api/v1/activity?user_id={}", self.name)).await.expect(200);
        told.as_array().unwrap().iter().map(|notice| notice["kind"].as_str().unwrap().to_owned()).collect()
    }
}

/// Words said for a challenge, in the making.
pub(crate) struct Attempt<'a> {
    app: &'a App,
    name: &'a str,
    path: &'static str,
    purpose: &'static str,
    device: Option<&'a Signer>,
    spoken: Option<Spoken>,
    /// Whether the challenge asks for the words that are said.
    right_words: bool,
    key: Option<String>,
    fields: Map<String, Value>,
    host: u8,
}

impl<'a> Attempt<'a> {
    /// A login as `name`, from the address 198.51.100.1.
    pub(crate) fn unsigned(app: &'a App, name: &'a str) -> Self {
        let (path, purpose) = (LOGIN, "login");
        let (device, spoken, key) = (None, None, None);
        Self { app, name, path, purpose, device, spoken, right_words: true, key, fields: Map::new(), host: 1 }
    }

    /// The words that were asked for are said.
    pub(crate) fn saying(self, spoken: &Spoken) -> Self {
        Self { spoken: Some(spoken.clone()), ..self }
    }

    /// Other words than were asked for are said.
    pub(crate) fn saying_something_else(self, spoken: &Spoken) -> Self {
        Self { right_words: false, ..self.saying(spoken) }
    }

    /// Another device signs, or another key in the device's name.
    pub(crate) fn by(self, device: &'a Signer) -> Self {
        Self { device: Some(device), ..self }
    }

    /// It comes from 198.51.100.`host`.
    pub(crate) fn from(self, host: u8) -> Self {
        Self { host, ..self }
    }

    /// With an API key or the token of a session.
    pub(crate) fn key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// With one more field.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// With a challenge that was given out for something else.
    pub(crate) fn for_purpose(self, purpose: &'static str) -> Self {
        Self { purpose, ..self }
    }

    /// Asks for a challenge, and makes the request of it that answers.
    pub(crate) async fn request(&self) -> SignedRequest {
        // Speaking takes time, and what happened is told in its order.
        self.app.clock.advance(SignedDuration::from_secs(5));
        let challenge = self.challenge().await;
        if let Some(spoken) = &self.spoken {
            let words = if self.right_words { spoken.words.clone() } else { spoken.other_words() };
            ask_for(self.app, &challenge, words).await;
        }
        let mut body = json!({"challenge_id": challenge});
        // In a session it is clear who asks.
        if self.path == LOGIN {
            body["user_id"] = json!(self.name);
        }
        if let Some(spoken) = &self.spoken {
            body["audio"] = json!(BASE64_STANDARD.encode(spoken.wav()));
        }
        body.as_object_mut().unwrap().extend(self.fields.clone());
        let body = body.to_string().into_bytes();
        let uri = format!("http://{HOST}{}", self.path);
        let sign =
            |device: &Signer| device.sign("POST", &uri, &body, &challenge, self.app.service.now()).to_vec();
        let signature = self.device.map(sign).unwrap_or_default();
        SignedRequest { path: self.path.to_owned(), signature, body, key: self.key.clone(), host: self.host }
    }

    pub(crate) async fn send(self) -> Answer {
        self.request().await.send(self.app).await
    }

    async fn challenge(&self) -> String {
        let mut body = json!({"user_id": self.name, "purpose": self.purpose});
        if let Some(device) = self.device {
            body["device_id"] = json!(device.device);
        }
        let call = self.app.anonymous(Method::POST, CHALLENGE);
        let call = match self.purpose {
            "login" => call,
            _ => call.key(self.key.as_deref().unwrap_or(&self.app.admin)),
        };
        let issued = call.json(&body).send().await.expect(201);
        issued["challenge_id"].as_str().unwrap().to_owned()
    }
}

/// A request as it goes over the wire: what somebody in between captures.
#[derive(Clone)]
pub(crate) struct SignedRequest {
    pub(crate) path: String,
    pub(crate) signature: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
    pub(crate) key: Option<String>,
    pub(crate) host: u8,
}

impl SignedRequest {
    pub(crate) async fn send(&self, app: &App) -> Answer {
        let call = app.anonymous(Method::POST, &self.path).from(self.host).header("host", HOST);
        let call = self.signature.iter().fold(call, |call, (name, value)| call.header(name.as_str(), value));
        let call = self.key.iter().fold(call, |call, key| call.key(key));
        call.body("application/json", self.body.clone()).send().await
    }
}

/// Has a challenge that was given out ask for `words`.
///
/// A challenge is random and a recording is not. Person, device, purpose, time and the one use of the challenge stay as
/// they were given out.
async fn ask_for(app: &App, challenge: &str, words: Vec<String>) {
    let id: ChallengeId = challenge.parse().unwrap();
    let mut challenge = app.vault.take_challenge(&id).await.unwrap().expect("it was given out just now");
    challenge.prompt.words = words;
    let event = AuditEvent {
        at: challenge.issued_at,
        kind: AuditKind::ChallengeIssued,
        actor: Actor::System,
        person: Some(challenge.person.clone()),
        outcome: "ok".into(),
        request_id: None,
        details: json!({}),
    };
    let put = Change::PutChallenge { id, challenge, asker: None, max_open: 100 };
    app.vault.commit(vec![put], event).await.unwrap();
}
