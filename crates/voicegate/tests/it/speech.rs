//! Real voices, where the recordings are at hand.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

/// The folder with `eval.tsv`, if it is there.
fn speech() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the tests have no configuration loader")]
    let named = std::env::var_os("VOICEGATE_SPEECH");
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/speech");
    let folder = named.map_or(usual, PathBuf::from);
    if folder.join("eval.tsv").exists() {
        return Some(fs::canonicalize(folder).unwrap());
    }
    eprintln!("SKIPPED: no speech in {}; set VOICEGATE_SPEECH", folder.display());
    None
}

/// P3.2: a person is accepted and a stranger rejected, on recordings of people.
#[test]
fn people_are_accepted_and_strangers_rejected() {
    let Some(folder) = speech() else { return };
    let list = fs::read_to_string(folder.join("eval.tsv")).unwrap();
    // Readers of long sentences: enough speech in each file.
    let files = |speaker: &str| -> Vec<String> {
        let of = |line: &&str| {
            let fields: Vec<&str> = line.split('\t').collect();
            fields[1] == "librispeech_mix" && fields[2] == speaker
        };
        list.lines()
            .filter(of)
            .map(|line| folder.join(line.split('\t').next().unwrap()).display().to_string())
            .collect()
    };
    let mut speakers: Vec<&str> = list
        .lines()
        .filter(|l| l.split('\t').nth(1) == Some("librispeech_mix"))
        .filter_map(|l| l.split('\t').nth(2))
        .collect();
    speakers.sort_unstable();
    speakers.dedup();
    let (owner, strangers) = (files(speakers[0]), [files(speakers[3]), files(speakers[6])].concat());

    let sandbox = Sandbox::new();
    sandbox.run(&["enroll", "--user", "owner", &owner[0], &owner[1], &owner[2]]).expect(0);
    let outcome = |file: &String| {
        let answer = sandbox.run(&["--json", "verify", "--user", "owner", file]);
        assert!(answer.code() != 2, "{}", answer.err());
        answer.json()["outcome"].clone()
    };
    let count = |files: &[String], wanted: &str| files.iter().filter(|f| outcome(f) == wanted).count();
    // How often it errs is `voicegate eval`'s to say; here, that it tells them apart at all.
    assert!(count(&owner[3..], "ACCEPT") >= (owner.len() - 3) / 2, "owner's own recordings are rejected");
    assert_eq!(count(&strangers, "ACCEPT"), 0, "strangers are accepted");
}
