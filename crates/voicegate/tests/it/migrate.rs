//! Voices that Resemblyzer enrolled.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use voicegate_audio::decode;
use voicegate_core::similarity::llr;
use voicegate_core::{Fusion, Voiceprint};
use voicegate_models::{
    Library, Registry, Runtime, SHIPPED_SPEAKER_MODEL, Settings, SpeakerModels, side_by_side,
};
use voicegate_service::config::VoiceAuthConfig;

use crate::signal::{Voice, wav};
use crate::support::{ALICE, MALLORY, Sandbox};

const GE2E: &str = "ge2e-resemblyzer";

/// A vector that points somewhere, as JSON.
fn vector(direction: usize) -> Value {
    (0..256).map(|i| if i == direction { 1.0 } else { 0.01 }).collect()
}

fn import(sandbox: &Sandbox, args: &[&str], exit: i32) -> Value {
    sandbox.run(&[&["--json", "migrate", "resemblyzer"], args].concat()).expect(exit).json()
}

fn refusals(summary: &Value) -> Vec<(&str, &str)> {
    let refused = summary["refused"].as_array().unwrap().iter();
    refused.map(|one| (one["user"].as_str().unwrap(), one["reason"].as_str().unwrap())).collect()
}

/// Resemblyzer's own model beside ours, if its weights were fetched.
fn models(sandbox: &Sandbox) -> Option<SpeakerModels> {
    sandbox.run(&["models", "list"]);
    let folder = sandbox.path("data/models/voice");
    if !folder.join(format!("biometric/speaker_verification/{GE2E}.onnx")).exists() {
        eprintln!("SKIPPED: the weights of {GE2E} were not fetched; run `make runtime`");
        return None;
    }
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.runtime/libonnxruntime.so");
    let runtime = Runtime::load(&Library::At(library)).unwrap();
    let ids = [SHIPPED_SPEAKER_MODEL.parse().unwrap(), GE2E.parse().unwrap()];
    Some(side_by_side(&runtime, &Registry::open(&folder).unwrap(), &ids, &Settings::default()).unwrap())
}

fn hear(models: &SpeakerModels, voice: Voice, take: u32) -> Voiceprint {
    let limits = VoiceAuthConfig::default().audio.decode_limits();
    let decoded = decode(&wav(voice, 4.0, take), Some("a.wav"), &limits, &|| Duration::ZERO).unwrap();
    models.embed(&Arc::new(decoded.pcm)).unwrap().voiceprint
}

/// A calibration that reaches 0.75 halfway between the least that one voice and the most that another one reaches.
fn calibration(own: &[Voiceprint], other: &Voiceprint, fusion: &Fusion) -> Value {
    let cosines =
        |to: &Voiceprint| own[1..].iter().map(|one| fusion.similarity(one, to).unwrap()).collect::<Vec<_>>();
    let same = cosines(&own[0]).into_iter().fold(1.0, f32::min);
    let different = cosines(other).into_iter().fold(-1.0, f32::max);
    assert!(same > different + 0.05, "the made-up voices are too alike: {same}, {different}");
    const PER_COSINE: f32 = 100.0;
    let scores: serde_json::Map<String, Value> = fusion
        .weights()
        .map(|(model, weight)| (model.to_owned(), json!({ "cosine": PER_COSINE * weight, "closeness": 0.0 })))
        .collect();
    json!({
        "id": "made up",
        "llr": { "scores": scores, "offset": llr(0.75) - f64::from(PER_COSINE * 0.5 * (same + different)) },
        "enrolment_agreement": 0.5 * (same + different) - 0.15, "owner_trials": 1, "stranger_trials": 1,
        "fitted_on": "made-up voices",
    })
}

