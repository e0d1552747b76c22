use std::path::PathBuf;
use std::time::Duration;

use garde::Validate;
use serde::{Deserialize, Serialize};
use voicegate_models::{Mirror, PeerSettings, Provider, Quantized, WhisperClient};

/// Where models are and how they run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsConfig {
    /// Folder of `model_registry.json`.
    #[garde(skip)]
    pub dir: PathBuf,
    /// Where `voicegate models pull` takes models from when it is not told: a folder, or an `https://` or `http://`
    /// address of one.
    #[garde(inner(custom(is_mirror)))]
    pub mirror: Option<String>,
    /// The ONNX Runtime library; `null` looks in `.runtime/`, beside the program, and in the system.
    #[garde(skip)]
    pub runtime_library: Option<PathBuf>,
    /// What the networks run on.
    #[garde(skip)]
    pub provider: Provider,
    /// Whether the quantized form of a model serves where it has one.
    #[garde(skip)]
    pub quantized: Quantized,
    /// Sessions that run side by side; `null` is one per two cores.
    #[garde(inner(range(min = 1, max = 256)))]
    pub workers: Option<usize>,
    /// Threads inside each session.
    #[garde(range(min = 1, max = 64))]
    pub threads_per_worker: usize,
    /// Utterances that may wait; one more is refused as overloaded.
    #[garde(range(min = 1, max = 10_000))]
    pub queue: usize,
    /// Longest time from queueing to answer, in milliseconds.
    #[garde(range(min = 100, max = 120_000))]
    pub deadline_ms: u64,
    /// A server of whisper.cpp that hears the words of challenges in place of the registry's network.
    #[garde(dive)]
    pub whisper: WhisperConfig,
}

/// A server of whisper.cpp.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct WhisperConfig {
    /// Its address, such as `http://127.0.0.1:8081`; `null` is none.
    #[garde(custom(may_hear(self)))]
    pub url: Option<String>,
    /// Longest time for an answer, in seconds.
    #[garde(range(min = 1, max = 60))]
    pub timeout_s: u64,
    /// Whether recordings may go to another machine without encryption.
    #[garde(skip)]
    pub plain_http: bool,
}

impl WhisperConfig {
    /// The server to be asked, if there is one.
    #[must_use]
    pub fn settings(&self) -> Option<PeerSettings> {
        let timeout = Duration::from_secs(self.timeout_s);
        self.url.clone().map(|url| PeerSettings { url, timeout, plain_http: self.plain_http })
    }
}

fn may_hear(config: &WhisperConfig) -> impl FnOnce(&Option<String>, &()) -> garde::Result {
    let settings = config.settings();
    move |_, ()| match settings.map(|settings| WhisperClient::new(&settings)) {
        Some(Err(error)) => Err(garde::Error::new(error)),
        _ => Ok(()),
    }
}

#[expect(clippy::ptr_arg, reason = "garde hands the field itself over")]
fn is_mirror(mirror: &String, (): &()) -> garde::Result {
    Mirror::new(mirror).map(drop).map_err(garde::Error::new)
}

impl Default for ModelsConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("models/voice"),
            mirror: None,
            runtime_library: None,
            provider: Provider::Auto,
            quantized: Quantized::Auto,
            workers: None,
            threads_per_worker: 1,
            queue: 64,
            deadline_ms: 10_000,
            whisper: WhisperConfig::default(),
        }
    }
}

impl Default for WhisperConfig {
    fn default() -> Self {
        Self { url: None, timeout_s: 10, plain_http: false }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::config::Layers;

    #[test]
    fn a_server_that_may_not_hear_recordings_is_refused_with_the_reason() {
        let resolve = |whisper: serde_json::Value| {
            let file = json!({"models": {"whisper": whisper}});
            Layers { file, ..Layers::default() }.resolve()
        };
        let rows = [
            (
                json!({"url": "http://10.0.0.7:8081"}),
                "models.whisper.url: what is sent to another machine goes over https",
            ),
            (json!({"url": "words.example"}), "models.whisper.url: not an http:// or https:// address"),
            (json!({"timeout_s": 0}), "models.whisper.timeout_s: lower than 1"),
            (json!({"timeout_s": 61}), "models.whisper.timeout_s: greater than 60"),
            (json!({"model": "base.en"}), "models.whisper.model: unknown field"),
        ];
        for (whisper, expected) in rows {
            let refused = resolve(whisper.clone()).unwrap_err();
            assert!(refused.to_string().contains(expected), "{whisper}: {refused}");
        }
        let far =
            resolve(json!({"url": "http://10.0.0.7:8081", "plain_http": true, "timeout_s": 3})).unwrap();
        let settings = far.models.whisper.settings().unwrap();
        assert_eq!((settings.timeout.as_secs(), settings.plain_http), (3, true));
        assert_eq!(resolve(json!({"timeout_s": 3})).unwrap().models.whisper.settings(), None);
    }
}
