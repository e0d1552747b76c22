//! Traces of replay, editing and synthesis in a recording, each one number with a unit, and a fingerprint that knows a
//! recording again.
//!
//! No number here accuses anybody: each is an input of a calibrated fusion, and one that cannot be measured says why and
//! counts for nothing.

mod band_limits;
mod fingerprint;
mod measurement;
mod noise_floor;
mod pop_noise;
mod replay;
mod residual;
mod scene;
mod signals;
mod splices;
mod stft;
mod synthesis;
mod voicing;

pub use self::fingerprint::{Fingerprint, Match, fingerprint};
pub use self::measurement::{Measurement, Unmeasured};
pub use self::signals::{SIGNALS, Signal, SpoofSignals, signals};

/// Mean, not of nothing.
fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

/// The value that `share` of the values, which are not none, lie below.
fn percentile(values: &mut [f32], share: f32) -> f32 {
    let at = ((values.len() - 1) as f32 * share) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

/// Power to dB, bounded below so that silence stays finite.
fn decibels(power: f32) -> f32 {
    10.0 * power.max(1e-12).log10()
}

/// Slope of the least-squares line through the points, of which there are two or more.
fn slope(points: &[(f32, f32)]) -> f32 {
    let count = points.len() as f32;
    let (mean_x, mean_y) =
        points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (product, square) = points.iter().fold((0.0, 1e-12), |(product, square), (x, y)| {
        (product + (x - mean_x) * (y - mean_y), square + (x - mean_x).powi(2))
    });
    product / square
}

/// Pearson's correlation of the pairs, 0 where one side does not vary.
fn correlation(pairs: impl Iterator<Item = (f32, f32)>) -> f32 {
    let [mut n, mut x, mut y, mut xx, mut yy, mut xy] = [0.0_f64; 6];
    for (a, b) in pairs.map(|(a, b)| (f64::from(a), f64::from(b))) {
        n += 1.0;
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let spread = (n * xx - x * x) * (n * yy - y * y);
    // Relative to the powers, so that the level does not matter.
    if spread > 1e-12 * n * xx * n * yy { ((n * xy - x * y) / spread.sqrt()) as f32 } else { 0.0 }
}
