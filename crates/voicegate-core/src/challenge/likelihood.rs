//! How likely a recording is, if certain words were said.
//!
//! Connectionist temporal classification (Graves, Fernández, Gomez, Schmidhuber, ICML 2006): a phone lasts one frame or
//! more, blanks may stand before, between and after phones, and have to between two equal ones; the likelihood is the sum
//! over all such paths. It is built word by word: a [`Front`] holds, for each number of frames t, the log-likelihood of all
//! that came so far on the first t frames. So a word can have several pronunciations, and with fronts from the beginning
//! and from the end one word can be exchanged for others without scoring the rest again.

use super::posteriors::{BLANK, Posteriors};

/// A word as its pronunciations, each as symbols of the recogniser; none of them the blank.
pub type Spoken = Vec<Vec<usize>>;

/// Log-likelihoods of the first t frames, t from 0 to all.
#[derive(Debug, Clone, PartialEq)]
pub struct Front {
    /// Of what ends in blank.
    blank: Vec<f64>,
    /// Of what ends in a phone, by that phone.
    ends: Vec<(usize, Vec<f64>)>,
}

impl Front {
    /// Before the first word: `silence`.
    #[must_use]
    pub fn new(silence: Vec<f64>) -> Self {
        Self { blank: silence, ends: Vec::new() }
    }

    /// What may come before `phone`: all but the same phone without a blank between. Before `None` everything may come.
    #[must_use]
    pub fn before(&self, phone: Option<usize>) -> Vec<f64> {
        let mut before = self.blank.clone();
        for (_, end) in self.ends.iter().filter(|(last, _)| Some(*last) != phone) {
            add(&mut before, end);
        }
        before
    }

    /// What ends in a phone, in any.
    #[must_use]
    pub fn said(&self) -> Vec<f64> {
        let mut said = vec![f64::NEG_INFINITY; self.blank.len()];
        self.ends.iter().for_each(|(_, end)| add(&mut said, end));
        said
    }

    /// The front after one more word, said in any of its ways. Takes time in proportion to frames × phones.
    #[must_use]
    pub fn then(&self, posteriors: &Posteriors<'_>, word: &Spoken) -> Self {
        let never = vec![f64::NEG_INFINITY; self.blank.len()];
        let mut after = Self { blank: never.clone(), ends: Vec::new() };
        for phones in word {
            let (Some(&first), Some(&last)) = (phones.first(), phones.last()) else { continue };
            let (said, paused) = speak(posteriors, phones, &self.before(Some(first)));
            add(&mut after.blank, &paused);
            match after.ends.iter_mut().find(|(phone, _)| *phone == last) {
                Some((_, end)) => add(end, &said),
                None => after.ends.push((last, said)),
            }
        }
        after
    }

    /// For each frame t, the log-likelihood of this front up to t and `rest`, a front of the reversed recording, from t on,
    /// where `rest` begins with a phone at t; or, if nothing was said in `rest`, where this front ends with a phone at t.
    pub(super) fn meeting(&self, rest: &Self) -> Vec<f64> {
        let mut all = vec![f64::NEG_INFINITY; self.blank.len()];
        if rest.ends.is_empty() {
            add(&mut all, &along(&self.said(), &rest.blank));
        }
        for (phone, start) in &rest.ends {
            add(&mut all, &along(&self.before(Some(*phone)), start));
        }
        all
    }

    /// Log-likelihood of the whole recording: this front followed by `rest`, a front of the reversed recording.
    #[must_use]
    pub fn join(&self, rest: &Self) -> f64 {
        log_sum(&self.meeting(rest))
    }
}

/// One pronunciation after `before`: what ends in its last phone, and what ends in a blank after that.
fn speak(posteriors: &Posteriors<'_>, phones: &[usize], before: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let last = phones.len() - 1;
    let mut said = vec![f64::NEG_INFINITY; before.len()];
    let mut paused = said.clone();
    // Of the frames so far: in the phone of this place, and in the blank after it.
    let mut label = vec![f64::NEG_INFINITY; phones.len()];
    let mut blank = label.clone();
    for (t, row) in posteriors.rows().enumerate() {
        // From the last place to the first, so that the place before is still that of the frame before.
        for place in (0..phones.len()).rev() {
            let enter = match place.checked_sub(1) {
                None => before[t],
                Some(previous) if phones[previous] == phones[place] => blank[previous],
                Some(previous) => log_add(label[previous], blank[previous]),
            };
            blank[place] = log_add(blank[place], label[place]) + f64::from(row[BLANK]);
            label[place] = log_add(label[place], enter) + f64::from(row[phones[place]]);
        }
        said[t + 1] = label[last];
        paused[t + 1] = blank[last];
    }
    (said, paused)
}

