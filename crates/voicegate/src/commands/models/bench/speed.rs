//! The time of an embedding, all models in turns.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use voicegate_audio::{Pcm, decode};
use voicegate_models::{ModelId, Registry, Runtime, SpeakerExtractor, Task, extractor};
use voicegate_service::config::VoiceAuthConfig;

use super::super::super::bench::samples::{Samples, Summary};
use super::super::super::bench::signal::{Voice, wav};
use crate::exit::{Failure, chain};
use crate::progress;

/// Length of the audio.
pub(super) const SECONDS: f32 = 3.0;
const WARM_UP: u32 = 3;

/// Milliseconds of one model, by round.
pub(super) struct Speed {
    pub(super) id: ModelId,
    rounds: Vec<f64>,
}

impl Speed {
    pub(super) fn summary(&self) -> Option<Summary> {
        let mut samples = Samples::default();
        samples.extend(&self.rounds);
        samples.summary()
    }

    /// The middle of the ratios to `other` in the same rounds: what slows the machine down meets both.
    pub(super) fn ratio_to(&self, other: &Self) -> Option<f64> {
        let mut samples = Samples::default();
        self.rounds.iter().zip(&other.rounds).for_each(|(mine, theirs)| samples.push(mine / theirs));
        samples.summary().map(|summary| summary.p50_ms)
    }
}

/// Times every model on one thread. In each round every model makes one embedding, each round begins with another one.
pub(super) fn measure(
    runtime: &Runtime,
    registry: &Registry,
    ids: &[ModelId],
    rounds: u32,
) -> Result<Vec<Speed>, Failure> {
    let failed = |id: &ModelId, error: &dyn std::error::Error| {
        Failure::new("model-unavailable", format!("{id}: {}", chain(error)))
    };
    let pcm = audio()?;
    let mut models: Vec<(Box<dyn SpeakerExtractor>, Speed)> = Vec::with_capacity(ids.len());
    for id in ids {
        let loaded = registry
            .read(id, Task::SpeakerVerification)
            .and_then(|(metadata, bytes)| extractor(runtime, &bytes, metadata, NonZeroUsize::MIN));
        let speed = Speed { id: id.clone(), rounds: Vec::with_capacity(rounds as usize) };
        models.push((loaded.map_err(|refusal| failed(id, &refusal))?, speed));
    }
    let bar = progress::bar(u64::from(rounds + WARM_UP), "rounds");
    let count = models.len().max(1);
    for round in 0..rounds + WARM_UP {
        for turn in 0..models.len() {
            let (model, speed) = &mut models[(turn + round as usize) % count];
            let start = Instant::now();
            model.embed(&pcm).map_err(|error| failed(&speed.id, &error))?;
            if round >= WARM_UP {
                speed.rounds.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(models.into_iter().map(|(_, speed)| speed).collect())
}

fn audio() -> Result<Pcm, Failure> {
    let bytes = wav(Voice { pitch_hz: 120.0, formants: 1.0 }, SECONDS, 1);
    let limits = VoiceAuthConfig::default().audio.decode_limits();
    let decoded = decode(&bytes, Some("a.wav"), &limits, &|| Duration::ZERO);
    decoded.map(|decoded| decoded.pcm).map_err(|error| Failure::new("internal", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_within_rounds() {
        let speed = |rounds: &[f64]| Speed { id: "a".parse().unwrap(), rounds: rounds.to_vec() };
        // A machine that is ten times as slow for a while changes no ratio.
        assert_eq!(speed(&[1.0, 10.0, 1.0]).ratio_to(&speed(&[2.0, 20.0, 2.0])), Some(0.5));
        assert_eq!(speed(&[]).ratio_to(&speed(&[])), None);
    }
}
