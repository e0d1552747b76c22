//! Storage as the use cases see it.
//!
//! Every write goes through [`Store::commit`]: the changes and the audit record of what happened are one transaction,
//! so no state can change unrecorded and no record can speak of what did not happen.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::access::Scope;
use voicegate_core::audit::Breach;
use voicegate_core::challenge::{Challenge, ChallengeId};
use voicegate_core::device::{DeviceBinding, DeviceId};
use voicegate_core::experiment::Arm;
use voicegate_core::limits::{Cost, LimitPolicy, Wait};
use voicegate_core::risk::{History, PastLogin};

use super::account::{Account, Session, TokenOf};
use super::limit::{Subject, Tag};
use super::notice::{Delivered, Delivery, Notice};

use crate::profile::Profile;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else changed the same thing first; read again and retry.
    #[error("it was changed by someone else in the meantime")]
    Conflict,
    /// Stored data cannot be read: damaged, tampered with, or sealed under another key.
    #[error("stored data cannot be read: table {table}, column {column}: {detail}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What is wrong, without any of the data.
        detail: String,
    },
    /// The database itself is damaged.
    #[error("the database is damaged; restore it from a backup")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database did not answer in time or is away; trying again may help.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database refused.
    #[error("the database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Most fingerprints of earlier attempts that are kept of a person in each [`Lane`].
pub const MAX_FINGERPRINTS: u32 = 50;

/// What a recording pushes out: strangers' attempts none of the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Accepted, enrolled, or signed by a device that is bound.
    Own,
    /// All others.
    Others,
}

