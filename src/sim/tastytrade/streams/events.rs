//! Market data events and their fields, in dxFeed's names.

use super::super::answer::spelled;
use crate::domain::{Price, Quantity, Timestamp, TradingStatus};
use crate::sim::calendar::Calendar;
use crate::sim::market::{Market, MarketBar};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// An event's fields by their names.
pub(super) type Event = Map<String, Value>;

/// Types of events and the fields each of them has, in the order in which they come unasked.
pub(super) const TYPES: [(&str, &[&str]); 5] = [
    (
        "Quote",
        &[
            "eventType",
            "eventSymbol",
            "eventTime",
            "sequence",
            "timeNanoPart",
            "bidTime",
            "bidExchangeCode",
            "bidPrice",
            "bidSize",
            "askTime",
            "askExchangeCode",
            "askPrice",
            "askSize",
        ],
    ),
    (
        "Trade",
        &[
            "eventType",
            "eventSymbol",
            "eventTime",
            "time",
            "timeNanoPart",
            "sequence",
            "exchangeCode",
            "price",
            "change",
            "size",
            "dayId",
            "dayVolume",
            "dayTurnover",
            "tickDirection",
            "extendedTradingHours",
        ],
    ),
    (
        "Summary",
        &[
            "eventType",
            "eventSymbol",
            "eventTime",
            "dayId",
            "dayOpenPrice",
            "dayHighPrice",
            "dayLowPrice",
            "dayClosePrice",
            "dayClosePriceType",
            "prevDayId",
            "prevDayClosePrice",
            "prevDayClosePriceType",
            "prevDayVolume",
            "openInterest",
        ],
    ),
    (
        "Profile",
        &[
            "eventType",
            "eventSymbol",
            "eventTime",
            "description",
            "shortSaleRestriction",
            "tradingStatus",
            "statusReason",
            "haltStartTime",
            "haltEndTime",
            "highLimitPrice",
            "lowLimitPrice",
            "high52WeekPrice",
            "low52WeekPrice",
            "beta",
            "earningsPerShare",
            "dividendFrequency",
            "exDividendAmount",
            "exDividendDayId",
            "shares",
            "freeFloat",
        ],
    ),
    (
        "Candle",
        &[
            "eventType",
            "eventSymbol",
            "eventTime",
            "eventFlags",
            "index",
            "time",
            "sequence",
            "count",
            "open",
            "high",
            "low",
            "close",
            "volume",
            "VWAP",
            "bidVolume",
            "askVolume",
            "impVolatility",
            "openInterest",
        ],
    ),
];

/// The fields of a type; `None` of types that nothing here is said of.
pub(super) fn fields_of(kind: &str) -> Option<&'static [&'static str]> {
    TYPES
        .iter()
        .find(|(name, _)| *name == kind)
        .map(|(_, fields)| *fields)
}

/// A field of an event, whatever the case of its name; one that is not known is a number that is none.
pub(super) fn field(event: &Event, name: &str) -> Value {
    let same =
        |(known, value): (&String, &Value)| known.eq_ignore_ascii_case(name).then(|| value.clone());
    let found = event.get(name).cloned();
    found
        .or_else(|| event.iter().find_map(same))
        .unwrap_or_else(|| "NaN".into())
}

/// A number as JSON has it.
pub(super) fn number(number: Decimal) -> Value {
    serde_json::from_str(&number.normalize().to_string()).unwrap_or_else(|_| "NaN".into())
}

fn start(kind: &str, symbol: &str) -> Event {
    let mut event = Event::new();
    event.insert("eventType".to_owned(), kind.into());
    event.insert("eventSymbol".to_owned(), symbol.into());
    event.insert("eventTime".to_owned(), 0.into());
    event
}

fn put(event: &mut Event, name: &str, value: impl Into<Value>) {
    event.insert(name.to_owned(), value.into());
}

fn put_price(event: &mut Event, name: &str, price: Option<Price>) {
    if let Some(price) = price {
        put(event, name, number(price.0));
    }
}

/// The newest event of a type; `None` where there is nothing to say.
pub(super) fn newest(market: &Market, listing: usize, kind: &str, now: Timestamp) -> Option<Event> {
    let symbol = spelled(&market.listings()[listing].symbol);
    let mut event = start(kind, &symbol);
    match kind {
        "Quote" => quote(market, listing, &mut event),
        "Trade" => trade(market, listing, now, &mut event)?,
        "Summary" => summary(market, listing, now, &mut event),
        "Profile" => profile(market, listing, &mut event),
        _ => return None,
    }
    Some(event)
}

