//! Speech into evidence of an attack: networks and signal detectors, judged together.

mod network;
mod set;

pub(crate) use network::worker;
pub use network::{ScoreError, Scored};
pub use set::Countermeasures;
