//! Every recording measured and embedded once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use voicegate_audio::{Pcm, Quality, decode, detect_speech};
use voicegate_core::Embedding;
use voicegate_core::decide::Reason;
use voicegate_models::{EmbedError, SpeakerModel};
use voicegate_service::config::VoiceAuthConfig;

use super::super::recording;
use super::corpus::Corpus;
use crate::exit::Failure;
use crate::progress;

/// What a recording gave.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) quality: Option<Quality>,
    /// Why it cannot be used to enrol; empty if it can.
    pub(super) enrolment_reasons: Vec<Reason>,
    /// Why it cannot be verified; empty if it can.
    pub(super) verification_reasons: Vec<Reason>,
    /// Present if it can be used for either.
    pub(super) embedding: Option<Embedding>,
}

/// Measures and embeds the whole corpus on every core; the answers stand in the order of its rows.
pub(super) fn all(
    corpus: &Corpus,
    model: &SpeakerModel,
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
            let heard = hear(&corpus.path(row), model, config).inspect_err(|_| {
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

fn hear(path: &std::path::Path, model: &SpeakerModel, config: &VoiceAuthConfig) -> Result<Heard, Failure> {
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
                embedding: None,
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
    let embedding = useful
        .then(|| embed(model, decoded.pcm))
        .transpose()
        .map_err(|error| Failure::new("model-unavailable", format!("{}: {error}", recording.name)))?;
    Ok(Heard { quality: Some(quality), enrolment_reasons, verification_reasons, embedding })
}

/// As the service does: the whole recording, not only its speech.
fn embed(model: &SpeakerModel, pcm: Pcm) -> Result<Embedding, EmbedError> {
    model.embed(Arc::new(pcm)).map(|embedded| embedded.embedding)
}
