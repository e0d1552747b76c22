//! Is this the enrolled person?

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;
use serde_json::json;
use voicegate_audio::Quality;
use voicegate_audio::decode::Source;
use voicegate_core::PersonId;
use voicegate_core::challenge::{self, ChallengeId};
use voicegate_core::decide::{Outcome, Reason, StepUp, decide};
use voicegate_core::threshold::{Adjustment, Context};

use super::Caller;
use super::learning::{Accepted, CHANGED_MEANWHILE};
use super::measure::{Liveness, Measurement};
use super::sample::{Recording, Timings, ms};
use crate::judge::{Assignment, Judge};
use crate::ports::{AuditEvent, AuditKind, Lane};
use crate::{Service, ServiceError};

/// The answer to a verification.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyAnswer {
    /// Whose voice was claimed.
    pub user_id: PersonId,
    /// The answer.
    pub outcome: Outcome,
    /// What is asked for beyond the voice; `null` unless the outcome is STEP_UP.
    pub step_up: Option<StepUp>,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// Calibrated similarity in [0, 1], one tenth per factor of ten in odds; `null` if nothing could be measured.
    pub similarity: Option<f32>,
    /// Natural-log likelihood ratio behind it.
    pub llr: Option<f64>,
    /// Score of each model in [-1, 1]; empty if nothing could be measured.
    pub cosines: BTreeMap<String, f32>,
    /// What the similarity was compared with, in [0.65, 0.90].
    pub threshold: f32,
    /// The operator's threshold, before the circumstances moved it.
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
    /// Registry id of the speaker model or fusion that judged.
    pub model: String,
    /// Version of the calibration that similarity and threshold belong to.
    pub calibration: String,
    /// Milliseconds per stage.
    pub timings: Timings,
    /// Number of the audit record.
    pub audit_record: u64,
}

/// What is offered for a verification.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The recording.
    pub recording: Recording,
    /// The challenge whose words it says.
    pub challenge: Option<ChallengeId>,
    /// The device that the challenge was asked for on.
    pub device: Option<String>,
}

impl From<Recording> for Attempt {
    /// A recording of any words.
    fn from(recording: Recording) -> Self {
        Self { recording, challenge: None, device: None }
    }
}

impl Service {
    /// Compares a recording with the enrolled voice of `person`. An attempt on a voice that cannot be verified is
    /// recorded, too: guessing at names must leave a trace.
    ///
    /// # Errors
    /// [`ServiceError::NotEnrolled`], [`ServiceError::Revoked`], [`ServiceError::Incomplete`],
    /// [`ServiceError::Challenge`], [`ServiceError::ModelUnavailable`], [`ServiceError::Misconfigured`],
    /// [`ServiceError::Overloaded`], [`ServiceError::Store`].
    pub async fn verify(
        &self,
        person: &PersonId,
        attempt: impl Into<Attempt>,
        caller: &Caller,
    ) -> Result<VerifyAnswer, ServiceError> {
        match self.attempt(person, attempt.into(), caller).await {
            Err(error) => {
                if let Some(code) = refusal(&error) {
                    let details = json!({ "reasons": [code] });
                    self.store.commit(Vec::new(), self.event(person, "refused", details, caller)).await?;
                }
                Err(error)
            }
            answered => answered,
        }
    }

    async fn attempt(
        &self,
        person: &PersonId,
        attempt: Attempt,
        caller: &Caller,
    ) -> Result<VerifyAnswer, ServiceError> {
        let config = self.config.current();
        let start = Instant::now();
        let device = attempt.device.as_deref();
        // Before anything else can fail: whoever tries uses it up.
        let challenge = match &attempt.challenge {
            Some(id) => Some(self.redeem_challenge(id, person, device, challenge::Purpose::Verify).await?),
            None => None,
        };
        let profile = self.load(person).await?;
        let template = profile.enrolled()?;
        let context =
            self.circumstances(person, Some(&profile), None, &config.verification.adjustments).await?;
        let read_ms = ms(start.elapsed());
        let speakers = self.speakers()?;
        let judge = Judge::of(person, &config, speakers.systems())?;

        let asked = challenge.as_ref().map(|challenge| &challenge.prompt);
        let whose = (person, Some(template));
        let mut measured = self.measure(whose, attempt.recording, asked, &judge, &config).await?;
        let context = Context { quality: measured.analysed.measures(), ..context };
        let decision = decide(&measured.evidence, &judge.policy(&config), &context);

        let start = Instant::now();
        let mut details = measured.details(&decision);
        if let Some(assignment) = &judge.assignment {
            details["experiment"] = json!(assignment);
        }
        let event = self.event(person, decision.outcome.as_str(), details, caller);
        let accepted = decision.outcome == Outcome::Accept;
        let lane = if accepted { Lane::Own } else { Lane::Others };
        let heard = measured.remember.take().map(|heard| heard.keep(lane)).into_iter().collect();
        let receipt = if accepted {
            let accepted = Accepted { speakers, config: &config, measured: &measured, decision: &decision };
            self.commit_accepted(person, accepted.teaches(&profile, event.at), heard, event).await?
        } else {
            self.store.commit(heard, event).await?
        };
        let Measurement { system, calibration, analysed, evidence, liveness, timings, .. } = measured;
        let score = evidence.speaker.value();
        let store_ms = timings.store_ms + read_ms + ms(start.elapsed());
        let timings = Timings { store_ms, ..timings };
        Ok(VerifyAnswer {
            user_id: person.clone(),
            outcome: decision.outcome,
            step_up: decision.outcome.step_up(),
            reasons: decision.reasons,
            similarity: decision.similarity,
            llr: score.map(|score| score.llr),
            cosines: score.map(|score| score.cosines.clone()).unwrap_or_default(),
            threshold: decision.threshold.value,
            base_threshold: decision.threshold.base,
            adjustments: decision.threshold.adjustments,
            threshold_bounded: decision.threshold.bounded,
            quality: analysed.quality,
            liveness,
            warnings: analysed.warnings,
            source: analysed.source,
            experiment: judge.assignment,
            model: system.id.to_string(),
            calibration: calibration.id.clone(),
            timings,
            audit_record: receipt.audit_seq,
        })
    }

    fn event(
        &self,
        person: &PersonId,
        outcome: &str,
        details: serde_json::Value,
        caller: &Caller,
    ) -> AuditEvent {
        AuditEvent {
            at: self.clock.now(),
            kind: AuditKind::Verify,
            actor: caller.actor.clone(),
            person: Some(person.clone()),
            outcome: outcome.into(),
            request_id: caller.request_id.clone(),
            details,
        }
    }
}

/// The code under which an attempt that came to nothing is recorded; `None` for faults of the server.
fn refusal(error: &ServiceError) -> Option<&'static str> {
    match error {
        ServiceError::NotEnrolled(_) => Some("not_enrolled"),
        ServiceError::Incomplete(_) => Some("incomplete"),
        ServiceError::Revoked(_) => Some("revoked"),
        ServiceError::Challenge(refusal) => Some(refusal.code()),
        // The profile was revoked or replaced while the recording was being compared.
        ServiceError::Conflict => Some(CHANGED_MEANWHILE),
        _ => None,
    }
}
