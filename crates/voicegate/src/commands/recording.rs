//! Recordings from files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use voicegate_service::usecase::sample::Recording;

use crate::exit::Failure;

/// Reads a file, or standard input for `-`. One byte above `max_bytes` is enough for the decoder to refuse it.
pub(super) fn read(path: &Path, max_bytes: usize) -> Result<Recording, Failure> {
    let failed = |error: io::Error| Failure::file(path, &error);
    let limit = max_bytes as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
        return Ok(Recording { name: "standard input".into(), hint: None, bytes });
    }
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(Failure::new("file", format!("{}: is a folder, not a recording", path.display())));
    }
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    let name = path.display().to_string();
    Ok(Recording { hint: Some(name.clone()), name, bytes })
}

pub(super) fn read_all(paths: &[PathBuf], max_bytes: usize) -> Result<Vec<Recording>, Failure> {
    paths.iter().map(|path| read(path, max_bytes)).collect()
}
