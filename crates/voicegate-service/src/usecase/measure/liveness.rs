//! Whether a living person speaks, here and now: countermeasures, freshness of the recording and the words of a challenge
//! as one block of evidence. What the client claims of itself counts for nothing.

use std::collections::BTreeSet;

use serde::Serialize;
use voicegate_core::challenge::Heard;
use voicegate_core::challenge::timing::Timing;
use voicegate_core::countermeasure::{Contribution, SpoofPolicy, Verdict};
use voicegate_core::decide::{Countermeasures, Evidence, Measured, Proof, Reason, Suspicion};
use voicegate_models::Models;

use crate::config::SpoofingConfig;
use crate::usecase::sample::Analysed;

/// What was found out about who or what spoke. `null` is what was not measured; the reasons of the answer say why where
/// it matters.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Liveness {
    /// What speaks for an attack.
    pub countermeasures: Option<SpoofReport>,
    /// Whether no earlier recording was the same.
    pub recording_is_new: Option<bool>,
    /// Whether the words were said that were asked for.
    pub challenge: Option<ChallengeReport>,
}

/// What speaks for an attack: replayed, synthetic or converted speech.
#[derive(Debug, Clone, Serialize)]
pub struct SpoofReport {
    /// What is made of it.
    pub suspicion: Suspicion,
    /// Natural-log likelihood ratio of an attack against a living voice.
    pub llr: f64,
    /// From here on it is an attack.
    pub threshold_llr: f64,
    /// From here on it is suspicious.
    pub suspicious_llr: f64,
    /// Registry id of the fusion.
    pub fusion: String,
    /// Version of its fit, to which ratio and thresholds belong.
    pub calibration: String,
    /// What each detector found and what that adds to the ratio.
    pub detectors: Vec<Contribution>,
    /// Detectors that could measure nothing in this recording.
    pub not_measured: Vec<String>,
}

/// How the words of a challenge were said.
#[derive(Debug, Clone, Serialize)]
pub struct ChallengeReport {
    /// Whether they were.
    pub passed: bool,
    /// Natural-log likelihood ratio of these words against others.
    pub llr: f64,
    /// When and how fast they came; for a risk assessment, decides nothing.
    pub timing: Option<Timing>,
}

/// Adds to `evidence` what speaks for a living person, and returns it for the answer. `asked` says whether words were asked
/// for, `is_new` whether the recording was never heard before.
pub(super) fn observe(
    evidence: &mut Evidence,
    analysed: &Analysed,
    asked: bool,
    is_new: Option<bool>,
    models: &Models,
    config: &SpoofingConfig,
) -> Liveness {
    let mut liveness = Liveness { recording_is_new: is_new, ..Liveness::default() };
    evidence.countermeasures =
        countermeasures(analysed, models, config).map_or_else(Measured::Missing, |report| {
            let found = Countermeasures { suspicion: report.suspicion, llr: report.llr };
            liveness.countermeasures = Some(report);
            Measured::Value(found)
        });
    if let Some(is_new) = is_new {
        evidence.fresh = Measured::Value(if is_new { Proof::Passed } else { Proof::Failed });
    }
    if asked {
        evidence.challenge = words(analysed, models).map_or_else(Measured::Missing, |heard| {
            liveness.challenge = Some(ChallengeReport {
                passed: heard.passed == Proof::Passed,
                llr: heard.llr,
                timing: heard.timing,
            });
            Measured::Value(heard.passed)
        });
    }
    liveness
}

/// What the detectors say together, or why they say nothing.
fn countermeasures(
    analysed: &Analysed,
    models: &Models,
    config: &SpoofingConfig,
) -> Result<SpoofReport, Vec<Reason>> {
    let missing = |code: &'static str, message: &str| vec![Reason::new(code, message)];
    let not_run = || missing("countermeasures_not_run", "Nothing checked whether a living person spoke.");
    if !config.countermeasures.is_on() {
        return Err(not_run());
    }
    let loaded = models.countermeasures().map_err(|_| {
        missing(
            "countermeasures_unavailable",
            "The check for replayed and made-up speech is not available now.",
        )
    })?;
    let scores = analysed.spoof_scores.as_ref().ok_or_else(not_run)?;
    let fitted = loaded.fitted();
    // A network is what tells most; without it, what is left must not be taken for the whole.
    let required: BTreeSet<String> =
        loaded.models().iter().map(|model| model.metadata().id.to_string()).collect();
    let threshold_llr = config.threshold_llr.unwrap_or(fitted.threshold_llr);
    // An operator who lowers one alone may lower it below the other.
    let suspicious_llr = config.suspicious_llr.unwrap_or(fitted.suspicious_llr).min(threshold_llr);
    let policy = SpoofPolicy { threshold_llr, suspicious_llr, required };
    let found = loaded.weigh(scores);
    let suspicion = match policy.judge(&found) {
        Verdict::Passed => Suspicion::None,
        Verdict::Suspicious => Suspicion::Some,
        Verdict::Failed => Suspicion::Attack,
        Verdict::Unmeasured(_) => {
            return Err(missing(
                "countermeasures_without_answer",
                "It could not be told whether a living person spoke; please speak again, a little longer.",
            ));
        }
    };
    Ok(SpoofReport {
        suspicion,
        llr: found.llr,
        threshold_llr: policy.threshold_llr,
        suspicious_llr: policy.suspicious_llr,
        fusion: loaded.id().to_string(),
        calibration: fitted.id.clone(),
        detectors: found.contributions,
        not_measured: found.missing.into_iter().map(|missing| missing.detector).collect(),
    })
}

/// What was heard of the words, or why nothing was.
fn words<'a>(analysed: &'a Analysed, models: &Models) -> Result<&'a Heard, Vec<Reason>> {
    let missing = |code: &'static str, message: &str| vec![Reason::new(code, message)];
    let unavailable =
        || missing("recogniser_unavailable", "The words cannot be checked now; please try again later.");
    models.recogniser().map_err(|_| unavailable())?;
    match &analysed.said {
        Some(Ok(heard)) => Ok(heard),
        Some(Err(error)) => {
            tracing::warn!(%error, "the recogniser heard nothing");
            Err(unavailable())
        }
        None => Err(missing("no_words", "The recording was too poor to hear any words in it.")),
    }
}
