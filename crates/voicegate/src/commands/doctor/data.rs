//! Data folder, master key, database.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use voicegate_service::config::StorageConfig;
use voicegate_service::ports::Store;
use voicegate_store::seal::KeyFile;

use super::Check;
use crate::exit::chain;
use crate::wiring::{Context, Data};

pub(super) async fn checks(context: &Context, config: &StorageConfig) -> Vec<Check> {
    let folder = &context.data_dir;
    let mode = match fs::metadata(folder) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(_) => {
            return vec![Check::warn(
                "data folder",
                format!("there is no {}", folder.display()),
                "nothing, if this is a new installation: the first enrolment or start makes it; otherwise name it with --data-dir",
            )];
        }
    };
    let mut checks = vec![if mode & 0o077 == 0 {
        Check::ok("data folder", folder.display().to_string())
    } else {
        Check::warn(
            "data folder",
            format!("{} is open to others (mode {mode:03o})", folder.display()),
            format!("chmod 700 {}", folder.display()),
        )
    }];
    let key_file = context.key_file();
    if !key_file.exists() {
        checks.push(Check::warn(
            "master key",
            format!("there is no {}", key_file.display()),
            "nothing, if this is a new installation; otherwise restore it: without it no voice can be read",
        ));
        return checks;
    }
    match KeyFile::open(&key_file) {
        Err(error) => {
            checks.push(Check::fail("master key", chain(&error), "put the right file there, mode 600"));
            return checks;
        }
        Ok(_) => checks.push(Check::ok("master key", key_file.display().to_string())),
    }
    let opened = match context.vault(config, Data::Expect).await {
        Ok(vault) => vault.ping().await.map_err(|error| chain(&error)),
        Err(failure) => Err(failure.message),
    };
    checks.push(match opened {
        Ok(()) => {
            Check::ok("database", if config.url.is_some() { "the configured one answers" } else { "answers" })
        }
        Err(found) => Check::fail("database", found, "check storage.url and that the database runs"),
    });
    checks
}
