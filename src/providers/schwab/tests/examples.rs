//! Reads the collected examples of the manual, where they are on this machine, beside the fixtures that are always here.

use super::{account_id, at, fixture};
use crate::domain::{ConnectionId, Environment, Symbol, Timestamp};
use crate::providers::fields::Unreadable;
use crate::providers::schwab::translate::{account, family, history, hours, market, order};
use crate::providers::schwab::{stream, wire};
use serde::Deserialize;
use std::path::PathBuf;

type Read = Result<(), String>;

/// How a payload is read: what is not of the expected shape is an error that begins with `shape`.
pub(super) type Reader = fn(&str) -> Read;

/// The beginning of an example's name, and how it is read; the first that fits decides.
const READERS: &[(&str, Reader)] = &[
    ("get-accounts-accountNumbers", numbers),
    ("get-accounts-200-positions", positions),
    ("get-accounts-hash-200-positions", positions),
    ("get-accounts-hash-orders", orders),
    ("get-orders", orders),
    ("get-accounts-hash-transactions", transactions),
    ("get-accounts-hash-200", one_account),
    ("get-accounts-200", accounts),
    ("get-userPreference", preference),
    ("get-quotes", quotes),
    ("get-symbol-quotes", quotes),
    ("openapi-get-quotes", quotes),
    ("get-pricehistory", bars),
    ("openapi-get-pricehistory", bars),
    ("get-markets-id", clock),
    ("openapi-get-markets-market-id", clock),
    ("get-instruments", instruments),
    ("error-", refusal),
];

fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("shape: {error}"))
}

fn words<T>(read: Result<T, Unreadable>) -> Read {
    read.map(drop).map_err(|why| why.to_string())
}

/// A list, or the one thing that stands for it.
fn each<'a, T: Deserialize<'a>>(text: &'a str) -> Result<Vec<T>, String> {
    match text.trim_start().starts_with('[') {
        true => json(text),
        false => Ok(vec![json(text)?]),
    }
}

fn numbers(text: &str) -> Read {
    let list: Vec<wire::AccountNumber<'_>> = json(text)?;
    let is_whole = |row: &wire::AccountNumber<'_>| {
        row.account_number.text().is_some() && row.hash_value.text().is_some()
    };
    list.iter()
        .all(is_whole)
        .then_some(())
        .ok_or("a row is not whole".into())
}

pub(super) fn one_account(text: &str) -> Read {
    let connection = ConnectionId::new("schwab");
    let (_, balance) = account::account(
        &json(text)?,
        (&connection, Environment::Live),
        Timestamp::EPOCH,
    )
    .map_err(|why| why.to_string())?;
    balance.map(drop).ok_or("no balance".into())
}

fn accounts(text: &str) -> Read {
    let rows: Vec<&serde_json::value::RawValue> = json(text)?;
    rows.iter().try_for_each(|row| one_account(row.get()))
}

pub(super) fn positions(text: &str) -> Read {
    for row in each::<wire::Position<'_>>(text)? {
        words(account::position(&row, &account_id(), Timestamp::EPOCH))?;
    }
    Ok(())
}

pub(super) fn orders(text: &str) -> Read {
    for row in each::<wire::Order<'_>>(text)? {
        words(order::order(&row, &account_id()))?;
        words(family::family(&row, &account_id()))?;
    }
    Ok(())
}

pub(super) fn transactions(text: &str) -> Read {
    for row in each::<wire::Transaction<'_>>(text)? {
        words(history::entries(&row, &account_id()))?;
    }
    Ok(())
}

pub(super) fn preference(text: &str) -> Read {
    words(stream::streamer(&json(text)?))
}

pub(super) fn quotes(text: &str) -> Read {
    let list: wire::ByText<'_, &serde_json::value::RawValue> = json(text)?;
    for (name, raw) in list.into_iter().filter(|(name, _)| name != "errors") {
        let row: wire::QuoteRow<'_> = json(raw.get())?;
        let symbol = Symbol::new(&name);
        let (events, unreadable) = market::snapshot(&row, &symbol);
        if unreadable > 0 {
            return Err(format!("{unreadable} parts of {name}"));
        }
        if events.is_empty() {
            return Err(format!("nothing of {name}"));
        }
    }
    Ok(())
}

pub(super) fn bars(text: &str) -> Read {
    let history: wire::History<'_> = json(text)?;
    for raw in history.candles.unwrap_or_default() {
        words(market::bar(&json(raw.get())?, Symbol::new("X")))?;
    }
    Ok(())
}

pub(super) fn clock(text: &str) -> Read {
    let sessions = hours::sessions(&json(text)?).map_err(|why| why.to_string())?;
    let clock = hours::clock(&sessions, at("2020-01-01T00:00:00Z"));
    clock.map(drop).ok_or("no opening".into())
}

pub(super) fn instruments(text: &str) -> Read {
    let list: wire::Instruments<'_> = json(text)?;
    for row in list.instruments.unwrap_or_default() {
        let found = market::instrument(&Symbol::new("X"), Some(&row), None);
        found.ok_or("no instrument")?;
    }
    Ok(())
}

fn refusal(text: &str) -> Read {
    let response = crate::net::http::Response::new(400, text.to_owned());
    let words = crate::providers::schwab::rest::words(&response);
    words.map(drop).ok_or("no words".into())
}

fn examples() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let places = [
        "../shared/specs/schwab/examples",
        "../../shared/specs/schwab/examples",
    ];
    places
        .iter()
        .map(|place| root.join(place))
        .find(|path| path.is_dir())
}

/// An example with moments where the collectors masked them.
fn unmasked(text: &str) -> String {
    let moment = "2025-12-04T01:21:21+0000";
    [
        "0000-00-00T00:00:00+00000",
        "0000-00-00T00:00:00+0000",
        "YYYY-MM-DDT00:00:00+0000",
    ]
    .into_iter()
    .fold(text.to_owned(), |text, mask| text.replace(mask, moment))
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
        let text = unmasked(&std::fs::read_to_string(&path).unwrap());
        READERS[index].1(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    let unused = READERS.iter().zip(&used).filter(|(_, used)| **used == 0);
    let unused: Vec<&str> = unused.map(|(it, _)| it.0).collect();
    assert_eq!(unused, [""; 0], "no example of these");
}

#[test]
fn every_streamer_example_is_heard() {
    let Some(folder) = examples() else {
        println!("skipped: there are no collected examples on this machine");
        return;
    };
    let mut heard = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("ws-data") && !name.starts_with("ws-acct")
            || name.ends_with("request.json")
        {
            continue;
        }
        heard += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        // One recording lacks its envelope.
        let text = match value.get("data") {
            Some(_) => text,
            None => serde_json::json!({ "data": [value] }).to_string(),
        };
        let garbled = stream::session::tests::garbled_in(&text);
        let is_strange = |at: &String| at.starts_with("news of the unknown kind");
        assert!(garbled.iter().all(is_strange), "{name}: {garbled:?}");
        let is_ours = name.contains("level-one") || name.contains("acct");
        assert_eq!(garbled.is_empty(), is_ours, "{name}: {garbled:?}");
    }
    assert!(heard > 10);
}

#[test]
fn fixtures_are_read_by_the_same_readers() {
    for (name, reader) in super::shapes::FIXTURES {
        reader(&fixture(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}