/// `front` up to t and `rest`, counted from the end, from t on.
fn along(front: &[f64], rest: &[f64]) -> Vec<f64> {
    front.iter().zip(rest.iter().rev()).map(|(front, rest)| front + rest).collect()
}

fn add(sum: &mut [f64], terms: &[f64]) {
    for (sum, term) in sum.iter_mut().zip(terms) {
        *sum = log_add(*sum, *term);
    }
}

/// `ln(exp(a) + exp(b))`, also where one or both are minus infinity.
fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

fn log_sum(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The log-likelihood of `words` in a row, joined after `cut` of them.
    fn joined(values: &[f32], symbols: usize, words: &[Spoken], cut: usize) -> f64 {
        let posteriors = Posteriors::new(values, symbols).unwrap();
        let (head, tail) = words.split_at(cut);
        let front = Front::new(posteriors.silence());
        let front = head.iter().fold(front, |front, word| front.then(&posteriors, word));
        let flipped = posteriors.reversed();
        let rest = Front::new(flipped.silence());
        let backwards = |word: &Spoken| word.iter().map(|v| v.iter().rev().copied().collect()).collect();
        let rest = tail.iter().rev().fold(rest, |rest, word| rest.then(&flipped, &backwards(word)));
        front.join(&rest)
    }

    fn total(values: &[f32], symbols: usize, words: &[Spoken]) -> f64 {
        joined(values, symbols, words, words.len())
    }

    fn logs(rows: &[&[f32]]) -> Vec<f32> {
        rows.concat().iter().map(|p| p.ln()).collect()
    }

    /// What a path says: equal neighbours are one, and blanks say nothing.
    fn said(path: &[usize]) -> Vec<usize> {
        let mut path = path.to_vec();
        path.dedup();
        path.retain(|&symbol| symbol != BLANK);
        path
    }

    /// The likelihood by its definition: every path of symbols that says one of `sequences`.
    fn by_hand(values: &[f32], symbols: usize, sequences: &[Vec<usize>]) -> f64 {
        let frames = values.len() / symbols;
        let paths = (0..symbols.pow(frames as u32))
            .map(|number| (0..frames).map(|t| number / symbols.pow(t as u32) % symbols).collect::<Vec<_>>());
        let saying = paths.filter(|path| sequences.contains(&said(path)));
        let chance = |path: Vec<usize>| {
            let logs = path.iter().enumerate().map(|(t, s)| f64::from(values[t * symbols + s]));
            logs.sum::<f64>().exp()
        };
        saying.map(chance).sum::<f64>().ln()
    }

    #[test]
    fn one_frame_says_its_symbol() {
        let values = logs(&[&[0.5, 0.3, 0.2]]);
        let of = |phones: &[usize]| total(&values, 3, &[vec![phones.to_vec()]]);
        assert!((of(&[1]) - 0.3_f64.ln()).abs() < 1e-6 && (of(&[2]) - 0.2_f64.ln()).abs() < 1e-6);
        assert_eq!(of(&[1, 2]), f64::NEG_INFINITY, "two phones need two frames");
        assert_eq!(total(&values, 3, &[vec![]]), f64::NEG_INFINITY, "a word that nobody can say");
    }

    #[test]
    fn equal_phones_need_a_blank_between_them() {
        let sure = logs(&[&[0.0, 1.0, 0.0], &[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0]]);
        let of = |phones: &[usize]| total(&sure, 3, &[vec![phones.to_vec()]]);
        assert_eq!((of(&[1, 1]), of(&[1]), of(&[2])), (0.0, f64::NEG_INFINITY, f64::NEG_INFINITY));
        assert_eq!(total(&sure, 3, &[vec![vec![1]], vec![vec![1]]]), 0.0);
    }

    /// Posteriors of `symbols` symbols that sum to one.
    fn distribution(symbols: usize, frames: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f32>> {
        let row = prop::collection::vec(0.0_f32..1.0, symbols).prop_map(|weights| {
            let sum: f32 = weights.iter().map(|w| w + 1e-6).sum();
            weights.into_iter().map(|w| ((w + 1e-6) / sum).ln()).collect::<Vec<_>>()
        });
        prop::collection::vec(row, frames).prop_map(|rows| rows.concat())
    }

    fn word() -> impl Strategy<Value = Spoken> {
        let variant = prop::collection::vec(1_usize..4, 1..3);
        prop::collection::btree_set(variant, 1..3).prop_map(|variants| variants.into_iter().collect())
    }

    /// All sequences that `words` can be said in, each once.
    fn sequences(words: &[Spoken]) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = vec![vec![]];
        for variants in words {
            let longer = |said: &Vec<usize>| variants.iter().map(|v| [said.as_slice(), v].concat()).collect();
            all = all.iter().flat_map(|said| -> Vec<_> { longer(said) }).collect();
        }
        all
    }

    proptest! {
        #[test]
        fn it_is_the_sum_over_all_paths_wherever_it_is_joined(
            values in distribution(4, 1..6), words in prop::collection::vec(word(), 1..4), cut in 0_usize..4,
        ) {
            let all = sequences(&words);
            let mut distinct = all.clone();
            distinct.sort();
            distinct.dedup();
            prop_assume!(distinct.len() == all.len());
            let found = joined(&values, 4, &words, cut.min(words.len()));
            let expected = by_hand(&values, 4, &all);
            prop_assert!(found == expected || (found - expected).abs() < 1e-5, "{found} {expected}");
        }

        #[test]
        fn it_never_exceeds_zero_and_further_pronunciations_only_add(
            values in distribution(5, 1..40), phones in prop::collection::vec(1_usize..5, 1..8),
            other in prop::collection::vec(1_usize..5, 1..8),
        ) {
            prop_assume!(phones != other);
            let one = total(&values, 5, &[vec![phones.clone()]]);
            let either = total(&values, 5, &[vec![phones.clone(), other]]);
            // The rows sum to one but for single precision.
            prop_assert!(one <= either && either <= 1e-4, "{one} {either}");
            prop_assert!(!one.is_nan());
            // Where its phones are cut into words makes no difference.
            let cut: Vec<Spoken> = phones.iter().map(|&phone| vec![vec![phone]]).collect();
            let apart = total(&values, 5, &cut);
            prop_assert!(one == apart || (one - apart).abs() < 1e-9, "{one} {apart}");
        }

        /// Renaming the symbols, in the matrix and in the words, changes nothing.
        #[test]
        fn the_names_of_symbols_do_not_matter(
            values in distribution(4, 1..20), phones in prop::collection::vec(1_usize..4, 1..5),
            shuffle in Just([1_usize, 2, 3]).prop_shuffle(),
        ) {
            let renamed = |symbol: usize| if symbol == BLANK { BLANK } else { shuffle[symbol - 1] };
            let mut moved = values.clone();
            for (row, to) in values.chunks(4).zip(moved.chunks_mut(4)) {
                for (symbol, value) in row.iter().enumerate() {
                    to[renamed(symbol)] = *value;
                }
            }
            let there = total(&moved, 4, &[vec![phones.iter().map(|&phone| renamed(phone)).collect()]]);
            let here = total(&values, 4, &[vec![phones]]);
            prop_assert!(here == there || (here - there).abs() < 1e-9, "{here} {there}");
        }

        /// A word of phones that no frame holds makes the whole impossible.
        #[test]
        fn a_foreign_word_never_raises_it(
            values in distribution(4, 1..20), phones in prop::collection::vec(1_usize..4, 1..4), place in 0_usize..4,
        ) {
            let wide: Vec<f32> =
                values.chunks(4).flat_map(|row| [row, &[f32::NEG_INFINITY]].concat()).collect();
            let mut words: Vec<Spoken> = phones.iter().map(|&phone| vec![vec![phone]]).collect();
            prop_assert!(total(&wide, 5, &words) <= 1e-4);
            words.insert(place.min(words.len()), vec![vec![4]]);
            prop_assert_eq!(total(&wide, 5, &words), f64::NEG_INFINITY);
        }

        #[test]
        fn hostile_values_are_refused_or_give_a_number(
            values in prop::collection::vec(prop_oneof![
                any::<f32>(), Just(-std::f32::consts::LN_2), Just(0.0), Just(f32::NAN), Just(f32::NEG_INFINITY),
            ], 0..12),
        ) {
            if Posteriors::new(&values, 2).is_ok() {
                let found = total(&values, 2, &[vec![vec![1, 1], vec![1]], vec![vec![1]]]);
                prop_assert!(found <= 0.2, "{found}");
            }
        }
    }
}
