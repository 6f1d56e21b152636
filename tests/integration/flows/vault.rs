//! From no vault to a connected account, and every way it can be refused.

use super::deck::{Deck, PASSPHRASE};
use tradedeck::domain::Environment;
use tradedeck::link::{Addition, ConnectionState, Request, SecretRequest, VaultStatus};
use tradedeck::sim::alpaca::Options;

#[tokio::test]
async fn wrong_passphrases_are_told_apart_from_damage_and_cost_time() {
    let mut deck = Deck::connected(Options::default()).await;
    deck.restart().await;
    deck.until("a snapshot", |replica| replica.ready).await;
    deck.secret(SecretRequest::Unlock {
        passphrase: "wrong".to_owned().into(),
    });
    deck.until("the attempt failed", |replica| {
        matches!(&replica.vault, Some(VaultStatus::Locked { failures: 1, problem: Some(problem), .. })
            if problem.as_str().contains("passphrase"))
    })
    .await;
    // The next attempt is refused until the pause is over, and does not count.
    deck.secret(SecretRequest::Unlock {
        passphrase: PASSPHRASE.to_owned().into(),
    });
    deck.until("the attempt had to wait", |replica| {
        matches!(&replica.vault, Some(VaultStatus::Locked { problem: Some(problem), .. })
            if problem.as_str().contains("wait"))
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_there_again_after_a_restart() {
    let mut deck = Deck::connected(Options::default()).await;
    deck.restart().await;
    deck.secret(SecretRequest::Unlock {
        passphrase: PASSPHRASE.to_owned().into(),
    });
    deck.until("the connection is live", |replica| {
        replica
            .connections
            .values()
            .any(|it| it.state == ConnectionState::Live)
    })
    .await;
}

#[tokio::test]
async fn refused_credentials_are_not_kept() {
    let mut deck = Deck::without_vault(Options::default()).await;
    deck.create_vault().await;
    let mut customer = deck.customer(true);
    customer.secret = "x".repeat(40);
    let addition = deck.add(&customer, Environment::Paper).await;
    assert!(matches!(addition, Addition::Refused { .. }), "{addition:?}");
    let addition = deck.add(&deck.customer(true), Environment::Live).await;
    assert!(!matches!(addition, Addition::Added { .. }), "{addition:?}");
    assert!(deck.replica.connections.is_empty());
}

#[tokio::test]
async fn locking_drops_connections_and_unlocking_brings_them_back() {
    let mut deck = Deck::connected(Options::default()).await;
    deck.request(Request::Lock);
    deck.until("locked", |replica| {
        matches!(replica.vault, Some(VaultStatus::Locked { .. }))
    })
    .await;
    assert!(
        deck.replica
            .connections
            .values()
            .all(|it| it.state == ConnectionState::Disconnected)
    );
    assert!(!deck.replica.accounts.is_empty());
    deck.secret(SecretRequest::Unlock {
        passphrase: PASSPHRASE.to_owned().into(),
    });
    deck.until("live again", |replica| {
        replica
            .connections
            .values()
            .any(|it| it.state == ConnectionState::Live)
    })
    .await;
}

#[tokio::test]
async fn nothing_secret_is_readable_on_disk() {
    let mut deck = Deck::connected(Options::default()).await;
    let customer = deck.customer(true);
    deck.stop().await;
    let mut files = vec![deck.folder()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in [&customer.key, &customer.secret, &PASSPHRASE.to_owned()] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "a secret stands in {}", path.display());
        }
        read += 1;
    }
    assert!(read > 2, "the vault is on the disk");
}
