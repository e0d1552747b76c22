//! Enrolment and trials as the service does them.

use voicegate_core::decide::{Evidence, Measured, Outcome, Policy, decide};
use voicegate_core::enrolment::{EnrolmentPolicy, Progress, admit};
use voicegate_core::score::SpeakerScore;
use voicegate_core::threshold::Context;
use voicegate_core::{Calibration, Exemplar, Fusion, Template};
use voicegate_models::{SpeakerModels, System};
use voicegate_service::config::VoiceAuthConfig;
use voicegate_service::{ServiceError, policy};

use super::corpus::{Corpus, Speaker};
use super::embed::{Attempt, Heard};

/// What an enrolment and a decision follow.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Rule {
    pub(in crate::commands) model: String,
    /// Version of the calibration; `None` if the scores are compared without one.
    pub(in crate::commands) version: Option<String>,
    pub(in crate::commands) calibration: Calibration,
    pub(in crate::commands) fusion: Fusion,
    pub(in crate::commands) enrolment: EnrolmentPolicy,
    pub(in crate::commands) decision: Policy,
    /// Files to enrol with.
    pub(in crate::commands) files: usize,
}

impl Rule {
    pub(in crate::commands) fn new(
        config: &VoiceAuthConfig,
        speakers: &SpeakerModels,
        system: &System,
        files: usize,
    ) -> Result<Self, ServiceError> {
        let fitted = policy::calibration(system)?;
        Ok(Self {
            model: system.id.to_string(),
            version: Some(fitted.id.clone()),
            calibration: fitted.llr.clone(),
            fusion: system.fusion.clone(),
            enrolment: policy::enrolment_policy(config, speakers, system)?,
            decision: config.verification.policy(),
            files,
        })
    }

    /// The rule for a comparison of systems by how they order trials alone: all enrol the same recordings, whatever each makes of
    /// them, and the weighted cosine stands for the calibrated score.
    pub(in crate::commands) fn uncalibrated(
        config: &VoiceAuthConfig,
        model: String,
        fusion: Fusion,
        files: usize,
    ) -> Self {
        let max_samples = config.enrolment.max_samples;
        Self {
            model,
            version: None,
            calibration: Calibration::plain(&fusion),
            enrolment: EnrolmentPolicy { needs: policy::needs(config), max_samples, min_agreement: -1.0 },
            decision: config.verification.policy(),
            fusion,
            files,
        }
    }
}

/// One speaker's enrolment.
#[derive(Debug)]
pub(in crate::commands) struct Enrolment {
    pub(in crate::commands) speaker: Speaker,
    /// `None` if the files do not make a complete profile.
    pub(in crate::commands) template: Option<Template>,
    /// Rows that were offered, whatever became of them.
    pub(in crate::commands) offered: Vec<usize>,
    /// Offered samples that did not agree with the others.
    pub(in crate::commands) disagreeing: usize,
}

/// One recording tried against one enrolled speaker.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::commands) struct Trial {
    /// Index into the enrolments.
    pub(in crate::commands) enrolment: usize,
    /// Index into the corpus.
    pub(in crate::commands) row: usize,
    /// Whether the recording is the enrolled speaker's.
    pub(in crate::commands) target: bool,
    pub(in crate::commands) outcome: Outcome,
    /// The comparison; `None` if the attempt could not be used.
    pub(in crate::commands) score: Option<SpeakerScore>,
}

/// Everything that was tried.
#[derive(Debug)]
pub(in crate::commands) struct Trials {
    pub(in crate::commands) enrolments: Vec<Enrolment>,
    pub(in crate::commands) trials: Vec<Trial>,
}

/// Enrols the chosen speakers and tries every other recording of theirs and all of the data set's strangers, in one of the conditions
/// that were heard.
pub(in crate::commands) fn run(
    corpus: &Corpus,
    heard: &[Heard],
    condition: usize,
    chosen: &[Speaker],
    rule: &Rule,
) -> Trials {
    let enrolments: Vec<Enrolment> = chosen.iter().map(|speaker| enrol(speaker, heard, rule)).collect();
    let mut trials = Vec::new();
    for (enrolment, enrolled) in enrolments.iter().enumerate() {
        let Some(template) = &enrolled.template else { continue };
        let Speaker { dataset, name, .. } = &enrolled.speaker;
        for (row, found) in corpus.rows.iter().enumerate() {
            if found.dataset != *dataset || enrolled.offered.contains(&row) {
                continue;
            }
            let speaker = compare(&heard[row].attempts[condition], template, &rule.calibration);
            let score = speaker.value().cloned();
            let context =
                Context { quality: Some(heard[row].attempts[condition].quality), ..Context::default() };
            let decision = decide(&Evidence::of_voice(speaker), &rule.decision, &context);
            trials.push(Trial {
                enrolment,
                row,
                target: found.speaker == *name,
                outcome: decision.outcome,
                score,
            });
        }
    }
    Trials { enrolments, trials }
}

/// Offers the speaker's usable files in their order: as many as the rule says, and then one by one while the
/// enrolment is not complete, as a person would who is asked for another sample.
fn enrol(speaker: &Speaker, heard: &[Heard], rule: &Rule) -> Enrolment {
    let mut usable = speaker.rows.iter().filter_map(|&row| Some((row, heard[row].enrolment.clone().ok()?)));
    let (mut offered, mut exemplars, mut disagreeing) = (Vec::new(), Vec::new(), 0);
    let mut batch: Vec<(usize, Exemplar)> = usable.by_ref().take(rule.files).collect();
    while !batch.is_empty() {
        let (rows, candidates): (Vec<usize>, Vec<Exemplar>) = batch.drain(..).unzip();
        let verdicts = admit(&exemplars, &candidates, &rule.fusion, &rule.enrolment);
        disagreeing += verdicts.iter().filter(|verdict| !verdict.is_accepted()).count();
        offered.extend(rows);
        exemplars
            .extend(candidates.into_iter().zip(verdicts).filter(|(_, v)| v.is_accepted()).map(|(e, _)| e));
        if !Progress::new(&exemplars, &rule.enrolment.needs).complete {
            batch.extend(usable.next());
        }
    }
    let complete = Progress::new(&exemplars, &rule.enrolment.needs).complete;
    let template = complete.then(|| Template::new(exemplars).ok()).flatten();
    Enrolment { speaker: speaker.clone(), template, offered, disagreeing }
}

fn compare(attempt: &Attempt, template: &Template, calibration: &Calibration) -> Measured<SpeakerScore> {
    match &attempt.heard {
        Err(reasons) => Measured::Missing(reasons.clone()),
        Ok(voiceprint) => SpeakerScore::new(voiceprint, &attempt.quality, template, calibration)
            .map_or(Measured::Missing(Vec::new()), Measured::Value),
    }
}
