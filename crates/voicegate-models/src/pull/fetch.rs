//! Bringing the file of a model in, over as many attempts as it takes.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use super::mirror::{OpenFault, Source};
use super::partial::Partial;
use super::{Mirror, PullError};
use crate::registry::Metadata;

/// Attempts in one run that brought nothing new before it is given up; those that did are not counted.
const FRUITLESS: u32 = 3;
/// Attempts in one run, whatever they brought.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(300);

/// How one attempt failed.
enum Attempt {
    /// The connection broke; what came before is kept.
    Broke(String),
    /// Trying again does not help.
    Failed(PullError),
}

/// Brings the file of `metadata` from `mirror` to its place in `folder`. A file that is there is replaced only by one
/// with the right size and digest. `progress` is told how many bytes have arrived. Returns how many were fetched.
pub(super) fn fetch(
    mirror: &Mirror,
    metadata: &Metadata,
    folder: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, PullError> {
    let wanted = &metadata.file;
    let target = folder.join(&wanted.path);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(PullError::file(parent))?;
    }
    let mut partial = Partial::open(&target, wanted)
        .map_err(PullError::file(&target))?
        .ok_or_else(|| PullError::Busy(metadata.id.clone()))?;
    let name = wanted.path.file_name().unwrap_or_default().to_string_lossy();
    let mut fetched = 0;
    let mut continued = length(&partial)? > 0;
    loop {
        match complete(mirror, &name, &mut partial, wanted.size_bytes, progress) {
            Ok(bytes) => fetched += bytes,
            Err(error) => return Err(give_up(partial, error)),
        }
        let found = partial.digest().map_err(PullError::file(partial.path()))?;
        if found == wanted.sha256 {
            partial.finish(&target).map_err(PullError::file(&target))?;
            return Ok(fetched);
        }
        if !continued {
            let path = partial.path().to_owned();
            partial.discard().map_err(PullError::file(&path))?;
            return Err(PullError::HashMismatch { expected: wanted.sha256, found });
        }
        // The part from an earlier run may have been of another version: once more, from the beginning.
        continued = false;
        partial.restart().map_err(PullError::file(partial.path()))?;
    }
}

/// Keeps what has arrived for the next run, where it may help.
fn give_up(partial: Partial, error: PullError) -> PullError {
    let kept = partial.length().unwrap_or_default();
    match error {
        PullError::Unreachable { mirror, file, reason } if kept > 0 => {
            let reason =
                format!("{reason}; what has arrived is kept, and the same command goes on from there");
            PullError::Unreachable { mirror, file, reason }
        }
        error if kept == 0 || matches!(error, PullError::SizeMismatch { .. }) => {
            // Nobody misses it; the error is what counts.
            let _ = partial.discard();
            error
        }
        error => error,
    }
}

/// Fetches what is missing of `size` bytes.
fn complete(
    mirror: &Mirror,
    name: &str,
    partial: &mut Partial,
    size: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, PullError> {
    let (mut fruitless, mut fetched) = (0, 0);
    for attempt in 1.. {
        let before = fetched;
        match go_on(mirror, name, partial, size, &mut fetched, progress) {
            Ok(()) => break,
            Err(Attempt::Failed(error)) => return Err(error),
            Err(Attempt::Broke(reason)) => {
                fruitless = if fetched > before { 0 } else { fruitless + 1 };
                if fruitless == FRUITLESS || attempt == ATTEMPTS {
                    return Err(mirror.unreachable(name, reason));
                }
                tracing::warn!(file = name, reason, "the connection broke; it goes on");
                sleep(PAUSE * (fruitless + 1));
            }
        }
    }
    Ok(fetched)
}

/// One connection.
fn go_on(
    mirror: &Mirror,
    name: &str,
    partial: &mut Partial,
    size: u64,
    fetched: &mut u64,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Attempt> {
    let mut have = length(partial).map_err(Attempt::Failed)?;
    progress(have);
    if have == size {
        return Ok(());
    }
    let source = mirror.open(name, have, partial.validator().as_deref()).map_err(|fault| match fault {
        OpenFault::Passing(reason) => Attempt::Broke(reason),
        fault => Attempt::Failed(mirror.fault(name, fault)),
    })?;
    let Source { mut reader, from, total, validator } = source;
    let wrong_size = |found: u64| Attempt::Failed(PullError::SizeMismatch { expected: size, found });
    if let Some(total) = total.filter(|total| *total != size) {
        return Err(wrong_size(total));
    }
    if from != have {
        have = 0;
        partial.restart().map_err(|error| Attempt::Failed(PullError::file(partial.path())(error)))?;
    }
    partial
        .set_validator(validator.as_deref())
        .map_err(|error| Attempt::Failed(PullError::file(partial.path())(error)))?;
    let mut chunk = vec![0; 1 << 16];
    loop {
        let length = match reader.read(&mut chunk) {
            Ok(0) if have == size => return Ok(()),
            Ok(0) => return Err(Attempt::Broke(format!("it ended after {have} of {size} bytes"))),
            Ok(length) => length,
            Err(error) => return Err(Attempt::Broke(format!("{error}, after {have} of {size} bytes"))),
        };
        have += length as u64;
        if have > size {
            return Err(wrong_size(have));
        }
        partial
            .append(&chunk[..length])
            .map_err(|error| Attempt::Failed(PullError::file(partial.path())(error)))?;
        *fetched += length as u64;
        progress(have);
    }
}

fn length(partial: &Partial) -> Result<u64, PullError> {
    partial.length().map_err(PullError::file(partial.path()))
}
