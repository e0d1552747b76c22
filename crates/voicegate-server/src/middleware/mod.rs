//! What all requests share, one file per concern. [`mod@crate::router`] puts them in order.

pub mod access_log;
pub mod authenticate;
pub mod body;
pub mod gate;
pub mod idempotency;
pub mod pace;
pub mod panics;
pub mod request_id;
pub mod security_headers;
pub mod signed;
pub mod timeout;
