//! Files and folders that are not as they were made.

use super::home::*;

#[test]
fn no_vault_and_a_second_vault_are_both_refused() {
    let home = Home::empty();
    assert!(matches!(home.open().err(), Some(VaultError::Missing(_))));
    assert!(!vault::exists(&home.folder));
    drop(home.create());
    assert!(vault::exists(&home.folder));
    let before = home.rows();
    let again = Vault::create(home.lock(), &passphrase("other"), cost());
    assert!(matches!(again.err(), Some(VaultError::AlreadyExists(_))));
    assert_eq!(home.rows(), before);
}

#[test]
fn a_vault_killed_while_being_made_was_never_there() {
    let home = Home::empty();
    drop(home.lock());
    let unfinished = home.folder.join("vault.sled.new");
    fs::create_dir(&unfinished).unwrap();
    fs::set_permissions(&unfinished, Permissions::from_mode(0o700)).unwrap();
    fs::write(unfinished.join("db"), "half of it").unwrap();
    assert!(!vault::exists(&home.folder));
    drop(home.create());
    assert!(home.unlock().is_ok() && !unfinished.exists());
}

#[test]
fn an_emptied_database_is_damage() {
    let home = Home::with_records();
    fs::write(home.store().join("db"), "").unwrap();
    assert!(matches!(home.open().err(), Some(VaultError::Damaged(_))));
    fs::remove_file(home.store().join("db")).unwrap();
    assert!(matches!(
        home.open().err(),
        Some(VaultError::Damaged(Damage::Store))
    ));
    assert!(!home.store().join("db").exists(), "nothing was made anew");
    fs::remove_dir_all(home.store()).unwrap();
    fs::write(home.store(), "not a folder").unwrap();
    fs::set_permissions(home.store(), Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(
        home.open().err(),
        Some(VaultError::Damaged(Damage::Store))
    ));
}

/// sled may come back with less than it had; what it gives must then be one whole state of the vault.
#[test]
fn a_flipped_bit_in_the_database_never_shows_a_wrong_secret() {
    let home = Home::with_records();
    let mut vault = home.unlocked();
    vault.put(&name(1), &secret(1, "second")).unwrap();
    drop(vault);
    let files = |folder: &Path| {
        let paths = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect::<Vec<_>>()
    };
    let sound = files(&home.store());
    let database = &sound
        .iter()
        .find(|(path, _)| path.ends_with("db"))
        .unwrap()
        .1;
    let written = database.iter().rposition(|&byte| byte != 0).unwrap();
    for at in (0..written).step_by(written / 40) {
        for (path, _) in files(&home.store()) {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in &sound {
            fs::write(path, bytes).unwrap();
        }
        let mut flipped = database.clone();
        flipped[at] ^= 0x10;
        fs::write(home.store().join("db"), flipped).unwrap();
        make_private(&home.store());
        if let Ok(vault) = home.unlock() {
            let whole = |id: u8| {
                vault.list().contains(&name(id)) == vault.get(&name(id)).unwrap().is_some()
            };
            assert!(whole(1) && whole(2) && whole(3), "bit in byte {at}");
        }
    }
}

#[test]
fn everything_written_is_for_the_owner_alone() {
    let home = Home::with_records();
    let vault = home.unlocked();
    let mut paths = vec![home.folder.clone()];
    let mut files = 0;
    while let Some(path) = paths.pop() {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{}", path.display());
            paths.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            assert_eq!(mode, 0o600, "{}", path.display());
            files += 1;
        }
    }
    assert!(files >= 3);
    drop(vault);
}
