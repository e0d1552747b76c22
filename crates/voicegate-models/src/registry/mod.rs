//! `model_registry.json`: which models there are and which one serves each task.
//!
//! The registry lists ids and assigns them to tasks; each model has its own metadata file. A fault in the registry
//! itself stops the start. A fault of one model refuses that model alone, by name, and its fallback can serve.

mod calibration;
mod countermeasures;
mod edit;
mod file;
mod folders;
mod former;
mod id;
mod metadata;
pub(crate) mod parse;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use garde::Validate;
use serde::de::{self, IntoDeserializer};
use serde::{Deserialize, Serialize};

pub use calibration::FittedCalibration;
pub use countermeasures::CountermeasureEntry;
pub(crate) use edit::RegistryEdit;
pub(crate) use file::read_text;
pub use file::{ModelFile, Sha256};
pub use folders::{FOLDERS, TreeError, prepare_folders};
use former::Former;
pub use id::ModelId;
pub use metadata::{Architecture, Features, Input, Metadata, Output, Precision, SelfTest, Task};
pub use parse::Fault;

use voicegate_core::Fusion;

use crate::SessionError;

/// Name of the registry in the models folder.
pub(crate) const REGISTRY_FILE: &str = "model_registry.json";
/// Folder of the metadata files in the models folder.
pub(crate) const METADATA_FOLDER: &str = "biometric/config";

/// The models of one folder, each verified or refused.
#[derive(Debug, Clone)]
pub struct Registry {
    folder: PathBuf,
    tasks: BTreeMap<Task, Assignment>,
    systems: BTreeMap<ModelId, SystemEntry>,
    countermeasures: BTreeMap<ModelId, CountermeasureEntry>,
    models: BTreeMap<ModelId, Result<Metadata, Refusal>>,
}

/// A fusion of speaker models, as it is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemEntry {
    /// The models with their weights as they are written.
    pub members: BTreeMap<ModelId, f32>,
    /// The same, ready to use.
    pub fusion: Fusion,
    /// What the scores of all of them together mean. Without, the fusion can't decide.
    pub calibration: Option<FittedCalibration>,
}

/// Who serves a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The model or fusion to use.
    pub active: ModelId,
    /// The one to use when the active one is refused.
    pub fallback: Option<ModelId>,
}

/// Why the registry cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The file is missing, too large or unreadable.
    #[error("{} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The registry file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The file holds something else than a registry.
    #[error("{} is refused: {}", .path.display(), parse::join(.faults))]
    Invalid {
        /// The registry file.
        path: PathBuf,
        /// Each fault with its JSON path.
        faults: Vec<Fault>,
    },
    /// The file cannot be changed.
    #[error("{} cannot be written: {reason}", .path.display())]
    Unwritable {
        /// The registry file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
}

/// Why one model is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The registry does not know it.
    #[error("it is not in the registry")]
    NotListed,
    /// Its metadata file is wrong.
    #[error("its metadata is wrong: {}", parse::join(.0))]
    Metadata(Vec<Fault>),
    /// One of its files is missing or unreadable.
    #[error("{} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Its file lies outside the models folder (through a link).
    #[error("{} leads out of the models folder", .0.display())]
    OutsideFolder(PathBuf),
    /// Its file has another size than the metadata says.
    #[error("the file has {found} bytes instead of {expected}")]
    Size {
        /// Bytes by the metadata.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// Its file has another content than the metadata says.
    #[error("the file has SHA-256 {found} instead of {expected}")]
    Hash {
        /// Digest by the metadata.
        expected: Sha256,
        /// Digest of the file.
        found: Sha256,
    },
    /// It is assigned to a task it was not made for.
    #[error("it is a model for {found}, not for {expected}")]
    Task {
        /// The task it is assigned to.
        expected: Task,
        /// The task of its metadata.
        found: Task,
    },
    /// The runtime does not take it.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// It is a fusion, and these of its models are refused.
    #[error("of its models, these cannot be used: {}", join_ids(.0))]
    Members(Vec<ModelId>),
    /// It answers its test signal differently from the day it was made.
    #[error("its self-test differs by {difference} where {tolerance} is allowed")]
    SelfTest {
        /// Largest absolute difference of a component, as text (a NaN shows as such).
        difference: String,
        /// The allowed difference, as text.
        tolerance: String,
    },
}

