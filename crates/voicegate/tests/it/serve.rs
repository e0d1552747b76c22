//! First start, hot reload, and the end.

use std::fs;

use crate::support::{Sandbox, eventually, mode};

/// P1.2, P1.3: folders, configuration and key on the first start; the administrator's key once and never again.
#[test]
fn the_first_start_prepares_everything_and_tells_the_key_once() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.serve("data");
    let key = server.key.clone().unwrap();
    assert_eq!(server.get("/api/v1/keys", &key).0, 200);
    assert_eq!(server.get("/api/v1/keys", "vg_wrong").0, 401);
    for folder in ["speaker_verification", "age_detection", "antispoofing", "cache", "config"] {
        assert_eq!(mode(&sandbox.path("models/voice/biometric").join(folder)), 0o755, "{folder}");
    }
    assert_eq!(mode(&sandbox.path("data/master.key")), 0o600);
    let config = fs::read_to_string(sandbox.path("config/voice_auth_config.yaml")).unwrap();
    assert_eq!(config, sandbox.run(&["config", "default"]).expect(0).out());
    assert_eq!(server.terminate(), 0, "{}", server.log());

    let second = sandbox.serve("data");
    assert_eq!(second.key, None);
    assert_eq!(second.get("/api/v1/keys", &key).0, 200);
    assert!(!second.log().contains(&key), "the key is not logged");
}

#[test]
fn a_port_in_use_is_named() {
    let sandbox = Sandbox::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = sandbox.run(&["serve", "--listen", &address]).expect(2);
    assert!(refused.err().contains(&format!("{address} is in use")), "{}", refused.err());
    assert!(!sandbox.path("data").exists(), "a start that fails early makes no key");
}

/// P1.3: a changed file is taken over; a bad one is refused with every path, and what was active stays active.
#[test]
fn the_configuration_file_is_taken_over_while_serving() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve("data");
    let key = server.key.clone().unwrap();
    let active =
        || server.get("/api/v1/voice/auth/config", &key).1["effective"]["enrolment"]["min_samples"].clone();
    let file = "config/voice_auth_config.yaml";
    assert_eq!(active(), 3);

    sandbox.write(file, "enrolment:\n  min_samples: 5\n");
    eventually("taking over a written file", || active() == 5);

    sandbox.write(
        file,
        "enrolment:\n  min_samples: none\nverification: {min_net_speech_s: 99}\naudio: {loudness: 1}\n",
    );
    let paths = ["enrolment.min_samples", "verification.min_net_speech_s", "audio.loudness"];
    eventually("the refusal", || paths.iter().all(|path| server.log().contains(path)));
    assert_eq!(active(), 5);

    // As editors do it: a new file in the place of the old one.
    let new = sandbox.write("config/.new", "enrolment: {min_samples: 4}\n");
    fs::rename(new, sandbox.path(file)).unwrap();
    eventually("taking over a replaced file", || active() == 4);

    sandbox.write(file, "enrolment: [");
    eventually("the refusal of what is no YAML", || server.log().contains("line 1"));
    fs::remove_file(sandbox.path(file)).unwrap();
    eventually("the note that it is gone", || server.log().contains("is gone"));
    assert_eq!(active(), 4);
}
