//! The full evidence of a login, decode to decision, one stage after another on one core.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use voicegate_audio::spoof::{fingerprint, signals};
use voicegate_audio::{Pcm, Quality, SAMPLE_RATE, decode, detect_speech, encode_wav};
use voicegate_core::challenge::{Language, Prompt, PromptKind, PromptSpec};
use voicegate_core::decide::{Evidence, Measured, Policy, decide};
use voicegate_core::score::SpeakerScore;
use voicegate_core::threshold::Context as Circumstances;
use voicegate_core::{Exemplar, Origin, Template, Voiceprint};
use voicegate_models::{Models, quality_measures};
use voicegate_service::config::VoiceAuthConfig;

use super::samples::{Samples, Summary};
use super::signal::{Voice, wav};
use crate::exit::{Exit, Failure, chain};
use crate::output::table;
use crate::progress;
use crate::wiring::Context;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Logins to time.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(5..=100_000))]
    iterations: u32,

    /// A recording to use in place of a made-up voice; its first seconds are taken, and repeated if it is shorter.
    #[arg(long)]
    file: Option<PathBuf>,

    /// Length of the recording.
    #[arg(long, default_value_t = 4.0, value_parser = super::seconds)]
    seconds: f32,
}

/// Untimed runs before the timed ones.
const WARM_UP: u32 = 3;

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    seconds_of_audio: f32,
    iterations: u32,
    /// In the order in which they come.
    stages: Vec<Stage>,
    /// From the bytes to the decision.
    whole: Summary,
}

#[derive(Debug, Serialize)]
struct Stage {
    name: String,
    #[serde(flatten)]
    time: Summary,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let live = context.configure()?;
    let config = live.current();
    let models = context.models_of_one_thread(&config)?;
    let bytes = recording(args, &config)?;
    let bench = Bench { models: &models, config: &config, bytes, prompt: prompt()? };
    let mut clocks: Vec<(String, Samples)> = Vec::new();
    let mut whole = Samples::default();
    let bar = progress::bar(u64::from(args.iterations), "logins");
    for i in 0..WARM_UP + args.iterations {
        let mut stages = Stages { times: Vec::new(), last: Instant::now() };
        let start = stages.last;
        bench.login(&mut stages)?;
        let took = start.elapsed();
        if i < WARM_UP {
            continue;
        }
        whole.push_duration(took);
        for (n, (name, ms)) in stages.times.into_iter().enumerate() {
            if clocks.len() == n {
                clocks.push((name, Samples::default()));
            }
            clocks[n].1.push(ms);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let no_time = || Failure::new("internal", "nothing was timed");
    let stages =
        clocks.into_iter().filter_map(|(name, samples)| Some(Stage { name, time: samples.summary()? }));
    let report = Report {
        seconds_of_audio: args.seconds,
        iterations: args.iterations,
        stages: stages.collect(),
        whole: whole.summary().ok_or_else(no_time)?,
    };
    context.format.print(&report, describe)?;
    Ok(Exit::Good)
}

struct Bench<'a> {
    models: &'a Models,
    config: &'a VoiceAuthConfig,
    bytes: Vec<u8>,
    prompt: Prompt,
}

/// The time since the last stage, stage by stage.
struct Stages {
    times: Vec<(String, f64)>,
    last: Instant,
}

impl Stages {
    fn done(&mut self, name: impl Into<String>) {
        let now = Instant::now();
        self.times.push((name.into(), (now - self.last).as_secs_f64() * 1e3));
        self.last = now;
    }
}

impl Bench<'_> {
    fn login(&self, stages: &mut Stages) -> Result<(), Failure> {
        let unusable = |reason: &dyn std::error::Error| Failure::new("recording", chain(reason));
        let failed = |error: &dyn std::error::Error| Failure::new("model-unavailable", chain(error));
        let missing = |reason: &str| Failure::new("model-unavailable", reason);

        let start = Instant::now();
        let decoded = decode(&self.bytes, None, &self.config.audio.decode_limits(), &|| start.elapsed())
            .map_err(|refusal| unusable(&refusal))?;
        stages.done("decode");
        let speech = detect_speech(&decoded.pcm);
        let quality = Quality::measure(&decoded.pcm, &speech);
        stages.done("speech and quality");
        let found = signals(&decoded.pcm, &speech, &quality);
        stages.done("signal detectors");
        black_box(fingerprint(&decoded.pcm));
        stages.done("fingerprint");

        let pcm = Arc::new(decoded.pcm);
        let speakers = self.models.speakers().map_err(missing)?;
        let mut embeddings = Vec::new();
        for model in speakers.models() {
            let embedded = model.embed(pcm.clone()).map_err(|error| failed(&error))?;
            embeddings.push((model.metadata().id.to_string(), embedded.embedding));
            stages.done(model.running().id.as_str());
        }
        let countermeasures = self.models.countermeasures().map_err(missing)?;
        let mut scores = found.scores();
        for model in countermeasures.models() {
            let scored = model.answer(pcm.clone()).map_err(|error| failed(&error))?.result;
            let scored = scored.map_err(|error| failed(&error))?;
            scores.insert(model.metadata().id.to_string(), scored.score);
            stages.done(model.running().id.as_str());
        }
        let recogniser = self.models.recogniser().map_err(missing)?;
        black_box(recogniser.hear(pcm, &self.prompt).map_err(|error| failed(&error))?);
        stages.done(recogniser.name());

        black_box(countermeasures.weigh(&scores));
        self.decide(embeddings, &quality)?;
        stages.done("scores and decision");
        Ok(())
    }

