//! Enrolment and trials as the service does them.

use jiff::Timestamp;
use voicegate_core::decide::{Evidence, Measured, Outcome, Policy, decide};
use voicegate_core::enrolment::{EnrolmentPolicy, Progress, admit};
use voicegate_core::score::SpeakerScore;
use voicegate_core::{Exemplar, Fusion, Template};
use voicegate_models::SpeakerModels;
use voicegate_service::config::VoiceAuthConfig;
use voicegate_service::{ServiceError, policy};

use super::corpus::{Corpus, Speaker};
use super::embed::Heard;

/// What an enrolment and a decision follow.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Rule {
    pub(in crate::commands) model: String,
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
        files: usize,
    ) -> Result<Self, ServiceError> {
        let system = speakers.serving();
        Ok(Self {
            model: system.id.to_string(),
            fusion: system.fusion.clone(),
            enrolment: policy::enrolment_policy(config, speakers, system)?,
            decision: Policy { score_threshold: policy::score_threshold(config, speakers, system)? },
            files,
        })
    }

    /// The rule for a comparison of systems by their error rates alone: all enrol the same recordings, whatever each
    /// makes of them, and no threshold is needed.
    pub(in crate::commands) fn without_thresholds(
        config: &VoiceAuthConfig,
        model: String,
        fusion: Fusion,
        files: usize,
    ) -> Self {
        let max_samples = config.enrolment.max_samples;
        let enrolment = EnrolmentPolicy { needs: policy::needs(config), max_samples, min_agreement: -1.0 };
        Self { model, fusion, enrolment, decision: Policy { score_threshold: 0.0 }, files }
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::commands) struct Trial {
    /// Index into the enrolments.
    pub(in crate::commands) enrolment: usize,
    /// Index into the corpus.
    pub(in crate::commands) row: usize,
    /// Whether the recording is the enrolled speaker's.
    pub(in crate::commands) target: bool,
    pub(in crate::commands) outcome: Outcome,
    pub(in crate::commands) score: Option<f32>,
}

/// Everything that was tried.
#[derive(Debug)]
pub(in crate::commands) struct Trials {
    pub(in crate::commands) enrolments: Vec<Enrolment>,
    pub(in crate::commands) trials: Vec<Trial>,
}

/// Enrols the chosen speakers and tries every other recording of theirs and all of the data set's strangers.
pub(in crate::commands) fn run(corpus: &Corpus, heard: &[Heard], chosen: &[Speaker], rule: &Rule) -> Trials {
    let enrolments: Vec<Enrolment> = chosen.iter().map(|speaker| enrol(speaker, heard, rule)).collect();
    let mut trials = Vec::new();
    for (enrolment, enrolled) in enrolments.iter().enumerate() {
        let Some(template) = &enrolled.template else { continue };
        let Speaker { dataset, name, .. } = &enrolled.speaker;
        for (row, found) in corpus.rows.iter().enumerate() {
            if found.dataset != *dataset || enrolled.offered.contains(&row) {
                continue;
            }
            let evidence = Evidence { speaker: compare(&heard[row], template, &rule.fusion) };
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

fn exemplar(heard: &Heard) -> Option<Exemplar> {
    let quality = heard.quality.as_ref().filter(|_| heard.enrolment_reasons.is_empty())?;
    Some(Exemplar {
        voiceprint: heard.voiceprint.clone()?,
        net_speech_s: quality.net_speech_s,
        snr_db: quality.snr_db,
        added_at: Timestamp::UNIX_EPOCH,
    })
}

fn compare(heard: &Heard, template: &Template, fusion: &Fusion) -> Measured<SpeakerScore> {
    if !heard.verification_reasons.is_empty() {
        return Measured::Missing(heard.verification_reasons.clone());
    }
    match heard.voiceprint.as_ref().and_then(|heard| SpeakerScore::new(heard, template, fusion)) {
        Some(score) => Measured::Value(score),
        None => Measured::Missing(Vec::new()),
    }
}
