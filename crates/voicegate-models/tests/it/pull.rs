//! Models from mirrors: what is taken, what is refused, and what is left alone.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicegate_models::{Mirror, ModelId, Offer, PullError, Pulled, Registry, SHIPPED_SPEAKER_MODEL, Sha256};

use crate::mirror::{Manners, Server};
use crate::support::folder;

const ID: &str = "new-model";

/// Weights that are none: pulling does not load them.
fn weights() -> Vec<u8> {
    (0..300_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Metadata of `weights()` after `change`.
fn metadata(change: impl FnOnce(&mut Value)) -> String {
    let weights = weights();
    let mut metadata = json!({
        "id": ID, "version": "1", "task": "speaker_verification", "architecture": "ecapa_tdnn", "precision": "fp32",
        "input": { "features": "log_mel", "sample_rate": 16000, "mel_bins": 80 },
        "output": { "dimensions": 192 },
        "file": {
            "path": format!("biometric/speaker_verification/{ID}.onnx"),
            "sha256": Sha256::of(&weights).to_string(), "size_bytes": weights.len(),
        },
        "licence": "Apache-2.0", "source": "made up", "calibration": null,
        "self_test": null,
    });
    change(&mut metadata);
    metadata.to_string()
}

fn server(manners: Manners, metadata: &str) -> Server {
    let server = Server::start(manners);
    server.put(&format!("{ID}.json"), metadata);
    server.put(&format!("{ID}.onnx"), weights());
    server
}

fn take(mirror: &str, folder: &Path, accepted: Option<&str>) -> Result<Pulled, PullError> {
    let id: ModelId = ID.parse().unwrap();
    Offer::read(Mirror::new(mirror)?, &id)?.take(folder, accepted, Timestamp::UNIX_EPOCH, &mut |_| {})
}

fn target(folder: &Path) -> PathBuf {
    folder.join(format!("biometric/speaker_verification/{ID}.onnx"))
}

/// Where what has arrived of `weights()` lies.
fn part(folder: &Path) -> PathBuf {
    let digest = Sha256::of(&weights()).to_string();
    target(folder).with_file_name(format!(".{ID}.onnx.{}.part", &digest[..16]))
}

/// Everything in the folder, to see what changed.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else {
                found.push((entry.clone(), fs::read(entry).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn registry(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("model_registry.json")).unwrap()).unwrap()
}

#[track_caller]
fn expect_taken(folder: &Path) {
    assert_eq!(fs::read(target(folder)).unwrap(), weights());
    let opened = Registry::open(folder).unwrap();
    assert!(opened.models()[&ID.parse().unwrap()].is_ok(), "{:?}", opened.models());
    let left = content(folder)
        .into_iter()
        .filter(|(path, _)| path.file_name().unwrap().to_string_lossy().starts_with('.'));
    assert_eq!(left.count(), 0, "nothing half-done is left");
}

#[test]
fn a_model_comes_from_a_folder_and_from_the_web() {
    let here = TempDir::new().unwrap();
    fs::write(here.path().join(format!("{ID}.json")), metadata(|_| {})).unwrap();
    fs::write(here.path().join(format!("{ID}.onnx")), weights()).unwrap();
    let web = server(Manners::default(), &metadata(|_| {}));
    for mirror in [here.path().to_str().unwrap(), &format!("{}/", web.address)] {
        let folder = folder();
        let before = registry(folder.path());
        let pulled = take(mirror, folder.path(), None).unwrap();
        assert_eq!((pulled.fetched_bytes, pulled.newly_listed), (300_000, true));
        expect_taken(folder.path());
        let mut expected = before;
        expected["models"].as_array_mut().unwrap().push(ID.into());
        assert_eq!(registry(folder.path()), expected, "nothing is assigned and nothing else touched");
        let text = fs::read_to_string(folder.path().join("models.lock.json")).unwrap();
        let lock: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            lock["models"][ID],
            json!({
                "sha256": Sha256::of(&weights()).to_string(), "size_bytes": 300_000,
                "mirror": mirror.trim_end_matches('/'), "licence": "Apache-2.0", "licence_accepted": false,
                "pulled_at": "1970-01-01T00:00:00Z",
            })
        );
        let again = take(mirror, folder.path(), None).unwrap();
        assert_eq!((again.fetched_bytes, again.newly_listed), (0, false));
    }
}

/// Every refusal has its code and leaves the folder as it was.
#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    type Change = fn(&mut Value);
    let table: &[(&str, Change, &str)] = &[
        ("other id", |m| m["id"] = "other".into(), "metadata-wrong"),
        ("no metadata", |m| *m = json!([]), "metadata-wrong"),
        ("unknown field", |m| m["more"] = 1.into(), "metadata-wrong"),
        ("registry as target", |m| m["file"]["path"] = "model_registry.json".into(), "metadata-wrong"),
        ("metadata as target", |m| m["file"]["path"] = "biometric/config/x.onnx".into(), "metadata-wrong"),
        ("way out", |m| m["file"]["path"] = "../x.onnx".into(), "metadata-wrong"),
        (
            "strange name",
            |m| m["file"]["path"] = "biometric/speaker_verification/a?b.onnx".into(),
            "metadata-wrong",
        ),
        (
            "file of another model",
            |m| {
                m["file"]["path"] =
                    format!("biometric/speaker_verification/{SHIPPED_SPEAKER_MODEL}.onnx").into();
            },
            "metadata-wrong",
        ),
        (
            "no such file",
            |m| m["file"]["path"] = "biometric/speaker_verification/none.onnx".into(),
            "not-found",
        ),
        ("other bytes", |m| m["file"]["sha256"] = "0".repeat(64).into(), "hash-mismatch"),
        ("longer", |m| m["file"]["size_bytes"] = 299_999.into(), "size-mismatch"),
        ("shorter", |m| m["file"]["size_bytes"] = 300_001.into(), "size-mismatch"),
        ("not commercial", |m| m["licence"] = "CC-BY-NC-4.0".into(), "licence-not-accepted"),
        ("unknown licence", |m| m["licence"] = "GPL-3.0-only".into(), "licence-not-accepted"),
    ];
    let mut wrong = Vec::new();
    for (name, change, code) in table {
        let (server, folder) = (server(Manners::default(), &metadata(change)), folder());
        let before = content(folder.path());
        match take(&server.address, folder.path(), Some("MIT")) {
            Err(error) if error.code() == *code => {}
            other => wrong.push(format!("{name}: {other:?}")),
        }
        if content(folder.path()) != before {
            wrong.push(format!("{name}: something changed"));
        }
    }
    let folder = folder();
    let missing = take(folder.path().join("nowhere").to_str().unwrap(), folder.path(), None);
    if !matches!(&missing, Err(error) if error.code() == "not-found") {
        wrong.push(format!("no mirror: {missing:?}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_length_that_is_not_told_is_bounded_all_the_same() {
    let manners = Manners { lengths: false, ..Manners::default() };
    let server = server(manners, &metadata(|m| m["file"]["size_bytes"] = 100_000.into()));
    let folder = folder();
    let refused = take(&server.address, folder.path(), None);
    assert!(matches!(refused, Err(PullError::SizeMismatch { expected: 100_000, .. })), "{refused:?}");
    assert!(!target(folder.path()).exists());
}

#[test]
fn a_licence_is_accepted_by_its_exact_name() {
    let server = server(Manners::default(), &metadata(|m| m["licence"] = "CC-BY-NC-4.0".into()));
    let folder = folder();
    let refused = take(&server.address, folder.path(), Some("CC-BY-NC-3.0")).unwrap_err();
    assert!(refused.to_string().contains("forbids commercial use"), "{refused}");
    assert_eq!(server.sent(), 0, "nothing is fetched before");
    assert!(take(&server.address, folder.path(), Some("CC-BY-NC-4.0")).unwrap().record.licence_accepted);
    expect_taken(folder.path());
}

#[test]
fn a_cut_connection_is_taken_up_where_it_broke() {
    let server = server(Manners { cut_after: Some(120_000), ..Manners::default() }, &metadata(|_| {}));
    let folder = folder();
    let mut seen = Vec::new();
    let id: ModelId = ID.parse().unwrap();
    Offer::read(Mirror::new(&server.address).unwrap(), &id)
        .unwrap()
        .take(folder.path(), None, Timestamp::UNIX_EPOCH, &mut |done| seen.push(done))
        .unwrap();
    expect_taken(folder.path());
    assert_eq!(server.ranges(), ["bytes=120000-", "bytes=240000-"]);
    assert_eq!(server.sent(), 300_000, "nothing is fetched twice");
    assert!(seen.is_sorted() && seen.last() == Some(&300_000));
}

/// A run that ends in the middle, by a mirror that gives nothing more; the next run goes on.
#[test]
fn the_next_run_goes_on_where_the_last_one_ended() {
    for (ranges, same_version) in [(true, true), (true, false), (false, true)] {
        let server = server(Manners { cut_after: Some(200_000), ..Manners::default() }, &metadata(|_| {}));
        let folder = folder();
        // The first connection brings 200 000 bytes; then the mirror goes away.
        let id: ModelId = ID.parse().unwrap();
        let offer = Offer::read(Mirror::new(&server.address).unwrap(), &id).unwrap();
        let broken = offer.take(folder.path(), None, Timestamp::UNIX_EPOCH, &mut |done| {
            if done > 0 {
                server.behave(Manners { cut_after: Some(0), ..Manners::default() });
            }
        });
        assert_eq!(broken.unwrap_err().code(), "unreachable");
        assert!(!target(folder.path()).exists());
        assert_eq!(Registry::open(folder.path()).unwrap().models().len(), 1, "it is not listed");
        assert_eq!(fs::metadata(part(folder.path())).unwrap().len(), 200_000);

        let sent = server.sent();
        let version = if same_version { 1 } else { 2 };
        server.behave(Manners { ranges, version, ..Manners::default() });
        take(&server.address, folder.path(), None).unwrap();
        expect_taken(folder.path());
        let fetched = server.sent() - sent;
        let expected = if ranges && same_version { 100_000 } else { 300_000 };
        assert_eq!(fetched, expected, "ranges {ranges}, same version {same_version}");
    }
}

/// A part that was damaged, or came of another version of the file, costs a second fetch and not the model.
#[test]
fn a_wrong_part_is_fetched_anew() {
    let server = server(Manners { version: 7, ..Manners::default() }, &metadata(|_| {}));
    let folder = folder();
    fs::write(part(folder.path()), vec![1; 1000]).unwrap();
    take(&server.address, folder.path(), None).unwrap();
    expect_taken(folder.path());
    assert_eq!(server.sent(), 299_000 + 300_000);
}

/// A copy out of a folder goes on, too.
#[test]
fn an_interrupted_copy_is_continued() {
    let (here, folder) = (TempDir::new().unwrap(), folder());
    fs::write(here.path().join(format!("{ID}.json")), metadata(|_| {})).unwrap();
    fs::write(here.path().join(format!("{ID}.onnx")), weights()).unwrap();
    fs::write(part(folder.path()), &weights()[..100_000]).unwrap();
    assert_eq!(take(here.path().to_str().unwrap(), folder.path(), None).unwrap().fetched_bytes, 200_000);
    expect_taken(folder.path());
}

#[test]
fn a_good_file_survives_a_mirror_that_serves_another_one() {
    let folder = folder();
    let good = server(Manners::default(), &metadata(|_| {}));
    take(&good.address, folder.path(), None).unwrap();
    let before = content(folder.path());
    // Another hash under the same name: other weights.
    let other = server(Manners::default(), &metadata(|m| m["file"]["sha256"] = "1".repeat(64).into()));
    let refused = take(&other.address, folder.path(), None);
    assert!(matches!(refused, Err(PullError::OtherWeights(_))), "{refused:?}");
    assert_eq!(content(folder.path()), before);
    // The same weights with other words about them: it could be the threshold.
    let changed = server(Manners::default(), &metadata(|m| m["version"] = "changed".into()));
    let refused = take(&changed.address, folder.path(), None);
    assert!(matches!(refused, Err(PullError::OtherMetadata(_))), "{refused:?}");
    assert_eq!(content(folder.path()), before);
    // A damaged file is replaced, but only by the right one.
    fs::write(target(folder.path()), "damaged").unwrap();
    good.put(&format!("{ID}.onnx"), vec![0; 300_000]);
    let refused = take(&good.address, folder.path(), None);
    assert!(matches!(refused, Err(PullError::HashMismatch { .. })), "{refused:?}");
    assert_eq!(fs::read(target(folder.path())).unwrap(), b"damaged");
    good.put(&format!("{ID}.onnx"), weights());
    take(&good.address, folder.path(), None).unwrap();
    expect_taken(folder.path());
}

/// What scores mean is fitted here or nowhere.
#[test]
fn a_mirror_does_not_bring_a_calibration() {
    let calibration = |id: &str| {
        json!({
            "id": id, "llr": { "scores": { ID: { "cosine": 20.0, "closeness": 0.0 } }, "offset": 9.0 },
            "enrolment_agreement": 0.4, "owner_trials": 100, "stranger_trials": 1000, "fitted_on": "elsewhere",
        })
    };
    let offered = metadata(|m| {
        m["calibration"] = calibration("theirs");
        m["self_test"] =
            json!({ "signal": "glottal", "embedding_prefix": [0.097_806, -0.1], "tolerance": 0.001 });
    });
    let (server, folder) = (server(Manners::default(), &offered), folder());
    let path = folder.path().join(format!("biometric/config/{ID}.json"));
    let written = || serde_json::from_slice::<Value>(&fs::read(&path).unwrap()).unwrap();
    take(&server.address, folder.path(), None).unwrap();
    expect_taken(folder.path());
    assert_eq!(written()["calibration"], Value::Null);
    assert_eq!(written()["self_test"]["signal"], "glottal", "the rest is as it was offered");
    // One that was fitted here stays, whatever the mirror says.
    let mut own = written();
    own["calibration"] = calibration("ours");
    fs::write(&path, own.to_string()).unwrap();
    assert_eq!(take(&server.address, folder.path(), None).unwrap().fetched_bytes, 0);
    assert_eq!(written(), own);
}

#[test]
fn a_damaged_record_or_registry_is_said_before_anything_is_fetched() {
    let server = server(Manners::default(), &metadata(|_| {}));
    for (name, code) in [("models.lock.json", "lock-damaged"), ("model_registry.json", "model-unavailable")] {
        let folder = folder();
        fs::write(folder.path().join(name), "{").unwrap();
        assert_eq!(take(&server.address, folder.path(), None).unwrap_err().code(), code);
    }
    assert_eq!(server.sent(), 0);
}
