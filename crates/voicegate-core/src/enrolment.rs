//! Which recordings may join a template, and when a template is complete.

use serde::Serialize;

use crate::Exemplar;

/// What a complete enrolment needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnrolmentPolicy {
    /// Accepted samples needed.
    pub min_samples: usize,
    /// Seconds of speech needed in all samples together.
    pub min_net_speech_s: f32,
    /// Most exemplars that a template holds.
    pub max_samples: usize,
    /// Least mean cosine of a sample to the others, in [-1, 1].
    pub min_agreement: f32,
}

/// What happened to one new sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Admission {
    /// The sample joins the template. `agreement` is its mean cosine to the others, absent for the very first.
    Accepted {
        /// Mean cosine to the other samples.
        agreement: Option<f32>,
    },
    /// The sample does not sound like the others.
    Disagrees {
        /// Mean cosine to the other samples.
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
/// The sample that agrees least with all others is taken out, again and again, until the rest agree: one stray
/// sample in a batch is named without the good ones being lost, wherever in the batch it stands. What was accepted
/// before is never taken out. A recording that is there twice counts once. Of two samples that only contradict each other, the later one is refused.
#[must_use]
pub fn admit(existing: &[Exemplar], candidates: &[Exemplar], policy: &EnrolmentPolicy) -> Vec<Admission> {
    let mut verdicts: Vec<Option<Admission>> = (0..candidates.len())
        .map(|i| {
            let mut others = existing.iter().chain(&candidates[..i]);
            others.any(|other| is_same(&candidates[i], other)).then_some(Admission::Duplicate)
        })
        .collect();
    loop {
        let kept: Vec<usize> = (0..candidates.len()).filter(|&i| verdicts[i].is_none()).collect();
        let agreements: Vec<(usize, f32)> = kept
            .iter()
            .filter_map(|&i| {
                let fellows = kept.iter().filter(|&&j| j != i).map(|&j| &candidates[j]);
                agreement(&candidates[i], existing.iter().chain(fellows)).map(|a| (i, a))
            })
            .collect();
        // `<=` in the fold: of equals, the later one.
        let worst =
            agreements.iter().copied().reduce(|worst, next| if next.1 <= worst.1 { next } else { worst });
        match worst {
            Some((i, found)) if found < policy.min_agreement => {
                verdicts[i] = Some(Admission::Disagrees { agreement: found, needed: policy.min_agreement });
            }
            _ => {
                let mut room = policy.max_samples.saturating_sub(existing.len());
                for i in kept {
                    verdicts[i] = Some(if room == 0 {
                        Admission::Full
                    } else {
                        room -= 1;
                        let agreement = agreements.iter().find(|(j, _)| *j == i).map(|(_, a)| *a);
                        Admission::Accepted { agreement }
                    });
                }
                return verdicts.into_iter().flatten().collect();
            }
        }
    }
}

/// Above this cosine two embeddings come from the same recording: nobody says a sentence twice in exactly the same way.
/// Copies that were encoded anew lie lower and are not found by it.
const SAME_RECORDING: f32 = 0.9999;

fn is_same(a: &Exemplar, b: &Exemplar) -> bool {
    a.embedding.cosine(&b.embedding).is_some_and(|cosine| cosine > SAME_RECORDING)
}

/// Mean cosine of `sample` to `others`; `None` if there are none. Another model's space counts as cosine -1.
fn agreement<'a>(sample: &Exemplar, others: impl Iterator<Item = &'a Exemplar>) -> Option<f32> {
    let (mut sum, mut count) = (0.0, 0u16);
    for other in others {
        sum += sample.embedding.cosine(&other.embedding).unwrap_or(-1.0);
        count += 1;
    }
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
    /// The progress that `exemplars` make under `policy`.
    #[must_use]
    pub fn new(exemplars: &[Exemplar], policy: &EnrolmentPolicy) -> Self {
        let net_speech_s = exemplars.iter().map(|e| e.net_speech_s).sum();
        Self {
            samples: exemplars.len(),
            samples_needed: policy.min_samples,
            net_speech_s,
            net_speech_needed_s: policy.min_net_speech_s,
            complete: exemplars.len() >= policy.min_samples && net_speech_s >= policy.min_net_speech_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::Embedding;

    const POLICY: EnrolmentPolicy =
        EnrolmentPolicy { min_samples: 3, min_net_speech_s: 6.0, max_samples: 5, min_agreement: 0.5 };

    fn at(degrees: f32) -> Exemplar {
        let (y, x) = degrees.to_radians().sin_cos();
        Exemplar {
            embedding: Embedding::new(vec![x, y]).unwrap(),
            net_speech_s: 2.0,
            snr_db: None,
            added_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn accepted(existing: &[Exemplar], candidates: &[Exemplar]) -> Vec<bool> {
        admit(existing, candidates, &POLICY).into_iter().map(Admission::is_accepted).collect()
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
        assert_eq!(accepted(&[], &[at(0.0), at(120.0)]), [true, false]);
        assert_eq!(accepted(&[], &[at(77.0)]), [true]);
        assert_eq!(accepted(&[], &[]), [false; 0]);
    }

    #[test]
    fn a_recording_counts_once() {
        assert_eq!(accepted(&[], &[at(0.0), at(0.0), at(5.0), at(0.0)]), [true, false, true, false]);
        assert_eq!(admit(&[at(0.0)], &[at(0.0)], &POLICY), [Admission::Duplicate]);
    }

    #[test]
    fn a_full_template_takes_no_more() {
        let existing = vec![at(0.0); 4];
        assert_eq!(
            admit(&existing, &[at(1.0), at(2.0)], &POLICY)[1],
            Admission::Full,
            "the template holds {} samples",
            POLICY.max_samples
        );
    }

    #[test]
    fn progress_needs_samples_and_speech() {
        assert!(!Progress::new(&[at(0.0), at(1.0)], &POLICY).complete);
        assert!(Progress::new(&[at(0.0), at(1.0), at(2.0)], &POLICY).complete);
        let short = EnrolmentPolicy { min_net_speech_s: 6.1, ..POLICY };
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
            let verdicts = admit(&existing, &candidates, &POLICY);
            prop_assert_eq!(verdicts.len(), candidates.len());
            let taken = verdicts.iter().filter(|v| v.is_accepted()).count();
            prop_assert!(existing.len() + taken <= POLICY.max_samples);
            for verdict in verdicts {
                if let Admission::Accepted { agreement: Some(agreement) } = verdict {
                    prop_assert!(agreement >= POLICY.min_agreement);
                }
            }
        }
    }
}
