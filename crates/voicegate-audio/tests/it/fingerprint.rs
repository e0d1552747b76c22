//! Fingerprints know a recording again and take no other for it.

use proptest::prelude::*;
use voicegate_audio::render::{in_noise, over_telephone};
use voicegate_audio::spoof::{Fingerprint, fingerprint};
use voicegate_audio::{Pcm, detect_speech};

use crate::speech::sentences;

fn rate(a: &Pcm, b: &Pcm) -> Option<f32> {
    fingerprint(a).compare(&fingerprint(b)).map(|found| found.bit_error_rate)
}

#[test]
fn real_recordings_are_known_again_and_not_mistaken() {
    // Recordings with enough speech to compare after a tenth is gone.
    let sentences: Vec<Pcm> =
        sentences().into_iter().filter(|pcm| detect_speech(pcm).net_s() > 2.0).collect();
    for (n, pcm) in sentences.iter().enumerate() {
        let samples = pcm.samples();
        let shorter = Pcm::new(samples[samples.len() / 10 + 77..].to_vec());
        assert_eq!(rate(pcm, pcm), Some(0.0));
        for (name, changed) in [
            ("telephone", over_telephone(pcm)),
            ("noise", in_noise(pcm, 15.0, 5)),
            ("cut", shorter.clone()),
            ("cut telephone", over_telephone(&shorter)),
            ("quieter", Pcm::new(samples.iter().map(|sample| 0.1 * sample).collect())),
        ] {
            let rate = rate(pcm, &changed);
            assert!(rate.is_some_and(|rate| rate < 0.32), "recording {n}, {name}: {rate:?}");
        }
        let rate = rate(pcm, &sentences[(n + 1) % sentences.len()]);
        assert!(rate.is_none_or(|rate| rate > 0.35), "recordings {n} and the next: {rate:?}");
    }
}

#[test]
fn the_stored_form_is_small_and_read_back() {
    let pcm =
        in_noise(&Pcm::new((0..160_000).map(|n| (0.001 * (n as f32).powf(1.4)).sin()).collect()), 20.0, 1);
    let print = fingerprint(&pcm);
    let bytes = print.to_bytes();
    assert!(bytes.len() < 2_600, "{} bytes for 10 s", bytes.len());
    assert_eq!(Fingerprint::from_bytes(&bytes), Some(print));
    for broken in [&bytes[..0], &bytes[1..], &bytes[..bytes.len() - 1], &[1; 4 * 4_097 + 1]] {
        assert_eq!(Fingerprint::from_bytes(broken), None);
    }
    assert_eq!(format!("{:?}", fingerprint(&Pcm::default())), "Fingerprint(0 frames)");
}

#[test]
fn a_minute_and_more_is_bounded() {
    let pcm = in_noise(&Pcm::new((0..2_000_000).map(|n| (0.05 * n as f32).sin()).collect()), 20.0, 1);
    let print = fingerprint(&pcm);
    assert_eq!(print.to_bytes().len(), 1 + 4 * 4_096);
    assert_eq!(print.compare(&print).map(|found| found.bit_error_rate), Some(0.0));
}

#[test]
fn what_holds_nothing_matches_nothing() {
    for samples in [vec![], vec![0.3], vec![0.0; 60_000], vec![0.1; 3_000]] {
        let print = fingerprint(&Pcm::new(samples));
        assert_eq!(print.compare(&print), None);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(a in any::<Vec<u8>>(), words in proptest::collection::vec(any::<u32>(), 0..200)) {
        if let Some(print) = Fingerprint::from_bytes(&a) {
            prop_assert_eq!(print.to_bytes(), a);
        }
        let bytes: Vec<u8> = std::iter::once(1).chain(words.iter().flat_map(|word| word.to_le_bytes())).collect();
        let print = Fingerprint::from_bytes(&bytes).expect("the stored form");
        if let Some(found) = print.compare(&print) {
            prop_assert_eq!(found.bit_error_rate, 0.0);
        }
    }
}
