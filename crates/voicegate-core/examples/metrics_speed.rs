//! Trials per second of the error metrics on one core.
//!
//!     cargo run --release -p voicegate-core --example metrics_speed [TRIALS]

use std::time::Instant;

use voicegate_core::metrics::{Bootstrap, PointMetrics, Resampling, Scores, Tally, Trial, eer};

const SPEAKERS: u32 = 500;
const DRAWS: usize = 20;

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let trials = trials(count);
    let report = |what: &str, done: usize, start: Instant| {
        println!("{what}: {:.2} million trials/s", done as f64 / start.elapsed().as_secs_f64() / 1e6);
    };

    let start = Instant::now();
    let scores = Scores::new(trials).expect("scores of both kinds");
    report("sorting", count, start);
    let metrics = PointMetrics::new(&Tally::new(&scores));
    report("sorting and all point metrics", count, start);

    let start = Instant::now();
    let bootstrap = Bootstrap::new(&scores);
    report("preparing the bootstrap", count, start);
    let plan = Resampling { draws: DRAWS, level: 0.95, seed: 1 };
    let start = Instant::now();
    let interval = bootstrap.interval(&plan, |tally| eer(tally).rate);
    report("bootstrap of the EER", count * DRAWS, start);
    let start = Instant::now();
    let all = bootstrap.intervals(&plan, |tally| {
        let all = PointMetrics::new(tally);
        [all.equal_error.rate, all.detection_cost[0].min, all.cllr, all.min_cllr]
    });
    report("bootstrap of all point metrics", count * DRAWS, start);
    // Printed so that nothing is optimised away.
    println!("{metrics:?}\n{interval:?}\n{all:?}");
}

/// One trial in ten is a target; scores are sums of uniform numbers, so about normal, with 4 between the means.
fn trials(count: usize) -> Vec<Trial> {
    let mut state = 1u64;
    let mut below = move |end: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((state >> 32) * u64::from(end)) >> 32) as u32
    };
    let mut trial = |n: usize| {
        let noise =
            (0..6).map(|_| f64::from(below(1 << 30)) / f64::from(1 << 30) - 0.5).sum::<f64>() * 2f64.sqrt();
        let enrolled = below(SPEAKERS);
        if n.is_multiple_of(10) {
            Trial::target(2.0 + noise, enrolled)
        } else {
            Trial::impostor(-2.0 + noise, enrolled, below(SPEAKERS))
        }
    };
    (0..count).map(&mut trial).collect()
}
