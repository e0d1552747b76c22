//! The HTTP front end of voicegate.
//!
//! Reads requests, asks the use cases of `voicegate-service`, and writes answers; decides nothing by itself.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@router`] | every route with the scope it needs, in one list |
//! | [`endpoints`] | one file per endpoint |
//! | [`middleware`] | one file per concern that all requests share |
//! | [`upload`] | recordings out of multipart forms and JSON |
//! | [`error`], [`problem`] | what is told to whom when something goes wrong |
//! | [`openapi`], [`wire`] | the OpenAPI document and the bodies it describes |
//! | [`metrics`] | names and labels of all metrics |
//! | [`mod@serve`] | connections and graceful shutdown |
//! | `sweep` | forgets in time what is kept for a time |

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
pub mod wire;

pub use router::router;
pub use serve::serve;
pub use state::AppState;
