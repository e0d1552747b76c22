//! Client of Ollama's HTTP API.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use voicegate_core::advisor::{Advice, AdvisedRisk, Facts, Recommendation};
use voicegate_models::{Peer, PeerError, PeerSettings};

use super::{NoAdvice, prompt};

/// Longest answer. Those of a chat take a kilobyte, the list of models some hundred bytes for each.
const MAX_ANSWER_BYTES: u64 = 256 * 1024;
/// Longest reasoning that is read; a model that says more does not do what it was asked for.
const MAX_REASONING_BYTES: usize = 4096;

/// A model behind Ollama.
#[derive(Debug)]
pub struct Ollama {
    peer: Peer,
    model: String,
}

/// The part of an answer of `POST /api/chat` that matters.
#[derive(Deserialize)]
struct Chat {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

/// The part of an answer of `GET /api/tags` that matters.
#[derive(Deserialize)]
struct Tags {
    models: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

/// An advice as the model was asked to give it, and nothing besides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    confidence: f32,
    risk_level: AdvisedRisk,
    recommendation: Recommendation,
    reasoning: String,
}

impl Ollama {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`PeerError::Address`], [`PeerError::Unencrypted`].
    pub fn new(settings: &PeerSettings, model: &str) -> Result<Self, PeerError> {
        Ok(Self { peer: Peer::new(settings, MAX_ANSWER_BYTES)?, model: model.to_owned() })
    }

    /// What Ollama calls the model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What the model makes of `facts`; blocks the calling thread.
    ///
    /// # Errors
    /// [`NoAdvice`].
    pub(super) fn advise(&self, facts: &Facts) -> Result<Advice, NoAdvice> {
        let request = prompt::chat(&self.model, facts).to_string();
        let answer = self.peer.post("/api/chat", "application/json", request.as_bytes());
        let answer = answer.inspect_err(|error| tracing::warn!(%error, "no advice"))?;
        advice(&read::<Chat>(&answer)?.message.content)
    }

    /// Whether the server has the model; blocks the calling thread.
    ///
    /// # Errors
    /// [`NoAdvice`] if it does not say.
    pub(super) fn has_model(&self) -> Result<bool, NoAdvice> {
        let tags: Tags = read(&self.peer.get("/api/tags")?)?;
        // Without a tag the latest one is meant.
        let latest = format!("{}:latest", self.model);
        Ok(tags.models.iter().any(|tag| tag.name == self.model || tag.name == latest))
    }
}

/// Reads `text` as an advice, of which only what may be shown of the reasoning is kept.
fn advice(text: &str) -> Result<Advice, NoAdvice> {
    let Said { confidence, risk_level, recommendation, reasoning } = read(text.as_bytes())?;
    // A list would be read as the members in order, which nobody asked for.
    if text.trim_start().starts_with('[') {
        return Err(NoAdvice::OutOfRange);
    }
    if reasoning.len() > MAX_REASONING_BYTES {
        return Err(NoAdvice::TooLarge);
    }
    let advice = Advice { confidence, risk_level, recommendation, reasoning: shown(&reasoning) };
    advice.check().map_err(|_| NoAdvice::OutOfRange)?;
    Ok(advice)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, NoAdvice> {
    serde_json::from_slice(bytes).map_err(|_| match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) => NoAdvice::OutOfRange,
        Err(_) => NoAdvice::NotJson,
    })
}

/// The beginning of `text` on one line, without what terminals and pages act on or do not show.
fn shown(text: &str) -> String {
    let is_hidden = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !is_hidden(*c));
    visible.take(prompt::MAX_REASONING).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(change: impl FnOnce(&mut Value)) -> String {
        let mut said = json!({
            "confidence": 0.9, "risk_level": "LOW", "recommendation": "ACCEPT", "reasoning": "The margin is wide.",
        });
        change(&mut said);
        said.to_string()
    }

    #[test]
    fn only_what_was_asked_for_is_an_advice() {
        let good = advice(&said(|_| ())).unwrap();
        assert_eq!(
            (good.recommendation, good.risk_level, good.confidence, good.reasoning.as_str()),
            (Recommendation::Accept, AdvisedRisk::Low, 0.9, "The margin is wide.")
        );
        assert!(advice(&format!("\n {} \n", said(|_| ()))).is_ok(), "white space around it is JSON");
        let rows = [
            (said(|said| said["confidence"] = json!(1.01)), NoAdvice::OutOfRange),
            (said(|said| said["confidence"] = json!(-0.1)), NoAdvice::OutOfRange),
            (said(|said| said["confidence"] = json!("high")), NoAdvice::OutOfRange),
            (said(|said| said["confidence"] = json!(null)), NoAdvice::OutOfRange),
            (said(|said| said["risk_level"] = json!("low")), NoAdvice::OutOfRange),
            (said(|said| said["recommendation"] = json!("ACCEPT ")), NoAdvice::OutOfRange),
            (said(|said| said["recommendation"] = json!(["ACCEPT"])), NoAdvice::OutOfRange),
            (said(|said| said["threshold"] = json!(0)), NoAdvice::OutOfRange),
            (said(|said| drop(said.as_object_mut().unwrap().remove("reasoning"))), NoAdvice::OutOfRange),
            (said(|said| said["reasoning"] = json!("x".repeat(4097))), NoAdvice::TooLarge),
            (r#"[0.9, "LOW", "ACCEPT", "The margin is wide."]"#.into(), NoAdvice::OutOfRange),
            (said(|_| ())[..40].to_owned(), NoAdvice::NotJson),
            (format!("```json\n{}\n```", said(|_| ())), NoAdvice::NotJson),
            (format!("{0}{0}", said(|_| ())), NoAdvice::NotJson),
            (r#"{"confidence": NaN}"#.into(), NoAdvice::NotJson),
            (r#"{"confidence": 1e999}"#.into(), NoAdvice::OutOfRange),
            (said(|_| ()).replace('{', r#"{"recommendation": "REJECT", "#), NoAdvice::OutOfRange),
            (String::new(), NoAdvice::NotJson),
        ];
        for (text, expected) in rows {
            assert_eq!(advice(&text), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_reasoning_is_one_short_harmless_line() {
        let reasoning = |text: &str| advice(&said(|said| said["reasoning"] = json!(text))).unwrap().reasoning;
        assert_eq!(reasoning("one\r\ntwo\u{1b}[31m \u{202e}three\0"), "one  two [31m three");
        assert_eq!(reasoning(&"é".repeat(1000)), "é".repeat(500));
        assert_eq!(reasoning(" \n "), "");
    }
}
