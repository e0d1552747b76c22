mod report;
mod speed;

use std::path::PathBuf;

use voicegate_core::Fusion;
use voicegate_core::metrics::equal_error_rate;
use voicegate_models::{ModelId, Registry, SpeakerModels, Task, side_by_side};
use voicegate_service::config::VoiceAuthConfig;

use super::super::eval::condition::Condition;
use super::super::eval::corpus::Corpus;
use super::super::eval::embed::{Heard, Listener};
use super::super::eval::trials;
use crate::exit::{Exit, Failure, chain};
use crate::wiring::{Context, ModelsAt, every_core};
use report::{Cosine, Pair, Report, Row};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Models and fusions to compare [default: all that are listed and can be used].
    #[arg(value_name = "ID")]
    ids: Vec<ModelId>,

    /// Rounds in which every model makes one embedding.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    rounds: u32,

    /// Also measure error rates on these recordings, listed as for `voicegate eval`.
    #[arg(long, value_name = "FILE.tsv")]
    corpus: Option<PathBuf>,

    /// Only this data set of the corpus; may be given several times.
    #[arg(long = "dataset", value_name = "NAME", requires = "corpus")]
    datasets: Vec<String>,
}

/// Usable files that each speaker is enrolled with, as in `voicegate eval`.
const ENROLL: usize = 3;
/// The name of an 8-bit model is that of its sibling with this at the end.
const INT8: &str = "-int8";

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    // Read first: a fault in the list should not cost the measurement.
    let corpus = args.corpus.as_ref().map(|list| Corpus::read(list, &args.datasets)).transpose()?;
    let (runtime, folder) = context.runtime(&config.models, ModelsAt::Hand)?;
    let unavailable = |error: &dyn std::error::Error| Failure::new("model-unavailable", chain(error));
    let registry = Registry::open(&folder).map_err(|error| unavailable(&error))?;
    let chosen = choose(&registry, &args.ids)?;

    let speeds = speed::measure(&runtime, &registry, &chosen.models, args.rounds)?;
    let mut report = Report::new(args.rounds, &registry, &chosen, &speeds);
    if let Some(corpus) = &corpus {
        let speakers = side_by_side(&runtime, &registry, &chosen.models, &every_core(&config))
            .map_err(|error| unavailable(&error))?;
        rates(&mut report, corpus, &speakers, &registry, &config)?;
    }
    context.format.print(&report, Report::text)?;
    Ok(Exit::Good)
}

/// What is compared.
struct Chosen {
    models: Vec<ModelId>,
    systems: Vec<ModelId>,
    /// Listed models that cannot be used, with the reason.
    refused: Vec<(ModelId, String)>,
}

/// The named models and fusions, or all. A named fusion brings its models.
fn choose(registry: &Registry, named: &[ModelId]) -> Result<Chosen, Failure> {
    let mut chosen = Chosen { models: Vec::new(), systems: Vec::new(), refused: Vec::new() };
    for (id, found) in registry.models() {
        match found {
            Ok(metadata) if metadata.task == Task::SpeakerVerification => chosen.models.push(id.clone()),
            Ok(_) => {}
            Err(refusal) => chosen.refused.push((id.clone(), refusal.to_string())),
        }
    }
    let usable =
        |id: &&ModelId| registry.systems()[*id].members.keys().all(|member| chosen.models.contains(member));
    chosen.systems = registry.systems().keys().filter(usable).cloned().collect();
    if named.is_empty() {
        return Ok(chosen);
    }
    for id in named {
        if let Some((_, reason)) = chosen.refused.iter().find(|(refused, _)| refused == id) {
            return Err(Failure::new("model-unavailable", format!("'{id}' is refused: {reason}")));
        }
        if !chosen.models.contains(id) && !chosen.systems.contains(id) {
            let what = format!("'{id}' is neither a speaker model nor a fusion that can be used");
            return Err(Failure::new("not-found", what));
        }
    }
    chosen.systems.retain(|id| named.contains(id));
    let member = |id: &ModelId| {
        chosen.systems.iter().any(|system| registry.systems()[system].members.contains_key(id))
    };
    chosen.models.retain(|id| named.contains(id) || member(id));
    chosen.refused.clear();
    Ok(chosen)
}

/// Adds what the recordings show.
fn rates(
    report: &mut Report,
    corpus: &Corpus,
    speakers: &SpeakerModels,
    registry: &Registry,
    config: &VoiceAuthConfig,
) -> Result<(), Failure> {
    let listener = Listener { models: speakers, config, conditions: &[Condition::Clean], cache: None };
    let heard = listener.hear_all(corpus)?;
    report.recordings = Some(heard.iter().filter(|heard| heard.attempts[0].heard.is_ok()).count());
    let enrolled = corpus.choose(None);
    for Row { id, equal_error_rate: rate, .. } in &mut report.models {
        let fusion =
            registry.systems().get(id).map_or_else(|| Fusion::single(id.as_str()), |s| s.fusion.clone());
        let rule = trials::Rule::uncalibrated(config, id.to_string(), fusion, ENROLL);
        let outcome = trials::run(corpus, &heard, 0, &enrolled, &rule);
        let scores = |target: bool| -> Vec<f32> {
            outcome
                .trials
                .iter()
                .filter(|trial| trial.target == target)
                .filter_map(|trial| Some(trial.score.as_ref()?.llr as f32))
                .collect()
        };
        *rate = equal_error_rate(&scores(true), &scores(false)).map(|(rate, _)| rate);
    }
    for Pair { fp32, int8, cosine, .. } in &mut report.pairs {
        *cosine = agreement(&heard, fp32.as_str(), int8.as_str());
    }
    Ok(())
}

/// How alike the embeddings of two models of one space are.
fn agreement(heard: &[Heard], one: &str, other: &str) -> Option<Cosine> {
    let cosines: Vec<f32> = heard
        .iter()
        .filter_map(|heard| {
            let voiceprint = heard.attempts[0].heard.as_ref().ok()?;
            voiceprint.get(one)?.cosine(voiceprint.get(other)?)
        })
        .collect();
    let sum: f64 = cosines.iter().map(|cosine| f64::from(*cosine)).sum();
    let min = cosines.iter().copied().reduce(f32::min)?;
    Some(Cosine { mean: sum / cosines.len() as f64, min })
}

#[cfg(test)]
mod tests {
    use voicegate_core::{Embedding, QualityMeasures, Voiceprint};

    use super::super::super::eval::embed::Attempt;
    use super::*;

    #[test]
    fn agreement_is_over_what_both_models_heard() {
        let heard = |vectors: &[(&str, [f32; 2])]| {
            let voiceprint = Voiceprint::new(
                vectors.iter().map(|(id, v)| ((*id).to_owned(), Embedding::new(v.to_vec()).unwrap())),
            );
            let attempt =
                Attempt { quality: QualityMeasures::default(), heard: voiceprint.ok_or_else(Vec::new) };
            Heard { enrolment: Err(Vec::new()), attempts: vec![attempt] }
        };
        let both = [
            heard(&[("a", [1.0, 0.0]), ("a-int8", [1.0, 0.0])]),
            heard(&[("a", [1.0, 0.0]), ("a-int8", [0.0, 1.0])]),
            heard(&[("a", [1.0, 0.0])]),
            heard(&[]),
        ];
        let Cosine { mean, min } = agreement(&both, "a", "a-int8").unwrap();
        assert!((mean - 0.5).abs() < 1e-6 && min.abs() < 1e-6);
        assert!(agreement(&both[2..], "a", "a-int8").is_none());
    }
}
