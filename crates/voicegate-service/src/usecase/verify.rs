//! Is this the enrolled person?

use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use voicegate_audio::Quality;
use voicegate_audio::decode::Source;
use voicegate_core::decide::{Decision, Evidence, Measured, Outcome, Policy, Reason, decide};
use voicegate_core::enrolment::admit;
use voicegate_core::score::SpeakerScore;
use voicegate_core::{Exemplar, PersonId, Template};
use voicegate_models::{SpeakerModels, System};

use super::Caller;
use super::sample::{Analysed, Recording, Timings, ms};
use crate::config::VoiceAuthConfig;
use crate::ports::{AuditEvent, AuditKind, Change, Receipt, StoreError};
use crate::profile::{Profile, ProfileState};
use crate::{Service, ServiceError, policy};

/// The answer to a verification.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyAnswer {
    /// Whose voice was claimed.
    pub user_id: PersonId,
    /// The answer.
    pub outcome: Outcome,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// Calibrated similarity in [0, 1]; `null` until the model set has a calibration.
    pub similarity: Option<f32>,
    /// Cosine score in [-1, 1]; `null` if nothing could be measured.
    pub score: Option<f32>,
    /// What the score was compared with, in [-1, 1].
    pub threshold: f32,
    /// Quality of the recording; `null` if it could not be decoded.
    pub quality: Option<Quality>,
    /// What lowers the worth of the recording without making it unusable.
    pub warnings: Vec<Reason>,
    /// Format of the recording; `null` if it could not be decoded.
    pub source: Option<Source>,
    /// Registry id of the speaker model or fusion that judged.
    pub model: String,
    /// Milliseconds per stage.
    pub timings: Timings,
    /// Number of the audit record.
    pub audit_record: u64,
}

impl Service {
    /// Compares a recording with the enrolled voice of `person`. An attempt on a voice that cannot be verified is
    /// recorded, too: guessing at names must leave a trace.
    ///
    /// # Errors
    /// [`ServiceError::NotEnrolled`], [`ServiceError::Revoked`], [`ServiceError::Incomplete`],
    /// [`ServiceError::ModelUnavailable`], [`ServiceError::Overloaded`], [`ServiceError::Store`].
    pub async fn verify(
        &self,
        person: &PersonId,
        recording: Recording,
        caller: &Caller,
    ) -> Result<VerifyAnswer, ServiceError> {
        match self.attempt(person, recording, caller).await {
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
        recording: Recording,
        caller: &Caller,
    ) -> Result<VerifyAnswer, ServiceError> {
        let config = self.config.current();
        let start = Instant::now();
        let profile = self.load(person).await?;
        let template = match (profile.state, &profile.template) {
            (ProfileState::Active, Some(template)) => template,
            (ProfileState::Active | ProfileState::Pending, _) => {
                return Err(ServiceError::Incomplete(person.clone()));
            }
            (ProfileState::Revoked, _) => return Err(ServiceError::Revoked(person.clone())),
        };
        let read_ms = ms(start.elapsed());
        let speakers = self.speakers()?;
        policy::score_threshold(&config, speakers, speakers.serving())?;

        let analysed = self.analyse(recording, config.verification.min_net_speech_s, &config).await?;
        let start = Instant::now();
        let (system, speaker) = compare(&analysed, template, speakers, config.enrolment.min_samples);
        let threshold = policy::score_threshold(&config, speakers, system)?;
        let decision = decide(&Evidence { speaker }, &Policy { score_threshold: threshold });
        let score_ms = ms(start.elapsed());

        let start = Instant::now();
        let details = details(&decision, &analysed, system);
        let event = self.event(person, decision.outcome.as_str(), details, caller);
        let receipt = if decision.outcome == Outcome::Accept {
            let learning = Learning { speakers, system, config: &config };
            let sure = decision.score.is_some_and(|score| score >= threshold + LEARNING_MARGIN);
            let learnt = if sure { learning.profile(&profile, &analysed, event.at) } else { None };
            self.commit_accepted(person, learnt, event).await?
        } else {
            self.store.commit(Vec::new(), event).await?
        };
        let timings = Timings { score_ms, store_ms: read_ms + ms(start.elapsed()), ..analysed.timings };
        Ok(VerifyAnswer {
            user_id: person.clone(),
            outcome: decision.outcome,
            reasons: decision.reasons,
            similarity: None,
            score: decision.score,
            threshold,
            quality: analysed.quality,
            warnings: analysed.warnings,
            source: analysed.source,
            model: system.id.to_string(),
            timings,
            audit_record: receipt.audit_seq,
        })
    }

    /// Marks the profile verified, and keeps what was `learnt` unless somebody changed the profile meanwhile.
    async fn commit_accepted(
        &self,
        person: &PersonId,
        learnt: Option<Profile>,
        event: AuditEvent,
    ) -> Result<Receipt, ServiceError> {
        let mark = Change::MarkVerified { person: person.clone(), at: event.at };
        if let Some(profile) = learnt {
            let expected_version = profile.version;
            let mut event = event.clone();
            event.details["learnt"] = true.into();
            let changes = vec![Change::PutProfile { profile, expected_version }, mark.clone()];
            match self.store.commit(changes, event).await {
                Err(StoreError::Conflict) => {}
                done => return Ok(done?),
            }
        }
        Ok(self.store.commit(vec![mark], event).await?)
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
        // The profile was revoked or replaced while the recording was being compared.
        ServiceError::Conflict => Some("changed_meanwhile"),
        _ => None,
    }
}

/// The speaker comparison with the system that made it, or why there is none.
fn compare<'a>(
    analysed: &Analysed,
    template: &Template,
    speakers: &'a SpeakerModels,
    enough: usize,
) -> (&'a System, Measured<SpeakerScore>) {
    let voiceprint = match &analysed.voiceprint {
        Ok(voiceprint) => voiceprint,
        Err(reasons) => return (speakers.serving(), Measured::Missing(reasons.clone())),
    };
    let scored = speakers.system_for(voiceprint, template, enough).and_then(|system| {
        Some((system, Measured::Value(SpeakerScore::new(voiceprint, template, &system.fusion)?)))
    });
    scored.unwrap_or_else(|| {
        let reason = Reason::new(
            "other_model",
            "The voice was enrolled with a speaker model that is no longer in use; enrol it again.",
        );
        (speakers.serving(), Measured::Missing(vec![reason]))
    })
}

