//! P8: kill -9 at any moment loses nothing that was acknowledged.
//!
//! The test starts itself again as a child process that writes and prints what was acknowledged, and kills it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use voicegate_service::ports::{Actor, Entropy, Store};

use crate::support::{Site, SystemEntropy, at, enrol, person, sites, variable};

const SITE: &str = "VOICEGATE_CRASH_SITE";
const ROUNDS: u32 = 25;

fn start(site: &Site, child: &str, round: u32) -> Child {
    let folder = site.folder.path().to_str().unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", child, "--ignored", "--nocapture"])
        .env(SITE, format!("{folder}\n{}\n{round}", site.url))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The site that the parent process gave, in the child.
fn given() -> Option<(Site, String)> {
    let given = variable(SITE)?;
    let mut parts = given.splitn(3, '\n');
    let (folder, url, round) = (parts.next()?, parts.next()?, parts.next()?);
    sqlx::any::install_default_drivers();
    Some((Site::existing(folder, url), round.to_owned()))
}

fn pause() -> Duration {
    let mut random = [0; 2];
    SystemEntropy.fill(&mut random);
    Duration::from_micros(u64::from(u16::from_be_bytes(random)) * 2)
}

#[test]
#[ignore = "the child process of the test below"]
fn writer() {
    let Some((site, round)) = given() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let vault = site.open().await;
        for i in 0.. {
            let name = format!("p{round}-{i}");
            enrol(&vault, &name).await;
            println!("acknowledged {name}");
            std::io::stdout().flush().unwrap();
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    for site in sites().await {
        let mut acknowledged = Vec::new();
        for round in 0..ROUNDS {
            let mut child = start(&site, "crash::writer", round);
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let reader = thread::spawn(move || {
                let names = lines.by_ref().map_while(Result::ok);
                names
                    .filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned))
                    .collect::<Vec<_>>()
            });
            // From a kill while the database is being opened to one after many commits.
            thread::sleep(Duration::from_millis(40) + pause());
            child.kill().unwrap();
            child.wait().unwrap();
            acknowledged.extend(reader.join().unwrap());
        }
        assert!(acknowledged.len() > 20, "{}: only {} were acknowledged", site.name, acknowledged.len());

        let vault = site.open().await;
        for name in &acknowledged {
            let profile = vault.profile(&person(name)).await.unwrap();
            assert_eq!(profile.map(|p| p.template.is_some()), Some(true), "{}: {name} was lost", site.name);
        }
        let report = vault.verify_audit(&|_, _| ()).await.unwrap();
        assert_eq!(report.breach, None, "{}", site.name);
        assert!(report.records >= acknowledged.len() as u64);
        eprintln!("{}: {ROUNDS} kills, {} acknowledged, none lost", site.name, acknowledged.len());
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

#[test]
#[ignore = "the child process of the test below"]
fn rotator() {
    let Some((site, _)) = given() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let vault = site.open().await;
        loop {
            vault.rotate_master_key(&Actor::Operator, at(1), &|_, _| ()).await.unwrap();
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_cut_short_anywhere_loses_nothing() {
    for site in sites().await {
        let vault = site.open().await;
        for i in 0..300 {
            enrol(&vault, &format!("p{i}")).await;
        }
        vault.close().await.unwrap();
        for round in 0..ROUNDS {
            let mut child = start(&site, "crash::rotator", round);
            thread::sleep(Duration::from_millis(40) + pause());
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let vault = site.open().await;
        for i in 0..300 {
            assert!(vault.profile(&person(&format!("p{i}"))).await.unwrap().is_some(), "{}", site.name);
        }
        let rotation = vault.rotate_master_key(&Actor::Operator, at(1), &|_, _| ()).await.unwrap();
        assert!(rotation.version > 2, "{}: the kills let {} rotations begin", site.name, rotation.version);
        assert!(vault.profile(&person("p299")).await.unwrap().is_some());
        assert_eq!(vault.verify_audit(&|_, _| ()).await.unwrap().breach, None);
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}
