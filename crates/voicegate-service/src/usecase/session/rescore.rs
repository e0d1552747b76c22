//! Further audio in a session: does the same person still speak?

use std::net::IpAddr;

use serde::Serialize;
use serde_json::json;
use voicegate_core::challenge::{ChallengeId, Purpose};
use voicegate_core::decide::{Decision, Measured, Outcome, Proof, Reason, StepUp, decide};
use voicegate_core::limits::Cost;
use voicegate_core::session::{Confidence, Utterance};
use voicegate_core::threshold::Context;

use crate::judge::Judge;
use crate::ports::{AuditEvent, AuditKind, Lane, Session};
use crate::profile::ProfileState;
use crate::usecase::Caller;
use crate::usecase::limits::{Charged, cost_of, within};
use crate::usecase::measure::Measurement;
use crate::usecase::sample::Recording;
use crate::{Service, ServiceError};

/// Where a session stands after further audio.
#[derive(Debug, Clone, Serialize)]
pub struct RescoreAnswer {
    /// How sure it is that the person of the session still speaks, on the scale of similarities, in [0, 1], to a tenth; `None` while the
    /// session does not count, or whoever took it over could practise on it.
    pub confidence: Option<f32>,
    /// Below this the session has to prove itself anew.
    pub step_up_below: f32,
    /// What has to be given before the session counts again; `null` if it counts.
    pub step_up: Option<StepUp>,
    /// What was made of the recording, the weightiest first.
    pub reasons: Vec<Reason>,
    /// What lowers the worth of the recording without making it unusable.
    pub warnings: Vec<Reason>,
    /// Number of the audit record.
    pub audit_record: u64,
}

impl Service {
    /// Holds further audio of `session`, sent from `address`, against its person's voice. With the words of a challenge said in
    /// it and the voice accepted, a session that waits for just that counts again; nothing else lifts what a session waits
    /// for. A voice that speaks against the person and a check that fails cost what they cost in a login.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] if the session waits and there is no challenge; [`ServiceError::TooManyAttempts`];
    /// [`ServiceError::NotEnrolled`] or [`ServiceError::Incomplete`] if there is no voice to compare with;
    /// [`ServiceError::Challenge`], [`ServiceError::ModelUnavailable`], [`ServiceError::Misconfigured`],
    /// [`ServiceError::Overloaded`]; [`ServiceError::Conflict`] if the session was changed meanwhile;
    /// [`ServiceError::Store`].
    pub async fn rescore(
        &self,
        session: Session,
        recording: Recording,
        challenge: Option<&ChallengeId>,
        address: Option<IpAddr>,
        caller: &Caller,
    ) -> Result<RescoreAnswer, ServiceError> {
        if session.content.step_up.is_some() && challenge.is_none() {
            return Err(ServiceError::Invalid(
                "in a session that waits, the words of a challenge are said".into(),
            ));
        }
        let (own, address) = within(&session, address);
        let person = session.person.clone();
        let charged = self.charge((&person, own), address, AuditKind::Rescore, caller).await?;
        let details = json!({"session": session.id});
        let event = caller.event((self.clock.now(), AuditKind::Rescore), &person, "refused", details);
        let done = self.attempt_rescore(session, recording, challenge, charged.clone(), event.clone()).await;
        self.settled(charged, event, done).await
    }

    async fn attempt_rescore(
        &self,
        mut session: Session,
        recording: Recording,
        challenge: Option<&ChallengeId>,
        charged: Charged,
        mut event: AuditEvent,
    ) -> Result<RescoreAnswer, ServiceError> {
        let config = self.config.current();
        let person = session.person.clone();
        let challenge = match challenge {
            Some(id) => Some(self.redeem_challenge(id, &person, None, Purpose::Verify).await?),
            None => None,
        };
        let profile = self.load(&person).await?;
        let template = profile.template.as_ref().filter(|_| profile.state == ProfileState::Active);
        let template = template.ok_or_else(|| ServiceError::Incomplete(person.clone()))?;
        let judge = Judge::of(&person, &config, self.speakers()?.systems())?;
        let asked = challenge.as_ref().map(|challenge| &challenge.prompt);
        let measured = self.measure((&person, Some(template)), recording, asked, &judge, &config).await?;
        let context = Context { quality: measured.analysed.measures(), ..Context::default() };
        let decision = decide(&measured.evidence, &judge.policy(&config), &context);

        let (now, policy) = (event.at, config.sessions.confidence());
        let proven = decision.outcome == Outcome::Accept
            && measured.evidence.challenge == Measured::Value(Proof::Passed);
        let heard = utterance(&decision, &measured);
        let content = &mut session.content;
        let confidence = match (content.confidence, heard) {
            (_, Utterance::Voice(llr)) if proven => Confidence::proven(llr, now),
            (known, heard) => known.unwrap_or(Confidence::proven(0.0, now)).hear(heard, now, &policy),
        };
        let waits_for_words = content.step_up == Some(StepUp::LiveChallenge);
        if proven && waits_for_words {
            content.step_up = None;
        }
        // A session that began with a password stands on that: words in noise must not end it, a stranger's voice must.
        let judged =
            content.confidence.is_some() || matches!(heard, Utterance::Voice(_) | Utterance::CheckFailed);
        content.step_up = content.step_up.or(confidence.step_up(now, &policy).filter(|_| judged));
        content.confidence = Some(confidence).filter(|_| judged);

        let similarity = confidence.similarity(now, &policy);
        let answer = RescoreAnswer {
            confidence: Some(coarse(similarity)).filter(|_| content.step_up.is_none()),
            step_up_below: policy.step_up_below,
            step_up: content.step_up,
            // How the voice compares shows in the confidence alone.
            reasons: decision
                .reasons
                .iter()
                .filter(|reason| !reason.code.starts_with("voice_"))
                .cloned()
                .collect(),
            warnings: measured.analysed.warnings.clone(),
            audit_record: 0,
        };
        event.details = measured.details(&decision);
        event.details["session"] = json!(session.id);
        event.details["confidence"] = json!(similarity);
        event.outcome = answer.step_up.map_or("CONTINUE", |_| "STEP_UP").into();
        let cost = match heard {
            Utterance::CheckFailed => Cost::Full,
            Utterance::Voice(llr) if llr < 0.0 => cost_of(&measured.evidence),
            Utterance::Voice(_) | Utterance::Inconclusive => Cost::None,
        };
        let limits = match cost {
            // What speaks for the person forgives nothing: confidence is no proof.
            Cost::None => charged.undecided(now),
            cost => charged.failed(self, cost, now),
        };
        let lane = if decision.outcome == Outcome::Accept { Lane::Own } else { Lane::Others };
        let changes = measured.remember.map(|heard| heard.keep(lane)).into_iter();
        let changes = changes.chain([self.put_session(session)]).chain(limits).collect();
        let receipt = self.store.commit(changes, event).await?;
        Ok(RescoreAnswer { audit_record: receipt.audit_seq, ..answer })
    }
}

/// In steps of a tenth: finer ones would let whoever took a session over tune a voice against the person's.
fn coarse(similarity: f32) -> f32 {
    (similarity * 10.0).round() / 10.0
}

/// What a session hears in it.
fn utterance(decision: &Decision, measured: &Measurement<'_>) -> Utterance {
    let evidence = &measured.evidence;
    if !evidence.failures().is_empty() {
        return Utterance::CheckFailed;
    }
    match evidence.speaker.value() {
        Some(score) if decision.outcome != Outcome::Inconclusive => Utterance::Voice(score.llr),
        _ => Utterance::Inconclusive,
    }
}
