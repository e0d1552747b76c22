//! Choosing who serves, and refusing who cannot.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use voicegate_models::{ActivateError, Activated, SHIPPED_SPEAKER_MODEL, activate};

use crate::support::{add_copy, edit_registry, folder, runtime};

fn registry(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("model_registry.json")).unwrap()).unwrap()
}

/// The registry that comes with the program.
fn shipped(registry: &mut Value) {
    let text = include_str!("../../../../models/voice/model_registry.json");
    *registry = serde_json::from_str(text).unwrap();
}

fn choose(folder: &Path, id: &str, fallback: Option<&str>) -> Result<Activated, ActivateError> {
    let fallback = fallback.map(|id| id.parse().unwrap());
    activate(&runtime(), folder, &id.parse().unwrap(), fallback.as_ref())
}

#[test]
fn the_former_first_choice_becomes_the_fallback() {
    let folder = folder();
    for id in ["second", "third"] {
        add_copy(folder.path(), id, |metadata| {
            let id = metadata["id"].as_str().unwrap().to_owned();
            metadata["calibration"] = json!({
                "id": "1", "llr": { "scores": { id: { "cosine": 9.0, "closeness": 0.0 } }, "offset": -5.0 },
                "enrolment_agreement": 0.4, "owner_trials": 1, "stranger_trials": 1, "fitted_on": "made up",
            });
        });
    }
    let serving = || registry(folder.path())["tasks"]["speaker_verification"].clone();
    let done = choose(folder.path(), "second", None).unwrap();
    assert!(done.has_calibration && done.checked.len() == 1, "{done:?}");
    assert_eq!(serving(), json!({ "active": "second", "fallback": SHIPPED_SPEAKER_MODEL }));
    choose(folder.path(), "second", None).unwrap();
    assert_eq!(
        serving(),
        json!({ "active": "second", "fallback": SHIPPED_SPEAKER_MODEL }),
        "nothing to change"
    );
    choose(folder.path(), SHIPPED_SPEAKER_MODEL, None).unwrap();
    assert_eq!(serving(), json!({ "active": SHIPPED_SPEAKER_MODEL, "fallback": "second" }));
    choose(folder.path(), "second", Some("third")).unwrap();
    assert_eq!(serving(), json!({ "active": "second", "fallback": "third" }));
}

/// P2.3
#[test]
fn each_task_has_its_own_choice() {
    let folder = folder();
    edit_registry(folder.path(), shipped);
    for (id, task, model) in [
        ("spoof-v1", "antispoofing", "spoof-resnet-v1"),
        ("ctc-conv-en-v1", "speech_recognition", "ctc-conv-en-v1"),
    ] {
        edit_registry(folder.path(), |registry| _ = registry["tasks"].as_object_mut().unwrap().remove(task));
        let done = choose(folder.path(), id, None).unwrap();
        assert_eq!(done.checked.iter().map(ToString::to_string).collect::<Vec<_>>(), [model]);
        assert!(done.has_calibration, "{done:?}");
        assert_eq!(registry(folder.path())["tasks"][task], json!({ "active": id, "fallback": null }));
    }
    assert_eq!(registry(folder.path())["tasks"]["speaker_verification"]["active"], "ecapa-ge2e-v1");
}

#[test]
fn a_fusion_is_activated_with_all_of_its_models() {
    let folder = folder();
    add_copy(folder.path(), "second", |_| {});
    edit_registry(folder.path(), |registry| {
        registry["systems"] = json!({
            "both": { "members": { SHIPPED_SPEAKER_MODEL: 0.3, "second": 0.7 }, "calibration": null },
        });
    });
    let before = registry(folder.path());
    let done = choose(folder.path(), "both", None).unwrap();
    assert_eq!((done.checked.len(), done.has_calibration), (2, false));
    let after = registry(folder.path());
    assert_eq!(after["tasks"]["speaker_verification"]["active"], "both");
    assert_eq!((&after["systems"], &after["models"]), (&before["systems"], &before["models"]));
}

/// Whatever is wrong: a sentence, and the registry stays byte for byte.
#[test]
fn what_cannot_serve_is_not_activated() {
    type Break = fn(&Path);
    let table: &[(&str, Break, &str, Option<&str>, &str)] = &[
        ("unknown", |_| {}, "none", None, "neither a model nor a fusion"),
        ("itself as fallback", |folder| add_copy(folder, "b", |_| {}), "b", Some("b"), "own fallback"),
        (
            "unknown fallback",
            |folder| add_copy(folder, "b", |_| {}),
            "b",
            Some("none"),
            "neither a model nor a fusion",
        ),
        (
            "hash",
            |folder| add_copy(folder, "b", |m| m["file"]["sha256"] = "0".repeat(64).into()),
            "b",
            None,
            "SHA-256",
        ),
        (
            "self-test",
            |folder| add_copy(folder, "b", |m| m["self_test"]["embedding_prefix"][0] = json!(0.9)),
            "b",
            None,
            "self-test",
        ),
        (
            "fallback's self-test",
            |folder| {
                add_copy(folder, "b", |_| {});
                add_copy(folder, "c", |m| m["self_test"]["embedding_prefix"][0] = json!(0.9));
            },
            "b",
            Some("c"),
            "'c' cannot serve",
        ),
        (
            "member",
            |folder| {
                add_copy(folder, "b", |m| m["self_test"]["embedding_prefix"][0] = json!(0.9));
                edit_registry(folder, |registry| {
                    registry["systems"] = json!({ "s": { "members": { "b": 1.0 }, "calibration": null } });
                });
            },
            "s",
            None,
            "its model 'b' is refused",
        ),
        (
            "other task",
            |folder| add_copy(folder, "b", |m| m["task"] = "antispoofing".into()),
            "b",
            None,
            "such networks are for speaker_verification",
        ),
        (
            "fallback of another task",
            |folder| edit_registry(folder, shipped),
            SHIPPED_SPEAKER_MODEL,
            Some("ctc-conv-en-v1"),
            "speech_recognition",
        ),
        (
            "network without a fusion",
            |folder| edit_registry(folder, shipped),
            "spoof-resnet-v1",
            None,
            "eval fit-pad",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, prepare, id, fallback, words) in table {
        let folder = folder();
        prepare(folder.path());
        let path = folder.path().join("model_registry.json");
        let before = fs::read(&path).unwrap();
        match choose(folder.path(), id, *fallback) {
            Err(error) if error.to_string().contains(words) => {}
            other => wrong.push(format!("{name}: {other:?}")),
        }
        if fs::read(&path).unwrap() != before {
            wrong.push(format!("{name}: the registry changed"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
