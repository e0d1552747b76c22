//! A recording held against a person's voice: what every decision about a speaker begins with.

mod liveness;

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::json;
use voicegate_core::challenge::Prompt;
use voicegate_core::decide::{Decision, Evidence, Measured, Reason};
use voicegate_core::score::SpeakerScore;
use voicegate_core::{PersonId, Template};
use voicegate_models::{FittedCalibration, System};

use super::heard::Heard;
use super::sample::{Analysed, Purpose, Recording, Timings, ms};
use crate::config::VoiceAuthConfig;
use crate::judge::Judge;
use crate::{Service, ServiceError, policy};
pub use liveness::{ChallengeReport, Liveness, SpoofReport};

/// What was found out about one recording.
pub(crate) struct Measurement<'a> {
    /// The system that judged.
    pub(crate) system: &'a System,
    /// What its scores mean.
    pub(crate) calibration: &'a FittedCalibration,
    pub(crate) analysed: Analysed,
    pub(crate) evidence: Evidence,
    pub(crate) liveness: Liveness,
    /// Milliseconds per stage so far.
    pub(crate) timings: Timings,
    /// The recording's fingerprint.
    pub(crate) remember: Option<Heard>,
}

impl Service {
    /// Analyses `recording`, and compares it with `template` and with what was heard before. `asked` are the words of its
    /// challenge. Without a template, where nobody is enrolled, the same work ends in a voice that speaks against anybody.
    pub(crate) async fn measure<'a>(
        &'a self,
        (person, template): (&PersonId, Option<&Template>),
        recording: Recording,
        asked: Option<&Prompt>,
        judge: &Judge<'a>,
        config: &VoiceAuthConfig,
    ) -> Result<Measurement<'a>, ServiceError> {
        let analysed = self.analyse(recording, Purpose::Verify { prompt: asked }, config).await?;
        let start = Instant::now();
        let is_new = self.is_new(person, &analysed, &config.spoofing.duplicates).await?;
        let store_ms = ms(start.elapsed());
        let start = Instant::now();
        let systems = self.speakers()?.systems();
        let (system, speaker) = compare(&analysed, template, (systems, judge), config.enrolment.min_samples)?;
        let mut evidence = Evidence::of_voice(speaker);
        let spoofing = &config.spoofing;
        let liveness =
            liveness::observe(&mut evidence, &analysed, asked.is_some(), is_new, &self.models, spoofing);
        let remember = self.remember(person, &analysed, &spoofing.duplicates);
        let timings = Timings { store_ms, score_ms: ms(start.elapsed()), ..analysed.timings };
        let calibration = policy::calibration(system)?;
        Ok(Measurement { system, calibration, analysed, evidence, liveness, timings, remember })
    }
}

impl Measurement<'_> {
    /// Takes a voice that was enrolled with other models for nobody's, where it must not show that it was enrolled; says
    /// whether it was so.
    pub(crate) fn counts_as_nobody(&mut self) -> bool {
        let not_comparable = self.analysed.voiceprint.is_ok() && self.evidence.speaker.value().is_none();
        if not_comparable {
            self.evidence.speaker = Measured::Value(nobody());
        }
        not_comparable
    }

    /// Numbers and codes for the audit record.
    pub(crate) fn details(&self, decision: &Decision) -> serde_json::Value {
        let codes = |reasons: &[Reason]| reasons.iter().map(|r| r.code.to_string()).collect::<Vec<_>>();
        let adjustments: BTreeMap<&str, f32> =
            decision.threshold.adjustments.iter().map(|moved| (moved.name.as_str(), moved.amount)).collect();
        let quality = self.analysed.quality.as_ref();
        json!({
            "model": self.system.id,
            "calibration": self.calibration.id,
            "similarity": decision.similarity,
            "llr": self.evidence.speaker.value().map(|score| score.llr),
            "threshold": decision.threshold.value,
            "base_threshold": decision.threshold.base,
            "adjustments": adjustments,
            "threshold_bounded": decision.threshold.bounded,
            "reasons": codes(&decision.reasons),
            "warnings": codes(&self.analysed.warnings),
            "net_speech_s": quality.map(|q| q.net_speech_s),
            "snr_db": quality.and_then(|q| q.snr_db),
            "liveness": self.liveness,
        })
    }
}

/// The speaker comparison with the system that made it, or why there is none.
fn compare<'a>(
    analysed: &Analysed,
    template: Option<&Template>,
    (systems, judge): (&'a [System], &Judge<'a>),
    enough: usize,
) -> Result<(&'a System, Measured<SpeakerScore>), ServiceError> {
    let voiceprint = match &analysed.voiceprint {
        Ok(voiceprint) => voiceprint,
        Err(reasons) => return Ok((judge.system, Measured::Missing(reasons.clone()))),
    };
    let Some(template) = template else { return Ok((judge.system, Measured::Value(nobody()))) };
    let quality = analysed.measures().unwrap_or_default();
    if let Some(system) = judge.system_for(systems, voiceprint, template, enough) {
        let calibration = &policy::calibration(system)?.llr;
        if let Some(score) = SpeakerScore::new(voiceprint, &quality, template, calibration) {
            return Ok((system, Measured::Value(score)));
        }
    }
    let reason = Reason::new(
        "other_model",
        "The voice was enrolled with a speaker model that is no longer in use; enrol it again.",
    );
    Ok((judge.system, Measured::Missing(vec![reason])))
}

/// The score of a voice against nobody: surely somebody else.
fn nobody() -> SpeakerScore {
    SpeakerScore { cosines: BTreeMap::new(), llr: f64::NEG_INFINITY, similarity: 0.0, reachable: 1.0 }
}
