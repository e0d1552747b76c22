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
    /// Accounts with a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<AccountsSection>,
    /// How long a person stays logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionsSection>,
    /// How often somebody may fail before they have to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsSection>,
    /// Devices that are bound to people, and what they sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<DevicesSection>,
    /// What makes a login risky, and what the risk leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<RiskSection>,
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
    /// Accounts with a password.
    pub accounts: Option<BTreeMap<String, Value>>,
    /// How long a person stays logged in.
    pub sessions: Option<BTreeMap<String, Value>>,
    /// How often somebody may fail before they have to wait.
    pub limits: Option<BTreeMap<String, Value>>,
    /// Devices that are bound to people, and what they sign.
    pub devices: Option<BTreeMap<String, Value>>,
    /// What makes a login risky, and what the risk leads to.
    pub risk: Option<BTreeMap<String, Value>>,
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
    /// Accounts with a password.
    pub accounts: AccountsSection,
    /// How long a person stays logged in.
    pub sessions: SessionsSection,
    /// How often somebody may fail before they have to wait.
    pub limits: LimitsSection,
    /// Devices that are bound to people, and what they sign.
    pub devices: DevicesSection,
    /// What makes a login risky, and what the risk leads to.
    pub risk: RiskSection,
    /// A language model that is asked what it makes of a login.
    pub advisor: AdvisorSection,
    /// Where notices are sent to.
    pub webhook: WebhookSection,
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

/// A language model, behind Ollama, that is asked what it makes of a login.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AdvisorSection {
    /// What its advice may do to a login.
    pub mode: AdvisorMode,
    /// Address of Ollama; `null` is none, and the rules answer.
    #[schema(example = "http://127.0.0.1:11434")]
    pub url: Option<String>,
    /// What Ollama calls the model.
    #[schema(example = "llama3.1:8b")]
    pub model: String,
    /// Longest time for an advice, in milliseconds.
    pub timeout_ms: u64,
    /// Whether questions may go to another machine without encryption.
    pub plain_http: bool,
    /// Failures in a row after which the model is left alone.
    pub failures_to_open: u32,
    /// For how many seconds it is.
    pub open_s: u32,
}

/// What an advice may do to a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdvisorMode {
    /// Nothing.
    Off,
    /// Reject it.
    Tighten,
    /// That, and accept it just below the threshold.
    Bounded,
}

/// Accounts with a password.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsSection {
    /// Whether there are any.
    #[schema(required = false, default = true)]
    pub enabled: bool,
    /// Whether people may register, sign in and log in without an API key.
    #[schema(required = false, default = true)]
    pub public: bool,
    /// Least length of a new password in characters.
    #[schema(required = false, minimum = 8, maximum = 128)]
    pub password_min_chars: usize,
    /// The work of Argon2id for one password.
    #[schema(required = false)]
    pub argon2: Argon2Section,
    /// One-time passwords.
    #[schema(required = false)]
    pub totp: TotpSection,
}

/// The work of Argon2id for one password.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Argon2Section {
    /// Memory in KiB.
    #[schema(required = false, minimum = 7168, maximum = 1_048_576)]
    pub memory_kib: u32,
    /// Passes over it.
    #[schema(required = false, minimum = 1, maximum = 100)]
    pub iterations: u32,
    /// Lanes of it.
    #[schema(required = false, minimum = 1, maximum = 16)]
    pub lanes: u32,
}

/// One-time passwords (RFC 6238).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpSection {
    /// What the person's generator shows as the name of the service.
    #[schema(required = false, min_length = 1, max_length = 64)]
    pub issuer: String,
    /// Steps of 30 s that the clock of a generator may be off, either way.
    #[schema(required = false, minimum = 0, maximum = 10)]
    pub skew_steps: u32,
}

/// How long a person stays logged in, and on what proof.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionsSection {
    /// Minutes without use after which a session ends.
    #[schema(required = false, minimum = 1, maximum = 1440)]
    pub idle_minutes: u32,
    /// Hours after which a session ends, however much it is used.
    #[schema(required = false, minimum = 1, maximum = 720)]
    pub absolute_hours: u32,
    /// Most sessions of a person that count, and most that wait; the oldest gives way to a new one.
    #[schema(required = false, minimum = 1, maximum = 100)]
    pub max_per_person: u32,
    /// Minutes in which what a voice proved loses half its weight.
    #[schema(required = false, minimum = 1, maximum = 43_200)]
    pub half_life_minutes: u32,
    /// Similarity below which a session begun with the voice has to prove itself anew.
    #[schema(required = false, minimum = 0, maximum = 1)]
    pub step_up_below: f32,
    /// What is asked for then.
    #[schema(required = false, default = "live_challenge")]
    pub step_up: StepUp,
}

/// How often somebody may fail before they have to wait.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsSection {
    /// Units of a person or device from which on each further attempt waits; a failure costs 2, or 1 if a living person
    /// said the words that were asked for.
    #[schema(required = false, minimum = 2, maximum = 1000)]
    pub units: u32,
    /// The same for a network address, which many may share.
    #[schema(required = false, minimum = 2, maximum = 100_000)]
    pub address_units: u32,
    /// Seconds of the first wait; it doubles with each failure more.
    #[schema(required = false, minimum = 1, maximum = 3600)]
    pub first_wait_s: u32,
    /// No wait is longer than so many seconds; at least `first_wait_s`.
    #[schema(required = false, minimum = 1, maximum = 86_400)]
    pub longest_wait_s: u32,
    /// Hours without a failure after which those before are forgotten.
    #[schema(required = false, minimum = 1, maximum = 720)]
    pub forget_after_hours: u32,
}

