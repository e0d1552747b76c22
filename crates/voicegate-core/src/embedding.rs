//! Speaker embeddings: fixed-length vectors whose direction is the voice.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Largest accepted number of dimensions; every published speaker encoder stays well below.
pub const MAX_DIMENSIONS: usize = 4096;

/// A speaker embedding of unit Euclidean length; all values finite.
///
/// The values are biometric data: `Debug` prints the shape alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f32>", into = "Vec<f32>")]
pub struct Embedding(Vec<f32>);

/// Why a vector is not an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddingError {
    /// No values, or more than [`MAX_DIMENSIONS`].
    #[error("an embedding has 1 to {MAX_DIMENSIONS} dimensions, this vector has {0}")]
    Dimensions(usize),
    /// NaN or infinity.
    #[error("the vector holds a value that is not a finite number")]
    NotFinite,
    /// Length zero: no direction.
    #[error("the vector has no direction (its length is zero)")]
    Zero,
}

impl Embedding {
    /// Takes a raw network output of any length > 0 and scales it to unit length.
    ///
    /// # Errors
    /// See [`EmbeddingError`].
    pub fn new(mut values: Vec<f32>) -> Result<Self, EmbeddingError> {
        if values.is_empty() || values.len() > MAX_DIMENSIONS {
            return Err(EmbeddingError::Dimensions(values.len()));
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(EmbeddingError::NotFinite);
        }
        // f64 keeps the norm of large but finite vectors finite.
        let norm = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
        if norm < 1e-12 {
            return Err(EmbeddingError::Zero);
        }
        for value in &mut values {
            *value = (f64::from(*value) / norm) as f32;
        }
        Ok(Self(values))
    }

    /// The unit-length values.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// Number of dimensions.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.0.len()
    }

    /// Cosine of the angle to `other`, in [-1, 1]; `None` if the dimensions differ (another model's space).
    #[must_use]
    pub fn cosine(&self, other: &Self) -> Option<f32> {
        if self.0.len() != other.0.len() {
            return None;
        }
        let dot = self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum::<f32>();
        Some(dot.clamp(-1.0, 1.0))
    }

    /// Unit-length mean of embeddings of one space; `None` if there is none, the dimensions differ or they cancel.
    #[must_use]
    pub fn mean<'a>(embeddings: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut embeddings = embeddings.into_iter();
        let mut sum = embeddings.next()?.0.clone();
        for embedding in embeddings {
            if embedding.0.len() != sum.len() {
                return None;
            }
            for (total, value) in sum.iter_mut().zip(&embedding.0) {
                *total += value;
            }
        }
        Self::new(sum).ok()
    }
}

impl TryFrom<Vec<f32>> for Embedding {
    type Error = EmbeddingError;

    fn try_from(values: Vec<f32>) -> Result<Self, Self::Error> {
        Self::new(values)
    }
}

impl From<Embedding> for Vec<f32> {
    fn from(embedding: Embedding) -> Self {
        embedding.0
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({} dimensions)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vectors_without_direction_are_refused() {
        assert_eq!(Embedding::new(vec![]), Err(EmbeddingError::Dimensions(0)));
        assert_eq!(Embedding::new(vec![0.0; 192]), Err(EmbeddingError::Zero));
        assert_eq!(Embedding::new(vec![1.0, f32::NAN]), Err(EmbeddingError::NotFinite));
        assert_eq!(Embedding::new(vec![f32::INFINITY]), Err(EmbeddingError::NotFinite));
    }

    #[test]
    fn values_stay_out_of_debug_output() {
        let embedding = Embedding::new(vec![0.123_456; 4]).unwrap();
        assert_eq!(format!("{embedding:?}"), "Embedding(4 dimensions)");
    }

    #[test]
    fn spaces_do_not_mix() {
        let a = Embedding::new(vec![1.0, 0.0]).unwrap();
        let b = Embedding::new(vec![1.0, 0.0, 0.0]).unwrap();
        assert_eq!(a.cosine(&b), None);
        assert_eq!(Embedding::mean([&a, &b]), None);
    }

    proptest! {
        #[test]
        fn cosine_is_symmetric_bounded_and_one_with_itself(
            a in prop::collection::vec(-1e3f32..1e3, 16),
            b in prop::collection::vec(-1e3f32..1e3, 16),
            gain in 1e-3f32..1e3,
        ) {
            let louder = Embedding::new(a.iter().map(|v| v * gain).collect());
            if let (Ok(a), Ok(b), Ok(louder)) = (Embedding::new(a), Embedding::new(b), louder) {
                let cosine = a.cosine(&b).unwrap();
                prop_assert!((-1.0..=1.0).contains(&cosine));
                prop_assert_eq!(cosine, b.cosine(&a).unwrap());
                prop_assert!((a.cosine(&a).unwrap() - 1.0).abs() < 1e-5);
                prop_assert!((a.cosine(&louder).unwrap() - 1.0).abs() < 1e-5);
            }
        }
    }
}
