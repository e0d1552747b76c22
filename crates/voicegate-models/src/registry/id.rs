use std::fmt;

use serde::{Deserialize, Serialize};

/// Name of a model: 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit. Safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId(String);

impl ModelId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ModelId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let bytes = text.as_bytes();
        let well_formed = bytes.first().is_some_and(|&c| plain(c))
            && bytes.len() <= 64
            && bytes.iter().all(|&c| plain(c) || b"._-".contains(&c));
        if well_formed {
            Ok(Self(text))
        } else {
            Err("a model id is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit")
        }
    }
}

impl std::str::FromStr for ModelId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
