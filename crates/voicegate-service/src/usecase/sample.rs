//! From bytes to a voiceprint: the part that enrolment and verification share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use voicegate_audio::decode::Source;
use voicegate_audio::spoof::{Fingerprint, fingerprint, signals};
use voicegate_audio::{Pcm, Quality, decode, detect_speech};
use voicegate_core::challenge::{self, Prompt};
use voicegate_core::decide::Reason;
use voicegate_core::{Condition, Exemplar, Origin, QualityMeasures, Voiceprint};
use voicegate_models::{EmbedError, HearError, PoolError, quality_measures, renderings};

use crate::config::VoiceAuthConfig;
use crate::{Service, ServiceError};

/// A recording as it came in.
#[derive(Clone)]
pub struct Recording {
    /// How answers call it: a file or field name.
    pub name: String,
    /// Content type or file name, as a hint at the format.
    pub hint: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recording({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// Milliseconds that each stage took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Timings {
    /// Bytes to 16 kHz mono.
    pub decode_ms: f32,
    /// Speech detection and quality.
    pub quality_ms: f32,
    /// Signal detectors and fingerprint.
    pub signals_ms: f32,
    /// All networks side by side, their features and the wait for a free session included.
    pub networks_ms: f32,
    /// Comparison and decision.
    pub score_ms: f32,
    /// Reading the template and writing state and audit record.
    pub store_ms: f32,
}

pub(crate) fn ms(duration: Duration) -> f32 {
    (duration.as_secs_f64() * 1e3) as f32
}

/// What a recording gave.
#[derive(Debug)]
pub struct Analysed {
    /// Format of the recording; absent if it could not be decoded.
    pub source: Option<Source>,
    /// Measured quality; absent if it could not be decoded.
    pub quality: Option<Quality>,
    /// What lowers its worth without making it unusable.
    pub warnings: Vec<Reason>,
    /// What the speaker models made of it, or why there is nothing.
    pub voiceprint: Result<Voiceprint, Vec<Reason>>,
    /// What they made of it in other acoustic conditions, if it was rendered into them.
    pub renderings: BTreeMap<Condition, Voiceprint>,
    /// What knows the recording again; absent if it cannot be used.
    pub fingerprint: Option<Fingerprint>,
    /// The scores of countermeasures and signal detectors by name, without those that could not measure; absent if they
    /// were not run.
    pub spoof_scores: Option<BTreeMap<String, f64>>,
    /// What the recogniser heard of the words that were asked for, if there were any and there is one.
    pub said: Option<Result<challenge::Heard, HearError>>,
    /// Time taken.
    pub timings: Timings,
}

/// What a recording is analysed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose<'a> {
    /// It is compared as it is, and listened to for attacks and, if words were asked for, for these.
    Verify {
        /// The words that were asked for.
        prompt: Option<&'a Prompt>,
    },
    /// It is also rendered into the other acoustic conditions.
    Enrol,
}

impl Analysed {
    /// What a comparison takes into account of the quality; `None` if the recording could not be decoded.
    pub(crate) fn measures(&self) -> Option<QualityMeasures> {
        self.quality.as_ref().map(quality_measures)
    }

