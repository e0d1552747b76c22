use std::time::Duration;

use ureq::http::uri::Scheme;
use ureq::http::{StatusCode, Uri, header};
use ureq::{Agent, Body};
use voicegate_audio::{Pcm, encode_wav};
use voicegate_core::challenge::Language;
use voicegate_core::challenge::transcript::Word;

use super::{WhisperError, WhisperSettings, answer};
use crate::Sha256;

/// Longest time until the connection is there.
const CONNECT: Duration = Duration::from_secs(2);
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

/// Speaks with the server: HTTP/1.1, blocking. Straight to it, past all proxies and without following redirects, so that no
/// recording goes anywhere else.
#[derive(Debug, Clone)]
pub struct WhisperClient {
    base: String,
    agent: Agent,
}

impl WhisperClient {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`WhisperError::Address`], [`WhisperError::Unencrypted`].
    pub fn new(settings: &WhisperSettings) -> Result<Self, WhisperError> {
        let uri: Uri = settings.url.parse().map_err(|_| WhisperError::Address)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(WhisperError::Address)?;
        if settings.url.contains(['@', '?', '#']) {
            return Err(WhisperError::Address);
        }
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {}
            Some(scheme) if *scheme == Scheme::HTTP => {
                if !settings.plain_http && !is_loopback(host) {
                    return Err(WhisperError::Unencrypted);
                }
            }
            _ => return Err(WhisperError::Address),
        }
        let agent = Agent::config_builder()
            .timeout_connect(Some(CONNECT.min(settings.timeout)))
            .timeout_global(Some(settings.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("voicegate/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self { base: settings.url.trim_end_matches('/').to_owned(), agent })
    }

    /// Whether the server answers and has its model loaded.
    ///
    /// # Errors
    /// [`WhisperError::Unreachable`], [`WhisperError::Status`].
    pub fn health(&self) -> Result<(), WhisperError> {
        let answer =
            self.agent.get(format!("{}/health", self.base)).call().map_err(|error| unreachable(&error))?;
        match answer.status() {
            // Older servers do not have the path.
            StatusCode::OK | StatusCode::NOT_FOUND => Ok(()),
            status => Err(WhisperError::Status(status.as_u16())),
        }
    }

    /// What the server takes to be said in `pcm`; blocks the calling thread.
    ///
    /// # Errors
    /// [`WhisperError`].
    pub(super) fn transcribe(&self, pcm: &Pcm, language: Language) -> Result<Vec<Word>, WhisperError> {
        let (content_type, form) = form(&encode_wav(pcm.samples()), language);
        let request = self.agent.post(format!("{}/inference", self.base));
        let answer = request.header(header::CONTENT_TYPE, content_type).send(&form[..]);
        let answer = answer.map_err(|error| unreachable(&error))?;
        match answer.status() {
            StatusCode::OK => answer::words(&read(answer.into_body())?).ok_or(WhisperError::Form),
            status => Err(WhisperError::Status(status.as_u16())),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address: Result<std::net::IpAddr, _> = host.parse();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

fn read(body: Body) -> Result<Vec<u8>, WhisperError> {
    body.into_with_config().limit(MAX_ANSWER_BYTES).read_to_vec().map_err(|error| match error {
        ureq::Error::BodyExceedsLimit(_) => WhisperError::Form,
        error => unreachable(&error),
    })
}

fn unreachable(error: &ureq::Error) -> WhisperError {
    WhisperError::Unreachable(error.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_leave_the_machine_encrypted_only() {
        let open = |url: &str, plain_http| {
            let settings =
                WhisperSettings { url: url.to_owned(), timeout: Duration::from_secs(1), plain_http };
            WhisperClient::new(&settings).map(|client| client.base)
        };
        for (url, base) in [
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("http://[::1]:8081/", "http://[::1]:8081"),
            ("http://localhost/whisper/", "http://localhost/whisper"),
            ("https://words.example", "https://words.example"),
        ] {
            assert_eq!(open(url, false).as_deref(), Ok(base));
        }
        for away in [
            "http://10.0.0.7:8081",
            "http://words.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
        ] {
            assert_eq!(open(away, false), Err(WhisperError::Unencrypted), "{away}");
            assert!(open(away, true).is_ok(), "{away}");
        }
        for bad in [
            "",
            "words",
            "/inference",
            "ftp://words",
            "http://",
            "https://u:p@words",
            "http://[::1]/?key=1",
            "http://[::1]/#x",
        ] {
            assert_eq!(open(bad, true), Err(WhisperError::Address), "{bad}");
        }
    }
}
