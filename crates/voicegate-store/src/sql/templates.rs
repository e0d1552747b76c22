//! Table `voice_templates`: the sealed template of a person, one part per speaker model.

use sqlx::AnyConnection;
use sqlx::query;
use uuid::Uuid;
use voicegate_core::{PersonId, TemplatePart};
use voicegate_service::ports::StoreError;
use voicegate_service::profile::Profile;

use super::people::{self, PersonKey};
use super::{Columns, failed};
use crate::seal::{Place, Sealed};

/// One statement, so that a change between two reads cannot mix two versions of a profile.
pub(super) const PROFILE: &str = "SELECT p.person_ref, p.wrapped_key, p.key_version, p.state, p.version, \
    p.created_at, p.updated_at, p.revoked_at, p.last_verified_at, t.model_id, t.sealed \
    FROM people p LEFT JOIN voice_templates t ON t.person_ref = p.person_ref \
    WHERE p.person_id = $1 ORDER BY t.model_id";
const INSERT: &str = "INSERT INTO voice_templates (person_ref, model_id, sealed) VALUES ($1, $2, $3)";
pub(super) const DELETE: &str = "DELETE FROM voice_templates WHERE person_ref = $1";

/// The row of a template's part.
pub(crate) fn row(person_ref: Uuid, model: &str) -> String {
    format!("{person_ref}/{model}")
}

/// Where it lives.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: "voice_templates", column: "sealed", row }
}

/// A profile as it lies in the database.
pub(crate) struct SealedProfile {
    /// Without its template.
    pub(crate) profile: Profile,
    pub(crate) key: PersonKey,
    /// Model and what it knows of the voice.
    pub(crate) parts: Vec<(String, Sealed<TemplatePart>)>,
}

pub(crate) async fn profile(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<Option<SealedProfile>, StoreError> {
    let rows = query(PROFILE).bind(person.as_str()).fetch_all(connection).await.map_err(failed)?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut sealed = SealedProfile {
        profile: people::profile_of(first, person)?,
        key: people::key_of(first)?,
        parts: Vec::with_capacity(rows.len()),
    };
    for row in &rows {
        let columns = Columns { table: "voice_templates", row };
        if let Some(model) = columns.get::<Option<String>>("model_id")? {
            sealed.parts.push((model, columns.sealed("sealed")?));
        }
    }
    Ok(Some(sealed))
}

pub(crate) async fn insert(
    connection: &mut AnyConnection,
    person_ref: Uuid,
    model: &str,
    part: &Sealed<TemplatePart>,
) -> Result<(), StoreError> {
    query(INSERT)
        .bind(person_ref.to_string())
        .bind(model)
        .bind(part.as_bytes())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(crate) async fn delete(connection: &mut AnyConnection, person_ref: Uuid) -> Result<(), StoreError> {
    query(DELETE).bind(person_ref.to_string()).execute(connection).await.map_err(failed)?;
    Ok(())
}
