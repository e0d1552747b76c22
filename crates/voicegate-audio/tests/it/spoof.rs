//! Spoofing signals: equal to their Python reference (`training/golden/spoof_golden.py`), moved by what they are to find, and
//! silent about what cannot be measured.

use std::f64::consts::{PI, TAU};

use proptest::prelude::*;
use voicegate_audio::render::{in_noise, over_telephone};
use voicegate_audio::spoof::{Measurement, SIGNALS, SpoofSignals, Unmeasured, fingerprint, signals};
use voicegate_audio::{Pcm, Quality, detect_speech};

/// Three seconds, six syllables: a gliding harmonic tone over noise, as `spoof_golden.py` makes it.
fn sung(gain: impl Fn(f64) -> f64, noise: f64) -> Vec<f32> {
    let mut state = 1_u32;
    let sample = |n: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = f64::from(state) / f64::from(1_u32 << 31) - 1.0;
        let t = f64::from(n) / 16_000.0;
        let partial = |k: f64| gain(k) * (TAU * k * (130.0 * t + 5.0 * t * t)).sin();
        let voice: f64 = (1..50).map(f64::from).map(partial).sum();
        (0.1 * voice * (2.0 * TAU * t).sin().max(0.0) + noise * white) as f32
    };
    (0..48_000).map(sample).collect()
}

/// The voice of `spoof_golden.py` without its faults.
fn voice() -> Vec<f32> {
    sung(|k| 1.0 / k, 0.004)
}

fn measure(samples: Vec<f32>) -> SpoofSignals {
    let pcm = Pcm::new(samples);
    let speech = detect_speech(&pcm);
    signals(&pcm, &speech, &Quality::measure(&pcm, &speech))
}

fn value(measurement: Measurement) -> f32 {
    measurement.value().unwrap_or_else(|| panic!("{measurement:?}"))
}

#[derive(serde::Deserialize)]
struct Golden {
    segments: Vec<(usize, usize)>,
    signals: std::collections::BTreeMap<String, f32>,
    fingerprint: Vec<u32>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/spoof.json")).expect("a golden file")
}

/// The voice with the faults that `spoof_golden.py` gives it.
fn faulty() -> Pcm {
    let mut samples = voice();
    samples[16_000..16_080].fill(0.0);
    samples[30_000] += 0.2;
    Pcm::new(samples)
}

#[test]
fn signals_equal_their_reference() {
    let (golden, pcm) = (golden(), faulty());
    let segments: Vec<_> = detect_speech(&pcm).segments().iter().map(|s| (s.start, s.end)).collect();
    assert_eq!(segments, golden.segments, "give these to spoof_golden.py");
    let features = measure(pcm.into_samples()).features();
    for (name, theirs) in golden.signals {
        let at = SIGNALS.iter().position(|signal| signal.name == name).expect("a known signal");
        let ours = features[at].unwrap_or_else(|| panic!("{name} was not measured"));
        assert!((ours - theirs).abs() < 2e-3 * theirs.abs().max(1.0), "{name}: {ours} for {theirs}");
    }
}

#[test]
fn fingerprints_equal_their_reference() {
    let ours = fingerprint(&faulty()).to_bytes();
    let words: Vec<u32> = ours[1..]
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    let theirs = golden().fingerprint;
    assert_eq!(words.len(), theirs.len());
    // Single precision may turn a bit where two differences are all but equal.
    let errors: u32 = words.iter().zip(&theirs).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert!(errors as usize <= words.len() / 10, "{errors} of {} bits", 32 * words.len());
}

#[test]
fn a_small_loudspeaker_takes_the_low_band_and_the_top() {
    // Two poles each way: 300 Hz to 5 kHz.
    let mut played = voice();
    let (low, high) = ((-TAU * 5_000.0 / 16_000.0).exp() as f32, (-TAU * 300.0 / 16_000.0).exp() as f32);
    for _ in 0..2 {
        let (mut smooth, mut under) = (0.0, 0.0);
        for sample in &mut played {
            smooth = (1.0 - low) * *sample + low * smooth;
            under = (1.0 - high) * smooth + high * under;
            *sample = smooth - under;
        }
    }
    let (before, after) = (measure(voice()), measure(played));
    assert!(value(after.low_band_db) < value(before.low_band_db) - 6.0, "{after:?}");
    assert!(value(after.roll_off_db_per_octave) < value(before.roll_off_db_per_octave) - 1.0, "{after:?}");
}

#[test]
fn a_telephone_is_no_accusation() {
    let found = measure(over_telephone(&Pcm::new(voice())).into_samples());
    for low in [found.low_band_db, found.lower_edge_hz, found.pop_db, found.pops_per_s] {
        assert_eq!(low, Measurement::NotMeasured(Unmeasured::NoLowBand));
    }
    for high in
        [found.roll_off_db_per_octave, found.upper_edge_hz, found.cut_db, found.high_pulses, found.imaging]
    {
        assert_eq!(high, Measurement::NotMeasured(Unmeasured::BandLimited));
    }
}

