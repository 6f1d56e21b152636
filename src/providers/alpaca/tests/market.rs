use super::*;
use crate::domain::{MarketEvent, Symbol, Timeframe};

fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| Symbol::new(name)).collect()
}

#[tokio::test]
async fn quotes_are_asked_for_where_their_kind_lives() {
    let rig = paper(vec![
        ok("quotes_stock"),
        ok("quotes_crypto"),
        ok("quotes_option"),
    ]);
    let wanted = symbols(&["AAPL", "BTC/USD", "AAPL240419P00140000", "TSLA", "ETH/USD"]);
    let quotes = rig
        .provider
        .quotes()
        .unwrap()
        .latest(&wanted)
        .await
        .unwrap();
    let names: Vec<&str> = quotes.iter().map(|quote| quote.symbol.as_str()).collect();
    assert_eq!(
        names,
        ["AAPL", "TSLA", "BTC/USD", "ETH/USD", "AAPL240419P00140000"]
    );
    assert_eq!(quotes[0].bid.unwrap().to_string(), "172.62");
    let data = "GET data.alpaca.markets";
    assert_eq!(
        rig.sent(),
        [
            format!("{data}/v2/stocks/quotes/latest?symbols=AAPL%2CTSLA&feed=iex"),
            format!("{data}/v1beta3/crypto/us/latest/quotes?symbols=BTC%2FUSD%2CETH%2FUSD"),
            format!("{data}/v1beta1/options/quotes/latest?symbols=AAPL240419P00140000"),
        ]
    );
}

