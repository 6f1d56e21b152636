//! One small world, printed in every way.

use super::*;
use crate::domain::order::StopLoss;
use crate::domain::{
    Account, AssetClass, Balance, ClientOrderId, ConnectionId, Currency, Environment, Exits,
    Instrument, Level1, Mode, Order, OrderDraft, OrderKind, OrderSize, OrderState, Position,
    ProviderId, Side, TimeInForce, TradingStatus, TrailBy,
};
use crate::link::FeedHealth;
use crate::link::{VaultRole, VaultStatus};
use rust_decimal::Decimal;
use serde_json::{Value, json};

const NOW: &str = "2026-11-22T14:32:07.123Z";

fn ago(seconds: u64) -> Timestamp {
    Timestamp::parse(NOW)
        .unwrap()
        .minus(Duration::from_secs(seconds))
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn account_id(connection: &str, number: &str) -> AccountId {
    AccountId {
        connection: ConnectionId::new(connection),
        number: number.into(),
    }
}

fn connection(id: &str, environment: Environment, state: ConnectionState) -> ConnectionStatus {
    ConnectionStatus {
        id: ConnectionId::new(id),
        provider: ProviderId::new("alpaca"),
        title: "Alpaca".into(),
        environment,
        state,
        feeds: vec![],
        latency_ms: None,
        calls: 12,
        errors: 1,
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

fn account(id: AccountId, environment: Environment) -> Account {
    Account {
        id,
        provider: ProviderId::new("alpaca"),
        environment,
        name: "margin".into(),
        currency: Currency::USD,
        restriction: None,
    }
}

fn balance(account: AccountId, equity: &str, previous: Option<&str>, age: u64) -> Balance {
    Balance {
        account,
        currency: Currency::USD,
        equity: number(equity),
        previous_equity: previous.map(number),
        cash: number("-20.5"),
        buying_power: None,
        as_of: ago(age),
    }
}

fn position(
    symbol: &str,
    quantity: &str,
    average: Option<&str>,
    reported: Option<&str>,
) -> Position {
    Position {
        account: account_id("paper", "PA3R4QS34821"),
        symbol: Symbol::new(symbol),
        class: AssetClass::Equity,
        currency: Currency::USD,
        quantity: quantity.parse().unwrap(),
        available: None,
        average_price: average.map(|it| it.parse().unwrap()),
        multiplier: rust_decimal::Decimal::ONE,
        reported_price: reported.map(|it| it.parse().unwrap()),
        previous_close: None,
        as_of: ago(4),
    }
}

fn order(id: &str, state: OrderState, kind: OrderKind, age: u64) -> Order {
    Order {
        id: ClientOrderId::new(id),
        provider_id: None,
        draft: OrderDraft {
            account: account_id("paper", "PA3R4QS34821"),
            mode: Mode::Paper,
            symbol: Symbol::new("AAPL"),
            class: AssetClass::Equity,
            side: Side::Buy,
            size: OrderSize::Quantity("120".parse().unwrap()),
            kind,
            time_in_force: TimeInForce::Day,
            extended_hours: false,
            exits: Exits::None,
        },
        state,
        filled: "0".parse().unwrap(),
        average_price: None,
        created: ago(age),
        updated: ago(age / 2),
        replaces: None,
        parent: None,
    }
}

/// A live paper connection with one account, and a real one that is lost, with two accounts of which one was read.
fn world() -> Replica {
    let mut replica = Replica::default();
    replica.vault = Some(VaultStatus::Open {
        failures: 0,
        role: VaultRole::Trader,
    });
    for status in connections() {
        replica.connections.insert(status.id.clone(), status);
    }
    for account in accounts() {
        replica.accounts.insert(account.id.clone(), account);
    }
    let (first, second) = (
        account_id("paper", "PA3R4QS34821"),
        account_id("real", "123456789"),
    );
    for balance in [
        balance(first.clone(), "123346.11", Some("122830.23"), 14),
        balance(second, "50", Some("0"), 3_700),
    ] {
        replica.balances.insert(balance.account.clone(), balance);
    }
    let positions = vec![
        position("AAPL", "120", Some("171.2"), Some("180")),
        position("BRK.B", "-0.5", None, Some("400.25")),
        position("XYZ", "1", Some("1"), None),
    ];
    replica.positions.insert(first, positions);
    for line in quotes() {
        replica.quotes.insert(line.symbol.clone(), line);
    }
    for order in orders() {
        replica.orders.insert(order.id.clone(), order);
    }
    replica
}

fn connections() -> [ConnectionStatus; 2] {
    let mut paper = connection("paper", Environment::Paper, ConnectionState::Live);
    paper.latency_ms = Some(34);
    paper.requests_left = Some((187, 200));
    paper.last_sync = Some(ago(14));
    paper.feeds = vec![FeedHealth {
        name: "quotes".into(),
        label: "IEX".into(),
        live: true,
        heard: Some(ago(1)),
        reconnects: 2,
        garbled: 0,
        messages: 1_180,
        not_live: vec![Symbol::new("ZZZZ")],
        problem: None,
    }];
    let lost = ConnectionState::Retrying {
        at: ago(0).plus(Duration::from_secs(5)),
        why: "connection refused".into(),
    };
    [paper, connection("real", Environment::Live, lost)]
}

fn accounts() -> [Account; 3] {
    let mut closing = account(account_id("real", "123456789"), Environment::Live);
    closing.restriction = Some("CLOSING_ONLY".into());
    [
        account(account_id("paper", "PA3R4QS34821"), Environment::Paper),
        closing,
        account(account_id("real", "2222"), Environment::Live),
    ]
}

fn quotes() -> [Level1; 2] {
    let mut aapl = Level1::unknown(Symbol::new("AAPL"));
    aapl.source = "IEX".into();
    aapl.bid = Some("189.94".parse().unwrap());
    aapl.last = Some("189.95".parse().unwrap());
    aapl.volume = Some("1020113".parse().unwrap());
    aapl.previous_close = Some("187.62".parse().unwrap());
    aapl.received = Some(ago(1));
    let mut tsla = Level1::unknown(Symbol::new("TSLA"));
    tsla.source = "replay".into();
    tsla.simulated = true;
    tsla.delayed_minutes = 15;
    tsla.ask = Some("244.1".parse().unwrap());
    tsla.status = TradingStatus::Halted("news".into());
    tsla.received = Some(ago(80));
    [aapl, tsla]
}

fn orders() -> [Order; 3] {
    [
        order(
            "o-1",
            OrderState::Working,
            OrderKind::Limit {
                limit: "189.9".parse().unwrap(),
            },
            60,
        ),
        order("o-2", OrderState::Filled, OrderKind::Market, 90),
        order(
            "o-3",
            OrderState::Unknown {
                since: ago(3),
                why: "no answer".into(),
            },
            OrderKind::TrailingStop {
                trail: TrailBy::Percent(number("1.5")),
            },
            7_200,
        ),
    ]
}

fn view(replica: &Replica) -> View<'_> {
    View {
        replica,
        now: Timestamp::parse(NOW).unwrap(),
        limits: Limits::from(&Config::default()),
    }
}

fn text(replica: &Replica, subject: &Subject) -> String {
    view(replica).text(subject)
}

fn items(replica: &Replica, subject: &Subject) -> Vec<Value> {
    let line = view(replica).json(subject);
    assert_eq!(line.matches('\n').count(), 1);
    let mut object: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(object["version"], json!(1));
    assert_eq!(object["as_of"], json!(NOW));
    object["items"].as_array_mut().map(std::mem::take).unwrap()
}

/// Whether an item has these fields, whatever else it has.
#[track_caller]
fn has(item: &Value, fields: &Value) {
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(item.get(name), Some(value), "{name} in {item}");
    }
}

fn symbols() -> Subject {
    Subject::Quotes(["AAPL", "TSLA", "ZZZZ"].map(Symbol::new).to_vec())
}

#[test]
fn accounts_say_what_is_old_and_what_is_not_known() {
    let expected = "\
CONNECTION  ACCOUNT  NAME                   MONEY      EQUITY      DAY   DAY %    CASH  BUYING POWER  CCY      AGE
paper       …4821    margin                 PAPER  123,346.11  +515.88  +0.42%  -20.50             —  USD     10 s
real        …6789    margin [CLOSING_ONLY]  LIVE        50.00   +50.00       —  -20.50             —  USD  1 h old
real        …2222    margin                 LIVE            —        —       —       —             —  USD        —
";
    assert_eq!(text(&world(), &Subject::Accounts), expected);
}

#[test]
fn accounts_in_json_have_exact_digits_and_null_for_unknown() {
    let items = items(&world(), &Subject::Accounts);
    let whole = json!({
        "provider": "alpaca", "connection": "paper", "environment": "paper", "account": "PA3R4QS34821",
        "name": "margin", "currency": "USD", "equity": "123346.11", "previous_equity": "122830.23",
        "day_change": "515.88", "day_change_fraction": "0.00419994", "cash": "-20.5", "buying_power": null,
        "restriction": null, "source": "alpaca", "read_at": "2026-11-22T14:31:53.123Z", "age_ms": 14000,
        "stale": false,
    });
    assert_eq!(items[0], whole);
    has(
        &items[1],
        &json!({"equity": "50", "age_ms": 3_700_000, "stale": true, "restriction": "CLOSING_ONLY"}),
    );
    has(
        &items[2],
        &json!({"account": "2222", "equity": null, "cash": null, "age_ms": null, "stale": true}),
    );
}

#[test]
fn positions_are_valued_at_the_newest_price_there_is() {
    let expected = "\
CONNECTION  ACCOUNT  SYMBOL  QUANTITY  AVERAGE   PRICE      VALUE        P/L    P/L %  CCY  SOURCE  AGE
paper       …4821    AAPL         120   171.20  189.95  22,794.00  +2,250.00  +10.95%  USD  IEX     1 s
paper       …4821    BRK.B       -0.5        —  400.25    -200.13          —        —  USD  alpaca  4 s
paper       …4821    XYZ            1     1.00       —          —          —        —  USD  alpaca  4 s
";
    assert_eq!(text(&world(), &Subject::Positions), expected);
}

#[test]
fn positions_in_json() {
    let items = items(&world(), &Subject::Positions);
    let whole = json!({
        "provider": "alpaca", "connection": "paper", "environment": "paper", "account": "PA3R4QS34821",
        "symbol": "AAPL", "class": "equity", "currency": "USD", "quantity": "120", "available": null,
        "average_price": "171.2", "price": "189.95", "value": "22794.00", "cost": "20544.0",
        "unrealised": "2250.00", "unrealised_fraction": "0.10952103", "read_at": "2026-11-22T14:32:03.123Z",
        "source": "IEX", "simulated": false, "age_ms": 1000, "stale": false,
    });
    assert_eq!(items[0], whole);
    has(
        &items[1],
        &json!({"quantity": "-0.5", "value": "-200.125", "unrealised": null, "source": "alpaca"}),
    );
    has(
        &items[2],
        &json!({"price": null, "value": null, "cost": "1"}),
    );
}

#[test]
fn a_simulated_or_outdated_price_does_not_value_a_position() {
    let mut replica = world();
    let aapl = Symbol::new("AAPL");
    replica.quotes.get_mut(&aapl).unwrap().received = Some(ago(60));
    has(
        &items(&replica, &Subject::Positions)[0],
        &json!({"price": "180", "source": "alpaca"}),
    );

    let line = replica.quotes.get_mut(&aapl).unwrap();
    (line.received, line.simulated) = (Some(ago(1)), true);
    let fields = json!({"price": "189.95", "simulated": true});
    has(&items(&replica, &Subject::Positions)[0], &fields);
    let account = account_id("paper", "PA3R4QS34821");
    replica.accounts.get_mut(&account).unwrap().environment = Environment::Live;
    let fields = json!({"price": "180", "simulated": false});
    has(&items(&replica, &Subject::Positions)[0], &fields);
}

#[test]
fn quotes_say_beside_the_number_what_it_is_worth() {
    let expected = "\
SYMBOL     BID     ASK    LAST  CHANGE %     VOLUME  SOURCE                                            AGE
AAPL    189.94       —  189.95    ▲ 1.24  1,020,113  IEX                                               1 s
TSLA         —  244.10       —         —          —  replay (simulated), 15 min late, HALTED news  1 m old
ZZZZ         —       —       —         —          —  —                                                   —
";
    assert_eq!(text(&world(), &symbols()), expected);
}

#[test]
fn quotes_in_json() {
    let mut replica = world();
    let instrument = Instrument {
        symbol: Symbol::new("AAPL"),
        name: "Apple".into(),
        class: AssetClass::Equity,
        currency: Currency::USD,
        tick: number("0.01"),
        lot: number("1"),
        tradable: true,
        fractionable: true,
        shortable: true,
    };
    replica
        .instruments
        .insert(instrument.symbol.clone(), instrument);
    let items = items(&replica, &symbols());
    let whole = json!({
        "symbol": "AAPL", "currency": "USD", "bid": "189.94", "ask": null, "bid_size": null, "ask_size": null,
        "last": "189.95", "last_size": null, "volume": "1020113", "previous_close": "187.62",
        "day_change_fraction": "0.01241872", "halted": false, "halt_reason": null, "exchange_time": null,
        "received_at": "2026-11-22T14:32:06.123Z", "source": "IEX", "simulated": false, "delayed_minutes": 0,
        "age_ms": 1000, "stale": false,
    });
    assert_eq!(items[0], whole);
    let fields = json!({"currency": null, "halted": true, "halt_reason": "news", "simulated": true, "stale": true});
    has(&items[1], &fields);
    let unknown = items[2].as_object().unwrap();
    let known: Vec<&String> = unknown
        .iter()
        .filter(|(_, it)| !it.is_null())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(known, ["stale", "symbol"]);
}

#[test]
fn orders_of_unknown_fate_come_first() {
    let expected = "\
MODE   ACCOUNT      SYMBOL  SIDE  QUANTITY  TYPE         TIF  STATE    FILLED  AVERAGE  AGE  ID   REASON
PAPER  paper …4821  AAPL    buy        120  trail 1.5%   day  UNKNOWN       0        —  2 h  o-3  no answer
PAPER  paper …4821  AAPL    buy        120  limit 189.9  day  working       0        —  1 m  o-1
";
    let world = world();
    assert_eq!(text(&world, &Subject::Orders { all: false }), expected);
    let all = text(&world, &Subject::Orders { all: true });
    assert_eq!(all.lines().count(), 4);
    assert!(all.ends_with("o-2\n"), "{all}");
}

#[test]
fn orders_in_json() {
    let mut world = world();
    let id = ClientOrderId::new("o-1");
    world.orders.get_mut(&id).unwrap().provider_id = Some("61e69015".into());
    let mut items = items(&world, &Subject::Orders { all: true });
    let whole = json!({
        "provider": "alpaca", "connection": "paper", "account": "PA3R4QS34821", "client_order_id": "o-1",
        "provider_id": "61e69015", "mode": "paper", "symbol": "AAPL", "class": "equity", "currency": "USD",
        "side": "buy", "type": "limit", "quantity": "120", "notional": null, "limit_price": "189.9",
        "stop_price": null, "trail_price": null, "trail_percent": null, "time_in_force": "day",
        "extended_hours": false, "exits": null, "state": "working", "state_reason": null, "filled": "0",
        "average_price": null, "created_at": "2026-11-22T14:31:07.123Z", "updated_at": "2026-11-22T14:31:37.123Z",
        "replaces": null, "parent": null, "source": "alpaca", "age_ms": 30000, "stale": false,
    });
    assert_eq!(items.remove(1), whole);
    let fields = json!({"state": "unknown", "state_reason": "no answer", "type": "trailing_stop", "trail_percent": "1.5"});
    has(&items[0], &fields);
}

#[test]
fn an_order_by_amount_with_exits_is_told_whole() {
    let mut world = world();
    let order = world.orders.get_mut(&ClientOrderId::new("o-1")).unwrap();
    order.draft.size = OrderSize::Notional(number("500.50"));
    order.draft.exits = Exits::StopLoss(StopLoss {
        stop: "170".parse().unwrap(),
        limit: None,
    });
    let fields = json!({
        "quantity": null, "notional": "500.50", "exits": {"stop_loss": {"stop": "170", "limit": null}},
    });
    has(&items(&world, &Subject::Orders { all: false })[1], &fields);
    assert!(text(&world, &Subject::Orders { all: false }).contains("for 500.50"));
}

#[test]
fn connections_say_how_they_are_doing() {
    let expected = "\
CONNECTION  PROVIDER  MONEY  STATE     LATENCY  CALLS  ERRORS     LEFT  SYNCED  FEEDS           REASON
paper       Alpaca    PAPER  live        34 ms     12       1  187/200    10 s  ● quotes (IEX)
real        Alpaca    LIVE   retrying        —     12       1        —       —                  connection refused
";
    assert_eq!(text(&world(), &Subject::Connections), expected);
    let items = items(&world(), &Subject::Connections);
    let fields = json!({
        "connection": "paper", "provider": "alpaca", "environment": "paper", "state": "live", "reason": null,
        "latency_ms": 34, "requests_left": 187, "requests_limit": 200, "age_ms": 14000, "stale": false,
        "feeds": [{
            "name": "quotes", "source": "IEX", "live": true, "heard_at": "2026-11-22T14:32:06.123Z",
            "age_ms": 1000, "reconnects": 2, "messages": 1180, "garbled": 0, "not_live": ["ZZZZ"], "problem": null,
        }],
    });
    has(&items[0], &fields);
    let fields = json!({
        "state": "retrying", "reason": "connection refused", "retry_at": "2026-11-22T14:32:12.123Z", "stale": true,
    });
    has(&items[1], &fields);
}

#[test]
fn the_status_line_never_adds_paper_to_live() {
    let mut world = world();
    let line =
        "PAPER net 123,346.11 ▲ +0.42% LIVE net 50.00 (1 of 2 accounts) (old) ●1 ○1 UNKNOWN 1\n";
    assert_eq!(text(&world, &Subject::Status), line);
    let items = items(&world, &Subject::Status);
    let fields = json!({
        "vault": "open", "demo": false, "connections_live": 1, "connections_down": 1, "orders_working": 1,
        "orders_unknown": 1,
    });
    has(&items[0], &fields);
    let totals = &items[0]["totals"];
    let fields = json!({
        "environment": "paper", "currency": "USD", "net": "123346.11", "day_change_fraction": "0.00419994",
        "accounts": 1, "accounts_known": 1, "stale": false, "age_ms": 14000,
    });
    has(&totals[0], &fields);
    let fields = json!({"environment": "live", "net": null, "accounts": 2, "accounts_known": 1, "stale": true});
    has(&totals[1], &fields);

    world.connections.remove(&ConnectionId::new("real"));
    world
        .accounts
        .retain(|id, _| id.connection.as_str() == "paper");
    world.orders.clear();
    world.demo = true;
    world
        .balances
        .values_mut()
        .for_each(|it| it.previous_equity = Some(number("123346.11")));
    assert_eq!(
        text(&world, &Subject::Status),
        "DEMO PAPER net 123,346.11 0.00% ●1\n"
    );
    world
        .accounts
        .values_mut()
        .for_each(|it| it.currency = Currency::parse("EUR").unwrap());
    world
        .balances
        .values_mut()
        .for_each(|it| it.previous_equity = Some(number("124000")));
    assert_eq!(
        text(&world, &Subject::Status),
        "DEMO PAPER net 123,346.11 EUR ▼ -0.53% ●1\n"
    );
}

#[test]
fn a_viewer_is_told_what_was_last_known_and_that_it_is_old() {
    let mut replica = world();
    replica.vault = Some(VaultStatus::Open {
        failures: 0,
        role: VaultRole::Viewer,
    });
    for status in replica.connections.values_mut() {
        status.state = ConnectionState::Sealed;
    }
    let line = text(&replica, &Subject::Status);
    assert!(line.starts_with("VIEWER PAPER net 123,346.11"), "{line}");
    assert!(line.contains("(old)"), "{line}");
    let status = &items(&replica, &Subject::Status)[0];
    assert_eq!(status["role"], "viewer");
    let accounts = items(&replica, &Subject::Accounts);
    has(
        &accounts[0],
        &json!({ "equity": "123346.11", "age_ms": 14_000, "stale": true }),
    );
    let positions = items(&replica, &Subject::Positions);
    assert!(
        positions.iter().all(|it| it["stale"] == true),
        "{positions:?}"
    );
    let connections = items(&replica, &Subject::Connections);
    has(
        &connections[0],
        &json!({ "state": "last_known", "age_ms": 14_000, "stale": true }),
    );
}

#[test]
fn nothing_is_a_sentence_in_text_and_no_items_in_json() {
    let nothing = Replica::default();
    for (subject, sentence) in [
        (
            Subject::Accounts,
            "no accounts; add one with `tradedeck connect PROVIDER`\n",
        ),
        (Subject::Positions, "no positions\n"),
        (Subject::Orders { all: true }, "no orders\n"),
        (
            Subject::Connections,
            "no connections; add one with `tradedeck connect PROVIDER`\n",
        ),
    ] {
        assert_eq!(text(&nothing, &subject), sentence);
        assert_eq!(items(&nothing, &subject), Vec::<Value>::new());
    }
    assert_eq!(text(&nothing, &Subject::Status), "no accounts ●0\n");
}
