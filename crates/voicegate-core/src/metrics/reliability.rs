//! Whether LLRs say what they mean.

use serde::Serialize;

use super::histogram::Bins;
use super::tally::Tally;

/// Trials with about the same LLR.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Lower end of the LLRs.
    pub low: f64,
    /// Upper end of the LLRs.
    pub high: f64,
    /// Mean probability of a target that the LLRs give, in [0, 1].
    pub predicted: f64,
    /// Share of targets, in [0, 1]; equal to `predicted`, but for chance, if the scores are calibrated.
    pub observed: f64,
    /// Weight of the targets: their number, where each weighs 1.
    pub targets: f64,
    /// Weight of the impostors.
    pub impostors: f64,
}

/// The reliability diagram (DeGroot and Fienberg, The Statistician 32, 1983) at equal priors: all targets together
/// count as much as all impostors, whatever their numbers. Bins without trials are left out.
#[must_use]
pub fn reliability(tally: &Tally, bins: &Bins) -> Vec<ReliabilityBin> {
    let ends = bins.edges().zip(bins.edges().skip(1));
    let empty = |(low, high)| ReliabilityBin {
        low,
        high,
        predicted: 0.0,
        observed: 0.0,
        targets: 0.0,
        impostors: 0.0,
    };
    let mut filled: Vec<_> = ends.map(empty).collect();
    // Half of the whole weight is the targets', half the impostors'.
    let mass = |targets: f64, impostors: f64| targets / tally.targets() + impostors / tally.impostors();
    for step in tally.steps() {
        let bin = &mut filled[bins.index(step.score)];
        bin.predicted += mass(step.targets, step.impostors) / (1.0 + (-step.score).exp());
        bin.targets += step.targets;
        bin.impostors += step.impostors;
    }
    filled.retain(|bin| bin.targets + bin.impostors > 0.0);
    for bin in &mut filled {
        let all = mass(bin.targets, bin.impostors);
        bin.predicted /= all;
        bin.observed = bin.targets / tally.targets() / all;
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scores;

    #[test]
    fn shares_are_at_equal_priors_and_empty_bins_left_out() {
        let impostors = [-9.0, -9.0, f64::NEG_INFINITY, 1.0];
        let scores = Scores::without_speakers(&[1.0, f64::INFINITY], &impostors).unwrap();
        let found = reliability(&Tally::new(&scores), &Bins::new(-2.0, 2.0, 4).unwrap());
        assert_eq!(found.iter().map(|b| (b.low, b.high)).collect::<Vec<_>>(), [(-2.0, -1.0), (1.0, 2.0)]);
        assert!(found[0].observed == 0.0 && found[0].predicted < 1e-3 && found[0].impostors == 3.0);
        // Both targets weigh 1/2, the impostor at 1 weighs 1/4: e/(1+e) three times out of five, 1 twice.
        assert!((found[1].observed - 0.8).abs() < 1e-12, "{found:?}");
        assert!((found[1].predicted - (0.6 / (1.0 + (-1f64).exp()) + 0.4)).abs() < 1e-12, "{found:?}");
    }
}
