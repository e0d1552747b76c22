use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use voicegate_audio::{Pcm, SAMPLE_RATE, decode, encode_wav, log_mel};
use voicegate_core::PersonId;
use voicegate_models::{
    Answers, Features, ModelId, ModelSession, Registry, Runtime, SpeakerModel, SpeakerModels, Task,
};
use voicegate_service::config::{LiveConfig, VoiceAuthConfig, merge};
use voicegate_service::usecase::enroll::Intent;
use voicegate_service::usecase::sample::Recording;

use super::super::{operator, recording};
use super::python::Python;
use super::samples::{Samples, Summary};
use super::signal::{Voice, wav};
use crate::exit::{Exit, Failure, chain};
use crate::logging::{self, Purpose};
use crate::output::table;
use crate::progress;
use crate::wiring::{Context, Data, ModelsAt, Opened, library};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Verifications to time.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    iterations: u32,

    /// A recording to use in place of a made-up voice; its first seconds are taken, as WAV.
    #[arg(long)]
    file: Option<PathBuf>,

    /// Length of the recording.
    #[arg(long, default_value_t = 3.0, value_parser = super::seconds)]
    seconds: f32,

    /// A Python with torch and onnx: do the same work there, in turns with ours.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,

    /// Folder that holds `training/`, for --python.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

/// Rounds in which we and Python take turns, so that a change of the machine's speed meets both.
const ROUNDS: u32 = 4;
/// Untimed runs before each round.
const WARM_UP: u32 = 5;

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    /// The speaker model or fusion of the whole verification.
    model: String,
    /// The model of the comparisons.
    compared_model: String,
    seconds_of_audio: f32,
    iterations: u32,
    /// Our stages, and `whole` for the whole verification.
    stages: BTreeMap<&'static str, Summary>,
    /// The bare ONNX Runtime call on the same features, from this program.
    onnx_runtime: Option<Summary>,
    /// The same stages in Python.
    python: Option<BTreeMap<String, Summary>>,
    /// p50 of the compared model's embedding (features, queue and network) over p50 of the bare call.
    embedding_to_bare_call: Option<f64>,
    /// p50 of everything but the network, in ms.
    without_network_ms: f64,
    /// p50 of Python's features and network over the compared model's embedding.
    python_to_embedding: Option<f64>,
}

/// Order in which stages are shown.
const STAGES: [&str; 9] = [
    "decode",
    "vad and quality",
    "features",
    "network",
    "compared model",
    "embedding",
    "score",
    "store",
    "whole",
];

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::new("file", error.to_string()))?;
    let config = configuration(context)?;
    logging::start(&config.current().log, Purpose::OneShot, context.verbose)?;
    let bench = Bench::new(&args, context, config, folder.path().to_owned()).await?;
    let report = bench.measure(&args).await?;
    context.format.print(&report, describe)?;
    Ok(Exit::Good)
}

/// The user's configuration, with gates that let a single short recording through: they decide about voices, not
/// about time. One worker, so that no two runs disturb each other; the full precision that Python has.
fn configuration(context: &Context) -> Result<Arc<LiveConfig>, Failure> {
    let mut layers = context.config.layers()?;
    merge(
        &mut layers.environment,
        &json!({
            "enrolment": {"min_samples": 1, "min_net_speech_s": 1.0, "min_sample_speech_s": 0.3},
            "verification": {"min_net_speech_s": 0.3},
            // The speaker comparison alone; `bench login` times everything. The same recording comes again and again.
            "spoofing": {"countermeasures": "off", "duplicates": {"refuse": false}},
            "models": {"workers": 1, "quantized": "never"},
            "storage": {"url": null},
        }),
    );
    Ok(Arc::new(LiveConfig::new(layers)?))
}

struct Bench {
    opened: Opened,
    bare: ModelSession,
    model_file: PathBuf,
    folder: PathBuf,
    wav: Vec<u8>,
    pcm: Arc<Pcm>,
    person: PersonId,
}

impl Bench {
    async fn new(
        args: &Args,
        context: &Context,
        live: Arc<LiveConfig>,
        folder: PathBuf,
    ) -> Result<Self, Failure> {
        let config = live.current();
        // The models come from where they are; everything that is written goes to the temporary folder.
        let mut elsewhere = context.clone();
        elsewhere.data_dir = folder.join("data");
        let opened = elsewhere.assemble(live, Data::Make, ModelsAt::Hand).await?;
        let id = compared(&opened)?.metadata().id.clone();
        let (bare, model_file) = bare_session(context, &config, &id)?;
        let pcm = pcm(args, &config)?;
        let person = PersonId::new("bench").expect("the name is short and plain");
        let wav = encode_wav(pcm.samples());
        let enrolled =
            opened.service.enroll(&person, vec![recording_of(&wav)], Intent::Enroll, &operator()).await?;
        if !enrolled.progress.complete {
            let why =
                enrolled.reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join(" ");
            return Err(Failure::new("recording", format!("the recording cannot be enrolled: {why}")));
        }
        Ok(Self { opened, bare, model_file, folder, wav, pcm: Arc::new(pcm), person })
    }

