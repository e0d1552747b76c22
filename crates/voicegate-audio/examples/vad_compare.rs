//! Compares voice activity detectors on speech mixed with noise, where the truth is known.
//!
//! ```sh
//! cargo run --release -p voicegate-audio --example vad_compare -- eval        # prints the table
//! cargo run --release -p voicegate-audio --example vad_compare -- train DIR   # also writes what the Python scripts read
//! ```
//!
//! The truth comes from the clean signal: three utterances of one speaker between stretches of silence, where a
//! frame within 25 dB of the loud ones is speech, one more than 40 dB below is not, and those between do not count.

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use support::{Recording, Rng, add_noise, babble, pink, recordings, rms, white};
use voicegate_audio::{Pcm, vad};

const FRAME: usize = vad::FRAME;
const SEQUENCES: usize = 60;

fn main() {
    let list = std::env::args().nth(1).unwrap_or_else(|| "eval".to_owned());
    let folder = std::env::args().nth(2);
    let scenes = scenes(&format!("{list}.tsv"));
    if let Some(folder) = folder {
        write(Path::new(&folder), &scenes).expect("a folder that can be written");
    }
    let detectors: [(&str, Detector); 4] = [
        ("energy over its floor", energy),
        ("earshot", earshot),
        ("webrtc, its 4 modes", webrtc),
        ("voicegate", vad::scores),
    ];
    for (name, detector) in detectors {
        let mut rows: BTreeMap<&str, Scored> = BTreeMap::new();
        for scene in &scenes {
            let start = Instant::now();
            let scores = detector(&scene.samples);
            let took = start.elapsed().as_secs_f64();
            for key in [scene.condition.as_str(), "all"] {
                let row = rows.entry(key).or_default();
                row.0.extend(scores.iter().zip(&scene.truth).filter_map(|(s, t)| t.map(|t| (*s, t))));
                row.1 += took;
                row.2 += scene.samples.len() as f64 / 16_000.0;
            }
        }
        for (condition, (mut scored, took, seconds)) in rows {
            let m = measures(&mut scored);
            println!(
                "{name:28} {condition:14} auc {:.4}  error {:5.2} (at {:.3})  at 0.5 {:5.2}  miss {:5.2}  {:6.0} µs/s",
                m.auc,
                m.error,
                m.threshold,
                m.at_half,
                m.miss,
                took / seconds * 1e6
            );
        }
    }
}

/// Gives a score to each frame of [`FRAME`] samples.
type Detector = fn(&[f32]) -> Vec<f32>;

/// Scores with their truth, seconds taken, seconds of audio.
type Scored = (Vec<(f32, bool)>, f64, f64);

struct Scene {
    condition: String,
    samples: Vec<f32>,
    /// Per frame of [`FRAME`] samples: speech, not speech, or not counted.
    truth: Vec<Option<bool>>,
}

