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
