//! A server that an operator runs beside this program, spoken to over HTTP.

use std::net::IpAddr;
use std::time::Duration;

use ureq::http::uri::Scheme;
use ureq::http::{Response, StatusCode, Uri, header};
use ureq::{Agent, Body};

/// Longest time until the connection is there.
const CONNECT: Duration = Duration::from_secs(2);

/// Where the server is and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSettings {
    /// Its address, without the path of its methods: `http://127.0.0.1:8081`.
    pub url: String,
    /// Longest time from the connection to the last byte of an answer.
    pub timeout: Duration,
    /// Whether requests may go to another machine without encryption.
    pub plain_http: bool,
}

/// Why a server gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// No address of a server.
    #[error("not an http:// or https:// address without user, query and fragment")]
    Address,
    /// Anybody on the way could listen.
    #[error("what is sent to another machine goes over https:// only, unless plain_http allows otherwise")]
    Unencrypted,
    /// No answer in time.
    #[error("the server does not answer in time")]
    TimedOut,
    /// No connection, or one that broke.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// It refuses, fails, or sends elsewhere.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// Its answer is longer than any that makes sense.
    #[error("the server answers with more than {0} bytes")]
    TooLong(u64),
}

/// Speaks with the server: HTTP/1.1, blocking. Straight to it, past all proxies and without following redirects, so that
/// what is sent goes nowhere else.
#[derive(Debug, Clone)]
pub struct Peer {
    base: String,
    agent: Agent,
    max_answer_bytes: u64,
}

impl Peer {
    /// Connects to nothing yet. Answers longer than `max_answer_bytes` are refused.
    ///
    /// # Errors
    /// [`PeerError::Address`], [`PeerError::Unencrypted`].
    pub fn new(settings: &PeerSettings, max_answer_bytes: u64) -> Result<Self, PeerError> {
        let uri: Uri = settings.url.parse().map_err(|_| PeerError::Address)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(PeerError::Address)?;
        if settings.url.contains(['@', '?', '#']) {
            return Err(PeerError::Address);
        }
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {}
            Some(scheme) if *scheme == Scheme::HTTP => {
                if !settings.plain_http && !is_loopback(host) {
                    return Err(PeerError::Unencrypted);
                }
            }
            _ => return Err(PeerError::Address),
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
        Ok(Self { base: settings.url.trim_end_matches('/').to_owned(), agent, max_answer_bytes })
    }

    /// The body of the answer to `GET {path}`; blocks the calling thread.
    ///
    /// # Errors
    /// [`PeerError`].
    pub fn get(&self, path: &str) -> Result<Vec<u8>, PeerError> {
        self.body(self.agent.get(format!("{}{path}", self.base)).call())
    }

    /// The body of the answer to `POST {path}`; blocks the calling thread.
    ///
    /// # Errors
    /// [`PeerError`].
    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Result<Vec<u8>, PeerError> {
        let request = self.agent.post(format!("{}{path}", self.base));
        self.body(request.header(header::CONTENT_TYPE, content_type).send(body))
    }

    /// Posts `body` with `headers`, and asks no more than that it is taken: any status 2xx, whatever comes with it. Blocks
    /// the calling thread.
    ///
    /// # Errors
    /// [`PeerError`].
    pub fn deliver(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<(), PeerError> {
        let request = self.agent.post(format!("{}{path}", self.base));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send(body).map_err(|error| self.failed(error))?;
        if answer.status().is_success() { Ok(()) } else { Err(PeerError::Status(answer.status().as_u16())) }
    }

    fn body(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Vec<u8>, PeerError> {
        let answer = answer.map_err(|error| self.failed(error))?;
        match answer.status() {
            StatusCode::OK => {
                let body = answer.into_body().into_with_config().limit(self.max_answer_bytes);
                body.read_to_vec().map_err(|error| self.failed(error))
            }
            status => Err(PeerError::Status(status.as_u16())),
        }
    }

    fn failed(&self, error: ureq::Error) -> PeerError {
        match error {
            ureq::Error::Timeout(_) => PeerError::TimedOut,
            ureq::Error::BodyExceedsLimit(_) => PeerError::TooLong(self.max_answer_bytes),
            error => PeerError::Unreachable(error.to_string()),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address: Result<IpAddr, _> = host.parse();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_encrypted() {
        let open = |url: &str, plain_http| {
            let settings = PeerSettings { url: url.to_owned(), timeout: Duration::from_secs(1), plain_http };
            Peer::new(&settings, 1).map(|peer| peer.base)
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
            assert_eq!(open(away, false), Err(PeerError::Unencrypted), "{away}");
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
            assert_eq!(open(bad, true), Err(PeerError::Address), "{bad}");
        }
    }
}
