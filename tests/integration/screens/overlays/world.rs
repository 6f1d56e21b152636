//! A small world: a paper and a live account, one position, one quote, one order, two providers to connect.

use rust_decimal::Decimal;
use tradedeck::domain::{
    Account, AccountId, AssetClass, Balance, ClientOrderId, ConnectionId, Currency, Environment,
    Exits, Instrument, Level1, Mode, Order, OrderDraft, OrderKind, OrderSize, OrderState, Position,
    ProviderId, Sequence, Side, Symbol, TimeInForce, Timestamp,
};
use tradedeck::link::{
    ConnectionState, ConnectionStatus, Entry, EntryKind, Level, ProviderOffer, Replica,
    SecretField, Snapshot, Update, VERSION, VaultRole, VaultStatus, WayOffer,
};

pub(super) fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T15:00:00Z").unwrap()
}

pub(super) fn account(number: &str) -> AccountId {
    let connection = if number.starts_with("PA") {
        "alpaca"
    } else {
        "alpaca-live"
    };
    AccountId {
        connection: ConnectionId::new(connection),
        number: number.into(),
    }
}

pub(super) fn replica() -> Replica {
    let accounts = [
        ("PA3R4QS34821", Environment::Paper),
        ("884217730", Environment::Live),
    ];
    let accounts = accounts.map(|(number, environment)| (account(number), environment));
    let mut replica = Replica::default();
    replica.apply(Update::Snapshot(Box::new(Snapshot {
        version: VERSION,
        at: Sequence(1),
        time: now(),
        demo: false,
        vault: VaultStatus::Open {
            failures: 0,
            role: VaultRole::Trader,
        },
        offers: offers(),
        connections: accounts
            .iter()
            .map(|(id, environment)| connection(id, *environment))
            .collect(),
        accounts: accounts
            .iter()
            .map(|(id, environment)| an_account(id, *environment))
            .collect(),
        balances: accounts.iter().map(|(id, _)| balance(id)).collect(),
        positions: vec![(account("PA3R4QS34821"), vec![position()])],
        orders: vec![order()],
        clocks: vec![],
        activity: vec![entry()],
        syncs: vec![],
        quotes: vec![quote()],
    })));
    let instrument = instrument();
    replica
        .instruments
        .insert(instrument.symbol.clone(), instrument);
    replica
}

fn exact(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn offers() -> Vec<ProviderOffer> {
    let field = |name: &str, label: &str, hidden| SecretField {
        name: name.into(),
        label: label.into(),
        hidden,
    };
    let offer = |id: &str, title: &str, gives: &str, secrets| ProviderOffer {
        provider: ProviderId::new(id),
        title: title.into(),
        gives: gives.into(),
        environments: vec![Environment::Paper, Environment::Live],
        ways: vec![WayOffer {
            way: "keys".into(),
            title: "API keys".into(),
            by_browser: false,
            secrets,
            hint: "API keys are made in the broker's dashboard".into(),
        }],
    };
    let keys = vec![
        field("key", "API key ID", false),
        field("secret", "Secret key", true),
    ];
    vec![
        offer(
            "alpaca",
            "Alpaca",
            "accounts, positions, orders, live quotes (IEX)",
            keys,
        ),
        offer(
            "tastytrade",
            "tastytrade",
            "accounts, positions",
            vec![field("token", "Refresh token", true)],
        ),
    ]
}

fn connection(id: &AccountId, environment: Environment) -> ConnectionStatus {
    ConnectionStatus {
        id: id.connection.clone(),
        provider: ProviderId::new("alpaca"),
        title: "Alpaca".into(),
        environment,
        state: ConnectionState::Live,
        feeds: vec![],
        latency_ms: Some(48),
        calls: 10,
        errors: 0,
        requests_left: None,
        last_sync: None,
        next_sync: None,
        way: "keys".into(),
        by_browser: false,
        session_until: None,
        sign_in_due: None,
        refresh_failures: 0,
        clock_skew_ms: None,
    }
}

fn an_account(id: &AccountId, environment: Environment) -> Account {
    Account {
        id: id.clone(),
        provider: ProviderId::new("alpaca"),
        environment,
        name: "margin".into(),
        currency: Currency::USD,
        restriction: None,
    }
}

fn balance(id: &AccountId) -> Balance {
    Balance {
        account: id.clone(),
        currency: Currency::USD,
        equity: exact("104331.20"),
        previous_equity: Some(exact("103900.00")),
        cash: exact("20000.00"),
        buying_power: Some(exact("40000.00")),
        as_of: now(),
    }
}

fn position() -> Position {
    Position {
        account: account("PA3R4QS34821"),
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        currency: Currency::USD,
        quantity: "120".parse().unwrap(),
        available: None,
        average_price: Some("171.20".parse().unwrap()),
        multiplier: rust_decimal::Decimal::ONE,
        reported_price: None,
        previous_close: None,
        as_of: now(),
    }
}

fn quote() -> Level1 {
    Level1 {
        source: "IEX".into(),
        bid: Some("189.94".parse().unwrap()),
        ask: Some("189.96".parse().unwrap()),
        last: Some("189.95".parse().unwrap()),
        received: Some(now()),
        exchange_time: Some(now()),
        ..Level1::unknown(Symbol::new("AAPL"))
    }
}

fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("AAPL"),
        name: "Apple Inc.".into(),
        class: AssetClass::Equity,
        currency: Currency::USD,
        tick: exact("0.01"),
        lot: Decimal::ONE,
        tradable: true,
        fractionable: false,
        shortable: true,
    }
}

fn order() -> Order {
    Order {
        id: ClientOrderId::new("0d9c7a52-3f1e-4f0b-9a51-0c1f0f7f3d11"),
        provider_id: Some("61e69015-8549-4bfd-b9c3-01e75843f47d".into()),
        draft: OrderDraft {
            account: account("PA3R4QS34821"),
            mode: Mode::Paper,
            symbol: Symbol::new("AAPL"),
            class: AssetClass::Equity,
            side: Side::Buy,
            size: OrderSize::Quantity("100".parse().unwrap()),
            kind: OrderKind::Limit {
                limit: "189.90".parse().unwrap(),
            },
            time_in_force: TimeInForce::Day,
            extended_hours: false,
            exits: Exits::None,
        },
        state: OrderState::Working,
        filled: "25".parse().unwrap(),
        average_price: Some("189.88".parse().unwrap()),
        created: now(),
        updated: now(),
        replaces: None,
        parent: None,
    }
}

fn entry() -> Entry {
    Entry {
        id: 7,
        time: now(),
        kind: EntryKind::Sync,
        level: Level::Warn,
        connection: Some(ConnectionId::new("alpaca")),
        account: Some(account("PA3R4QS34821")),
        text: "214 trades read, 3 new, 0 duplicates".into(),
        detail: Some("page 4 answered 429; repeated after 2 s".into()),
        took_ms: Some(2_149),
        progress: None,
    }
}
