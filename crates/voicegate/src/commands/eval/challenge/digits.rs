//! Recordings of single digits, joined to strings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use voicegate_audio::render::in_noise;
use voicegate_audio::{Pcm, SAMPLE_RATE};
use voicegate_core::challenge::{Language, Prompt, PromptKind};

use super::columns::{faulty, read};
use super::random::Random;
use crate::exit::Failure;

/// Seconds before the first digit and after the last.
const ENDS_S: [f64; 2] = [0.2, 0.5];
/// Seconds between digits.
const PAUSE_S: [f64; 2] = [0.1, 0.35];
/// The background, dB below the mean power of the string: without it the pauses would be digital silence.
const BACKGROUND_DB: f32 = 40.0;

/// Recordings of one digit each.
pub(super) struct Digits {
    /// Where they lie.
    pub(super) paths: Vec<PathBuf>,
    pub(super) speakers: Vec<Speaker>,
}

/// A speaker with the places of their recordings, by the word that is said.
pub(super) struct Speaker {
    pub(super) name: String,
    takes: BTreeMap<&'static str, Vec<usize>>,
}

impl Digits {
    /// Reads a list with the columns `path`, `speaker` and `digit`. Each speaker must have recordings enough of each digit
    /// for strings of `longest` digits: as none follows itself, for every second place.
    pub(super) fn read(list: &Path, longest: usize) -> Result<Self, Failure> {
        let rows = read(list, ["path", "speaker", "digit"], |path, [_, speaker, digit]| {
            let word = word(digit).ok_or_else(|| format!("'{digit}' is no digit"))?;
            match speaker {
                "" => Err("'speaker' is missing".to_owned()),
                _ => Ok((path, speaker.to_owned(), word)),
            }
        })?;
        let mut paths = Vec::with_capacity(rows.len());
        let mut takes: BTreeMap<String, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for (place, (path, speaker, word)) in rows.into_iter().enumerate() {
            paths.push(path);
            takes.entry(speaker).or_default().entry(word).or_default().push(place);
        }
        let least = longest.div_ceil(2);
        for (name, takes) in &takes {
            let count = |word: &str| takes.get(word).map_or(0, Vec::len);
            if let Some(word) = words().iter().find(|word| count(word) < least) {
                let fault = format!(
                    "speaker '{name}' has {} recordings of '{word}'; strings of {longest} digits take {least} of each",
                    count(word)
                );
                return Err(faulty(list, &fault));
            }
        }
        let speakers = takes.into_iter().map(|(name, takes)| Speaker { name, takes }).collect();
        Ok(Self { paths, speakers })
    }
}

impl Speaker {
    /// The places of the recordings that say `prompt`, none twice.
    pub(super) fn choose(&self, prompt: &Prompt, random: &mut Random) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(prompt.words.len());
        for word in &prompt.words {
            let takes = self.takes.get(word.as_str()).into_iter().flatten();
            let unused: Vec<usize> = takes.copied().filter(|take| !chosen.contains(take)).collect();
            chosen.push(random.one_of(&unused).expect("the list has recordings for every second place"));
        }
        chosen
    }
}

/// The recordings one after the other, with pauses, in a low background.
pub(super) fn join(recordings: &[&Pcm], random: &mut Random) -> Pcm {
    let mut samples = Vec::new();
    let mut pause = |samples: &mut Vec<f32>, [low, high]: [f64; 2]| {
        let more = (random.between(low, high) * f64::from(SAMPLE_RATE)) as usize;
        samples.resize(samples.len() + more, 0.0);
    };
    pause(&mut samples, ENDS_S);
    for (place, recording) in recordings.iter().enumerate() {
        if place > 0 {
            pause(&mut samples, PAUSE_S);
        }
        samples.extend_from_slice(recording.samples());
    }
    pause(&mut samples, ENDS_S);
    in_noise(&Pcm::new(samples), BACKGROUND_DB, random.draw())
}

fn words() -> &'static [&'static str] {
    Language::En.lexicon().choices(PromptKind::Digits)
}

