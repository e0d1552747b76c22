//! Neural models: which ones there are, whether they are the ones they claim to be, and running them.
//!
//! [`Runtime`] loads ONNX Runtime, [`Registry`] reads `model_registry.json` and checks every file's hash, [`Models`]
//! loads the active model of each task (or its fallback) and answers through a [`Pool`] of threads with a bounded queue.
//! [`Offer`] takes a model from a [`Mirror`], and [`activate()`] chooses who serves. A [`Peer`] is a server that an operator
//! runs beside this program.

mod activate;
mod antispoofing;
mod calibrate;
mod health;
mod loading;
mod models;
mod peer;
mod pool;
mod pull;
mod recogniser;
mod registry;
mod runtime;
mod self_test;
mod served;
mod session;
mod shipped;
mod side_by_side;
mod speaker;

pub use activate::{ActivateError, Activated, activate};
pub use antispoofing::{Countermeasures, ScoreError, Scored};
pub use calibrate::{set_calibrations, set_countermeasures};
pub use health::{ModelHealth, ModelState, Role};
pub use models::{LoadError, Models, Quantized, Settings, int8_is_fast};
pub use peer::{Peer, PeerError, PeerSettings};
pub use pool::{Answer, Pool, PoolError, PoolSettings, Ticket};
pub use pull::{LockEntry, Mirror, Offer, PullError, Pulled};
pub use recogniser::{CtcNetwork, HearError, Recogniser, WhisperClient, WhisperError, WhisperServer};
pub use registry::{
    Architecture, Assignment, CountermeasureEntry, FOLDERS, Fault, Features, FittedCalibration, Input,
    Metadata, ModelFile, ModelId, Output, Precision, Refusal, Registry, RegistryError, SelfTest, Sha256,
    SystemEntry, Task, TreeError, prepare_folders,
};
pub use runtime::{Library, Provider, Runtime, RuntimeError};
pub use self_test::Signal;
pub use served::Served;
pub use session::{Answers, ModelSession, SessionError};
pub use shipped::{SHIPPED_SPEAKER_MODEL, adopt, materialise};
pub use side_by_side::{SideBySideError, countermeasures_side_by_side, side_by_side};
pub use speaker::{
    EcapaTdnnExtractor, EmbedError, Embedded, Ge2eExtractor, Heard, MIN_SECONDS, ResNet34SeExtractor,
    SpeakerExtractor, SpeakerModel, SpeakerModels, System, WINDOW_SECONDS, extractor, quality_measures,
    renderings,
};