fn join_ids(ids: &[ModelId]) -> String {
    ids.iter().map(ModelId::as_str).collect::<Vec<_>>().join(", ")
}

/// What the registry says.
struct Listing {
    models: Vec<ModelId>,
    systems: BTreeMap<ModelId, SystemEntry>,
    countermeasures: BTreeMap<ModelId, CountermeasureEntry>,
    tasks: BTreeMap<Task, Assignment>,
}

/// The registry as it is written.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct ListingFile {
    #[garde(range(equal = 1))]
    schema: u32,
    #[garde(length(max = 1000))]
    models: Vec<ModelId>,
    #[serde(default)]
    #[garde(dive)]
    systems: BTreeMap<String, SystemFile>,
    #[serde(default)]
    #[garde(dive)]
    countermeasures: BTreeMap<String, CountermeasureEntry>,
    // Keys as text, so that a fault below one is reported with its name.
    tasks: BTreeMap<String, Assignment>,
}

/// A fusion as it is written.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct SystemFile {
    #[garde(skip)]
    members: BTreeMap<String, f32>,
    #[garde(dive)]
    calibration: Option<FittedCalibration>,
    #[serde(default, rename = "operating_point")]
    #[garde(skip)]
    _operating_point: Former,
}

impl Registry {
    /// Reads the registry in `folder`, every metadata file, and the hash of every model file.
    ///
    /// # Errors
    /// [`RegistryError`] if the registry itself is missing or wrong. Faults of single models are kept beside them.
    pub fn open(folder: &Path) -> Result<Self, RegistryError> {
        let path = folder.join(REGISTRY_FILE);
        let text = file::read_text(&path)
            .map_err(|reason| RegistryError::Unreadable { path: path.clone(), reason })?;
        let listing = parse_listing(&text).map_err(|faults| RegistryError::Invalid { path, faults })?;
        let models = listing
            .models
            .iter()
            .map(|id| {
                let verified = Metadata::open(folder, id)
                    .and_then(|metadata| metadata.file.verify(folder).map(|()| metadata));
                if let Err(refusal) = &verified {
                    tracing::error!(model = %id, %refusal, "model refused");
                }
                (id.clone(), verified)
            })
            .collect();
        let Listing { tasks, systems, countermeasures, .. } = listing;
        Ok(Self { folder: folder.to_owned(), tasks, systems, countermeasures, models })
    }

    /// The files of the listed models in `folder` whose metadata can be read, whether they are there or not.
    pub(crate) fn listed_files(folder: &Path) -> Vec<ModelFile> {
        let text = file::read_text(&folder.join(REGISTRY_FILE)).unwrap_or_default();
        let listed = parse_listing(&text).map(|listing| listing.models).unwrap_or_default();
        listed.iter().filter_map(|id| Some(Metadata::open(folder, id).ok()?.file)).collect()
    }

    /// The folder that was read.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Who serves each task.
    #[must_use]
    pub fn tasks(&self) -> &BTreeMap<Task, Assignment> {
        &self.tasks
    }

    /// Every listed fusion of speaker models.
    #[must_use]
    pub fn systems(&self) -> &BTreeMap<ModelId, SystemEntry> {
        &self.systems
    }

    /// Every listed fusion of countermeasures.
    #[must_use]
    pub fn countermeasures(&self) -> &BTreeMap<ModelId, CountermeasureEntry> {
        &self.countermeasures
    }

    /// Every listed model with its metadata or the reason of its refusal.
    #[must_use]
    pub fn models(&self) -> &BTreeMap<ModelId, Result<Metadata, Refusal>> {
        &self.models
    }

