//! What is known of a profile: never the template.

use jiff::Timestamp;
use serde::Serialize;
use voicegate_core::PersonId;
use voicegate_core::enrolment::Progress;

use crate::profile::{Profile, ProfileState};
use crate::{Service, ServiceError, policy};

/// A profile as its owner's integrator may see it.
#[derive(Debug, Clone, Serialize)]
pub struct ProfileView {
    /// Whose.
    pub user_id: PersonId,
    /// Where it stands.
    pub status: ProfileState,
    /// Grows by one with each change.
    pub version: u64,
    /// How far the enrolment has come, per speaker model.
    pub models: Vec<ModelProgress>,
    /// When enrolment began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When a verification last accepted.
    pub last_verified_at: Option<Timestamp>,
}

/// The samples of one model.
#[derive(Debug, Clone, Serialize)]
pub struct ModelProgress {
    /// Registry id of the model.
    pub model: String,
    /// How far the enrolment has come.
    #[serde(flatten)]
    pub progress: Progress,
}

impl Service {
    /// The profile of `person`, revoked ones included.
    ///
    /// # Errors
    /// [`ServiceError::NotEnrolled`], [`ServiceError::Store`].
    pub async fn profile(&self, person: &PersonId) -> Result<ProfileView, ServiceError> {
        let profile = self.load(person).await?;
        let needs = policy::needs(&self.config.current());
        let models = profile.template.iter().flat_map(|template| {
            template.models().map(|model| {
                let heard = template.exemplars().iter().filter(|e| e.voiceprint.get(model).is_some());
                ModelProgress { model: model.to_owned(), progress: Progress::new(heard, &needs) }
            })
        });
        Ok(ProfileView {
            models: models.collect(),
            user_id: profile.person,
            status: profile.state,
            version: profile.version,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
            revoked_at: profile.revoked_at,
            last_verified_at: profile.last_verified_at,
        })
    }

    pub(super) async fn load(&self, person: &PersonId) -> Result<Profile, ServiceError> {
        self.store.profile(person).await?.ok_or_else(|| ServiceError::NotEnrolled(person.clone()))
    }
}
