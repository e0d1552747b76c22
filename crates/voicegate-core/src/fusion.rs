//! Several speaker models that judge together.

use crate::{Template, Voiceprint};

/// The models whose cosines are added, and how much each counts; never empty.
///
/// Cosines of independent models err differently, so their weighted sum tells voices apart better than each alone
/// (Kittler et al., 1998, "On combining classifiers", the sum rule).
#[derive(Debug, Clone, PartialEq)]
pub struct Fusion(Vec<(String, f32)>);

/// Why weights make no fusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fusion needs one model or more, each named once, each with a weight above zero")]
pub struct FusionError;

impl Fusion {
    /// A fusion of the models with their weights, which are scaled to the sum 1.
    ///
    /// # Errors
    /// [`FusionError`] if there is no model, one is named twice, or a weight is not a finite number above zero.
    pub fn new(weights: impl IntoIterator<Item = (String, f32)>) -> Result<Self, FusionError> {
        let mut weights: Vec<(String, f32)> = weights.into_iter().collect();
        weights.sort_by(|a, b| a.0.cmp(&b.0));
        let distinct = weights.windows(2).all(|pair| pair[0].0 != pair[1].0);
        let positive = weights.iter().all(|(_, weight)| weight.is_finite() && *weight > 0.0);
        let sum: f32 = weights.iter().map(|(_, weight)| weight).sum();
        if weights.is_empty() || !distinct || !positive || !sum.is_finite() {
            return Err(FusionError);
        }
        for (_, weight) in &mut weights {
            *weight /= sum;
        }
        Ok(Self(weights))
    }

    /// One model alone.
    #[must_use]
    pub fn single(model: impl Into<String>) -> Self {
        Self(vec![(model.into(), 1.0)])
    }

    /// Registry ids of the models.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(model, _)| model.as_str())
    }

    /// The models with their weights, whose sum is 1.
    pub fn weights(&self) -> impl Iterator<Item = (&str, f32)> {
        self.0.iter().map(|(model, weight)| (model.as_str(), *weight))
    }

    /// Whether every model of the fusion heard the recording.
    #[must_use]
    pub fn heard(&self, recording: &Voiceprint) -> bool {
        self.models().all(|model| recording.get(model).is_some())
    }

    /// Exemplars of `template` that every model of the fusion heard.
    #[must_use]
    pub fn heard_of(&self, template: &Template) -> usize {
        template.exemplars().iter().filter(|exemplar| self.heard(&exemplar.voiceprint)).count()
    }

    /// How alike two recordings sound, in [-1, 1]; `None` if one of the models heard only one of them.
    #[must_use]
    pub fn similarity(&self, a: &Voiceprint, b: &Voiceprint) -> Option<f32> {
        self.weigh(|model| a.get(model)?.cosine(b.get(model)?))
    }

    /// The weighted sum of what `cosine` says of each model; `None` if it says nothing of one.
    fn weigh(&self, cosine: impl Fn(&str) -> Option<f32>) -> Option<f32> {
        self.0.iter().map(|(model, weight)| cosine(model).map(|cosine| weight * cosine)).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Embedding;

    fn print(angles: &[(&str, f32)]) -> Voiceprint {
        let one = |(model, angle): &(&str, f32)| {
            let (y, x) = angle.sin_cos();
            ((*model).to_owned(), Embedding::new(vec![x, y]).unwrap())
        };
        Voiceprint::new(angles.iter().map(one)).unwrap()
    }

    #[test]
    fn weights_that_mean_nothing_are_refused() {
        let fusion =
            |weights: &[(&str, f32)]| Fusion::new(weights.iter().map(|(m, w)| ((*m).to_owned(), *w)));
        for wrong in [&[][..], &[("a", 0.0)], &[("a", -1.0)], &[("a", f32::NAN)], &[("a", 1.0), ("a", 1.0)]] {
            assert_eq!(fusion(wrong), Err(FusionError), "{wrong:?}");
        }
        assert_eq!(fusion(&[("b", 3.0), ("a", 1.0)]), fusion(&[("a", 0.25), ("b", 0.75)]));
        assert_eq!(fusion(&[("a", 7.0)]), Ok(Fusion::single("a")));
    }

    #[test]
    fn a_model_that_did_not_hear_both_leaves_no_answer() {
        let fusion = Fusion::new([("a".to_owned(), 1.0), ("b".to_owned(), 1.0)]).unwrap();
        let both = print(&[("a", 0.0), ("b", 0.0)]);
        assert_eq!(fusion.similarity(&both, &print(&[("a", 0.0)])), None);
        assert_eq!(Fusion::single("a").similarity(&both, &print(&[("a", 0.0)])), Some(1.0));
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_bounded_and_between_the_parts(
            a in -3f32..3.0, b in -3f32..3.0, c in -3f32..3.0, d in -3f32..3.0, weight in 0.01f32..100.0,
        ) {
            let fusion = Fusion::new([("a".to_owned(), weight), ("b".to_owned(), 1.0)]).unwrap();
            let (one, other) = (print(&[("a", a), ("b", b)]), print(&[("a", c), ("b", d)]));
            let fused = fusion.similarity(&one, &other).unwrap();
            prop_assert_eq!(Some(fused), fusion.similarity(&other, &one));
            let parts = ["a", "b"].map(|m| Fusion::single(m).similarity(&one, &other).unwrap());
            prop_assert!(fused >= parts[0].min(parts[1]) - 1e-6 && fused <= parts[0].max(parts[1]) + 1e-6);
        }
    }
}
