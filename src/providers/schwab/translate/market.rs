//! Quotes, candles and instruments, as REST tells them.

use super::{asset_class, millis, price, quantity, symbol};
use crate::domain::quote::DaySummary;
use crate::domain::{
    AssetClass, Bar, Currency, Instrument, MarketEvent, Price, Quantity, Quote, Symbol, Timeframe,
    Timestamp, Trade, TradingStatus,
};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::schwab::wire::{self, Candle, QuotePart, QuoteRow};
use rust_decimal::Decimal;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A quote. Nobody bids, or nobody offers, where the price is zero; a fund has neither side.
pub(in crate::providers::schwab) fn quote(
    row: &QuotePart<'_>,
    symbol: &Symbol,
) -> Result<Option<Quote>, Unreadable> {
    let (bid, ask) = (real(row.bid_price)?, real(row.ask_price)?);
    let time = millis(row.quote_time)?.or(millis(row.trade_time)?);
    let is_quoted = bid.or(ask).is_some();
    let Some(time) = time else {
        return match is_quoted {
            true => Err(Unreadable("the time of a quote")),
            false => Ok(None),
        };
    };
    Ok(Some(Quote {
        symbol: symbol.clone(),
        bid,
        ask,
        bid_size: bid.and(quantity(row.bid_size)?),
        ask_size: ask.and(quantity(row.ask_size)?),
        time,
    }))
}

/// Everything that a row of quotes knows, and how many of its parts could not be read.
pub(in crate::providers::schwab) fn snapshot(
    row: &QuoteRow<'_>,
    symbol: &Symbol,
) -> (Vec<MarketEvent>, usize) {
    let Some(part) = &row.quote else {
        return (Vec::new(), 0);
    };
    let mut events = Vec::new();
    let mut unreadable = 0;
    let mut take = |read: Result<Option<MarketEvent>, Unreadable>| match read {
        Ok(event) => events.extend(event),
        Err(_) => unreadable += 1,
    };
    take(quote(part, symbol).map(|it| it.map(MarketEvent::Quote)));
    take(trade(part, symbol));
    take(day(part, symbol));
    take(Ok(status(&part.security_status.text_or_empty())
        .map(|status| MarketEvent::Status(symbol.clone(), status))));
    (events, unreadable)
}

fn trade(row: &QuotePart<'_>, symbol: &Symbol) -> Result<Option<MarketEvent>, Unreadable> {
    let (price, time) = (real(row.last_price)?, millis(row.trade_time)?);
    let size = quantity(row.last_size)?.unwrap_or_default();
    Ok(price.zip(time).map(|(price, time)| {
        MarketEvent::Trade(Trade {
            symbol: symbol.clone(),
            price,
            size,
            time,
        })
    }))
}

fn day(row: &QuotePart<'_>, symbol: &Symbol) -> Result<Option<MarketEvent>, Unreadable> {
    let time = millis(row.trade_time)?.or(millis(row.quote_time)?);
    let prices = DayPrices {
        open: real(row.open_price)?,
        high: real(row.high_price)?,
        low: real(row.low_price)?,
        last: real(row.last_price)?,
        close: real(row.close_price)?,
        volume: quantity(row.total_volume)?,
    };
    Ok(prices.summary(symbol, time).map(MarketEvent::Day))
}

/// A day so far, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::providers::schwab) struct DayPrices {
    pub(in crate::providers::schwab) open: Option<Price>,
    pub(in crate::providers::schwab) high: Option<Price>,
    pub(in crate::providers::schwab) low: Option<Price>,
    pub(in crate::providers::schwab) last: Option<Price>,
    /// Of the session before.
    pub(in crate::providers::schwab) close: Option<Price>,
    pub(in crate::providers::schwab) volume: Option<Quantity>,
}

impl DayPrices {
    /// As a summary of the day that holds `time`; `None` where there is nothing to tell.
    pub(in crate::providers::schwab) fn summary(
        &self,
        symbol: &Symbol,
        time: Option<Timestamp>,
    ) -> Option<DaySummary> {
        let today = time.and_then(|time| self.bar(symbol, time));
        (today.is_some() || self.close.is_some()).then(|| DaySummary {
            symbol: symbol.clone(),
            today,
            previous_close: self.close,
        })
    }

    fn bar(&self, symbol: &Symbol, time: Timestamp) -> Option<Bar> {
        Some(Bar {
            symbol: symbol.clone(),
            start: start_of(time, DAY),
            open: self.open?,
            high: self.high?,
            low: self.low?,
            close: self.last?,
            volume: self.volume?,
        })
    }
}

