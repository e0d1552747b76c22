//! A session as it begins, whoever lets the person in.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use voicegate_core::PersonId;

use crate::Service;
use crate::ports::{Change, Session, SessionContent};

/// What every token of a session begins with.
const PREFIX: &str = "vgs_";

/// Random bytes in a token, and the characters that they are written as.
const RANDOM: usize = 32;
const CHARACTERS: usize = 43;

/// The token of a session, to be handed to its person. `Debug` does not print it, and only its hash is kept.
pub struct SessionToken(String);

impl SessionToken {
    /// The token.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `text` looks like one. Says nothing about whether it leads anywhere.
    #[must_use]
    pub fn is_form_of(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|random| random.len() == CHARACTERS)
    }

    /// A new one.
    pub(super) fn draw(service: &Service) -> Self {
        let mut random = [0; RANDOM];
        service.entropy.fill(&mut random);
        Self(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random)))
    }

    /// SHA-256 of it. It has 256 random bits, so a slow or salted hash would add nothing.
    pub(super) fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

/// SHA-256 of what was sent as a token.
pub(super) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A session that has just begun, or was given a new token.
#[derive(Debug)]
pub struct OpenedSession {
    /// Identity of the session; not the token.
    pub id: Uuid,
    /// What its requests are sent with.
    pub token: SessionToken,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
    /// Seconds without use after which it ends.
    pub idle_s: u32,
}

impl Service {
    /// A session of `person`. It begins when the change is committed.
    pub(crate) fn new_session(&self, person: &PersonId, content: SessionContent) -> (Change, OpenedSession) {
        let config = self.config.current();
        let now = self.clock.now();
        let session = Session {
            id: self.new_id(),
            person: person.clone(),
            content,
            created_at: now,
            last_used_at: now,
            ends_at: now.saturating_add(config.sessions.lifetime().absolute).unwrap_or(Timestamp::MAX),
            version: 0,
        };
        let opened = self.opened(&session);
        let token = opened.token.hash();
        (Change::BeginSession { session, token, max: config.sessions.max_per_person }, opened)
    }

    /// `session` as it is from now on, with the token that it has.
    pub(crate) fn put_session(&self, session: Session) -> Change {
        let max = self.config.current().sessions.max_per_person;
        Change::PutSession { session, token: None, max }
    }

    /// `session` with a new token, as its person is told.
    pub(super) fn opened(&self, session: &Session) -> OpenedSession {
        OpenedSession {
            id: session.id,
            token: SessionToken::draw(self),
            ends_at: session.ends_at,
            idle_s: 60 * self.config.current().sessions.idle_minutes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_form() {
        let token = format!("vgs_{}", BASE64_URL_SAFE_NO_PAD.encode([7; RANDOM]));
        assert!(SessionToken::is_form_of(&token));
        for other in ["", "vgs_", "vg_0123", &token[1..], &format!("{token}a")] {
            assert!(!SessionToken::is_form_of(other), "{other}");
        }
        assert_eq!(format!("{:?}", SessionToken(token)), "SessionToken(..)");
    }
}
