//! Vaults, backups and anchors as they were once written: each opens for ever. What is missing in the folder of
//! fixtures is made by the ignored test below; what is there is never written again.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use super::store::{Housing, Row, Store};
use super::tests::{Home, OrRefused as _, cheap, from_hex, holds, name, passphrase, secret};
use super::*;

const KEY_FILE: &[u8] = b"a frozen key file";

/// Rows of a store, one a line: key and value in hexadecimal. Other lines say something about them.
struct Frozen {
    rows: Vec<Row>,
    text: &'static str,
}

impl Frozen {
    fn read(text: &'static str) -> Self {
        let lines = text.lines().filter(|line| !line.contains(": "));
        let rows = lines.map(|line| {
            let (key, value) = line.split_once(' ').unwrap();
            (from_hex(key), from_hex(value))
        });
        Self {
            rows: rows.collect(),
            text,
        }
    }

    fn says(&self, what: &str) -> &'static str {
        let mut lines = self.text.lines();
        let said = lines.find_map(|line| line.strip_prefix(what)?.strip_prefix(": "));
        said.unwrap_or_else(|| panic!("{what} is not in it"))
    }

    fn laid_down(&self) -> Home {
        let home = Home::empty();
        let lock = home.instance_lock();
        let folder = lock.folder().join(STORE);
        disk::make_folder(&folder).unwrap();
        let mut store = Store::open(&folder, Housing::Here).unwrap();
        let rows = self.rows.iter().cloned();
        store.commit(rows.map(commit::written).collect()).unwrap();
        disk::make_folder(&home.state()).unwrap();
        let anchor = from_hex(self.says("anchor"));
        disk::write_new_file(&home.state().join("anchor"), &anchor).unwrap();
        let backup = from_hex(self.says("backup"));
        disk::write_new_file(&home.data().join("vault.bak.0"), &backup).unwrap();
        home
    }

    fn code(&self) -> RecoveryCode {
        RecoveryCode::parse(self.says("code")).unwrap_or_else(|why| panic!("{why}"))
    }
}

fn roles() -> Frozen {
    Frozen::read(include_str!("../../tests/fixtures/vault/roles.txt"))
}

fn rotated() -> Frozen {
    Frozen::read(include_str!("../../tests/fixtures/vault/rotated.txt"))
}

fn key_file() -> KeyFile {
    KeyFile::from_bytes(KEY_FILE).unwrap_or_else(|why| panic!("{why}"))
}

fn viewer<'a>(typed: &'a Passphrase, key_file: &'a KeyFile) -> Opener<'a> {
    Opener {
        passphrase: typed,
        key_file: Some(key_file),
    }
}

fn has_both(vault: &Vault) -> bool {
    [Domain::View, Domain::Trade]
        .iter()
        .all(|&domain| holds(vault, &name(domain, 1), "frozen"))
}

#[test]
fn a_vault_with_every_role_and_a_key_file_opens_for_each() {
    let frozen = roles();
    let home = frozen.laid_down();
    let vault = home.unlock("trader").unwrap_or_else(|why| panic!("{why}"));
    assert!(has_both(&vault));
    let shown: Vec<_> = vault
        .slots()
        .into_iter()
        .map(|slot| (slot.id, slot.role, slot.label, slot.key_file))
        .collect();
    let expected = [
        (1, Role::Trader, String::new(), false),
        (2, Role::Recovery, "recovery code".to_owned(), false),
        (3, Role::Viewer, "alice".to_owned(), true),
    ];
    assert_eq!(shown, expected);
    let report = vault.check();
    assert_eq!(
        (report.findings, report.records, report.backups),
        (vec![], 2, 1)
    );
    let (typed, key_file) = (passphrase("viewer"), key_file());
    let vault = vault.lock().unlock(viewer(&typed, &key_file)).or_error();
    let vault = vault.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(vault.role(), Role::Viewer);
    assert!(holds(&vault, &name(Domain::View, 1), "frozen"));
    let recovered = vault
        .lock()
        .recover(&frozen.code(), &passphrase("new"), cheap());
    assert!(has_both(
        &recovered.or_error().unwrap_or_else(|why| panic!("{why}"))
    ));
}

