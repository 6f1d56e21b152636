//! Backups and restores of whole vaults.

use std::collections::BTreeSet;

use super::super::tests::{Home, OrRefused as _, RIGHT, cheap, holds, name, passphrase, secret};
use super::super::{Damage, Domain, LockedVault, NewSlot, RecoveryCode, Role, Suite, exists};
use super::*;

const NOON: u64 = 1_800_000_000;

fn files(home: &Home) -> Vec<u8> {
    backups(&home.data()).iter().map(|it| it.which).collect()
}

fn restored(home: &Home, which: u8) -> Result<Restored, VaultError> {
    restore(home.instance_lock(), which, &passphrase(RIGHT))
}

fn opened(locked: LockedVault) -> Vault {
    let opened = locked.unlock(&passphrase(RIGHT)).or_error();
    opened.unwrap_or_else(|why| panic!("{why}"))
}

fn lose_store(home: &Home) {
    fs::remove_dir_all(home.data().join("vault.sled")).unwrap();
}

fn as_first(vault: &Vault) -> bool {
    let domains = [Domain::View, Domain::Trade];
    domains
        .iter()
        .all(|&domain| holds(vault, &name(domain, 1), "first"))
}

// ---- when

#[test]
fn when_a_backup_is_due() {
    let facts = |header_generation: u64, generation: u64, made: u64| BackupFacts {
        made,
        generation,
        epoch: 1,
        records: 0,
        header_generation,
        vault_id: [1; 16],
    };
    let vault = facts(2, 10, 0);
    let due = |found: &[BackupFacts]| is_due(found, &vault, NOON);
    assert!(due(&[]), "there is none");
    assert!(
        !due(&[facts(2, 10, NOON - 9 * DAY)]),
        "nothing has changed since"
    );
    assert!(
        !due(&[facts(2, 9, NOON)]),
        "records changed less than a day ago"
    );
    assert!(!due(&[facts(2, 9, NOON - DAY + 1)]));
    assert!(due(&[facts(2, 9, NOON - DAY)]), "a day ago");
    assert!(due(&[facts(1, 9, NOON)]), "who may open it changed");
    assert!(!due(&[facts(1, 9, NOON), facts(2, 9, NOON)]));
    assert!(
        due(&[facts(2, 9, NOON + 1)]),
        "made by a clock that was wrong"
    );
    let of_another = BackupFacts {
        vault_id: [2; 16],
        ..facts(2, 10, NOON)
    };
    assert!(due(&[of_another]));
}

#[test]
fn a_backup_follows_each_change_of_slots_and_a_day_of_records() {
    let home = Home::with_records();
    let mut vault = home.open();
    assert!(vault.back_up_if_due(NOON).unwrap());
    assert!(!vault.back_up_if_due(NOON).unwrap());
    vault.put(&name(Domain::View, 2), &secret("more")).unwrap();
    assert!(!vault.back_up_if_due(NOON + 60).unwrap());
    assert!(vault.back_up_if_due(NOON + DAY).unwrap());
    vault.renew_recovery_code().ok().unwrap();
    assert!(vault.back_up_if_due(NOON + DAY + 60).unwrap());
    vault
        .rotate(Suite::default(), &passphrase(RIGHT))
        .ok()
        .unwrap();
    assert!(vault.back_up_if_due(NOON + DAY + 90).unwrap());
    assert!(!vault.back_up_if_due(NOON + DAY + 90).unwrap());
}

#[test]
fn the_older_of_two_is_replaced_and_the_newest_comes_first() {
    let home = Home::with_records();
    let vault = home.open();
    for (made, order) in [
        (NOON, vec![0]),
        (NOON + 1, vec![1, 0]),
        (NOON + 2, vec![0, 1]),
        (NOON + 3, vec![1, 0]),
    ] {
        vault.back_up(made).unwrap();
        assert_eq!(files(&home), order);
        let newest = &backups(&home.data())[0];
        let facts = newest.found.as_ref().unwrap();
        assert_eq!((facts.made, facts.records, facts.epoch), (made, 2, 1));
        assert_eq!(facts.generation, vault.generation());
    }
}

// ---- what is in it

