//! Reads the collected examples of the manual, where they are on this machine, by the readers of our own fixtures.

use super::{account_id, at};
use crate::domain::{
    ConnectionId, Currency, Environment, Mode, ProviderId, Symbol, Text, Timestamp,
};
use crate::net::http::Response;
use crate::providers::ibkr::rest::words;
use crate::providers::ibkr::translate::market::{self, Prices};
use crate::providers::ibkr::translate::order::{self, Around};
use crate::providers::ibkr::translate::{account, activity, symbol};
use crate::providers::ibkr::wire::{self, ByText, Field, Unreadable};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::path::PathBuf;

type Read = Result<(), String>;

/// How a payload is read: what is not of the expected shape is an error that begins with `shape`.
pub(super) type Reader = fn(&str) -> Read;

/// The beginning of an example's name, and how it is read; the first that fits decides.
const READERS: &[(&str, Reader)] = &[
    ("session-GET-auth-status", session),
    ("session-POST-ssodh-init", session),
    ("doc-auth-status-logged-out", session),
    ("session-POST-tickle", tickle),
    ("doc-tickle-200", tickle),
    ("accounts-GET-iserver-accounts", brokerage_accounts),
    ("portfolio-GET-portfolio-accounts", accounts),
    ("portfolio-GET-portfolio-ledger", ledger),
    ("portfolio-GET-portfolio-summary", summary),
    ("doc-portfolio-summary-200", summary),
    ("portfolio-GET-portfolio-positions-page0", positions),
    ("portfolio-GET-portfolio-positions-empty", positions),
    ("contracts-GET-trsrv-secdef", definitions),
    ("contracts-GET-trsrv-stocks", stocks),
    ("contracts-GET-trsrv-futures", futures),
    ("contracts-GET-secdef-search", search),
    ("get-secdef-info-options-200", derivatives),
    ("contracts-POST-contract-rules", rules),
    ("contracts-GET-trading-schedule", schedule),
    ("orders-GET-trades", sparse_trades),
    ("doc-iserver-account-trades-200", trades),
    ("orders-GET-live-orders", orders),
    ("doc-iserver-account-orders-200", orders),
    ("orders-GET-order-status", order_status),
    ("doc-order-status-200", order_status),
    ("orders-POST-place-order", order_answer),
    ("orders-POST-modify-order", order_answer),
    ("doc-orders-reply-message-200", order_answer),
    ("doc-orders-reject-200", refusal),
    ("orders-DELETE-cancel-order", cancelled),
    ("marketdata-GET-snapshot", snapshot),
    ("doc-snapshot-preflight-200", snapshot_first),
    ("marketdata-GET-history", bars),
    ("doc-marketdata-history-200", bars),
    ("portfolio-POST-pa-performance", performance),
    ("error-400", refusal),
    ("error-401", refusal),
    ("ws-smd", frame),
    ("ws-sor", frame),
    ("ws-str", frame),
    ("ws-act", frame),
    ("ws-sts", frame),
    ("ws-system", frame),
    ("ws-ntf", frame),
];

fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("shape: {error}"))
}

fn words_of<T>(read: Result<T, Unreadable>) -> Read {
    read.map(drop).map_err(|why| why.to_string())
}

/// Rows, each read by itself as the adapter does.
fn each(text: &str, mut read: impl FnMut(&RawValue) -> Read) -> Read {
    let rows: Vec<&RawValue> = json(text)?;
    rows.into_iter().try_for_each(&mut read)
}

pub(super) fn session(text: &str) -> Read {
    json::<wire::AuthStatus<'_>>(text).map(drop)
}

pub(super) fn tickle(text: &str) -> Read {
    let tickle: wire::Tickle<'_> = json(text)?;
    let session = tickle.session.text().map(drop);
    session.ok_or("no session".into())
}

pub(super) fn brokerage_accounts(text: &str) -> Read {
    let answer: wire::BrokerageAccounts<'_> = json(text)?;
    let is_paper = answer.is_paper.text().map(drop);
    is_paper.ok_or("whether it is paper".into())
}

pub(super) fn accounts(text: &str) -> Read {
    let connection = ConnectionId::new("ibkr");
    each(text, |raw| {
        let row = json(raw.get())?;
        words_of(account::account(&row, &connection, Environment::Paper))
    })
}

fn our_account() -> crate::domain::Account {
    crate::domain::Account {
        id: account_id(),
        provider: ProviderId::new("ibkr"),
        environment: Environment::Paper,
        name: Text::default(),
        currency: Currency::USD,
        restriction: None,
    }
}

pub(super) fn ledger(text: &str) -> Read {
    let ledger: ByText<'_, Option<wire::Ledger<'_>>> = json(text)?;
    let nothing = ByText::new();
    words_of(account::balance(
        &ledger,
        &nothing,
        &our_account(),
        Timestamp::EPOCH,
    ))
}

pub(super) fn summary(text: &str) -> Read {
    let summary: ByText<'_, Option<wire::SummaryValue<'_>>> = json(text)?;
    let ledger = r#"{"BASE":{"netliquidationvalue":1,"cashbalance":1}}"#;
    let ledger = serde_json::from_str(ledger).unwrap();
    words_of(account::balance(
        &ledger,
        &summary,
        &our_account(),
        Timestamp::EPOCH,
    ))
}

pub(super) fn positions(text: &str) -> Read {
    each(text, |raw| {
        let row = json(raw.get())?;
        words_of(account::position(
            &row,
            None,
            &account_id(),
            Timestamp::EPOCH,
        ))
    })
}

pub(super) fn definitions(text: &str) -> Read {
    let answer: wire::Definitions<'_> = json(text)?;
    let mut rows = answer.secdef.unwrap_or_default().into_iter();
    rows.try_for_each(|raw| words_of(symbol::contract(&json(raw.get())?)))
}

