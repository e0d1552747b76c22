//! Exit status, standard output, standard error.

use std::fs;

use serde_json::Value;

use crate::support::{ALICE, MALLORY, Sandbox, mode};

fn codes(reasons: &Value) -> Vec<&str> {
    reasons.as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

/// The contract that others script against: outcome by exit status, the answer on standard output.
#[test]
fn a_voice_is_enrolled_accepted_rejected_and_inconclusive() {
    let sandbox = Sandbox::new();
    let enrolled = sandbox.enroll("alice", ALICE).expect(0).json();
    assert_eq!(enrolled["outcome"], "ACCEPT");
    assert_eq!(enrolled["progress"]["samples"], 3);

    let same = sandbox.voice("same.wav", ALICE, 9);
    let accepted = sandbox.run(&["verify", "--user", "alice", same.to_str().unwrap(), "--json"]).expect(0);
    assert_eq!(accepted.err(), "", "nothing but the answer is said");
    let answer = accepted.json();
    for field in
        ["outcome", "reasons", "similarity", "llr", "cosines", "quality", "model", "threshold", "timings"]
    {
        assert!(answer.get(field).is_some(), "{field} is missing: {answer}");
    }
    assert_eq!(answer["outcome"], "ACCEPT");

    let other = sandbox.voice("other.wav", MALLORY, 1);
    let rejected =
        sandbox.run(&["--json", "verify", "--user", "alice", other.to_str().unwrap()]).expect(1).json();
    assert_eq!(rejected["outcome"], "REJECT");
    assert!(rejected["similarity"].as_f64() < answer["similarity"].as_f64());

    let noise = sandbox.write("noise.bin", [7; 4000]);
    let unusable =
        sandbox.run(&["--json", "verify", "--user", "alice", noise.to_str().unwrap()]).expect(3).json();
    assert_eq!((&unusable["outcome"], &unusable["similarity"]), (&Value::from("INCONCLUSIVE"), &Value::Null));
    assert_eq!(codes(&unusable["reasons"]), ["unsupported_format"]);
    let silence = sandbox.write("silence.wav", voicegate_audio::encode_wav(&[0.0; 64_000]));
    sandbox.run(&["verify", "--user", "alice", silence.to_str().unwrap()]).expect(3);

    let audit = sandbox.run(&["audit", "verify", "--json"]).expect(0).json();
    assert_eq!((&audit["records"], &audit["breach"]), (&Value::from(5), &Value::Null));
    sandbox.run(&["profile", "revoke", "--user", "alice", "--reason", "left"]).expect(0);
    let gone = sandbox.run(&["--json", "verify", "--user", "alice", same.to_str().unwrap()]).expect(2);
    assert_eq!(gone.json()["error"]["code"], "profile-revoked");
}

/// Each row: arguments, exit status, a word of standard error.
#[test]
fn wrong_usage_and_failures_exit_with_2_and_say_why() {
    let sandbox = Sandbox::new();
    let file = sandbox.voice("a.wav", ALICE, 1);
    let file = file.to_str().unwrap();
    sandbox.run(&["enroll", "--user", "half", file]).expect(3);
    let table: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["sing"], "unrecognized subcommand"),
        (&["verify", file], "--user"),
        (&["verify", "--user", "half"], "<FILE>"),
        (&["verify", "--user", "", file], "--user"),
        (&["verify", "--user", "half", file], "not complete"),
        (&["verify", "--user", "nobody", file], "nobody is enrolled as 'nobody'"),
        (&["verify", "--user", "half", "none.wav"], "none.wav"),
        (&["verify", "--user", "half", "."], "folder"),
        (&["--data-dir", "elsewhere", "verify", "--user", "half", file], "--data-dir"),
        (&["enroll", "--user", "half", "--add", "--replace", file], "cannot be used with"),
        (&["enroll", "--user", "new", "--add", file], "nobody is enrolled"),
        (&["--config", "none.yaml", "verify", "--user", "half", file], "none.yaml"),
        (&["keys", "create", "--name", "k", "--scope", "root"], "is not a scope"),
        (&["keys", "revoke", "00000000-0000-7000-8000-000000000000"], "no such API key"),
        (&["eval", "verify", "--corpus", file], "a.wav"),
    ];
    let mut wrong = Vec::new();
    for (args, expected) in table {
        let ran = sandbox.run(args);
        if ran.code() != 2 || !ran.err().contains(expected) || !ran.out().is_empty() {
            wrong.push(format!("{args:?}: {} {:?} {:?}", ran.code(), ran.out(), ran.err()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Exit status 2 does not say what failed; the code does, on standard error and, with `--json`, on standard output.
#[test]
fn failures_have_stable_codes() {
    let sandbox = Sandbox::new();
    let file = sandbox.voice("a.wav", ALICE, 1);
    let file = file.to_str().unwrap();
    sandbox.run(&["enroll", "--user", "half", file]).expect(3);
    sandbox.write("bad.yaml", "enrolment: {min_samples: 0}");
    let fails = |args: &[&str], code: &str| {
        let failure = sandbox.run(&[args, &["--json"]].concat()).expect(2);
        let told = &failure.json()["error"];
        assert_eq!(told["code"], code, "{args:?}");
        let message = told["message"].as_str().unwrap().lines().next().unwrap();
        let first = format!("voicegate: error[{code}]: {message}");
        assert!(failure.err().contains(&first), "{args:?}: {}", failure.err());
        assert!(sandbox.run(args).expect(2).err().contains(&first), "{args:?}");
    };
    let verify = |user| ["verify", "--user", user, file];
    fails(&["verify", file], "usage");
    fails(&["sing"], "usage");
    fails(&verify("nobody"), "not-enrolled");
    fails(&verify("half"), "enrolment-incomplete");
    fails(&["verify", "--user", "half", "none.wav"], "file");
    fails(&[&["--data-dir", "elsewhere"], &verify("half")[..]].concat(), "no-data");
    fails(&[&["--config", "bad.yaml"], &verify("half")[..]].concat(), "invalid-configuration");

    // What is stored cannot be read: another key, no key, and no database any more.
    let (key, database) = (sandbox.path("data/master.key"), sandbox.path("data/voicegate.db"));
    let kept = fs::read(&key).unwrap();
    fs::write(&key, "1 AAAA").unwrap();
    fails(&verify("half"), "master-key");
    fs::write(&key, format!("1 {}=\n", "A".repeat(43))).unwrap();
    fails(&verify("half"), "master-key");
    fs::write(&key, kept).unwrap();
    fails(&verify("nobody"), "not-enrolled");
    fs::write(&database, [7; 8192]).unwrap();
    for user in ["half", "nobody"] {
        fails(&verify(user), "stored-data-unreadable");
    }
}

/// A command leaves the folder it is called from alone.
#[test]
fn nothing_is_written_outside_of_the_data_folder() {
    let sandbox = Sandbox::new();
    for take in 1..=3 {
        sandbox.voice(&format!("alice-{take}.wav"), ALICE, take);
    }
    let data = Sandbox::new();
    let folder = data.path("data");
    let folder = folder.to_str().unwrap();
    let run = |args: &[&str]| sandbox.run(&[&["--data-dir", folder], args].concat());
    run(&["enroll", "--user", "alice", "alice-1.wav", "alice-2.wav", "alice-3.wav"]).expect(0);
    run(&["verify", "--user", "alice", "alice-1.wav"]).expect(0);
    run(&["models", "verify"]).expect(0);
    run(&["doctor"]).expect(0);
    run(&["config", "show"]).expect(0);
    let mut left: Vec<_> = fs::read_dir(sandbox.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["alice-1.wav", "alice-2.wav", "alice-3.wav"]);
    assert_eq!(mode(&data.path("data")), 0o700);
    assert_eq!(mode(&data.path("data/master.key")), 0o600);
}

#[test]
fn an_enrolled_voice_is_only_changed_on_purpose() {
    let sandbox = Sandbox::new();
    sandbox.enroll("alice", ALICE).expect(0);
    let again = sandbox.enroll("alice", ALICE).expect(2);
    assert_eq!(again.json()["error"]["code"], "already-enrolled");
    let more = sandbox.voice("more.wav", ALICE, 5);
    let added =
        sandbox.run(&["--json", "enroll", "--user", "alice", "--add", more.to_str().unwrap()]).expect(0);
    assert_eq!(added.json()["progress"]["samples"], 4);
    let shown = sandbox.run(&["profile", "show", "--user", "alice", "--json"]).expect(0).json();
    assert_eq!((&shown["status"], &shown["version"]), (&Value::from("active"), &Value::from(2)));
}

#[test]
fn the_master_key_is_rotated_and_voices_stay() {
    let sandbox = Sandbox::new();
    sandbox.enroll("alice", ALICE).expect(0);
    let before = fs::read(sandbox.path("data/master.key")).unwrap();
    let rotated = sandbox.run(&["key", "rotate", "--json"]).expect(0).json();
    assert_eq!((&rotated["version"], &rotated["rewrapped"]), (&Value::from(2), &Value::from(1)));
    assert_ne!(fs::read(sandbox.path("data/master.key")).unwrap(), before);
    let same = sandbox.voice("same.wav", ALICE, 9);
    sandbox.run(&["verify", "--user", "alice", same.to_str().unwrap()]).expect(0);
    sandbox.run(&["audit", "verify"]).expect(0);
    // The old key alone no longer opens anything.
    fs::write(sandbox.path("data/master.key"), before).unwrap();
    let refused = sandbox.run(&["verify", "--user", "alice", same.to_str().unwrap()]).expect(2);
    assert!(refused.err().contains("master key"), "{}", refused.err());
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let sandbox = Sandbox::new();
    let made = sandbox
        .run(&["--json", "keys", "create", "--name", "desk", "--scope", "verify,enroll"])
        .expect(0)
        .json();
    assert!(made["secret"].as_str().unwrap().starts_with("vg_"));
    let id = made["id"].as_str().unwrap();
    let listed = sandbox.run(&["keys", "list"]).expect(0).out();
    assert!(listed.contains(id) && listed.contains("desk") && listed.contains("live"), "{listed}");
    assert!(!listed.contains(made["secret"].as_str().unwrap()));
    sandbox.run(&["keys", "revoke", id]).expect(0);
    assert!(sandbox.run(&["keys", "list"]).expect(0).out().contains("revoked"));
    let records = sandbox.run(&["audit", "list", "--json"]).expect(0).json();
    let kinds: Vec<_> = records.as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["api_key_created", "api_key_revoked"]);
}

/// P1.3: the path of every wrong field, and the environment before the file.
#[test]
fn configuration_faults_are_named_by_path() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("config")).unwrap();
    sandbox.write("config/voice_auth_config.yaml", "enrolment: {min_samples: 0}\nserver: {listne: x}\n");
    let checked = sandbox.run(&["config", "check", "--json"]).expect(1).json();
    let mut paths: Vec<_> =
        checked["faults"].as_array().unwrap().iter().map(|fault| fault["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["enrolment.min_samples", "server.listne"]);
    let refused = sandbox.run(&["verify", "--user", "alice", "a.wav"]).expect(2);
    assert!(refused.err().contains("enrolment.min_samples"), "{}", refused.err());

    let default = sandbox.run(&["config", "default"]).expect(0).out();
    sandbox.write("config/voice_auth_config.yaml", default);
    sandbox.run(&["config", "check"]).expect(0);
    let mut show = sandbox.command(&["config", "show", "--json"]);
    let shown = show.env("VOICEGATE_ENROLMENT__MIN_SAMPLES", "7").output().unwrap();
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["enrolment"]["min_samples"], 7);
}

/// P2.3: a file with another content is refused by name, and everybody is told.
#[test]
fn a_changed_model_file_is_refused_by_name() {
    let sandbox = Sandbox::new();
    let listed = sandbox.run(&["models", "list", "--json"]).expect(0).json();
    let (id, folder) = ("ecapa-tdnn-c256-v1", listed["folder"].as_str().unwrap());
    let path = sandbox.path(folder).join(format!("biometric/speaker_verification/{id}.onnx"));
    let mut bytes = fs::read(&path).unwrap();
    bytes[2000] ^= 1;
    fs::write(&path, bytes).unwrap();
    for args in [["models", "list"].as_slice(), &["models", "verify"], &["doctor"]] {
        let ran = sandbox.run(args).expect(1);
        assert!(ran.out().contains(id) && ran.out().contains("SHA-256"), "{args:?}: {}", ran.out());
    }
    let file = sandbox.voice("a.wav", ALICE, 1);
    let refused = sandbox.run(&["enroll", "--user", "alice", file.to_str().unwrap()]).expect(2);
    assert!(refused.err().contains(id) && refused.err().contains("SHA-256"), "{}", refused.err());
}

#[test]
fn doctor_names_what_is_wrong_and_what_to_do() {
    let sandbox = Sandbox::new();
    sandbox.enroll("alice", ALICE).expect(0);
    let well = sandbox.run(&["doctor", "--json"]).expect(0).json();
    assert!(well.as_array().unwrap().len() >= 8, "{well}");
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(sandbox.path("data/master.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let ill = sandbox.run(&["doctor"]).expect(1).out();
    assert!(ill.contains("FAIL  master key") && ill.contains("chmod 600"), "{ill}");
}

#[test]
fn a_recording_is_analysed_without_a_person() {
    let sandbox = Sandbox::new();
    let file = sandbox.voice("a.wav", ALICE, 1);
    let good = sandbox.run(&["analyze", file.to_str().unwrap(), "--json"]).expect(0).json();
    assert_eq!(good["source"]["sample_rate"], 16_000);
    assert!(good["quality"]["net_speech_s"].as_f64().unwrap() > 1.5, "{good}");
    let bad = sandbox.write("b.wav", b"RIFF");
    let bad = sandbox.run(&["analyze", bad.to_str().unwrap(), "--json"]).expect(3).json();
    assert_eq!(bad["usable"], false);
}

#[test]
fn an_evaluation_counts_every_trial() {
    let sandbox = Sandbox::new();
    let list = sandbox.corpus();
    let list = list.to_str().unwrap();
    let out = ["--scores", "scores.tsv", "--html", "report.html", "--draws", "20", "--json"];
    let report = sandbox.run(&[&["eval", "verify", "--corpus", list], &out[..]].concat()).expect(0).json();
    let group = &report["datasets"][0];
    assert_eq!((&group["name"], &group["speakers"]), (&Value::from("made_up"), &Value::from(2)));
    assert_eq!(report["enrolments"][0]["refused"], 0);
    let sum = |who: &str| -> u64 {
        ["accept", "reject", "inconclusive"].iter().map(|o| group[who][o].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("owners"), sum("strangers")), (4, 10));
    assert_eq!(group["metrics"]["equal_error_rate"]["value"], 0.0);
    assert!(group["metrics"]["frr_at_far"][0]["frr"].is_null(), "10 strangers show no rate of 1 %");

    let scores = fs::read_to_string(sandbox.path("scores.tsv")).unwrap();
    let mut lines = scores.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let heading = lines.next().unwrap();
    assert_eq!(heading[..4], ["dataset", "enrolled", "path", "target"]);
    assert_eq!(heading[heading.len() - 2..], ["llr", "similarity"]);
    assert!(heading.len() > 6, "a column for each model: {heading:?}");
    let trials: Vec<_> = lines.collect();
    assert_eq!(trials.len(), 14);
    assert!(trials.iter().all(|trial| trial.len() == heading.len()));
    assert_eq!(trials.iter().filter(|trial| trial[3] == "1").count(), 4);

    let page = fs::read_to_string(sandbox.path("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(page.contains("made_up") && page.contains("<svg") && !page.contains("<script"));
}

/// Fitted on two voices the numbers mean nothing; that each step takes what the one before it made is what is tested.
#[test]
fn what_was_fitted_is_evaluated_and_advised_on() {
    let sandbox = Sandbox::new();
    let list = sandbox.corpus();
    let of = ["--corpus", list.to_str().unwrap(), "--cache", "cache"];
    let run = |args: &[&str], more: &[&str]| sandbox.run(&[&["eval"], args, &of[..], more].concat());
    run(&["fit"], &["--name", "own", "--write"]).expect(0);
    let report = run(&["verify"], &["--compare", "--draws", "20", "--json"]).expect(0).json();
    assert_eq!(report["calibration"], "own");
    assert!(report["all"]["metrics"]["cllr"]["value"].as_f64().unwrap() >= 0.0);
    assert_eq!(report["thresholds"].as_array().unwrap().len(), 6);
    let rows = report["comparison"].as_array().unwrap();
    assert!(rows.len() > 1, "{rows:?}");
    assert_eq!(rows[0]["system"], report["model"]);

    let single = rows.last().unwrap()["system"].as_str().unwrap();
    let alone = run(&["verify"], &["--models", single, "--json"]).expect(0).json();
    assert_eq!(alone["model"], single);
    run(&["verify"], &["--models", "nothing,like-this"]).expect(2);
    assert!(run(&["verify"], &["--cohort", of[1]]).expect(2).err().contains("a cohort is of others"));
    let others = fs::read_to_string(sandbox.path(of[1])).unwrap().replace("made_up", "others");
    let others = sandbox.write("others.tsv", others);
    let others = others.to_str().unwrap();
    let backends = run(&["verify"], &["--cohort", others, "--models", single, "--draws", "20", "--json"]);
    let backends = backends.expect(0).json();
    let backend = |row: usize| backends["comparison"][row]["backend"].as_str();
    assert_eq!([0, 1, 2, 3].map(backend), [Some("cosine"), Some("as_norm"), Some("plda"), None]);

    let advice = run(&["advise"], &["--json"]).expect(0).json();
    assert_eq!((&advice["few_speakers"], &advice["speakers"]), (&Value::from(true), &Value::from(2)));
    assert_eq!(advice["proposal"]["too_few_trials"]["needed"], 3000);
    let text = run(&["advise"], &[]).expect(0).out();
    assert!(text.contains("WARNING: 2 speakers are too few") && text.contains("rule of three"), "{text}");
    assert!(run(&["advise"], &["--far", "2"]).expect(2).err().contains("between 0 and 1"));
}

#[test]
fn documents_are_printed() {
    let sandbox = Sandbox::new();
    let openapi = sandbox.run(&["openapi"]).expect(0).json();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(sandbox.run(&["completions", "bash"]).expect(0).out().contains("voicegate"));
    assert!(sandbox.run(&["--help"]).expect(0).out().contains("Exit status"));
}