#[test]
fn a_damaged_backup_is_replaced_first_and_never_believed() {
    let home = Home::with_records();
    let vault = home.open();
    vault.back_up(NOON).unwrap();
    vault.back_up(NOON + 1).unwrap();
    let path = home.data().join(FILES[1]);
    let whole = fs::read(&path).unwrap();
    let step = whole.len() / 97;
    for at in (0..whole.len())
        .step_by(step)
        .chain(whole.len() - 64..whole.len())
    {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(&path, flipped).unwrap();
        let found = backups(&home.data()).pop().unwrap();
        assert_eq!(found.which, 1, "what is damaged comes last");
        assert!(matches!(
            found.found,
            Err(VaultError::BackupDamaged(Damage::File))
        ));
    }
    for wrong in [
        &whole[..0],
        &whole[..40],
        &whole[..whole.len() - 1],
        &[&whole[..], &[0]].concat(),
    ] {
        fs::write(&path, wrong).unwrap();
        assert!(backups(&home.data()).pop().unwrap().found.is_err());
    }
    vault.back_up(NOON + 2).unwrap();
    assert_eq!(files(&home), [1, 0]);
}

/// Whoever makes the hash right again has not the keys.
#[test]
fn what_was_changed_without_the_keys_is_not_restored() {
    let home = Home::with_records();
    home.open().back_up(NOON).unwrap();
    let path = home.data().join(FILES[0]);
    let whole = fs::read(&path).unwrap();
    let content = whole.len() - 32;
    for at in (10..content).step_by(content / 60) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let hash = blake3::hash(&changed[..content]);
        changed[content..].copy_from_slice(hash.as_bytes());
        fs::write(&path, changed).unwrap();
        assert!(restored(&home, 0).is_err(), "byte {at}");
        drop(home.open());
    }
    let mut newer = whole[..content].to_vec();
    newer[9] = 2;
    let hash = blake3::hash(&newer);
    fs::write(&path, [&newer[..], hash.as_bytes()].concat()).unwrap();
    let refused = restored(&home, 0).err();
    assert!(matches!(refused, Some(VaultError::NewerFormat { .. })));
}

// ---- restoring

#[test]
fn a_vault_whose_store_is_gone_comes_back_whole() {
    let home = Home::with_records();
    home.open().back_up(NOON).unwrap();
    lose_store(&home);
    assert!(!exists(&home.data()));
    let Restored { vault, replaced } = restored(&home, 0).ok().unwrap();
    assert_eq!(replaced, None);
    assert!(as_first(&opened(vault.anchored_in(&home.state()))));
    assert!(as_first(&home.open()));
}

#[test]
fn what_is_restored_is_older_until_a_person_says_so() {
    let home = Home::with_records();
    let mut vault = home.open();
    vault.back_up(NOON).unwrap();
    vault
        .put(&name(Domain::View, 1), &secret("second"))
        .unwrap();
    drop(vault);
    let Restored { vault, replaced } = restored(&home, 0).ok().unwrap();
    let aside = home.data().join("vault.sled.replaced-1");
    assert_eq!(replaced, Some(aside.clone()));
    assert!(aside.join("db").is_file(), "what was there is kept");
    let refused = vault
        .anchored_in(&home.state())
        .unlock(&passphrase(RIGHT))
        .err()
        .unwrap();
    assert!(matches!(refused.error, VaultError::OlderThanAnchor { .. }));
    assert!(as_first(&opened(refused.vault.accept_older())));
    assert!(as_first(&home.open()));
}

#[test]
fn at_most_three_stores_are_kept_aside() {
    let home = Home::with_records();
    home.open().back_up(NOON).unwrap();
    let mut names = BTreeSet::new();
    for _ in 0..5 {
        names.insert(restored(&home, 0).ok().unwrap().replaced.unwrap());
    }
    assert_eq!(names.len(), 3);
    assert!(as_first(&home.open()));
}

#[test]
fn a_restore_is_for_who_may_trade_and_a_refused_one_changes_nothing() {
    let home = Home::with_records();
    let mut vault = home.open();
    let typed = passphrase("only looking");
    let viewer = NewSlot {
        role: Role::Viewer,
        label: "",
        opener: (&typed).into(),
        cost: cheap(),
    };
    vault.add_slot(&viewer).unwrap();
    vault.back_up(NOON).unwrap();
    drop(vault);
    let refusal = |which, typed: &str| {
        let refused = restore(home.instance_lock(), which, &passphrase(typed));
        refused.err().unwrap()
    };
    assert!(matches!(refusal(0, "wrong"), VaultError::WrongPassphrase));
    assert!(matches!(
        refusal(0, "only looking"),
        VaultError::NeedsTrader
    ));
    assert!(matches!(refusal(1, RIGHT), VaultError::NoBackup(1)));
    assert!(matches!(refusal(2, RIGHT), VaultError::NoBackup(2)));
    assert!(as_first(&home.open()));
    assert!(!home.data().join("vault.sled.replaced-1").exists());
}

