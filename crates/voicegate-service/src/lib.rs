//! The use cases of voicegate and the ports that they need.
//!
//! Two front ends do the same things (HTTP and the command line), so what they do lives here, once. A use case reads
//! the configuration of the moment, asks the speaker engine, decides in `voicegate-core`, and commits state and audit
//! record in one transaction of the [`ports::Store`].
//!
//! | module | holds |
//! |---|---|
//! | [`advisor`] | asking a language model what it makes of a login |
//! | [`config`] | `VoiceAuthConfig`: layers, validation, hot reload |
//! | [`judge`] | which speaker system judges a person, and how strictly |
//! | [`places`] | where on the earth an address is |
//! | [`policy`] | what the configuration means for one speaker model |
//! | [`ports`] | storage, clock and randomness as the use cases see them |
//! | [`profile`] | a person's voice profile as data |
//! | [`signature`] | requests signed by a device (RFC 9421) |
//! | [`usecase`] | one file per use case |
//! | [`webhook`] | the receiver of notices |

pub mod advisor;
pub mod config;
pub mod error;
pub mod judge;
pub mod places;
pub mod policy;
pub mod ports;
pub mod profile;
pub mod signature;
pub mod usecase;
pub mod webhook;

mod service;

pub use error::ServiceError;
pub use service::Service;
