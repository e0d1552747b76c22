//! Score normalization and PLDA, trained on other voices, beside the plain cosine.

use std::collections::BTreeMap;
use std::path::Path;

use voicegate_core::as_norm::{AsNorm, Cohort as Voices, CohortStatistics};
use voicegate_core::fit::plda::{Shrinkage, fit};
use voicegate_core::plda::{Latent, Plda};
use voicegate_core::{Condition as Acoustic, Embedding, Template, Voiceprint};
use voicegate_models::{SpeakerModels, System};
use voicegate_service::config::VoiceAuthConfig;

use super::super::Source;
use super::super::condition::Condition;
use super::super::corpus::{Corpus, Speaker};
use super::super::report::Setting;
use super::super::trials::{self, Rule, Trials};
use super::{Backend, Row};
use crate::exit::Failure;

/// Voices that each side is compared with.
const NEAREST: usize = 100;

/// Of both covariances: training speakers are few for the dimensions of an embedding.
const SHRINKAGE: Shrinkage = Shrinkage { between: 0.5, within: 0.5 };

/// What was trained for each model, by its id.
pub(in crate::commands::eval) struct Cohort(BTreeMap<String, Trained>);

struct Trained {
    norm: AsNorm,
    plda: Plda,
}

impl Cohort {
    /// Hears the recordings of the list and trains on them; their speakers must not be in `tried`, the corpus.
    pub(in crate::commands::eval) fn hear(
        list: &Path,
        source: &Source,
        tried: &Corpus,
        speakers: &SpeakerModels,
        config: &VoiceAuthConfig,
    ) -> Result<Self, Failure> {
        let corpus = Corpus::read(list, &[])?;
        let tried = tried.choose(None);
        let both = corpus.choose(None).into_iter().find(|own| {
            tried.iter().any(|speaker| (&speaker.dataset, &speaker.name) == (&own.dataset, &own.name))
        });
        if let Some(Speaker { dataset, name, .. }) = both {
            let what = format!("{}: {dataset}/{name} is tried, too; a cohort is of others", list.display());
            return Err(Failure::new("corpus", what));
        }
        let heard = source.hear(&corpus, speakers, config, &[Condition::Clean])?;
        let wrong =
            |error: &dyn std::error::Error| Failure::new("corpus", format!("{}: {error}", list.display()));
        let train = |model: &str| -> Result<Trained, Failure> {
            let own = |speaker: Speaker| -> Vec<&Embedding> {
                let prints =
                    speaker.rows.iter().filter_map(|&row| heard[row].attempts[0].heard.as_ref().ok());
                prints.filter_map(|print| print.get(model)).collect()
            };
            let voices: Vec<Vec<&Embedding>> =
                corpus.choose(None).into_iter().map(own).filter(|own| !own.is_empty()).collect();
            let cohort = Voices::of_speakers(&voices).map_err(|error| wrong(&error))?;
            let nearest = NEAREST.min(cohort.speakers());
            Ok(Trained {
                norm: AsNorm::new(cohort, nearest).map_err(|error| wrong(&error))?,
                plda: fit(&voices, SHRINKAGE).map_err(|error| wrong(&error))?,
            })
        };
        let models = speakers.models().iter().map(|model| model.metadata().id.to_string());
        models.map(|id| Ok((id.clone(), train(&id)?))).collect::<Result<_, Failure>>().map(Self)
    }

    /// Every system with cosine, AS-norm and PLDA, all from the same enrolments.
    pub(in crate::commands::eval) fn rows(
        &self,
        setting: &Setting,
        enrolled: &[Speaker],
        systems: &[System],
        config: &VoiceAuthConfig,
        files: usize,
    ) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for system in systems {
            let rule = Rule::uncalibrated(config, system.id.to_string(), system.fusion.clone(), files);
            let mut outcome = trials::run(setting.corpus, setting.heard, 0, enrolled, &rule);
            rows.push(Row::new(setting, &outcome, &rule));
            let sides: Vec<(&str, f64, Sides)> = system
                .fusion
                .weights()
                .filter_map(|(id, weight)| {
                    Some((id, f64::from(weight), Sides::new(self.0.get(id)?, id, setting, &outcome)))
                })
                .collect();
            for backend in [Backend::AsNorm, Backend::Plda] {
                rescore(&mut outcome, setting, &sides, backend);
                rows.push(Row { backend, ..Row::new(setting, &outcome, &rule) });
            }
        }
        Ok(rows)
    }
}

/// Both sides of every trial of one model, made once.
struct Sides {
    /// By enrolment and acoustic condition.
    enrolled: Vec<BTreeMap<Acoustic, Side>>,
    /// By recording.
    attempts: Vec<Option<Side>>,
    plda: Plda,
}

struct Side {
    statistics: CohortStatistics,
    latent: Latent,
}

impl Sides {
    fn new(trained: &Trained, model: &str, setting: &Setting, outcome: &Trials) -> Self {
        let attempt = |print: &Voiceprint| {
            let embedding = print.get(model)?;
            Some(Side {
                statistics: trained.norm.statistics(embedding)?,
                latent: trained.plda.project(embedding)?,
            })
        };
        let template = |template: &Template, condition: Acoustic| {
            let exemplars =
                template.exemplars().iter().filter_map(|exemplar| exemplar.heard(model, condition));
            let latents: Vec<Latent> =
                exemplars.filter_map(|embedding| trained.plda.project(embedding)).collect();
            Some(Side {
                statistics: trained.norm.statistics(template.mean(model, condition)?)?,
                latent: Latent::mean(&latents)?,
            })
        };
        let conditions = [Acoustic::Clear, Acoustic::Noisy, Acoustic::Telephone];
        let enrolled = |found: &trials::Enrolment| {
            let side = |condition| Some((condition, template(found.template.as_ref()?, condition)?));
            conditions.into_iter().filter_map(side).collect()
        };
        Self {
            enrolled: outcome.enrolments.iter().map(enrolled).collect(),
            attempts: setting
                .heard
                .iter()
                .map(|heard| attempt(heard.attempts[0].heard.as_ref().ok()?))
                .collect(),
            plda: trained.plda.clone(),
        }
    }
}

/// Puts the scores of another backend in the place of the ones there are. The normalized scores of a fusion's models all count
/// standard deviations, and their likelihood ratios nats, so that each is added with the weight of its cosine.
fn rescore(outcome: &mut Trials, setting: &Setting, models: &[(&str, f64, Sides)], backend: Backend) {
    for trial in &mut outcome.trials {
        let condition = setting.heard[trial.row].attempts[0].quality.condition();
        let Some(score) = &mut trial.score else { continue };
        let one = |(model, weight, sides): &(&str, f64, Sides)| {
            let enrolled = sides.enrolled[trial.enrolment].get(&condition)?;
            let attempt = sides.attempts[trial.row].as_ref()?;
            let value = match backend {
                Backend::Plda => sides.plda.llr(&enrolled.latent, 1, &attempt.latent)?,
                _ => {
                    enrolled.statistics.normalize(attempt.statistics, f64::from(*score.cosines.get(*model)?))
                }
            };
            Some(weight * value)
        };
        if let Some(sum) = models.iter().map(one).sum::<Option<f64>>() {
            score.llr = sum;
        } else {
            trial.score = None;
        }
    }
}
