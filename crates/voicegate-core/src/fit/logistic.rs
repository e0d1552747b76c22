//! Prior-weighted logistic regression: scores and quality measures to a natural-log likelihood ratio.
//!
//! Minimizes over the intercept b and the coefficients w
//! p Σ_targets ω softplus(−z) + (1−p) Σ_non-targets ω softplus(z) + ½ Σ_j l2_j w_j², z = logit p + b + w·x,
//! where the weights ω sum to 1 within each class. The offset logit p is part of the model, so b + w·x is the
//! natural-log likelihood ratio (Brümmer & du Preez 2006, "Application-independent evaluation of speaker detection";
//! fusion: Brümmer et al. 2007; quality measures as further columns: Mandasari et al. 2013).

use nalgebra::DVector;

use super::Design;
use super::objective::{Objective, Point};

/// What is asked of one coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rule {
    /// Strength of the pull towards zero, at least 0, relative to the mean loss of a trial; in (unit of column)².
    pub l2: f64,
    /// The coefficient must not be negative, as of a score where more means more alike.
    pub nonnegative: bool,
}

/// Whether a row of zeros may speak for a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intercept {
    /// It may.
    Free,
    /// Its log likelihood ratio is 0: what is not there says nothing.
    None,
}

/// An affine function from a trial's row to a natural-log likelihood ratio.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticFit {
    /// The log likelihood ratio of a row of zeros.
    pub intercept: f64,
    /// One per column; exactly 0 where a [`Rule::nonnegative`] holds it back.
    pub coefficients: Vec<f64>,
    /// Newton steps that it took.
    pub iterations: usize,
}

/// Why there is no fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// Numbers of rows, targets and weights differ, or of columns and rules.
    #[error("a fit needs one target flag and one weight per row, and one rule per column")]
    Shape,
    /// NaN or infinity, a negative weight or a negative strength.
    #[error("a value, weight or L2 strength is not finite, or a weight or strength is negative")]
    Values,
    /// Not strictly between 0 and 1.
    #[error("the prior of a target lies strictly between 0 and 1")]
    Prior,
    /// No target trial with a weight above zero.
    #[error("there is no target trial with a weight")]
    NoTargets,
    /// No non-target trial with a weight above zero.
    #[error("there is no non-target trial with a weight")]
    NoNonTargets,
    /// The columns and the constant 1 depend linearly on each other.
    #[error("the columns depend linearly on each other: drop one or give them an L2 strength")]
    Dependent,
    /// There is no minimum to be found: the columns separate the classes without error.
    #[error("the fit does not converge: separable classes need an L2 strength above zero")]
    NotConverged,
}

/// Most Newton steps; about ten are usual.
const MAX_ITERATIONS: usize = 60;

/// Done when a step promises less than this share of the loss; Newton's convergence is quadratic, so that step,
/// still taken, leaves about this share squared.
const TOLERANCE: f64 = 1e-12;

/// Fits the affine function. Rows: `design`; for each row whether it is a target and its weight, in any unit and
/// at least 0; `p_target`: the effective prior in (0, 1) of the operating region that counts; a rule per column.
///
/// Newton's method with step halving, one pass over the rows per accepted step. Non-negative coefficients are held
/// by an active set (Bertsekas 1982, "Projected Newton methods"): one that stands at zero and would go below is
/// left out of the step, and comes back when the slope turns, so that the result is the constrained minimum.
///
/// # Errors
/// See [`FitError`].
pub fn fit(
    design: &Design,
    targets: &[bool],
    weights: &[f64],
    p_target: f64,
    rules: &[Rule],
) -> Result<LogisticFit, FitError> {
    fit_with(design, targets, weights, p_target, rules, Intercept::Free)
}

/// As [`fit`], with or without an intercept.
///
/// # Errors
/// See [`FitError`].
pub fn fit_with(
    design: &Design,
    targets: &[bool],
    weights: &[f64],
    p_target: f64,
    rules: &[Rule],
    intercept: Intercept,
) -> Result<LogisticFit, FitError> {
    let objective = Objective::new(design, targets, weights, p_target, rules, intercept)?;
    let mut point = objective.at(DVector::zeros(rules.len() + 1));
    for iterations in 1..=MAX_ITERATIONS {
        let step = point.newton_step(rules).ok_or(FitError::Dependent)?;
        let promise = -point.gradient.dot(&step);
        if promise <= TOLERANCE * point.loss {
            let mut coefficients: Vec<f64> = project(&point.at + step, rules).iter().copied().collect();
            let intercept = coefficients.pop().unwrap_or_default();
            return Ok(LogisticFit { intercept, coefficients, iterations });
        }
        point = descend(&objective, &point, &step, rules).ok_or(FitError::NotConverged)?;
    }
    Err(FitError::NotConverged)
}

/// The first of the halved steps that lowers the loss by enough (Armijo's rule along the projected path).
fn descend(objective: &Objective<'_>, from: &Point, step: &DVector<f64>, rules: &[Rule]) -> Option<Point> {
    (0..40).find_map(|halvings| {
        let to = objective.at(project(&from.at + step * 0.5_f64.powi(halvings), rules));
        let slope = from.gradient.dot(&(&from.at - &to.at));
        (to.loss <= from.loss - 1e-4 * slope).then_some(to)
    })
}

