use super::*;
use crate::domain::{MarketEvent, Symbol, Timeframe, TradingStatus};

fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| Symbol::new(name)).collect()
}

#[tokio::test]
async fn a_snapshot_is_quote_trade_and_day() {
    let rig = rig(vec![ok("quotes")]);
    let wanted = symbols(&["AAPL", "AMD", "NOSUCHTHING", "BRK.B", "A,B"]);
    let events = rig
        .provider
        .quotes()
        .unwrap()
        .snapshots(&wanted)
        .await
        .unwrap();
    assert_eq!(
        rig.sent(),
        [
            "GET /marketdata/v1/quotes?symbols=AAPL%2CAMD%2CNOSUCHTHING%2CBRK%2FB&fields=quote%2Creference"
        ]
    );
    let [
        MarketEvent::Quote(quote),
        MarketEvent::Trade(trade),
        MarketEvent::Day(day),
        status,
        ..,
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(events.len(), 8);
    assert_eq!(
        (
            quote.bid.unwrap().to_string(),
            quote.ask.unwrap().to_string()
        ),
        ("234.86".into(), "234.88".into())
    );
    assert_eq!(quote.time, at("2024-10-18T23:58:55.436Z"));
    assert_eq!(
        (trade.price.to_string(), trade.size.to_string()),
        ("234.87".into(), "10".into())
    );
    assert_eq!(day.previous_close.unwrap().to_string(), "232.15");
    let today = day.today.as_ref().unwrap();
    assert_eq!(
        (today.volume.to_string(), today.start),
        ("46430718".into(), at("2024-10-18T00:00:00Z"))
    );
    assert_eq!(
        *status,
        MarketEvent::Status(Symbol::new("AAPL"), TradingStatus::Trading)
    );
    assert_eq!(rig.provider.meter().unreadable, 0);
}

#[tokio::test]
async fn quotes_come_in_chunks_and_a_bad_one_costs_itself() {
    let many: Vec<String> = (0..201).map(|index| format!("S{index}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let row = r#"{"S200":{"quote":{"bidPrice":1.5,"askPrice":0,"quoteTime":1729295935436}},"x":7}"#;
    let rig = rig(vec![
        status(200, r#"{"S0":7,"S1":{"quote":{"bidPrice":"?"}}}"#),
        status(200, row),
    ]);
    let quotes = rig
        .provider
        .quotes()
        .unwrap()
        .latest(&symbols(&many))
        .await
        .unwrap();
    let [quote] = &quotes[..] else {
        panic!("{quotes:?}")
    };
    assert_eq!(
        (quote.bid.unwrap().to_string(), quote.ask),
        ("1.5".into(), None)
    );
    assert_eq!(rig.provider.meter().unreadable, 2);
    let none = super::rig(vec![status(404, "{}")]);
    let quotes = none.provider.quotes().unwrap();
    assert_eq!(quotes.latest(&symbols(&["X"])).await.unwrap(), []);
}

#[tokio::test]
async fn bars_are_asked_for_by_length_and_halves_become_hours() {
    let rig = rig_at("2023-12-31T00:00:00Z", vec![ok("pricehistory")]);
    let quotes = rig.provider.quotes().unwrap();
    let since = at("2023-11-01T05:00:00Z");
    let days = quotes
        .bars(&Symbol::new("BRK.B"), Timeframe::Day, since)
        .await
        .unwrap();
    assert_eq!(days.len(), 3);
    assert_eq!(days[0].start, since);
    assert_eq!(
        rig.sent(),
        [
            "GET /marketdata/v1/pricehistory?symbol=BRK%2FB&periodType=year&frequencyType=daily&frequency=1&startDate=1698814800000&endDate=1703980800000&needExtendedHoursData=false"
        ]
    );

    let candle = |time: &str, high: u32, close: u32| {
        let millis = at(time).millis();
        format!(
            r#"{{"open":5,"high":{high},"low":4,"close":{close},"volume":10,"datetime":{millis}}}"#
        )
    };
    let candles = [
        candle("2023-12-29T15:00:00Z", 9, 7),
        candle("2023-12-29T14:30:00Z", 6, 5),
        candle("2023-12-29T15:30:00Z", 8, 6),
        r#"{"open":5}"#.to_owned(),
    ];
    let body = format!(r#"{{"candles":[{}]}}"#, candles.join(","));
    let rig = rig_at("2023-12-31T00:00:00Z", vec![status(200, &body)]);
    let quotes = rig.provider.quotes().unwrap();
    let hours = quotes
        .bars(
            &Symbol::new("AAPL"),
            Timeframe::Hour,
            at("2020-01-01T00:00:00Z"),
        )
        .await
        .unwrap();
    let [first, second] = &hours[..] else {
        panic!("{hours:?}")
    };
    assert_eq!(first.start, at("2023-12-29T14:00:00Z"));
    assert_eq!(second.start, at("2023-12-29T15:00:00Z"));
    assert_eq!(
        (
            second.high.to_string(),
            second.close.to_string(),
            second.volume.to_string()
        ),
        ("9".into(), "6".into(), "20".into())
    );
    assert_eq!(rig.provider.meter().unreadable, 1);
    let reach = at("2023-11-14T00:00:00Z").millis();
    assert!(
        rig.sent()[0].contains(&format!("startDate={reach}")),
        "{:?}",
        rig.sent()
    );
}

#[tokio::test]
async fn the_clock_looks_ahead_to_the_next_opening() {
    let rig = rig_at(
        "2024-10-18T15:00:00Z",
        vec![
            ok("hours_open"),
            ok("hours_closed"),
            ok("hours_closed"),
            ok("hours_next"),
        ],
    );
    let clock = rig.provider.quotes().unwrap().clock().await.unwrap();
    assert!(clock.is_open);
    assert_eq!(clock.next_close, at("2024-10-18T20:00:00Z"));
    assert_eq!(clock.next_open, at("2024-10-21T13:30:00Z"));
    let sent = rig.sent();
    assert_eq!(sent[0], "GET /marketdata/v1/markets/equity?date=2024-10-18");
    assert_eq!(sent[3], "GET /marketdata/v1/markets/equity?date=2024-10-21");
    let again = rig.provider.quotes().unwrap().clock().await.unwrap();
    assert_eq!(again, clock);
    assert_eq!(rig.sent().len(), 4, "hours of a day are asked for once");

    let before = rig_at("2024-10-18T12:00:00Z", vec![ok("hours_open")]);
    let clock = before.provider.quotes().unwrap().clock().await.unwrap();
    assert!(!clock.is_open);
    assert_eq!(clock.next_open, at("2024-10-18T13:30:00Z"));

    let never = super::rig(vec![ok("hours_closed"); 8]);
    let error = never.provider.quotes().unwrap().clock().await.unwrap_err();
    assert!(matches!(error, ProviderError::Garbled { .. }), "{error:?}");
}

#[tokio::test]
async fn an_instrument_is_what_the_search_and_the_quote_say() {
    let rig = rig(vec![ok("instruments"), ok("quotes")]);
    let apple = Symbol::new("AAPL");
    let found = rig
        .provider
        .quotes()
        .unwrap()
        .instrument(&apple)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.name.as_str(), "APPLE INC");
    assert_eq!(
        (found.tick.to_string(), found.lot.to_string()),
        ("0.01".into(), "1".into())
    );
    assert!(found.tradable && found.shortable && !found.fractionable);
    assert_eq!(
        rig.sent()[0],
        "GET /marketdata/v1/instruments?symbol=AAPL&projection=symbol-search"
    );
    let rig = super::rig(vec![status(404, "{}"), ok("quotes")]);
    let unknown = rig
        .provider
        .quotes()
        .unwrap()
        .instrument(&Symbol::new("NOSUCHTHING"))
        .await;
    assert_eq!(unknown.unwrap(), None);
    let index = r#"{"$SPX":{"assetMainType":"INDEX","quote":{"lastPrice":6000.5}}}"#;
    let rig = super::rig(vec![status(200, "{}"), status(200, index)]);
    let index = rig
        .provider
        .quotes()
        .unwrap()
        .instrument(&Symbol::new("$SPX"))
        .await;
    assert!(!index.unwrap().unwrap().tradable);
}
