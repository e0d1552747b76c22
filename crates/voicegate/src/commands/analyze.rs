use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;
use voicegate_audio::decode::Source;
use voicegate_audio::{Quality, decode, detect_speech};
use voicegate_core::decide::Reason;
use voicegate_service::config::VoiceAuthConfig;
use voicegate_service::usecase::sample::Recording;

use super::{recording, text};
use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The recording; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What a recording is worth, without asking whose voice it is.
#[derive(Debug, Serialize)]
struct Analysis {
    /// Whether it could be used for a verification.
    usable: bool,
    /// Why not.
    reasons: Vec<Reason>,
    warnings: Vec<Reason>,
    source: Option<Source>,
    quality: Option<Quality>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let analysis = analyse(&recording::read(&args.file, config.audio.max_bytes)?, &config);
    context.format.print(&analysis, describe)?;
    Ok(if analysis.usable { Exit::Good } else { Exit::Inconclusive })
}

fn analyse(recording: &Recording, config: &VoiceAuthConfig) -> Analysis {
    let start = Instant::now();
    let limits = config.audio.decode_limits();
    match decode(&recording.bytes, recording.hint.as_deref(), &limits, &|| start.elapsed()) {
        Err(refusal) => Analysis {
            usable: false,
            reasons: vec![Reason::new(refusal.code(), refusal.to_string())],
            warnings: Vec::new(),
            source: None,
            quality: None,
        },
        Ok(decoded) => {
            let speech = detect_speech(&decoded.pcm);
            let quality = Quality::measure(&decoded.pcm, &speech);
            let limits = config.audio.quality_limits();
            let refusals = quality.refusals(&limits, config.verification.min_net_speech_s);
            let warnings = quality.warnings(&limits);
            Analysis {
                usable: refusals.is_empty(),
                reasons: refusals.iter().map(|r| Reason::new(r.code(), r.to_string())).collect(),
                warnings: warnings.iter().map(|w| Reason::new(w.code(), w.to_string())).collect(),
                source: Some(decoded.source),
                quality: Some(quality),
            }
        }
    }
}

fn describe(analysis: &Analysis) -> String {
    let mut text = String::from(if analysis.usable { "usable\n" } else { "not usable\n" });
    text::reasons(&mut text, &analysis.reasons);
    text::reasons(&mut text, &analysis.warnings);
    if let Some(source) = &analysis.source {
        let _ = writeln!(
            text,
            "  {:?}/{:?}, {} Hz, {} channel(s){}",
            source.container,
            source.codec,
            source.sample_rate,
            source.channels,
            if source.incomplete { ", not finished" } else { "" }
        );
    }
    if let Some(quality) = &analysis.quality {
        let _ = writeln!(text, "  {}", text::quality(quality));
        if let Some(bandwidth) = quality.bandwidth_hz {
            let _ = writeln!(text, "  bandwidth {bandwidth:.0} Hz");
        }
        if let Some(seconds) = quality.reverberation_s {
            let _ = writeln!(text, "  reverberation {seconds:.2} s");
        }
    }
    text
}
