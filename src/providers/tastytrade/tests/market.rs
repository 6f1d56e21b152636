//! Market data by request.

use super::*;
use crate::domain::{AssetClass, MarketEvent, Symbol};

fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| Symbol::new(name)).collect()
}

#[tokio::test]
async fn a_snapshot_is_a_quote_a_trade_and_the_day() {
    let rig = rig(Environment::Live, vec![ok("market_data")]);
    let wanted = symbols(&["AAPL", "BRK.B", "SPY261218P00600000", "/ESZ6", "BTC/USD"]);
    // Names that only a record tells are asked for first; here they are not to be had.
    let quotes = rig.provider.quotes().unwrap();
    let read = quotes.latest(&wanted).await.unwrap();
    assert_eq!(
        rig.sent(),
        [
            "GET /market-data/by-type?equity=AAPL&equity=BRK%2FB&equity-option=SPY+++261218P00600000&future=%2FESZ6&cryptocurrency=BTC%2FUSD"
        ]
    );
    let quote = read.iter().find(|it| it.symbol.as_str() == "AAPL").unwrap();
    assert_eq!(quote.bid.unwrap().to_string(), "210.55");
    assert_eq!(quote.time.to_string(), "2025-04-29T21:33:25.535Z");
    let rig = super::rig(Environment::Live, vec![ok("market_data")]);
    let quotes = rig.provider.quotes().unwrap();
    let events = quotes.snapshots(&symbols(&["AAPL"])).await.unwrap();
    let mut days = events.iter().filter_map(|event| {
        let MarketEvent::Day(day) = event else {
            return None;
        };
        (day.symbol.as_str() == "AAPL").then_some(day)
    });
    let day = days.next().unwrap();
    assert_eq!(day.previous_close.unwrap().to_string(), "210.14");
    assert_eq!(day.today.as_ref().unwrap().volume.to_string(), "35348839.0");
    assert_eq!(rig.provider.meter().unreadable, 0);
}

#[tokio::test]
async fn symbols_are_asked_for_a_hundred_at_a_time() {
    let rig = rig(Environment::Live, vec![none(), none(), none()]);
    let names: Vec<Symbol> = (0..201).map(|it| Symbol::new(&format!("S{it}"))).collect();
    rig.provider.quotes().unwrap().latest(&names).await.unwrap();
    let counts: Vec<usize> = rig
        .sent()
        .iter()
        .map(|line| line.matches("equity=").count())
        .collect();
    assert_eq!(counts, [100, 100, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_sandbox_has_no_snapshots_and_is_not_asked_again() {
    let page = || status(502, "<html>502</html>");
    let rig = paper(vec![page(), page(), page(), page()]);
    let quotes = rig.provider.quotes().unwrap();
    for _ in 0..2 {
        assert_eq!(quotes.snapshots(&symbols(&["AAPL"])).await.unwrap(), []);
    }
    let asked = rig.sent().len();
    assert!(asked <= 4, "{asked}");
    let live = super::rig(Environment::Live, vec![page(), page(), page(), page()]);
    let quotes = live.provider.quotes().unwrap();
    let error = quotes.latest(&symbols(&["AAPL"])).await.unwrap_err();
    assert_eq!(error, ProviderError::Unavailable { status: 502 });
}

#[tokio::test]
async fn an_instrument_has_the_tick_of_its_price_and_teaches_the_stream_its_name() {
    let quote = r#"{"data":{"items":[{"symbol":"AIFE","instrument-type":"Equity","bid":"0.50"}]}}"#;
    let rig = paper(vec![
        ok("equity"),
        status(200, quote),
        ok("future"),
        status(404, r#"{"error":{"code":"not_found","message":"no"}}"#),
    ]);
    let quotes = rig.provider.quotes().unwrap();
    let share = quotes
        .instrument(&Symbol::new("AIFE"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(share.tick.to_string(), "0.0001");
    assert_eq!((share.tradable, share.shortable), (true, false));
    assert_eq!(share.lot.to_string(), "1");
    let future = quotes
        .instrument(&Symbol::new("/LEQ6"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(future.class, AssetClass::Future);
    assert_eq!(quotes.instrument(&Symbol::new("NONE")).await.unwrap(), None);
    let sent = rig.sent();
    assert_eq!(sent[0], "GET /instruments/equities/AIFE");
    assert_eq!(sent[2], "GET /instruments/futures/%2FLEQ6");
}

#[tokio::test]
async fn hours_are_read_with_the_session_that_comes_next() {
    let rig = paper(vec![
        ok("session"),
        status(
            200,
            r#"{"data":{"items":[{"state":"Open","open-at":"2026-11-23T11:00:00Z","close-at":"2026-11-23T21:00:00Z","next-session":{"open-at":"2026-11-24T14:30:00Z","close-at":"2026-11-24T21:00:00Z"}}]}}"#,
        ),
        status(200, r#"{"data":{"state":"Closed"}}"#),
    ]);
    let quotes = rig.provider.quotes().unwrap();
    let closed = quotes.clock().await.unwrap();
    assert!(!closed.is_open);
    assert_eq!(closed.next_open, at("2026-08-04T13:30:00Z"));
    let open = quotes.clock().await.unwrap();
    assert!(open.is_open);
    assert_eq!(open.next_close, at("2026-11-23T21:00:00Z"));
    assert_eq!(open.next_open, at("2026-11-24T14:30:00Z"));
    let error = quotes.clock().await.unwrap_err();
    assert!(matches!(error, ProviderError::Garbled { .. }), "{error:?}");
    assert_eq!(
        rig.sent()[0],
        "GET /market-time/sessions/current?instrument-collections%5B%5D=Equity"
    );
}
