//! Where the configuration comes from: a YAML file, the environment, and overrides in the database.

mod file;
mod watch;

use std::path::{Path, PathBuf};

use voicegate_service::config::{ConfigError, Layers, from_environment};

pub(crate) use file::{DEFAULT_FILE, read, write_default};
pub(crate) use watch::watch;

/// Where the file is when nobody says otherwise.
const USUAL: &str = "config/voice_auth_config.yaml";

/// Which file holds the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigFile {
    /// The one that was named: it has to be there.
    Named(PathBuf),
    /// The usual one, if it is there.
    Usual,
}

impl ConfigFile {
    pub(crate) fn new(named: Option<PathBuf>) -> Self {
        named.map_or(Self::Usual, Self::Named)
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Usual => Path::new(USUAL),
        }
    }

    /// Where the configuration comes from, in words.
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Usual if !self.path().exists() => "defaults and environment; there is no file".into(),
            _ => self.path().display().to_string(),
        }
    }

    /// File and environment as layers; the overrides are the database's to add.
    pub(crate) fn layers(&self) -> Result<Layers, ConfigError> {
        let file = match self {
            Self::Usual if !self.path().exists() => Layers::default().file,
            _ => read(self.path())?,
        };
        Ok(Layers { file, environment: from_environment(variables()), ..Layers::default() })
    }
}

/// The environment as text; a variable that is not text cannot be one of ours.
fn variables() -> impl Iterator<Item = (String, String)> {
    let all = || {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
    };
    // What other programs call ONNX Runtime's library; our own name for it comes later and wins.
    let library = all()
        .filter(|(name, _)| name == "ORT_DYLIB_PATH")
        .map(|(_, path)| ("VOICEGATE_MODELS__RUNTIME_LIBRARY".to_owned(), path));
    library.chain(all())
}
