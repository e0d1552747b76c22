//! The moment estimate of two-covariance PLDA, with shrinkage.

use nalgebra::{DMatrix, DVector};

use crate::Embedding;
use crate::plda::{Plda, PldaError, centred};

/// How far each covariance is drawn towards the multiple of the identity with the same trace, in [0, 1].
///
/// Needed where speakers are not many times the dimension (Ledoit & Wolf 2004): the sample covariance of 300
/// speakers in 256 dimensions is all but singular.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrinkage {
    /// Of the covariance between speakers.
    pub between: f64,
    /// Of the covariance within speakers; 0 only with far more recordings than dimensions.
    pub within: f64,
}

/// Why there is no fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PldaFitError {
    /// Fewer than two speakers, or one without a recording.
    #[error("PLDA needs two speakers or more, each with a recording")]
    Speakers,
    /// No speaker has two recordings.
    #[error("PLDA needs speakers with two recordings or more")]
    NoRepeats,
    /// Embeddings of different dimensions.
    #[error("the embeddings are of different dimensions")]
    Dimensions,
    /// A recording equals the mean of all speakers, or they cancel.
    #[error("an embedding has no direction from the centre of all")]
    NoDirection,
    /// Out of [0, 1].
    #[error("shrinkage lies between 0 and 1")]
    Shrinkage,
    /// Voices vary no more than recordings of one voice do.
    #[error("the speakers do not differ from each other")]
    NoDifference,
    /// The covariances make no model.
    #[error(transparent)]
    Model(#[from] PldaError),
}

/// Fits to the recordings of each speaker: `speakers[i]` are the unit embeddings of speaker `i`, all of one dimension.
///
/// The centre is the mean of the speakers' means, so that a talkative speaker does not move it. With N recordings of
/// S speakers and n_i of speaker i: W is the pooled scatter around the speakers' means over N − S; the covariance of
/// the speakers' means over S − 1 is in expectation B + W · mean(1/n_i), which gives B (the method of moments for
/// unbalanced one-way random effects with unweighted means; Searle, Casella & McCulloch 1992). Then both are shrunk.
///
/// # Errors
/// See [`PldaFitError`].
pub fn fit(speakers: &[Vec<&Embedding>], shrinkage: Shrinkage) -> Result<Plda, PldaFitError> {
    if ![shrinkage.between, shrinkage.within].iter().all(|amount| (0.0..=1.0).contains(amount)) {
        return Err(PldaFitError::Shrinkage);
    }
    if speakers.len() < 2 || speakers.iter().any(Vec::is_empty) {
        return Err(PldaFitError::Speakers);
    }
    let dimensions = speakers[0][0].dimensions();
    let mut recordings = speakers.iter().flatten();
    if recordings.any(|recording| recording.dimensions() != dimensions) {
        return Err(PldaFitError::Dimensions);
    }
    let count = speakers.iter().map(Vec::len).sum::<usize>();
    if count == speakers.len() {
        return Err(PldaFitError::NoRepeats);
    }

    let raw = |recording: &&Embedding| {
        Some(DVector::from_iterator(dimensions, recording.values().iter().map(|&x| f64::from(x))))
    };
    let raw_means = means(speakers, dimensions, raw).ok_or(PldaFitError::NoDirection)?;
    let centre = raw_means.column_mean().as_slice().to_vec();
    let unit = |recording: &&Embedding| centred(recording, &centre).map(DVector::from_vec);
    let means = means(speakers, dimensions, unit).ok_or(PldaFitError::NoDirection)?;
    let mean = means.column_mean();

    // Deviations of recordings from their speaker's mean, one column each; a product then gives the scatter.
    let mut deviations = DMatrix::zeros(dimensions, count);
    let of_speaker = speakers.iter().enumerate().flat_map(|(i, own)| own.iter().map(move |r| (i, r)));
    for (mut column, (speaker, recording)) in deviations.column_iter_mut().zip(of_speaker) {
        column.copy_from(&(unit(recording).ok_or(PldaFitError::NoDirection)? - means.column(speaker)));
    }
    let within = &deviations * deviations.transpose() / (count - speakers.len()) as f64;
    let mut spread = means;
    for mut column in spread.column_iter_mut() {
        column -= &mean;
    }
    let noise = speakers.iter().map(|own| 1.0 / own.len() as f64).sum::<f64>() / speakers.len() as f64;
    let between = &spread * spread.transpose() / (speakers.len() - 1) as f64 - &within * noise;
    if between.trace() <= 0.0 {
        return Err(PldaFitError::NoDifference);
    }
    let (between, within) = (shrunk(between, shrinkage.between), shrunk(within, shrinkage.within));
    Ok(Plda::new(centre, &mean, &between, &within)?)
}

