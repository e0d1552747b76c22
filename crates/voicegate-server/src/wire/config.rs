//! The configuration. Sections are mappings of settings; every setting may be left out.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::biometric::StepUp;
use super::challenge::PromptKind;

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
#[schema(example = json!({"enrolment": {"min_samples": 4}, "verification": {"threshold": 0.8}}))]
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
    /// Words that a person has to say for one attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeSection>,
    /// What is done against replayed and made-up speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spoofing: Option<SpoofingSection>,
    /// Another threshold or speaker system for a share of the people; `null` is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<ExperimentSection>,
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
    /// Words that a person has to say for one attempt.
    pub challenge: Option<BTreeMap<String, Value>>,
    /// What is done against replayed and made-up speech.
    pub spoofing: Option<BTreeMap<String, Value>>,
    /// Another threshold or speaker system for a share of the people.
    pub experiment: Option<BTreeMap<String, Value>>,
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
    /// Words that a person has to say for one attempt.
    pub challenge: ChallengeSection,
    /// What is done against replayed and made-up speech.
    pub spoofing: SpoofingSection,
    /// Another threshold or speaker system for a share of the people; `null` is none.
    pub experiment: Option<ExperimentSection>,
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
    /// Least similarity that is accepted before adjustments: at 0.75 at most one stranger in 1000 passes, and a tenth
    /// more or less is a factor of ten.
    #[schema(required = false, minimum = 0.65, maximum = 0.9)]
    pub threshold: f32,
    /// Registry id of the loaded model or fusion that judges; `null` is the serving one.
    #[schema(required = false, min_length = 1, max_length = 64, example = "ecapa-ge2e-v1")]
    pub system: Option<String>,
    /// Version of that system's calibration to insist on; `null` takes the one that it has.
    #[schema(required = false, min_length = 1, max_length = 64)]
    pub calibration: Option<String>,
    /// How much each circumstance moves the threshold, always inside 0.65 to 0.90.
    #[schema(required = false)]
    pub adjustments: AdjustmentsSection,
    /// What accepted attempts may teach a voice profile.
    #[schema(required = false)]
    pub ageing: AgeingSection,
}

/// Two ways of verifying side by side: a share of the people, arm b, is judged by other settings than the rest. It has
/// to set a threshold or a system other than that of `verification`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentSection {
    /// Its name, under which outcomes are counted. Another name deals the people anew.
    #[schema(required = false, min_length = 1, max_length = 64, example = "stricter")]
    pub name: String,
    /// Share of the people in arm b, in percent. A larger one moves nobody from b to a.
    #[schema(required = false, minimum = 0, maximum = 100)]
    pub share_percent: f32,
    /// Threshold of arm b; `null` is that of all.
    #[schema(required = false, minimum = 0.65, maximum = 0.9)]
    pub threshold: Option<f32>,
    /// Registry id of the loaded model or fusion that judges arm b; `null` is that of all.
    #[schema(required = false, min_length = 1, max_length = 64)]
    pub system: Option<String>,
}

/// How much each circumstance moves the threshold. 0.1 asks for ten times the odds, 0 switches an adjustment off.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentsSection {
    /// For a device bound to the person.
    #[schema(required = false, minimum = -0.25, maximum = 0)]
    pub trusted_device: f32,
    /// For a device that is new for the person.
    #[schema(required = false, minimum = 0, maximum = 0.25)]
    pub new_device: f32,
    /// For a voice that was not verified for long.
    #[schema(required = false, minimum = 0, maximum = 0.25)]
    pub long_since_verified: f32,
    /// Days after which that is long.
    #[schema(required = false, minimum = 1, maximum = 3650)]
    pub long_after_days: u32,
    /// For every factor of ten in attempts since the last accepted one.
    #[schema(required = false, minimum = 0, maximum = 0.25)]
    pub recent_failures: f32,
    /// How long a rejected attempt counts, in hours.
    #[schema(required = false, minimum = 1, maximum = 720)]
    pub recent_hours: u32,
    /// For a recording of poor quality.
    #[schema(required = false, minimum = 0, maximum = 0.25)]
    pub poor_quality: f32,
    /// Signal-to-noise ratio in dB below which quality is poor.
    #[schema(required = false, minimum = -20, maximum = 60)]
    pub poor_below_snr_db: f32,
    /// Seconds of speech below which quality is poor.
    #[schema(required = false, minimum = 0, maximum = 60)]
    pub poor_below_speech_s: f32,
    /// For elevated risk.
    #[schema(required = false, minimum = 0, maximum = 0.25)]
    pub risk_elevated: f32,
    /// For high risk; at least `risk_elevated`.
    #[schema(required = false, minimum = 0, maximum = 0.25)]
    pub risk_high: f32,
}

