//! Which recordings may join a template, and when a template is complete.

use serde::Serialize;

use crate::{Exemplar, Fusion};

/// What a complete enrolment needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needs {
    /// Accepted samples needed.
    pub min_samples: usize,
    /// Seconds of speech needed in all samples together.
    pub min_net_speech_s: f32,
}

/// What samples must be to join a template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnrolmentPolicy {
    /// When the template is complete.
    pub needs: Needs,
    /// Most exemplars that a template holds.
    pub max_samples: usize,
    /// Least mean similarity of two groups of samples that are taken for one voice, in [-1, 1].
    pub min_agreement: f32,
}

/// What happened to one new sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Admission {
    /// The sample joins the template. `agreement` is its mean similarity to the others in it, absent for the very first.
    Accepted {
        /// Mean similarity to the other samples.
        agreement: Option<f32>,
    },
    /// The sample does not sound like the others.
    Disagrees {
        /// Mean similarity to the samples that do, or to all others if nothing tells whose voice it is.
        agreement: f32,
        /// The least that was needed.
        needed: f32,
    },
    /// The same recording as another sample.
    Duplicate,
    /// The template is full.
    Full,
}

impl Admission {
    /// Whether the sample joins the template.
    #[must_use]
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted { .. })
    }
}

/// Decides about each of `candidates`, in order, given the exemplars that are already in.
///
/// The recordings are grouped by average linkage (Sokal and Michener, 1958): the two groups that sound most alike on
/// average are joined again and again, while that average reaches `min_agreement`. A mean over all pairs of two groups
/// errs less than a single pair does. What was accepted before is one group and is never taken out; whoever ends in it
/// is accepted. Where nothing is in yet, the group of more than half of the candidates is: without a majority nobody
/// can say which recordings are the person's, and all are refused. A recording that is there twice counts once.
#[must_use]
pub fn admit(
    existing: &[Exemplar],
    candidates: &[Exemplar],
    fusion: &Fusion,
    policy: &EnrolmentPolicy,
) -> Vec<Admission> {
    let alike = |a: &Exemplar, b: &Exemplar| fusion.similarity(&a.voiceprint, &b.voiceprint);
    let is_copy = |i: usize| {
        let mut others = existing.iter().chain(&candidates[..i]);
        others.any(|other| alike(&candidates[i], other).is_some_and(|cosine| cosine > SAME_RECORDING))
    };
    let offered: Vec<usize> = (0..candidates.len()).filter(|&i| !is_copy(i)).collect();
    let all: Vec<&Exemplar> = existing.iter().chain(offered.iter().map(|&i| &candidates[i])).collect();
    // What cannot be compared does not agree.
    let mean_to = |of: usize, others: &[usize]| {
        let cosines = others.iter().filter(|&&j| j != of).map(|&j| alike(all[of], all[j]).unwrap_or(-1.0));
        mean(cosines)
    };
    let groups = group(all.len(), existing.len(), policy.min_agreement, |i, others| mean_to(i, others));
    let chosen = groups
        .iter()
        .find(|g| if existing.is_empty() { 2 * g.len() > offered.len() } else { g.contains(&0) })
        .map_or(&[][..], Vec::as_slice);

    let mut room = policy.max_samples.saturating_sub(existing.len());
    let mut places = existing.len()..;
    let mut verdict = |i: usize| {
        if !offered.contains(&i) {
            return Admission::Duplicate;
        }
        let at = places.next().unwrap_or_default();
        if !chosen.contains(&at) {
            let rest: Vec<usize> = (0..all.len()).collect();
            let others = if chosen.is_empty() { &rest } else { chosen };
            // With nobody to compare with, a recording is a majority of one and was chosen.
            let agreement = mean_to(at, others).unwrap_or(-1.0);
            Admission::Disagrees { agreement, needed: policy.min_agreement }
        } else if room == 0 {
            Admission::Full
        } else {
            room -= 1;
            Admission::Accepted { agreement: mean_to(at, chosen) }
        }
    };
    (0..candidates.len()).map(&mut verdict).collect()
}

