//! Records and lists of them that are not as they were written.

use super::home::*;

#[test]
fn swapped_records_are_found() {
    let home = Home::with_records();
    let (one, two) = (home.record_key(2), home.record_key(3));
    let rows = home.rows();
    home.write(&one, &rows[&two]);
    home.write(&two, &rows[&one]);
    assert_eq!(damage(home.unlock()), Damage::RecordSwapped(name(1)));
}

#[test]
fn an_older_record_put_back_is_found() {
    let home = Home::with_records();
    let place = home.record_key(2);
    let older = home.rows()[&place].clone();
    let mut vault = home.unlocked();
    vault.put(&name(1), &secret(1, "second")).unwrap();
    drop(vault);
    home.write(&place, &older);
    assert_eq!(damage(home.unlock()), Damage::RecordOlder(name(1)));
}

#[test]
fn an_older_record_and_list_put_back_are_found() {
    let home = Home::with_records();
    let older = home.rows();
    let mut vault = home.unlocked();
    vault.put(&name(1), &secret(1, "second")).unwrap();
    vault.put(&name(2), &secret(2, "second")).unwrap();
    drop(vault);
    let manifest = [b"man/", &0_u16.to_be_bytes()[..]].concat();
    home.write(&manifest, &older[&manifest]);
    assert!(matches!(damage(home.unlock()), Damage::RecordChanged(_)));
}

#[test]
fn a_deleted_record_is_found() {
    let home = Home::with_records();
    let place = home.record_key(3);
    home.tamper(|db| db.remove(place).unwrap());
    assert_eq!(damage(home.unlock()), Damage::RecordMissing(name(2)));
}

#[test]
fn a_removed_record_put_back_and_a_duplicate_are_found() {
    let home = Home::with_records();
    let place = home.record_key(4);
    let removed = home.rows()[&place].clone();
    home.unlocked().remove(&name(3)).unwrap();
    home.write(&place, &removed);
    assert_eq!(damage(home.unlock()), Damage::Unlisted);

    let home = Home::with_records();
    let copied = home.rows()[&home.record_key(2)].clone();
    home.write(b"rec/another place, 32 bytes long....", &copied);
    assert_eq!(damage(home.unlock()), Damage::Unlisted);
}

#[test]
fn records_cut_lengthened_or_flipped_are_found() {
    let changes: [fn(&mut Vec<u8>); 4] = [
        |value| value.truncate(value.len() - 1),
        Vec::clear,
        |value| value.push(0),
        |value| *value.last_mut().unwrap() ^= 1,
    ];
    for change in changes {
        let home = Home::with_records();
        let place = home.record_key(2);
        let mut value = home.rows()[&place].clone();
        change(&mut value);
        home.write(&place, &value);
        let found = damage(home.unlock());
        assert!(
            matches!(found, Damage::RecordChanged(_) | Damage::RecordOlder(_)),
            "{found}"
        );
    }
}

#[test]
fn another_vaults_record_is_found_even_with_the_same_passphrase() {
    let (home, other) = (Home::with_records(), Home::with_records());
    let foreign = other.rows()[&other.record_key(2)].clone();
    home.write(&home.record_key(2), &foreign);
    assert_eq!(damage(home.unlock()), Damage::RecordChanged(name(1)));
}

#[test]
fn a_list_of_records_missing_foreign_or_flipped_is_found() {
    let manifest = [b"man/", &0_u16.to_be_bytes()[..]].concat();
    let home = Home::with_records();
    let mut flipped = home.rows()[&manifest].clone();
    flipped[60] ^= 1;
    let foreign = Home::with_records().rows()[&manifest].clone();
    for value in [flipped, foreign, vec![]] {
        home.write(&manifest, &value);
        assert_eq!(damage(home.unlock()), Damage::Manifest);
    }
    home.tamper(|db| db.remove(&manifest).unwrap());
    assert_eq!(damage(home.unlock()), Damage::Manifest);
}

#[test]
fn what_does_not_belong_in_the_store_is_found() {
    let home = Home::with_records();
    home.write(b"something", b"else");
    assert_eq!(damage(home.unlock()), Damage::Unlisted);
}
