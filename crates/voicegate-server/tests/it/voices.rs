//! People who can speak: real voices that enrol, and say the words of a challenge.
//!
//! Nobody at hand reads eight random digits, but speakers of speechocean762 read strings of four beside their sentences.
//! Two of these, joined as they are, are the answer to a challenge. Speakers were chosen whom the program knows again and
//! does not take for each other: what is tested is what follows from that. How often it is so is the evaluation's to say.

use std::path::Path;
use std::time::Duration;

use voicegate_audio::{DecodeLimits, decode, encode_wav};

use crate::recordings::eval_list;

/// Whose voice is enrolled.
const OWNER: &str = "SPEAKER1465";
/// Whose voice is not.
const STRANGER: &str = "SPEAKER0044";

/// Sentences in a sample of an enrolment; one alone has too little speech.
const SENTENCES: usize = 3;
/// Digits that are read at a time.
const DIGITS: usize = 4;
const WORDS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// What somebody said.
#[derive(Clone)]
pub(crate) struct Spoken {
    /// The digits, as words.
    pub(crate) words: Vec<String>,
    samples: Vec<f32>,
}

/// Somebody who speaks.
pub(crate) struct Voice {
    /// Recordings to enrol with.
    pub(crate) enrolment: Vec<Vec<u8>>,
    /// Strings of eight digits, no recording in more than one of them.
    pub(crate) answers: Vec<Spoken>,
    /// Strings of four digits, of which the answers are made: shorter, and so less surely told.
    pub(crate) short: Vec<Spoken>,
}

impl Spoken {
    /// As a WAV file.
    pub(crate) fn wav(&self) -> Vec<u8> {
        encode_wav(&self.samples)
    }

    /// Words of which none is where it is in these.
    pub(crate) fn other_words(&self) -> Vec<String> {
        let digit = |word: &String| WORDS.iter().position(|digit| digit == word).unwrap();
        self.words.iter().map(|word| WORDS[(digit(word) + 5) % 10].to_owned()).collect()
    }

    /// The same in white noise as loud as the voice.
    pub(crate) fn in_noise(&self) -> Self {
        let power =
            self.samples.iter().map(|sample| sample * sample).sum::<f32>() / self.samples.len() as f32;
        let mut state = 1u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Uniform in ±√3 has unit variance.
            (state as f32 / u32::MAX as f32 * 2.0 - 1.0) * 3f32.sqrt()
        });
        let samples = self.samples.iter().zip(noise).map(|(voice, noise)| voice + noise * power.sqrt());
        Self { words: self.words.clone(), samples: samples.collect() }
    }

    /// This and then `next`.
    fn and(&self, next: &Self) -> Self {
        Self {
            words: [self.words.as_slice(), &next.words].concat(),
            samples: [self.samples.as_slice(), &next.samples].concat(),
        }
    }
}

/// Somebody to enrol, and a stranger; `None` (and a word about it) without the data.
pub(crate) fn owner_and_stranger() -> Option<[Voice; 2]> {
    let (folder, list) = eval_list()?;
    Some([OWNER, STRANGER].map(|speaker| voice(speaker, &folder, &list)))
}

fn voice(speaker: &str, folder: &Path, list: &str) -> Voice {
    let lines = list.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let own = lines.filter(|columns| columns.get(2) == Some(&speaker));
    let said = own.map(|columns| Spoken {
        words: columns[7].to_lowercase().split(' ').map(str::to_owned).collect(),
        samples: samples(&folder.join(columns[0])),
    });
    let (digits, sentences): (Vec<_>, Vec<_>) =
        said.partition(|spoken| spoken.words.iter().all(|word| is_digit(word)));
    let joined = |spoken: &[Spoken]| spoken.iter().skip(1).fold(spoken[0].clone(), |all, next| all.and(next));
    let short: Vec<_> = digits.into_iter().filter(|spoken| spoken.words.len() == DIGITS).collect();
    Voice {
        enrolment: sentences.chunks_exact(SENTENCES).map(|sentences| joined(sentences).wav()).collect(),
        answers: short.chunks_exact(2).map(joined).collect(),
        short,
    }
}

fn is_digit(word: &str) -> bool {
    WORDS.contains(&word)
}

fn samples(file: &Path) -> Vec<f32> {
    let bytes = std::fs::read(file).unwrap();
    let decoded = decode(&bytes, None, &DecodeLimits::default(), &|| Duration::ZERO).unwrap();
    decoded.pcm.samples().to_vec()
}
