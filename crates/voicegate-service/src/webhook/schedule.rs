//! When a notice that was not taken is sent again.

use jiff::{SignedDuration, Timestamp};

/// The wait after the first failure; each further one is four times as long.
const FIRST: SignedDuration = SignedDuration::from_secs(5);

/// No wait is longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// When to try again after `failures` of them, at least one; `None` if there were `max_attempts`. The wait is between half
/// and all of what is due, by `random`: receivers that were away must not meet everything at once. Ten attempts take two to
/// three days.
pub(crate) fn next_attempt(
    failures: u32,
    max_attempts: u32,
    random: u32,
    now: Timestamp,
) -> Option<Timestamp> {
    if failures >= max_attempts {
        return None;
    }
    let factor = 4_i32.saturating_pow(failures.saturating_sub(1));
    let due = FIRST.saturating_mul(factor).min(LONGEST);
    let wait = due.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX));
    Some(now.saturating_add(wait).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_day_and_end() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let wait = |failures, random| {
            let next = next_attempt(failures, 10, random, now);
            next.map(|next| next.duration_since(now).as_millis())
        };
        let longest: Vec<_> = (1..=10).map(|failures| wait(failures, u32::MAX)).collect();
        let seconds = [5, 20, 80, 320, 1280, 5120, 20_480, 81_920, 86_400];
        let expected: Vec<_> =
            seconds.map(|seconds| Some(seconds * 1000)).into_iter().chain([None]).collect();
        assert_eq!(longest, expected);
        assert_eq!((wait(1, 0), wait(3, 0)), (Some(2500), Some(40_000)));
        assert!(wait(2, u32::MAX / 2).is_some_and(|wait| (14_990..=15_000).contains(&wait)));
        assert_eq!(next_attempt(u32::MAX, u32::MAX, 0, now), None);
        assert_eq!(next_attempt(u32::MAX - 1, u32::MAX, 0, Timestamp::MAX), Some(Timestamp::MAX));
    }
}