fn scenes(list: &str) -> Vec<Scene> {
    let mut rng = Rng(1);
    let mut by_speaker: BTreeMap<String, Vec<Recording>> = BTreeMap::new();
    for recording in recordings(list) {
        by_speaker.entry(recording.speaker.clone()).or_default().push(recording);
    }
    let mut speakers: Vec<_> = by_speaker.into_values().collect();
    rng.shuffle(&mut speakers);
    let mut scenes = Vec::new();
    for (n, files) in speakers.iter().filter(|files| files.len() >= 3).take(SEQUENCES).enumerate() {
        let mut clean = Vec::new();
        let mut inserted = Vec::new();
        for file in &files[..3] {
            let gap = 8_000 + rng.below(16_000);
            inserted.push(clean.len()..clean.len() + gap);
            clean.extend((0..gap).map(|_| 1e-5 * rng.normal()));
            let pcm = file.load();
            clean.extend(&pcm.samples()[..pcm.samples().len().min(80_000)]);
        }
        let truth = truth(&clean, &inserted);
        let speech: Vec<f32> = clean
            .chunks_exact(FRAME)
            .zip(&truth)
            .filter(|(_, truth)| **truth == Some(true))
            .flat_map(|(frame, _)| frame.to_vec())
            .collect();
        let level = rms(&speech);
        let others: Vec<Pcm> = (1..=6).map(|k| speakers[(n + k * 7) % speakers.len()][0].load()).collect();
        scenes.push(Scene { condition: "clean".into(), samples: clean.clone(), truth: truth.clone() });
        for snr in [20, 10, 5, 0] {
            let kinds = [
                ("white", white(clean.len(), &mut rng)),
                ("pink", pink(clean.len(), &mut rng)),
                ("babble", babble(clean.len(), &others)),
                ("bangs", bangs(clean.len(), &mut rng)),
                ("hum", hum(clean.len())),
            ];
            for (kind, noise) in kinds {
                scenes.push(Scene {
                    condition: format!("{kind} {snr:2} dB"),
                    samples: add_noise(&clean, level, &noise, snr as f32)
                        .iter()
                        .map(|s| s.clamp(-1.0, 1.0))
                        .collect(),
                    truth: truth.clone(),
                });
            }
        }
    }
    scenes
}

/// Knocks, clicks and rattles about once a second: decaying noise of a few to some hundred milliseconds.
fn bangs(length: usize, rng: &mut Rng) -> Vec<f32> {
    let mut out: Vec<f32> = pink(length, rng).iter().map(|s| 0.01 * s).collect();
    let mut at = 0;
    while at < length {
        let decay = 100.0 * 40_f32.powf(rng.uniform());
        let colour = rng.uniform();
        let mut last = 0.0;
        for (n, sample) in out[at..].iter_mut().enumerate().take(decay as usize * 5) {
            last = colour * last + (1.0 - colour) * rng.normal();
            *sample += last * (-(n as f32) / decay).exp();
        }
        at += 4_000 + rng.below(24_000);
    }
    out
}

/// Mains hum with its harmonics.
fn hum(length: usize) -> Vec<f32> {
    let at = |n: usize, k: f32| (std::f32::consts::TAU * 50.0 * k * n as f32 / 16_000.0).sin() / k;
    (0..length).map(|n| (1..12).map(|k| at(n, k as f32)).sum()).collect()
}

fn truth(clean: &[f32], inserted: &[std::ops::Range<usize>]) -> Vec<Option<bool>> {
    let levels: Vec<f32> = clean.chunks_exact(FRAME).map(|frame| 20.0 * rms(frame).log10()).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let loud = sorted[sorted.len() * 95 / 100];
    levels
        .iter()
        .enumerate()
        .map(|(n, level)| {
            let middle = n * FRAME + FRAME / 2;
            if inserted.iter().any(|gap| gap.contains(&middle)) || *level < loud - 40.0 {
                Some(false)
            } else if *level > loud - 25.0 {
                Some(true)
            } else {
                None
            }
        })
        .collect()
}

struct Measures {
    auc: f64,
    /// Share of wrong frames at the threshold with the fewest, in %.
    error: f64,
    threshold: f32,
    /// Share of wrong frames at 0.5, in %.
    at_half: f64,
    /// Share of missed speech where 5 % of the other frames are taken for speech, in %.
    miss: f64,
}

