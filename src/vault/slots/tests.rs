//! Slots, roles, recovery and rotation of whole vaults.

use super::super::tests::{Home, OrRefused as _, RIGHT, cheap, holds, name, passphrase, secret};
use super::super::{Domain, KeyFile, Purpose, Refused, Suite, Vault, VaultError};
use super::*;

fn slot<'a>(role: Role, label: &'a str, opener: impl Into<Opener<'a>>) -> NewSlot<'a> {
    NewSlot {
        role,
        label,
        opener: opener.into(),
        cost: cheap(),
    }
}

/// A vault with a viewer beside its trader, as the viewer opens it.
fn as_viewer() -> (Home, Vault) {
    let home = Home::with_records();
    let typed = passphrase("only looking");
    let mut vault = home.open();
    vault
        .add_slot(&slot(Role::Viewer, "alice", &typed))
        .unwrap();
    drop(vault);
    let vault = home
        .unlock("only looking")
        .unwrap_or_else(|why| panic!("{why}"));
    (home, vault)
}

fn needs_trader<T>(outcome: Result<T, VaultError>) -> bool {
    matches!(outcome, Err(VaultError::NeedsTrader))
}

// ---- roles

#[test]
fn a_viewer_reads_and_writes_what_is_for_viewing_alone() {
    let (home, mut vault) = as_viewer();
    assert_eq!(vault.role(), Role::Viewer);
    let (view, trade) = (name(Domain::View, 1), name(Domain::Trade, 1));
    assert!(holds(&vault, &view, "first"));
    assert!(needs_trader(vault.get(&trade)));
    assert!(needs_trader(vault.get(&name(Domain::Trade, 9))));
    vault.put(&view, &secret("second")).unwrap();
    assert!(needs_trader(vault.put(&trade, &secret("second"))));
    assert!(needs_trader(vault.remove(&trade)));
    assert_eq!(
        vault.list().len(),
        2,
        "what is there is no secret to a viewer"
    );
    drop(vault);
    let vault = home.open();
    assert!(holds(&vault, &view, "second") && holds(&vault, &trade, "first"));
}

#[test]
fn a_viewer_changes_nothing_about_who_may_open_it() {
    let (_home, mut vault) = as_viewer();
    let typed = passphrase("only looking");
    let before = vault.slots();
    assert!(needs_trader(vault.add_slot(&slot(
        Role::Viewer,
        "",
        &typed
    ))));
    assert!(needs_trader(vault.remove_slot(1)));
    assert!(needs_trader(vault.change_passphrase(
        &typed,
        &typed,
        cheap()
    )));
    assert!(needs_trader(vault.renew_recovery_code()));
    assert!(needs_trader(vault.rotate(Suite::default(), &typed)));
    assert!(needs_trader(vault.sealer(Purpose::Journal)));
    assert!(vault.sealer(Purpose::Ledger).is_ok());
    assert_eq!(vault.slots(), before);
}

#[test]
fn fifty_records_for_trading_stay_sealed_to_a_viewer() {
    let home = Home::empty();
    let mut vault = home.create();
    for id in 0..50 {
        vault
            .put(&name(Domain::Trade, id), &secret("token"))
            .unwrap();
    }
    let typed = passphrase("only looking");
    vault.add_slot(&slot(Role::Viewer, "", &typed)).unwrap();
    drop(vault);
    let vault = home
        .unlock("only looking")
        .unwrap_or_else(|why| panic!("{why}"));
    assert!(
        vault
            .list()
            .iter()
            .all(|name| needs_trader(vault.get(name)))
    );
}

// ---- slots

#[test]
fn slots_are_listed_with_what_everybody_may_know() {
    let home = Home::empty();
    let mut vault = home.create();
    let typed = passphrase("bob's");
    let key_file = KeyFile::from_bytes(b"photo").unwrap_or_else(|why| panic!("{why}"));
    let opener = Opener {
        passphrase: &typed,
        key_file: Some(&key_file),
    };
    let id = vault.add_slot(&slot(Role::Trader, "bob", opener)).unwrap();
    let shown: Vec<_> = vault
        .slots()
        .into_iter()
        .map(|slot| (slot.id, slot.role, slot.label, slot.key_file))
        .collect();
    let expected = [
        (1, Role::Trader, String::new(), false),
        (2, Role::Recovery, "recovery code".to_owned(), false),
        (id, Role::Trader, "bob".to_owned(), true),
    ];
    assert_eq!(shown, expected);
    assert_eq!((vault.slot(), id), (1, 3));
}

