//! A web server of a few lines that serves files, knows ranges, and misbehaves when told to.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::http_server::{HttpServer, Request, respond};

/// How the server treats requests for models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manners {
    /// Bytes after which the connection is cut.
    pub(crate) cut_after: Option<usize>,
    /// Whether ranges are served.
    pub(crate) ranges: bool,
    /// Whether lengths are told.
    pub(crate) lengths: bool,
    /// Version of the files, sent as the entity tag.
    pub(crate) version: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Self { cut_after: None, ranges: true, lengths: true, version: 1 }
    }
}

pub(crate) struct Server {
    pub(crate) address: String,
    shared: Arc<Shared>,
    _server: HttpServer,
}

struct Shared {
    files: Mutex<HashMap<String, Vec<u8>>>,
    manners: Mutex<Manners>,
    ranges: Mutex<Vec<String>>,
    sent: AtomicUsize,
}

impl Server {
    pub(crate) fn start(manners: Manners) -> Self {
        let shared = Arc::new(Shared {
            files: Mutex::default(),
            manners: Mutex::new(manners),
            ranges: Mutex::default(),
            sent: AtomicUsize::new(0),
        });
        let server = HttpServer::start({
            let shared = shared.clone();
            move |request, stream| answer(request, stream, &shared)
        });
        Self { address: server.url.clone(), shared, _server: server }
    }

    pub(crate) fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.shared.files.lock().unwrap().insert(format!("/{name}"), bytes.into());
    }

    pub(crate) fn behave(&self, manners: Manners) {
        *self.shared.manners.lock().unwrap() = manners;
    }

    /// The `Range` headers that came in.
    pub(crate) fn ranges(&self) -> Vec<String> {
        self.shared.ranges.lock().unwrap().clone()
    }

    /// Bytes of models that went out.
    pub(crate) fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

fn answer(request: &Request, stream: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    let headers = &request.headers;
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let manners = *shared.manners.lock().unwrap();
    let found = shared.files.lock().unwrap().get(path).cloned();
    let Some(bytes) = found else {
        return respond(stream, 404, "", b"");
    };
    let tag = format!("\"{}\"", manners.version);
    let same_version = headers.get("if-range").is_none_or(|version| *version == tag);
    let range = headers.get("range").inspect(|range| shared.ranges.lock().unwrap().push((*range).clone()));
    let start: usize = range
        .filter(|_| manners.ranges && same_version)
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok())
        .unwrap_or(0);
    let mut head = match start {
        0 => "HTTP/1.1 200 OK\r\n".to_owned(),
        start => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{}\r\n",
            bytes.len() - 1,
            bytes.len()
        ),
    };
    if manners.lengths {
        head += &format!("Content-Length: {}\r\n", bytes.len() - start);
    }
    head += &format!("ETag: {tag}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let rest = &bytes[start..];
    if path.ends_with(".json") {
        return stream.write_all(rest);
    }
    let part = &rest[..manners.cut_after.unwrap_or(rest.len()).min(rest.len())];
    shared.sent.fetch_add(part.len(), Ordering::SeqCst);
    stream.write_all(part)
}
