use std::num::NonZeroUsize;
use std::sync::Arc;

use voicegate_audio::{Pcm, log_mel};
use voicegate_core::challenge::{Heard, Posteriors, Prompt, Rules};

use super::HearError;
use crate::registry::{Metadata, Refusal};
use crate::served::{Served, Worker};
use crate::{Answers, ModelSession, PoolError, Runtime, SessionError, Ticket, self_test};

/// Natural-log posteriors of the network's symbols, frame after frame, or why there are none.
type Answered = Result<Vec<f32>, SessionError>;

/// A recogniser with connectionist temporal classification (Graves et al., 2006) at work, and the rules that were fitted for
/// it.
pub struct CtcNetwork {
    model: Served<Answered>,
    rules: Rules,
}

impl CtcNetwork {
    /// `None` without fitted rules: nobody knows what the answers mean.
    pub(crate) fn new(model: Served<Answered>) -> Option<Self> {
        let rules = model.metadata().challenge_rule?;
        Some(Self { model, rules })
    }

    /// What is known of the model.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        self.model.metadata()
    }

    pub(super) fn submit(&self, pcm: Arc<Pcm>) -> Result<Ticket<Answered>, PoolError> {
        self.model.submit(pcm)
    }

    /// Whether `prompt` was said where the network gave `posteriors`.
    pub(super) fn judge(&self, posteriors: &[f32], prompt: &Prompt) -> Result<Heard, HearError> {
        let output = &self.metadata().output;
        let posteriors = Posteriors::new(posteriors, output.symbols.len())?;
        // The metadata is refused where symbols come without it.
        let frame_s = f64::from(output.frame_seconds.unwrap_or_default());
        Ok(self.rules.judge(&posteriors, prompt, &output.symbols, frame_s)?)
    }
}

/// One session of the network in `bytes`.
pub(crate) fn worker(
    runtime: &Runtime,
    bytes: &[u8],
    metadata: &Metadata,
    threads: NonZeroUsize,
) -> Result<Worker<Answered>, Refusal> {
    let bins = metadata.input.mel_bins.map(|bins| bins as usize);
    let answers = (Answers::PerFrame, metadata.output.dimensions as usize);
    let mut session = ModelSession::new(runtime, bytes, threads, [None, bins, None], answers)?;
    if let Some(test) = &metadata.self_test {
        self_test::compare(test, &hear(&mut session, &test.signal.pcm())?)?;
    }
    Ok(Box::new(move |pcm| hear(&mut session, &pcm)))
}

fn hear(session: &mut ModelSession, pcm: &Pcm) -> Answered {
    let features = log_mel(pcm);
    session.run([1, features.bins(), features.frames()], &features.bin_major())
}
