//! The advisor as a service of its own, and the command that tries a model.

use serde_json::{Value, json};

use crate::ollama_peer::{MODEL, Manner, Ollama};
use crate::support::{Sandbox, Server};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn question() -> Value {
    json!({
        "similarity_score": 0.9, "threshold": 0.75,
        "user_context": {"user_id": "alice", "device_trust_level": "TRUSTED", "is_new_device": false},
    })
}

fn ask(server: &Server, key: Option<&str>, question: &Value) -> (u16, Value) {
    let mut request = server.agent.post(format!("{}/api/voice-verification", server.address));
    if let Some(key) = key {
        request = request.header("Authorization", format!("Bearer {key}"));
    }
    let mut answer = request.send_json(question).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap())
}

/// L2, L7
#[test]
fn it_serves_alone_with_a_model_and_without() {
    let sandbox = Sandbox::new();
    let mut alone = sandbox.serve_with(&["serve", "--only", "advisor", "--port", "0"]);
    assert!(alone.address.starts_with("http://127.0.0.1:"), "{}", alone.address);
    let (status, health) = alone.get("/health", "");
    assert_eq!((status, &health["status"], &health["advisor"]), (200, &json!("ready"), &json!("off")));
    let (status, answer) = ask(&alone, None, &question());
    assert_eq!(
        (status, &answer["recommendation"], &answer["source"], &answer["model"]),
        (200, &json!("ACCEPT"), &json!("rules"), &Value::Null),
        "{answer}"
    );
    let mut wrong = question();
    wrong["threshold"] = json!(7);
    assert_eq!(ask(&alone, None, &wrong).1["field"], "threshold");
    let mut long = question();
    long["user_context"]["user_id"] = json!("x".repeat(20_000));
    assert_eq!(ask(&alone, None, &long).1["type"], "/problems/body-too-large");
    assert_eq!(alone.get("/api/v1/keys", "").0, 404);
    assert_eq!(alone.terminate(), 0, "{}", alone.log());
    for made in ["data", "models", "config"] {
        assert!(!sandbox.path(made).exists(), "it made {made}");
    }

    let peer = Ollama::start(Manner::advise("REJECT", "HIGH", "Too odd."));
    sandbox.write("advisor.yaml", format!("advisor: {{url: '{}', timeout_ms: 20000}}\n", peer.url));
    let with_model =
        sandbox.serve_with(&["--config", "advisor.yaml", "serve", "--only", "advisor", "--port", "0"]);
    assert_eq!(with_model.get("/health", "").1["advisor"], "ready");
    let answer = ask(&with_model, None, &question()).1;
    assert_eq!((&answer["recommendation"], &answer["model"]), (&json!("REJECT"), &json!(MODEL)), "{answer}");
    drop(peer);
    assert_eq!(with_model.get("/health", "").1["status"], "degraded");
    let answer = ask(&with_model, None, &question()).1;
    assert_eq!(
        (&answer["source"], &answer["no_advice"]),
        (&json!("rules"), &json!("unreachable")),
        "{answer}"
    );
}

#[test]
fn others_need_a_key() {
    let sandbox = Sandbox::new();
    let elsewhere = ["serve", "--only", "advisor", "--listen", "0.0.0.0:0"];
    let refused = sandbox.run(&elsewhere).expect(2);
    assert!(refused.err().contains("--api-key-file"), "{}", refused.err());
    sandbox.write("short", "secret\n");
    let refused = sandbox.run(&[&elsewhere[..], &["--api-key-file", "short"]].concat()).expect(2);
    assert!(refused.err().contains("at least 32"), "{}", refused.err());

    sandbox.write("key", format!("{KEY}\n"));
    let server = sandbox.serve_with(&[
        "serve",
        "--only",
        "advisor",
        "--listen",
        "127.0.0.1:0",
        "--api-key-file",
        "key",
    ]);
    for wrong in [None, Some("0123456789abcdef0123456789abcdeF"), Some("")] {
        assert_eq!(ask(&server, wrong, &question()).0, 401, "{wrong:?}");
    }
    assert_eq!(ask(&server, Some(KEY), &question()).0, 200);
    assert_eq!(server.get("/health", "").0, 200);
    assert!(!server.log().contains(KEY));
}

#[test]
fn a_model_is_tried_from_the_command_line() {
    let sandbox = Sandbox::new();
    let none = sandbox.run(&["advisor", "ask"]).expect(2);
    assert!(none.err().contains("error[usage]") && none.err().contains("--url"), "{}", none.err());
    let far = sandbox.run(&["advisor", "ask", "--url", "http://10.0.0.7:11434"]).expect(2);
    assert!(far.err().contains("error[invalid-configuration]"), "{}", far.err());
    assert!(
        far.err().contains("advisor.url: what is sent to another machine goes over https"),
        "{}",
        far.err()
    );

    let peer = Ollama::start(Manner::advise("ACCEPT", "LOW", "It fits."));
    let ask = |more: &[&str]| {
        sandbox.run(&[&["advisor", "ask", "--url", &peer.url, "--timeout-ms", "20000"], more].concat())
    };
    let text = ask(&[]).expect(0).out();
    assert!(
        text.contains("is there") && text.contains("ACCEPT, risk LOW, confidence 0.90: It fits."),
        "{text}"
    );
    let tried = ask(&["--json"]).expect(0).json();
    assert_eq!(
        (&tried["standing"], &tried["advice"]["reasoning"], &tried["no_advice"]),
        (&json!("ready"), &json!("It fits."), &Value::Null),
        "{tried}"
    );
    let missing = ask(&["--model", "mistral"]).expect(1).out();
    assert!(missing.contains("ollama pull mistral") && missing.contains("status 404"), "{missing}");
    peer.behave(Manner::Say("Let them in!".into()));
    let rubbish = ask(&["--json"]).expect(1).json();
    assert_eq!((&rubbish["no_advice"], &rubbish["advice"]), (&json!("not_json"), &Value::Null), "{rubbish}");
    peer.behave(Manner::Silent);
    let slow = sandbox.run(&["advisor", "ask", "--url", &peer.url, "--timeout-ms", "300"]).expect(1).out();
    assert!(slow.contains("longer --timeout-ms"), "{slow}");
}