#[test]
fn a_key_file_is_needed_where_it_was_asked_for() {
    let home = Home::empty();
    let mut vault = home.create();
    let (typed, key) = (passphrase("bob's"), |bytes: &[u8]| {
        KeyFile::from_bytes(bytes).unwrap_or_else(|why| panic!("{why}"))
    });
    let (right, wrong) = (key(b"photo"), key(b"other photo"));
    let with = |key_file| Opener {
        passphrase: &typed,
        key_file,
    };
    vault
        .add_slot(&slot(Role::Trader, "bob", with(Some(&right))))
        .unwrap();
    let mut locked = vault.lock();
    assert!(locked.knows_key_files());
    for key_file in [None, Some(&wrong)] {
        let Refused { vault, error } = locked.unlock(with(key_file)).err().unwrap();
        assert!(matches!(error, VaultError::WrongPassphrase));
        locked = *vault;
    }
    let vault = locked
        .unlock(with(Some(&right)))
        .or_error()
        .unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(vault.slot(), 3);
    let first = passphrase(RIGHT);
    let both = Opener {
        passphrase: &first,
        key_file: Some(&right),
    };
    let vault = vault
        .lock()
        .unlock(both)
        .or_error()
        .unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(vault.slot(), 1, "a key file is in nobody's way");
}

#[test]
fn who_may_be_removed() {
    let fields = |id, role| Slot {
        fields: SlotFields {
            id,
            role,
            key_file: false,
            label: String::new(),
            cost: cheap(),
            salt: [0; 16],
            commit: [0; 32],
        },
        wrapped: vec![],
    };
    let one = [
        fields(1, Role::Trader),
        fields(2, Role::Viewer),
        fields(3, Role::Recovery),
    ];
    let two = [fields(1, Role::Trader), fields(2, Role::Trader)];
    let told = |slots: &[Slot], id, own| may_remove(slots, id, own).map(|_| ()).err();
    assert!(matches!(told(&one, 1, 3), Some(VaultError::LastTrader)));
    assert!(matches!(told(&one, 1, 1), Some(VaultError::LastTrader)));
    assert!(told(&one, 2, 1).is_none() && told(&one, 3, 1).is_none());
    assert!(matches!(told(&one, 4, 1), Some(VaultError::NoSuchSlot(4))));
    assert!(matches!(told(&two, 1, 1), Some(VaultError::OwnSlot)));
    assert!(told(&two, 2, 1).is_none());
}

#[test]
fn a_removed_slot_opens_no_more_and_the_others_do() {
    let (home, vault) = as_viewer();
    let id = vault.slot();
    drop(vault);
    let mut vault = home.open();
    assert_eq!(vault.remove_slot(id).unwrap().label, "alice");
    drop(vault);
    let refused = home.unlock("only looking").err();
    assert!(matches!(refused, Some(VaultError::WrongPassphrase)));
    home.open();
}

#[test]
fn there_are_eight_slots_and_labels_are_short_and_plain() {
    let home = Home::empty();
    let mut vault = home.create();
    let typed = passphrase("another");
    for label in [&"x".repeat(33), "bell\u{7}"] {
        let refused = vault.add_slot(&slot(Role::Viewer, label, &typed));
        assert!(matches!(refused, Err(VaultError::BadLabel { limit: 32 })));
    }
    let refused = vault.add_slot(&slot(Role::Recovery, "", &typed));
    assert!(matches!(refused, Err(VaultError::NotByPassphrase)));
    for id in 3..=8 {
        let label = "x".repeat(32);
        assert_eq!(
            vault.add_slot(&slot(Role::Viewer, &label, &typed)).unwrap(),
            id
        );
    }
    let refused = vault.add_slot(&slot(Role::Viewer, "", &typed));
    assert!(matches!(refused, Err(VaultError::SlotsFull { limit: 8 })));
    vault
        .renew_recovery_code()
        .unwrap_or_else(|why| panic!("{why}"));
    vault.remove_slot(5).unwrap();
    assert_eq!(vault.add_slot(&slot(Role::Viewer, "", &typed)).unwrap(), 5);
}