/// Sets coefficients to zero that went below it and must not.
fn project(mut at: DVector<f64>, rules: &[Rule]) -> DVector<f64> {
    for (value, rule) in at.iter_mut().zip(rules) {
        if rule.nonnegative {
            *value = value.max(0.0);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use std::iter;

    use proptest::prelude::*;

    use super::*;

    const FREE: Rule = Rule { l2: 1e-3, nonnegative: false };

    #[test]
    fn what_cannot_be_fitted_is_named() {
        let design = Design::new(vec![0.0, 1.0, 2.0, 3.0], 1).unwrap();
        let targets = [false, true, false, true];
        let run = |targets: &[bool], weights: &[f64], p, rule| fit(&design, targets, weights, p, &[rule]);
        let none = Rule::default();
        assert!(run(&targets, &[1.0; 4], 0.5, none).is_ok());
        assert_eq!(run(&targets, &[1.0; 3], 0.5, none), Err(FitError::Shape));
        assert_eq!(run(&targets, &[1.0, 1.0, -1.0, 1.0], 0.5, none), Err(FitError::Values));
        assert_eq!(run(&targets, &[1.0; 4], 0.5, Rule { l2: -1.0, ..none }), Err(FitError::Values));
        assert_eq!(run(&targets, &[1.0; 4], 1.0, none), Err(FitError::Prior));
        assert_eq!(run(&[false; 4], &[1.0; 4], 0.5, none), Err(FitError::NoTargets));
        assert_eq!(run(&targets, &[0.0, 1.0, 0.0, 1.0], 0.5, none), Err(FitError::NoNonTargets));
        assert_eq!(run(&[false, false, true, true], &[1.0; 4], 0.5, none), Err(FitError::NotConverged));
        assert!(run(&[false, false, true, true], &[1.0; 4], 0.5, FREE).is_ok());
        let constant = Design::new(vec![2.0; 4], 1).unwrap();
        assert_eq!(fit(&constant, &targets, &[1.0; 4], 0.5, &[none]), Err(FitError::Dependent));
    }

    fn trials() -> impl Strategy<Value = Vec<(f64, f64, bool, f64)>> {
        let trial = (-3f64..3.0, -3f64..3.0, any::<bool>(), 0.1f64..5.0);
        prop::collection::vec(trial, 6..60)
            .prop_filter("both classes", |trials| trials.iter().any(|t| t.2) && trials.iter().any(|t| !t.2))
    }

    fn fitted(trials: &[(f64, f64, bool, f64)], gain: f64, p: f64, rules: [Rule; 2]) -> LogisticFit {
        let design = Design::new(trials.iter().flat_map(|t| [t.0, t.1]).collect(), 2).unwrap();
        let targets: Vec<bool> = trials.iter().map(|t| t.2).collect();
        let weights: Vec<f64> = trials.iter().map(|t| t.3 * gain).collect();
        fit(&design, &targets, &weights, p, &rules).unwrap()
    }

    /// The slope of the loss is 0 at the minimum: Σ w x (σ(z) − target) over the trials, by hand.
    #[test]
    fn without_an_intercept_a_row_of_zeros_says_nothing() {
        let values = [-1.0, 0.5, 2.0, 3.0, 0.0, 1.0];
        let targets = [false, true, false, true, false, true];
        let design = Design::new(values.to_vec(), 1).unwrap();
        let rules = [Rule::default()];
        let found = fit_with(&design, &targets, &[1.0; 6], 0.5, &rules, Intercept::None).unwrap();
        let w = found.coefficients[0];
        let slope: f64 = iter::zip(values, targets)
            .map(|(x, target)| x * (1.0 / (1.0 + (-w * x).exp()) - f64::from(u8::from(target))))
            .sum();
        assert!(found.intercept == 0.0 && w > 0.0 && slope.abs() < 1e-9, "{found:?} {slope}");
        let free = fit(&design, &targets, &[1.0; 6], 0.5, &rules).unwrap();
        assert!(free.intercept != 0.0 && free.coefficients[0] != w);
    }

    proptest! {
        #[test]
        fn the_unit_of_the_weights_does_not_matter(trials in trials(), gain in 1e-3f64..1e3, p in 0.001f64..0.999) {
            let (one, other) = (fitted(&trials, 1.0, p, [FREE; 2]), fitted(&trials, gain, p, [FREE; 2]));
            for (a, b) in one.coefficients.iter().zip(&other.coefficients) {
                prop_assert!((a - b).abs() < 1e-6 * (1.0 + a.abs()), "{one:?} {other:?}");
            }
            prop_assert!((one.intercept - other.intercept).abs() < 1e-6 * (1.0 + one.intercept.abs()));
        }

        #[test]
        fn a_constrained_column_never_counts_against(trials in trials(), p in 0.001f64..0.999) {
            let rule = Rule { nonnegative: true, ..FREE };
            let (free, held) = (fitted(&trials, 1.0, p, [FREE; 2]), fitted(&trials, 1.0, p, [rule, FREE]));
            prop_assert!(held.coefficients[0] >= 0.0);
            // Where the free minimum is allowed it is the answer; where not, the best allowed one is at the border.
            let expected = free.coefficients[0].max(0.0);
            prop_assert!((held.coefficients[0] - expected).abs() < 1e-6 * (1.0 + expected), "{free:?} {held:?}");
        }
    }
}
