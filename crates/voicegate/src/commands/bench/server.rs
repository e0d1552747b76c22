//! A server of our own to measure.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use crate::exit::Failure;

/// A served instance with its own data, ended when dropped.
pub(super) struct Server {
    process: Child,
    address: String,
    key: String,
    agent: Agent,
}

impl Server {
    /// Starts one in `folder` with further settings of the environment.
    pub(super) fn start(folder: &Path, models: &Path, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let failed = |what: String| Failure::new("server", what);
        let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
        let mut process = Command::new(program)
            .current_dir(folder)
            .args([
                "--json",
                "--data-dir",
                "data",
                "--config",
                "config.yaml",
                "serve",
                "--listen",
                "127.0.0.1:0",
            ])
            .env("VOICEGATE_MODELS__DIR", models)
            .env("VOICEGATE_LOG__FILTER", "warn")
            .env("VOICEGATE_STORAGE__URL", "null")
            // The same recording is enrolled and sent again; it is not about voices.
            .env("VOICEGATE_SPOOFING__DUPLICATES__REFUSE", "false")
            .env("VOICEGATE_ENROLMENT__MIN_SAMPLES", "1")
            .env("VOICEGATE_ENROLMENT__MIN_NET_SPEECH_S", "1")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(format!("the server does not start: {error}")))?;
        let started = process.stdout.take().map(|out| read_document(&mut BufReader::new(out)));
        let started = match started {
            Some(Ok(started)) => started,
            _ => {
                let _ = process.kill();
                let _ = process.wait();
                return Err(failed("the server did not start; its reason stands above".into()));
            }
        };
        let text = |name: &str| started[name].as_str().unwrap_or_default().to_owned();
        let agent = Agent::config_builder().timeout_global(Some(Duration::from_secs(60))).build().new_agent();
        Ok(Self { process, address: text("address"), key: text("first_admin_key"), agent })
    }

    /// Posts as the administrator.
    pub(super) fn post(&self, path: &str, body: &str) -> Result<Value, Failure> {
        self.send(path, body, Some(&format!("Bearer {}", self.key)))
    }

    /// Posts as anybody.
    pub(super) fn post_openly(&self, path: &str, body: &str) -> Result<Value, Failure> {
        self.send(path, body, None)
    }

    fn send(&self, path: &str, body: &str, authorization: Option<&str>) -> Result<Value, Failure> {
        let failed = |error: ureq::Error| Failure::new("server", format!("{path}: {error}"));
        let mut request =
            self.agent.post(format!("{}{path}", self.address)).header("Content-Type", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        request.send(body).map_err(failed)?.body_mut().read_json().map_err(failed)
    }

    /// Enrols a person with one recording, in base64.
    pub(super) fn enroll(&self, user: &str, audio: &str) -> Result<(), Failure> {
        let body = json!({"user_id": user, "audio": audio, "content_type": "audio/wav"}).to_string();
        let answer = self.post("/api/v1/voice/auth/enroll-biometric", &body)?;
        match answer["outcome"].as_str() {
            Some("ACCEPT") => Ok(()),
            _ => Err(Failure::new("server", format!("the recording cannot be enrolled: {answer}"))),
        }
    }

    /// Memory by the kernel's account.
    pub(super) fn memory(&self) -> Result<Memory, Failure> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(&path).map_err(|error| Failure::file(Path::new(&path), &error))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
        };
        match (field("VmRSS:"), field("VmHWM:")) {
            (Some(resident_mib), Some(peak_mib)) => Ok(Memory { resident_mib, peak_mib }),
            _ => Err(Failure::new("server", format!("{path} does not tell the memory"))),
        }
    }
}

/// Memory of a server, in MiB.
pub(super) struct Memory {
    pub(super) resident_mib: f64,
    pub(super) peak_mib: f64,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It holds nothing worth keeping.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The first JSON document on the stream, which stays open behind it.
fn read_document(stream: &mut impl BufRead) -> Result<Value, serde_json::Error> {
    let mut text = String::new();
    loop {
        let end = stream.read_line(&mut text).map_err(serde_json::Error::io)? == 0;
        match serde_json::from_str(&text) {
            Err(error) if error.is_eof() && !end => {}
            done => return done,
        }
    }
}
