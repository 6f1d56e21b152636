//! One ticket that is right, and each way to make it wrong.

use super::*;
use crate::domain::{AccountId, ConnectionId, Currency, Mode, ProviderId};

fn typed() -> Typed {
    Typed {
        side: Side::Buy,
        symbol: "aapl".into(),
        by_amount: false,
        size: "100".into(),
        kind: Kind::Limit,
        limit: "189.90".into(),
        stop: String::new(),
        by_percent: false,
        trail: String::new(),
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: ExitKind::None,
        take_profit: String::new(),
        stop_loss: String::new(),
        stop_loss_limit: String::new(),
    }
}

fn account(environment: Environment) -> Account {
    Account {
        id: AccountId {
            connection: ConnectionId::new("alpaca"),
            number: "PA3R4QS34821".into(),
        },
        provider: ProviderId::new("alpaca"),
        environment,
        name: "margin".into(),
        currency: Currency::USD,
        restriction: None,
    }
}

fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("AAPL"),
        name: "Apple Inc.".into(),
        class: AssetClass::Equity,
        currency: Currency::USD,
        tick: "0.01".parse().unwrap(),
        lot: Decimal::ONE,
        tradable: true,
        fractionable: false,
        shortable: true,
    }
}

fn draft(change: impl FnOnce(&mut Typed)) -> Result<OrderDraft, Problems> {
    let mut ticket = typed();
    change(&mut ticket);
    ticket.draft(Facts {
        account: Some(&account(Environment::Paper)),
        is_connected: true,
        is_asked: false,
        instrument: Some(&instrument()),
    })
}

fn kind(change: impl FnOnce(&mut Typed)) -> String {
    draft(change).unwrap().kind.to_string()
}

fn refuses(of: Of, words: &str, change: impl FnOnce(&mut Typed)) {
    let problems = draft(change).unwrap_err();
    let found = problems
        .iter()
        .any(|(field, problem)| *field == of && problem.contains(words));
    assert!(found, "{words}: {problems:?}");
}

#[test]
fn a_ticket_becomes_the_order_it_says() {
    let order = draft(|_| {}).unwrap();
    assert_eq!(order.symbol.as_str(), "AAPL");
    assert_eq!(order.mode, Mode::Paper);
    assert_eq!(order.size, OrderSize::Quantity("100".parse().unwrap()));
    assert_eq!(order.exits, Exits::None);
    assert_eq!(order.class, AssetClass::Equity);
}

#[test]
fn every_type_takes_its_own_prices_and_no_other() {
    let prices = |it: &mut Typed, kind| {
        it.kind = kind;
        it.limit = "189.90".into();
        it.stop = "191.5".into();
        it.trail = "1.5".into();
    };
    assert_eq!(kind(|it| prices(it, Kind::Market)), "market");
    assert_eq!(kind(|it| prices(it, Kind::Limit)), "limit 189.90");
    assert_eq!(kind(|it| prices(it, Kind::Stop)), "stop 191.5");
    assert_eq!(
        kind(|it| prices(it, Kind::StopLimit)),
        "stop 191.5 limit 189.90"
    );
    assert_eq!(kind(|it| prices(it, Kind::Trailing)), "trail 1.5");
    let by_percent = |it: &mut Typed| {
        prices(it, Kind::Trailing);
        it.by_percent = true;
    };
    assert_eq!(kind(by_percent), "trail 1.5%");
}

#[test]
fn what_is_missing_or_no_number_is_told_at_its_field() {
    refuses(Of::Symbol, "type a symbol", |it| it.symbol = " ".into());
    refuses(Of::Size, "this is needed", |it| it.size.clear());
    refuses(Of::Size, "without commas", |it| it.size = "1,000".into());
    refuses(Of::Size, "more than zero", |it| it.size = "0".into());
    refuses(Of::Limit, "not a number", |it| it.limit = "abc".into());
    refuses(Of::Limit, "tick size 0.01", |it| {
        it.limit = "189.905".into()
    });
    refuses(Of::Stop, "this is needed", |it| it.kind = Kind::Stop);
    refuses(Of::Trail, "this is needed", |it| it.kind = Kind::Trailing);
    refuses(Of::Trail, "less than 100", |it| {
        it.kind = Kind::Trailing;
        it.by_percent = true;
        it.trail = "100".into();
    });
}

