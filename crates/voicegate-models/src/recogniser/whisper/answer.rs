//! What the server answers. None of it can be printed, nor does it get into errors: it is what a person said.

use serde::Deserialize;
use voicegate_core::challenge::transcript::Word;

/// The part of a `verbose_json` answer that is needed.
#[derive(Deserialize)]
struct Answer {
    text: String,
    #[serde(default)]
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    words: Option<Vec<Piece>>,
}

/// A token of the model, which the server calls a word: a whole word, a part of one, or punctuation. The first of a word
/// begins with the space before it.
#[derive(Deserialize)]
struct Piece {
    word: String,
    start: Option<f64>,
    end: Option<f64>,
    probability: Option<f64>,
}

/// The words of an answer; `None` if it is no transcript.
pub(super) fn words(body: &[u8]) -> Option<Vec<Word>> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let segments = answer.segments.into_iter().filter_map(|segment| segment.words);
    let words: Vec<Word> = segments.flat_map(joined).collect();
    if words.is_empty() {
        let plain = |text: &str| Word { text: text.to_owned(), probability: None, time: None };
        return Some(answer.text.split_whitespace().map(plain).collect());
    }
    Some(words)
}

/// The words that the pieces of one segment make.
fn joined(pieces: Vec<Piece>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for Piece { word: text, start, end, probability } in pieces {
        let next = Word { probability, time: start.zip(end), text };
        match words.last_mut().filter(|_| !next.text.starts_with(char::is_whitespace)) {
            Some(word) => append(word, &next),
            None => words.push(next),
        }
    }
    words
}

/// Makes `piece` a part of `word`.
fn append(word: &mut Word, piece: &Word) {
    // How sure the model is of a comma says nothing of the word.
    if piece.text.contains(char::is_alphanumeric) {
        word.probability = word.probability.zip(piece.probability).map(|(before, after)| before * after);
        word.time = word.time.zip(piece.time).map(|((start, _), (_, end))| (start, end));
    }
    word.text += &piece.text;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Shown = (String, Option<f64>, Option<(f64, f64)>);

    fn read(answer: &serde_json::Value) -> Vec<Shown> {
        let words = words(answer.to_string().as_bytes()).unwrap();
        words.into_iter().map(|word| (word.text, word.probability, word.time)).collect()
    }

    #[test]
    fn pieces_make_words() {
        let piece = |word: &str, start: f64, probability: f64| json!({"word": word, "start": start, "end": start + 0.5, "probability": probability, "t_dtw": -1});
        let answer = json!({"task": "transcribe", "text": " Daffodil, two\n seven", "segments": [
            {"id": 0, "text": " Daffodil, two", "words": [
                piece(" D", 0.0, 0.5), piece("aff", 0.5, 0.5), piece("odil", 1.0, 1.0), piece(",", 1.5, 0.1), piece(" two", 2.0, 0.75)
            ]},
            {"id": 1, "text": "seven", "words": [piece("seven", 3.0, 0.25)]},
        ]});
        assert_eq!(
            read(&answer),
            [
                (" Daffodil,".to_owned(), Some(0.25), Some((0.0, 1.5))),
                (" two".to_owned(), Some(0.75), Some((2.0, 2.5))),
                ("seven".to_owned(), Some(0.25), Some((3.0, 3.5))),
            ]
        );
    }

    #[test]
    fn what_is_missing_is_not_made_up() {
        let bare = json!({"text": "x", "segments": [{"words": [
            {"word": " one", "start": null}, {"word": " t", "probability": 0.5, "start": 1.0, "end": 1.5}, {"word": "wo"},
        ]}]});
        let named = |text: &str| (text.to_owned(), None, None);
        assert_eq!(read(&bare), [named(" one"), named(" two")]);
        for segments in
            [json!([]), json!([{"text": " one two"}]), json!([{"words": null}]), json!([{"words": []}])]
        {
            assert_eq!(
                read(&json!({"text": " one\n two", "segments": segments})),
                [named("one"), named("two")]
            );
        }
        assert_eq!(read(&json!({"text": " one two"})), [named("one"), named("two")]);
        assert_eq!(read(&json!({"text": ""})), []);
    }

    #[test]
    fn what_is_no_transcript_is_none() {
        for body in
            ["", "{", "[]", "null", r#"{"error":"failed to read audio data"}"#, r#"{"text":7}"#, "\u{0}"]
        {
            assert!(words(body.as_bytes()).is_none(), "{body}");
        }
        assert!(words(&[0xff, 0xfe]).is_none());
    }
}
