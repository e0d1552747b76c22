//! Device bindings: sealed under their person's key, versioned, and ended with the person.

use uuid::Uuid;
use voicegate_core::device::{DeviceBinding, DeviceId, DeviceKey, DeviceName, TrustLevel};
use voicegate_core::{Embedding, Voiceprint};
use voicegate_service::ports::{Actor, Change, Store};
use voicegate_service::profile::ProfileState;
use voicegate_store::Vault;

use crate::support::{Site, at, change, conflict, enrol, person, profile, refused, sites};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices() {
    for site in sites().await {
        let vault = site.open().await;
        enrol(&vault, "alice").await;
        enrol(&vault, "bob").await;
        put_and_read(&vault).await;
        nothing_lies_in_clear(&site).await;
        a_device_stays_whose_it_is(&vault, &site).await;
        vault.rotate_master_key(&Actor::Operator, at(51), &|_, _| ()).await.unwrap();
        assert_eq!(ids(&vault, "alice").await, [1, 2], "after a rotation");
        revoked(&vault, &site).await;
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

fn id(number: u8) -> DeviceId {
    DeviceId(Uuid::from_bytes([number; 16]))
}

fn device(name: &str, number: u8) -> DeviceBinding {
    let mut point = [number; DeviceKey::LENGTH];
    point[0] = 0x04;
    let key = DeviceKey::new(&point).unwrap();
    let label = DeviceName::new("Zoë's phone").unwrap();
    DeviceBinding::pending(id(number), person(name), label, key, at(i64::from(number)))
}

/// The device in use, with everything that it can have.
fn bound(name: &str, number: u8) -> DeviceBinding {
    let axis = |axis: usize| (0..4).map(|i| if i == axis { 1.0 } else { 0.0 }).collect();
    let voice = |i| Some(Voiceprint::single("ecapa", Embedding::new(axis(i)).unwrap()));
    DeviceBinding {
        trust_level: TrustLevel::Revoked,
        voice_signature_vector: voice(0),
        proposed: voice(1),
        bound_at: Some(at(100)),
        revoked_at: Some(at(200)),
        revoked_because: Some(voicegate_core::device::RevocationReason::Lost),
        last_verified_at: Some(at(150)),
        ..device(name, number)
    }
}

fn put(device: &DeviceBinding, expected_version: u64) -> Change {
    Change::PutDevice { device: device.clone(), expected_version }
}

async fn ids(vault: &Vault, name: &str) -> Vec<u8> {
    let devices = vault.devices(&person(name)).await.unwrap();
    devices.iter().map(|device| device.id.0.as_bytes()[0]).collect()
}

async fn put_and_read(vault: &Vault) {
    assert_eq!(vault.device(id(1)).await.unwrap(), None);
    let second = device("alice", 2);
    change(vault, put(&second, 0)).await.unwrap();
    change(vault, put(&device("alice", 1), 0)).await.unwrap();
    change(vault, put(&device("bob", 3), 0)).await.unwrap();
    assert_eq!(vault.device(id(2)).await.unwrap(), Some(DeviceBinding { version: 1, ..second.clone() }));
    assert_eq!(ids(vault, "alice").await, [1, 2], "the oldest first");
    assert!(ids(vault, "nobody").await.is_empty());

    let used = bound("alice", 2);
    conflict(change(vault, put(&used, 0)).await);
    conflict(change(vault, put(&used, 2)).await);
    change(vault, put(&used, 1)).await.unwrap();
    assert_eq!(vault.device(id(2)).await.unwrap(), Some(DeviceBinding { version: 2, ..used }));

    conflict(change(vault, put(&device("bob", 2), 0)).await);
    conflict(change(vault, put(&device("bob", 2), 2)).await);
    conflict(change(vault, put(&device("nobody", 9), 0)).await);
}

async fn nothing_lies_in_clear(site: &Site) {
    let [row] = &site.sql("SELECT sealed FROM device_bindings WHERE version = 2").await[..] else {
        panic!("one row")
    };
    let sealed: Vec<u8> = sqlx::Row::get(row, 0);
    for clear in [&b"phone"[..], b"alice", b"REVOKED", b"lost", b"ecapa", &[2; 8]] {
        assert!(!sealed.windows(clear.len()).any(|bytes| bytes == clear), "{clear:?}");
    }
}

/// Whoever can write the table can neither exchange two devices of one person nor give a device to another.
async fn a_device_stays_whose_it_is(vault: &Vault, site: &Site) {
    let [row] = &site.sql(&format!("SELECT sealed FROM device_bindings WHERE id = '{}'", id(2))).await[..]
    else {
        panic!("one row")
    };
    let sealed = site.blob(sqlx::Row::get(row, 0));
    let moved = |number| format!("UPDATE device_bindings SET sealed = {sealed} WHERE id = '{}'", id(number));
    change(vault, put(&device("alice", 4), 0)).await.unwrap();
    site.sql(&moved(4)).await;
    refused(vault.device(id(4)).await, "device_bindings");
    site.sql(&format!("DELETE FROM device_bindings WHERE id = '{}'", id(4))).await;

    let owner = |name| format!("(SELECT person_ref FROM people WHERE person_id = '{name}')");
    let give =
        |name| format!("UPDATE device_bindings SET person_ref = {} WHERE id = '{}'", owner(name), id(2));
    site.sql(&give("bob")).await;
    refused(vault.device(id(2)).await, "device_bindings");
    refused(vault.devices(&person("bob")).await, "device_bindings");
    site.sql(&give("alice")).await;
    assert!(vault.device(id(2)).await.unwrap().is_some());
}

async fn revoked(vault: &Vault, site: &Site) {
    let revoke = Change::RevokeProfile { person: person("alice"), expected_version: 1, at: at(300) };
    change(vault, revoke).await.unwrap();
    assert_eq!(vault.device(id(1)).await.unwrap(), None);
    assert!(ids(vault, "alice").await.is_empty());
    assert_eq!(site.sql("SELECT 1 FROM device_bindings").await.len(), 1);
    assert_eq!(ids(vault, "bob").await, [3]);
    conflict(change(vault, put(&device("alice", 1), 0)).await);
    let again = Change::PutProfile { profile: profile("alice", ProfileState::Active), expected_version: 2 };
    change(vault, again).await.unwrap();
    change(vault, put(&device("alice", 1), 0)).await.unwrap();
    assert_eq!(ids(vault, "alice").await, [1]);
}
