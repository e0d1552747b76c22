//! The components that the use cases share.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use uuid::Uuid;
use voicegate_core::enrolment::EnrolmentPolicy;
use voicegate_models::{Metadata, Models};

use crate::config::{LiveConfig, VoiceAuthConfig};
use crate::ports::{Clock, Entropy, Store};
use crate::{ServiceError, policy};

/// Everything the use cases need; built once, cheap to clone.
#[derive(Clone)]
pub struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) models: Arc<Models>,
    pub(crate) config: Arc<LiveConfig>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// One permit per core: decoding more recordings than that at a time makes every one of them later.
    pub(crate) front_end: Arc<Semaphore>,
}

impl Service {
    /// Puts the components together.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        models: Arc<Models>,
        config: Arc<LiveConfig>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { store, models, config, clock, entropy, front_end: Arc::new(Semaphore::new(cores)) }
    }

    /// The database, for what needs no use case: health, idempotency, the audit log.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The models, for their health.
    #[must_use]
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &LiveConfig {
        &self.config
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new identifier (UUID version 7: RFC 9562), unpredictable and sorted by time.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// What is known of the active speaker model.
    pub(crate) fn speaker_model(&self) -> &Metadata {
        self.models.speaker().metadata()
    }

    /// The least score that is accepted for the active model.
    pub(crate) fn score_threshold(&self, config: &VoiceAuthConfig) -> Result<f32, ServiceError> {
        policy::score_threshold(config, self.speaker_model())
    }

    /// The rule of enrolment under `config` for the active model.
    pub(crate) fn enrolment_policy(&self, config: &VoiceAuthConfig) -> Result<EnrolmentPolicy, ServiceError> {
        policy::enrolment_policy(config, self.speaker_model())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service(..)")
    }
}
