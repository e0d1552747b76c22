//! The loss of logistic regression with its slope and curvature.

use std::iter;

use nalgebra::{Cholesky, DMatrix, DVector};

use super::Design;
use super::logistic::{FitError, Intercept, Rule};

/// A pivot this small beside its diagonal element is rounding, not information.
const DEPENDENT: f64 = 1e-12;

/// The weighted trials with the strengths of the coefficients.
pub(super) struct Objective<'a> {
    design: &'a Design,
    /// Per row: positive for a target, negative for a non-target; the sizes sum to p and 1 − p.
    signed_weights: Vec<f64>,
    /// logit p.
    offset: f64,
    /// Per column, then for the intercept.
    l2: DVector<f64>,
    /// The last column: 1 for an intercept, 0 for none.
    constant: f64,
}

/// The loss around one choice of the coefficients; the intercept comes last everywhere.
pub(super) struct Point {
    pub(super) at: DVector<f64>,
    pub(super) loss: f64,
    pub(super) gradient: DVector<f64>,
    /// The lower triangle alone is filled.
    hessian: DMatrix<f64>,
}

impl<'a> Objective<'a> {
    /// Checks the trials and normalizes their weights.
    pub(super) fn new(
        design: &'a Design,
        targets: &[bool],
        weights: &[f64],
        p_target: f64,
        rules: &[Rule],
        intercept: Intercept,
    ) -> Result<Self, FitError> {
        let rows = design.rows().len();
        if targets.len() != rows || weights.len() != rows || rules.len() != design.columns() {
            return Err(FitError::Shape);
        }
        let mut amounts = weights.iter().copied().chain(rules.iter().map(|rule| rule.l2));
        if !design.is_finite() || !amounts.all(|value| value.is_finite() && value >= 0.0) {
            return Err(FitError::Values);
        }
        if !(p_target > 0.0 && p_target < 1.0) {
            return Err(FitError::Prior);
        }
        let total = |class| iter::zip(targets, weights).filter(|(t, _)| **t == class).map(|(_, w)| w).sum();
        let (of_targets, of_others): (f64, f64) = (total(true), total(false));
        match (of_targets > 0.0, of_others > 0.0) {
            (false, _) => return Err(FitError::NoTargets),
            (_, false) => return Err(FitError::NoNonTargets),
            _ if !(of_targets + of_others).is_finite() => return Err(FitError::Values),
            _ => {}
        }
        let share = |(&target, weight): (&bool, &f64)| {
            if target { p_target * (weight / of_targets) } else { (p_target - 1.0) * (weight / of_others) }
        };
        // Without an intercept its column is all zeros, and the pull holds its coefficient at 0.
        let (constant, pull) = match intercept {
            Intercept::Free => (1.0, 0.0),
            Intercept::None => (0.0, 1.0),
        };
        Ok(Self {
            design,
            signed_weights: iter::zip(targets, weights).map(share).collect(),
            offset: (p_target / (1.0 - p_target)).ln(),
            l2: DVector::from_iterator(rules.len() + 1, rules.iter().map(|r| r.l2).chain([pull])),
            constant,
        })
    }

    /// One pass over the rows.
    pub(super) fn at(&self, at: DVector<f64>) -> Point {
        let columns = self.design.columns();
        let mut loss = 0.0;
        let mut gradient = DVector::zeros(columns + 1);
        let mut hessian = DMatrix::zeros(columns + 1, columns + 1);
        let mut row = vec![self.constant; columns + 1];
        for (values, &signed) in self.design.rows().zip(&self.signed_weights) {
            row[..columns].copy_from_slice(values);
            let z = self.offset + iter::zip(&row, &at).map(|(x, w)| x * w).sum::<f64>();
            // The margin by which the trial is on the wrong side; the exponential never overflows.
            let wrong = -signed.signum() * z;
            let small = (-wrong.abs()).exp();
            loss += signed.abs() * (wrong.max(0.0) + small.ln_1p());
            let slope = -signed * if wrong > 0.0 { 1.0 } else { small } / (1.0 + small);
            let curvature = signed.abs() * small / (1.0 + small).powi(2);
            // Columns of the matrix lie one after the other in memory.
            for (i, (column, &x)) in
                hessian.as_mut_slice().chunks_exact_mut(columns + 1).zip(&row).enumerate()
            {
                gradient[i] += slope * x;
                let scaled = curvature * x;
                for (sum, &other) in column[i..].iter_mut().zip(&row[i..]) {
                    *sum += scaled * other;
                }
            }
        }
        let pull = self.l2.component_mul(&at);
        loss += 0.5 * pull.dot(&at);
        gradient += pull;
        hessian.set_diagonal(&(hessian.diagonal() + &self.l2));
        Point { at, loss, gradient, hessian }
    }
}

impl Point {
    /// To the minimum of the quadratic model in the coefficients that may move; `None` if that has no single one.
    pub(super) fn newton_step(&self, rules: &[Rule]) -> Option<DVector<f64>> {
        let held = |i: &usize| {
            rules.get(*i).is_some_and(|rule| rule.nonnegative)
                && self.at[*i] <= 0.0
                && self.gradient[*i] >= 0.0
        };
        let free: Vec<usize> = (0..self.at.len()).filter(|i| !held(i)).collect();
        let curvature = self.hessian.select_rows(&free).select_columns(&free);
        let diagonal = curvature.diagonal();
        let factor = Cholesky::new(curvature)?;
        // The square of a pivot is what its column holds beyond the columns before it.
        let independent = |(pivot, whole): (&f64, &f64)| pivot * pivot > DEPENDENT * whole;
        if !iter::zip(&factor.l_dirty().diagonal(), &diagonal).all(independent) {
            return None;
        }
        let solved = factor.solve(&self.gradient.select_rows(&free));
        let mut step = DVector::zeros(self.at.len());
        for (&i, value) in free.iter().zip(&solved) {
            step[i] = -value;
        }
        Some(step)
    }
}
