//! Wrong passphrases.

use super::home::*;

#[test]
fn a_wrong_passphrase_is_refused_and_nothing_is_written() {
    let home = Home::with_records();
    let before = home.rows();
    let refused = home.unlock_with("wrong").err().unwrap();
    assert!(matches!(refused, VaultError::WrongPassphrase));
    assert_eq!(home.rows(), before);
}

#[test]
fn an_empty_vault_still_refuses_a_wrong_passphrase() {
    let refused = Home::with_vault().unlock_with("wrong").err();
    assert!(matches!(refused, Some(VaultError::WrongPassphrase)));
}

#[test]
fn a_slot_that_was_tampered_with_looks_like_a_wrong_passphrase() {
    let home = Home::with_vault();
    let header = home.rows()[&b"hdr/A"[..]].clone();
    let wrapped_key = header.len() - 32 - 64 - 20;
    let commitment = wrapped_key - 100;
    for at in [wrapped_key, commitment] {
        let home = Home::with_vault();
        home.alter_headers(|header| header[at] ^= 1);
        assert!(matches!(
            home.unlock().err(),
            Some(VaultError::WrongPassphrase)
        ));
    }
}

/// Guesses wrong so often; what the last refusal said, and how long to wait after it.
fn guess(home: &Home, times: u32) -> (String, std::time::Duration) {
    let mut vault = Box::new(opened_store(home));
    let mut told = String::new();
    for guess in 0..times {
        let refused = vault.unlock(&passphrase(&format!("guess {guess}")));
        let refused = refused.err().expect("a wrong passphrase");
        assert!(matches!(refused.error, VaultError::WrongPassphrase));
        told = refused.error.to_string();
        vault = refused.vault;
    }
    assert_eq!(vault.wrong_guesses(), times);
    (told, vault.delay())
}

fn opened_store(home: &Home) -> LockedVault {
    home.open().unwrap_or_else(|why| panic!("{why}"))
}

/// Of a vault with records and an empty one: none opens, the words are those of a slot that was tampered with, the wait
/// grows to a minute, and the folder is byte for byte as opening alone leaves it.
fn expect_wrong_pass(guesses: u32) {
    let empty = Home::scratch().quick();
    let full = empty.copy();
    full.unlocked().put(&name(1), &secret(1, "first")).unwrap();
    for home in [&empty, &full] {
        let untried = home.copy();
        drop(opened_store(&untried));
        let (told, wait) = guess(home, guesses);
        assert_eq!(told, "that passphrase does not open this vault");
        assert_eq!(wait.as_secs(), 60);
        assert!(home.files() == untried.files(), "something was written");
    }
    note(&format!("{guesses} wrong guesses at each of two vaults"));
    let tampered = empty.copy();
    tampered.alter_headers(|header| {
        let wrapped_key = header.len() - 64 - 20;
        header[wrapped_key] ^= 1;
    });
    let refused = tampered.unlock().err().unwrap();
    assert_eq!(refused.to_string(), guess(&empty, 1).0);
}

#[test]
fn wrong_pass() {
    expect_wrong_pass(40);
}

#[test]
#[ignore = "the full count: minutes"]
fn wrong_pass_full() {
    expect_wrong_pass(5_000);
}

#[test]
fn the_wait_after_a_wrong_guess_doubles_up_to_a_minute() {
    let mut vault = Box::new(opened_store(&Home::scratch().quick()));
    for seconds in [0, 1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(vault.delay().as_secs(), seconds);
        let refused = vault.unlock(&passphrase("wrong"));
        vault = refused.err().expect("a wrong passphrase").vault;
    }
    let vault = vault.unlock(&passphrase(RIGHT)).ok().unwrap();
    assert_eq!(vault.wrong_guesses(), 9);
    assert_eq!(vault.lock().delay().as_secs(), 0);
}
