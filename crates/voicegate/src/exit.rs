//! How the program ends.

use std::process::ExitCode;

use voicegate_core::decide::Outcome;
use voicegate_service::ServiceError;
use voicegate_service::config::ConfigError;
use voicegate_service::ports::StoreError;
use voicegate_store::{OpenError, RotateError};

/// The exit status of a command that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, accepted, nothing wrong.
    Good,
    /// 1: rejected, or a check found something wrong.
    Bad,
    /// 3: could not be judged.
    Inconclusive,
    /// 4: more proof is asked for.
    StepUp,
}

/// The exit status of a command that was not carried out; clap uses the same for wrong usage.
const FAILURE: u8 = 2;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Good => Self::SUCCESS,
            Exit::Bad => Self::from(1),
            Exit::Inconclusive => Self::from(3),
            Exit::StepUp => Self::from(4),
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accept => Self::Good,
            Outcome::Reject => Self::Bad,
            Outcome::Inconclusive => Self::Inconclusive,
            Outcome::StepUp(_) => Self::StepUp,
        }
    }
}

/// Every code that a failure can have, and what it means. Scripts rely on them: a code may be added, none may change. The
/// same table is in `docs/cli.md`.
pub(crate) const CODES: &[(&str, &str)] = &[
    ("usage", "The command line is wrong."),
    ("config", "The configuration file cannot be read, written or watched, or is no YAML."),
    ("invalid-configuration", "The configuration has wrong fields; the message lists them."),
    ("file", "A file or folder cannot be read or written."),
    ("no-data", "There is no data folder yet, or it is another one."),
    (
        "master-key",
        "The master key is missing, damaged, open to others, or not the one that the data was sealed with.",
    ),
    ("stored-data-unreadable", "Stored data is damaged or was tampered with. An operator has to look."),
    ("newer-data", "The database was written by a newer version of the program."),
    ("storage-unavailable", "The database does not answer, or refused."),
    ("model-unavailable", "No speaker model can be used."),
    ("not-enrolled", "Nobody is enrolled under this name."),
    ("enrolment-incomplete", "The enrolment needs more samples."),
    ("already-enrolled", "A voice is enrolled under this name."),
    ("profile-revoked", "The voice profile was revoked."),
    ("invalid-request", "What was asked for is out of range."),
    ("not-found", "There is no thing with this id."),
    ("conflict", "Somebody else changed the same thing at the same moment."),
    ("overloaded", "Too much is being worked on."),
    ("listen", "The address cannot be listened on."),
    ("stopped", "The server was stopped before all requests were answered."),
    ("corpus", "The list of recordings is wrong, or names none."),
    ("recording", "A recording that a measurement needs cannot be used."),
    ("python", "The Python of a comparison failed."),
    ("server", "A server that was started to be measured failed."),
    ("soak", "A soak run met something wrong."),
    ("invalid-mirror", "No mirror is named, or what is named is none."),
    (
        "unreachable",
        "The mirror cannot be read, or the connection broke; the same command goes on where it ended.",
    ),
    (
        "metadata-wrong",
        "The mirror's description of the model is wrong or does not fit the models that are here.",
    ),
    ("licence-not-accepted", "The licence of the model restricts its use and was not accepted by name."),
    ("other-weights", "There is a model of this name with another file."),
    ("other-metadata", "There is a model of this name with other metadata."),
    ("size-mismatch", "The mirror's file is longer or shorter than it should be."),
    ("hash-mismatch", "The mirror's file has another content than it should have."),
    ("busy", "Another process is fetching the same model."),
    ("lock-damaged", "The record of the models that were pulled is damaged."),
    ("migrate", "What is to be imported cannot be read."),
    ("output", "Standard output cannot be written."),
    ("system", "The operating system refused threads or signals."),
    ("internal", "A fault of the program."),
];

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// Stable name of the kind, one of [`CODES`]; where HTTP has the same problem, its name there.
    pub(crate) code: &'static str,
    /// A sentence that says what to do.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(CODES.iter().any(|(known, _)| *known == code), "{code} is not in the table of codes");
        Self { code, message: message.into() }
    }

    /// A file or folder that cannot be used.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new("file", format!("{}: {error}", path.display()))
    }
}

