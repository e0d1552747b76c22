use garde::Validate;
use serde::{Deserialize, Serialize};
use voicegate_core::PersonId;
use voicegate_core::experiment::Arm;
use voicegate_core::threshold;

use super::VerificationConfig;

/// Two ways of verifying side by side: a share of the people, arm b, is judged by other settings than the rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ExperimentConfig {
    /// Its name, under which outcomes are counted. Another name deals the people anew.
    #[garde(custom(is_name))]
    pub name: String,
    /// Share of the people in arm b, in percent.
    #[garde(range(min = 0.0, max = 100.0))]
    pub share_percent: f32,
    /// Threshold of arm b; `null` is that of all.
    #[garde(inner(range(min = *threshold::BOUNDS.start(), max = *threshold::BOUNDS.end())))]
    pub threshold: Option<f32>,
    /// Registry id of the loaded model or fusion that judges arm b; `null` is that of all.
    #[garde(inner(length(chars, min = 1, max = 64)))]
    pub system: Option<String>,
}

impl ExperimentConfig {
    /// The arm of `person`.
    #[must_use]
    pub fn arm(&self, person: &PersonId) -> Arm {
        Arm::of(person, &self.name, self.share_percent)
    }

    /// Whether an experiment can be called so. The name is part of a path and of audit records.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        (1..=64).contains(&name.len()) && !name.starts_with('.') && name.chars().all(plain)
    }
}

#[expect(clippy::ptr_arg, reason = "garde hands the field itself over")]
fn is_name(name: &String, (): &()) -> garde::Result {
    if ExperimentConfig::is_name(name) {
        Ok(())
    } else {
        Err(garde::Error::new(
            "an experiment needs a name of 1 to 64 letters, digits and . _ - that does not start with a dot",
        ))
    }
}

/// Whether arm b is judged otherwise than the rest.
pub(super) fn differs(
    all: &VerificationConfig,
) -> impl FnOnce(&Option<ExperimentConfig>, &()) -> garde::Result + '_ {
    move |experiment, ()| {
        let Some(experiment) = experiment else { return Ok(()) };
        let other_system = experiment.system.is_some() && experiment.system != all.system;
        if other_system || experiment.threshold.is_some_and(|threshold| threshold != all.threshold) {
            Ok(())
        } else {
            Err(garde::Error::new(
                "it changes nothing: set a threshold or a system other than that of verification",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::config::Layers;

    /// P7.2
    #[test]
    fn an_experiment_that_makes_no_sense_is_refused_with_the_reason() {
        let rows = [
            (json!({"share_percent": 10, "threshold": 0.8}), "experiment.name: an experiment needs a name"),
            (json!({"name": "", "threshold": 0.8}), "experiment.name: an experiment needs a name"),
            (json!({"name": "a/b", "threshold": 0.8}), "experiment.name: an experiment needs a name"),
            (json!({"name": "x", "share_percent": 10}), "experiment: it changes nothing"),
            (json!({"name": "x", "threshold": 0.75}), "experiment: it changes nothing"),
            (json!({"name": "x", "system": "own"}), "experiment: it changes nothing"),
            (json!({"name": "x", "threshold": 0.6}), "experiment.threshold: lower than 0.65"),
            (json!({"name": "x", "threshold": 0.95}), "experiment.threshold: greater than 0.9"),
            (
                json!({"name": "x", "threshold": 0.8, "share_percent": 101}),
                "experiment.share_percent: greater than 100",
            ),
            (
                json!({"name": "x", "threshold": 0.8, "share_percent": -1}),
                "experiment.share_percent: lower than 0",
            ),
            (json!({"name": "x", "threshold": 0.8, "share": 1}), "experiment.share: unknown field"),
        ];
        let resolve = |experiment| {
            let file = json!({"verification": {"system": "own"}, "experiment": experiment});
            Layers { file, ..Layers::default() }.resolve()
        };
        for (experiment, expected) in rows {
            let refused = resolve(experiment.clone()).unwrap_err();
            assert!(refused.to_string().contains(expected), "{experiment}: {refused}");
        }
        assert_eq!(resolve(json!(null)).unwrap().experiment, None);
        for whole in [
            json!({"name": "x", "share_percent": 0.5, "threshold": 0.8}),
            json!({"name": "x", "share_percent": 100, "system": "other"}),
            json!({"name": "x-1.b_2", "threshold": 0.75, "system": "other"}),
        ] {
            assert!(resolve(whole).unwrap().experiment.is_some());
        }
    }

    #[test]
    fn the_layers_of_an_experiment_merge() {
        let mut layers = Layers {
            file: json!({"experiment": {"name": "x", "threshold": 0.8, "share_percent": 5}}),
            overrides: json!({"experiment": {"share_percent": 20}}),
            ..Layers::default()
        };
        let experiment = layers.resolve().unwrap().experiment.unwrap();
        assert_eq!((experiment.name.as_str(), experiment.share_percent), ("x", 20.0));
        layers.overrides = json!({"experiment": null});
        assert_eq!(layers.resolve().unwrap().experiment, None);
    }
}
