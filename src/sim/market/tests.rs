use super::*;
use crate::domain::money::decimal;
use crate::domain::{Quantity, Quote};
use std::io::Write;
use std::path::PathBuf;

const START: &str = "2026-11-24T15:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn options(seed: u64) -> MarketOptions {
    MarketOptions {
        seed,
        universe: 60,
        quotes_per_second: 500,
        hours: MarketHours::Always,
        recording: Arc::default(),
        speed: Speed::Times(1),
    }
}

/// Everything that happens in `seconds`, asked for every `step`.
fn live(mut market: Market, seconds: u64, step: Duration) -> Vec<Tick> {
    let start = at(START);
    let steps = Duration::from_secs(seconds).as_millis() / step.as_millis();
    (1..=u32::try_from(steps).unwrap())
        .flat_map(|number| market.advance(start.plus(step * number)))
        .collect()
}

#[test]
fn the_same_seed_is_the_same_market_however_often_it_is_asked() {
    let fine = live(
        Market::new(options(7), at(START)),
        3,
        Duration::from_millis(20),
    );
    let coarse = live(
        Market::new(options(7), at(START)),
        3,
        Duration::from_millis(500),
    );
    assert_eq!(fine, coarse);
    let other = live(
        Market::new(options(8), at(START)),
        3,
        Duration::from_millis(20),
    );
    assert_ne!(fine, other);
}

#[test]
fn quotes_come_at_the_rate_asked_for_on_the_grid_of_cents() {
    let ticks = live(
        Market::new(options(1), at(START)),
        4,
        Duration::from_millis(20),
    );
    let quotes: Vec<&Quote> = ticks
        .iter()
        .filter_map(|tick| match &tick.event {
            MarketEvent::Quote(quote) => Some(quote),
            MarketEvent::Trade(_)
            | MarketEvent::Bar(_)
            | MarketEvent::Status(..)
            | MarketEvent::Day(_) => None,
        })
        .collect();
    assert_eq!(quotes.len(), 2000);
    let cent = Decimal::new(1, 2);
    for quote in &quotes {
        let (bid, ask) = (quote.bid.unwrap(), quote.ask.unwrap());
        assert!(bid.0 > Decimal::ZERO && bid < ask, "{quote:?}");
        assert!(bid.is_on_tick(cent) && ask.is_on_tick(cent), "{quote:?}");
        assert!(quote.bid_size > Some(Quantity::ZERO));
    }
    assert!(quotes.is_sorted_by_key(|quote| quote.time));
    let symbols: std::collections::HashSet<_> = quotes.iter().map(|quote| &quote.symbol).collect();
    assert_eq!(symbols.len(), 60);
}

#[test]
fn a_program_that_slept_does_not_make_up_for_it() {
    let mut market = Market::new(options(1), at(START));
    let ticks = market.advance(at(START).plus(Duration::from_hours(9)));
    assert!(
        !ticks
            .iter()
            .any(|tick| matches!(tick.event, MarketEvent::Quote(_)))
    );
    let after = market.advance(at(START).plus(Duration::from_hours(9) + Duration::from_secs(1)));
    assert!(after.len() > 500);
}

#[test]
fn a_halted_symbol_is_silent_until_its_time_is_up() {
    let mut market = Market::new(options(1), at(START));
    let apple = Symbol::new("AAPL");
    let listing = market.find(&apple).unwrap();
    let until = at(START).plus(Duration::from_secs(2));
    assert!(market.halt(&apple, "news", Some(until)).is_some());
    assert!(market.halt(&Symbol::new("NOSUCH"), "news", None).is_none());
    let of_apple = |ticks: Vec<Tick>| -> Vec<MarketEvent> {
        let ticks = ticks.into_iter().filter(|tick| tick.listing == listing);
        ticks.map(|tick| tick.event).collect()
    };
    let silent = of_apple(market.advance(at(START).plus(Duration::from_millis(1900))));
    assert_eq!(silent, []);
    let resumed = of_apple(market.advance(until));
    assert_eq!(
        resumed[0],
        MarketEvent::Status(apple, TradingStatus::Trading)
    );
    assert!(!of_apple(market.advance(until.plus(Duration::from_secs(3)))).is_empty());
}

