//! What an accepted attempt teaches the profile.

use jiff::Timestamp;
use voicegate_core::PersonId;
use voicegate_core::ageing::{Unlearnt, learn};
use voicegate_core::decide::Decision;
use voicegate_core::enrolment::admit;
use voicegate_core::{Exemplar, Origin, Template};
use voicegate_models::{SpeakerModels, System};

use crate::config::VoiceAuthConfig;
use crate::ports::{AuditEvent, Change, Receipt, StoreError};
use crate::profile::Profile;
use crate::usecase::measure::Measurement;
use crate::{Service, ServiceError, policy};

/// Accepted attempts that are kept of a voice that moves to other models, unless an enrolment needs more.
const LEARNT: usize = 5;

/// How far above the threshold an attempt's similarity must be to be kept, half a factor of ten in odds: one that just
/// passes may be a stranger's.
const LEARNING_MARGIN: f32 = 0.05;

/// An accepted attempt.
pub(super) struct Accepted<'a> {
    pub(super) speakers: &'a SpeakerModels,
    pub(super) config: &'a VoiceAuthConfig,
    pub(super) measured: &'a Measurement<'a>,
    pub(super) decision: &'a Decision,
}

/// The code for a profile that somebody changed while the recording was being compared.
pub(super) const CHANGED_MEANWHILE: &str = "changed_meanwhile";

impl Accepted<'_> {
    /// The profile that has learnt from the attempt.
    ///
    /// # Errors
    /// Why the voice did not grow older with it, if it teaches nothing of other models either.
    pub(super) fn teaches(&self, profile: &Profile, now: Timestamp) -> Result<Profile, Unlearnt> {
        let template = profile.template.as_ref().ok_or(Unlearnt::NoAnchor)?;
        let exemplar = self.measured.analysed.exemplar(Origin::Learnt, now).ok_or(Unlearnt::NotAccepted)?;
        let learnt = match self.of_other_models(template, &exemplar) {
            Some(learnt) => learnt,
            None => self.of_age(template, exemplar)?,
        };
        Ok(Profile { template: Some(learnt), updated_at: now, ..profile.clone() })
    }

    /// The template with a voice that has grown older. It takes an attempt that is live and signed by the device.
    fn of_age(&self, template: &Template, exemplar: Exemplar) -> Result<Template, Unlearnt> {
        let policy = self.config.verification.ageing.policy();
        let Measurement { evidence, calibration, .. } = self.measured;
        learn(template, exemplar, evidence, self.decision, &calibration.llr, &policy)
    }

    /// The template with the attempt, where it lacks a model that serves now: a voice that was imported, or enrolled
    /// before the model came, moves to the current models by being used. The attempt must be sure enough and meet the
    /// rule of enrolment: against the whole template by the system that judged, and by the serving one against what that
    /// heard already.
    fn of_other_models(&self, template: &Template, exemplar: &Exemplar) -> Option<Template> {
        let serving = self.speakers.serving();
        let settled = serving.fusion.heard_of(template);
        let wanted = LEARNT.max(self.config.enrolment.min_samples);
        let knows_enough = settled == template.exemplars().len() || settled >= wanted;
        let sure = self.decision.similarity? >= self.decision.threshold.value + LEARNING_MARGIN;
        if knows_enough || !sure || !serving.fusion.heard(&exemplar.voiceprint) {
            return None;
        }
        let fits = |system: &System| {
            let heard = |e: &&Exemplar| system.fusion.heard(&e.voiceprint);
            let existing: Vec<Exemplar> = template.exemplars().iter().filter(heard).cloned().collect();
            let policy = policy::enrolment_policy(self.config, self.speakers, system).ok()?;
            let verdicts = admit(&existing, std::slice::from_ref(exemplar), &system.fusion, &policy);
            verdicts.iter().all(|verdict| verdict.is_accepted()).then_some(())
        };
        fits(self.measured.system)?;
        fits(serving)?;
        if template.exemplars().len() >= self.config.enrolment.max_samples {
            return None;
        }
        Template::new(template.exemplars().iter().cloned().chain([exemplar.clone()]).collect()).ok()
    }
}

impl Service {
    /// Marks the profile verified, and keeps what was `learnt` unless somebody changed the profile meanwhile. The record
    /// says that something was learnt, or the code of why not.
    pub(super) async fn commit_accepted(
        &self,
        person: &PersonId,
        learnt: Result<Profile, Unlearnt>,
        mut changes: Vec<Change>,
        mut event: AuditEvent,
    ) -> Result<Receipt, ServiceError> {
        changes.push(Change::MarkVerified { person: person.clone(), at: event.at });
        let not_learnt = match learnt {
            Ok(profile) => {
                let expected_version = profile.version;
                let mut event = event.clone();
                event.details["learnt"] = true.into();
                let put = Change::PutProfile { profile, expected_version };
                let all = std::iter::once(put).chain(changes.iter().cloned()).collect();
                match self.store.commit(all, event).await {
                    Err(StoreError::Conflict) => CHANGED_MEANWHILE,
                    done => return Ok(done?),
                }
            }
            Err(why) => why.as_str(),
        };
        event.details["not_learnt"] = not_learnt.into();
        Ok(self.store.commit(changes, event).await?)
    }
}
