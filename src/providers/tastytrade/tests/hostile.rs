//! Answers as no manual has them: every field missing, `null`, of another kind, of a word nobody knows.

use super::accounts::query;
use super::*;
use crate::domain::Mode;
use crate::providers::tastytrade::translate::execution::Names;
use crate::providers::tastytrade::translate::order::Around;
use crate::providers::tastytrade::translate::symbol::Kind;
use crate::providers::tastytrade::translate::{account, complex, history, market, order};
use crate::providers::tastytrade::wire;
use serde_json::{Value, json};

/// Reads one row; only that it returns counts.
type Reader = fn(&str) -> bool;

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Option<T> {
    crate::net::json::parse_object(text.as_bytes()).ok()
}

fn around<T>(with: impl FnOnce(Around<'_>) -> T) -> T {
    let account = account_id();
    with(Around {
        account: &account,
        mode: Mode::Paper,
        heard: at("2026-11-23T12:00:00Z"),
    })
}

fn now() -> Timestamp {
    at("2026-11-23T12:00:00Z")
}

/// A fixture, the way to its row, and how such a row is read.
const ROWS: &[(&str, &str, Reader)] = &[
    ("accounts", "/data/items/0", |text| {
        let (connection, paper) = (ConnectionId::new("t"), Environment::Paper);
        parse(text).is_some_and(|row| account::account(&row, &connection, paper).is_ok())
    }),
    ("trading_status", "/data", |text| {
        parse(text).is_some_and(|row| account::restriction(&row).is_none())
    }),
    ("balance", "/data", |text| {
        parse(text).is_some_and(|row| account::balance(&row, &account_id(), now()).is_ok())
    }),
    ("positions", "/data/items/2", |text| {
        parse(text).is_some_and(|row| account::position(&row, &account_id(), now()).is_ok())
    }),
    ("net_liq", "/data/items/0", |text| {
        parse(text).is_some_and(|row| account::equity_point(&row).is_ok())
    }),
    ("transactions", "/data/items/0", |text| {
        parse(text)
            .is_some_and(|row| history::entries(&row, &account_id(), &mut Names::default()).is_ok())
    }),
    ("placed", "/data/order", |text| {
        parse(text).is_some_and(|row| around(|it| order::order(&row, it).is_ok()))
    }),
    ("frame_order_filled", "/data", |text| {
        parse(text).is_some_and(|row| around(|it| order::order(&row, it).is_ok()))
    }),
    ("complex_orders", "/data/items/0", |text| {
        parse(text).is_some_and(|row| around(|it| complex::family(&row, it).is_ok()))
    }),
    ("market_data", "/data/items/1", |text| {
        parse(text).is_some_and(|row| market::snapshot(&row, now()).is_ok())
    }),
    ("equity", "/data", |text| {
        parse(text).is_some_and(|row| market::instrument(&row, Kind::Equity, None).is_ok())
    }),
    ("session", "/data", |text| {
        let at = at("2026-08-04T00:00:00Z");
        parse(text).is_some_and(|row| market::clock(&row, at).is_ok())
    }),
    ("quote_token", "/data", |text| {
        parse(text).is_some_and(|row: wire::QuoteToken<'_>| row.token.text().is_some())
    }),
];

/// Every way to a value inside a value.
fn ways(value: &Value, way: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let way = format!("{way}/{}", name.replace('~', "~0").replace('/', "~1"));
            ways(value, &way, all);
            all.push(way);
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| ways(value, &format!("{way}/{index}"), all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn row(name: &str, way: &str) -> Value {
    let whole: Value = serde_json::from_str(&fixture(name)).unwrap();
    whole.pointer(way).unwrap().clone()
}

#[test]
fn a_row_as_documented_is_read() {
    for (name, way, reader) in ROWS {
        assert!(reader(&row(name, way).to_string()), "{name}");
    }
}

#[test]
fn no_field_that_is_missing_or_strange_brings_anything_down() {
    let mut tried = 0;
    for (name, way, reader) in ROWS {
        let good = row(name, way);
        let mut places = Vec::new();
        ways(&good, "", &mut places);
        for place in &places {
            let strange = [
                Value::Null,
                json!("a word nobody knows"),
                json!(""),
                json!(-1),
                json!("99999999999999999999999999999999999"),
                json!(true),
                json!([]),
                json!({}),
            ];
            for value in strange {
                let mut row = good.clone();
                *row.pointer_mut(place).unwrap() = value;
                reader(&row.to_string());
                tried += 1;
            }
            let (parent, field) = place.rsplit_once('/').unwrap();
            let mut row = good.clone();
            if let Some(Value::Object(fields)) = row.pointer_mut(parent) {
                fields.remove(field);
            }
            reader(&row.to_string());
        }
        assert!(!reader("[]") && !reader("<html>"), "{name}");
        reader("{}");
    }
    assert!(tried > 1_000, "{tried}");
}

#[test]
fn words_nobody_knows_are_kept_and_fields_that_are_null_are_missing() {
    let mut order = row("placed", "/data/order");
    order["status"] = json!("Pondering");
    order["time-in-force"] = json!("Forever");
    order["price-effect"] = Value::Null;
    order["received-at"] = Value::Null;
    let text = order.to_string();
    let read = around(|it| order::order(&parse(&text).unwrap(), it).unwrap());
    assert_eq!(read.order.state.word(), "Pondering");
    assert!(!read.order.state.is_final());
    assert_eq!(read.order.created.millis(), 1_748_439_528_049);
}

#[tokio::test(start_paused = true)]
async fn pages_and_emptiness_in_the_place_of_data_are_told_without_their_content() {
    for (code, body, expected) in [
        (
            200,
            "<html>maintenance</html>",
            "a web page came instead of data",
        ),
        (200, "", "unreadable at line 1"),
        (204, "", "unreadable at line 1"),
        (200, "{}", "there are no data in it"),
        (200, r#"{"data":null}"#, "there are no data in it"),
        (200, r#"{"data":{}}"#, "there are no items in it"),
        (200, "[]", "a list came in the place of an object"),
        (406, r#"{"error":{"code":406}}"#, "refused: 406"),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"s3cr3t"}"#,
            "refused: invalid_grant",
        ),
        (
            400,
            r#"{"error":{"code":"validation_error","message":"Request validation failed","errors":[{"domain":"start-date","reason":"is missing"}]}}"#,
            "refused: start-date: is missing",
        ),
        (418, "<html>", "refused: status 418"),
    ] {
        let rig = paper(vec![status(code, body)]);
        let accounts = rig.provider.accounts().unwrap();
        let error = accounts.positions(&account_id()).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains(expected), "{body}: {error}");
        assert!(!error.contains("s3cr3t") && !error.contains("maintenance"));
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_without_a_word_of_how_long_is_a_pause_of_our_own() {
    let rig = paper(vec![status(429, "")]);
    let accounts = rig.provider.accounts().unwrap();
    let error = accounts.positions(&account_id()).await.unwrap_err();
    let is_pause = matches!(
        error,
        ProviderError::Unreachable(NetError::Throttled { .. })
    );
    assert!(is_pause, "{error:?}");
    assert_eq!(rig.sent().len(), 1);
}

#[tokio::test]
async fn rows_that_cannot_be_read_do_not_hide_their_neighbours() {
    let mut list: Value = serde_json::from_str(&fixture("transactions")).unwrap();
    list["data"]["items"][0] = json!({"id": {}});
    list["data"]["items"][1] = json!([]);
    let rig = paper(vec![status(200, &list.to_string())]);
    let accounts = rig.provider.accounts().unwrap();
    let page = accounts.history(&account_id(), query(None)).await.unwrap();
    assert_eq!((page.items.len(), page.rejected.len()), (4, 2));
    assert!(page.rejected[0].why.as_str().starts_with("row 1: "));
    assert_eq!(page.rejected[1].raw.as_str(), "[]");
    assert_eq!(rig.provider.meter().unreadable, 2);
}
