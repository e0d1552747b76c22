//! Asking a language model what it makes of a login.
//!
//! The model sees numbers and names of ours only ([`Facts`]), and what it may do with them is for
//! [`voicegate_core::advisor::consult`] to say. Nobody depends on it: it has a total time and, after failures in a row, is
//! left alone; whatever goes wrong is [`NoAdvice`], and the decision stands as it is.

mod ollama;
mod prompt;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use voicegate_core::advisor::{Advice, Breaker, BreakerPolicy, Facts};
use voicegate_models::PeerError;

use crate::config::AdvisorConfig;
use crate::ports::Clock;

pub use ollama::Ollama;

/// Questions that are asked at a time. A model works on few side by side, and a login does not queue for an advice.
const AT_A_TIME: usize = 4;
/// Longest time for a look at the model's health.
const HEALTH: Duration = Duration::from_secs(2);

/// Why there is no advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAdvice {
    /// Nobody is there to be asked.
    #[error("no model is configured")]
    Off,
    /// It failed again and again, and is left alone for a while.
    #[error("the model failed several times in a row and is left alone for a while")]
    CircuitOpen,
    /// As many are asking as may.
    #[error("too many ask at a time")]
    Busy,
    /// No answer in time.
    #[error("the model does not answer in time")]
    Timeout,
    /// No connection, or one that broke.
    #[error("the model cannot be reached")]
    Unreachable,
    /// The server refuses or fails.
    #[error("the server of the model answers with status {0}")]
    Status(u16),
    /// The answer is longer than any that makes sense.
    #[error("the answer is too long")]
    TooLarge,
    /// The answer is no JSON, or breaks off.
    #[error("the answer is not JSON")]
    NotJson,
    /// The answer is JSON, but has other fields or values than were asked for.
    #[error("the answer has fields or values that were not asked for")]
    OutOfRange,
}

impl NoAdvice {
    /// The name used in answers, records and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::CircuitOpen => "circuit_open",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Status(_) => "status",
            Self::TooLarge => "too_large",
            Self::NotJson => "not_json",
            Self::OutOfRange => "out_of_range",
        }
    }
}

impl Serialize for NoAdvice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<PeerError> for NoAdvice {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::TimedOut => Self::Timeout,
            PeerError::Status(status) => Self::Status(status),
            PeerError::TooLong(_) => Self::TooLarge,
            PeerError::Unreachable(_) | PeerError::Address | PeerError::Unencrypted => Self::Unreachable,
        }
    }
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The advice, or why there is none.
    pub advice: Result<Advice, NoAdvice>,
    /// How long it took.
    pub elapsed: Duration,
}

/// How the model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// None is configured: the rules answer.
    Off,
    /// It is there.
    Ready,
    /// Its server is there and does not have it.
    Missing,
    /// Its server cannot be reached.
    Unreachable,
}

/// The model, where there is one.
pub struct Advisor(Option<Model>);

struct Model {
    client: Arc<Ollama>,
    timeout: Duration,
    asking: Arc<Semaphore>,
    /// One look at the health at a time: anybody may ask for it.
    looking: Arc<Semaphore>,
    breaker: Arc<Mutex<Breaker>>,
    policy: BreakerPolicy,
    clock: Arc<dyn Clock>,
}

impl Advisor {
    /// The model that `config` names, if it names one; asks nothing yet.
    ///
    /// # Errors
    /// [`PeerError::Address`] and [`PeerError::Unencrypted`], neither of them for a configuration that was checked.
    pub fn new(config: &AdvisorConfig, clock: Arc<dyn Clock>) -> Result<Self, PeerError> {
        let client = config.settings().map(|settings| Ollama::new(&settings, &config.model)).transpose()?;
        Ok(Self(client.map(|client| Model {
            client: Arc::new(client),
            timeout: config.timeout(),
            asking: Arc::new(Semaphore::new(AT_A_TIME)),
            looking: Arc::new(Semaphore::new(1)),
            breaker: Arc::default(),
            policy: config.breaker(),
            clock,
        })))
    }

    /// What Ollama calls the model.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.0.as_ref().map(|model| model.client.model())
    }

    /// Longest time that [`Self::ask`] takes.
    #[must_use]
    pub fn answers_within(&self) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, |model| model.timeout)
    }

    /// Asks, within the time-out. Hold no database connection meanwhile.
    pub async fn ask(&self, facts: &Facts) -> Asked {
        let start = Instant::now();
        let advice = match &self.0 {
            Some(model) => model.ask(facts.clone()).await,
            None => Err(NoAdvice::Off),
        };
        Asked { advice, elapsed: start.elapsed() }
    }

    /// Asks the server whether it has the model, within two seconds.
    pub async fn health(&self) -> Standing {
        let Some(model) = &self.0 else { return Standing::Off };
        timeout(HEALTH, model.health()).await.unwrap_or(Standing::Unreachable)
    }
}

impl Model {
    async fn ask(&self, facts: Facts) -> Result<Advice, NoAdvice> {
        let permit = self.asking.clone().try_acquire_owned().map_err(|_| NoAdvice::Busy)?;
        self.enter()?;
        let (client, breaker, policy) = (self.client.clone(), self.breaker.clone(), self.policy);
        let clock = self.clock.clone();
        // It reports to the breaker by itself, because nobody may be waiting any more when it ends.
        let asked = tokio::task::spawn_blocking(move || {
            let advice = client.advise(&facts);
            let mut breaker = breaker.lock().unwrap_or_else(PoisonError::into_inner);
            *breaker = match &advice {
                Ok(_) => breaker.succeeded(),
                Err(_) => breaker.failed(clock.now(), &policy),
            };
            drop(permit);
            advice
        });
        match timeout(self.timeout, asked).await {
            Ok(Ok(advice)) => advice,
            Ok(Err(stopped)) => {
                tracing::error!(%stopped, "asking the model was broken off");
                Err(NoAdvice::Unreachable)
            }
            Err(_) => Err(NoAdvice::Timeout),
        }
    }

    /// Passes the breaker, if it lets anybody through.
    fn enter(&self) -> Result<(), NoAdvice> {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        *breaker = breaker.ask(self.clock.now(), &self.policy).ok_or(NoAdvice::CircuitOpen)?;
        Ok(())
    }

    async fn health(&self) -> Standing {
        let Ok(permit) = self.looking.clone().acquire_owned().await else { return Standing::Unreachable };
        let client = self.client.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            client.has_model()
        });
        match looked.await {
            Ok(Ok(true)) => Standing::Ready,
            Ok(Ok(false)) => Standing::Missing,
            Ok(Err(_)) | Err(_) => Standing::Unreachable,
        }
    }
}

impl fmt::Debug for Advisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Advisor").field(&self.model()).finish()
    }
}
