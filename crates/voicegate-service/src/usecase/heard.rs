//! Recordings that were heard before: the same one twice is a replay.

use jiff::Timestamp;
use voicegate_audio::spoof::Fingerprint;
use voicegate_core::PersonId;

use super::sample::Analysed;
use crate::config::DuplicatesConfig;
use crate::ports::Change;
use crate::{Service, ServiceError};

impl Service {
    /// Whether nothing that was offered as `person`'s voice, as far back as it is kept, was the same recording; `None` where
    /// nobody compares, or there is nothing to compare.
    pub(crate) async fn is_new(
        &self,
        person: &PersonId,
        analysed: &Analysed,
        config: &DuplicatesConfig,
    ) -> Result<Option<bool>, ServiceError> {
        let Some(fingerprint) = analysed.fingerprint.clone().filter(|_| config.refuse) else {
            return Ok(None);
        };
        let since = self.clock.now().checked_sub(config.keep()).unwrap_or(Timestamp::MIN);
        let kept = self.store.fingerprints(person, since).await?;
        // Long recordings take a while to compare.
        let known = move || {
            let mut earlier = kept.iter().filter_map(|bytes| Fingerprint::from_bytes(bytes));
            earlier.any(|other| fingerprint.is_same(&other))
        };
        let known = tokio::task::spawn_blocking(known).await;
        let known =
            known.map_err(|error| ServiceError::Internal(format!("the comparison stopped: {error}")))?;
        Ok(Some(!known))
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
