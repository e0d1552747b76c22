//! Cosine thresholds of the shipped speaker model at fixed false-accept rates, fitted on `train` speakers only.
//!
//! `cargo run --release -p voicegate-models --example operating_point -- whole|span|speech` reads `train.tsv` in
//! `VOICEGATE_SPEECH` (default `../shared/speech`). `speech` embeds what the voice activity detector keeps, `span` from the
//! first speech to the last with the pauses between, `whole` the recording as it is. Trials are made as the product makes them: a template out of a speaker's first three recordings
//! with 1.5 s of speech, every further one scored against it; strangers are speakers of the same data set and the same
//! sex where it is known, each with all recordings that are not in their own template.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use voicegate_audio::{DecodeLimits, Pcm, Speech, decode, detect_speech};
use voicegate_core::error_rates::{at_threshold, equal_error_rate};
use voicegate_core::score::SpeakerScore;
use voicegate_core::{Embedding, Exemplar, Template};
use voicegate_models::{Library, Models, Registry, Runtime, Settings};

type Failure = Box<dyn std::error::Error>;

const ENROLLED: usize = 3;
const MIN_SPEECH_S: f32 = 1.5;

struct Speaker {
    sex: String,
    recordings: Vec<Exemplar>,
}

#[derive(Default)]
struct Trials {
    targets: Vec<f32>,
    impostors: Vec<f32>,
}

fn main() -> Result<(), Failure> {
    let input = std::env::args().nth(1).filter(|input| ["whole", "span", "speech"].contains(&input.as_str()));
    let input = input.ok_or("usage: operating_point whole|span|speech")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    #[expect(clippy::disallowed_methods, reason = "the one setting of this command")]
    let speech = std::env::var_os("VOICEGATE_SPEECH").map_or(root.join("../shared/speech"), PathBuf::from);
    let runtime = Runtime::load(&Library::At(root.join(".runtime/libonnxruntime.so")))?;
    let mut settings = Settings::default();
    // Nobody waits for an answer here, and the machine may be busy.
    settings.pool.deadline = Duration::from_secs(600);
    let models = Models::load(&runtime, &Registry::open(&root.join("models/voice"))?, &settings)?;

    let datasets = read_speakers(&models, &speech, &input)?;
    let mut all = Trials::default();
    for (dataset, speakers) in &datasets {
        let trials = trials(&models.speaker().metadata().id.to_string(), speakers);
        report(dataset, &trials);
        all.targets.extend(trials.targets);
        all.impostors.extend(trials.impostors);
    }
    report("all", &all);
    Ok(())
}

fn read_speakers(
    models: &Models,
    folder: &Path,
    input: &str,
) -> Result<BTreeMap<String, Vec<Speaker>>, Failure> {
    let list = std::fs::read_to_string(folder.join("train.tsv"))?;
    let mut speakers: BTreeMap<(String, String), Speaker> = BTreeMap::new();
    for line in list.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [path, dataset, speaker, _seconds, _age, sex, ..] = columns.as_slice() else {
            return Err(format!("train.tsv: not the expected columns: {line}").into());
        };
        let Some(recording) = embed(models, &folder.join(path), input)? else { continue };
        speakers
            .entry(((*dataset).to_owned(), (*speaker).to_owned()))
            .or_insert_with(|| Speaker { sex: (*sex).to_owned(), recordings: Vec::new() })
            .recordings
            .push(recording);
    }
    let mut datasets: BTreeMap<String, Vec<Speaker>> = BTreeMap::new();
    for ((dataset, _), speaker) in speakers {
        datasets.entry(dataset).or_default().push(speaker);
    }
    Ok(datasets)
}

/// `None` for a recording with too little speech.
fn embed(models: &Models, path: &Path, input: &str) -> Result<Option<Exemplar>, Failure> {
    let start = Instant::now();
    let limits = DecodeLimits { max_decode_s: 60.0, ..DecodeLimits::default() };
    let pcm = decode(&std::fs::read(path)?, None, &limits, &move || -> Duration { start.elapsed() })
        .map_err(|error| format!("{}: {error}", path.display()))?
        .pcm;
    let speech = detect_speech(&pcm);
    let net_speech_s = speech.net_s();
    if net_speech_s < MIN_SPEECH_S {
        return Ok(None);
    }
    let pcm = match input {
        "speech" => speech.cut(&pcm),
        "span" => span(&pcm, &speech),
        _ => pcm,
    };
    let embedding: Embedding = models.speaker().embed(Arc::new(pcm))?.embedding;
    let added_at = jiff::Timestamp::UNIX_EPOCH;
    Ok(Some(Exemplar { embedding, net_speech_s, snr_db: None, added_at }))
}

fn span(pcm: &Pcm, speech: &Speech) -> Pcm {
    let start = speech.segments().first().map_or(0, |segment| segment.start);
    let end = speech.segments().last().map_or(pcm.samples().len(), |segment| segment.end);
    Pcm::new(pcm.samples()[start..end].to_vec())
}

fn trials(model: &str, speakers: &[Speaker]) -> Trials {
    let mut trials = Trials::default();
    for (i, owner) in speakers.iter().enumerate() {
        let Some(enrolled) = owner.recordings.get(..ENROLLED) else { continue };
        let Ok(template) = Template::new(model, enrolled.to_vec()) else { continue };
        for (j, other) in speakers.iter().enumerate() {
            if i != j && !(owner.sex.is_empty() || other.sex.is_empty() || owner.sex == other.sex) {
                continue;
            }
            let scores = other
                .recordings
                .iter()
                .skip(ENROLLED)
                .filter_map(|recording| SpeakerScore::new(&recording.embedding, &template))
                .map(SpeakerScore::value);
            if i == j { trials.targets.extend(scores) } else { trials.impostors.extend(scores) }
        }
    }
    trials
}

fn report(name: &str, trials: &Trials) {
    let Some((eer, _)) = equal_error_rate(&trials.targets, &trials.impostors) else {
        println!("{name}: no trials");
        return;
    };
    println!(
        "{name}: {} target and {} impostor trials, EER {:.2} %",
        trials.targets.len(),
        trials.impostors.len(),
        100.0 * eer
    );
    let mut sorted = trials.impostors.clone();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    for rate in [0.01, 0.001] {
        // The lowest threshold that accepts no more than this share.
        let Some(highest_refused) = sorted.get((rate * sorted.len() as f64) as usize) else { continue };
        let threshold = highest_refused.next_up();
        let (rejects, accepts) = at_threshold(&trials.targets, &trials.impostors, threshold);
        if let Some((rejects, accepts)) = rejects.zip(accepts) {
            println!(
                "  threshold {threshold:.4}: false accepts {:.3} %, false rejects {:.2} % (95 %: {:.2} to {:.2})",
                100.0 * accepts.rate,
                100.0 * rejects.rate,
                100.0 * rejects.low,
                100.0 * rejects.high
            );
        }
    }
}
