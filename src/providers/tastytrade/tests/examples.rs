//! Reads the collected examples of the manual, where they are on this machine, beside the fixtures that are always here.

use super::*;
use crate::domain::Mode;
use crate::providers::provider::fields::row;
use crate::providers::tastytrade::translate::execution::Names;
use crate::providers::tastytrade::translate::order::Around;
use crate::providers::tastytrade::translate::symbol::Kind;
use crate::providers::tastytrade::translate::{account, history, market, order};
use crate::providers::tastytrade::wire::{self, Field, Unreadable};
use serde_json::Value;
use std::path::PathBuf;

type Read = Result<(), String>;

/// The beginning of a name, and how such an example is read.
type Reader = (&'static str, fn(&Value) -> Read);

/// How each example is read; the first that fits decides.
const READERS: &[Reader] = &[
    ("capture-accounts", |it| each(&it["items"], read_account)),
    ("capture-equities", |it| {
        each(&it["items"], |it| read_instrument(it, Kind::Equity))
    }),
    ("capture-futures", |it| {
        each(&it["items"], |it| read_instrument(it, Kind::Future))
    }),
    ("capture-cryptocurrencies", |it| {
        each(&it["items"], |it| read_instrument(it, Kind::Crypto))
    }),
    ("capture-market-session-current", read_session),
    ("get-accounts-balances", |it| read_balance(&it["data"])),
    ("get-accounts-positions", |it| {
        each(&it["data"]["items"], read_position)
    }),
    ("get-accounts-transactions", |it| {
        each(&it["data"]["items"], read_transaction)
    }),
    ("get-market-data-by-type", |it| {
        each(&it["data"]["items"], read_market_data)
    }),
    ("get-orders", |it| each(&it["data"]["items"], read_order)),
    ("get-trading-status", |it| read_status(&it["data"])),
    ("ws-account-order", |it| read_order(&it["data"])),
    ("ws-account-account-balance", |it| read_balance(&it["data"])),
    ("ws-account-current-position", |it| {
        read_position(&it["data"])
    }),
    ("error-", read_error),
];

fn each(rows: &Value, read: impl Fn(&Value) -> Read) -> Read {
    let rows = rows.as_array().ok_or("no rows")?;
    let mut rows = rows.iter().filter(|row| row.is_object()).peekable();
    rows.peek().ok_or("no rows")?;
    rows.try_for_each(read)
}

/// Reads a value by its text, as it comes from the wire.
fn with<T>(value: &Value, read: impl FnOnce(&str) -> Result<T, String>) -> Read {
    read(&value.to_string()).map(drop)
}

fn json<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn words<T>(read: Result<T, Unreadable>) -> Result<T, String> {
    read.map_err(|why| why.to_string())
}

fn read_account(value: &Value) -> Read {
    let connection = ConnectionId::new("tastytrade");
    with(value, |text| {
        words(account::account(
            &json(text)?,
            &connection,
            Environment::Live,
        ))
    })
}

fn read_instrument(value: &Value, kind: Kind) -> Read {
    with(value, |text| {
        words(market::instrument(&json(text)?, kind, None))
    })
}

fn read_session(value: &Value) -> Read {
    with(value, |text| {
        words(market::clock(&json(text)?, at("2026-08-04T00:00:00Z")))
    })
}

fn read_balance(value: &Value) -> Read {
    with(value, |text| {
        words(account::balance(
            &json(text)?,
            &account_id(),
            Timestamp::EPOCH,
        ))
    })
}

fn read_position(value: &Value) -> Read {
    with(value, |text| {
        words(account::position(
            &json(text)?,
            &account_id(),
            Timestamp::EPOCH,
        ))
    })
}

fn read_transaction(value: &Value) -> Read {
    with(value, |text| {
        words(history::entries(
            &json(text)?,
            &account_id(),
            &mut Names::default(),
        ))
    })
}

fn read_market_data(value: &Value) -> Read {
    with(value, |text| {
        words(market::snapshot(&json(text)?, Timestamp::EPOCH))
    })
}

fn read_order(value: &Value) -> Read {
    let account = account_id();
    with(value, |text| {
        let row: wire::Order<'_> = json(text)?;
        let around = Around {
            account: &account,
            mode: Mode::Paper,
            heard: Timestamp::EPOCH,
        };
        words(order::order(&row, around))
    })
}

fn read_status(value: &Value) -> Read {
    with(value, |text| {
        let status: wire::TradingStatus<'_> = json(text)?;
        Ok(account::restriction(&status))
    })
}

fn read_error(value: &Value) -> Read {
    let response = Response::new(422, value.to_string());
    let words = super::super::rest::words(&response);
    words.map(drop).ok_or_else(|| "no words".into())
}

fn examples() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let places = [
        "../shared/specs/tastytrade/examples",
        "../../shared/specs/tastytrade/examples",
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
        let value: Value = serde_json::from_str(&text).unwrap();
        READERS[index].1(&value).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    let unused: Vec<&str> = READERS
        .iter()
        .zip(&used)
        .filter(|(_, used)| **used == 0)
        .map(|(it, _)| it.0)
        .collect();
    assert_eq!(unused, [""; 0], "no example of these");
}

#[test]
fn a_dry_run_has_no_order_yet() {
    let text = fixture("dry_run");
    let envelope: wire::Envelope<'_> = json(&text).unwrap();
    let placed: wire::Placed<'_> = row(envelope.data.raw().unwrap()).unwrap();
    let order = placed.order.unwrap();
    assert!(Field::text(order.id).is_none());
    assert_eq!(order.legs.unwrap().len(), 2);
}
