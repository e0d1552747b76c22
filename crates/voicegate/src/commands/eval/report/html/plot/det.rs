//! The trade-off between the two errors.

use voicegate_core::metrics::{OperatingPoint, probit};

use super::Plot;

/// The rates that are drawn; the axes end at the outer ones.
const TICKS: [(f64, &str); 7] = [
    (0.0002, "0.02 %"),
    (0.001, "0.1 %"),
    (0.01, "1 %"),
    (0.05, "5 %"),
    (0.2, "20 %"),
    (0.5, "50 %"),
    (0.8, "80 %"),
];

/// The curve, and where on it the threshold lies, as (false accepts, false rejects), with the names of these two errors.
pub(in crate::commands::eval) fn det(
    points: &[OperatingPoint],
    here: Option<(f64, f64)>,
    description: &str,
    [far, frr]: [&str; 2],
) -> String {
    let (low, high) = (TICKS[0].0, TICKS[TICKS.len() - 1].0);
    let place = |rate: f64| probit(rate.clamp(low, high));
    let ends = (probit(low), probit(high));
    let mut plot = Plot::new(ends, ends);
    for (i, (rate, label)) in TICKS.into_iter().enumerate() {
        // The first two stand too close for both to be read.
        if i != 1 {
            plot.tick_x(probit(rate), label);
        }
        plot.tick_y(probit(rate), label);
    }
    plot.line("guide", [(ends.0, ends.0), (ends.1, ends.1)]);
    plot.line("curve", points.iter().map(|point| (place(point.far), place(point.frr))));
    if let Some((x, y)) = here {
        plot.dot("stranger", place(x), place(y), 5.0);
    }
    plot.finish("det", "Trade-off between the two errors", description, far, frr)
}
