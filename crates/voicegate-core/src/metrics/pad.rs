//! Error rates of presentation attack detection (ISO/IEC 30107-3:2023).
//!
//! An attack presentation is the target here and a bona fide presentation the impostor: a higher score speaks for an
//! attack, and what scores at least the threshold is classified as one. So APCER, the share of attacks classified as
//! bona fide, is the miss rate of a [`Tally`], and BPCER, the share of bona fide presentations classified as attacks,
//! its false-alarm rate. A presentation without a score is a non-response: it is counted apart and in neither rate.

use serde::Serialize;

use super::cllr::{cllr, min_cllr};
use super::eer::{EqualErrorRate, eer};
use super::rates::{Rate, operating_point};
use super::tally::{OperatingPoint, Tally};
use super::trials::Trial;

/// The rates of one error at which the other is reported.
pub const LIMITS: [f64; 2] = [0.01, 0.05];

/// An attack presentation. `unit` numbers what is drawn together when resampling: a speaker where known, else a recording.
#[must_use]
pub fn attack(score: f64, unit: u32) -> Trial {
    Trial::target(score, unit)
}

/// A bona fide presentation.
#[must_use]
pub fn bona_fide(score: f64, unit: u32) -> Trial {
    Trial::impostor(score, unit, unit)
}

/// The error rates of a detector at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PadPoint {
    /// Scores from here on are classified as attacks; at ∞ nothing is.
    pub threshold: f64,
    /// Attack presentation classification error rate, in [0, 1].
    pub apcer: f64,
    /// Bona fide presentation classification error rate, in [0, 1].
    pub bpcer: f64,
}

impl From<OperatingPoint> for PadPoint {
    fn from(OperatingPoint { threshold, frr, far }: OperatingPoint) -> Self {
        Self { threshold, apcer: frr, bpcer: far }
    }
}

/// What the scores of one detector show, threshold or not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PadMetrics {
    /// Where APCER and BPCER are equal.
    pub equal_error: EqualErrorRate,
    /// The lowest APCER with BPCER at most each of [`LIMITS`].
    pub apcer_at_bpcer: [PadPoint; 2],
    /// The lowest BPCER with APCER at most each of [`LIMITS`] (BPCER100 and BPCER20 of the standard).
    pub bpcer_at_apcer: [PadPoint; 2],
    /// Cost of the scores as LLRs of an attack, in bits; 1 is what no information costs.
    pub cllr: f64,
    /// The lowest `cllr` that a monotone map of the scores can reach, in [0, 1].
    pub min_cllr: f64,
}

impl PadMetrics {
    /// The metrics of a tally of [`attack`] and [`bona_fide`] trials.
    #[must_use]
    pub fn new(tally: &Tally) -> Self {
        Self {
            equal_error: eer(tally),
            apcer_at_bpcer: LIMITS.map(|bpcer| apcer_at_bpcer(tally, bpcer)),
            bpcer_at_apcer: LIMITS.map(|apcer| bpcer_at_apcer(tally, apcer)),
            cllr: cllr(tally),
            min_cllr: min_cllr(tally),
        }
    }
}

/// The lowest threshold whose BPCER is at most `bpcer`, however few presentations there are.
#[must_use]
pub fn apcer_at_bpcer(tally: &Tally, bpcer: f64) -> PadPoint {
    operating_point(tally, bpcer).into()
}

/// The highest threshold whose APCER is at most `apcer`, however few presentations there are; the lowest of all, where
/// everything is classified as an attack, if `apcer` is below 0 or NaN.
#[must_use]
pub fn bpcer_at_apcer(tally: &Tally, apcer: f64) -> PadPoint {
    let lowest = OperatingPoint { threshold: f64::NEG_INFINITY, frr: 0.0, far: 1.0 };
    tally.operating_points().take_while(|point| point.frr <= apcer).last().unwrap_or(lowest).into()
}

/// How presentations of one kind were answered at one threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Responses {
    /// Classified as attacks.
    pub attack: usize,
    /// Classified as bona fide.
    pub bona_fide: usize,
    /// Not classified: the detector could not measure them.
    pub none: usize,
}

impl Responses {
    /// Counts the answers to presentations; a missing score, and a NaN, is no answer.
    #[must_use]
    pub fn count(scores: impl IntoIterator<Item = Option<f64>>, threshold: f64) -> Self {
        let mut found = Self::default();
        for score in scores {
            match score.filter(|score| !score.is_nan()) {
                None => found.none += 1,
                Some(score) if score >= threshold => found.attack += 1,
                Some(_) => found.bona_fide += 1,
            }
        }
        found
    }

    /// Presentations with an answer.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.attack + self.bona_fide
    }

    /// APCER, if these are attacks of one species; `None` without an answer.
    #[must_use]
    pub fn apcer(&self) -> Option<Rate> {
        Rate::new(self.bona_fide, self.answered())
    }

    /// BPCER, if these are bona fide; `None` without an answer.
    #[must_use]
    pub fn bpcer(&self) -> Option<Rate> {
        Rate::new(self.attack, self.answered())
    }

    /// Non-response rate: APNRR for attacks, BPNRR for bona fide presentations; `None` without presentations.
    #[must_use]
    pub fn non_response(&self) -> Option<Rate> {
        Rate::new(self.none, self.answered() + self.none)
    }
}

/// Whether the full system accepts an attack: the voice matches the person that is attacked *and* the detector passes it.
/// What was not answered is not accepted. The share of accepted attacks is IAPAR, the impostor attack presentation accept
/// rate (IAPMR in the first edition of the standard).
#[must_use]
pub fn is_accepted(matches: Option<bool>, passes: Option<bool>) -> bool {
    (matches, passes) == (Some(true), Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scores;

    #[test]
    fn without_an_answer_there_is_no_rate() {
        let found = Responses::count([Some(0.0), Some(1.0), Some(1.0), None, Some(f64::NAN)], 1.0);
        assert_eq!(found, Responses { attack: 2, bona_fide: 1, none: 2 });
        assert_eq!((found.apcer().unwrap().count, found.bpcer().unwrap().count), (1, 2));
        assert_eq!(found.non_response().unwrap().rate, 0.4);
        let silent = Responses::count([None, None], 0.0);
        assert_eq!((silent.apcer(), silent.non_response().unwrap().rate), (None, 1.0));
        assert_eq!(Responses::default().non_response(), None);
    }

    #[test]
    fn a_system_that_does_not_answer_does_not_accept() {
        let answers = [Some(true), Some(false), None];
        let accepted: Vec<_> = answers
            .iter()
            .flat_map(|m| answers.map(|passes| (*m, passes)))
            .filter(|(m, p)| is_accepted(*m, *p))
            .collect();
        assert_eq!(accepted, [(Some(true), Some(true))]);
    }

    #[test]
    fn a_limit_that_nothing_keeps_ends_at_the_edge() {
        let tally = Tally::new(&Scores::without_speakers(&[1.0, 2.0], &[0.0, 3.0]).unwrap());
        let all = PadPoint { threshold: f64::NEG_INFINITY, apcer: 0.0, bpcer: 1.0 };
        assert_eq!([-1.0, f64::NAN].map(|apcer| bpcer_at_apcer(&tally, apcer)), [all; 2]);
        let half = PadPoint { threshold: 1.0, apcer: 0.0, bpcer: 0.5 };
        assert_eq!((bpcer_at_apcer(&tally, 0.0), apcer_at_bpcer(&tally, 0.5)), (half, half));
        assert_eq!(apcer_at_bpcer(&tally, 0.0).threshold, f64::INFINITY);
    }
}
