//! A market: made from a seed, or recorded and replayed; usually both side by side.
//!
//! Every random thing comes from the seed and every moment from an argument: the same seed asked at the
//! same times says the same. It knows nothing of customers, orders or wires. What is listed is in
//! `listing`, how a seeded price moves in `waves`, its past in `bars`, recordings in `replay`.

mod bars;
mod listing;
mod past;
mod replay;
mod waves;

#[cfg(test)]
mod tests;

pub use bars::{Frame, MarketBar};
pub use listing::{Listing, PriceSource, Shape};
pub use replay::{NotASpeed, Recording, ReplayError, Row, Speed};

use super::calendar::{Calendar, MarketHours};
use crate::domain::quote::DaySummary;
use crate::domain::{
    Bar, MarketEvent, Price, Quantity, Quote, Symbol, Timestamp, Trade, TradingStatus,
};
use crate::paper::Session;
use rust_decimal::Decimal;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Quotes to one trade.
const QUOTES_PER_TRADE: u64 = 6;
/// Most quotes of one [`Market::advance`]: a program that was stopped for hours does not make up for them.
const MOST_QUOTES_AT_ONCE: u64 = 50_000;

/// What a market is made of.
#[derive(Clone, Debug)]
pub struct MarketOptions {
    /// Where every random thing comes from.
    pub seed: u64,
    /// Number of listed symbols; never fewer than the well-known ones.
    pub universe: usize,
    /// Seeded quotes a second, over all symbols together.
    pub quotes_per_second: u32,
    /// When it trades.
    pub hours: MarketHours,
    /// What is replayed beside the seeded symbols.
    pub recording: Arc<Recording>,
    /// How fast it is replayed.
    pub speed: Speed,
}

/// Something that happened in the market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Index of the listing.
    pub listing: usize,
    /// Number of the event since the market began; serves as a trade's number.
    pub number: u64,
    /// What happened.
    pub event: MarketEvent,
}

/// The newest of one symbol.
#[derive(Clone, Debug)]
pub struct Line {
    /// Last quote; its prices are `None` until the first.
    pub quote: Quote,
    /// Last trade.
    pub trade: Option<Trade>,
    /// Number of the last trade.
    pub trade_number: u64,
    /// Whether it trades.
    pub status: TradingStatus,
    /// When a halt ends; `None` for a halt that somebody has to end.
    resumes: Option<Timestamp>,
}

/// The market.
#[derive(Debug)]
pub struct Market {
    seed: u64,
    hours: MarketHours,
    calendar: Calendar,
    listings: Vec<Listing>,
    seeded: usize,
    by_symbol: HashMap<Symbol, usize>,
    lines: Vec<Line>,
    random: fastrand::Rng,
    quotes_per_second: u32,
    started: Timestamp,
    quoted: u64,
    number: u64,
    minute: i64,
    recording: Arc<Recording>,
    speed: Speed,
    played: usize,
}

impl Market {
    /// A market that starts at `now`.
    pub fn new(options: MarketOptions, now: Timestamp) -> Self {
        let mut listings = listing::listings(options.universe);
        let seeded = listings.len();
        let recorded = options.recording.symbols();
        listings.retain(|listing| !recorded.contains(&listing.symbol));
        let seeded = seeded.min(listings.len());
        listings.extend(recorded.into_iter().map(listing::recorded));
        let by_symbol = listings
            .iter()
            .enumerate()
            .map(|(index, listing)| (listing.symbol.clone(), index))
            .collect();
        let lines = listings
            .iter()
            .map(|listing| Line::empty(listing.symbol.clone(), now))
            .collect();
        let mut market = Self {
            seed: options.seed,
            hours: options.hours,
            calendar: Calendar::default(),
            listings,
            seeded,
            by_symbol,
            lines,
            random: fastrand::Rng::with_seed(options.seed),
            quotes_per_second: options.quotes_per_second,
            started: now,
            quoted: 0,
            number: 0,
            minute: now.millis().div_euclid(60_000),
            recording: options.recording,
            speed: options.speed,
            played: 0,
        };
        market.open_lines(now);
        market
    }

    /// The exchange's calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Everything listed: seeded symbols, then recorded ones.
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// Index of a symbol's listing.
    pub fn find(&self, symbol: &Symbol) -> Option<usize> {
        self.by_symbol.get(symbol).copied()
    }

    /// The newest of a listing.
    pub fn line(&self, listing: usize) -> &Line {
        &self.lines[listing]
    }

    /// What is replayed.
    pub fn recording(&self) -> &Arc<Recording> {
        &self.recording
    }

