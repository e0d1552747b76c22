//! What is said of the comparison.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use voicegate_models::{ModelId, Precision, Registry};

use super::super::super::bench::samples::Summary;
use super::speed::{SECONDS, Speed};
use super::{Chosen, INT8};
use crate::output::table;

/// The whole comparison.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    rounds: u32,
    /// Length of the audio that was timed.
    seconds: f32,
    /// Recordings of the corpus that could be used; `null` without one.
    pub(super) recordings: Option<usize>,
    /// Models, then fusions.
    pub(super) models: Vec<Row>,
    /// 8-bit models beside their siblings.
    pub(super) pairs: Vec<Pair>,
    /// Listed models that cannot be used.
    refused: BTreeMap<ModelId, String>,
}

/// A model or fusion.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) id: ModelId,
    /// `null` for a fusion.
    precision: Option<Precision>,
    /// Of all its models, for a fusion.
    size_bytes: u64,
    /// Time of an embedding on one thread; `null` for a fusion.
    #[serde(flatten)]
    time: Option<Summary>,
    /// On the recordings of the corpus, 0 to 1.
    pub(super) equal_error_rate: Option<f64>,
}

/// The same network in two number formats.
#[derive(Debug, Serialize)]
pub(super) struct Pair {
    pub(super) fp32: ModelId,
    pub(super) int8: ModelId,
    /// Time of the 8-bit model by that of its sibling: the middle over rounds.
    time_ratio: Option<f64>,
    size_ratio: f64,
    /// How alike their embeddings are on the recordings of the corpus.
    pub(super) cosine: Option<Cosine>,
}

/// Cosines between two models' embeddings.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Cosine {
    pub(super) mean: f64,
    pub(super) min: f32,
}

impl Report {
    pub(super) fn new(rounds: u32, registry: &Registry, chosen: &Chosen, speeds: &[Speed]) -> Self {
        let metadata = |id: &ModelId| registry.models().get(id).and_then(|found| found.as_ref().ok());
        let size = |id: &ModelId| metadata(id).map_or(0, |metadata| metadata.file.size_bytes);
        let models = speeds.iter().map(|speed| Row {
            id: speed.id.clone(),
            precision: metadata(&speed.id).map(|metadata| metadata.precision),
            size_bytes: size(&speed.id),
            time: speed.summary(),
            equal_error_rate: None,
        });
        let systems = chosen.systems.iter().map(|id| Row {
            id: id.clone(),
            precision: None,
            size_bytes: registry.systems()[id].members.keys().map(size).sum(),
            time: None,
            equal_error_rate: None,
        });
        let pair = |int8: &Speed| {
            let sibling = int8.id.as_str().strip_suffix(INT8);
            let is_sibling = |id: &ModelId| {
                let named = metadata(id).and_then(|metadata| metadata.quantized.as_ref());
                named == Some(&int8.id) || sibling == Some(id.as_str())
            };
            let fp32 = speeds.iter().find(|speed| is_sibling(&speed.id))?;
            Some(Pair {
                fp32: fp32.id.clone(),
                int8: int8.id.clone(),
                time_ratio: int8.ratio_to(fp32),
                size_ratio: size(&int8.id) as f64 / size(&fp32.id).max(1) as f64,
                cosine: None,
            })
        };
        Self {
            rounds,
            seconds: SECONDS,
            recordings: None,
            models: models.chain(systems).collect(),
            pairs: speeds.iter().filter_map(pair).collect(),
            refused: chosen.refused.iter().cloned().collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "an embedding of {} s of audio on one thread, {} rounds in which the models take turns\n\n",
            self.seconds, self.rounds
        );
        let dash = || "–".to_owned();
        let heading = ["model", "format", "MB", "p50 ms", "p99 ms", "EER %"].map(String::from).to_vec();
        let rows = self.models.iter().map(|row| {
            let ms = |pick: fn(&Summary) -> f64| {
                row.time.as_ref().map_or_else(dash, |t| format!("{:.2}", pick(t)))
            };
            vec![
                row.id.to_string(),
                match row.precision {
                    Some(Precision::Fp32) => "fp32".into(),
                    Some(Precision::Int8) => "int8".into(),
                    None => "fusion".into(),
                },
                format!("{:.1}", row.size_bytes as f64 / 1e6),
                ms(|t| t.p50_ms),
                ms(|t| t.p99_ms),
                row.equal_error_rate.map_or_else(dash, |rate| format!("{:.2}", 100.0 * rate)),
            ]
        });
        text.push_str(&table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>()));
        for pair in &self.pairs {
            let _ = write!(text, "\n{} by {}: size {:.2}", pair.int8, pair.fp32, pair.size_ratio);
            if let Some(ratio) = pair.time_ratio {
                let _ = write!(text, ", time {ratio:.2}");
            }
            if let Some(Cosine { mean, min }) = pair.cosine {
                let _ = write!(text, ", cosine of the embeddings {mean:.4} on average, {min:.4} at least");
            }
            text.push('\n');
        }
        if let Some(recordings) = self.recordings {
            let _ = write!(
                text,
                "\n{recordings} recordings could be used. Equal error rates are of templates of three recordings against \
                 all others of the\nspeaker and of strangers from the same data set.\n"
            );
        }
        for (id, reason) in &self.refused {
            let _ = writeln!(text, "left out: {id}: {reason}");
        }
        text
    }
}
