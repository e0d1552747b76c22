//! `VoiceAuthConfig`: what an operator can set, where each setting may come from, and when it takes effect.
//!
//! Four layers, the later one wins: built-in defaults < YAML file < environment < runtime overrides (API). The merged
//! whole is checked at once; a configuration with any fault is refused with the path of every wrong field, and what was
//! active stays active.

mod adjustments;
mod ageing;
mod audio;
mod challenge;
mod enrolment;
mod experiment;
mod layers;
mod live;
mod log;
mod models;
mod patch;
mod retired;
mod server;
mod spoofing;
mod storage;
mod verification;

use garde::Validate;
use serde::{Deserialize, Serialize};

pub use adjustments::AdjustmentsConfig;
pub use ageing::AgeingConfig;
pub use audio::AudioConfig;
pub use challenge::{ChallengeConfig, ChallengeRequirement};
pub use enrolment::EnrolmentConfig;
pub use experiment::ExperimentConfig;
pub use layers::{ConfigError, Fault, Layers, from_environment, merge};
pub use live::LiveConfig;
pub use log::{LogConfig, LogFormat};
pub use models::{ModelsConfig, WhisperConfig};
pub use patch::merge_patch;
pub use retired::without_retired;
pub use server::ServerConfig;
pub use spoofing::{CountermeasureRequirement, DuplicatesConfig, SpoofingConfig};
pub use storage::StorageConfig;
pub use verification::VerificationConfig;

/// The whole configuration. Every field has a default, so an empty file is a valid one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct VoiceAuthConfig {
    /// What recordings are taken.
    #[garde(dive)]
    pub audio: AudioConfig,
    /// What an enrolment needs.
    #[garde(dive)]
    pub enrolment: EnrolmentConfig,
    /// What a verification needs.
    #[garde(dive)]
    pub verification: VerificationConfig,
    /// Words that a person has to say for one attempt.
    #[garde(dive)]
    pub challenge: ChallengeConfig,
    /// What is done against replayed and made-up speech.
    #[garde(dive)]
    pub spoofing: SpoofingConfig,
    /// Another threshold or speaker system for a share of the people; `null` is none.
    #[garde(dive, custom(experiment::differs(&self.verification)))]
    pub experiment: Option<ExperimentConfig>,
    /// Where models are and how they run.
    #[garde(dive)]
    pub models: ModelsConfig,
    /// The HTTP server.
    #[garde(dive)]
    pub server: ServerConfig,
    /// Database and keys.
    #[garde(dive)]
    pub storage: StorageConfig,
    /// Logging.
    #[garde(dive)]
    pub log: LogConfig,
}

/// Sections that take effect with the next request. The others are read at start.
pub const LIVE_SECTIONS: [&str; 6] =
    ["audio", "enrolment", "verification", "challenge", "spoofing", "experiment"];

impl VoiceAuthConfig {
    /// Names the sections that differ from `running` and only take effect at the next start.
    #[must_use]
    pub fn restart_sections(&self, running: &Self) -> Vec<&'static str> {
        let mut sections = Vec::new();
        if self.models != running.models {
            sections.push("models");
        }
        if self.server != running.server {
            sections.push("server");
        }
        if self.storage != running.storage {
            sections.push("storage");
        }
        if self.log != running.log {
            sections.push("log");
        }
        sections
    }
}
