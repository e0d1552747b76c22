//! Is this the enrolled person?

mod learning;
mod liveness;

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use voicegate_audio::Quality;
use voicegate_audio::decode::Source;
use voicegate_core::ageing::Unlearnt;
use voicegate_core::challenge::{self, ChallengeId};
use voicegate_core::decide::{Decision, Evidence, Measured, Outcome, Reason, StepUp, decide};
use voicegate_core::score::SpeakerScore;
use voicegate_core::threshold::{Adjustment, Context};
use voicegate_core::{PersonId, Template};
use voicegate_models::System;

use super::Caller;
use super::sample::{Analysed, Purpose, Recording, Timings, ms};
use crate::config::AdjustmentsConfig;
use crate::judge::{Assignment, Judge};
use crate::ports::{AuditEvent, AuditKind, Change, Receipt, StoreError};
use crate::profile::{Profile, ProfileState};
use crate::{Service, ServiceError, policy};
use learning::Accepted;
use liveness::observe;
pub use liveness::{ChallengeReport, Liveness, SpoofReport};

/// The code for a profile that somebody changed while the recording was being compared.
const CHANGED_MEANWHILE: &str = "changed_meanwhile";

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
        let template = match (profile.state, &profile.template) {
            (ProfileState::Active, Some(template)) => template,
            (ProfileState::Active | ProfileState::Pending, _) => {
                return Err(ServiceError::Incomplete(person.clone()));
            }
            (ProfileState::Revoked, _) => return Err(ServiceError::Revoked(person.clone())),
        };
        let context = self.circumstances(&profile, &config.verification.adjustments).await?;
        let mut read_ms = ms(start.elapsed());
        let speakers = self.speakers()?;
        let judge = Judge::of(person, &config, speakers.systems())?;

        let purpose = Purpose::Verify { prompt: challenge.as_ref().map(|challenge| &challenge.prompt) };
        let analysed = self.analyse(attempt.recording, purpose, &config).await?;
        let start = Instant::now();
        let is_new = self.is_new(person, &analysed, &config.spoofing.duplicates).await?;
        read_ms += ms(start.elapsed());
        let start = Instant::now();
        let (system, speaker) =
            compare(&analysed, template, (speakers.systems(), &judge), config.enrolment.min_samples)?;
        let calibration = policy::calibration(system)?;
        let mut evidence = Evidence::of_voice(speaker);
        let spoofing = &config.spoofing;
        let liveness = observe(&mut evidence, &analysed, challenge.is_some(), is_new, &self.models, spoofing);
        let context = Context { quality: analysed.measures(), ..context };
        let decision = decide(&evidence, &judge.policy(&config), &context);
        let score_ms = ms(start.elapsed());

        let start = Instant::now();
        let mut details = details(&decision, &evidence, &analysed, (system, &calibration.id));
        details["liveness"] = json!(liveness);
        if let Some(assignment) = &judge.assignment {
            details["experiment"] = json!(assignment);
        }
        let event = self.event(person, decision.outcome.as_str(), details, caller);
        let heard = self.remember(person, &analysed, &spoofing.duplicates).into_iter().collect::<Vec<_>>();
        let receipt = if decision.outcome == Outcome::Accept {
            let accepted = Accepted {
                speakers,
                system,
                calibration: &calibration.llr,
                config: &config,
                analysed: &analysed,
                evidence: &evidence,
                decision: &decision,
            };
            self.commit_accepted(person, accepted.teaches(&profile, event.at), heard, event).await?
        } else {
            self.store.commit(heard, event).await?
        };
        let score = evidence.speaker.value();
        let timings = Timings { score_ms, store_ms: read_ms + ms(start.elapsed()), ..analysed.timings };
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

    /// What is known of the circumstances before anything was heard.
    async fn circumstances(
        &self,
        profile: &Profile,
        adjustments: &AdjustmentsConfig,
    ) -> Result<Context, ServiceError> {
        let now = self.clock.now();
        let window = SignedDuration::from_hours(i64::from(adjustments.recent_hours));
        let since = now.checked_sub(window).unwrap_or(Timestamp::MIN);
        let recent_failures = self.store.recent_failures(&profile.person, since).await?;
        let last = profile.last_verified_at.max(Some(profile.updated_at));
        Ok(Context {
            since_verified: last.map(|last| now.duration_since(last)),
            recent_failures: Some(recent_failures),
            ..Context::default()
        })
    }

    /// Marks the profile verified, and keeps what was `learnt` unless somebody changed the profile meanwhile. The record
    /// says that something was learnt, or the code of why not.
    async fn commit_accepted(
        &self,
        person: &PersonId,
        learnt: Result<Profile, Unlearnt>,
        mut changes: Vec<Change>,
        mut event: AuditEvent,
    ) -> Result<Receipt, ServiceError> {
        changes.push(Change::MarkVerified { person: person.clone(), at: event.at });
        let not_learnt = match learnt {
            Ok(profile) => {
                let expected_version = profile.version;
                let mut event = event.clone();
                event.details["learnt"] = true.into();
                let put = Change::PutProfile { profile, expected_version };
                let all = std::iter::once(put).chain(changes.iter().cloned()).collect();
                match self.store.commit(all, event).await {
                    Err(StoreError::Conflict) => CHANGED_MEANWHILE,
                    done => return Ok(done?),
                }
            }
            Err(why) => why.as_str(),
        };
        event.details["not_learnt"] = not_learnt.into();
        Ok(self.store.commit(changes, event).await?)
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

/// The speaker comparison with the system that made it, or why there is none.
fn compare<'a>(
    analysed: &Analysed,
    template: &Template,
    (systems, judge): (&'a [System], &Judge<'a>),
    enough: usize,
) -> Result<(&'a System, Measured<SpeakerScore>), ServiceError> {
    let voiceprint = match &analysed.voiceprint {
        Ok(voiceprint) => voiceprint,
        Err(reasons) => return Ok((judge.system, Measured::Missing(reasons.clone()))),
    };
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

fn details(
    decision: &Decision,
    evidence: &Evidence,
    analysed: &Analysed,
    (system, calibration): (&System, &str),
) -> serde_json::Value {
    let codes = |reasons: &[Reason]| reasons.iter().map(|r| r.code.to_string()).collect::<Vec<_>>();
    let adjustments: BTreeMap<&str, f32> =
        decision.threshold.adjustments.iter().map(|moved| (moved.name.as_str(), moved.amount)).collect();
    json!({
        "model": system.id,
        "calibration": calibration,
        "similarity": decision.similarity,
        "llr": evidence.speaker.value().map(|score| score.llr),
        "threshold": decision.threshold.value,
        "base_threshold": decision.threshold.base,
        "adjustments": adjustments,
        "threshold_bounded": decision.threshold.bounded,
        "reasons": codes(&decision.reasons),
        "warnings": codes(&analysed.warnings),
        "net_speech_s": analysed.quality.as_ref().map(|q| q.net_speech_s),
        "snr_db": analysed.quality.as_ref().and_then(|q| q.snr_db),
    })
}