pub(super) fn stocks(text: &str) -> Read {
    json::<ByText<'_, Option<Vec<wire::Stock<'_>>>>>(text).map(drop)
}

fn futures(text: &str) -> Read {
    json::<ByText<'_, Option<Vec<wire::Future<'_>>>>>(text).map(drop)
}

fn search(text: &str) -> Read {
    json::<Vec<wire::Found<'_>>>(text).map(drop)
}

fn derivatives(text: &str) -> Read {
    json::<Vec<wire::Derivative<'_>>>(text).map(drop)
}

pub(super) fn rules(text: &str) -> Read {
    let rules: wire::Rules<'_> = json(text)?;
    let contract = symbol::Contract {
        conid: 1,
        symbol: Symbol::new("X"),
        class: crate::domain::AssetClass::Equity,
        name: Text::default(),
        currency: Currency::USD,
        multiplier: Decimal::ONE,
    };
    market::instrument(&contract, &rules);
    Ok(())
}

pub(super) fn schedule(text: &str) -> Read {
    let schedule: wire::Schedule<'_> = json(text)?;
    let sessions = market::sessions(&schedule).map_err(|why| why.to_string())?;
    let clock = market::clock(&sessions, at("2020-01-01T00:00:00Z"));
    clock.map(drop).ok_or("no opening".into())
}

pub(super) fn trades(text: &str) -> Read {
    each(text, |raw| {
        let row = json(raw.get())?;
        words_of(activity::execution(&row, &account_id(), None, |_| None))
    })
}

/// A recording of which most fields were cut: its shape is all that can be asked for.
fn sparse_trades(text: &str) -> Read {
    match trades(text) {
        Err(why) if why.starts_with("shape") => Err(why),
        _ => Ok(()),
    }
}

fn around<T>(with: impl FnOnce(Around<'_>) -> T) -> T {
    let account = account_id();
    with(Around {
        account: &account,
        mode: Mode::Paper,
        named: None,
        heard: Timestamp::EPOCH,
    })
}

pub(super) fn orders(text: &str) -> Read {
    let answer: wire::LiveOrders<'_> = json(text)?;
    let mut rows = answer.orders.unwrap_or_default().into_iter();
    rows.try_for_each(|raw| {
        let row: wire::Order<'_> = json(raw.get())?;
        words_of(around(|around| order::order(&row, around)))
    })
}

pub(super) fn order_status(text: &str) -> Read {
    let row: wire::OrderStatus<'_> = json(text)?;
    words_of(around(|around| order::order(&order::listed(&row), around)))
}

pub(super) fn order_answer(text: &str) -> Read {
    let answers: Vec<wire::OrderAnswer<'_>> = match text.trim_start().starts_with('[') {
        true => json(text)?,
        false => vec![json(text)?],
    };
    let says = |it: &wire::OrderAnswer<'_>| {
        it.order_id.text().is_some() || it.id.text().is_some() || it.text.text().is_some()
    };
    answers
        .iter()
        .all(says)
        .then_some(())
        .ok_or("it says nothing".into())
}

fn cancelled(text: &str) -> Read {
    let answer: wire::Cancelled<'_> = json(text)?;
    answer.msg.text().map(drop).ok_or("it says nothing".into())
}

pub(super) fn snapshot(text: &str) -> Read {
    each(text, |raw| {
        let row: ByText<'_, Field<'_>> = json(raw.get())?;
        let mut prices = Prices::default();
        let (events, unreadable) = prices.take(&row, &Symbol::new("X"), Timestamp::EPOCH);
        match (events.is_empty(), unreadable) {
            (false, 0) => Ok(()),
            (_, unreadable) => Err(format!("{unreadable} fields")),
        }
    })
}

fn snapshot_first(text: &str) -> Read {
    each(text, |raw| {
        let row: ByText<'_, Field<'_>> = json(raw.get())?;
        (!Prices::is_answer(&row))
            .then_some(())
            .ok_or("an answer".into())
    })
}

pub(super) fn bars(text: &str) -> Read {
    let history: wire::History<'_> = json(text)?;
    let mut rows = history.data.unwrap_or_default().into_iter();
    rows.try_for_each(|raw| {
        words_of(market::bar(
            &json(raw.get())?,
            &Symbol::new("X"),
            Decimal::ONE,
        ))
    })
}

pub(super) fn performance(text: &str) -> Read {
    let answer: wire::Performance<'_> = json(text)?;
    match account::equity(&answer, &account_id()).1 {
        0 => Ok(()),
        unreadable => Err(format!("{unreadable} days")),
    }
}

fn refusal(text: &str) -> Read {
    words(&Response::new(400, text.to_owned()))
        .map(drop)
        .ok_or("no words".into())
}

pub(super) fn frame(text: &str) -> Read {
    crate::providers::ibkr::stream::session::tests::heard(text)
}

fn examples() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let places = [
        "../shared/specs/ibkr/examples",
        "../../shared/specs/ibkr/examples",
    ];
    places
        .iter()
        .map(|place| root.join(place))
        .find(|path| path.is_dir())
}

/// What was answered, where the example is a recording of an exchange.
fn answer(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    match value.get("body") {
        Some(body) if value.get("request").is_some() => body.to_string(),
        _ => text.to_owned(),
    }
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
        let text = answer(&std::fs::read_to_string(&path).unwrap());
        READERS[index].1(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    let unused = READERS.iter().zip(&used).filter(|(_, used)| **used == 0);
    let unused: Vec<&str> = unused.map(|(it, _)| it.0).collect();
    assert_eq!(unused, [""; 0], "no example of these");
}