#[test]
fn a_passphrase_is_changed_by_who_knows_it() {
    let home = Home::with_records();
    let mut vault = home.open();
    let (right, wrong, new) = (passphrase(RIGHT), passphrase("wrong"), passphrase("new"));
    let refused = vault.change_passphrase(&wrong, &new, cheap());
    assert!(matches!(refused, Err(VaultError::WrongPassphrase)));
    vault.change_passphrase(&right, &new, cheap()).unwrap();
    drop(vault);
    assert!(home.unlock(RIGHT).is_err());
    let vault = home.unlock("new").unwrap_or_else(|why| panic!("{why}"));
    assert!(holds(&vault, &name(Domain::Trade, 1), "first"));
    assert_eq!(vault.slots().len(), 2);
}

#[test]
fn a_slot_below_the_floor_is_raised_once() {
    let home = Home::with_records();
    let mut vault = home.open();
    let typed = passphrase(RIGHT);
    let least = KdfCost::new(16, 2, 1).unwrap();
    assert!(vault.raise_cost(&(&typed).into(), least).unwrap());
    assert!(!vault.raise_cost(&(&typed).into(), least).unwrap());
    drop(vault);
    assert_eq!(home.open().slots()[0].cost, least);
    let (_home, mut viewer) = as_viewer();
    let looking = passphrase("only looking");
    assert!(!viewer.raise_cost(&(&looking).into(), least).unwrap());
}

// ---- recovery

fn recovery_code(vault: &mut Vault) -> RecoveryCode {
    vault.take_recovery_code().expect("made with one")
}

#[test]
fn a_recovery_code_is_told_once_and_made_only_where_wanted() {
    let mut vault = Home::empty().create();
    assert!(vault.take_recovery_code().is_some());
    assert!(vault.take_recovery_code().is_none());
    let home = Home::empty();
    let mut vault = home.create_with(false);
    assert!(vault.take_recovery_code().is_none());
    let code = RecoveryCode::random().ok().unwrap();
    let refused = vault.lock().recover(&code, &passphrase("new"), cheap());
    assert!(matches!(
        refused.or_error(),
        Err(VaultError::NoRecoveryCode)
    ));
}

