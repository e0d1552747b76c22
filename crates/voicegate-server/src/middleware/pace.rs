//! Requests of people, logged in or not, by the address that they come from: each costs work and a line in the audit
//! log, and anybody can send them.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::problem::Kind;
use crate::state::AppState;
use crate::who::Who;

/// How many requests each address has left, by the generic cell rate algorithm (ITU-T I.371): so many at once, and as many
/// again within a minute.
#[derive(Debug)]
pub struct Pace(RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock>);

impl Pace {
    /// `per_minute` requests for each address, at least 1.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        Self(RateLimiter::keyed(Quota::per_minute(per_minute)))
    }

    /// Seconds to wait, at least 1, if `address` has none left.
    fn wait(&self, address: IpAddr) -> Option<u32> {
        let early = self.0.check_key(&address).err()?;
        let wait = early.wait_time_from(self.0.clock().now());
        Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// Forgets the addresses that have all of theirs again.
    pub(crate) fn forget(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

/// Refuses who asks too often.
pub async fn pace(
    State(state): State<AppState>,
    address: ClientAddress,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    // A program speaks for many from one address; a person can be had by registering.
    let by_program = matches!(request.extensions().get::<Who>(), Some(Who::Key));
    if !by_program && let Some(seconds) = state.pace.wait(address.0) {
        let detail = "Too many requests come from this address; slow down.";
        return Err(ApiError::new(Kind::TooManyRequests, detail).retry_after(seconds));
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_and_others_have_their_own() {
        let pace = Pace::new(3);
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        for _ in 0..3 {
            assert_eq!(pace.wait(one), None);
        }
        let wait = pace.wait(one).unwrap();
        assert!((1..=21).contains(&wait), "{wait}");
        assert_eq!(pace.wait(other), None);
        pace.forget();
        assert!(pace.wait(one).is_some(), "who has none left is not forgotten");
    }
}
