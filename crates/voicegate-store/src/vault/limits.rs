//! Limits: one attempt to charge subjects, to settle or reset them, and to note where attempts come from.
//!
//! Rows are locked in the order of their hashes, so that no two that charge the same subjects wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use voicegate_core::PersonId;
use voicegate_core::limits::{Budget, Cost, LimitPolicy, Wait};
use voicegate_service::ports::{StoreError, Subject, Tag};

use super::Vault;
use crate::sql::{limits, sources};

/// How long a budget outlives what the policy remembers: an attempt is judged after it was charged.
const JUDGED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

impl Vault {
    pub(super) async fn charge_once(
        &self,
        subjects: &[(Subject, LimitPolicy)],
        now: Timestamp,
    ) -> Result<Result<i64, Wait>, StoreError> {
        let policies: BTreeMap<Tag, &LimitPolicy> =
            subjects.iter().map(|(subject, policy)| (self.lasting.subject(subject), policy)).collect();
        let mut write = self.database.write().await?;
        let connection = write.connection();
        let mut left = i64::MAX;
        let mut longest: Option<Wait> = None;
        for (subject, policy) in policies {
            let remembered = policy.forget_after.saturating_add(JUDGED_WITHIN);
            let expires_at = now.checked_add(remembered).unwrap_or(Timestamp::MAX);
            match limits::ensure(connection, subject, expires_at).await?.charge(now, policy) {
                Ok(charged) => {
                    left = left.min(charged.left(policy));
                    limits::charge(connection, subject, &charged, expires_at).await?;
                }
                Err(wait) => longest = longest.into_iter().chain([wait]).max_by_key(|wait| wait.until),
            }
        }
        // Where one has to wait, nothing is committed of what was charged to the others.
        if let Some(wait) = longest {
            return Ok(Err(wait));
        }
        write.commit().await?;
        Ok(Ok(left))
    }

    pub(super) async fn settle_limits(
        &self,
        connection: &mut AnyConnection,
        subjects: &[Subject],
        cost: Cost,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        for subject in self.tags(subjects) {
            if let Some(budget) = limits::lock(connection, subject).await? {
                limits::put(connection, subject, &budget.settle(cost, at)).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn reset_limits(
        &self,
        connection: &mut AnyConnection,
        subjects: &[Subject],
    ) -> Result<(), StoreError> {
        for subject in self.tags(subjects) {
            limits::put(connection, subject, &Budget::default()).await?;
        }
        Ok(())
    }

    pub(super) async fn others_tried_once(
        &self,
        source: &Subject,
        person: &PersonId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let pair = (self.lasting.subject(source), self.lasting.person(person));
        let expires_at = now.checked_add(now.duration_since(since)).unwrap_or(Timestamp::MAX);
        let mut write = self.database.write().await?;
        sources::put(write.connection(), pair, (now, expires_at)).await?;
        let others = sources::others(write.connection(), pair, since).await?;
        write.commit().await?;
        Ok(others)
    }

    /// What stands for the subjects, in its order.
    fn tags(&self, subjects: &[Subject]) -> BTreeSet<Tag> {
        subjects.iter().map(|subject| self.lasting.subject(subject)).collect()
    }
}
