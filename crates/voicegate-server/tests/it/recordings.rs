//! Something to say: synthetic sounds, and real speech where it is at hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::app::{root, variable};

/// A WAV file of a buzz with pauses: decodes, but no voice.
pub(crate) fn buzz(seconds: f32) -> Vec<u8> {
    let samples = (seconds * 16_000.0) as usize;
    wav((0..samples).map(|i| {
        let saw = (i % 133) as f32 / 133.0 - 0.5;
        if (i / 4000) % 2 == 0 { saw * 0.4 } else { 0.0 }
    }))
}

fn wav(samples: impl ExactSizeIterator<Item = f32>) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    for value in [1u16, 1] {
        file.extend(value.to_le_bytes());
    }
    file.extend(16_000u32.to_le_bytes());
    file.extend(32_000u32.to_le_bytes());
    file.extend(2u16.to_le_bytes());
    file.extend(16u16.to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    for sample in samples {
        file.extend(((sample * 32_767.0) as i16).to_le_bytes());
    }
    file
}

/// The folder of the corpus and the list of what nothing was fitted to; `None` (and a word about it) without the data.
pub(crate) fn eval_list() -> Option<(PathBuf, String)> {
    let folder = variable("VOICEGATE_SPEECH").map_or_else(|| root().join("../shared/speech"), PathBuf::from);
    let list = std::fs::read_to_string(folder.join("eval.tsv"));
    if list.is_err() {
        eprintln!("SKIPPED: no eval.tsv in {}; VOICEGATE_SPEECH names the folder", folder.display());
    }
    Some((folder, list.ok()?))
}

/// Recordings of two people, at least five of four seconds or more each; `None` (and a word about it) without the data.
pub(crate) fn two_people() -> Option<[Vec<Vec<u8>>; 2]> {
    let (folder, list) = eval_list()?;
    let mut people: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in list.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        if let [path, "librispeech", speaker, seconds, ..] | [path, "librispeech_mix", speaker, seconds, ..] =
            columns[..]
            && seconds.parse::<f32>().is_ok_and(|s| (4.0..20.0).contains(&s))
        {
            people.entry(speaker).or_default().push(path);
        }
    }
    let mut full = people.into_values().filter(|files| files.len() >= 5);
    let read =
        |files: Vec<&str>| files.iter().map(|file| std::fs::read(folder.join(file)).unwrap()).collect();
    // Two who do not sound alike: how alike voices are told apart is the evaluation's to say.
    Some([read(full.next()?), read(full.next_back()?)])
}
