//! Attacks tried on the enrolled voices that they imitate.

use std::path::Path;

use voicegate_core::decide::{Outcome, Policy, Requirement};
use voicegate_service::config::VoiceAuthConfig;

use super::super::condition::Condition;
use super::super::corpus::{self, Corpus, Speaker};
use super::super::embed::Listener;
use super::super::systems::Chosen;
use super::super::trials;
use super::list::Row;
use crate::exit::Failure;
use crate::wiring::Context;

/// What the speaker models say of an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// It is the voice that it imitates.
    Matches,
    /// It is not.
    Differs,
    /// It could not be judged.
    Unjudged,
}

/// Enrols the speakers of `list` whom an attack imitates, and tries those attacks; other rows have no answer.
pub(super) fn try_attacks(
    list: &Path,
    rows: &[Row],
    condition: Condition,
    context: &Context,
    config: &VoiceAuthConfig,
) -> Result<Vec<Option<Voice>>, Failure> {
    let enrolled = Corpus::read(list, &[])?;
    let speakers: Vec<Speaker> = enrolled
        .choose(None)
        .into_iter()
        .filter(|speaker| rows.iter().any(|row| row.attack && imitates(row, speaker)))
        .collect();
    if speakers.is_empty() {
        let what = format!("{}: no attack names one of its speakers in the column 'speaker'", list.display());
        return Err(Failure::new("corpus", what));
    }
    let (corpus, speakers, places) = together(&enrolled, &speakers, rows);
    let chosen = Chosen::serving(context, config, false)?;
    let conditions = [condition];
    let listener = Listener { models: chosen.speakers()?, config, conditions: &conditions, cache: None };
    let heard = listener.hear_all(&corpus)?;
    let system = chosen.systems.first().ok_or_else(|| Failure::new("internal", "no system serves"))?;
    let mut rule = chosen.rule(system, config, 3)?;
    rule.decision = by_voice_alone(rule.decision);
    let outcome = trials::run(&corpus, &heard, 0, &speakers, &rule);
    let mut voices = vec![None; rows.len()];
    for trial in outcome.trials.iter().filter(|trial| trial.target) {
        if let Some(place) = places.get(trial.row).copied().flatten() {
            voices[place] = Some(match trial.outcome {
                Outcome::Accept => Voice::Matches,
                Outcome::Reject => Voice::Differs,
                Outcome::Inconclusive | Outcome::StepUp(_) => Voice::Unjudged,
            });
        }
    }
    Ok(voices)
}

/// By its full name, `dataset/speaker`, or by the speaker's alone.
fn imitates(row: &Row, speaker: &Speaker) -> bool {
    row.speaker.as_deref().is_some_and(|name| {
        name == speaker.name || name.split_once('/') == Some((&speaker.dataset, &speaker.name))
    })
}

/// One corpus of what the speakers enrol and of the attacks that imitate them, the speakers with their places in it, and for
/// each of its rows the place of the attack, if it is one.
fn together(
    enrolled: &Corpus,
    speakers: &[Speaker],
    rows: &[Row],
) -> (Corpus, Vec<Speaker>, Vec<Option<usize>>) {
    let (mut all, mut places, mut chosen) = (Vec::new(), Vec::new(), Vec::new());
    for speaker in speakers {
        let start = all.len();
        for row in speaker.rows.iter().map(|&row| &enrolled.rows[row]) {
            all.push(corpus::Row { path: enrolled.path(row).display().to_string(), ..row.clone() });
            places.push(None);
        }
        chosen.push(Speaker { rows: (start..all.len()).collect(), ..speaker.clone() });
        for (place, row) in rows.iter().enumerate().filter(|(_, row)| row.attack && imitates(row, speaker)) {
            all.push(corpus::Row {
                path: row.path.display().to_string(),
                dataset: speaker.dataset.clone(),
                speaker: speaker.name.clone(),
                sex: None,
                age: None,
            });
            places.push(Some(place));
        }
    }
    (Corpus::of(all), chosen, places)
}

/// Whatever else is asked for, here the voice alone counts: the rest of the system is the detector's part.
fn by_voice_alone(policy: Policy) -> Policy {
    let optional = Requirement::Optional;
    Policy { countermeasures: optional, challenge: optional, signature: optional, ..policy }
}
