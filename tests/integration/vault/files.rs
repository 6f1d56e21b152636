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
fn files_open_to_others_are_refused_with_the_command_to_run() {
    for (path, mode) in [
        ("vault.sled/db", 0o644),
        ("vault.sled", 0o750),
        ("lock", 0o604),
        ("", 0o711),
    ] {
        let home = Home::with_records();
        let path = home.folder.join(path);
        let private = if path.is_dir() { "700" } else { "600" };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let refused = InstanceLock::take(&home.folder, &holder()).and_then(LockedVault::open);
        let told = refused.err().unwrap().to_string();
        let path = path.display().to_string();
        let expected = format!("chmod {private} {}", path.trim_end_matches('/'));
        assert!(
            told.replace("/ ", " ")
                .trim_end_matches('/')
                .ends_with(&expected),
            "{told}"
        );
    }
}

#[test]
fn a_symbolic_link_for_a_folder_or_file_is_refused() {
    for linked in ["", "lock", "vault.sled", "vault.sled/db"] {
        let home = Home::with_records();
        let path = if linked.is_empty() {
            home.folder.clone()
        } else {
            home.folder.join(linked)
        };
        let elsewhere = home.folder.with_file_name("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let refused = InstanceLock::take(&home.folder, &holder()).and_then(LockedVault::open);
        assert!(
            matches!(refused.err(), Some(VaultError::Permissions { .. })),
            "{linked}"
        );
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
    assert!(files >= 4);
    drop(vault);
}
