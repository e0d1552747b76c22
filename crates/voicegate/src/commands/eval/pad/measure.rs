//! Every recording scored once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use voicegate_audio::decode;
use voicegate_service::config::VoiceAuthConfig;

use super::super::super::recording;
use super::super::condition::Condition;
use super::super::parallel::on_every_core;
use super::detectors::Detectors;
use super::list::Row;
use crate::exit::Failure;

/// What was found out about a recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Measured {
    /// By name of the detector; one that could not measure the recording has none, and a recording that cannot be decoded
    /// has none at all.
    pub(super) scores: BTreeMap<String, f64>,
    /// Log-likelihood ratio of an attack by the fusion that serves.
    pub(super) llr: Option<f64>,
}

/// Scores the rows in a condition, in their order.
pub(super) fn all(
    rows: &[Row],
    condition: Condition,
    detectors: &Detectors,
    config: &VoiceAuthConfig,
) -> Result<Vec<Measured>, Failure> {
    on_every_core(rows.len(), &format!("recordings, {}", condition.name()), |i| {
        let path = &rows[i].path;
        let recording = recording::read(path, config.audio.max_bytes)?;
        let start = Instant::now();
        let limits = config.audio.decode_limits();
        match decode(&recording.bytes, recording.hint.as_deref(), &limits, &|| start.elapsed()) {
            Ok(decoded) => {
                let pcm = Arc::new(condition.apply(&decoded.pcm, i as u64)?.into_owned());
                let scores = detectors.score(&pcm)?;
                let llr = detectors.weigh(&scores).map(|evidence| evidence.llr);
                Ok(Measured { scores, llr })
            }
            Err(refusal) => {
                tracing::warn!(path = %path.display(), %refusal, "recording without an answer");
                Ok(Measured::default())
            }
        }
    })
}