    /// Compares the voice with itself.
    fn decide(
        &self,
        embeddings: Vec<(String, voicegate_core::Embedding)>,
        quality: &Quality,
    ) -> Result<(), Failure> {
        let no_voice = || Failure::new("recording", "the recording gives no voice to compare");
        let voiceprint = Voiceprint::new(embeddings).ok_or_else(no_voice)?;
        let quality = quality_measures(quality);
        let exemplar = Exemplar {
            voiceprint: voiceprint.clone(),
            renderings: BTreeMap::new(),
            quality,
            origin: Origin::Enrolled,
            added_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let template = Template::new(vec![exemplar]).map_err(|_| no_voice())?;
        let serving = self.models.speakers().map(|speakers| speakers.serving());
        let calibration = serving.ok().and_then(|system| system.calibration.as_ref());
        let calibration = calibration.ok_or_else(|| Failure::new("model-unavailable", "no calibration"))?;
        let score = SpeakerScore::new(&voiceprint, &quality, &template, &calibration.llr);
        let evidence = Evidence::of_voice(score.map_or(Measured::Missing(Vec::new()), Measured::Value));
        black_box(decide(&evidence, &Policy::default(), &Circumstances::default()));
        Ok(())
    }
}

/// The recording as WAV, exactly as long as asked for.
fn recording(args: &Args, config: &VoiceAuthConfig) -> Result<Vec<u8>, Failure> {
    let bytes = match &args.file {
        Some(path) => std::fs::read(path).map_err(|error| Failure::file(path, &error))?,
        None => wav(Voice { pitch_hz: 120.0, formants: 1.0 }, args.seconds, 1),
    };
    let start = Instant::now();
    let decoded = decode(&bytes, None, &config.audio.decode_limits(), &|| start.elapsed())
        .map_err(|refusal| Failure::new("recording", refusal.to_string()))?;
    let length = (args.seconds * SAMPLE_RATE as f32) as usize;
    let samples = decoded.pcm.samples().iter().copied().cycle().take(length).collect();
    Ok(encode_wav(Pcm::new(samples).samples()))
}

fn prompt() -> Result<Prompt, Failure> {
    let spec = PromptSpec::new(Language::En, PromptKind::Digits, 8)
        .map_err(|error| Failure::new("internal", error.to_string()))?;
    let mut next = 0u32;
    Ok(Prompt::draw(&spec, || {
        next = next.wrapping_add(0x9E37_79B9);
        next
    }))
}

fn describe(report: &Report) -> String {
    let mut rows = vec![["stage", "p50 ms", "p99 ms"].map(str::to_owned).to_vec()];
    let row = |name: &str, time: &Summary| {
        vec![name.to_owned(), format!("{:.2}", time.p50_ms), format!("{:.2}", time.p99_ms)]
    };
    rows.extend(report.stages.iter().map(|stage| row(&stage.name, &stage.time)));
    rows.push(row("whole", &report.whole));
    format!(
        "{} logins with {} s of audio, one stage after another on one thread\n\n{}",
        report.iterations,
        report.seconds_of_audio,
        table(&rows)
    )
}