    /// How fast it is replayed.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Which part of the trading day it is here.
    pub fn session(&self, now: Timestamp) -> Session {
        match self.hours {
            MarketHours::Always => Session::Regular,
            MarketHours::Real => self.calendar.session(now),
        }
    }

    /// Price of a listing to value a holding at: last trade, else the middle of the quote.
    pub fn mark(&self, listing: usize) -> Option<Price> {
        let line = &self.lines[listing];
        let mid = || {
            let (bid, ask) = (line.quote.bid?.0, line.quote.ask?.0);
            Some(Price((bid + ask) / Decimal::TWO))
        };
        line.trade
            .as_ref()
            .map(|trade| trade.price)
            .or_else(mid)
            .or(line.quote.bid)
            .or(line.quote.ask)
    }

    /// Whether a listing's prices are a recording.
    pub fn is_recorded(&self, listing: usize) -> bool {
        matches!(self.listings[listing].price, PriceSource::Recorded)
    }

    /// The newest quote and trade of a listing, as ticks.
    pub fn newest(&self, listing: usize) -> Vec<Tick> {
        let line = &self.lines[listing];
        let quote = line.is_quoted().then(|| MarketEvent::Quote(line.quote.clone()));
        let trade = line.trade.clone().map(MarketEvent::Trade);
        let tick = |event| Tick {
            listing,
            number: line.trade_number,
            event,
        };
        quote.into_iter().chain(trade).map(tick).collect()
    }

    /// The ticks of a recorded row in a replay without gaps that starts at `start`.
    pub fn recorded_ticks(&self, row: usize, start: Timestamp) -> Vec<Tick> {
        let time = self.recording.due(row, start, Speed::Max);
        let number = row as u64 + 1;
        let row = &self.recording.rows[row];
        let listing = self.by_symbol[&row.symbol];
        let tick = |event| Tick {
            listing,
            number,
            event,
        };
        row.events(time).into_iter().map(tick).collect()
    }

    /// Halts a symbol, for a while or until [`Market::resume`].
    pub fn halt(&mut self, symbol: &Symbol, reason: &str, until: Option<Timestamp>) -> Option<Tick> {
        let listing = self.find(symbol)?;
        self.lines[listing].resumes = until;
        Some(self.set_status(listing, TradingStatus::Halted(reason.into())))
    }

    /// Ends a halt.
    pub fn resume(&mut self, symbol: &Symbol) -> Option<Tick> {
        let listing = self.find(symbol)?;
        self.lines[listing].resumes = None;
        Some(self.set_status(listing, TradingStatus::Trading))
    }

