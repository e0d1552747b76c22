//! A recording → how the recogniser answers each prompt.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use voicegate_audio::{Pcm, decode};
use voicegate_core::challenge::{Prompt, PromptKind};
use voicegate_core::decide::Proof;
use voicegate_models::Recogniser;
use voicegate_service::config::VoiceAuthConfig;

use super::super::super::recording;
use super::random::Random;
use super::trials::{Kind, asked};
use crate::exit::{Failure, chain};

/// How the words came to be one utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Spoken {
    /// Recordings of one word each, one after the other.
    Joined,
    /// Read in one go.
    Read,
}

impl Spoken {
    pub(super) const ALL: [Self; 2] = [Self::Joined, Self::Read];

    /// The name in reports and in the scores file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Read => "read",
        }
    }
}

/// What the recogniser makes of one prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Answer {
    /// Number of the speaker.
    pub(super) speaker: usize,
    pub(super) spoken: Spoken,
    pub(super) prompt: PromptKind,
    /// Words of the prompt.
    pub(super) length: usize,
    pub(super) kind: Kind,
    /// Natural-log likelihood ratio: the prompt against other words.
    pub(super) llr: f64,
    pub(super) passed: bool,
}

/// The answers to an utterance of `said` by `speaker`.
pub(super) fn hear(
    recogniser: &Recogniser,
    pcm: &Arc<Pcm>,
    (speaker, spoken): (usize, Spoken),
    said: &Prompt,
    random: &mut Random,
) -> Result<Vec<Answer>, Failure> {
    let answer = |(kind, prompt): (Kind, Prompt)| {
        let heard = recogniser
            .hear(pcm.clone(), &prompt)
            .map_err(|error| Failure::new("model-unavailable", chain(&error)))?;
        Ok(Answer {
            speaker,
            spoken,
            prompt: prompt.kind,
            length: prompt.words.len(),
            kind,
            llr: heard.llr,
            passed: heard.passed == Proof::Passed,
        })
    };
    asked(said, random)?.into_iter().map(answer).collect()
}

/// The recording at `path`.
pub(super) fn decoded(path: &Path, config: &VoiceAuthConfig) -> Result<Pcm, Failure> {
    let recording = recording::read(path, config.audio.max_bytes)?;
    let (start, limits) = (Instant::now(), config.audio.decode_limits());
    let decoded = decode(&recording.bytes, recording.hint.as_deref(), &limits, &|| start.elapsed());
    let refused = |refusal| Failure::new("recording", format!("{}: {}", path.display(), chain(&refusal)));
    Ok(decoded.map_err(refused)?.pcm)
}
