//! From trials to a calibration.

use std::collections::BTreeMap;

use voicegate_core::calibration::{QUALITY_TERMS, QualityWeights, ScoreWeights, score_terms};
use voicegate_core::fit::Design;
use voicegate_core::fit::logistic::{self, FitError, Rule};
use voicegate_core::{Calibration, Fusion};

use super::trials::{Trial, Trials};

/// The region of odds that counts: between an even chance and one owner in a thousand.
const PRIOR: f64 = 0.05;

/// Pull towards zero, of the loss of a trial: enough that columns which say the same share the weight.
const L2: f64 = 1e-5;

/// Fits the scores of `fusion`'s models with the quality beside them, and then how much the slope follows the quality.
pub(super) fn fit(trials: &Trials, fusion: &Fusion) -> Result<Calibration, FitError> {
    let models: Vec<(usize, &str)> = trials
        .models
        .iter()
        .enumerate()
        .filter(|(_, id)| fusion.models().any(|m| m == *id))
        .map(|(i, id)| (i, id.as_str()))
        .collect();
    let scores = |trial: &Trial| -> Vec<f64> {
        models.iter().flat_map(|(i, _)| score_terms(trial.cosines[*i])).collect()
    };
    let weights = vec![1.0; trials.trials.len()];
    let targets: Vec<bool> = trials.trials.iter().map(|trial| trial.target).collect();
    let solve = |row: &dyn Fn(&Trial) -> Vec<f64>, nonnegative: usize| {
        let columns = trials.trials.first().map_or(0, |trial| row(trial).len());
        let rows = trials.trials.iter().flat_map(row).collect();
        let design = Design::new(rows, columns).ok_or(FitError::Shape)?;
        let rules: Vec<Rule> =
            (0..columns).map(|column| Rule { l2: L2, nonnegative: column < nonnegative }).collect();
        logistic::fit(&design, &targets, &weights, PRIOR, &rules)
    };

    let with_quality = |trial: &Trial| scores(trial).into_iter().chain(trial.quality).collect();
    let first = solve(&with_quality, 2 * models.len())?;
    let score_weights = &first.coefficients[..2 * models.len()];
    let sum = |trial: &Trial| scores(trial).iter().zip(score_weights).map(|(x, w)| x * w).sum::<f64>();
    // Around its middle, so that a change of the slope turns the line there and not far outside.
    let second = solve(
        &|trial| {
            let sum = sum(trial);
            let turned = trial.quality.iter().map(|term| sum * term);
            std::iter::once(sum).chain(trial.quality).chain(turned).collect()
        },
        1,
    )?;
    let (slope, rest) = second.coefficients.split_first().ok_or(FitError::Shape)?;
    if *slope <= 0.0 {
        // The scores say nothing about these recordings: no owner would ever be told from a stranger.
        return Err(FitError::NotConverged);
    }
    let (additive, turned) = rest.split_first_chunk::<QUALITY_TERMS>().ok_or(FitError::Shape)?;
    let turned: [f64; QUALITY_TERMS] = std::array::from_fn(|i| turned[i] / slope);
    let pairs = score_weights.as_chunks::<2>().0;
    let scaled = |&[cosine, closeness]: &[f64; 2]| ScoreWeights {
        cosine: slope * cosine,
        closeness: slope * closeness,
    };
    Ok(Calibration {
        scores: models
            .iter()
            .zip(pairs)
            .map(|((_, id), pair)| ((*id).to_owned(), scaled(pair)))
            .collect::<BTreeMap<_, _>>(),
        offset: second.intercept,
        quality: QualityWeights::from_terms(*additive),
        slope: QualityWeights::from_terms(turned),
        owners_best: models.iter().map(|(i, id)| ((*id).to_owned(), owners_best(trials, *i))).collect(),
    })
}

/// The cosine that one owner in twenty exceeds.
fn owners_best(trials: &Trials, model: usize) -> f32 {
    let mut own: Vec<f32> =
        trials.trials.iter().filter(|trial| trial.target).map(|trial| trial.cosines[model]).collect();
    own.sort_unstable_by(f32::total_cmp);
    own.get(own.len() * 19 / 20).copied().unwrap_or(1.0)
}
