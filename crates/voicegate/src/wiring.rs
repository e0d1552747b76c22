//! Puts the components together, as much of them as a command needs.

use std::fs::{self, DirBuilder};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use voicegate_models::{Library, Models, PoolSettings, Registry, Runtime, Settings, adopt, materialise};
use voicegate_service::Service;
use voicegate_service::config::{LiveConfig, ModelsConfig, StorageConfig, VoiceAuthConfig};
use voicegate_store::seal::KeyFile;
use voicegate_store::{StoreOptions, Vault};

use crate::cli::Global;
use crate::config::ConfigFile;
use crate::exit::{Failure, chain};
use crate::logging::{self, Purpose};
use crate::output::Format;
use crate::system::{OsEntropy, SystemClock};

/// Where single commands put the shipped models when there is no configured folder.
const BESIDE_DATA: &str = "models/voice";

/// What the user said that all commands need.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) data_dir: PathBuf,
    pub(crate) config: ConfigFile,
    pub(crate) format: Format,
    pub(crate) verbose: u8,
}

/// What a command finds when there is no data yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// Folder, key and database are made.
    Make,
    /// It fails: there is nothing that it could look at.
    Expect,
}

/// Where the models of a command lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelsAt {
    /// In the configured folder, or below the data folder if there is no such folder.
    Hand,
    /// In the configured folder, which is made.
    Home,
}

/// The components at work.
pub(crate) struct Opened {
    pub(crate) service: Service,
    pub(crate) vault: Arc<Vault>,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            data_dir: global.data_dir.clone(),
            config: ConfigFile::new(global.config.clone()),
            format: global.format(),
            verbose: global.verbose,
        }
    }

    /// Reads the configuration and starts logging, for a command that answers and ends.
    pub(crate) fn configure(&self) -> Result<Arc<LiveConfig>, Failure> {
        let live = Arc::new(LiveConfig::new(self.config.layers()?)?);
        logging::start(&live.current().log, Purpose::OneShot, self.verbose)?;
        Ok(live)
    }

    /// Opens everything for one answer.
    pub(crate) async fn open(&self, data: Data) -> Result<Opened, Failure> {
        self.assemble(self.configure()?, data, ModelsAt::Hand).await
    }

    /// Opens everything under the configuration in `live`.
    pub(crate) async fn assemble(
        &self,
        live: Arc<LiveConfig>,
        data: Data,
        models: ModelsAt,
    ) -> Result<Opened, Failure> {
        let config = live.current();
        let vault = Arc::new(self.vault(&config.storage, data).await?);
        let models = self.models(&config.models, models).unwrap_or_else(|failure| {
            tracing::error!(
                reason = failure.message,
                "no speaker model; voices cannot be enrolled or verified"
            );
            Models::none(failure.message)
        });
        let models = Arc::new(models);
        let service = Service::new(vault.clone(), models, live, Arc::new(SystemClock), Arc::new(OsEntropy));
        // Takes over the overrides that are stored.
        service.configuration().await?;
        Ok(Opened { service, vault })
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.data_dir.join("master.key")
    }

    /// Where the audit log's end is noted outside of the database.
    pub(crate) fn anchor_file(&self) -> PathBuf {
        self.data_dir.join("audit.anchor")
    }

    pub(crate) fn database_url(&self, config: &StorageConfig) -> String {
        config
            .url
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("voicegate.db").display()))
    }

    /// The database, opened with the master key.
    pub(crate) async fn vault(&self, config: &StorageConfig, data: Data) -> Result<Vault, Failure> {
        let key_file = match data {
            Data::Make => {
                make_private(&self.data_dir).map_err(|error| Failure::file(&self.data_dir, &error))?;
                KeyFile::open_or_create(self.key_file(), &OsEntropy)
            }
            Data::Expect if !self.key_file().exists() => {
                return Err(Failure::new(
                    "no-data",
                    format!(
                        "there is no data in '{}'; enrol a voice or start the server first, or name the folder with --data-dir",
                        self.data_dir.display()
                    ),
                ));
            }
            Data::Expect => KeyFile::open(self.key_file()),
        };
        let key_file = key_file.map_err(|error| Failure::new("master-key", chain(&error)))?;
        let options = StoreOptions {
            anchor: Some(self.anchor_file()),
            max_connections: config.max_connections,
            acquire_timeout: Duration::from_secs(config.acquire_timeout_s),
            ..StoreOptions::default()
        };
        voicegate_store::open(&self.database_url(config), &options, key_file, Arc::new(OsEntropy))
            .await
            .map_err(Failure::from)
    }

    /// The folder with the registry, if there is one; makes nothing.
    pub(crate) fn present_models_folder(&self, config: &ModelsConfig) -> Option<PathBuf> {
        let beside_data = self.data_dir.join(BESIDE_DATA);
        [&config.dir, &beside_data].into_iter().find(|folder| folder.exists()).cloned()
    }

    /// Loads the models.
    pub(crate) fn models(&self, config: &ModelsConfig, at: ModelsAt) -> Result<Models, Failure> {
        self.load(config, at, &settings(config, config.workers))
    }

    /// The models with one session per core, for work that has the machine to itself.
    pub(crate) fn models_on_every_core(&self, config: &VoiceAuthConfig) -> Result<Models, Failure> {
        self.load(&config.models, ModelsAt::Hand, &every_core(config))
    }

    /// The models with one session of one thread each, for measurements.
    pub(crate) fn models_of_one_thread(&self, config: &VoiceAuthConfig) -> Result<Models, Failure> {
        let settings = Settings {
            workers: NonZeroUsize::MIN,
            threads_per_worker: NonZeroUsize::MIN,
            ..settings(&config.models, None)
        };
        self.load(&config.models, ModelsAt::Hand, &settings)
    }

    fn load(&self, config: &ModelsConfig, at: ModelsAt, settings: &Settings) -> Result<Models, Failure> {
        let (runtime, folder) = self.runtime(config, at)?;
        let registry = Registry::open(&folder).map_err(|error| unavailable(&error))?;
        Models::load(&runtime, &registry, settings).map_err(|error| unavailable(&error))
    }

    /// The runtime, and the folder with the registry to which was added what the set-up fetched.
    pub(crate) fn runtime(&self, config: &ModelsConfig, at: ModelsAt) -> Result<(Runtime, PathBuf), Failure> {
        let folder = self.models_folder(config, at)?;
        let runtime =
            Runtime::load(&library(config)).map_err(|error| unavailable(&error))?.on(config.provider);
        // What the set-up fetched lies beside the library, or at the top of a build tree.
        let beside = runtime.library().parent().filter(|folder| !folder.as_os_str().is_empty());
        let fetched = beside.map(Path::to_owned).into_iter();
        for from in fetched.chain(program_folders().map(|folder| folder.join(".runtime"))) {
            match adopt(&folder, &from.join("models")) {
                Ok(taken) => taken.iter().for_each(|path| {
                    tracing::info!(path = %path.display(), "fetched model file taken over");
                }),
                // A folder that cannot be written may be complete without it.
                Err(error) => {
                    tracing::warn!(error = chain(&error), "a fetched model file cannot be taken over");
                }
            }
        }
        Ok((runtime, folder))
    }

    /// The folder with the registry. The server makes the configured one; a single command leaves the current folder
    /// alone and, where there is none, puts the shipped models beside the data.
    pub(crate) fn models_folder(&self, config: &ModelsConfig, at: ModelsAt) -> Result<PathBuf, Failure> {
        let configured = &config.dir;
        let folder = if at == ModelsAt::Home {
            configured.clone()
        } else if configured.exists() || *configured != ModelsConfig::default().dir {
            return Ok(configured.clone());
        } else {
            make_private(&self.data_dir).map_err(|error| Failure::file(&self.data_dir, &error))?;
            self.data_dir.join(BESIDE_DATA)
        };
        let written = materialise(&folder).map_err(|error| Failure::new("file", chain(&error)))?;
        for path in written {
            tracing::info!(path = %path.display(), "shipped model file written");
        }
        Ok(folder)
    }
}

