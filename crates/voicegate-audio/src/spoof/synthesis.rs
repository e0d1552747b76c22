//! Regularities of a vocoder that a throat does not have.

use super::scene::{Kind, Scene, bin};
use super::voicing::Cycle;
use super::{Unmeasured, correlation, percentile};

/// Voiced frames of 16 ms that are needed: 0.24 s.
const FEWEST: usize = 15;
/// Change of the period in 16 ms up to which two frames hold the same voice.
const LARGEST_STEP: f32 = 0.1;
/// Bins of a band whose change is looked at: 250 Hz.
const BAND: usize = 8;
/// Bands: up to 4 kHz.
const BANDS: usize = 16;
/// Frames between two that are compared: 16 ms.
const LAG: usize = 2;
/// Frequency around which upsampling mirrors a spectrum, in Hz: half of 8 kHz.
const MIRROR_HZ: usize = 4_000;

fn of_cycles(scene: &Scene, value: impl Fn(&Cycle) -> f32) -> Result<f32, Unmeasured> {
    if scene.cycles.len() < FEWEST {
        return Err(Unmeasured::TooFewVoiced);
    }
    Ok(percentile(&mut scene.cycles.iter().map(value).collect::<Vec<_>>(), 0.5))
}

/// Median deviation of the period from the mean of its neighbours 16 ms before and after, in percent (local perturbation of
/// the pitch; relative average perturbation, Koike, 1973).
pub(super) fn jitter_percent(scene: &Scene) -> Result<f32, Unmeasured> {
    let mut deviations: Vec<f32> = scene
        .cycles
        .windows(3)
        .filter(|near| near[2].frame == near[0].frame + 2)
        // Larger steps are errors of the pitch estimate, mostly octaves.
        .filter(|near| {
            near.windows(2).all(|pair| (pair[1].period / pair[0].period - 1.0).abs() < LARGEST_STEP)
        })
        .map(|near| 100.0 * (near[1].period - 0.5 * (near[0].period + near[2].period)).abs() / near[1].period)
        .collect();
    if deviations.len() < FEWEST {
        Err(Unmeasured::TooFewVoiced)
    } else {
        Ok(percentile(&mut deviations, 0.5))
    }
}

/// Median harmonics-to-noise ratio of voiced speech, in dB (Boersma, "Accurate short-term analysis of the fundamental
/// frequency and the harmonics-to-noise ratio of a sampled sound", 1993).
pub(super) fn harmonicity_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let repeats = of_cycles(scene, |cycle| cycle.repeats)?.clamp(1e-3, 0.9999);
    Ok(10.0 * (repeats / (1.0 - repeats)).log10())
}

/// Median correlation of the signal above 4 kHz with itself one glottal cycle later, -1 to 1.
pub(super) fn high_repeats(scene: &Scene) -> Result<f32, Unmeasured> {
    scene.wideband()?;
    of_cycles(scene, |cycle| cycle.high_repeats)
}

/// Median correlation of the magnitude above 4 kHz with itself one glottal cycle later, -1 to 1: breath noise is let out in
/// pulses (Stylianou, "Applying the harmonic plus noise model in concatenative speech synthesis", 2001).
pub(super) fn high_pulses(scene: &Scene) -> Result<f32, Unmeasured> {
    scene.wideband()?;
    of_cycles(scene, |cycle| cycle.high_pulses)
}

/// Median excess kurtosis of the prediction residual in voiced speech, as ln(1 + kurtosis).
pub(super) fn residual_kurtosis(scene: &Scene) -> Result<f32, Unmeasured> {
    if scene.kurtosis.len() < FEWEST {
        return Err(Unmeasured::TooFewVoiced);
    }
    Ok(percentile(&mut scene.kurtosis.clone(), 0.5).max(-0.99).ln_1p())
}

/// Mean change of the spectrum over 16 ms of voiced speech: root mean square over bands of 250 Hz up to 4 kHz, in dB. Models
/// smooth what they say (over-smoothing: Toda and Tokuda, "A speech parameter generation algorithm considering global
/// variance", 2007).
pub(super) fn flux_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let bands = |frame: usize| -> [f32; BANDS] {
        std::array::from_fn(|band| super::mean(&scene.level(frame)[1 + band * BAND..][..BAND]))
    };
    let voiced = |frame: &usize| scene.kinds[*frame..=frame + LAG].iter().all(|kind| *kind == Kind::Voiced);
    let changes: Vec<f32> = (0..scene.kinds.len().saturating_sub(LAG))
        .filter(voiced)
        .map(|frame| {
            let (before, after) = (bands(frame), bands(frame + LAG));
            let square: f32 = before.iter().zip(after).map(|(before, after)| (after - before).powi(2)).sum();
            (square / BANDS as f32).sqrt()
        })
        .collect();
    if changes.len() < 2 * FEWEST { Err(Unmeasured::TooFewVoiced) } else { Ok(super::mean(&changes)) }
}

/// Correlation of the fine spectrum below 4 kHz with its mirror image above, over all frames of speech, -1 to 1: upsampling
/// without a filter images one onto the other (Pons et al., "Upsampling artifacts in neural audio synthesis", 2021).
pub(super) fn imaging(scene: &Scene) -> Result<f32, Unmeasured> {
    scene.wideband()?;
    let (middle, reach) = (bin(MIRROR_HZ), bin(3_000));
    // What a bin has over its neighbours.
    let fine = |level: &[f32], bin: usize| level[bin] - 0.5 * (level[bin - 2] + level[bin + 2]);
    let speech = (0..scene.kinds.len()).filter(|&frame| scene.kinds[frame].is_speech());
    let pairs = speech.flat_map(|frame| {
        let level = scene.level(frame);
        (4..reach).map(move |far| (fine(level, middle - far), fine(level, middle + far)))
    });
    Ok(correlation(pairs))
}
