//! The fusion out of labelled presentations.

use std::collections::BTreeMap;

use super::{DetectorWeights, SpoofFusion};
use crate::fit::Design;
use crate::fit::logistic::{self, FitError, Intercept, Rule};
use crate::metrics::{Interval, Resampling, resampled};

/// What the detectors said of one labelled recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Presentation {
    /// By name of the detector; one that did not answer has none.
    pub scores: BTreeMap<String, f64>,
    /// Whether it is an attack.
    pub attack: bool,
    /// Number of its species, or of its source if it is bona fide: each counts as much as any other of its kind, however
    /// many recordings it has.
    pub group: u32,
    /// Number of what is drawn together when resampling: a speaker where known, else the recording.
    pub unit: u32,
}

/// A detector as the fit takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detector {
    /// Its name.
    pub name: String,
    /// Which scores speak for an attack.
    pub orientation: Orientation,
}

/// Which scores of a detector speak for an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orientation {
    /// High ones, as of a network that was trained so: one that turns out the other way round is left out.
    High,
    /// Whichever the fit finds, as of a measurement with a unit.
    Either,
}

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpoofFitError {
    /// A detector gave fewer than two different scores.
    #[error("detector '{0}' gives one score for everything, or none")]
    Constant(String),
    /// No detector has any weight.
    #[error("no detector tells attacks from bona fide recordings")]
    Nothing,
    /// The regression of one detector, or of all together.
    #[error("{what}: {source}")]
    Regression {
        /// Which one.
        what: String,
        /// Why.
        source: FitError,
    },
}

/// The region of odds that counts: few of those who try are attackers (the prior of the ASVspoof evaluations).
const PRIOR: f64 = 0.05;

/// Pull towards zero, of the loss of a presentation, for a score in units of its spread: keeps detectors that separate
/// the fitting data without error from claiming certainty.
const L2: f64 = 1e-3;

/// Share of the scores outside of the range that is kept, at each end.
const OUTLIERS: f64 = 0.005;

/// Share of the weight of a presentation that goes to what it would be with one of its detectors missing, so that no
/// weight rests on another detector being there.
const WITHOUT_ONE: f64 = 0.2;

/// Fits the fusion of the detectors in two steps of logistic regression. Each detector's score becomes a log-likelihood
/// ratio of its own, within its range, on the presentations that it answered; then one weight for each ratio, never below
/// 0, makes their sum a ratio again. The second step has no constant, so that what is missing adds nothing.
///
/// # Errors
/// [`SpoofFitError`]. A detector that says nothing beside the others is left out of the fusion.
pub fn fit(presentations: &[Presentation], detectors: &[Detector]) -> Result<SpoofFusion, SpoofFitError> {
    let mut fusion = fit_weighted(presentations, detectors, &vec![1.0; presentations.len()])?;
    fusion.detectors.retain(|_, weights| weights.slope != 0.0);
    if fusion.detectors.is_empty() { Err(SpoofFitError::Nothing) } else { Ok(fusion) }
}

/// The fit where each presentation counts as often as `times` says.
fn fit_weighted(
    presentations: &[Presentation],
    detectors: &[Detector],
    times: &[f64],
) -> Result<SpoofFusion, SpoofFitError> {
    let single = |detector: &Detector| {
        let answered = |p: &Presentation| p.scores.get(&detector.name).copied().filter(|s| !s.is_nan());
        let own: Vec<(&Presentation, f64, f64)> =
            presentations.iter().zip(times).filter_map(|(p, t)| Some((p, *t, answered(p)?))).collect();
        Ok((detector.name.clone(), alone(detector, &own)?))
    };
    let alone = SpoofFusion { detectors: detectors.iter().map(single).collect::<Result<_, _>>()? };

    let mut table = Table::default();
    let weights = balance(presentations.iter().zip(times.iter().copied()));
    for (presentation, weight) in presentations.iter().zip(weights) {
        table.add(presentation, weight, &alone);
    }
    let together = |source| SpoofFitError::Regression { what: "all detectors together".into(), source };
    let design = Design::new(table.rows, detectors.len()).ok_or(together(FitError::Shape))?;
    let rules = vec![Rule { l2: L2, nonnegative: true }; detectors.len()];
    let found = logistic::fit_with(&design, &table.attacks, &table.weights, PRIOR, &rules, Intercept::None);
    let factors = found.map_err(together)?.coefficients;
    let scaled = |((name, w), factor): ((String, DetectorWeights), f64)| {
        (name, DetectorWeights { offset: w.offset * factor, slope: w.slope * factor, ..w })
    };
    Ok(SpoofFusion { detectors: alone.detectors.into_iter().zip(factors).map(scaled).collect() })
}

