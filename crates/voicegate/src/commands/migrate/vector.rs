//! Vectors as other programs write them. A reason is the end of the sentence "vector N …".

use serde_json::Value;

/// Numbers in a JSON array.
pub(super) fn from_json(value: &Value) -> Result<Vec<f32>, String> {
    let Value::Array(values) = value else { return Err("is no array of numbers".to_owned()) };
    let number = |(i, value): (usize, &Value)| {
        value.as_f64().map(|number| number as f32).ok_or_else(|| format!("has no number at place {i}"))
    };
    (1..).zip(values).map(number).collect()
}

/// One vector, or several in one array.
pub(super) fn several_from_json(value: &Value) -> Vec<Result<Vec<f32>, String>> {
    match value {
        Value::Array(vectors) if vectors.iter().any(Value::is_array) => {
            vectors.iter().map(from_json).collect()
        }
        one => vec![from_json(one)],
    }
}

/// A JSON array, or an array as PostgreSQL writes it.
pub(super) fn several_from_text(text: &str) -> Vec<Result<Vec<f32>, String>> {
    let json = if text.trim_start().starts_with('{') {
        text.replace('{', "[").replace('}', "]")
    } else {
        text.into()
    };
    match parse(&json) {
        Ok(value) => several_from_json(&value),
        Err(_) => vec![Err("is no array of numbers".to_owned())],
    }
}

/// 32-bit floats, the lowest byte first.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<Vec<f32>, String> {
    match bytes.as_chunks::<4>() {
        (floats, []) => Ok(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        _ => Err(format!("has {} bytes, which are no 32-bit floats", bytes.len())),
    }
}

/// JSON in which a number may be missing: Python writes `NaN` and `Infinity`, which no JSON has. They become null, so
/// that one bad vector can be named instead of a whole file refused.
pub(super) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let mut plain = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word =
            ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| !in_string && rest.starts_with(word));
        let taken = word.map_or(c.len_utf8(), str::len);
        plain.push_str(if word.is_some() { "null" } else { &rest[..taken] });
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        rest = &rest[taken..];
    }
    serde_json::from_str(&plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn one_vector_and_several_are_told_apart() {
        assert_eq!(several_from_json(&json!([1, 2.5])), [Ok(vec![1.0, 2.5])]);
        assert_eq!(several_from_json(&json!([[1], [2]])), [Ok(vec![1.0]), Ok(vec![2.0])]);
        assert_eq!(several_from_json(&json!([])), [Ok(vec![])]);
        assert_eq!(several_from_json(&json!([[1], 2]))[1], Err("is no array of numbers".to_owned()));
        assert_eq!(several_from_json(&json!([1, null])), [Err("has no number at place 2".to_owned())]);
        assert!(several_from_json(&json!("x"))[0].is_err());
    }

    #[test]
    fn text_is_json_or_an_array_of_a_database() {
        assert_eq!(several_from_text("[1,2]"), [Ok(vec![1.0, 2.0])]);
        assert_eq!(several_from_text("{1,2}"), [Ok(vec![1.0, 2.0])]);
        assert_eq!(several_from_text("{{1},{2}}").len(), 2);
        assert!(several_from_text("")[0].is_err() && several_from_text("1 2")[0].is_err());
        assert_eq!(from_bytes(&[0, 0, 128, 63, 0, 0, 0, 192]), Ok(vec![1.0, -2.0]));
        assert!(from_bytes(&[0; 5]).is_err());
    }

    #[test]
    fn what_python_writes_for_missing_numbers_is_read() {
        let value = parse(r#"{"NaN \" NaN": [NaN, -Infinity, Infinity, 1.0]}"#).unwrap();
        assert_eq!(value, json!({"NaN \" NaN": [null, null, null, 1.0]}));
        assert!(parse("{").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}0-9a-zA-Z\"\\\\,:. äN-]{0,60}") {
            let _ = several_from_text(&text);
        }

        #[test]
        fn json_stays_as_it_is(words in proptest::collection::vec("[ -~]{0,8}", 0..5)) {
            let value = json!({ "words": words, "number": 1.25 });
            prop_assert_eq!(parse(&value.to_string()).unwrap(), value);
        }
    }
}
