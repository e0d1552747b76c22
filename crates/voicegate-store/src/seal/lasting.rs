//! Keys made of the audit chain's key. They last as long as the database: a rotation of the master key wraps the chain's key
//! anew and leaves readable what they seal.

use uuid::{Builder, Uuid};
use voicegate_core::PersonId;
use voicegate_service::ports::{Subject, Tag};

use super::{SealingKey, Secret};

/// What seals that which belongs to nobody enrolled, and hashes what must not be readable but has to be found again.
pub(crate) struct LastingKeys {
    /// Seals the answers remembered under idempotency keys.
    pub(crate) answers: SealingKey,
    /// Seals the secrets of accounts.
    pub(crate) accounts: SealingKey,
    /// Seals what is known of sessions.
    pub(crate) sessions: SealingKey,
    /// Seals notices.
    pub(crate) notices: SealingKey,
    /// Makes the keys that seal the challenges and fingerprints of people who are not here.
    nobody: Secret,
    /// Makes keyed hashes.
    tags: Secret,
}

impl LastingKeys {
    /// The keys made of the key of the audit chain.
    pub(crate) fn of(chain: &Secret) -> Self {
        let secret = |purpose: &[u8]| chain.derive(b"voicegate chain key", purpose);
        let sealing = |purpose: &[u8]| SealingKey { version: 1, secret: secret(purpose) };
        Self {
            answers: sealing(b"seal answers"),
            accounts: sealing(b"seal accounts"),
            sessions: sealing(b"seal sessions"),
            notices: sealing(b"seal notices"),
            nobody: secret(b"seal challenges of nobody"),
            tags: secret(b"hash with a key"),
        }
    }

    /// The reference under which the challenges of a person are kept who has none, or no key.
    pub(crate) fn nobody(&self, person: &PersonId) -> Uuid {
        Builder::from_random_bytes(self.hash(b"nobody", person.as_str().as_bytes())).into_uuid()
    }

    /// The key that seals what is kept under such a reference.
    pub(crate) fn nobody_key(&self, nobody: Uuid) -> SealingKey {
        SealingKey { version: 1, secret: self.nobody.derive(b"voicegate nobody", nobody.as_bytes()) }
    }

    /// Stands for a subject of the limits.
    pub(crate) fn subject(&self, subject: &Subject) -> Tag {
        let text = match subject {
            Subject::Device(device) => format!("device:{device}"),
            Subject::Unbound(person) => format!("unbound:{}", person.as_str()),
            Subject::Inside(person) => format!("inside:{}", person.as_str()),
            Subject::InsidePassword(person) => format!("inside-password:{}", person.as_str()),
            Subject::Password(person) => format!("password:{}", person.as_str()),
            Subject::Address(address) => format!("address:{address}"),
        };
        Tag(self.hash(b"subject", text.as_bytes()))
    }

    /// Stands for a person among those tried from one source.
    pub(crate) fn person(&self, person: &PersonId) -> Tag {
        Tag(self.hash(b"person", person.as_str().as_bytes()))
    }

    /// Stands for anything else.
    pub(crate) fn tag(&self, what: &[u8]) -> Tag {
        Tag(self.hash(b"tag", what))
    }

    /// A keyed hash, another for each purpose: HKDF-SHA-256 (RFC 5869), which is HMAC under a key of that purpose.
    fn hash(&self, purpose: &[u8], what: &[u8]) -> [u8; 16] {
        let hash = self.tags.derive(purpose, what);
        *hash.bytes().first_chunk().expect("16 of 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use voicegate_core::device::DeviceId;

    use super::*;

    /// What was sealed and counted by an earlier run has to be found by the next one.
    #[test]
    fn keyed_hashes_last_and_differ_by_purpose_and_key() {
        let keys = LastingKeys::of(&Secret::new([7; 32]));
        let same = LastingKeys::of(&Secret::new([7; 32]));
        let other = LastingKeys::of(&Secret::new([8; 32]));
        let alice = PersonId::new("alice").unwrap();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let tags = |keys: &LastingKeys| {
            vec![
                keys.subject(&Subject::Unbound(alice.clone())),
                keys.subject(&Subject::Password(alice.clone())),
                keys.subject(&Subject::Address(address)),
                keys.subject(&Subject::Inside(alice.clone())),
                keys.subject(&Subject::InsidePassword(alice.clone())),
                keys.subject(&Subject::Device(DeviceId(Uuid::nil()))),
                keys.person(&alice),
                keys.tag(b"alice"),
                Tag(*keys.nobody(&alice).as_bytes()),
            ]
        };
        assert_eq!(tags(&keys), tags(&same));
        let all: std::collections::HashSet<_> = tags(&keys).into_iter().chain(tags(&other)).collect();
        assert_eq!(all.len(), 18);
        let nobody_key = |person| *keys.nobody_key(keys.nobody(&person)).secret.bytes();
        assert_ne!(nobody_key(alice), nobody_key(PersonId::new("bob").unwrap()));
    }
}
