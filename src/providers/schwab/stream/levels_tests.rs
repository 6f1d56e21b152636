use super::*;
use crate::domain::Bar;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn take(level: &mut Level, kind: Kind, json: &str) -> Vec<MarketEvent> {
    let row: ByText<'_, Field<'_>> = serde_json::from_str(json).unwrap();
    let symbol = Symbol::new("X");
    level.take(&symbol, kind, &row, Some(at(1_000))).unwrap()
}

fn quote(events: &[MarketEvent]) -> &Quote {
    let found = events.iter().find_map(|event| match event {
        MarketEvent::Quote(quote) => Some(quote),
        MarketEvent::Trade(_)
        | MarketEvent::Bar(_)
        | MarketEvent::Status(..)
        | MarketEvent::Day(_) => None,
    });
    found.unwrap()
}

fn day(events: &[MarketEvent]) -> Option<&Bar> {
    events.iter().find_map(|event| match event {
        MarketEvent::Day(day) => day.today.as_ref(),
        MarketEvent::Quote(_)
        | MarketEvent::Trade(_)
        | MarketEvent::Bar(_)
        | MarketEvent::Status(..) => None,
    })
}

#[test]
fn what_changed_is_put_into_what_was_known() {
    let mut level = Level::default();
    let first = take(
        &mut level,
        Kind::Equity,
        r#"{"1":10.5,"2":10.6,"3":10.55,"4":100,"5":200,"8":5000,"9":7,"10":11,"11":9,"12":10,"17":9.5,"32":"Normal","34":86400123,"35":86400100}"#,
    );
    assert_eq!(first.len(), 4, "{first:?}");
    let bar = day(&first).unwrap();
    assert_eq!(bar.start, at(86_400_000));
    assert_eq!(
        (bar.close.to_string(), bar.volume.to_string()),
        ("10.55".into(), "5000".into())
    );

    let second = take(&mut level, Kind::Equity, r#"{"2":10.7,"34":86400200}"#);
    let [MarketEvent::Quote(moved)] = &second[..] else {
        panic!("{second:?}")
    };
    assert_eq!(moved.bid.unwrap().to_string(), "10.5", "it did not change");
    assert_eq!(
        (moved.ask.unwrap().to_string(), moved.time),
        ("10.7".into(), at(86_400_200))
    );
    assert_eq!(moved.ask_size.unwrap().to_string(), "200");

    let third = take(
        &mut level,
        Kind::Equity,
        r#"{"3":10.8,"8":5010,"9":10,"35":86400300}"#,
    );
    let [MarketEvent::Trade(trade), MarketEvent::Day(_)] = &third[..] else {
        panic!("{third:?}")
    };
    assert_eq!(
        (trade.price.to_string(), trade.size.to_string()),
        ("10.8".into(), "10".into())
    );
    assert_eq!(
        day(&third).unwrap().volume.to_string(),
        "5010",
        "the sum comes last"
    );
    assert_eq!(take(&mut level, Kind::Equity, r#"{"32":"Normal"}"#), []);
}

#[test]
fn a_side_that_goes_away_has_no_price() {
    let mut level = Level::default();
    take(&mut level, Kind::Equity, r#"{"1":10,"2":11,"4":5,"5":6}"#);
    let events = take(&mut level, Kind::Equity, r#"{"1":0}"#);
    let quote = quote(&events);
    assert_eq!((quote.bid, quote.bid_size), (None, None));
    assert_eq!(quote.ask.unwrap().to_string(), "11");
    assert_eq!(quote.time, at(1_000), "when it was told");
}

#[test]
fn a_halt_is_told_once_and_its_end() {
    let mut level = Level::default();
    let told = |level: &mut Level, word: &str| {
        take(level, Kind::Equity, &format!(r#"{{"32":"{word}"}}"#)).len()
    };
    assert_eq!(told(&mut level, "Halted"), 1);
    assert_eq!(told(&mut level, "Halted"), 0);
    assert_eq!(told(&mut level, "Closed"), 0);
    assert_eq!(told(&mut level, "Normal"), 1);
}

#[test]
fn each_service_has_numbers_of_its_own() {
    // Bid, ask, last, volume: each at the number that the service gives it.
    for (kind, bid, ask, last, volume) in [
        (Kind::Equity, 1, 2, 3, 8),
        (Kind::Option, 2, 3, 4, 8),
        (Kind::Future, 1, 2, 3, 8),
        (Kind::FutureOption, 1, 2, 3, 8),
        (Kind::Forex, 1, 2, 3, 6),
    ] {
        let mut level = Level::default();
        let json = format!(r#"{{"{bid}":1.5,"{ask}":1.6,"{last}":1.55,"{volume}":9}}"#);
        let events = take(&mut level, kind, &json);
        let quote = quote(&events);
        assert_eq!(
            (
                quote.bid.unwrap().to_string(),
                quote.ask.unwrap().to_string()
            ),
            ("1.5".into(), "1.6".into())
        );
        assert!(
            events
                .iter()
                .any(|event| matches!(event, MarketEvent::Trade(_))),
            "{kind:?}"
        );
        assert_eq!(level.day.volume.unwrap().to_string(), "9", "{kind:?}");
        assert_eq!(kind_of(service(kind)), Some(kind));
    }
    assert_eq!(fields(Kind::Equity), "0,1,2,3,4,5,8,9,10,11,12,17,32,34,35");
    assert_eq!(fields(Kind::Option), "0,2,3,4,5,6,7,8,15,16,17,18,33,38,39");
    assert_eq!(fields(Kind::Future), "0,1,2,3,4,5,8,9,10,11,12,13,14,18,22");
    assert_eq!(
        fields(Kind::FutureOption),
        "0,1,2,3,4,5,8,9,10,11,12,13,14,17,29"
    );
    assert_eq!(fields(Kind::Forex), "0,1,2,3,4,5,6,7,8,9,10,11,12,15,20");
    assert_eq!(kind_of("CHART_EQUITY"), None);
}

#[test]
fn an_update_that_cannot_be_read_changes_nothing() {
    let mut level = Level::default();
    take(&mut level, Kind::Equity, r#"{"1":10,"2":11}"#);
    let row: ByText<'_, Field<'_>> = serde_json::from_str(r#"{"1":12,"2":"?"}"#).unwrap();
    let read = level.take(&Symbol::new("X"), Kind::Equity, &row, None);
    assert_eq!(read, Err(Unreadable("a number")));
    assert_eq!(level.bid.unwrap().to_string(), "10");
}
