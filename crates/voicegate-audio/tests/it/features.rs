//! P3.1: features equal their Python references (`training/golden/audio_golden.py`) to 1e-3.

use std::f64::consts::{PI, TAU};
use std::io::Read;
use std::path::Path;

use proptest::prelude::*;
use voicegate_audio::features::{Cmn, MEL_BINS, Window};
use voicegate_audio::{Features, Pcm, kaldi_fbank, log_mel};

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

fn check(name: &str, features: &Features, golden: &str) {
    let golden: Golden = serde_json::from_str(golden).expect("a golden file");
    assert_eq!(features.frames(), golden.frames, "{name}");
    for (&at, row) in golden.at.iter().zip(&golden.rows) {
        let ours = &features.frame_major()[at * MEL_BINS..][..MEL_BINS];
        assert_eq!(row.len(), MEL_BINS);
        for (bin, (ours, theirs)) in ours.iter().zip(row).enumerate() {
            assert!((ours - theirs).abs() < 1e-3, "{name}, frame {at}, bin {bin}: {ours} for {theirs}");
        }
    }
}

#[test]
fn log_mel_equals_its_reference() {
    check("log_mel", &log_mel(&signal()), include_str!("../golden/log_mel.json"));
}

#[test]
fn kaldi_fbank_equals_kaldi() {
    let hamming = kaldi_fbank(&signal(), Window::Hamming, Cmn::Off);
    check("hamming", &hamming, include_str!("../golden/kaldi_hamming.json"));
    let povey = kaldi_fbank(&signal(), Window::Povey, Cmn::Utterance);
    check("povey", &povey, include_str!("../golden/kaldi_povey_cmn.json"));
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
}
