//! Which model serves, and what is said of those that do not (P2.3).

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use voicegate_audio::Pcm;
use voicegate_models::{
    EmbedError, LoadError, ModelState, Models, PoolError, Refusal, Registry, RegistryError, Role,
    SHIPPED_SPEAKER_MODEL, Settings, Signal, Task,
};

use crate::support::{add_copy, edit_registry, folder, models, patient, runtime};

fn load(folder: &Path) -> Result<Models, LoadError> {
    Models::load(&runtime(), &Registry::open(folder).unwrap(), &Settings::default())
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_wrong_hash_refuses_the_model_by_name() {
    let folder = folder();
    damage(&folder.path().join(format!("biometric/speaker_verification/{SHIPPED_SPEAKER_MODEL}.onnx")));
    let error = load(folder.path()).err().unwrap();
    let LoadError::AllRefused { task: Task::SpeakerVerification, refused } = &error else {
        panic!("{error}")
    };
    let [(id, Refusal::Hash { expected, found })] = refused.as_slice() else { panic!("{error}") };
    assert_eq!(id.as_str(), SHIPPED_SPEAKER_MODEL);
    assert_ne!(expected, found);
    let text = error.to_string();
    for part in [SHIPPED_SPEAKER_MODEL, &expected.to_string(), &found.to_string()] {
        assert!(text.contains(part), "{text}");
    }
}

/// Every way a first choice can fail: the fallback serves, and health names the model and the reason.
#[test]
fn the_fallback_serves_when_the_active_model_is_refused() {
    type Break = fn(&Path);
    let table: &[(&str, Break, &str)] = &[
        (
            "hash",
            |folder| {
                add_copy(folder, "first", |_| {});
                damage(&folder.join("biometric/speaker_verification/first.onnx"));
            },
            "SHA-256",
        ),
        ("size", |folder| add_copy(folder, "first", |m| m["file"]["size_bytes"] = json!(7)), "instead of 7"),
        (
            "missing file",
            |folder| add_copy(folder, "first", |m| m["file"]["path"] = json!("biometric/none.onnx")),
            "cannot be read",
        ),
        (
            "path traversal",
            |folder| add_copy(folder, "first", |m| m["file"]["path"] = json!("../../../etc/passwd")),
            "file.path",
        ),
        (
            "link out of the folder",
            |folder| {
                add_copy(folder, "first", |_| {});
                let path = folder.join("biometric/speaker_verification/first.onnx");
                fs::remove_file(&path).unwrap();
                std::os::unix::fs::symlink("/etc/passwd", path).unwrap();
            },
            "out of the models folder",
        ),
        ("other name", |folder| add_copy(folder, "first", |m| m["id"] = json!("second")), "id: second"),
        ("unknown field", |folder| add_copy(folder, "first", |m| m["speed"] = json!(1)), "speed"),
        (
            "missing metadata",
            |folder| edit_registry(folder, |r| r["models"].as_array_mut().unwrap().push(json!("first"))),
            "first.json",
        ),
        (
            "other task",
            |folder| add_copy(folder, "first", |m| m["task"] = json!("antispoofing")),
            "such networks are for speaker_verification",
        ),
        (
            "dimensions",
            |folder| add_copy(folder, "first", |m| m["output"]["dimensions"] = json!(256)),
            "does not fit its metadata",
        ),
        (
            "no graph",
            |folder| {
                add_copy(folder, "first", |m| {
                    m["file"]["size_bytes"] = json!(5);
                    // SHA-256 of "hello".
                    m["file"]["sha256"] =
                        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".into();
                });
                fs::write(folder.join("biometric/speaker_verification/first.onnx"), "hello").unwrap();
            },
            "cannot be loaded",
        ),
        (
            "self-test",
            |folder| add_copy(folder, "first", |m| m["self_test"]["embedding_prefix"][3] = json!(0.9)),
            "self-test",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, prepare, reason) in table {
        let folder = folder();
        prepare(folder.path());
        edit_registry(folder.path(), |registry| {
            registry["tasks"]["speaker_verification"] =
                json!({ "active": "first", "fallback": SHIPPED_SPEAKER_MODEL });
        });
        let models = match load(folder.path()) {
            Ok(models) => models,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let first = models.health().iter().find(|health| health.id.as_str() == "first").unwrap();
        let told = matches!(&first.state, ModelState::Refused { reason: found } if found.contains(reason));
        let serves = models.speakers().unwrap().serving().id.as_str() == SHIPPED_SPEAKER_MODEL
            && models.health().iter().any(|h| h.role == Role::Fallback && h.state == ModelState::Loaded);
        if !(told && serves && first.is_degraded()) {
            wrong.push(format!("{name}: {:?}", models.health()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn health_tells_loaded_from_verified() {
    let folder = folder();
    add_copy(folder.path(), "spare", |_| {});
    let health = serde_json::to_value(load(folder.path()).unwrap().health()).unwrap();
    assert_eq!(
        health,
        json!([
            {
                "id": SHIPPED_SPEAKER_MODEL, "task": "speaker_verification", "role": "active",
                "status": "loaded"
            },
            { "id": "spare", "task": "speaker_verification", "role": "unassigned", "status": "verified" },
        ])
    );
}

#[test]
fn a_registry_that_is_missing_or_assigns_nothing_is_told_apart() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Registry::open(empty.path()), Err(RegistryError::Unreadable { .. })));
    let folder = folder();
    edit_registry(folder.path(), |registry| registry["tasks"] = json!({}));
    assert!(matches!(load(folder.path()), Err(LoadError::Unassigned(Task::SpeakerVerification))));
}

#[test]
fn many_callers_get_the_answer_of_their_own_audio() {
    let models = models(&patient(2, 8));
    let signal = Signal::Glottal.pcm();
    let audio: Vec<Arc<Pcm>> =
        (1..=6).map(|n| Arc::new(Pcm::new(signal.samples()[..n * 4_000].to_vec()))).collect();
    let alone: Vec<_> =
        audio.iter().map(|pcm| models.speakers().unwrap().embed(pcm).unwrap().voiceprint).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (pcm, alone) in audio.iter().zip(&alone) {
                    assert_eq!(models.speakers().unwrap().embed(pcm).unwrap().voiceprint, *alone);
                }
            });
        }
    });
}

#[tokio::test]
async fn more_callers_than_places_are_refused_by_name() {
    let models = models(&patient(1, 1));
    let pcm = Arc::new(Pcm::new(Signal::Glottal.pcm().samples().repeat(8)));
    let models = Arc::new(models);
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let (models, pcm) = (models.clone(), pcm.clone());
            tokio::spawn(async move { models.speakers().unwrap().embed_async(&pcm).await })
        })
        .collect();
    let (mut answered, mut overloaded) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => answered += 1,
            Err(EmbedError::Pool(PoolError::Overloaded { waiting: 1 })) => overloaded += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(answered >= 1 && overloaded >= 1 && answered + overloaded == 12, "{answered}, {overloaded}");
}
