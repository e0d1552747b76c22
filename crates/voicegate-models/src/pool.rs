//! Threads that work on one bounded queue.
//!
//! Inference keeps a core busy for tens of milliseconds, so it has threads of its own. Whoever submits gets a
//! [`Ticket`] that can be waited for or awaited; a full queue is an answer ([`PoolError::Overloaded`]), not a wait.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flume::{Receiver, RecvTimeoutError, Sender, TrySendError};

/// Size and patience of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// Jobs that may wait; one more is refused.
    pub queue: NonZeroUsize,
    /// Longest time from submission to answer.
    pub deadline: Duration,
}

/// Why a job has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The queue is full: try again shortly.
    #[error("overloaded: {waiting} requests are already waiting; try again shortly")]
    Overloaded {
        /// Size of the queue.
        waiting: usize,
    },
    /// The deadline passed first.
    #[error("the answer took longer than {} ms", .0.as_millis())]
    DeadlineExceeded(Duration),
    /// The job's code panicked; the pool goes on.
    #[error("the model failed on this request")]
    Panicked,
    /// The pool is shutting down.
    #[error("shutting down")]
    Stopped,
}

/// A finished job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<R> {
    /// What the job returned.
    pub result: R,
    /// Time spent waiting in the queue.
    pub waited: Duration,
}

/// A claim on the answer of one job. Dropping it cancels the job if it has not started.
#[must_use]
pub struct Ticket<R> {
    reply: Receiver<Result<Answer<R>, PoolError>>,
    patience: Duration,
    deadline: Instant,
}

impl<R> Ticket<R> {
    /// Blocks until the answer or the deadline.
    ///
    /// # Errors
    /// [`PoolError`], except `Overloaded`.
    pub fn wait(self) -> Result<Answer<R>, PoolError> {
        match self.reply.recv_deadline(self.deadline) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(PoolError::DeadlineExceeded(self.patience)),
            Err(RecvTimeoutError::Disconnected) => Err(PoolError::Stopped),
        }
    }

    /// Waits without blocking the thread, under any executor.
    ///
    /// The deadline is checked when the job's turn comes; a job that has started by then is finished. Whoever must
    /// answer at the deadline to the millisecond puts a timer around this future.
    ///
    /// # Errors
    /// [`PoolError`], except `Overloaded`.
    pub async fn ready(self) -> Result<Answer<R>, PoolError> {
        self.reply.recv_async().await.unwrap_or(Err(PoolError::Stopped))
    }
}

struct Queued<J, R> {
    job: J,
    submitted: Instant,
    reply: Sender<Result<Answer<R>, PoolError>>,
}

/// Worker threads for jobs `J` with results `R`. Dropping it finishes what is queued and joins the threads.
pub struct Pool<J, R> {
    // `None` only while dropping.
    queue: Option<Sender<Queued<J, R>>>,
    threads: Vec<JoinHandle<()>>,
    settings: PoolSettings,
}

impl<J: Send + 'static, R: Send + 'static> Pool<J, R> {
    /// Starts one thread per worker, each named `name`; a worker turns a job into its result.
    ///
    /// # Errors
    /// If the system gives no more threads.
    pub fn start<W>(
        name: &str,
        workers: impl IntoIterator<Item = W>,
        settings: PoolSettings,
    ) -> Result<Self, std::io::Error>
    where
        W: FnMut(J) -> R + Send + 'static,
    {
        let (sender, receiver) = flume::bounded(settings.queue.get());
        let mut pool = Self { queue: Some(sender), threads: Vec::new(), settings };
        for worker in workers {
            let receiver = receiver.clone();
            let thread = std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(&receiver, worker, settings.deadline))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Puts a job into the queue.
    ///
    /// # Errors
    /// [`PoolError::Overloaded`] if the queue is full.
    pub fn submit(&self, job: J) -> Result<Ticket<R>, PoolError> {
        let (reply, answer) = flume::bounded(1);
        let submitted = Instant::now();
        let queue = self.queue.as_ref().ok_or(PoolError::Stopped)?;
        queue.try_send(Queued { job, submitted, reply }).map_err(|error| match error {
            TrySendError::Full(_) => PoolError::Overloaded { waiting: self.settings.queue.get() },
            TrySendError::Disconnected(_) => PoolError::Stopped,
        })?;
        let patience = self.settings.deadline;
        Ok(Ticket { reply: answer, patience, deadline: submitted + patience })
    }

    /// Jobs waiting now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, Sender::len)
    }

    /// Number of threads.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.threads.len()
    }
}

impl<J, R> Drop for Pool<J, R> {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A worker catches the panics of its jobs, so there is nothing to learn from the join.
            let _ = thread.join();
        }
    }
}

fn work<J, R>(queue: &Receiver<Queued<J, R>>, mut worker: impl FnMut(J) -> R, patience: Duration) {
    for Queued { job, submitted, reply } in queue {
        if reply.is_disconnected() {
            continue;
        }
        let waited = submitted.elapsed();
        let answer = if waited >= patience {
            Err(PoolError::DeadlineExceeded(patience))
        } else {
            // The worker's own state is a session and reused buffers, which every job overwrites.
            catch_unwind(AssertUnwindSafe(|| worker(job)))
                .map(|result| Answer { result, waited })
                .map_err(|_| PoolError::Panicked)
        };
        // Nobody may be waiting any more.
        let _ = reply.send(answer);
    }
}
