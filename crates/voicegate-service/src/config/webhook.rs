use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use garde::Validate;
use serde::{Deserialize, Serialize, Serializer};
use voicegate_models::PeerSettings;

use crate::webhook::Webhook;

/// Where notices are sent to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// Address that notices are posted to; `null` sends none.
    #[garde(custom(may_be_told(self)))]
    pub url: Option<String>,
    /// What notices are signed with: `whsec_` and 24 to 64 random bytes in base64. Is never shown.
    #[garde(skip)]
    pub secret: Option<WebhookSecret>,
    /// Longest time for the receiver to take a notice, in milliseconds.
    #[garde(range(min = 100, max = 60_000))]
    pub timeout_ms: u64,
    /// Attempts after which a notice is given up.
    #[garde(range(min = 1, max = 100))]
    pub max_attempts: u32,
    /// Whether notices may go to another machine without encryption.
    #[garde(skip)]
    pub plain_http: bool,
}

impl WebhookConfig {
    /// Whether notices are sent.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.url.is_some()
    }

    /// Where the receiver is, if there is one.
    #[must_use]
    pub fn settings(&self) -> Option<PeerSettings> {
        let timeout = Duration::from_millis(self.timeout_ms);
        self.url.clone().map(|url| PeerSettings { url, timeout, plain_http: self.plain_http })
    }
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self { url: None, secret: None, timeout_ms: 5000, max_attempts: 10, plain_http: false }
    }
}

fn may_be_told(config: &WebhookConfig) -> impl FnOnce(&Option<String>, &()) -> garde::Result {
    let receiver = Webhook::new(config);
    move |_, ()| receiver.map(drop).map_err(garde::Error::new)
}

/// What notices are signed with. Neither `Debug` nor serialization shows it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct WebhookSecret(Vec<u8>);

/// A text that is no [`WebhookSecret`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 'whsec_' and 24 to 64 bytes in base64")]
pub struct NotAWebhookSecret;

impl WebhookSecret {
    /// The bytes.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<String> for WebhookSecret {
    type Error = NotAWebhookSecret;

    fn try_from(text: String) -> Result<Self, NotAWebhookSecret> {
        let bytes = text.strip_prefix("whsec_").and_then(|bytes| BASE64_STANDARD.decode(bytes).ok());
        bytes.filter(|bytes| (24..=64).contains(&bytes.len())).map(Self).ok_or(NotAWebhookSecret)
    }
}

impl Serialize for WebhookSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::{ConfigError, Layers, VoiceAuthConfig, from_environment};

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn resolve(webhook: &Value) -> Result<VoiceAuthConfig, ConfigError> {
        Layers { file: json!({ "webhook": webhook }), ..Layers::default() }.resolve()
    }

    #[test]
    fn a_receiver_that_may_not_be_told_is_refused_with_the_reason() {
        let rows = [
            (json!({"url": "https://hooks.example/vg"}), "webhook.url: set webhook.secret"),
            (json!({"url": "hooks.example", "secret": SECRET}), "webhook.url: not an http:// or https://"),
            (
                json!({"url": "http://10.0.0.7/", "secret": SECRET}),
                "webhook.url: what is sent to another machine",
            ),
            (json!({"secret": "s3cret"}), "webhook.secret: not 'whsec_' and 24 to 64 bytes in base64"),
            (json!({"secret": "whsec_c2hvcnQ="}), "webhook.secret: not 'whsec_'"),
            (json!({"timeout_ms": 99}), "webhook.timeout_ms: lower than 100"),
            (json!({"max_attempts": 0}), "webhook.max_attempts: lower than 1"),
            (json!({"retries": 1}), "webhook.retries: unknown field"),
        ];
        for (webhook, expected) in rows {
            let refused = resolve(&webhook).unwrap_err().to_string();
            assert!(refused.contains(expected), "{webhook}: {refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
        assert!(!resolve(&json!({})).unwrap().webhook.is_on());
        let far = json!({"url": "http://10.0.0.7/", "secret": SECRET, "plain_http": true});
        assert!(resolve(&far).unwrap().webhook.is_on());
    }

    #[test]
    fn the_secret_comes_from_the_environment_too_and_is_never_shown() {
        let variable = ("VOICEGATE_WEBHOOK__SECRET".to_owned(), SECRET.to_owned());
        let layers = Layers { environment: from_environment([variable]), ..Layers::default() };
        let config = layers.resolve().unwrap();
        assert_eq!(config.webhook.secret.as_ref().unwrap().reveal().len(), 24);
        for shown in [format!("{config:?}"), serde_json::to_string(&config).unwrap()] {
            assert!(!shown.contains("MfKQ9"), "{shown}");
        }
    }
}