    async fn measure(mut self, args: &Args) -> Result<Report, Failure> {
        let mut stages: BTreeMap<&'static str, Samples> =
            STAGES.iter().map(|name| (*name, Samples::default())).collect();
        let (mut bare, mut without_network) = (Samples::default(), Samples::default());
        let mut python = args.python.as_ref().map(|program| {
            Python::new(
                program.clone(),
                args.root.clone(),
                self.folder.join("recording.wav"),
                self.model_file.clone(),
            )
        });
        fs::write(self.folder.join("recording.wav"), &self.wav)
            .map_err(|error| Failure::file(&self.folder, &error))?;
        let bar = progress::bar(u64::from(args.iterations), "verifications");
        for round in 0..ROUNDS {
            let share = args.iterations / ROUNDS + u32::from(round < args.iterations % ROUNDS);
            for i in 0..WARM_UP + share {
                let once = self.once().await?;
                if i < WARM_UP {
                    continue;
                }
                for (name, ms) in STAGES.iter().zip(once.stages) {
                    stages.entry(name).or_default().push(ms);
                }
                bare.push_duration(once.bare);
                without_network.push(once.without_network());
                bar.inc(1);
            }
            if let Some(python) = &mut python {
                python.round(share, WARM_UP)?;
            }
        }
        bar.finish_and_clear();
        let model = speakers(&self.opened)?.serving().id.to_string();
        let compared_model = compared(&self.opened)?.metadata().id.to_string();
        let seconds_of_audio = self.pcm.duration_s();
        self.opened.finish(Ok::<_, Failure>(())).await?;
        let stages: BTreeMap<_, _> =
            stages.into_iter().filter_map(|(name, samples)| Some((name, samples.summary()?))).collect();
        let bare = bare.summary();
        let python = python.map(Python::summaries);
        let p50 = |name| stages.get(name).map(|summary: &Summary| summary.p50_ms);
        Ok(Report {
            model,
            compared_model,
            seconds_of_audio,
            iterations: args.iterations,
            embedding_to_bare_call: bare.zip(p50("compared model")).map(|(bare, ours)| ours / bare.p50_ms),
            without_network_ms: without_network.summary().map_or(0.0, |summary| summary.p50_ms),
            python_to_embedding: python
                .as_ref()
                .and_then(|python| python.get("compared model"))
                .zip(p50("compared model"))
                .map(|(python, ours)| python.p50_ms / ours),
            stages,
            onnx_runtime: bare,
            python,
        })
    }

    /// One verification through the service, and the parts of its embedding stage one by one.
    async fn once(&mut self) -> Result<Once, Failure> {
        let start = Instant::now();
        let answer = self.opened.service.verify(&self.person, recording_of(&self.wav), &operator()).await?;
        let whole = start.elapsed();
        let start = Instant::now();
        let speaker = compared(&self.opened)?;
        let embedded = speaker
            .embed(self.pcm.clone())
            .map_err(|error| Failure::new("model-unavailable", chain(&error)))?;
        let compared = start.elapsed();
        let features = log_mel(&self.pcm);
        let input = features.bin_major();
        let start = Instant::now();
        let run = self.bare.run([1, features.bins(), features.frames()], &input);
        let bare = start.elapsed();
        run.map_err(|error| Failure::new("model-unavailable", chain(&error)))?;
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let timings = answer.timings;
        Ok(Once {
            stages: [
                f64::from(timings.decode_ms),
                f64::from(timings.quality_ms),
                ms(embedded.features),
                ms(embedded.inference),
                ms(compared),
                f64::from(timings.networks_ms),
                f64::from(timings.score_ms),
                f64::from(timings.store_ms),
                ms(whole),
            ],
            bare,
        })
    }
}

/// Times of one verification.
struct Once {
    /// In the order of [`STAGES`], in ms.
    stages: [f64; STAGES.len()],
    bare: Duration,
}

impl Once {
    /// Everything but the network: decoding, VAD and quality, features, score, store.
    fn without_network(&self) -> f64 {
        let [decode, quality, features, _, _, _, score, store, _] = self.stages;
        decode + quality + features + score + store
    }
}

fn speakers(opened: &Opened) -> Result<&SpeakerModels, Failure> {
    opened.service.models().speakers().map_err(|reason| Failure::new("model-unavailable", reason))
}

