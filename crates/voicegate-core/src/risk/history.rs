//! The accepted logins of one person.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Coordinates, NetworkTag};

/// What is remembered of one accepted login. `None` was not known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PastLogin {
    /// When it was made; its hour of the day is taken from here, in UTC.
    pub at: Timestamp,
    /// Similarity to the person, in [0, 1].
    pub similarity: Option<f32>,
    /// Seconds from the prompt of the challenge to the first word.
    pub reaction_s: Option<f32>,
    /// The network it came from.
    pub network: Option<NetworkTag>,
    /// Where on the earth that is.
    pub coordinates: Option<Coordinates>,
}

/// The accepted logins of one person, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    logins: VecDeque<PastLogin>,
}

impl History {
    /// The most logins that are remembered and looked at: enough for habits, few enough that they may change.
    pub const MOST: usize = 50;

    /// The newest [`Self::MOST`] of the logins, in whatever order they come.
    #[must_use]
    pub fn new(logins: impl IntoIterator<Item = PastLogin>) -> Self {
        let mut logins: Vec<PastLogin> = logins.into_iter().collect();
        logins.sort_by_key(|login| std::cmp::Reverse(login.at));
        logins.truncate(Self::MOST);
        Self { logins: logins.into() }
    }

    /// The logins, the newest first.
    pub fn logins(&self) -> impl Iterator<Item = &PastLogin> {
        self.logins.iter().take(Self::MOST)
    }

    /// Adds a login that was accepted after all others.
    pub fn remember(&mut self, login: PastLogin) {
        self.logins.push_front(login);
        self.logins.truncate(Self::MOST);
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_newest_are_kept_and_come_first() {
        let login = |minute: i64| PastLogin {
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute),
            similarity: None,
            reaction_s: None,
            network: None,
            coordinates: None,
        };
        let count = History::MOST as i64;
        let mut history = History::new((0..count + 5).map(login));
        history.remember(login(count + 5));
        let expected: Vec<PastLogin> = (6..count + 6).rev().map(login).collect();
        assert_eq!(history.logins().copied().collect::<Vec<_>>(), expected);
    }
}
