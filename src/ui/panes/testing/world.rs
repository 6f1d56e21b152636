//! The small world: accounts of several environments, positions, quotes and orders of every kind.

use super::{EURO, LOST, PAPER, REAL, SIGNED_OUT, account, at};
use crate::domain::quote::Direction;
use crate::domain::{
    Account, AssetClass, Balance, ClientOrderId, ConnectionId, Currency, Environment, Exits,
    Level1, Mode, Order, OrderDraft, OrderKind, OrderSize, OrderState, Position, Price, ProviderId,
    Side, Symbol, TimeInForce, Timestamp, TradingStatus,
};
use crate::link::{ConnectionState, ConnectionStatus, FeedHealth, Replica, VaultRole, VaultStatus};
use std::time::Duration;

/// An account: number, name, currency, equity, equity at the close before, when it was read.
type AccountRow = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    Timestamp,
);

pub(super) fn world(now: Timestamp) -> Replica {
    let mut replica = Replica::default();
    replica.ready = true;
    replica.vault = Some(VaultStatus::Open {
        failures: 0,
        role: VaultRole::Trader,
    });
    for status in connections(now) {
        replica.connections.insert(status.id.clone(), status);
    }
    for (account, balance) in accounts(now) {
        replica.balances.insert(account.id.clone(), balance);
        replica.accounts.insert(account.id.clone(), account);
    }
    for position in positions(now) {
        let account = position.account.clone();
        replica.positions.entry(account).or_default().push(position);
    }
    let lines = quotes(now).into_iter();
    replica.quotes = lines.map(|line| (line.symbol.clone(), line)).collect();
    for order in orders() {
        replica.orders.insert(order.id.clone(), order);
    }
    replica
}

fn connections(now: Timestamp) -> Vec<ConnectionStatus> {
    let connection = |id: &str, title: &str, environment, state| ConnectionStatus {
        id: ConnectionId::new(id),
        provider: ProviderId::new(id),
        title: title.into(),
        environment,
        state,
        feeds: vec![],
        latency_ms: Some(48),
        calls: 10,
        errors: 0,
        requests_left: None,
        last_sync: Some(now),
        next_sync: None,
        way: "keys".into(),
        by_browser: false,
        session_until: None,
        sign_in_due: None,
        refresh_failures: 0,
        clock_skew_ms: None,
    };
    let retrying = ConnectionState::Retrying {
        at: now.plus(Duration::from_secs(4)),
        why: "no answer in 10 s".into(),
    };
    let signed_out = ConnectionState::NeedsSignIn {
        why: "session expired".into(),
    };
    let (paper, live) = (Environment::Paper, Environment::Live);
    let feed = FeedHealth {
        name: "quotes".into(),
        label: "IEX".into(),
        live: true,
        heard: Some(now),
        reconnects: 0,
        garbled: 0,
        messages: 1_000,
        not_live: vec![Symbol::new("ZZZZ")],
        problem: None,
    };
    vec![
        ConnectionStatus {
            feeds: vec![feed],
            ..connection("alpaca", "Alpaca", paper, ConnectionState::Live)
        },
        connection("alpaca-live", "Alpaca", live, ConnectionState::Live),
        connection("fidelity", "Fidelity", live, retrying),
        connection("ibkr", "IBKR", live, signed_out),
        ConnectionStatus {
            by_browser: false,
            session_until: None,
            sign_in_due: Some(now.plus(Duration::from_secs(6 * 86_400 + 4 * 3_600))),
            ..connection("saxo", "Saxo", live, ConnectionState::Live)
        },
        connection("schwab", "Schwab", live, ConnectionState::Disconnected),
    ]
}