#[test]
fn a_steep_cut_is_found_at_its_frequency() {
    // The thirtieth partial, the last, glides from 3.9 to 4.8 kHz.
    let cut = measure(sung(|k| if k > 30.0 { 0.0 } else { k.powf(-0.5) }, 1e-4));
    let edge = value(cut.upper_edge_hz);
    assert!((4_700.0..5_000.0).contains(&edge), "{edge} Hz");
    assert!(value(cut.cut_db) > value(measure(voice()).cut_db) + 10.0, "{cut:?}");
}

#[test]
fn digital_silence_is_found_and_measured() {
    assert_eq!(value(measure(voice()).digital_silence_ms), 0.0);
    let mut edited = voice();
    edited[20_000..21_600].fill(0.0);
    let found = measure(edited);
    assert!((value(found.digital_silence_ms) - 100.0).abs() < 0.5, "{found:?}");
}

#[test]
fn a_background_that_changes_is_found() {
    let mut edited = voice();
    // Noise of another room from the middle on.
    let louder = in_noise(&Pcm::new(edited.clone()), 20.0, 9).into_samples();
    edited[24_000..].copy_from_slice(&louder[24_000..]);
    let (before, after) = (measure(with_pauses(&voice())), measure(with_pauses(&edited)));
    assert!(value(after.floor_jump_db) > value(before.floor_jump_db) + 2.0, "{before:?} {after:?}");
    assert!(value(after.floor_spectral_jump_db) > value(before.floor_spectral_jump_db) + 2.0, "{after:?}");
}

/// Each 0.25 s without voice drawn out to 1 s, so that there are pauses.
fn with_pauses(samples: &[f32]) -> Vec<f32> {
    let syllables = samples.chunks(4_000).enumerate();
    syllables.flat_map(|(n, piece)| piece.repeat(if n % 2 == 0 { 1 } else { 4 })).collect()
}

#[test]
fn a_splice_is_found() {
    let whole = sung(|k| k.powi(-2), 1e-4);
    // 13 ms are missing inside a syllable.
    let spliced = [&whole[..9_800], &whole[10_008..]].concat();
    let (before, after) = (measure(whole), measure(spliced));
    assert!(value(before.splice_db) < 10.0, "{before:?}");
    assert!(value(after.splice_db) > value(before.splice_db) + 3.0, "{before:?} {after:?}");
}

#[test]
fn a_burst_of_breath_is_found() {
    let mut close = voice();
    for (n, sample) in close[16_200..17_000].iter_mut().enumerate() {
        let phase = PI * n as f64 / 800.0;
        *sample += (0.2 * phase.sin() * (TAU * 35.0 * n as f64 / 16_000.0).sin()) as f32;
    }
    let (before, after) = (measure(voice()), measure(close));
    assert_eq!(value(before.pops_per_s), 0.0);
    assert!((value(after.pops_per_s) - 1.0 / 3.0).abs() < 0.01, "{after:?}");
    assert!(value(after.pop_db) > 20.0, "{after:?}");
}

#[test]
fn too_little_is_said_to_be_too_little() {
    let square = (0..960_000).map(|n| if n / 40 % 2 == 0 { 1.0 } else { -1.0 }).collect();
    for samples in [vec![], vec![0.5], vec![0.0; 700], vec![0.0; 48_000], square] {
        let found = measure(samples);
        assert_eq!(found.ripple_db, Measurement::NotMeasured(Unmeasured::TooShort));
        assert_eq!(found.splice_db, Measurement::NotMeasured(Unmeasured::TooShort));
    }
}

#[test]
fn signals_have_stable_names_in_json() {
    let json = serde_json::to_value(measure(vec![0.0; 700])).expect("plain data");
    let names: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut expected = SIGNALS.map(|signal| signal.name);
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(json["ripple_db"], serde_json::json!({ "not_measured": "too_short" }));
    let json = serde_json::to_value(measure(voice())).expect("plain data");
    assert!(json["ripple_db"]["measured"].is_number(), "{json}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_samples_give_values_within_their_ranges(
        piece in proptest::collection::vec(any::<f32>(), 0..3000),
        repeats in 0..30_usize,
    ) {
        let samples: Vec<f32> = voice().into_iter().take(16_000).chain(piece.repeat(repeats)).collect();
        for (signal, measured) in SIGNALS.iter().zip(measure(samples).features()) {
            prop_assert!(measured.is_none_or(|value| signal.range.contains(&value)), "{}: {measured:?}", signal.name);
        }
    }
}
