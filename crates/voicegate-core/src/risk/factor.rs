//! What risk is made of, and what each part weighs.

use serde::{Deserialize, Serialize};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorName {
    /// How far the device is trusted.
    DeviceTrust,
    /// Whether the person came from this network before.
    NewNetwork,
    /// Whether the person could have travelled here since the last login.
    ImpossibleTravel,
    /// Whether the person usually comes at this hour.
    UnusualHour,
    /// How many attempts were rejected shortly before.
    RecentFailures,
    /// Whether the voice is less like the person's than it usually is.
    ScoreTrend,
    /// How much speaks for a played or made voice.
    Spoofing,
    /// Whether the voice could hardly be heard.
    Quality,
    /// Whether the answer to the challenge began as fast as it usually does.
    ReactionTime,
    /// For how many other persons this device or address tried.
    ManyAccounts,
    /// Whether the voice is the one last heard from this device.
    DeviceVoice,
}

impl FactorName {
    /// Every factor there is, in the order of an answer.
    pub const ALL: [Self; 11] = [
        Self::DeviceTrust,
        Self::NewNetwork,
        Self::ImpossibleTravel,
        Self::UnusualHour,
        Self::RecentFailures,
        Self::ScoreTrend,
        Self::Spoofing,
        Self::Quality,
        Self::ReactionTime,
        Self::ManyAccounts,
        Self::DeviceVoice,
    ];

    /// The name used in answers and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeviceTrust => "device_trust",
            Self::NewNetwork => "new_network",
            Self::ImpossibleTravel => "impossible_travel",
            Self::UnusualHour => "unusual_hour",
            Self::RecentFailures => "recent_failures",
            Self::ScoreTrend => "score_trend",
            Self::Spoofing => "spoofing",
            Self::Quality => "quality",
            Self::ReactionTime => "reaction_time",
            Self::ManyAccounts => "many_accounts",
            Self::DeviceVoice => "device_voice",
        }
    }

    /// Whether it compares the login with the person's own habits.
    pub(super) fn is_habit(self) -> bool {
        matches!(self, Self::UnusualHour | Self::ScoreTrend | Self::ReactionTime)
    }
}

/// The points of each factor at full evidence, zero or above; 0 switches a factor off.
///
/// The defaults: what owners meet now and then (a new network, an odd hour, noise) stays low by itself and in pairs; what
/// owners hardly ever do (leave one continent and appear on another) is elevated by itself; nothing is high by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskWeights {
    /// [`FactorName::DeviceTrust`]: half of it for a new device, three quarters for a suspicious one.
    pub device_trust: f32,
    /// [`FactorName::NewNetwork`]
    pub new_network: f32,
    /// [`FactorName::ImpossibleTravel`]
    pub impossible_travel: f32,
    /// [`FactorName::UnusualHour`]
    pub unusual_hour: f32,
    /// [`FactorName::RecentFailures`]: full at five.
    pub recent_failures: f32,
    /// [`FactorName::ScoreTrend`]
    pub score_trend: f32,
    /// [`FactorName::Spoofing`]
    pub spoofing: f32,
    /// [`FactorName::Quality`]
    pub quality: f32,
    /// [`FactorName::ReactionTime`]
    pub reaction_time: f32,
    /// [`FactorName::ManyAccounts`]
    pub many_accounts: f32,
    /// [`FactorName::DeviceVoice`]
    pub device_voice: f32,
}

impl Default for RiskWeights {
    fn default() -> Self {
        Self {
            device_trust: 40.0,
            new_network: 10.0,
            impossible_travel: 40.0,
            unusual_hour: 15.0,
            recent_failures: 20.0,
            score_trend: 15.0,
            spoofing: 30.0,
            quality: 5.0,
            reaction_time: 10.0,
            many_accounts: 20.0,
            device_voice: 15.0,
        }
    }
}

impl RiskWeights {
    /// The points of a factor at full evidence.
    #[must_use]
    pub fn of(&self, factor: FactorName) -> f32 {
        match factor {
            FactorName::DeviceTrust => self.device_trust,
            FactorName::NewNetwork => self.new_network,
            FactorName::ImpossibleTravel => self.impossible_travel,
            FactorName::UnusualHour => self.unusual_hour,
            FactorName::RecentFailures => self.recent_failures,
            FactorName::ScoreTrend => self.score_trend,
            FactorName::Spoofing => self.spoofing,
            FactorName::Quality => self.quality,
            FactorName::ReactionTime => self.reaction_time,
            FactorName::ManyAccounts => self.many_accounts,
            FactorName::DeviceVoice => self.device_voice,
        }
    }
}
