//! Resident memory of a session at rest and over many runs of varying length, for each set of session options.
//!
//! `cargo run --release -p voicegate-models --example memory -- OPTIONS [RUNS]` with OPTIONS one of `none` (nothing
//! loaded), `ours`, `arena` (the library's defaults) and `shrink` (its defaults, the arena shrunk after each run).

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use ort::session::{RunOptions, Session};
use ort::value::TensorRef;
use voicegate_models::{Answers, Library, ModelSession, Registry, Runtime, SHIPPED_SPEAKER_MODEL, Task};

type Failure = Box<dyn std::error::Error>;
type Run = Box<dyn FnMut(usize, &[f32]) -> Result<(), Failure>>;

const MEL_BINS: usize = 80;
/// Frames of 10 ms: from 1.5 s to the longest window of 20 s.
const FRAMES: std::ops::Range<usize> = 150..2000;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let options = arguments.next().ok_or("usage: memory none|ours|arena|shrink [RUNS]")?;
    let runs: usize = arguments.next().map_or(Ok(2000), |text| text.parse())?;
    println!("start: {}", resident()?);

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let runtime = Runtime::load(&Library::At(root.join(".runtime/libonnxruntime.so")))?;
    println!("library loaded: {}", resident()?);
    if options == "none" {
        return Ok(());
    }
    let mut run = session(&runtime, &root, &options)?;
    println!("session loaded: {}", resident()?);

    let input = vec![0.5; MEL_BINS * FRAMES.end];
    let start = Instant::now();
    let mut state = 1u64;
    for n in 1..=runs {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let frames = FRAMES.start + (state >> 33) as usize % FRAMES.len();
        run(frames, &input[..MEL_BINS * frames])?;
        if n == 1 || n % (runs / 10).max(1) == 0 {
            println!("after {n} runs: {}", resident()?);
        }
    }
    println!("{:.1} ms a run", start.elapsed().as_secs_f64() * 1e3 / runs as f64);
    Ok(())
}

fn session(runtime: &Runtime, root: &Path, options: &str) -> Result<Run, Failure> {
    let registry = Registry::open(&root.join("models/voice"))?;
    let (_, bytes) = registry.read(&SHIPPED_SPEAKER_MODEL.parse()?, Task::SpeakerVerification)?;
    if options == "ours" {
        let shape = [None, Some(MEL_BINS), None];
        let mut session =
            ModelSession::new(runtime, &bytes, NonZeroUsize::MIN, shape, (Answers::PerItem, 192))?;
        return Ok(Box::new(move |frames, input| {
            session.run([1, MEL_BINS, frames], input).map(drop).map_err(Into::into)
        }));
    }
    let mut session =
        Session::builder(runtime.environment())?.with_intra_threads(1)?.commit_from_memory(&bytes)?;
    let mut run_options = RunOptions::new()?;
    if options == "shrink" {
        run_options.set("memory.enable_memory_arena_shrinkage", "cpu:0")?;
    }
    Ok(Box::new(move |frames, input| {
        let tensor = TensorRef::from_array_view(([1, MEL_BINS, frames], input))?;
        session.run_with_options(ort::inputs![tensor], &run_options)?;
        Ok(())
    }))
}

/// Resident memory now and its peak, out of `/proc`.
fn resident() -> Result<String, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let (now, peak) = field("VmRSS:").zip(field("VmHWM:")).ok_or("no VmRSS in /proc/self/status")?;
    Ok(format!("{} MB resident, {} MB at most", now / 1024, peak / 1024))
}
