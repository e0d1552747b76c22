//! Recognising what the bytes are.

use serde::Serialize;

/// A file format that carries audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// RIFF WAVE.
    Wav,
    /// Native FLAC.
    Flac,
    /// MPEG audio layer 3 stream, with or without ID3 tags.
    Mp3,
    /// Ogg.
    Ogg,
    /// WebM or Matroska.
    Webm,
    /// ISO base media file (MP4, M4A), plain or fragmented.
    Mp4,
    /// AAC in ADTS frames.
    Adts,
}

impl Container {
    /// Name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::Flac => "FLAC",
            Self::Mp3 => "MP3",
            Self::Ogg => "Ogg",
            Self::Webm => "WebM",
            Self::Mp4 => "MP4",
            Self::Adts => "AAC",
        }
    }

    /// Recognises a container by its first bytes.
    pub(super) fn sniff(bytes: &[u8]) -> Option<Self> {
        // The sync word and layer bits tell ADTS (layer 0) from layer 3.
        match bytes {
            [b'R', b'I', b'F', b'F', rest @ ..] => {
                (rest.get(4..8).is_none_or(|form| form == b"WAVE")).then_some(Self::Wav)
            }
            [b'f', b'L', b'a', b'C', ..] => Some(Self::Flac),
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Ogg),
            [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Self::Webm),
            [_, _, _, _, b'f', b't', b'y', b'p', ..]
            | [_, _, _, _, b's', b't', b'y', b'p', ..]
            | [_, _, _, _, b'm', b'o', b'o', b'v' | b'f', ..] => Some(Self::Mp4),
            [b'I', b'D', b'3', ..] => Some(Self::Mp3),
            [0xff, second, ..] if second & 0xf6 == 0xf0 => Some(Self::Adts),
            [0xff, second, ..] if second & 0xe6 == 0xe2 => Some(Self::Mp3),
            _ => None,
        }
    }

    /// Understands a content type (`audio/webm;codecs=opus`) or a file extension (`webm`, `.webm`, `take1.webm`).
    /// It only decides where the bytes themselves don't, for example an MP3 stream that starts within a frame.
    pub fn from_hint(hint: &str) -> Option<Self> {
        let essence = hint.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let name = match essence.split_once('/') {
            Some(("audio" | "video", subtype)) => subtype.trim_start_matches("x-"),
            Some(_) => return None,
            None => essence.rsplit('.').next().unwrap_or_default(),
        };
        match name {
            "wav" | "wave" | "vnd.wave" | "pn-wav" => Some(Self::Wav),
            "flac" => Some(Self::Flac),
            "mp3" | "mpeg" | "mpeg3" | "mpga" => Some(Self::Mp3),
            "ogg" | "oga" | "opus" | "vorbis" => Some(Self::Ogg),
            "webm" | "matroska" | "mkv" | "mka" => Some(Self::Webm),
            "mp4" | "m4a" | "m4v" | "quicktime" | "mov" => Some(Self::Mp4),
            "aac" | "aacp" => Some(Self::Adts),
            _ => None,
        }
    }
}

/// How the audio in the container is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// Uncompressed integer or float samples.
    Pcm,
    /// G.711 µ-law.
    MuLaw,
    /// G.711 A-law.
    ALaw,
    /// FLAC.
    Flac,
    /// MPEG audio layer 3.
    Mp3,
    /// AAC (low complexity).
    Aac,
    /// Opus.
    Opus,
    /// Vorbis.
    Vorbis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_content_types_or_extensions() {
        for (hint, container) in [
            ("audio/webm;codecs=opus", Some(Container::Webm)),
            ("video/mp4", Some(Container::Mp4)),
            ("audio/x-wav", Some(Container::Wav)),
            ("Take 1.OGG", Some(Container::Ogg)),
            (".m4a", Some(Container::Mp4)),
            ("mp3", Some(Container::Mp3)),
            ("text/plain", None),
            ("", None),
        ] {
            assert_eq!(Container::from_hint(hint), container, "{hint}");
        }
    }

    #[test]
    fn text_and_pictures_are_not_audio() {
        for bytes in [&b"hello"[..], b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0AVI ", b"", b"\xff", b"<html>"] {
            assert_eq!(Container::sniff(bytes), None, "{bytes:?}");
        }
    }
}
