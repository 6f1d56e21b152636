//! Reads the collected examples of the manual, where they are on this machine, beside the fixtures that are always here.

use crate::domain::{AccountId, ConnectionId, Environment, Mode, Symbol, Timestamp};
use crate::providers::alpaca::translate::{account, history, market, order};
use crate::providers::alpaca::wire;
use std::path::PathBuf;

type Read = Result<(), String>;

/// The beginning of a name, and how such an example is read.
type Reader = (&'static str, fn(&str) -> Read);

fn account_id() -> AccountId {
    AccountId {
        connection: ConnectionId::new("alpaca"),
        number: "PA1".into(),
    }
}

/// How each example is read; the longest matching beginning of its name decides.
const READERS: &[Reader] = &[
    ("get-v2-account-200", read_account),
    ("get-v2-account-activities-FILL", read_activity),
    ("get-v2-account-activities-nontrade", read_activity),
    ("get-v2-account-portfolio-history", read_history),
    ("get-v2-assets", read_asset),
    ("get-v2-clock", read_clock),
    ("get-v2-orders", read_order),
    ("post-v2-orders-200", read_order),
    ("patch-v2-orders-order-id-200", read_order),
    ("get-v2-positions", read_position),
    ("delete-v2-orders-207", read_cancelled),
    ("error-", read_refusal),
    ("ws-data-quote", read_data),
    ("ws-data-trade", read_data),
    ("ws-data-bar", read_data),
    ("ws-data-status", read_data),
    ("ws-trading-trade_updates", read_update),
];

fn json<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn words<T>(read: Result<T, wire::Unreadable>) -> Read {
    read.map(drop).map_err(|why| why.to_string())
}

fn read_account(text: &str) -> Read {
    words(account::account(
        &json(text)?,
        &ConnectionId::new("alpaca"),
        Environment::Paper,
        Timestamp::EPOCH,
    ))
}

fn read_activity(text: &str) -> Read {
    words(history::entry(&json(text)?, &account_id()))
}

fn read_history(text: &str) -> Read {
    words(account::history(&json(text)?))
}

fn read_asset(text: &str) -> Read {
    words(account::instrument(&json(text)?, None))
}

fn read_clock(text: &str) -> Read {
    words(account::clock(&json(text)?))
}

fn read_order(text: &str) -> Read {
    words(order::family(&json(text)?, &account_id(), Mode::Paper))
}

fn read_position(text: &str) -> Read {
    words(account::position(
        &json(text)?,
        &account_id(),
        Timestamp::EPOCH,
    ))
}

fn read_cancelled(text: &str) -> Read {
    let row: wire::Cancelled<'_> = json(text)?;
    row.status
        .text()
        .map(drop)
        .ok_or_else(|| "no status".into())
}

fn read_refusal(text: &str) -> Read {
    let row: wire::Refusal<'_> = json(text)?;
    row.message
        .text()
        .map(drop)
        .ok_or_else(|| "no message".into())
}

fn read_data(text: &str) -> Read {
    let list: Vec<wire::Datum<'_>> = json(text)?;
    for datum in &list {
        let symbol = Symbol::new(&datum.symbol.text_or_empty());
        match datum.kind.text_or_empty().as_ref() {
            "q" => words(market::quote(datum, symbol))?,
            "t" => words(market::trade(datum, symbol))?,
            "b" => words(market::bar(datum, symbol))?,
            "s" => assert!(matches!(market::status(datum), market::Status::Changed(_))),
            other => return Err(format!("kind {other}")),
        }
    }
    Ok(())
}

fn read_update(text: &str) -> Read {
    let message: wire::TradingMessage<'_> = json(text)?;
    let update: wire::TradeUpdate<'_> = json(message.data.raw().ok_or("no data")?.get())?;
    let row: wire::Order<'_> = json(update.order.raw().ok_or("no order")?.get())?;
    let order = order::order(&row, &account_id(), Mode::Paper).map_err(|why| why.to_string())?;
    words(order::fill(&update, &order))
}

fn examples() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let places = [
        "../shared/specs/alpaca/examples",
        "../../shared/specs/alpaca/examples",
    ];
    places
        .iter()
        .map(|place| root.join(place))
        .find(|path| path.is_dir())
}

#[test]
fn every_collected_example_that_we_use_is_read() {
    let Some(folder) = examples() else {
        println!("skipped: there are no collected examples on this machine");
        return;
    };
    let mut used = vec![0; READERS.len()];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(index) = READERS
            .iter()
            .position(|(start, _)| name.starts_with(start))
        else {
            continue;
        };
        used[index] += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        READERS[index].1(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    let unused: Vec<&str> = READERS
        .iter()
        .zip(&used)
        .filter(|(_, used)| **used == 0)
        .map(|(it, _)| it.0)
        .collect();
    assert_eq!(unused, [""; 0], "no example of these");
}
