//! The queue: admission, deadline, cancellation, panics, shutdown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use voicegate_models::{Pool, PoolError, PoolSettings};

fn settings(queue: usize, deadline_ms: u64) -> PoolSettings {
    PoolSettings { queue: queue.try_into().unwrap(), deadline: Duration::from_millis(deadline_ms) }
}

/// A pool of one worker that says when it starts a job and then waits to be let go.
fn gated(settings: PoolSettings) -> (Pool<u32, u32>, mpsc::Receiver<u32>, mpsc::Sender<()>) {
    let (started, starts) = mpsc::channel();
    let (gate, gates) = mpsc::channel::<()>();
    let worker = move |job| {
        started.send(job).unwrap();
        // A closed gate lets everything through.
        let _ = gates.recv();
        job * 2
    };
    (Pool::start("test", [worker], settings).unwrap(), starts, gate)
}

#[test]
fn a_full_queue_refuses_at_once_and_recovers() {
    let (pool, starts, gate) = gated(settings(2, 60_000));
    let running = pool.submit(1).unwrap();
    starts.recv().unwrap();
    let queued = [pool.submit(2).unwrap(), pool.submit(3).unwrap()];
    assert_eq!(pool.submit(4).err(), Some(PoolError::Overloaded { waiting: 2 }));
    assert_eq!(pool.waiting(), 2);
    drop(gate);
    assert_eq!(running.wait().unwrap().result, 2);
    assert_eq!(queued.map(|ticket| ticket.wait().unwrap().result), [4, 6]);
    assert_eq!(pool.submit(5).unwrap().wait().unwrap().result, 10);
}

#[test]
fn a_job_past_its_deadline_is_answered_and_never_run() {
    let (pool, starts, gate) = gated(settings(4, 50));
    let running = pool.submit(1).unwrap();
    starts.recv().unwrap();
    let late = pool.submit(2).unwrap();
    // Both waiters are answered though the worker is stuck.
    assert_eq!(running.wait(), Err(PoolError::DeadlineExceeded(Duration::from_millis(50))));
    assert_eq!(late.wait(), Err(PoolError::DeadlineExceeded(Duration::from_millis(50))));
    drop(gate);
    drop(pool);
    assert_eq!(starts.try_iter().count(), 0, "the late job ran");
}

#[tokio::test]
async fn the_async_side_gets_answer_and_deadline() {
    let (pool, starts, gate) = gated(settings(4, 50));
    let running = pool.submit(1).unwrap();
    starts.recv().unwrap();
    let late = pool.submit(2).unwrap();
    std::thread::sleep(Duration::from_millis(60));
    drop(gate);
    assert_eq!(running.ready().await.unwrap().result, 2);
    assert_eq!(late.ready().await, Err(PoolError::DeadlineExceeded(Duration::from_millis(50))));
}

#[test]
fn a_dropped_ticket_cancels_what_has_not_started() {
    let (pool, starts, gate) = gated(settings(4, 60_000));
    let running = pool.submit(1).unwrap();
    assert_eq!(starts.recv().unwrap(), 1);
    drop(pool.submit(2).unwrap());
    let kept = pool.submit(3).unwrap();
    drop(gate);
    assert_eq!((running.wait().unwrap().result, kept.wait().unwrap().result), (2, 6));
    assert_eq!(starts.try_iter().collect::<Vec<_>>(), [3]);
}

#[test]
fn a_panic_is_one_answer_and_the_worker_goes_on() {
    let worker = |job: u32| if job == 0 { panic!("on purpose") } else { job };
    let pool = Pool::start("test", [worker], settings(4, 60_000)).unwrap();
    assert_eq!(pool.submit(0).unwrap().wait(), Err(PoolError::Panicked));
    assert_eq!(pool.submit(7).unwrap().wait().unwrap().result, 7);
}

#[test]
fn shutdown_finishes_what_is_queued() {
    let done = Arc::new(AtomicUsize::new(0));
    let workers = (0..2).map(|_| {
        let done = done.clone();
        move |()| {
            std::thread::sleep(Duration::from_millis(2));
            done.fetch_add(1, Ordering::SeqCst);
        }
    });
    let pool = Pool::start("test", workers, settings(50, 60_000)).unwrap();
    let tickets: Vec<_> = (0..20).map(|_| pool.submit(()).unwrap()).collect();
    drop(pool);
    assert_eq!(done.load(Ordering::SeqCst), 20);
    assert!(tickets.into_iter().all(|ticket| ticket.wait().is_ok()));
}

#[test]
fn workers_run_side_by_side() {
    // Passes only if both jobs are inside their workers at the same time.
    let barrier = Arc::new(Barrier::new(2));
    let workers = (0..2).map(|_| {
        let barrier = barrier.clone();
        move |()| barrier.wait().is_leader()
    });
    let pool = Pool::start("test", workers, settings(4, 60_000)).unwrap();
    assert_eq!(pool.workers(), 2);
    let tickets = [pool.submit(()).unwrap(), pool.submit(()).unwrap()];
    let leaders = tickets.map(|ticket| ticket.wait().unwrap().result);
    assert_eq!(leaders.iter().filter(|leader| **leader).count(), 1);
}
