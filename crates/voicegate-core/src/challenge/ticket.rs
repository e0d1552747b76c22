//! Whom a challenge is for, and until when.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Prompt;
use crate::PersonId;

/// What an attempt is for. A challenge answers one of them alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Verifying a voice.
    Verify,
    /// Logging in.
    Login,
    /// Adding to a voice that is there already, or replacing it.
    Enroll,
    /// Binding a device.
    Bind,
    /// Binding a device again that was revoked.
    Rebind,
}

impl Purpose {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Login => "login",
            Self::Enroll => "enroll",
            Self::Bind => "bind",
            Self::Rebind => "rebind",
        }
    }
}

/// The handle of a challenge: 128 random bits, written as 32 hexadecimal digits. Whoever has it can use the challenge up,
/// so `Debug` does not print it and only its hash is kept.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ChallengeId([u8; 16]);

impl ChallengeId {
    /// Takes unpredictable bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// SHA-256 of the handle. It is random and long, so a slow or salted hash would add nothing.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Display for ChallengeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChallengeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeId(..)")
    }
}

/// The text is no handle of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a challenge id is 32 hexadecimal digits")]
pub struct NotAnId;

impl FromStr for ChallengeId {
    type Err = NotAnId;

    /// Takes what [`fmt::Display`] gives, in lower case alone: one challenge has one name.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(NotAnId);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| NotAnId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl TryFrom<String> for ChallengeId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

/// Words to be said by one person, on one device, for one purpose, within a short time, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Who has to say them.
    pub person: PersonId,
    /// The device they have to be said on; `None` if none was named.
    pub device: Option<String>,
    /// What for.
    pub purpose: Purpose,
    /// The words.
    pub prompt: Prompt,
    /// From when on it can be answered.
    pub issued_at: Timestamp,
    /// From when on it cannot be answered any more.
    pub expires_at: Timestamp,
}

/// Why a challenge cannot be answered so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// There is none of this name: it was never given out, was used before, or its time is over.
    #[error("the challenge was used before, has expired, or was never given out")]
    Expired,
    /// It was given to somebody else.
    #[error("the challenge was given to somebody else")]
    OtherPerson,
    /// It was given to another device.
    #[error("the challenge was given to another device")]
    OtherDevice,
    /// It was given for something else.
    #[error("the challenge was given for another purpose")]
    OtherPurpose,
    /// The clock stands before the moment when it was given out.
    #[error("the challenge comes from the future; the clock was put back")]
    NotYet,
}

impl Refusal {
    /// Code for records.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Expired => "challenge_expired",
            Self::OtherPerson => "challenge_other_person",
            Self::OtherDevice => "challenge_other_device",
            Self::OtherPurpose => "challenge_other_purpose",
            Self::NotYet => "challenge_not_yet",
        }
    }
}

impl Challenge {
    /// Whether `person` may answer it `now`, on `device`, for `purpose`.
    ///
    /// # Errors
    /// [`Refusal`], the first reason in the order person, device, purpose, time.
    pub fn check(
        &self,
        now: Timestamp,
        person: &PersonId,
        device: Option<&str>,
        purpose: Purpose,
    ) -> Result<(), Refusal> {
        if self.person != *person {
            Err(Refusal::OtherPerson)
        } else if self.device.as_deref() != device {
            Err(Refusal::OtherDevice)
        } else if self.purpose != purpose {
            Err(Refusal::OtherPurpose)
        } else if now < self.issued_at {
            Err(Refusal::NotYet)
        } else if now >= self.expires_at {
            Err(Refusal::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::challenge::{Language, PromptKind};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn person(name: &str) -> PersonId {
        PersonId::new(name).unwrap()
    }

    fn challenge(device: Option<&str>) -> Challenge {
        Challenge {
            person: person("alice"),
            device: device.map(str::to_owned),
            purpose: Purpose::Login,
            prompt: Prompt { language: Language::En, kind: PromptKind::Digits, words: vec!["one".into()] },
            issued_at: at(0),
            expires_at: at(60),
        }
    }

    #[test]
    fn it_is_for_one_person_device_and_purpose_within_its_time() {
        let bound = challenge(Some("phone"));
        let check = |second, who, device, purpose| bound.check(at(second), &person(who), device, purpose);
        let rows = [
            (0, "alice", Some("phone"), Purpose::Login, Ok(())),
            (59, "alice", Some("phone"), Purpose::Login, Ok(())),
            (60, "alice", Some("phone"), Purpose::Login, Err(Refusal::Expired)),
            (-1, "alice", Some("phone"), Purpose::Login, Err(Refusal::NotYet)),
            (1, "bob", Some("phone"), Purpose::Login, Err(Refusal::OtherPerson)),
            (1, "alice", Some("laptop"), Purpose::Login, Err(Refusal::OtherDevice)),
            (1, "alice", None, Purpose::Login, Err(Refusal::OtherDevice)),
            (1, "alice", Some("phone"), Purpose::Verify, Err(Refusal::OtherPurpose)),
        ];
        for (second, who, device, purpose, expected) in rows {
            assert_eq!(
                check(second, who, device, purpose),
                expected,
                "{second} {who} {device:?} {purpose:?}"
            );
        }
        let unbound = challenge(None);
        assert_eq!(unbound.check(at(1), &person("alice"), None, Purpose::Login), Ok(()));
        let named = unbound.check(at(1), &person("alice"), Some("phone"), Purpose::Login);
        assert_eq!(named, Err(Refusal::OtherDevice));
    }

    #[test]
    fn a_handle_has_one_spelling_and_is_not_printed() {
        let id = ChallengeId::new(*b"\x00\x01voicegate\xffxyz!");
        let text = id.to_string();
        assert_eq!((text.len(), text.parse()), (32, Ok(id)));
        for wrong in [&text[1..], &format!("{text}0"), &text.to_uppercase(), "", &format!("+{}", &text[1..])]
        {
            assert_eq!(wrong.parse::<ChallengeId>(), Err(NotAnId), "{wrong}");
        }
        assert!(!format!("{id:?}").contains(&text[..6]));
        // SHA-256 of sixteen zero bytes.
        assert_eq!(ChallengeId::new([0; 16]).hash()[..4], [0x37, 0x47, 0x08, 0xff]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_handle_or_refused(text in ".{0,40}", bytes: [u8; 16]) {
            let _ = text.parse::<ChallengeId>();
            prop_assert_eq!(ChallengeId::new(bytes).to_string().parse(), Ok(ChallengeId::new(bytes)));
        }
    }
}