/// What accepted attempts may teach a voice profile.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgeingSection {
    /// Whether a profile follows a voice that changes over the years.
    #[schema(required = false)]
    pub enabled: bool,
    /// How far above the threshold an attempt's similarity to the enrolled recordings must be.
    #[schema(required = false, minimum = 0.05, maximum = 0.25)]
    pub margin: f32,
    /// Most learnt recordings in a profile; a further one replaces the oldest.
    #[schema(required = false, minimum = 1, maximum = 20)]
    pub max_learnt: usize,
    /// Least days from one learnt recording to the next.
    #[schema(required = false, minimum = 1, maximum = 3650)]
    pub min_days: u32,
    /// Least cosine, for each speaker model, of a profile's mean to the mean of what was enrolled.
    #[schema(required = false, minimum = 0.9, maximum = 1)]
    pub min_mean_cosine: f32,
}

/// Words that a person has to say for one attempt.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChallengeSection {
    /// What is asked for when a request does not say.
    #[schema(required = false)]
    pub kind: PromptKind,
    /// Words in a prompt of words; enough for 20 bits of entropy.
    #[schema(required = false, minimum = 1, maximum = 16)]
    pub words: usize,
    /// Digits in a prompt of digits; enough for 20 bits of entropy.
    #[schema(required = false, minimum = 7, maximum = 16)]
    pub digits: usize,
    /// Seconds within which a challenge has to be answered.
    #[schema(required = false, minimum = 10, maximum = 600)]
    pub ttl_s: u32,
    /// Most challenges of a person that can be answered at a time; the oldest gives way to a new one.
    #[schema(required = false, minimum = 1, maximum = 100)]
    pub max_open: u32,
    /// What becomes of an attempt without a challenge.
    #[schema(required = false)]
    pub required: ChallengeRequirement,
}

/// How much a deployment cares for challenges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeRequirement {
    /// An attempt without one is judged by the rest.
    Optional,
    /// An attempt without one is inconclusive.
    Required,
    /// An attempt without one is asked for one.
    StepUp,
}

/// How much a deployment cares for countermeasures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountermeasureRequirement {
    /// None is run.
    Off,
    /// An attempt that could not be measured is judged by the rest.
    Optional,
    /// It is asked for a live challenge.
    StepUp,
    /// It is inconclusive.
    Required,
}

/// What is done against replayed and made-up speech.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpoofingSection {
    /// Networks and signal detectors: `off` runs none; `optional` lets pass what they could not measure, `step_up` asks for a
    /// live challenge then, `required` says nothing about it.
    #[schema(required = false, default = "required")]
    pub countermeasures: CountermeasureRequirement,
    /// From this natural-log likelihood ratio on it is an attack; `null` takes the one that was fitted.
    #[schema(minimum = -20, maximum = 20)]
    pub threshold_llr: Option<f64>,
    /// From this one on something more is asked for; `null` takes the one that was fitted.
    #[schema(minimum = -20, maximum = 20)]
    pub suspicious_llr: Option<f64>,
    /// What a suspicion asks for.
    #[schema(required = false, default = "live_challenge")]
    pub suspicious: StepUp,
    /// Recordings that come again.
    #[schema(required = false)]
    pub duplicates: DuplicatesSection,
}

/// Recordings that come again.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DuplicatesSection {
    /// Whether a recording that was heard before is refused.
    #[schema(required = false, default = true)]
    pub refuse: bool,
    /// Days for which the fingerprint of an attempt is kept.
    #[schema(required = false, minimum = 1, maximum = 365)]
    pub keep_days: u32,
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
    /// A server of whisper.cpp that hears the words of challenges in place of the registry's network.
    pub whisper: WhisperSection,
}

/// A server of whisper.cpp.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WhisperSection {
    /// Its address; `null` is none.
    #[schema(example = "http://127.0.0.1:8081")]
    pub url: Option<String>,
    /// Longest time for an answer, in seconds.
    pub timeout_s: u64,
    /// Whether recordings may go to another machine without encryption.
    pub plain_http: bool,
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
