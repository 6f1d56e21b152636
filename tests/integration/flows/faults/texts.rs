//! Texts that would rewrite a terminal, and symbols that nobody knows.
//!
//! Every text that reaches a screen is looked at by the deck itself; here the far side sends what must not pass.

use super::super::deck::{Deck, says};
use super::brisk;
use rust_decimal::Decimal;
use tradedeck::domain::{
    ClientOrderId, Environment, OrderDraft, OrderSize, Quantity, Symbol, Timeframe,
};
use tradedeck::link::{Addition, Request};

/// What stands in the place of a character that may not be shown, and what followed it.
const DEFUSED: &str = "\u{fffd}[2J";

#[tokio::test]
async fn nothing_that_steers_a_terminal_comes_through() {
    let mut deck = Deck::connected(brisk()).await;
    deck.cue("any:escape:*,data_stream:escape:*,trading_stream:escape:*");
    let symbol = Symbol::new("AAPL");
    deck.request(Request::Watch {
        symbols: vec![symbol.clone()],
    });
    deck.request(Request::LookUp {
        symbol: symbol.clone(),
    });
    let timeframe = Timeframe::Day;
    deck.request(Request::LoadBars { symbol, timeframe });
    deck.request(Request::LoadEquity {
        account: deck.account(),
    });
    deck.request(Request::Refresh { connection: None });
    let too_much = OrderSize::Quantity(Quantity(Decimal::from(1_000_000)));
    for (number, size) in [(70, deck.buy("KO").size), (71, too_much)] {
        deck.request(Request::PlaceOrder {
            id: ClientOrderId::from_random([number; 16]),
            draft: OrderDraft {
                size,
                ..deck.buy("KO")
            },
        });
    }
    deck.until("positions, orders and a refusal arrived", |replica| {
        let mut positions = replica.all_positions();
        let mut orders = replica.orders.values();
        positions.any(|it| it.symbol.as_str().contains(DEFUSED))
            && orders.any(|it| it.draft.symbol.as_str().contains(DEFUSED))
            && says(replica, "insufficient buying power")
            && says(replica, "read (asked for)")
    })
    .await;
    deck.sim.faults().clear();
    deck.request(Request::Refresh { connection: None });
    deck.until_live().await;
}

#[tokio::test]
async fn an_account_with_a_hostile_name_can_be_connected() {
    let mut deck = Deck::without_vault(brisk()).await;
    deck.create_vault().await;
    deck.cue("account.get:escape:1");
    let addition = deck.add(&deck.customer(true), Environment::Paper).await;
    let Addition::Added { accounts, .. } = addition else {
        panic!("{addition:?}");
    };
    assert!(
        accounts[0].number.as_str().contains(DEFUSED),
        "{accounts:?}"
    );
}

#[tokio::test]
async fn a_symbol_that_nobody_knows_is_named() {
    let mut deck = Deck::connected(brisk()).await;
    let symbol = Symbol::new("NOPE");
    deck.request(Request::Watch {
        symbols: vec![Symbol::new("AAPL"), symbol.clone()],
    });
    deck.until("watching it is answered", |replica| {
        says(replica, "no market data for NOPE at deck")
    })
    .await;
    deck.request(Request::LookUp { symbol });
    deck.until("looking it up is answered", |replica| {
        says(
            replica,
            "no connection knows the symbol NOPE; check its spelling",
        )
    })
    .await;
    deck.until("the other is carried", |replica| {
        replica.quotes.contains_key(&Symbol::new("AAPL"))
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_answered_too() {
    let mut deck = Deck::without_vault(brisk()).await;
    deck.create_vault().await;
    deck.request(Request::LookUp {
        symbol: Symbol::new("AAPL"),
    });
    deck.until("there is nobody to ask", |replica| {
        says(replica, "no connection with market data is there to ask")
    })
    .await;
}
