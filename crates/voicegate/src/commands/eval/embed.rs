//! Every recording measured and embedded once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
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
use super::parallel::on_every_core;
use crate::exit::Failure;

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
        on_every_core(corpus.rows.len(), "recordings", |i| self.hear(&corpus.path(&corpus.rows[i]), i as u64))
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
        let pcm = Arc::new(decoded.pcm);
        let quality = measure(&pcm);
        let enrolment = self.exemplar(&pcm, &quality, path)?;
        let attempt = |condition: &Condition| {
            // Another noise than that of the renderings.
            match condition.apply(&pcm, seed + 1_000)? {
                Cow::Borrowed(_) => {
                    let known = enrolment.as_ref().ok().map(|exemplar| &exemplar.voiceprint);
                    self.attempt(&pcm, &quality, known, path)
                }
                Cow::Owned(changed) => {
                    let quality = measure(&changed);
                    self.attempt(&Arc::new(changed), &quality, None, path)
                }
            }
        };
        let attempts = self.conditions.iter().map(attempt).collect::<Result<_, Failure>>()?;
        Ok(Heard { enrolment, attempts })
    }

    /// `known` is what the models made of `pcm`, where they heard it before.
    fn attempt(
        &self,
        pcm: &Arc<Pcm>,
        quality: &Quality,
        known: Option<&Voiceprint>,
        path: &Path,
    ) -> Result<Attempt, Failure> {
        let reasons = self.refusals(quality, self.config.verification.min_net_speech_s);
        let heard = match known {
            _ if !reasons.is_empty() => Err(reasons),
            Some(voiceprint) => Ok(voiceprint.clone()),
            None => Ok(self.embed(pcm, path)?),
        };
        Ok(Attempt { quality: quality_measures(quality), heard })
    }

    fn exemplar(
        &self,
        pcm: &Arc<Pcm>,
        quality: &Quality,
        path: &Path,
    ) -> Result<Result<Exemplar, Vec<Reason>>, Failure> {
        let reasons = self.refusals(quality, self.config.enrolment.min_sample_speech_s);
        if !reasons.is_empty() {
            return Ok(Err(reasons));
        }
        let quality = quality_measures(quality);
        let render = |(condition, pcm)| Ok((condition, self.embed(&Arc::new(pcm), path)?));
        Ok(Ok(Exemplar {
            renderings: renderings(pcm, &quality)
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
    fn embed(&self, pcm: &Arc<Pcm>, path: &Path) -> Result<Voiceprint, Failure> {
        cache::embed(pcm, self.models, self.cache)
            .map_err(|error| Failure::new("model-unavailable", format!("{}: {error}", path.display())))
    }
}

fn measure(pcm: &Pcm) -> Quality {
    Quality::measure(pcm, &detect_speech(pcm))
}