/// Above this cosine two embeddings come from the same recording: nobody says a sentence twice in exactly the same way.
/// Copies that were encoded anew lie lower and are not found by it.
const SAME_RECORDING: f32 = 0.9999;

/// Average linkage over `count` items, of which the first `together` are one group from the beginning; `mean_to` gives
/// the mean similarity of an item to others.
fn group(
    count: usize,
    together: usize,
    least: f32,
    mean_to: impl Fn(usize, &[usize]) -> Option<f32>,
) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    groups.extend((together > 0).then(|| (0..together).collect()));
    groups.extend((together..count).map(|i| vec![i]));
    loop {
        let pairs = (0..groups.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        let linked = pairs.filter_map(|(a, b)| {
            let link = mean(groups[a].iter().filter_map(|&i| mean_to(i, &groups[b])))?;
            (link >= least).then_some((a, b, link))
        });
        // `>` in the fold: of equals, the earlier pair.
        let best = linked.reduce(|best, next| if next.2 > best.2 { next } else { best });
        let Some((a, b, _)) = best else { return groups };
        let joined = groups.remove(b);
        groups[a].extend(joined);
    }
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0, 0u16), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f32::from(count))
}

/// How far an enrolment has come: "2 of 3".
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Progress {
    /// Samples accepted so far.
    pub samples: usize,
    /// Samples needed.
    pub samples_needed: usize,
    /// Seconds of speech so far.
    pub net_speech_s: f32,
    /// Seconds of speech needed.
    pub net_speech_needed_s: f32,
    /// Whether the profile can be used.
    pub complete: bool,
}

