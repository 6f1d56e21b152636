//! Quotes, trades, bars and halts, from the stream and from the REST API alike.

use super::quantity;
use crate::domain::quote::DaySummary;
use crate::domain::{
    Bar, MarketEvent, Price, Quote, Symbol, Text, Timestamp, Trade, TradingStatus,
};
use crate::net::json;
use crate::providers::alpaca::wire::{Datum, Field, Snapshot, Unreadable};

/// A quote. Nobody bids, or nobody offers, where the price is zero.
pub(in crate::providers::alpaca) fn quote(
    row: &Datum<'_>,
    symbol: Symbol,
) -> Result<Quote, Unreadable> {
    let (bid, ask) = (side_price(row.bid)?, side_price(row.ask)?);
    Ok(Quote {
        symbol,
        bid,
        ask,
        bid_size: bid.and(quantity(row.bid_size)?),
        ask_size: ask.and(quantity(row.ask_size)?),
        time: time(row)?,
    })
}

/// A trade.
pub(in crate::providers::alpaca) fn trade(
    row: &Datum<'_>,
    symbol: Symbol,
) -> Result<Trade, Unreadable> {
    Ok(Trade {
        symbol,
        price: price(row.price)?,
        size: quantity(row.size)?.unwrap_or_default(),
        time: time(row)?,
    })
}

/// A bar.
pub(in crate::providers::alpaca) fn bar(
    row: &Datum<'_>,
    symbol: Symbol,
) -> Result<Bar, Unreadable> {
    Ok(Bar {
        symbol,
        start: time(row)?,
        open: price(row.open)?,
        high: price(row.high)?,
        low: price(row.low)?,
        close: price(row.close)?,
        volume: quantity(row.volume)?.unwrap_or_default(),
    })
}

/// A halt or its end, by the codes of both tapes: letters of the UTP plan, digits and letters of the CTA plan.
pub(in crate::providers::alpaca) fn status(row: &Datum<'_>) -> Status {
    let code = row.status_code.text_or_empty();
    let words = row.status_text.text_or_empty();
    match code.as_ref() {
        "T" | "3" => Status::Changed(TradingStatus::Trading),
        "H" | "P" | "Q" | "2" => {
            let reason = row.reason_text.text_or_empty();
            let why = if reason.is_empty() { words } else { reason };
            Status::Changed(TradingStatus::Halted(why.as_ref().into()))
        }
        // Indications, imbalances, short-sale restrictions: said beside trading, they change nothing of it.
        "4" | "5" | "6" | "7" | "8" | "9" | "A" | "C" | "D" | "E" | "F" => Status::Aside,
        other => Status::Unknown(format!("{other} {words}").trim().into()),
    }
}

/// What a status message means.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::providers::alpaca) enum Status {
    /// Trading halted or went on.
    Changed(TradingStatus),
    /// Something that leaves trading as it is.
    Aside,
    /// A code that no plan names, in its own words.
    Unknown(Text),
}

/// Everything that a snapshot knows, and how many of its parts could not be read.
pub(in crate::providers::alpaca) fn snapshot(
    row: &Snapshot<'_>,
    symbol: &Symbol,
) -> (Vec<MarketEvent>, usize) {
    let mut events = Vec::new();
    let mut unreadable = 0;
    let mut take = |read: Result<Option<MarketEvent>, Unreadable>| match read {
        Ok(event) => events.extend(event),
        Err(_) => unreadable += 1,
    };
    take(part(row.latest_quote, |row| {
        quote(row, symbol.clone()).map(MarketEvent::Quote)
    }));
    take(part(row.latest_trade, |row| {
        trade(row, symbol.clone()).map(MarketEvent::Trade)
    }));
    take(day(row, symbol).map(|day| day.map(MarketEvent::Day)));
    (events, unreadable)
}

fn day(row: &Snapshot<'_>, symbol: &Symbol) -> Result<Option<DaySummary>, Unreadable> {
    let today = part(row.daily_bar, |row| bar(row, symbol.clone()))?;
    let previous = part(row.prev_daily_bar, |row| bar(row, symbol.clone()))?;
    let previous_close = previous.map(|bar| bar.close);
    let known = today.is_some() || previous_close.is_some();
    Ok(known.then(|| DaySummary {
        symbol: symbol.clone(),
        today,
        previous_close,
    }))
}

