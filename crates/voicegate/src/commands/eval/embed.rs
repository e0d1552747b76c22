//! Every recording measured and embedded once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use voicegate_audio::{Pcm, Quality, decode, detect_speech};
use voicegate_core::decide::Reason;
use voicegate_core::{Exemplar, Origin, QualityMeasures, Voiceprint};
use voicegate_models::{SpeakerModels, quality_measures, renderings};
use voicegate_service::config::VoiceAuthConfig;

use super::super::recording;
use super::cache::{self, Cache};
use super::condition::Condition;
use super::corpus::Corpus;
use crate::exit::Failure;
use crate::progress;

/// What a recording gave.
#[derive(Debug)]
pub(in crate::commands) struct Heard {
    /// The recording as a sample of an enrolment, or why it can't be one.
    pub(in crate::commands) enrolment: Result<Exemplar, Vec<Reason>>,
    /// The recording as an attempt, in each of the conditions that were asked for.
    pub(in crate::commands) attempts: Vec<Attempt>,
}

/// A recording as an attempt in one condition.
#[derive(Debug)]
pub(in crate::commands) struct Attempt {
    pub(in crate::commands) quality: QualityMeasures,
    /// What the models made of it, or why it can't be verified.
    pub(in crate::commands) heard: Result<Voiceprint, Vec<Reason>>,
}

/// How recordings are heard.
pub(in crate::commands) struct Listener<'a> {
    pub(in crate::commands) models: &'a SpeakerModels,
    pub(in crate::commands) config: &'a VoiceAuthConfig,
    pub(in crate::commands) conditions: &'a [Condition],
    pub(in crate::commands) cache: Option<&'a Cache>,
}

impl Listener<'_> {
    /// Measures and embeds the whole corpus on every core; the answers stand in the order of its rows.
    pub(in crate::commands) fn hear_all(&self, corpus: &Corpus) -> Result<Vec<Heard>, Failure> {
        let bar = progress::bar(corpus.rows.len() as u64, "recordings");
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::with_capacity(corpus.rows.len()));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let work = || -> Result<(), Failure> {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(row) = corpus.rows.get(i) else { return Ok(()) };
                let heard = self.hear(&corpus.path(row), i as u64).inspect_err(|_| {
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

    fn hear(&self, path: &Path, seed: u64) -> Result<Heard, Failure> {
        let recording = recording::read(path, self.config.audio.max_bytes)?;
        let start = Instant::now();
        let limits = self.config.audio.decode_limits();
        let decoded = match decode(&recording.bytes, recording.hint.as_deref(), &limits, &|| start.elapsed())
        {
            Ok(decoded) => decoded,
            Err(refusal) => {
                let reasons = vec![Reason::new(refusal.code(), refusal.to_string())];
                let attempt =
                    |_| Attempt { quality: QualityMeasures::default(), heard: Err(reasons.clone()) };
                let attempts = self.conditions.iter().map(attempt).collect();
                return Ok(Heard { enrolment: Err(reasons), attempts });
            }
        };
        let attempt = |condition: &Condition| {
            // Another noise than that of the renderings.
            let pcm = condition.apply(&decoded.pcm, seed + 1_000)?.into_owned();
            let quality = Quality::measure(&pcm, &detect_speech(&pcm));
            let reasons = self.refusals(&quality, self.config.verification.min_net_speech_s);
            let heard = if reasons.is_empty() { Ok(self.embed(pcm, path)?) } else { Err(reasons) };
            Ok(Attempt { quality: quality_measures(&quality), heard })
        };
        let attempts = self.conditions.iter().map(attempt).collect::<Result<_, Failure>>()?;
        Ok(Heard { enrolment: self.exemplar(decoded.pcm, path)?, attempts })
    }

    fn exemplar(&self, pcm: Pcm, path: &Path) -> Result<Result<Exemplar, Vec<Reason>>, Failure> {
        let quality = Quality::measure(&pcm, &detect_speech(&pcm));
        let reasons = self.refusals(&quality, self.config.enrolment.min_sample_speech_s);
        if !reasons.is_empty() {
            return Ok(Err(reasons));
        }
        let quality = quality_measures(&quality);
        let render = |(condition, pcm)| Ok((condition, self.embed(pcm, path)?));
        Ok(Ok(Exemplar {
            renderings: renderings(&pcm, &quality)
                .into_iter()
                .map(render)
                .collect::<Result<BTreeMap<_, _>, Failure>>()?,
            voiceprint: self.embed(pcm, path)?,
            quality,
            origin: Origin::Enrolled,
            added_at: Timestamp::UNIX_EPOCH,
        }))
    }

    fn refusals(&self, quality: &Quality, needed_s: f32) -> Vec<Reason> {
        let refusals = quality.refusals(&self.config.audio.quality_limits(), needed_s);
        refusals.iter().map(|r| Reason::new(r.code(), r.to_string())).collect()
    }

    // As the service does: the whole recording, not only its speech.
    fn embed(&self, pcm: Pcm, path: &Path) -> Result<Voiceprint, Failure> {
        cache::embed(&Arc::new(pcm), self.models, self.cache)
            .map_err(|error| Failure::new("model-unavailable", format!("{}: {error}", path.display())))
    }
}
