//! Where the long-term spectrum begins and ends, and how sharply. Vocoders, codecs and resamplers cut at a frequency of
//! theirs (for example 4, 7 or 7.6 kHz) more steeply than any throat or room.

use super::Unmeasured;
use super::scene::{BINS, Scene, bin, hertz};

/// Depth under the strongest bin at which the spectrum begins, in dB.
const LOWER_DEPTH_DB: f32 = 25.0;
/// Depth under the strongest bin at which it ends, in dB.
const UPPER_DEPTH_DB: f32 = 50.0;
/// Bins to either side of a cut that are compared: 125 Hz.
const SIDE: usize = bin(125);

/// Frequency at which the long-term spectrum first comes within 25 dB of its strongest, in Hz.
pub(super) fn lower_edge_hz(scene: &Scene) -> Result<f32, Unmeasured> {
    if scene.quality.telephone_band {
        return Err(Unmeasured::NoLowBand);
    }
    let spectrum = scene.wideband()?;
    let strongest = spectrum.iter().copied().fold(f32::MIN, f32::max);
    let edge = (1..BINS).find(|&bin| spectrum[bin] > strongest - LOWER_DEPTH_DB);
    Ok(hertz(edge.unwrap_or(BINS - 1)))
}

/// Frequency above which the long-term spectrum stays 50 dB under its strongest, in Hz; 8000 where it never does.
pub(super) fn upper_edge_hz(scene: &Scene) -> Result<f32, Unmeasured> {
    let spectrum = scene.wideband()?;
    let strongest = spectrum.iter().copied().fold(f32::MIN, f32::max);
    let edge = (1..BINS).rev().find(|&bin| spectrum[bin] > strongest - UPPER_DEPTH_DB);
    Ok(hertz(edge.unwrap_or(1)))
}

/// Steepest fall of the long-term spectrum above 3 kHz, in dB from 125 Hz below a frequency to 125 Hz above it.
pub(super) fn cut_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let spectrum = scene.wideband()?;
    let falls = (bin(3_000)..BINS - SIDE)
        .map(|bin| super::mean(&spectrum[bin - SIDE..bin]) - super::mean(&spectrum[bin + 1..=bin + SIDE]));
    Ok(falls.fold(0.0, f32::max))
}
