//! The evaluation of challenges, from recordings of digits to its files.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::signal::wav;
use crate::support::{ALICE, Sandbox};

/// Half a second for each digit, of one voice, and their list.
fn digits(sandbox: &Sandbox) -> String {
    let mut list = String::from("path\tspeaker\tdigit\n");
    for digit in 0..10 {
        sandbox.write(&format!("{digit}.wav"), wav(ALICE, 0.5, digit));
        list += &format!("{digit}.wav\tann\t{digit}\n");
    }
    sandbox.write("digits.tsv", list).display().to_string()
}

/// The address of a server that hears `text` in everything, in the protocol of whisper.cpp.
fn hears(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &json!({"text": text}).to_string()).unwrap();
        }
    });
    url
}

fn answer(mut stream: TcpStream, body: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    for line in reader.by_ref().lines() {
        match line?.to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None if length > 0 => break,
            None => {}
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all((head + body).as_bytes())
}

/// Of the 90 prompts of two digits the server hears ten, whatever is said.
#[test]
fn the_report_counts_what_the_scores_say_and_the_seed_repeats_both() {
    let sandbox = Sandbox::new();
    let list = digits(&sandbox);
    let url = hears("0 1 2 3 4 5 6 7 8 9 0");
    let config = sandbox.write("config.yaml", json!({"models": {"whisper": {"url": url}}}).to_string());
    let config = config.display().to_string();
    let run = |seed: &str| {
        let args = ["--config", &config, "eval", "challenge", "--digits", &list, "--lengths", "2"];
        let out = ["--strings", "60", "--draws", "20", "--seed", seed, "--scores", "scores.tsv", "--json"];
        let report = sandbox.run(&[&args[..], &out[..]].concat()).expect(0).json();
        (report, fs::read_to_string(sandbox.path("scores.tsv")).unwrap())
    };
    let (report, scores) = run("7");
    assert_eq!(report["recogniser"], "whisper");
    let groups = report["groups"].as_array().unwrap();
    let lengths: Vec<&Value> = groups.iter().map(|group| &group["length"]).collect();
    assert_eq!(lengths, [&json!(2), &Value::Null]);
    let lines: Vec<Vec<&str>> = scores.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines[0], ["speaker", "spoken", "prompt", "length", "kind", "llr", "passed"]);
    assert_eq!(lines.len(), 1 + 4 * 60);
    let kinds = groups[0]["trials"].as_array().unwrap();
    assert_eq!(kinds.len(), 4);
    for found in kinds {
        let own: Vec<&Vec<&str>> = lines.iter().filter(|line| found["kind"] == line[4]).collect();
        assert!(
            own.iter()
                .all(|line| line[..4] == ["ann", "joined", "digits", "2"] && line[5].parse::<f64>().is_ok())
        );
        let passed = own.iter().filter(|line| line[6] == "true").count();
        assert_eq!((&found["accepted"]["trials"], own.len()), (&json!(60), 60));
        assert_eq!(found["accepted"]["count"], passed, "{found}");
    }
    let passed = lines.iter().filter(|line| line[6] == "true").count();
    assert!((4..80).contains(&passed), "a ninth of the 180 but for those exchanged: {passed}");
    assert!(run("7") == (report, scores.clone()));
    assert_ne!(run("8").1, scores);
}

#[test]
fn without_a_recogniser_or_a_right_list_nothing_is_reported() {
    let sandbox = Sandbox::new();
    let list = digits(&sandbox);
    sandbox.run(&["models", "list"]);
    let path = sandbox.path("data/models/voice/model_registry.json");
    let mut registry: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    registry["tasks"].as_object_mut().unwrap().remove("speech_recognition");
    fs::write(&path, registry.to_string()).unwrap();
    let wrong = sandbox.write("wrong.tsv", "path\tspeaker\tdigit\n0.wav\tann\tten\n").display().to_string();
    for (args, code, told) in [
        (
            vec!["--digits", &list, "--lengths", "2"],
            "model-unavailable",
            "there is no recogniser: the model registry assigns no model to speech_recognition",
        ),
        (vec!["--digits", &wrong], "corpus", "line 2: 'ten' is no digit"),
        (vec!["--digits", &list], "corpus", "speaker 'ann' has 1 recordings of 'eight'"),
        (vec!["--sentences", &list], "corpus", "the heading has no column 'dataset'"),
    ] {
        let ran = sandbox.run(&[&["--json", "eval", "challenge"], &args[..]].concat()).expect(2);
        let error = &ran.json()["error"];
        assert_eq!(error["code"], code);
        assert!(error["message"].as_str().unwrap().contains(told), "{error}");
    }
    assert!(sandbox.run(&["eval", "challenge"]).expect(2).err().contains("--digits"));
}
