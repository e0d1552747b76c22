//! Answers about voices.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::experiment::Assignment;
use super::liveness::Liveness;
use super::person::UserId;

/// The answer to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// The claimed person spoke; or the enrolment is complete.
    Accept,
    /// Somebody else spoke.
    Reject,
    /// The voice matches and something more is asked for; `step_up` says what.
    #[serde(rename = "STEP_UP")]
    StepUp,
    /// Nothing can be said, the reasons say why and what to do; not a failed attempt.
    Inconclusive,
}

/// What can be asked for beyond the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepUp {
    /// To say words that are made up for this attempt.
    LiveChallenge,
    /// The password.
    Password,
    /// Another factor of the caller's choice.
    OtherFactor,
}

/// What moved a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentName {
    /// The attempt comes from a device bound to the person.
    TrustedDevice,
    /// The attempt comes from a device that is new for the person.
    NewDevice,
    /// The voice was not verified for long.
    LongSinceVerified,
    /// Attempts were rejected shortly before.
    RecentFailures,
    /// The voice could hardly be heard.
    PoorQuality,
    /// The risk is elevated.
    RiskElevated,
    /// The risk is high.
    RiskHigh,
}

/// One move of a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Adjustment {
    /// Which.
    pub name: AdjustmentName,
    /// By how much; 0.1 asks for ten times the odds.
    #[schema(example = 0.0151)]
    pub amount: f32,
    /// What was found, with its numbers.
    #[schema(example = "One attempt was rejected shortly before.")]
    pub because: String,
}

/// One reason of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// Stable code for programs.
    #[schema(example = "too_short")]
    pub code: String,
    /// A sentence that a person can act on.
    #[schema(example = "The recording has 0.8 s of speech; 1.5 s are needed. Say a longer sentence.")]
    pub message: String,
}

/// Measured quality of a recording. `null` means not measured, never bad.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Quality {
    /// Length of the recording in seconds.
    pub duration_s: f32,
    /// Speech in it, in seconds.
    pub net_speech_s: f32,
    /// Active speech level in dB relative to full scale.
    pub level_dbfs: Option<f32>,
    /// Signal-to-noise ratio in dB.
    pub snr_db: Option<f32>,
    /// Share of clipped speech samples.
    #[schema(minimum = 0, maximum = 1)]
    pub clipped_share: f32,
    /// Highest frequency that carries speech, in Hz.
    pub bandwidth_hz: Option<f32>,
    /// Whether it sounds like a telephone call.
    pub telephone_band: bool,
    /// Estimated reverberation time in seconds.
    pub reverberation_s: Option<f32>,
    /// Suspicion that more than one person speaks.
    #[schema(minimum = 0, maximum = 1)]
    pub other_voice_suspicion: Option<f32>,
}

/// Format of a recording as it was received.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Source {
    /// Container format.
    #[schema(example = "webm")]
    pub container: String,
    /// Audio coding.
    #[schema(example = "opus")]
    pub codec: String,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: usize,
    /// Highest frequency that the sample rate can carry, in Hz.
    pub bandwidth_hz: f32,
    /// Whether it stops before its declared end.
    pub incomplete: bool,
}

/// Milliseconds per stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Timings {
    /// Bytes to 16 kHz mono.
    pub decode_ms: f32,
    /// Speech detection and quality.
    pub quality_ms: f32,
    /// Signal detectors and fingerprint.
    pub signals_ms: f32,
    /// All networks side by side, their features and the wait for a free session included.
    pub networks_ms: f32,
    /// Comparison and decision.
    pub score_ms: f32,
    /// Reading the template and writing state and audit record.
    pub store_ms: f32,
}

