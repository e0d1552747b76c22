//! One task for each of many things, on every core.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::exit::Failure;
use crate::progress;

/// What `work` makes of 0 to `count`, in this order, with a progress bar over `what`. The first failure ends it.
pub(super) fn on_every_core<T: Send>(
    count: usize,
    what: &str,
    work: impl Fn(usize) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let bar = progress::bar(count as u64, what);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let thread = || -> Result<(), Failure> {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                return Ok(());
            }
            // The other threads need not go on.
            let found = work(i).inspect_err(|_| next.store(count, Ordering::Relaxed))?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push((i, found));
            bar.inc(1);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(thread)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Failure::new("internal", "a worker thread panicked")))
        })
    })?;
    bar.finish_and_clear();
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(i, _)| *i);
    Ok(done.into_iter().map(|(_, found)| found).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_order_and_a_failure_ends_it() {
        let squares = on_every_core(100, "numbers", |n| Ok(n * n)).unwrap();
        assert!(squares.iter().enumerate().all(|(n, square)| *square == n * n) && squares.len() == 100);
        let failed = on_every_core(100, "numbers", |n| match n {
            70 => Err(Failure::new("corpus", "seventy")),
            _ => Ok(n),
        });
        assert_eq!(failed.unwrap_err().message, "seventy");
    }
}
