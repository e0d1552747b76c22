//! Drawing the words that have to be said.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Language;
use super::lexicon::DIGITS;

/// Fewest bits of entropy of a prompt: of recordings made beforehand, one in a million answers it.
pub const MIN_ENTROPY_BITS: f64 = 20.0;
/// Most words of a prompt; nobody reads out more without a slip.
pub const MAX_WORDS: usize = 16;

/// What is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// Digits, one by one.
    #[default]
    Digits,
    /// Words that do not belong together.
    Words,
}

impl PromptKind {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Words => "words",
        }
    }
}

impl fmt::Display for PromptKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there is no such prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// Too easily guessed.
    #[error("{length} {kind} can be guessed too easily; at least {least} are needed")]
    TooShort {
        /// Of what.
        kind: PromptKind,
        /// How many were asked for.
        length: usize,
        /// How many are needed.
        least: usize,
    },
    /// More than can be said in one go.
    #[error("{length} {kind} are too many; at most {MAX_WORDS} are asked for")]
    TooLong {
        /// Of what.
        kind: PromptKind,
        /// How many were asked for.
        length: usize,
    },
}

/// A prompt to be drawn; one that is hard enough to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptSpec {
    language: Language,
    kind: PromptKind,
    length: usize,
}

impl PromptSpec {
    /// `length` words of `kind`.
    ///
    /// # Errors
    /// [`PromptError`] if that is less than [`MIN_ENTROPY_BITS`], or more than [`MAX_WORDS`].
    pub fn new(language: Language, kind: PromptKind, length: usize) -> Result<Self, PromptError> {
        if length > MAX_WORDS {
            return Err(PromptError::TooLong { kind, length });
        }
        let spec = |length| Self { language, kind, length };
        if spec(length).entropy_bits() < MIN_ENTROPY_BITS {
            let enough = |&length: &usize| spec(length).entropy_bits() >= MIN_ENTROPY_BITS;
            let least = (length..).find(enough).expect("each further word adds entropy");
            return Err(PromptError::TooShort { kind, length, least });
        }
        Ok(spec(length))
    }

    /// Entropy in bits: `log2(n) + (length - 1) log2(n - 1)` for `n` words to choose from, of which none follows itself.
    #[must_use]
    pub fn entropy_bits(&self) -> f64 {
        let choices = self.choices().len() as f64;
        match self.length {
            0 => 0.0,
            length => choices.log2() + (length - 1) as f64 * (choices - 1.0).log2(),
        }
    }

    fn choices(&self) -> &'static [&'static str] {
        self.language.lexicon().choices(self.kind)
    }
}

/// The words that have to be said, in order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Their language.
    pub language: Language,
    /// Of what kind they are.
    pub kind: PromptKind,
    /// The words as they are spoken, digits too.
    pub words: Vec<String>,
}

impl Prompt {
    /// Draws the words; all prompts of `spec` are equally likely. `random` gives uniform, unpredictable numbers.
    #[must_use]
    pub fn draw(spec: &PromptSpec, mut random: impl FnMut() -> u32) -> Self {
        let choices = spec.choices();
        let mut words = Vec::with_capacity(spec.length);
        let mut last = None;
        for _ in 0..spec.length {
            // One fewer to choose from after the first: places from that of the last word on move up by one.
            let place = match last {
                None => below(choices.len(), &mut random),
                Some(last) => {
                    let place = below(choices.len() - 1, &mut random);
                    if place < last { place } else { place + 1 }
                }
            };
            last = Some(place);
            words.push(choices[place].to_owned());
        }
        Self { language: spec.language, kind: spec.kind, words }
    }

