//! Recordings and the fields beside them, out of a multipart form or JSON: two spellings of one request.
//!
//! | | multipart/form-data | application/json |
//! |---|---|---|
//! | one recording | a part `audio` (or `file`) | `"audio": BASE64`, optionally `"content_type"` and `"name"` |
//! | several | several parts `audio` (or `samples`) | `"samples": [{"audio": BASE64, "content_type", "name"}]` |
//! | everything else | text parts | members |

mod json;
mod multipart;
pub(crate) mod text;

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use voicegate_service::usecase::enroll::MAX_SAMPLES_PER_REQUEST;
use voicegate_service::usecase::sample::Recording;

use crate::error::ApiError;
use crate::extract::{fields, media_type};
use crate::problem::Kind;

/// An upload with the fields `T`, which deserializes from a mapping and refuses what it does not know.
#[derive(Debug)]
pub struct Upload<T> {
    /// Everything that is no recording.
    pub fields: T,
    /// The recordings in the order given; at least one, at most [`MAX_SAMPLES_PER_REQUEST`].
    pub recordings: Vec<Recording>,
}

/// An upload before its fields are understood.
#[derive(Default)]
struct Raw {
    fields: Map<String, Value>,
    recordings: Vec<Recording>,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Upload<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Raw { fields: members, recordings } = Raw::read(request, state).await?;
        let fields = fields(Value::Object(members))?;
        if recordings.is_empty() {
            return Err(ApiError::field("audio", "audio: there is no recording in the request."));
        }
        Ok(Self { fields, recordings })
    }
}

/// An attempt with the fields `T`: an upload of one recording at most.
#[derive(Debug)]
pub struct Attempt<T> {
    /// Everything that is no recording.
    pub fields: T,
    /// The recording, if there is one.
    pub recording: Option<Recording>,
}

impl<T> Attempt<T> {
    /// Takes the recording out.
    ///
    /// # Errors
    /// If there is none.
    pub fn recording(&mut self) -> Result<Recording, ApiError> {
        self.recording
            .take()
            .ok_or_else(|| ApiError::field("audio", "audio: there is no recording in the request."))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Attempt<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Raw { fields: members, mut recordings } = Raw::read(request, state).await?;
        let fields = fields(Value::Object(members))?;
        if recordings.len() > 1 {
            let detail = format!("audio: an attempt takes one recording, not {}.", recordings.len());
            return Err(ApiError::field("audio", detail));
        }
        Ok(Self { fields, recording: recordings.pop() })
    }
}

impl Raw {
    async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Self, ApiError> {
        match media_type(request.headers()).as_deref() {
            Some("multipart/form-data") => multipart::read(request, state).await,
            Some("application/json") => json::read(request, state).await,
            _ => Err(ApiError::new(
                Kind::UnsupportedMediaType,
                "Send the recordings as multipart/form-data, or as base64 in application/json.",
            )),
        }
    }

    /// Takes one more recording. `name` and `content_type` come from the caller and are cut to what is useful.
    fn push(
        &mut self,
        name: Option<&str>,
        content_type: Option<&str>,
        bytes: Vec<u8>,
    ) -> Result<(), ApiError> {
        if self.recordings.len() == MAX_SAMPLES_PER_REQUEST {
            return Err(ApiError::field(
                "audio",
                format!("audio: a request takes at most {MAX_SAMPLES_PER_REQUEST} recordings."),
            ));
        }
        let given: String = name.unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect();
        // A content type that says nothing must not hide what the file name says.
        let telling = content_type.filter(|t| t.len() <= 100 && !t.starts_with("application/octet-stream"));
        self.recordings.push(Recording {
            hint: telling.map(str::to_owned).or_else(|| (!given.is_empty()).then(|| given.clone())),
            name: if given.is_empty() { format!("sample {}", self.recordings.len() + 1) } else { given },
            bytes,
        });
        Ok(())
    }
}
