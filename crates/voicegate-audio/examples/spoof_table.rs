//! Prints what each spoofing signal returns on bona fide speech and how well it tells each species of attack apart; with
//! `--copies`, how the fingerprints of the same recording and of others differ.
//!
//! ```sh
//! cargo run --release -p voicegate-audio --example spoof_table -- --list ../shared/speech/train.tsv --attacks attacks.tsv
//! cargo run --release -p voicegate-audio --example spoof_table -- --list ../shared/speech/train.tsv --copies opus16
//! ```
//!
//! `--list` is a list of the speech folder, of which `--count` recordings are drawn. `--attacks` is a list of path, kind
//! (`bonafide` or `spoof`) and system; its bona fide rows, where there are any, stand in for those of `--list`. `--copies` is
//! a folder of the same recordings through another codec: the paths of the list, as FLAC.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use support::{Recording, Rng, gain, recordings, speech_folder};
use voicegate_audio::render::{in_noise, over_telephone};
use voicegate_audio::spoof::{Fingerprint, SIGNALS, fingerprint, signals};
use voicegate_audio::{Pcm, Quality, detect_speech};

fn main() {
    let mut options: BTreeMap<String, String> = BTreeMap::new();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for pair in arguments.chunks(2) {
        let [name, value] = pair else { panic!("{} needs a value", pair[0]) };
        options.insert(name.trim_start_matches('-').to_owned(), value.clone());
    }
    let list = options.get("list").map_or("train.tsv", String::as_str);
    let list = std::fs::canonicalize(list).unwrap_or_else(|_| PathBuf::from(list));
    let count = options.get("count").map_or(300, |count| count.parse().expect("a number"));
    let mut files = recordings(&list.to_string_lossy());
    Rng(5).shuffle(&mut files);
    if let Some(copies) = options.get("copies") {
        fingerprints(&files, count, Path::new(copies));
        return;
    }
    files.truncate(count);
    let mut attacks = options.get("attacks").map_or_else(Vec::new, |list| species(Path::new(list)));
    if let Some(position) = attacks.iter().position(|(species, _)| species == "bonafide") {
        files = attacks.remove(position).1;
    }
    table(&files, &attacks);
}

/// The recordings of each species in a list, bona fide ones under `bonafide`. Paths are relative to the list.
fn species(list: &Path) -> Vec<(String, Vec<Recording>)> {
    let mut all: BTreeMap<String, Vec<Recording>> = BTreeMap::new();
    let text = std::fs::read_to_string(list).expect("a readable list");
    for row in text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let path = list.with_file_name("").join(row[0]);
        let name = if row[1] == "bonafide" { row[1] } else { row[2] };
        let recording = Recording { path, dataset: name.to_owned(), speaker: String::new() };
        all.entry(name.to_owned()).or_default().push(recording);
    }
    all.into_iter().collect()
}

type Features = [Option<f32>; SIGNALS.len()];

fn measure(files: &[Recording]) -> Vec<Features> {
    let features = |file: &Recording| {
        let pcm = file.load();
        let speech = detect_speech(&pcm);
        signals(&pcm, &speech, &Quality::measure(&pcm, &speech)).features()
    };
    files.iter().map(features).collect()
}

fn table(files: &[Recording], attacks: &[(String, Vec<Recording>)]) {
    let bonafide = measure(files);
    let attacks: Vec<(&str, Vec<Features>)> =
        attacks.iter().map(|(name, files)| (name.as_str(), measure(files))).collect();
    println!(
        "{} bona fide recordings: tenth percentile / median / ninetieth percentile, and how many were not",
        bonafide.len()
    );
    println!("measurable; for each species the AUC (0.5: tells nothing, below: lower on attacks).");
    println!();
    let names: Vec<String> = attacks.iter().map(|(name, all)| format!("{name} ({})", all.len())).collect();
    println!("| signal | unit | bona fide | none % | {} |", names.join(" | "));
    println!("|---|---|---|---|{}", "---|".repeat(names.len()));
    for (n, signal) in SIGNALS.iter().enumerate() {
        let values = |all: &[Features]| -> Vec<f32> {
            let mut values: Vec<f32> = all.iter().filter_map(|features| features[n]).collect();
            values.sort_by(f32::total_cmp);
            values
        };
        let genuine = values(&bonafide);
        let at = |share: f32| genuine.get((genuine.len().saturating_sub(1) as f32 * share) as usize).copied();
        let spread =
            [0.1, 0.5, 0.9].map(|share| at(share).map_or("–".to_owned(), |value| format!("{value:.2}")));
        let none = 100.0 * (bonafide.len() - genuine.len()) as f32 / bonafide.len().max(1) as f32;
        let told: Vec<String> = attacks
            .iter()
            .map(|(_, all)| auc(&genuine, &values(all)).map_or("–".to_owned(), |auc| format!("{auc:.2}")))
            .collect();
        println!(
            "| {} | {} | {} | {none:.0} | {} |",
            signal.name,
            signal.unit,
            spread.join(" / "),
            told.join(" | ")
        );
    }
}

