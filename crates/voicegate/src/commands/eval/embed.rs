//! Every recording measured and embedded once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use voicegate_audio::{Quality, decode, detect_speech};
use voicegate_core::Voiceprint;
use voicegate_core::decide::Reason;
use voicegate_models::SpeakerModels;
use voicegate_service::config::VoiceAuthConfig;

use super::super::recording;
use super::corpus::Corpus;
use crate::exit::Failure;
use crate::progress;

/// What a recording gave.
#[derive(Debug)]
pub(in crate::commands) struct Heard {
    pub(in crate::commands) quality: Option<Quality>,
    /// Why it cannot be used to enrol; empty if it can.
    pub(in crate::commands) enrolment_reasons: Vec<Reason>,
    /// Why it cannot be verified; empty if it can.
    pub(in crate::commands) verification_reasons: Vec<Reason>,
    /// Present if it can be used for either.
    pub(in crate::commands) voiceprint: Option<Voiceprint>,
}

/// Measures and embeds the whole corpus on every core; the answers stand in the order of its rows.
pub(in crate::commands) fn all(
    corpus: &Corpus,
    models: &SpeakerModels,
    config: &VoiceAuthConfig,
) -> Result<Vec<Heard>, Failure> {
    let bar = progress::bar(corpus.rows.len() as u64, "recordings");
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(corpus.rows.len()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<(), Failure> {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = corpus.rows.get(i) else { return Ok(()) };
            let heard = hear(&corpus.path(row), models, config).inspect_err(|_| {
                // The other threads need not go on.
                next.store(corpus.rows.len(), Ordering::Relaxed);
            })?;
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((i, heard));
            bar.inc(1);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Failure::new("internal", "a worker thread panicked")))
        })
    })?;
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(i, _)| *i);
    Ok(done.into_iter().map(|(_, heard)| heard).collect())
}

fn hear(path: &std::path::Path, models: &SpeakerModels, config: &VoiceAuthConfig) -> Result<Heard, Failure> {
    let recording = recording::read(path, config.audio.max_bytes)?;
    let start = Instant::now();
    let limits = config.audio.decode_limits();
    let decoded = match decode(&recording.bytes, recording.hint.as_deref(), &limits, &|| start.elapsed()) {
        Ok(decoded) => decoded,
        Err(refusal) => {
            let reasons = vec![Reason::new(refusal.code(), refusal.to_string())];
            return Ok(Heard {
                quality: None,
                enrolment_reasons: reasons.clone(),
                verification_reasons: reasons,
                voiceprint: None,
            });
        }
    };
    let speech = detect_speech(&decoded.pcm);
    let quality = Quality::measure(&decoded.pcm, &speech);
    let limits = config.audio.quality_limits();
    let reasons = |needed_s| -> Vec<Reason> {
        let refusals = quality.refusals(&limits, needed_s);
        refusals.iter().map(|r| Reason::new(r.code(), r.to_string())).collect()
    };
    let enrolment_reasons = reasons(config.enrolment.min_sample_speech_s);
    let verification_reasons = reasons(config.verification.min_net_speech_s);
    let useful = enrolment_reasons.is_empty() || verification_reasons.is_empty();
    // As the service does: the whole recording, not only its speech.
    let voiceprint = useful
        .then(|| models.embed(&Arc::new(decoded.pcm)).map(|heard| heard.voiceprint))
        .transpose()
        .map_err(|error| Failure::new("model-unavailable", format!("{}: {error}", recording.name)))?;
    Ok(Heard { quality: Some(quality), enrolment_reasons, verification_reasons, voiceprint })
}
