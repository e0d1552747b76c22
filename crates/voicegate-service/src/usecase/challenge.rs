//! Words to be said for one attempt: given out, and redeemed once.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::json;
use voicegate_core::PersonId;
use voicegate_core::challenge::{
    Challenge, ChallengeId, Language, Prompt, PromptKind, PromptSpec, Purpose, Refusal,
};

use super::Caller;
use crate::ports::{AuditEvent, AuditKind, Change};
use crate::{Service, ServiceError};

/// What a challenge shall be.
#[derive(Debug, Clone)]
pub struct ChallengeRequest {
    /// Who shall answer it.
    pub person: PersonId,
    /// The device it shall be answered on, if it is known.
    pub device: Option<String>,
    /// The address that it is asked for from; `None` if a program asks, or the person in a session.
    pub address: Option<IpAddr>,
    /// What for.
    pub purpose: Purpose,
    /// In which language.
    pub language: Language,
    /// What is asked for; `None` is what the configuration says.
    pub kind: Option<PromptKind>,
    /// How many words or digits; `None` is what the configuration says.
    pub length: Option<usize>,
}

/// A challenge just given out.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Its handle.
    pub id: ChallengeId,
    /// What is asked.
    pub prompt: Prompt,
    /// From when on it cannot be answered any more.
    pub expires_at: Timestamp,
    /// Seconds until then.
    pub ttl_s: u32,
}

impl Service {
    /// Gives out a challenge. Whether anybody is enrolled as this person does not show: a challenge for nobody is kept and
    /// redeemed like any other.
    ///
    /// # Errors
    /// [`ServiceError::Prompt`] if it would be guessed too easily or could not be said; [`ServiceError::Store`].
    pub async fn issue_challenge(
        &self,
        request: ChallengeRequest,
        caller: &Caller,
    ) -> Result<Issued, ServiceError> {
        let config = self.config.current();
        let config = &config.challenge;
        let kind = request.kind.unwrap_or(config.kind);
        let length = request.length.unwrap_or_else(|| config.length(kind));
        let spec = PromptSpec::new(request.language, kind, length)?;
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        let id = ChallengeId::new(random);
        let prompt = Prompt::draw(&spec, || {
            let mut random = [0; 4];
            self.entropy.fill(&mut random);
            u32::from_le_bytes(random)
        });
        let issued_at = self.clock.now();
        let expires_at = issued_at.saturating_add(config.ttl()).unwrap_or(Timestamp::MAX);
        let event = AuditEvent {
            at: issued_at,
            kind: AuditKind::ChallengeIssued,
            actor: caller.actor.clone(),
            person: Some(request.person.clone()),
            outcome: "ok".into(),
            request_id: caller.request_id.clone(),
            details: json!({
                "purpose": request.purpose,
                "kind": kind,
                "language": request.language,
                "length": length,
                "with_device": request.device.is_some(),
                "ttl_s": config.ttl_s,
            }),
        };
        // Anybody may ask in anybody's name: what they ask for must not push out what the person is about to answer.
        let asker = request.address.map(|address| self.store.tag(format!("asker/{address}").as_bytes()));
        let challenge = Challenge {
            person: request.person,
            device: request.device,
            purpose: request.purpose,
            prompt: prompt.clone(),
            issued_at,
            expires_at,
        };
        let change = Change::PutChallenge { id, challenge, asker, max_open: config.max_open };
        self.store.commit(vec![change], event).await?;
        Ok(Issued { id, prompt, expires_at, ttl_s: config.ttl_s })
    }

    /// Redeems a challenge for an attempt. It is used up whatever comes of it: who guesses at person, device or purpose
    /// burns it. What came of it belongs into the record of the attempt.
    ///
    /// # Errors
    /// [`ServiceError::Challenge`] if it cannot be answered so; [`ServiceError::Store`].
    pub async fn redeem_challenge(
        &self,
        id: &ChallengeId,
        person: &PersonId,
        device: Option<&str>,
        purpose: Purpose,
    ) -> Result<Challenge, ServiceError> {
        let challenge = self.store.take_challenge(id).await?.ok_or(Refusal::Expired)?;
        challenge.check(self.clock.now(), person, device, purpose)?;
        Ok(challenge)
    }
}
