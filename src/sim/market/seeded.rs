//! Quotes and trades of the seeded symbols: the wave of `waves` with a spread, a lean and sizes around it.

use super::{Line, Market, PriceSource, Shape, Tick, waves};
use crate::domain::{MarketEvent, Price, Quantity, Quote, Timestamp, Trade, TradingStatus};
use crate::paper::Session;
use crate::sim::calendar::MarketHours;
use rust_decimal::Decimal;
use std::time::Duration;

/// Quotes to one trade.
const QUOTES_PER_TRADE: u64 = 6;
/// Most quotes of one advance: a program that was stopped for hours does not make up for them.
const MOST_QUOTES_AT_ONCE: u64 = 50_000;

impl Market {
    pub(super) fn quote_until(&mut self, now: Timestamp, ticks: &mut Vec<Tick>) {
        let due = quotes_due(now.since(self.started), self.quotes_per_second);
        let open = self.session(now) != Session::Closed;
        if !open || self.seeded == 0 || due - self.quoted > MOST_QUOTES_AT_ONCE {
            self.quoted = due;
        }
        while self.quoted < due {
            self.quoted += 1;
            let since = Duration::from_secs(self.quoted) / self.quotes_per_second;
            let time = self.started.plus(since);
            let listing = self.random.usize(0..self.seeded);
            if self.lines[listing].status != TradingStatus::Trading {
                continue;
            }
            let quote = self.make_quote(listing, time);
            self.lines[listing].quote = quote.clone();
            ticks.push(self.tick(listing, MarketEvent::Quote(quote)));
            if self.quoted.is_multiple_of(QUOTES_PER_TRADE) {
                self.trade_at(listing, time, ticks);
            }
        }
    }

    fn trade_at(&mut self, listing: usize, time: Timestamp, ticks: &mut Vec<Tick>) {
        if let Some(trade) = self.make_trade(listing, time) {
            self.lines[listing].trade = Some(trade.clone());
            let tick = self.tick(listing, MarketEvent::Trade(trade));
            self.lines[listing].trade_number = tick.number;
            ticks.push(tick);
        }
    }

    pub(super) fn make_quote(&mut self, listing: usize, time: Timestamp) -> Quote {
        let symbol = self.listings[listing].symbol.clone();
        let PriceSource::Seeded(shape) = self.listings[listing].price else {
            return Line::empty(symbol, time).quote;
        };
        let middle = self.cents_at(listing, shape, time);
        let spread = shape.spread_cents + self.random.i64(0..=shape.spread_cents / 2);
        let lean = self.random.i64(-shape.spread_cents..=shape.spread_cents);
        let bid = (middle - spread / 2 + lean).max(1);
        Quote {
            symbol,
            bid: Some(cents(bid)),
            ask: Some(cents(bid + spread)),
            bid_size: Some(self.make_size()),
            ask_size: Some(self.make_size()),
            time,
        }
    }

    pub(super) fn make_trade(&mut self, listing: usize, time: Timestamp) -> Option<Trade> {
        let quote = &self.lines[listing].quote;
        let price = if self.random.bool() {
            quote.bid?
        } else {
            quote.ask?
        };
        let size = match self.random.u8(0..4) {
            0 => self.random.u32(1..100),
            _ => 100 * self.random.u32(1..6),
        };
        Some(Trade {
            symbol: self.listings[listing].symbol.clone(),
            price,
            size: Quantity(size.into()),
            time,
        })
    }

    /// Hundreds of shares, as displayed sizes mostly are.
    fn make_size(&mut self) -> Quantity {
        Quantity(Decimal::from(100 * self.random.u32(1..20)))
    }

    pub(super) fn cents_at(&self, listing: usize, shape: Shape, time: Timestamp) -> i64 {
        let second = self.pricing_time(time).millis().div_euclid(1000);
        waves::price_cents(self.key(listing), shape.base_cents, shape.swing, second)
    }

    /// The last moment up to `time` at which prices moved.
    fn pricing_time(&self, time: Timestamp) -> Timestamp {
        match self.hours {
            MarketHours::Always => time,
            MarketHours::Real => {
                let day = self.calendar.latest_open(time);
                let before_next = self.calendar.session(time) == Session::Closed;
                if before_next {
                    time.min(day.post_close)
                } else {
                    time
                }
            }
        }
    }

    pub(super) fn key(&self, listing: usize) -> u64 {
        waves::hash(self.seed, listing as u64 + 1)
    }
}

/// A price of whole cents.
pub(super) fn cents(number: i64) -> Price {
    Price(Decimal::new(number, 2))
}

/// Quotes due after `elapsed`: whole quotes, without drift.
fn quotes_due(elapsed: Duration, per_second: u32) -> u64 {
    let due = elapsed.as_nanos() * u128::from(per_second) / 1_000_000_000;
    u64::try_from(due).unwrap_or(u64::MAX)
}
