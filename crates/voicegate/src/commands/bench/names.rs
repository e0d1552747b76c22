//! Whether a login tells who exists: the same recording for people who are enrolled and for names that nobody has.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Serialize;
use serde_json::json;

use super::samples::{Samples, Summary};
use super::server::Server;
use super::signal::{Voice, wav};
use crate::exit::{Exit, Failure};
use crate::output::table;
use crate::progress;
use crate::wiring::{Context, ModelsAt};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Logins for each of the two.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    count: u32,
}

/// Names of each kind, so that nobody has to wait for having failed too often.
const NAMES: u32 = 20;

/// What was seen.
#[derive(Debug, Serialize)]
struct Report {
    logins: u32,
    enrolled: Side,
    unknown: Side,
    /// Median time for enrolled people over that for unknown names, in pairs sent one after the other.
    ratio: f64,
    /// Least and largest of the ratios of ten parts of the run: what noise does to it.
    ratio_of_parts: [f64; 2],
    /// Whether the one got no answer that the other did not get, but for its number in the audit log. Prompts are random, so
    /// an answer that is rare may come to one alone.
    same_answers: bool,
}

#[derive(Debug, Serialize)]
struct Side {
    #[serde(flatten)]
    time: Summary,
    /// How often each answer came.
    answers: BTreeMap<String, u32>,
}

#[derive(Default)]
struct Seen {
    ms: Vec<f64>,
    answers: BTreeMap<String, u32>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let models = fs::canonicalize(context.models_folder(&config.models, ModelsAt::Hand)?)
        .map_err(|error| Failure::file(&config.models.dir, &error))?;
    let folder = tempfile::tempdir().map_err(|error| Failure::new("file", error.to_string()))?;
    let most = args.count.saturating_mul(4).to_string();
    let settings = [
        ("VOICEGATE_LIMITS__UNITS", "1000"),
        ("VOICEGATE_LIMITS__ADDRESS_UNITS", most.as_str()),
        ("VOICEGATE_SERVER__PUBLIC_REQUESTS_PER_MINUTE", "1000000"),
    ];
    if args.count / NAMES >= 500 {
        return Err(Failure::new("usage", format!("--count: at most {}", 500 * NAMES - 1)));
    }
    let server = Server::start(folder.path(), &models, &settings)?;
    let own = BASE64_STANDARD.encode(wav(Voice { pitch_hz: 120.0, formants: 1.0 }, 3.0, 1));
    let bar = progress::bar(u64::from(NAMES + 2 * args.count), "requests");
    for n in 0..NAMES {
        server.enroll(&format!("enrolled-{n}"), &own)?;
        bar.inc(1);
    }
    let stranger = BASE64_STANDARD.encode(wav(Voice { pitch_hz: 190.0, formants: 1.15 }, 3.0, 2));
    let mut seen = [Seen::default(), Seen::default()];
    for n in 0..args.count {
        // The first of a pair meets other caches than the second.
        let order = if n % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in order {
            let user = format!("{}-{}", ["enrolled", "unknown"][side], (n / 2) % NAMES);
            let (ms, answer) = attempt(&server, &user, &stranger)?;
            seen[side].ms.push(ms);
            *seen[side].answers.entry(answer).or_default() += 1;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let [enrolled, unknown] = seen;
    let ratio = median(&enrolled.ms) / median(&unknown.ms);
    let part = (enrolled.ms.len() / 10).max(1);
    let parts = enrolled.ms.chunks(part).zip(unknown.ms.chunks(part));
    let parts: Vec<f64> = parts.map(|(one, other)| median(one) / median(other)).collect();
    let ratio_of_parts =
        [parts.iter().copied().fold(f64::INFINITY, f64::min), parts.iter().copied().fold(0.0, f64::max)];
    let same_answers = enrolled.answers.keys().eq(unknown.answers.keys());
    let report = Report {
        logins: args.count,
        enrolled: enrolled.side(),
        unknown: unknown.side(),
        ratio,
        ratio_of_parts,
        same_answers,
    };
    context.format.print(&report, describe)?;
    Ok(Exit::Good)
}

/// Milliseconds of a login, and its answer without the number of its record.
fn attempt(server: &Server, user: &str, audio: &str) -> Result<(f64, String), Failure> {
    let asked = json!({"user_id": user, "purpose": "login"}).to_string();
    let challenge = server.post_openly("/api/v1/voice/auth/challenge", &asked)?;
    let body = json!({
        "user_id": user,
        "challenge_id": challenge["challenge_id"],
        "audio": audio,
        "content_type": "audio/wav",
    });
    let body = body.to_string();
    let start = Instant::now();
    let mut answer = server.post_openly("/api/v1/voice/auth/login", &body)?;
    let ms = start.elapsed().as_secs_f64() * 1e3;
    if let Some(members) = answer.as_object_mut() {
        members.remove("audit_record");
    }
    Ok((ms, answer.to_string()))
}

impl Seen {
    fn side(self) -> Side {
        Side { time: summary(&self.ms), answers: self.answers }
    }
}

fn summary(ms: &[f64]) -> Summary {
    let mut samples = Samples::default();
    samples.extend(ms);
    samples.summary().expect("there is at least one login")
}

fn median(ms: &[f64]) -> f64 {
    summary(ms).p50_ms
}

/// The answers by their first reason, with how often each came.
fn answers(side: &Side) -> String {
    let code = |answer: &str| {
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap_or_default();
        let reason = answer["reasons"][0]["code"].as_str().unwrap_or("no reason").to_owned();
        format!("{} {reason}", answer["outcome"].as_str().unwrap_or("?"))
    };
    let counted = side.answers.iter().map(|(answer, count)| format!("{count} × {}", code(answer)));
    counted.collect::<Vec<_>>().join(", ")
}

fn describe(report: &Report) -> String {
    let row = |name: &str, side: &Side| {
        vec![name.to_owned(), format!("{:.1}", side.time.p50_ms), format!("{:.1}", side.time.p99_ms)]
    };
    let heading = ["login as", "p50 ms", "p99 ms"].map(String::from).to_vec();
    let rows = [heading, row("enrolled", &report.enrolled), row("unknown", &report.unknown)];
    let [least, most] = report.ratio_of_parts;
    format!(
        "{}\nratio of the medians {:.3}, {least:.3} to {most:.3} in ten parts of the run of {} logins each\n\
         enrolled: {}\nunknown: {}\n",
        table(&rows),
        report.ratio,
        report.logins,
        answers(&report.enrolled),
        answers(&report.unknown),
    )
}
