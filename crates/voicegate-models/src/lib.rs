//! Neural models: which ones there are, whether they are the ones they claim to be, and running them.
//!
//! [`Runtime`] loads ONNX Runtime, [`Registry`] reads `model_registry.json` and checks every file's hash, [`Models`]
//! loads the active model of each task (or its fallback) and answers through a [`Pool`] of threads with a bounded queue.

mod health;
mod models;
mod pool;
mod registry;
mod runtime;
mod self_test;
mod session;
mod shipped;
mod speaker;

pub use health::{ModelHealth, ModelState, Role};
pub use models::{LoadError, Models, Settings};
pub use pool::{Answer, Pool, PoolError, PoolSettings, Ticket};
pub use registry::{
    Architecture, Assignment, FOLDERS, Fault, Features, Input, Metadata, ModelFile, ModelId, OperatingPoint,
    Output, Precision, Refusal, Registry, RegistryError, SelfTest, Sha256, Task, TreeError, prepare_folders,
};
pub use runtime::{Library, Runtime, RuntimeError};
pub use self_test::Signal;
pub use session::{ModelSession, SessionError};
pub use shipped::{SHIPPED_SPEAKER_MODEL, materialise};
pub use speaker::{EcapaTdnnExtractor, EmbedError, Embedded, MIN_SECONDS, SpeakerModel, WINDOW_SECONDS};
