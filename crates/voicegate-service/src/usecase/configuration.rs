//! Reading and changing the configuration while the program runs.

use serde::Serialize;
use serde_json::{Value, json};
use voicegate_models::SpeakerModels;

use super::Caller;
use crate::config::{ConfigError, LIVE_SECTIONS, VoiceAuthConfig, merge_patch, without_retired};
use crate::ports::{AuditEvent, AuditKind, Change};
use crate::{Service, ServiceError, judge};

/// The configuration as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigurationView {
    /// Version of the runtime overrides; grows by one with each change.
    pub version: u64,
    /// What is in force, secrets left out.
    pub effective: VoiceAuthConfig,
    /// What was set at run time.
    pub overrides: Value,
    /// Sections of the file that were changed and wait for a restart.
    pub restart_needed: Vec<&'static str>,
}

/// How given overrides meet the present ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideMode {
    /// They become the overrides.
    Replace,
    /// They are a merge patch (RFC 7396) of the present ones: `null` takes an override away.
    Patch,
}

/// Which version of the overrides a change may be based on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BasedOn {
    /// Whatever it is.
    Any,
    /// One of these.
    Versions(Vec<u64>),
}

impl BasedOn {
    /// Whether `version` is one of them.
    #[must_use]
    pub fn admits(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

impl Service {
    /// The configuration of the moment.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn configuration(&self) -> Result<ConfigurationView, ServiceError> {
        let stored = self.store.config().await?;
        // Another replica may have changed it; take over what is stored. A document that this program refuses
        // (written by a newer one) leaves the old in force and is shown beside it.
        let (overrides, retired) = without_retired(stored.overrides);
        if overrides != self.config.overrides() {
            if !retired.is_empty() {
                tracing::warn!(
                    ?retired,
                    version = stored.version,
                    "stored overrides of settings that there are no more"
                );
            }
            if let Err(error) = self.config.replace_overrides(overrides.clone()) {
                tracing::warn!(%error, version = stored.version, "stored configuration overrides are refused");
            }
        }
        Ok(ConfigurationView {
            version: stored.version,
            effective: (*self.config.current()).clone(),
            overrides,
            restart_needed: self.config.restart_sections(),
        })
    }

    /// Changes the runtime overrides, if their version is one that `based_on` admits.
    ///
    /// # Errors
    /// [`ServiceError::Config`] with every wrong field, [`ServiceError::Conflict`] if the version is another or moves on
    /// meanwhile, [`ServiceError::Store`]. Nothing changes on error.
    pub async fn change_configuration(
        &self,
        overrides: Value,
        mode: OverrideMode,
        based_on: &BasedOn,
        caller: &Caller,
    ) -> Result<ConfigurationView, ServiceError> {
        let stored = self.store.config().await?;
        if !based_on.admits(stored.version) {
            return Err(ServiceError::Conflict);
        }
        let overrides = match mode {
            OverrideMode::Replace => overrides,
            OverrideMode::Patch => {
                let (mut merged, _) = without_retired(stored.overrides.clone());
                merge_patch(&mut merged, &overrides);
                merged
            }
        };
        only_live_sections(&overrides)?;
        self.can_judge(&self.config.preview_overrides(&overrides)?)?;
        let event = AuditEvent {
            at: self.clock.now(),
            kind: AuditKind::Config,
            actor: caller.actor.clone(),
            person: None,
            outcome: "ok".into(),
            request_id: caller.request_id.clone(),
            details: json!({"version": stored.version + 1, "before": stored.overrides, "after": overrides}),
        };
        let change = Change::PutConfig { overrides: overrides.clone(), expected_version: stored.version };
        self.store.commit(vec![change], event).await?;
        self.config.replace_overrides(overrides)?;
        self.configuration().await
    }

    /// Refuses what the loaded models cannot do. A fault that is in force already, from the file or since a model went
    /// missing, does not keep anybody from changing something else.
    fn can_judge(&self, changed: &VoiceAuthConfig) -> Result<(), ConfigError> {
        let systems = self.speakers().map_or(&[][..], SpeakerModels::systems);
        let known = judge::faults(&self.config.current(), systems);
        let mut faults = judge::faults(changed, systems);
        faults.retain(|fault| !known.contains(fault));
        if faults.is_empty() { Ok(()) } else { Err(ConfigError { faults }) }
    }
}

/// Paths, library names and database addresses decide what code runs and where data goes; a caller of the API, even an
/// administrator's key, does not set those.
fn only_live_sections(overrides: &Value) -> Result<(), ConfigError> {
    let Some(sections) = overrides.as_object() else {
        return Err(ConfigError::one(".", "overrides are a mapping of sections"));
    };
    match sections.keys().find(|name| !LIVE_SECTIONS.contains(&name.as_str())) {
        None => Ok(()),
        Some(section) => Err(ConfigError::one(
            section.clone(),
            format!("can't be set at run time; only {} can", LIVE_SECTIONS.join(", ")),
        )),
    }
}
