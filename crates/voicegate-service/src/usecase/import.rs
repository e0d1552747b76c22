//! Voices that another system enrolled, taken over as the vectors that it kept.
//!
//! What comes in is heard by one model only. Verification compares it with that model, and every accepted attempt adds
//! what the current models make of it, until they judge alone ([`super::verify`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;
use voicegate_core::template::TemplateError;
use voicegate_core::{
    Embedding, EmbeddingError, Exemplar, Origin, PersonId, QualityMeasures, Template, Voiceprint,
};

use super::Caller;
use crate::config::VoiceAuthConfig;
use crate::ports::{AuditEvent, AuditKind, Change, StoreError};
use crate::profile::{Profile, ProfileState};
use crate::{Service, ServiceError};

/// Registry id of the model whose vectors Resemblyzer stores.
pub const RESEMBLYZER_MODEL: &str = "ge2e-resemblyzer";
/// Values of such a vector.
pub const RESEMBLYZER_DIMENSIONS: usize = 256;

/// What happens to a person who is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The profile stays and the import of this person is refused, whatever state it is in.
    Keep,
    /// The imported voice takes its place.
    Replace,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The profile is stored and the import recorded.
    Write,
    /// Only what would be refused is said.
    Rehearse,
}

/// Why the voice of one person is not imported.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ImportRefusal {
    /// There is none.
    #[error("there is no vector")]
    Empty,
    /// A profile would be full and could not move to the current models.
    #[error(
        "there are {found} vectors; at most {most} leave room in a profile for the current models (enrolment.max_samples)"
    )]
    TooMany {
        /// Vectors given.
        found: usize,
        /// Vectors that may be given.
        most: usize,
    },
    /// A vector of another model.
    #[error("vector {number} has {found} values instead of {RESEMBLYZER_DIMENSIONS}")]
    Length {
        /// Which, from 1.
        number: usize,
        /// Its values.
        found: usize,
    },
    /// A vector without a direction.
    #[error("vector {number} is no embedding: {error}")]
    Value {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        error: EmbeddingError,
    },
    /// The vectors do not belong together.
    #[error("the vectors make no template: {0}")]
    Template(#[from] TemplateError),
    /// The person is known already.
    #[error("there is a profile already ({}); it is only replaced on purpose", .0.as_str())]
    Exists(ProfileState),
    /// Somebody else changed the profile at the same time.
    #[error("the profile was changed by someone else in the meantime")]
    Conflict,
}

/// The template of stored `vectors`, or why they make none.
///
/// The seconds of speech are 0, because the old system did not keep them. That does no harm: they decide whether an
/// enrolment is complete, and an import is complete by the operator's word.
///
/// # Errors
/// [`ImportRefusal`].
pub fn imported_template(
    vectors: &[Vec<f32>],
    config: &VoiceAuthConfig,
    now: Timestamp,
) -> Result<Template, ImportRefusal> {
    let enrolment = &config.enrolment;
    let most = enrolment.max_samples.saturating_sub(enrolment.min_samples).max(1);
    match vectors.len() {
        0 => return Err(ImportRefusal::Empty),
        found if found > most => return Err(ImportRefusal::TooMany { found, most }),
        _ => {}
    }
    let exemplar = |(number, vector): (usize, &Vec<f32>)| {
        if vector.len() != RESEMBLYZER_DIMENSIONS {
            return Err(ImportRefusal::Length { number, found: vector.len() });
        }
        let embedding =
            Embedding::new(vector.clone()).map_err(|error| ImportRefusal::Value { number, error })?;
        let voiceprint = Voiceprint::single(RESEMBLYZER_MODEL, embedding);
        Ok(Exemplar {
            voiceprint,
            renderings: BTreeMap::new(),
            quality: QualityMeasures::default(),
            origin: Origin::Enrolled,
            added_at: now,
        })
    };
    let exemplars = (1..).zip(vectors).map(exemplar).collect::<Result<_, _>>()?;
    Ok(Template::new(exemplars)?)
}

