//! Challenges.

use serde::Serialize;
use utoipa::ToSchema;

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Verifying a voice.
    Verify,
    /// Logging in.
    Login,
    /// Adding to a voice that is there already, or replacing it.
    Enroll,
    /// Binding a device.
    Bind,
    /// Binding a device again that was revoked.
    Rebind,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// Digits, one by one.
    Digits,
    /// Words that do not belong together.
    Words,
}

/// A language that prompts can be given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
}
