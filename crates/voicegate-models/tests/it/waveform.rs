//! Models that take the audio itself: pulled, chosen, held against a reference made in Python with other feature code.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use voicegate_core::Embedding;
use voicegate_models::{
    Mirror, ModelId, Offer, Refusal, Registry, SessionError, Signal, SpeakerExtractor, Task, activate,
    extractor,
};

use crate::support;

const ID: &str = "waveform-tiny";

fn id() -> ModelId {
    ID.parse().unwrap()
}

fn mirror() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/waveform")
}

/// Pulls the tiny model into a folder with the shipped one.
fn pulled() -> tempfile::TempDir {
    let folder = support::folder();
    let offer = Offer::read(Mirror::new(mirror().to_str().unwrap()).unwrap(), &id()).unwrap();
    offer.take(folder.path(), None, Timestamp::UNIX_EPOCH, &mut |_| {}).unwrap();
    folder
}

fn load(folder: &Path, id: &ModelId) -> Result<Box<dyn SpeakerExtractor>, Refusal> {
    let registry = Registry::open(folder).unwrap();
    let (metadata, bytes) = registry.read(id, Task::SpeakerVerification)?;
    extractor(&support::runtime(), &bytes, metadata, NonZeroUsize::MIN)
}

#[test]
fn the_graph_has_the_front_end() {
    #[derive(serde::Deserialize)]
    struct Golden {
        signal: Signal,
        embedding: Vec<f32>,
    }
    let golden: Golden = serde_json::from_slice(&fs::read(mirror().join("golden.json")).unwrap()).unwrap();
    let expected = Embedding::new(golden.embedding).unwrap();
    let folder = pulled();
    let found = load(folder.path(), &id()).unwrap().embed(&golden.signal.pcm()).unwrap().embedding;
    let difference =
        found.values().iter().zip(expected.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(found.values().len() == expected.values().len() && difference <= 1e-4, "{difference}");
}

#[test]
fn a_pulled_model_can_be_chosen() {
    let folder = pulled();
    let done = activate(&support::runtime(), folder.path(), &id(), None).unwrap();
    assert_eq!((done.checked, done.has_calibration), (vec![id()], false));
}

#[test]
fn what_does_not_fit_its_metadata_is_refused() {
    type Change = fn(&mut Value);
    let log_mel: Change =
        |m| m["input"] = json!({ "features": "log_mel", "sample_rate": 16000, "mel_bins": 80 });
    let table: &[(&str, Change)] = &[
        ("a waveform graph said to take log-mel", log_mel),
        ("another length of the answer", |m| m["output"]["dimensions"] = 13.into()),
    ];
    for (name, change) in table {
        let folder = pulled();
        support::edit_metadata(folder.path(), ID, change);
        let refused = load(folder.path(), &id()).err();
        assert!(matches!(refused, Some(Refusal::Session(SessionError::Shape(_)))), "{name}: {refused:?}");
    }

    let folder = support::folder();
    support::add_copy(folder.path(), "log-mel-graph", |metadata| {
        metadata["input"] = json!({ "features": "waveform", "sample_rate": 16000 });
    });
    let refused = load(folder.path(), &"log-mel-graph".parse().unwrap()).err();
    assert!(matches!(refused, Some(Refusal::Session(SessionError::Shape(_)))), "{refused:?}");

    let folder = pulled();
    support::edit_metadata(folder.path(), ID, |m| m["self_test"]["answer"][0] = (-0.311).into());
    let refused = load(folder.path(), &id()).err();
    assert!(matches!(refused, Some(Refusal::SelfTest { .. })), "{refused:?}");
}
