//! Making and extending a voice profile.

use serde::Serialize;
use serde_json::json;
use voicegate_audio::Quality;
use voicegate_core::decide::{Outcome, Reason};
use voicegate_core::enrolment::{Admission, Progress, admit};
use voicegate_core::{Exemplar, Origin, PersonId, Template};
use voicegate_models::{SpeakerModels, System};

use super::Caller;
use super::sample::{Analysed, Purpose, Recording};
use crate::config::VoiceAuthConfig;
use crate::ports::{AuditEvent, AuditKind, Change, Lane};
use crate::profile::{Profile, ProfileState};
use crate::{Service, ServiceError, policy};

/// What shall happen to a voice that is enrolled already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Begin or continue an enrolment; an enrolled voice is left alone and the request refused.
    Enroll,
    /// Add samples to an enrolled voice.
    Add,
    /// Replace the voice. The samples must make a complete profile, otherwise the old one stays.
    Replace,
}

/// The answer to an enrolment or update.
#[derive(Debug, Clone, Serialize)]
pub struct EnrollAnswer {
    /// Whose voice.
    pub user_id: PersonId,
    /// ACCEPT once the profile can be used, INCONCLUSIVE while more samples are needed.
    pub outcome: Outcome,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// Always `null` here; present so that every answer has the same core fields.
    pub similarity: Option<f32>,
    /// Least agreement of an accepted sample with the others, in [-1, 1]; `null` with a single sample.
    pub score: Option<f32>,
    /// Where the profile stands; `null` if there still is none.
    pub status: Option<ProfileState>,
    /// How far the enrolment has come.
    pub progress: Progress,
    /// What became of each sample, in the order given.
    pub samples: Vec<SampleReport>,
    /// Quality of each sample that could be decoded, in the order given.
    pub quality: Vec<Quality>,
    /// Registry id of the speaker model or fusion.
    pub model: String,
    /// Version of the profile; 0 if there still is none.
    pub version: u64,
    /// Number of the audit record.
    pub audit_record: u64,
}

/// What became of one sample.
#[derive(Debug, Clone, Serialize)]
pub struct SampleReport {
    /// Its name.
    pub name: String,
    /// Whether it is in the profile now.
    pub accepted: bool,
    /// Why not; empty if it is.
    pub reasons: Vec<Reason>,
    /// What lowers its worth without making it unusable.
    pub warnings: Vec<Reason>,
    /// Mean similarity to the other samples; `null` for the very first or if it could not be compared.
    pub agreement: Option<f32>,
    /// Its quality; `null` if it could not be decoded.
    pub quality: Option<Quality>,
}

/// Most samples in one request.
pub const MAX_SAMPLES_PER_REQUEST: usize = 20;

/// How often a commit that met another one is tried again.
const ATTEMPTS: usize = 5;

impl Service {
    /// Offers `recordings` for the profile of `person`. Good samples are kept even if others are refused.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for none or too many recordings, [`ServiceError::AlreadyEnrolled`],
    /// [`ServiceError::NotEnrolled`] (adding to nothing), [`ServiceError::ModelUnavailable`],
    /// [`ServiceError::Overloaded`], [`ServiceError::Store`]. Nothing changes on error.
    pub async fn enroll(
        &self,
        person: &PersonId,
        recordings: Vec<Recording>,
        intent: Intent,
        caller: &Caller,
    ) -> Result<EnrollAnswer, ServiceError> {
        if recordings.is_empty() || recordings.len() > MAX_SAMPLES_PER_REQUEST {
            return Err(ServiceError::Invalid(format!(
                "send 1 to {MAX_SAMPLES_PER_REQUEST} recordings, not {}",
                recordings.len()
            )));
        }
        let config = self.config.current();
        let speakers = self.speakers()?;
        let rule = Rule { speakers, config: &config };
        // Ask before the work: a caller who may not go on should not wait for networks.
        self.base(person, intent).await?;
        let mut analysed = Vec::with_capacity(recordings.len());
        for recording in recordings {
            let name = recording.name.clone();
            analysed.push((name, self.analyse(recording, Purpose::Enrol, &config).await?));
        }
        for _ in 0..ATTEMPTS {
            match self.admit(person, intent, &analysed, &rule, caller).await {
                Err(ServiceError::Conflict) => {}
                done => return done,
            }
        }
        Err(ServiceError::Conflict)
    }

