//! A folder of its own for each test, and the binary run in it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;

use crate::signal::{Voice, wav};

pub(crate) const ALICE: Voice = Voice { pitch_hz: 105.0, formants: 0.95 };
pub(crate) const MALLORY: Voice = Voice { pitch_hz: 215.0, formants: 1.22 };

/// A temporary folder as the current one.
pub(crate) struct Sandbox(TempDir);

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Four seconds of a made-up voice in a file.
    pub(crate) fn voice(&self, name: &str, voice: Voice, take: u32) -> PathBuf {
        self.write(name, wav(voice, 4.0, take))
    }

    /// Five takes of each of two voices in the data set `made_up`, with their list, `list.tsv`.
    pub(crate) fn corpus(&self) -> PathBuf {
        let mut list = String::from("path\tdataset\tspeaker\n");
        for (speaker, voice) in [("a", ALICE), ("m", MALLORY)] {
            for take in 1..=5 {
                let name = format!("{speaker}{take}.wav");
                self.voice(&name, voice, take);
                list.push_str(&format!("{name}\tmade_up\t{speaker}\n"));
            }
        }
        self.write("list.tsv", list)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voicegate"));
        command
            .current_dir(self.0.path())
            .args(args)
            .env_remove("VOICEGATE_DATA_DIR")
            .env_remove("VOICEGATE_CONFIG")
            // The voices here are made up, which the countermeasures say, and they repeat themselves.
            .env("VOICEGATE_SPOOFING__COUNTERMEASURES", "off")
            .env("VOICEGATE_SPOOFING__DUPLICATES__REFUSE", "false");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// Enrols `voice` as `user`.
    pub(crate) fn enroll(&self, user: &str, voice: Voice) -> Ran {
        let files: Vec<String> = (1..=3)
            .map(|take| self.voice(&format!("{user}-{take}.wav"), voice, take).display().to_string())
            .collect();
        self.run(&["--json", "enroll", "--user", user, &files[0], &files[1], &files[2]])
    }

    /// Starts a server on a free port and waits until it answers.
    pub(crate) fn serve(&self, data_dir: &str) -> Server {
        self.serve_with(&["--data-dir", data_dir, "serve", "--listen", "127.0.0.1:0"])
    }

    /// Starts whatever `args` serve, and waits until it answers.
    pub(crate) fn serve_with(&self, args: &[&str]) -> Server {
        let log = self.path("server.log");
        let mut process = self
            .command(&[&["--json"], args].concat())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut text = String::new();
        let started: Value = loop {
            let ended = out.read_line(&mut text).unwrap() == 0;
            match serde_json::from_str(&text) {
                Ok(started) => break started,
                Err(_) => assert!(!ended, "no server: {text}\n{}", fs::read_to_string(&log).unwrap()),
            }
        };
        let agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Server {
            process,
            address: started["address"].as_str().unwrap().to_owned(),
            key: started["first_admin_key"].as_str().map(str::to_owned),
            log,
            agent,
        }
    }
}

/// A finished run.
pub(crate) struct Ran(Output);

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out()).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.out(), self.err()))
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
    /// Only after the very first start.
    pub(crate) key: Option<String>,
    log: PathBuf,
    pub(crate) agent: Agent,
}

impl Server {
    pub(crate) fn get(&self, path: &str, key: &str) -> (u16, Value) {
        get(&self.agent, &format!("{}{path}", self.address), key)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// SIGKILL: no chance to tidy up.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, and the exit code.
    pub(crate) fn terminate(&mut self) -> i32 {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.process.wait().unwrap().code().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn get(agent: &Agent, url: &str, key: &str) -> (u16, Value) {
    let mut response = agent.get(url).header("Authorization", format!("Bearer {key}")).call().unwrap();
    (response.status().as_u16(), response.body_mut().read_json().unwrap_or(Value::Null))
}

/// Waits for something that happens in another process.
#[track_caller]
pub(crate) fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
