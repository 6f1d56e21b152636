//! The past of a market: bars of any length, worked out when they are asked for.

use super::{Market, PriceSource, Shape, cents};
use crate::domain::{Price, Timestamp};
use crate::sim::calendar::{MarketHours, TradingDay, before};
use crate::sim::market::waves;
use jiff::civil::{Date, time};
use rust_decimal::Decimal;
use std::ops::Range;
use std::time::Duration;

/// Length of a regular session in seconds.
const SESSION_SECONDS: u64 = 23_400;
/// Most prices looked at for one seeded bar.
const MOST_SAMPLES: u64 = 12;
/// Units of a usual trade.
pub(super) const UNITS_PER_TRADE: u64 = 110;

/// Length of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// This many minutes.
    Minutes(u32),
    /// This many hours.
    Hours(u32),
    /// A trading day.
    Day,
    /// A week from its Monday.
    Week,
    /// This many calendar months.
    Months(u32),
}

/// Prices over a span of time, with what data vendors add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketBar {
    /// When the span starts; midnight in New York for days and longer.
    pub start: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Units traded.
    pub volume: u64,
    /// Number of trades.
    pub trades: u64,
    /// Average price by volume.
    pub average: Price,
}

/// The span of one bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The bar's own time.
    label: Timestamp,
    /// First to last moment with prices in it.
    span: Range<Timestamp>,
    /// Seconds of regular trading in it, for its volume.
    seconds: u64,
}

impl Market {
    /// Bars of `frame` that start inside `span`, oldest first or, where `newest_first`, the other way
    /// round. Worked out one by one, so that a page costs no more than a page.
    pub fn bars(
        &self,
        listing: usize,
        frame: Frame,
        span: Range<Timestamp>,
        newest_first: bool,
        now: Timestamp,
    ) -> impl Iterator<Item = MarketBar> + '_ {
        let mut windows = self.windows(frame, span.start..span.end.min(now), now);
        if newest_first {
            windows.reverse();
        }
        windows
            .into_iter()
            .filter_map(move |window| self.window_bar(listing, &window, now))
    }

    /// The bar of a trading day so far; after hours belong to it where the market never closes.
    pub fn day_bar(&self, listing: usize, day: TradingDay, now: Timestamp) -> Option<MarketBar> {
        self.window_bar(listing, &self.day_window(day, now), now)
    }

    /// The close of the session before the one that opened last.
    pub fn previous_close(&self, listing: usize, now: Timestamp) -> Option<Price> {
        let today = self.calendar.latest_open(now);
        self.price_at(listing, self.calendar.previous(today.date).close)
    }

    /// The price at a moment of the past; `None` where nothing is known of it.
    pub fn price_at(&self, listing: usize, time: Timestamp) -> Option<Price> {
        match self.listings[listing].price {
            PriceSource::Seeded(shape) => Some(cents(self.cents_at(listing, shape, time))),
            PriceSource::Recorded => None,
        }
    }

    /// The bar of a span of time; `None` where nothing happened in it.
    pub fn bar(&self, listing: usize, span: Range<Timestamp>, now: Timestamp) -> Option<MarketBar> {
        let seconds = span.end.since(span.start).as_secs();
        let window = Window {
            label: span.start,
            span,
            seconds,
        };
        self.window_bar(listing, &window, now)
    }

    fn window_bar(&self, listing: usize, window: &Window, now: Timestamp) -> Option<MarketBar> {
        let span = window.span.start..window.span.end.min(now);
        if span.is_empty() {
            return None;
        }
        match self.listings[listing].price {
            PriceSource::Seeded(shape) => Some(self.seeded_bar(listing, shape, window, &span)),
            PriceSource::Recorded => self.recorded_bar(listing, window, &span),
        }
    }

    fn seeded_bar(
        &self,
        listing: usize,
        shape: Shape,
        window: &Window,
        span: &Range<Timestamp>,
    ) -> MarketBar {
        let length = span.end.since(span.start);
        let samples = (length.as_secs() / 10).clamp(1, MOST_SAMPLES);
        let step = length / u32::try_from(samples).unwrap_or(1);
        let at = |number: u64| {
            let since = step * u32::try_from(number).unwrap_or(0);
            self.cents_at(listing, shape, span.start.plus(since))
        };
        let prices: Vec<i64> = (0..=samples).map(at).collect();
        let (open, close) = (prices[0], prices[prices.len() - 1]);
        // The running quotes lean up to a spread and a half around the wave.
        let wick = shape.spread_cents + shape.spread_cents / 2;
        let high = prices.iter().max().map_or(open, |price| price + wick);
        let low = prices
            .iter()
            .min()
            .map_or(open, |price| (price - wick).max(1));
        let hash = waves::hash(self.key(listing), window.label.millis().cast_unsigned());
        let elapsed = window.seconds.min(length.as_secs().max(1));
        let volume = shape.daily_volume * elapsed / SESSION_SECONDS * (60 + hash % 80) / 100;
        MarketBar {
            start: window.label,
            open: cents(open),
            high: cents(high),
            low: cents(low),
            close: cents(close),
            volume: volume.max(1),
            trades: volume / UNITS_PER_TRADE + 1,
            average: Price(Decimal::new(open + high + low + close, 2) / Decimal::from(4)),
        }
    }

    fn recorded_bar(
        &self,
        listing: usize,
        window: &Window,
        span: &Range<Timestamp>,
    ) -> Option<MarketBar> {
        let symbol = &self.listings[listing].symbol;
        let mut bar: Option<MarketBar> = None;
        let mut weighted = (Decimal::ZERO, Decimal::ZERO);
        for (index, row) in self.recording.rows[..self.played].iter().enumerate() {
            let due = self.recording.due(index, self.started, self.speed);
            let Some(price) = row.last.or(row.bid).or(row.ask) else {
                continue;
            };
            if row.symbol != *symbol || !span.contains(&due) {
                continue;
            }
            let bar = bar.get_or_insert(MarketBar {
                start: window.label,
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 0,
                trades: 0,
                average: price,
            });
            bar.high = bar.high.max(price);
            bar.low = bar.low.min(price);
            bar.close = price;
            if let (Some(last), Some(size)) = (row.last, row.last_size) {
                bar.trades += 1;
                weighted = (weighted.0 + last.0 * size.0, weighted.1 + size.0);
                bar.volume = u64::try_from(weighted.1.trunc()).unwrap_or(u64::MAX);
                bar.average = Price(weighted.0.checked_div(weighted.1).unwrap_or(last.0));
            }
        }
        bar
    }

    fn windows(&self, frame: Frame, span: Range<Timestamp>, now: Timestamp) -> Vec<Window> {
        if span.is_empty() {
            return Vec::new();
        }
        match frame {
            Frame::Minutes(number) => self.intraday(u64::from(number) * 60, span),
            Frame::Hours(number) => self.intraday(u64::from(number) * 3600, span),
            Frame::Day => self.grouped(span, now, |date| date),
            Frame::Week => self.grouped(span, now, monday),
            Frame::Months(number) => self.grouped(span, now, move |date| month(date, number)),
        }
    }

    fn intraday(&self, seconds: u64, span: Range<Timestamp>) -> Vec<Window> {
        match self.hours {
            MarketHours::Always => slices(span.clone(), &span, seconds).collect(),
            MarketHours::Real => self
                .calendar
                .days(
                    self.calendar.date_of(span.start),
                    self.calendar.date_of(span.end),
                )
                .flat_map(|day| slices(day.pre_open..day.post_close, &span, seconds))
                .collect(),
        }
    }

    /// Windows of whole trading days, joined where `label` is the same.
    fn grouped(
        &self,
        span: Range<Timestamp>,
        now: Timestamp,
        label: impl Fn(Date) -> Date,
    ) -> Vec<Window> {
        let (first, last) = (
            self.calendar.date_of(span.start),
            self.calendar.date_of(span.end),
        );
        let mut windows: Vec<Window> = Vec::new();
        for day in self.calendar.days(label(first), last) {
            let midnight = self.calendar.at(label(day.date), time(0, 0, 0, 0));
            if !span.contains(&midnight) || day.open > now {
                continue;
            }
            let mut window = self.day_window(day, now);
            window.label = midnight;
            match windows.last_mut().filter(|last| last.label == midnight) {
                Some(group) => {
                    group.span.end = window.span.end;
                    group.seconds += window.seconds;
                }
                None => windows.push(window),
            }
        }
        windows
    }

    fn day_window(&self, day: TradingDay, now: Timestamp) -> Window {
        let is_latest = self.calendar.latest_open(now).date == day.date;
        let end = match self.hours {
            MarketHours::Always if is_latest => now,
            MarketHours::Always | MarketHours::Real => day.close,
        };
        let label = self.calendar.at(day.date, time(0, 0, 0, 0));
        Window {
            label,
            seconds: day.close.min(now).since(day.open).as_secs(),
            span: day.open..end.max(day.open.plus(Duration::from_secs(1))),
        }
    }
}

