//! Binding a device: for the first time, or again after it was revoked.

mod candidate;
mod finish;
mod rules;

use std::net::IpAddr;

use serde::Serialize;
use serde_json::json;
use voicegate_core::PersonId;
use voicegate_core::challenge::{ChallengeId, Purpose};
use voicegate_core::decide::{Measured, Outcome, Policy, Proof, Reason, Requirement, StepUp, decide};
use voicegate_core::device::{DeviceBinding, DeviceId, DeviceKey, DeviceName, RebindRequire, TrustLevel};
use voicegate_core::threshold::{Context, DeviceTrust};

use super::DeviceView;
use crate::config::VoiceAuthConfig;
use crate::judge::Judge;
use crate::ports::{AuditEvent, AuditKind, Change, Session, Subject};
use crate::signature::Claim;
use crate::usecase::Caller;
use crate::usecase::account::{Factor, Secret, has_other};
use crate::usecase::limits::{Charged, cost_of, within};
use crate::usecase::sample::Recording;
use crate::{Service, ServiceError};
use candidate::signed;
use finish::Attempt;
use rules::{OtherFactor, Setting};

/// What is offered to bind a device. Who asks has a session that counts, or an API key: the other factor of a first
/// binding, unless the session began with nothing but the voice.
#[derive(Debug)]
pub struct BindRequest {
    /// Whose it shall be.
    pub person: PersonId,
    /// What it shall be called.
    pub name: DeviceName,
    /// The key that it signs with, and signed this request with.
    pub key: DeviceKey,
    /// The recording.
    pub recording: Recording,
    /// The challenge whose words it says; its handle is the nonce of the signature as well.
    pub challenge: ChallengeId,
    /// What the request's signature claims; it names the device.
    pub claim: Option<Claim>,
    /// The session that asks; `None` for an integrator's program.
    pub session: Option<Session>,
    /// The password, where binding takes it. Elsewhere it is not looked at.
    pub password: Option<Secret>,
    /// Whether an integrator's program vouches for what stands in for that.
    pub factor_asserted: bool,
    /// The address that it comes from, if that is the person's own.
    pub address: Option<IpAddr>,
}

/// The answer to an attempt to bind a device.
#[derive(Debug, Serialize)]
pub struct BindAnswer {
    /// Whose voice was claimed.
    pub user_id: PersonId,
    /// The answer; the device is bound if it is ACCEPT.
    pub outcome: Outcome,
    /// What is asked for beyond that; `null` unless the outcome is STEP_UP.
    pub step_up: Option<StepUp>,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// The device as it stands; `null` if nothing is kept of it.
    pub device: Option<DeviceView>,
    /// What lowers the worth of the recording without making it unusable.
    pub warnings: Vec<Reason>,
    /// Number of the audit record.
    pub audit_record: u64,
}

impl Service {
    /// Binds a device that proves its key with a voice that proves its person, at the threshold for a new device.
    /// INCONCLUSIVE and STEP_UP keep it as PENDING, REJECT leaves everything as it was. In a session it counts for whom
    /// `limits::within` says; where a program asks, for the device whose key signed.
    ///
    /// # Errors
    /// [`ServiceError::TooManyAttempts`], [`ServiceError::Signature`], [`ServiceError::Challenge`],
    /// [`ServiceError::Device`], [`ServiceError::WrongCredentials`], [`ServiceError::NotEnrolled`],
    /// [`ServiceError::Incomplete`], [`ServiceError::Revoked`], [`ServiceError::ModelUnavailable`],
    /// [`ServiceError::Misconfigured`], [`ServiceError::Overloaded`], [`ServiceError::Conflict`],
    /// [`ServiceError::Store`].
    pub async fn bind_device(
        &self,
        request: BindRequest,
        caller: &Caller,
    ) -> Result<BindAnswer, ServiceError> {
        let now = self.clock.now();
        let person = request.person.clone();
        let event = caller.event((now, AuditKind::Device), &person, "refused", json!({}));
        let id = match signed(&request, now, self.config.current().devices.window()) {
            Ok(id) => id,
            Err(error) => {
                let details = json!({"reasons": ["wrong_signature"]});
                self.store.commit(vec![], AuditEvent { details, ..event }).await?;
                return Err(error.into());
            }
        };
        // The id is the caller's choice: it has no budget of its own.
        let by_program = || (Subject::Inside(person.clone()), None);
        let (own, address) =
            request.session.as_ref().map_or_else(by_program, |session| within(session, request.address));
        let charged = self.charge((&person, own), address, AuditKind::Device, caller).await?;
        let done = self.attempt_bind(request, id, charged.clone(), event.clone()).await;
        self.settled(charged, event, done).await
    }

