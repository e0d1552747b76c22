//! Enrolment and trials as the service does them.

use jiff::Timestamp;
use voicegate_core::decide::{Evidence, Measured, Outcome, Policy, decide};
use voicegate_core::enrolment::{EnrolmentPolicy, Progress, admit};
use voicegate_core::score::SpeakerScore;
use voicegate_core::{Exemplar, Template};
use voicegate_models::Metadata;
use voicegate_service::config::VoiceAuthConfig;
use voicegate_service::{ServiceError, policy};

use super::corpus::{Corpus, Speaker};
use super::embed::Heard;

/// What an enrolment and a decision follow.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) model: String,
    pub(super) enrolment: EnrolmentPolicy,
    pub(super) decision: Policy,
    /// Files to enrol with.
    pub(super) files: usize,
}

impl Rule {
    pub(super) fn new(
        config: &VoiceAuthConfig,
        model: &Metadata,
        files: usize,
    ) -> Result<Self, ServiceError> {
        Ok(Self {
            model: model.id.to_string(),
            enrolment: policy::enrolment_policy(config, model)?,
            decision: Policy { score_threshold: policy::score_threshold(config, model)? },
            files,
        })
    }
}

/// One speaker's enrolment.
#[derive(Debug)]
pub(super) struct Enrolment {
    pub(super) speaker: Speaker,
    /// `None` if the files do not make a complete profile.
    pub(super) template: Option<Template>,
    /// Rows that were offered, whatever became of them.
    pub(super) offered: Vec<usize>,
    /// Offered samples that did not agree with the others.
    pub(super) disagreeing: usize,
}

/// One recording tried against one enrolled speaker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trial {
    /// Index into the enrolments.
    pub(super) enrolment: usize,
    /// Index into the corpus.
    pub(super) row: usize,
    /// Whether the recording is the enrolled speaker's.
    pub(super) target: bool,
    pub(super) outcome: Outcome,
    pub(super) score: Option<f32>,
}

/// Everything that was tried.
#[derive(Debug)]
pub(super) struct Trials {
    pub(super) enrolments: Vec<Enrolment>,
    pub(super) trials: Vec<Trial>,
}

/// Enrols the chosen speakers and tries every other recording of theirs and all of the data set's strangers.
pub(super) fn run(corpus: &Corpus, heard: &[Heard], chosen: &[Speaker], rule: &Rule) -> Trials {
    let enrolments: Vec<Enrolment> = chosen.iter().map(|speaker| enrol(speaker, heard, rule)).collect();
    let mut trials = Vec::new();
    for (enrolment, enrolled) in enrolments.iter().enumerate() {
        let Some(template) = &enrolled.template else { continue };
        let Speaker { dataset, name, .. } = &enrolled.speaker;
        for (row, found) in corpus.rows.iter().enumerate() {
            if found.dataset != *dataset || enrolled.offered.contains(&row) {
                continue;
            }
            let evidence = Evidence { speaker: compare(&heard[row], template) };
            let decision = decide(&evidence, &rule.decision);
            let target = found.speaker == *name;
            trials.push(Trial { enrolment, row, target, outcome: decision.outcome, score: decision.score });
        }
    }
    Trials { enrolments, trials }
}

/// Offers the speaker's usable files in their order: as many as the rule says, and then one by one while the
/// enrolment is not complete, as a person would who is asked for another sample.
fn enrol(speaker: &Speaker, heard: &[Heard], rule: &Rule) -> Enrolment {
    let mut usable = speaker.rows.iter().filter_map(|&row| Some((row, exemplar(&heard[row])?)));
    let (mut offered, mut exemplars, mut disagreeing) = (Vec::new(), Vec::new(), 0);
    let mut batch: Vec<(usize, Exemplar)> = usable.by_ref().take(rule.files).collect();
    while !batch.is_empty() {
        let (rows, candidates): (Vec<usize>, Vec<Exemplar>) = batch.drain(..).unzip();
        let verdicts = admit(&exemplars, &candidates, &rule.enrolment);
        disagreeing += verdicts.iter().filter(|verdict| !verdict.is_accepted()).count();
        offered.extend(rows);
        exemplars
            .extend(candidates.into_iter().zip(verdicts).filter(|(_, v)| v.is_accepted()).map(|(e, _)| e));
        if !Progress::new(&exemplars, &rule.enrolment).complete {
            batch.extend(usable.next());
        }
    }
    let complete = Progress::new(&exemplars, &rule.enrolment).complete;
    let template = complete.then(|| Template::new(rule.model.clone(), exemplars).ok()).flatten();
    Enrolment { speaker: speaker.clone(), template, offered, disagreeing }
}

fn exemplar(heard: &Heard) -> Option<Exemplar> {
    let quality = heard.quality.as_ref().filter(|_| heard.enrolment_reasons.is_empty())?;
    Some(Exemplar {
        embedding: heard.embedding.clone()?,
        net_speech_s: quality.net_speech_s,
        snr_db: quality.snr_db,
        added_at: Timestamp::UNIX_EPOCH,
    })
}

fn compare(heard: &Heard, template: &Template) -> Measured<SpeakerScore> {
    if !heard.verification_reasons.is_empty() {
        return Measured::Missing(heard.verification_reasons.clone());
    }
    match heard.embedding.as_ref().and_then(|embedding| SpeakerScore::new(embedding, template)) {
        Some(score) => Measured::Value(score),
        None => Measured::Missing(Vec::new()),
    }
}