/// The word of a numeral.
fn word(numeral: &str) -> Option<&'static str> {
    let shown = |word: &str| {
        let words = vec![word.to_owned()];
        Prompt { language: Language::En, kind: PromptKind::Digits, words }.display()
    };
    words().iter().copied().find(|word| shown(word) == numeral)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::trials::draw;
    use super::*;

    /// The list of two speakers with `takes` recordings of each digit.
    fn listed(takes: usize, more: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let mut text = String::from("path\tspeaker\tdigit\n");
        for speaker in ["b", "a"] {
            for digit in 0..10 {
                (0..takes).for_each(|take| {
                    text += &format!("{speaker}/{digit}_{take}.wav\t{speaker}\t{digit}\n");
                });
            }
        }
        let path = folder.path().join("digits.tsv");
        fs::write(&path, text + more).unwrap();
        (folder, path)
    }

    #[test]
    fn a_string_says_the_digits_of_the_prompt_with_no_recording_twice() {
        let (_folder, list) = listed(4, "");
        let digits = Digits::read(&list, 8).unwrap();
        let names: Vec<&str> = digits.speakers.iter().map(|speaker| speaker.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        for seed in 0..200 {
            let choose = || {
                let mut random = Random::of(seed, 0);
                let prompt = draw(PromptKind::Digits, 8, &mut random).unwrap();
                let chosen = digits.speakers[0].choose(&prompt, &mut random);
                (prompt, chosen)
            };
            let (prompt, mut chosen) = choose();
            assert_eq!((&prompt, &chosen), (&choose().0, &choose().1), "the same seed, the same string");
            for (shown, take) in prompt.display().split(' ').zip(&chosen) {
                let path = digits.paths[*take].strip_prefix(list.parent().unwrap()).unwrap();
                assert!(path.starts_with("a"), "a string is of one speaker: {path:?}");
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                assert!(name.starts_with(shown), "{shown}: {name}");
            }
            chosen.sort_unstable();
            chosen.dedup();
            assert_eq!(chosen.len(), 8);
        }
    }

    #[test]
    fn joined_recordings_keep_their_order_and_stand_apart_in_a_low_background() {
        let tone = |value: f32| Pcm::new(vec![value; 4_000]);
        let (one, two) = (tone(0.5), tone(-0.25));
        let joined = join(&[&one, &two], &mut Random::of(7, 0));
        assert_eq!(joined.samples(), join(&[&one, &two], &mut Random::of(7, 0)).samples());
        assert_ne!(joined.samples(), join(&[&one, &two], &mut Random::of(8, 0)).samples());
        let run = |sign: f32| {
            let is = |sample: &f32| sample * sign > 0.15;
            let first = joined.samples().iter().position(is).unwrap();
            (first, joined.samples().iter().rposition(is).unwrap() + 1)
        };
        let ((start, end), (next, last)) = (run(1.0), run(-1.0));
        assert_eq!((end - start, last - next), (4_000, 4_000));
        let seconds = |samples: usize| samples as f64 / f64::from(SAMPLE_RATE);
        for (pause, [low, high]) in
            [(start, ENDS_S), (next - end, PAUSE_S), (joined.samples().len() - last, ENDS_S)]
        {
            assert!((low - 1e-3..high).contains(&seconds(pause)), "{}", seconds(pause));
        }
        let background = &joined.samples()[end..next];
        assert!(background.iter().all(|sample| sample.abs() < 0.03));
        assert!(background.iter().filter(|sample| **sample == 0.0).count() < background.len() / 10);
    }

    #[test]
    fn faults_of_the_list_are_named() {
        for (takes, more, longest, fault) in [
            (1, "c.wav\ta\tten\n", 2, "line 22: 'ten' is no digit"),
            (1, "c.wav\t\t3\n", 2, "line 22: 'speaker' is missing"),
            (3, "", 7, "speaker 'a' has 3 recordings of 'eight'; strings of 7 digits take 4 of each"),
        ] {
            let (_folder, list) = listed(takes, more);
            let failure = Digits::read(&list, longest).err().unwrap();
            assert!(failure.code == "corpus" && failure.message.contains(fault), "{}", failure.message);
        }
    }
}
