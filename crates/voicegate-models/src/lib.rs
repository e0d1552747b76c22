//! Neural models: which ones there are, whether they are the ones they claim to be, and running them.
//!
//! [`Runtime`] loads ONNX Runtime, [`Registry`] reads `model_registry.json` and checks every file's hash, [`Models`]
//! loads the active model of each task (or its fallback) and answers through a [`Pool`] of threads with a bounded queue.
//! [`Offer`] takes a model from a [`Mirror`], and [`activate()`] chooses who serves.

mod activate;
mod calibrate;
mod health;
mod models;
mod pool;
mod pull;
mod registry;
mod runtime;
mod self_test;
mod session;
mod shipped;
mod side_by_side;
mod speaker;

pub use activate::{ActivateError, Activated, activate};
pub use calibrate::set_calibrations;
pub use health::{ModelHealth, ModelState, Role};
pub use models::{LoadError, Models, Quantized, Settings, int8_is_fast};
pub use pool::{Answer, Pool, PoolError, PoolSettings, Ticket};
pub use pull::{LockEntry, Mirror, Offer, PullError, Pulled};
pub use registry::{
    Architecture, Assignment, FOLDERS, Fault, Features, FittedCalibration, Input, Metadata, ModelFile,
    ModelId, Output, Precision, Refusal, Registry, RegistryError, SelfTest, Sha256, SystemEntry, Task,
    TreeError, prepare_folders,
};
pub use runtime::{Library, Provider, Runtime, RuntimeError};
pub use self_test::Signal;
pub use session::{ModelSession, SessionError};
pub use shipped::{SHIPPED_SPEAKER_MODEL, adopt, materialise};
pub use side_by_side::{SideBySideError, side_by_side};
pub use speaker::{
    EcapaTdnnExtractor, EmbedError, Embedded, Ge2eExtractor, Heard, MIN_SECONDS, ResNet34SeExtractor,
    SpeakerExtractor, SpeakerModel, SpeakerModels, System, WINDOW_SECONDS, extractor, quality_measures,
    renderings,
};