/// Devices that are bound to people, and what they sign.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicesSection {
    /// Most devices of a person that are not revoked.
    #[schema(required = false, minimum = 1, maximum = 100)]
    pub max_per_person: u32,
    /// What binding a revoked device again takes beside its signature, a live challenge and the voice.
    #[schema(required = false, default = "voice")]
    pub rebind_require: RebindRequire,
    /// Seconds after which a signed request is too old.
    #[schema(required = false, minimum = 5, maximum = 600)]
    pub signature_max_age_s: u32,
    /// Seconds that the clock of a device may be ahead.
    #[schema(required = false, minimum = 0, maximum = 600)]
    pub signature_max_ahead_s: u32,
}

/// What binding a revoked device again takes besides the device and its person's voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RebindRequire {
    /// Nothing, unless it was revoked as compromised or was never bound.
    Voice,
    /// The password.
    Password,
}

/// What makes a login risky, and what the risk leads to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskSection {
    /// Points of each factor at full evidence.
    #[schema(required = false)]
    pub weights: RiskWeightsSection,
    /// Score from which on a live challenge must have been passed.
    #[schema(required = false, minimum = 1, maximum = 101)]
    pub elevated_from: u8,
    /// Score from which on another factor is asked for besides.
    #[schema(required = false, minimum = 1, maximum = 101)]
    pub high_from: u8,
    /// Score from which on a login is turned away, if several factors make it; 101 never does.
    #[schema(required = false, minimum = 1, maximum = 101)]
    pub deny_from: u8,
    /// Hours for which it is remembered whom an address tried.
    #[schema(required = false, minimum = 1, maximum = 720)]
    pub window_hours: u32,
}

/// Points of each factor at full evidence; 0 switches a factor off.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskWeightsSection {
    /// How far the device is trusted.
    #[schema(required = false, minimum = 0)]
    pub device_trust: f32,
    /// A network that none of the person's logins came from.
    #[schema(required = false, minimum = 0)]
    pub new_network: f32,
    /// Too far from the last login to have travelled.
    #[schema(required = false, minimum = 0)]
    pub impossible_travel: f32,
    /// An hour at which the person does not come.
    #[schema(required = false, minimum = 0)]
    pub unusual_hour: f32,
    /// Attempts rejected shortly before.
    #[schema(required = false, minimum = 0)]
    pub recent_failures: f32,
    /// A voice less like the person's than it usually is.
    #[schema(required = false, minimum = 0)]
    pub score_trend: f32,
    /// What speaks for a played or made voice.
    #[schema(required = false, minimum = 0)]
    pub spoofing: f32,
    /// A voice that could hardly be heard.
    #[schema(required = false, minimum = 0)]
    pub quality: f32,
    /// An answer that began much faster or slower than usual.
    #[schema(required = false, minimum = 0)]
    pub reaction_time: f32,
    /// An address or device that tried other people, too.
    #[schema(required = false, minimum = 0)]
    pub many_accounts: f32,
    /// A voice unlike the one last heard from this device.
    #[schema(required = false, minimum = 0)]
    pub device_voice: f32,
}

/// Where notices are sent to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WebhookSection {
    /// Address that notices are posted to; `null` sends none.
    #[schema(example = "https://hooks.example/voicegate")]
    pub url: Option<String>,
    /// Whether there is a secret to sign them with; never the secret.
    #[schema(example = "***")]
    pub secret: Option<String>,
    /// Longest time for the receiver to take a notice, in milliseconds.
    pub timeout_ms: u64,
    /// Attempts after which a notice is given up.
    pub max_attempts: u32,
    /// Whether notices may go to another machine without encryption.
    pub plain_http: bool,
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
    /// Where clients reach it, which is what devices sign; `null` is what a client sends as `Host`.
    #[schema(example = "https://voice.example.org")]
    pub public_url: Option<String>,
    /// Networks of the proxies whose word on a client's address is taken, parted by commas.
    #[schema(example = "10.0.0.0/8, 192.0.2.7/32")]
    pub trusted_proxies: String,
    /// The header in which they say it: `x_forwarded_for` or `forwarded`.
    pub forwarded_header: String,
    /// A database of places by network address; `null` is none.
    pub geoip: Option<String>,
    /// Largest request body in bytes.
    pub max_body_bytes: usize,
    /// Longest time for a whole request, in seconds.
    pub request_timeout_s: u64,
    /// Requests worked on at a time; one more is refused as overloaded.
    pub max_concurrent_requests: usize,
    /// Requests per minute from one network address without a key or session; more are refused.
    pub public_requests_per_minute: u32,
    /// How long answers to idempotency keys are remembered, in hours.
    pub idempotency_hours: u32,
    /// Whether `/metrics` is served, to API keys with scope `read-config`.
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
