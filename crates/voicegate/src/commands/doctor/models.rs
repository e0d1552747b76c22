//! Runtime library, model files, model folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use voicegate_models::{
    FOLDERS, ModelState, Models, PeerSettings, Registry, Runtime, Settings, WhisperClient,
};
use voicegate_service::config::ModelsConfig;

use super::Check;
use crate::exit::chain;
use crate::wiring::{Context, library};

pub(super) fn checks(context: &Context, config: &ModelsConfig) -> Vec<Check> {
    let folder = context.present_models_folder(config);
    let mut checks = Vec::new();
    let runtime = Runtime::load(&library(config));
    checks.push(match &runtime {
        Ok(runtime) => Check::ok("runtime library", runtime.library().display().to_string()),
        Err(error) => Check::fail(
            "runtime library",
            chain(error),
            "run scripts/fetch-runtime, or name the library in models.runtime_library or ORT_DYLIB_PATH",
        ),
    });
    checks.extend(config.whisper.settings().map(|settings| whisper(&settings)));
    let Some(folder) = folder else {
        checks.push(Check::warn(
            "models",
            format!("there is no folder {}", config.dir.display()),
            "nothing: the first command that needs them writes the shipped models",
        ));
        return checks;
    };
    checks.push(folders(&folder));
    match Registry::open(&folder) {
        Err(error) => checks.push(Check::fail(
            "models",
            chain(&error),
            "restore the registry; without the file, the next start writes the shipped one",
        )),
        Ok(registry) => match runtime
            .as_ref()
            .map(|runtime| Models::load(runtime, &registry, &Settings::default()))
        {
            Ok(Ok(models)) => checks.extend(models.health().iter().map(|model| match &model.state {
                ModelState::Refused { reason } => Check::fail(
                    "model",
                    format!("{}: {reason}", model.id),
                    "restore its file from a backup, or delete a shipped one and start again",
                ),
                ModelState::Loaded => Check::ok("model", format!("{}: hash and self-test passed", model.id)),
                ModelState::Verified => Check::ok("model", format!("{}: hash verified", model.id)),
            })),
            Ok(Err(error)) => {
                checks.push(Check::fail("models", chain(&error), "restore the files that are named"));
            }
            Err(_) => {
                checks.push(Check::warn("models", "not loaded without the runtime library", "see above"));
            }
        },
    }
    checks
}

/// The server that hears the words of challenges.
fn whisper(settings: &PeerSettings) -> Check {
    match WhisperClient::new(settings).and_then(|client| client.health()) {
        Ok(()) => Check::ok("whisper server", format!("{} answers", settings.url)),
        Err(error) => Check::fail(
            "whisper server",
            format!("{}: {error}", settings.url),
            "start it, or correct models.whisper; until then no challenge can be answered",
        ),
    }
}

/// P1.2: the folders are there, and only their owner may write.
fn folders(root: &Path) -> Check {
    for folder in FOLDERS {
        let path = root.join(folder);
        let mode = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => metadata.permissions().mode() & 0o777,
            _ => {
                return Check::warn(
                    "model folders",
                    format!("{} is missing", path.display()),
                    "start the server once: it makes them",
                );
            }
        };
        if mode & 0o022 != 0 {
            return Check::fail(
                "model folders",
                format!("{} can be written by others (mode {mode:03o})", path.display()),
                format!("chmod 755 {}", path.display()),
            );
        }
    }
    Check::ok("model folders", root.display().to_string())
}
