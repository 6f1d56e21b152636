use std::fs;

use super::super::tests::{
    Home, OrRefused as _, RIGHT, cheap, copy_folder, holds, name, passphrase, secret,
};
use super::super::{Domain, NewSlot, Role, Suite};
use super::*;

/// Puts the vault back as it is in `then`; what the machine remembers stays.
fn put_back(now: &Home, then: &Home) {
    fs::remove_dir_all(now.data().join("vault.sled")).unwrap();
    fs::create_dir(now.data().join("vault.sled")).unwrap();
    let private = fs::metadata(now.data()).unwrap().permissions();
    fs::set_permissions(now.data().join("vault.sled"), private).unwrap();
    copy_folder(
        &then.data().join("vault.sled"),
        &now.data().join("vault.sled"),
    );
}

fn put(home: &Home, text: &str) -> u64 {
    let mut vault = home.open();
    vault.put(&name(Domain::View, 1), &secret(text)).unwrap();
    vault.generation()
}

fn anchor_bytes(home: &Home) -> Vec<u8> {
    fs::read(home.state().join(FILE)).unwrap()
}

fn set_anchor(home: &Home, bytes: &[u8]) {
    fs::write(home.state().join(FILE), bytes).unwrap();
}

fn accepted(home: &Home) -> Vault {
    let locked = home.locked().unwrap().accept_older();
    let opened = locked.unlock(&passphrase(RIGHT)).or_error();
    opened.unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn an_older_copy_is_told_and_opens_only_by_a_persons_word() {
    let home = Home::with_records();
    let old = home.copied();
    let remembered = put(&home, "second");
    put_back(&home, &old);
    let told = home.unlock(RIGHT).err().unwrap();
    let sentence = format!(
        "the vault is older than this machine remembers (generation {} < {remembered}): restored from a backup, or damaged?",
        remembered - 1
    );
    assert_eq!(told.to_string(), sentence);
    assert!(home.unlock(RIGHT).is_err(), "also when asked again");
    let vault = accepted(&home);
    assert!(holds(&vault, &name(Domain::View, 1), "first"));
    assert_eq!(
        vault.generation(),
        remembered + 1,
        "no number is used twice"
    );
    drop(vault);
    drop(home.open());
    put_back(&home, &old);
    assert!(home.unlock(RIGHT).is_err(), "one word is for one time");
}

#[test]
fn two_lives_of_one_vault_are_told_apart() {
    let home = Home::with_records();
    let other = home.copied();
    assert_eq!(put(&home, "second"), put(&other, "other second"));
    put_back(&home, &other);
    let told = home.unlock(RIGHT).err();
    assert!(matches!(told, Some(VaultError::ForkedFromAnchor { .. })));
    drop(accepted(&home));
    drop(home.open());
}

#[test]
fn another_vault_in_the_same_place_is_told() {
    let (home, other) = (Home::with_records(), Home::with_records());
    put_back(&home, &other);
    let told = home.unlock(RIGHT).err();
    assert!(matches!(told, Some(VaultError::AnchorOfAnother(_))));
    drop(accepted(&home));
    drop(home.open());
}

#[test]
fn what_is_not_remembered_yet_is_from_now_on() {
    let home = Home::with_records();
    fs::remove_dir_all(home.state()).unwrap();
    let vault = home.open();
    assert!(vault.unanchored().is_none());
    drop(vault);
    let old = home.copied();
    put(&home, "second");
    put_back(&home, &old);
    assert!(home.unlock(RIGHT).is_err());
}

#[test]
fn a_vault_that_nobody_remembers_is_opened_as_before() {
    let home = Home::with_records();
    let old = home.copied();
    put(&home, "second");
    put_back(&home, &old);
    let locked = LockedVault::open(home.instance_lock()).unwrap();
    assert!(
        locked.unlock(&passphrase(RIGHT)).is_ok(),
        "no folder was named"
    );
}

#[test]
fn a_new_vault_takes_the_place_of_one_that_is_gone() {
    let home = Home::with_records();
    fs::remove_dir_all(home.data()).unwrap();
    drop(home.create());
    drop(home.open());
}

#[test]
fn every_flipped_bit_is_found() {
    let home = Home::with_records();
    let bytes = anchor_bytes(&home);
    assert_eq!(bytes.len(), LENGTH);
    let mut locked = home.locked().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        set_anchor(&home, &flipped);
        let refused = locked.unlock(&passphrase(RIGHT)).err();
        let refused = refused.unwrap_or_else(|| panic!("bit {bit} opened"));
        let expected = match bit / 8 {
            8..24 => matches!(refused.error, VaultError::AnchorOfAnother(_)),
            24..28 => matches!(
                refused.error,
                VaultError::OlderThanAnchor { .. } | VaultError::AnchorBroken(_)
            ),
            _ => matches!(refused.error, VaultError::AnchorBroken(_)),
        };
        assert!(expected, "bit {bit}: {}", refused.error);
        locked = *refused.vault;
    }
    drop(locked);
    for length in [0, 1, LENGTH - 1] {
        set_anchor(&home, &bytes[..length]);
        assert!(home.unlock(RIGHT).is_err());
    }
    set_anchor(&home, &[&bytes[..], &[0]].concat());
    assert!(home.unlock(RIGHT).is_err());
    drop(accepted(&home));
    assert!(anchor_bytes(&home) != bytes);
    drop(home.open());
}

