//! On real speech, where it is at hand: ordinary recordings pass, and known damage shows in the numbers that name it.

use std::path::{Path, PathBuf};

use voicegate_audio::{Pcm, Quality, QualityLimits, detect_speech};

use crate::support::{decode_bytes, rms};

#[expect(clippy::disallowed_methods, reason = "a test is its own configuration")]
fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/speech");
    std::env::var_os("VOICEGATE_SPEECH").map_or(beside, PathBuf::from)
}

/// Some sentences of `train`, or none, said plainly.
pub(crate) fn sentences() -> Vec<Pcm> {
    let folder = folder();
    let Ok(list) = std::fs::read_to_string(folder.join("train.tsv")) else {
        println!("skipped: no speech in {}", folder.display());
        return Vec::new();
    };
    let rows: Vec<Vec<&str>> = list.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let sentences: Vec<_> = rows.iter().filter(|row| row[1] == "speechocean762").collect();
    sentences
        .iter()
        .step_by(sentences.len() / 25)
        .map(|row| std::fs::read(folder.join(row[0])).expect("a listed file"))
        .map(|bytes| decode_bytes(&bytes).expect("a sound recording").pcm)
        .collect()
}

fn measure(samples: Vec<f32>) -> Quality {
    let pcm = Pcm::new(samples);
    Quality::measure(&pcm, &detect_speech(&pcm))
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values[values.len() / 2]
}

#[test]
fn ordinary_recordings_pass_and_their_numbers_are_plausible() {
    for pcm in sentences() {
        let quality = measure(pcm.into_samples());
        assert_eq!(quality.refusals(&QualityLimits::default(), 0.5), [], "{quality:?}");
        assert!(quality.net_speech_s < quality.duration_s);
    }
}

#[test]
fn each_damage_is_refused_by_its_name() {
    let sentences = sentences();
    if sentences.is_empty() {
        return;
    }
    let limits = QualityLimits::default();
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / (1_u32 << 31) as f32 - 1.0
    };
    let mut codes = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for pcm in &sentences {
        let clean = pcm.samples();
        let level = rms(&detect_speech(pcm).cut(pcm).into_samples());
        let refused = |samples: Vec<f32>, needed_s: f32| -> Vec<&'static str> {
            measure(samples).refusals(&limits, needed_s).iter().map(|refusal| refusal.code()).collect()
        };
        codes[0].push(refused(clean.iter().map(|s| s * 0.001).collect(), 0.5));
        codes[1].push(refused(clean.iter().map(|s| s + 1.7 * level * noise()).collect(), 0.5));
        codes[2].push(refused(clean.iter().map(|s| (s / level).clamp(-1.2, 1.2) * 0.3).collect(), 0.5));
        codes[3].push(refused(clean.to_vec(), 60.0));
    }
    for (codes, expected) in codes.iter().zip(["too_quiet", "too_noisy", "clipped", "too_short"]) {
        let named = codes.iter().filter(|codes| codes.contains(&expected)).count();
        assert!(named * 10 >= codes.len() * 9, "{expected}: {named} of {}: {codes:?}", codes.len());
    }
}

#[test]
fn silence_and_noise_are_no_speech() {
    let mut state = 1_u32;
    let noise: Vec<f32> = (0..48_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.1 * (state as f32 / (1_u32 << 31) as f32 - 1.0)
        })
        .collect();
    let hum = (0..48_000).map(|n| 0.1 * (std::f32::consts::TAU * 50.0 * n as f32 / 16_000.0).sin()).collect();
    for (name, samples) in
        [("silence", vec![0.0; 48_000]), ("white noise", noise), ("hum", hum), ("nothing", vec![])]
    {
        let quality = measure(samples);
        assert!(quality.net_speech_s < 0.3, "{name}: {quality:?}");
        let codes: Vec<_> =
            quality.refusals(&QualityLimits::default(), 0.5).iter().map(|refusal| refusal.code()).collect();
        assert!(codes.contains(&"no_speech") || codes.contains(&"too_short"), "{name}: {codes:?}");
    }
}

#[test]
fn snr_follows_the_noise_that_was_added() {
    let mut errors = Vec::new();
    for pcm in sentences() {
        let level = rms(&detect_speech(&pcm).cut(&pcm).into_samples());
        let mut state = 7_u32;
        let scale = level * 10_f32.powf(-12.0 / 20.0) * 3_f32.sqrt();
        let noisy = pcm
            .samples()
            .iter()
            .map(|s| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                s + scale * (state as f32 / (1_u32 << 31) as f32 - 1.0)
            })
            .collect();
        errors.extend(measure(noisy).snr_db.map(|snr| (snr - 12.0).abs()));
    }
    if !errors.is_empty() {
        assert!(median(errors.clone()) < 1.5, "{errors:?}");
    }
}
