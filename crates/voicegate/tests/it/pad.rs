//! The evaluation of attack detection, from made-up recordings to its files.

use std::fs;

use serde_json::{Value, json};

use crate::signal::wav;
use crate::support::{ALICE, MALLORY, Sandbox};

/// Ten bona fide takes of two voices and ten attacks that silence was cut into, of two species, and their list.
fn recordings(sandbox: &Sandbox) -> String {
    sandbox.corpus();
    let mut list = String::from("path\tkind\tsystem\tspeaker\n");
    for (speaker, voice) in [("a", ALICE), ("m", MALLORY)] {
        for take in 1..=5 {
            list += &format!("{speaker}{take}.wav\tbonafide\tstudio\t{speaker}\n");
            let (name, mut bytes) = (format!("cut-{speaker}{take}.wav"), wav(voice, 4.0, take + 5));
            // Half a second of nothing in each second: 16,000 samples of two bytes after the header.
            for second in bytes[44..].chunks_mut(32_000) {
                second.iter_mut().take(16_000).for_each(|byte| *byte = 0);
            }
            sandbox.write(&name, bytes);
            let species = if take < 3 { "few cuts" } else { "cuts" };
            list += &format!("{name}\tspoof\t{species}\t{speaker}\n");
        }
    }
    sandbox.write("attacks.tsv", list).display().to_string()
}

#[test]
fn attacks_are_counted_by_species_and_scores_are_written() {
    let sandbox = Sandbox::new();
    let list = recordings(&sandbox);
    let out = ["--scores", "scores.tsv", "--html", "report.html", "--draws", "20", "--json"];
    let report = sandbox.run(&[&["eval", "pad", "--corpus", &list], &out[..]].concat()).expect(0).json();
    let species: Vec<&Value> =
        report["species"].as_array().unwrap().iter().map(|species| &species["name"]).collect();
    assert_eq!(species, ["cuts", "few cuts"]);
    assert_eq!(
        (&report["species"][1]["presentations"], &report["sources"][0]["presentations"]),
        (&json!(4), &json!(10))
    );
    let silence = &report["all"]["detectors"]["digital_silence_ms"];
    assert_eq!((&silence["attacks"], &silence["bona_fide"]), (&json!(10), &json!(10)));
    assert_eq!(silence["equal_error_rate"]["value"], 0.0, "{silence}");
    assert!(report["end_to_end"].as_array().unwrap().is_empty());

    let scores = fs::read_to_string(sandbox.path("scores.tsv")).unwrap();
    let lines: Vec<Vec<&str>> = scores.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((&lines[0][..3], lines[0].last()), (&["path", "kind", "system"][..], Some(&"fused_llr")));
    assert_eq!(lines.len(), 21);
    assert!(lines.iter().all(|line| line.len() == lines[0].len()));
    let column = lines[0].iter().position(|name| *name == "digital_silence_ms").unwrap();
    assert!(
        lines[1..].iter().all(|line| (line[column].parse::<f64>().unwrap() > 400.0) == (line[1] == "spoof"))
    );

    let page = fs::read_to_string(sandbox.path("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("few cuts") && !page.contains("<script"));
}

/// Fitted and reported on the same recordings the numbers mean nothing; that each step takes what the one before it made
/// is what is tested.
#[test]
fn what_was_fitted_serves_and_meets_attacks_on_enrolled_voices() {
    let sandbox = Sandbox::new();
    let list = recordings(&sandbox);
    let fit =
        ["eval", "fit-pad", "--corpus", &list, "--name", "own-1", "--condition", "clean", "--draws", "20"];
    let fitted = sandbox.run(&[&fit[..], &["--write", "own", "--json"]].concat()).expect(0).json();
    assert_eq!(
        (&fitted["written"], &fitted["fitted"]["attacks"]),
        (&json!("own"), &json!({"cuts": 6, "few cuts": 4}))
    );
    assert!(fitted["fitted"]["fusion"]["detectors"]["digital_silence_ms"]["slope"].as_f64().unwrap() > 0.0);
    assert!(fitted["left_out"].as_object().unwrap().values().all(Value::is_string));
    let without = [&fit[..], &["--without", "digital_silence_ms"]].concat();
    let text = sandbox.run(&without).expect(0).out();
    assert!(text.contains("left out: digital_silence_ms, it was to be left out"), "{text}");
    assert!(
        sandbox.run(&[&fit[..], &["--without", "nonsense"]].concat()).expect(2).err().contains("nonsense")
    );

    let path = sandbox.path("data/models/voice/model_registry.json");
    let mut registry: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    registry["tasks"]["antispoofing"] = json!({"active": "own", "fallback": null});
    fs::write(&path, registry.to_string()).unwrap();
    let enrolled = sandbox.path("list.tsv").display().to_string();
    let pad = ["eval", "pad", "--corpus", &list, "--enrolled", &enrolled, "--draws", "20", "--json"];
    let report = sandbox.run(&pad).expect(0).json();
    assert_eq!(report["fusion"], "own-1");
    assert_eq!(report["all"]["fused"]["equal_error_rate"]["value"], 0.0);
    assert_eq!(report["all"]["apcer"]["trials"], 10);
    let met = &report["end_to_end"][2];
    assert_eq!((&met["species"], &met["presentations"]), (&json!("all"), &json!(10)));
    assert_eq!(met["iapar"]["trials"], 10);
    assert!(met["iapar"]["count"].as_u64() <= met["voice_matches"]["count"].as_u64());
}

#[test]
fn lists_that_are_wrong_are_refused_by_line() {
    let sandbox = Sandbox::new();
    let list = recordings(&sandbox);
    let wrong = sandbox.write("wrong.tsv", "path\tkind\tsystem\na1.wav\tfake\tx\n").display().to_string();
    let empty = sandbox.write("empty.tsv", "path\tkind\tsystem\n").display().to_string();
    let strangers =
        sandbox.write("strangers.tsv", "path\tdataset\tspeaker\na1.wav\td\tnobody\n").display().to_string();
    for (args, told) in [
        (vec!["--corpus", &wrong], "line 2: kind 'fake'"),
        (vec!["--corpus", &list, "--corpus", &empty], "there are no recordings"),
        (vec!["--corpus", &list, "--model", "nothing"], "nothing"),
        (vec!["--corpus", &list, "--enrolled", &strangers], "no attack names one of its speakers"),
        (vec![], "--corpus"),
    ] {
        let ran = sandbox.run(&[&["eval", "pad"], &args[..]].concat()).expect(2);
        assert!(ran.err().contains(told), "{args:?}: {}", ran.err());
    }
}
