//! A peer that speaks Ollama's HTTP API as far as it is documented: chats that are not streamed, and the list of models;
//! and misbehaves when told to.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http_server::{HttpServer, Request, respond, stay_silent};

/// What Ollama calls the one model that the peer has.
pub(crate) const MODEL: &str = "llama3.1:8b";

/// What the peer does with a chat.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Has the model say this.
    Say(String),
    /// Has the model say this, but not at once.
    Late(Duration, String),
    /// Answers with this status and an error.
    Status(u16),
    /// Answers this, whatever it is.
    Raw(String),
    /// Answers nothing.
    Silent,
    /// Sends a byte now and then and never ends.
    Trickle,
    /// Hangs up within the answer.
    Cut,
}

impl Manner {
    /// Has the model give this advice.
    pub(crate) fn advise(recommendation: &str, risk_level: &str, reasoning: &str) -> Self {
        let advice = json!({
            "confidence": 0.9, "risk_level": risk_level, "recommendation": recommendation, "reasoning": reasoning,
        });
        Self::Say(advice.to_string())
    }
}

pub(crate) struct Ollama {
    pub(crate) url: String,
    shared: Arc<Mutex<Shared>>,
    server: HttpServer,
}

struct Shared {
    manner: Manner,
    chats: Vec<Request>,
}

impl Ollama {
    pub(crate) fn start(manner: Manner) -> Self {
        let shared = Arc::new(Mutex::new(Shared { manner, chats: Vec::new() }));
        let server = HttpServer::start({
            let shared = shared.clone();
            move |request, stream| answer(request, stream, &shared)
        });
        Self { url: server.url.clone(), shared, server }
    }

    pub(crate) fn behave(&self, manner: Manner) {
        self.shared.lock().unwrap().manner = manner;
    }

    /// The chats that came in.
    pub(crate) fn chats(&self) -> Vec<Request> {
        self.shared.lock().unwrap().chats.clone()
    }

    /// Where it was.
    pub(crate) fn gone(self) -> String {
        drop(self.server);
        self.url
    }
}

fn answer(request: &Request, stream: &mut TcpStream, shared: &Mutex<Shared>) -> io::Result<()> {
    match request.line.as_str() {
        "GET /api/tags HTTP/1.1" => send(stream, 200, &tags()),
        "POST /api/chat HTTP/1.1" => {
            let manner = {
                let mut shared = shared.lock().unwrap();
                shared.chats.push(request.clone());
                shared.manner.clone()
            };
            chat(&request.body, &manner, stream)
        }
        _ => respond(stream, 404, "Content-Type: text/plain\r\n", b"404 page not found"),
    }
}

fn chat(body: &[u8], manner: &Manner, stream: &mut TcpStream) -> io::Result<()> {
    let Ok(chat) = serde_json::from_slice::<Value>(body) else {
        return send(stream, 400, &json!({"error": "invalid character 'x' looking for beginning of value"}));
    };
    if chat["model"] != MODEL {
        return send(stream, 404, &json!({"error": format!("model {} not found", chat["model"])}));
    }
    match manner {
        Manner::Say(text) if chat["stream"] == false => send(stream, 200, &reply(text)),
        Manner::Say(_) => {
            let pieces = "{\"message\": {\"content\": \"{\"}, \"done\": false}\n{\"done\": true}\n";
            respond(stream, 200, "Content-Type: application/x-ndjson\r\n", pieces.as_bytes())
        }
        Manner::Late(delay, text) => {
            std::thread::sleep(*delay);
            send(stream, 200, &reply(text))
        }
        Manner::Status(status) => send(stream, *status, &json!({"error": "something went wrong"})),
        Manner::Raw(text) => respond(stream, 200, "Content-Type: application/json\r\n", text.as_bytes()),
        Manner::Silent => stay_silent(stream),
        Manner::Trickle => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
            loop {
                stream.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Manner::Cut => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"message\""),
    }
}

fn send(stream: &mut TcpStream, status: u16, body: &Value) -> io::Result<()> {
    respond(stream, status, "Content-Type: application/json; charset=utf-8\r\n", body.to_string().as_bytes())
}

/// The answer to a chat that is not streamed.
fn reply(text: &str) -> Value {
    json!({
        "model": MODEL, "created_at": "2026-01-01T12:00:00.265747Z",
        "message": {"role": "assistant", "content": text},
        "done_reason": "stop", "done": true,
        "total_duration": 2_254_970_291u64, "load_duration": 574_751_416, "prompt_eval_count": 434,
        "prompt_eval_duration": 1_502_000_000, "eval_count": 72, "eval_duration": 175_000_000,
    })
}

fn tags() -> Value {
    json!({"models": [{
        "name": MODEL, "model": MODEL, "modified_at": "2026-01-01T12:00:00.123456789+01:00",
        "size": 4_920_753_328u64, "digest": "46e0c10c039e019119339687c3c1757cc81b9da49709a3b3924863ba87ca666e",
        "details": {
            "parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
            "parameter_size": "8.0B", "quantization_level": "Q4_K_M",
        },
    }]})
}