/// What the second step is fitted on: a column for each detector.
#[derive(Default)]
struct Table {
    rows: Vec<f64>,
    attacks: Vec<bool>,
    weights: Vec<f64>,
}

impl Table {
    /// A presentation as it is, and with each of its detectors missing.
    fn add(&mut self, presentation: &Presentation, weight: f64, alone: &SpoofFusion) {
        let score = |name: &String| presentation.scores.get(name).copied().filter(|score| !score.is_nan());
        let llrs: Vec<Option<f64>> =
            alone.detectors.iter().map(|(name, weights)| Some(weights.llr(score(name)?))).collect();
        let answered = llrs.iter().flatten().count();
        // With one detector alone nothing would be left.
        let without_one = if answered > 1 { WITHOUT_ONE } else { 0.0 };
        let mut add = |missing: Option<usize>, weight: f64| {
            let there = |(place, llr): (usize, &Option<f64>)| llr.filter(|_| missing != Some(place));
            self.rows.extend(llrs.iter().enumerate().map(|column| there(column).unwrap_or(0.0)));
            self.attacks.push(presentation.attack);
            self.weights.push(weight);
        };
        add(None, weight * (1.0 - without_one));
        for (place, _) in llrs.iter().enumerate().filter(|(_, llr)| llr.is_some() && without_one > 0.0) {
            add(Some(place), weight * without_one / answered as f64);
        }
    }
}

/// The ratio of one detector, from presentations with how often each counts and its score.
fn alone(detector: &Detector, own: &[(&Presentation, f64, f64)]) -> Result<DetectorWeights, SpoofFitError> {
    let mut scores: Vec<f64> = own.iter().map(|(.., score)| *score).collect();
    scores.sort_unstable_by(f64::total_cmp);
    let outliers = (OUTLIERS * scores.len() as f64) as usize;
    let end = |n: usize| scores.get(n).copied().filter(|score| score.is_finite());
    let ends = end(outliers).zip(scores.len().checked_sub(1 + outliers).and_then(end));
    let (low, high) = ends
        .filter(|(low, high)| low < high)
        .ok_or_else(|| SpoofFitError::Constant(detector.name.clone()))?;
    let held: Vec<f64> = own.iter().map(|(.., score)| score.clamp(low, high)).collect();
    let mean = held.iter().sum::<f64>() / held.len() as f64;
    let spread = (held.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / held.len() as f64).sqrt();

    let failed = |source| SpoofFitError::Regression { what: format!("detector '{}'", detector.name), source };
    let design = Design::new(held.iter().map(|score| (score - mean) / spread).collect(), 1)
        .ok_or(failed(FitError::Shape))?;
    let attacks: Vec<bool> = own.iter().map(|(p, ..)| p.attack).collect();
    let weights = balance(own.iter().map(|(p, times, _)| (*p, *times)));
    let rule = Rule { l2: L2, nonnegative: detector.orientation == Orientation::High };
    let found = logistic::fit(&design, &attacks, &weights, PRIOR, &[rule]).map_err(failed)?;
    let slope = found.coefficients[0] / spread;
    Ok(DetectorWeights { offset: found.intercept - slope * mean, slope, low, high })
}

/// A weight for each presentation, so that every group weighs 1.
fn balance<'a>(presentations: impl Iterator<Item = (&'a Presentation, f64)> + Clone) -> Vec<f64> {
    let mut sums: BTreeMap<(bool, u32), f64> = BTreeMap::new();
    for (p, times) in presentations.clone() {
        *sums.entry((p.attack, p.group)).or_default() += times;
    }
    presentations
        .map(|(p, times)| if times > 0.0 { times / sums[&(p.attack, p.group)] } else { 0.0 })
        .collect()
}

/// Percentile intervals of the slopes of a [`fit`], by refitting resampled units; `None` where a resample cannot be
/// fitted, as with few units.
#[must_use]
pub fn weight_intervals(
    presentations: &[Presentation],
    detectors: &[Detector],
    plan: &Resampling,
) -> Option<BTreeMap<String, Interval>> {
    let units: Vec<u32> = presentations.iter().map(|p| p.unit).collect();
    if !plan.is_usable() {
        return None;
    }
    let mut slopes: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for times in resampled(&units, plan) {
        let fusion = fit_weighted(presentations, detectors, &times).ok()?;
        for (name, weights) in fusion.detectors {
            slopes.entry(name).or_default().push(weights.slope);
        }
    }
    Some(slopes.into_iter().map(|(name, values)| (name, Interval::percentiles(values, plan.level))).collect())
}

#[cfg(test)]
mod tests;
