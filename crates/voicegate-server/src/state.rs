//! What handlers and middleware share.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use tokio::sync::Semaphore;
use voicegate_service::Service;
use voicegate_service::advisor::Advisor;
use voicegate_service::config::ServerConfig;

use crate::metrics::Metrics;
use crate::middleware::pace::Pace;

/// Built once, cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The use cases.
    pub service: Service,
    /// The counters.
    pub metrics: Metrics,
    /// The settings the server was started with; a change of this section waits for a restart.
    pub settings: Arc<ServerConfig>,
    /// One permit per request that may be worked on.
    pub gate: Arc<Semaphore>,
    /// What is left to each address of those who are not logged in.
    pub pace: Arc<Pace>,
    /// One permit per KiB of request bodies that may be in memory at a time.
    pub memory: Arc<Semaphore>,
}

/// Most bytes of request bodies in memory at a time, if two of the largest need no more.
const BODY_MEMORY: usize = 256 * 1024 * 1024;

impl AppState {
    /// A state with the server settings that are in force now.
    #[must_use]
    pub fn new(service: Service) -> Self {
        let settings = service.config().current().server.clone();
        let memory = BODY_MEMORY.max(2 * settings.max_body_bytes) / 1024;
        Self {
            service,
            metrics: Metrics::new(),
            gate: Arc::new(Semaphore::new(settings.max_concurrent_requests)),
            pace: Arc::new(Pace::new(settings.public_requests_per_minute)),
            memory: Arc::new(Semaphore::new(memory)),
            settings: Arc::new(settings),
        }
    }

    /// Longest time for a whole request.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.settings.request_timeout_s)
    }
}

impl FromRef<AppState> for Service {
    fn from_ref(state: &AppState) -> Self {
        state.service.clone()
    }
}

impl FromRef<AppState> for Arc<Advisor> {
    fn from_ref(state: &AppState) -> Self {
        state.service.advisor().clone()
    }
}

impl FromRef<AppState> for Metrics {
    fn from_ref(state: &AppState) -> Self {
        state.metrics.clone()
    }
}
