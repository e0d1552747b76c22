//! Merging and checking the layers of a configuration.

use std::fmt;

use garde::Validate;
use serde::Serialize;
use serde_json::{Map, Value};

use super::VoiceAuthConfig;

/// The layers above the built-in defaults, each a (possibly empty) JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct Layers {
    /// The YAML file.
    pub file: Value,
    /// The environment.
    pub environment: Value,
    /// Runtime overrides.
    pub overrides: Value,
}

impl Default for Layers {
    fn default() -> Self {
        let empty = || Value::Object(Map::new());
        Self { file: empty(), environment: empty(), overrides: empty() }
    }
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, e.g. `enrolment.min_samples`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Every fault of a refused configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct ConfigError {
    /// The faults, never empty.
    pub faults: Vec<Fault>,
}

impl ConfigError {
    /// A configuration refused for one fault.
    #[must_use]
    pub fn one(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { faults: vec![Fault { path: path.into(), message: message.into() }] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is refused")?;
        for fault in &self.faults {
            write!(f, "\n  {}: {}", fault.path, fault.message)?;
        }
        Ok(())
    }
}

impl Layers {
    /// Merges the layers and checks the whole.
    ///
    /// # Errors
    /// [`ConfigError`] with every field that has an unknown name, a wrong type or a value out of range.
    pub fn resolve(&self) -> Result<VoiceAuthConfig, ConfigError> {
        let mut merged = Value::Object(Map::new());
        for layer in [&self.file, &self.environment, &self.overrides] {
            if !layer.is_object() {
                return Err(ConfigError::one(".", "a configuration is a mapping of sections"));
            }
            merge(&mut merged, layer);
        }
        let mut faults = Vec::new();
        take_lists(&mut merged, "", &mut faults);
        let config = loop {
            match serde_path_to_error::deserialize::<_, VoiceAuthConfig>(&merged) {
                Ok(config) => break config,
                Err(error) => {
                    // Take the wrong field out, so that its default stands in and the next fault can be found.
                    let path = error.path().to_string();
                    if !remove(&mut merged, &path) {
                        return Err(ConfigError::one(path, error.inner().to_string()));
                    }
                    faults.push(Fault { path, message: error.inner().to_string() });
                }
            }
        };
        if let Err(report) = config.validate() {
            faults.extend(
                report
                    .iter()
                    .map(|(path, error)| Fault { path: path.to_string(), message: error.to_string() }),
            );
        }
        if faults.is_empty() { Ok(config) } else { Err(ConfigError { faults }) }
    }
}

/// Takes out every list: no setting is one, and a section would take its fields from it in order, which nobody was told.
fn take_lists(value: &mut Value, path: &str, faults: &mut Vec<Fault>) {
    let Value::Object(fields) = value else { return };
    fields.retain(|name, value| {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if value.is_array() {
            faults.push(Fault { path, message: "no setting is a list".into() });
            return false;
        }
        take_lists(value, &path, faults);
        true
    });
}

/// Lays `upper` over `lower`: mappings merge, everything else (also `null` and lists) replaces.
pub fn merge(lower: &mut Value, upper: &Value) {
    match (lower, upper) {
        (Value::Object(lower), Value::Object(upper)) => {
            for (name, value) in upper {
                merge(lower.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (lower, upper) => *lower = upper.clone(),
    }
}

/// Removes the field at a dotted path; false if there is none.
fn remove(value: &mut Value, path: &str) -> bool {
    match path.split_once('.') {
        Some((head, rest)) => value.get_mut(head).is_some_and(|inner| remove(inner, rest)),
        None => value.as_object_mut().is_some_and(|fields| fields.remove(path).is_some()),
    }
}

/// The layer that the environment makes: `VOICEGATE_SECTION__FIELD=value`, the value read as JSON where it is JSON
/// and as text otherwise. Names without a double underscore are not settings.
pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Value {
    let mut layer = Value::Object(Map::new());
    for (name, text) in variables {
        let Some(path) = name.strip_prefix("VOICEGATE_").filter(|path| path.contains("__")) else { continue };
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let nested = path
            .rsplit("__")
            .fold(value, |inner, part| Value::Object(Map::from_iter([(part.to_ascii_lowercase(), inner)])));
        merge(&mut layer, &nested);
    }
    layer
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn layers(file: Value) -> Layers {
        Layers { file, ..Layers::default() }
    }

    fn paths(error: &ConfigError) -> Vec<&str> {
        error.faults.iter().map(|f| f.path.as_str()).collect()
    }

    /// P1.3
    #[test]
    fn the_later_layer_wins() {
        let mut layers = layers(json!({"enrolment": {"min_samples": 4, "max_samples": 9}}));
        assert_eq!(layers.resolve().unwrap().enrolment.min_samples, 4);
        layers.environment =
            from_environment([("VOICEGATE_ENROLMENT__MIN_SAMPLES".to_owned(), "5".to_owned())]);
        assert_eq!(layers.resolve().unwrap().enrolment.min_samples, 5);
        layers.overrides = json!({"enrolment": {"min_samples": 6}});
        let config = layers.resolve().unwrap();
        assert_eq!((config.enrolment.min_samples, config.enrolment.max_samples), (6, 9));
    }

    /// P1.3
    #[test]
    fn every_wrong_field_is_named_at_once() {
        let error = layers(json!({
            "enrolment": {"min_samples": "three", "min_net_speech_s": -1, "min_sampels": 3},
            "verification": {"threshold": 7},
            "servr": {},
        }))
        .resolve()
        .unwrap_err();
        let mut found = paths(&error);
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "enrolment.min_net_speech_s",
                "enrolment.min_sampels",
                "enrolment.min_samples",
                "servr",
                "verification.threshold",
            ]
        );
    }

    /// L3
    #[test]
    fn a_threshold_stays_inside_the_bounds() {
        let resolve = |threshold: Value| layers(json!({"verification": {"threshold": threshold}})).resolve();
        for wrong in [-1.0, 0.0, 0.64, 0.91, 1.0, 7.0] {
            let refused = resolve(json!(wrong)).unwrap_err();
            assert_eq!(paths(&refused), ["verification.threshold"], "{wrong}");
        }
        for right in [0.65, 0.75, 0.9] {
            resolve(json!(right)).unwrap();
        }
    }

    /// P7.2
    #[test]
    fn adjustments_that_make_no_sense_are_refused_with_the_reason() {
        let rows = [
            (
                json!({"trusted_device": 0.05}),
                "trusted_device: must be -0.25 to 0: a device that proves itself",
            ),
            (
                json!({"new_device": -0.05}),
                "new_device: must be 0 to 0.25: it never makes a verification easier",
            ),
            (json!({"poor_quality": 0.3}), "poor_quality: must be 0 to 0.25"),
            (json!({"risk_elevated": 0.2}), "risk_high: lower than risk_elevated (0.2)"),
            (json!({"risk_medium": 0.2}), "risk_medium: unknown field"),
        ];
        for (adjustments, expected) in rows {
            let refused =
                layers(json!({"verification": {"adjustments": adjustments}})).resolve().unwrap_err();
            let expected = format!("verification.adjustments.{expected}");
            assert!(refused.to_string().contains(&expected), "{refused}");
        }
        let off = json!({"verification": {"adjustments": {"risk_elevated": 0, "risk_high": 0}}});
        layers(off).resolve().unwrap();
    }

    #[test]
    fn fields_that_contradict_each_other_are_refused() {
        let error = layers(json!({"enrolment": {"min_samples": 9, "max_samples": 5}})).resolve().unwrap_err();
        assert_eq!(paths(&error), ["enrolment.max_samples"]);
    }

    #[test]
    fn what_is_not_a_mapping_is_refused() {
        assert!(layers(json!([1])).resolve().is_err());
        assert_eq!(paths(&layers(json!({"audio": 3})).resolve().unwrap_err()), ["audio"]);
        let lists = json!({"audio": [], "experiment": ["x", 5, 0.8], "verification": {"ageing": [true]}});
        let refused = layers(lists).resolve().unwrap_err();
        assert_eq!(paths(&refused), ["audio", "experiment", "verification.ageing"]);
    }

    #[test]
    fn only_settings_are_taken_from_the_environment() {
        let layer = from_environment(
            [
                ("VOICEGATE_SPEECH", "../shared/speech"),
                ("PATH", "/bin"),
                ("VOICEGATE_STORAGE__URL", "sqlite:x.db"),
                ("VOICEGATE_MODELS__WORKERS", "null"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        assert_eq!(layer, json!({"storage": {"url": "sqlite:x.db"}, "models": {"workers": null}}));
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect()))
        })
    }

    fn laid_over(mut lower: Value, upper: &Value) -> Value {
        merge(&mut lower, upper);
        lower
    }

    proptest! {
        #[test]
        fn merge_is_idempotent_and_associative_on_mappings(
            a in prop::collection::btree_map("[a-d]", tree(), 0..4),
            b in prop::collection::btree_map("[a-d]", tree(), 0..4),
        ) {
            let a = Value::Object(a.into_iter().collect());
            let b = Value::Object(b.into_iter().collect());
            let ab = laid_over(a.clone(), &b);
            prop_assert_eq!(laid_over(ab.clone(), &b), ab.clone());
            prop_assert_eq!(laid_over(a.clone(), &a), a.clone());
            prop_assert_eq!(laid_over(a.clone(), &json!({})), a);
        }

        #[test]
        fn any_tree_resolves_or_names_its_faults(tree in tree(), section in "(audio|enrolment|server|x)") {
            let mut file = Map::new();
            file.insert(section, tree);
            if let Err(error) = layers(Value::Object(file)).resolve() {
                prop_assert!(!error.faults.is_empty());
            }
        }
    }
}
