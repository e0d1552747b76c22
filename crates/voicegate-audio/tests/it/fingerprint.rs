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
        let others =
            || sentences.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, pcm)| fingerprint(pcm));
        assert!(!fingerprint(pcm).is_among(others()), "recording {n} among the others");
        assert!(fingerprint(&over_telephone(&shorter)).is_among(others().chain([fingerprint(pcm)])));
    }
}

/// Words as they come from sound: most bits stay from frame to frame.
fn walk(seed: u64, frames: usize) -> Fingerprint {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    };
    let mut word = next();
    let words = (0..frames).flat_map(|_| {
        word ^= next() & next() & next();
        word.max(1).to_le_bytes()
    });
    Fingerprint::from_bytes(&std::iter::once(1).chain(words).collect::<Vec<_>>()).expect("the stored form")
}

/// Whoever plants long recordings, or hums, makes nobody's comparison slow: a minute costs what 15 s cost.
#[test]
fn the_cost_of_a_comparison_is_bounded() {
    let time = |print: &Fingerprint, others: &[Fingerprint]| {
        let tries = (0..5).map(|_| {
            let start = std::time::Instant::now();
            std::hint::black_box(print.is_among(others.iter().cloned()));
            start.elapsed()
        });
        tries.min().expect("five")
    };
    let all = |frames| (1..=100).map(|seed| walk(seed, frames)).collect::<Vec<_>>();
    let short = time(&walk(0, 250), &all(250));
    let quarter = time(&walk(0, 940), &all(940));
    let minute = time(&walk(0, 4_096), &all(4_096));
    let bytes: Vec<u8> = std::iter::once(1).chain([0x55; 4 * 4_096]).collect();
    let hum = Fingerprint::from_bytes(&bytes).expect("the stored form");
    let hums = time(&hum, &all(4_096));
    println!("100 of 4 s {short:?}, of 15 s {quarter:?}, of 65 s {minute:?}, hum {hums:?}");
    assert!(minute < 3 * quarter && hums < 3 * quarter, "{quarter:?} {minute:?} {hums:?}");
}

#[test]
fn only_the_first_15_s_of_sound_are_compared() {
    let (one, other) = (walk(1, 1_200).to_bytes(), walk(2, 1_200).to_bytes());
    let joined = |cut: usize| {
        let bytes = [&one[..=4 * cut], &other[4 * cut + 1..]].concat();
        Fingerprint::from_bytes(&bytes).expect("the stored form")
    };
    let first = walk(1, 1_200);
    assert_eq!(first.compare(&joined(940)).map(|found| found.bit_error_rate), Some(0.0));
    assert!(first.compare(&joined(900)).is_some_and(|found| found.bit_error_rate > 0.0));
    // Silence is no sound.
    let late: Vec<u8> = [&[1][..], &[0; 4 * 1_000], &one[1..]].concat();
    assert!(Fingerprint::from_bytes(&late).expect("the stored form").is_among([first]));
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
    assert!((1 + 4 * 940..=1 + 4 * 4_096).contains(&print.to_bytes().len()));
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