/// The way that a voice goes: imported, accepted by the old model, and after some logins judged by the current ones.
#[test]
fn an_imported_voice_is_verified_and_moves_to_the_current_models() {
    let sandbox = Sandbox::new();
    let Some(models) = models(&sandbox) else { return };
    let own: Vec<Voiceprint> = (1..=4).map(|take| hear(&models, ALICE, take)).collect();
    let other = hear(&models, MALLORY, 1);
    let folder = sandbox.path("data/models/voice");
    let weights = [(SHIPPED_SPEAKER_MODEL.to_owned(), 0.5), (GE2E.to_owned(), 0.5)];
    let both = calibration(&own, &other, &Fusion::new(weights).unwrap());
    let registry = json!({
        "schema": 1, "models": [SHIPPED_SPEAKER_MODEL, GE2E],
        "systems": { "both": { "members": { SHIPPED_SPEAKER_MODEL: 0.5, GE2E: 0.5 }, "calibration": both } },
        "tasks": { "speaker_verification": { "active": "both", "fallback": SHIPPED_SPEAKER_MODEL } },
    });
    fs::write(folder.join("model_registry.json"), registry.to_string()).unwrap();
    let path = folder.join(format!("biometric/config/{GE2E}.json"));
    let mut metadata: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    metadata["calibration"] = calibration(&own, &other, &Fusion::single(GE2E));
    fs::write(path, metadata.to_string()).unwrap();

    let stored = own[0].get(GE2E).unwrap().values();
    let voices = sandbox.write("voices.json", json!({ "alice": stored }).to_string());
    let summary = import(&sandbox, &[voices.to_str().unwrap()], 0);
    assert_eq!((&summary["imported"], &summary["obstacle"]), (&json!(1), &Value::Null), "{summary}");
    let heard_by = || {
        let shown = sandbox.run(&["--json", "profile", "show", "--user", "alice"]).expect(0).json();
        assert_eq!(shown["status"], "active");
        let models = shown["models"].as_array().unwrap().clone();
        models.iter().map(|m| (m["model"].clone(), m["samples"].as_u64().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(heard_by(), [(json!(GE2E), 1)]);

    let verify = |voice: Voice, take: u32, exit: i32| {
        let file = sandbox.voice("login.wav", voice, take);
        let args = ["--json", "verify", "--user", "alice", file.to_str().unwrap()];
        sandbox.run(&args).expect(exit).json()["model"].clone()
    };
    assert_eq!(verify(MALLORY, 1, 1), GE2E, "a stranger is rejected, and nothing is learnt from him");
    assert_eq!(heard_by(), [(json!(GE2E), 1)]);
    // The same recording twice counts once, as in an enrolment.
    for take in [2, 2, 3, 4] {
        assert_eq!(verify(ALICE, take, 0), GE2E);
    }
    assert_eq!(heard_by(), [(json!(SHIPPED_SPEAKER_MODEL), 3), (json!(GE2E), 4)]);
    assert_eq!(verify(ALICE, 3, 0), "both", "the current models judge");
    assert_eq!(verify(MALLORY, 1, 1), "both");

    let audit = sandbox.run(&["--json", "audit", "list"]).expect(0).json();
    assert_eq!((&audit[0]["kind"], &audit[0]["details"]["imported"]), (&json!("enroll"), &json!(true)));
    assert!(!audit.to_string().contains("alice"));
    sandbox.run(&["audit", "verify"]).expect(0);
}

#[test]
fn bad_vectors_are_refused_by_name_and_the_rest_goes_in() {
    let sandbox = Sandbox::new();
    // As Python writes it: NaN is no JSON, and still only one person's fault.
    let text = json!({
        "good": vector(1), "two": [vector(2), vector(3)], "short": [1.0, 2.0], "zero": vec![0.0; 256],
        "text": "hello", "half": [vector(4), [1.0]], "a b": vector(5), "nan": ["NAN"],
    });
    let text = text.to_string().replace("\"NAN\"", "NaN");
    let file = sandbox.write("voices.json", text);
    let file = file.to_str().unwrap();
    let expected = [
        ("a b", "user name"),
        ("half", "vector 2 has 1 values"),
        ("nan", "vector 1 has no number at place 1"),
        ("short", "vector 1 has 2 values instead of 256"),
        ("text", "vector 1 is no array"),
        ("zero", "vector 1 is no embedding"),
    ];
    let check = |summary: &Value| {
        let found = refusals(summary);
        assert_eq!(summary["imported"], 2, "{summary}");
        assert!(found.iter().map(|(user, _)| user).eq(expected.iter().map(|(user, _)| user)), "{found:?}");
        for ((user, reason), (_, words)) in found.iter().zip(expected) {
            assert!(reason.contains(words), "{user}: {reason}");
        }
    };
    check(&import(&sandbox, &[file, "--dry-run"], 1));
    assert!(!sandbox.path("data/master.key").exists(), "a rehearsal makes no data");
    check(&import(&sandbox, &[file], 1));
    let audit = sandbox.run(&["--json", "audit", "list"]).expect(0).json();
    assert_eq!(audit.as_array().unwrap().len(), 2, "one record for each person");
    let shown = sandbox.run(&["--json", "profile", "show", "--user", "two"]).expect(0).json();
    assert_eq!((&shown["models"][0]["samples"], &shown["status"]), (&json!(2), &json!("active")));
}

#[test]
fn profiles_are_replaced_only_on_purpose() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("voices.json", json!({ "a": vector(1), "b": vector(2) }).to_string());
    let file = file.to_str().unwrap();
    assert_eq!(import(&sandbox, &[file], 0)["imported"], 2);
    sandbox.run(&["profile", "revoke", "--user", "b", "--reason", "left"]).expect(0);
    for args in [&[file][..], &[file, "--dry-run"]] {
        let again = import(&sandbox, args, 1);
        let found = refusals(&again);
        assert!(found[0].1.contains("active") && found[1].1.contains("revoked"), "{found:?}");
    }
    let state = |user: &str| {
        let shown = sandbox.run(&["--json", "profile", "show", "--user", user]).expect(0).json();
        (shown["version"].clone(), shown["status"].clone())
    };
    assert_eq!(import(&sandbox, &[file, "--replace", "--dry-run"], 0)["imported"], 2);
    assert_eq!((state("a"), state("b")), ((json!(1), json!("active")), (json!(2), json!("revoked"))));
    assert_eq!(import(&sandbox, &[file, "--replace"], 0)["imported"], 2);
    assert_eq!((state("a"), state("b")), ((json!(2), json!("active")), (json!(3), json!("active"))));
    sandbox.run(&["audit", "verify"]).expect(0);
}

#[test]
fn npy_files_are_read_one_by_one_and_by_folder() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("voices")).unwrap();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 256), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend((0..512).flat_map(|i| f64::from(i % 7).to_le_bytes()));
    let alice = sandbox.write("voices/alice.npy", &bytes);
    sandbox.write("voices/bob.npy", &bytes[..100]);
    sandbox.write("voices/readme.txt", "no voice");
    let folder = import(&sandbox, &["voices"], 1);
    assert_eq!((&folder["imported"], refusals(&folder)[0].0), (&json!(1), "bob"));
    let single = import(&sandbox, &[alice.to_str().unwrap(), "--replace"], 0);
    assert_eq!(single["imported"], 1);
}

