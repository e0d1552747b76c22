//! A peer that speaks the protocol of whisper.cpp's server: forms in, JSON out; and misbehaves when told to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

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
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    manner: Manner,
    requests: Mutex<Vec<Request>>,
    stop: AtomicBool,
}

impl Peer {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { manner, requests: Mutex::default(), stop: AtomicBool::new(false) });
        let thread = std::thread::spawn({
            let shared = shared.clone();
            move || {
                for stream in listener.incoming() {
                    if shared.stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let (stream, shared) = (stream.unwrap(), shared.clone());
                    // A client that hangs up is part of the tests.
                    std::thread::spawn(move || drop(answer(stream, &shared)));
                }
            }
        });
        Self { url, shared, thread: Some(thread) }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Where it was.
    pub(crate) fn gone(self) -> String {
        self.url.clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = BTreeMap::new();
    for header in reader.by_ref().lines() {
        let header = header?;
        let Some((name, value)) = header.split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body)?;
    let boundary =
        headers.get("content-type").and_then(|kind| kind.strip_prefix("multipart/form-data; boundary="));
    let parts = boundary.map(|boundary| parts(boundary, &body)).unwrap_or_default();
    let file = parts.get("file").cloned();
    let text = |value: Vec<u8>| String::from_utf8(value).unwrap();
    let fields =
        parts.into_iter().filter(|(name, _)| name != "file").map(|(name, value)| (name, text(value)));
    let request = Request {
        line: line.trim_end().to_owned(),
        fields: fields.collect(),
        file: file.clone().unwrap_or_default(),
    };
    shared.requests.lock().unwrap().push(request);
    let json = "Content-Type: application/json\r\n";
    let (status, more, body) = match &shared.manner {
        Manner::Say(_) if file.is_none() => (400, json.to_owned(), "Invalid request".to_owned()),
        Manner::Say(value) => (200, json.to_owned(), value.to_string()),
        Manner::Raw(status, body) => (*status, json.to_owned(), body.clone()),
        Manner::Redirect(url) => (307, format!("Location: {url}\r\n"), String::new()),
        // Until the client has had enough.
        Manner::Silent => return reader.read_to_end(&mut Vec::new()).map(drop),
        Manner::Cut => {
            return stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"text\": \"seven");
        }
    };
    let head =
        format!("HTTP/1.1 {status} .\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
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
