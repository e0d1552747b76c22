//! What the use cases need from outside, in their own words.

mod account;
mod clock;
mod limit;
mod notice;
mod store;

pub use account::{Account, AccountSecrets, Session, SessionContent, SignedInBy, TokenOf, Totp};
pub use clock::{Clock, Entropy, ManualClock};
pub use limit::{Subject, Tag};
pub use notice::{Delivered, Delivery, Notice, NoticeKind};
pub use store::{
    Actor, ApiKeyRecord, ArmCounts, AuditEvent, AuditKind, AuditRecord, AuditReport, Change,
    ExperimentCounts, IdempotencyKey, Idempotent, Lane, MAX_FINGERPRINTS, NewApiKey, Receipt, Store,
    StoreError, StoredConfig, StoredResponse,
};
