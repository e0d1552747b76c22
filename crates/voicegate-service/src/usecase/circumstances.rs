//! What is known of an attempt before anything was heard.

use jiff::{SignedDuration, Timestamp};
use voicegate_core::PersonId;
use voicegate_core::device::DeviceId;
use voicegate_core::threshold::Context;

use crate::config::AdjustmentsConfig;
use crate::profile::Profile;
use crate::{Service, ServiceError};

impl Service {
    /// What is known of the circumstances before anything was heard.
    pub(super) async fn circumstances(
        &self,
        person: &PersonId,
        profile: Option<&Profile>,
        device: Option<DeviceId>,
        adjustments: &AdjustmentsConfig,
    ) -> Result<Context, ServiceError> {
        let now = self.clock.now();
        let window = SignedDuration::from_hours(i64::from(adjustments.recent_hours));
        let since = now.checked_sub(window).unwrap_or(Timestamp::MIN);
        let recent_failures = self.store.recent_failures(person, device, since).await?;
        let last = profile.and_then(|profile| profile.last_verified_at.max(Some(profile.updated_at)));
        Ok(Context {
            since_verified: last.map(|last| now.duration_since(last)),
            recent_failures: Some(recent_failures),
            ..Context::default()
        })
    }
}
