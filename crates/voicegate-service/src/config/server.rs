use std::net::SocketAddr;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port to listen on.
    #[garde(skip)]
    pub listen: SocketAddr,
    /// Largest request body in bytes.
    #[garde(range(min = 65_536, max = 1_073_741_824))]
    pub max_body_bytes: usize,
    /// Longest time for a whole request, in seconds.
    #[garde(range(min = 1, max = 600))]
    pub request_timeout_s: u64,
    /// Requests worked on at a time; one more is refused as overloaded.
    #[garde(range(min = 1, max = 100_000))]
    pub max_concurrent_requests: usize,
    /// How long answers to idempotency keys are remembered, in hours.
    #[garde(range(min = 1, max = 720))]
    pub idempotency_hours: u32,
    /// Whether `/metrics` is served beside the API. It holds counts and times, never names.
    #[garde(skip)]
    pub metrics: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            max_body_bytes: 16 * 1024 * 1024,
            request_timeout_s: 60,
            max_concurrent_requests: 1024,
            idempotency_hours: 24,
            metrics: true,
        }
    }
}