#[test]
fn minutes_add_up_to_the_day_and_the_day_ends_where_the_next_begins() {
    let market = Market::new(options(3), at(START));
    let listing = market.find(&Symbol::new("MSFT")).unwrap();
    let now = at(START);
    let day = market
        .calendar()
        .day("2026-11-20".parse().unwrap())
        .unwrap();
    let whole = market.day_bar(listing, day, now).unwrap();
    let minutes: Vec<MarketBar> = market
        .bars(listing, Frame::Minutes(1), day.open..day.close, false, now)
        .collect();
    assert_eq!(minutes.len(), 390);
    assert_eq!(minutes[0].open, whole.open);
    assert_eq!(minutes[389].close, whole.close);
    for bar in &minutes {
        assert!(bar.low <= bar.open && bar.open <= bar.high, "{bar:?}");
        assert!(bar.low <= bar.close && bar.close <= bar.high, "{bar:?}");
        assert!(bar.low <= bar.average && bar.average <= bar.high, "{bar:?}");
    }
    assert!(minutes.windows(2).all(|pair| pair[0].close == pair[1].open));
    let newest: Vec<MarketBar> = market
        .bars(listing, Frame::Minutes(1), day.open..day.close, true, now)
        .collect();
    assert!(newest.iter().eq(minutes.iter().rev()));
    let odd = day.open.plus(Duration::from_secs(30))..day.open.plus(Duration::from_secs(121));
    let odd: Vec<MarketBar> = market
        .bars(listing, Frame::Minutes(1), odd, false, now)
        .collect();
    assert_eq!(odd, minutes[1..3]);
    assert_eq!(
        market.previous_close(listing, day.open),
        market.price_at(listing, at("2026-11-19T21:00:00Z"))
    );
}

#[test]
fn weeks_and_months_join_the_days() {
    let market = Market::new(options(3), at(START));
    let span = || at("2026-08-31T00:00:00Z")..at("2026-11-21T00:00:00Z");
    let starts = |frame| -> Vec<String> {
        let bars = market.bars(0, frame, span(), false, at(START));
        bars.map(|bar| bar.start.to_string()).collect()
    };
    assert_eq!(starts(Frame::Week).len(), 12);
    assert_eq!(
        starts(Frame::Months(1)),
        [
            "2026-09-01T04:00:00Z",
            "2026-10-01T04:00:00Z",
            "2026-11-01T04:00:00Z"
        ]
    );
    assert_eq!(starts(Frame::Months(3)), ["2026-10-01T04:00:00Z"]);
    assert_eq!(starts(Frame::Day).len(), 59);
}

#[test]
fn in_real_hours_the_night_is_quiet_and_keeps_the_evening_s_price() {
    let night = at("2026-11-24T03:00:00Z");
    let mut market = Market::new(
        MarketOptions {
            hours: MarketHours::Real,
            ..options(5)
        },
        night,
    );
    let evening = market.price_at(0, at("2026-11-24T00:59:59Z"));
    let later = market.price_at(0, night);
    let quoted = market.line(0).quote.bid.unwrap().0 - later.unwrap().0;
    assert!(quoted.abs() < Decimal::ONE, "{evening:?} {later:?}");
    assert!(
        market
            .advance(night.plus(Duration::from_secs(5)))
            .is_empty()
    );
    let night_minutes = night..night.plus(Duration::from_hours(1));
    let bars = market.bars(0, Frame::Minutes(1), night_minutes, false, at(START));
    assert_eq!(bars.count(), 0);
}

fn recording(text: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let files = text.split("---").enumerate().map(|(number, rows)| {
        let path = folder.path().join(format!("{number}.csv"));
        let mut file = std::fs::File::create(&path).unwrap();
        writeln!(file, "time,symbol,bid,ask,bid_size,ask_size,last,last_size").unwrap();
        write!(file, "{}", rows.trim_start()).unwrap();
        path
    });
    let files = files.collect();
    (folder, files)
}

