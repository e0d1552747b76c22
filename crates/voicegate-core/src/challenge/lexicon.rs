//! The words of each language and how they sound.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::PromptKind;

/// A language that prompts can be given in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 1] = [Self::En];

    /// Its code (ISO 639-1).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
        }
    }

    /// The language of a tag as in RFC 5646; only its primary subtag counts, so that `en-GB` is English.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.as_str()))
    }

    /// Its words.
    #[must_use]
    pub fn lexicon(self) -> &'static Lexicon {
        static EN: LazyLock<Lexicon> = LazyLock::new(|| {
            Lexicon::parse(include_str!("lexicon/en.tsv")).expect("the lexicon of the program is well formed")
        });
        match self {
            Self::En => &EN,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The digits by their value.
pub(super) const DIGITS: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// Words with their pronunciations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexicon {
    /// Word to its pronunciations, each a sequence of phones.
    words: BTreeMap<&'static str, Vec<Vec<&'static str>>>,
    digits: Vec<&'static str>,
    others: Vec<&'static str>,
}

impl Lexicon {
    /// Reads lines of `word<TAB>phone phone …`; a further line of a word is a further pronunciation. `None` for a line
    /// of another form, or a pronunciation that stands there twice.
    #[must_use]
    pub fn parse(text: &'static str) -> Option<Self> {
        let mut words: BTreeMap<_, Vec<Vec<_>>> = BTreeMap::new();
        for line in text.lines() {
            let (word, phones) = line.split_once('\t')?;
            let phones: Vec<_> = phones.split_ascii_whitespace().collect();
            let variants = words.entry(word).or_default();
            if word.is_empty() || phones.is_empty() || variants.contains(&phones) {
                return None;
            }
            variants.push(phones);
        }
        let (digits, others) = words.keys().partition(|word| DIGITS.contains(word));
        Some(Self { words, digits, others })
    }

    /// The words that prompts of `kind` are drawn from.
    #[must_use]
    pub fn choices(&self, kind: PromptKind) -> &[&'static str] {
        match kind {
            PromptKind::Digits => &self.digits,
            PromptKind::Words => &self.others,
        }
    }

    /// The words that `word` of `kind` is most easily taken for: the `count` nearest of the others by the edit distance of
    /// their closest pronunciations, the first by name of those equally near.
    #[must_use]
    pub fn rivals(&self, word: &str, kind: PromptKind, count: usize) -> Vec<&'static str> {
        let distance = |other: &str| {
            let pairs =
                self.variants(word).iter().flat_map(|a| self.variants(other).iter().map(move |b| (a, b)));
            pairs.map(|(a, b)| edit_distance(a, b)).min()
        };
        // Choices are in order of their names, and the sort keeps that order.
        let mut others: Vec<_> = self.choices(kind).iter().copied().filter(|&other| other != word).collect();
        others.sort_by_cached_key(|&other| distance(other));
        others.truncate(count);
        others
    }

    /// The pronunciations of `word`; none if it is not in the lexicon.
    #[must_use]
    pub fn variants(&self, word: &str) -> &[Vec<&'static str>] {
        self.words.get(word).map_or(&[], Vec::as_slice)
    }
}

/// Levenshtein distance.
fn edit_distance(a: &[&str], b: &[&str]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_ten_digits_and_words_beside_them() {
        for language in Language::ALL {
            let lexicon = language.lexicon();
            assert_eq!(lexicon.choices(PromptKind::Digits).len(), 10, "{language}");
            let words = lexicon.choices(PromptKind::Words);
            assert!(words.len() >= 10 && !words.iter().any(|word| DIGITS.contains(word)), "{language}");
            for word in DIGITS.iter().chain(words) {
                assert!(!lexicon.variants(word).is_empty(), "{language}: {word}");
            }
            assert!(lexicon.variants("supercalifragilistic").is_empty());
        }
    }

    #[test]
    fn rivals_are_the_words_that_sound_most_alike() {
        let text = "one\tW AH N\none\tHH W AH N\ntwo\tT UW\nfive\tF AY V\nnine\tN AY N\nfour\tF AO R\nzero\tZ IY R OW\n";
        let lexicon = Lexicon::parse(text).unwrap();
        let rivals = |word, count| lexicon.rivals(word, PromptKind::Digits, count);
        assert_eq!(rivals("nine", 2), ["five", "one"]);
        assert_eq!(rivals("five", 3), ["four", "nine", "one"], "equally near ones by name");
        assert_eq!(rivals("nine", 9).len(), 5, "all the others");
        for (a, b, distance) in
            [("W AH N", "HH W AH N", 1), ("W AH N", "N AH W", 2), ("T", "F AO R", 3), ("T", "T", 0)]
        {
            let phones = |text: &'static str| text.split(' ').collect::<Vec<_>>();
            assert_eq!(edit_distance(&phones(a), &phones(b)), distance, "{a} {b}");
        }
    }

    #[test]
    fn lines_of_another_form_are_refused() {
        assert!(Lexicon::parse("one\tW AH N\none\tHH W AH N\n").is_some());
        for bad in ["one W AH N", "\tW", "one\t ", "one\tW AH N\none\tW AH  N", "one\tW\n\n"] {
            assert!(Lexicon::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn tags_are_taken_by_their_primary_subtag() {
        for (tag, language) in [
            ("en", Some(Language::En)),
            ("EN-gb", Some(Language::En)),
            ("de", None),
            ("", None),
            ("eng", None),
        ] {
            assert_eq!(Language::of_tag(tag), language, "{tag}");
        }
    }
}
