//! The keyed hash chain of the audit log.
//!
//! Record `n` carries `mac_n = HMAC-SHA-256(key, "voicegate audit record" ‖ mac_{n-1} ‖ n ‖ payload_n)` with `mac_0` all zero, so
//! that without the key no record can be changed, removed, added or moved. Cutting records off the end leaves a
//! valid shorter chain; a [`Checkpoint`] carries the count under its own MAC and shows the cut.
//! HMAC: RFC 2104; the construction follows the hash-chained logs of Schneier and Kelsey (1999).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac as _};
use serde::Serialize;
use sha2::Sha256;

/// Key of the chain: 32 random bytes.
pub struct ChainKey([u8; 32]);

impl ChainKey {
    /// Takes the key bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn hmac(&self, domain: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(domain);
        mac
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey(..)")
    }
}

/// Authentication code of one record; all zero before the first.
pub type Link = [u8; 32];

/// The link of record `seq` (counted from 1) with `payload`, which follows `previous`.
#[must_use]
pub fn link(key: &ChainKey, previous: &Link, seq: u64, payload: &[u8]) -> Link {
    let mut mac = key.hmac(b"voicegate audit record\0");
    mac.update(previous);
    mac.update(&seq.to_be_bytes());
    mac.update(payload);
    mac.finalize().into_bytes().into()
}

/// A signed statement that the chain had `count` records and ended in `head`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Number of records.
    pub count: u64,
    /// Link of the last of them; all zero if there is none.
    pub head: Link,
    /// Authentication code over both.
    pub mac: Link,
}

impl Checkpoint {
    /// Signs the state of a chain.
    #[must_use]
    pub fn sign(key: &ChainKey, count: u64, head: Link) -> Self {
        Self { count, head, mac: Self::hmac(key, count, &head).finalize().into_bytes().into() }
    }

    /// Whether it was signed with `key`.
    #[must_use]
    pub fn is_authentic(&self, key: &ChainKey) -> bool {
        Self::hmac(key, self.count, &self.head).verify_slice(&self.mac).is_ok()
    }

    fn hmac(key: &ChainKey, count: u64, head: &Link) -> Hmac<Sha256> {
        let mut mac = key.hmac(b"voicegate audit checkpoint\0");
        mac.update(&count.to_be_bytes());
        mac.update(head);
        mac
    }
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "breach", rename_all = "snake_case")]
pub enum Breach {
    /// The record's content does not fit its link: it, or one before it, was changed or moved.
    #[error("record {seq} was changed")]
    Changed {
        /// Number of the record.
        seq: u64,
    },
    /// A record is missing before this one.
    #[error("record {expected} is missing: record {found} follows")]
    Missing {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// A checkpoint knows of more records than there are.
    #[error("the log was cut: a checkpoint counts {expected} records, {found} are there")]
    Truncated {
        /// Records the checkpoint counts.
        expected: u64,
        /// Records found.
        found: u64,
    },
    /// The records do not lead to the head that the checkpoint signed.
    #[error("the checkpoint over {count} records does not fit the log")]
    CheckpointMismatch {
        /// Records the checkpoint counts.
        count: u64,
    },
    /// A checkpoint that must be there is not.
    #[error("the checkpoint over {count} records is missing")]
    CheckpointMissing {
        /// Records it would count.
        count: u64,
    },
    /// The checkpoint itself is not authentic.
    #[error("the checkpoint over {count} records is forged")]
    CheckpointForged {
        /// Records the checkpoint claims.
        count: u64,
    },
}

/// Walks a chain from its first record.
#[derive(Debug)]
pub struct ChainVerifier<'a> {
    key: &'a ChainKey,
    checkpoints: Vec<Checkpoint>,
    count: u64,
    head: Link,
}

