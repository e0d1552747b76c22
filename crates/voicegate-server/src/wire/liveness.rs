//! Whether a living person spoke.

use serde::Serialize;
use utoipa::ToSchema;

/// What was found out about who or what spoke. `null` is what was not measured or asked for; the reasons of the answer say
/// why where it matters.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Liveness {
    /// What speaks for an attack.
    pub countermeasures: Option<SpoofReport>,
    /// Whether no earlier recording was the same: the same one twice is a replay.
    pub recording_is_new: Option<bool>,
    /// Whether the words were said that were asked for.
    pub challenge: Option<ChallengeReport>,
}

/// What speaks for an attack: replayed, synthetic or converted speech.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SpoofReport {
    /// What is made of it.
    pub suspicion: Suspicion,
    /// Natural-log likelihood ratio of an attack against a living voice.
    pub llr: f64,
    /// From here on it is an attack.
    pub threshold_llr: f64,
    /// From here on it is suspicious.
    pub suspicious_llr: f64,
    /// Registry id of the fusion of detectors.
    #[schema(example = "spoof-v1")]
    pub fusion: String,
    /// Version of its fit, to which ratio and thresholds belong.
    pub calibration: String,
    /// What each detector found.
    pub detectors: Vec<Contribution>,
    /// Detectors that could measure nothing in this recording.
    pub not_measured: Vec<String>,
}

/// How much speaks for an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Suspicion {
    /// Too little to ask for anything.
    None,
    /// Enough to ask for more.
    Some,
    /// It is an attack.
    Attack,
}

/// What one detector adds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Contribution {
    /// Its name.
    pub detector: String,
    /// What it found, in its own unit.
    pub score: f64,
    /// What that adds to the ratio.
    pub llr: f64,
}

/// How the words of a challenge were said.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChallengeReport {
    /// Whether they were.
    pub passed: bool,
    /// Natural-log likelihood ratio of these words against others.
    pub llr: f64,
    /// When and how fast they came; for a risk assessment, decides nothing.
    pub timing: Option<Timing>,
}

/// When and how fast words came.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Timing {
    /// Seconds from the beginning of the recording to the first word.
    pub reaction_s: f64,
    /// Words per second.
    pub words_per_s: f64,
    /// Longest silence between two words, in seconds.
    pub longest_pause_s: f64,
    /// Standard deviation of the silences between words, in seconds.
    pub pause_deviation_s: f64,
}
