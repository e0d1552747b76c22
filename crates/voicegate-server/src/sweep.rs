//! What is kept for a time ends with it, whether or not another request comes: remembered answers, open challenges, and
//! fingerprints of attempts.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

use crate::state::AppState;

/// How often is looked for what has to be forgotten.
const INTERVAL: Duration = Duration::from_secs(10 * 60);

/// What was reserved before this moment is forgotten at `now`, if answers are remembered for `hours`.
pub(crate) fn oldest(now: Timestamp, hours: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::MIN)
}

/// Forgets what has had its time at once and from then on at intervals, for as long as it is polled.
pub(crate) async fn sweep(state: AppState) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        state.pace.forget();
        let oldest = oldest(state.service.now(), state.settings.idempotency_hours);
        match state.service.store().forget_answers(oldest).await {
            Ok(0) => {}
            Ok(answers) => tracing::debug!(answers, "remembered answers have had their time"),
            Err(error) => tracing::warn!(%error, "remembered answers could not be forgotten"),
        }
        match state.service.store().forget_expired(state.service.now()).await {
            Ok(0) => {}
            Ok(expired) => tracing::debug!(expired, "challenges and fingerprints have had their time"),
            Err(error) => {
                tracing::warn!(%error, "expired challenges and fingerprints could not be forgotten");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_its_hours() {
        let now: Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
        assert_eq!(oldest(now, 24).to_string(), "2026-01-01T12:00:00Z");
        assert_eq!(oldest(now, 0), now);
        assert_eq!(oldest(Timestamp::MIN, 1), Timestamp::MIN);
    }
}
