//! Writing calibrations into a models folder.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use voicegate_core::countermeasure::FittedSpoofFusion;

use crate::registry::parse::parse;
use crate::registry::{
    FittedCalibration, METADATA_FOLDER, Metadata, ModelId, RegistryEdit, RegistryError, read_text,
};
use crate::shipped::write_over;

/// Writes the calibrations of models into their metadata and those of fusions into the registry; everything else stays.
///
/// # Errors
/// [`RegistryError`] if a file cannot be read or written, or a fusion would be given the calibration of other models.
pub fn set_calibrations(
    folder: &Path,
    calibrations: &BTreeMap<ModelId, FittedCalibration>,
) -> Result<(), RegistryError> {
    let edit = RegistryEdit::begin(folder)?;
    let mut texts = Vec::new();
    let mut fusions: BTreeMap<&ModelId, Value> = BTreeMap::new();
    for (id, calibration) in calibrations {
        let path = folder.join(METADATA_FOLDER).join(format!("{id}.json"));
        let unwritable = |reason: String| RegistryError::Unwritable { path: path.clone(), reason };
        let value = serde_json::to_value(calibration).map_err(|error| unwritable(error.to_string()))?;
        if !path.exists() {
            fusions.insert(id, value);
            continue;
        }
        let text =
            read_text(&path).map_err(|reason| RegistryError::Unreadable { path: path.clone(), reason })?;
        let mut metadata: Value =
            serde_json::from_str(&text).map_err(|error| unwritable(error.to_string()))?;
        metadata["calibration"] = value;
        let text = serde_json::to_string_pretty(&metadata).map_err(|error| unwritable(error.to_string()))?;
        // Nothing is written before everything is known to be readable again.
        parse::<Metadata>(&text).map_err(|faults| RegistryError::Invalid { path: path.clone(), faults })?;
        texts.push((path, text + "\n"));
    }
    edit.apply(|registry| {
        for (id, calibration) in fusions {
            registry["systems"][id.as_str()]["calibration"] = calibration;
        }
    })?;
    for (path, text) in texts {
        write_over(&path, text.as_bytes())
            .map_err(|error| RegistryError::Unwritable { path: path.clone(), reason: error.to_string() })?;
    }
    Ok(())
}

/// Writes the fusion `id` of countermeasures with the networks that it runs into the registry, over an earlier one of the
/// same name; everything else stays.
///
/// # Errors
/// [`RegistryError`] if the registry cannot be read or written, or would be wrong with it.
pub fn set_countermeasures(
    folder: &Path,
    id: &ModelId,
    models: &[ModelId],
    fitted: &FittedSpoofFusion,
) -> Result<(), RegistryError> {
    RegistryEdit::begin(folder)?.apply(|registry| {
        registry["countermeasures"][id.as_str()] = json!({"models": models, "fitted": fitted});
    })
}
