//! Adaptive symmetric score normalization: how unusual a cosine is beside those to known other voices.
//!
//! Matějka et al. 2017, "Analysis of score normalization in multilingual speaker recognition" (AS-norm1: each side is
//! compared with the cohort's voices nearest to itself); symmetric: Cumani et al. 2011; numerically z-scores.

use std::{fmt, iter};

use serde::{Deserialize, Serialize};

use crate::Embedding;

/// Least standard deviation of a cohort's cosines that is divided by.
///
/// In practice it is above 0.01. A smaller one comes from copies in the cohort, and would make any difference huge.
pub const MIN_SD: f64 = 1e-3;

/// Embeddings of other voices, one per speaker, of one speaker model; never empty, all of one dimension.
///
/// Biometric data: `Debug` prints the shape alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Embedding>", into = "Vec<Embedding>")]
pub struct Cohort(Vec<Embedding>);

/// Why there is no normalization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CohortError {
    /// No voice.
    #[error("a cohort needs a voice")]
    Empty,
    /// Embeddings of different dimensions.
    #[error("the embeddings of a cohort are of one dimension")]
    Dimensions,
    /// A speaker without a mean.
    #[error("a speaker of a cohort has no embedding, or embeddings that cancel each other")]
    NoMean,
    /// Number of nearest voices below 2 or above the size of the cohort.
    #[error("the number of nearest voices lies between 2 and the size of the cohort, {0}")]
    Nearest(usize),
}

impl Cohort {
    /// A cohort of embeddings, one per speaker.
    ///
    /// # Errors
    /// [`CohortError::Empty`], [`CohortError::Dimensions`].
    pub fn new(voices: Vec<Embedding>) -> Result<Self, CohortError> {
        let dimensions = voices.first().ok_or(CohortError::Empty)?.dimensions();
        if voices.iter().any(|voice| voice.dimensions() != dimensions) {
            return Err(CohortError::Dimensions);
        }
        Ok(Self(voices))
    }

    /// The unit-length mean of each speaker's recordings.
    ///
    /// # Errors
    /// As [`Cohort::new`], and [`CohortError::NoMean`].
    pub fn of_speakers(speakers: &[Vec<&Embedding>]) -> Result<Self, CohortError> {
        let mean = |own: &Vec<&Embedding>| Embedding::mean(own.iter().copied()).ok_or(CohortError::NoMean);
        Self::new(speakers.iter().map(mean).collect::<Result<_, _>>()?)
    }

    /// Number of speakers.
    #[must_use]
    pub fn speakers(&self) -> usize {
        self.0.len()
    }

    /// The `k` largest cosines of `recording` to the cohort, or all if there are fewer, in no order; `None` if the
    /// dimensions differ.
    #[must_use]
    pub fn top_k(&self, recording: &Embedding, k: usize) -> Option<Vec<f64>> {
        if recording.dimensions() != self.0[0].dimensions() {
            return None;
        }
        // In double precision, because small deviations are divided by small deviations.
        let product = |(a, b): (&f32, &f32)| f64::from(*a) * f64::from(*b);
        let cosine = |voice: &Embedding| iter::zip(voice.values(), recording.values()).map(product).sum();
        let mut cosines: Vec<f64> = self.0.iter().map(cosine).collect();
        if k < cosines.len() {
            cosines.select_nth_unstable_by(k, |a, b| b.total_cmp(a));
            cosines.truncate(k);
        }
        Some(cosines)
    }
}

/// Mean and standard deviation (over k) of one recording's nearest cosines to the cohort.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CohortStatistics {
    /// In [-1, 1].
    pub mean: f64,
    /// At least 0; below [`MIN_SD`] that one is used instead.
    pub sd: f64,
}

impl CohortStatistics {
    /// How many standard deviations a cosine lies above what other voices have.
    #[must_use]
    pub fn z(self, cosine: f64) -> f64 {
        (cosine - self.mean) / self.sd.max(MIN_SD)
    }

    /// The normalized score of a cosine from the statistics of its two sides: the average of both z.
    #[must_use]
    pub fn normalize(self, other: Self, cosine: f64) -> f64 {
        0.5 * (self.z(cosine) + other.z(cosine))
    }
}

/// Normalization against the `k` nearest voices of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct AsNorm {
    cohort: Cohort,
    nearest: usize,
}

