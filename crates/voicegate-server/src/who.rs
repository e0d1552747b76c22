//! For whom a request may act.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Extension, FromRequestParts};
use axum::http::request::Parts;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::ports::Session;

use crate::client_address::ClientAddress;
use crate::error::ApiError;

/// Who sent a request, as an extension.
#[derive(Debug, Clone)]
pub enum Who {
    /// An integrator's program, with an API key: it acts for whom it names.
    Key,
    /// A person, in this session: they act for themselves.
    Session(Arc<Session>),
    /// Somebody who is not logged in.
    Anybody,
}

impl Who {
    /// Whom the request is about: in a session its person, otherwise whom it names.
    ///
    /// # Errors
    /// 403 if a person names somebody else; 400 if nobody is named.
    pub fn person(&self, named: Option<PersonId>) -> Result<PersonId, ApiError> {
        match (self, named) {
            (Self::Session(session), Some(named)) if named != session.person => {
                Err(ApiError::somebody_else())
            }
            (Self::Session(session), _) => Ok(session.person.clone()),
            (Self::Key | Self::Anybody, Some(named)) => Ok(named),
            (Self::Key | Self::Anybody, None) => {
                Err(ApiError::field("user_id", "user_id: say whom the request is about."))
            }
        }
    }

    /// The session, if there is one.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Session(session) => Some(session),
            Self::Key | Self::Anybody => None,
        }
    }

    /// The identity of the session, if there is one.
    #[must_use]
    pub fn session_id(&self) -> Option<Uuid> {
        self.session().map(|session| session.id)
    }

    /// Whether something more is asked for before the session counts.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.session().is_some_and(|session| session.content.step_up.is_some())
    }

    /// The address that failures count for: the person's own. A program speaks for many from one address, so there is none.
    #[must_use]
    pub fn address(&self, client: ClientAddress) -> Option<IpAddr> {
        match self {
            Self::Key => None,
            Self::Session(_) | Self::Anybody => Some(client.0),
        }
    }
}

/// The session of the person who asks, on routes that nobody else gets to.
#[derive(Debug)]
pub struct LoggedIn(pub Arc<Session>);

impl<S: Send + Sync> FromRequestParts<S> for LoggedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Extension::<Who>::from_request_parts(parts, state).await {
            Ok(Extension(Who::Session(session))) => Ok(Self(session)),
            _ => Err(ApiError::people_only()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use jiff::Timestamp;
    use voicegate_service::ports::{SessionContent, SignedInBy};

    use super::*;

    fn session(of: &str) -> Who {
        let at = Timestamp::UNIX_EPOCH;
        let content = SessionContent {
            by: SignedInBy::Password,
            device: None,
            step_up: None,
            rebinds: false,
            other_factor: true,
            confidence: None,
        };
        Who::Session(Arc::new(Session {
            id: Uuid::nil(),
            person: PersonId::new(of).unwrap(),
            content,
            created_at: at,
            last_used_at: at,
            ends_at: at,
            version: 1,
        }))
    }

    #[test]
    fn a_person_acts_for_nobody_else() {
        let rows = [
            (session("alice"), None, Ok("alice")),
            (session("alice"), Some("alice"), Ok("alice")),
            (session("alice"), Some("bob"), Err(403)),
            (Who::Key, Some("bob"), Ok("bob")),
            (Who::Key, None, Err(400)),
            (Who::Anybody, Some("bob"), Ok("bob")),
            (Who::Anybody, None, Err(400)),
        ];
        for (who, named, expected) in rows {
            let person = who.person(named.map(|name| PersonId::new(name).unwrap()));
            let person = person.map(|person| person.as_str().to_owned());
            let person = person.map_err(|error| error.into_response().status().as_u16());
            assert_eq!(person, expected.map(str::to_owned), "{who:?} {named:?}");
        }
    }
}
