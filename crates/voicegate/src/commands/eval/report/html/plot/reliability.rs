//! Whether likelihood ratios say what they mean.

use voicegate_core::metrics::ReliabilityBin;

use super::Plot;

/// What the score says against what was found; on the diagonal both agree.
pub(in super::super) fn reliability(bins: &[ReliabilityBin], description: &str) -> String {
    let mut plot = Plot::new((0.0, 1.0), (0.0, 1.0));
    for tick in 0..=4 {
        let value = f64::from(tick) / 4.0;
        let label = format!("{:.0} %", 100.0 * value);
        plot.tick_x(value, &label);
        plot.tick_y(value, &label);
    }
    plot.line("guide", [(0.0, 0.0), (1.0, 1.0)]);
    let most = bins.iter().map(|bin| bin.targets + bin.impostors).fold(1.0, f64::max);
    plot.line("curve", bins.iter().map(|bin| (bin.predicted, bin.observed)));
    for bin in bins {
        // The area goes with the logarithm of the trials, or most dots could not be seen.
        let weight = (1.0 + bin.targets + bin.impostors).ln() / (1.0 + most).ln();
        plot.dot("owner", bin.predicted, bin.observed, 2.0 + 4.0 * weight.sqrt());
    }
    plot.finish(
        "reliability",
        "What the scores promise and what was found",
        description,
        "chance of the owner, by the score",
        "share of owners, found",
    )
}
