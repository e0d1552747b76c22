//! Recordings that were heard before: the same one twice is a replay.

use jiff::Timestamp;
use voicegate_audio::spoof::Fingerprint;
use voicegate_core::PersonId;

use super::sample::Analysed;
use crate::config::DuplicatesConfig;
use crate::ports::{Change, Lane};
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
        let permit = self.front_end.clone().acquire_owned().await.map_err(|_| ServiceError::Overloaded)?;
        let known = move || {
            // Held by the work itself: a caller who leaves does not make room for more of it.
            let _permit = permit;
            fingerprint.is_among(kept.iter().filter_map(|bytes| Fingerprint::from_bytes(bytes)))
        };
        let known = tokio::task::spawn_blocking(known).await;
        let known =
            known.map_err(|error| ServiceError::Internal(format!("the comparison stopped: {error}")))?;
        Ok(Some(!known))
    }

    /// What is to be kept of a recording, accepted or not.
    pub(crate) fn remember(
        &self,
        person: &PersonId,
        analysed: &Analysed,
        config: &DuplicatesConfig,
    ) -> Option<Heard> {
        let fingerprint = analysed.fingerprint.as_ref().filter(|_| config.refuse)?.to_bytes();
        let at = self.clock.now();
        let expires_at = at.saturating_add(config.keep()).unwrap_or(Timestamp::MAX);
        Some(Heard { person: person.clone(), fingerprint, at, expires_at })
    }
}

/// The fingerprint of a recording that is to be known again.
pub(crate) struct Heard {
    person: PersonId,
    fingerprint: Vec<u8>,
    at: Timestamp,
    expires_at: Timestamp,
}

impl Heard {
    /// Keeps it, once it is known what became of the recording.
    pub(crate) fn keep(self, lane: Lane) -> Change {
        let Self { person, fingerprint, at, expires_at } = self;
        Change::PutFingerprint { person, fingerprint, lane, at, expires_at }
    }
}
