//! Which speaker system judges a person's attempt, and how strictly. Pure.
//!
//! What the configuration names is taken or nothing is: a name that cannot judge never falls back to the serving system,
//! whose answers the operator did not ask for.

use serde::Serialize;
use voicegate_core::decide::{Policy, Requirement};
use voicegate_core::experiment::Arm;
use voicegate_core::{PersonId, Template, Voiceprint};
use voicegate_models::System;

use crate::config::{Fault, VoiceAuthConfig};
use crate::{ServiceError, policy};

/// The arm of the running experiment that a person is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    /// Name of the experiment.
    pub name: String,
    /// The arm.
    pub arm: Arm,
}

/// Who judges, and how strictly.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judge<'a> {
    pub(crate) system: &'a System,
    /// Least similarity that is accepted before adjustments.
    pub(crate) threshold: f32,
    pub(crate) assignment: Option<Assignment>,
}

impl<'a> Judge<'a> {
    /// The judge of `person`.
    ///
    /// # Errors
    /// [`ServiceError::Misconfigured`] if the configuration names what cannot judge, and
    /// [`ServiceError::ModelUnavailable`] if the serving system cannot.
    pub(crate) fn of(
        person: &PersonId,
        config: &VoiceAuthConfig,
        systems: &'a [System],
    ) -> Result<Self, ServiceError> {
        let experiment = config.experiment.as_ref();
        let assignment =
            experiment.map(|running| Assignment { name: running.name.clone(), arm: running.arm(person) });
        let arm_b = experiment.filter(|_| assignment.as_ref().is_some_and(|assigned| assigned.arm == Arm::B));
        let system = match arm_b.and_then(|running| running.system.as_deref()) {
            Some(id) => named("experiment.system", id, systems).map(Some),
            None => of_all(config, systems),
        };
        let system = system.map_err(ServiceError::Misconfigured)?;
        let system =
            system.ok_or_else(|| ServiceError::ModelUnavailable("no speaker model is loaded".into()))?;
        policy::calibration(system)?;
        let threshold = arm_b.and_then(|running| running.threshold);
        Ok(Self { system, threshold: threshold.unwrap_or(config.verification.threshold), assignment })
    }

    /// What the decision asks of an attempt.
    pub(crate) fn policy(&self, config: &VoiceAuthConfig) -> Policy {
        Policy {
            base: self.threshold,
            countermeasures: config.spoofing.countermeasures.requirement(),
            suspicious: config.spoofing.suspicious,
            challenge: config.challenge.required.requirement(),
            ..config.verification.policy()
        }
    }

    /// The same for a login, which always takes a challenge.
    pub(crate) fn login_policy(&self, config: &VoiceAuthConfig) -> Policy {
        Policy { challenge: Requirement::Required, ..self.policy(config) }
    }

    /// The one of `systems` that compares `attempt` with `template`: the judge, or else what stands in for it, by the rule
    /// of [`System::or_stand_in`].
    pub(crate) fn system_for(
        &self,
        systems: &'a [System],
        attempt: &Voiceprint,
        template: &Template,
        enough: usize,
    ) -> Option<&'a System> {
        self.system.or_stand_in(stand_ins(self.system, systems), attempt, template, enough)
    }
}

/// What `config` asks of `systems`, the serving one first, that they cannot do.
pub(crate) fn faults(config: &VoiceAuthConfig, systems: &[System]) -> Vec<Fault> {
    let arm_b = config.experiment.as_ref().and_then(|running| running.system.as_deref());
    let arm_b = arm_b.and_then(|id| named("experiment.system", id, systems).err());
    of_all(config, systems).err().into_iter().chain(arm_b).collect()
}

/// The system that judges everybody outside of arm b; `None` if nothing is loaded and nothing was asked for.
fn of_all<'a>(config: &VoiceAuthConfig, systems: &'a [System]) -> Result<Option<&'a System>, Fault> {
    let system = match &config.verification.system {
        Some(id) => Some(named("verification.system", id, systems)?),
        None => systems.first(),
    };
    if let Some(pinned) = &config.verification.calibration {
        let calibration = system.and_then(|system| system.calibration.as_ref());
        if calibration.is_none_or(|calibration| calibration.id != *pinned) {
            let found = match (system, calibration) {
                (None, _) => "no speaker model is loaded".to_owned(),
                (Some(system), None) => format!("'{}' has no calibration", system.id),
                (Some(system), Some(calibration)) => {
                    format!("the calibration of '{}' is '{}'", system.id, calibration.id)
                }
            };
            return Err(fault("verification.calibration", format!("'{pinned}' is wanted, and {found}")));
        }
    }
    Ok(system)
}

