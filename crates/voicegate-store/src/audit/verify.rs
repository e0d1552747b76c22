//! Walking the whole chain.

use std::collections::BTreeSet;

use sqlx::AnyConnection;
use voicegate_core::audit::{Breach, ChainKey, ChainVerifier, Checkpoint};
use voicegate_service::ports::{AuditReport, StoreError};

use super::anchor::Anchored;
use super::{AuditLog, CHECKPOINT_INTERVAL};
use crate::sql::logs::LogRow;
use crate::sql::{Database, chain, logs};

/// Records read at a time: memory stays the same however long the log is.
const PAGE: u32 = 1000;

impl AuditLog {
    /// Walks the chain from its first record, past every checkpoint, to its end.
    pub(crate) async fn verify(
        &self,
        database: &Database,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<AuditReport, StoreError> {
        // What speaks about the log is read before the log: records added meanwhile then only make it longer.
        let anchored = self.anchor.read().map_err(|error| StoreError::Unavailable(error.into()))?;
        let (end, checkpoints) = {
            let mut connection = database.read().await?;
            (chain::read(&mut connection).await, all_checkpoints(&mut connection).await)
        };
        let end = readable(end)?.flatten().map(|chain| chain.end);
        let checkpoints = readable(checkpoints)?;

        let mut walk = Walk { records: 0, checkpoints: 0, total: end.map_or(0, |end| end.count), progress };
        let whole = walk.run(database, &self.key, end, checkpoints.as_deref(), anchored).await?;
        progress(walk.records, walk.total.max(walk.records));
        Ok(AuditReport { records: walk.records, checkpoints: walk.checkpoints, breach: whole.err() })
    }
}

struct Walk<'a> {
    records: u64,
    checkpoints: u64,
    total: u64,
    progress: &'a (dyn Fn(u64, u64) + Send + Sync),
}

impl Walk<'_> {
    async fn run(
        &mut self,
        database: &Database,
        key: &ChainKey,
        end: Option<Checkpoint>,
        checkpoints: Option<&[Checkpoint]>,
        anchored: Anchored,
    ) -> Result<Result<(), Breach>, StoreError> {
        let Some(checkpoints) = checkpoints else { return Ok(Err(Breach::CheckpointForged { count: 0 })) };
        let mut pass = checkpoints.to_vec();
        pass.extend(end);
        match anchored {
            Anchored::Nothing => {}
            Anchored::Damaged => return Ok(Err(Breach::CheckpointForged { count: 0 })),
            Anchored::Checkpoint(anchor) => pass.push(anchor),
        }
        let met = pass.len() as u64;
        let mut verifier = match ChainVerifier::new(key, pass) {
            Ok(verifier) => verifier,
            Err(breach) => return Ok(Err(breach)),
        };
        loop {
            let mut connection = database.read().await?;
            let page = logs::page(&mut connection, self.records, PAGE).await?;
            // Given back between pages, so that verifying does not keep a connection from the others.
            drop(connection);
            for row in &page {
                if let Err(breach) = push(&mut verifier, row, self.records + 1)? {
                    return Ok(Err(breach));
                }
                self.records += 1;
            }
            (self.progress)(self.records, self.total.max(self.records));
            if page.is_empty() {
                break;
            }
        }
        self.checkpoints = met;
        Ok(verifier.finish().map(drop).and_then(|()| none_missing(end, checkpoints, self.records)))
    }
}

fn push(
    verifier: &mut ChainVerifier<'_>,
    row: &LogRow,
    expected: u64,
) -> Result<Result<(), Breach>, StoreError> {
    let changed = Breach::Changed { seq: expected };
    let parts = readable((|| Ok((row.seq()?, row.payload()?, row.mac()?)))())?;
    let Some((seq, payload, mac)) = parts else { return Ok(Err(changed)) };
    if let Err(breach) = verifier.push(seq, payload, &mac) {
        return Ok(Err(breach));
    }
    // The columns beside the payload are what people query, so they must not tell another story.
    let agrees = readable(row.record().and_then(|record| row.agrees(&record)))?;
    Ok(if agrees == Some(true) { Ok(()) } else { Err(changed) })
}

/// What cannot be read was changed: that is a finding, not a failure to look.
fn readable<T>(result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Unreadable { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Checks that the end of the chain and every regular checkpoint are there.
fn none_missing(end: Option<Checkpoint>, checkpoints: &[Checkpoint], records: u64) -> Result<(), Breach> {
    let Some(end) = end else { return Err(Breach::CheckpointMissing { count: records }) };
    let there: BTreeSet<u64> = checkpoints.iter().map(|c| c.count).collect();
    let mut regular = (1..=end.count / CHECKPOINT_INTERVAL).map(|n| n * CHECKPOINT_INTERVAL);
    match regular.find(|count| !there.contains(count)) {
        Some(count) => Err(Breach::CheckpointMissing { count }),
        None => Ok(()),
    }
}

async fn all_checkpoints(connection: &mut AnyConnection) -> Result<Vec<Checkpoint>, StoreError> {
    let mut all: Vec<Checkpoint> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.count);
        let page = chain::checkpoints(connection, after, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// What in the anchor does not fit the log that ends in `end`.
pub(super) async fn contradiction(
    connection: &mut AnyConnection,
    key: &ChainKey,
    end: &Checkpoint,
    anchored: Anchored,
) -> Result<Option<Breach>, StoreError> {
    let anchor = match anchored {
        Anchored::Nothing => return Ok(None),
        Anchored::Damaged => return Ok(Some(Breach::CheckpointForged { count: 0 })),
        Anchored::Checkpoint(anchor) => anchor,
    };
    let count = anchor.count;
    if !anchor.is_authentic(key) {
        return Ok(Some(Breach::CheckpointForged { count }));
    }
    if count > end.count {
        return Ok(Some(Breach::Truncated { expected: count, found: end.count }));
    }
    if count == 0 {
        return Ok(None);
    }
    let at = logs::page(connection, count - 1, 1).await?;
    let fits = |row: &LogRow| row.seq().ok() == Some(count) && row.mac().ok() == Some(anchor.head);
    Ok(if at.first().is_some_and(fits) { None } else { Some(Breach::CheckpointMismatch { count }) })
}