impl<'a> ChainVerifier<'a> {
    /// Starts a walk that must pass through every one of `checkpoints`.
    ///
    /// # Errors
    /// [`Breach::CheckpointForged`] for a checkpoint that was not signed with `key`.
    pub fn new(key: &'a ChainKey, mut checkpoints: Vec<Checkpoint>) -> Result<Self, Breach> {
        if let Some(forged) = checkpoints.iter().find(|c| !c.is_authentic(key)) {
            return Err(Breach::CheckpointForged { count: forged.count });
        }
        checkpoints.sort_unstable_by_key(|c| std::cmp::Reverse(c.count));
        let mut verifier = Self { key, checkpoints, count: 0, head: Link::default() };
        verifier.pass_checkpoints()?;
        Ok(verifier)
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// The [`Breach`] that this record shows.
    pub fn push(&mut self, seq: u64, payload: &[u8], stored: &Link) -> Result<(), Breach> {
        let expected = self.count + 1;
        if seq != expected {
            return Err(Breach::Missing { expected, found: seq });
        }
        let computed = link(self.key, &self.head, seq, payload);
        // Whoever can read the log may learn where it breaks, so this compare need not be constant-time.
        if computed != *stored {
            return Err(Breach::Changed { seq });
        }
        self.count = seq;
        self.head = computed;
        self.pass_checkpoints()
    }

    /// Ends the walk and gives the number of records and the last link.
    ///
    /// # Errors
    /// [`Breach::Truncated`] if a checkpoint lies beyond the end.
    pub fn finish(self) -> Result<(u64, Link), Breach> {
        match self.checkpoints.first() {
            Some(beyond) => Err(Breach::Truncated { expected: beyond.count, found: self.count }),
            None => Ok((self.count, self.head)),
        }
    }

    fn pass_checkpoints(&mut self) -> Result<(), Breach> {
        while let Some(checkpoint) = self.checkpoints.pop_if(|c| c.count == self.count) {
            if checkpoint.head != self.head {
                return Err(Breach::CheckpointMismatch { count: checkpoint.count });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> ChainKey {
        ChainKey::new([7; 32])
    }

    fn chain(payloads: &[Vec<u8>]) -> Vec<(u64, Vec<u8>, Link)> {
        let mut head = Link::default();
        let number = |(i, payload): (usize, &Vec<u8>)| {
            let seq = i as u64 + 1;
            head = link(&key(), &head, seq, payload);
            (seq, payload.clone(), head)
        };
        payloads.iter().enumerate().map(number).collect()
    }

    fn verify(records: &[(u64, Vec<u8>, Link)], checkpoints: Vec<Checkpoint>) -> Result<u64, Breach> {
        let key = key();
        let mut verifier = ChainVerifier::new(&key, checkpoints)?;
        for (seq, payload, stored) in records {
            verifier.push(*seq, payload, stored)?;
        }
        verifier.finish().map(|(count, _)| count)
    }

    #[test]
    fn a_checkpoint_shows_a_cut_and_a_forgery_is_named() {
        let records = chain(&[b"a".to_vec(), b"b".to_vec(), b"c".to_vec()]);
        let checkpoint = Checkpoint::sign(&key(), 3, records[2].2);
        assert_eq!(verify(&records, vec![checkpoint]), Ok(3));
        assert_eq!(verify(&records[..2], vec![]), Ok(2), "without a checkpoint a cut cannot be seen");
        assert_eq!(verify(&records[..2], vec![checkpoint]), Err(Breach::Truncated { expected: 3, found: 2 }));
        let forged = Checkpoint { count: 2, ..checkpoint };
        assert_eq!(verify(&records[..2], vec![forged]), Err(Breach::CheckpointForged { count: 2 }));
        let other = Checkpoint::sign(&key(), 2, [1; 32]);
        assert_eq!(verify(&records, vec![other]), Err(Breach::CheckpointMismatch { count: 2 }));
        let empty = Checkpoint::sign(&key(), 0, Link::default());
        assert_eq!(verify(&records, vec![empty, checkpoint]), Ok(3));
    }

    proptest! {
        /// P8.3: whatever single record is changed, removed, doubled or swapped, the walk fails at or before it.
        #[test]
        fn any_tampering_is_found(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 2..12),
            at in any::<prop::sample::Index>(),
            kind in 0u8..4,
        ) {
            let records = chain(&payloads);
            let checkpoint = Checkpoint::sign(&key(), records.len() as u64, records[records.len() - 1].2);
            prop_assert_eq!(verify(&records, vec![checkpoint]), Ok(records.len() as u64));
            let mut tampered = records.clone();
            let i = at.index(records.len());
            match kind {
                0 => tampered[i].1.push(0),
                1 => { tampered.remove(i); }
                2 => tampered.insert(i, records[i].clone()),
                _ => {
                    let j = (i + 1) % records.len();
                    tampered.swap(i, j);
                }
            }
            prop_assert!(verify(&tampered, vec![checkpoint]).is_err());
        }
    }
}