    /// The profile that `intent` builds on, if it may.
    async fn base(&self, person: &PersonId, intent: Intent) -> Result<Option<Profile>, ServiceError> {
        let profile = self.store.profile(person).await?;
        let state = profile.as_ref().map(|p| p.state);
        match (intent, state) {
            (Intent::Enroll, Some(ProfileState::Active)) => {
                Err(ServiceError::AlreadyEnrolled(person.clone()))
            }
            (Intent::Add, None) => Err(ServiceError::NotEnrolled(person.clone())),
            (Intent::Add, Some(ProfileState::Revoked)) => Err(ServiceError::Revoked(person.clone())),
            _ => Ok(profile),
        }
    }

    async fn admit(
        &self,
        person: &PersonId,
        intent: Intent,
        analysed: &[(String, Analysed)],
        rule: &Rule<'_>,
        caller: &Caller,
    ) -> Result<EnrollAnswer, ServiceError> {
        let now = self.clock.now();
        let base = self.base(person, intent).await?;
        let existing: Vec<Exemplar> = match (intent, &base) {
            (Intent::Replace, _) | (_, None) => Vec::new(),
            (_, Some(profile)) => {
                profile.template.as_ref().map(|t| t.exemplars().to_vec()).unwrap_or_default()
            }
        };
        let system = rule.system(&existing);
        let policy = policy::enrolment_policy(rule.config, rule.speakers, system)?;
        let candidates: Vec<Exemplar> =
            analysed.iter().filter_map(|(_, sample)| sample.exemplar(Origin::Enrolled, now)).collect();
        let verdicts = admit(&existing, &candidates, &system.fusion, &policy);
        let exemplars: Vec<Exemplar> = existing
            .into_iter()
            .chain(candidates.into_iter().zip(&verdicts).filter(|(_, v)| v.is_accepted()).map(|(e, _)| e))
            .collect();
        let progress = Progress::new(&exemplars, &policy.needs);
        let samples = report(analysed, &verdicts);

        let keeps_old = intent == Intent::Replace && !progress.complete && base.is_some();
        let any_accepted = samples.iter().any(|s| s.accepted);
        let state = if progress.complete { ProfileState::Active } else { ProfileState::Pending };
        // An imported profile is in use without the speech that an enrolment needs; a sample that joins it is done.
        let joined = intent == Intent::Add
            && any_accepted
            && base.as_ref().is_some_and(|profile| profile.state == ProfileState::Active);
        let outcome = if progress.complete || joined { Outcome::Accept } else { Outcome::Inconclusive };
        let event = AuditEvent {
            at: now,
            kind: if intent == Intent::Enroll { AuditKind::Enroll } else { AuditKind::Update },
            actor: caller.actor.clone(),
            person: Some(person.clone()),
            outcome: outcome.as_str().into(),
            request_id: caller.request_id.clone(),
            details: json!({
                "model": system.id,
                "intent": format!("{intent:?}").to_lowercase(),
                "accepted": samples.iter().filter(|s| s.accepted).count(),
                "refused": samples.iter().flat_map(|s| s.reasons.iter().map(|r| r.code.to_string())).collect::<Vec<_>>(),
                "samples": progress.samples,
                "net_speech_s": progress.net_speech_s,
            }),
        };
        let version = base.as_ref().map_or(0, |p| p.version);
        let mut changes = Vec::new();
        let (status, new_version) = if any_accepted && !keeps_old {
            let template = Template::new(exemplars).map_err(|error| {
                ServiceError::Internal(format!("the accepted samples make no template: {error}"))
            })?;
            changes.push(Change::PutProfile {
                profile: next(base.as_ref(), person, state, template, intent, now),
                expected_version: version,
            });
            (Some(state), version + 1)
        } else {
            (base.as_ref().map(|p| p.state), version)
        };
        // Nobody logs in with a recording of the enrolment.
        let duplicates = &rule.config.spoofing.duplicates;
        let heard = analysed.iter().filter_map(|(_, sample)| self.remember(person, sample, duplicates));
        changes.extend(heard.map(|heard| heard.keep(Lane::Own)));
        let receipt = self.store.commit(changes, event).await?;
        Ok(EnrollAnswer {
            user_id: person.clone(),
            outcome,
            reasons: reasons(&progress, &samples, keeps_old, joined),
            similarity: None,
            score: samples.iter().filter(|s| s.accepted).filter_map(|s| s.agreement).reduce(f32::min),
            status,
            progress,
            quality: samples.iter().filter_map(|s| s.quality.clone()).collect(),
            samples,
            model: system.id.to_string(),
            version: new_version,
            audit_record: receipt.audit_seq,
        })
    }
}

