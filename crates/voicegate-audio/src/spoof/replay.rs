//! Traces of a loudspeaker and of a second room.

use super::scene::{FRAMES_PER_S, Scene, bin, hertz};
use super::stft::stft;
use super::{Unmeasured, decibels, slope};

/// Octave bands whose envelopes are looked at, in Hz.
const ENVELOPES_HZ: [usize; 5] = [250, 500, 1_000, 2_000, 4_000];
/// Length of a modulation spectrum in frames: 1.02 s.
const MODULATION: usize = 128;

/// Power from 60 to 200 Hz against that from 200 Hz to 4 kHz, in dB. Small loudspeakers do not give the lowest octaves
/// (Villalba and Lleida, "Preventing replay attacks on speaker verification systems", 2011, low-frequency ratio).
pub(super) fn low_band_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let spectrum = scene.wideband().map_err(|reason| match reason {
        Unmeasured::BandLimited => Unmeasured::NoLowBand,
        other => other,
    })?;
    let power = |from: usize, to: usize| {
        spectrum[bin(from)..bin(to)].iter().map(|db| 10_f32.powf(db / 10.0)).sum::<f32>()
    };
    Ok(decibels(power(60, 200)) - decibels(power(200, 4_000)))
}

/// Slope of the long-term spectrum from 1 to 7 kHz, in dB per octave (spectral decay of a loudspeaker and its distance:
/// Villalba and Lleida, 2011).
pub(super) fn roll_off(scene: &Scene) -> Result<f32, Unmeasured> {
    let spectrum = scene.wideband()?;
    let points: Vec<(f32, f32)> =
        (bin(1_000)..=bin(7_000)).map(|bin| (hertz(bin).log2(), spectrum[bin])).collect();
    Ok(slope(&points))
}

/// How far the long-term spectrum strays from its own moving average over 500 Hz, from 0.5 to 3 kHz, in dB: resonances and
/// the comb of early reflections.
pub(super) fn ripple_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let spectrum = scene.long_term.as_ref().map_err(|reason| *reason)?;
    let reach = bin(250);
    let (from, to) = (bin(500), bin(3_000));
    let square: f32 = (from..=to)
        .map(|bin| (spectrum[bin] - super::mean(&spectrum[bin - reach..=bin + reach])).powi(2))
        .sum();
    Ok((square / (to - from + 1) as f32).sqrt())
}

/// Modulation of the envelopes at 4 to 16 Hz against that at 16 to 60 Hz, in dB: rooms fill the fast modulations (Falk et al.,
/// "A non-intrusive quality and intelligibility measure of reverberant and dereverberated speech", 2010).
pub(super) fn modulation_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let frames = scene.kinds.len();
    if frames < MODULATION {
        return Err(Unmeasured::TooShort);
    }
    scene.long_term?;
    let (mut slow, mut fast) = (0.0, 0.0);
    for low in ENVELOPES_HZ.iter().map(|&centre| centre * 5 / 7) {
        let band = bin(low)..bin(2 * low);
        let envelope: Vec<f32> = (0..frames)
            .map(|frame| {
                scene.level(frame)[band.clone()].iter().map(|db| 10_f32.powf(db / 10.0)).sum::<f32>().sqrt()
            })
            .collect();
        stft(&envelope, MODULATION, MODULATION / 2, |spectrum| {
            let power = |from: f32, to: f32| -> f32 {
                let at = |hertz: f32| (hertz * MODULATION as f32 / FRAMES_PER_S).round() as usize;
                spectrum[at(from)..at(to)].iter().map(|bin| bin.norm_sqr()).sum()
            };
            let whole = spectrum[0].norm_sqr().max(1e-12);
            slow += power(4.0, 16.0) / whole;
            fast += power(16.0, 60.0) / whole;
        });
    }
    Ok(decibels(slow) - decibels(fast))
}

/// Reverberation time, in seconds: two rooms answer longer than one.
pub(super) fn reverberation_s(scene: &Scene) -> Result<f32, Unmeasured> {
    scene.quality.reverberation_s.ok_or(Unmeasured::NoDecays)
}
