//! Models fetched, chosen and compared through the command line.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use voicegate_models::{SHIPPED_SPEAKER_MODEL, Sha256};

use crate::support::Sandbox;

const MODELS: &str = "data/models/voice";

fn read(path: PathBuf) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Puts the shipped model into a folder `mirror` as `id`, with its metadata changed.
fn offer(sandbox: &Sandbox, id: &str, change: impl FnOnce(&mut Value)) {
    sandbox.run(&["models", "list"]);
    fs::create_dir_all(sandbox.path("mirror")).unwrap();
    let models = sandbox.path(MODELS);
    let mut metadata = read(models.join(format!("biometric/config/{SHIPPED_SPEAKER_MODEL}.json")));
    let weights = fs::read(models.join(metadata["file"]["path"].as_str().unwrap())).unwrap();
    metadata["id"] = id.into();
    metadata["file"]["path"] = format!("biometric/speaker_verification/{id}.onnx").into();
    metadata.as_object_mut().unwrap().remove("quantized");
    metadata["calibration"] = Value::Null;
    change(&mut metadata);
    sandbox.write(&format!("mirror/{id}.json"), metadata.to_string());
    sandbox.write(&format!("mirror/{id}.onnx"), weights);
}

/// The shipped model alone, so that the tests do not depend on what else was fetched.
fn shipped_alone(sandbox: &Sandbox) {
    sandbox.run(&["models", "list"]);
    let registry = json!({
        "schema": 1, "models": [SHIPPED_SPEAKER_MODEL],
        "tasks": { "speaker_verification": { "active": SHIPPED_SPEAKER_MODEL, "fallback": null } },
    });
    sandbox.write(&format!("{MODELS}/model_registry.json"), registry.to_string());
}

#[test]
fn a_model_is_pulled_listed_and_activated() {
    let sandbox = Sandbox::new();
    shipped_alone(&sandbox);
    offer(&sandbox, "copy", |_| {});
    let nowhere = sandbox.run(&["--json", "models", "pull", "copy"]).expect(2);
    assert!(nowhere.err().contains("--from") && nowhere.err().contains("models.mirror"), "{}", nowhere.err());
    let pulled = sandbox.run(&["--json", "models", "pull", "copy", "--from", "mirror"]).expect(0);
    assert!(pulled.err().contains("licence Apache-2.0"), "{}", pulled.err());
    let pulled = pulled.json();
    let file = fs::read(sandbox.path("mirror/copy.onnx")).unwrap();
    assert_eq!(pulled["sha256"], Sha256::of(&file).to_string());
    assert_eq!(
        (&pulled["newly_listed"], &pulled["fetched_bytes"]),
        (&Value::from(true), &Value::from(file.len()))
    );
    let lock = read(sandbox.path(&format!("{MODELS}/models.lock.json")));
    assert!(lock["models"]["copy"]["mirror"].as_str().unwrap().ends_with("/mirror"), "{lock}");

    let mut again = sandbox.command(&["models", "pull", "copy"]);
    let again = again.env("VOICEGATE_MODELS__MIRROR", "mirror").output().unwrap();
    assert!(String::from_utf8_lossy(&again.stdout).contains("was here already"), "{again:?}");

    let role = |id: &str| {
        let listed = sandbox.run(&["--json", "models", "list"]).expect(0).json();
        let all = listed["models"].as_array().unwrap();
        all.iter().find(|model| model["id"] == id).unwrap()["role"].clone()
    };
    assert_eq!(role("copy"), "unassigned");
    let done = sandbox.run(&["--json", "models", "activate", "copy"]).expect(0).json();
    assert_eq!((&done["active"], &done["fallback"]), (&json!("copy"), &json!(SHIPPED_SPEAKER_MODEL)));
    assert_eq!((role("copy"), role(SHIPPED_SPEAKER_MODEL)), (json!("active"), json!("fallback")));
    sandbox.run(&["models", "verify"]).expect(0);
}

