//! Two-covariance PLDA: a voice is y ~ N(μ, B), a recording of it x ~ N(y, W).
//!
//! Compares "the same voice" with "two voices", as in Brümmer & de Villiers 2010, "The speaker partitioning problem",
//! and Sizov et al. 2014. Recordings are centred and scaled to unit length first (Garcia-Romero & Espy-Wilson 2011).
//! Kept diagonalized (Ioffe 2006): in latent coordinates W is the identity and B is diagonal, so that a comparison
//! costs a few operations per dimension.

use std::{fmt, iter};

use nalgebra::{Cholesky, DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::Embedding;

/// A fitted model for the embeddings of one speaker model.
///
/// Statistics of a training population, not of a person; `Debug` prints the shape alone, for brevity.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Plda(Parts);

/// `d` is the dimension of the embeddings; the projection is row-major, `d × d`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    /// Subtracted from a unit embedding before it is scaled to unit length again.
    centre: Vec<f64>,
    /// μ in latent coordinates.
    mean: Vec<f64>,
    /// Rows are the latent directions.
    projection: Vec<f64>,
    /// Variance between voices in each latent direction, where the variance within one is 1; at least 0.
    between: Vec<f64>,
}

/// Why numbers are not a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PldaError {
    /// Empty, or the parts are not of one dimension.
    #[error("the parts of a PLDA model have one dimension, at least 1")]
    Shape,
    /// NaN or infinity, or a negative variance.
    #[error("a PLDA model holds finite numbers, and variances of 0 and more")]
    Values,
    /// A direction without variation within speakers.
    #[error("the covariance within speakers is not positive definite: use more shrinkage")]
    Within,
}

/// A recording, or the mean of several, in latent coordinates relative to μ.
///
/// Biometric data as the embedding is: `Debug` prints the shape alone.
#[derive(Clone, PartialEq)]
pub struct Latent(Vec<f64>);

impl Latent {
    /// The mean of recordings of one voice; `None` if there is none or they are of different models' dimensions.
    #[must_use]
    pub fn mean<'a>(recordings: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut recordings = recordings.into_iter();
        let mut sum = recordings.next()?.0.clone();
        let mut count = 1.0;
        for Self(values) in recordings {
            if values.len() != sum.len() {
                return None;
            }
            iter::zip(&mut sum, values).for_each(|(total, value)| *total += value);
            count += 1.0;
        }
        sum.iter_mut().for_each(|total| *total /= count);
        Some(Self(sum))
    }
}

impl Plda {
    /// Diagonalizes a model of `d`-dimensional recordings. `between` and `within` are symmetric `d × d` covariances
    /// of the centred, unit-length recordings around `mean`. Where `between` is negative, which an estimate can be,
    /// the direction counts as one that tells nothing about voices.
    ///
    /// # Errors
    /// See [`PldaError`].
    pub fn new(
        centre: Vec<f64>,
        mean: &DVector<f64>,
        between: &DMatrix<f64>,
        within: &DMatrix<f64>,
    ) -> Result<Self, PldaError> {
        let d = centre.len();
        if d == 0 || mean.len() != d || between.shape() != (d, d) || within.shape() != (d, d) {
            return Err(PldaError::Shape);
        }
        if between.iter().chain(within).chain(mean).any(|value| !value.is_finite()) {
            return Err(PldaError::Values);
        }
        let whiten = Cholesky::new(within.clone()).ok_or(PldaError::Within)?.l();
        // L⁻¹ B L⁻ᵀ; a diagonal of L above zero is what Cholesky promises.
        let half = whiten.solve_lower_triangular(between).ok_or(PldaError::Within)?;
        let whitened = whiten.solve_lower_triangular(&half.transpose()).ok_or(PldaError::Within)?;
        let eigen = whitened.symmetric_eigen();
        let by_column = whiten.tr_solve_lower_triangular(&eigen.eigenvectors).ok_or(PldaError::Within)?;
        Self::try_from(Parts {
            centre,
            mean: by_column.tr_mul(mean).as_slice().to_vec(),
            // A column-major matrix of latent columns is the row-major one of latent rows.
            projection: by_column.as_slice().to_vec(),
            between: eigen.eigenvalues.iter().map(|variance| variance.max(0.0)).collect(),
        })
    }

    /// Number of dimensions of the embeddings.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.0.centre.len()
    }

    /// The recording in latent coordinates; `None` if it is of another dimension or equals the centre.
    #[must_use]
    pub fn project(&self, recording: &Embedding) -> Option<Latent> {
        let centred = centred(recording, &self.0.centre)?;
        let rows = self.0.projection.chunks_exact(centred.len());
        let dot = |row: &[f64]| iter::zip(row, &centred).map(|(a, b)| a * b).sum::<f64>();
        Some(Latent(rows.zip(&self.0.mean).map(|(row, mean)| dot(row) - mean).collect()))
    }

    /// The natural-log likelihood ratio of "`attempt` is by the voice of these `recordings`" to "by another voice".
    ///
    /// `enrolled` is the mean of `recordings` enrolment recordings, which are taken to be independent of each other:
    /// of one session they are not, so that the ratio is then too sure of itself and wants calibration; a smaller
    /// count, such as 1, is the usual remedy. `None` if the dimensions differ or `recordings` is 0.
    #[must_use]
    pub fn llr(&self, enrolled: &Latent, recordings: u32, attempt: &Latent) -> Option<f64> {
        let between = &self.0.between;
        if recordings == 0 || enrolled.0.len() != between.len() || attempt.0.len() != between.len() {
            return None;
        }
        let n = f64::from(recordings);
        let mut twice = 0.0;
        for ((&e, &a), &b) in iter::zip(&enrolled.0, &attempt.0).zip(between) {
            // Given the enrolment, the voice is N(e nb/(nb+1), b/(nb+1)) in this direction.
            let shrunk = 1.0 / (n * b + 1.0);
            let off = a - e * n * b * shrunk;
            let (same, other) = (1.0 + b * shrunk, 1.0 + b);
            twice += (other / same).ln() + a * a / other - off * off / same;
        }
        Some(0.5 * twice)
    }
}

