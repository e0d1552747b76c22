//! Why a recording cannot be used, in terms that the person who made it can act on.

use serde::Serialize;

/// A reason to refuse a recording. It says nothing about who spoke: a refusal is not a failed attempt.
///
/// `Display` gives one sentence with what was measured, what is needed and what to do. Serialized, it is an object with
/// `code` and the numbers. The codes are stable.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// No bytes at all, or a container without one sample of audio.
    #[error("The recording is empty. Check that the microphone is allowed and record again.")]
    Empty,
    /// Not a container or codec that can be decoded.
    #[error(
        "The format of the recording is not supported ({found}). Send WAV, FLAC, MP3, Ogg (Opus or Vorbis), \
         WebM (Opus) or MP4 (AAC or Opus)."
    )]
    UnsupportedFormat {
        /// What was found, in words.
        found: String,
    },
    /// The container was recognised but its content is damaged.
    #[error("The {container} recording is damaged and cannot be read. Record or upload it again.")]
    Malformed {
        /// The container, in words.
        container: String,
    },
    /// The recording breaks off before any audio could be decoded.
    #[error(
        "The {container} recording breaks off before its audio. The upload was probably cut short: send it again."
    )]
    Truncated {
        /// The container, in words.
        container: String,
    },
    /// More bytes than accepted.
    #[error(
        "The recording has {bytes} bytes; at most {limit} are accepted. Send a shorter or compressed recording."
    )]
    TooLarge {
        /// Bytes received.
        bytes: usize,
        /// Bytes accepted.
        limit: usize,
    },
    /// More audio than accepted. Decoding stopped at the limit, so the true duration is not known.
    #[error("The recording is longer than the {limit_s} s that are accepted. Send a shorter one.")]
    TooLong {
        /// Seconds accepted.
        limit_s: f32,
    },
    /// More channels than accepted.
    #[error("The recording has {channels} channels; at most {limit} are accepted. Record in mono.")]
    TooManyChannels {
        /// Channels found.
        channels: usize,
        /// Channels accepted.
        limit: usize,
    },
    /// A sample rate outside 8–192 kHz.
    #[error(
        "The sample rate of {sample_rate} Hz is not supported. Record at 16 000 Hz or more (8 000 to 192 000 are read)."
    )]
    UnsupportedSampleRate {
        /// Sample rate found, in Hz.
        sample_rate: u32,
    },
    /// Decoding took longer than allowed.
    #[error(
        "Decoding took longer than the {limit_s} s that are allowed. Send the recording as WAV or in a shorter piece."
    )]
    DecodeTimeout {
        /// Seconds allowed.
        limit_s: f32,
    },
    /// Nobody speaks in the recording.
    #[error("No speech was heard. Check the microphone and speak clearly.")]
    NoSpeech,
    /// Too little speech.
    #[error(
        "Only {net_speech_s:.1} s of speech were heard; {needed_s:.1} s are needed. Speak a little longer."
    )]
    TooShort {
        /// Net speech found, in seconds.
        net_speech_s: f32,
        /// Net speech needed, in seconds.
        needed_s: f32,
    },
    /// Speech too faint.
    #[error(
        "The speech is too quiet ({level_dbfs:.0} dBFS; at least {needed_dbfs:.0} is needed). \
         Come closer to the microphone or raise its level."
    )]
    TooQuiet {
        /// Active speech level, in dB relative to full scale.
        level_dbfs: f32,
        /// Level needed, in dB relative to full scale.
        needed_dbfs: f32,
    },
    /// Too much noise beside the speech.
    #[error(
        "There is too much noise (speech is {snr_db:.0} dB above it; at least {needed_db:.0} dB are needed). \
         Find a quieter place or come closer to the microphone."
    )]
    TooNoisy {
        /// Signal-to-noise ratio, in dB.
        snr_db: f32,
        /// Ratio needed, in dB.
        needed_db: f32,
    },
    /// The signal was driven into its limits.
    #[error(
        "The recording is overdriven ({:.1} % of the speech is clipped; at most {:.1} % is accepted). \
         Lower the microphone level or move back a little.", share * 100.0, limit * 100.0
    )]
    Clipped {
        /// Share of the speech samples that are clipped, 0 to 1.
        share: f32,
        /// Share accepted, 0 to 1.
        limit: f32,
    },
}