    /// Everything that happens up to `now`, in order.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Tick> {
        let mut ticks = Vec::new();
        self.end_halts(now, &mut ticks);
        self.quote_until(now, &mut ticks);
        self.play_until(now, &mut ticks);
        self.close_minutes(now, &mut ticks);
        ticks
    }

    fn set_status(&mut self, listing: usize, status: TradingStatus) -> Tick {
        self.lines[listing].status = status.clone();
        let symbol = self.listings[listing].symbol.clone();
        self.tick(listing, MarketEvent::Status(symbol, status))
    }

    fn tick(&mut self, listing: usize, event: MarketEvent) -> Tick {
        self.number += 1;
        Tick {
            listing,
            number: self.number,
            event,
        }
    }

    fn end_halts(&mut self, now: Timestamp, ticks: &mut Vec<Tick>) {
        for listing in 0..self.lines.len() {
            if self.lines[listing].resumes.is_some_and(|until| until <= now) {
                self.lines[listing].resumes = None;
                let tick = self.set_status(listing, TradingStatus::Trading);
                ticks.push(tick);
            }
        }
    }

    fn open_lines(&mut self, now: Timestamp) {
        for listing in 0..self.seeded {
            let quote = self.make_quote(listing, now);
            self.lines[listing].quote = quote;
            let trade = self.make_trade(listing, now);
            self.lines[listing].trade = trade;
        }
        if self.speed == Speed::Max {
            let end = self.recording.due(self.recording.rows.len(), now, Speed::Max);
            self.play_until(end, &mut Vec::new());
        }
        self.play_until(now, &mut Vec::new());
    }

    fn quote_until(&mut self, now: Timestamp, ticks: &mut Vec<Tick>) {
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

    fn make_quote(&mut self, listing: usize, time: Timestamp) -> Quote {
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

    fn make_trade(&mut self, listing: usize, time: Timestamp) -> Option<Trade> {
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

    fn cents_at(&self, listing: usize, shape: Shape, time: Timestamp) -> i64 {
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

    fn key(&self, listing: usize) -> u64 {
        waves::hash(self.seed, listing as u64 + 1)
    }

    fn play_until(&mut self, now: Timestamp, ticks: &mut Vec<Tick>) {
        while self.played < self.recording.rows.len() {
            let time = self.recording.due(self.played, self.started, self.speed);
            if time > now {
                break;
            }
            for tick in self.play(self.played, time) {
                self.lines[tick.listing].take(&tick);
                ticks.push(tick);
            }
            self.played += 1;
        }
    }

    /// The events of a recorded row, as if it happened at `time`: its quote, its trade or both.
    fn play(&mut self, index: usize, time: Timestamp) -> Vec<Tick> {
        let row = self.recording.rows[index].clone();
        let listing = self.by_symbol[&row.symbol];
        row.events(time)
            .into_iter()
            .map(|event| self.tick(listing, event))
            .collect()
    }

    fn close_minutes(&mut self, now: Timestamp, ticks: &mut Vec<Tick>) {
        let minute = now.millis().div_euclid(60_000);
        if minute == self.minute || self.session(now) == Session::Closed {
            self.minute = minute;
            return;
        }
        self.minute = minute;
        let end = Timestamp::from_millis(minute * 60_000).unwrap_or(now);
        let start = end.minus(Duration::from_mins(1));
        let today = self.calendar.latest_open(now);
        for listing in 0..self.listings.len() {
            let symbol = self.listings[listing].symbol.clone();
            if let Some(bar) = self.bar(listing, start..end, now) {
                let bar = bar.into_domain(symbol.clone());
                ticks.push(self.tick(listing, MarketEvent::Bar(bar)));
            }
            let day = self.day_bar(listing, today, now);
            let day = DaySummary {
                today: day.map(|bar| bar.into_domain(symbol.clone())),
                previous_close: self.previous_close(listing, now),
                symbol,
            };
            ticks.push(self.tick(listing, MarketEvent::Day(day)));
        }
    }
}

impl Line {
    fn empty(symbol: Symbol, time: Timestamp) -> Self {
        Self {
            quote: Quote {
                symbol,
                bid: None,
                ask: None,
                bid_size: None,
                ask_size: None,
                time,
            },
            trade: None,
            trade_number: 0,
            status: TradingStatus::Trading,
            resumes: None,
        }
    }

    /// Whether a quote was ever heard.
    pub fn is_quoted(&self) -> bool {
        self.quote.bid.is_some() || self.quote.ask.is_some()
    }

    fn take(&mut self, tick: &Tick) {
        match &tick.event {
            MarketEvent::Quote(quote) => self.quote = quote.clone(),
            MarketEvent::Trade(trade) => {
                self.trade = Some(trade.clone());
                self.trade_number = tick.number;
            }
            MarketEvent::Status(_, status) => self.status = status.clone(),
            MarketEvent::Bar(_) | MarketEvent::Day(_) => {}
        }
    }
}

impl Row {
    /// What the row says, as if it happened at `time`.
    pub fn events(&self, time: Timestamp) -> Vec<MarketEvent> {
        let mut events = Vec::with_capacity(2);
        if self.bid.is_some() || self.ask.is_some() {
            events.push(MarketEvent::Quote(Quote {
                symbol: self.symbol.clone(),
                bid: self.bid,
                ask: self.ask,
                bid_size: self.bid_size,
                ask_size: self.ask_size,
                time,
            }));
        }
        if let Some(price) = self.last {
            events.push(MarketEvent::Trade(Trade {
                symbol: self.symbol.clone(),
                price,
                size: self.last_size.unwrap_or_default(),
                time,
            }));
        }
        events
    }
}

/// A price of whole cents.
fn cents(number: i64) -> Price {
    Price(Decimal::new(number, 2))
}

/// Quotes due after `elapsed`: whole quotes, without drift.
fn quotes_due(elapsed: Duration, per_second: u32) -> u64 {
    let due = elapsed.as_nanos() * u128::from(per_second) / 1_000_000_000;
    u64::try_from(due).unwrap_or(u64::MAX)
}

impl MarketBar {
    fn into_domain(self, symbol: Symbol) -> Bar {
        Bar {
            symbol,
            start: self.start,
            open: self.open,
            high: self.high,
            low: self.low,
            close: self.close,
            volume: Quantity(self.volume.into()),
        }
    }
}

/// A bar as a screen knows it, with the vendor's additions estimated.
impl From<&Bar> for MarketBar {
    fn from(bar: &Bar) -> Self {
        let volume = u64::try_from(bar.volume.0).unwrap_or(u64::MAX);
        let sum = bar.open.0 + bar.high.0 + bar.low.0 + bar.close.0;
        Self {
            start: bar.start,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume,
            trades: volume / bars::UNITS_PER_TRADE + 1,
            average: Price(sum / Decimal::from(4)),
        }
    }
}
