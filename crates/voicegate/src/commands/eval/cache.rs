//! Embeddings of earlier runs, so that an evaluation that was stopped goes on and another one over the same recordings takes seconds.
//!
//! One file per model, named by the hash of its weights; in it records of equal size: the SHA-256 of the samples, then the
//! embedding. A record that was cut off by a stop is overwritten. Embeddings are biometric data, so there is a cache only
//! where the operator asks for one.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use voicegate_audio::Pcm;
use voicegate_core::{Embedding, Voiceprint};
use voicegate_models::{EmbedError, SpeakerModels};

use crate::exit::Failure;

/// SHA-256 of the samples.
pub(super) type Key = [u8; 32];

/// What the models of a set made of recordings before.
pub(in crate::commands) struct Cache(Vec<(String, Mutex<Shelf>)>);

/// One file of records of equal size, by key.
pub(super) struct Shelf {
    file: File,
    known: HashMap<Key, Vec<u8>>,
}

impl Cache {
    /// Opens or makes the cache in `folder` for the models of a set.
    pub(in crate::commands) fn open(folder: &Path, models: &SpeakerModels) -> Result<Self, Failure> {
        prepare(folder)?;
        let shelf = |model: &voicegate_models::SpeakerModel| {
            let running = model.running();
            let path = folder.join(format!("{}.embeddings", running.file.sha256));
            let shelf = Shelf::open(&path, 4 * running.output.dimensions as usize)
                .map_err(|error| Failure::file(&path, &error))?;
            Ok((model.metadata().id.to_string(), Mutex::new(shelf)))
        };
        models.models().iter().map(shelf).collect::<Result<_, _>>().map(Self)
    }

    fn find(&self, key: &Key) -> Option<Voiceprint> {
        let embeddings: Option<Vec<(String, Embedding)>> = self
            .0
            .iter()
            .map(|(id, shelf)| Some((id.clone(), embedding(locked(shelf).get(key)?)?)))
            .collect();
        Voiceprint::new(embeddings?)
    }

    /// What cannot be written is only computed again the next time.
    fn keep(&self, key: &Key, voiceprint: &Voiceprint) {
        for (id, shelf) in &self.0 {
            if let Some(embedding) = voiceprint.get(id)
                && let Err(error) = locked(shelf).put(key, &bytes(embedding))
            {
                tracing::warn!(%error, "an embedding was not cached");
            }
        }
    }
}

/// What the models make of `pcm`, out of the cache where it is there.
pub(super) fn embed(
    pcm: &Arc<Pcm>,
    models: &SpeakerModels,
    cache: Option<&Cache>,
) -> Result<Voiceprint, EmbedError> {
    let Some(cache) = cache else { return Ok(models.embed(pcm)?.voiceprint) };
    let key = key(pcm);
    if let Some(known) = cache.find(&key) {
        return Ok(known);
    }
    let voiceprint = models.embed(pcm)?.voiceprint;
    cache.keep(&key, &voiceprint);
    Ok(voiceprint)
}

/// The name of a recording in a cache.
pub(super) fn key(pcm: &Pcm) -> Key {
    let mut hasher = Sha256::new();
    pcm.samples().iter().for_each(|sample| hasher.update(sample.to_le_bytes()));
    hasher.finalize().into()
}

fn bytes(embedding: &Embedding) -> Vec<u8> {
    embedding.values().iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn embedding(bytes: &[u8]) -> Option<Embedding> {
    Embedding::new(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()).ok()
}

/// Makes the folder of a cache, for its owner alone; one that is open to others is refused.
pub(super) fn prepare(folder: &Path) -> Result<(), Failure> {
    crate::wiring::make_private(folder).map_err(|error| Failure::file(folder, &error))?;
    only_ours(folder)
}

fn only_ours(folder: &Path) -> Result<(), Failure> {
    let mode = fs::metadata(folder).map_err(|error| Failure::file(folder, &error))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let folder = folder.display();
    Err(Failure::new(
        "file",
        format!("{folder} is open to others, and a cache holds biometric data: chmod 700 '{folder}'"),
    ))
}

pub(super) fn locked(shelf: &Mutex<Shelf>) -> std::sync::MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    /// Opens or makes the file; each record holds `size` bytes besides its key.
    pub(super) fn open(path: &Path, size: usize) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
        // Nobody writes between what is read and what is cut off. Closing the file unlocks it, too.
        file.lock()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let record = size_of::<Key>() + size;
        let whole = bytes.len() / record * record;
        let split = |record: &[u8]| record.split_first_chunk::<32>().map(|(key, rest)| (*key, rest.to_vec()));
        let known = bytes[..whole].chunks_exact(record).filter_map(split).collect();
        file.set_len(whole as u64)?;
        file.unlock()?;
        Ok(Self { file, known })
    }

    pub(super) fn get(&self, key: &Key) -> Option<&[u8]> {
        self.known.get(key).map(Vec::as_slice)
    }

    /// `bytes` are as many as the file was opened for.
    pub(super) fn put(&mut self, key: &Key, bytes: &[u8]) -> io::Result<()> {
        if self.known.insert(*key, bytes.to_vec()).is_some() {
            return Ok(());
        }
        let record = [key.as_slice(), bytes].concat();
        self.file.lock()?;
        let written = self.file.write_all(&record);
        self.file.unlock()?;
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.embeddings");
        Shelf::open(&path, 8).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        only_ours(folder.path()).unwrap();
        for mode in [0o750, 0o705, 0o711] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let refused = only_ours(folder.path()).unwrap_err();
            assert!(refused.code == "file" && refused.message.contains("chmod 700"), "{refused}");
        }
    }

    #[test]
    fn opening_waits_for_whoever_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.embeddings");
        let other = File::create(&path).unwrap();
        other.lock().unwrap();
        let opened = std::thread::spawn({
            let path = path.clone();
            move || Shelf::open(&path, 8).unwrap().known.len()
        });
        let record = [[1; 32].as_slice(), &1f32.to_le_bytes(), &1f32.to_le_bytes()].concat();
        for half in record.chunks(20) {
            std::thread::sleep(std::time::Duration::from_millis(50));
            (&other).write_all(half).unwrap();
        }
        other.unlock().unwrap();
        assert_eq!(opened.join().unwrap(), 1, "it is read whole");
    }

    #[test]
    fn a_record_that_was_cut_off_is_dropped_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.embeddings");
        let some = |x: f32| Embedding::new(vec![x, 1.0]).unwrap();
        let mut shelf = Shelf::open(&path, 8).unwrap();
        shelf.put(&[1; 32], &bytes(&some(0.5))).unwrap();
        shelf.put(&[2; 32], &bytes(&some(0.7))).unwrap();
        drop(shelf);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let mut shelf = Shelf::open(&path, 8).unwrap();
        assert_eq!(shelf.known.len(), 1);
        shelf.put(&[3; 32], &bytes(&some(0.9))).unwrap();
        drop(shelf);
        let again = Shelf::open(&path, 8).unwrap();
        assert_eq!(embedding(again.get(&[3; 32]).unwrap()), Some(some(0.9)));
        assert_eq!(again.known.len(), 2);
    }
}