impl Refusal {
    /// The stable snake_case code, the same as in the serialized form.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::Malformed { .. } => "malformed",
            Self::Truncated { .. } => "truncated",
            Self::TooLarge { .. } => "too_large",
            Self::TooLong { .. } => "too_long",
            Self::TooManyChannels { .. } => "too_many_channels",
            Self::UnsupportedSampleRate { .. } => "unsupported_sample_rate",
            Self::DecodeTimeout { .. } => "decode_timeout",
            Self::NoSpeech => "no_speech",
            Self::TooShort { .. } => "too_short",
            Self::TooQuiet { .. } => "too_quiet",
            Self::TooNoisy { .. } => "too_noisy",
            Self::Clipped { .. } => "clipped",
        }
    }
}

/// Something that lowers the worth of a recording without making it unusable.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// A second voice is suspected.
    #[error("More than one voice seems to be speaking. Record alone, away from other people.")]
    MoreThanOneVoice {
        /// Suspicion, 0 to 1.
        suspicion: f32,
        /// Suspicion from which the warning is given.
        limit: f32,
    },
    /// The band is that of a telephone call.
    #[error(
        "The sound is limited to {bandwidth_hz:.0} Hz, as on a telephone call. A direct recording is compared more reliably."
    )]
    TelephoneBand {
        /// Highest frequency that carries speech, in Hz.
        bandwidth_hz: f32,
    },
    /// The room echoes.
    #[error(
        "The room echoes strongly (reverberation time about {reverberation_s:.1} s). Come closer to the microphone."
    )]
    Reverberant {
        /// Estimated reverberation time, in seconds.
        reverberation_s: f32,
        /// Reverberation time from which the warning is given.
        limit_s: f32,
    },
}

impl Warning {
    /// The stable snake_case code, the same as in the serialized form.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MoreThanOneVoice { .. } => "more_than_one_voice",
            Self::TelephoneBand { .. } => "telephone_band",
            Self::Reverberant { .. } => "reverberant",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals() -> Vec<Refusal> {
        let container = || "WebM".to_owned();
        vec![
            Refusal::Empty,
            Refusal::UnsupportedFormat { found: "text".into() },
            Refusal::Malformed { container: container() },
            Refusal::Truncated { container: container() },
            Refusal::TooLarge { bytes: 2, limit: 1 },
            Refusal::TooLong { limit_s: 60.0 },
            Refusal::TooManyChannels { channels: 9, limit: 8 },
            Refusal::UnsupportedSampleRate { sample_rate: 4000 },
            Refusal::DecodeTimeout { limit_s: 5.0 },
            Refusal::NoSpeech,
            Refusal::TooShort { net_speech_s: 0.5, needed_s: 1.5 },
            Refusal::TooQuiet { level_dbfs: -60.0, needed_dbfs: -50.0 },
            Refusal::TooNoisy { snr_db: 1.0, needed_db: 5.0 },
            Refusal::Clipped { share: 0.25, limit: 0.01 },
        ]
    }

    #[test]
    fn serialized_code_is_the_code() {
        for refusal in refusals() {
            let json = serde_json::to_value(&refusal).unwrap();
            assert_eq!(json["code"], refusal.code());
        }
        for warning in [
            Warning::MoreThanOneVoice { suspicion: 0.9, limit: 0.7 },
            Warning::TelephoneBand { bandwidth_hz: 3400.0 },
            Warning::Reverberant { reverberation_s: 1.2, limit_s: 0.8 },
        ] {
            assert_eq!(serde_json::to_value(&warning).unwrap()["code"], warning.code());
        }
    }

    #[test]
    fn each_refusal_is_a_sentence_that_says_what_to_do() {
        for refusal in refusals() {
            let text = refusal.to_string();
            assert!(text.ends_with('.') && text.contains(". ") || text.contains(": "), "{text}");
        }
        assert_eq!(
            Refusal::Clipped { share: 0.25, limit: 0.01 }.to_string(),
            "The recording is overdriven (25.0 % of the speech is clipped; at most 1.0 % is accepted). \
             Lower the microphone level or move back a little."
        );
    }
}