#[test]
fn sizes_follow_the_instrument_and_the_type() {
    refuses(Of::Size, "whole units only", |it| it.size = "1.5".into());
    refuses(Of::Size, "market order for the day", |it| {
        it.by_amount = true
    });
    refuses(Of::Size, "two decimals", |it| {
        it.by_amount = true;
        it.kind = Kind::Market;
        it.size = "100.001".into();
    });
    let by_amount = draft(|it| {
        it.by_amount = true;
        it.kind = Kind::Market;
        it.size = "500".into();
    });
    assert_eq!(
        by_amount.unwrap().size,
        OrderSize::Notional(Decimal::from(500))
    );
}

#[test]
fn extended_hours_take_limit_orders_only() {
    let extended = |kind, time| {
        draft(move |it| {
            it.kind = kind;
            it.time_in_force = time;
            it.extended_hours = true;
        })
    };
    assert!(
        extended(Kind::Limit, TimeInForce::Day)
            .unwrap()
            .extended_hours
    );
    assert!(extended(Kind::Limit, TimeInForce::GoodTilCancelled).is_ok());
    for (kind, time) in [
        (Kind::Market, TimeInForce::Day),
        (Kind::Limit, TimeInForce::FillOrKill),
    ] {
        assert_eq!(extended(kind, time).unwrap_err()[0].0, Of::Hours);
    }
}

#[test]
fn exits_lie_on_either_side_of_each_other() {
    let bracket = |side, profit: &str, loss: &str| {
        let (profit, loss) = (profit.to_owned(), loss.to_owned());
        draft(move |it| {
            it.side = side;
            it.exits = ExitKind::Bracket;
            it.take_profit = profit;
            it.stop_loss = loss;
        })
    };
    assert!(bracket(Side::Buy, "200", "180").is_ok());
    assert!(bracket(Side::Sell, "180", "200").is_ok());
    assert!(bracket(Side::Buy, "180", "200").is_err());
    assert!(bracket(Side::Sell, "200", "180").is_err());
    assert!(bracket(Side::Buy, "200", "200").is_err());
    let loss = draft(|it| {
        it.exits = ExitKind::StopLoss;
        it.stop_loss = "180".into();
        it.stop_loss_limit = "179.50".into();
        it.take_profit = "not looked at".into();
    });
    let Exits::StopLoss(loss) = loss.unwrap().exits else {
        panic!("not a stop loss");
    };
    assert_eq!(loss.limit, Some("179.50".parse().unwrap()));
    refuses(Of::StopLossLimit, "not a number", |it| {
        it.exits = ExitKind::StopLoss;
        it.stop_loss = "180".into();
        it.stop_loss_limit = "x".into();
    });
}

#[test]
fn the_account_must_be_a_paper_account_that_can_be_reached() {
    let problem = |account: Option<&Account>, is_connected, is_asked| {
        let facts = Facts {
            account,
            is_connected,
            is_asked,
            instrument: None,
        };
        typed().draft(facts).unwrap_err().swap_remove(0)
    };
    let (paper, live) = (account(Environment::Paper), account(Environment::Live));
    for ((of, text), words) in [
        (problem(None, true, false), "no account"),
        (problem(Some(&live), true, false), "…4821 is a live account"),
        (problem(Some(&paper), false, false), "connection is down"),
        (problem(Some(&paper), true, true), "answer that first"),
    ] {
        assert!(of == Of::Account && text.contains(words), "{text}");
    }
    let untradable = Instrument {
        tradable: false,
        ..instrument()
    };
    let facts = Facts {
        account: Some(&paper),
        is_connected: true,
        is_asked: false,
        instrument: Some(&untradable),
    };
    assert_eq!(typed().draft(facts).unwrap_err()[0].0, Of::Symbol);
}

#[test]
fn an_unknown_symbol_is_classed_by_its_spelling() {
    let cases = [
        ("AAPL", AssetClass::Equity),
        ("BRK.B", AssetClass::Equity),
        ("BTC/USD", AssetClass::Crypto),
        ("AAPL250620C00100000", AssetClass::Option),
        ("AAPL250620X00100000", AssetClass::Equity),
    ];
    for (text, class) in cases {
        assert_eq!(class_of(&Symbol::new(text), None), class, "{text}");
    }
}
