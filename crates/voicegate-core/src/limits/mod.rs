//! How often somebody may fail before they have to wait: a budget for each subject (a device, a person, an address).
//!
//! An attempt is charged in full before it is judged and settled afterwards, so that parallel attempts cannot outrun
//! their failures. What was charged and never settled, because the program ended in between, counts like a failure and
//! is forgotten like one.
//!
//! A subject whose attempt was accepted starts again from [`Budget::default`]. An address, which strangers share, is
//! settled at [`Cost::None`] instead: otherwise whoever has an account could wipe out failures with it.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What an attempt cost once it was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cost {
    /// Nothing: it did not fail, or nothing could be said.
    None,
    /// 1 unit: it failed, but a living person said the words that were asked for.
    Live,
    /// 2 units: it failed.
    Full,
}

/// How much may fail, and how long to wait then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitPolicy {
    /// Units from which on each further attempt waits.
    pub allowed_units: u32,
    /// The first wait. It doubles with each failure more, that is with every 2 units.
    pub first_wait: SignedDuration,
    /// No wait is longer.
    pub longest_wait: SignedDuration,
    /// Time without a failure after which those before are forgotten.
    pub forget_after: SignedDuration,
}

/// What a subject has used up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Units of the attempts that failed.
    pub units: u32,
    /// When the latest of them failed.
    pub last_failure: Option<Timestamp>,
    /// When the attempts that are not judged yet were charged, the latest last; a few dozen at most.
    pub under_way: Vec<Timestamp>,
}

/// The budget is used up for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts failed; the next one is possible at {until}")]
pub struct Wait {
    /// When the next attempt may be made.
    pub until: Timestamp,
}

impl Cost {
    /// In units.
    #[must_use]
    pub const fn units(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Live => 1,
            Self::Full => 2,
        }
    }
}

impl Default for LimitPolicy {
    /// Five failures, or ten of a living voice; 30 s, doubling up to an hour; a day.
    fn default() -> Self {
        Self {
            allowed_units: 10,
            first_wait: SignedDuration::from_secs(30),
            longest_wait: SignedDuration::from_hours(1),
            forget_after: SignedDuration::from_hours(24),
        }
    }
}

impl Budget {
    /// The budget with one more attempt under way. It has to be stored before the attempt is judged, in the transaction
    /// in which the one before was read.
    ///
    /// # Errors
    /// [`Wait`] if the attempt comes too early; then nothing is charged. After the wait one attempt is possible, and the
    /// next wait begins with it.
    pub fn charge(&self, now: Timestamp, policy: &LimitPolicy) -> Result<Self, Wait> {
        if let Some(wait) = self.wait(now, policy) {
            return Err(wait);
        }
        let mut budget = self.remembered(now, policy);
        // By a clock that was ahead the one before may be later.
        let latest = budget.under_way.last().map_or(now, |before| now.max(*before));
        budget.under_way.push(latest);
        Ok(budget)
    }

    /// The budget once an attempt that was charged is judged.
    ///
    /// The latest charge is taken back, whichever of parallel ones it was, so that one that is never settled grows old.
    #[must_use]
    pub fn settle(mut self, cost: Cost, now: Timestamp) -> Self {
        self.under_way.pop();
        self.units = self.units.saturating_add(cost.units());
        if cost != Cost::None {
            self.last_failure = self.last_failure.max(Some(now));
        }
        self
    }

    /// How long the next attempt has to wait; `None` if it may be made now.
    #[must_use]
    pub fn wait(&self, now: Timestamp, policy: &LimitPolicy) -> Option<Wait> {
        let budget = self.remembered(now, policy);
        let latest = budget.last_failure.max(budget.under_way.last().copied())?;
        let beyond = budget.used().checked_sub(policy.allowed_units)?;
        let factor = 1 << (beyond / Cost::Full.units()).min(30);
        let long = policy.first_wait.saturating_mul(factor).min(policy.longest_wait);
        // No clock that was set back makes a wait longer than the longest.
        let until = after(latest, long).min(after(now, policy.longest_wait));
        (now < until).then_some(Wait { until })
    }

    /// Units that are left before the next attempt has to wait, if those under way fail in full; below zero where one more
    /// unit was charged than there was. Where it is zero or less once what was charged too much is given back, a wait begins.
    #[must_use]
    pub fn left(&self, policy: &LimitPolicy) -> i64 {
        i64::from(policy.allowed_units) - i64::from(self.used())
    }

    /// Units of the attempts that failed, and of those under way in full.
    fn used(&self) -> u32 {
        self.units.saturating_add(self.under_way.len() as u32 * Cost::Full.units())
    }

    /// The budget without what lies too far back.
    fn remembered(&self, now: Timestamp, policy: &LimitPolicy) -> Self {
        let recent = |at: &Timestamp| now < after(*at, policy.forget_after);
        let last_failure = self.last_failure.filter(recent);
        Self {
            units: if last_failure.is_some() { self.units } else { 0 },
            last_failure,
            under_way: self.under_way.iter().copied().filter(recent).collect(),
        }
    }
}

/// The time `long` after `at`, as far as a timestamp goes.
fn after(at: Timestamp, long: SignedDuration) -> Timestamp {
    at.checked_add(long).unwrap_or(Timestamp::MAX)
}