#[test]
fn the_recovery_code_restores_too() {
    let home = Home::empty();
    let mut vault = home.create();
    vault
        .put(&name(Domain::Trade, 1), &secret("first"))
        .unwrap();
    let code = vault.take_recovery_code().unwrap();
    vault.back_up(NOON).unwrap();
    drop(vault);
    lose_store(&home);
    let other = RecoveryCode::random().ok().unwrap();
    let refused = restore_by_code(home.instance_lock(), 0, &other).err();
    assert!(matches!(refused, Some(VaultError::WrongCode)));
    let Restored { vault, .. } = restore_by_code(home.instance_lock(), 0, &code)
        .ok()
        .unwrap();
    let vault = vault.recover(&code, &passphrase("new"), cheap()).or_error();
    assert!(holds(
        &vault.ok().unwrap(),
        &name(Domain::Trade, 1),
        "first"
    ));
}

#[test]
fn no_new_vault_is_made_where_one_can_be_restored() {
    let home = Home::with_records();
    home.open().back_up(NOON).unwrap();
    lose_store(&home);
    let refused = Vault::create(home.instance_lock(), &passphrase("new"), cheap()).err();
    assert!(matches!(refused, Some(VaultError::BackupsExist(_))));
}

#[test]
fn a_vault_in_wrong_hands_gets_new_keys_and_one_backup_and_says_what_to_revoke() {
    let home = Home::with_records();
    let mut vault = home.open();
    vault.back_up(NOON).unwrap();
    vault.back_up(NOON + 1).unwrap();
    let wrong = vault.compromised(&passphrase("wrong"), NOON + 2);
    assert!(matches!(wrong.err(), Some(VaultError::WrongPassphrase)));
    assert_eq!(files(&home).len(), 2);
    let done = vault
        .compromised(&passphrase(RIGHT), NOON + 2)
        .ok()
        .unwrap();
    assert_eq!(done.revoke, [name(Domain::View, 1), name(Domain::Trade, 1)]);
    assert!(done.backups.is_none());
    assert_eq!(vault.epoch(), 2);
    let left = backups(&home.data());
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].found.as_ref().unwrap().epoch, 2);
    let which = left[0].which;
    drop(vault);
    lose_store(&home);
    drop(restored(&home, which).ok().unwrap());
    assert!(as_first(&home.open()));
}

// ---- killed between the steps

#[test]
fn an_interrupted_backup_leaves_a_sound_one() {
    let home = Home::with_records();
    let mut vault = home.open();
    for made in NOON..NOON + 4 {
        vault.put(&name(Domain::View, 2), &secret("more")).unwrap();
        let (outcome, crashes) = home.crashes(|| vault.back_up(made));
        outcome.unwrap();
        assert_eq!(crashes.len(), 2);
        for (moment, copy) in crashes {
            let sound = backups(&copy.data())
                .into_iter()
                .find(|it| it.found.is_ok());
            let Some(sound) = sound else {
                assert_eq!(made, NOON, "{moment}: only the first has none before it");
                continue;
            };
            lose_store(&copy);
            drop(restored(&copy, sound.which).ok().unwrap());
            drop(opened(LockedVault::open(copy.instance_lock()).unwrap()));
        }
    }
}

#[test]
fn an_interrupted_restore_leaves_the_old_store_or_the_new_one() {
    for is_lost in [false, true] {
        let home = Home::with_records();
        let mut vault = home.open();
        vault.back_up(NOON).unwrap();
        vault
            .put(&name(Domain::View, 1), &secret("second"))
            .unwrap();
        drop(vault);
        if is_lost {
            lose_store(&home);
        }
        let (outcome, crashes) = home.crashes(|| restored(&home, 0));
        drop(outcome.ok().unwrap());
        assert!(crashes.len() >= 2);
        for (moment, copy) in crashes {
            if exists(&copy.data()) {
                let locked = copy.locked().unwrap().accept_older();
                let vault = opened(locked);
                let has = |text| holds(&vault, &name(Domain::View, 1), text);
                assert!(has("first") || has("second"), "{moment}");
                continue;
            }
            assert!(is_lost, "{moment}: there is a vault at every moment");
            drop(restored(&copy, 0).ok().unwrap());
        }
    }
}
