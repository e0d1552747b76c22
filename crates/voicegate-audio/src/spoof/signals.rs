//! The list of all signals.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Serialize;

use super::scene::Scene;
use super::{Measurement, band_limits, noise_floor, pop_noise, replay, splices, synthesis};
use crate::pcm::Pcm;
use crate::quality::Quality;
use crate::vad::Speech;

/// What a signal is called and what its values mean.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    /// Name, the same as the field of [`SpoofSignals`]; it does not change.
    pub name: &'static str,
    /// Unit; "1" for ratios and correlations.
    pub unit: &'static str,
    /// Values beyond are set to its ends.
    pub range: RangeInclusive<f32>,
}

macro_rules! signals {
    ($($(#[$doc:meta])+ $name:ident: $unit:literal, $range:expr, $measure:path;)+) => {
        /// What each detector found. The detectors' own documentation names their sources.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        pub struct SpoofSignals {
            $($(#[$doc])+ pub $name: Measurement,)+
        }

        /// Names, units and ranges, in the order of [`SpoofSignals::features`].
        pub const SIGNALS: [Signal; [$(stringify!($name)),+].len()] =
            [$(Signal { name: stringify!($name), unit: $unit, range: $range }),+];

        impl SpoofSignals {
            fn measure(scene: &Scene) -> Self {
                Self { $($name: Measurement::new($measure(scene), &$range)),+ }
            }

            /// The measurements in the order of [`SIGNALS`].
            pub fn measurements(&self) -> [Measurement; SIGNALS.len()] {
                [$(self.$name),+]
            }
        }
    };
}

signals! {
    /// Power from 60 to 200 Hz against 0.2 to 4 kHz.
    low_band_db: "dB", -80.0..=20.0, replay::low_band_db;
    /// Slope of the long-term spectrum from 1 to 7 kHz.
    roll_off_db_per_octave: "dB/octave", -40.0..=20.0, replay::roll_off;
    /// Ripple of the long-term spectrum from 0.5 to 3 kHz.
    ripple_db: "dB", 0.0..=20.0, replay::ripple_db;
    /// Slow against fast modulation of the envelopes.
    modulation_db: "dB", -20.0..=40.0, replay::modulation_db;
    /// Reverberation time.
    reverberation_s: "s", 0.0..=5.0, replay::reverberation_s;
    /// Where the long-term spectrum begins.
    lower_edge_hz: "Hz", 0.0..=8_000.0, band_limits::lower_edge_hz;
    /// Where the long-term spectrum ends.
    upper_edge_hz: "Hz", 0.0..=8_000.0, band_limits::upper_edge_hz;
    /// Steepest fall of the long-term spectrum above 3 kHz.
    cut_db: "dB", 0.0..=120.0, band_limits::cut_db;
    /// Greatest change of the background's level between pauses.
    floor_jump_db: "dB", 0.0..=80.0, noise_floor::level_jump_db;
    /// Greatest change of the background's spectrum between pauses.
    floor_spectral_jump_db: "dB", 0.0..=80.0, noise_floor::spectral_jump_db;
    /// Longest run of digital silence.
    digital_silence_ms: "ms", 0.0..=10_000.0, noise_floor::silence_ms;
    /// Strongest break of the waveform over its neighbourhood.
    splice_db: "dB", 0.0..=90.0, splices::strongest_db;
    /// Strongest burst of breath over the median around.
    pop_db: "dB", 0.0..=90.0, pop_noise::strongest_db;
    /// Bursts of breath per second.
    pops_per_s: "1/s", 0.0..=20.0, pop_noise::per_s;
    /// Perturbation of the pitch.
    jitter_percent: "%", 0.0..=20.0, synthesis::jitter_percent;
    /// Harmonics-to-noise ratio of voiced speech.
    harmonicity_db: "dB", -30.0..=40.0, synthesis::harmonicity_db;
    /// How far a glottal cycle repeats the one before, above 4 kHz.
    high_repeats: "1", -1.0..=1.0, synthesis::high_repeats;
    /// How far noise above 4 kHz is let out in pulses with the voice.
    high_pulses: "1", -1.0..=1.0, synthesis::high_pulses;
    /// Sharpness of the excitation: ln(1 + excess kurtosis) of the prediction residual.
    residual_kurtosis: "1", -5.0..=10.0, synthesis::residual_kurtosis;
    /// Change of the spectrum over 16 ms of voiced speech.
    flux_db: "dB", 0.0..=40.0, synthesis::flux_db;
    /// Correlation of the spectrum below 4 kHz with its mirror image above.
    imaging: "1", -1.0..=1.0, synthesis::imaging;
}

impl SpoofSignals {
    /// The values in the order of [`SIGNALS`], as inputs of a fusion; none where there was nothing to measure.
    pub fn features(&self) -> [Option<f32>; SIGNALS.len()] {
        self.measurements().map(|measurement| measurement.value())
    }

    /// The values that could be measured, by name, as scores of detectors.
    pub fn scores(&self) -> BTreeMap<String, f64> {
        let named = SIGNALS.iter().zip(self.features());
        named.filter_map(|(signal, value)| Some((signal.name.to_owned(), f64::from(value?)))).collect()
    }
}

/// Measures all signals of a recording whose speech was found and whose quality was measured.
pub fn signals(pcm: &Pcm, speech: &Speech, quality: &Quality) -> SpoofSignals {
    SpoofSignals::measure(&Scene::new(pcm, speech, quality))
}
