use std::fs;

use super::super::store::{Change, Housing};
use super::super::tests::{Home, RIGHT, cheap, name, passphrase, secret};
use super::super::{Domain, NewSlot, Role};
use super::*;

/// Changes the store behind the back of an open vault.
fn tamper(home: &Home, change: impl Fn(&[Row]) -> Vec<Change>) {
    let folder = home.data().join(STORE);
    let mut store = Store::open(&folder, Housing::Here).unwrap();
    let rows = store.rows().unwrap();
    store.commit(change(&rows)).unwrap();
}

fn flipped(rows: &[Row], prefix: &[u8]) -> Vec<Change> {
    let mut found = rows.iter().filter(|(key, _)| key.starts_with(prefix));
    let (key, value) = found.next().unwrap();
    let mut value = value.clone();
    value[30] ^= 1;
    vec![(key.clone(), Some(value))]
}

fn damaged(vault: &Vault) -> Vec<Part> {
    let report = vault.check();
    let damage = report.findings.iter().filter(|it| it.is_damage);
    assert_eq!(report.is_damaged(), damage.clone().count() > 0);
    damage.map(|it| it.part.clone()).collect()
}

#[test]
fn a_sound_vault_is_counted_and_nothing_is_found() {
    let home = Home::with_records();
    let vault = home.open();
    let report = vault.check();
    let only = [Finding {
        part: Part::Backup(None),
        is_damage: false,
        says: "there is no backup".to_owned(),
    }];
    assert_eq!(report.findings, only);
    vault.back_up(1).unwrap();
    vault.back_up(2).unwrap();
    let report = vault.check();
    assert_eq!(report.findings, []);
    let counts = (report.slots, report.records, report.sealed, report.backups);
    assert_eq!(counts, (2, 2, 0, 2));
    assert_eq!((report.generation, report.epoch), (3, 1));
}

#[test]
fn a_viewer_compares_what_it_cannot_open() {
    let home = Home::with_records();
    let typed = passphrase("only looking");
    let new = NewSlot {
        role: Role::Viewer,
        label: "",
        opener: (&typed).into(),
        cost: cheap(),
    };
    home.open().add_slot(&new).unwrap();
    let vault = home
        .unlock("only looking")
        .unwrap_or_else(|why| panic!("{why}"));
    vault.back_up(1).unwrap();
    let report = vault.check();
    assert_eq!((report.records, report.sealed, report.backups), (1, 1, 1));
    assert_eq!(report.findings, []);
    tamper(&home, |rows| {
        let records = rows.iter().filter(|(key, _)| key.starts_with(b"rec/"));
        records
            .flat_map(|row| flipped(std::slice::from_ref(row), b"rec/"))
            .collect()
    });
    assert_eq!(damaged(&vault).len(), 2);
}

#[test]
fn each_kind_of_damage_is_found_where_it_is() {
    type Tamper = fn(&[Row]) -> Vec<Change>;
    type Expected = fn(&Part) -> bool;
    let cases: [(Tamper, Expected); 5] = [
        (|rows| flipped(rows, b"hdr/A"), |part| *part == Part::Header),
        (
            |rows| flipped(rows, b"man/"),
            |part| *part == Part::Manifest,
        ),
        (
            |rows| flipped(rows, b"rec/"),
            |part| matches!(part, Part::Record(_)),
        ),
        (
            |rows| {
                let (key, _) = rows
                    .iter()
                    .find(|(key, _)| key.starts_with(b"rec/"))
                    .unwrap();
                vec![(key.clone(), None)]
            },
            |part| matches!(part, Part::Record(_)),
        ),
        (
            |_| vec![(b"x".to_vec(), Some(vec![]))],
            |part| *part == Part::Store,
        ),
    ];
    for (case, (change, expected)) in cases.into_iter().enumerate() {
        let home = Home::with_records();
        let vault = home.open();
        tamper(&home, change);
        let found = damaged(&vault);
        assert!(
            found.len() == 1 && expected(&found[0]),
            "case {case}: {found:?}"
        );
    }
}

#[test]
fn a_store_that_is_gone_or_garbled_is_found() {
    let home = Home::with_records();
    let vault = home.open();
    fs::write(home.data().join(STORE).join("db"), vec![7; 5_000]).unwrap();
    assert!(!damaged(&vault).is_empty());
}

#[test]
fn the_memory_of_the_machine_is_looked_at() {
    let home = Home::with_records();
    let vault = home.open();
    vault.back_up(1).unwrap();
    fs::write(home.state().join("anchor"), b"garbage").unwrap();
    assert_eq!(damaged(&vault), [Part::Anchor]);
    fs::remove_file(home.state().join("anchor")).unwrap();
    assert_eq!(damaged(&vault), []);
    assert_eq!(
        vault.check().findings[0].part,
        Part::Anchor,
        "said, and no damage"
    );
}

#[test]
fn a_backup_is_damaged_or_of_an_earlier_time() {
    let home = Home::with_records();
    let mut vault = home.open();
    vault.back_up(1).unwrap();
    vault
        .rotate(Suite::default(), &passphrase(RIGHT))
        .ok()
        .unwrap();
    vault.back_up(2).unwrap();
    vault
        .put(&name(Domain::View, 1), &secret("second"))
        .unwrap();
    let report = vault.check();
    assert!(!report.is_damaged());
    assert_eq!(report.backups, 1);
    assert_eq!(report.findings[0].part, Part::Backup(Some(0)));
    fs::write(home.data().join("vault.bak.1"), b"garbage").unwrap();
    assert_eq!(damaged(&vault), [Part::Backup(Some(1))]);
}
