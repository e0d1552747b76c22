use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Serialize;
use serde_json::json;

use super::super::recording;
use super::server::Server;
use super::signal::{Voice, wav};
use crate::exit::{Exit, Failure};
use crate::output::table;
use crate::progress;
use crate::wiring::{Context, ModelsAt};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Verifications to send.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    count: u64,

    /// Requests at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,

    /// A recording to use in place of a made-up voice.
    #[arg(long)]
    file: Option<PathBuf>,
}

/// Points at which the memory is read.
const POINTS: u64 = 20;
/// How long the server is left alone before its memory at rest is read.
const REST: Duration = Duration::from_secs(2);

/// What was seen.
#[derive(Debug, Serialize)]
struct Report {
    verifications: u64,
    concurrency: u16,
    seconds: f64,
    per_second: f64,
    /// Resident memory of the started server before the first request, in MiB.
    rest_mib: f64,
    /// Highest resident memory, in MiB.
    peak_mib: f64,
    /// Growth of the mean from the second quarter of the run to the last, in MiB: a leak shows here.
    growth_mib: f64,
    /// Resident memory in MiB after so many verifications.
    points: Vec<(u64, f64)>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let bytes = match &args.file {
        Some(path) => recording::read(path, config.audio.max_bytes)?.bytes,
        None => wav(Voice { pitch_hz: 120.0, formants: 1.0 }, 3.0, 1),
    };
    let models = fs::canonicalize(context.models_folder(&config.models, ModelsAt::Hand)?)
        .map_err(|error| Failure::file(&config.models.dir, &error))?;
    let folder = tempfile::tempdir().map_err(|error| Failure::new("file", error.to_string()))?;
    let server = Server::start(folder.path(), &models, &[])?;
    std::thread::sleep(REST);
    let rest_mib = server.memory()?.resident_mib;
    let audio = BASE64_STANDARD.encode(&bytes);
    server.enroll("soak", &audio)?;
    let start = Instant::now();
    let points = drive(&server, &audio, args)?;
    let seconds = start.elapsed().as_secs_f64();
    let report = Report {
        verifications: args.count,
        concurrency: args.concurrency,
        seconds,
        per_second: args.count as f64 / seconds,
        rest_mib,
        peak_mib: server.memory()?.peak_mib,
        growth_mib: growth(&points),
        points,
    };
    context.format.print(&report, describe)?;
    Ok(Exit::Good)
}

/// Sends the verifications and reads the memory now and then.
fn drive(server: &Server, audio: &str, args: &Args) -> Result<Vec<(u64, f64)>, Failure> {
    let body = json!({"user_id": "soak", "audio": audio, "content_type": "audio/wav"}).to_string();
    let (next, points) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let bar = progress::bar(args.count, "verifications");
    let every = (args.count / POINTS).max(1);
    let work = || -> Result<(), Failure> {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed) + 1;
            if i > args.count {
                return Ok(());
            }
            let answer = server.post("/api/v1/voice/auth/verify-biometric", &body).inspect_err(|_| {
                next.store(args.count, Ordering::Relaxed);
            })?;
            // A made-up voice is recognized as one, which is as much work.
            if answer["outcome"] == "INCONCLUSIVE" {
                next.store(args.count, Ordering::Relaxed);
                return Err(Failure::new("soak", format!("verification {i} was not decided: {answer}")));
            }
            bar.inc(1);
            if i % every == 0 {
                let point = (i, server.memory()?.resident_mib);
                points.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(point);
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..args.concurrency).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Failure::new("internal", "a worker thread panicked")))
        })
    })?;
    bar.finish_and_clear();
    let mut points = points.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    points.sort_unstable_by_key(|(count, _)| *count);
    Ok(points)
}

/// Mean of the last quarter less mean of the second one: the first fills caches.
fn growth(points: &[(u64, f64)]) -> f64 {
    let mean =
        |points: &[(u64, f64)]| points.iter().map(|(_, mib)| mib).sum::<f64>() / points.len().max(1) as f64;
    let n = points.len();
    if n < 4 { 0.0 } else { mean(&points[n * 3 / 4..]) - mean(&points[n / 4..n / 2]) }
}

fn describe(report: &Report) -> String {
    let heading = ["verifications", "resident MiB"].map(String::from).to_vec();
    let rest = std::iter::once(vec!["at rest".into(), format!("{:.1}", report.rest_mib)]);
    let rows = report.points.iter().map(|(count, mib)| vec![count.to_string(), format!("{mib:.1}")]);
    format!(
        "{}\npeak {:.1} MiB, growth from the second quarter to the last {:+.1} MiB\n\
         {} verifications, {} at a time, in {:.0} s: {:.1} per second\n",
        table(&std::iter::once(heading).chain(rest).chain(rows).collect::<Vec<_>>()),
        report.peak_mib,
        report.growth_mib,
        report.verifications,
        report.concurrency,
        report.seconds,
        report.per_second
    )
}
