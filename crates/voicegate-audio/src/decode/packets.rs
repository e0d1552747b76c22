//! The packet loop: container reader → decoder → mono → 16 kHz.

use std::io;
use std::time::Duration;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known as id,
};
use symphonia::core::codecs::registry::RegisterableAudioDecoder;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::{codecs, formats};
use symphonia_adapter_libopus::OpusDecoder;

use super::container::{Codec, Container};
use super::limits::DecodeLimits;
use super::mp4;
use super::source::{Access, Elapsed, TimedBytes};
use super::{Decoded, Source};
use crate::pcm::{Pcm, SAMPLE_RATE};
use crate::refusal::Refusal;
use crate::resample::{Resampler, SUPPORTED_RATES};

/// The clock rate of Opus in every container (RFC 7845, section 4).
const OPUS_RATE: u32 = 48_000;

/// Damaged packets in a row after which the rest is given up.
const MAX_BAD_PACKETS: usize = 64;

pub(super) fn decode(
    bytes: &[u8],
    container: Container,
    limits: &DecodeLimits,
    elapsed: Elapsed<'_>,
) -> Result<Decoded, Refusal> {
    let time_limit = Duration::try_from_secs_f32(limits.max_decode_s).unwrap_or(Duration::ZERO);
    let refuse = |error: &Error| refusal(error, container, limits);
    if container == Container::Mp4 {
        mp4::check_runs(bytes)?;
    }

    // A WebM reader that can seek looks for the index at the declared end, and fails where the recording was cut.
    let access = if container == Container::Webm { Access::Streamed } else { Access::Random };
    let stream = MediaSourceStream::new(
        Box::new(TimedBytes::new(bytes, access, elapsed, time_limit)),
        Default::default(),
    );
    let mut reader = open(container, stream).map_err(|error| refuse(&error))?;
    let track = reader
        .default_track(TrackType::Audio)
        .ok_or_else(|| Refusal::UnsupportedFormat { found: format!("{} without audio", container.name()) })?;
    let track_id = track.id;
    let declared_frames = declared_frames(track, container);
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).ok_or_else(|| {
        Refusal::UnsupportedFormat { found: format!("{} of unknown content", container.name()) }
    })?;
    let (mut source, params) = describe(params, container, limits)?;
    let mut decoder = decoder(source.codec, &params).map_err(|error| refuse(&error))?;

    let mut mixer = None;
    let mut samples = Vec::new();
    let max_samples = (limits.max_seconds * SAMPLE_RATE as f32) as usize;
    let mut frames = 0_u64;
    let mut bad_packets = 0;
    loop {
        if elapsed() > time_limit {
            return Err(Refusal::DecodeTimeout { limit_s: limits.max_decode_s });
        }
        let mut packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // A live WebM has no declared end: where the bytes stop is its end.
            Err(error) if is_end_of_bytes(&error) => {
                source.incomplete = container != Container::Webm;
                break;
            }
            Err(error) if is_timeout(&error) => return Err(refuse(&error)),
            // A chained Ogg stream starts anew, or the structure is damaged: what came before counts.
            Err(_) => {
                source.incomplete = true;
                break;
            }
        };
        if packet.track_id != track_id {
            continue;
        }
        if source.codec == Codec::Opus {
            // The decoder runs at 16 kHz, the container's trimming counts at 48 kHz.
            let ratio = u64::from(OPUS_RATE / SAMPLE_RATE);
            packet.trim_start = (packet.trim_start.get() / ratio).into();
            packet.trim_end = (packet.trim_end.get() / ratio).into();
        }
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            Err(error) if is_timeout(&error) => return Err(refuse(&error)),
            Err(_) => {
                source.incomplete = true;
                bad_packets += 1;
                if bad_packets > MAX_BAD_PACKETS {
                    break;
                }
                continue;
            }
        };
        bad_packets = 0;
        frames += buffer.frames() as u64;
        let mixer = match &mut mixer {
            Some(mixer) => mixer,
            None => mixer.insert(Mixer::new(&buffer, limits, &mut source)?),
        };
        mixer.push(&buffer, &mut samples)?;
        if samples.len() > max_samples {
            return Err(Refusal::TooLong { limit_s: limits.max_seconds });
        }
    }
    if let Some(mixer) = mixer {
        mixer.resampler.finish(&mut samples);
    }
    if samples.len() > max_samples {
        return Err(Refusal::TooLong { limit_s: limits.max_seconds });
    }
    if samples.is_empty() {
        return Err(nothing_decoded(container, declared_frames, bad_packets));
    }
    source.incomplete |= declared_frames.is_some_and(|declared| frames < declared);
    Ok(Decoded { pcm: Pcm::new(samples), source })
}

