//! How long a session lives.

use jiff::{SignedDuration, Timestamp};

/// The limits of a session, whatever its confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// It ends when it was not used for this long.
    pub idle: SignedDuration,
    /// It ends this long after the login, however much it is used.
    pub absolute: SignedDuration,
}

impl Default for Lifetime {
    /// Half an hour, and half a day.
    fn default() -> Self {
        Self { idle: SignedDuration::from_mins(30), absolute: SignedDuration::from_hours(12) }
    }
}

impl Lifetime {
    /// When a session ends if it is not used again.
    #[must_use]
    pub fn ends_at(&self, created: Timestamp, last_used: Timestamp) -> Timestamp {
        let after = |at: Timestamp, long| at.checked_add(long).unwrap_or(Timestamp::MAX);
        after(last_used, self.idle).min(after(created, self.absolute))
    }

    /// Whether a session has not ended yet.
    #[must_use]
    pub fn is_live(&self, created: Timestamp, last_used: Timestamp, now: Timestamp) -> bool {
        now < self.ends_at(created, last_used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_idle_or_old() {
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let limits = Lifetime::default();
        for (last_used, now, live) in [
            (0, 0, true),
            (0, 29, true),
            (0, 30, false),
            (29, 58, true),
            (29, 59, false),
            (700, 719, true),
            (700, 720, false),
            (719, 721, false),
            // A clock that was set back ends nothing.
            (5, 0, true),
        ] {
            assert_eq!(limits.is_live(at(0), at(last_used), at(now)), live, "{last_used} {now}");
        }
        let endless = Lifetime { idle: SignedDuration::MAX, absolute: SignedDuration::MAX };
        assert_eq!(endless.ends_at(at(0), at(0)), Timestamp::MAX);
    }
}
