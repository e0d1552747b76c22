//! Resampling: length, alignment, and the same result however the input is cut.

use proptest::prelude::*;
use voicegate_audio::{Refusal, Resampler};

use crate::support::{align, rms, tone};

fn resample(samples: &[f32], rate: u32, piece: usize) -> Vec<f32> {
    let mut resampler = Resampler::new(rate).expect("a supported rate");
    let mut out = Vec::new();
    samples.chunks(piece.max(1)).for_each(|piece| resampler.push(piece, &mut out));
    resampler.finish(&mut out);
    out
}

#[test]
fn a_tone_keeps_its_shape_place_and_level() {
    let reference = tone(16_000);
    for rate in [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000] {
        let out = resample(&tone(rate), rate, 1000);
        assert_eq!(out.len(), 16_000, "{rate} Hz");
        let (delay, correlation) = align(&reference, &out, 20);
        assert!(
            delay.abs() <= 1 && correlation > 0.998,
            "{rate} Hz: delay {delay}, correlation {correlation}"
        );
        assert!((rms(&out) / rms(&reference) - 1.0).abs() < 0.01, "{rate} Hz");
    }
}

#[test]
fn nothing_folds_back_from_above_the_new_band() {
    for hz in [8_600.0, 12_000.0, 20_000.0] {
        let high: Vec<f32> = (0..48_000)
            .map(|n| (std::f64::consts::TAU * hz * f64::from(n) / 48_000.0).sin() as f32)
            .collect();
        let left = rms(&resample(&high, 48_000, 480)[1000..15_000]);
        assert!(left < 1e-3, "{hz} Hz leaves {left}");
    }
}

#[test]
fn rates_outside_the_range_are_refused() {
    for rate in [0, 7_999, 192_001, u32::MAX] {
        assert_eq!(Resampler::new(rate).err(), Some(Refusal::UnsupportedSampleRate { sample_rate: rate }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn length_is_exact_and_cuts_do_not_matter(
        rate in prop_oneof![8_000..=192_000_u32, Just(44_100), Just(48_000)],
        length in 0..5_000_usize,
        piece in 1..700_usize,
    ) {
        let input: Vec<f32> = (0..length).map(|n| ((n * n) as f32 * 0.01).sin() * 0.3).collect();
        let whole = resample(&input, rate, length);
        prop_assert_eq!(whole.len() as u64, (length as u64 * 16_000).div_ceil(u64::from(rate)));
        prop_assert_eq!(whole, resample(&input, rate, piece));
    }
}