#[test]
fn refusals_have_codes_and_leave_the_registry_alone() {
    let sandbox = Sandbox::new();
    shipped_alone(&sandbox);
    offer(&sandbox, "copy", |metadata| metadata["licence"] = "CC-BY-NC-4.0".into());
    offer(&sandbox, "broken", |metadata| metadata["self_test"]["embedding_prefix"][0] = json!(0.9));
    offer(&sandbox, "wrong", |metadata| metadata["file"]["sha256"] = "0".repeat(64).into());
    let registry = || fs::read(sandbox.path(&format!("{MODELS}/model_registry.json"))).unwrap();
    let code = |args: &[&str]| {
        let answer = sandbox.run(&[&["--json", "models"], args].concat()).expect(2).json();
        answer["error"]["code"].as_str().unwrap().to_owned()
    };
    let before = registry();
    assert_eq!(code(&["pull", "copy", "--from", "mirror"]), "licence-not-accepted");
    assert_eq!(code(&["pull", "wrong", "--from", "mirror"]), "hash-mismatch");
    assert_eq!(code(&["pull", "none", "--from", "mirror"]), "not-found");
    assert_eq!(code(&["pull", "copy", "--from", "https://user:secret@mirror"]), "invalid-mirror");
    assert_eq!(code(&["activate", "none"]), "not-found");
    assert_eq!(registry(), before);
    sandbox
        .run(&["models", "pull", "copy", "--from", "mirror", "--accept-licence", "CC-BY-NC-4.0"])
        .expect(0);
    sandbox.run(&["models", "pull", "broken", "--from", "mirror"]).expect(0);
    let before = registry();
    assert_eq!(code(&["activate", "broken"]), "model-unavailable");
    assert_eq!(code(&["activate", "copy", "--fallback", "broken"]), "model-unavailable");
    assert_eq!(registry(), before);
}

#[test]
fn models_are_compared_in_time_size_and_error_rates() {
    let sandbox = Sandbox::new();
    shipped_alone(&sandbox);
    // The same network under the names of a pair.
    for id in ["net", "net-int8"] {
        offer(&sandbox, id, |_| {});
        sandbox.run(&["models", "pull", id, "--from", "mirror"]).expect(0);
    }
    let path = sandbox.path(&format!("{MODELS}/model_registry.json"));
    let mut registry = read(path.clone());
    registry["systems"] =
        json!({ "both": { "members": { "net": 0.25, "net-int8": 0.75 }, "calibration": null } });
    fs::write(path, registry.to_string()).unwrap();
    let listed = sandbox.run(&["models", "list"]).expect(0).out();
    assert!(listed.contains("0.25 net + 0.75 net-int8"), "{listed}");

    sandbox.corpus();
    let bench = ["--json", "models", "bench", "both", "--rounds", "10", "--corpus", "list.tsv"];
    let report = sandbox.run(&bench).expect(0).json();
    let ids: Vec<_> = report["models"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, ["net", "net-int8", "both"]);
    assert_eq!(report["recordings"], 10);
    for row in report["models"].as_array().unwrap() {
        assert_eq!(row["equal_error_rate"], 0.0, "{row}");
    }
    assert!(report["models"][0]["p50_ms"].as_f64().unwrap() > 0.0);
    let pair = &report["pairs"][0];
    assert_eq!(
        (&pair["fp32"], &pair["int8"], &pair["size_ratio"]),
        (&json!("net"), &json!("net-int8"), &json!(1.0))
    );
    assert!(pair["cosine"]["min"].as_f64().unwrap() > 0.9999, "{pair}");
    assert!((0.2..5.0).contains(&pair["time_ratio"].as_f64().unwrap()), "{pair}");
    let text = sandbox.run(&["models", "bench", "--rounds", "10"]).expect(0).out();
    assert!(text.contains("net-int8 by net: size 1.00, time"), "{text}");
    sandbox.run(&["models", "bench", "none"]).expect(2);
}
