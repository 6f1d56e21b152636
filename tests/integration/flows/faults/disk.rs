//! What lies on the disk and is not as it was left: said in a sentence, with what to do.

use super::super::deck::{Deck, says};
use super::brisk;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tradedeck::domain::{ClientOrderId, OrderState};
use tradedeck::link::{Replica, Request, VaultStatus};
use tradedeck::start::StartError;
use tradedeck::vault::VaultError;

const JOURNAL: &str = "journal.redb";
const VAULT: &str = "vault.sled";

/// Stops the program, has something done to its folder, and starts it again.
async fn meanwhile(deck: &mut Deck, act: impl FnOnce(&Path)) {
    deck.stop().await;
    act(&deck.folder());
    deck.restart().await;
}

/// Nobody can trade, everybody can look.
async fn looks_but_does_not_trade(mut deck: Deck, words: &str) {
    deck.unlock().await;
    deck.until("the person is told", |replica| {
        says(replica, "orders cannot be sent") && says(replica, words)
    })
    .await;
    deck.until_live().await;
    let id = ClientOrderId::from_random([90; 16]);
    deck.request(Request::PlaceOrder {
        id: id.clone(),
        draft: deck.buy("MSFT"),
    });
    deck.until("the order is refused", |replica| {
        let order = replica.orders.get(&id);
        matches!(order.map(|it| &it.state), Some(OrderState::Rejected { reason })
            if reason.as_str().contains("nothing was sent") && reason.as_str().contains(words))
    })
    .await;
    assert_eq!(deck.sim.faults().seen("orders", "post"), 0);
}

#[tokio::test]
async fn a_damaged_journal_costs_trading_and_not_the_sign_in() {
    let damages: [fn(Vec<u8>) -> Vec<u8>; 4] = [
        |_| b"not a journal at all".to_vec(),
        |whole| whole[..whole.len() / 2].to_vec(),
        |whole| vec![0xff; whole.len()],
        |mut whole| {
            let middle = whole.len() / 2;
            whole[..middle].fill(0);
            whole
        },
    ];
    super::each(&damages, async |mut deck, damage| {
        meanwhile(&mut deck, |folder| {
            let journal = folder.join(JOURNAL);
            let whole = fs::read(&journal).unwrap();
            fs::write(&journal, damage(whole)).unwrap();
        })
        .await;
        looks_but_does_not_trade(deck, "the order journal is damaged").await;
    })
    .await;
}

#[tokio::test]
async fn a_journal_of_another_vault_costs_trading_and_not_the_sign_in() {
    let other = Deck::connected(brisk()).await;
    let mut deck = Deck::connected(brisk()).await;
    meanwhile(&mut deck, |folder| {
        fs::copy(other.folder().join(JOURNAL), folder.join(JOURNAL)).unwrap();
    })
    .await;
    looks_but_does_not_trade(deck, "sealed by another vault").await;
}

#[tokio::test]
async fn a_vault_of_another_folder_does_not_take_this_one_s_journal() {
    let mut other = Deck::connected(brisk()).await;
    other.stop().await;
    let mut deck = Deck::connected(brisk()).await;
    meanwhile(&mut deck, |folder| {
        fs::remove_dir_all(folder.join(VAULT)).unwrap();
        fs::rename(other.folder().join(VAULT), folder.join(VAULT)).unwrap();
        // Or it would be told before the journal is looked at: this machine remembers the vault that was here.
        fs::remove_file(folder.with_file_name("state").join("anchor")).unwrap();
    })
    .await;
    deck.unlock().await;
    deck.until("the person is told", |replica| {
        says(replica, "sealed by another vault")
    })
    .await;
}

/// The sentence of a vault that cannot be used.
fn broken(replica: &Replica) -> Option<&str> {
    match &replica.vault {
        Some(VaultStatus::Broken { problem, .. }) => Some(problem.as_str()),
        _ => None,
    }
}

#[tokio::test]
async fn a_damaged_vault_is_left_alone_and_named() {
    type Damage = (fn(&Path), &'static str);
    let damages: [Damage; 4] = [
        (
            |vault| fs::write(vault.join("db"), [0xff; 4096]).unwrap(),
            "the vault is damaged",
        ),
        (
            |vault| fs::remove_file(vault.join("db")).unwrap(),
            "the vault is damaged",
        ),
        (
            |vault| fs::write(vault.join("conf"), "nothing that a store wrote").unwrap(),
            "the vault is damaged",
        ),
        (
            |vault| {
                let all = Permissions::from_mode(0o644);
                fs::set_permissions(vault.join("db"), all).unwrap();
            },
            "run: chmod",
        ),
    ];
    super::each(&damages, async |mut deck, (damage, words)| {
        meanwhile(&mut deck, |folder| damage(&folder.join(VAULT))).await;
        deck.until(words, |replica| {
            broken(replica).is_some_and(|problem| problem.contains(words))
        })
        .await;
        deck.request(Request::Refresh { connection: None });
        deck.secret(tradedeck::link::SecretRequest::Unlock {
            passphrase: "whatever".to_owned().into(),
        });
        deck.until("it stays so", |replica| broken(replica).is_some())
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_store_without_its_settings_writes_them_anew() {
    let losses: [fn(&Path); 2] = [
        |conf| fs::write(conf, "").unwrap(),
        |conf| fs::remove_file(conf).unwrap(),
    ];
    super::each(&losses, async |mut deck, lose| {
        meanwhile(&mut deck, |folder| lose(&folder.join(VAULT).join("conf"))).await;
        deck.unlock().await;
        deck.until_live().await;
    })
    .await;
}

#[tokio::test]
async fn a_second_program_is_told_who_has_the_vault() {
    let deck = Deck::connected(brisk()).await;
    let error = deck.start_again().unwrap();
    assert!(matches!(error, VaultError::InUse { .. }));
    let words = StartError::from(error).to_string();
    let pid = std::process::id();
    let expected =
        format!("another tradedeck is using this vault: process {pid} on test, since now");
    assert_eq!(words, expected);
}