#[test]
fn a_rotated_vault_of_the_second_suite_opens_and_so_does_what_it_sealed_before() {
    let frozen = rotated();
    let home = frozen.laid_down();
    let vault = home.unlock("trader").unwrap_or_else(|why| panic!("{why}"));
    assert!(has_both(&vault));
    assert_eq!((vault.suite(), vault.epoch()), (Suite::Xaes256Gcm, 2));
    let journal = vault.sealer(Purpose::Journal).ok().unwrap();
    for what in ["journal of epoch 1", "journal of epoch 2"] {
        let sealed = from_hex(frozen.says(what));
        let opened = journal.open(b"intents/1", &sealed).unwrap();
        assert_eq!(opened.expose(), b"an order", "{what}");
    }
    assert_eq!(vault.check().findings, []);
}

#[test]
fn a_frozen_backup_is_restored() {
    for frozen in [roles(), rotated()] {
        let home = frozen.laid_down();
        fs::remove_dir_all(home.data().join(STORE)).unwrap();
        let restored = restore(home.instance_lock(), 0, &passphrase("trader"));
        let locked = restored.unwrap_or_else(|why| panic!("{why}")).vault;
        let locked = locked.anchored_in(&home.state());
        let vault = locked.unlock(&passphrase("trader")).or_error();
        assert!(has_both(&vault.unwrap_or_else(|why| panic!("{why}"))));
    }
}

// ---- how they were made

#[test]
#[ignore = "makes the fixtures that are missing"]
fn freeze() {
    freeze_as("roles.txt", &mut |_| String::new());
    freeze_as("rotated.txt", &mut |vault| {
        let seal = |vault: &Vault| {
            let journal = vault.sealer(Purpose::Journal).ok().unwrap();
            hex(&journal.seal(b"intents/1", b"an order").unwrap())
        };
        let before = seal(vault);
        let rotated = vault.rotate(Suite::Xaes256Gcm, &passphrase("trader"));
        let rotated = rotated.unwrap_or_else(|why| panic!("{why}"));
        let code = rotated.recovery.reveal(str::to_owned);
        let after = seal(vault);
        format!("code: {code}\njournal of epoch 1: {before}\njournal of epoch 2: {after}\n")
    });
}

fn freeze_as(file: &str, then: &mut dyn FnMut(&mut Vault) -> String) {
    let home = Home::empty();
    let new = NewVault {
        recovery: true,
        anchor: Some(home.state()),
        ..cheap().into()
    };
    let made = Vault::create(home.instance_lock(), &passphrase("trader"), new);
    let mut vault = made.unwrap_or_else(|why| panic!("{why}"));
    let code = vault.take_recovery_code().unwrap().reveal(str::to_owned);
    let (typed, key_file) = (passphrase("viewer"), key_file());
    let alice = NewSlot {
        role: Role::Viewer,
        label: "alice",
        opener: viewer(&typed, &key_file),
        cost: cheap(),
    };
    vault.add_slot(&alice).unwrap();
    for domain in [Domain::View, Domain::Trade] {
        vault.put(&name(domain, 1), &secret("frozen")).unwrap();
    }
    let mut text = then(&mut vault);
    if text.is_empty() {
        text = format!("code: {code}\n");
    }
    vault.back_up(1_800_000_000).unwrap();
    let anchor = hex(&fs::read(home.state().join("anchor")).unwrap());
    let backup = hex(&fs::read(home.data().join("vault.bak.0")).unwrap());
    text.push_str(&format!("anchor: {anchor}\nbackup: {backup}\n"));
    for (key, value) in vault.base.store.rows().unwrap() {
        text.push_str(&format!("{} {}\n", hex(&key), hex(&value)));
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vault");
    if let Ok(mut fixture) = fs::File::create_new(folder.join(file)) {
        fixture.write_all(text.as_bytes()).unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
