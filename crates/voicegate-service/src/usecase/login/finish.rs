//! What a login leaves behind: session, device, notices and record, all or nothing.

use jiff::Timestamp;
use serde_json::json;
use voicegate_core::decide::{Outcome, Reason};
use voicegate_core::device::{DeviceBinding, Event};
use voicegate_core::limits::Cost;
use voicegate_core::risk::{PastLogin, Risk};
use voicegate_core::session::Confidence;

use super::answer::{LoginAnswer, LoginDetails, LoginDevice, LoginSession};
use super::rules::{DEVICE_REVOKED, Verdict, revoked};
use super::told::told;
use super::{AdviceReport, LoginRequest};
use crate::config::VoiceAuthConfig;
use crate::ports::{AuditEvent, Change, Lane, NoticeKind, SessionContent, SignedInBy};
use crate::profile::Profile;
use crate::usecase::device::presented::Presented;
use crate::usecase::learning::Accepted;
use crate::usecase::limits::Charged;
use crate::usecase::measure::Measurement;
use crate::{Service, ServiceError};

/// A login that was judged.
pub(super) struct Attempt<'a> {
    pub(super) request: &'a LoginRequest,
    pub(super) presented: &'a Presented,
    pub(super) profile: Option<&'a Profile>,
    pub(super) measured: Measurement<'a>,
    pub(super) verdict: Verdict,
    /// What of it later logins are compared with.
    pub(super) login: PastLogin,
    pub(super) risk: Risk,
    pub(super) advice: Option<AdviceReport>,
    pub(super) charged: Charged,
    pub(super) cost: Cost,
    pub(super) config: &'a VoiceAuthConfig,
}

impl Service {
    pub(super) async fn finish_login(
        &self,
        mut attempt: Attempt<'_>,
        mut event: AuditEvent,
    ) -> Result<LoginAnswer, ServiceError> {
        let at = event.at;
        let (outcome, person) = (attempt.verdict.decision.outcome, &attempt.request.person);
        let is_own =
            matches!(outcome, Outcome::Accept | Outcome::StepUp(_)) || attempt.presented.bound().is_some();
        let lane = if is_own { Lane::Own } else { Lane::Others };
        let heard = attempt.measured.remember.take().map(|heard| heard.keep(lane));
        let mut changes: Vec<Change> = heard.into_iter().collect();
        if outcome == Outcome::Accept {
            changes.push(Change::RememberLogin { person: person.clone(), login: attempt.login });
        }
        let device = attempt.device(at)?;
        if let Some(device) = &device {
            let expected_version = attempt.presented.binding.as_ref().map_or(0, |before| before.version);
            changes.push(Change::PutDevice { device: device.clone(), expected_version });
        }
        let device = device.as_ref().or(attempt.presented.proven());
        let matched = matches!(outcome, Outcome::Accept | Outcome::StepUp(_));
        let session = matched.then(|| self.new_session(person, attempt.session(at)));
        let session = session.map(|(begin, opened)| {
            changes.push(begin);
            event.details["session"] = json!(opened.id);
            opened
        });
        for kind in attempt.notices() {
            let device = device.map(|device| json!({"device_id": device.id, "device_name": device.name}));
            let details = json!({"session_id": session.as_ref().map(|session| session.id), "device": device});
            changes.push(self.notice(person, at, kind, details));
        }
        changes.extend(match outcome {
            Outcome::Accept => attempt.charged.accepted(at),
            Outcome::Reject => attempt.charged.failed(self, attempt.cost, at),
            Outcome::StepUp(_) | Outcome::Inconclusive => attempt.charged.undecided(at),
        });
        let receipt = match attempt.profile.filter(|_| outcome == Outcome::Accept) {
            Some(profile) => {
                let accepted = Accepted {
                    speakers: self.speakers()?,
                    config: attempt.config,
                    measured: &attempt.measured,
                    decision: &attempt.verdict.decision,
                };
                self.commit_accepted(person, accepted.teaches(profile, at), changes, event).await?
            }
            None => self.store.commit(changes, event).await?,
        };
        let rebound = matches!(attempt.verdict.event, Some(Event::Rebind { .. }));
        let decision = attempt.verdict.decision;
        Ok(LoginAnswer {
            outcome,
            step_up: outcome.step_up(),
            reasons: told(&decision),
            session: session.map(|opened| LoginSession {
                session_id: opened.id,
                token: opened.token.reveal().to_owned(),
                ends_at: opened.ends_at,
                idle_s: opened.idle_s,
            }),
            device: device.map(|device| LoginDevice {
                device_id: device.id,
                trust_level: device.trust_level,
                rebound,
            }),
            advice: attempt.advice.clone(),
            details: (outcome == Outcome::Accept).then_some(LoginDetails {
                similarity: decision.similarity,
                threshold: decision.threshold.value,
                base_threshold: decision.threshold.base,
                adjustments: decision.threshold.adjustments,
                risk: attempt.risk,
                advisor: attempt.advice,
                liveness: attempt.measured.liveness,
            }),
            warnings: attempt.measured.analysed.warnings,
            audit_record: receipt.audit_seq,
        })
    }

