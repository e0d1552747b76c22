//! Taking over a changed file without a restart.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use voicegate_service::config::LiveConfig;

use super::file::{content, folder, read};
use crate::exit::Failure;

/// An editor writes in several steps; the file is read once it has been quiet for this long…
const QUIET: Duration = Duration::from_millis(150);
/// …or when this much time has passed since the first step.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches `path` until the returned watcher is dropped.
///
/// The folder is watched, not the file: editors put a new file in the old one's place, and mounted configurations are
/// swapped through a link beside it.
pub(crate) fn watch(path: &Path, live: Arc<LiveConfig>) -> Result<RecommendedWatcher, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new("config", format!("{} cannot be watched: {error}", path.display()))
    };
    let (sender, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.as_ref().is_ok_and(changes_content) {
            // The other end is gone only when the program ends.
            let _ = sender.send(());
        }
    })
    .map_err(|error| failed(&error))?;
    let folder = folder(path).map_err(|error| failed(&error))?;
    let seen = content(path);
    watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(|error| failed(&error))?;
    let path = path.to_owned();
    std::thread::Builder::new()
        .name("vg-config".into())
        .spawn(move || follow(&path, &live, &changes, seen))
        .map_err(|error| failed(&error))?;
    Ok(watcher)
}

/// Our own reading is an event too and must not lead to another reading.
fn changes_content(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn follow(path: &Path, live: &LiveConfig, changes: &Receiver<()>, mut seen: Option<Vec<u8>>) {
    while changes.recv().is_ok() {
        if settle(changes).is_err() {
            return;
        }
        let found = content(path);
        if found == seen {
            continue;
        }
        match &found {
            None => {
                tracing::warn!(file = %path.display(), "the configuration file is gone; what was active stays active");
            }
            Some(_) => take_over(path, live),
        }
        seen = found;
    }
}

/// Waits until nothing has happened for a while.
fn settle(changes: &Receiver<()>) -> Result<(), RecvTimeoutError> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match changes.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(gone) => return Err(gone),
        }
    }
    Ok(())
}

fn take_over(path: &Path, live: &LiveConfig) {
    match read(path).and_then(|file| live.replace_file(file)) {
        Ok(_) => {
            tracing::info!(file = %path.display(), "configuration taken over");
            let waiting = live.restart_sections();
            if !waiting.is_empty() {
                tracing::warn!(sections = waiting.join(", "), "these sections take effect at the next start");
            }
        }
        Err(error) => {
            tracing::error!(file = %path.display(), "configuration refused; what was active stays active");
            for fault in &error.faults {
                tracing::error!(field = %fault.path, "{}", fault.message);
            }
        }
    }
}
