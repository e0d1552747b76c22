//! The same work in Python.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::samples::{Samples, Summary};
use crate::exit::Failure;

/// Runs `training/bench/verify_torch.py` and collects its times.
pub(super) struct Python {
    program: PathBuf,
    root: PathBuf,
    recording: PathBuf,
    model: PathBuf,
    stages: BTreeMap<String, Samples>,
}

impl Python {
    pub(super) fn new(program: PathBuf, root: PathBuf, recording: PathBuf, model: PathBuf) -> Self {
        Self { program, root, recording, model, stages: BTreeMap::new() }
    }

    /// One round of `iterations`, after `warm_up` that are not timed. Start and loading are not timed either.
    pub(super) fn round(&mut self, iterations: u32, warm_up: u32) -> Result<(), Failure> {
        let failed = |what: String| Failure::new("python", what);
        let output = Command::new(&self.program)
            .current_dir(&self.root)
            .args(["-m", "training.bench.verify_torch", "--recording"])
            .arg(&self.recording)
            .arg("--model")
            .arg(&self.model)
            .args(["--iterations", &iterations.to_string(), "--warm-up", &warm_up.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| failed(format!("{}: {error}", self.program.display())))?;
        if !output.status.success() {
            return Err(failed(format!("{} ended with {}", self.program.display(), output.status)));
        }
        let times: BTreeMap<String, Vec<f64>> = serde_json::from_slice(&output.stdout)
            .map_err(|error| failed(format!("the answer of training.bench.verify_torch: {error}")))?;
        for (stage, times) in &times {
            self.stages.entry(stage.clone()).or_default().extend(times);
        }
        Ok(())
    }

    pub(super) fn summaries(self) -> BTreeMap<String, Summary> {
        self.stages.into_iter().filter_map(|(name, samples)| Some((name, samples.summary()?))).collect()
    }
}
