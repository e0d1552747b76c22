use std::path::PathBuf;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// Where models are and how they run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsConfig {
    /// Folder of `model_registry.json`.
    #[garde(skip)]
    pub dir: PathBuf,
    /// The ONNX Runtime library; `null` looks in `.runtime/`, beside the program, and in the system.
    #[garde(skip)]
    pub runtime_library: Option<PathBuf>,
    /// Sessions that run side by side; `null` is one per two cores.
    #[garde(inner(range(min = 1, max = 256)))]
    pub workers: Option<usize>,
    /// Threads inside each session.
    #[garde(range(min = 1, max = 64))]
    pub threads_per_worker: usize,
    /// Utterances that may wait; one more is refused as overloaded.
    #[garde(range(min = 1, max = 10_000))]
    pub queue: usize,
    /// Longest time from queueing to answer, in milliseconds.
    #[garde(range(min = 100, max = 120_000))]
    pub deadline_ms: u64,
}

impl Default for ModelsConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("models/voice"),
            runtime_library: None,
            workers: None,
            threads_per_worker: 1,
            queue: 64,
            deadline_ms: 10_000,
        }
    }
}
