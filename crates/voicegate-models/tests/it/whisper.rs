//! The whisper.cpp recogniser against a peer that speaks its server's protocol: what is sent, what is made of the answers,
//! and that every failure is one of the installation, never of the speaker.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use voicegate_audio::Pcm;
use voicegate_core::challenge::{Heard, Language, Prompt, PromptKind};
use voicegate_core::decide::Proof;
use voicegate_models::{
    HearError, PeerError, PeerSettings, PoolError, PoolSettings, Recogniser, Settings, WhisperClient,
    WhisperError, WhisperServer,
};

use crate::support::{models, patient};
use crate::whisper_peer::{Manner, Peer};

fn settings(url: &str) -> PeerSettings {
    PeerSettings { url: url.to_owned(), timeout: Duration::from_secs(120), plain_http: false }
}

fn client(url: &str) -> WhisperClient {
    WhisperClient::new(&settings(url)).unwrap()
}

fn recogniser(settings: &PeerSettings, queue: usize) -> Recogniser {
    let pool = PoolSettings { queue: NonZeroUsize::new(queue).unwrap(), deadline: Duration::from_secs(120) };
    Recogniser::Whisper(WhisperServer::start(&WhisperClient::new(settings).unwrap(), pool).unwrap())
}

fn prompt() -> Prompt {
    let words = ["seven", "zero", "four"].map(str::to_owned).to_vec();
    Prompt { language: Language::En, kind: PromptKind::Digits, words }
}

fn recording(seconds: f32) -> Arc<Pcm> {
    Arc::new(Pcm::new((0..(seconds * 16_000.0) as usize).map(|n| (n as f32 / 9.0).sin() * 0.5).collect()))
}

fn hear(url: &str) -> Result<Heard, HearError> {
    recogniser(&settings(url), 4).hear(recording(1.0), &prompt())
}

/// An answer with each piece a token of its own, 0.4 s apart.
fn transcript(pieces: &[&str]) -> Value {
    let word = |(n, piece): (usize, &&str)| {
        let start = 0.4 * n as f64;
        json!({"word": piece, "start": start, "end": start + 0.3, "t_dtw": -1, "probability": 0.9})
    };
    let text = pieces.concat();
    json!({
        "task": "transcribe", "language": "english", "duration": 1.0, "text": format!("{text}\n"),
        "segments": [{
            "id": 0, "text": text, "start": 0.0, "end": 1.0, "tokens": [1, 2, 3], "temperature": 0.0,
            "words": pieces.iter().enumerate().map(word).collect::<Vec<_>>(),
            "avg_logprob": -0.1, "no_speech_prob": 0.01,
        }],
    })
}

#[test]
fn the_words_are_found_in_what_the_server_hears() {
    let without = |field: &str| {
        let mut answer = transcript(&[" seven", " zero", " four"]);
        for word in answer["segments"][0]["words"].as_array_mut().unwrap() {
            word.as_object_mut().unwrap().remove(field).unwrap();
        }
        answer
    };
    let rows = [
        (transcript(&[" Seven", ",", " zero", ",", " four", "."]), Proof::Passed, true),
        (transcript(&[" se", "ven", " zero", " f", "our"]), Proof::Passed, true),
        (transcript(&[" 7", "04"]), Proof::Passed, false),
        (transcript(&[" 7", " 0", " 4"]), Proof::Passed, true),
        (transcript(&[" Seven", " zero", " five"]), Proof::Failed, false),
        (transcript(&[" zero", " seven", " four"]), Proof::Failed, false),
        (transcript(&[" seven", " four"]), Proof::Failed, false),
        (transcript(&[]), Proof::Failed, false),
        (without("probability"), Proof::Passed, true),
        (without("start"), Proof::Passed, false),
        (json!({"text": " 704.\n"}), Proof::Passed, false),
        (json!({"text": " 740.\n", "segments": []}), Proof::Failed, false),
    ];
    for (answer, passed, timed) in rows {
        let peer = Peer::start(Manner::Say(answer.clone()));
        let heard = hear(&peer.url).unwrap();
        assert_eq!((heard.passed, heard.timing.is_some()), (passed, timed), "{answer}: {heard:?}");
        assert_eq!(heard.llr > 0.0, passed == Proof::Passed, "{answer}: {heard:?}");
    }
    let peer = Peer::start(Manner::Say(transcript(&[" seven", " zero", " four"])));
    let heard = hear(&peer.url).unwrap();
    let odds = 0.9f64.powi(3) / (1.0 - 0.9f64.powi(3));
    assert!((heard.llr - odds.ln()).abs() < 1e-9, "{heard:?}");
    assert!((heard.timing.unwrap().longest_pause_s - 0.1).abs() < 0.011, "{heard:?}");
}

