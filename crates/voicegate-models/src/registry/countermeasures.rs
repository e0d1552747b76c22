//! Fusions of countermeasures, as the registry keeps them.

use std::collections::BTreeMap;

use garde::Validate;
use serde::Deserialize;
use voicegate_core::countermeasure::FittedSpoofFusion;

use super::{Fault, ModelId};

/// A fusion of countermeasures: networks, and detectors that need none.
#[derive(Debug, Clone, PartialEq, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct CountermeasureEntry {
    /// The networks that it runs. They may be listed later, when they have been pulled; it cannot serve before.
    #[garde(length(max = 16))]
    pub models: Vec<ModelId>,
    /// What the scores of networks and detectors mean together.
    #[garde(custom(usable))]
    pub fitted: FittedSpoofFusion,
}

fn usable(fitted: &FittedSpoofFusion, (): &()) -> garde::Result {
    fitted.check().map_err(|error| garde::Error::new(error.to_string()))
}

/// The fusions of `written`, whose names `is_taken` says are free. Faults are noted with their place.
pub(super) fn read(
    written: &BTreeMap<String, CountermeasureEntry>,
    is_taken: impl Fn(&str) -> bool,
    faults: &mut Vec<Fault>,
) -> BTreeMap<ModelId, CountermeasureEntry> {
    let mut read = BTreeMap::new();
    for (name, entry) in written {
        let mut fault = |place: &str, what: String| {
            faults.push(Fault::new(format!("countermeasures.{name}{place}"), what));
        };
        let Ok(id) = name.parse::<ModelId>() else {
            fault("", "it is no valid name".to_owned());
            continue;
        };
        if is_taken(name) {
            fault("", "a model or fusion has the same name".to_owned());
        }
        let counts = |model: &&ModelId| entry.fitted.fusion.detectors.contains_key(model.as_str());
        for model in entry.models.iter().filter(|model| !counts(model)) {
            fault(".models", format!("{model} is not among the detectors that were fitted"));
        }
        read.insert(id, entry.clone());
    }
    read
}
