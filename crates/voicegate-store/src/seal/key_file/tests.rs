use super::*;
use crate::seal::tests::Counting;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn versions(keys: &MasterKeys) -> Vec<u32> {
    keys.older().iter().chain([keys.current()]).map(MasterKey::version).collect()
}

#[test]
fn a_key_is_made_once_and_only_its_owner_may_read_it() {
    let folder = folder();
    let path = folder.path().join("new/master.key");
    let entropy = Counting::default();
    let made = KeyFile::open_or_create(&path, &entropy).unwrap();
    let again = KeyFile::open_or_create(&path, &entropy).unwrap();
    assert_eq!(made.keys().current().secret().bytes(), again.keys().current().secret().bytes());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");

    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = KeyFile::open(&path).unwrap_err();
    assert!(matches!(refused, KeyFileError::Exposed { mode: 0o640, .. }));
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
}

#[test]
fn of_many_that_make_it_at_once_all_get_the_same_key() {
    let folder = folder();
    let path = folder.path().join("master.key");
    let open = |i: u8| KeyFile::open_or_create(&path, &Counting::from(i * 20)).unwrap().keys();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || open(i))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|k| k.current().secret().bytes() == keys[0].current().secret().bytes()));
}

#[test]
fn a_rotation_adds_a_version_once_and_drops_the_old_one_at_its_end() {
    let folder = folder();
    let entropy = Counting::default();
    let file = KeyFile::open_or_create(folder.path().join("master.key"), &entropy).unwrap();
    let lock = file.lock_rotation().unwrap();
    assert!(matches!(file.lock_rotation(), Err(KeyFileError::Busy { .. })));
    assert_eq!(versions(&file.begin_rotation(&lock, &entropy).unwrap()), [1, 2]);
    assert_eq!(versions(&file.begin_rotation(&lock, &entropy).unwrap()), [1, 2], "an unfinished one goes on");
    assert_eq!(versions(&file.finish_rotation(&lock, &entropy).unwrap()), [2]);
    drop(lock);
    assert!(file.lock_rotation().is_ok());
}

#[test]
fn damage_is_named_without_showing_the_key() {
    let good = BASE64_STANDARD.encode([7; 32]);
    assert_eq!(versions(&parse(&format!("# note\n\n3 {good}\n1 {good}\n")).unwrap()), [1, 3]);
    for bad in [
        String::new(),
        format!("1 {good}\n1 {good}"),
        format!("0 {good}"),
        format!("x {good}"),
        good.clone(),
        format!("1 {}", &good[1..]),
        format!("1 {}", BASE64_STANDARD.encode([7; 31])),
    ] {
        let detail = parse(&bad).unwrap_err();
        assert!(!detail.contains(&good[4..12]), "{detail}");
    }
}
