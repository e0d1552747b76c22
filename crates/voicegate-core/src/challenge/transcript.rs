//! What speaks for a prompt in a transcript: for recognisers that give words with probabilities and no posteriors of phones.

use super::evidence::{MOST, Span};
use super::lexicon::DIGITS;
use super::timing::Timing;
use super::{Heard, Prompt, PromptKind};
use crate::decide::Proof;

/// Seconds of the frames in which the times of words are counted.
const FRAME_S: f64 = 0.01;

/// Words that sound like a digit. A transcript spells them by what it takes for the sense.
const HOMOPHONES: [(&str, &str); 5] =
    [("won", "one"), ("to", "two"), ("too", "two"), ("for", "four"), ("ate", "eight")];

/// A word of a transcript. What was said goes into no log, so it cannot be printed.
#[derive(Clone, PartialEq)]
pub struct Word {
    /// As the recogniser wrote it, with its punctuation.
    pub text: String,
    /// How likely it is after what comes before, in [0, 1], if the recogniser says so.
    pub probability: Option<f64>,
    /// Its beginning and end in seconds, if the recogniser says so.
    pub time: Option<(f64, f64)>,
}

/// Judges whether the words of `prompt` stand in the transcript `words`, in order and next to each other. Capitals and
/// punctuation do not matter, nor whether a number is in numerals (`704`) or in words, or a compound is in two words.
///
/// The ratio is the log odds `ln(P / (1 − P))`, in ±[`MOST`], of `P = Π pᵢ`: by the chain rule, the probability that each
/// word of the prompt was said in its place. `pᵢ` is what the recogniser gives the word if it is the right one, what that
/// leaves for all others together (an upper bound) if it is another, and 0 if there is none; a word without a probability
/// is taken as certain. Of the places where the prompt may begin, the one with the most right words counts, and of several
/// the likeliest.
///
/// The ratio does not decide, the words do: probabilities of a recogniser that nobody has calibrated have no threshold.
#[must_use]
pub fn judge(words: &[Word], prompt: &Prompt) -> Heard {
    let tokens: Vec<Token> = words.iter().flat_map(|word| tokens(word, prompt.kind)).collect();
    let fits = (0..=tokens.len()).map(|start| Fit::new(&tokens[start..], &prompt.words));
    let better = |a: &Fit, b: &Fit| a.right.cmp(&b.right).then(a.probability.total_cmp(&b.probability));
    let best = fits.max_by(better).expect("there is at least the end of the transcript");
    let all = best.right == prompt.words.len();
    Heard {
        llr: (best.probability / (1.0 - best.probability)).ln().clamp(-MOST, MOST),
        passed: if all { Proof::Passed } else { Proof::Failed },
        timing: best.spans.filter(|_| all).and_then(|spans| Timing::new(&spans, FRAME_S)),
    }
}

/// A word in small letters alone; a digit as its word.
struct Token {
    text: String,
    probability: f64,
    span: Option<Span>,
}

/// The words in what was written as one, such as `7-0-4.`
fn tokens(word: &Word, kind: PromptKind) -> Vec<Token> {
    let mut texts: Vec<String> = Vec::new();
    let mut open = false;
    for c in word.text.chars().flat_map(char::to_lowercase) {
        match (c.to_digit(10), c) {
            (Some(digit), _) => texts.push(DIGITS[digit as usize].to_owned()),
            (None, '\'' | '’') => continue,
            (None, c) if c.is_alphanumeric() => match texts.last_mut().filter(|_| open) {
                Some(text) => text.push(c),
                None => texts.push(c.to_string()),
            },
            _ => {}
        }
        open = c.is_alphanumeric() && !c.is_ascii_digit();
    }
    // Equal parts, so that the product is that of the whole.
    let probability = word.probability.filter(|p| (0.0..=1.0).contains(p)).unwrap_or(1.0);
    let probability = probability.powf(1.0 / texts.len().max(1) as f64);
    // Nobody said when the words of a number were.
    let span = word.time.and_then(span).filter(|_| texts.len() == 1);
    let spoken = |text: String| match HOMOPHONES.iter().find(|(written, _)| *written == text) {
        Some((_, digit)) if kind == PromptKind::Digits => (*digit).to_owned(),
        _ => text,
    };
    texts.into_iter().map(|text| Token { text: spoken(text), probability, span }).collect()
}

fn span((start, end): (f64, f64)) -> Option<Span> {
    let frame = |seconds: f64| (seconds / FRAME_S).round() as usize;
    (0.0 <= start && start <= end && end.is_finite()).then(|| Span { start: frame(start), end: frame(end) })
}

/// A prompt laid against the beginning of some tokens.
struct Fit {
    /// How many of its words are the right ones.
    right: usize,
    probability: f64,
    spans: Option<Vec<Span>>,
}

