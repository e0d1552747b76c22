//! The configuration. Sections are mappings of settings; every setting may be left out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The configuration that is in force and where it departs from file and environment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Configuration {
    /// Version of the runtime overrides, also the ETag; grows by one with each change.
    pub version: u64,
    /// What is in force, passwords left out.
    pub effective: EffectiveConfig,
    /// What was set at run time.
    pub overrides: ConfigOverrides,
    /// Sections that were changed and wait for a restart.
    pub restart_needed: Vec<String>,
}

/// Settings that can be changed at run time; they take effect with the next request.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enrolment": {"min_samples": 4}, "verification": {"score_threshold": 0.72}}))]
pub struct ConfigOverrides {
    /// What recordings are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<AudioSection>,
    /// What an enrolment needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<EnrolmentSection>,
    /// What a verification needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationSection>,
}

/// Changes of some overrides (RFC 7396): sections and settings as in `ConfigOverrides`; `null` takes one away.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigPatch {
    /// What recordings are taken.
    pub audio: Option<BTreeMap<String, Value>>,
    /// What an enrolment needs.
    pub enrolment: Option<BTreeMap<String, Value>>,
    /// What a verification needs.
    pub verification: Option<BTreeMap<String, Value>>,
}

/// Everything that is in force.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EffectiveConfig {
    /// What recordings are taken.
    pub audio: AudioSection,
    /// What an enrolment needs.
    pub enrolment: EnrolmentSection,
    /// What a verification needs.
    pub verification: VerificationSection,
    /// Where models are and how they run.
    pub models: ModelsSection,
    /// The HTTP server.
    pub server: ServerSection,
    /// Database and keys.
    pub storage: StorageSection,
    /// Logging.
    pub log: LogSection,
}

/// What recordings are taken.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioSection {
    /// Largest recording in bytes.
    #[schema(required = false, minimum = 1024, maximum = 1_073_741_824)]
    pub max_bytes: usize,
    /// Longest recording in seconds.
    #[schema(required = false, minimum = 1, maximum = 3600)]
    pub max_seconds: f32,
    /// Most channels.
    #[schema(required = false, minimum = 1, maximum = 64)]
    pub max_channels: usize,
    /// Longest time for decoding one recording, in seconds.
    #[schema(required = false, minimum = 0.1, maximum = 600)]
    pub max_decode_s: f32,
    /// Least speech level, in dB relative to full scale.
    #[schema(required = false, minimum = -90, maximum = 0)]
    pub min_level_dbfs: f32,
    /// Least signal-to-noise ratio in dB.
    #[schema(required = false, minimum = -20, maximum = 60)]
    pub min_snr_db: f32,
    /// Largest share of clipped speech.
    #[schema(required = false, minimum = 0, maximum = 1)]
    pub max_clipped_share: f32,
    /// Reverberation time in seconds from which a warning is given.
    #[schema(required = false, minimum = 0, maximum = 10)]
    pub warn_reverberation_s: f32,
    /// Suspicion of a second voice from which a warning is given.
    #[schema(required = false, minimum = 0, maximum = 1)]
    pub warn_other_voice: f32,
}

/// What an enrolment needs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentSection {
    /// Accepted samples needed before the profile can be used.
    #[schema(required = false, minimum = 1, maximum = 20)]
    pub min_samples: usize,
    /// Seconds of speech needed in all samples together.
    #[schema(required = false, minimum = 1, maximum = 300)]
    pub min_net_speech_s: f32,
    /// Seconds of speech needed in each sample.
    #[schema(required = false, minimum = 0.3, maximum = 30)]
    pub min_sample_speech_s: f32,
    /// Most samples a profile keeps; at least `min_samples`.
    #[schema(required = false, minimum = 1, maximum = 100)]
    pub max_samples: usize,
    /// Least mean cosine of a sample to the others; `null` takes the model's own value.
    #[schema(required = false, minimum = -1, maximum = 1)]
    pub min_agreement: Option<f32>,
}

/// What a verification needs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationSection {
    /// Seconds of speech needed.
    #[schema(required = false, minimum = 0.3, maximum = 60)]
    pub min_net_speech_s: f32,
    /// Least score that is accepted, a cosine, for the active speaker system; `null` takes its own operating point. A
    /// fallback always uses its own. Review it when another system is made active.
    #[schema(required = false, exclusive_minimum = 0, exclusive_maximum = 1)]
    pub score_threshold: Option<f32>,
}

/// Where models are and how they run.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ModelsSection {
    /// Folder of the model registry.
    pub dir: String,
    /// Folder or address that `voicegate models pull` takes models from.
    pub mirror: Option<String>,
    /// The ONNX Runtime library; `null` looks in the usual places.
    pub runtime_library: Option<String>,
    /// What the networks run on: `auto`, `cpu` or `cuda`.
    #[schema(example = "auto")]
    pub provider: String,
    /// Whether the quantized form of a model serves where it has one: `auto`, `always` or `never`.
    #[schema(example = "auto")]
    pub quantized: String,
    /// Sessions that run side by side; `null` is one per two cores.
    pub workers: Option<usize>,
    /// Threads inside each session.
    pub threads_per_worker: usize,
    /// Utterances that may wait; one more is refused as overloaded.
    pub queue: usize,
    /// Longest time from queueing to answer, in milliseconds.
    pub deadline_ms: u64,
}

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ServerSection {
    /// Address and port it listens on.
    #[schema(example = "127.0.0.1:8080")]
    pub listen: String,
    /// Largest request body in bytes.
    pub max_body_bytes: usize,
    /// Longest time for a whole request, in seconds.
    pub request_timeout_s: u64,
    /// Requests worked on at a time; one more is refused as overloaded.
    pub max_concurrent_requests: usize,
    /// How long answers to idempotency keys are remembered, in hours.
    pub idempotency_hours: u32,
    /// Whether `/metrics` is served.
    pub metrics: bool,
}

/// Database and keys.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StorageSection {
    /// Address of the database without its password; `null` is the file in the data folder.
    pub url: Option<String>,
    /// Most connections.
    pub max_connections: u32,
    /// Longest wait for a connection, in seconds.
    pub acquire_timeout_s: u64,
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LogSection {
    /// Levels per module.
    pub filter: String,
    /// `text` or `json`.
    pub format: String,
}
