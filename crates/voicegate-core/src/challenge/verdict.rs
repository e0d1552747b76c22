//! Whether the words were said.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::likelihood::Spoken;
use super::posteriors::{BLANK, Posteriors};
use super::timing::Timing;
use super::{Prompt, PromptKind};
use crate::decide::Proof;

/// Words of the vocabulary that each word of a prompt is held against.
const RIVALS: usize = 9;

/// The rules that decide, fitted for one recogniser: one for each kind of prompt, whose words differ in length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// For digits.
    pub digits: Decision,
    /// For words.
    pub words: Decision,
}

impl Rules {
    /// Judges whether `prompt` was said, by the rule for its kind.
    ///
    /// # Errors
    /// As [`Decision::judge`].
    pub fn judge(
        &self,
        posteriors: &Posteriors<'_>,
        prompt: &Prompt,
        symbols: &[String],
        frame_s: f64,
    ) -> Result<Heard, DeafTo> {
        let rule = match prompt.kind {
            PromptKind::Digits => &self.digits,
            PromptKind::Words => &self.words,
        };
        rule.judge(posteriors, prompt, symbols, frame_s)
    }
}

/// A logistic regression over [`Evidence::features`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Added to the weighted features.
    pub bias: f64,
    /// Weights of the features.
    pub weights: [f64; 3],
    /// Least log-likelihood ratio that passes.
    pub threshold: f64,
}

/// What was heard of a prompt: numbers, never what was said instead.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Natural-log likelihood ratio: the prompt against other words.
    pub llr: f64,
    /// Whether that is enough.
    pub passed: Proof,
    /// When the words came; `None` where they cannot have been said, or nobody knows when.
    pub timing: Option<Timing>,
}

/// The recogniser cannot hear this prompt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeafTo {
    /// It has another number of symbols than the posteriors.
    #[error("the recogniser names {named} symbols and gives posteriors of {given}")]
    Symbols {
        /// How many it names.
        named: usize,
        /// How many the posteriors have.
        given: usize,
    },
    /// A word that is not in the lexicon any more.
    #[error("a word of the prompt is not in the lexicon")]
    Word,
    /// A phone of the lexicon that the recogniser does not know.
    #[error("the recogniser does not know the phone {0}")]
    Phone(String),
}

impl Decision {
    /// Judges whether `prompt` was said. `symbols` names the symbols of the recogniser, the blank first, whose frames are
    /// `frame_s` seconds apart.
    ///
    /// # Errors
    /// [`DeafTo`] if recogniser and lexicon do not belong together: a fault of the installation, not of the speaker.
    pub fn judge(
        &self,
        posteriors: &Posteriors<'_>,
        prompt: &Prompt,
        symbols: &[String],
        frame_s: f64,
    ) -> Result<Heard, DeafTo> {
        let evidence = self.evidence(posteriors, prompt, symbols)?;
        let weighted = self.weights.iter().zip(evidence.features()).map(|(weight, feature)| weight * feature);
        let llr = self.bias + weighted.sum::<f64>();
        Ok(Heard {
            llr,
            passed: if llr >= self.threshold { Proof::Passed } else { Proof::Failed },
            timing: evidence.spans.and_then(|spans| Timing::new(&spans, frame_s)),
        })
    }

    /// What speaks for `prompt`, each word held against the nine of its kind that sound most like it.
    ///
    /// # Errors
    /// As [`Self::judge`].
    pub fn evidence(
        &self,
        posteriors: &Posteriors<'_>,
        prompt: &Prompt,
        symbols: &[String],
    ) -> Result<Evidence, DeafTo> {
        if symbols.len() != posteriors.symbols() {
            return Err(DeafTo::Symbols { named: symbols.len(), given: posteriors.symbols() });
        }
        let lexicon = prompt.language.lexicon();
        let spoken = |word: &str| spoken(lexicon.variants(word), symbols);
        let words = prompt.words.iter().map(|word| spoken(word)).collect::<Result<Vec<_>, _>>()?;
        let rivals = prompt.words.iter().map(|word| {
            lexicon.rivals(word, prompt.kind, RIVALS).into_iter().map(spoken).collect::<Result<Vec<_>, _>>()
        });
        let rivals = rivals.collect::<Result<Vec<_>, _>>()?;
        Ok(Evidence::new(posteriors, &words, &rivals))
    }
}

