//! Table `voice_auth_logs`: the audit records.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use voicegate_core::PersonId;
use voicegate_core::audit::Link;
use voicegate_core::decide::Outcome;
use voicegate_core::device::DeviceId;
use voicegate_core::experiment::Arm;
use voicegate_service::ports::{ArmCounts, AuditKind, AuditRecord, ExperimentCounts, StoreError};

use super::{Columns, actor_text, failed, micros, to_i64};

const TABLE: &str = "voice_auth_logs";
const INSERT: &str = "INSERT INTO voice_auth_logs (seq, at, kind, actor, person_ref, outcome, request_id, payload, mac, \
    experiment, arm) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
pub(super) const PAGE: &str = "SELECT seq, at, kind, actor, person_ref, outcome, request_id, payload, mac, experiment, arm \
    FROM voice_auth_logs WHERE seq > $1 ORDER BY seq LIMIT $2";
pub(super) const NEWEST_OF_PERSON: &str = "SELECT at, kind, outcome, payload FROM voice_auth_logs \
    WHERE person_ref = (SELECT person_ref FROM people WHERE person_id = $1) AND outcome IN ('ACCEPT', 'REJECT') \
    ORDER BY seq DESC LIMIT $2";
/// The newest records of an experiment since a moment.
macro_rules! newest_of_experiment {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM voice_auth_logs WHERE experiment = $1 AND at >= $2 ORDER BY at DESC LIMIT $3"
        )
    };
}
#[cfg(test)]
pub(super) const NEWEST_OF_EXPERIMENT: &str = newest_of_experiment!("arm, outcome, person_ref");
const OUTCOMES: &str = concat!(
    "SELECT arm, outcome, COUNT(*) AS attempts FROM (",
    newest_of_experiment!("arm, outcome"),
    ") AS newest GROUP BY arm, outcome"
);
const PEOPLE: &str = concat!(
    "SELECT arm, COUNT(DISTINCT person_ref) AS people FROM (",
    newest_of_experiment!("arm, person_ref"),
    ") AS newest GROUP BY arm"
);
/// One record, if there are more than `$3`.
pub(super) const MORE_OF_EXPERIMENT: &str =
    "SELECT seq FROM voice_auth_logs WHERE experiment = $1 AND at >= $2 ORDER BY at DESC LIMIT 1 OFFSET $3";
pub(super) const ANY: &str = "SELECT seq FROM voice_auth_logs ORDER BY seq LIMIT 1";

/// The name of a kind in the database: the same as in the payload.
fn kind_text(kind: AuditKind) -> String {
    let text = serde_json::to_string(&kind).expect("a kind has a JSON form");
    text.trim_matches('"').to_owned()
}

/// What a record says of the experiment that it is part of: its name, and the arm.
fn experiment_of(record: &AuditRecord) -> [Option<&str>; 2] {
    ["name", "arm"].map(|member| record.details["experiment"][member].as_str())
}

pub(crate) async fn insert(
    connection: &mut AnyConnection,
    record: &AuditRecord,
    payload: &[u8],
    mac: &Link,
) -> Result<(), StoreError> {
    let [experiment, arm] = experiment_of(record);
    query(INSERT)
        .bind(to_i64(record.seq))
        .bind(micros(record.at))
        .bind(kind_text(record.kind))
        .bind(actor_text(&record.actor))
        .bind(record.person_ref.map(|person| person.to_string()))
        .bind(record.outcome.as_str())
        .bind(record.request_id.as_deref())
        .bind(payload)
        .bind(mac.as_slice())
        .bind(experiment)
        .bind(arm)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// A stored record, not yet looked into.
pub(crate) struct LogRow(AnyRow);

impl LogRow {
    fn columns(&self) -> Columns<'_> {
        Columns { table: TABLE, row: &self.0 }
    }

    pub(crate) fn seq(&self) -> Result<u64, StoreError> {
        self.columns().number("seq")
    }

    /// The bytes under the MAC.
    pub(crate) fn payload(&self) -> Result<&[u8], StoreError> {
        self.columns().get("payload")
    }

    pub(crate) fn mac(&self) -> Result<Link, StoreError> {
        self.columns().bytes("mac")
    }

    pub(crate) fn record(&self) -> Result<AuditRecord, StoreError> {
        let record = serde_json::from_slice(self.payload()?);
        record.map_err(|_| self.columns().unreadable("payload", "it is no audit record"))
    }

    /// Whether the columns say what `record`, which comes of the payload, says.
    pub(crate) fn agrees(&self, record: &AuditRecord) -> Result<bool, StoreError> {
        let columns = self.columns();
        Ok(columns.number("seq")? == record.seq
            && columns.get::<i64>("at")? == micros(record.at)
            && columns.get::<&str>("kind")? == kind_text(record.kind)
            && columns.get::<&str>("actor")? == actor_text(&record.actor)
            && columns.get::<Option<String>>("person_ref")? == record.person_ref.map(|p| p.to_string())
            && columns.get::<&str>("outcome")? == record.outcome
            && columns.get::<Option<String>>("request_id")? == record.request_id
            && [columns.get::<Option<&str>>("experiment")?, columns.get("arm")?] == experiment_of(record))
    }
}

