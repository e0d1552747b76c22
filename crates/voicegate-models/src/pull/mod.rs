//! Taking a model from a mirror: a folder or web folder that holds `<id>.json`, its metadata, and its file.
//!
//! The order keeps every half-done state harmless: the file takes its place only whole and with the right digest, then
//! comes its metadata, then its line in the registry, where nothing is assigned to it. What the folder holds before
//! decides over what the mirror says: other weights under a name that is taken are refused.

mod error;
mod fetch;
mod licence;
mod lock;
mod mirror;
mod partial;

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

pub use error::PullError;
pub use lock::LockEntry;
pub use mirror::Mirror;

use crate::prepare_folders;
use crate::registry::{
    Fault, METADATA_FOLDER, Metadata, ModelFile, ModelId, Refusal, Registry, RegistryEdit, parse,
};
use crate::shipped::write_over;
use lock::Lock;

/// What a mirror offers.
#[derive(Debug)]
pub struct Offer {
    mirror: Mirror,
    /// Without a calibration: what scores mean here is not for a mirror to say.
    metadata: Metadata,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Bytes that were fetched now; 0 if the file was here already.
    pub fetched_bytes: u64,
    /// Whether the registry did not list it before.
    pub newly_listed: bool,
    /// What was recorded.
    pub record: LockEntry,
}

impl Offer {
    /// Reads the metadata of `id`.
    ///
    /// # Errors
    /// [`PullError`] if the mirror does not have it, or if it is wrong.
    pub fn read(mirror: Mirror, id: &ModelId) -> Result<Self, PullError> {
        let text = mirror.text(&format!("{id}.json"))?;
        let wrong = |faults| PullError::Metadata { id: id.clone(), faults };
        let mut metadata: Metadata = parse::parse(&text).map_err(wrong)?;
        if metadata.id != *id {
            return Err(wrong(vec![Fault::new(
                "id",
                format!("{} is not {id}, which was asked for", metadata.id),
            )]));
        }
        match place(&metadata) {
            Some(message) => Err(wrong(vec![Fault::new("file.path", message)])),
            None => {
                if metadata.calibration.take().is_some() {
                    tracing::info!(model = %id, "the mirror's calibration is left out");
                }
                Ok(Self { mirror, metadata })
            }
        }
    }

    /// What is known of the model, without a calibration that the mirror may offer.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The mirror.
    #[must_use]
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Fetches the file into the models folder `folder`, checks it, and lists the model there without assigning
    /// anything to it. `accepted` is the licence that the operator accepts by name. `progress` is told how many bytes
    /// have arrived.
    ///
    /// # Errors
    /// [`PullError`]; the registry and every file that was good before stay as they were.
    pub fn take(
        &self,
        folder: &Path,
        accepted: Option<&str>,
        at: Timestamp,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Pulled, PullError> {
        let Metadata { id, licence, file, .. } = &self.metadata;
        if !licence::allows(licence, accepted) {
            return Err(PullError::LicenceNotAccepted { id: id.clone(), licence: licence.clone() });
        }
        prepare_folders(folder)
            .map_err(|error| PullError::File { path: error.path, source: error.source })?;
        // What is damaged is said before hours of fetching.
        Lock::read(folder)?;
        self.fits(folder)?;
        let fetched_bytes = match file.verify(folder) {
            Ok(()) => 0,
            Err(refusal @ Refusal::OutsideFolder(_)) => {
                return Err(PullError::Metadata {
                    id: id.clone(),
                    faults: vec![Fault::new("file.path", refusal.to_string())],
                });
            }
            Err(_) => fetch::fetch(&self.mirror, &self.metadata, folder, progress)?,
        };
        let record = LockEntry {
            sha256: file.sha256,
            size_bytes: file.size_bytes,
            mirror: self.mirror.name(),
            licence: licence.clone(),
            licence_accepted: !licence::allows(licence, None),
            pulled_at: at,
        };
        let newly_listed = self.list(folder, &record)?;
        Ok(Pulled { fetched_bytes, newly_listed, record })
    }

    /// Whether the metadata is here already, if there is room for the model beside what is listed.
    fn fits(&self, folder: &Path) -> Result<bool, PullError> {
        let Metadata { id, file, .. } = &self.metadata;
        let listed = Registry::listed(folder)?;
        // What is here decides: a mirror must not change the self-test of a model that serves.
        let is_here = match Metadata::open(folder, id) {
            Ok(here) if here.file != *file => return Err(PullError::OtherWeights(id.clone())),
            // A calibration that was fitted here stays.
            Ok(mut here) => {
                here.calibration = None;
                if here != self.metadata {
                    return Err(PullError::OtherMetadata(id.clone()));
                }
                true
            }
            Err(_) if listed.models.contains(id) => return Err(PullError::OtherMetadata(id.clone())),
            Err(_) => false,
        };
        let fault = |path, message: String| {
            Err(PullError::Metadata { id: id.clone(), faults: vec![Fault::new(path, message)] })
        };
        if listed.systems.contains(id) {
            return fault("id", "a fusion has the same name here".to_owned());
        }
        let owner = listed.models.iter().filter(|other| *other != id).find(|other| {
            Metadata::open(folder, other).is_ok_and(|other: Metadata| other.file.path == file.path)
        });
        match owner {
            Some(owner) => fault("file.path", format!("it is the file of '{owner}' here")),
            None => Ok(is_here),
        }
    }

    /// Metadata, registry, record; whether the model is new to the registry.
    fn list(&self, folder: &Path, record: &LockEntry) -> Result<bool, PullError> {
        let id = &self.metadata.id;
        let edit = RegistryEdit::begin(folder)?;
        // Both may have changed while the file was fetched.
        let is_here = self.fits(folder)?;
        let lock = Lock::read(folder)?;
        let path = folder.join(METADATA_FOLDER).join(format!("{id}.json"));
        if !is_here {
            let written = serde_json::to_string_pretty(&self.metadata)
                .map_err(io::Error::from)
                .and_then(|text| write_over(&path, (text + "\n").as_bytes()));
            written.map_err(PullError::file(&path))?;
        }
        let mut new = false;
        edit.apply(|registry| {
            if let Some(models) = registry["models"].as_array_mut() {
                new = !models.iter().any(|model| model == id.as_str());
                if new {
                    models.push(Value::from(id.as_str()));
                }
            }
        })?;
        lock.record(folder, id.clone(), record.clone())?;
        Ok(new)
    }
}

/// What is wrong with where `metadata` wants its file: it must not reach other models' metadata or the registry, and
/// its name must be the same in a URL.
fn place(Metadata { task, file: ModelFile { path, .. }, .. }: &Metadata) -> Option<String> {
    let folder = format!("biometric/{task}");
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    let well_formed = name.bytes().all(plain) && !name.starts_with('.') && name.ends_with(".onnx");
    (path.parent() != Some(Path::new(&folder)) || !well_formed)
        .then(|| format!("must be {folder}/NAME.onnx with a NAME of letters, digits and . _ -"))
}
