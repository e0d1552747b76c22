use std::time::Duration;

use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::advisor::{BreakerPolicy, Mode};
use voicegate_models::PeerSettings;

use crate::advisor::Ollama;

/// A language model, behind Ollama, that is asked what it makes of a login.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AdvisorConfig {
    /// What its advice may do to a login: `off` nothing, `tighten` reject, `bounded` also accept just below the threshold.
    #[garde(custom(has_a_model(&self.url)))]
    pub mode: Mode,
    /// Address of Ollama, such as `http://127.0.0.1:11434`; `null` is none, and the rules answer.
    #[garde(custom(may_be_asked(self)))]
    pub url: Option<String>,
    /// What Ollama calls the model.
    #[garde(length(min = 1, max = 200), ascii)]
    pub model: String,
    /// Longest time for an advice, in milliseconds; after it the decision stands as it is.
    #[garde(range(min = 100, max = 60_000))]
    pub timeout_ms: u64,
    /// Whether questions may go to another machine without encryption.
    #[garde(skip)]
    pub plain_http: bool,
    /// Failures in a row after which the model is left alone.
    #[garde(range(min = 1, max = 1000))]
    pub failures_to_open: u32,
    /// For how many seconds it is.
    #[garde(range(min = 1, max = 3600))]
    pub open_s: u32,
}

impl AdvisorConfig {
    /// Where the model is, if there is one.
    #[must_use]
    pub fn settings(&self) -> Option<PeerSettings> {
        let timeout = self.timeout();
        self.url.clone().map(|url| PeerSettings { url, timeout, plain_http: self.plain_http })
    }

    /// Longest time for an advice.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// When the model is left alone, and for how long.
    #[must_use]
    pub fn breaker(&self) -> BreakerPolicy {
        BreakerPolicy {
            failures_to_open: self.failures_to_open,
            open_for: SignedDuration::from_secs(self.open_s.into()),
        }
    }
}

fn has_a_model(url: &Option<String>) -> impl FnOnce(&Mode, &()) -> garde::Result {
    move |mode, ()| match (mode, url) {
        (Mode::Tighten | Mode::Bounded, None) => {
            Err(garde::Error::new("needs a model to be asked: set advisor.url"))
        }
        _ => Ok(()),
    }
}

fn may_be_asked(config: &AdvisorConfig) -> impl FnOnce(&Option<String>, &()) -> garde::Result {
    let asked = config.settings().map(|settings| Ollama::new(&settings, &config.model));
    move |_, ()| match asked {
        Some(Err(error)) => Err(garde::Error::new(error)),
        _ => Ok(()),
    }
}

impl Default for AdvisorConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Off,
            url: None,
            model: "llama3.1:8b".into(),
            timeout_ms: 5000,
            plain_http: false,
            failures_to_open: 3,
            open_s: 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Layers;

    /// L9
    #[test]
    fn a_model_that_cannot_be_asked_is_refused_with_the_reason() {
        let resolve = |advisor: serde_json::Value| {
            let file = json!({"advisor": advisor});
            Layers { file, ..Layers::default() }.resolve()
        };
        let rows = [
            (json!({"mode": "tighten"}), "advisor.mode: needs a model to be asked"),
            (json!({"mode": "bounded"}), "advisor.mode: needs a model to be asked"),
            (json!({"mode": "obey"}), "advisor.mode: unknown variant"),
            (json!({"url": "ollama"}), "advisor.url: not an http:// or https:// address"),
            (
                json!({"url": "http://10.0.0.7:11434"}),
                "advisor.url: what is sent to another machine goes over",
            ),
            (json!({"model": ""}), "advisor.model: "),
            (json!({"timeout_ms": 99}), "advisor.timeout_ms: lower than 100"),
            (json!({"failures_to_open": 0}), "advisor.failures_to_open: lower than 1"),
            (json!({"open_s": 0}), "advisor.open_s: lower than 1"),
            (json!({"temperature": 1}), "advisor.temperature: unknown field"),
        ];
        for (advisor, expected) in rows {
            let refused = resolve(advisor.clone()).unwrap_err();
            assert!(refused.to_string().contains(expected), "{advisor}: {refused}");
        }
        let far = json!({"mode": "bounded", "url": "http://10.0.0.7:11434", "plain_http": true, "open_s": 7});
        let config = resolve(far).unwrap().advisor;
        assert_eq!(config.breaker().open_for, SignedDuration::from_secs(7));
        assert!(config.settings().unwrap().plain_http);
        assert_eq!(resolve(json!({})).unwrap().advisor.settings(), None);
    }
}
