//! The receiver of notices, told by HTTP as Standard Webhooks 1.0 says.
//!
//! | header | holds |
//! |---|---|
//! | `webhook-id` | identity of the notice, the same in every attempt |
//! | `webhook-timestamp` | when this attempt was made, in Unix seconds |
//! | `webhook-signature` | `v1,` and the HMAC-SHA256 of `{id}.{timestamp}.{body}` in base64 |

mod schedule;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Serialize;
use sha2::Sha256;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_models::{Peer, PeerError};

use crate::config::{WebhookConfig, WebhookSecret};
use crate::ports::{Notice, NoticeKind};
pub(crate) use schedule::next_attempt;

/// A receiver of notices.
#[derive(Debug, Clone)]
pub struct Webhook {
    peer: Peer,
    path: &'static str,
    secret: WebhookSecret,
    timeout: Duration,
    max_attempts: u32,
}

/// Why nobody can be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Receivers could not tell a notice from anybody's.
    #[error("set webhook.secret: notices are signed")]
    NoSecret,
    /// The address is none, or not one that may be told.
    #[error(transparent)]
    Peer(#[from] PeerError),
}

/// What is sent of a notice.
#[derive(Serialize)]
struct Message<'a> {
    id: Uuid,
    #[serde(rename = "type")]
    kind: NoticeKind,
    at: Timestamp,
    user_id: &'a PersonId,
    details: &'a serde_json::Value,
}

impl Webhook {
    /// The receiver that `config` names, if it names one. Connects to nothing yet.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn new(config: &WebhookConfig) -> Result<Option<Self>, WebhookError> {
        let Some(settings) = config.settings() else { return Ok(None) };
        let secret = config.secret.clone().ok_or(WebhookError::NoSecret)?;
        let path = if settings.url.ends_with('/') { "/" } else { "" };
        // Nothing of an answer is read but its status.
        let peer = Peer::new(&settings, 0)?;
        let (timeout, max_attempts) = (settings.timeout, config.max_attempts);
        Ok(Some(Self { peer, path, secret, timeout, max_attempts }))
    }

    /// Longest time for it to take a notice.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Attempts after which a notice is given up.
    pub(crate) fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Sends `notice`; blocks the calling thread.
    ///
    /// # Errors
    /// [`PeerError`]; any status but 2xx is one, and no redirect is followed.
    pub(crate) fn send(&self, notice: &Notice, now: Timestamp) -> Result<(), PeerError> {
        let Notice { id, person, at, kind, details } = notice;
        let message = Message { id: *id, kind: *kind, at: *at, user_id: person, details };
        let body = serde_json::to_vec(&message).expect("a notice has only text keys");
        let (id, timestamp) = (id.to_string(), now.as_second().to_string());
        let signature = sign(&self.secret, &id, &timestamp, &body);
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", &id),
            ("webhook-timestamp", &timestamp),
            ("webhook-signature", &signature),
        ];
        self.peer.deliver(self.path, &headers, &body)
    }
}

fn sign(secret: &WebhookSecret, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal()).expect("a key of HMAC has any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of the example of Standard Webhooks; the sum is that of Python's `hmac` over them.
    #[test]
    fn a_signature_is_over_identity_time_and_body() {
        let secret = WebhookSecret::try_from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()).unwrap();
        let sign = |id, timestamp, body: &str| sign(&secret, id, timestamp, body.as_bytes());
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(id, "1614265330", body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        for other in [sign("msg_p5jXN8AQM9LWM0D4loKWxJe", "1614265330", body), sign(id, "1614265331", body)] {
            assert_ne!(other, signature);
        }
    }
}
