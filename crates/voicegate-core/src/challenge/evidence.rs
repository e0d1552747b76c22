//! What speaks for a prompt.
//!
//! The whole is held against the best path through the recording, whatever that says, and each word against those of the
//! vocabulary that sound most like it. In a recording that is less clear, less can be asked for.

use super::likelihood::{Front, Spoken};
use super::posteriors::Posteriors;

/// Largest feature, in nats, in either direction: what is beyond is as good as impossible.
pub const MOST: f64 = 20.0;

/// Where a word lies, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first frame.
    pub start: usize,
    /// The frame after its last.
    pub end: usize,
}

/// What speaks for a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Natural-log likelihood of the recording if the words were said; minus infinity where they cannot have been.
    pub log_likelihood: f64,
    /// Its ratio against the best path of all, per phone.
    pub against_free: f64,
    /// For each word, its ratio against the most likely of its rivals in its place; infinite where one of both cannot
    /// have been said.
    pub against_rivals: Vec<f64>,
    /// Log-posterior of the best path of all, per frame: 0 when every sound is clear.
    pub clarity: f64,
    /// When each word most likely begins and ends; `None` where they cannot have been said. A recogniser puts a phone
    /// somewhere within its sound, so this is good to about a phone's length.
    pub spans: Option<Vec<Span>>,
}

impl Evidence {
    /// The evidence in `posteriors` for `words` in a row, with silence alone around them; the i-th of them is held against
    /// `rivals[i]`.
    #[must_use]
    pub fn new(posteriors: &Posteriors<'_>, words: &[Spoken], rivals: &[Vec<Spoken>]) -> Self {
        let backwards = posteriors.reversed();
        let heads = fronts(posteriors, words.iter().cloned());
        // The n-th holds the last n words.
        let tails = fronts(&backwards, words.iter().rev().map(reversed));
        let whole = heads[words.len()].join(&tails[0]);
        let best = posteriors.best_paths()[posteriors.frames()];
        let phones: usize = words.iter().map(|word| word.first().map_or(0, Vec::len).max(1)).sum();
        let against_rivals = (0..words.len()).map(|i| {
            let (before, after) = (&heads[i], &tails[words.len() - 1 - i]);
            let others = rivals.get(i).into_iter().flatten();
            let rival = others.map(|word| before.then(posteriors, word).join(after));
            against(whole, rival.fold(f64::NEG_INFINITY, f64::max))
        });
        Self {
            log_likelihood: whole,
            against_free: against(whole, best) / phones as f64,
            against_rivals: against_rivals.collect(),
            clarity: best / posteriors.frames() as f64,
            spans: (whole > f64::NEG_INFINITY).then(|| spans(&heads, &tails)),
        }
    }

    /// The three numbers that decide, each in ±[`MOST`]: the whole against the best path, the words against their rivals in
    /// the mean, and how clear the recording is.
    #[must_use]
    pub fn features(&self) -> [f64; 3] {
        let rivals = self.against_rivals.iter().sum::<f64>() / self.against_rivals.len().max(1) as f64;
        [self.against_free, rivals, self.clarity].map(|feature| feature.clamp(-MOST, MOST))
    }
}

/// The fronts before the first word, after the first, and so on.
fn fronts(posteriors: &Posteriors<'_>, words: impl Iterator<Item = Spoken>) -> Vec<Front> {
    let mut fronts = vec![Front::new(posteriors.silence())];
    for word in words {
        let next = fronts[fronts.len() - 1].then(posteriors, &word);
        fronts.push(next);
    }
    fronts
}

/// The word from its end.
fn reversed(word: &Spoken) -> Spoken {
    word.iter().map(|phones| phones.iter().rev().copied().collect()).collect()
}

/// The ratio of `whole` against `other`; nothing speaks for what cannot have been said.
fn against(whole: f64, other: f64) -> f64 {
    if whole == f64::NEG_INFINITY { f64::NEG_INFINITY } else { whole - other }
}

