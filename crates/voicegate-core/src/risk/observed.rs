//! What is known of a login.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Coordinates;
use crate::QualityMeasures;
use crate::decide::Countermeasures;
use crate::device::TrustLevel;

/// A network as the person's history remembers it: a keyed hash, so that the history does not tell where somebody was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetworkTag(pub u64);

/// What is known of a login. `None` is not known, and adds no risk.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Observed {
    /// When it is made.
    pub at: Option<Timestamp>,
    /// How far its device is trusted. A device that was never bound to the person is `Pending`.
    pub device: Option<TrustLevel>,
    /// The network it comes from.
    pub network: Option<NetworkTag>,
    /// Where on the earth that is.
    pub coordinates: Option<Coordinates>,
    /// Attempts rejected since the last accepted one, within the operator's window.
    pub recent_failures: Option<u32>,
    /// Similarity to the person, in [0, 1].
    pub similarity: Option<f32>,
    /// Similarity to the voice last accepted from this device, in [0, 1].
    pub device_similarity: Option<f32>,
    /// What speaks for a played or made voice.
    pub countermeasures: Option<Countermeasures>,
    /// How well the voice could be heard.
    pub quality: Option<QualityMeasures>,
    /// Seconds from the prompt of the challenge to the first word.
    pub reaction_s: Option<f32>,
    /// For how many other persons this device tried within the operator's window.
    pub others_on_device: Option<u32>,
    /// For how many other persons this address tried within the operator's window.
    pub others_on_address: Option<u32>,
}
