//! Orders as they leave and as they are read, against answers as they are documented.

mod changes;
mod reading;
mod sending;
mod settling;

use super::*;
use crate::domain::money::decimal;
use crate::domain::order::OrderChange;
use crate::domain::{
    Account, AssetClass, ClientOrderId, Currency, Exits, Mode, Order, OrderDraft, OrderKind,
    OrderSize, OrderState, ProviderId, Side, StopLoss, Symbol, Text, TimeInForce, TrailBy,
};
use crate::engine::risk::{self, Approved, ApprovedChange, Check, Paper};
use crate::net::error::Step;
use crate::net::http::Retry;
use crate::providers::provider::Placed;
use std::time::Duration;

const OURS: &str = "5680c4bc-9ac1-4a12-a44c-df427ba53032";

fn draft(kind: OrderKind) -> OrderDraft {
    OrderDraft {
        account: account_id(),
        mode: Mode::Paper,
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity("2".parse().unwrap()),
        kind,
        time_in_force: TimeInForce::GoodTilCancelled,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn limit(price: &str) -> OrderKind {
    OrderKind::Limit {
        limit: price.parse().unwrap(),
    }
}

fn approving<T>(approve: impl FnOnce(&Check<'_>) -> Result<T, Text>) -> T {
    let account = Account {
        id: account_id(),
        provider: ProviderId::new("alpaca"),
        environment: Environment::Paper,
        name: Text::default(),
        currency: Currency::USD,
        restriction: None,
    };
    let check = Check {
        account: &account,
        is_reachable: true,
        read_only: false,
        instrument: None,
        open: Vec::new(),
    };
    approve(&check).unwrap_or_else(|reason| panic!("{reason}"))
}

fn approved(draft: OrderDraft) -> Approved<Paper> {
    approving(|check| risk::approve(ClientOrderId::new(OURS), draft, check))
}

async fn place(answer: Outcome) -> (Placed, Rig) {
    let rig = paper(vec![answer]);
    let placed = rig
        .provider
        .orders()
        .unwrap()
        .place(&approved(draft(limit("150"))))
        .await;
    (placed, rig)
}

/// What is sent for a draft, as JSON.
async fn body(draft: OrderDraft) -> String {
    let rig = paper(vec![ok("order_equity")]);
    rig.provider.orders().unwrap().place(&approved(draft)).await;
    assert_eq!(rig.sent(), ["POST paper-api.alpaca.markets/v2/orders"]);
    assert_eq!(rig.seen.lock().unwrap()[0].retry, Retry::Never);
    rig.body(0)
}

async fn check(draft: OrderDraft, expected: &str) {
    let ours = format!(r#""client_order_id":"{OURS}""#);
    assert_eq!(body(draft).await.replace(&ours, "ID"), expected);
}

fn approved_change(change: OrderChange) -> ApprovedChange<Paper> {
    let order = Order {
        id: ClientOrderId::new("before"),
        provider_id: Some("x".into()),
        draft: draft(limit("1")),
        state: OrderState::Working,
        filled: "0".parse().unwrap(),
        average_price: None,
        created: Timestamp::EPOCH,
        updated: Timestamp::EPOCH,
        replaces: None,
        parent: None,
    };
    let change = if change == OrderChange::default() {
        OrderChange {
            quantity: Some("3".parse().unwrap()),
            ..change
        }
    } else {
        change
    };
    let after = draft(limit("155"));
    approving(|check| {
        risk::approve_change(ClientOrderId::new(OURS), (&after, change), &order, check)
    })
}