    async fn attempt_bind(
        &self,
        request: BindRequest,
        id: DeviceId,
        charged: Charged,
        event: AuditEvent,
    ) -> Result<BindAnswer, ServiceError> {
        let (config, at) = (self.config.current(), event.at);
        let BindRequest { person, recording, .. } = &request;
        let asked =
            self.redeem_challenge(&request.challenge, person, Some(&id.to_string()), Purpose::Bind).await?;
        let before = self.candidate(&request, id, at, config.devices.max_per_person).await?;
        let profile = self.load(person).await?;
        let template = profile.enrolled()?;
        let rebind_require = config.devices.rebind_require;
        let (other_factor, put_account) = self.other_factor(&request, &before, &rebind_require).await?;
        let context =
            self.circumstances(person, Some(&profile), None, &config.verification.adjustments).await?;
        let judge = Judge::of(person, &config, self.speakers()?.systems())?;
        let whose = (person, Some(template));
        let mut measured =
            self.measure(whose, recording.clone(), Some(&asked.prompt), &judge, &config).await?;
        measured.evidence.signature = Measured::Value(Proof::Passed);
        let quality = measured.analysed.measures();
        let context = Context { device: Some(DeviceTrust::New), quality, ..context };
        let decision = decide(&measured.evidence, &policy(&judge, &config), &context);
        let setting = Setting {
            device: &before,
            evidence: &measured.evidence,
            voice: measured.analysed.voiceprint.as_ref().ok(),
            other_factor,
            in_session: request.session.is_some(),
        };
        let (verdict, cost) = (setting.judge(decision), cost_of(&measured.evidence));
        let request = &request;
        let changes = put_account.into_iter().collect();
        let attempt = Attempt { request, before, measured, verdict, changes, charged, cost, rebind_require };
        self.finish_bind(attempt, event).await
    }

    /// What there is, or has to be, besides the voice, and what checking it leaves to be stored.
    async fn other_factor(
        &self,
        request: &BindRequest,
        before: &DeviceBinding,
        rebind_require: &RebindRequire,
    ) -> Result<(OtherFactor, Option<Change>), ServiceError> {
        let is_revoked = before.trust_level == TrustLevel::Revoked;
        let is_voice_alone = request.session.as_ref().is_some_and(|session| session.content.is_voice_alone());
        if request.factor_asserted || (!is_revoked && !is_voice_alone) {
            return Ok((OtherFactor::Given, None));
        }
        if is_revoked && !before.rebind_needs_password(rebind_require) {
            return Ok((OtherFactor::NotAsked, None));
        }
        if let Some(password) = request.password.clone() {
            let proven = self.check(&request.person, &[Factor::Password(password)]).await?;
            // The password must not stand in for what a login from a new device asks for.
            let more = has_other(&proven.account);
            let factor = if more { OtherFactor::Asked(StepUp::OtherFactor) } else { OtherFactor::Given };
            return Ok((factor, proven.put()));
        }
        // Binding again takes the password first.
        let takes_password =
            is_revoked || self.store.account(&request.person).await?.is_some_and(|known| !has_other(&known));
        let asked = if takes_password { StepUp::Password } else { StepUp::OtherFactor };
        Ok((OtherFactor::Asked(asked), None))
    }
}

/// What a binding takes: words said live, and countermeasures where there are any.
fn policy(judge: &Judge<'_>, config: &VoiceAuthConfig) -> Policy {
    let on = config.spoofing.countermeasures.is_on();
    let countermeasures = if on { Requirement::Required } else { Requirement::Optional };
    Policy { countermeasures, ..judge.login_policy(config) }
}
