//! The embedding stage beside the bare ONNX Runtime call, one thread, 3 s of audio:
//! `cargo bench -p voicegate-models`. `bare` has the library's default options, `stage` is the part of `embed` behind
//! the features, `whole` is features and network through the queue.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use ort::session::Session;
use ort::value::TensorRef;
use voicegate_audio::{Pcm, log_mel};
use voicegate_models::{
    EcapaTdnnExtractor, Library, Models, Registry, Runtime, SHIPPED_SPEAKER_MODEL, Settings, Signal,
    SpeakerExtractor as _, Task,
};

fn embedding(criterion: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let library: PathBuf = root.join(".runtime/libonnxruntime.so");
    let runtime = Runtime::load(&Library::At(library)).expect("run `make runtime` first");
    let registry = Registry::open(&root.join("models/voice")).expect("the repository holds a registry");
    let id = SHIPPED_SPEAKER_MODEL.parse().expect("a well-formed id");
    let (metadata, bytes) =
        registry.read(&id, Task::SpeakerVerification).expect("the shipped model is verified");
    let pcm = Pcm::new(Signal::Glottal.pcm().samples().repeat(2));

    let mut group = criterion.benchmark_group("embedding_3s");
    group.measurement_time(Duration::from_secs(10)).sample_size(60);

    let mut bare = Session::builder(runtime.environment())
        .and_then(|builder| Ok(builder.with_intra_threads(1)?))
        .and_then(|mut builder| builder.commit_from_memory(&bytes))
        .expect("a session");
    let features = log_mel(&pcm);
    let (frames, input) = (features.frames(), features.bin_major());
    group.bench_function("bare", |bencher| {
        bencher.iter(|| {
            let input = TensorRef::from_array_view(([1, 80, frames], &*input)).expect("a tensor");
            let outputs = bare.run(ort::inputs![input]).expect("a run");
            outputs[0].try_extract_tensor::<f32>().expect("floats").1[0]
        });
    });
    let mut extractor =
        EcapaTdnnExtractor::new(&runtime, &bytes, metadata, NonZeroUsize::MIN).expect("loads");
    group.bench_function("stage", |bencher| {
        bencher.iter_custom(|runs| (0..runs).map(|_| extractor.embed(&pcm).expect("a run").inference).sum());
    });
    let models = Models::load(&runtime, &registry, &Settings::default()).expect("loads");
    let pcm = Arc::new(pcm);
    group.bench_function("whole", |bencher| {
        bencher.iter(|| models.speakers().expect("models").embed(&pcm).expect("a run"));
    });
    group.finish();
}

criterion_group!(benches, embedding);
criterion_main!(benches);