impl Opened {
    /// Ends the work in good order, whatever came of it.
    pub(crate) async fn finish<T, E: Into<Failure>>(self, result: Result<T, E>) -> Result<T, Failure> {
        close(&self.vault, result).await
    }
}

/// Signs the audit log off and closes the database.
pub(crate) async fn close<T, E: Into<Failure>>(vault: &Vault, result: Result<T, E>) -> Result<T, Failure> {
    let closed = vault.close().await;
    let done = result.map_err(Into::into)?;
    // What was done is stored and recorded already; only the sign-off is missing.
    if let Err(error) = closed {
        tracing::warn!(error = chain(&error), "the audit log could not be signed off");
    }
    Ok(done)
}

/// Where ONNX Runtime is looked for. Not in the current folder: whoever can write there must not get to run code.
pub(crate) fn library(config: &ModelsConfig) -> Library {
    match &config.runtime_library {
        Some(path) => Library::At(path.clone()),
        None => Library::Beside(program_folders().collect()),
    }
}

/// Beside the program, and up to the top of a build tree (target/release/voicegate).
fn program_folders() -> impl Iterator<Item = PathBuf> {
    let program = std::env::current_exe().and_then(fs::canonicalize).unwrap_or_default();
    let folders: Vec<PathBuf> = program.ancestors().skip(1).take(3).map(Path::to_owned).collect();
    folders.into_iter()
}

fn settings(config: &ModelsConfig, workers: Option<usize>) -> Settings {
    let usual = Settings::default();
    Settings {
        quantized: config.quantized,
        workers: workers.and_then(NonZeroUsize::new).unwrap_or(usual.workers),
        threads_per_worker: NonZeroUsize::new(config.threads_per_worker).unwrap_or(usual.threads_per_worker),
        pool: PoolSettings {
            queue: NonZeroUsize::new(config.queue).unwrap_or(usual.pool.queue),
            deadline: Duration::from_millis(config.deadline_ms),
        },
        whisper: config.whisper.settings(),
    }
}

/// One session per core and much patience.
pub(crate) fn every_core(config: &VoiceAuthConfig) -> Settings {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut settings = settings(&config.models, Some(cores));
    settings.pool.deadline = Duration::from_secs(600);
    settings
}

fn unavailable(error: &dyn std::error::Error) -> Failure {
    Failure::new("model-unavailable", chain(error))
}

/// Only its owner may enter: keys and voices lie there.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