fn accounts(now: Timestamp) -> Vec<(Account, Balance)> {
    let read = now.minus(Duration::from_secs(20));
    let rows: [AccountRow; 5] = [
        (PAPER, "margin", "USD", "104331.20", Some("103895.00"), read),
        (REAL, "IRA", "USD", "812004.55", Some("812898.75"), read),
        (
            SIGNED_OUT,
            "indiv",
            "USD",
            "58196.15",
            Some("58000.00"),
            at("2026-11-23T09:12:00Z"),
        ),
        (
            LOST,
            "401k",
            "USD",
            "201330.00",
            None,
            at("2026-11-22T12:00:00Z"),
        ),
        (EURO, "depot", "EUR", "9120.40", Some("9109.47"), read),
    ];
    let built = rows.map(|(number, name, currency, equity, before, as_of)| {
        let id = account(number);
        let currency = Currency::parse(currency).unwrap();
        let account = Account {
            provider: ProviderId::new(id.connection.as_str()),
            environment: if number == PAPER {
                Environment::Paper
            } else {
                Environment::Live
            },
            name: name.into(),
            currency,
            restriction: None,
            id: id.clone(),
        };
        let balance = Balance {
            account: id,
            currency,
            equity: equity.parse().unwrap(),
            previous_equity: before.map(|it| it.parse().unwrap()),
            cash: "20000.00".parse().unwrap(),
            buying_power: (number == PAPER).then(|| "40000.00".parse().unwrap()),
            as_of,
        };
        (account, balance)
    });
    built.into()
}

/// A position: account, symbol, quantity, average, reported price and close before; empty where not reported.
pub(crate) fn position(
    number: &str,
    symbol: &str,
    [quantity, average, reported, before]: [&str; 4],
    as_of: Timestamp,
) -> Position {
    let price = |text: &str| (!text.is_empty()).then(|| text.parse::<Price>().unwrap());
    let class = match symbol {
        "BTC/USD" => AssetClass::Crypto,
        "ESZ5" => AssetClass::Future,
        _ if symbol.len() > 12 => AssetClass::Option,
        _ => AssetClass::Equity,
    };
    Position {
        account: account(number),
        symbol: Symbol::new(symbol),
        class,
        currency: Currency::parse(if number == EURO { "EUR" } else { "USD" }).unwrap(),
        quantity: quantity.parse().unwrap(),
        available: None,
        average_price: price(average),
        multiplier: match symbol.len() {
            13.. => rust_decimal::Decimal::ONE_HUNDRED,
            _ => rust_decimal::Decimal::ONE,
        },
        reported_price: price(reported),
        previous_close: price(before),
        as_of,
    }
}

fn positions(now: Timestamp) -> Vec<Position> {
    let read = now.minus(Duration::from_secs(20));
    let option = "SPY251219C00600000";
    vec![
        position(PAPER, "AAPL", ["120", "171.20", "189.80", "187.62"], read),
        position(PAPER, "TSLA", ["-20", "251.00", "244.00", "246.81"], read),
        position(PAPER, option, ["-2", "3.10", "2.71", "2.70"], read),
        position(PAPER, "BTC/USD", ["0.25", "61200", "67000", ""], read),
        position(PAPER, "GME", ["10", "20", "23.05", "23.50"], read),
        position(PAPER, "ESZ5", ["1", "5900.25", "5987.25", ""], read),
        position(REAL, "AAPL", ["10", "180", "189.80", "187.62"], read),
        position(REAL, "VTI", ["410", "214.55", "243.00", "242.35"], read),
        position(REAL, "ZZZZ", ["3", "", "", ""], read),
        position(
            SIGNED_OUT,
            "JPM",
            ["40", "198.00", "240.66", "241.46"],
            at("2026-11-23T09:12:00Z"),
        ),
        position(
            LOST,
            "FXAIX",
            ["1020.113", "164.20", "197.36", ""],
            at("2026-11-22T12:00:00Z"),
        ),
        position(EURO, "ASML", ["5", "640", "690.10", "695"], read),
    ]
}

/// A quote: symbol, last, bid, ask, close before.
pub(crate) fn quote(symbol: &str, prices: [&str; 4], received: Timestamp) -> Level1 {
    let [last, bid, ask, before] =
        prices.map(|text| (!text.is_empty()).then(|| text.parse::<Price>().unwrap()));
    Level1 {
        source: "IEX".into(),
        last,
        bid,
        ask,
        volume: Some("41234567".parse().unwrap()),
        previous_close: before,
        received: Some(received),
        exchange_time: Some(received),
        ..Level1::unknown(Symbol::new(symbol))
    }
}