    /// The prompt as it is best shown: digits as numerals, words as they are, apart by spaces.
    #[must_use]
    pub fn display(&self) -> String {
        let shown = self.words.iter().map(|word| match self.kind {
            PromptKind::Digits => {
                let value = DIGITS.iter().position(|digit| digit == word);
                value.map_or_else(|| word.clone(), |value| value.to_string())
            }
            PromptKind::Words => word.clone(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }
}

/// What was asked for is nobody else's business, not even the log's.
impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt({} {} in {})", self.words.len(), self.kind, self.language)
    }
}

/// A uniform number below `bound`, by rejection, so that no remainder is favoured. `bound` is small and not zero.
fn below(bound: usize, random: &mut impl FnMut() -> u32) -> usize {
    let bound = u32::try_from(bound).expect("a lexicon has fewer than 2^32 words");
    let fair = u32::MAX - u32::MAX % bound;
    loop {
        let drawn = random();
        if drawn < fair {
            return (drawn % bound) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
    fn random(mut seed: u64) -> impl FnMut() -> u32 {
        move || {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 32) as u32
        }
    }

    #[test]
    fn what_is_easily_guessed_is_refused_with_what_would_do() {
        let spec = |kind, length| PromptSpec::new(Language::En, kind, length);
        for length in 0..7 {
            let refused = PromptError::TooShort { kind: PromptKind::Digits, length, least: 7 };
            assert_eq!(spec(PromptKind::Digits, length), Err(refused));
        }
        // log2(10 · 9^6)
        let bits = spec(PromptKind::Digits, 7).unwrap().entropy_bits();
        assert!((bits - 22.341_5).abs() < 1e-3, "{bits}");
        assert!(spec(PromptKind::Words, MAX_WORDS).is_ok());
        for length in [MAX_WORDS + 1, usize::MAX] {
            let refused = PromptError::TooLong { kind: PromptKind::Words, length };
            assert_eq!(spec(PromptKind::Words, length), Err(refused));
        }
    }

    #[test]
    fn digits_are_shown_as_numerals_and_kept_out_of_the_log() {
        let words = ["seven", "zero", "four"].map(str::to_owned).to_vec();
        let prompt = Prompt { language: Language::En, kind: PromptKind::Digits, words };
        assert_eq!(prompt.display(), "7 0 4");
        assert_eq!(format!("{prompt:?}"), "Prompt(3 digits in en)");
        assert_eq!(Prompt { kind: PromptKind::Words, ..prompt }.display(), "seven zero four");
    }

    /// Of 50 000 drawn digits each value comes as often as the others, first and later.
    #[test]
    fn no_word_is_favoured() {
        let spec = PromptSpec::new(Language::En, PromptKind::Digits, 10).unwrap();
        let mut random = random(7);
        let (mut first, mut all) = (HashMap::new(), HashMap::new());
        for _ in 0..5000 {
            let prompt = Prompt::draw(&spec, &mut random);
            *first.entry(prompt.words[0].clone()).or_insert(0) += 1;
            for word in prompt.words {
                *all.entry(word).or_insert(0) += 1;
            }
        }
        // Six standard deviations of a fair draw.
        assert!(first.len() == 10 && first.values().all(|n| (500_i32 - n).abs() < 130), "{first:?}");
        assert!(all.len() == 10 && all.values().all(|n| (5000_i32 - n).abs() < 410), "{all:?}");
    }

    #[test]
    fn remainders_are_drawn_again() {
        let mut numbers = [u32::MAX, u32::MAX - 5, u32::MAX - 6].into_iter();
        assert_eq!(below(10, &mut || numbers.next().unwrap()), ((u32::MAX - 6) % 10) as usize);
    }

    proptest! {
        #[test]
        fn a_prompt_has_known_words_none_twice_in_a_row(
            seed: u64, length in 7_usize..=MAX_WORDS, digits: bool,
        ) {
            let kind = if digits { PromptKind::Digits } else { PromptKind::Words };
            let spec = PromptSpec::new(Language::En, kind, length).unwrap();
            prop_assert!(spec.entropy_bits() >= MIN_ENTROPY_BITS);
            let prompt = Prompt::draw(&spec, random(seed));
            prop_assert_eq!(prompt.words.len(), length);
            prop_assert!(prompt.words.windows(2).all(|pair| pair[0] != pair[1]));
            let choices = Language::En.lexicon().choices(kind);
            prop_assert!(prompt.words.iter().all(|word| choices.contains(&word.as_str())));
            prop_assert_eq!(&prompt, &Prompt::draw(&spec, random(seed)));
        }
    }
}