/// Each speaker's mean of what `of` makes of the recordings, one column each; `None` if it makes nothing of one.
fn means<'a>(
    speakers: &[Vec<&'a Embedding>],
    dimensions: usize,
    of: impl Fn(&&'a Embedding) -> Option<DVector<f64>>,
) -> Option<DMatrix<f64>> {
    let mut means = DMatrix::zeros(dimensions, speakers.len());
    for (mut column, own) in means.column_iter_mut().zip(speakers) {
        for recording in own {
            column += of(recording)? / own.len() as f64;
        }
    }
    Some(means)
}

/// (1 − amount) · covariance + amount · (trace / d) · identity.
fn shrunk(covariance: DMatrix<f64>, amount: f64) -> DMatrix<f64> {
    let level = amount * covariance.trace() / covariance.nrows() as f64;
    let mut shrunk = covariance * (1.0 - amount);
    for i in 0..shrunk.nrows() {
        shrunk[(i, i)] += level;
    }
    shrunk
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Shrinkage = Shrinkage { between: 0.5, within: 0.5 };

    fn embedding(values: &[f32]) -> Embedding {
        Embedding::new(values.to_vec()).unwrap()
    }

    #[test]
    fn what_cannot_be_fitted_is_named() {
        let [a, b, c] = [[1.0, 0.0], [0.9, 0.2], [-0.2, 1.0]].map(|v| embedding(&v));
        let other = embedding(&[1.0, 0.0, 0.0]);
        let out = Shrinkage { within: 1.1, ..HALF };
        assert!(fit(&[vec![&a, &b], vec![&c]], HALF).is_ok());
        assert_eq!(fit(&[vec![&a, &b], vec![&c]], out), Err(PldaFitError::Shrinkage));
        assert_eq!(fit(&[vec![&a, &b]], HALF), Err(PldaFitError::Speakers));
        assert_eq!(fit(&[vec![&a, &b], vec![]], HALF), Err(PldaFitError::Speakers));
        assert_eq!(fit(&[vec![&a], vec![&b]], HALF), Err(PldaFitError::NoRepeats));
        assert_eq!(fit(&[vec![&a, &b], vec![&other]], HALF), Err(PldaFitError::Dimensions));
        assert_eq!(fit(&[vec![&a, &c], vec![&a, &c]], HALF), Err(PldaFitError::NoDifference));
        assert_eq!(fit(&[vec![&a, &a], vec![&b, &b]], HALF), Err(PldaFitError::Model(PldaError::Within)));
    }

    /// Few speakers for the dimension, as in practice: 192 dimensions, voices in 20 of them.
    #[test]
    fn voices_are_told_apart_with_fewer_speakers_than_dimensions() {
        let mut state = 1_u64;
        let mut uniform = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let mut speaker = |recordings: usize| -> Vec<Embedding> {
            let voice: Vec<f32> = (0..192).map(|i| if i < 20 { 2.0 * uniform() } else { 0.3 }).collect();
            (0..recordings)
                .map(|_| embedding(&voice.iter().map(|v| v + uniform()).collect::<Vec<_>>()))
                .collect()
        };
        let trained: Vec<_> = (0..100).map(|_| speaker(4)).collect();
        let plda = fit(&trained.iter().map(|own| own.iter().collect()).collect::<Vec<_>>(), HALF).unwrap();
        let tested: Vec<_> = (0..100).map(|_| speaker(2)).collect();
        let latents: Vec<_> =
            tested.iter().flatten().map(|recording| plda.project(recording).unwrap()).collect();
        // How many second recordings are nearest to the first one of the same voice.
        let found = |likeness: &dyn Fn(usize, usize) -> f64| {
            let best = |i: usize| (0..100).max_by(|&a, &b| likeness(i, a).total_cmp(&likeness(i, b)));
            (0..100).filter(|&i| best(i) == Some(i)).count()
        };
        let by_plda = found(&|i, j| plda.llr(&latents[2 * i], 1, &latents[2 * j + 1]).unwrap());
        let by_cosine = found(&|i, j| f64::from(tested[i][0].cosine(&tested[j][1]).unwrap()));
        assert!(by_plda > 70 && by_plda > by_cosine + 10, "{by_plda} and {by_cosine} of 100");
    }
}
