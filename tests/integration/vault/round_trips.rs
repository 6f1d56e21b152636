//! What was kept comes back, and nobody else can read it.

use super::home::*;

#[test]
fn secrets_come_back_after_reopening_under_their_names() {
    let home = Home::with_records();
    let mut vault = home.unlocked();
    vault.put(&name(2), &secret(2, "second")).unwrap();
    assert!(vault.remove(&name(3)).unwrap());
    assert!(!vault.remove(&name(3)).unwrap());
    drop(vault);
    let vault = home.unlocked();
    assert_eq!(vault.list(), [name(1), name(2)]);
    assert!(holds(&vault, 1, "first") && holds(&vault, 2, "second"));
    assert!(vault.get(&name(3)).unwrap().is_none());
    assert_eq!(vault.generation(), 6, "one to make it, five changes");
}

#[test]
fn a_locked_vault_opens_again_without_reopening() {
    let home = Home::with_records();
    let locked = home.unlocked().lock();
    let refused = locked.unlock(&passphrase("wrong")).err().unwrap();
    let vault = refused.vault.unlock(&passphrase(RIGHT)).ok().unwrap();
    assert_eq!(vault.wrong_guesses(), 1);
    assert!(holds(&vault, 1, "first"));
}

#[test]
fn many_large_secrets_fit_and_come_back() {
    let home = Home::with_vault();
    let mut vault = home.unlocked();
    let large = |id: u8| SecretBytes::new(vec![id; vault::LARGEST_SECRET]);
    for id in 0..105 {
        vault.put(&name(id), &large(id)).unwrap();
    }
    drop(vault);
    let mut vault = home.unlocked();
    assert!((0..105).all(|id| vault.get(&name(id)).unwrap().unwrap().same_as(&large(id))));
    for id in 0..10 {
        vault.remove(&name(id)).unwrap();
    }
    drop(vault);
    assert_eq!(home.unlocked().list().len(), 95);
}

#[test]
fn the_disk_sees_no_secret_and_no_name() {
    let home = Home::with_records();
    let mut vault = home.unlocked();
    vault.put(&name(1), &secret(1, "second")).unwrap();
    vault.remove(&name(2)).unwrap();
    drop(vault);
    let bytes = home.files().into_values().flatten().collect::<Vec<u8>>();
    let seen = |needle: &str| {
        bytes
            .windows(needle.len())
            .any(|window| window == needle.as_bytes())
    };
    assert!(seen("hdr/A"), "the search finds what is there");
    for needle in ["canary", "alpacabroker", "oauthtoken", RIGHT] {
        assert!(!seen(needle), "{needle}");
    }
}

/// A vault as the first version wrote it opens for ever.
#[test]
fn the_first_vault_ever_written_opens() {
    let home = Home::empty();
    home.thaw(FROZEN);
    let vault = home.unlocked();
    assert_eq!(vault.list(), [name(1), name(2)]);
    assert!(holds(&vault, 1, "frozen") && holds(&vault, 2, "frozen"));
}
