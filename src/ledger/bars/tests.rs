//! Bars come back as they were told.

use super::super::tests::Home;
use super::*;

fn series(timeframe: Timeframe) -> Series {
    Series {
        provider: ProviderId::new("alpaca"),
        symbol: Symbol::new("AAPL"),
        timeframe,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000).unwrap()
}

fn bar(seconds: i64, close: &str) -> Bar {
    Bar {
        symbol: Symbol::new("AAPL"),
        start: at(seconds),
        open: "189.95".parse().unwrap(),
        high: "190.1".parse().unwrap(),
        low: "0.00001".parse().unwrap(),
        close: close.parse().unwrap(),
        volume: "1200.5".parse().unwrap(),
    }
}

#[test]
fn bars_come_back_in_order_and_a_later_word_counts() {
    let home = Home::new();
    let ledger = home.ledger();
    let minutes = series(Timeframe::Minute);
    let day = 24 * 3600;
    let told: Vec<_> = [day * 3, 60, 0, -60].map(|it| bar(it, "190")).into();
    ledger.keep_bars(&minutes, &told).unwrap();
    ledger.keep_bars(&minutes, &[bar(60, "191.125")]).unwrap();
    let all = ledger.bars(&minutes, &(at(-100)..at(day * 4))).unwrap();
    let expected = [
        bar(-60, "190"),
        bar(0, "190"),
        bar(60, "191.125"),
        bar(day * 3, "190"),
    ];
    assert_eq!(all, expected);
    assert_eq!(
        ledger.bars(&minutes, &(at(0)..at(60))).unwrap(),
        expected[1..2]
    );
    let others = ledger
        .bars(&series(Timeframe::Hour), &(at(-100)..at(day)))
        .unwrap();
    assert_eq!(others, []);
}

#[test]
fn a_chunk_is_much_smaller_than_what_was_told() {
    let bars: Vec<_> = (0..720).map(|minute| bar(minute * 60, "189.97")).collect();
    let chunk = packed(bars.iter()).unwrap();
    let told = postcard::to_stdvec(&bars).unwrap().len();
    assert!(chunk.len() * 2 < told, "{} of {told}", chunk.len());
    assert_eq!(unpacked(&chunk, &Symbol::new("AAPL")).unwrap(), bars);
    assert!(unpacked(&chunk[..9], &Symbol::new("AAPL")).is_err());
}

#[test]
fn digits_that_do_not_fit_beside_one_another_are_refused_and_not_rounded() {
    let mut bar = bar(0, "0.0000000000000000000000000001");
    bar.high = "79000000000000000000000000000".parse().unwrap();
    let home = Home::new();
    let ledger = home.ledger();
    let refused = ledger
        .keep_bars(&series(Timeframe::Day), &[bar])
        .unwrap_err();
    assert!(refused.cause().contains("too many digits"));
}