/// One change of state.
#[derive(Debug, Clone)]
pub enum Change {
    /// Creates or replaces a profile. `expected_version` is the version that was read, 0 for a new one;
    /// the stored version becomes one more.
    PutProfile {
        /// The new content; its `version` field is ignored.
        profile: Profile,
        /// The version that the change is based on.
        expected_version: u64,
    },
    /// Marks the profile revoked, deletes its templates, devices, open challenges, fingerprints and remembered logins, ends the
    /// person's sessions, destroys the person's data key, and erases the remembered answers that speak of the person.
    RevokeProfile {
        /// Whose.
        person: PersonId,
        /// The version that the change is based on.
        expected_version: u64,
        /// When.
        at: Timestamp,
    },
    /// Notes an accepted verification. No version is needed: it touches nothing else. A [`StoreError::Conflict`] if
    /// the profile is not active any more.
    MarkVerified {
        /// Whose.
        person: PersonId,
        /// When.
        at: Timestamp,
    },
    /// Opens a challenge. One for somebody who is not here, or was revoked, is kept as well, so that answering it tells
    /// nothing; how many there are is bounded by their short life and [`Store::forget_expired`] alone. Enrolling ends those
    /// that the person was given before.
    PutChallenge {
        /// Its handle; only the hash is kept.
        id: ChallengeId,
        /// Whom it is for, and what is asked.
        challenge: Challenge,
        /// Who asks in the person's name; `None` for callers who may ask for everybody.
        asker: Option<Tag>,
        /// Most open challenges of the person that this asker has asked for, at least 1; the oldest give way to this one.
        max_open: u32,
    },
    /// Keeps the fingerprint of an attempt's recording, sealed. One for somebody who is not here, or was revoked, is kept as
    /// well, so that the time of an attempt tells nothing; enrolling ends those. The oldest of the lane give way where there
    /// are more than [`MAX_FINGERPRINTS`].
    PutFingerprint {
        /// Whose voice was claimed.
        person: PersonId,
        /// The fingerprint.
        fingerprint: Vec<u8>,
        /// What it may push out.
        lane: Lane,
        /// When it was taken.
        at: Timestamp,
        /// When it is forgotten.
        expires_at: Timestamp,
    },
    /// Adds a login to the person's history, which is sealed under the person's data key. Of somebody who has none nothing is
    /// remembered.
    RememberLogin {
        /// Whose.
        person: PersonId,
        /// What is remembered.
        login: PastLogin,
    },
    /// Creates or replaces an account. `expected_version` is the version that was read, 0 for a new one; a
    /// [`StoreError::Conflict`] if it is another, or the name is taken.
    PutAccount {
        /// The new content; its `version` field is ignored.
        account: Account,
        /// The version that the change is based on.
        expected_version: u64,
    },
    /// Creates or replaces a device binding, sealed under its person's data key. A [`StoreError::Conflict`] if the version
    /// is another, the person has no key (nobody is enrolled, or was revoked), or the identity belongs to somebody else.
    PutDevice {
        /// The new content; its `version` field is ignored.
        device: DeviceBinding,
        /// The version that the change is based on, 0 for a new one.
        expected_version: u64,
    },
    /// Begins a session. Where there are more than `max` of the person, the oldest give way: those that wait for a step-up to
    /// one that waits, those that count to one that counts. Otherwise whoever proves little would push out who proved all.
    BeginSession {
        /// The session; its `version` field is ignored.
        session: Session,
        /// SHA-256 of its token.
        token: [u8; 32],
        /// Most sessions of a person of either kind, at least 1.
        max: u32,
    },
    /// Replaces what is known of a session, and its token where there is a new one; the token it had until now is then
    /// its former one. If it counts or waits other than before, the oldest of that kind give way as to one that begins. A
    /// [`StoreError::Conflict`] if it ended or its version is another.
    PutSession {
        /// The session; its `version` field is the version that the change is based on.
        session: Session,
        /// SHA-256 of its new token.
        token: Option<[u8; 32]>,
        /// Most sessions of a person of either kind, at least 1.
        max: u32,
    },
    /// Ends a session of `person`; a [`StoreError::Conflict`] if there is none of this identity.
    EndSession {
        /// Whose.
        person: PersonId,
        /// Which.
        id: Uuid,
    },
    /// Ends every session of `person` but one.
    EndSessions {
        /// Whose.
        person: PersonId,
        /// The one that goes on.
        except: Option<Uuid>,
        /// Only those of this device.
        device: Option<DeviceId>,
    },
    /// Says what an attempt that was charged has cost in the end. Subjects that were never charged stay as they are.
    SettleLimits {
        /// Who was charged.
        subjects: Vec<Subject>,
        /// What it cost.
        cost: Cost,
        /// When.
        at: Timestamp,
    },
    /// Lets subjects begin anew, after an attempt that was accepted.
    ResetLimits {
        /// Who was charged.
        subjects: Vec<Subject>,
    },
    /// Tells a person something, and the webhook if the kind is sent. Of somebody who has neither a profile nor an account
    /// nothing is kept.
    PutNotice {
        /// What.
        notice: Notice,
        /// When it is forgotten.
        expires_at: Timestamp,
        /// Whether a webhook wants it.
        send: bool,
    },
    /// Replaces the runtime overrides of the configuration.
    PutConfig {
        /// The override document.
        overrides: serde_json::Value,
        /// The version that the change is based on, 0 if none was stored.
        expected_version: u64,
    },
    /// Adds an API key.
    PutApiKey(NewApiKey),
    /// Revokes an API key; a [`StoreError::Conflict`] if there is no such key or it is revoked already.
    RevokeApiKey {
        /// Which.
        id: Uuid,
        /// When.
        at: Timestamp,
    },
}

/// An API key to be stored: its hash, never the key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Identity of the key.
    pub id: Uuid,
    /// What the operator calls it.
    pub name: String,
    /// SHA-256 of the secret. The secret has 256 random bits, so a slow hash would add nothing.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A stored API key.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKeyRecord {
    /// Identity of the key.
    pub id: Uuid,
    /// What the operator calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKeyRecord {
    /// Whether the key may be used at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// Somebody on the machine, through the command line.
    Operator,
    /// The program itself.
    System,
    /// The holder of an API key.
    ApiKey(Uuid),
    /// A person who is logged in; the identity is the session's.
    Session(Uuid),
    /// Anybody.
    Public,
}

/// What an audit record speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// Samples were offered for enrolment.
    Enroll,
    /// Samples were added to, or replaced, an enrolled voice.
    Update,
    /// A verification attempt.
    Verify,
    /// A challenge was given out.
    ChallengeIssued,
    /// A profile was revoked.
    Revoke,
    /// The configuration was changed.
    Config,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// The master key was rotated.
    MasterKeyRotated,
    /// A login with the voice.
    Login,
    /// An account was made, or its secrets changed.
    Account,
    /// A session was begun with a password, renewed, stepped up, or ended.
    Session,
    /// Further audio in a session was scored.
    Rescore,
    /// A device was bound, bound again, renamed or revoked.
    Device,
}

