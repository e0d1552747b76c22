//! The YAML file.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use serde_json::{Map, Value};
use voicegate_service::config::ConfigError;

/// The commented file that a first start writes.
pub(crate) const DEFAULT_FILE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/voice_auth_config.default.yaml"));

/// Far above any sensible file, far below what would hurt.
const MAX_BYTES: u64 = 1 << 20;

/// Reads a file; an empty one is an empty mapping.
pub(crate) fn read(path: &Path) -> Result<Value, ConfigError> {
    let refuse = |message: String| ConfigError::one(path.display().to_string(), message);
    let mut text = String::new();
    let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| refuse(error.to_string()))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(refuse(format!("larger than {MAX_BYTES} bytes")));
    }
    parse(&text).map_err(refuse)
}

fn parse(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_documents: 1, max_depth: 16, max_nodes: 10_000, max_aliases: 0 },
        // `off` is a word here, not a boolean as before YAML 1.2.
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())? {
        Value::Null => Ok(Value::Object(Map::new())),
        Value::Object(sections) => Ok(Value::Object(
            // A section with nothing but comments below it reads as null and means its defaults.
            sections.into_iter().filter(|(_, section)| !section.is_null()).collect(),
        )),
        _ => Err("a configuration is a mapping of sections".into()),
    }
}

/// Writes the default file unless there is one. Only its owner may read it, because a database URL may hold a password.
pub(crate) fn write_default(path: &Path) -> io::Result<Written> {
    if path.exists() {
        return Ok(Written::Kept);
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    // Whole or not at all, and never over a file that came in the meantime.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(DEFAULT_FILE.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(Written::New),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(Written::Kept),
        Err(error) => Err(error.error),
    }
}

/// What became of the default file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was written.
    New,
    /// There was one.
    Kept,
}

/// The content as it is, to see whether it changed; `None` if it cannot be read.
pub(super) fn content(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The folder to watch and to write to.
pub(super) fn folder(path: &Path) -> io::Result<std::path::PathBuf> {
    let parent = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    fs::canonicalize(parent)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use voicegate_service::config::{Layers, VoiceAuthConfig};

    use super::*;

    /// P1.3: the file that a first start writes has every field, each with its default.
    #[test]
    fn the_default_file_is_the_default_configuration_written_out() {
        let file = parse(DEFAULT_FILE).unwrap();
        let defaults = serde_json::to_value(VoiceAuthConfig::default()).unwrap();
        // Numbers of 32 bits look different as text; the configuration they make is compared below.
        let names = |value: &Value| {
            let mut names = Vec::new();
            for (section, fields) in value.as_object().unwrap() {
                // A section that is null by default has no fields.
                let fields = fields.as_object().into_iter().flat_map(Map::keys);
                names.extend(fields.map(|field| format!("{section}.{field}")));
            }
            names.sort();
            names
        };
        assert_eq!(names(&file), names(&defaults));
        let resolved = Layers { file, ..Layers::default() }.resolve().unwrap();
        assert_eq!(resolved, VoiceAuthConfig::default());
    }

    #[test]
    fn what_is_no_configuration_is_refused_with_a_place() {
        for (text, expected) in [
            ("a: [", "line"),
            ("- 1", "mapping"),
            ("text", "mapping"),
            ("a: 1\na: 2", "duplicate"),
            ("a: 1\n---\nb: 2", "document"),
            ("a: &x {b: 1}\nc: *x", "alias"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_lowercase().contains(expected), "{text:?}: {error}");
        }
        assert_eq!(parse("a: off\nb: false").unwrap(), json!({"a": "off", "b": false}));
        assert_eq!(parse("").unwrap(), json!({}));
        assert_eq!(parse("# nothing\nserver:\n  # nothing\n").unwrap(), json!({}));
    }

    #[test]
    fn the_default_file_never_replaces_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config/voice.yaml");
        assert_eq!(write_default(&path).unwrap(), Written::New);
        assert_eq!(fs::read_to_string(&path).unwrap(), DEFAULT_FILE);
        fs::write(&path, "log: {filter: debug}").unwrap();
        assert_eq!(write_default(&path).unwrap(), Written::Kept);
        assert_eq!(read(&path).unwrap(), json!({"log": {"filter": "debug"}}));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}", indented in "([ a-c:\\-\\[\\]{}&*#!|>'\"\n]{0,60})") {
            let _ = parse(&text);
            let _ = parse(&indented);
        }
    }
}
