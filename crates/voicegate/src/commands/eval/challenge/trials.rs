//! The prompts that an utterance is held against.

use serde::Serialize;
use voicegate_core::challenge::prompt::MAX_WORDS;
use voicegate_core::challenge::{Language, Prompt, PromptKind, PromptSpec};

use super::random::Random;
use crate::exit::{Failure, chain};

/// What a prompt has to do with what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// It was said.
    Right,
    /// Drawn by itself, of the same kind and length.
    Other,
    /// Said but for two neighbouring words, which are the other way round.
    Exchanged,
    /// Said but for one word, which is another.
    OneChanged,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Right, Self::Other, Self::Exchanged, Self::OneChanged];

    /// The name in reports and in the scores file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Other => "other",
            Self::Exchanged => "exchanged",
            Self::OneChanged => "one_changed",
        }
    }
}

/// Draws a prompt as the service does. Its first words are as likely as a prompt of that length, so that lengths can be had
/// that the service refuses as easily guessed.
pub(super) fn draw(kind: PromptKind, length: usize, random: &mut Random) -> Result<Prompt, Failure> {
    let spec = PromptSpec::new(Language::En, kind, MAX_WORDS)
        .map_err(|error| Failure::new("internal", chain(&error)))?;
    let mut prompt = Prompt::draw(&spec, || (random.draw() >> 32) as u32);
    prompt.words.truncate(length);
    Ok(prompt)
}

/// The prompts to hold against an utterance of `said`. There is no [`Kind::Exchanged`] if all its words are the same.
pub(super) fn asked(said: &Prompt, random: &mut Random) -> Result<Vec<(Kind, Prompt)>, Failure> {
    let other = loop {
        let other = draw(said.kind, said.words.len(), random)?;
        if other != *said {
            break other;
        }
    };
    let mut asked = vec![(Kind::Right, said.clone()), (Kind::Other, other)];
    let differ: Vec<usize> =
        (1..said.words.len()).filter(|&place| said.words[place - 1] != said.words[place]).collect();
    if let Some(place) = random.one_of(&differ) {
        let mut prompt = said.clone();
        prompt.words.swap(place - 1, place);
        asked.push((Kind::Exchanged, prompt));
    }
    let places: Vec<usize> = (0..said.words.len()).collect();
    if let Some(place) = random.one_of(&places) {
        let mut prompt = said.clone();
        let choices = said.language.lexicon().choices(said.kind);
        let others: Vec<&str> =
            choices.iter().copied().filter(|word| *word != said.words[place].as_str()).collect();
        if let Some(word) = random.one_of(&others) {
            prompt.words[place] = word.to_owned();
            asked.push((Kind::OneChanged, prompt));
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_prompt_differs_from_what_was_said_as_its_kind_says() {
        let mut changed = [0; 7];
        for seed in 0..300 {
            let mut random = Random::of(seed, 0);
            let said = draw(PromptKind::Digits, 7, &mut random).unwrap();
            assert!(said.words.len() == 7 && said.words.windows(2).all(|pair| pair[0] != pair[1]));
            let asked = asked(&said, &mut random).unwrap();
            assert_eq!(asked.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), Kind::ALL);
            let differing = |prompt: &Prompt| -> Vec<usize> {
                (0..7).filter(|&place| prompt.words[place] != said.words[place]).collect()
            };
            let [right, other, exchanged, one] = [0, 1, 2, 3].map(|place| &asked[place].1);
            assert!(right == &said && other != &said && other.words.len() == 7);
            let places = differing(exchanged);
            assert_eq!(places.len(), 2, "{:?} {:?}", said.words, exchanged.words);
            assert_eq!(places[0] + 1, places[1]);
            assert_eq!(exchanged.words[places[0]], said.words[places[1]]);
            assert_eq!(exchanged.words[places[1]], said.words[places[0]]);
            let places = differing(one);
            assert_eq!(places.len(), 1);
            changed[places[0]] += 1;
        }
        assert!(changed.iter().all(|count| (20..=70).contains(count)), "{changed:?}");
    }

    #[test]
    fn where_every_word_is_the_same_nothing_can_be_exchanged() {
        let words = vec!["two".to_owned(); 3];
        let said = Prompt { language: Language::En, kind: PromptKind::Digits, words };
        let asked = asked(&said, &mut Random::of(7, 0)).unwrap();
        let kinds: Vec<Kind> = asked.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [Kind::Right, Kind::Other, Kind::OneChanged]);
    }
}