#[test]
fn the_server_gets_the_recording_and_no_hint() {
    let peer = Peer::start(Manner::Say(transcript(&[" seven", " zero", " four"])));
    recogniser(&settings(&format!("{}/asr/", peer.url)), 4).hear(recording(1.5), &prompt()).unwrap();
    let requests = peer.requests();
    let [request] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert_eq!(request.line, "POST /asr/inference HTTP/1.1");
    let fields: Vec<_> = request.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("language", "en"),
            ("max_context", "0"),
            ("no_context", "true"),
            ("no_language_probabilities", "true"),
            ("response_format", "verbose_json"),
            ("split_on_word", "true"),
            ("temperature", "0.0"),
            ("temperature_inc", "0.0"),
            ("vad", "false"),
        ]
    );
    let file = &request.file;
    let number = |from: usize, bytes: usize| {
        file[from..from + bytes].iter().rev().fold(0u32, |number, byte| number << 8 | u32::from(*byte))
    };
    assert_eq!((&file[..4], &file[8..16], &file[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    assert_eq!(number(4, 4) as usize, file.len() - 8);
    assert_eq!(
        (number(20, 2), number(22, 2), number(24, 4), number(34, 2)),
        (1, 1, 16_000, 16),
        "PCM, mono, rate, bits"
    );
    assert_eq!((number(40, 4), file.len()), (48_000, 44 + 48_000));
}

#[test]
fn an_answer_that_is_none_is_a_failure_of_the_server() {
    let raw = |status, body: &str| Manner::Raw(status, body.to_owned());
    let long = format!(r#"{{"text": "seven zero four{}"}}"#, " ".repeat(2 << 20));
    let elsewhere = Peer::start(Manner::Say(transcript(&[" seven", " zero", " four"])));
    for (manner, expected) in [
        (raw(200, "<html>seven zero four</html>"), WhisperError::Form),
        (raw(200, r#"{"text": ["seven zero four"]}"#), WhisperError::Form),
        (raw(200, r#"{"error": "failed to read audio data"}"#), WhisperError::Form),
        (raw(200, ""), WhisperError::Form),
        (raw(200, &long), PeerError::TooLong(1 << 20).into()),
        (raw(500, r#"{"text": "seven zero four"}"#), PeerError::Status(500).into()),
        (raw(400, "Invalid request"), PeerError::Status(400).into()),
        (Manner::Redirect(format!("{}/inference", elsewhere.url)), PeerError::Status(307).into()),
    ] {
        let peer = Peer::start(manner);
        let error = hear(&peer.url).unwrap_err();
        assert!(!error.to_string().contains("seven"), "{error}");
        assert_eq!(error, HearError::Whisper(expected));
    }
    assert!(elsewhere.requests().is_empty(), "a recording went where nobody sent it");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for() {
    let unreachable = |heard: Result<Heard, HearError>| match heard {
        Err(HearError::Whisper(WhisperError::Peer(PeerError::Unreachable(_)))) => {}
        other => panic!("{other:?}"),
    };
    let silent = Peer::start(Manner::Silent);
    let impatient = PeerSettings { timeout: Duration::from_millis(400), ..settings(&silent.url) };
    let start = Instant::now();
    let heard = recogniser(&impatient, 4).hear_async(recording(1.0), &prompt()).await;
    assert_eq!(heard, Err(HearError::Whisper(PeerError::TimedOut.into())));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(silent.requests().len(), 1);

    let cut = Peer::start(Manner::Cut);
    unreachable(recogniser(&settings(&cut.url), 4).hear_async(recording(1.0), &prompt()).await);

    let gone = Peer::start(Manner::Silent).gone();
    unreachable(recogniser(&settings(&gone), 4).hear_async(recording(1.0), &prompt()).await);
}

#[tokio::test]
async fn more_than_can_wait_is_overload_and_more_than_a_minute_too_long() {
    let peer = Peer::start(Manner::Silent);
    let busy = recogniser(&PeerSettings { timeout: Duration::from_secs(2), ..settings(&peer.url) }, 1);
    let asked = prompt();
    let hear = || busy.hear_async(recording(0.5), &asked);
    // Two are sent and one waits.
    let (a, b, c, d, e) = tokio::join!(hear(), hear(), hear(), hear(), hear());
    let overload = HearError::Pool(PoolError::Overloaded { waiting: 1 });
    assert!([a, b, c, d, e].iter().filter(|heard| heard.as_ref() == Err(&overload)).count() >= 2);

    let before = peer.requests().len();
    let long = busy.hear_async(recording(61.0), &prompt()).await;
    assert_eq!(long, Err(HearError::TooLong { seconds: 61.0 }));
    assert_eq!(peer.requests().len(), before);
}

#[test]
fn the_health_of_the_server_is_told() {
    let health = |manner: Manner| client(&Peer::start(manner).url).health();
    assert_eq!(health(Manner::Raw(200, r#"{"status":"ok"}"#.to_owned())), Ok(()));
    assert_eq!(health(Manner::Raw(404, "File Not Found (/health)".to_owned())), Ok(()), "an older one");
    assert_eq!(
        health(Manner::Raw(503, r#"{"status":"loading model"}"#.to_owned())),
        Err(PeerError::Status(503))
    );
    let gone = client(&Peer::start(Manner::Silent).gone()).health();
    assert!(matches!(gone, Err(PeerError::Unreachable(_))), "{gone:?}");
}

#[test]
fn the_server_is_the_recogniser_where_it_is_set() {
    let peer = Peer::start(Manner::Say(transcript(&[" seven", " zero", " four"])));
    let with = |url: &str| Settings { whisper: Some(settings(url)), ..patient(1, 4) };
    let serving = models(&with(&peer.url));
    let recogniser = serving.recogniser().unwrap();
    assert_eq!(recogniser.name(), "whisper");
    assert_eq!(recogniser.hear(recording(1.0), &prompt()).unwrap().passed, Proof::Passed);

    let far = models(&with("http://words.example"));
    let reason = far.recogniser().err().unwrap();
    assert!(reason.contains("https"), "{reason}");
}
