//! Market data, instruments and opening hours.

use super::symbol::{Kind, ours};
use super::{first_moment, moment, number, price, quantity};
use crate::domain::quote::DaySummary;
use crate::domain::{
    Bar, Currency, Instrument, MarketClock, MarketEvent, Price, Quantity, Quote, Symbol, Text,
    Timestamp, Trade, TradingStatus,
};
use crate::providers::tastytrade::wire::{self, Field, Unreadable};
use rust_decimal::Decimal;

/// What a snapshot knows of a symbol: its quote, its last trade, its day.
pub(in crate::providers::tastytrade) fn snapshot(
    row: &wire::MarketData<'_>,
    heard: Timestamp,
) -> Result<Vec<MarketEvent>, Unreadable> {
    let symbol = ours(row.symbol, row.instrument_type)?;
    let time = moment(row.updated_at)?.unwrap_or(heard);
    let mut events = vec![MarketEvent::Quote(quote(row, heard)?)];
    if let Some(last) = price(row.last)? {
        events.push(MarketEvent::Trade(Trade {
            symbol: symbol.clone(),
            price: last,
            size: Quantity::ZERO, // they do not say it
            time,
        }));
    }
    let prices = [row.open, row.day_high_price, row.day_low_price];
    let [open, high, low] = prices.map(price);
    let close = price(row.last)?;
    let today = match (open?, high?, low?, close) {
        (Some(open), Some(high), Some(low), Some(close)) => Some(Bar {
            symbol: symbol.clone(),
            start: time,
            open,
            high,
            low,
            close,
            volume: quantity(row.volume)?.unwrap_or_default(),
        }),
        _ => None,
    };
    events.push(MarketEvent::Day(DaySummary {
        symbol: symbol.clone(),
        today,
        previous_close: price(row.prev_close)?,
    }));
    if row.is_trading_halted.is_true() {
        let status = TradingStatus::Halted("trading halted".into());
        events.push(MarketEvent::Status(symbol, status));
    }
    Ok(events)
}

/// The newest quote of a snapshot.
pub(in crate::providers::tastytrade) fn quote(
    row: &wire::MarketData<'_>,
    heard: Timestamp,
) -> Result<Quote, Unreadable> {
    Ok(Quote {
        symbol: ours(row.symbol, row.instrument_type)?,
        bid: price(row.bid)?,
        ask: price(row.ask)?,
        bid_size: quantity(row.bid_size)?,
        ask_size: quantity(row.ask_size)?,
        time: moment(row.updated_at)?.unwrap_or(heard),
    })
}

/// A row of the stream: its values by the names of their columns.
#[derive(Clone, Copy)]
pub(in crate::providers::tastytrade) struct Row<'r, 'a> {
    /// The columns' names.
    pub(in crate::providers::tastytrade) columns: &'r [Box<str>],
    /// As many values.
    pub(in crate::providers::tastytrade) values: &'r [Field<'a>],
}

impl<'a> Row<'_, 'a> {
    /// A value by name; nothing when there is no such column.
    pub(in crate::providers::tastytrade) fn get(&self, name: &str) -> Field<'a> {
        let index = self.columns.iter().position(|column| &**column == name);
        let value = index.and_then(|index| self.values.get(index));
        value.copied().unwrap_or_default()
    }

    fn price(&self, name: &str) -> Result<Option<Price>, Unreadable> {
        price(self.get(name))
    }
}

/// `Quote`
pub(in crate::providers::tastytrade) fn streamed_quote(
    row: Row<'_, '_>,
    symbol: Symbol,
    heard: Timestamp,
) -> Result<Quote, Unreadable> {
    let bid_time = moment(row.get("bidTime"))?;
    let newest = bid_time.max(moment(row.get("askTime"))?);
    Ok(Quote {
        symbol,
        bid: row.price("bidPrice")?,
        ask: row.price("askPrice")?,
        bid_size: quantity(row.get("bidSize"))?,
        ask_size: quantity(row.get("askSize"))?,
        time: newest.unwrap_or(heard),
    })
}

/// `Trade`; `None` for a symbol that has not traded.
pub(in crate::providers::tastytrade) fn streamed_trade(
    row: Row<'_, '_>,
    symbol: Symbol,
    heard: Timestamp,
) -> Result<Option<Trade>, Unreadable> {
    let Some(price) = row.price("price")? else {
        return Ok(None);
    };
    Ok(Some(Trade {
        symbol,
        price,
        size: quantity(row.get("size"))?.unwrap_or_default(),
        time: moment(row.get("time"))?.unwrap_or(heard),
    }))
}