#[tokio::test]
async fn snapshots_come_bare_or_under_a_name() {
    let rig = paper(vec![
        ok("snapshots_stock"),
        ok("snapshots_crypto"),
        ok("snapshots_option"),
    ]);
    let wanted = symbols(&["AAPL", "BTC/USD", "AAPL240426C00162500", "NOBODY"]);
    let events = rig
        .provider
        .quotes()
        .unwrap()
        .snapshots(&wanted)
        .await
        .unwrap();
    let kinds: Vec<String> = events
        .iter()
        .map(|event| match event {
            MarketEvent::Quote(quote) => format!("quote {}", quote.symbol),
            MarketEvent::Trade(trade) => format!("trade {}", trade.symbol),
            MarketEvent::Day(day) => format!("day {} {}", day.symbol, day.previous_close.unwrap()),
            MarketEvent::Bar(_) | MarketEvent::Status(..) => panic!("{event:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "quote AAPL",
            "trade AAPL",
            "day AAPL 173.19",
            "quote BTC/USD",
            "trade BTC/USD",
            "day BTC/USD 31649",
            "quote AAPL240426C00162500",
            "trade AAPL240426C00162500",
        ]
    );
}

#[tokio::test]
async fn a_pair_that_the_coins_do_not_know_is_asked_for_among_the_stocks() {
    let empty = || status(200, r#"{"quotes":{}}"#);
    let pair = r#"{"quotes":{"EUR/USD":{"bp":1.0852,"bs":1,"ap":1.0853,"as":1,"t":"2026-11-23T12:00:00Z"}}}"#;
    for first in [
        empty(),
        status(404, ""),
        status(400, r#"{"message":"invalid symbol"}"#),
    ] {
        let rig = paper(vec![first, status(200, pair)]);
        let quotes = rig
            .provider
            .quotes()
            .unwrap()
            .latest(&symbols(&["EUR/USD"]))
            .await
            .unwrap();
        assert_eq!(quotes[0].symbol.as_str(), "EUR/USD");
        assert_eq!(
            rig.sent()[1],
            "GET data.alpaca.markets/v2/stocks/quotes/latest?symbols=EUR%2FUSD&feed=iex"
        );
    }
}

#[tokio::test]
async fn one_symbol_that_is_refused_does_not_spoil_the_rest() {
    let refused = || status(400, r#"{"message":"invalid symbol: B@D"}"#);
    let rig = paper(vec![refused(), ok("quotes_stock"), refused()]);
    let quotes = rig
        .provider
        .quotes()
        .unwrap()
        .latest(&symbols(&["AAPL", "B@D"]))
        .await
        .unwrap();
    assert_eq!(quotes.len(), 1);
    assert_eq!(rig.provider.meter().unreadable, 1);
}

#[tokio::test]
async fn a_plan_that_does_not_cover_the_data_is_not_asked_symbol_by_symbol() {
    let words = r#"{"message":"subscription does not permit querying recent SIP data"}"#;
    let rig = paper(vec![status(403, words)]);
    let error = rig
        .provider
        .quotes()
        .unwrap()
        .latest(&symbols(&["AAPL", "TSLA"]))
        .await
        .unwrap_err();
    assert!(matches!(error, ProviderError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn many_symbols_are_asked_for_in_pieces() {
    let rig = paper(vec![
        status(200, "{}"),
        status(200, "{}"),
        status(200, "{}"),
    ]);
    let wanted: Vec<Symbol> = (0..250)
        .map(|index| Symbol::new(&format!("S{index}")))
        .collect();
    assert_eq!(
        rig.provider
            .quotes()
            .unwrap()
            .snapshots(&wanted)
            .await
            .unwrap(),
        []
    );
    assert!(
        rig.sent()[0].contains("symbols=S0%2CS1%2C") && rig.sent()[2].contains("symbols=S200%2C")
    );
}

#[tokio::test]
async fn bars_are_read_to_the_last_page() {
    let last = fixture("bars_stock").replace(
        r#""QUFQTHxNfDIwMjItMDEtMDNUMDk6MDA6MDAuMDAwMDAwMDAwWg==""#,
        "null",
    );
    let rig = paper(vec![ok("bars_stock"), status(200, &last)]);
    let since = at("2022-01-03T00:00:00Z");
    let bars = rig
        .provider
        .quotes()
        .unwrap()
        .bars(&Symbol::new("AAPL"), Timeframe::FiveMinutes, since)
        .await
        .unwrap();
    assert_eq!(bars.len(), 2);
    assert_eq!(
        (
            bars[0].open.to_string().as_str(),
            bars[0].volume.to_string().as_str()
        ),
        ("178.26", "1118")
    );
    let sent = rig.sent();
    assert_eq!(
        sent[0],
        "GET data.alpaca.markets/v2/stocks/bars?symbols=AAPL&timeframe=5Min&start=2022-01-03T00%3A00%3A00Z\
         &limit=10000&adjustment=split&feed=iex"
    );
    assert_eq!(
        sent[1],
        format!(
            "{}&page_token=QUFQTHxNfDIwMjItMDEtMDNUMDk6MDA6MDAuMDAwMDAwMDAwWg%3D%3D",
            sent[0]
        )
    );
}

#[tokio::test]
async fn bars_of_a_coin_lie_on_their_own_shelf() {
    let last = fixture("bars_crypto").replace("\"MTY0", "\"\", \"was\": \"MTY0");
    let rig = paper(vec![status(200, &last)]);
    let quotes = rig.provider.quotes().unwrap();
    let since = at("2022-05-27T00:00:00Z");
    let bars = quotes
        .bars(&Symbol::new("BTC/USD"), Timeframe::Minute, since)
        .await
        .unwrap();
    assert_eq!(bars[0].volume.to_string(), "0.01");
    let start = "GET data.alpaca.markets/v1beta3/crypto/us/bars?symbols=BTC%2FUSD&timeframe=1Min";
    assert_eq!(
        rig.sent(),
        [format!(
            "{start}&start=2022-05-27T00%3A00%3A00Z&limit=10000"
        )]
    );
}

#[tokio::test]
async fn bars_of_nobody_are_none() {
    let rig = paper(vec![
        status(200, r#"{"bars":{},"next_page_token":null}"#),
        status(200, r#"{"bars":null}"#),
    ]);
    let quotes = rig.provider.quotes().unwrap();
    for _ in 0..2 {
        let bars = quotes
            .bars(&Symbol::new("AAPL"), Timeframe::Day, Timestamp::EPOCH)
            .await
            .unwrap();
        assert_eq!(bars, []);
    }
}

#[tokio::test]
async fn an_instrument_is_known_with_its_tick_or_not_at_all() {
    let rig = paper(vec![
        ok("asset"),
        ok("snapshots_stock"),
        status(404, &fixture("error_404")),
    ]);
    let quotes = rig.provider.quotes().unwrap();
    let apple = quotes
        .instrument(&Symbol::new("AAPL"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (
            apple.tick.to_string().as_str(),
            apple.lot.to_string().as_str()
        ),
        ("0.01", "0.000000001")
    );
    assert!(apple.tradable && apple.fractionable && apple.shortable);
    assert_eq!(
        quotes
            .instrument(&Symbol::new("TSLA231110C00021000"))
            .await
            .unwrap(),
        None
    );
    let sent = rig.sent();
    assert_eq!(sent[0], "GET paper-api.alpaca.markets/v2/assets/AAPL");
    assert_eq!(
        sent[2],
        "GET paper-api.alpaca.markets/v2/options/contracts/TSLA231110C00021000"
    );
}

#[tokio::test]
async fn a_slash_in_a_symbol_stays_inside_its_segment() {
    let rig = paper(vec![status(404, &fixture("error_404"))]);
    assert_eq!(
        rig.provider
            .quotes()
            .unwrap()
            .instrument(&Symbol::new("BTC/USD"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        rig.sent(),
        ["GET paper-api.alpaca.markets/v2/assets/BTC%2FUSD"]
    );
}

#[tokio::test]
async fn the_clock_is_of_the_exchange() {
    let rig = paper(vec![ok("clock")]);
    let clock = rig.provider.quotes().unwrap().clock().await.unwrap();
    assert_eq!((clock.market.as_str(), clock.is_open), ("NYSE", true));
    assert_eq!(clock.next_open, at("2025-06-25T13:30:00Z"));
}
