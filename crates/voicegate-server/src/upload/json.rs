//! Recordings as base64 in JSON.

use axum::extract::Request;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Raw;
use crate::error::ApiError;
use crate::extract::{self, bytes, fields};
use crate::problem::Kind;

/// Standard alphabet (RFC 4648 section 4), padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    audio: String,
    content_type: Option<String>,
    name: Option<String>,
}

pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Raw, ApiError> {
    let Value::Object(mut members) = extract::json(&bytes(request, state).await?)? else {
        return Err(ApiError::new(Kind::InvalidRequest, "The body is a JSON object."));
    };
    let mut raw = Raw::default();
    let samples = members.remove("samples");
    if members.contains_key("audio") {
        if samples.is_some() {
            return Err(ApiError::field("samples", "samples: send either 'audio' or 'samples', not both."));
        }
        let one = ["audio", "content_type", "name"].into_iter();
        let sample = one.filter_map(|key| members.remove_entry(key)).collect();
        let sample: Sample = fields(Value::Object(sample))?;
        add(&mut raw, &sample, "audio")?;
    } else if let Some(samples) = samples {
        let stray = samples.as_array().and_then(|list| list.iter().position(|sample| !sample.is_object()));
        if let Some(i) = stray {
            let field = format!("samples[{i}]");
            return Err(ApiError::field(&field, format!("{field}: a sample is a JSON object.")));
        }
        // Wrapped again, so that a refusal names the whole path.
        let Samples { samples } = fields(json!({ "samples": samples }))?;
        for (i, sample) in samples.iter().enumerate() {
            add(&mut raw, sample, &format!("samples[{i}].audio"))?;
        }
    }
    raw.fields = members;
    Ok(raw)
}

#[derive(Deserialize)]
struct Samples {
    samples: Vec<Sample>,
}

fn add(raw: &mut Raw, sample: &Sample, field: &str) -> Result<(), ApiError> {
    let (url_type, text) = split_data_url(&sample.audio);
    let bytes = BASE64
        .decode(text)
        .map_err(|error| ApiError::field(field, format!("{field}: this is not base64: {error}.")))?;
    raw.push(sample.name.as_deref(), sample.content_type.as_deref().or(url_type), bytes)
}

/// Splits `data:audio/webm;codecs=opus;base64,…` (RFC 2397), as browsers make it, into content type and base64.
fn split_data_url(text: &str) -> (Option<&str>, &str) {
    let parts = text.strip_prefix("data:").and_then(|rest| rest.split_once(','));
    match parts.and_then(|(head, data)| Some((head.strip_suffix(";base64")?, data))) {
        Some((content_type, data)) => (Some(content_type).filter(|t| !t.is_empty()), data),
        None => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_urls_are_split() {
        for (text, expected) in [
            ("data:audio/webm;codecs=opus;base64,AAAA", (Some("audio/webm;codecs=opus"), "AAAA")),
            ("data:;base64,AAAA", (None, "AAAA")),
            ("AAAA", (None, "AAAA")),
            ("data:audio/webm,AAAA", (None, "data:audio/webm,AAAA")),
        ] {
            assert_eq!(split_data_url(text), expected);
        }
    }
}
