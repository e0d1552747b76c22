//! Trials as the product makes them, with everything that a calibration takes into account.

use voicegate_core::calibration::{QUALITY_TERMS, quality_terms};
use voicegate_core::score::cosine;
use voicegate_core::{Exemplar, Template};

use super::super::corpus::{Corpus, Speaker};
use super::super::embed::{Attempt, Heard};

/// Recordings of the enrolments.
const SIZES: [usize; 3] = [1, 3, 5];

/// One attempt at one template.
pub(super) struct Trial {
    pub(super) target: bool,
    /// Score of each model, in the order of [`Trials::models`].
    pub(super) cosines: Vec<f32>,
    pub(super) quality: [f64; QUALITY_TERMS],
}

pub(super) struct Trials {
    pub(super) models: Vec<String>,
    pub(super) trials: Vec<Trial>,
}

impl Trials {
    pub(super) fn count(&self, target: bool) -> u64 {
        self.trials.iter().filter(|trial| trial.target == target).count() as u64
    }
}

/// Every run of 1, 3 and 5 recordings of a speaker enrols; what the speaker and the data set's others said besides is tried in every
/// condition.
pub(super) fn all(corpus: &Corpus, heard: &[Heard], speakers: &[Speaker], models: &[String]) -> Trials {
    let mut trials = Vec::new();
    for owner in speakers {
        let usable: Vec<(usize, &Exemplar)> =
            owner.rows.iter().filter_map(|&row| Some((row, heard[row].enrolment.as_ref().ok()?))).collect();
        for size in SIZES {
            // Few templates of one recording are as good as many, and 20 of them would outweigh the rest.
            for enrolled in usable.chunks_exact(size).take(6) {
                let Ok(template) = Template::new(enrolled.iter().map(|(_, e)| (*e).clone()).collect()) else {
                    continue;
                };
                for (row, found) in corpus.rows.iter().enumerate() {
                    if found.dataset != owner.dataset || enrolled.iter().any(|(own, _)| *own == row) {
                        continue;
                    }
                    for attempt in &heard[row].attempts {
                        let target = found.speaker == owner.name;
                        trials.extend(trial(attempt, &template, models).map(|(cosines, quality)| Trial {
                            target,
                            cosines,
                            quality,
                        }));
                    }
                }
            }
        }
    }
    Trials { models: models.to_vec(), trials }
}

fn trial(
    attempt: &Attempt,
    template: &Template,
    models: &[String],
) -> Option<(Vec<f32>, [f64; QUALITY_TERMS])> {
    let voiceprint = attempt.heard.as_ref().ok()?;
    let condition = attempt.quality.condition();
    let cosines =
        models.iter().map(|model| cosine(voiceprint, template, model, condition)).collect::<Option<_>>()?;
    Some((cosines, quality_terms(&template.quality(), &attempt.quality)))
}
