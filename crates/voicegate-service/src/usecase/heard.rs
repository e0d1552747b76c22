//! Recordings that were heard before: the same one twice is a replay.

use jiff::Timestamp;
use voicegate_audio::spoof::Fingerprint;
use voicegate_core::PersonId;

use super::sample::Analysed;
use crate::config::DuplicatesConfig;
use crate::ports::Change;
use crate::{Service, ServiceError};

impl Service {
    /// The fingerprints of what was offered as `person`'s voice, as far back as they are kept.
    pub(crate) async fn earlier_recordings(
        &self,
        person: &PersonId,
        config: &DuplicatesConfig,
    ) -> Result<Vec<Fingerprint>, ServiceError> {
        if !config.refuse {
            return Ok(Vec::new());
        }
        let since = self.clock.now().checked_sub(config.keep()).unwrap_or(Timestamp::MIN);
        let kept = self.store.fingerprints(person, since).await?;
        Ok(kept.iter().filter_map(|bytes| Fingerprint::from_bytes(bytes)).collect())
    }

    /// Keeps the fingerprint of a recording, accepted or not.
    pub(crate) fn remember(
        &self,
        person: &PersonId,
        analysed: &Analysed,
        config: &DuplicatesConfig,
    ) -> Option<Change> {
        let fingerprint = analysed.fingerprint.as_ref().filter(|_| config.refuse)?.to_bytes();
        let at = self.clock.now();
        let expires_at = at.saturating_add(config.keep()).unwrap_or(Timestamp::MAX);
        Some(Change::PutFingerprint { person: person.clone(), fingerprint, at, expires_at })
    }
}
