//! Prints what each quality number returns on recordings as they are and spoiled in known ways, how well a second voice is
//! suspected, and which share of recordings the default limits refuse.
//!
//! ```sh
//! cargo run --release -p voicegate-audio --example quality_table -- eval
//! ```

mod support;

use std::collections::BTreeMap;

use support::{
    Recording, Rng, add_noise, clip, eight_kilohertz, gain, pink, recordings, reverberate, rms, telephone,
    white,
};
use voicegate_audio::{Pcm, Quality, QualityLimits, detect_speech};

fn main() {
    let list = std::env::args().nth(1).unwrap_or_else(|| "eval".to_owned());
    let mut rng = Rng(2);
    let mut files = recordings(&format!("{list}.tsv"));
    rng.shuffle(&mut files);
    println!("Recordings of {list}, tenth percentile / median / ninetieth percentile");
    spoiled(&files, &mut rng);
    println!();
    voices(&files, &mut rng);
    println!();
    refused(&files);
}

fn measure(samples: Vec<f32>) -> Quality {
    let pcm = Pcm::new(samples);
    Quality::measure(&pcm, &detect_speech(&pcm))
}

fn spoiled(files: &[Recording], rng: &mut Rng) {
    let mut rows: BTreeMap<usize, (&str, Vec<Quality>)> = BTreeMap::new();
    let sentences = files.iter().filter(|file| !file.dataset.contains("commands")).take(150);
    for file in sentences {
        let pcm = file.load();
        let clean = pcm.samples();
        let level = rms(&detect_speech(&pcm).cut(&pcm).into_samples());
        let noisy = |noise: &[f32], snr| add_noise(clean, level, noise, snr);
        let (white, pink) = (white(clean.len(), rng), pink(clean.len(), rng));
        let versions: Vec<(&str, Vec<f32>)> = vec![
            ("as recorded", clean.to_vec()),
            ("white noise 15 dB", noisy(&white, 15.0)),
            ("pink noise 15 dB", noisy(&pink, 15.0)),
            ("pink noise 5 dB", noisy(&pink, 5.0)),
            ("clipped 3 dB below peak", clip(clean, 3.0)),
            ("clipped 6 dB below peak", clip(clean, 6.0)),
            ("clipped 12 dB, then quiet", gain(&clip(clean, 12.0), -12.0)),
            ("clipped 12 dB, then telephone", telephone(&gain(&clip(clean, 12.0), -6.0))),
            ("20 dB quieter", gain(clean, -20.0)),
            ("40 dB quieter", gain(clean, -40.0)),
            ("telephone", telephone(clean)),
            ("8 kHz source", eight_kilohertz(clean)),
            ("room 0.4 s", reverberate(clean, 0.4, 3.0, rng)),
            ("room 0.8 s", reverberate(clean, 0.8, 0.0, rng)),
            ("room 1.5 s", reverberate(clean, 1.5, -3.0, rng)),
        ];
        for (n, (name, samples)) in versions.into_iter().enumerate() {
            rows.entry(n).or_insert((name, Vec::new())).1.push(measure(samples));
        }
    }
    println!(
        "| version | net speech s | SNR dB | clipped % | level dBFS | bandwidth Hz | telephone % | reverberation s | other voice |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, measured) in rows.into_values() {
        let column = |value: fn(&Quality) -> Option<f32>, digits: usize| {
            let mut values: Vec<f32> = measured.iter().filter_map(value).collect();
            values.sort_by(f32::total_cmp);
            let Some(last) = values.len().checked_sub(1) else { return "–".to_owned() };
            let at = |share: f32| values[(last as f32 * share).round() as usize];
            let unmeasured = 100 * (measured.len() - values.len()) / measured.len();
            let note = if unmeasured > 0 { format!(" ({unmeasured} % none)") } else { String::new() };
            format!("{:.digits$} / {:.digits$} / {:.digits$}{note}", at(0.1), at(0.5), at(0.9))
        };
        let telephone = measured.iter().filter(|quality| quality.telephone_band).count();
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |",
            column(|q| Some(q.net_speech_s), 1),
            column(|q| q.snr_db, 0),
            column(|q| Some(q.clipped_share * 100.0), 2),
            column(|q| q.level_dbfs, 0),
            column(|q| q.bandwidth_hz, 0),
            100 * telephone / measured.len(),
            column(|q| q.reverberation_s, 2),
            column(|q| q.other_voice_suspicion, 2),
        );
    }
}