/// The system `id`, if it can judge.
fn named<'a>(path: &str, id: &str, systems: &'a [System]) -> Result<&'a System, Fault> {
    let Some(system) = systems.iter().find(|system| system.id.as_str() == id) else {
        let loaded: Vec<&str> = systems.iter().map(|system| system.id.as_str()).collect();
        let loaded = if loaded.is_empty() { "nothing".to_owned() } else { loaded.join(", ") };
        return Err(fault(path, format!("'{id}' is not loaded; loaded is {loaded}")));
    };
    if system.calibration.is_none() {
        return Err(fault(path, format!("'{id}' has no calibration; `voicegate eval fit` makes one")));
    }
    Ok(system)
}

fn fault(path: &str, message: String) -> Fault {
    Fault { path: path.to_owned(), message }
}

/// What may judge in the place of `judge`: everything else for the serving system, which is the first of `systems`; for
/// another one the systems whose models are all among its models.
fn stand_ins<'a>(judge: &'a System, systems: &'a [System]) -> impl Iterator<Item = &'a System> + Clone {
    let serves = systems.first().is_some_and(|serving| serving.id == judge.id);
    let is_part = |system: &System| {
        system.fusion.models().all(|model| judge.fusion.models().any(|other| other == model))
    };
    systems.iter().filter(move |system| system.id != judge.id && (serves || is_part(system)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use serde_json::{Value, json};
    use voicegate_core::{Calibration, Embedding, Exemplar, Fusion, Origin, QualityMeasures};
    use voicegate_models::{FittedCalibration, ModelId};

    use super::*;
    use crate::config::Layers;

    /// A system of models named by letters.
    fn system(models: &str, calibration: Option<&str>) -> System {
        let weights = models.chars().map(|model| (model.to_string(), 1.0 / models.len() as f32));
        let fusion = Fusion::new(weights).unwrap();
        let fitted = |id: &str| FittedCalibration {
            id: id.into(),
            llr: Calibration::plain(&fusion),
            enrolment_agreement: 0.5,
            owner_trials: 1,
            stranger_trials: 1,
            fitted_on: "nothing".into(),
        };
        let calibration = calibration.map(fitted);
        System { id: ModelId::try_from(models.to_owned()).unwrap(), fusion, calibration }
    }

    fn systems() -> Vec<System> {
        vec![
            system("abc", Some("v1")),
            system("ab", Some("v2")),
            system("a", Some("v3")),
            system("b", None),
            system("c", Some("v4")),
        ]
    }

    fn config(file: Value) -> VoiceAuthConfig {
        Layers { file, ..Layers::default() }.resolve().unwrap()
    }

    fn person(name: &str) -> PersonId {
        PersonId::new(name).unwrap()
    }

    #[test]
    fn the_named_system_judges_and_else_the_serving_one() {
        let systems = systems();
        for (verification, expected) in [
            (json!({}), "abc"),
            (json!({"system": null}), "abc"),
            (json!({"system": "ab"}), "ab"),
            (json!({"calibration": "v1"}), "abc"),
            (json!({"system": "ab", "calibration": "v2"}), "ab"),
        ] {
            let config = config(json!({ "verification": verification }));
            let judge = Judge::of(&person("alice"), &config, &systems).unwrap();
            assert_eq!((judge.system.id.as_str(), judge.assignment), (expected, None));
            assert_eq!(faults(&config, &systems), []);
        }
    }

    /// P7.2
    #[test]
    fn what_cannot_judge_is_named_and_nothing_stands_in() {
        let systems = systems();
        for (verification, expected) in [
            (json!({"system": "x"}), "verification.system: 'x' is not loaded; loaded is abc, ab, a, b, c"),
            (
                json!({"system": "b"}),
                "verification.system: 'b' has no calibration; `voicegate eval fit` makes one",
            ),
            (
                json!({"calibration": "v9"}),
                "verification.calibration: 'v9' is wanted, and the calibration of 'abc' is 'v1'",
            ),
            (
                json!({"system": "ab", "calibration": "v1"}),
                "verification.calibration: 'v1' is wanted, and the calibration of 'ab' is 'v2'",
            ),
        ] {
            let config = config(json!({ "verification": verification }));
            let found: Vec<String> = faults(&config, &systems)
                .iter()
                .map(|fault| format!("{}: {}", fault.path, fault.message))
                .collect();
            assert_eq!(found, [expected]);
            let refused = Judge::of(&person("alice"), &config, &systems).unwrap_err();
            assert!(matches!(&refused, ServiceError::Misconfigured(_)), "{refused}");
            assert!(refused.to_string().contains(expected), "{refused}");
        }
        let nothing = config(json!({"verification": {"system": "abc"}}));
        assert_eq!(faults(&nothing, &[]).len(), 1);
        assert_eq!(faults(&VoiceAuthConfig::default(), &[]), []);
    }

    /// P7.2
    #[test]
    fn arm_b_is_judged_as_the_experiment_says() {
        let systems = systems();
        let config = config(json!({
            "verification": {"threshold": 0.75, "system": "ab"},
            "experiment": {"name": "stricter", "share_percent": 50, "threshold": 0.8, "system": "a"},
        }));
        let of = |name| Judge::of(&person(name), &config, &systems).unwrap();
        let (alice, bob) = (of("alice"), of("bob"));
        let seen = |judge: &Judge<'_>| (judge.system.id.to_string(), judge.threshold);
        assert_eq!(alice.assignment, Some(Assignment { name: "stricter".into(), arm: Arm::A }));
        assert_eq!(seen(&alice), ("ab".into(), 0.75));
        assert_eq!(bob.assignment, Some(Assignment { name: "stricter".into(), arm: Arm::B }));
        assert_eq!(seen(&bob), ("a".into(), 0.8));
    }

    #[test]
    fn a_system_that_only_arm_b_uses_fails_arm_b_alone() {
        let systems = systems();
        let config = config(json!({"experiment": {"name": "stricter", "share_percent": 50, "system": "x"}}));
        Judge::of(&person("alice"), &config, &systems).unwrap();
        let refused = Judge::of(&person("bob"), &config, &systems).unwrap_err();
        assert!(refused.to_string().contains("experiment.system: 'x' is not loaded"), "{refused}");
        assert_eq!(faults(&config, &systems).len(), 1, "readiness and changes look at both arms");
    }

    #[test]
    fn only_parts_stand_in_for_a_system_that_does_not_serve() {
        let mut systems = systems();
        systems.push(system("d", Some("v5")));
        let found = |n: usize| -> Vec<&str> {
            stand_ins(&systems[n], &systems).map(|system| system.id.as_str()).collect()
        };
        assert_eq!(found(0), ["ab", "a", "b", "c", "d"]);
        assert_eq!(found(1), ["a", "b"]);
        assert_eq!(found(4), [""; 0]);
    }

    /// A template that only `b` knows must not be judged by scores that mean nothing.
    #[test]
    fn nothing_uncalibrated_stands_in_for_the_judge() {
        let heard = |models: &str| {
            let embedding = Embedding::new(vec![1.0]).unwrap();
            Voiceprint::new(models.chars().map(|model| (model.to_string(), embedding.clone()))).unwrap()
        };
        let template = |models: &str| {
            let exemplar = Exemplar {
                voiceprint: heard(models),
                renderings: BTreeMap::new(),
                quality: QualityMeasures::default(),
                origin: Origin::Enrolled,
                added_at: Timestamp::UNIX_EPOCH,
            };
            Template::new(vec![exemplar]).unwrap()
        };
        let mut systems = systems();
        for (id, template, calibrated, expected) in [
            ("ab", template("a"), false, Some("a")),
            ("ab", template("b"), false, None),
            ("ab", template("b"), true, Some("b")),
            ("abc", template("b"), false, None),
            ("abc", template("b"), true, Some("b")),
        ] {
            systems[3] = system("b", calibrated.then_some("v6"));
            let config = config(json!({ "verification": { "system": id } }));
            let judge = Judge::of(&person("alice"), &config, &systems).unwrap();
            let found = judge.system_for(&systems, &heard("abc"), &template, 3);
            assert_eq!(found.map(|system| system.id.as_str()), expected, "{id}, {calibrated}");
        }
    }
}