/// Spans of `seconds` on the grid of Unix time that start inside `within` and inside `hours`.
fn slices(
    hours: Range<Timestamp>,
    within: &Range<Timestamp>,
    seconds: u64,
) -> impl Iterator<Item = Window> + use<> {
    let step = i64::try_from(seconds.max(60)).unwrap_or(60) * 1000;
    let from = hours.start.max(within.start).millis();
    // The end is not part of the span; a fraction of a millisecond before it still is.
    let to = hours
        .end
        .min(within.end)
        .minus(Duration::from_nanos(1))
        .millis()
        + 1;
    let first = from.div_euclid(step) * step;
    let first = if first < from { first + step } else { first };
    (0..)
        .map(move |number| first + number * step)
        .take_while(move |start| *start < to)
        .filter_map(move |start| {
            let label = Timestamp::from_millis(start)?;
            Some(Window {
                label,
                span: label..Timestamp::from_millis(start + step)?,
                seconds,
            })
        })
}

fn monday(date: Date) -> Date {
    let mut monday = date;
    while monday.weekday() != jiff::civil::Weekday::Monday {
        monday = before(monday);
    }
    monday
}

fn month(date: Date, number: u32) -> Date {
    let number = i8::try_from(number.clamp(1, 12)).unwrap_or(1);
    let back = (date.month() - 1) % number;
    let mut first = date.first_of_month();
    for _ in 0..back {
        first = before(first).first_of_month();
    }
    first
}
