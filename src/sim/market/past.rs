//! Quotes and trades of the past: a few a minute of a seeded symbol, every row of a recorded one.

use super::{Market, PriceSource, Shape, cents, waves};
use crate::domain::{MarketEvent, Quantity, Quote, Timestamp, Trade};
use rust_decimal::Decimal;
use std::ops::Range;

/// Seconds between two quotes of the past.
const QUOTE_SECONDS: i64 = 2;
/// Seconds between two trades of the past.
const TRADE_SECONDS: i64 = 6;

impl Market {
    /// Quotes inside `span`, oldest first or the other way round.
    pub fn past_quotes(
        &self,
        listing: usize,
        span: Range<Timestamp>,
        newest_first: bool,
    ) -> impl Iterator<Item = Quote> + '_ {
        let symbol = self.listings[listing].symbol.clone();
        let seeded = self.shape(listing).map(|shape| {
            times(&span, QUOTE_SECONDS, newest_first).map(move |time| {
                let (middle, hash) = self.past_price(listing, shape, time);
                let bid = (middle - shape.spread_cents / 2).max(1);
                let size = |part: u64| Some(Quantity(Decimal::from(100 * (1 + part % 19))));
                Quote {
                    symbol: symbol.clone(),
                    bid: Some(cents(bid)),
                    ask: Some(cents(bid + shape.spread_cents)),
                    bid_size: size(hash),
                    ask_size: size(hash >> 16),
                    time,
                }
            })
        });
        let recorded = self.played_ticks(listing, span.clone(), newest_first);
        let recorded = recorded.filter_map(|(_, event)| match event {
            MarketEvent::Quote(quote) => Some(quote),
            MarketEvent::Trade(_)
            | MarketEvent::Bar(_)
            | MarketEvent::Status(..)
            | MarketEvent::Day(_) => None,
        });
        seeded.into_iter().flatten().chain(recorded)
    }

    /// Trades inside `span` with their numbers, oldest first or the other way round.
    pub fn past_trades(
        &self,
        listing: usize,
        span: Range<Timestamp>,
        newest_first: bool,
    ) -> impl Iterator<Item = (u64, Trade)> + '_ {
        let symbol = self.listings[listing].symbol.clone();
        let seeded = self.shape(listing).map(|shape| {
            times(&span, TRADE_SECONDS, newest_first).map(move |time| {
                let (middle, hash) = self.past_price(listing, shape, time);
                let trade = Trade {
                    symbol: symbol.clone(),
                    price: cents(middle),
                    size: Quantity(Decimal::from(1 + hash % 400)),
                    time,
                };
                (time.millis().unsigned_abs() / 1000, trade)
            })
        });
        let recorded = self.played_ticks(listing, span.clone(), newest_first);
        let recorded = recorded.filter_map(|(number, event)| match event {
            MarketEvent::Trade(trade) => Some((number, trade)),
            MarketEvent::Quote(_)
            | MarketEvent::Bar(_)
            | MarketEvent::Status(..)
            | MarketEvent::Day(_) => None,
        });
        seeded.into_iter().flatten().chain(recorded)
    }

    fn shape(&self, listing: usize) -> Option<Shape> {
        match self.listings[listing].price {
            PriceSource::Seeded(shape) => Some(shape),
            PriceSource::Recorded => None,
        }
    }

    fn past_price(&self, listing: usize, shape: Shape, time: Timestamp) -> (i64, u64) {
        let hash = waves::hash(!self.key(listing), time.millis().cast_unsigned());
        (self.cents_at(listing, shape, time), hash)
    }

    /// The events of the rows played so far, by their shifted times.
    fn played_ticks(
        &self,
        listing: usize,
        span: Range<Timestamp>,
        newest_first: bool,
    ) -> impl Iterator<Item = (u64, MarketEvent)> + '_ {
        let symbol = &self.listings[listing].symbol;
        let rows = (0..self.played).map(move |index| match newest_first {
            true => self.played - 1 - index,
            false => index,
        });
        rows.filter(move |row| self.recording.rows[*row].symbol == *symbol)
            .map(|row| (row, self.recording.due(row, self.started, self.speed)))
            .filter(move |(_, time)| span.contains(time))
            .flat_map(|(row, time)| {
                let events = self.recording.rows[row].events(time);
                events.into_iter().map(move |event| (row as u64 + 1, event))
            })
    }
}

/// Every so many whole seconds inside a span.
fn times(
    span: &Range<Timestamp>,
    seconds: i64,
    newest_first: bool,
) -> impl Iterator<Item = Timestamp> + use<> {
    let step = seconds * 1000;
    let first = (span.start.millis() + step - 1).div_euclid(step);
    let end = (span.end.millis() + step - 1).div_euclid(step).max(first);
    (0..end - first)
        .map(move |index| match newest_first {
            true => end - 1 - index,
            false => first + index,
        })
        .filter_map(move |number| Timestamp::from_millis(number * step))
}
