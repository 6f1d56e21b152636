//! An order's way: request, check, journal, venue, fill, position.

use super::deck::{Deck, PASSPHRASE};
use rust_decimal::Decimal;
use tradedeck::domain::{
    AccountId, AssetClass, ClientOrderId, Exits, Mode, OrderDraft, OrderKind, OrderSize,
    OrderState, Quantity, Side, Symbol, TimeInForce,
};
use tradedeck::link::{Replica, Request, SecretRequest, VaultStatus};
use tradedeck::sim::alpaca::Options;

fn draft(account: AccountId, kind: OrderKind) -> OrderDraft {
    OrderDraft {
        account,
        mode: Mode::Paper,
        symbol: Symbol::new("MSFT"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity(Quantity(Decimal::from(3))),
        kind,
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn account(replica: &Replica) -> AccountId {
    replica.accounts.keys().next().unwrap().clone()
}

fn held(replica: &Replica, symbol: &str) -> Decimal {
    let symbol = Symbol::new(symbol);
    replica
        .all_positions()
        .filter(|position| position.symbol == symbol)
        .map(|position| position.quantity.0)
        .sum()
}

fn state<'a>(replica: &'a Replica, id: &ClientOrderId) -> Option<&'a OrderState> {
    replica.orders.get(id).map(|order| &order.state)
}

#[tokio::test]
async fn a_market_order_fills_and_changes_the_position() {
    let mut deck = Deck::connected(Options::default()).await;
    deck.until("positions were read", |replica| {
        !replica.positions.is_empty()
    })
    .await;
    let before = held(&deck.replica, "MSFT");
    let id = ClientOrderId::from_random([7; 16]);
    deck.request(Request::PlaceOrder {
        id: id.clone(),
        draft: draft(account(&deck.replica), OrderKind::Market),
    });
    deck.until("the order is filled", |replica| {
        state(replica, &id) == Some(&OrderState::Filled)
    })
    .await;
    deck.until("the position changed", |replica| {
        held(replica, "MSFT") == before + Decimal::from(3)
    })
    .await;
    assert!(deck.replica.orders[&id].average_price.is_some());
}

#[tokio::test]
async fn a_working_order_is_cancelled() {
    let mut deck = Deck::connected(Options::default()).await;
    let id = ClientOrderId::from_random([8; 16]);
    let kind = OrderKind::Limit {
        limit: "1.00".parse().unwrap(),
    };
    deck.request(Request::PlaceOrder {
        id: id.clone(),
        draft: draft(account(&deck.replica), kind),
    });
    deck.until("the order works", |replica| {
        state(replica, &id) == Some(&OrderState::Working)
    })
    .await;
    deck.request(Request::CancelOrder { id: id.clone() });
    deck.until("the order is cancelled", |replica| {
        state(replica, &id) == Some(&OrderState::Cancelled)
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_the_order_exists_once() {
    let mut deck = Deck::connected(Options::default()).await;
    deck.sim.faults().cue("orders.post:drop-after:1").unwrap();
    let id = ClientOrderId::from_random([9; 16]);
    deck.request(Request::PlaceOrder {
        id: id.clone(),
        draft: draft(account(&deck.replica), OrderKind::Market),
    });
    deck.until("the order is found", |replica| {
        state(replica, &id) == Some(&OrderState::Filled)
    })
    .await;
    let copies = deck
        .replica
        .orders
        .values()
        .filter(|order| order.id == id)
        .count();
    assert_eq!(copies, 1);
}

#[tokio::test]
async fn an_order_that_was_open_at_the_end_is_resolved_at_the_next_start() {
    let mut deck = Deck::connected(Options::default()).await;
    let id = ClientOrderId::from_random([10; 16]);
    let kind = OrderKind::Limit {
        limit: "1.00".parse().unwrap(),
    };
    deck.request(Request::PlaceOrder {
        id: id.clone(),
        draft: draft(account(&deck.replica), kind),
    });
    deck.until("the order works", |replica| {
        state(replica, &id) == Some(&OrderState::Working)
    })
    .await;
    deck.restart().await;
    deck.secret(SecretRequest::Unlock {
        passphrase: PASSPHRASE.to_owned().into(),
    });
    deck.until("the vault is open", |replica| {
        matches!(replica.vault, Some(VaultStatus::Open { .. }))
    })
    .await;
    deck.until("the order works again", |replica| {
        state(replica, &id) == Some(&OrderState::Working)
    })
    .await;
}