/// The model that the bare call and Python run, too: the first on log-mel features.
fn compared(opened: &Opened) -> Result<&SpeakerModel, Failure> {
    let on_log_mel = |model: &&SpeakerModel| model.metadata().input.features == Features::LogMel;
    let found = speakers(opened)?.models().iter().find(on_log_mel);
    found.ok_or_else(|| Failure::new("model-unavailable", "no loaded speaker model takes log-mel features"))
}

/// The compared speaker model in a session of its own, on this thread, with nothing around it.
fn bare_session(
    context: &Context,
    config: &VoiceAuthConfig,
    id: &ModelId,
) -> Result<(ModelSession, PathBuf), Failure> {
    let unavailable = |error: &dyn std::error::Error| Failure::new("model-unavailable", chain(error));
    let folder = context.models_folder(&config.models, ModelsAt::Hand)?;
    let runtime = Runtime::load(&library(&config.models)).map_err(|error| unavailable(&error))?;
    let registry = Registry::open(&folder).map_err(|error| unavailable(&error))?;
    let (metadata, bytes) =
        registry.read(id, Task::SpeakerVerification).map_err(|error| unavailable(&error))?;
    let input = [None, metadata.input.mel_bins.map(|bins| bins as usize), None];
    let threads = NonZeroUsize::new(config.models.threads_per_worker).unwrap_or(NonZeroUsize::MIN);
    let session = ModelSession::new(
        &runtime,
        &bytes,
        threads,
        input,
        (Answers::PerItem, metadata.output.dimensions as usize),
    )
    .map_err(|error| unavailable(&error))?;
    let file = folder.join(&metadata.file.path);
    Ok((session, fs::canonicalize(&file).unwrap_or(file)))
}

/// The first seconds of the given recording, or of a made-up voice.
fn pcm(args: &Args, config: &VoiceAuthConfig) -> Result<Pcm, Failure> {
    let recording = match &args.file {
        Some(path) => recording::read(path, config.audio.max_bytes)?,
        None => recording_of(&wav(Voice { pitch_hz: 120.0, formants: 1.0 }, args.seconds, 1)),
    };
    let start = Instant::now();
    let limits = config.audio.decode_limits();
    let decoded = decode(&recording.bytes, recording.hint.as_deref(), &limits, &|| start.elapsed())
        .map_err(|refusal| Failure::new("recording", format!("{}: {refusal}", recording.name)))?;
    let mut samples = decoded.pcm.into_samples();
    let wanted = (args.seconds * SAMPLE_RATE as f32) as usize;
    if samples.len() < wanted {
        return Err(Failure::new(
            "recording",
            format!("{} is shorter than {} s; choose --seconds", recording.name, args.seconds),
        ));
    }
    samples.truncate(wanted);
    Ok(Pcm::new(samples))
}

fn recording_of(wav: &[u8]) -> Recording {
    Recording { name: "bench.wav".into(), hint: Some("audio/wav".into()), bytes: wav.to_vec() }
}

fn describe(report: &Report) -> String {
    let python = |name: &str| report.python.as_ref().and_then(|python| python.get(name));
    let ms = |summary: Option<&Summary>| {
        summary.map_or_else(
            || ["", ""].map(String::from),
            |s| [format!("{:.2}", s.p50_ms), format!("{:.2}", s.p99_ms)],
        )
    };
    let heading =
        ["stage", "p50 ms", "p99 ms", "Python p50", "p99", "Python/ours"].map(String::from).to_vec();
    let mut rows = vec![heading];
    for name in STAGES {
        let (ours, theirs) = (report.stages.get(name), python(name));
        let ratio = ours.zip(theirs).map_or_else(String::new, |(o, t)| format!("{:.2}", t.p50_ms / o.p50_ms));
        let [a, b] = ms(ours);
        let [c, d] = ms(theirs);
        rows.push(vec![name.into(), a, b, c, d, ratio]);
    }
    let [a, b] = ms(report.onnx_runtime.as_ref());
    let [c, d] = ms(python("onnx runtime"));
    rows.push(vec!["bare ONNX Runtime call".into(), a, b, c, d, String::new()]);
    let mut text = format!(
        "model {}, compared {}, {:.1} s of audio, {} verifications\n\n{}",
        report.model,
        report.compared_model,
        report.seconds_of_audio,
        report.iterations,
        table(&rows)
    );
    if let Some(ratio) = report.embedding_to_bare_call {
        let _ = writeln!(text, "\ncompared model / bare ONNX Runtime call (p50): {ratio:.3}");
    }
    let _ = writeln!(text, "everything but the network (p50): {:.2} ms", report.without_network_ms);
    if let Some(ratio) = report.python_to_embedding {
        let _ = writeln!(text, "features and network in Python / embedding stage (p50): {ratio:.2}");
    }
    text
}
