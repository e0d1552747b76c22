//! Twenty thousand verifications, one commit each. Run it with
//! `cargo nextest run --release -p voicegate-store --run-ignored only soak --no-capture`.

use std::time::{Duration, Instant};

use voicegate_service::ports::{AuditKind, Change, Store};
use voicegate_store::Vault;

use crate::support::{at, enrol, event, person, sites};

const THOUSANDS: usize = 20;

/// Reads the profile and commits an accepted verification, as a server does.
async fn thousand(vault: &Vault) -> Duration {
    let start = Instant::now();
    for i in 0..1000 {
        vault.profile(&person("alice")).await.unwrap();
        let mark = Change::MarkVerified { person: person("alice"), at: at(i) };
        vault.commit(vec![mark], event(AuditKind::Verify, Some("alice"))).await.unwrap();
    }
    start.elapsed()
}

/// Resident memory in MiB, where the system tells.
fn resident() -> Option<f64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096.0 / f64::from(1 << 20))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute; prints a report"]
async fn memory_stays_flat() {
    for site in sites().await {
        let vault = site.open().await;
        enrol(&vault, "alice").await;
        let mut rounds = Vec::new();
        for _ in 0..THOUSANDS {
            rounds.push((thousand(&vault).await, resident()));
        }
        let (first, last) = (rounds[0], rounds[THOUSANDS - 1]);
        let slower = last.0.as_secs_f64() / first.0.as_secs_f64();
        println!("{}: the last thousand took {slower:.2} times as long as the first", site.name);
        if let (Some(warm), Some(end)) = (rounds[1].1, last.1) {
            println!("{}: {warm:.1} MiB after 2000 verifications, {end:.1} MiB at the end", site.name);
            assert!(end < warm + 8.0, "{}: memory grew from {warm:.1} to {end:.1} MiB", site.name);
        }
        let walk = Instant::now();
        let report = vault.verify_audit(&|_, _| ()).await.unwrap();
        let share = walk.elapsed().as_secs_f64() / rounds.iter().map(|r| r.0.as_secs_f64()).sum::<f64>();
        println!(
            "{}: verifying {} records took {:.1} % of writing them",
            site.name,
            report.records,
            share * 100.0
        );
        assert_eq!(report.breach, None);
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}
