//! A circuit breaker (M. Nygard, *Release It!*, 2007): who does not answer is left alone for a while.
//!
//! ```text
//!         enough failures in a row          wait is over: one trial
//! CLOSED ─────────────────────────▶ OPEN ──────────────────────────▶ HALF-OPEN
//!    ▲                                ▲                                │    │
//!    │                                └────────── it fails ────────────┘    │
//!    └──────────────────────────── it succeeds ─────────────────────────────┘
//! ```

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// When to stop asking, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open the breaker; 0 counts as 1.
    pub failures_to_open: u32,
    /// How long it stays open before a trial, and how long a trial may take before another is made.
    pub open_for: SignedDuration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures_to_open: 3, open_for: SignedDuration::from_secs(30) }
    }
}

/// The state of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Breaker {
    /// Everyone may ask.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// Nobody may ask.
    Open {
        /// Until then.
        until: Timestamp,
    },
    /// One asks, to see whether it works again.
    HalfOpen {
        /// From then on the trial counts as lost, and another one is made.
        until: Timestamp,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Whether one may ask now, and the state if so; `None` if not. Whoever asks reports how it ended.
    #[must_use]
    pub fn ask(self, now: Timestamp, policy: &BreakerPolicy) -> Option<Self> {
        match self {
            Self::Closed { .. } => Some(self),
            Self::Open { until } | Self::HalfOpen { until } => {
                (now >= until).then(|| Self::HalfOpen { until: after(now, policy) })
            }
        }
    }

    /// The state after an answer. One that comes late, to a question from before the breaker opened, does not close it.
    #[must_use]
    pub fn succeeded(self) -> Self {
        match self {
            Self::Closed { .. } | Self::HalfOpen { .. } => Self::default(),
            Self::Open { .. } => self,
        }
    }

    /// The state after a failure. One that comes late does not prolong the wait.
    #[must_use]
    pub fn failed(self, now: Timestamp, policy: &BreakerPolicy) -> Self {
        match self {
            Self::Closed { failures } if failures.saturating_add(1) < policy.failures_to_open => {
                Self::Closed { failures: failures + 1 }
            }
            Self::Closed { .. } | Self::HalfOpen { .. } => Self::Open { until: after(now, policy) },
            Self::Open { .. } => self,
        }
    }
}

/// The end of a wait that begins now.
fn after(now: Timestamp, policy: &BreakerPolicy) -> Timestamp {
    now.checked_add(policy.open_for).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: BreakerPolicy =
        BreakerPolicy { failures_to_open: 3, open_for: SignedDuration::from_secs(30) };

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    /// Opened by three failures in second 0.
    fn open() -> Breaker {
        (0..3).fold(Breaker::default(), |breaker, _| breaker.failed(at(0), &POLICY))
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let twice = Breaker::default().failed(at(0), &POLICY).failed(at(0), &POLICY);
        assert_eq!(twice, Breaker::Closed { failures: 2 });
        assert_eq!(twice.succeeded().failed(at(0), &POLICY), Breaker::Closed { failures: 1 });
        assert_eq!(twice.failed(at(5), &POLICY), Breaker::Open { until: at(35) });
        assert_eq!(open().ask(at(29), &POLICY), None);
    }

    #[test]
    fn one_trial_is_made_when_the_wait_is_over() {
        let trial = open().ask(at(30), &POLICY).unwrap();
        assert_eq!(trial, Breaker::HalfOpen { until: at(60) });
        assert_eq!(trial.ask(at(31), &POLICY), None, "one is enough");
        assert_eq!(trial.succeeded(), Breaker::Closed { failures: 0 });
        assert_eq!(trial.failed(at(33), &POLICY), Breaker::Open { until: at(63) });
        // Whoever made the trial never came back.
        assert_eq!(trial.ask(at(60), &POLICY), Some(Breaker::HalfOpen { until: at(90) }));
    }

    #[test]
    fn what_comes_late_changes_nothing() {
        assert_eq!(open().succeeded(), open());
        assert_eq!(open().failed(at(20), &POLICY), open());
    }

    #[test]
    fn a_wait_may_reach_the_end_of_time() {
        let policy = BreakerPolicy { failures_to_open: 0, open_for: SignedDuration::MAX };
        let opened = Breaker::default().failed(at(0), &policy);
        assert_eq!(opened, Breaker::Open { until: Timestamp::MAX });
    }

    proptest! {
        /// Against a peer that never answers, however often it is asked: three in the beginning, then one per wait.
        #[test]
        fn a_dead_peer_is_asked_rarely(gaps in prop::collection::vec(0i64..20, 1..200)) {
            let (mut breaker, mut now, mut asked) = (Breaker::default(), 0, 0);
            for gap in gaps {
                now += gap;
                if let Some(next) = breaker.ask(at(now), &POLICY) {
                    asked += 1;
                    breaker = next.failed(at(now), &POLICY);
                }
            }
            prop_assert!(asked <= 3 + now / 30, "{asked} times in {now} s");
        }
    }
}
