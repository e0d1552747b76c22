//! The components that the use cases share.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use uuid::Uuid;
use voicegate_models::{Models, SpeakerModels};

use crate::advisor::Advisor;
use crate::config::{CountermeasureRequirement, Fault, LiveConfig};
use crate::places::Places;
use crate::ports::{Clock, Entropy, Store};
use crate::{ServiceError, judge, policy};

/// Everything the use cases need; built once, cheap to clone.
#[derive(Clone)]
pub struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) models: Arc<Models>,
    pub(crate) config: Arc<LiveConfig>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) advisor: Arc<Advisor>,
    pub(crate) places: Arc<Places>,
    /// One permit per core: decoding more recordings than that at a time makes every one of them later.
    pub(crate) front_end: Arc<Semaphore>,
    /// One permit per password that may be hashed at a time. Anybody can ask for that, so half of the cores is left to the
    /// others.
    pub(crate) hashing: Arc<Semaphore>,
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
        let advisor = Advisor::new(&config.current().advisor, clock.clone());
        let advisor = Arc::new(advisor.expect("a configuration is checked before it is in force"));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            store,
            models,
            config,
            clock,
            entropy,
            advisor,
            places: Arc::default(),
            front_end: Arc::new(Semaphore::new(cores)),
            hashing: Arc::new(Semaphore::new(cores.div_ceil(2))),
        }
    }

    /// The same with a database of places.
    #[must_use]
    pub fn with_places(self, places: Places) -> Self {
        Self { places: Arc::new(places), ..self }
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

    /// The language model that is asked about logins, where there is one.
    #[must_use]
    pub fn advisor(&self) -> &Arc<Advisor> {
        &self.advisor
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

    /// The speaker models, if there are any.
    pub(crate) fn speakers(&self) -> Result<&SpeakerModels, ServiceError> {
        self.models.speakers().map_err(|reason| ServiceError::ModelUnavailable(reason.to_owned()))
    }

    /// Whether every verification could be decided now.
    ///
    /// # Errors
    /// [`ServiceError::ModelUnavailable`] if there is no speaker model, or no calibration for the one that serves;
    /// [`ServiceError::Misconfigured`] if the configuration names another that cannot judge.
    pub fn can_decide(&self) -> Result<(), ServiceError> {
        let speakers = self.speakers()?;
        let config = self.config.current();
        if let Some(fault) = judge::faults(&config, speakers.systems()).into_iter().next() {
            return Err(ServiceError::Misconfigured(fault));
        }
        if config.spoofing.countermeasures == CountermeasureRequirement::Required
            && let Err(reason) = self.models.countermeasures()
        {
            tracing::warn!(reason, "there are no countermeasures");
            return Err(ServiceError::Misconfigured(Fault {
                path: "spoofing.countermeasures".to_owned(),
                message: "required, and none can be used".to_owned(),
            }));
        }
        if config.verification.system.is_some() {
            return Ok(());
        }
        policy::calibration(speakers.serving()).map(|_| ())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service(..)")
    }
}