/// For each word the frames at which it most likely begins and ends, over all paths.
fn spans(heads: &[Front], tails: &[Front]) -> Vec<Span> {
    let words = heads.len() - 1;
    let mut free_from = 0;
    (0..words)
        .map(|i| {
            let begins = heads[i].meeting(&tails[words - i]);
            let start = likeliest(&begins).max(free_from);
            let rest = tails[words - 1 - i].before(None);
            let ends: Vec<f64> =
                heads[i + 1].said().iter().zip(rest.iter().rev()).map(|(a, b)| a + b).collect();
            let end = likeliest(&ends).max(start + 1);
            free_from = end;
            Span { start, end }
        })
        .collect()
}

fn likeliest(log_likelihoods: &[f64]) -> usize {
    let most = log_likelihoods.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    most.map_or(0, |(frame, _)| frame)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames that say one symbol each, nearly surely.
    fn saying(path: &[usize], symbols: usize) -> Vec<f32> {
        let rest = 0.01 / (symbols - 1) as f32;
        let row = |&said: &usize| {
            (0..symbols).map(|symbol| if symbol == said { 0.99_f32 } else { rest }.ln()).collect::<Vec<_>>()
        };
        path.iter().flat_map(row).collect()
    }

    fn words(phones: &[&[usize]]) -> Vec<Spoken> {
        phones.iter().map(|phones| vec![phones.to_vec()]).collect()
    }

    fn evidence(path: &[usize], said: &[&[usize]], rival: &[usize]) -> Evidence {
        let values = saying(path, 5);
        let posteriors = Posteriors::new(&values, 5).unwrap();
        let rivals = vec![words(&[rival]); said.len()];
        Evidence::new(&posteriors, &words(said), &rivals)
    }

    const PATH: [usize; 12] = [0, 0, 1, 1, 0, 2, 0, 0, 0, 3, 2, 0];

    #[test]
    fn what_was_said_has_the_odds_on_its_side_and_lies_where_its_phones_are() {
        let right = evidence(&PATH, &[&[1, 2], &[3, 2]], &[4]);
        let [whole, rivals, clarity] = right.features();
        assert!(whole.abs() < 0.1 && rivals > 5.0 && clarity.abs() < 0.05, "{right:?}");
        assert_eq!(right.spans.unwrap(), [Span { start: 2, end: 6 }, Span { start: 9, end: 11 }]);
    }

    #[test]
    fn one_wrong_word_shows_at_its_place() {
        let wrong = evidence(&PATH, &[&[1, 2], &[4, 1]], &[3, 2]);
        assert!(wrong.against_rivals[0] > 0.0 && wrong.against_rivals[1] < -5.0, "{wrong:?}");
        let swapped = evidence(&PATH, &[&[3, 2], &[1, 2]], &[4]);
        assert!(swapped.against_free < -1.0, "{swapped:?}");
    }

    #[test]
    fn words_around_the_prompt_speak_against_it() {
        let more = evidence(&[0, 4, 4, 0, 1, 1, 2, 0, 3, 4, 0], &[&[1, 2]], &[3]);
        assert!(more.against_free < -5.0, "{more:?}");
    }

    #[test]
    fn what_cannot_have_been_said_is_as_unlikely_as_can_be() {
        let impossible = evidence(&[0, 1], &[&[1, 2, 3]], &[1]);
        assert_eq!(impossible.features()[..2], [-MOST; 2]);
        assert_eq!((impossible.spans, impossible.log_likelihood), (None, f64::NEG_INFINITY));
        let unrivalled = evidence(&[0, 1], &[&[1]], &[2, 3, 4]);
        assert_eq!(unrivalled.features()[1], MOST);
    }

    proptest! {
        #[test]
        fn numbers_stay_in_range_and_spans_in_order(
            path in prop::collection::vec(0_usize..5, 1..40),
            said in prop::collection::vec(prop::collection::vec(1_usize..5, 1..4), 1..5),
        ) {
            let said: Vec<&[usize]> = said.iter().map(Vec::as_slice).collect();
            let found = evidence(&path, &said, &[1, 2]);
            prop_assert!(found.features().iter().all(|f| (-MOST..=MOST).contains(f)), "{found:?}");
            // All alignments together may be likelier than the best path.
            prop_assert!(found.against_free <= 1.0 && found.clarity <= 0.0, "{found:?}");
            if let Some(spans) = found.spans {
                prop_assert_eq!(spans.len(), said.len());
                prop_assert!(spans.iter().all(|span| span.start < span.end));
                prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
            }
        }
    }
}