#[test]
fn a_crash_before_the_anchor_is_written_is_no_alarm() {
    let home = Home::with_records();
    let mut vault = home.open();
    let ((), crashes) = home.crashes(|| {
        vault
            .put(&name(Domain::Trade, 1), &secret("second"))
            .unwrap();
    });
    let moments: Vec<_> = crashes.iter().map(|(moment, _)| *moment).collect();
    assert!(
        moments.contains(&"before the anchor is in place"),
        "{moments:?}"
    );
    for (moment, copy) in crashes {
        let vault = copy.open();
        let has = |text| holds(&vault, &name(Domain::Trade, 1), text);
        assert!(has("first") || has("second"), "{moment}");
        assert!(vault.unanchored().is_none());
        drop(vault);
        drop(copy.open());
    }
}

#[test]
fn an_anchor_of_an_earlier_epoch_is_still_authenticated() {
    let home = Home::with_records();
    let before = anchor_bytes(&home);
    let mut vault = home.open();
    for _ in 0..2 {
        vault
            .rotate(Suite::default(), &passphrase(RIGHT))
            .ok()
            .unwrap();
    }
    drop(vault);
    set_anchor(&home, &before);
    drop(home.open());
    let mut forged = before;
    forged[40] ^= 1;
    set_anchor(&home, &forged);
    let told = home.unlock(RIGHT).err();
    assert!(matches!(told, Some(VaultError::AnchorBroken(_))));
}

#[test]
fn a_copy_from_before_a_rotation_is_older() {
    let home = Home::with_records();
    let old = home.copied();
    let mut vault = home.open();
    vault
        .rotate(Suite::default(), &passphrase(RIGHT))
        .ok()
        .unwrap();
    drop(vault);
    put_back(&home, &old);
    let told = home.unlock(RIGHT).err();
    assert!(matches!(told, Some(VaultError::OlderThanAnchor { .. })));
}

/// Whoever can write the anchor could send the vault to the end of all numbers.
#[test]
fn a_made_up_generation_leaves_room_for_as_many_changes() {
    let home = Home::with_records();
    let mut vault = home.open();
    let memory = Memory {
        vault_id: vault.base.header.vault_id,
        epoch: u32::MAX,
        generation: u64::MAX,
        digest: [0; 32],
    };
    set_anchor(&home, &memory.to_bytes(&vault.keys.for_anchor(1)));
    vault = vault
        .lock()
        .accept_older()
        .unlock(&passphrase(RIGHT))
        .or_error()
        .unwrap();
    assert_eq!(vault.generation(), u64::MAX / 2 + 1);
    vault
        .put(&name(Domain::View, 1), &secret("second"))
        .unwrap();
}

#[test]
fn a_change_that_cannot_be_remembered_is_made_and_said() {
    let home = Home::with_records();
    let mut vault = home.open();
    let in_the_way = home.state().join("anchor.tmp");
    fs::create_dir(&in_the_way).unwrap();
    let told = vault.put(&name(Domain::View, 1), &secret("second"));
    assert!(matches!(told, Err(VaultError::NotAnchored(_))));
    assert!(holds(&vault, &name(Domain::View, 1), "second"));
    drop(vault);
    let mut vault = home.open();
    assert!(
        vault
            .unanchored()
            .is_some_and(|why| why.contains("could not note"))
    );
    fs::remove_dir(&in_the_way).unwrap();
    vault.put(&name(Domain::View, 1), &secret("third")).unwrap();
    assert!(vault.unanchored().is_none());
}

#[test]
fn a_viewers_changes_are_remembered_too() {
    let home = Home::with_records();
    let typed = passphrase("only looking");
    let new = NewSlot {
        role: Role::Viewer,
        label: "",
        opener: (&typed).into(),
        cost: cheap(),
    };
    home.open().add_slot(&new).unwrap();
    let old = home.copied();
    let mut vault = home
        .unlock("only looking")
        .unwrap_or_else(|why| panic!("{why}"));
    vault
        .put(&name(Domain::View, 1), &secret("second"))
        .unwrap();
    drop(vault);
    put_back(&home, &old);
    assert!(home.unlock("only looking").is_err());
    assert!(home.unlock(RIGHT).is_err());
}

#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::with_records();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.state()), 0o700);
    assert_eq!(mode(&home.state().join(FILE)), 0o600);
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(home.state().join(FILE), open).unwrap();
    assert!(matches!(
        home.unlock(RIGHT),
        Err(VaultError::Permissions { .. })
    ));
}