#[test]
fn the_code_opens_the_vault_and_sets_a_new_passphrase() {
    let home = Home::empty();
    let mut vault = home.create();
    vault
        .put(&name(Domain::Trade, 1), &secret("first"))
        .unwrap();
    let code = recovery_code(&mut vault);
    let other = RecoveryCode::random().ok().unwrap();
    let new = passphrase("new");
    let refused = vault.lock().recover(&other, &new, cheap()).err().unwrap();
    assert!(matches!(refused.error, VaultError::WrongCode));
    let typed = code
        .reveal(|text| RecoveryCode::parse(&text.to_lowercase()))
        .ok()
        .unwrap();
    let vault = refused
        .vault
        .recover(&typed, &new, cheap())
        .or_error()
        .unwrap();
    assert_eq!((vault.role(), vault.slot()), (Role::Trader, 1));
    assert!(holds(&vault, &name(Domain::Trade, 1), "first"));
    drop(vault);
    assert!(home.unlock(RIGHT).is_err());
    home.unlock("new").unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn recovery_among_several_traders_takes_nobodys_passphrase() {
    let home = Home::empty();
    let mut vault = home.create();
    let code = recovery_code(&mut vault);
    let bob = passphrase("bob's");
    vault.add_slot(&slot(Role::Trader, "bob", &bob)).unwrap();
    let vault = vault
        .lock()
        .recover(&code, &passphrase("new"), cheap())
        .or_error();
    let vault = vault.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(vault.slot(), 4);
    drop(vault);
    for typed in [RIGHT, "bob's", "new"] {
        home.unlock(typed)
            .unwrap_or_else(|why| panic!("{typed}: {why}"));
    }
}

#[test]
fn a_code_is_no_passphrase_and_a_renewed_one_is_worth_nothing() {
    let home = Home::empty();
    let mut vault = home.create();
    let old = recovery_code(&mut vault);
    let as_typed = old.reveal(passphrase);
    let refused = vault.lock().unlock(&as_typed).err().unwrap();
    assert!(matches!(refused.error, VaultError::WrongPassphrase));
    let vault = refused.vault.unlock(&passphrase(RIGHT)).or_error();
    let mut vault = vault.unwrap_or_else(|why| panic!("{why}"));
    let new = vault.renew_recovery_code().ok().unwrap();
    assert_eq!(vault.slots().len(), 2);
    let refused = vault
        .lock()
        .recover(&old, &passphrase("new"), cheap())
        .err()
        .unwrap();
    assert!(matches!(refused.error, VaultError::WrongCode));
    let opened = refused.vault.recover(&new, &passphrase("new"), cheap());
    assert!(opened.is_ok());
}

// ---- rotation

#[test]
fn a_rotation_keeps_every_record_and_drops_whom_it_cannot_wrap_for() {
    for suite in [Suite::Xaes256Gcm, Suite::XChaCha20Poly1305] {
        let (home, vault) = as_viewer();
        drop(vault);
        let mut vault = home.open();
        let before = (vault.epoch(), vault.generation());
        let rotated = vault.rotate(suite, &passphrase(RIGHT));
        let rotated = rotated.unwrap_or_else(|why| panic!("{why}"));
        let dropped: Vec<_> = rotated.dropped.iter().map(|slot| &slot.label[..]).collect();
        assert_eq!(dropped, ["alice"]);
        assert_eq!(
            (vault.epoch(), vault.generation()),
            (before.0 + 1, before.1 + 1)
        );
        assert_eq!(vault.suite(), suite);
        drop(vault);
        assert!(home.unlock("only looking").is_err());
        let mut vault = home.open();
        assert_eq!((vault.suite(), vault.list().len()), (suite, 2));
        for domain in [Domain::View, Domain::Trade] {
            assert!(holds(&vault, &name(domain, 1), "first"));
            vault.put(&name(domain, 1), &secret("second")).unwrap();
        }
        let recovered = vault
            .lock()
            .recover(&rotated.recovery, &passphrase("new"), cheap());
        let vault = recovered.or_error().unwrap_or_else(|why| panic!("{why}"));
        assert!(holds(&vault, &name(Domain::Trade, 1), "second"));
    }
}

#[test]
fn a_rotation_is_for_who_knows_the_passphrase() {
    let home = Home::with_records();
    let mut vault = home.open();
    let refused = vault.rotate(Suite::default(), &passphrase("wrong"));
    assert!(matches!(refused, Err(VaultError::WrongPassphrase)));
    assert_eq!(vault.epoch(), 1);
}

#[test]
fn the_old_recovery_code_and_the_old_keys_open_nothing_new() {
    let home = Home::empty();
    let mut vault = home.create();
    let old = recovery_code(&mut vault);
    let rotated = vault.rotate(Suite::default(), &passphrase(RIGHT));
    assert!(rotated.is_ok());
    let refused = vault
        .lock()
        .recover(&old, &passphrase("new"), cheap())
        .err();
    assert!(matches!(refused.unwrap().error, VaultError::WrongCode));
}

#[test]
fn what_was_sealed_outside_stays_readable_over_rotations() {
    let home = Home::empty();
    let mut vault = home.create();
    let mut sealed = Vec::new();
    for suite in [
        Suite::XChaCha20Poly1305,
        Suite::Xaes256Gcm,
        Suite::XChaCha20Poly1305,
    ] {
        for purpose in [Purpose::Journal, Purpose::Ledger] {
            let sealer = vault.sealer(purpose).unwrap_or_else(|why| panic!("{why}"));
            sealed.push((purpose, sealer.seal(b"here", b"an intent").unwrap()));
        }
        let stale = vault.sealer(Purpose::Journal).ok().unwrap();
        assert!(vault.rotate(suite, &passphrase(RIGHT)).is_ok());
        sealed.push((Purpose::Journal, stale.seal(b"here", b"an intent").unwrap()));
    }
    drop(vault);
    let vault = home.open();
    assert_eq!(
        vault.list(),
        [],
        "the keys kept for it are not shown as records"
    );
    for (case, (purpose, sealed)) in sealed.iter().enumerate() {
        let sealer = vault.sealer(*purpose).unwrap_or_else(|why| panic!("{why}"));
        let opened = sealer.open(b"here", sealed);
        assert!(
            opened.is_ok_and(|opened| opened.expose() == b"an intent"),
            "case {case}"
        );
        assert!(sealer.open(b"there", sealed).is_err());
    }
}

#[test]
fn a_vault_too_large_for_one_batch_is_left_as_it_is() {
    let home = Home::with_records();
    let vault = home.open();
    let keys = super::super::crypto::keys::Keys::random().ok().unwrap();
    let sealed = |limit| vault.sealed_anew(&keys, &vault.base.header, limit);
    assert!(sealed(10_000).is_ok());
    let refused = sealed(1_000).err();
    assert!(matches!(refused, Some(VaultError::TooLargeToRotate { .. })));
}

// ---- killed between the steps

type Act = fn(&mut Vault);

/// Every operation that changes who may open it.
const OPERATIONS: [(&str, Act); 5] = [
    ("change", |vault| {
        let (old, new) = (passphrase(RIGHT), passphrase("new"));
        vault.change_passphrase(&old, &new, cheap()).unwrap();
    }),
    ("add", |vault| {
        let typed = passphrase("only looking");
        vault.add_slot(&slot(Role::Viewer, "", &typed)).unwrap();
    }),
    ("renew", |vault| {
        drop(vault.renew_recovery_code().ok().unwrap());
    }),
    ("rotate", |vault| {
        let rotated = vault.rotate(Suite::Xaes256Gcm, &passphrase(RIGHT));
        drop(rotated.ok().unwrap());
    }),
    ("remove", |vault| {
        vault.remove_slot(2).unwrap();
    }),
];

/// By whichever passphrase is the right one now.
fn opened(home: &Home) -> Vault {
    let opened = home.unlock(RIGHT).or_else(|_| home.unlock("new"));
    opened.unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn a_crash_between_the_steps_leaves_the_old_slots_or_the_new_ones() {
    for (operation, act) in OPERATIONS {
        let home = Home::with_records();
        let mut vault = home.open();
        let before = (vault.slots(), vault.epoch());
        let ((), crashes) = home.crashes(|| act(&mut vault));
        let after = (vault.slots(), vault.epoch());
        assert!(crashes.len() >= 4, "{operation} has steps");
        let mut is_done = false;
        for (moment, copy) in crashes {
            let mut vault = opened(&copy);
            let found = (vault.slots(), vault.epoch());
            assert!(found == before || found == after, "{operation}, {moment}");
            assert!(!is_done || found == after, "{operation}, {moment}: back");
            is_done |= found == after;
            for domain in [Domain::View, Domain::Trade] {
                assert!(holds(&vault, &name(domain, 1), "first"));
                vault.put(&name(domain, 2), &secret("more")).unwrap();
            }
            drop(vault);
            assert_eq!(opened(&copy).list().len(), 4, "{operation}, {moment}");
        }
        assert!(is_done, "{operation}");
    }
}

#[test]
fn a_crash_while_a_vault_is_made_leaves_none_or_a_whole_one() {
    let home = Home::empty();
    let (vault, crashes) = home.crashes(|| home.create());
    drop(vault);
    let mut made = 0;
    for (moment, copy) in crashes {
        if !super::super::exists(&copy.data()) {
            drop(copy.create());
        } else {
            made += 1;
        }
        assert_eq!(copy.open().slots().len(), 2, "{moment}");
    }
    assert!(made > 0);
}

#[test]
fn a_crash_while_it_is_recovered_leaves_the_old_passphrase_or_the_new_one() {
    let home = Home::empty();
    let mut vault = home.create();
    let code = recovery_code(&mut vault);
    let locked = vault.lock();
    let new = passphrase("new");
    let (recovered, crashes) = home.crashes(|| locked.recover(&code, &new, cheap()));
    assert!(recovered.is_ok() && crashes.len() >= 4);
    for (_, copy) in crashes {
        drop(opened(&copy));
        let recovered = copy.locked().unwrap().recover(&code, &new, cheap());
        assert!(recovered.is_ok(), "the code is worth as much as before");
    }
}
