//! Values that are more than text, as they come in the text parts of a form: spelt as in JSON.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `true` or `false`, also as text.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match plain(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        _ => Err(D::Error::custom("this is true or false")),
    }
}

/// An object, also as text.
pub(crate) fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    match plain(deserializer)? {
        object @ Value::Object(_) => Ok(object),
        _ => Err(D::Error::custom("this is a JSON object")),
    }
}

/// The value itself, or what a text spells.
fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(serde_json::from_str(&text).unwrap_or(Value::Null)),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_read_as_what_it_spells() {
        for (value, expected) in [
            (json!(true), Some(true)),
            (json!("false"), Some(false)),
            (json!("true"), Some(true)),
            (json!("yes"), None),
            (json!(1), None),
            (json!(null), None),
        ] {
            assert_eq!(flag(&value).ok(), expected, "{value}");
        }
        for value in [json!({"kty": "EC"}), json!("{\"kty\": \"EC\"}")] {
            assert_eq!(object(&value).ok(), Some(json!({"kty": "EC"})));
        }
        for value in [json!("[]"), json!([]), json!("{"), json!(null)] {
            assert!(object(&value).is_err(), "{value}");
        }
    }
}