fn quote(market: &Market, listing: usize, event: &mut Event) {
    let quote = &market.line(listing).quote;
    let size = |size: Option<Quantity>| size.map(|size| Price(size.0));
    put_price(event, "bidPrice", quote.bid);
    put_price(event, "askPrice", quote.ask);
    put_price(event, "bidSize", size(quote.bid_size));
    put_price(event, "askSize", size(quote.ask_size));
    put(event, "bidTime", quote.time.millis());
    put(event, "askTime", quote.time.millis());
    put(event, "bidExchangeCode", "Q");
    put(event, "askExchangeCode", "Q");
    put(event, "sequence", 0);
    put(event, "timeNanoPart", 0);
}

fn trade(market: &Market, listing: usize, now: Timestamp, event: &mut Event) -> Option<()> {
    let line = market.line(listing);
    let trade = line.trade.as_ref()?;
    let calendar = market.calendar();
    let day = market.day_bar(listing, calendar.latest_open(now), now);
    let before = market.previous_close(listing, now);
    put(event, "price", number(trade.price.0));
    put(event, "size", number(trade.size.0));
    put(event, "time", trade.time.millis());
    put(event, "timeNanoPart", 0);
    put(event, "sequence", line.trade_number);
    put(event, "exchangeCode", "Q");
    put(event, "tickDirection", "UNDEFINED");
    put(event, "extendedTradingHours", false);
    put(event, "dayId", day_id(calendar, trade.time));
    if let Some(before) = before {
        put(event, "change", number(trade.price.0 - before.0));
    }
    if let Some(day) = day {
        put(event, "dayVolume", day.volume);
        put(
            event,
            "dayTurnover",
            number(Decimal::from(day.volume) * day.average.0),
        );
    }
    Some(())
}

fn summary(market: &Market, listing: usize, now: Timestamp, event: &mut Event) {
    let calendar = market.calendar();
    let today = calendar.latest_open(now);
    let day = market.day_bar(listing, today, now);
    let before = calendar.previous(today.date);
    put(event, "dayId", day_id(calendar, today.open));
    put(event, "prevDayId", day_id(calendar, before.open));
    put_price(event, "dayOpenPrice", day.map(|day| day.open));
    put_price(event, "dayHighPrice", day.map(|day| day.high));
    put_price(event, "dayLowPrice", day.map(|day| day.low));
    put_price(event, "dayClosePrice", day.map(|day| day.close));
    put_price(
        event,
        "prevDayClosePrice",
        market.previous_close(listing, now),
    );
    put(event, "dayClosePriceType", "REGULAR");
    put(event, "prevDayClosePriceType", "FINAL");
    put(event, "openInterest", 0);
    if let Some(before) = market.day_bar(listing, before, now) {
        put(event, "prevDayVolume", before.volume);
    }
}

fn profile(market: &Market, listing: usize, event: &mut Event) {
    put(
        event,
        "description",
        market.listings()[listing].name.as_str(),
    );
    put(event, "shortSaleRestriction", "INACTIVE");
    put(event, "haltStartTime", 0);
    put(event, "haltEndTime", 0);
    put(event, "exDividendDayId", 0);
    let (status, reason) = match &market.line(listing).status {
        TradingStatus::Trading => ("ACTIVE", Value::Null),
        TradingStatus::Halted(reason) => ("HALTED", reason.as_str().into()),
    };
    put(event, "tradingStatus", status);
    put(event, "statusReason", reason);
}

/// Days since 1970 of a moment's date in New York.
fn day_id(calendar: &Calendar, time: Timestamp) -> i64 {
    calendar
        .at(calendar.date_of(time), jiff::civil::Time::midnight())
        .millis()
        / 86_400_000
}

/// A bar as a candle.
pub(super) fn candle(symbol: &str, bar: &MarketBar, flags: u8) -> Event {
    let mut event = start("Candle", symbol);
    let millis = bar.start.millis();
    put(&mut event, "eventFlags", flags);
    put(&mut event, "time", millis);
    put(&mut event, "index", (millis / 1000) << 32);
    put(&mut event, "sequence", 0);
    put(&mut event, "count", bar.trades);
    put(&mut event, "volume", bar.volume);
    put_price(&mut event, "open", Some(bar.open));
    put_price(&mut event, "high", Some(bar.high));
    put_price(&mut event, "low", Some(bar.low));
    put_price(&mut event, "close", Some(bar.close));
    put_price(&mut event, "VWAP", Some(bar.average));
    event
}

/// The row that ends a snapshot and has nothing in it.
pub(super) fn no_candle(symbol: &str, millis: i64, flags: u8) -> Event {
    let mut event = start("Candle", symbol);
    put(&mut event, "eventFlags", flags);
    put(&mut event, "time", millis);
    put(&mut event, "index", (millis / 1000) << 32);
    put(&mut event, "sequence", 0);
    put(&mut event, "count", 0);
    event
}
