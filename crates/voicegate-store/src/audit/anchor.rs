//! The anchor: a signed checkpoint in a file outside of the database.
//!
//! Whoever can rewrite the database can put an old signed end and old checkpoints back along with an old log. The
//! anchor then still counts the records that are gone. It is renewed at intervals, so the newest few records are not
//! covered; copied to another machine it also covers the whole data folder being put back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::{SignedDuration, Timestamp};
use voicegate_core::audit::Checkpoint;

/// The anchor is renewed after this many records, or a minute, whichever comes first.
pub const ANCHOR_INTERVAL: u64 = 100;
const ANCHOR_AGE: SignedDuration = SignedDuration::from_secs(60);
const MAGIC: &str = "voicegate-audit-anchor-1";

/// What the anchor file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchored {
    /// No file: nothing was anchored yet, or anchoring is off.
    Nothing,
    /// Not a file of ours any more.
    Damaged,
    /// A checkpoint; whether it is authentic is not yet known.
    Checkpoint(Checkpoint),
}

/// The anchor file.
#[derive(Debug)]
pub(crate) struct Anchor {
    path: Option<PathBuf>,
    due: Mutex<Due>,
    /// Count in the file; held while writing, so that it never goes back.
    written: Mutex<u64>,
}

#[derive(Debug)]
struct Due {
    /// Set when the file contradicts the log: it must not be replaced.
    evidence: bool,
    count: u64,
    at: Timestamp,
}

impl Anchor {
    /// The anchor at `path`; `None` for no anchor.
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        let due = Due { evidence: false, count: 0, at: Timestamp::MIN };
        Self { path, due: Mutex::new(due), written: Mutex::new(0) }
    }

    pub(crate) fn read(&self) -> io::Result<Anchored> {
        let Some(path) = &self.path else { return Ok(Anchored::Nothing) };
        match fs::read(path) {
            Ok(bytes) => Ok(parse(&bytes).map_or(Anchored::Damaged, Anchored::Checkpoint)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Anchored::Nothing),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn keep_as_evidence(&self) {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).evidence = true;
    }

    /// Whether it is time to write; says so once per interval.
    pub(crate) fn is_due(&self, count: u64, at: Timestamp) -> bool {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = self.path.is_some()
            && !due.evidence
            && (count >= due.count + ANCHOR_INTERVAL || at.duration_since(due.at) >= ANCHOR_AGE);
        if is_due {
            (due.count, due.at) = (count, at);
        }
        is_due
    }

    /// Replaces the file, unless it is evidence or counts more already. A failure is logged: the log itself is whole.
    pub(crate) fn write(&self, end: &Checkpoint) {
        let Some(path) = &self.path else { return };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if end.count <= *written || self.due.lock().unwrap_or_else(PoisonError::into_inner).evidence {
            return;
        }
        match replace(path, end) {
            Ok(()) => *written = end.count,
            Err(error) => tracing::warn!(%error, path = %path.display(), "the audit anchor was not written"),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Checkpoint> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut words = text.strip_suffix('\n')?.split(' ');
    let mut word = || words.next();
    if word()? != MAGIC {
        return None;
    }
    let count = word()?.parse().ok()?;
    let mut link = || BASE64_STANDARD.decode(word()?).ok()?.try_into().ok();
    Some(Checkpoint { count, head: link()?, mac: link()? })
}

fn replace(path: &Path, end: &Checkpoint) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // The process id keeps two processes with one data folder out of each other's way.
    name.push(format!(".{}", std::process::id()));
    let aside = path.with_file_name(name);
    let (head, mac) = (BASE64_STANDARD.encode(end.head), BASE64_STANDARD.encode(end.mac));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(format!("{MAGIC} {} {head} {mac}\n", end.count).as_bytes())?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    File::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(count: u64) -> Checkpoint {
        Checkpoint { count, head: [1; 32], mac: [2; 32] }
    }

    #[test]
    fn it_comes_back_never_goes_back_and_stays_if_it_is_evidence() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = Anchor::new(Some(folder.path().join("audit.anchor")));
        assert_eq!(anchor.read().unwrap(), Anchored::Nothing);
        for (write, read) in [(7, 7), (9, 9), (8, 9)] {
            anchor.write(&end(write));
            assert_eq!(anchor.read().unwrap(), Anchored::Checkpoint(end(read)));
        }
        anchor.keep_as_evidence();
        anchor.write(&end(100));
        assert_eq!(anchor.read().unwrap(), Anchored::Checkpoint(end(9)));
        fs::write(folder.path().join("audit.anchor"), "voicegate-audit-anchor-1 9 AAAA").unwrap();
        assert_eq!(anchor.read().unwrap(), Anchored::Damaged);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn it_is_due_by_records_and_by_time() {
        let anchor = Anchor::new(Some("unused".into()));
        let start = Timestamp::UNIX_EPOCH;
        assert!(anchor.is_due(1, start), "the first record");
        assert!(!anchor.is_due(2, start));
        assert!(!anchor.is_due(ANCHOR_INTERVAL, start));
        assert!(anchor.is_due(ANCHOR_INTERVAL + 1, start));
        assert!(anchor.is_due(ANCHOR_INTERVAL + 2, start + ANCHOR_AGE));
        assert!(!Anchor::new(None).is_due(1, start));
    }
}