    /// The metadata of `id` and the bytes of its file, verified once more so that what is loaded is what was hashed.
    ///
    /// # Errors
    /// The [`Refusal`] of the model, also for an id that is not listed or made for another task.
    pub fn read(&self, id: &ModelId, task: Task) -> Result<(&Metadata, Vec<u8>), Refusal> {
        let metadata = self.models.get(id).ok_or(Refusal::NotListed)?.as_ref().map_err(Clone::clone)?;
        if metadata.task != task {
            return Err(Refusal::Task { expected: task, found: metadata.task });
        }
        Ok((metadata, metadata.file.read(&self.folder)?))
    }
}

fn parse_listing(text: &str) -> Result<Listing, Vec<Fault>> {
    let listing: ListingFile = parse::parse(text)?;
    let mut faults = Vec::new();
    for (i, id) in listing.models.iter().enumerate() {
        if listing.models[..i].contains(id) {
            faults.push(Fault::new(format!("models[{i}]"), format!("{id} is listed twice")));
        }
    }
    let systems = read_systems(&listing, &mut faults);
    let is_taken = |name: &str| {
        listing.models.iter().any(|id| id.as_str() == name) || listing.systems.contains_key(name)
    };
    let countermeasures = countermeasures::read(&listing.countermeasures, is_taken, &mut faults);
    let listed = |id: &ModelId| is_taken(id.as_str()) || listing.countermeasures.contains_key(id.as_str());
    let mut tasks = BTreeMap::new();
    for (task, assignment) in &listing.tasks {
        match Task::deserialize(task.as_str().into_deserializer()) as Result<Task, de::value::Error> {
            Ok(known) => _ = tasks.insert(known, assignment.clone()),
            Err(error) => faults.push(Fault::new(format!("tasks.{task}"), error.to_string())),
        }
        let named = [("active", Some(&assignment.active)), ("fallback", assignment.fallback.as_ref())];
        for (role, id) in named {
            if let Some(id) = id.filter(|id| !listed(id)) {
                faults.push(Fault::new(
                    format!("tasks.{task}.{role}"),
                    format!("{id} is neither in `models` nor in `systems` nor in `countermeasures`"),
                ));
            }
        }
        if assignment.fallback.as_ref() == Some(&assignment.active) {
            faults.push(Fault::new(format!("tasks.{task}.fallback"), "a model cannot be its own fallback"));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Listing { models: listing.models, systems, countermeasures, tasks })
}

fn read_systems(listing: &ListingFile, faults: &mut Vec<Fault>) -> BTreeMap<ModelId, SystemEntry> {
    let mut systems = BTreeMap::new();
    for (name, system) in &listing.systems {
        let mut fault =
            |place: &str, what: String| faults.push(Fault::new(format!("systems.{name}{place}"), what));
        let Ok(id) = name.parse::<ModelId>() else {
            fault("", "it is no valid name".to_owned());
            continue;
        };
        if listing.models.contains(&id) {
            fault("", "a model has the same name".to_owned());
        }
        let known = |member: &String| listing.models.iter().find(|model| model.as_str() == member);
        let members: BTreeMap<ModelId, f32> = system
            .members
            .iter()
            .filter_map(|(member, weight)| Some((known(member)?.clone(), *weight)))
            .collect();
        for member in system.members.keys().filter(|member| known(member).is_none()) {
            fault(".members", format!("{member} is not in `models`"));
        }
        let fits = |found: &FittedCalibration| found.is_for(system.members.keys().map(String::as_str));
        if system.calibration.as_ref().is_some_and(|found| !fits(found)) {
            fault(".calibration.llr.scores", "names other models than `members`".to_owned());
        }
        match Fusion::new(members.iter().map(|(member, weight)| (member.to_string(), *weight))) {
            Ok(fusion) => {
                systems.insert(id, SystemEntry { members, fusion, calibration: system.calibration.clone() });
            }
            Err(error) => fault(".members", error.to_string()),
        }
    }
    systems
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn faulty_registries_are_refused_with_the_path_of_the_fault() {
        let table: &[(&str, &[&str])] = &[
            (
                r#"{"schema":1,"models":["a"],"tasks":{"speaker_verification":{"active":"a","fallback":null}}}"#,
                &[],
            ),
            (r#"{"schema":1,"models":[],"tasks":{}}"#, &[]),
            (
                r#"{"schema":1,"models":["a","b"],"systems":{"s":{"members":{"a":1,"b":2}}},"tasks":{"speaker_verification":{"active":"s","fallback":"a"}}}"#,
                &[],
            ),
            (
                r#"{"schema":1,"models":["a"],"systems":{"a":{"members":{"a":0.5}},"t":{"members":{"x":1}},"u":{"members":{"a":-1}}},"tasks":{}}"#,
                &["systems.a", "systems.t.members", "systems.t.members", "systems.u.members"],
            ),
            ("", &["."]),
            ("[]", &["."]),
            (r#"{"schema":1,"models":["a"]}"#, &["."]),
            (r#"{"schema":2,"models":[],"tasks":{}}"#, &["schema"]),
            (r#"{"schema":"1","models":[],"tasks":{}}"#, &["schema"]),
            (r#"{"schema":1,"models":[],"tasks":{},"more":1}"#, &["more"]),
            (r#"{"schema":1,"models":["../a"],"tasks":{}}"#, &["models[0]"]),
            (r#"{"schema":1,"models":["a","A"],"tasks":{}}"#, &["models[1]"]),
            (r#"{"schema":1,"models":["a","a"],"tasks":{}}"#, &["models[1]"]),
            (r#"{"schema":1,"models":["a"],"tasks":{"singing":{"active":"a"}}}"#, &["tasks.singing"]),
            (
                r#"{"schema":1,"models":["a"],"tasks":{"speaker_verification":{"active":"b","fallback":"c"}}}"#,
                &["tasks.speaker_verification.active", "tasks.speaker_verification.fallback"],
            ),
            (
                r#"{"schema":1,"models":["a"],"tasks":{"antispoofing":{"active":"a","fallback":"a"}}}"#,
                &["tasks.antispoofing.fallback"],
            ),
            (
                r#"{"schema":1,"models":["a"],"tasks":{"age_detection":{"active":"a","x":1}}}"#,
                &["tasks.age_detection.x"],
            ),
        ];
        let wrong: Vec<_> = table
            .iter()
            .filter_map(|(text, expected)| {
                let faults = parse_listing(text).err().unwrap_or_default();
                let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
                (paths != *expected).then(|| format!("{text}\n  expected {expected:?}, found {faults:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_fusion_of_a_former_version_is_read_without_its_threshold() {
        let mut json: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/model_registry.1.json")).unwrap();
        let id: ModelId = "ecapa-ge2e-v0".parse().unwrap();
        for former in [serde_json::Value::Null, serde_json::json!({"cosine_threshold": 0.7}), 1.into()] {
            json["systems"][id.as_str()]["operating_point"] = former;
            let listing = parse_listing(&json.to_string()).map_err(|faults| parse::join(&faults)).unwrap();
            assert_eq!(
                (listing.systems[&id].calibration.as_ref(), listing.systems[&id].members.len()),
                (None, 2)
            );
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,200}") {
            let _ = parse_listing(&text);
            let _ = parse::parse::<Metadata>(&text);
        }

        #[test]
        fn parsing_almost_valid_text_never_panics(
            schema in 0u32..3, id in "[a-z./\\\\]{0,6}", task in "(speaker_verification|antispoofing|x)",
            cut in 0usize..200,
        ) {
            let text = format!(
                r#"{{"schema":{schema},"models":["{id}"],"tasks":{{"{task}":{{"active":"{id}","fallback":null}}}}}}"#
            );
            let _ = parse_listing(text.get(..cut).unwrap_or(&text));
        }
    }
}