/// Whether it trades, where the venue's word says it.
pub(in crate::providers::schwab) fn status(word: &str) -> Option<TradingStatus> {
    match word {
        "Normal" => Some(TradingStatus::Trading),
        "Halted" => Some(TradingStatus::Halted("halted".into())),
        _ => None, // closed, unknown: nothing that is not shown elsewhere
    }
}

/// A candle.
pub(in crate::providers::schwab) fn bar(
    row: &Candle<'_>,
    symbol: Symbol,
) -> Result<Bar, Unreadable> {
    let needed = |field| price(field)?.ok_or(Unreadable("a price"));
    Ok(Bar {
        symbol,
        start: millis(row.datetime)?.ok_or(Unreadable("a time"))?,
        open: needed(row.open)?,
        high: needed(row.high)?,
        low: needed(row.low)?,
        close: needed(row.close)?,
        volume: quantity(row.volume)?.unwrap_or_default(),
    })
}

/// How candles of a length are asked for: period type, frequency type, frequency. Hours are not among them and are put
/// together from halves.
pub(in crate::providers::schwab) fn frequency(
    timeframe: Timeframe,
) -> (&'static str, &'static str, &'static str) {
    match timeframe {
        Timeframe::Minute => ("day", "minute", "1"),
        Timeframe::FiveMinutes => ("day", "minute", "5"),
        Timeframe::Hour => ("day", "minute", "30"),
        Timeframe::Day => ("year", "daily", "1"),
    }
}

/// Hours of half hours, oldest first.
pub(in crate::providers::schwab) fn hours(halves: Vec<Bar>) -> Vec<Bar> {
    let mut hours: Vec<Bar> = Vec::new();
    for half in halves {
        let start = start_of(half.start, HOUR);
        match hours.last_mut().filter(|hour| hour.start == start) {
            Some(hour) => {
                hour.high = hour.high.max(half.high);
                hour.low = hour.low.min(half.low);
                hour.close = half.close;
                hour.volume.0 = hour.volume.0.saturating_add(half.volume.0);
            }
            None => hours.push(Bar { start, ..half }),
        }
    }
    hours
}

fn start_of(time: Timestamp, span: Duration) -> Timestamp {
    let span = i128::try_from(span.as_nanos()).unwrap_or(1);
    Timestamp::from_nanos(time.nanos().div_euclid(span) * span).unwrap_or(time)
}

/// What is known of an instrument: what the search says, and what the quote says.
pub(in crate::providers::schwab) fn instrument(
    symbol: &Symbol,
    found: Option<&wire::Instrument<'_>>,
    quoted: Option<&QuoteRow<'_>>,
) -> Option<Instrument> {
    let searched = found.map(|it| (it.asset_type.text(), it.description.text()));
    let reference = quoted.and_then(|it| it.reference.as_ref());
    let of_quote = quoted.map(|it| it.asset_main_type.text());
    let (kind, name) = searched.unwrap_or_default();
    let kind = kind.or(of_quote.flatten())?;
    let class = class(&kind, symbol);
    let name = name.or_else(|| reference.and_then(|it| it.description.text()));
    let last = quoted
        .and_then(|it| it.quote.as_ref())
        .and_then(|it| real(it.last_price).ok().flatten());
    Some(Instrument {
        symbol: symbol.clone(),
        name: name.unwrap_or_default().as_ref().into(),
        tick: tick(&class, last),
        currency: Currency::USD,
        lot: Decimal::ONE,
        // Orders are taken in shares, funds that trade like them, and options.
        tradable: matches!(class, AssetClass::Equity | AssetClass::Option),
        class,
        fractionable: false,
        shortable: reference.is_some_and(|it| it.is_shortable.is_true()),
    })
}

/// The search calls a fund `ETF`, the quotes call it a share.
fn class(kind: &str, symbol: &Symbol) -> AssetClass {
    match (kind, symbol::kind(symbol)) {
        ("ETF", _) => AssetClass::Equity,
        (_, symbol::Kind::Option) => AssetClass::Option,
        _ => asset_class(kind),
    }
}

/// Cents from one dollar on, hundredths of a cent below. Unknown for the rest.
fn tick(class: &AssetClass, last: Option<Price>) -> Decimal {
    match (class, last) {
        (AssetClass::Equity, Some(last)) if last.0 >= Decimal::ONE => Decimal::new(1, 2),
        (AssetClass::Equity, Some(_)) => Decimal::new(1, 4),
        _ => Decimal::ZERO,
    }
}

/// A price that somebody named; they write zero where nobody did.
pub(in crate::providers::schwab) fn real(field: Field<'_>) -> Result<Option<Price>, Unreadable> {
    Ok(price(field)?.filter(|price| !price.0.is_zero()))
}