impl From<Failure> for ExitCode {
    fn from(_: Failure) -> Self {
        Self::from(FAILURE)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let code = match &error {
            ServiceError::Invalid(_) => "invalid-request",
            ServiceError::NotEnrolled(_) => "not-enrolled",
            ServiceError::Revoked(_) => "profile-revoked",
            ServiceError::Incomplete(_) => "enrolment-incomplete",
            ServiceError::AlreadyEnrolled(_) => "already-enrolled",
            ServiceError::ModelUnavailable(_) | ServiceError::Misconfigured(_) => "model-unavailable",
            ServiceError::Overloaded => "overloaded",
            ServiceError::Config(_) => "invalid-configuration",
            ServiceError::Conflict => "conflict",
            ServiceError::NotFound(_) => "not-found",
            ServiceError::Store(error) => store_code(error),
            _ => "internal",
        };
        Self::new(code, chain(&error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(store_code(&error), chain(&error))
    }
}

fn store_code(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict => "conflict",
        StoreError::Unreadable { .. } | StoreError::Damaged(_) => "stored-data-unreadable",
        _ => "storage-unavailable",
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let code = match &error {
            OpenError::Url(_) => "invalid-configuration",
            OpenError::Create { .. } => "file",
            OpenError::Newer(_) => "newer-data",
            OpenError::MasterKey { .. } => "master-key",
            OpenError::Emptied { .. } => "stored-data-unreadable",
            OpenError::Store(error) => store_code(error),
            _ => "storage-unavailable",
        };
        Self::new(code, chain(&error))
    }
}

impl From<RotateError> for Failure {
    fn from(error: RotateError) -> Self {
        let code = match &error {
            RotateError::Store(error) => store_code(error),
            _ => "master-key",
        };
        Self::new(code, chain(&error))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new("invalid-configuration", error.to_string())
    }
}

/// The error and its causes. An operator at the machine may see them; a caller over HTTP does not.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use voicegate_core::PersonId;

    use super::*;

    #[test]
    fn what_is_damaged_is_told_from_who_is_unknown() {
        let detail = "changed".to_owned();
        let unreadable =
            || StoreError::Unreadable { table: "people", column: "state", detail: detail.clone() };
        let damaged = || StoreError::Damaged("malformed".into());
        let unavailable = || StoreError::Unavailable("gone".into());
        let nobody = ServiceError::NotEnrolled(PersonId::new("nobody").unwrap());
        let rows: Vec<(Failure, &str)> = vec![
            (nobody.into(), "not-enrolled"),
            (unreadable().into(), "stored-data-unreadable"),
            (ServiceError::from(unreadable()).into(), "stored-data-unreadable"),
            (ServiceError::from(damaged()).into(), "stored-data-unreadable"),
            (ServiceError::from(unavailable()).into(), "storage-unavailable"),
            (OpenError::Store(damaged()).into(), "stored-data-unreadable"),
            (OpenError::Store(unavailable()).into(), "storage-unavailable"),
            (OpenError::Newer(9).into(), "newer-data"),
            (OpenError::Emptied { anchor: "a".into() }.into(), "stored-data-unreadable"),
            (RotateError::Store(unreadable()).into(), "stored-data-unreadable"),
        ];
        for (failure, code) in rows {
            assert_eq!(failure.code, code, "{failure}");
        }
    }

    #[test]
    fn the_manual_lists_every_code_with_its_meaning() {
        let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
        let manual = fs::read_to_string(manual).unwrap();
        for (code, meaning) in CODES {
            assert!(manual.contains(&format!("| `{code}` | {meaning} |")), "{code}");
        }
        assert_eq!(manual.matches("\n| `").count(), CODES.len(), "no code is listed that there is not");
    }

    /// Codes are literals at the places where things fail; none of them may be missing from the table.
    #[test]
    fn every_code_in_the_source_is_in_the_table() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut found = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                for call in text.split(concat!("Failure", "::new(")).skip(1) {
                    let Some(rest) = call.trim_start().strip_prefix('"') else { continue };
                    let (code, _) = rest.split_once('"').unwrap();
                    assert!(CODES.iter().any(|(known, _)| *known == code), "{code} in {}", path.display());
                    found += 1;
                }
            }
        }
        assert!(found > 20, "{found}");
    }
}
