//! Sending notices to the webhook.

use jiff::{SignedDuration, Timestamp};
use tokio::task::spawn_blocking;

use crate::ports::{Delivered, Delivery};
use crate::webhook::{Webhook, next_attempt};
use crate::{Service, ServiceError};

/// Most notices that are sent at a time.
pub const AT_A_TIME: u32 = 8;

/// How much longer than the receiver may take a notice is withheld from other servers.
const SLACK: SignedDuration = SignedDuration::from_secs(30);

impl Service {
    /// The receiver of notices as it is configured now, if there is one.
    #[must_use]
    pub fn webhook(&self) -> Option<Webhook> {
        let config = self.config.current();
        Webhook::new(&config.webhook).expect("a configuration is checked before it is in force")
    }

    /// Sends the notices that are due to `webhook`, at most [`AT_A_TIME`], side by side, and says how each of them ended.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; what was sent by then and not noted is sent again.
    pub async fn deliver_notices(&self, webhook: &Webhook) -> Result<Vec<Delivered>, ServiceError> {
        let now = self.clock.now();
        let timeout = SignedDuration::try_from(webhook.timeout()).expect("it is at most a minute");
        let until = now.saturating_add(timeout.saturating_add(SLACK)).unwrap_or(Timestamp::MAX);
        let due = self.store.due_notices(now, until, AT_A_TIME).await?;
        let sent = due.into_iter().map(|Delivery { notice, failures }| {
            let (id, kind, webhook) = (notice.id, notice.kind, webhook.clone());
            (id, kind, failures, spawn_blocking(move || webhook.send(&notice, now)))
        });
        let mut ended = Vec::new();
        for (id, kind, failures, sending) in sent.collect::<Vec<_>>() {
            let sent = sending.await.map_err(|error| ServiceError::Internal(error.to_string()))?;
            let delivered = match sent {
                Ok(()) => Delivered::Done,
                Err(error) => {
                    let next = self.try_again(failures + 1, webhook.max_attempts());
                    let (kind, given_up) = (kind.as_str(), next == Delivered::Dead);
                    tracing::warn!(%error, %id, kind, given_up, "a notice was not taken");
                    next
                }
            };
            self.store.settle_notice(id, delivered).await?;
            ended.push(delivered);
        }
        Ok(ended)
    }

    /// What becomes of a notice after so many `failures`.
    fn try_again(&self, failures: u32, max_attempts: u32) -> Delivered {
        let mut random = [0; 4];
        self.entropy.fill(&mut random);
        let next = next_attempt(failures, max_attempts, u32::from_le_bytes(random), self.clock.now());
        next.map_or(Delivered::Dead, Delivered::Retry)
    }
}
