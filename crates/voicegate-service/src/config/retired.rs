//! Settings of former versions among the stored overrides.

use serde_json::Value;

/// Settings that there are no more. In the file or in a request they are refused; what a former version stored must not
/// put the other overrides out of force.
const RETIRED: [[&str; 2]; 1] = [["verification", "score_threshold"]];

/// Stored `overrides` without the settings that there are no more, and the names of these.
#[must_use]
pub fn without_retired(mut overrides: Value) -> (Value, Vec<String>) {
    let mut found = Vec::new();
    for [section, key] in RETIRED {
        let fields = overrides.get_mut(section).and_then(Value::as_object_mut);
        if fields.is_some_and(|fields| fields.remove(key).is_some()) {
            found.push(format!("{section}.{key}"));
        }
    }
    (overrides, found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Layers, LiveConfig};

    #[test]
    fn a_retired_override_does_not_put_the_others_out_of_force() {
        let stored = json!({
            "verification": {"score_threshold": 0.6, "min_net_speech_s": 2.5}, "enrolment": {"min_samples": 4},
        });
        let live = LiveConfig::new(Layers::default()).unwrap();
        assert!(live.replace_overrides(stored.clone()).is_err(), "it is refused as it stands");
        let (kept, retired) = without_retired(stored);
        assert_eq!(retired, ["verification.score_threshold"]);
        let effective = live.replace_overrides(kept).unwrap();
        assert!((effective.verification.min_net_speech_s - 2.5).abs() < 1e-6);
        assert_eq!(effective.enrolment.min_samples, 4);
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for overrides in [json!({}), json!(null), json!({"verification": [1], "score_threshold": 1})] {
            assert_eq!(without_retired(overrides.clone()), (overrides, vec![]));
        }
    }
}
