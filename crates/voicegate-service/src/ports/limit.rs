//! Whose failures are counted together.

use std::net::IpAddr;

use voicegate_core::PersonId;
use voicegate_core::device::DeviceId;

/// Whose failures are counted together. The store keeps a keyed hash of it, so that nothing readable is kept of people who
/// are not here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A device that proved to hold its key.
    Device(DeviceId),
    /// A person, tried from anywhere but a device of theirs.
    Unbound(PersonId),
    /// A person whose voice is tried by somebody in a session of theirs, or by a program that vouches for one.
    Inside(PersonId),
    /// A person's password or codes, tried by somebody in a session of theirs. No accepted voice pays for it.
    InsidePassword(PersonId),
    /// A person's password, tried from outside.
    Password(PersonId),
    /// A network address; IPv6 addresses come grouped already.
    Address(IpAddr),
}

/// A keyed hash of something that comes again, such as a network; equal for equal things in one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; 16]);
