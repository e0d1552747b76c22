//! Sends what people are told to the webhook, in the background.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use voicegate_service::usecase::deliver::AT_A_TIME;
use voicegate_service::webhook::Webhook;

use crate::state::AppState;

/// How often is looked for notices that are due.
const INTERVAL: Duration = Duration::from_secs(2);

/// Sends what is due to `webhook` at once and from then on at intervals, for as long as it is polled.
pub(crate) async fn deliver(state: AppState, webhook: Webhook) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        loop {
            match state.service.deliver_notices(&webhook).await {
                Ok(ended) => {
                    state.metrics.notices(&ended);
                    if ended.len() < AT_A_TIME as usize {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "notices could not be sent");
                    break;
                }
            }
        }
    }
}
