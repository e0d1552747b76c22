//! The HTTP front end of voicegate.
//!
//! Reads requests, asks the use cases of `voicegate-service`, and writes answers; decides nothing by itself.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@router`] | every route with the scope it needs, in one list |
//! | [`client_address`] | where a request comes from, also behind proxies |
//! | [`endpoints`] | one file per endpoint |
//! | [`middleware`] | one file per concern that all requests share |
//! | [`upload`] | recordings out of multipart forms and JSON |
//! | [`error`], [`problem`] | what is told to whom when something goes wrong |
//! | [`who`] | for whom a request may act |
//! | [`openapi`], [`wire`] | the OpenAPI document and the bodies it describes |
//! | [`metrics`] | names and labels of all metrics |
//! | [`mod@advisor`] | the advisor as a service of its own |
//! | [`mod@serve`] | connections and graceful shutdown |
//! | `sweep` | forgets in time what is kept for a time |
//! | `deliver` | sends notices to the webhook |

pub mod advisor;
pub mod client_address;
mod deliver;
pub mod endpoints;
pub mod error;
pub mod extract;
pub mod metrics;
pub mod middleware;
pub mod openapi;
pub mod problem;
pub mod router;
pub mod serve;
pub mod state;
mod sweep;
pub mod upload;
pub mod who;
pub mod wire;

pub use advisor::{SharedKey, serve_advisor};
pub use router::router;
pub use serve::serve;
pub use state::AppState;
