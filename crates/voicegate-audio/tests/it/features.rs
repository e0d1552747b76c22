//! P3.1: features equal their Python references (`training/golden/audio_golden.py`) to 1e-3.

use std::f64::consts::{PI, TAU};
use std::io::Read;
use std::path::Path;

use proptest::prelude::*;
use voicegate_audio::features::{Cmn, GE2E_BINS, GE2E_FRAMES, Window};
use voicegate_audio::{Features, Pcm, ge2e_mel, ge2e_partials, kaldi_fbank, log_mel};

/// The signal of `audio_golden.py`.
fn signal() -> Pcm {
    let mut state = 1_u32;
    let sample = |n: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(state) / f64::from(1_u32 << 31) - 1.0;
        let t = f64::from(n) / 16_000.0;
        let phase = TAU * (120.0 * t + 90.0 * t * t);
        let tone = 0.3 * phase.sin() + 0.1 * (7.0 * phase).sin();
        (tone * (PI * t).sin().powi(2) + 0.01 * noise) as f32
    };
    Pcm::new((0..16_000).map(sample).collect())
}

#[derive(serde::Deserialize)]
struct Golden {
    frames: usize,
    at: Vec<usize>,
    rows: Vec<Vec<f32>>,
}

/// `tolerance` is how far a value may be from the reference's.
fn check(name: &str, features: &Features, golden: &str, tolerance: impl Fn(f32) -> f32) {
    let golden: Golden = serde_json::from_str(golden).expect("a golden file");
    assert_eq!(features.frames(), golden.frames, "{name}");
    for (&at, row) in golden.at.iter().zip(&golden.rows) {
        let ours = features.frame_major().chunks_exact(features.bins()).nth(at).expect("a row per frame");
        assert_eq!(ours.len(), row.len());
        for (bin, (ours, theirs)) in ours.iter().zip(row).enumerate() {
            let close = (ours - theirs).abs() < tolerance(*theirs);
            assert!(close, "{name}, frame {at}, bin {bin}: {ours} for {theirs}");
        }
    }
}

/// For logarithms: 1e-3.
fn absolute(_: f32) -> f32 {
    1e-3
}

/// For powers: 1e-3 of the value.
fn relative(value: f32) -> f32 {
    1e-3 * value
}

#[test]
fn log_mel_equals_its_reference() {
    check("log_mel", &log_mel(&signal()), include_str!("../golden/log_mel.json"), absolute);
}

#[test]
fn kaldi_fbank_equals_kaldi() {
    let hamming = kaldi_fbank(&signal(), Window::Hamming, Cmn::Off);
    check("hamming", &hamming, include_str!("../golden/kaldi_hamming.json"), absolute);
    let povey = kaldi_fbank(&signal(), Window::Povey, Cmn::Utterance);
    check("povey", &povey, include_str!("../golden/kaldi_povey_cmn.json"), absolute);
}

#[test]
fn ge2e_mel_equals_librosa() {
    let loud = signal();
    check("ge2e_mel", &ge2e_mel(&loud), include_str!("../golden/ge2e_mel.json"), relative);
}

#[test]
fn ge2e_mel_raises_a_quiet_recording_to_30_db_below_full_scale() {
    let loud = signal();
    let quiet = Pcm::new(loud.samples().iter().map(|sample| 0.01 * sample).collect());
    let mean_square =
        loud.samples().iter().map(|sample| sample * sample).sum::<f32>() / loud.samples().len() as f32;
    let (loud, quiet) = (ge2e_mel(&loud), ge2e_mel(&quiet));
    for (loud, quiet) in loud.frame_major().iter().zip(quiet.frame_major()) {
        let expected = loud * 1e-3 / mean_square;
        assert!((quiet - expected).abs() < relative(expected), "{quiet} for {expected}");
    }
}

/// 3 s give windows from frames 0, 77 and 154, the last of them filled up.
#[test]
fn ge2e_partials_are_windows_of_the_mel_power() {
    let pcm = Pcm::new(signal().samples().repeat(3));
    let mel = ge2e_mel(&pcm);
    let windows = ge2e_partials(&pcm);
    assert_eq!(windows.len(), 3);
    for (window, start) in windows.iter().zip([0, 77, 154]) {
        let held = &mel.frame_major()[start * GE2E_BINS..];
        let held = &held[..held.len().min(GE2E_FRAMES * GE2E_BINS)];
        assert_eq!(window[..held.len()], *held);
        assert!(window[held.len()..].iter().all(|&value| value == 0.0));
    }
    // 301 frames: the last window holds 147 of them.
    assert_ne!(windows[2][146 * GE2E_BINS], 0.0);
    assert_eq!(windows[2][147 * GE2E_BINS], 0.0);
}

/// The features that went into the training of the first model, where its folder is at hand.
#[test]
fn log_mel_equals_the_training_recipe_on_speech() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/weights/bootstrap/golden.npz");
    let Ok(archive) = std::fs::read(&path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    for n in 0..4 {
        let pcm = Pcm::new(npy(&archive, &format!("pcm{n}.npy")));
        let golden = npy(&archive, &format!("log_mel{n}.npy"));
        let ours = log_mel(&pcm).bin_major();
        assert_eq!(ours.len(), golden.len());
        let worst = ours.iter().zip(&golden).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-3, "recording {n}: {worst}");
    }
}

/// One array of 32-bit floats out of an archive of uncompressed or deflated arrays.
fn npy(archive: &[u8], name: &str) -> Vec<f32> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).expect("an archive");
    let mut bytes = Vec::new();
    archive.by_name(name).expect("the array").read_to_end(&mut bytes).expect("sound data");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let values = bytes[10 + header..].chunks_exact(4);
    values.map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_samples_give_finite_features_of_the_documented_shape(samples in proptest::collection::vec(any::<f32>(), 0..3000)) {
        let n = samples.len();
        let pcm = Pcm::new(samples);
        let ours = log_mel(&pcm);
        prop_assert_eq!(ours.frames(), if n < 257 { 0 } else { 1 + n / 160 });
        let kaldi = kaldi_fbank(&pcm, Window::Povey, Cmn::Utterance);
        prop_assert_eq!(kaldi.frames(), if n < 400 { 0 } else { 1 + (n - 400) / 160 });
        prop_assert!(ours.frame_major().iter().chain(kaldi.frame_major()).all(|value| value.is_finite()));
    }

    #[test]
    fn any_samples_give_finite_ge2e_windows(
        piece in proptest::collection::vec(any::<f32>(), 0..3000),
        repeats in 0..30_usize,
    ) {
        let pcm = Pcm::new(piece.repeat(repeats));
        let mel = ge2e_mel(&pcm);
        prop_assert_eq!(mel.frames(), 1 + pcm.samples().len() / 160);
        prop_assert_eq!(mel.bins(), GE2E_BINS);
        let windows = ge2e_partials(&pcm);
        prop_assert!(!windows.is_empty());
        prop_assert!(windows.iter().all(|window| window.len() == GE2E_FRAMES * GE2E_BINS));
        prop_assert!(windows.iter().flatten().chain(mel.frame_major()).all(|value| value.is_finite() && *value >= 0.0));
    }
}