    /// The recording as an exemplar; `None` if it cannot be used.
    pub(crate) fn exemplar(&self, origin: Origin, added_at: Timestamp) -> Option<Exemplar> {
        Some(Exemplar {
            voiceprint: self.voiceprint.as_ref().ok()?.clone(),
            renderings: self.renderings.clone(),
            quality: self.measures()?,
            origin,
            added_at,
        })
    }
}

/// What the front end made of the bytes.
struct Heard {
    pcm: Option<Pcm>,
    analysed: Analysed,
}

impl Service {
    /// Decodes, measures and embeds `recording`, of which at least as much must be speech as its purpose needs.
    pub(crate) async fn analyse(
        &self,
        recording: Recording,
        purpose: Purpose<'_>,
        config: &VoiceAuthConfig,
    ) -> Result<Analysed, ServiceError> {
        let needed_speech_s = match purpose {
            Purpose::Verify { .. } => config.verification.min_net_speech_s,
            Purpose::Enrol => config.enrolment.min_sample_speech_s,
        };
        let permit = self.front_end.clone().acquire_owned().await.map_err(|_| ServiceError::Overloaded)?;
        let (limits, quality) = (config.audio.decode_limits(), config.audio.quality_limits());
        let signals_wanted =
            matches!(purpose, Purpose::Verify { .. }) && config.spoofing.countermeasures.is_on();
        let hear = move || {
            // Held by the work itself: a caller who leaves does not make room for more of it.
            let _permit = permit;
            let start = Instant::now();
            let decoded =
                match decode(&recording.bytes, recording.hint.as_deref(), &limits, &|| start.elapsed()) {
                    Ok(decoded) => decoded,
                    Err(refusal) => {
                        return Heard {
                            pcm: None,
                            analysed: Analysed::undecodable(&refusal, ms(start.elapsed())),
                        };
                    }
                };
            let decode_ms = ms(start.elapsed());
            let start = Instant::now();
            let speech = detect_speech(&decoded.pcm);
            let measured = Quality::measure(&decoded.pcm, &speech);
            let refusals = measured.refusals(&quality, needed_speech_s);
            let warnings = measured.warnings(&quality);
            let quality_ms = ms(start.elapsed());
            let start = Instant::now();
            let usable = refusals.is_empty();
            let fingerprint = usable.then(|| fingerprint(&decoded.pcm));
            let spoof_scores =
                (usable && signals_wanted).then(|| signals(&decoded.pcm, &speech, &measured).scores());
            let analysed = Analysed {
                source: Some(decoded.source),
                warnings: warnings.iter().map(|w| Reason::new(w.code(), w.to_string())).collect(),
                voiceprint: Err(refusals.iter().map(|r| Reason::new(r.code(), r.to_string())).collect()),
                quality: Some(measured),
                fingerprint,
                spoof_scores,
                timings: Timings {
                    decode_ms,
                    quality_ms,
                    signals_ms: ms(start.elapsed()),
                    ..Timings::default()
                },
                ..Analysed::default()
            };
            Heard { pcm: usable.then_some(decoded.pcm), analysed }
        };
        let Heard { pcm, mut analysed } = tokio::task::spawn_blocking(hear)
            .await
            .map_err(|error| ServiceError::Internal(format!("the audio front end stopped: {error}")))?;
        if let Some(pcm) = pcm {
            let start = Instant::now();
            self.hear(&Arc::new(pcm), purpose, &mut analysed).await?;
            analysed.timings.networks_ms = ms(start.elapsed());
        }
        Ok(analysed)
    }

    /// What the networks make of a recording that can be used, all of them side by side.
    async fn hear(
        &self,
        pcm: &Arc<Pcm>,
        purpose: Purpose<'_>,
        analysed: &mut Analysed,
    ) -> Result<(), ServiceError> {
        let speakers = self.speakers()?;
        match purpose {
            Purpose::Verify { prompt } => {
                let countermeasures =
                    self.models.countermeasures().ok().filter(|_| analysed.spoof_scores.is_some());
                let asked = self.models.recogniser().ok().zip(prompt);
                let spoofed = async {
                    match countermeasures {
                        Some(loaded) => Some(loaded.scores_async(pcm).await),
                        None => None,
                    }
                };
                let said = async {
                    match asked {
                        Some((loaded, prompt)) => Some(loaded.hear_async(pcm.clone(), prompt).await),
                        None => None,
                    }
                };
                let (heard, spoofed, said) = tokio::join!(speakers.embed_async(pcm), spoofed, said);
                analysed.voiceprint = Ok(heard?.voiceprint);
                if let (Some(scores), Some(spoofed)) = (&mut analysed.spoof_scores, spoofed) {
                    scores.extend(spoofed.map_err(|_| ServiceError::Overloaded)?);
                }
                if let Some(Err(HearError::Pool(
                    PoolError::Overloaded { .. } | PoolError::DeadlineExceeded(_),
                ))) = said
                {
                    return Err(ServiceError::Overloaded);
                }
                analysed.said = said;
            }
            Purpose::Enrol => {
                analysed.voiceprint = Ok(speakers.embed_async(pcm).await?.voiceprint);
                if let Some(quality) = analysed.measures() {
                    for (condition, rendered) in renderings(pcm, &quality) {
                        let heard = speakers.embed_async(&Arc::new(rendered)).await?;
                        analysed.renderings.insert(condition, heard.voiceprint);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Analysed {
    fn undecodable(refusal: &voicegate_audio::Refusal, decode_ms: f32) -> Self {
        Self {
            voiceprint: Err(vec![Reason::new(refusal.code(), refusal.to_string())]),
            timings: Timings { decode_ms, ..Timings::default() },
            ..Self::default()
        }
    }
}

impl Default for Analysed {
    /// Nothing was found out.
    fn default() -> Self {
        Self {
            source: None,
            quality: None,
            warnings: Vec::new(),
            voiceprint: Err(Vec::new()),
            renderings: BTreeMap::new(),
            fingerprint: None,
            spoof_scores: None,
            said: None,
            timings: Timings::default(),
        }
    }
}

impl From<EmbedError> for ServiceError {
    fn from(error: EmbedError) -> Self {
        match error {
            EmbedError::Pool(PoolError::Overloaded { .. } | PoolError::DeadlineExceeded(_)) => {
                Self::Overloaded
            }
            other => Self::ModelUnavailable(other.to_string()),
        }
    }
}
