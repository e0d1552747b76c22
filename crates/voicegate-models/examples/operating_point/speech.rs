//! Recordings of the chosen speakers, as voiceprints.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use voicegate_audio::{DecodeLimits, decode, detect_speech};
use voicegate_core::Exemplar;
use voicegate_models::SpeakerModels;

use super::Failure;

const MIN_SPEECH_S: f32 = 1.5;

pub(super) struct Speaker {
    sex: String,
    pub(super) recordings: Vec<Exemplar>,
}

impl Speaker {
    /// Whether a stranger would be tried as this one: not where the sexes are known to differ.
    pub(super) fn could_be(&self, owner: &Self) -> bool {
        self.sex.is_empty() || owner.sex.is_empty() || self.sex == owner.sex
    }
}

/// The speakers of `train.tsv` in `folder` whose `dataset/speaker` is a line of `chosen`, by data set.
pub(super) fn read(
    models: &SpeakerModels,
    folder: &Path,
    chosen: &str,
) -> Result<BTreeMap<String, Vec<Speaker>>, Failure> {
    let list = std::fs::read_to_string(folder.join("train.tsv"))?;
    let mut speakers: BTreeMap<(String, String), Speaker> = BTreeMap::new();
    for line in list.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [path, dataset, speaker, _seconds, _age, sex, ..] = columns.as_slice() else {
            return Err(format!("train.tsv: not the expected columns: {line}").into());
        };
        let key = format!("{dataset}/{speaker}");
        if !chosen.lines().any(|line| line == key) {
            continue;
        }
        let Some(recording) = hear(models, &folder.join(path))? else { continue };
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
fn hear(models: &SpeakerModels, path: &Path) -> Result<Option<Exemplar>, Failure> {
    let start = Instant::now();
    let limits = DecodeLimits { max_decode_s: 60.0, ..DecodeLimits::default() };
    let pcm = decode(&std::fs::read(path)?, None, &limits, &move || -> Duration { start.elapsed() })
        .map_err(|error| format!("{}: {error}", path.display()))?
        .pcm;
    let net_speech_s = detect_speech(&pcm).net_s();
    if net_speech_s < MIN_SPEECH_S {
        return Ok(None);
    }
    let voiceprint = models.embed(&Arc::new(pcm))?.voiceprint;
    Ok(Some(Exemplar { voiceprint, net_speech_s, snr_db: None, added_at: jiff::Timestamp::UNIX_EPOCH }))
}
