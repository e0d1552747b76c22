//! What an evaluation of the detectors found.

mod case;
mod end_to_end;
mod group;
mod html;
mod measures;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;
use voicegate_core::countermeasure::{Detector, FittedSpoofFusion, Orientation, SpoofPolicy};
use voicegate_core::metrics::{OperatingPoint, Resampling, Tally, det_points};

use super::super::condition::Condition;
use super::super::report::Share;
pub(super) use case::Case;
use end_to_end::Imitations;
use group::{Alone, Judging, Source, Species};
use measures::Scale;

/// Name of all attacks, and of all bona fide recordings.
const ALL: &str = "all";

/// Points of the DET curve: more cannot be told apart.
const DET_POINTS: usize = 200;

/// The whole evaluation.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Names of the lists of recordings.
    corpora: Vec<String>,
    condition: Condition,
    /// Version of the fusion that serves; `null` without one.
    fusion: Option<String>,
    /// Where it draws the lines.
    policy: Option<SpoofPolicy>,
    /// Resamples of the intervals.
    draws: usize,
    /// All attacks against all bona fide recordings; `null` without attacks.
    all: Option<Species>,
    /// By species.
    species: Vec<Species>,
    /// Bona fide recordings by source, and all together last; empty without any.
    sources: Vec<Source>,
    /// The species with the highest APCER at the threshold that serves.
    worst: Option<Worst>,
    /// What each detector could measure.
    measured: Vec<Alone>,
    /// With the speaker models in front, by species; empty if nobody was enrolled.
    end_to_end: Vec<Imitations>,
    /// The trade-off of the fusion over all attacks; a false reject is an attack that is let pass.
    det: Vec<OperatingPoint>,
}

/// The species that is let pass most often.
#[derive(Debug, Serialize)]
pub(super) struct Worst {
    pub(super) species: String,
    pub(super) apcer: Share,
}

/// What an evaluation ran on, and how.
pub(super) struct Setting<'a> {
    pub(super) lists: &'a [PathBuf],
    pub(super) condition: Condition,
    pub(super) detectors: &'a [Detector],
    pub(super) fusion: Option<&'a FittedSpoofFusion>,
    pub(super) plan: Resampling,
}

impl Report {
    pub(super) fn new(setting: &Setting, cases: &[Case]) -> Self {
        let policy = setting.fusion.map(|fitted| fitted.policy(BTreeSet::new()));
        let detectors: Vec<(String, Scale)> = setting
            .detectors
            .iter()
            .map(|detector| (detector.name.clone(), scale(detector, setting.fusion)))
            .collect();
        let judging = Judging { policy: policy.as_ref(), detectors: &detectors, plan: &setting.plan };
        let every: Vec<&Case> = cases.iter().collect();
        let of = |name: &str, attack: bool| -> Vec<&Case> {
            let own = |case: &&Case| case.row.attack == attack && (name == ALL || case.row.group == name);
            cases.iter().filter(own).collect()
        };
        let names = |attack: bool| -> BTreeSet<&str> {
            cases.iter().filter(|c| c.row.attack == attack).map(|c| c.row.group.as_str()).collect()
        };
        let bona_fide = of(ALL, false);
        let one = |name: &&str| judging.species(name, &[&of(name, true)[..], &bona_fide].concat());
        let species: Vec<Species> = names(true).iter().map(one).collect();
        let all = (!species.is_empty()).then(|| judging.species(ALL, &every));
        let sources = names(false);
        let all_sources = (!sources.is_empty()).then_some(ALL);
        let imitations = |name: &&str| Imitations::new(name, &of(name, true), policy.as_ref(), &setting.plan);
        let scores = case::scores(&every, |case| case.measured.llr);
        Self {
            corpora: setting.lists.iter().map(|list| super::super::report::file_name(list)).collect(),
            condition: setting.condition,
            fusion: setting.fusion.map(|fitted| fitted.id.clone()),
            draws: setting.plan.draws,
            worst: worst(&species),
            all,
            species,
            sources: sources
                .into_iter()
                .chain(all_sources)
                .map(|name| judging.source(name, &of(name, false)))
                .collect(),
            measured: detectors.iter().map(|(name, _)| Alone::new(name, cases)).collect(),
            end_to_end: names(true).iter().chain(&[ALL]).filter_map(imitations).collect(),
            det: scores.map_or_else(Vec::new, |scores| det_points(&Tally::new(&scores), DET_POINTS)),
            policy,
        }
    }

    /// All attacks last, where there is more than one species.
    fn all_species(&self) -> impl Iterator<Item = &Species> {
        self.species.iter().chain(self.all.as_ref().filter(|_| self.species.len() > 1))
    }
}

/// A detector that the fusion reads the other way round is evaluated so.
fn scale(detector: &Detector, fusion: Option<&FittedSpoofFusion>) -> Scale {
    let weights = fusion.and_then(|fitted| fitted.fusion.detectors.get(&detector.name));
    match detector.orientation {
        Orientation::Either if weights.is_some_and(|w| w.slope < 0.0) => Scale::Low,
        Orientation::Either | Orientation::High => Scale::High,
    }
}

/// The highest rate; of equal ones that with the most recordings.
fn worst(species: &[Species]) -> Option<Worst> {
    let known = species.iter().filter_map(|species| Some((species, species.apcer?)));
    known
        .max_by(|(_, a), (_, b)| a.rate.total_cmp(&b.rate).then(a.trials.cmp(&b.trials)))
        .map(|(species, apcer)| Worst { species: species.name.clone(), apcer })
}