/// `Profile`; `None` where it does not say.
pub(in crate::providers::tastytrade) fn streamed_status(row: Row<'_, '_>) -> Option<TradingStatus> {
    match row.get("tradingStatus").text().as_deref() {
        Some("HALTED" | "H") => {
            let why = row.get("statusReason").text();
            let why = why.map_or_else(|| "halted".into(), |why| Text::new(&why));
            Some(TradingStatus::Halted(why))
        }
        Some("ACTIVE" | "T") => Some(TradingStatus::Trading),
        _ => None,
    }
}

/// `Candle`; `None` for one without prices.
pub(in crate::providers::tastytrade) fn candle(
    row: Row<'_, '_>,
    symbol: &Symbol,
) -> Result<Option<Bar>, Unreadable> {
    let names = ["open", "high", "low", "close"];
    let [open, high, low, close] = names.map(|name| row.price(name));
    let (Some(open), Some(high), Some(low), Some(close)) = (open?, high?, low?, close?) else {
        return Ok(None);
    };
    Ok(Some(Bar {
        symbol: symbol.clone(),
        start: moment(row.get("time"))?.ok_or(Unreadable("the time of a candle"))?,
        open,
        high,
        low,
        close,
        volume: quantity(row.get("volume"))?.unwrap_or_default(),
    }))
}

/// What is known of an instrument; `last` is what it trades at, for the tick.
pub(in crate::providers::tastytrade) fn instrument(
    row: &wire::Instrument<'_>,
    kind: Kind,
    last: Option<Price>,
) -> Result<Instrument, Unreadable> {
    let word = format!("\"{}\"", kind.word());
    let of_kind: Field<'_> = serde_json::from_str(&word).map_err(|_| Unreadable("the kind"))?;
    let symbol = ours(row.symbol, of_kind)?;
    let fractionable = row.is_fractional_quantity_eligible.is_true() || kind == Kind::Crypto;
    let name = row
        .description
        .text()
        .or_else(|| row.short_description.text());
    let says_no = |field: Field<'_>| field.raw().is_some_and(|raw| raw.get() == "false");
    // Coins are still listed; orders in them are refused.
    let is_closed = says_no(row.active) || says_no(row.is_tradeable) || kind == Kind::Crypto;
    Ok(Instrument {
        symbol,
        name: name.map_or_else(Text::default, |name| name.as_ref().into()),
        class: kind.class(),
        currency: Currency::USD,
        tick: tick(row, last)?,
        lot: if fractionable {
            Decimal::ZERO
        } else {
            Decimal::ONE
        },
        tradable: !is_closed,
        fractionable,
        shortable: match kind {
            Kind::Equity => row
                .lendability
                .text()
                .is_some_and(|word| matches!(word.as_ref(), "Easy To Borrow" | "Locate Required")),
            Kind::EquityOption | Kind::Future | Kind::FutureOption => true,
            Kind::Crypto => false,
        },
    })
}

/// The first step whose threshold is above the price; the last has none. Without a price it is not known.
fn tick(row: &wire::Instrument<'_>, last: Option<Price>) -> Result<Decimal, Unreadable> {
    if let Some(tick) = number(row.tick_size)? {
        return Ok(tick);
    }
    let sizes = row.tick_sizes.as_deref().unwrap_or_default();
    for (index, size) in sizes.iter().enumerate() {
        let step = number(size.value)?.unwrap_or_default();
        match (number(size.threshold)?, last) {
            (None, Some(_)) => return Ok(step),
            (None, None) if index == 0 => return Ok(step),
            (Some(threshold), Some(last)) if last.0 < threshold => return Ok(step),
            _ => {}
        }
    }
    Ok(Decimal::ZERO)
}

/// Opening hours.
pub(in crate::providers::tastytrade) fn clock(
    row: &wire::MarketSession<'_>,
    now: Timestamp,
) -> Result<MarketClock, Unreadable> {
    let next = row.next_session.as_deref();
    let later = |of: fn(&wire::MarketSession<'_>) -> Result<Option<Timestamp>, Unreadable>| {
        let here = of(row)?.filter(|time| *time > now);
        let there = next.map(of).transpose()?.flatten();
        Ok::<_, Unreadable>(here.or(there))
    };
    let next_open = later(|row| first_moment(&[row.open_at]))?;
    let next_close = later(|row| first_moment(&[row.close_at]))?;
    let is_within = matches!(
        (moment(row.open_at)?, moment(row.close_at)?),
        (Some(open), Some(close)) if open <= now && now < close
    );
    Ok(MarketClock {
        market: "NYSE".into(),
        is_open: row.state.text().map_or(is_within, |state| state == "Open"),
        next_open: next_open.ok_or(Unreadable("the next opening"))?,
        next_close: next_close.ok_or(Unreadable("the next close"))?,
    })
}
