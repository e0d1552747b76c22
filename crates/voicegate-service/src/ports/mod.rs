//! What the use cases need from outside, in their own words.

mod clock;
mod store;

pub use clock::{Clock, Entropy, ManualClock};
pub use store::{
    Actor, ApiKeyRecord, ArmCounts, AuditEvent, AuditKind, AuditRecord, AuditReport, Change,
    ExperimentCounts, IdempotencyKey, Idempotent, MAX_FINGERPRINTS, NewApiKey, Receipt, Store, StoreError,
    StoredConfig, StoredResponse,
};