/// Minus the centre and of unit length, `d` values; `None` if the dimensions differ or nothing is left.
pub(crate) fn centred(recording: &Embedding, centre: &[f64]) -> Option<Vec<f64>> {
    if recording.dimensions() != centre.len() {
        return None;
    }
    let mut rest: Vec<f64> = iter::zip(recording.values(), centre).map(|(&x, c)| f64::from(x) - c).collect();
    let length = rest.iter().map(|x| x * x).sum::<f64>().sqrt();
    rest.iter_mut().for_each(|x| *x /= length);
    // Embeddings are of single precision: a shorter rest is their rounding.
    (length > 1e-6).then_some(rest)
}

impl TryFrom<Parts> for Plda {
    type Error = PldaError;

    fn try_from(parts: Parts) -> Result<Self, Self::Error> {
        let d = parts.centre.len();
        if d == 0 || [parts.mean.len(), parts.between.len()] != [d, d] || parts.projection.len() != d * d {
            return Err(PldaError::Shape);
        }
        let mut all = parts.centre.iter().chain(&parts.mean).chain(&parts.projection).chain(&parts.between);
        if !all.all(|value| value.is_finite()) || parts.between.iter().any(|variance| *variance < 0.0) {
            return Err(PldaError::Values);
        }
        Ok(Self(parts))
    }
}

impl From<Plda> for Parts {
    fn from(plda: Plda) -> Self {
        plda.0
    }
}

impl fmt::Debug for Plda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plda({} dimensions)", self.dimensions())
    }
}

impl fmt::Debug for Latent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Latent({} dimensions)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plda() -> Plda {
        let between = DMatrix::from_row_slice(3, 3, &[2.0, 0.3, 0.1, 0.3, 1.0, 0.2, 0.1, 0.2, 0.5]);
        let within = DMatrix::from_row_slice(3, 3, &[0.4, 0.1, 0.0, 0.1, 0.3, 0.1, 0.0, 0.1, 0.6]);
        Plda::new(vec![0.1, -0.1, 0.05], &DVector::from_vec(vec![0.02, 0.0, -0.01]), &between, &within)
            .unwrap()
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let (mean, one) = (DVector::zeros(2), DMatrix::identity(2, 2));
        let new =
            |between: &DMatrix<f64>, within: &DMatrix<f64>| Plda::new(vec![0.0; 2], &mean, between, within);
        assert_eq!(new(&one, &(&one * 0.0)), Err(PldaError::Within));
        assert_eq!(new(&DMatrix::identity(3, 3), &one), Err(PldaError::Shape));
        assert_eq!(new(&(&one * f64::NAN), &one), Err(PldaError::Values));
        let text = serde_json::to_string(&plda()).unwrap();
        assert_eq!(serde_json::from_str::<Plda>(&text).unwrap().dimensions(), 3);
        assert!(
            serde_json::from_str::<Plda>(&text.replacen("\"between\":[", "\"between\":[1.0,", 1)).is_err()
        );
    }

    #[test]
    fn other_spaces_and_no_direction_have_no_score() {
        let plda = plda();
        let latent = plda.project(&Embedding::new(vec![1.0, 0.0, 0.0]).unwrap()).unwrap();
        assert_eq!(format!("{latent:?} {plda:?}"), "Latent(3 dimensions) Plda(3 dimensions)");
        assert_eq!(plda.llr(&latent, 0, &latent), None);
        assert_eq!(plda.llr(&Latent(vec![0.0; 2]), 1, &latent), None);
        let at_centre = Plda(Parts { centre: vec![1.0, 0.0, 0.0], ..plda.0 });
        assert_eq!(at_centre.project(&Embedding::new(vec![1.0, 0.0, 0.0]).unwrap()), None);
        assert_eq!(at_centre.project(&Embedding::new(vec![1.0, 0.0]).unwrap()), None);
    }

    proptest! {
        #[test]
        fn one_against_one_is_symmetric_and_agreement_grows_with_recordings(
            a in prop::collection::vec(-1f32..1.0, 3), b in prop::collection::vec(-1f32..1.0, 3), n in 1u32..50,
        ) {
            let plda = plda();
            let latent = |values| plda.project(&Embedding::new(values).ok()?);
            if let (Some(a), Some(b)) = (latent(a), latent(b)) {
                let (one, other) = (plda.llr(&a, 1, &b).unwrap(), plda.llr(&b, 1, &a).unwrap());
                prop_assert!((one - other).abs() < 1e-9 * (1.0 + one.abs()));
                prop_assert!(plda.llr(&a, n + 1, &a).unwrap() > plda.llr(&a, n, &a).unwrap());
                prop_assert_eq!(Latent::mean([&a]), Some(a));
            }
        }
    }
}
