//! Loading the ONNX Runtime library, once per process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider as _, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use serde::{Deserialize, Serialize};

const FILE_NAME: &str = "libonnxruntime.so";

/// Where the library is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Library {
    /// This file and no other: an operator who names a library must not silently get another one.
    At(PathBuf),
    /// `.runtime/libonnxruntime.so` and `libonnxruntime.so` in each folder, in order; then the system's loader.
    Beside(Vec<PathBuf>),
}

/// What the networks run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The graphics processor where the library has CUDA and it works, otherwise the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The graphics processor, or a refusal.
    Cuda,
}

/// The loaded ONNX Runtime. A cheap handle; every session keeps the library alive.
#[derive(Debug, Clone)]
pub struct Runtime {
    environment: Environment,
    library: PathBuf,
    provider: Provider,
}

/// Why ONNX Runtime is not available.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// No library at any of the places.
    #[error(
        "ONNX Runtime was not found; tried {}. `make runtime` fetches it, or name the library in the configuration",
        list(.tried)
    )]
    NotFound {
        /// Every path tried, in order.
        tried: Vec<PathBuf>,
    },
    /// A file is there and cannot be used.
    #[error("{} is not a usable ONNX Runtime library (version 1.{minimum} or newer is needed): {reason}", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Lowest minor version that serves.
        minimum: u32,
        /// The loader's words.
        reason: String,
    },
}

/// A process has one ONNX Runtime; a second library cannot be loaded beside the first.
static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Loads the library and starts its environment, with telemetry off and its log going to `tracing`.
    ///
    /// Later calls return what the first successful one loaded, whatever they ask for.
    ///
    /// # Errors
    /// [`RuntimeError::NotFound`] with every path tried; [`RuntimeError::Unusable`] for a library that is too old,
    /// damaged or made for another machine.
    pub fn load(library: &Library) -> Result<Self, RuntimeError> {
        // The slot is written once, after success, so a panic elsewhere cannot leave it half-made.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            return Ok(runtime.clone());
        }
        let runtime = Self::load_first(library)?;
        tracing::info!(library = %runtime.library.display(), "ONNX Runtime loaded");
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    fn load_first(library: &Library) -> Result<Self, RuntimeError> {
        let candidates = candidates(library);
        if let Some(path) = candidates.iter().find(|path| path.is_file()) {
            // Absolute, because a relative path is resolved against the program's folder first.
            let path = path.canonicalize().map_err(|error| unusable(path, &error.to_string()))?;
            return Self::start(&path);
        }
        if matches!(library, Library::Beside(_)) {
            match Self::start(Path::new(FILE_NAME)) {
                // What the loader says of a name that it finds nowhere.
                Err(RuntimeError::Unusable { reason, .. }) if reason.contains("dlopen failed") => {}
                found => return found,
            }
        }
        Err(RuntimeError::NotFound { tried: candidates })
    }

    fn start(path: &Path) -> Result<Self, RuntimeError> {
        let environment = ort::init_from(path)
            .map_err(|error| unusable(path, &error.to_string()))?
            .with_name("voicegate")
            .with_telemetry(false)
            .with_logger(Arc::new(forward))
            .build()
            .map_err(|error| unusable(path, &error.to_string()))?;
        environment.set_log_level(LogLevel::Warning);
        Ok(Self { environment, library: path.to_owned(), provider: Provider::default() })
    }

    /// The same runtime for sessions on `provider`.
    #[must_use]
    pub fn on(self, provider: Provider) -> Self {
        Self { provider, ..self }
    }

    /// The execution providers of a session, the first choice first. The arena is off: see [`crate::ModelSession`].
    pub(crate) fn providers(&self) -> Vec<ExecutionProviderDispatch> {
        let cpu = ep::CPU::default().with_arena_allocator(false).build();
        let cuda = ep::CUDA::default();
        match self.provider {
            Provider::Cpu => vec![cpu],
            Provider::Cuda => vec![cuda.build().error_on_failure(), cpu],
            // A library without CUDA is the usual case and nothing to speak of; one whose CUDA does not start is logged
            // by the runtime, and the processor serves.
            Provider::Auto if ep::CUDA::is_available().unwrap_or(false) => vec![cuda.build(), cpu],
            Provider::Auto => vec![cpu],
        }
    }

    /// The file that was loaded (a bare name if the system's loader found it).
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// What the library says of its build, for diagnosis.
    #[must_use]
    pub fn build_info(&self) -> &'static str {
        ort::info()
    }

    /// The environment, for sessions with other options than [`crate::ModelSession`] has (measurements).
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }
}

fn candidates(library: &Library) -> Vec<PathBuf> {
    match library {
        Library::At(path) => vec![path.clone()],
        Library::Beside(folders) => folders
            .iter()
            .flat_map(|folder| [folder.join(".runtime").join(FILE_NAME), folder.join(FILE_NAME)])
            .chain([PathBuf::from(FILE_NAME)])
            .collect(),
    }
}

fn unusable(path: &Path, reason: &str) -> RuntimeError {
    RuntimeError::Unusable { path: path.to_owned(), minimum: ort::MINOR_VERSION, reason: reason.to_owned() }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn forward(level: LogLevel, category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Verbose | LogLevel::Info => tracing::trace!(category, location, "{message}"),
        LogLevel::Warning => tracing::debug!(category, location, "{message}"),
        LogLevel::Error | LogLevel::Fatal => tracing::error!(category, location, "{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tried_path_is_named() {
        let error = Runtime::load_first(&Library::At("/nowhere/libonnxruntime.so".into())).unwrap_err();
        assert_eq!(error, RuntimeError::NotFound { tried: vec!["/nowhere/libonnxruntime.so".into()] });
        assert!(error.to_string().contains("/nowhere/libonnxruntime.so"), "{error}");
        assert_eq!(
            candidates(&Library::Beside(vec!["/a".into(), "/b".into()])),
            [
                "/a/.runtime/libonnxruntime.so",
                "/a/libonnxruntime.so",
                "/b/.runtime/libonnxruntime.so",
                "/b/libonnxruntime.so",
                "libonnxruntime.so"
            ]
            .map(PathBuf::from)
        );
    }

    #[test]
    fn a_library_that_is_nowhere_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        match Runtime::load_first(&Library::Beside(vec![folder.path().to_owned()])) {
            Err(RuntimeError::NotFound { tried }) => assert_eq!(tried.len(), 3),
            Err(error) => panic!("{error:?}"),
            Ok(_) => println!("SKIPPED: the system has a library of its own"),
        }
    }

    #[test]
    fn a_file_that_is_no_library_is_refused_by_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, b"not a library").unwrap();
        let error = Runtime::load_first(&Library::At(path.clone())).unwrap_err();
        assert!(matches!(&error, RuntimeError::Unusable { minimum: 23, .. }), "{error:?}");
        assert!(error.to_string().contains(FILE_NAME));
    }
}