/// The answer to a verification.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VerifyAnswer {
    /// Whose voice was claimed.
    pub user_id: UserId,
    /// The answer.
    pub outcome: Outcome,
    /// What is asked for beyond the voice; `null` unless the outcome is STEP_UP.
    pub step_up: Option<StepUp>,
    /// Why, the weightiest first; never empty.
    pub reasons: Vec<Reason>,
    /// Calibrated similarity, one tenth per factor of ten in odds; `null` if nothing could be measured.
    #[schema(minimum = 0, maximum = 1)]
    pub similarity: Option<f32>,
    /// Natural-log likelihood ratio behind it; `null` if nothing could be measured.
    pub llr: Option<f64>,
    /// Score of each speaker model, a cosine; empty if nothing could be measured. Says nothing across models.
    pub cosines: BTreeMap<String, f32>,
    /// What the similarity was compared with.
    #[schema(minimum = 0.65, maximum = 0.9)]
    pub threshold: f32,
    /// The operator's threshold, before the circumstances moved it.
    #[schema(minimum = 0.65, maximum = 0.9)]
    pub base_threshold: f32,
    /// What moved it.
    pub adjustments: Vec<Adjustment>,
    /// Whether the adjustments would have moved it out of its bounds.
    pub threshold_bounded: bool,
    /// Quality of the recording; `null` if it could not be decoded.
    pub quality: Option<Quality>,
    /// Whether a living person spoke, here and now.
    pub liveness: Liveness,
    /// What lowers the worth of the recording without making it unusable.
    pub warnings: Vec<Reason>,
    /// Format of the recording; `null` if it could not be decoded.
    pub source: Option<Source>,
    /// The arm of the running experiment that the person is in; `null` if none runs.
    pub experiment: Option<Assignment>,
    /// The speaker model.
    pub model: String,
    /// Version of the calibration that similarity and threshold belong to.
    pub calibration: String,
    /// Milliseconds per stage.
    pub timings: Timings,
    /// Number of the audit record.
    pub audit_record: u64,
}

/// How far an enrolment has come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Progress {
    /// Samples accepted so far.
    #[schema(example = 2)]
    pub samples: usize,
    /// Samples needed.
    #[schema(example = 3)]
    pub samples_needed: usize,
    /// Seconds of speech so far.
    pub net_speech_s: f32,
    /// Seconds of speech needed.
    pub net_speech_needed_s: f32,
    /// Whether the profile can be used.
    pub complete: bool,
}

/// Where a profile stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProfileState {
    /// Enrolment has begun; more samples are needed.
    Pending,
    /// Can be verified against.
    Active,
    /// Ended; its templates are gone.
    Revoked,
}

/// What became of one sample.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SampleReport {
    /// Its name.
    pub name: String,
    /// Whether it is in the profile now.
    pub accepted: bool,
    /// Why not; empty if it is.
    pub reasons: Vec<Reason>,
    /// What lowers its worth without making it unusable.
    pub warnings: Vec<Reason>,
    /// Mean cosine to the other samples; `null` for the very first or if it could not be compared.
    #[schema(minimum = -1, maximum = 1)]
    pub agreement: Option<f32>,
    /// Its quality; `null` if it could not be decoded.
    pub quality: Option<Quality>,
}

/// The answer to an enrolment or update.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EnrollAnswer {
    /// Whose voice.
    pub user_id: UserId,
    /// ACCEPT once the profile can be used, INCONCLUSIVE while more samples are needed.
    pub outcome: Outcome,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// Always `null` here.
    pub similarity: Option<f32>,
    /// Least agreement of an accepted sample with the others; `null` with a single sample.
    #[schema(minimum = -1, maximum = 1)]
    pub score: Option<f32>,
    /// Where the profile stands; `null` if there still is none.
    pub status: Option<ProfileState>,
    /// How far the enrolment has come.
    pub progress: Progress,
    /// What became of each sample, in the order given.
    pub samples: Vec<SampleReport>,
    /// Quality of each sample that could be decoded, in the order given.
    pub quality: Vec<Quality>,
    /// The speaker model.
    pub model: String,
    /// Version of the profile; 0 if there still is none.
    pub version: u64,
    /// Number of the audit record.
    pub audit_record: u64,
}

/// The samples of one model.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ModelProgress {
    /// The speaker model.
    pub model: String,
    /// Samples accepted so far.
    pub samples: usize,
    /// Samples needed.
    pub samples_needed: usize,
    /// Seconds of speech so far.
    pub net_speech_s: f32,
    /// Seconds of speech needed.
    pub net_speech_needed_s: f32,
    /// Whether the profile can be used.
    pub complete: bool,
}

/// A voice profile; never the template.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Profile {
    /// Whose.
    pub user_id: UserId,
    /// Where it stands.
    pub status: ProfileState,
    /// Grows by one with each change.
    pub version: u64,
    /// How far the enrolment has come, per speaker model; empty once revoked.
    pub models: Vec<ModelProgress>,
    /// When enrolment began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When a verification last accepted.
    pub last_verified_at: Option<Timestamp>,
}
