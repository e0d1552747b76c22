use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::threshold::AdjustmentTable;

/// How much each circumstance moves the threshold. 0.1 asks for ten times the odds, 0 switches an adjustment off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AdjustmentsConfig {
    /// For a device bound to the person; zero or below.
    #[garde(custom(lowers))]
    pub trusted_device: f32,
    /// For a device that is new for the person; zero or above.
    #[garde(custom(raises))]
    pub new_device: f32,
    /// For a voice that was not verified for long; zero or above.
    #[garde(custom(raises))]
    pub long_since_verified: f32,
    /// Days after which that is long.
    #[garde(range(min = 1, max = 3650))]
    pub long_after_days: u32,
    /// For every factor of ten in attempts since the last accepted one; zero or above. At 0.1 a stranger who tries ten
    /// times is as unlikely to pass as one who tries once.
    #[garde(custom(raises))]
    pub recent_failures: f32,
    /// How long a rejected attempt counts, in hours.
    #[garde(range(min = 1, max = 720))]
    pub recent_hours: u32,
    /// For a recording of poor quality; zero or above.
    #[garde(custom(raises))]
    pub poor_quality: f32,
    /// Signal-to-noise ratio in dB below which quality is poor.
    #[garde(range(min = -20.0, max = 60.0))]
    pub poor_below_snr_db: f32,
    /// Seconds of speech below which quality is poor.
    #[garde(range(min = 0.0, max = 60.0))]
    pub poor_below_speech_s: f32,
    /// For elevated risk; zero or above.
    #[garde(custom(raises))]
    pub risk_elevated: f32,
    /// For high risk; at least what elevated risk adds.
    #[garde(custom(raises), custom(at_least(self.risk_elevated)))]
    pub risk_high: f32,
}

/// The whole width of the bounds: no single circumstance means more.
const MOST: f32 = 0.25;

fn raises(amount: &f32, (): &()) -> garde::Result {
    if (0.0..=MOST).contains(amount) {
        Ok(())
    } else {
        Err(garde::Error::new(format!("must be 0 to {MOST}: it never makes a verification easier")))
    }
}

fn lowers(amount: &f32, (): &()) -> garde::Result {
    if (-MOST..=0.0).contains(amount) {
        Ok(())
    } else {
        Err(garde::Error::new(format!(
            "must be -{MOST} to 0: a device that proves itself never makes it harder"
        )))
    }
}

fn at_least(elevated: f32) -> impl Fn(&f32, &()) -> garde::Result {
    move |high, ()| {
        if *high < elevated {
            Err(garde::Error::new(format!("lower than risk_elevated ({elevated})")))
        } else {
            Ok(())
        }
    }
}

impl AdjustmentsConfig {
    /// The same for the decision.
    #[must_use]
    pub fn table(&self) -> AdjustmentTable {
        AdjustmentTable {
            trusted_device: self.trusted_device,
            new_device: self.new_device,
            long_since_verified: self.long_since_verified,
            long_after: SignedDuration::from_hours(24 * i64::from(self.long_after_days)),
            recent_failures: self.recent_failures,
            poor_quality: self.poor_quality,
            poor_below_snr_db: self.poor_below_snr_db,
            poor_below_speech_s: self.poor_below_speech_s,
            risk_elevated: self.risk_elevated,
            risk_high: self.risk_high,
        }
    }
}

impl Default for AdjustmentsConfig {
    fn default() -> Self {
        let table = AdjustmentTable::default();
        Self {
            trusted_device: table.trusted_device,
            new_device: table.new_device,
            long_since_verified: table.long_since_verified,
            long_after_days: 90,
            recent_failures: table.recent_failures,
            recent_hours: 24,
            poor_quality: table.poor_quality,
            poor_below_snr_db: table.poor_below_snr_db,
            poor_below_speech_s: table.poor_below_speech_s,
            risk_elevated: table.risk_elevated,
            risk_high: table.risk_high,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_decision() {
        assert_eq!(AdjustmentsConfig::default().table(), AdjustmentTable::default());
    }
}
