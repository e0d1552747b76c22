//! `VoiceAuthConfig`: what an operator can set, where each setting may come from, and when it takes effect.
//!
//! Four layers, the later one wins: built-in defaults < YAML file < environment < runtime overrides (API). The merged
//! whole is checked at once; a configuration with any fault is refused with the path of every wrong field, and what was
//! active stays active.

mod accounts;
mod adjustments;
mod advisor;
mod ageing;
mod audio;
mod challenge;
mod devices;
mod enrolment;
mod experiment;
mod layers;
mod limits;
mod live;
mod log;
mod models;
mod networks;
mod patch;
mod retired;
mod risk;
mod server;
mod sessions;
mod spoofing;
mod storage;
mod verification;
mod webhook;

use garde::Validate;
use serde::{Deserialize, Serialize};

pub use accounts::{AccountsConfig, Argon2Config, TotpConfig};
pub use adjustments::AdjustmentsConfig;
pub use advisor::AdvisorConfig;
pub use ageing::AgeingConfig;
pub use audio::AudioConfig;
pub use challenge::{ChallengeConfig, ChallengeRequirement};
pub use devices::DevicesConfig;
pub use enrolment::EnrolmentConfig;
pub use experiment::ExperimentConfig;
pub use layers::{ConfigError, Fault, Layers, from_environment, merge};
pub use limits::LimitsConfig;
pub use live::LiveConfig;
pub use log::{LogConfig, LogFormat};
pub use models::{ModelsConfig, WhisperConfig};
pub use networks::Networks;
pub use patch::merge_patch;
pub use retired::without_retired;
pub use risk::RiskConfig;
pub use server::{ForwardedHeader, ServerConfig};
pub use sessions::SessionsConfig;
pub use spoofing::{CountermeasureRequirement, DuplicatesConfig, SpoofingConfig};
pub use storage::StorageConfig;
pub use verification::VerificationConfig;
pub use webhook::{NotAWebhookSecret, WebhookConfig, WebhookSecret};

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
    /// Accounts with a password.
    #[garde(dive)]
    pub accounts: AccountsConfig,
    /// How long a person stays logged in.
    #[garde(dive)]
    pub sessions: SessionsConfig,
    /// How often somebody may fail before they have to wait.
    #[garde(dive)]
    pub limits: LimitsConfig,
    /// Devices that are bound to people, and what they sign.
    #[garde(dive)]
    pub devices: DevicesConfig,
    /// What makes a login risky, and what the risk leads to.
    #[garde(dive)]
    pub risk: RiskConfig,
    /// A language model that is asked what it makes of a login.
    #[garde(dive)]
    pub advisor: AdvisorConfig,
    /// Where notices are sent to.
    #[garde(dive)]
    pub webhook: WebhookConfig,
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
pub const LIVE_SECTIONS: [&str; 11] = [
    "audio",
    "enrolment",
    "verification",
    "challenge",
    "spoofing",
    "experiment",
    "accounts",
    "sessions",
    "limits",
    "devices",
    "risk",
];

impl VoiceAuthConfig {
    /// Names the sections that differ from `running` and only take effect at the next start.
    #[must_use]
    pub fn restart_sections(&self, running: &Self) -> Vec<&'static str> {
        let mut sections = Vec::new();
        if self.advisor != running.advisor {
            sections.push("advisor");
        }
        if self.webhook != running.webhook {
            sections.push("webhook");
        }
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