/// Share of pairs in which the attack's value is the higher; ties count half.
fn auc(genuine: &[f32], attack: &[f32]) -> Option<f32> {
    let wins: f32 = attack
        .iter()
        .map(|value| {
            let below = genuine.partition_point(|other| other < value);
            let up_to = genuine.partition_point(|other| other <= value);
            0.5 * (below + up_to) as f32
        })
        .sum();
    let pairs = (genuine.len() * attack.len()) as f32;
    (pairs > 0.0).then(|| wins / pairs)
}

/// What is spoken, where a list of words or sentences was read more than once by the same person.
fn text(file: &Recording) -> Option<String> {
    let stem = file.path.file_stem()?.to_string_lossy();
    match file.dataset.as_str() {
        "arabic_speech_commands" => Some(stem.rsplit_once('_')?.0.to_owned()),
        "emodb" => Some(stem.get(2..5)?.to_owned()),
        _ => None,
    }
}

fn fingerprints(files: &[Recording], count: usize, copies: &Path) {
    let folder = std::fs::canonicalize(speech_folder()).expect("the speech folder");
    let mut rows: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
    let mut compared = 0;
    let mut drawn: Vec<(&Recording, Fingerprint)> = Vec::new();
    for file in files {
        let path = std::fs::canonicalize(&file.path).expect("a listed file");
        let copy = copies.join(path.strip_prefix(&folder).expect("in the folder")).with_extension("flac");
        if drawn.len() == count || !copy.exists() {
            continue;
        }
        let pcm = file.load();
        let samples = pcm.samples();
        let cut = samples.len() / 10;
        let versions = [
            ("a Opus 16 kbit/s", Recording { path: copy, ..file.clone() }.load()),
            ("b telephone", over_telephone(&pcm)),
            ("c noise 15 dB", in_noise(&pcm, 15.0, 7)),
            ("d noise 15 dB, then telephone", over_telephone(&in_noise(&pcm, 15.0, 7))),
            ("e 20 dB quieter", Pcm::new(gain(samples, -20.0))),
            ("f starts 37.5 ms later", Pcm::new(samples[600.min(samples.len())..].to_vec())),
            ("g first tenth cut off", Pcm::new(samples[cut..].to_vec())),
            ("h tenth cut out of the middle", Pcm::new([&samples[..5 * cut], &samples[6 * cut..]].concat())),
            ("i telephone, tenth cut off, 37.5 ms later", {
                let start = (cut + 600).min(samples.len());
                over_telephone(&Pcm::new(samples[start..].to_vec()))
            }),
        ];
        let whole = fingerprint(&pcm);
        compared += 1;
        for (name, version) in versions {
            rows.entry(name)
                .or_default()
                .extend(whole.compare(&fingerprint(&version)).map(|m| m.bit_error_rate));
        }
        drawn.push((file, whole));
    }
    for (n, (file, print)) in drawn.iter().enumerate() {
        for (other, other_print) in &drawn[n + 1..] {
            let same_voice = file.speaker == other.speaker && file.dataset == other.dataset;
            let name = match (same_voice, text(file), text(other)) {
                (true, Some(a), Some(b)) if a == b => "z same voice, same text",
                (true, ..) => "y same voice, other text",
                (false, ..) => "x other voice",
            };
            rows.entry(name).or_default().extend(print.compare(other_print).map(|m| m.bit_error_rate));
        }
    }
    println!("Bit error rates of {compared} recordings against themselves, changed, and against others");
    println!(
        "| against | pairs | lowest | 1st percentile | median | 99th percentile | highest | up to 0.25 | up to 0.30 | up to 0.35 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, mut rates) in rows {
        rates.sort_by(f32::total_cmp);
        // None where all were too short to compare.
        let Some(last) = rates.len().checked_sub(1) else { continue };
        let at = |share: f32| rates[(last as f32 * share) as usize];
        let spread = [0.0, 0.01, 0.5, 0.99, 1.0].map(|share| format!("{:.3}", at(share)));
        let up_to = [0.25, 0.3, 0.35].map(|limit| {
            format!(
                "{:.3} %",
                100.0 * rates.partition_point(|&rate| rate <= limit) as f32 / rates.len() as f32
            )
        });
        println!("| {} | {} | {} | {} |", &name[2..], rates.len(), spread.join(" | "), up_to.join(" | "));
    }
}
