//! Logging in with the voice: challenge, device, voice, risk and advice in one attempt.
//!
//! Somebody whom nobody knows, or whose voice is not enrolled, goes the same way: the same work on the recording, the same
//! questions to the database, and a voice that matches nobody. What is told of a rejection is the same for all.

mod advice;
mod answer;
mod circumstances;
mod finish;
mod rules;
mod told;

use std::net::IpAddr;

use serde_json::json;
use voicegate_core::PersonId;
use voicegate_core::challenge::{ChallengeId, Purpose};
use voicegate_core::decide::decide;
use voicegate_core::device::TrustLevel;
use voicegate_core::risk::Risk;
use voicegate_core::threshold::{Context, DeviceTrust};

use super::Caller;
use super::device::presented::Presented;
use super::limits::{Charged, cost_of};
use super::sample::Recording;
use crate::judge::Judge;
use crate::ports::{AuditEvent, AuditKind, Subject};
use crate::profile::ProfileState;
use crate::signature::Claim;
use crate::{Service, ServiceError};
pub use advice::AdviceReport;
pub use answer::{LoginAnswer, LoginDetails, LoginDevice};
use rules::Setting;

/// What is offered for a login.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// Who it shall be.
    pub person: PersonId,
    /// The recording; without one, the holder of a revoked device is told how it is bound again.
    pub recording: Option<Recording>,
    /// The challenge whose words it says; its handle is the nonce of the signature as well.
    pub challenge: ChallengeId,
    /// What the request's signature claims.
    pub claim: Option<Claim>,
    /// The address that it comes from, as far as that is known.
    pub address: Option<IpAddr>,
    /// Whether the caller, an integrator's program, vouches for another factor.
    pub factor_asserted: bool,
}

impl Service {
    /// Logs a person in.
    ///
    /// # Errors
    /// [`ServiceError::TooManyAttempts`], [`ServiceError::Signature`], [`ServiceError::Challenge`],
    /// [`ServiceError::Invalid`] without a recording, [`ServiceError::ModelUnavailable`],
    /// [`ServiceError::Misconfigured`], [`ServiceError::Overloaded`], [`ServiceError::Conflict`], [`ServiceError::Store`].
    pub async fn login(&self, request: LoginRequest, caller: &Caller) -> Result<LoginAnswer, ServiceError> {
        let now = self.clock.now();
        let LoginRequest { person, challenge, claim, .. } = &request;
        let presented = self.presented(person, claim.as_ref(), challenge, now).await?;
        let (own, address) = subject(&request, &presented);
        let charged = self.charge((person, own), address, AuditKind::Login, caller).await?;
        let event = caller.event((now, AuditKind::Login), person, "refused", json!({}));
        let done = self.attempt_login(request, &presented, charged.clone(), event.clone()).await;
        self.settled(charged, event, done).await
    }

    async fn attempt_login(
        &self,
        request: LoginRequest,
        presented: &Presented,
        charged: Charged,
        event: AuditEvent,
    ) -> Result<LoginAnswer, ServiceError> {
        let (config, now) = (self.config.current(), event.at);
        let person = &request.person;
        let device = presented.device.map(|device| device.to_string());
        let asked =
            self.redeem_challenge(&request.challenge, person, device.as_deref(), Purpose::Login).await?;
        let Some(recording) = request.recording.clone() else {
            return self.without_a_voice(presented, charged, event).await;
        };
        let profile = self.store.profile(person).await?;
        let profile = profile.filter(|profile| profile.state == ProfileState::Active);
        let template = profile.as_ref().and_then(|profile| profile.template.as_ref());
        let surroundings = self.surroundings(&request, presented, now, &config).await?;
        let bound = presented.bound().map(|binding| binding.id);
        let context =
            self.circumstances(person, profile.as_ref(), bound, &config.verification.adjustments).await?;
        let judge = Judge::of(person, &config, self.speakers()?.systems())?;
        let mut measured =
            self.measure((person, template), recording, Some(&asked.prompt), &judge, &config).await?;
        // Silence must not tell whose device it is.
        if measured.analysed.voiceprint.is_ok() {
            measured.evidence.signature = presented.proof.clone();
        }
        let not_comparable = measured.counts_as_nobody();

        let observed = surroundings.observed(&measured, presented, context.recent_failures, now);
        let risk = Risk::assess(&observed, &surroundings.history, &config.risk.policy());
        let trusted = presented.trust() == TrustLevel::Trusted;
        let context = Context {
            device: Some(if trusted { DeviceTrust::Trusted } else { DeviceTrust::New }),
            quality: measured.analysed.measures(),
            risk: Some(risk.level),
            ..context
        };
        let decision = decide(&measured.evidence, &judge.login_policy(&config), &context);
        let (decision, advice) =
            self.advised(decision, &measured.evidence, presented, &risk, config.advisor.mode).await;
        let setting = Setting {
            presented,
            evidence: &measured.evidence,
            voice: measured.analysed.voiceprint.as_ref().ok(),
            risk: &risk,
            available: &surroundings.available,
            factor_asserted: request.factor_asserted,
            rebind_require: config.devices.rebind_require,
            countermeasures_on: config.spoofing.countermeasures.is_on(),
        };
        let verdict = setting.judge(decision);
        let cost = cost_of(&measured.evidence);

        let mut event = AuditEvent {
            outcome: verdict.decision.outcome.as_str().into(),
            details: measured.details(&verdict.decision),
            ..event
        };
        event.details["risk"] = json!(risk);
        event.details["not_comparable"] = json!(not_comparable);
        event.details["advisor"] = json!(advice);
        event.details["device"] = json!({
            "id": presented.proven().map(|binding| binding.id),
            "named": presented.device,
            "trust_level": presented.trust(),
        });
        event.details["experiment"] = json!(judge.assignment);
        let attempt = finish::Attempt {
            request: &request,
            presented,
            profile: profile.as_ref(),
            measured,
            verdict,
            login: surroundings.remembered(&observed, now),
            risk,
            advice,
            charged,
            cost,
            config: &config,
        };
        self.finish_login(attempt, event).await
    }
}

/// Who is charged. A device that proved to hold its key is charged alone, so that nobody else's failures keep it out.
fn subject(request: &LoginRequest, presented: &Presented) -> (Subject, Option<IpAddr>) {
    match presented.proven() {
        Some(binding) => (Subject::Device(binding.id), None),
        None => (Subject::Unbound(request.person.clone()), request.address),
    }
}
