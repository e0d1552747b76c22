//! Operating points of every loaded speaker system: thresholds at fixed false-accept rates, and how much recordings of
//! one person agree when they are enrolled.
//!
//! `cargo run --release -p voicegate-models --example operating_point` reads `train.tsv` in `VOICEGATE_SPEECH` (default
//! `../shared/speech`) and takes the speakers of `training/splits/dev_speakers.txt`, on whom nothing was trained.
//! Trials are made as the product makes them: a template out of three recordings with 1.5 s of speech, every other one
//! scored against it; strangers are speakers of the same data set and the same sex where it is known. All trials weigh
//! the same; data sets with fewer than three speakers are left out.

mod speech;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use speech::Speaker;
use voicegate_core::score::SpeakerScore;
use voicegate_core::{Exemplar, Fusion, Template};
use voicegate_models::{Library, Models, Quantized, Registry, Runtime, Settings, adopt};

type Failure = Box<dyn std::error::Error>;

const ENROLLED: usize = 3;
const MIN_SPEAKERS: usize = 3;

fn main() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    #[expect(clippy::disallowed_methods, reason = "the one setting of this command")]
    let folder = std::env::var_os("VOICEGATE_SPEECH").map_or(root.join("../shared/speech"), PathBuf::from);
    let runtime = Runtime::load(&Library::At(root.join(".runtime/libonnxruntime.so")))?;
    adopt(&root.join("models/voice"), &root.join(".runtime/models"))?;
    let mut settings = Settings::default();
    // Nobody waits for an answer here, and the machine may be busy.
    settings.pool.deadline = Duration::from_secs(600);
    // The same on every machine.
    settings.quantized = Quantized::Never;
    let models = Models::load(&runtime, &Registry::open(&root.join("models/voice"))?, &settings)?;
    let speakers = models.speakers()?;

    let dev = std::fs::read_to_string(root.join("training/splits/dev_speakers.txt"))?;
    let datasets: BTreeMap<String, Vec<Speaker>> = speech::read(speakers, &folder, &dev)?
        .into_iter()
        .filter(|(_, speakers)| speakers.len() >= MIN_SPEAKERS)
        .collect();
    for system in speakers.systems() {
        println!("{}", system.id);
        thresholds(&datasets, &system.fusion);
        agreement(&datasets, &system.fusion);
    }
    Ok(())
}

/// Scores of owners and of strangers by data set.
type Trials = Vec<(String, Vec<f32>, Vec<f32>)>;

fn thresholds(datasets: &BTreeMap<String, Vec<Speaker>>, fusion: &Fusion) {
    let trials: Trials = datasets
        .iter()
        .map(|(name, speakers)| {
            let (mut owners, mut strangers) = (Vec::new(), Vec::new());
            for (i, owner) in speakers.iter().enumerate() {
                // Every disjoint triple enrols once.
                for (at, enrolled) in owner.recordings.chunks_exact(ENROLLED).enumerate() {
                    let Ok(template) = Template::new(enrolled.to_vec()) else { continue };
                    let score = |r: &Exemplar| {
                        SpeakerScore::new(&r.voiceprint, &template, fusion).map(SpeakerScore::value)
                    };
                    let own = owner.recordings.iter().enumerate();
                    owners.extend(own.filter(|(n, _)| n / ENROLLED != at).filter_map(|(_, r)| score(r)));
                    let others = speakers.iter().enumerate().filter(|(j, s)| *j != i && s.could_be(owner));
                    strangers.extend(others.flat_map(|(_, s)| &s.recordings).filter_map(score));
                }
            }
            (name.clone(), owners, strangers)
        })
        .collect();
    for rate in [0.01, 0.003, 0.001] {
        let at = lowest(&trials, |accepted| accepted <= rate);
        print!("  threshold {at:.4} (strangers accepted {:.1} %): owners rejected", 100.0 * rate);
        for (name, owners, strangers) in &trials {
            let (rejected, accepted) = (1.0 - share(owners, at), share(strangers, at));
            print!(
                " {name} {:.2} % of {} ({:.2} % of {} strangers)",
                100.0 * rejected,
                owners.len(),
                100.0 * accepted,
                strangers.len()
            );
        }
        println!();
    }
}

/// Triples of one person, and pairs with a stranger's recording: at which agreement each is refused.
fn agreement(datasets: &BTreeMap<String, Vec<Speaker>>, fusion: &Fusion) {
    let link = |of: &Exemplar, with: &[&Exemplar]| {
        let all: Vec<f32> =
            with.iter().filter_map(|w| fusion.similarity(&of.voiceprint, &w.voiceprint)).collect();
        all.iter().sum::<f32>() / all.len() as f32
    };
    let trials: Trials = datasets
        .iter()
        .map(|(name, speakers)| {
            let (mut own, mut foreign) = (Vec::new(), Vec::new());
            for (i, owner) in speakers.iter().enumerate() {
                for [a, b, c] in owner.recordings.as_chunks::<3>().0 {
                    // The weakest of the two joins of average linkage, over which join comes first.
                    let joins = [(a, b, c), (a, c, b), (b, c, a)];
                    let weakest = joins.map(|(x, y, z)| link(x, &[y]).min(link(z, &[x, y])));
                    own.push(weakest.into_iter().fold(f32::NEG_INFINITY, f32::max));
                    let others = speakers.iter().enumerate().filter(|(j, s)| *j != i && s.could_be(owner));
                    foreign.extend(others.flat_map(|(_, s)| &s.recordings).map(|r| link(r, &[a, b])));
                }
            }
            (name.clone(), own, foreign)
        })
        .collect();
    let mut own: Vec<f32> = trials.iter().flat_map(|(_, own, _)| own).copied().collect();
    own.sort_unstable_by(f32::total_cmp);
    for refused in [0.005, 0.01, 0.02, 0.05] {
        let Some(&at) = own.get((refused * own.len() as f64) as usize) else { continue };
        print!("  agreement {at:.4}: own triples refused / strangers admitted");
        for (name, own, foreign) in &trials {
            print!(" {name} {:.1} / {:.1} %", 100.0 * (1.0 - share(own, at)), 100.0 * share(foreign, at));
        }
        println!();
    }
}

/// Share of `scores` at or above `at`.
fn share(scores: &[f32], at: f32) -> f64 {
    scores.iter().filter(|score| **score >= at).count() as f64 / scores.len().max(1) as f64
}

/// The lowest threshold at which the share of strangers is right.
fn lowest(trials: &Trials, right: impl Fn(f64) -> bool) -> f32 {
    let mut strangers: Vec<f32> = trials.iter().flat_map(|(_, _, strangers)| strangers).copied().collect();
    strangers.sort_unstable_by(f32::total_cmp);
    let first = strangers.partition_point(|at| !right(share(&strangers, at.next_up())));
    strangers.get(first).map_or(1.0, |at| at.next_up())
}
