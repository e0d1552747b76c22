//! Fields of former versions.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// In the place of a field that a former version wrote: whatever it holds is read over, and it is not written again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Former;

impl<'de> Deserialize<'de> for Former {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|IgnoredAny| Self)
    }
}
