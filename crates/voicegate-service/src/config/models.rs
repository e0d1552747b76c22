use std::path::PathBuf;

use garde::Validate;
use serde::{Deserialize, Serialize};
use voicegate_models::{Mirror, Provider, Quantized};

/// Where models are and how they run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsConfig {
    /// Folder of `model_registry.json`.
    #[garde(skip)]
    pub dir: PathBuf,
    /// Where `voicegate models pull` takes models from when it is not told: a folder, or an `https://` or `http://`
    /// address of one.
    #[garde(inner(custom(is_mirror)))]
    pub mirror: Option<String>,
    /// The ONNX Runtime library; `null` looks in `.runtime/`, beside the program, and in the system.
    #[garde(skip)]
    pub runtime_library: Option<PathBuf>,
    /// What the networks run on.
    #[garde(skip)]
    pub provider: Provider,
    /// Whether the quantized form of a model serves where it has one.
    #[garde(skip)]
    pub quantized: Quantized,
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

#[expect(clippy::ptr_arg, reason = "garde hands the field itself over")]
fn is_mirror(mirror: &String, (): &()) -> garde::Result {
    Mirror::new(mirror).map(drop).map_err(garde::Error::new)
}

impl Default for ModelsConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("models/voice"),
            mirror: None,
            runtime_library: None,
            provider: Provider::Auto,
            quantized: Quantized::Auto,
            workers: None,
            threads_per_worker: 1,
            queue: 64,
            deadline_ms: 10_000,
        }
    }
}