/// Pronunciations as symbols.
fn spoken(variants: &[Vec<&str>], symbols: &[String]) -> Result<Spoken, DeafTo> {
    let symbol = |phone: &str| {
        let found = symbols.iter().position(|symbol| symbol == phone).filter(|&symbol| symbol != BLANK);
        found.ok_or_else(|| DeafTo::Phone(phone.to_owned()))
    };
    if variants.is_empty() {
        return Err(DeafTo::Word);
    }
    variants.iter().map(|phones| phones.iter().map(|phone| symbol(phone)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::Language;

    const RULE: Decision = Decision { bias: 2.0, weights: [2.0, 0.5, 0.0], threshold: 9.0 };

    fn symbols() -> Vec<String> {
        let lexicon = Language::En.lexicon();
        let words =
            [PromptKind::Digits, PromptKind::Words].into_iter().flat_map(|kind| lexicon.choices(kind));
        let mut phones: Vec<_> = words.flat_map(|word| lexicon.variants(word).iter().flatten()).collect();
        phones.sort_unstable();
        phones.dedup();
        std::iter::once(&"<blank>").chain(phones).map(|symbol| (*symbol).to_owned()).collect()
    }

    fn prompt(words: &[&str]) -> Prompt {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Prompt { language: Language::En, kind: PromptKind::Digits, words }
    }

    /// Posteriors of `words`, each phone 3 frames, 5 frames of silence around.
    fn said(words: &[&str], symbols: &[String]) -> Vec<f32> {
        let mut path = vec![BLANK; 5];
        for word in words {
            for phone in &spoken(Language::En.lexicon().variants(word), symbols).unwrap()[0] {
                path.extend([*phone, *phone, BLANK]);
            }
            path.extend([BLANK; 5]);
        }
        let rest = 0.1 / (symbols.len() - 1) as f32;
        let row = |said: usize| (0..symbols.len()).map(move |s| if s == said { 0.9_f32 } else { rest }.ln());
        path.into_iter().flat_map(row).collect()
    }

    #[test]
    fn the_right_words_pass_and_others_do_not() {
        let symbols = symbols();
        let asked = ["seven", "zero", "four", "six"];
        let judge = |words: &[&str]| {
            let values = said(words, &symbols);
            let posteriors = Posteriors::new(&values, symbols.len()).unwrap();
            RULE.judge(&posteriors, &prompt(&asked), &symbols, 0.03).unwrap()
        };
        let right = judge(&asked);
        assert_eq!(right.passed, Proof::Passed, "{right:?}");
        let timing = right.timing.unwrap();
        assert!((timing.reaction_s - 0.15).abs() < 0.04, "{timing:?}");
        for wrong in [
            &["seven", "zero", "six", "four"][..],
            &["seven", "zero", "four"],
            &["seven", "zero", "four", "six", "one"],
            &["one", "two", "three", "five"],
            &["one"],
        ] {
            let heard = judge(wrong);
            assert!(heard.passed == Proof::Failed && heard.llr < right.llr - 3.0, "{wrong:?}: {heard:?}");
        }
    }

    #[test]
    fn a_recogniser_that_does_not_belong_to_the_lexicon_is_a_fault() {
        let symbols = symbols();
        let values = said(&["one"], &symbols);
        let posteriors = Posteriors::new(&values, symbols.len()).unwrap();
        let judge = |words: &[&str], symbols: &[String]| {
            RULE.judge(&posteriors, &prompt(words), symbols, 0.03).map(|heard| heard.passed)
        };
        let fewer = judge(&["one"], &symbols[1..]);
        assert_eq!(fewer, Err(DeafTo::Symbols { named: symbols.len() - 1, given: symbols.len() }));
        assert_eq!(judge(&["eleven hundred"], &symbols), Err(DeafTo::Word));
        let renamed: Vec<_> = symbols.iter().map(|s| if s == "W" { "w" } else { s }.to_owned()).collect();
        assert_eq!(judge(&["one"], &renamed), Err(DeafTo::Phone("W".into())));
    }

    #[test]
    fn a_rule_is_read_as_it_was_fitted() {
        let text = r#"{"bias": 2.0, "weights": [2.0, 0.5, 0.0], "threshold": 9.0}"#;
        assert_eq!(serde_json::from_str::<Decision>(text).unwrap(), RULE);
        assert!(serde_json::from_str::<Decision>(&text.replace("bias", "offset")).is_err());
    }
}
