//! Acoustic conditions that recordings are put into before they are tried.

use std::borrow::Cow;

use opusic_c::{Application, Bitrate, Channels, Decoder, Encoder, SampleRate};
use voicegate_audio::Pcm;
use voicegate_audio::render::{in_noise, over_telephone};

use crate::exit::Failure;

/// A condition of the attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(in crate::commands) enum Condition {
    /// As recorded.
    Clean,
    /// Pink noise 15 dB below the recording.
    Noise15,
    /// A telephone line: 300-3400 Hz, 8 kHz, mu-law.
    Telephone,
    /// Opus at 16 kbit/s.
    Opus16,
}

/// Samples of an Opus frame of 20 ms.
const FRAME: usize = 320;
/// Bytes that no frame at 16 kbit/s needs.
const MOST_BYTES: usize = 1500;

impl Condition {
    pub(in crate::commands) const ALL: [Self; 4] =
        [Self::Clean, Self::Noise15, Self::Telephone, Self::Opus16];

    /// The name on the command line and in reports.
    pub(in crate::commands) fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Noise15 => "noise15",
            Self::Telephone => "telephone",
            Self::Opus16 => "opus16",
        }
    }

    /// The recording in this condition. `seed` makes the noise; recordings need different ones.
    pub(super) fn apply<'a>(self, pcm: &'a Pcm, seed: u64) -> Result<Cow<'a, Pcm>, Failure> {
        Ok(match self {
            Self::Clean => Cow::Borrowed(pcm),
            Self::Noise15 => Cow::Owned(in_noise(pcm, 15.0, seed)),
            Self::Telephone => Cow::Owned(over_telephone(pcm)),
            Self::Opus16 => Cow::Owned(
                through_opus(pcm).map_err(|error| Failure::new("internal", format!("Opus: {error:?}")))?,
            ),
        })
    }
}

fn through_opus(pcm: &Pcm) -> Result<Pcm, opusic_c::ErrorCode> {
    let mut encoder = Encoder::new(Channels::Mono, SampleRate::Hz16000, Application::Voip)?;
    encoder.set_bitrate(Bitrate::Value(16_000))?;
    let mut decoder = Decoder::new(Channels::Mono, SampleRate::Hz16000)?;
    let delay = encoder.get_look_ahead()? as usize;
    let (mut packet, mut decoded) = (vec![0; MOST_BYTES], vec![0.0; FRAME]);
    let mut samples = pcm.samples().to_vec();
    // The last frames push the codec's delay out.
    samples.resize((pcm.samples().len() + delay).next_multiple_of(FRAME), 0.0);
    let mut out = Vec::with_capacity(samples.len());
    for frame in samples.chunks_exact(FRAME) {
        let length = encoder.encode_float_to_slice(frame, &mut packet)?;
        let count = decoder.decode_float_to_slice(&packet[..length], &mut decoded, false)?;
        out.extend_from_slice(&decoded[..count]);
    }
    Ok(Pcm::new(out.into_iter().skip(delay).take(pcm.samples().len()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_keeps_the_length_and_the_level() {
        let step = std::f32::consts::TAU * 1_000.0 / 16_000.0;
        let pcm = Pcm::new((0..16_123).map(|n| 0.3 * (step * n as f32).sin()).collect());
        for condition in Condition::ALL {
            let changed = condition.apply(&pcm, 7).unwrap();
            assert_eq!(changed.samples().len(), pcm.samples().len(), "{condition:?}");
            let power = |pcm: &Pcm| pcm.samples()[2_000..14_000].iter().map(|s| s * s).sum::<f32>();
            let kept = power(&changed) / power(&pcm);
            assert!((0.7..1.4).contains(&kept), "{condition:?}: {kept}");
            assert_eq!(changed.samples() == pcm.samples(), condition == Condition::Clean);
        }
    }
}
