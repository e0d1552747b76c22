//! Storage: one SQL adapter for SQLite and PostgreSQL behind [`voicegate_service::ports::Store`].
//!
//! [`open()`] gives a [`Vault`]. Templates, keys, devices, accounts and sessions reach the database as [`seal::Sealed`] alone,
//! every change is one transaction together with its audit record, and a master key can be replaced while the program runs.
//!
//! | module | holds |
//! |---|---|
//! | [`seal`] | AEAD sealing bound to table, column, row and key version; the master key file |
//! | `sql` | the statements, one file per table; what differs between the databases |
//! | `audit` | the log as a keyed chain: appending, checkpoints, the anchor file, verification |
//! | [`foreign`] | reading voice vectors out of another program's table, for migrations |
//! | `vault` | the port: reading and committing, idempotency, master-key rotation |

mod audit;
pub mod foreign;
mod open;
pub mod seal;
mod sql;
mod vault;

pub use audit::{ANCHOR_INTERVAL, CHECKPOINT_INTERVAL};
pub use open::{OpenError, StoreOptions, open};
pub use vault::{RotateError, Rotation, Vault};
