//! Connections and transactions.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection};
use sqlx::{AnyPool, AssertSqlSafe, Connection, Executor, Transaction};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;
use voicegate_service::ports::StoreError;

use super::{Dialect, failed, is_damage};

/// The pool of connections to one database.
pub(crate) struct Database {
    pool: AnyPool,
    dialect: Dialect,
    /// One writer at a time in this process. Every write ends at the head of the audit chain, so writers would wait
    /// for each other anyway; here they do so in order, and without holding the connections that readers need.
    turn: Mutex<()>,
    patience: Duration,
}

/// A transaction that writes. Dropped without [`Write::commit`] it is undone.
pub(crate) struct Write<'a> {
    transaction: Transaction<'static, Any>,
    // Declared last so that the transaction ends before the next writer's turn.
    _turn: MutexGuard<'a, ()>,
}

impl Database {
    pub(crate) async fn connect(
        url: &str,
        dialect: Dialect,
        session: String,
        options: AnyPoolOptions,
    ) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let patience = options.get_acquire_timeout();
        // The pool keeps trying and then says "timed out"; a single try says what is wrong.
        let first = timeout(patience, first(url, session.clone())).await;
        first.map_err(|_| sqlx::Error::PoolTimedOut)??;
        let pool = options
            .after_connect(move |connection, _| {
                let session = session.clone();
                Box::pin(async move { connection.execute(AssertSqlSafe(session)).await.map(drop) })
            })
            .connect(url)
            .await?;
        Ok(Self { pool, dialect, turn: Mutex::new(()), patience })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    pub(crate) async fn read(&self) -> Result<PoolConnection<Any>, StoreError> {
        self.pool.acquire().await.map_err(failed)
    }

    pub(crate) async fn write(&self) -> Result<Write<'_>, StoreError> {
        let turn = timeout(self.patience, self.turn.lock()).await;
        let turn = turn.map_err(|_| failed(sqlx::Error::PoolTimedOut))?;
        let transaction = self.pool.begin_with(self.dialect.begin()).await.map_err(failed)?;
        Ok(Write { transaction, _turn: turn })
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Connects once, and begins a session as the pool will: that a file is no database shows only then. Whatever else goes
/// wrong there may pass, and the pool tries again.
async fn first(url: &str, session: String) -> Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect(url).await?;
    match connection.execute(AssertSqlSafe(session)).await {
        Err(error) if is_damage(&error) => Err(error),
        _ => connection.close().await,
    }
}

impl Write<'_> {
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(failed)
    }
}