/// Reads a nested row, where there is one.
fn part<T>(
    field: Field<'_>,
    read: impl FnOnce(&Datum<'_>) -> Result<T, Unreadable>,
) -> Result<Option<T>, Unreadable> {
    let Some(raw) = field.raw() else {
        return Ok(None);
    };
    let row =
        json::parse_object(raw.get().as_bytes()).map_err(|_| Unreadable("a part of a snapshot"))?;
    read(&row).map(Some)
}

fn price(field: Field<'_>) -> Result<Price, Unreadable> {
    super::price(field)?.ok_or(Unreadable("a price"))
}

fn side_price(field: Field<'_>) -> Result<Option<Price>, Unreadable> {
    Ok(super::price(field)?.filter(|price| !price.0.is_zero()))
}

fn time(row: &Datum<'_>) -> Result<Timestamp, Unreadable> {
    row.time.time()?.ok_or(Unreadable("a time"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Quantity;
    use crate::domain::money::decimal;

    fn row(json: &str) -> Datum<'_> {
        serde_json::from_str(json).unwrap()
    }

    fn aapl() -> Symbol {
        Symbol::new("AAPL")
    }

    #[test]
    fn a_side_without_a_price_has_no_size_either() {
        let json =
            r#"{"bp":0,"bs":0,"ap":87.68,"as":4,"t":"2021-02-22T15:51:45.335689322Z","c":["R"]}"#;
        let quote = quote(&row(json), aapl()).unwrap();
        assert_eq!((quote.bid, quote.bid_size), (None, None));
        assert_eq!(quote.ask, Some(Price(decimal("87.68").unwrap())));
        assert_eq!(quote.ask_size, Some(Quantity(decimal("4").unwrap())));
        assert_eq!(quote.time.to_string(), "2021-02-22T15:51:45.335689322Z");
    }

    #[test]
    fn a_trade_needs_a_price_and_a_time() {
        assert!(trade(&row(r#"{"p":1,"t":"2021-02-22T15:51:45Z"}"#), aapl()).is_ok());
        assert_eq!(
            trade(&row(r#"{"t":"2021-02-22T15:51:45Z"}"#), aapl()),
            Err(Unreadable("a price"))
        );
        assert_eq!(trade(&row(r#"{"p":1}"#), aapl()), Err(Unreadable("a time")));
        assert_eq!(
            trade(&row(r#"{"p":1,"t":"noon"}"#), aapl()),
            Err(Unreadable("a time"))
        );
    }

    #[test]
    fn halts_are_told_by_their_code() {
        let halted = |why: &str| Status::Changed(TradingStatus::Halted(why.into()));
        let check = |json, expected| assert_eq!(status(&row(json)), expected, "{json}");
        check(
            r#"{"sc":"H","sm":"Trading Halt","rc":"T12","rm":"News"}"#,
            halted("News"),
        );
        check(
            r#"{"sc":"2","sm":"Trading Halt","rm":""}"#,
            halted("Trading Halt"),
        );
        check(
            r#"{"sc":"P","sm":"Volatility Trading Pause"}"#,
            halted("Volatility Trading Pause"),
        );
        check(
            r#"{"sc":"T","sm":"Trading Resumption"}"#,
            Status::Changed(TradingStatus::Trading),
        );
        check(
            r#"{"sc":"3","sm":"Resume"}"#,
            Status::Changed(TradingStatus::Trading),
        );
        check(r#"{"sc":"E","sm":"Short Sale Restriction"}"#, Status::Aside);
        check(
            r#"{"sc":"Z","sm":"\u001b[2J"}"#,
            Status::Unknown("Z \u{fffd}[2J".into()),
        );
    }

    #[test]
    fn a_snapshot_keeps_the_parts_that_can_be_read() {
        let json = r#"{"latestQuote":{"bp":1,"t":"soon"},"latestTrade":{"p":2,"t":"2021-02-22T15:51:45Z"},
            "dailyBar":null,"prevDailyBar":{"o":1,"h":1,"l":1,"c":1.5,"v":9,"t":"2021-02-19T05:00:00Z"}}"#;
        let (events, unreadable) = snapshot(&serde_json::from_str(json).unwrap(), &aapl());
        assert_eq!(unreadable, 1);
        assert!(matches!(&events[0], MarketEvent::Trade(trade) if trade.price.to_string() == "2"));
        assert!(matches!(&events[1], MarketEvent::Day(day)
            if day.today.is_none() && day.previous_close.unwrap().to_string() == "1.5"));
    }
}