/// SQLite always, PostgreSQL where the tests have one.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_a_database_is_read() {
    let sandbox = Sandbox::new();
    sqlx::any::install_default_drivers();
    sandbox.write("old.db", "");
    let sqlite = format!("sqlite:{}", sandbox.path("old.db").display());
    #[expect(clippy::disallowed_methods, reason = "the tests have no configuration loader")]
    let postgres = std::env::var("VOICEGATE_TEST_POSTGRES").ok();
    for (name, url) in [Some(("sqlite", sqlite)), postgres.map(|url| ("postgres", url))].into_iter().flatten()
    {
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        let bytes: String =
            (0..256u16).flat_map(|i| f32::from(i).to_le_bytes()).map(|b| format!("{b:02x}")).collect();
        let (kind, blob) = match name {
            "sqlite" => ("BLOB", format!("X'{bytes}'")),
            _ => ("BYTEA", format!("'\\x{bytes}'::bytea")),
        };
        let text = vector(3).to_string();
        for sql in [
            format!("CREATE TABLE device_bindings (user_id TEXT, voice_signature_vector TEXT, raw {kind})"),
            format!(
                "INSERT INTO device_bindings VALUES ('{name}-1', '{text}', {blob}), ('{name}-1', '{text}', NULL)"
            ),
            format!(
                "INSERT INTO device_bindings VALUES ('{name}-2', NULL, {blob}), ('{name}-3', 'oops', NULL)"
            ),
        ] {
            connection.execute(AssertSqlSafe(sql)).await.unwrap();
        }
        let as_text = import(&sandbox, &["--database", &url], 1);
        assert_eq!(as_text["imported"], 1, "{as_text}");
        assert_eq!(refusals(&as_text)[0].0, format!("{name}-3"));
        let shown =
            sandbox.run(&["--json", "profile", "show", "--user", &format!("{name}-1")]).expect(0).json();
        assert_eq!(shown["models"][0]["samples"], 2, "two devices, two vectors");
        let as_bytes = import(&sandbox, &["--database", &url, "--vector-column", "raw"], 1);
        assert_eq!(as_bytes["imported"], 1, "{as_bytes}");
        assert_eq!(refusals(&as_bytes)[0].0, format!("{name}-1"), "it is there already");
        let wrong =
            ["migrate", "resemblyzer", "--database", &url, "--table", "x; DROP TABLE device_bindings"];
        let wrong = sandbox.run(&wrong).expect(2);
        assert!(wrong.err().contains("no name of a table"), "{}", wrong.err());
        connection.execute(AssertSqlSafe("DROP TABLE device_bindings".to_owned())).await.unwrap();
    }
    sandbox.run(&["migrate", "resemblyzer", "--database", "sqlite:nowhere.db"]).expect(2);
    sandbox.run(&["migrate", "resemblyzer"]).expect(2);
}
