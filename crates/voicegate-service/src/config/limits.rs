use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::limits::LimitPolicy;

/// How often somebody may fail before they have to wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Units of a person or device from which on each further attempt waits. A failure costs 2, or 1 if a living person
    /// said the words that were asked for.
    #[garde(range(min = 2, max = 1000))]
    pub units: u32,
    /// The same for a network address, which many may share.
    #[garde(range(min = 2, max = 100_000))]
    pub address_units: u32,
    /// Seconds of the first wait; it doubles with each failure more.
    #[garde(range(min = 1, max = 3600))]
    pub first_wait_s: u32,
    /// No wait is longer than so many seconds.
    #[garde(range(min = 1, max = 86_400), custom(at_least(self.first_wait_s)))]
    pub longest_wait_s: u32,
    /// Hours without a failure after which those before are forgotten.
    #[garde(range(min = 1, max = 720))]
    pub forget_after_hours: u32,
}

impl LimitsConfig {
    /// The rule for a person or a device.
    #[must_use]
    pub fn policy(&self) -> LimitPolicy {
        LimitPolicy {
            allowed_units: self.units,
            first_wait: SignedDuration::from_secs(self.first_wait_s.into()),
            longest_wait: SignedDuration::from_secs(self.longest_wait_s.into()),
            forget_after: SignedDuration::from_hours(self.forget_after_hours.into()),
        }
    }

    /// The rule for a network address.
    #[must_use]
    pub fn address_policy(&self) -> LimitPolicy {
        LimitPolicy { allowed_units: self.address_units, ..self.policy() }
    }
}

fn at_least(first: u32) -> impl FnOnce(&u32, &()) -> garde::Result {
    move |longest, ()| {
        let message = || garde::Error::new(format!("lower than first_wait_s ({first})"));
        if *longest < first { Err(message()) } else { Ok(()) }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { units: 10, address_units: 100, first_wait_s: 30, longest_wait_s: 3600, forget_after_hours: 24 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rule() {
        assert_eq!(LimitsConfig::default().policy(), LimitPolicy::default());
    }

    #[test]
    fn the_longest_wait_is_not_shorter_than_the_first() {
        let config = |longest_wait_s| LimitsConfig { longest_wait_s, ..LimitsConfig::default() };
        assert!(config(30).validate().is_ok());
        assert!(config(29).validate().unwrap_err().to_string().contains("lower than first_wait_s (30)"));
    }
}