/// What an enrolment follows.
struct Rule<'a> {
    speakers: &'a SpeakerModels,
    config: &'a VoiceAuthConfig,
}

impl Rule<'_> {
    /// The first system that heard all that is there already; an imported profile may know a single model only.
    fn system(&self, existing: &[Exemplar]) -> &System {
        let heard_all = |system: &&System| existing.iter().all(|e| system.fusion.heard(&e.voiceprint));
        self.speakers.systems().iter().find(heard_all).unwrap_or(self.speakers.serving())
    }
}

/// The profile after the change. A revoked profile starts anew.
fn next(
    base: Option<&Profile>,
    person: &PersonId,
    state: ProfileState,
    template: Template,
    intent: Intent,
    now: jiff::Timestamp,
) -> Profile {
    let continued = base.filter(|p| p.state != ProfileState::Revoked && intent != Intent::Replace);
    Profile {
        person: person.clone(),
        // Adding to an active profile never takes it out of use.
        state: if continued.is_some_and(|p| p.state == ProfileState::Active) {
            ProfileState::Active
        } else {
            state
        },
        version: 0,
        template: Some(template),
        created_at: continued.map_or(now, |p| p.created_at),
        updated_at: now,
        revoked_at: None,
        last_verified_at: continued.and_then(|p| p.last_verified_at),
    }
}

/// One report per sample; `verdicts` has an entry for each sample that has a voiceprint.
fn report(analysed: &[(String, Analysed)], verdicts: &[Admission]) -> Vec<SampleReport> {
    let mut verdicts = verdicts.iter();
    let one = |(name, sample): &(String, Analysed)| {
        let (accepted, reasons, agreement) = match &sample.voiceprint {
            Err(reasons) => (false, reasons.clone(), None),
            Ok(_) => match verdicts.next() {
                Some(Admission::Accepted { agreement }) => (true, Vec::new(), *agreement),
                Some(Admission::Disagrees { agreement, .. }) => (
                    false,
                    vec![Reason::new(
                        "disagrees",
                        "This sample does not sound like the others. Make sure that the same person speaks in all of them.",
                    )],
                    Some(*agreement),
                ),
                Some(Admission::Duplicate) => (
                    false,
                    vec![Reason::new(
                        "duplicate",
                        "This is the same recording as another sample. Speak again and record anew.",
                    )],
                    None,
                ),
                Some(Admission::Full) | None => (
                    false,
                    vec![Reason::new("profile_full", "The profile holds as many samples as it may.")],
                    None,
                ),
            },
        };
        SampleReport {
            name: name.clone(),
            accepted,
            reasons,
            warnings: sample.warnings.clone(),
            agreement,
            quality: sample.quality.clone(),
        }
    };
    analysed.iter().map(one).collect()
}

fn reasons(progress: &Progress, samples: &[SampleReport], keeps_old: bool, joined: bool) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if progress.complete {
        reasons.push(Reason::new("enrolled", "The voice is enrolled."));
    } else if joined {
        reasons.push(Reason::new("sample_added", "The sample was added to the voice."));
    } else if keeps_old {
        reasons.push(Reason::new(
            "replacement_incomplete",
            "The new samples do not make a complete profile, so the old one was kept.",
        ));
    } else if progress.samples < progress.samples_needed {
        reasons.push(Reason::new(
            "more_samples_needed",
            format!(
                "{} of {} samples are in; record another one.",
                progress.samples, progress.samples_needed
            ),
        ));
    } else {
        reasons.push(Reason::new(
            "more_speech_needed",
            format!(
                "{:.1} of {:.1} seconds of speech are in; record another sample.",
                progress.net_speech_s, progress.net_speech_needed_s
            ),
        ));
    }
    for sample in samples.iter().filter(|s| !s.accepted) {
        for reason in &sample.reasons {
            reasons.push(Reason::new(reason.code.clone(), format!("{}: {}", sample.name, reason.message)));
        }
    }
    reasons
}