fn measures(scored: &mut [(f32, bool)]) -> Measures {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let speech = scored.iter().filter(|(_, truth)| *truth).count() as f64;
    let other = scored.len() as f64 - speech;
    let (mut hits, mut alarms, mut area, mut best, mut threshold, mut miss) =
        (0.0, 0.0, 0.0, speech, 1.0, 100.0);
    let mut at = 0;
    let mut at_half = speech;
    while at < scored.len() {
        // Equal scores cross the threshold together.
        let score = scored[at].0;
        let (hits_before, alarms_before): (f64, f64) = (hits, alarms);
        while at < scored.len() && scored[at].0 == score {
            if scored[at].1 {
                hits += 1.0;
            } else {
                alarms += 1.0;
            }
            at += 1;
        }
        area += (alarms - alarms_before) * (hits + hits_before) / 2.0;
        let wrong = alarms + speech - hits;
        if wrong < best {
            (best, threshold) = (wrong, score);
        }
        if score >= 0.5 {
            at_half = wrong;
        }
        let target = 0.05 * other;
        if alarms_before <= target && alarms > target {
            let part = (target - alarms_before) / (alarms - alarms_before);
            miss = 100.0 * (1.0 - (hits_before + part * (hits - hits_before)) / speech);
        }
    }
    let percent = |wrong: f64| 100.0 * wrong / (speech + other);
    Measures {
        auc: area / (speech * other),
        error: percent(best),
        threshold,
        at_half: percent(at_half),
        miss,
    }
}

fn earshot(samples: &[f32]) -> Vec<f32> {
    let mut detector = earshot::Detector::<earshot::DefaultPredictor>::default_boxed();
    samples.chunks_exact(FRAME).map(|frame| detector.predict_f32(frame)).collect()
}

/// Level over the tenth percentile of all levels, in dB.
fn energy(samples: &[f32]) -> Vec<f32> {
    let levels: Vec<f32> = samples.chunks_exact(FRAME).map(|frame| 20.0 * rms(frame).log10()).collect();
    let levels = smooth(&levels, 1);
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let floor = sorted.get(sorted.len() / 10).copied().unwrap_or(0.0);
    levels.iter().map(|level| level - floor).collect()
}

fn smooth(values: &[f32], reach: usize) -> Vec<f32> {
    (0..values.len())
        .map(|n| {
            let window = &values[n.saturating_sub(reach)..(n + reach + 1).min(values.len())];
            window.iter().sum::<f32>() / window.len() as f32
        })
        .collect()
}

/// Number of aggressiveness modes that still call the frame speech.
fn webrtc(samples: &[f32]) -> Vec<f32> {
    use webrtc_vad::{SampleRate, Vad, VadMode};
    let frames = samples.len() / FRAME;
    let mut votes = vec![0.0; frames];
    for mode in [VadMode::Quality, VadMode::LowBitrate, VadMode::Aggressive, VadMode::VeryAggressive] {
        let mut vad = Vad::new_with_rate_and_mode(SampleRate::Rate16kHz, mode);
        // It decides every 10 ms; a frame of ours takes the decision at its middle.
        let decisions: Vec<bool> = samples
            .chunks_exact(160)
            .map(|chunk| {
                let chunk: Vec<i16> = chunk.iter().map(|s| (s * 32_767.0) as i16).collect();
                vad.is_voice_segment(&chunk).unwrap_or(false)
            })
            .collect();
        for (n, vote) in votes.iter_mut().enumerate() {
            let middle = (n * FRAME + FRAME / 2) / 160;
            *vote += f32::from(u8::from(decisions.get(middle).copied().unwrap_or(false)));
        }
    }
    votes
}

/// One raw file of 32-bit floats and one of truth bytes (0, 1, 2 = not counted) per scene.
fn write(folder: &Path, scenes: &[Scene]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (n, scene) in scenes.iter().enumerate() {
        let name = format!("{n:04}-{}", scene.condition.replace(' ', "_"));
        let mut samples = std::io::BufWriter::new(std::fs::File::create(folder.join(format!("{name}.f32")))?);
        for sample in &scene.samples {
            samples.write_all(&sample.to_le_bytes())?;
        }
        let truth: Vec<u8> = scene.truth.iter().map(|truth| truth.map_or(2, u8::from)).collect();
        std::fs::write(folder.join(format!("{name}.truth")), truth)?;
        let measures = vad::measures(&scene.samples);
        let measures: Vec<u8> = measures.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(folder.join(format!("{name}.measures")), measures)?;
    }
    Ok(())
}
