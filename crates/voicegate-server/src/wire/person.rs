//! Whom a request or an answer speaks of.

use serde::Serialize;
use utoipa::ToSchema;

/// The name that a person is enrolled under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(
    min_length = 1,
    max_length = 128,
    pattern = "^[A-Za-z0-9_@+:-][A-Za-z0-9._@+:-]*$",
    example = "alice"
)]
pub struct UserId(pub String);