/// What is to be recorded. The store adds number, and replaces the person by a pseudonym that ends with the person.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// Who did it.
    pub actor: Actor,
    /// Whom it concerns.
    pub person: Option<PersonId>,
    /// How it ended: an outcome or `ok`/`refused`.
    pub outcome: String,
    /// Request id, so that a record can be found from an answer.
    pub request_id: Option<String>,
    /// Numbers and codes that explain it. Never audio, embeddings or secrets. The member `experiment`, with `name` and
    /// `arm`, makes it count for that experiment.
    pub details: serde_json::Value,
}

/// One stored audit record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Number, from 1.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// Who did it.
    pub actor: Actor,
    /// Pseudonym of the person concerned; the link to the name ends when the person is deleted.
    pub person_ref: Option<Uuid>,
    /// How it ended.
    pub outcome: String,
    /// Request id.
    pub request_id: Option<String>,
    /// Numbers and codes that explain it.
    pub details: serde_json::Value,
}

/// What a walk over the audit chain found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditReport {
    /// Records that were verified.
    pub records: u64,
    /// Checkpoints that were met.
    pub checkpoints: u64,
    /// The first breach; `None` if the chain is whole.
    pub breach: Option<Breach>,
}

/// How the verifications of an experiment ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExperimentCounts {
    /// The arms that have any.
    pub arms: BTreeMap<Arm, ArmCounts>,
    /// Whether there are older ones that were not counted.
    pub truncated: bool,
}

/// How the verifications in one arm ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArmCounts {
    /// People who were verified.
    pub people: u64,
    /// Attempts by their outcome.
    pub attempts: BTreeMap<String, u64>,
}

/// What a commit gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Number of the audit record.
    pub audit_seq: u64,
}

/// Runtime overrides of the configuration as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredConfig {
    /// Grows by one with each change; 0 if none was stored.
    pub version: u64,
    /// The override document.
    pub overrides: serde_json::Value,
}

/// Names one write of one client, so that repeating it does nothing new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Whose key space it lives in.
    pub actor: Actor,
    /// What the client sent.
    pub key: String,
    /// SHA-256 of method, path and body: the same key with another request is an error.
    pub fingerprint: [u8; 32],
    /// Names this attempt at random: a reservation that another attempt has taken over is not this one's to settle.
    pub attempt: Uuid,
}

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// Content type of the body.
    pub content_type: String,
    /// Body as sent.
    pub body: Vec<u8>,
}

/// What is known of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idempotent {
    /// Never seen: it is reserved now, go ahead.
    New,
    /// The same request is being worked on.
    InFlight,
    /// Answered before.
    Done(StoredResponse),
    /// Answered before, and the answer was erased: it spoke of a person who was revoked since.
    Erased,
    /// Used before with another request.
    Mismatch,
}