fn quotes(now: Timestamp) -> Vec<Level1> {
    let ago = |seconds| now.minus(Duration::from_secs(seconds));
    let line = |symbol, prices| quote(symbol, prices, now);
    vec![
        Level1 {
            direction: Direction::Up,
            ..line("AAPL", ["189.95", "189.94", "189.96", "187.62"])
        },
        Level1 {
            direction: Direction::Down,
            ..line("TSLA", ["244.10", "244.08", "244.13", "246.81"])
        },
        Level1 {
            source: "SIP".into(),
            delayed_minutes: 15,
            ..line("BTC/USD", ["67114.50", "67110", "67119", "68390.63"])
        },
        quote("GME", ["23.10", "23.09", "23.12", "23.50"], ago(40)),
        Level1 {
            status: TradingStatus::Halted("LULD".into()),
            ..quote("MSFT", ["411.22", "411.20", "411.25", "408.73"], ago(1))
        },
        Level1 {
            source: "random walk".into(),
            simulated: true,
            ..line("EUR/USD", ["1.08412", "1.0841", "1.0842", "1.08455"])
        },
        line("VTI", ["243.10", "243.09", "243.11", "242.35"]),
        line("JPM", ["240.70", "240.69", "240.71", "241.46"]),
    ]
}

/// An order for the paper account: id, side, symbol, kind.
pub(crate) fn order(id: &str, side: Side, symbol: &str, kind: OrderKind) -> Order {
    let moment = at("2026-11-23T14:31:02Z");
    Order {
        id: ClientOrderId::new(id),
        provider_id: Some(format!("venue-{id}").as_str().into()),
        draft: OrderDraft {
            account: account(PAPER),
            mode: Mode::Paper,
            symbol: Symbol::new(symbol),
            class: AssetClass::Equity,
            side,
            size: OrderSize::Quantity("100".parse().unwrap()),
            kind,
            time_in_force: TimeInForce::Day,
            extended_hours: false,
            exits: Exits::None,
        },
        state: OrderState::Working,
        filled: "0".parse().unwrap(),
        average_price: None,
        created: moment,
        updated: moment,
        replaces: None,
        parent: None,
    }
}

#[expect(clippy::too_many_lines, reason = "a table: an order in every state")]
/// An order in every state, the newest first.
fn orders() -> Vec<Order> {
    let price = |text: &str| text.parse::<Price>().unwrap();
    let limit = |text| OrderKind::Limit { limit: price(text) };
    let (buy, sell) = (Side::Buy, Side::Sell);
    let in_state = |minute: u8, order: Order, state| Order {
        state,
        updated: at(&format!("2026-11-23T14:{minute:02}:09Z")),
        ..order
    };
    let unknown = OrderState::Unknown {
        since: at("2026-11-23T13:58:01Z"),
        why: "no answer in 10 s".into(),
    };
    let rejected = OrderState::Rejected {
        reason: "insufficient buying power".into(),
    };
    let odd = OrderState::Other {
        word: "calculated".into(),
    };
    let stop_limit = OrderKind::StopLimit {
        stop: price("1234.5"),
        limit: price("1230"),
    };
    let filled = |order: Order, units: &str, price: &str| Order {
        filled: units.parse().unwrap(),
        average_price: Some(price.parse().unwrap()),
        ..order
    };
    let working = OrderState::Working;
    let market = OrderKind::Market;
    vec![
        in_state(
            31,
            order("o01", buy, "AAPL", limit("189.9")),
            working.clone(),
        ),
        in_state(
            27,
            filled(
                order("o02", buy, "SPY251219C00600000", limit("2.65")),
                "50",
                "2.64",
            ),
            working,
        ),
        in_state(26, order("o03", buy, "NVDA", market), OrderState::Sending),
        in_state(
            25,
            order("o04", sell, "NFLX", stop_limit),
            OrderState::Accepted,
        ),
        in_state(
            24,
            order("o05", sell, "COST", market),
            OrderState::CancelPending,
        ),
        in_state(
            23,
            order("o06", sell, "IBM", market),
            OrderState::ReplacePending,
        ),
        in_state(22, order("o07", sell, "ORCL", market), odd),
        in_state(20, order("o08", buy, "TSLA", market), unknown),
        in_state(
            29,
            filled(order("o09", sell, "MSFT", market), "100", "411.22"),
            OrderState::Filled,
        ),
        in_state(
            19,
            order("o10", buy, "AMD", limit("101")),
            OrderState::Cancelled,
        ),
        in_state(
            18,
            order("o11", buy, "INTC", limit("19")),
            OrderState::Expired,
        ),
        in_state(
            17,
            order("o12", buy, "QQQ", limit("498")),
            OrderState::Replaced,
        ),
        in_state(16, order("o13", buy, "BRK.B", limit("455.02")), rejected),
    ]
}
