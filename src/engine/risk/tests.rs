use super::*;
use crate::domain::money::decimal;
use crate::domain::order::StopLoss;
use crate::domain::{
    AccountId, AssetClass, ConnectionId, Currency, Price, ProviderId, Quantity, Symbol, Timestamp,
};

fn account(environment: Environment) -> Account {
    Account {
        id: AccountId {
            connection: ConnectionId::new("alpaca"),
            number: "PA34821".into(),
        },
        provider: ProviderId::new("alpaca"),
        environment,
        name: "margin".into(),
        currency: Currency::USD,
        restriction: None,
    }
}

fn draft() -> OrderDraft {
    OrderDraft {
        account: account(Environment::Paper).id,
        mode: Mode::Paper,
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity(Quantity(Decimal::from(10))),
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn quantity(text: &str) -> OrderSize {
    OrderSize::Quantity(text.parse().unwrap())
}

fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("AAPL"),
        name: "Apple Inc.".into(),
        class: AssetClass::Equity,
        currency: Currency::USD,
        tick: decimal("0.01").unwrap(),
        lot: Decimal::ONE,
        tradable: true,
        fractionable: false,
        shortable: true,
    }
}

/// Approves `draft` after `change`, against an account in good order.
fn verdict(change: impl FnOnce(&mut OrderDraft)) -> Result<(), String> {
    let (account, instrument) = (account(Environment::Paper), instrument());
    let check = Check {
        account: &account,
        is_reachable: true,
        read_only: false,
        instrument: Some(&instrument),
        open: vec![],
    };
    let mut draft = draft();
    change(&mut draft);
    approve(ClientOrderId::new("1"), draft, &check)
        .map(|_| ())
        .map_err(|reason| reason.to_string())
}

fn refuses(words: &str, change: impl FnOnce(&mut OrderDraft)) {
    let refusal = verdict(change).expect_err(words);
    assert!(
        refusal.contains(words),
        "{refusal:?} does not say {words:?}"
    );
}

#[test]
fn an_honest_order_passes() {
    assert_eq!(verdict(|_| {}), Ok(()));
    assert_eq!(
        verdict(|it| it.kind = OrderKind::Limit {
            limit: price("189.90")
        }),
        Ok(())
    );
    assert_eq!(
        verdict(|it| it.size = OrderSize::Notional(decimal("250.50").unwrap())),
        Ok(())
    );
}

#[test]
fn sizes_are_checked() {
    refuses("more than zero", |it| it.size = quantity("0"));
    refuses("more than zero", |it| it.size = quantity("-5"));
    refuses("whole units", |it| it.size = quantity("1.5"));
    refuses("more than two decimals", |it| {
        it.size = OrderSize::Notional(decimal("1.005").unwrap())
    });
    refuses("market order for the day", |it| {
        it.size = OrderSize::Notional(Decimal::ONE);
        it.time_in_force = TimeInForce::GoodTilCancelled;
    });
}

#[test]
fn prices_are_checked() {
    refuses("more than zero", |it| {
        it.kind = OrderKind::Limit { limit: price("0") }
    });
    refuses("tick size", |it| {
        it.kind = OrderKind::Limit {
            limit: price("189.905"),
        }
    });
    refuses("tick size", |it| {
        it.kind = OrderKind::StopLimit {
            stop: price("1.001"),
            limit: price("1"),
        }
    });
    refuses("trailing distance", |it| {
        it.kind = OrderKind::TrailingStop {
            trail: TrailBy::Percent(Decimal::ZERO),
        };
    });
    refuses("wrong side", |it| {
        let stop_loss = StopLoss {
            stop: price("200"),
            limit: None,
        };
        it.exits = Exits::Bracket {
            take_profit: price("190"),
            stop_loss,
        };
    });
}

#[test]
fn extended_hours_take_limit_orders_only() {
    refuses("extended hours", |it| it.extended_hours = true);
    refuses("extended hours", |it| {
        it.extended_hours = true;
        it.kind = OrderKind::Limit { limit: price("1") };
        it.time_in_force = TimeInForce::FillOrKill;
    });
}

#[test]
fn nothing_reaches_a_live_account() {
    let (live, paper) = (account(Environment::Live), account(Environment::Paper));
    for (account, mode) in [
        (&live, Mode::Paper),
        (&live, Mode::Live),
        (&paper, Mode::Live),
    ] {
        let check = Check {
            account,
            is_reachable: true,
            read_only: false,
            instrument: None,
            open: vec![],
        };
        let draft = OrderDraft { mode, ..draft() };
        let refusal = approve(ClientOrderId::new("1"), draft, &check).unwrap_err();
        assert!(
            refusal.as_str().contains("paper accounts only"),
            "{refusal}"
        );
    }
}

#[test]
fn a_read_only_run_and_a_dead_connection_send_nothing() {
    let account = account(Environment::Paper);
    for (read_only, is_reachable, words) in [
        (true, true, "read-only"),
        (false, false, "connection is down"),
    ] {
        let check = Check {
            account: &account,
            is_reachable,
            read_only,
            instrument: None,
            open: vec![],
        };
        let refusal = approve(ClientOrderId::new("1"), draft(), &check).unwrap_err();
        assert!(refusal.as_str().contains(words), "{refusal}");
    }
}

#[test]
fn an_unknown_order_blocks_its_symbol_and_side_only() {
    let account = account(Environment::Paper);
    let unknown = Order {
        id: ClientOrderId::new("0"),
        provider_id: None,
        draft: draft(),
        state: OrderState::Unknown {
            since: Timestamp::EPOCH,
            why: "time-out".into(),
        },
        filled: Quantity::ZERO,
        average_price: None,
        created: Timestamp::EPOCH,
        updated: Timestamp::EPOCH,
        replaces: None,
        parent: None,
    };
    let cases = [
        ("AAPL", Side::Buy, false),
        ("AAPL", Side::Sell, true),
        ("MSFT", Side::Buy, true),
    ];
    for (symbol, side, passes) in cases {
        let open = vec![&unknown];
        let check = Check {
            account: &account,
            is_reachable: true,
            read_only: false,
            instrument: None,
            open,
        };
        let draft = OrderDraft {
            symbol: Symbol::new(symbol),
            side,
            ..draft()
        };
        assert_eq!(
            approve(ClientOrderId::new("1"), draft, &check).is_ok(),
            passes,
            "{symbol} {side:?}"
        );
    }
}
