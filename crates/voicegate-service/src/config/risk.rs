use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::risk::{RiskPolicy, RiskWeights};

/// What makes a login risky, and what the risk leads to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct RiskConfig {
    /// Points of each factor at full evidence, 0 or more; 0 switches a factor off.
    #[garde(skip)]
    pub weights: RiskWeights,
    /// Score, 0 to 100, from which on a live challenge must have been passed.
    #[garde(range(min = 1, max = 101), custom(sound(self)))]
    pub elevated_from: u8,
    /// Score from which on another factor is asked for besides.
    #[garde(range(min = 1, max = 101))]
    pub high_from: u8,
    /// Score from which on a login is turned away, if several factors make it; 101 never does.
    #[garde(range(min = 1, max = 101))]
    pub deny_from: u8,
    /// Hours for which it is remembered whom an address tried.
    #[garde(range(min = 1, max = 720))]
    pub window_hours: u32,
}

impl RiskConfig {
    /// The same for the assessment.
    #[must_use]
    pub fn policy(&self) -> RiskPolicy {
        RiskPolicy {
            weights: self.weights.clone(),
            elevated_from: self.elevated_from,
            high_from: self.high_from,
            deny_from: self.deny_from,
        }
    }

    /// For how long it is remembered whom an address tried.
    #[must_use]
    pub fn window(&self) -> SignedDuration {
        SignedDuration::from_hours(self.window_hours.into())
    }
}

fn sound(config: &RiskConfig) -> impl FnOnce(&u8, &()) -> garde::Result {
    let checked = config.policy().check();
    move |_, ()| checked.map_err(garde::Error::new)
}

impl Default for RiskConfig {
    fn default() -> Self {
        let RiskPolicy { weights, elevated_from, high_from, deny_from } = RiskPolicy::default();
        Self { weights, elevated_from, high_from, deny_from, window_hours: 24 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::config::Layers;

    #[test]
    fn levels_rise_and_weights_do_not_reward() {
        let resolve = |risk| Layers { file: json!({ "risk": risk }), ..Layers::default() }.resolve();
        resolve(json!({"elevated_from": 10, "weights": {"new_network": 0.0}})).unwrap();
        for wrong in [
            json!({"elevated_from": 70}),
            json!({"weights": {"spoofing": -1.0}}),
            json!({"weights": {"mood": 1.0}}),
        ] {
            let refused = resolve(wrong.clone()).unwrap_err();
            assert!(refused.to_string().contains("risk."), "{wrong}: {refused}");
        }
    }
}
