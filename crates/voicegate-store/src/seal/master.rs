//! The master key in its versions, and the subkeys derived from it.

use super::{SealingKey, Secret};

/// What a subkey wraps. Each purpose has a key of its own, so that no wrapped key can pass for one of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wraps {
    /// The data keys of persons.
    PersonKey,
    /// The key of the audit chain.
    AuditChainKey,
}

impl Wraps {
    fn label(self) -> &'static [u8] {
        match self {
            Self::PersonKey => b"wrap person key",
            Self::AuditChainKey => b"wrap audit chain key",
        }
    }
}

/// One version of the master key. It encrypts nothing itself; only subkeys of it do.
#[derive(Debug, Clone)]
pub struct MasterKey {
    version: u32,
    secret: Secret,
}

impl MasterKey {
    /// Takes a key.
    #[must_use]
    pub fn new(version: u32, secret: Secret) -> Self {
        Self { version, secret }
    }

    /// Number of the version, from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The subkey for one purpose: HKDF-SHA-256 (RFC 5869) with a label per purpose.
    #[must_use]
    pub fn subkey(&self, wraps: Wraps) -> SealingKey {
        let secret = self.secret.derive(b"voicegate master key", wraps.label());
        SealingKey { version: self.version, secret }
    }
}

/// Every version of the master key that is at hand; never empty.
#[derive(Debug, Clone)]
pub struct MasterKeys {
    current: MasterKey,
    older: Vec<MasterKey>,
}

impl MasterKeys {
    /// Takes the versions in any order; the highest is the current one. `None` for none, or for a doubled version.
    #[must_use]
    pub fn new(mut keys: Vec<MasterKey>) -> Option<Self> {
        keys.sort_unstable_by_key(MasterKey::version);
        if keys.windows(2).any(|pair| pair[0].version == pair[1].version) {
            return None;
        }
        Some(Self { current: keys.pop()?, older: keys })
    }

    /// The version that new keys are wrapped with.
    #[must_use]
    pub fn current(&self) -> &MasterKey {
        &self.current
    }

    /// The versions before the current one, oldest first; there are some only while a rotation is under way.
    #[must_use]
    pub fn older(&self) -> &[MasterKey] {
        &self.older
    }

    /// The key of `version`.
    #[must_use]
    pub fn version(&self, version: u32) -> Option<&MasterKey> {
        std::iter::once(&self.current).chain(&self.older).find(|key| key.version == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_and_versions_have_different_keys() {
        let key = |version, byte| MasterKey::new(version, Secret::new([byte; 32]));
        let keys = MasterKeys::new(vec![key(2, 9), key(1, 7)]).unwrap();
        assert_eq!((keys.current().version(), keys.older().len()), (2, 1));
        let subkey = |version, wraps| *keys.version(version).unwrap().subkey(wraps).secret.bytes();
        assert_eq!(subkey(1, Wraps::PersonKey), subkey(1, Wraps::PersonKey));
        assert_ne!(subkey(1, Wraps::PersonKey), subkey(1, Wraps::AuditChainKey));
        assert_ne!(subkey(1, Wraps::PersonKey), subkey(2, Wraps::PersonKey));
        assert!(keys.version(3).is_none());
        assert!(MasterKeys::new(vec![]).is_none());
        assert!(MasterKeys::new(vec![key(1, 1), key(1, 2)]).is_none());
    }
}
