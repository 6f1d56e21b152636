//! A market: made from a seed, or recorded and replayed; usually both side by side.
//!
//! Every random thing comes from the seed and every moment from an argument: the same seed asked at the
//! same times says the same. It knows nothing of customers, orders or wires. What is listed is in
//! `listing`, how a seeded price moves in `waves`, its past in `bars`, recordings in `replay`.

mod bars;
mod line;
mod listing;
mod past;
mod replay;
mod seeded;
mod waves;

#[cfg(test)]
mod tests;

pub use bars::{Frame, MarketBar};
pub use line::{Line, Tick};
pub use listing::{Listing, PriceSource, Shape};
pub use replay::{NotASpeed, Recording, ReplayError, Row, Speed};

use super::calendar::{Calendar, MarketHours};
use crate::domain::quote::DaySummary;
use crate::domain::{MarketEvent, Price, Symbol, Timestamp, TradingStatus};
use crate::paper::Session;
use rust_decimal::Decimal;
use seeded::cents;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

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
        let quote = line
            .is_quoted()
            .then(|| MarketEvent::Quote(line.quote.clone()));
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
    pub fn halt(
        &mut self,
        symbol: &Symbol,
        reason: &str,
        until: Option<Timestamp>,
    ) -> Option<Tick> {
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
            if self.lines[listing]
                .resumes
                .is_some_and(|until| until <= now)
            {
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
            let end = self
                .recording
                .due(self.recording.rows.len(), now, Speed::Max);
            self.play_until(end, &mut Vec::new());
        }
        self.play_until(now, &mut Vec::new());
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
