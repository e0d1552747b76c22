//! Recordings as parts of a form.

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use serde_json::Value;

use super::Raw;
use crate::error::ApiError;
use crate::problem::Kind;

/// Names under which a recording may come.
const AUDIO_PARTS: [&str; 3] = ["audio", "file", "samples"];
/// Most text parts, and most bytes in each: more than any field needs.
const MAX_TEXT_PARTS: usize = 16;
const MAX_TEXT_BYTES: usize = 4096;

pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Raw, ApiError> {
    let mut form = Multipart::from_request(request, state).await.map_err(|rejection| {
        ApiError::new(Kind::InvalidRequest, format!("The form cannot be read: {}.", rejection.body_text()))
    })?;
    let mut raw = Raw::default();
    while let Some(part) = form.next_field().await.map_err(|error| malformed(&error))? {
        let name = part.name().unwrap_or_default().to_owned();
        if AUDIO_PARTS.contains(&name.as_str()) {
            let (file, content_type) =
                (part.file_name().map(str::to_owned), part.content_type().map(str::to_owned));
            let bytes = part.bytes().await.map_err(|error| malformed(&error))?;
            raw.push(file.as_deref(), content_type.as_deref(), bytes.into())?;
        } else {
            let text = text(part, &name).await?;
            if raw.fields.len() == MAX_TEXT_PARTS {
                return Err(ApiError::new(Kind::InvalidRequest, "The form has too many parts."));
            }
            if raw.fields.insert(name.clone(), Value::String(text)).is_some() {
                return Err(ApiError::field(&name, format!("{name}: this part was sent twice.")));
            }
        }
    }
    Ok(raw)
}

async fn text(mut part: Field<'_>, name: &str) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| malformed(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_TEXT_BYTES {
            return Err(ApiError::field(
                name,
                format!("{name}: longer than {MAX_TEXT_BYTES} bytes; recordings go into 'audio'."),
            ));
        }
    }
    String::from_utf8(bytes)
        .map_err(|_| ApiError::field(name, format!("{name}: not UTF-8 text; recordings go into 'audio'.")))
}

fn malformed(error: &MultipartError) -> ApiError {
    ApiError::new(Kind::InvalidRequest, format!("The form cannot be read: {}.", error.body_text()))
}