const TWO_FILES: &str = "\
2024-07-01T10:00:00Z,ESU4,5528.50,5528.75,29,6,5528.75,2
2024-07-01T10:00:00Z,ESU4,5528.50,5528.75,29,4,,
2024-07-01T10:00:10Z,ESU4,5528.25,5528.75,3,4,,
---
2013-01-01T22:00:00Z,USD/JPY,86.655,86.728,,,,
2013-01-01T22:00:04.5Z,USD/JPY,86.850,,,,,
";

fn replayed(speed: Speed) -> Market {
    let (_folder, files) = recording(TWO_FILES);
    let recording = Arc::new(Recording::load(&files).unwrap());
    Market::new(
        MarketOptions {
            quotes_per_second: 0,
            recording,
            speed,
            ..options(1)
        },
        at(START),
    )
}

#[test]
fn a_recording_starts_now_and_keeps_its_gaps_and_digits() {
    let mut market = replayed(Speed::Times(2));
    let listing = market.find(&Symbol::new("usd/jpy")).unwrap();
    assert_eq!(
        market.line(listing).quote.bid,
        Some("86.655".parse().unwrap())
    );
    let early = market.advance(at(START).plus(Duration::from_millis(2249)));
    assert_eq!(early, [], "the first rows came with the start");
    let due = market.advance(at(START).plus(Duration::from_millis(2250)));
    assert_eq!(due.len(), 1);
    let quote = &market.line(listing).quote;
    assert_eq!(quote.bid.unwrap().to_string(), "86.850");
    assert_eq!((quote.ask, quote.bid_size), (None, None));
    assert_eq!(quote.time, at("2026-11-24T15:00:02.25Z"));
    market.advance(at("2026-11-24T16:00:00Z"));
    let future = market.find(&Symbol::new("ESU4")).unwrap();
    assert_eq!(
        market.line(future).quote.bid.unwrap().0,
        decimal("5528.25").unwrap()
    );
    assert_eq!(market.line(future).quote.time, at("2026-11-24T15:00:05Z"));
    assert_eq!(
        market.mark(future),
        Some("5528.75".parse().unwrap()),
        "its last trade"
    );
}

#[test]
fn without_gaps_the_last_row_is_there_at_once() {
    let market = replayed(Speed::Max);
    let future = market.find(&Symbol::new("ESU4")).unwrap();
    assert_eq!(
        market.line(future).quote.bid.unwrap().to_string(),
        "5528.25"
    );
    let rows = (0..5).flat_map(|row| market.recorded_ticks(row, at(START)));
    assert_eq!(rows.count(), 6, "five quotes and a trade");
    let time = |row| {
        let tick = market.recorded_ticks(row, at(START)).remove(0);
        let MarketEvent::Quote(quote) = tick.event else {
            panic!("{tick:?}");
        };
        quote.time
    };
    assert!(
        (1..5).all(|row| time(row - 1) < time(row)),
        "their order can be told"
    );
    let bars: Vec<MarketBar> = market
        .bars(
            future,
            Frame::Minutes(1),
            at(START)..at("2026-11-24T16:00:00Z"),
            false,
            at("2026-11-24T16:00:00Z"),
        )
        .collect();
    assert_eq!(bars.len(), 1);
    assert_eq!(
        (bars[0].volume, bars[0].open.to_string()),
        (2, "5528.75".to_owned())
    );
}

#[test]
fn a_wrong_recording_says_where() {
    let cases = [
        ("yesterday,A,1,2,,,,", "line 2: not a moment"),
        ("2024-07-01T10:00:00Z,,1,2,,,,", "line 2: no symbol"),
        (
            "2024-07-01T10:00:00Z,A,1,2,,,,\n2024-07-01T10:00:00Z,A,one,2,,,,",
            "line 3: not a decimal",
        ),
        ("2024-07-01T10:00:00Z,A,1", "cannot read"),
    ];
    for (rows, expected) in cases {
        let (_folder, files) = recording(rows);
        let error = Recording::load(&files).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(Recording::load(&["/nowhere.csv".into()]).is_err());
    assert_eq!("max".parse(), Ok(Speed::Max));
    assert_eq!("60".parse(), Ok(Speed::Times(60)));
    for wrong in ["0", "-1", "fast", ""] {
        assert_eq!(wrong.parse::<Speed>(), Err(NotASpeed), "{wrong}");
    }
}
