//! Parts of a request, refused with a problem document when they are wrong.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use voicegate_core::PersonId;
use voicegate_service::usecase::configuration::BasedOn;

use crate::error::ApiError;
use crate::problem::Kind;

/// The person named in the path.
#[derive(Debug)]
pub struct Person(pub PersonId);

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(name) = Path::<String>::from_request_parts(parts, state).await?;
        PersonId::new(name)
            .map(Self)
            .map_err(|error| ApiError::field("user_id", format!("user_id: {error}.")))
    }
}

/// Parameters in the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection @ PathRejection::FailedToDeserializePathParams(_)) => {
                Err(ApiError::new(Kind::InvalidRequest, format!("{}.", rejection.body_text())))
            }
            Err(rejection) => Err(ApiError::internal(&rejection)),
        }
    }
}

/// Parameters after the question mark.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection @ QueryRejection::FailedToDeserializeQueryString(_)) => {
                Err(ApiError::new(Kind::InvalidRequest, format!("{}.", rejection.body_text())))
            }
            Err(rejection) => Err(ApiError::internal(&rejection)),
        }
    }
}

/// A JSON object as body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if media_type(request.headers()).as_deref() != Some("application/json") {
            return Err(ApiError::new(Kind::UnsupportedMediaType, "Send the body as application/json."));
        }
        fields(Value::Object(object(request, state).await?)).map(Self)
    }
}

/// A JSON merge patch (RFC 7396) of an object.
#[derive(Debug)]
pub struct MergePatch(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for MergePatch {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match media_type(request.headers()).as_deref() {
            Some("application/merge-patch+json" | "application/json") => {
                object(request, state).await.map(Self)
            }
            _ => Err(ApiError::new(
                Kind::UnsupportedMediaType,
                "Send the body as application/merge-patch+json or application/json.",
            )),
        }
    }
}

/// The body as a JSON object. A list would be read as the members in order, which nobody was told.
async fn object<S: Send + Sync>(request: Request, state: &S) -> Result<Map<String, Value>, ApiError> {
    match json(&bytes(request, state).await?)? {
        Value::Object(members) => Ok(members),
        _ => Err(ApiError::new(Kind::InvalidRequest, "The body is a JSON object.")),
    }
}

/// The whole body. It was buffered and measured before it comes here.
pub(crate) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(Kind::BodyTooLarge, "The body is too large."),
        _ => ApiError::new(Kind::InvalidRequest, format!("{}.", rejection.body_text())),
    })
}

/// The media type of the body in lower case, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

/// Reads JSON text.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::new(Kind::InvalidRequest, format!("The body is not valid JSON: {error}.")))
}

/// Reads typed fields out of JSON; the refusal names the field.
pub(crate) fn fields<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        if path == "." {
            ApiError::new(Kind::InvalidRequest, format!("{}.", error.inner()))
        } else {
            ApiError::field(&path, format!("{path}: {}.", error.inner()))
        }
    })
}

/// The versions that a change may be based on (`If-Match`, RFC 9110 section 13.1.1). Tags that name no version, and weak
/// ones, never match.
#[derive(Debug)]
pub struct IfMatch(pub BasedOn);

impl IfMatch {
    /// The refusal when it is none of them.
    #[must_use]
    pub fn failed() -> ApiError {
        ApiError::new(
            Kind::PreconditionFailed,
            "The version in If-Match is not the current one; read the resource again and repeat the change on it.",
        )
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut tags = Vec::new();
        for value in parts.headers.get_all(header::IF_MATCH) {
            let text =
                value.to_str().map_err(|_| ApiError::field("If-Match", "If-Match: not an entity tag."))?;
            tags.extend(text.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()));
        }
        match tags.as_slice() {
            [] => Err(ApiError::new(
                Kind::PreconditionRequired,
                "Say which version the change is based on: send the ETag of the configuration as If-Match.",
            )),
            [one] if one == "*" => Ok(Self(BasedOn::Any)),
            _ => Ok(Self(BasedOn::Versions(tags.iter().filter_map(|tag| version(tag)).collect()))),
        }
    }
}

/// The version in an entity tag as it was given out: a number in quotes.
fn version(tag: &str) -> Option<u64> {
    let text = tag.strip_prefix('"')?.strip_suffix('"')?;
    text.parse().ok().filter(|version: &u64| version.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn entity_tags_are_compared_strongly() {
        for (header, version, admitted) in [
            (r#""3""#, 3, true),
            (r#""2", "3""#, 3, true),
            ("*", 3, true),
            (r#""2""#, 3, false),
            (r#"W/"3""#, 3, false),
            ("3", 3, false),
            (r#""03""#, 3, false),
            (r#""+3""#, 3, false),
        ] {
            let request = axum::http::Request::builder().header("If-Match", header).body(()).unwrap();
            let if_match = IfMatch::from_request_parts(&mut request.into_parts().0, &()).await.unwrap();
            assert_eq!(if_match.0.admits(version), admitted, "{header}");
        }
        let request = axum::http::Request::builder().body(()).unwrap();
        assert!(IfMatch::from_request_parts(&mut request.into_parts().0, &()).await.is_err());
    }
}
