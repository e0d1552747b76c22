//! Several systems on the same recordings, in one table.

mod cohort;

use serde::Serialize;

pub(super) use self::cohort::Cohort;
use super::report::{Case, Metrics, Setting, cases, estimate_percent, share_percent};
use super::trials::{Rule, Trials};

/// What one system did.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// Registry id of the model or fusion.
    pub(super) system: String,
    /// How scores are made of embeddings.
    pub(super) backend: Backend,
    pub(super) calibration: Option<String>,
    pub(super) metrics: Option<Metrics>,
}

/// From embeddings to a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Backend {
    /// Cosines, weighed by the calibration.
    Calibrated,
    /// Cosines as they are, with a fusion's weights.
    Cosine,
    /// Cosines normalized against other voices.
    AsNorm,
    /// Likelihood ratios of a two-covariance model.
    Plda,
}

impl Backend {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Calibrated => "calibrated",
            Self::Cosine => "cosine",
            Self::AsNorm => "AS-norm",
            Self::Plda => "PLDA",
        }
    }
}

impl Row {
    pub(super) fn new(setting: &Setting, outcome: &Trials, rule: &Rule) -> Self {
        let calibrated = rule.version.is_some();
        let cases = cases(setting.corpus, setting.heard, 0, outcome);
        let every: Vec<&Case> = cases.iter().collect();
        Self {
            system: rule.model.clone(),
            backend: if calibrated { Backend::Calibrated } else { Backend::Cosine },
            calibration: rule.version.clone(),
            metrics: Metrics::new(&every, calibrated, &setting.plan),
        }
    }

    /// What stands in a table, under [`HEADING`].
    pub(super) fn cells(&self) -> Vec<String> {
        let start = [self.system.clone(), self.backend.name().to_owned()];
        let Some(metrics) = &self.metrics else { return start.to_vec() };
        let at = metrics.at_similarity.iter().find(|at| at.similarity == 0.75);
        let dash = || "-".to_owned();
        let frr = metrics.frr_at_far.iter().find(|at| at.far == 0.001).and_then(|at| at.frr);
        let min_dcf = metrics.detection_cost.first().map(|cost| cost.min.value);
        let rest = [
            estimate_percent(metrics.equal_error_rate),
            frr.map_or_else(|| "not measurable".into(), estimate_percent),
            min_dcf.map_or_else(dash, |cost| format!("{cost:.3}")),
            format!("{:.3}", metrics.min_cllr.value),
            metrics.cllr.map_or_else(dash, |cllr| format!("{:.3}", cllr.value)),
            at.map_or_else(dash, |at| share_percent(at.false_accept)),
            at.map_or_else(dash, |at| share_percent(at.false_reject)),
        ];
        start.into_iter().chain(rest).collect()
    }
}

/// Of the columns of a comparison.
pub(super) const HEADING: [&str; 9] = [
    "system",
    "scores",
    "EER %",
    "FRR % at FAR 0.1 %",
    "minDCF .01",
    "min Cllr",
    "Cllr",
    "FAR % at 0.75",
    "FRR % at 0.75",
];
