//! What the tests share.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use voicegate_models::{
    Library, Models, PoolSettings, Quantized, Registry, Runtime, SHIPPED_SPEAKER_MODEL, Settings,
    SpeakerModel, materialise,
};

/// Root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pinned runtime.
pub(crate) fn runtime() -> Runtime {
    let library = root().join(".runtime/libonnxruntime.so");
    match Runtime::load(&Library::At(library)) {
        Ok(runtime) => runtime,
        Err(error) => panic!("{error}\nrun `make runtime`"),
    }
}

/// Settings with a deadline that a busy test machine does not reach.
pub(crate) fn patient(workers: usize, queue: usize) -> Settings {
    Settings {
        workers: workers.try_into().unwrap(),
        pool: PoolSettings { queue: queue.try_into().unwrap(), deadline: Duration::from_secs(300) },
        quantized: Quantized::Never,
        ..Settings::default()
    }
}

/// A models folder of its own with the shipped model alone.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    materialise(folder.path()).unwrap();
    edit_registry(folder.path(), |registry| {
        *registry = json!({
            "schema": 1,
            "models": [SHIPPED_SPEAKER_MODEL],
            "tasks": { "speaker_verification": { "active": SHIPPED_SPEAKER_MODEL, "fallback": null } },
        });
    });
    folder
}

/// The shipped model.
pub(crate) fn models(settings: &Settings) -> Models {
    let folder = folder();
    Models::load(&runtime(), &Registry::open(folder.path()).unwrap(), settings).unwrap()
}

/// The model that is shipped, out of those that serve.
pub(crate) fn speaker(models: &Models) -> &SpeakerModel {
    let mut all = models.speakers().unwrap().models().iter();
    all.find(|model| model.metadata().id.as_str() == SHIPPED_SPEAKER_MODEL).unwrap()
}

/// Lists a copy of the shipped model as `id`, with its metadata changed.
pub(crate) fn add_copy(folder: &Path, id: &str, change: impl FnOnce(&mut Value)) {
    let config = folder.join("biometric/config");
    let mut metadata = read(&config.join(format!("{SHIPPED_SPEAKER_MODEL}.json")));
    let path = format!("biometric/speaker_verification/{id}.onnx");
    fs::copy(folder.join(metadata["file"]["path"].as_str().unwrap()), folder.join(&path)).unwrap();
    metadata["id"] = id.into();
    metadata["calibration"] = Value::Null;
    metadata["file"]["path"] = path.into();
    change(&mut metadata);
    fs::write(config.join(format!("{id}.json")), metadata.to_string()).unwrap();
    edit_registry(folder, |registry| registry["models"].as_array_mut().unwrap().push(id.into()));
}

/// Changes a listed model's metadata.
pub(crate) fn edit_metadata(folder: &Path, id: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(format!("biometric/config/{id}.json"));
    let mut metadata = read(&path);
    change(&mut metadata);
    fs::write(path, metadata.to_string()).unwrap();
}

/// Changes the registry.
pub(crate) fn edit_registry(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("model_registry.json");
    let mut registry = read(&path);
    change(&mut registry);
    fs::write(path, registry.to_string()).unwrap();
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
