use voicegate_audio::{Pcm, encode_wav};
use voicegate_core::challenge::Language;
use voicegate_core::challenge::transcript::Word;

use super::{WhisperError, answer};
use crate::{Peer, PeerError, PeerSettings, Sha256};

/// Longest answer. A minute of speech takes some ten kilobytes.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// What is asked for, beside the language. The words of the prompt are not among it: a recogniser that knows them hears
/// them. Servers ignore the fields that they do not know.
const FIELDS: [(&str, &str); 8] = [
    ("response_format", "verbose_json"),
    // The likeliest words, and no second try at random where they are unlikely.
    ("temperature", "0.0"),
    ("temperature_inc", "0.0"),
    // Not in the light of what was said in earlier recordings: servers until late 2025 keep it.
    ("no_context", "true"),
    ("max_context", "0"),
    // With voice activity detection on, some answer silence with the transcript before.
    ("vad", "false"),
    // A long segment is not parted within a word.
    ("split_on_word", "true"),
    // They cost a second run of the encoder.
    ("no_language_probabilities", "true"),
];

/// Asks the server.
#[derive(Debug, Clone)]
pub struct WhisperClient(Peer);

impl WhisperClient {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`PeerError::Address`], [`PeerError::Unencrypted`].
    pub fn new(settings: &PeerSettings) -> Result<Self, PeerError> {
        Peer::new(settings, MAX_ANSWER_BYTES).map(Self)
    }

    /// Whether the server answers and has its model loaded.
    ///
    /// # Errors
    /// [`PeerError`].
    pub fn health(&self) -> Result<(), PeerError> {
        match self.0.get("/health") {
            // Older servers do not have the path.
            Ok(_) | Err(PeerError::Status(404)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What the server takes to be said in `pcm`; blocks the calling thread.
    ///
    /// # Errors
    /// [`WhisperError`].
    pub(super) fn transcribe(&self, pcm: &Pcm, language: Language) -> Result<Vec<Word>, WhisperError> {
        let (content_type, form) = form(&encode_wav(pcm.samples()), language);
        let transcript = self.0.post("/inference", &content_type, &form)?;
        answer::words(&transcript).ok_or(WhisperError::Form)
    }
}

/// A form with `wav` in it (`multipart/form-data`, RFC 7578): content type and body.
fn form(wav: &[u8], language: Language) -> (String, Vec<u8>) {
    // A recording cannot hold its own digest. 70 characters would be allowed.
    let boundary = &Sha256::of(wav).to_string()[..32];
    let mut body = Vec::with_capacity(wav.len() + 2048);
    for (name, value) in FIELDS.into_iter().chain([("language", language.as_str())]) {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let file = "Content-Disposition: form-data; name=\"file\"; filename=\"challenge.wav\"\r\nContent-Type: audio/wav";
    body.extend_from_slice(format!("--{boundary}\r\n{file}\r\n\r\n").as_bytes());
    body.extend_from_slice(wav);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}
