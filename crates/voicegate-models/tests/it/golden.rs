//! Embeddings against references made in Python with other feature code (P3.1).

use std::io::Read;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::Value;
use voicegate_audio::Pcm;
use voicegate_core::Embedding;
use voicegate_models::{
    EmbedError, Models, Quantized, Registry, SHIPPED_SPEAKER_MODEL, Settings, Sha256, Signal, Task,
    extractor, int8_is_fast,
};

use crate::support;

#[derive(serde::Deserialize)]
struct Golden {
    signal: Signal,
    embedding: Vec<f32>,
}

fn assert_same(found: &Embedding, expected: Vec<f32>, what: &str) {
    let expected = Embedding::new(expected).unwrap();
    let cosine = found.cosine(&expected).unwrap();
    let difference =
        found.values().iter().zip(expected.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(cosine >= 0.9999 && difference < 1e-3, "{what}: cosine {cosine}, difference {difference}");
}

#[test]
fn synthetic_signal_matches_the_python_reference() {
    let path = format!("{}/tests/golden/{SHIPPED_SPEAKER_MODEL}.json", env!("CARGO_MANIFEST_DIR"));
    let golden: Golden = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let models = support::models(&support::patient(1, 8));
    let answer = support::speaker(&models).embed(Arc::new(golden.signal.pcm())).unwrap();
    assert_same(&answer.embedding, golden.embedding, "glottal");
}

/// Real speech is not in the repository; the reference lies beside the weights it was made with, which are run here.
#[test]
fn speech_matches_the_reference_of_training() {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let weights = std::env::var_os("VOICEGATE_WEIGHTS")
        .map_or_else(|| support::root().join("../shared/weights"), Into::into);
    let path = weights.join("bootstrap/golden.npz");
    let Ok(file) = std::fs::File::open(&path) else {
        println!("SKIPPED: {} is not there", path.display());
        return;
    };
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let onnx = std::fs::read(weights.join("bootstrap/ecapa-tdnn-c256.onnx")).unwrap();
    let folder = support::folder();
    support::add_copy(folder.path(), "bootstrap", |metadata| {
        metadata["file"]["sha256"] = Sha256::of(&onnx).to_string().into();
        metadata["file"]["size_bytes"] = onnx.len().into();
        metadata["quantized"] = Value::Null;
        metadata["self_test"] = Value::Null;
    });
    std::fs::write(folder.path().join("biometric/speaker_verification/bootstrap.onnx"), &onnx).unwrap();
    let registry = Registry::open(folder.path()).unwrap();
    let (metadata, bytes) = registry.read(&"bootstrap".parse().unwrap(), Task::SpeakerVerification).unwrap();
    let mut bootstrap = extractor(&support::runtime(), &bytes, metadata, NonZeroUsize::MIN).unwrap();
    for n in 0..4 {
        let pcm = array(&mut archive, &format!("pcm{n}.npy"));
        let expected = array(&mut archive, &format!("embedding{n}.npy"));
        let answer = bootstrap.embed(&Pcm::new(pcm)).unwrap();
        assert_same(&answer.embedding, expected, &format!("recording {n}"));
    }
}

/// P2.2: templates of one form are good for the other.
#[test]
fn the_shipped_quantized_form_hears_nearly_the_same() {
    if !int8_is_fast() {
        println!("SKIPPED: this processor has no instructions for 8-bit products");
        return;
    }
    let folder = support::folder();
    let small = format!("{SHIPPED_SPEAKER_MODEL}-int8");
    support::edit_registry(folder.path(), |registry| {
        registry["models"].as_array_mut().unwrap().push(small.clone().into());
    });
    let registry = Registry::open(folder.path()).unwrap();
    let pcm = Arc::new(Signal::Glottal.pcm());
    let [full, quantized] = [Quantized::Never, Quantized::Auto].map(|quantized| {
        let settings = Settings { quantized, ..support::patient(1, 8) };
        let models = Models::load(&support::runtime(), &registry, &settings).unwrap();
        let running = support::speaker(&models).running().id.to_string();
        (running, support::speaker(&models).embed(pcm.clone()).unwrap().embedding)
    });
    assert_eq!((full.0.as_str(), &quantized.0), (SHIPPED_SPEAKER_MODEL, &small));
    let cosine = full.1.cosine(&quantized.1).unwrap();
    assert!(cosine > 0.99, "cosine {cosine}");
}

/// The values of a little-endian `f32` array in NumPy's format 1.0.
fn array(archive: &mut zip::ZipArchive<std::fs::File>, name: &str) -> Vec<f32> {
    let mut bytes = Vec::new();
    archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = String::from_utf8_lossy(&bytes[10..10 + header]).into_owned();
    assert!(bytes.starts_with(b"\x93NUMPY\x01\x00") && text.contains("'<f4'"), "{name}: {text}");
    bytes[10 + header..].as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
}

#[test]
fn long_audio_is_the_mean_of_its_windows_and_short_audio_is_refused() {
    let folder = support::folder();
    let registry = Registry::open(folder.path()).unwrap();
    let id = SHIPPED_SPEAKER_MODEL.parse().unwrap();
    let (metadata, bytes) = registry.read(&id, Task::SpeakerVerification).unwrap();
    let mut extractor = extractor(&support::runtime(), &bytes, metadata, NonZeroUsize::MIN).unwrap();

    let samples = Signal::Glottal.pcm().samples().repeat(16);
    let (first, second) = samples.split_at(samples.len() / 2);
    let whole = extractor.embed(&Pcm::new(samples.clone())).unwrap().embedding;
    let parts = [first, second].map(|part| extractor.embed(&Pcm::new(part.to_vec())).unwrap().embedding);
    assert!(whole.cosine(&Embedding::mean(&parts).unwrap()).unwrap() > 0.999_999);

    let error = extractor.embed(&Pcm::new(samples[..3_999].to_vec())).unwrap_err();
    assert!(matches!(error, EmbedError::TooShort { .. }), "{error:?}");
    assert!(extractor.embed(&Pcm::new(samples[..4_000].to_vec())).is_ok());
    // Digital silence has features, all equal; whatever the network says of it must be finite or a refusal.
    let silence = extractor.embed(&Pcm::new(vec![0.0; 16_000]));
    assert!(matches!(silence, Ok(_) | Err(EmbedError::Answer(_))), "{silence:?}");
}