impl Fit {
    fn new(mut tokens: &[Token], words: &[String]) -> Self {
        let mut fit = Self { right: 0, probability: 1.0, spans: Some(Vec::with_capacity(words.len())) };
        for word in words {
            let spelled = spelled(word, tokens);
            let (these, after) = tokens.split_at(spelled.unwrap_or(tokens.len().min(1)));
            // Of nothing: 1, which leaves no probability for the word.
            let probability: f64 = these.iter().map(|token| token.probability).product();
            fit.right += usize::from(spelled.is_some());
            fit.probability *= if spelled.is_some() { probability } else { 1.0 - probability };
            let span = match these {
                [first, .., last] => {
                    first.span.zip(last.span).map(|(first, last)| Span { start: first.start, end: last.end })
                }
                [only] => only.span,
                [] => None,
            };
            fit.spans = fit.spans.zip(span).map(|(mut spans, span)| {
                spans.push(span);
                spans
            });
            tokens = after;
        }
        fit
    }
}

/// How many tokens from the first on are together spelled like `word`.
fn spelled(word: &str, tokens: &[Token]) -> Option<usize> {
    let mut rest = word;
    for (n, token) in tokens.iter().enumerate() {
        rest = rest.strip_prefix(token.text.as_str())?;
        if rest.is_empty() {
            return Some(n + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::Language;

    fn prompt(kind: PromptKind, words: &str) -> Prompt {
        Prompt { language: Language::En, kind, words: words.split(' ').map(str::to_owned).collect() }
    }

    fn word(text: &str, probability: impl Into<Option<f64>>) -> Word {
        Word { text: text.to_owned(), probability: probability.into(), time: None }
    }

    fn heard(transcript: &str, prompt: &Prompt) -> Heard {
        judge(&transcript.split(' ').map(|text| word(text, 0.9)).collect::<Vec<_>>(), prompt)
    }

    #[test]
    fn digits_are_the_same_however_they_are_written() {
        let asked = prompt(PromptKind::Digits, "seven zero four two");
        for right in [
            "seven zero four two",
            "Seven, Zero; FOUR... two!",
            "7 0 4 2",
            "7042.",
            "7,042",
            "7-0 42",
            "seven zero for to",
            "Well, 70 four two, thanks 5",
        ] {
            assert_eq!(heard(right, &asked).passed, Proof::Passed, "{right}");
        }
        for wrong in [
            "",
            "seven",
            "seven zero four",
            "zero seven four two",
            "seven zero two four",
            "seven zero four three",
            "seven zero um four two",
            "seventy four two",
            "7 0 4 12",
            "sevenzero fourteen two",
        ] {
            let heard = heard(wrong, &asked);
            assert!(
                heard.passed == Proof::Failed && heard.llr < -2.0 && heard.timing.is_none(),
                "{wrong}: {heard:?}"
            );
        }
    }

    #[test]
    fn words_are_compared_by_their_letters() {
        let asked = prompt(PromptKind::Words, "sunflower two fireplace");
        assert_eq!(heard("Sun flower, two fire-place.", &asked).passed, Proof::Passed);
        assert_eq!(heard("sunflower to fireplace", &asked).passed, Proof::Failed, "it is not among digits");
        assert_eq!(heard("sun flowers two fireplace", &asked).passed, Proof::Failed);
        assert_eq!(heard("sunflowertwofireplace", &asked).passed, Proof::Failed);
    }

    #[test]
    fn the_ratio_is_the_odds_of_all_words_together() {
        let asked = prompt(PromptKind::Digits, "one two");
        let llr = |words: &[Word]| judge(words, &asked).llr;
        let odds = |p: f64| (p / (1.0 - p)).ln();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        near(llr(&[word("one", 0.8), word("two", 0.5)]), odds(0.4));
        near(llr(&[word("12", 0.4)]), odds(0.4));
        near(llr(&[word("one", 0.8), word("three", 0.7)]), odds(0.8 * 0.3));
        near(llr(&[word("one", 0.2), word("two", 0.2), word("one", 0.9), word("two", 0.9)]), odds(0.81));
        near(llr(&[word("one", None::<f64>), word("two", None::<f64>)]), MOST);
        for impossible in [&[word("one", 0.9)][..], &[word("one", 1.0), word("nine", None::<f64>)], &[]] {
            near(llr(impossible), -MOST);
        }
        // What no recogniser should say.
        for strange in [f64::NAN, f64::INFINITY, -1.0] {
            let said = llr(&[word("one", strange), word("two", strange)]);
            assert!((-MOST..=MOST).contains(&said), "{strange}: {said}");
        }
    }

    #[test]
    fn timing_needs_the_times_of_all_words() {
        let asked = prompt(PromptKind::Digits, "one two");
        let timed = |times: [(f64, f64); 2]| {
            let words = ["one", "two"].into_iter().zip(times);
            let words: Vec<_> =
                words.map(|(text, time)| Word { time: Some(time), ..word(text, 0.9) }).collect();
            judge(&words, &asked).timing
        };
        let timing = timed([(0.5, 0.8), (1.0, 1.5)]).unwrap();
        assert!(
            (timing.reaction_s - 0.5).abs() < 1e-9 && (timing.longest_pause_s - 0.2).abs() < 1e-9,
            "{timing:?}"
        );
        for bad in [(-1.0, 0.2), (0.3, 0.2), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(timed([bad, (1.0, 1.5)]), None, "{bad:?}");
        }
        let number = Word { time: Some((0.0, 1.0)), ..word("12", 0.9) };
        assert_eq!(judge(&[number], &asked).timing, None);
    }
}
