//! JSON into checked types, every refusal with the JSON path of the fault.

use std::fmt;

use garde::Validate;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One wrong place in a JSON file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, e.g. `input.mel_bins`; `.` is the whole file.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

pub(crate) fn join(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}

/// Parses and validates; reports the first fault of form, or every fault of value.
pub(crate) fn parse<T: DeserializeOwned + Validate<Context = ()>>(text: &str) -> Result<T, Vec<Fault>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value: T = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| vec![Fault::new(error.path().to_string(), error.inner().to_string())])?;
    json.end().map_err(|error| vec![Fault::new(".", error.to_string())])?;
    value.validate().map_err(|report| {
        report.iter().map(|(path, error)| Fault::new(path.to_string(), error.to_string())).collect::<Vec<_>>()
    })?;
    Ok(value)
}