impl AsNorm {
    /// `nearest`: how many voices of the cohort each side is compared with; a few hundred of thousands are usual.
    ///
    /// # Errors
    /// [`CohortError::Nearest`].
    pub fn new(cohort: Cohort, nearest: usize) -> Result<Self, CohortError> {
        if nearest < 2 || nearest > cohort.speakers() {
            return Err(CohortError::Nearest(cohort.speakers()));
        }
        Ok(Self { cohort, nearest })
    }

    /// The statistics of one side, which can be kept as long as that side stays; `None` if the dimensions differ.
    #[must_use]
    pub fn statistics(&self, recording: &Embedding) -> Option<CohortStatistics> {
        let cosines = self.cohort.top_k(recording, self.nearest)?;
        let count = cosines.len() as f64;
        let mean = cosines.iter().sum::<f64>() / count;
        let variance = cosines.iter().map(|cosine| (cosine - mean).powi(2)).sum::<f64>() / count;
        Some(CohortStatistics { mean, sd: variance.sqrt() })
    }

    /// Normalizes the cosine between the mean of an enrolment and an attempt; `None` if the dimensions differ.
    #[must_use]
    pub fn normalize(&self, cosine: f64, enrolled: &Embedding, attempt: &Embedding) -> Option<f64> {
        Some(self.statistics(enrolled)?.normalize(self.statistics(attempt)?, cosine))
    }
}

impl TryFrom<Vec<Embedding>> for Cohort {
    type Error = CohortError;

    fn try_from(voices: Vec<Embedding>) -> Result<Self, Self::Error> {
        Self::new(voices)
    }
}

impl From<Cohort> for Vec<Embedding> {
    fn from(cohort: Cohort) -> Self {
        cohort.0
    }
}

impl fmt::Debug for Cohort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cohort({} speakers)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(angle: f32) -> Embedding {
        Embedding::new(vec![angle.cos(), angle.sin()]).unwrap()
    }

    #[test]
    fn what_is_no_cohort_is_refused_and_its_content_stays_out_of_debug_output() {
        let other = Embedding::new(vec![1.0; 3]).unwrap();
        assert_eq!(Cohort::new(vec![]), Err(CohortError::Empty));
        assert_eq!(Cohort::new(vec![at(0.0), other.clone()]), Err(CohortError::Dimensions));
        assert_eq!(Cohort::of_speakers(&[vec![&at(0.0)], vec![]]), Err(CohortError::NoMean));
        let cohort = Cohort::of_speakers(&[vec![&at(0.0), &at(1.0)], vec![&at(2.0)]]).unwrap();
        assert!((cohort.0[0].cosine(&at(0.5)).unwrap() - 1.0).abs() < 1e-6);
        assert!(serde_json::from_str::<Cohort>("[[1.0], [1.0, 2.0]]").is_err());
        assert_eq!(AsNorm::new(cohort.clone(), 1), Err(CohortError::Nearest(2)));
        assert_eq!(AsNorm::new(cohort.clone(), 3), Err(CohortError::Nearest(2)));
        let norm = AsNorm::new(cohort, 2).unwrap();
        assert_eq!(format!("{norm:?}"), "AsNorm { cohort: Cohort(2 speakers), nearest: 2 }");
        assert_eq!(norm.normalize(0.5, &at(0.0), &other), None);
    }

    #[test]
    fn copies_in_the_cohort_leave_the_score_finite() {
        let norm = AsNorm::new(Cohort::new(vec![at(1.0); 5]).unwrap(), 5).unwrap();
        let score = norm.normalize(0.9, &at(0.0), &at(0.1)).unwrap();
        assert!(score.is_finite() && score > 0.0 && score <= 2.0 / MIN_SD);
    }

    proptest! {
        #[test]
        fn symmetric_and_rising_with_the_cosine(
            cohort in prop::collection::vec(-3f32..3.0, 5..30),
            a in -3f32..3.0, b in -3f32..3.0, cosine in -1f64..0.9, k in 2usize..=5,
        ) {
            let norm = AsNorm::new(Cohort::new(cohort.into_iter().map(at).collect()).unwrap(), k).unwrap();
            let score = norm.normalize(cosine, &at(a), &at(b)).unwrap();
            prop_assert_eq!(Some(score), norm.normalize(cosine, &at(b), &at(a)));
            prop_assert!(norm.normalize(cosine + 0.1, &at(a), &at(b)).unwrap() > score);
            let [mut nearest, mut all] = [k, usize::MAX].map(|k| norm.cohort.top_k(&at(a), k).unwrap());
            nearest.sort_by(|a, b| b.total_cmp(a));
            all.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(&nearest[..], &all[..k]);
        }
    }
}
