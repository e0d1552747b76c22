//! Is this the enrolled person?

use std::time::Instant;

use serde::Serialize;
use serde_json::json;
use voicegate_audio::Quality;
use voicegate_audio::decode::Source;
use voicegate_core::PersonId;
use voicegate_core::decide::{Decision, Evidence, Measured, Outcome, Policy, Reason, decide};
use voicegate_core::score::SpeakerScore;

use super::Caller;
use super::sample::{Analysed, Recording, Timings, ms};
use crate::ports::{AuditEvent, AuditKind, Change};
use crate::profile::{Profile, ProfileState};
use crate::{Service, ServiceError};

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
    /// Registry id of the speaker model.
    pub model: String,
    /// Milliseconds per stage.
    pub timings: Timings,
    /// Number of the audit record.
    pub audit_record: u64,
}

impl Service {
    /// Compares a recording with the enrolled voice of `person`.
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
        let config = self.config.current();
        let model = self.speaker_model();
        let threshold = self.score_threshold(&config)?;
        let start = Instant::now();
        let profile = self.load(person).await?;
        match profile.state {
            ProfileState::Active => {}
            ProfileState::Pending => return Err(ServiceError::Incomplete(person.clone())),
            ProfileState::Revoked => return Err(ServiceError::Revoked(person.clone())),
        }
        let read_ms = ms(start.elapsed());

        let analysed = self.analyse(recording, config.verification.min_net_speech_s, &config).await?;
        let start = Instant::now();
        let evidence = Evidence { speaker: compare(&analysed, &profile, model.id.as_str()) };
        let decision = decide(&evidence, &Policy { score_threshold: threshold });
        let score_ms = ms(start.elapsed());

        let start = Instant::now();
        let now = self.clock.now();
        let changes = match decision.outcome {
            Outcome::Accept => vec![Change::MarkVerified { person: person.clone(), at: now }],
            Outcome::Reject | Outcome::Inconclusive => Vec::new(),
        };
        let event = AuditEvent {
            at: now,
            kind: AuditKind::Verify,
            actor: caller.actor.clone(),
            person: Some(person.clone()),
            outcome: decision.outcome.as_str().into(),
            request_id: caller.request_id.clone(),
            details: details(&decision, &analysed, model.id.as_str()),
        };
        let receipt = self.store.commit(changes, event).await?;
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
            model: model.id.to_string(),
            timings,
            audit_record: receipt.audit_seq,
        })
    }
}

/// The speaker comparison, or why there is none.
fn compare(analysed: &Analysed, profile: &Profile, model: &str) -> Measured<SpeakerScore> {
    let embedding = match &analysed.embedding {
        Ok(embedding) => embedding,
        Err(reasons) => return Measured::Missing(reasons.clone()),
    };
    match profile.template(model).and_then(|template| SpeakerScore::new(embedding, template)) {
        Some(score) => Measured::Value(score),
        None => Measured::Missing(vec![Reason::new(
            "other_model",
            "The voice was enrolled with a speaker model that is no longer active; add samples with an update.",
        )]),
    }
}

fn details(decision: &Decision, analysed: &Analysed, model: &str) -> serde_json::Value {
    let codes = |reasons: &[Reason]| reasons.iter().map(|r| r.code.to_string()).collect::<Vec<_>>();
    json!({
        "model": model,
        "score": decision.score,
        "threshold": decision.threshold,
        "reasons": codes(&decision.reasons),
        "warnings": codes(&analysed.warnings),
        "net_speech_s": analysed.quality.as_ref().map(|q| q.net_speech_s),
        "snr_db": analysed.quality.as_ref().and_then(|q| q.snr_db),
    })
}