/// Two recordings one after the other: of the same person, or of two.
fn voices(files: &[Recording], rng: &mut Rng) {
    let mut by_dataset: BTreeMap<&str, BTreeMap<&str, Vec<&Recording>>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.dataset.contains("commands")) {
        by_dataset.entry(&file.dataset).or_default().entry(&file.speaker).or_default().push(file);
    }
    println!("Two recordings joined, suspicion of more than one voice:");
    for (dataset, speakers) in by_dataset {
        let speakers: Vec<_> = speakers.into_values().filter(|files| files.len() >= 4).collect();
        if speakers.len() < 3 {
            continue;
        }
        let (mut same, mut other) = (Vec::new(), Vec::new());
        for _ in 0..250 {
            let a = rng.below(speakers.len());
            let b = (a + 1 + rng.below(speakers.len() - 1)) % speakers.len();
            let first = rng.below(speakers[a].len());
            let second = (first + 1 + rng.below(speakers[a].len() - 1)) % speakers[a].len();
            let pick = rng.below(speakers[b].len());
            for (with, scores) in [(speakers[a][second], &mut same), (speakers[b][pick], &mut other)] {
                let left = speakers[a][first].load().into_samples();
                let right = with.load().into_samples();
                // Equal levels, so that loudness tells nothing.
                let factor = rms(&left) / rms(&right);
                let joined = left.into_iter().chain(right.into_iter().map(|s| s * factor)).collect();
                scores.extend(measure(joined).other_voice_suspicion);
            }
        }
        let wins: f64 = other
            .iter()
            .flat_map(|o| {
                same.iter().map(move |s| {
                    if o > s {
                        1.0
                    } else if o == s {
                        0.5
                    } else {
                        0.0
                    }
                })
            })
            .sum();
        let auc = wins / (same.len() * other.len()).max(1) as f64;
        let limit = QualityLimits::default().warn_other_voice;
        let share = |scores: &[f32]| {
            100.0 * scores.iter().filter(|score| **score >= limit).count() as f64 / scores.len().max(1) as f64
        };
        println!(
            "{dataset}: AUC {auc:.3}; warned at {limit}: {:.1} % of one voice, {:.1} % of two (measured {} + {} of 250 + 250)",
            share(&same),
            share(&other),
            same.len(),
            other.len()
        );
    }
}

fn refused(files: &[Recording]) {
    let limits = QualityLimits::default();
    let mut rows: BTreeMap<&str, (usize, usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    for file in files {
        let pcm = file.load();
        let quality = Quality::measure(&pcm, &detect_speech(&pcm));
        let (all, refused, codes) = rows.entry(&file.dataset).or_default();
        *all += 1;
        let refusals = quality.refusals(&limits, 0.3);
        *refused += usize::from(!refusals.is_empty());
        let warnings = quality.warnings(&limits);
        for code in refusals.iter().map(|r| r.code()).chain(warnings.iter().map(|w| w.code())) {
            *codes.entry(code).or_default() += 1;
        }
    }
    println!("Refused with the default limits when 0.3 s of speech is needed:");
    for (dataset, (all, refused, codes)) in rows {
        println!(
            "{dataset}: {refused} of {all} ({:.2} %), reasons and warnings {codes:?}",
            100.0 * refused as f64 / all as f64
        );
    }
}
