//! The named moves of a threshold and how large each is.

use jiff::SignedDuration;
use serde::Serialize;

use super::{Context, DeviceTrust, RiskLevel};
use crate::QualityMeasures;

/// What moved a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentName {
    /// The attempt comes from a device bound to the person.
    TrustedDevice,
    /// The attempt comes from a device that is new for the person.
    NewDevice,
    /// The voice was not verified for long.
    LongSinceVerified,
    /// Attempts were rejected shortly before.
    RecentFailures,
    /// The voice could hardly be heard.
    PoorQuality,
    /// The risk is elevated.
    RiskElevated,
    /// The risk is high.
    RiskHigh,
}

impl AdjustmentName {
    /// The name used in answers and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrustedDevice => "trusted_device",
            Self::NewDevice => "new_device",
            Self::LongSinceVerified => "long_since_verified",
            Self::RecentFailures => "recent_failures",
            Self::PoorQuality => "poor_quality",
            Self::RiskElevated => "risk_elevated",
            Self::RiskHigh => "risk_high",
        }
    }
}

/// One move of a threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adjustment {
    /// Which.
    pub name: AdjustmentName,
    /// By how much; 0.1 asks for ten times the odds.
    pub amount: f32,
    /// What was found, with its numbers.
    pub because: String,
}

/// How much each circumstance moves the threshold. An amount of 0 switches it off.
#[derive(Debug, Clone, PartialEq)]
pub struct AdjustmentTable {
    /// For a device bound to the person, which proves something by itself; zero or below.
    pub trusted_device: f32,
    /// For a device that is new for the person; zero or above.
    pub new_device: f32,
    /// For a voice that was not verified for [`Self::long_after`]; zero or above.
    pub long_since_verified: f32,
    /// How long is long.
    pub long_after: SignedDuration,
    /// For every factor of ten in attempts since the last accepted one; zero or above. Whoever tries ten times has ten
    /// chances: 0.1 takes exactly that away again. Half of it by default, since most who try again are owners.
    pub recent_failures: f32,
    /// For a voice heard at less than [`Self::poor_below_snr_db`] or [`Self::poor_below_speech_s`]; zero or above. The
    /// calibration weighs quality already; this covers that it is least sure of itself where little can be heard.
    pub poor_quality: f32,
    /// Signal-to-noise ratio in dB below which quality is poor.
    pub poor_below_snr_db: f32,
    /// Seconds of speech below which quality is poor.
    pub poor_below_speech_s: f32,
    /// For elevated risk; zero or above.
    pub risk_elevated: f32,
    /// For high risk; at least [`Self::risk_elevated`].
    pub risk_high: f32,
}

impl Default for AdjustmentTable {
    fn default() -> Self {
        Self {
            trusted_device: -0.05,
            new_device: 0.05,
            long_since_verified: 0.02,
            long_after: SignedDuration::from_hours(90 * 24),
            recent_failures: 0.05,
            poor_quality: 0.02,
            poor_below_snr_db: 10.0,
            poor_below_speech_s: 1.5,
            risk_elevated: 0.05,
            risk_high: 0.10,
        }
    }
}

impl AdjustmentTable {
    /// What `context` adds up to, in the order of [`AdjustmentName`].
    pub(super) fn adjustments(&self, context: &Context) -> Vec<Adjustment> {
        let found = [
            context.device.map(|device| self.of_device(device)),
            context.since_verified.and_then(|since| self.of_time(since)),
            context.recent_failures.and_then(|count| self.of_failures(count)),
            context.quality.and_then(|quality| self.of_quality(&quality)),
            context.risk.and_then(|risk| self.of_risk(risk)),
        ];
        found.into_iter().flatten().filter(|adjustment| adjustment.amount != 0.0).collect()
    }

    fn of_device(&self, device: DeviceTrust) -> Adjustment {
        match device {
            DeviceTrust::Trusted => adjustment(
                AdjustmentName::TrustedDevice,
                self.trusted_device,
                "The device is bound to this person.",
            ),
            DeviceTrust::New => {
                adjustment(AdjustmentName::NewDevice, self.new_device, "The device is new for this person.")
            }
        }
    }

    fn of_time(&self, since: SignedDuration) -> Option<Adjustment> {
        let days = since.as_hours() / 24;
        let because = format!("The voice was last accepted or enrolled {days} days ago.");
        (since >= self.long_after)
            .then(|| adjustment(AdjustmentName::LongSinceVerified, self.long_since_verified, because))
    }

    fn of_failures(&self, count: u32) -> Option<Adjustment> {
        let amount = f64::from(self.recent_failures) * (1.0 + f64::from(count)).log10();
        let amount = ((amount * 1e4).round() / 1e4) as f32;
        let because = match count {
            1 => "One attempt was rejected shortly before.".to_owned(),
            _ => format!("{count} attempts were rejected shortly before."),
        };
        (count > 0).then(|| adjustment(AdjustmentName::RecentFailures, amount, because))
    }

    fn of_quality(&self, quality: &QualityMeasures) -> Option<Adjustment> {
        let noisy = quality.snr_db.filter(|snr| *snr < self.poor_below_snr_db);
        let short = Some(quality.net_speech_s).filter(|speech| *speech < self.poor_below_speech_s);
        let because = match (noisy, short) {
            (None, None) => return None,
            (Some(snr), None) => format!("The speech is only {snr:.0} dB above the noise."),
            (None, Some(speech)) => format!("The recording has only {speech:.1} s of speech."),
            (Some(snr), Some(speech)) => {
                format!("The recording has only {speech:.1} s of speech, {snr:.0} dB above the noise.")
            }
        };
        Some(adjustment(AdjustmentName::PoorQuality, self.poor_quality, because))
    }

    fn of_risk(&self, risk: RiskLevel) -> Option<Adjustment> {
        match risk {
            RiskLevel::Low => None,
            RiskLevel::Elevated => {
                Some(adjustment(AdjustmentName::RiskElevated, self.risk_elevated, "The risk is elevated."))
            }
            RiskLevel::High => {
                Some(adjustment(AdjustmentName::RiskHigh, self.risk_high, "The risk is high."))
            }
        }
    }
}

fn adjustment(name: AdjustmentName, amount: f32, because: impl Into<String>) -> Adjustment {
    Adjustment { name, amount, because: because.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        use AdjustmentName::*;
        for name in
            [TrustedDevice, NewDevice, LongSinceVerified, RecentFailures, PoorQuality, RiskElevated, RiskHigh]
        {
            assert_eq!(serde_json::to_string(&name).unwrap(), format!("\"{}\"", name.as_str()));
        }
    }

    /// Ten attempts at an amount of 0.1 have together the chance that one has without.
    #[test]
    fn a_factor_of_ten_in_attempts_moves_by_the_amount() {
        let table = AdjustmentTable { recent_failures: 0.1, ..AdjustmentTable::default() };
        for (failures, amount) in [(1, 0.0301), (9, 0.1), (99, 0.2)] {
            assert_eq!(table.of_failures(failures).unwrap().amount, amount);
        }
    }

    #[test]
    fn an_amount_of_zero_is_not_named() {
        let table = AdjustmentTable { new_device: 0.0, ..AdjustmentTable::default() };
        let context = Context { device: Some(DeviceTrust::New), ..Context::default() };
        assert_eq!(table.adjustments(&context), []);
    }
}