    /// Answers a login without a recording: who holds the key of a revoked device is told how it is bound again.
    pub(super) async fn without_a_voice(
        &self,
        presented: &Presented,
        charged: Charged,
        mut event: AuditEvent,
    ) -> Result<LoginAnswer, ServiceError> {
        let Some(binding) = presented.revoked() else {
            return Err(ServiceError::Invalid("audio: a login takes one recording.".into()));
        };
        // The record stays one of a refusal: no voice was rejected, and the next threshold must not rise for it.
        event.details = json!({ "reasons": [DEVICE_REVOKED], "device": { "id": binding.id } });
        let receipt = self.store.commit(charged.undecided(event.at), event).await?;
        Ok(LoginAnswer {
            outcome: Outcome::Reject,
            step_up: None,
            reasons: vec![revoked()],
            session: None,
            device: Some(LoginDevice {
                device_id: binding.id,
                trust_level: binding.trust_level,
                rebound: false,
            }),
            details: None,
            advice: None,
            warnings: Vec::<Reason>::new(),
            audit_record: receipt.audit_seq,
        })
    }
}

impl Attempt<'_> {
    /// The device to be stored: as the login changed it, or unchanged where a session begins with it, so that one that is
    /// revoked at the same moment shows as a conflict.
    fn device(&self, at: Timestamp) -> Result<Option<DeviceBinding>, ServiceError> {
        let Some(before) = self.presented.proven().cloned() else { return Ok(None) };
        match self.verdict.event.clone() {
            Some(event) => {
                let after = before.apply(event, &self.config.devices.rebind_require, at);
                let after = after.map_err(|refused| ServiceError::Internal(refused.to_string()))?;
                Ok(Some(after))
            }
            None if self.verdict.decision.outcome.step_up().is_some() => Ok(Some(before)),
            None => Ok(None),
        }
    }

    fn session(&self, at: Timestamp) -> SessionContent {
        let llr = self.measured.evidence.speaker.value().map(|score| score.llr);
        SessionContent {
            by: SignedInBy::Voice,
            device: self.presented.proven().map(|binding| binding.id),
            step_up: self.verdict.decision.outcome.step_up(),
            rebinds: self.verdict.rebinds,
            other_factor: self.request.factor_asserted,
            confidence: llr.map(|llr| Confidence::proven(llr, at)),
        }
    }

    /// What the person should know of it.
    fn notices(&self) -> Vec<NoticeKind> {
        let outcome = self.verdict.decision.outcome;
        let rebound = matches!(self.verdict.event, Some(Event::Rebind { .. }));
        let matched = matches!(outcome, Outcome::Accept | Outcome::StepUp(_));
        let known = self.presented.bound().is_some() || self.presented.revoked().is_some();
        [
            (outcome == Outcome::Accept, NoticeKind::LoggedIn),
            (outcome == Outcome::Reject, NoticeKind::LoginRejected),
            (rebound, NoticeKind::DeviceRebound),
            (matched && !known, NoticeKind::NewDevice),
        ]
        .into_iter()
        .filter_map(|(happened, kind)| happened.then_some(kind))
        .collect()
    }
}