/// The database.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The profile of `person`, opened; revoked ones included.
    async fn profile(&self, person: &PersonId) -> Result<Option<Profile>, StoreError>;

    /// How many verifications and logins of `person` were rejected at or after `since`, and after the last accepted one. It looks
    /// at the newest records alone, so it may say less where there are many.
    /// With a `device`, only logins that it signed count: a stranger's are not held against it.
    async fn recent_failures(
        &self,
        person: &PersonId,
        device: Option<DeviceId>,
        since: Timestamp,
    ) -> Result<u32, StoreError>;

    /// How the verifications that record being part of `experiment` ended, by arm: the newest `most` of those at or
    /// after `since`.
    async fn experiment_counts(
        &self,
        experiment: &str,
        since: Timestamp,
        most: u32,
    ) -> Result<ExperimentCounts, StoreError>;

    /// Does all of `changes` and records `event`, or nothing at all. Durable once it returns.
    async fn commit(&self, changes: Vec<Change>, event: AuditEvent) -> Result<Receipt, StoreError>;

    /// The API key whose secret hashes to `hash`.
    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKeyRecord>, StoreError>;

    /// Every API key, oldest first.
    async fn api_keys(&self) -> Result<Vec<ApiKeyRecord>, StoreError>;

    /// The runtime overrides.
    async fn config(&self) -> Result<StoredConfig, StoreError>;

    /// Audit records after number `after`, at most `limit`, oldest first.
    async fn audit_records(&self, after: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreError>;

    /// Walks the whole audit chain and calls `progress` with (done, total) now and then.
    async fn verify_audit(
        &self,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<AuditReport, StoreError>;

    /// Looks an idempotency key up and reserves it if it is new. Keys older than `oldest` are forgotten, and
    /// a reservation made before `stale` is taken over: whoever held it is gone.
    async fn reserve(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
        oldest: Timestamp,
        stale: Timestamp,
    ) -> Result<Idempotent, StoreError>;

    /// Remembers the answer to a reserved key, or gives the reservation up. Does nothing if another attempt holds the
    /// key by now. Of an answer about a person who is revoked, only that there was one is remembered.
    async fn settle(
        &self,
        key: &IdempotencyKey,
        response: Option<StoredResponse>,
        about: Option<&PersonId>,
    ) -> Result<(), StoreError>;

    /// Forgets the keys that were reserved before `oldest`, and says how many.
    async fn forget_answers(&self, oldest: Timestamp) -> Result<u64, StoreError>;

    /// Takes the challenge `id` out: of any number that ask for it at once, one gets it. What becomes of it stands in the
    /// record of the attempt that it was taken for.
    async fn take_challenge(&self, id: &ChallengeId) -> Result<Option<Challenge>, StoreError>;

    /// The fingerprints of `person`'s attempts at or after `since`, the newest first, at most [`MAX_FINGERPRINTS`] of
    /// each lane.
    async fn fingerprints(&self, person: &PersonId, since: Timestamp) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Forgets the challenges, fingerprints, sessions, limits, sources and notices whose time is over at `now`, and says how
    /// many.
    async fn forget_expired(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// The account of `person`, opened.
    async fn account(&self, person: &PersonId) -> Result<Option<Account>, StoreError>;

    /// The session that the token of this SHA-256 leads to. Whether it has ended by time is for the caller to see.
    async fn session(&self, token: &[u8; 32]) -> Result<Option<TokenOf>, StoreError>;

    /// Every session of `person` that has not been ended, the newest first.
    async fn sessions(&self, person: &PersonId) -> Result<Vec<Session>, StoreError>;

    /// Notes that a session was used. Touches nothing else and does not change its version.
    async fn touch_session(&self, id: Uuid, at: Timestamp) -> Result<(), StoreError>;

    /// The binding of this device, opened, whoever it belongs to.
    async fn device(&self, id: DeviceId) -> Result<Option<DeviceBinding>, StoreError>;

    /// Every binding of `person`, opened, the oldest first.
    async fn devices(&self, person: &PersonId) -> Result<Vec<DeviceBinding>, StoreError>;

    /// Charges an attempt to every one of `subjects` by its own policy, or to none of them if one has to wait; then the
    /// longest wait. However many ask at once, no subject is charged beyond its allowance. Gives the units that the subject
    /// with the fewest has left: at 0 a failure of this attempt begins a wait.
    async fn charge(
        &self,
        subjects: &[(Subject, LimitPolicy)],
        now: Timestamp,
    ) -> Result<Result<i64, Wait>, StoreError>;

    /// Notes that `person` was tried from `source`, and says how many others were since `since`; at most 100 are counted.
    /// It is forgotten once it is as old as `since` is now.
    async fn others_tried_from(
        &self,
        source: &Subject,
        person: &PersonId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<u32, StoreError>;

    /// The keyed hash of `what`.
    fn tag(&self, what: &[u8]) -> Tag;

    /// The accepted logins of `person` that are remembered.
    async fn history(&self, person: &PersonId) -> Result<History, StoreError>;

    /// The newest notices of `person`, the newest first, at most `most`; only those that come after notice `before` in this
    /// order, if one is named, and none if that is not there (any more).
    async fn notices(
        &self,
        person: &PersonId,
        before: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<Notice>, StoreError>;

    /// Notices that wait for the webhook and are due, the oldest first, at most `most`; until `until` nobody else gets
    /// them.
    async fn due_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        most: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Says how the delivery of a notice ended.
    async fn settle_notice(&self, id: Uuid, delivered: Delivered) -> Result<(), StoreError>;

    /// Answers quickly whether the database can be reached.
    async fn ping(&self) -> Result<(), StoreError>;
}
