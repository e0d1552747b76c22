//! Sentences that were read and could be prompts.

use std::path::{Path, PathBuf};

use voicegate_core::challenge::prompt::MAX_WORDS;
use voicegate_core::challenge::{Language, Prompt, PromptKind};

use super::columns::read;
use crate::exit::Failure;

/// Fewest words, so that two can be exchanged.
const LEAST_WORDS: usize = 2;

/// The sentences of a list.
pub(super) struct Sentences {
    /// Lines with a text.
    pub(super) listed: usize,
    /// Those that could be a prompt.
    pub(super) usable: Vec<Sentence>,
}

/// One recording.
pub(super) struct Sentence {
    pub(super) path: PathBuf,
    /// Data set and speaker.
    pub(super) speaker: String,
    pub(super) prompt: Prompt,
}

impl Sentences {
    /// Reads a list with the columns `path`, `dataset`, `speaker` and `text`; lines without a text are no sentences.
    pub(super) fn read(list: &Path) -> Result<Self, Failure> {
        let rows =
            read(list, ["path", "dataset", "speaker", "text"], |path, [_, dataset, speaker, text]| {
                match (dataset, speaker) {
                    ("", _) => Err("'dataset' is missing".to_owned()),
                    (_, "") => Err("'speaker' is missing".to_owned()),
                    _ => Ok((path, format!("{dataset}/{speaker}"), text.to_owned())),
                }
            })?;
        let listed = rows.iter().filter(|(_, _, text)| !text.trim().is_empty()).count();
        let sentence = |(path, speaker, text): (PathBuf, String, String)| {
            Some(Sentence { path, speaker, prompt: prompt(&text)? })
        };
        Ok(Self { listed, usable: rows.into_iter().filter_map(sentence).collect() })
    }
}

/// The text as a prompt; `None` if prompts of neither kind have all its words, or it is too short or too long for one.
fn prompt(text: &str) -> Option<Prompt> {
    let apart = |c: char| !c.is_alphanumeric() && c != '\'';
    let words: Vec<String> =
        text.split(apart).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    if !(LEAST_WORDS..=MAX_WORDS).contains(&words.len()) {
        return None;
    }
    let language = Language::En;
    let has_all = |kind: &PromptKind| {
        let choices = language.lexicon().choices(*kind);
        words.iter().all(|word| choices.contains(&word.as_str()))
    };
    let kind = [PromptKind::Digits, PromptKind::Words].into_iter().find(has_all)?;
    Some(Prompt { language, kind, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sentences_of_known_words_are_taken() {
        let [first, second] = [0, 1].map(|place| Language::En.lexicon().choices(PromptKind::Words)[place]);
        let words = |text: String| prompt(&text).map(|prompt| (prompt.kind, prompt.words));
        let both = |kind, words: [&str; 2]| Some((kind, words.map(str::to_owned).to_vec()));
        assert_eq!(
            words(format!("{}, {second}.", first.to_uppercase())),
            both(PromptKind::Words, [first, second])
        );
        assert_eq!(words("ONE SEVEN".to_owned()), both(PromptKind::Digits, ["one", "seven"]));
        assert_eq!(words(format!("{first} {second} xylophones")), None);
        assert_eq!(words(format!("{first} {second} seven")), None, "no prompt has both");
        assert_eq!(words(first.to_owned()), None);
        assert_eq!(words(format!("{first} ").repeat(MAX_WORDS + 1)), None);
        assert_eq!(words(String::new()), None);
    }
}
