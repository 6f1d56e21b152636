//! Snapshots, bars, hours, contracts.

use super::*;
use crate::domain::{MarketEvent, Symbol, Timeframe};
use crate::providers::provider::ProviderError;

fn apple() -> Symbol {
    Symbol::new("AAPL")
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_asked_for_until_it_says_something() {
    let rig = paper(vec![
        ("/marketdata/snapshot", ok("snapshot_first")),
        ("/marketdata/snapshot", ok("snapshot_first")),
        ("/marketdata/snapshot", ok("snapshot")),
    ]);
    let quotes = rig.provider.quotes().unwrap();
    let events = quotes.snapshots(&[apple()]).await.unwrap();
    assert!(events.iter().any(|it| matches!(it, MarketEvent::Quote(quote) if quote.bid_size.unwrap().to_string() == "1200")));
    assert!(
        events.iter().any(
            |it| matches!(it, MarketEvent::Trade(trade) if trade.price.to_string() == "655.89")
        )
    );
    let asked = rig
        .far
        .sent()
        .into_iter()
        .find(|it| it.contains("snapshot"))
        .unwrap();
    assert!(asked.contains("conids=265598&fields=31%2C70"), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_never_says_anything_is_given_up() {
    let empty = || ("/marketdata/snapshot", ok("snapshot_first"));
    let rig = paper(vec![empty(), empty(), empty(), empty()]);
    let quotes = rig.provider.quotes().unwrap();
    assert_eq!(quotes.latest(&[apple()]).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_contract_is_looked_up_once() {
    let rig = paper(vec![
        ("/marketdata/snapshot", ok("snapshot")),
        ("/marketdata/snapshot", ok("snapshot")),
    ]);
    let quotes = rig.provider.quotes().unwrap();
    for _ in 0..2 {
        assert_eq!(quotes.latest(&[apple()]).await.unwrap().len(), 1);
    }
    let searches = rig
        .far
        .sent()
        .iter()
        .filter(|it| it.contains("stocks"))
        .count();
    assert_eq!(searches, 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_knows_is_missing_and_what_is_several_is_said() {
    let two = fixture("stocks").replace(r#""isUS": false"#, r#""isUS": true"#);
    let rig = paper(vec![
        ("/trsrv/stocks", status(200, "{}")),
        ("/trsrv/stocks", status(200, &two)),
    ]);
    let quotes = rig.provider.quotes().unwrap();
    assert_eq!(quotes.instrument(&Symbol::new("NOPE")).await, Ok(None));
    let refused = quotes.instrument(&apple()).await.unwrap_err();
    assert!(
        matches!(&refused, ProviderError::Refused { reason } if reason.as_str().contains("AAPL@NASDAQ"))
    );
}

#[tokio::test(start_paused = true)]
async fn an_instrument_has_the_step_of_its_rules() {
    let rig = paper(vec![("/contract/rules", ok("rules"))]);
    let quotes = rig.provider.quotes().unwrap();
    let instrument = quotes.instrument(&apple()).await.unwrap().unwrap();
    assert_eq!(
        (instrument.tick.to_string(), instrument.name.as_str()),
        ("0.01".into(), "APPLE INC")
    );
}

#[tokio::test(start_paused = true)]
async fn an_option_is_found_by_its_underlying_month_strike_and_right() {
    let search =
        r#"[{"conid":"265598","symbol":"AAPL","sections":[{"secType":"STK"},{"secType":"OPT"}]}]"#;
    let info = r#"[{"conid":1,"right":"C","strike":217.5,"maturityDate":"20241011","tradingClass":"AAPL"},
        {"conid":2,"right":"C","strike":217.5,"maturityDate":"20241018","tradingClass":"2AAPL"},
        {"conid":730679583,"right":"C","strike":217.5,"maturityDate":"20241018","tradingClass":"AAPL"}]"#;
    let rig = paper(vec![
        ("/secdef/search", status(200, search)),
        ("/secdef/info", status(200, info)),
        ("/contract/rules", ok("rules")),
    ]);
    let quotes = rig.provider.quotes().unwrap();
    let symbol = Symbol::new("AAPL241018C00217500");
    let found = quotes.instrument(&symbol).await.unwrap().unwrap();
    assert_eq!(found.symbol, symbol);
    let asked = rig
        .far
        .sent()
        .into_iter()
        .find(|it| it.contains("secdef/info"))
        .unwrap();
    assert!(
        asked.ends_with("conid=265598&sectype=OPT&month=OCT24&strike=217.5&right=C"),
        "{asked}"
    );
}

#[tokio::test(start_paused = true)]
async fn bars_are_whole_units_oldest_first() {
    let rig = paper(vec![("/marketdata/history", ok("history"))]);
    let quotes = rig.provider.quotes().unwrap();
    let since = at("2026-04-01T15:00:00Z");
    let bars = quotes
        .bars(&apple(), Timeframe::Minute, since)
        .await
        .unwrap();
    let told: Vec<String> = bars
        .iter()
        .map(|it| format!("{} {}", it.close, it.volume))
        .collect();
    assert_eq!(told, ["646.86 688765", "647.37 269228"]);
    let asked = rig
        .far
        .sent()
        .into_iter()
        .find(|it| it.contains("history"))
        .unwrap();
    assert!(
        asked.contains("period=1d&bar=1min&outsideRth=false"),
        "{asked}"
    );
    let refused = status(200, r#"{"error":"no history"}"#);
    let rig = paper(vec![("/marketdata/history", refused)]);
    let quotes = rig.provider.quotes().unwrap();
    assert!(quotes.bars(&apple(), Timeframe::Day, since).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn hours_are_read_once_in_an_hour_without_a_trading_session() {
    let rig = paper(vec![("/trading-schedule", ok("schedule"))]);
    let quotes = rig.provider.quotes().unwrap();
    for _ in 0..3 {
        let clock = quotes.clock().await.unwrap();
        assert!(clock.is_open);
    }
    assert_eq!(
        rig.far.sent(),
        ["GET /contract/trading-schedule?conid=756733"]
    );
}
