use crate::exit::{Exit, Failure};
use crate::output::write;

/// A test of the server keeps this file in step with its routes.
const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../voicegate-server/openapi.json"));

pub(crate) fn run() -> Result<Exit, Failure> {
    write(DOCUMENT.as_bytes())?;
    Ok(Exit::Good)
}