impl Progress {
    /// The progress that `exemplars` make.
    #[must_use]
    pub fn new<'a>(exemplars: impl IntoIterator<Item = &'a Exemplar>, needs: &Needs) -> Self {
        let (samples, net_speech_s) =
            exemplars.into_iter().fold((0, 0.0), |(count, sum), e| (count + 1, sum + e.quality.net_speech_s));
        Self {
            samples,
            samples_needed: needs.min_samples,
            net_speech_s,
            net_speech_needed_s: needs.min_net_speech_s,
            complete: samples >= needs.min_samples && net_speech_s >= needs.min_net_speech_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::{Embedding, Origin, QualityMeasures, Voiceprint};

    const NEEDS: Needs = Needs { min_samples: 3, min_net_speech_s: 6.0 };
    const POLICY: EnrolmentPolicy = EnrolmentPolicy { needs: NEEDS, max_samples: 5, min_agreement: 0.5 };

    fn at(degrees: f32) -> Exemplar {
        let (y, x) = degrees.to_radians().sin_cos();
        Exemplar {
            voiceprint: Voiceprint::single("m", Embedding::new(vec![x, y]).unwrap()),
            renderings: BTreeMap::new(),
            quality: QualityMeasures { net_speech_s: 2.0, snr_db: None, telephone_band: None },
            origin: Origin::Enrolled,
            added_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn verdicts(existing: &[Exemplar], candidates: &[Exemplar]) -> Vec<Admission> {
        admit(existing, candidates, &Fusion::single("m"), &POLICY)
    }

    fn accepted(existing: &[Exemplar], candidates: &[Exemplar]) -> Vec<bool> {
        verdicts(existing, candidates).into_iter().map(Admission::is_accepted).collect()
    }

    #[test]
    fn the_stray_sample_is_named_wherever_it_stands() {
        assert_eq!(accepted(&[], &[at(0.0), at(10.0), at(20.0)]), [true, true, true]);
        assert_eq!(accepted(&[], &[at(180.0), at(10.0), at(20.0)]), [false, true, true]);
        assert_eq!(accepted(&[], &[at(0.0), at(180.0), at(20.0)]), [true, false, true]);
        assert_eq!(accepted(&[], &[at(0.0), at(10.0), at(180.0)]), [true, true, false]);
    }

    #[test]
    fn what_is_already_in_decides_against_newcomers() {
        assert_eq!(accepted(&[at(0.0), at(5.0)], &[at(170.0), at(175.0), at(180.0)]), [false; 3]);
        assert_eq!(accepted(&[], &[at(77.0)]), [true]);
        assert_eq!(accepted(&[], &[]), [false; 0]);
    }

    #[test]
    fn without_a_majority_nobody_is_taken_in() {
        assert_eq!(accepted(&[], &[at(0.0), at(120.0)]), [false, false]);
        assert_eq!(accepted(&[], &[at(0.0), at(5.0), at(90.0), at(95.0)]), [false; 4]);
        assert_eq!(
            accepted(&[], &[at(0.0), at(5.0), at(90.0), at(95.0), at(10.0)]),
            [true, true, false, false, true]
        );
    }

    /// Two and two, close to each other: each recording's mean over all others passes, since its own twin is among
    /// them, but the two pairs do not sound alike.
    #[test]
    fn two_close_voices_are_told_apart() {
        let pairs = [at(0.0), at(2.0), at(62.0), at(64.0)];
        let over_all = (1..4).map(|j| {
            (pairs[0].voiceprint.get("m").unwrap().cosine(pairs[j].voiceprint.get("m").unwrap())).unwrap()
        });
        assert!(over_all.sum::<f32>() / 3.0 > POLICY.min_agreement);
        assert_eq!(accepted(&[], &pairs), [false; 4]);
        assert_eq!(accepted(&pairs[..2], &pairs[2..]), [false; 2]);
    }

    #[test]
    fn what_no_model_heard_together_does_not_agree() {
        let other =
            Exemplar { voiceprint: Voiceprint::single("n", Embedding::new(vec![1.0]).unwrap()), ..at(0.0) };
        assert_eq!(accepted(&[at(0.0)], &[other.clone(), at(1.0)]), [false, true]);
        assert_eq!(accepted(&[], &[at(0.0), other, at(1.0)]), [true, false, true]);
    }

    #[test]
    fn a_recording_counts_once() {
        assert_eq!(accepted(&[], &[at(0.0), at(0.0), at(5.0), at(0.0)]), [true, false, true, false]);
        assert_eq!(verdicts(&[at(0.0)], &[at(0.0)]), [Admission::Duplicate]);
    }

    #[test]
    fn a_full_template_takes_no_more() {
        let existing = vec![at(0.0); 4];
        assert_eq!(
            verdicts(&existing, &[at(1.0), at(2.0)])[1],
            Admission::Full,
            "the template holds {} samples",
            POLICY.max_samples
        );
    }

    #[test]
    fn progress_needs_samples_and_speech() {
        assert!(!Progress::new(&[at(0.0), at(1.0)], &NEEDS).complete);
        assert!(Progress::new(&[at(0.0), at(1.0), at(2.0)], &NEEDS).complete);
        let short = Needs { min_net_speech_s: 6.1, ..NEEDS };
        assert!(!Progress::new(&[at(0.0), at(1.0), at(2.0)], &short).complete);
    }

    proptest! {
        #[test]
        fn every_candidate_gets_a_verdict_and_all_accepted_agree(
            existing in prop::collection::vec(-30f32..30.0, 0..4),
            candidates in prop::collection::vec(-180f32..180.0, 0..8),
        ) {
            let existing: Vec<_> = existing.into_iter().map(at).collect();
            let candidates: Vec<_> = candidates.into_iter().map(at).collect();
            let verdicts = verdicts(&existing, &candidates);
            let copies = verdicts.iter().filter(|v| **v == Admission::Duplicate).count();
            prop_assert_eq!(verdicts.len(), candidates.len());
            let taken = verdicts.iter().filter(|v| v.is_accepted()).count();
            prop_assert!(existing.len() + taken <= POLICY.max_samples);
            // Whoever is in without others having been there is in a majority.
            prop_assert!(taken == 0 || !existing.is_empty() || 2 * taken > candidates.len() - copies || taken == POLICY.max_samples);
        }
    }
}