/// At most `limit` records after number `after`, in order.
pub(crate) async fn page(
    connection: &mut AnyConnection,
    after: u64,
    limit: u32,
) -> Result<Vec<LogRow>, StoreError> {
    let rows =
        query(PAGE).bind(to_i64(after)).bind(i64::from(limit)).fetch_all(connection).await.map_err(failed)?;
    Ok(rows.into_iter().map(LogRow).collect())
}

/// Newest decided records of a person that are looked at for failures. Silence, which is inconclusive, pushes none of
/// them out of sight.
const LOOKED_AT: i64 = 100;

/// How many verifications and logins of `person` were rejected at or after `since` and after the last ACCEPT, be it of one
/// of them or of an enrolment. Of a device, only logins that name it.
pub(crate) async fn recent_failures(
    connection: &mut AnyConnection,
    person: &PersonId,
    device: Option<DeviceId>,
    since: Timestamp,
) -> Result<u32, StoreError> {
    let rows = query(NEWEST_OF_PERSON)
        .bind(person.as_str())
        .bind(LOOKED_AT)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let attempts = [AuditKind::Verify, AuditKind::Login].map(kind_text);
    let mut failures = 0;
    for row in rows.into_iter().map(LogRow) {
        let columns = row.columns();
        let outcome = columns.get::<&str>("outcome")?;
        if outcome == Outcome::Accept.as_str() || columns.get::<i64>("at")? < micros(since) {
            break;
        }
        let rejected = attempts.contains(&columns.get("kind")?) && outcome == Outcome::Reject.as_str();
        let counts = match device {
            Some(device) if rejected => {
                row.record()?.details["device"]["id"].as_str() == Some(device.to_string().as_str())
            }
            _ => rejected,
        };
        failures += u32::from(counts);
    }
    Ok(failures)
}

/// How the verifications of `experiment` at or after `since` ended, by arm; the newest `most` of them.
pub(crate) async fn experiment_counts(
    connection: &mut AnyConnection,
    experiment: &str,
    since: Timestamp,
    most: u32,
) -> Result<ExperimentCounts, StoreError> {
    let asked = |sql: &'static str| query(sql).bind(experiment).bind(micros(since)).bind(i64::from(most));
    let mut counts = ExperimentCounts::default();
    for row in &asked(OUTCOMES).fetch_all(&mut *connection).await.map_err(failed)? {
        let columns = Columns { table: TABLE, row };
        let outcome = columns.get::<&str>("outcome")?;
        let attempts = columns.number("attempts")?;
        *arm_of(&columns, &mut counts)?.attempts.entry(outcome.to_owned()).or_default() += attempts;
    }
    for row in &asked(PEOPLE).fetch_all(&mut *connection).await.map_err(failed)? {
        let columns = Columns { table: TABLE, row };
        arm_of(&columns, &mut counts)?.people = columns.number("people")?;
    }
    let more = asked(MORE_OF_EXPERIMENT).fetch_optional(connection).await.map_err(failed)?;
    counts.truncated = more.is_some();
    Ok(counts)
}

fn arm_of<'c>(
    columns: &Columns<'_>,
    counts: &'c mut ExperimentCounts,
) -> Result<&'c mut ArmCounts, StoreError> {
    let text = columns.get::<&str>("arm")?;
    let arm = Arm::ALL.into_iter().find(|arm| arm.as_str() == text);
    Ok(counts.arms.entry(arm.ok_or_else(|| columns.unreadable("arm", "it is no arm"))?).or_default())
}

/// Whether there is any record.
pub(crate) async fn any(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    Ok(query(ANY).fetch_optional(connection).await.map_err(failed)?.is_some())
}
