//! A peer that speaks the protocol of whisper.cpp's server: forms in, JSON out; and misbehaves when told to.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::http_server::{self, HttpServer, respond, stay_silent};

/// What the peer does with requests.
pub(crate) enum Manner {
    /// Answers with this.
    Say(Value),
    /// Answers with this status and body.
    Raw(u16, String),
    /// Sends the client elsewhere, with its request.
    Redirect(String),
    /// Answers nothing.
    Silent,
    /// Hangs up within the answer.
    Cut,
}

/// A request that came in.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    /// The fields without the file, by name.
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) file: Vec<u8>,
}

pub(crate) struct Peer {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    _server: HttpServer,
}

impl Peer {
    pub(crate) fn start(manner: Manner) -> Self {
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let server = HttpServer::start({
            let requests = Arc::clone(&requests);
            move |request, stream| {
                let request = understood(request);
                let has_file = !request.file.is_empty();
                requests.lock().unwrap().push(request);
                answer(&manner, has_file, stream)
            }
        });
        Self { url: server.url.clone(), requests, _server: server }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Where it was.
    pub(crate) fn gone(self) -> String {
        self.url.clone()
    }
}

fn understood(request: &http_server::Request) -> Request {
    let content_type = request.headers.get("content-type");
    let boundary = content_type.and_then(|kind| kind.strip_prefix("multipart/form-data; boundary="));
    let mut parts = boundary.map(|boundary| parts(boundary, &request.body)).unwrap_or_default();
    let file = parts.remove("file").unwrap_or_default();
    let text = |value: Vec<u8>| String::from_utf8(value).unwrap();
    let fields = parts.into_iter().map(|(name, value)| (name, text(value))).collect();
    Request { line: request.line.clone(), fields, file }
}

fn answer(manner: &Manner, has_file: bool, stream: &mut TcpStream) -> io::Result<()> {
    let json = "Content-Type: application/json\r\n";
    match manner {
        Manner::Say(_) if !has_file => respond(stream, 400, json, b"Invalid request"),
        Manner::Say(value) => respond(stream, 200, json, value.to_string().as_bytes()),
        Manner::Raw(status, body) => respond(stream, *status, json, body.as_bytes()),
        Manner::Redirect(url) => respond(stream, 307, &format!("Location: {url}\r\n"), b""),
        Manner::Silent => stay_silent(stream),
        Manner::Cut => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"text\": \"seven"),
    }
}

/// The parts of a form by name (RFC 7578; the delimiters of RFC 2046, 5.1.1).
fn parts(boundary: &str, body: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what);
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(format!("--{boundary}").as_bytes()).expect("begins with the boundary");
    let mut parts = BTreeMap::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let head = find(part, b"\r\n\r\n").expect("a part has headers");
        let (head, value) = (std::str::from_utf8(&part[..head]).unwrap(), &part[head + 4..]);
        let name =
            head.split("name=\"").nth(1).and_then(|name| name.split('"').next()).expect("a part has a name");
        let end = find(value, delimiter.as_bytes()).expect("a part ends");
        assert!(parts.insert(name.to_owned(), value[..end].to_vec()).is_none(), "{name} came twice");
        rest = &value[end + delimiter.len()..];
    }
    assert_eq!(rest, b"--\r\n", "ends with the last delimiter");
    parts
}
