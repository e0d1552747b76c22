//! Owners and strangers by similarity.

use std::fmt::Write as _;

use voicegate_core::metrics::HistogramBin;

use super::{BOTTOM, Plot, RIGHT, TOP};

/// Each kind as a share of its own, since there are far more strangers than owners.
pub(in super::super) fn histogram(bins: &[HistogramBin], threshold: f32, description: &str) -> String {
    let sum = |of: fn(&HistogramBin) -> f64| bins.iter().map(of).sum::<f64>().max(1.0);
    let (owners, strangers) = (sum(|bin| bin.targets), sum(|bin| bin.impostors));
    // Many strangers lie at 0 exactly; the rest must not be flattened by them.
    let highest = |of: fn(&HistogramBin) -> f64, all: f64| {
        bins.iter().skip(1).map(|bin| of(bin) / all).fold(0.0, f64::max)
    };
    let most = highest(|bin| bin.targets, owners).max(highest(|bin| bin.impostors, strangers)).max(0.02);
    let top = (most * 10.0).ceil() / 10.0;
    let mut plot = Plot::new((0.0, 1.0), (0.0, top));
    for tick in 0..=5 {
        plot.tick_x(f64::from(tick) / 5.0, &format!("{:.1}", f64::from(tick) / 5.0));
    }
    for tick in 1..=2 {
        let value = top * f64::from(tick) / 2.0;
        plot.tick_y(value, &format!("{:.0} %", 100.0 * value));
    }
    for bin in bins {
        for (class, share) in [("stranger", bin.impostors / strangers), ("owner", bin.targets / owners)] {
            let (x, y) = (plot.x(bin.low), plot.y(share.min(top)));
            if share > 0.0 {
                let _ = writeln!(
                    plot.body,
                    "<rect class=\"{class} soft\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                    plot.x(bin.high) - x,
                    BOTTOM - y
                );
            }
        }
    }
    plot.line("mark", [(f64::from(threshold), 0.0), (f64::from(threshold), top)]);
    let at = plot.x(f64::from(threshold));
    plot.label((at - 6.0).min(RIGHT), TOP + 12.0, "end", &format!("threshold {threshold:.2}"));
    plot.finish(
        "histogram",
        "Similarity of owners and strangers",
        description,
        "similarity",
        "share of attempts",
    )
}
