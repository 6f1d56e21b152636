//! A reading that goes wrong: the connection says why, keeps its last data and recovers by itself.

use super::super::deck::{Deck, connection, says};
use super::each;
use tradedeck::domain::{Quantity, Symbol};
use tradedeck::link::{ConnectionState, Replica, Request};

/// A fault of an answer and words of the sentence it ends in.
const FAULTS: [(&str, &str); 13] = [
    ("html", "a web page came instead of data"),
    ("cut", "the connection broke"),
    ("huge", "the answer is larger than"),
    ("half-open", "waiting for an answer took longer than"),
    ("slow-2000", "waiting for an answer took longer than"),
    ("wrong-type", "the answer could not be read"),
    ("bad-json", "the answer could not be read"),
    ("empty", "the answer could not be read"),
    ("drop", "the connection broke"),
    ("redirect", "a redirect (status 307) was refused"),
    ("404", "not found"),
    ("500", "the provider has a problem of its own (status 500)"),
    ("503", "the provider has a problem of its own (status 503)"),
];

#[tokio::test]
async fn accounts_that_cannot_be_read_keep_their_last_data() {
    each(&FAULTS, async |deck, (fault, words)| {
        goes_wrong_and_recovers(deck, &format!("account.get:{fault}:*"), words).await;
    })
    .await;
}

#[tokio::test]
async fn positions_that_cannot_be_read_keep_their_last_data() {
    each(&FAULTS, async |deck, (fault, words)| {
        goes_wrong_and_recovers(deck, &format!("positions.get:{fault}:*"), words).await;
    })
    .await;
}

#[tokio::test]
async fn orders_that_cannot_be_read_keep_their_last_data() {
    each(&FAULTS, async |deck, (fault, words)| {
        goes_wrong_and_recovers(deck, &format!("orders.get:{fault}:*"), words).await;
    })
    .await;
}

async fn goes_wrong_and_recovers(mut deck: Deck, cue: &str, words: &str) {
    let last_sync = connection(&deck.replica).last_sync;
    let accounts = deck.replica.accounts.clone();
    let (positions, orders) = (holdings(&deck.replica), deck.replica.orders.clone());
    deck.cue(cue);
    deck.request(Request::Refresh { connection: None });
    deck.until(cue, |replica| {
        let state = &connection(replica).state;
        let is_told =
            matches!(state, ConnectionState::Retrying { why, .. } if why.as_str().contains(words));
        is_told && says(replica, words)
    })
    .await;
    assert_eq!(deck.replica.accounts, accounts, "{cue}");
    assert_eq!(holdings(&deck.replica), positions, "{cue}");
    assert_eq!(deck.replica.orders, orders, "{cue}");
    assert!(!deck.replica.balances.is_empty(), "{cue}");
    assert_eq!(connection(&deck.replica).last_sync, last_sync, "{cue}");
    deck.sim.faults().clear();
    deck.until(&format!("recovery from {cue}"), |replica| {
        let now = connection(replica);
        now.state == ConnectionState::Live && now.last_sync > last_sync
    })
    .await;
}

fn holdings(replica: &Replica) -> Vec<(Symbol, Quantity)> {
    let all = replica.all_positions();
    all.map(|it| (it.symbol.clone(), it.quantity)).collect()
}

#[tokio::test]
async fn refused_credentials_want_the_person_and_keep_the_last_data() {
    let targets = ["account.get", "positions.get", "orders.get"];
    each(&targets, async |mut deck, target| {
        let positions = holdings(&deck.replica);
        deck.cue(&format!("{target}:401:1"));
        deck.request(Request::Refresh { connection: None });
        deck.until(target, |replica| {
            let state = &connection(replica).state;
            matches!(state, ConnectionState::NeedsSignIn { why } if why.as_str().contains("not authorized"))
        })
        .await;
        assert_eq!(holdings(&deck.replica), positions);
        assert!(connection(&deck.replica).feeds.iter().all(|feed| !feed.live));
        let connection = connection(&deck.replica).id.clone();
        deck.request(Request::Connect { connection });
        deck.until_live().await;
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_off_is_shown() {
    each(&["skew-3600", "skew--3600"], async |mut deck, skew| {
        deck.cue(&format!("account.get:{skew}:1"));
        deck.request(Request::Refresh { connection: None });
        deck.until(skew, |replica| {
            let off = connection(replica).clock_skew_ms;
            off.is_some_and(|off| (3_500_000..3_700_000).contains(&off.abs()))
        })
        .await;
    })
    .await;
}
