//! What an accepted attempt may teach a template, so that it follows a voice that changes over the years.
//!
//! A template that learns can be taught the wrong voice: step by step, each step close to the last. Four rules keep it
//! from that, and each holds by itself:
//!
//! - An attempt is learnt only if it is live and signed by the device, and clears the threshold by a margin **against
//!   the enrolled recordings alone**; what was learnt before does not help.
//! - The mean of a template that has learnt stays within an angle of the mean of the enrolled recordings.
//! - A score is never more than [`MOST_GAIN`] above what the enrolled recordings give alone ([`SpeakerScore::new`]), so
//!   whoever lies further below the threshold stays outside, whatever was learnt.
//! - Enrolled recordings are never removed, and what was learnt can be dropped: [`Template::enrolled`].

#[cfg(test)]
mod tests;

use jiff::SignedDuration;

use crate::decide::{Decision, Evidence, Outcome};
use crate::score::SpeakerScore;
use crate::{Calibration, Condition, Exemplar, Origin, Template};

/// The most similarity that learning adds to an attempt: half a factor of ten in odds.
pub const MOST_GAIN: f32 = 0.05;

/// What an attempt must be to be learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct AgeingPolicy {
    /// Whether anything is learnt.
    pub enabled: bool,
    /// How far above the threshold the similarity to the enrolled recordings must be.
    pub margin: f32,
    /// Most learnt exemplars; a further one replaces the oldest.
    pub max_learnt: usize,
    /// Least time from one learnt exemplar to the next.
    pub min_interval: SignedDuration,
    /// Least cosine, for each model, of the template's mean to that of the enrolled recordings.
    pub min_mean_cosine: f32,
}

impl Default for AgeingPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            margin: 0.10,
            max_learnt: 5,
            min_interval: SignedDuration::from_hours(7 * 24),
            min_mean_cosine: 0.95,
        }
    }
}

/// Why an attempt was not learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlearnt {
    /// Learning is switched off.
    Off,
    /// The attempt was not accepted.
    NotAccepted,
    /// Nothing shows that a living person spoke into a device of theirs.
    NotLiveAndSigned,
    /// The last exemplar was learnt shortly before.
    TooSoon,
    /// The judging models know nothing of the voice that was enrolled.
    NoAnchor,
    /// The attempt does not clear the threshold by the margin.
    NotSureEnough,
    /// The template would move too far from what was enrolled.
    TooFar,
}

impl Unlearnt {
    /// The name used in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::NotAccepted => "not_accepted",
            Self::NotLiveAndSigned => "not_live_and_signed",
            Self::TooSoon => "too_soon",
            Self::NoAnchor => "no_anchor",
            Self::NotSureEnough => "not_sure_enough",
            Self::TooFar => "too_far",
        }
    }
}

/// The template with `attempt` learnt.
///
/// # Errors
/// [`Unlearnt`] where it stays as it is.
pub fn learn(
    template: &Template,
    attempt: Exemplar,
    evidence: &Evidence,
    decision: &Decision,
    calibration: &Calibration,
    policy: &AgeingPolicy,
) -> Result<Template, Unlearnt> {
    if !policy.enabled || policy.max_learnt == 0 {
        return Err(Unlearnt::Off);
    }
    if decision.outcome != Outcome::Accept {
        return Err(Unlearnt::NotAccepted);
    }
    if !evidence.is_live_and_signed() {
        return Err(Unlearnt::NotLiveAndSigned);
    }
    let learnt = || template.exemplars().iter().filter(|exemplar| exemplar.origin == Origin::Learnt);
    let last = learnt().map(|exemplar| exemplar.added_at).max();
    if last.is_some_and(|last| attempt.added_at.duration_since(last) < policy.min_interval) {
        return Err(Unlearnt::TooSoon);
    }
    let anchor = template.enrolled().ok_or(Unlearnt::NoAnchor)?;
    let score = SpeakerScore::new(&attempt.voiceprint, &attempt.quality, &anchor, calibration)
        .ok_or(Unlearnt::NoAnchor)?;
    if score.similarity < decision.threshold.value + policy.margin {
        return Err(Unlearnt::NotSureEnough);
    }
    let aged = with(template, attempt, policy.max_learnt).ok_or(Unlearnt::TooFar)?;
    if least_mean_cosine(&anchor, &aged, calibration) < policy.min_mean_cosine {
        return Err(Unlearnt::TooFar);
    }
    Ok(aged)
}

/// `template` with one learnt exemplar more and, where there are too many, without the oldest ones.
fn with(template: &Template, attempt: Exemplar, max_learnt: usize) -> Option<Template> {
    let mut exemplars = template.exemplars().to_vec();
    exemplars.push(Exemplar { origin: Origin::Learnt, ..attempt });
    let is_learnt = |exemplar: &Exemplar| exemplar.origin == Origin::Learnt;
    while exemplars.iter().filter(|exemplar| is_learnt(exemplar)).count() > max_learnt {
        let learnt = (0..exemplars.len()).filter(|&i| is_learnt(&exemplars[i]));
        let oldest = learnt.min_by_key(|&i| exemplars[i].added_at)?;
        exemplars.remove(oldest);
    }
    Template::new(exemplars).ok()
}

/// The least cosine of a mean of `aged` to the same mean of `anchor`, over the models and acoustic conditions; 1 where
/// there is none.
pub(crate) fn least_mean_cosine(anchor: &Template, aged: &Template, calibration: &Calibration) -> f32 {
    let conditions = || [Condition::Clear].into_iter().chain(Condition::RENDERED);
    let pairs = calibration.models().flat_map(|model| conditions().map(move |condition| (model, condition)));
    let cosines = pairs
        .filter_map(|(model, condition)| anchor.mean(model, condition)?.cosine(aged.mean(model, condition)?));
    cosines.fold(1.0, f32::min)
}