impl Service {
    /// Makes a profile in use out of stored Resemblyzer vectors of `person`.
    ///
    /// # Errors
    /// The inner error refuses this person alone; the outer one is of the database and concerns everybody.
    pub async fn import(
        &self,
        person: &PersonId,
        vectors: &[Vec<f32>],
        (existing, mode): (Existing, Mode),
        caller: &Caller,
    ) -> Result<Result<(), ImportRefusal>, ServiceError> {
        let now = self.clock.now();
        let template = match imported_template(vectors, &self.config.current(), now) {
            Ok(template) => template,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let before = self.store.profile(person).await?;
        if let (Some(profile), Existing::Keep) = (&before, existing) {
            return Ok(Err(ImportRefusal::Exists(profile.state)));
        }
        if mode == Mode::Rehearse {
            return Ok(Ok(()));
        }
        let event = AuditEvent {
            at: now,
            kind: if before.is_some() { AuditKind::Update } else { AuditKind::Enroll },
            actor: caller.actor.clone(),
            person: Some(person.clone()),
            outcome: "ok".into(),
            request_id: caller.request_id.clone(),
            details: json!({ "imported": true, "model": RESEMBLYZER_MODEL, "samples": vectors.len() }),
        };
        let profile = Profile {
            person: person.clone(),
            state: ProfileState::Active,
            version: 0,
            template: Some(template),
            created_at: now,
            updated_at: now,
            revoked_at: None,
            last_verified_at: None,
        };
        let change = Change::PutProfile { profile, expected_version: before.map_or(0, |p| p.version) };
        match self.store.commit(vec![change], event).await {
            Ok(_) => Ok(Ok(())),
            Err(StoreError::Conflict) => Ok(Err(ImportRefusal::Conflict)),
            Err(error) => Err(error.into()),
        }
    }

    /// What keeps imported voices from being verified now, as a sentence; `None` if they can be.
    #[must_use]
    pub fn obstacle_to_imported(&self) -> Option<String> {
        let speakers = match self.speakers() {
            Ok(speakers) => speakers,
            Err(error) => return Some(error.to_string()),
        };
        let Some(system) = speakers.systems().iter().find(|system| system.id.as_str() == RESEMBLYZER_MODEL)
        else {
            return Some(format!(
                "the model '{RESEMBLYZER_MODEL}' is not loaded: it must be there and belong to what serves"
            ));
        };
        crate::policy::calibration(system).err().map(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(vectors: &[Vec<f32>]) -> Result<Template, ImportRefusal> {
        imported_template(vectors, &VoiceAuthConfig::default(), Timestamp::UNIX_EPOCH)
    }

    fn vector(direction: usize) -> Vec<f32> {
        (0..RESEMBLYZER_DIMENSIONS).map(|i| if i == direction { 3.0 } else { 0.0 }).collect()
    }

    #[test]
    fn each_vector_is_an_exemplar_of_the_one_model() {
        let template = check(&[vector(0), vector(1)]).unwrap();
        assert_eq!(template.exemplars().len(), 2);
        assert_eq!(template.models().collect::<Vec<_>>(), [RESEMBLYZER_MODEL]);
        assert!(
            template.exemplars().iter().all(|e| e.quality.net_speech_s == 0.0 && e.quality.snr_db.is_none())
        );
    }

    #[test]
    fn vectors_that_are_no_voice_are_refused_by_number() {
        assert_eq!(check(&[]), Err(ImportRefusal::Empty));
        let mut bad = vector(0);
        bad[7] = f32::NAN;
        for (bad, words) in [
            (bad, "vector 2 is no embedding"),
            (vec![0.0; RESEMBLYZER_DIMENSIONS], "vector 2 is no embedding"),
            (vec![1.0; 192], "vector 2 has 192 values instead of 256"),
            (Vec::new(), "vector 2 has 0 values"),
        ] {
            let refused = check(&[vector(0), bad]).unwrap_err().to_string();
            assert!(refused.starts_with(words), "{refused}");
        }
        let opposite = vector(0).iter().map(|v| -v).collect();
        assert!(matches!(check(&[vector(0), opposite]), Err(ImportRefusal::Template(_))));
    }

    /// Full profiles could not learn the current models and would depend on the old one for ever.
    #[test]
    fn room_is_left_for_the_current_models() {
        let many = vec![vector(0); 18];
        assert_eq!(check(&many), Err(ImportRefusal::TooMany { found: 18, most: 17 }));
        assert!(check(&many[..17]).is_ok());
    }
}
