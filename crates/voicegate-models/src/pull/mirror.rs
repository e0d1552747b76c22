//! Where models come from: a folder, or a folder over HTTP.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::{Agent, Body};

use super::PullError;

/// Metadata is a few kilobytes.
const MAX_TEXT_BYTES: u64 = 1 << 20;
const CONNECT: Duration = Duration::from_secs(10);
/// Longest silence, before the answer and within it.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest time for one file; what has arrived by then is kept.
const BODY: Duration = Duration::from_secs(60 * 60);

/// A place that holds `<id>.json` and the model's file under its own name.
#[derive(Debug, Clone)]
pub struct Mirror(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Folder(PathBuf),
    /// The address has no slash at the end.
    Http {
        base: String,
        agent: Agent,
    },
}

/// The bytes of a file from some place on.
pub(super) struct Source {
    pub(super) reader: Box<dyn Read>,
    /// Where the first byte belongs: the place that was asked for, or the beginning.
    pub(super) from: u64,
    /// Length of the whole file, where the mirror says it.
    pub(super) total: Option<u64>,
    /// Names this version of the file.
    pub(super) validator: Option<String>,
}

/// Why a file cannot be opened.
pub(super) enum OpenFault {
    /// It is not there.
    Missing,
    /// Trying again may help.
    Passing(String),
    /// Trying again does not help.
    Lasting(String),
}

impl Mirror {
    /// A folder, or an `http://` or `https://` address.
    ///
    /// # Errors
    /// [`PullError::Mirror`] for anything else. An address with a user or a query is refused: it may hold a password,
    /// and mirrors are shown and recorded.
    pub fn new(text: &str) -> Result<Self, PullError> {
        let refused = || PullError::Mirror(text.to_owned());
        let Some((scheme, rest)) = text.split_once("://") else {
            // The record has to make sense from another folder, too.
            let folder = std::path::absolute(text).map_err(|_| refused())?;
            return Ok(Self(Kind::Folder(folder)));
        };
        let plain = !rest.is_empty() && !rest.contains(['@', '?', '#', ' ']);
        if !plain || !["http", "https"].contains(&scheme) {
            return Err(refused());
        }
        let agent = Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .timeout_recv_body(Some(BODY))
            .http_status_as_error(false)
            // A redirect must not lead from a protected mirror to an open one.
            .https_only(scheme == "https")
            .user_agent(concat!("voicegate/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self(Kind::Http { base: text.trim_end_matches('/').to_owned(), agent }))
    }

    /// Its name for people and records.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.0 {
            Kind::Folder(folder) => folder.display().to_string(),
            Kind::Http { base, .. } => base.clone(),
        }
    }

    /// A small file as text.
    pub(super) fn text(&self, file: &str) -> Result<String, PullError> {
        let unreachable = |reason: String| self.unreachable(file, reason);
        let source = self.open(file, 0, None).map_err(|fault| self.fault(file, fault))?;
        let mut text = String::new();
        let read = source.reader.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text);
        match read.map_err(|error| unreachable(error.to_string()))? as u64 {
            ..=MAX_TEXT_BYTES => Ok(text),
            _ => Err(unreachable(format!("it is longer than {MAX_TEXT_BYTES} bytes"))),
        }
    }

    /// The bytes of `file` from `from` on; from the beginning if the mirror has another version than `validator` names,
    /// or gives whole files only.
    pub(super) fn open(&self, file: &str, from: u64, validator: Option<&str>) -> Result<Source, OpenFault> {
        match &self.0 {
            Kind::Folder(folder) => open_file(folder.join(file), from).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => OpenFault::Missing,
                _ => OpenFault::Lasting(error.to_string()),
            }),
            Kind::Http { base, agent } => open_http(agent, &format!("{base}/{file}"), from, validator),
        }
    }

    pub(super) fn fault(&self, file: &str, fault: OpenFault) -> PullError {
        match fault {
            OpenFault::Missing => PullError::NotFound { mirror: self.name(), file: file.to_owned() },
            OpenFault::Passing(reason) | OpenFault::Lasting(reason) => self.unreachable(file, reason),
        }
    }

    pub(super) fn unreachable(&self, file: &str, reason: String) -> PullError {
        PullError::Unreachable { mirror: self.name(), file: file.to_owned(), reason }
    }
}

fn open_file(path: PathBuf, from: u64) -> io::Result<Source> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let from = if from <= metadata.len() { from } else { 0 };
    file.seek(SeekFrom::Start(from))?;
    Ok(Source { reader: Box::new(file), from, total: Some(metadata.len()), validator: None })
}

fn open_http(agent: &Agent, url: &str, from: u64, validator: Option<&str>) -> Result<Source, OpenFault> {
    let mut request = agent.get(url);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
        if let Some(validator) = validator {
            request = request.header(header::IF_RANGE, validator);
        }
    }
    let response = request.call().map_err(|error| match error {
        ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) | ureq::Error::TooManyRedirects => {
            OpenFault::Lasting(error.to_string())
        }
        error => OpenFault::Passing(error.to_string()),
    })?;
    match response.status() {
        StatusCode::OK => Ok(source(response, 0, None)),
        StatusCode::PARTIAL_CONTENT => match content_range(response.headers()) {
            Some((start, total)) if start == from => Ok(source(response, from, total)),
            _ => Err(OpenFault::Lasting("it sends another part than was asked for".to_owned())),
        },
        // What is here already is longer than what is there.
        StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => open_http(agent, url, 0, None),
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(OpenFault::Missing),
        status => {
            let told = format!("it answers with status {}", status.as_u16());
            let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            Err(if passing { OpenFault::Passing(told) } else { OpenFault::Lasting(told) })
        }
    }
}

fn source(response: Response<Body>, from: u64, total: Option<u64>) -> Source {
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    // RFC 9110, 13.1.5: a weak entity tag does not tell that the bytes are the same.
    let tag = text(header::ETAG).filter(|tag| !tag.starts_with("W/"));
    let validator = tag.or_else(|| text(header::LAST_MODIFIED)).map(str::to_owned);
    let body = response.into_body();
    let total = total.or_else(|| Some(from + body.content_length()?));
    Source { reader: Box::new(body.into_reader()), from, total, validator }
}

/// First byte and total length out of `bytes 5-9/10` or `bytes 5-9/*`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (range, total) = range.split_once('/')?;
    Some((range.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_folders_or_plain_addresses() {
        assert!(matches!(Mirror::new("/models"), Ok(Mirror(Kind::Folder(_)))));
        assert_eq!(Mirror::new("https://m.example/voice//").unwrap().name(), "https://m.example/voice");
        for bad in
            ["", "ftp://m", "https://", "https://u:p@m", "http://m/?key=1", "http://m/#x", "http://m m"]
        {
            assert!(matches!(Mirror::new(bad), Err(PullError::Mirror(_))), "{bad}");
        }
    }

    #[test]
    fn ranges_are_read() {
        let headers = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_RANGE, text.parse().unwrap());
            headers
        };
        assert_eq!(content_range(&headers("bytes 5-9/10")), Some((5, Some(10))));
        assert_eq!(content_range(&headers("bytes 5-9/*")), Some((5, None)));
        for bad in ["", "bytes */10", "bytes 5", "lines 1-2/3", "bytes -9/10"] {
            assert_eq!(content_range(&headers(bad)), None, "{bad}");
        }
    }
}
