//! All utterances of the lists, each heard once for every prompt.

use std::sync::Arc;

use voicegate_audio::Pcm;
use voicegate_core::challenge::{Prompt, PromptKind};
use voicegate_models::Recogniser;
use voicegate_service::config::VoiceAuthConfig;

use super::super::condition::Condition;
use super::super::parallel::on_every_core;
use super::digits::{Digits, join};
use super::hear::{Answer, Spoken, decoded, hear};
use super::random::Random;
use super::sentences::Sentences;
use super::trials::draw;
use crate::exit::Failure;

/// Who listens, and how.
pub(super) struct Listening<'a> {
    pub(super) recogniser: &'a Recogniser,
    pub(super) config: &'a VoiceAuthConfig,
    pub(super) condition: Condition,
    /// Of the strings and the prompts.
    pub(super) seed: u64,
}

impl Listening<'_> {
    /// The answers to `count` strings of each of `lengths` by each speaker; their names come after those in `names`.
    pub(super) fn to_strings(
        &self,
        digits: &Digits,
        lengths: &[usize],
        count: u16,
        names: &mut Vec<String>,
    ) -> Result<Vec<Answer>, Failure> {
        let paths = &digits.paths;
        let recordings = on_every_core(paths.len(), "digits", |i| decoded(&paths[i], self.config))?;
        let first = names.len();
        names.extend(digits.speakers.iter().map(|speaker| speaker.name.clone()));
        let each = lengths.len() * usize::from(count);
        let answers = on_every_core(digits.speakers.len() * each, &self.what("strings"), |i| {
            let (speaker, length) = (i / each, lengths[i % each / usize::from(count)]);
            let mut random = Random::of(self.seed, i);
            let said = draw(PromptKind::Digits, length, &mut random)?;
            let chosen = digits.speakers[speaker].choose(&said, &mut random);
            let chosen: Vec<_> = chosen.into_iter().map(|place| &recordings[place]).collect();
            let pcm = join(&chosen, &mut random);
            self.hear(&pcm, (first + speaker, Spoken::Joined), &said, &mut random)
        })?;
        Ok(answers.concat())
    }

    /// The answers to the usable sentences; the names of their speakers come after those in `names`.
    pub(super) fn to_sentences(
        &self,
        sentences: &Sentences,
        names: &mut Vec<String>,
    ) -> Result<Vec<Answer>, Failure> {
        let usable = &sentences.usable;
        let first = names.len();
        let mut number = |name: &str| match names[first..].iter().position(|known| known == name) {
            Some(known) => first + known,
            None => {
                names.push(name.to_owned());
                names.len() - 1
            }
        };
        let speakers: Vec<usize> = usable.iter().map(|sentence| number(&sentence.speaker)).collect();
        let answers = on_every_core(usable.len(), &self.what("sentences"), |i| {
            let mut random = Random::of(self.seed, i);
            let pcm = decoded(&usable[i].path, self.config)?;
            self.hear(&pcm, (speakers[i], Spoken::Read), &usable[i].prompt, &mut random)
        })?;
        Ok(answers.concat())
    }

    fn hear(
        &self,
        pcm: &Pcm,
        who: (usize, Spoken),
        said: &Prompt,
        random: &mut Random,
    ) -> Result<Vec<Answer>, Failure> {
        let pcm = Arc::new(self.condition.apply(pcm, random.draw())?.into_owned());
        hear(self.recogniser, &pcm, who, said, random)
    }

    fn what(&self, heard: &str) -> String {
        format!("{heard}, {}", self.condition.name())
    }
}
