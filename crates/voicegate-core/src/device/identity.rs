//! What tells one device from another: its id, its name and its key.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The handle of a binding; written in lower case with hyphens, which is its only spelling as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(pub Uuid);

/// A text that is no [`DeviceId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the id of a device")]
pub struct NotADeviceId;

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for DeviceId {
    type Err = NotADeviceId;

    fn from_str(text: &str) -> Result<Self, NotADeviceId> {
        let id = Self(Uuid::try_parse(text).map_err(|_| NotADeviceId)?);
        if id.to_string() == text { Ok(id) } else { Err(NotADeviceId) }
    }
}

/// What a person calls a device: 1 to [`DeviceName::MAX_CHARS`] characters without control characters, and no white
/// space around them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceName(String);

/// Why a text is not a [`DeviceName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceNameError {
    /// Nothing but white space.
    #[error("the name of the device is empty")]
    Empty,
    /// Longer than [`DeviceName::MAX_CHARS`].
    #[error("the name of the device is longer than {} characters", DeviceName::MAX_CHARS)]
    TooLong,
    /// A control character.
    #[error("the name of the device holds a control character")]
    Control,
}

impl DeviceName {
    /// Longest accepted name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Takes a name without the white space around it.
    ///
    /// # Errors
    /// See [`DeviceNameError`].
    pub fn new(name: &str) -> Result<Self, DeviceNameError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(DeviceNameError::Empty);
        }
        if name.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(DeviceNameError::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(DeviceNameError::Control);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DeviceName {
    type Error = DeviceNameError;

    fn try_from(name: String) -> Result<Self, DeviceNameError> {
        Self::new(&name)
    }
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.0
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public key on P-256 as an uncompressed point (SEC 1, 2.3.3): 0x04, then both coordinates of 32 bytes.
///
/// Only the shape is checked here; whether the point lies on the curve is checked where signatures are.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct DeviceKey([u8; DeviceKey::LENGTH]);

/// Bytes that are no [`DeviceKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an uncompressed P-256 point: {} bytes that start with 04", DeviceKey::LENGTH)]
pub struct NotADeviceKey;

impl DeviceKey {
    /// Length in bytes.
    pub const LENGTH: usize = 65;

    /// Tag of an uncompressed point.
    const UNCOMPRESSED: u8 = 0x04;

    /// Takes the bytes of a point.
    ///
    /// # Errors
    /// [`NotADeviceKey`] if the length or the tag is another.
    pub fn new(point: &[u8]) -> Result<Self, NotADeviceKey> {
        match <[u8; Self::LENGTH]>::try_from(point) {
            Ok(bytes) if bytes[0] == Self::UNCOMPRESSED => Ok(Self(bytes)),
            _ => Err(NotADeviceKey),
        }
    }

    /// The point as it was given.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// SHA-256 of the point: by it a key is found again.
    #[must_use]
    pub fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl TryFrom<Vec<u8>> for DeviceKey {
    type Error = NotADeviceKey;

    fn try_from(point: Vec<u8>) -> Result<Self, NotADeviceKey> {
        Self::new(&point)
    }
}

impl From<DeviceKey> for Vec<u8> {
    fn from(key: DeviceKey) -> Self {
        key.0.to_vec()
    }
}

/// Prints no bytes.
impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = DeviceId(Uuid::from_u128(0x0192_abcd_0000_7000_8000_0000_0000_00ef));
        let text = "0192abcd-0000-7000-8000-0000000000ef";
        assert_eq!((id.to_string().as_str(), text.parse()), (text, Ok(id)));
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        for other in [text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}"), String::new()] {
            assert_eq!(other.parse::<DeviceId>(), Err(NotADeviceId), "{other}");
        }
    }

    #[test]
    fn names_are_checked() {
        let longest = "ü".repeat(DeviceName::MAX_CHARS);
        for (given, kept) in [(" Zoë's phone\n", "Zoë's phone"), ("a", "a"), (&longest, &longest)] {
            assert_eq!(DeviceName::new(given).unwrap().as_str(), kept);
        }
        for (bad, why) in [
            ("", DeviceNameError::Empty),
            (" \t\n", DeviceNameError::Empty),
            ("a\nb", DeviceNameError::Control),
            ("a\u{7f}b", DeviceNameError::Control),
            (&format!("{longest}x"), DeviceNameError::TooLong),
        ] {
            assert_eq!(DeviceName::new(bad), Err(why), "{bad:?}");
            assert!(serde_json::from_value::<DeviceName>(bad.into()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_has_the_shape_of_a_point_and_is_not_printed() {
        let mut point = [0xab; DeviceKey::LENGTH];
        point[0] = 0x04;
        let key = DeviceKey::new(&point).unwrap();
        assert_eq!(key.as_bytes(), &point);
        assert_eq!(format!("{key:?}"), "DeviceKey(..)");
        let mut compressed = point;
        compressed[0] = 0x02;
        for wrong in [&point[..64], &[point.as_slice(), &[0]].concat(), &compressed, &[]] {
            assert_eq!(DeviceKey::new(wrong), Err(NotADeviceKey), "{wrong:?}");
            assert!(serde_json::from_value::<DeviceKey>(wrong.into()).is_err(), "{wrong:?}");
        }
    }
}