/// Accepted attempts that are kept of a voice that moves to other models, unless an enrolment needs more.
const LEARNT: usize = 5;

/// How far above the threshold an attempt must be to be kept: one that just passes may be a stranger's.
const LEARNING_MARGIN: f32 = 0.03;

/// What learning from an accepted attempt follows.
struct Learning<'a> {
    speakers: &'a SpeakerModels,
    /// The system that judged.
    system: &'a System,
    config: &'a VoiceAuthConfig,
}

impl Learning<'_> {
    /// The profile with the attempt as a new exemplar, where the template lacks a model that serves now: a voice that
    /// was imported, or enrolled before the model came, moves to the current models by being used. The attempt must
    /// meet the rule of enrolment: against the whole template by the system that judged, and by the serving one against
    /// what that heard already.
    fn profile(&self, profile: &Profile, analysed: &Analysed, now: Timestamp) -> Option<Profile> {
        let template = profile.template.as_ref()?;
        let (voiceprint, quality) = (analysed.voiceprint.as_ref().ok()?, analysed.quality.as_ref()?);
        let serving = self.speakers.serving();
        let settled = serving.fusion.heard_of(template);
        let wanted = LEARNT.max(self.config.enrolment.min_samples);
        if settled == template.exemplars().len() || settled >= wanted || !serving.fusion.heard(voiceprint) {
            return None;
        }
        let exemplar = Exemplar {
            voiceprint: voiceprint.clone(),
            net_speech_s: quality.net_speech_s,
            snr_db: quality.snr_db,
            added_at: now,
        };
        let fits = |system: &System| {
            let heard = |e: &&Exemplar| system.fusion.heard(&e.voiceprint);
            let existing: Vec<Exemplar> = template.exemplars().iter().filter(heard).cloned().collect();
            let policy = policy::enrolment_policy(self.config, self.speakers, system).ok()?;
            let verdicts = admit(&existing, std::slice::from_ref(&exemplar), &system.fusion, &policy);
            verdicts.iter().all(|verdict| verdict.is_accepted()).then_some(())
        };
        fits(self.system)?;
        fits(serving)?;
        if template.exemplars().len() >= self.config.enrolment.max_samples {
            return None;
        }
        let exemplars = template.exemplars().iter().cloned().chain([exemplar]).collect();
        Some(Profile { template: Some(Template::new(exemplars).ok()?), updated_at: now, ..profile.clone() })
    }
}

fn details(decision: &Decision, analysed: &Analysed, system: &System) -> serde_json::Value {
    let codes = |reasons: &[Reason]| reasons.iter().map(|r| r.code.to_string()).collect::<Vec<_>>();
    json!({
        "model": system.id,
        "score": decision.score,
        "threshold": decision.threshold,
        "reasons": codes(&decision.reasons),
        "warnings": codes(&analysed.warnings),
        "net_speech_s": analysed.quality.as_ref().map(|q| q.net_speech_s),
        "snr_db": analysed.quality.as_ref().and_then(|q| q.snr_db),
    })
}