fn open(container: Container, stream: MediaSourceStream<'_>) -> Result<Box<dyn FormatReader + '_>, Error> {
    let options = FormatOptions::default();
    Ok(match container {
        Container::Wav => Box::new(formats::WavReader::try_new(stream, options)?),
        Container::Flac => Box::new(formats::FlacReader::try_new(stream, options)?),
        Container::Mp3 => Box::new(formats::MpaReader::try_new(stream, options)?),
        Container::Ogg => Box::new(formats::OggReader::try_new(stream, options)?),
        Container::Webm => Box::new(formats::MkvReader::try_new(stream, options)?),
        Container::Mp4 => Box::new(formats::IsoMp4Reader::try_new(stream, options)?),
        Container::Adts => Box::new(formats::AdtsReader::try_new(stream, options)?),
    })
}

/// Frames that the container declares, where a smaller number means a cut recording.
fn declared_frames(track: &Track, container: Container) -> Option<u64> {
    match container {
        Container::Wav | Container::Flac => track.num_frames,
        _ => None,
    }
}

/// The facts of the source, and the parameters to decode with.
fn describe(
    params: &AudioCodecParameters,
    container: Container,
    limits: &DecodeLimits,
) -> Result<(Source, AudioCodecParameters), Refusal> {
    let codec = match params.codec {
        id::CODEC_ID_PCM_ALAW => Codec::ALaw,
        id::CODEC_ID_PCM_MULAW => Codec::MuLaw,
        id::CODEC_ID_FLAC => Codec::Flac,
        id::CODEC_ID_MP3 => Codec::Mp3,
        id::CODEC_ID_AAC => Codec::Aac,
        id::CODEC_ID_OPUS => Codec::Opus,
        id::CODEC_ID_VORBIS => Codec::Vorbis,
        _ if codecs::PcmDecoder::supported_codecs().iter().any(|pcm| pcm.id == params.codec) => Codec::Pcm,
        other => {
            return Err(Refusal::UnsupportedFormat {
                found: format!("{} with audio coding {other}", container.name()),
            });
        }
    };
    let mut params = params.clone();
    if container == Container::Mp4
        && codec == Codec::Opus
        && let Some(pre_skip) = params.extra_data.as_mut().and_then(|head| head.get_mut(10..12))
    {
        // MP4 stores the header's numbers in big-endian order, unlike Ogg, and the reader passes them on as they are.
        pre_skip.reverse();
    }
    // AAC tells both only once it is decoded, and is then held to the same limits.
    let channels = params.channels.as_ref().map_or(1, |channels| channels.count());
    check_channels(channels, limits)?;
    let sample_rate = if codec == Codec::Opus {
        // Opus decodes to any of its rates at will, so it decodes to ours.
        params.with_sample_rate(SAMPLE_RATE);
        OPUS_RATE
    } else {
        params.sample_rate.unwrap_or(SAMPLE_RATE)
    };
    check_rate(sample_rate)?;
    let bandwidth_hz = sample_rate as f32 / 2.0;
    Ok((Source { container, codec, sample_rate, channels, bandwidth_hz, incomplete: false }, params))
}

fn check_channels(channels: usize, limits: &DecodeLimits) -> Result<(), Refusal> {
    match channels {
        0 => Err(Refusal::Empty),
        _ if channels > limits.max_channels => {
            Err(Refusal::TooManyChannels { channels, limit: limits.max_channels })
        }
        _ => Ok(()),
    }
}

fn check_rate(sample_rate: u32) -> Result<(), Refusal> {
    match SUPPORTED_RATES.contains(&sample_rate) {
        true => Ok(()),
        false => Err(Refusal::UnsupportedSampleRate { sample_rate }),
    }
}

fn decoder(codec: Codec, params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, Error> {
    let options = AudioDecoderOptions::default();
    match codec {
        Codec::Pcm | Codec::MuLaw | Codec::ALaw => codecs::PcmDecoder::try_registry_new(params, &options),
        Codec::Flac => codecs::FlacDecoder::try_registry_new(params, &options),
        Codec::Mp3 => codecs::MpaDecoder::try_registry_new(params, &options),
        Codec::Aac => codecs::AacDecoder::try_registry_new(params, &options),
        Codec::Opus => OpusDecoder::try_registry_new(params, &options),
        Codec::Vorbis => codecs::VorbisDecoder::try_registry_new(params, &options),
    }
}

/// Decoded packets to mono at 16 kHz.
struct Mixer {
    resampler: Resampler,
    rate: u32,
    channels: usize,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
}

impl Mixer {
    /// Set up by the first decoded packet, which has the last word on rate and channels.
    fn new(
        buffer: &GenericAudioBufferRef<'_>,
        limits: &DecodeLimits,
        source: &mut Source,
    ) -> Result<Self, Refusal> {
        let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
        check_channels(channels, limits)?;
        check_rate(rate)?;
        source.channels = channels;
        if source.codec != Codec::Opus {
            source.sample_rate = rate;
            source.bandwidth_hz = rate as f32 / 2.0;
        }
        let resampler = Resampler::new(rate)?;
        Ok(Self { resampler, rate, channels, interleaved: Vec::new(), mono: Vec::new() })
    }

    fn push(&mut self, buffer: &GenericAudioBufferRef<'_>, out: &mut Vec<f32>) -> Result<(), Refusal> {
        let spec = buffer.spec();
        if spec.rate() != self.rate || spec.channels().count() != self.channels {
            return Err(Refusal::UnsupportedFormat {
                found: "audio that changes its sample rate or channels midway".to_owned(),
            });
        }
        buffer.copy_to_vec_interleaved(&mut self.interleaved);
        if self.channels == 1 {
            self.resampler.push(&self.interleaved, out);
        } else {
            let weight = 1.0 / self.channels as f32;
            self.mono.clear();
            self.mono.extend(
                self.interleaved.chunks_exact(self.channels).map(|frame| frame.iter().sum::<f32>() * weight),
            );
            self.resampler.push(&self.mono, out);
        }
        Ok(())
    }
}

fn is_end_of_bytes(error: &Error) -> bool {
    matches!(error, Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof)
}

fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::IoError(error) if error.kind() == io::ErrorKind::TimedOut)
}

fn refusal(error: &Error, container: Container, limits: &DecodeLimits) -> Refusal {
    let name = || container.name().to_owned();
    match error {
        _ if is_timeout(error) => Refusal::DecodeTimeout { limit_s: limits.max_decode_s },
        _ if is_end_of_bytes(error) => Refusal::Truncated { container: name() },
        // So the readers name a file that ends before its index or its audio.
        Error::Unsupported(what) if what.contains("missing") => Refusal::Truncated { container: name() },
        Error::Unsupported(what) => Refusal::UnsupportedFormat { found: format!("{}: {what}", name()) },
        _ => Refusal::Malformed { container: name() },
    }
}

/// Why a recording that opened well gave no sample.
fn nothing_decoded(container: Container, declared_frames: Option<u64>, bad_packets: usize) -> Refusal {
    let container = container.name().to_owned();
    match (declared_frames, bad_packets) {
        (Some(0), _) => Refusal::Empty,
        (_, 0) => Refusal::Truncated { container },
        _ => Refusal::Malformed { container },
    }
}
