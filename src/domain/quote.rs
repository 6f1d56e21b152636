//! Market data: quotes, trades, bars, halts, and the one line a screen shows of a symbol.

use crate::domain::instrument::Symbol;
use crate::domain::money::{Price, Quantity};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Best bid and ask of a symbol at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Of what.
    pub symbol: Symbol,
    /// Best bid; `None` where nobody bids.
    pub bid: Option<Price>,
    /// Best ask; `None` where nobody offers.
    pub ask: Option<Price>,
    /// Units bid for.
    pub bid_size: Option<Quantity>,
    /// Units offered.
    pub ask_size: Option<Quantity>,
    /// The exchange's time.
    pub time: Timestamp,
}

/// One trade on the tape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Of what.
    pub symbol: Symbol,
    /// At what price.
    pub price: Price,
    /// How many.
    pub size: Quantity,
    /// The exchange's time.
    pub time: Timestamp,
}

/// Prices over a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Of what.
    pub symbol: Symbol,
    /// When the span starts.
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
    pub volume: Quantity,
}

/// Length of a [`Bar`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timeframe {
    /// One minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// One hour.
    Hour,
    /// One day.
    Day,
}

/// Whether a symbol trades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingStatus {
    /// It trades.
    Trading,
    /// It is halted, and why.
    Halted(Text),
}

/// One thing a market-data feed said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketEvent {
    /// A new best bid and ask.
    Quote(Quote),
    /// A trade.
    Trade(Trade),
    /// A finished minute.
    Bar(Bar),
    /// A halt or its end.
    Status(Symbol, TradingStatus),
    /// The day so far and the day before, from a snapshot.
    Day(DaySummary),
}

/// What a snapshot knows of a symbol's day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySummary {
    /// Of what.
    pub symbol: Symbol,
    /// The session's own bar so far.
    pub today: Option<Bar>,
    /// The close of the session before.
    pub previous_close: Option<Price>,
}

/// Everything a screen shows of one symbol: the newest of quote, trade and day, merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level1 {
    /// Of what.
    pub symbol: Symbol,
    /// Which feed said so, and whether it is real: `IEX`, `simulated`.
    pub source: Text,
    /// Whether the feed is a simulation; said beside the number.
    pub simulated: bool,
    /// Minutes the feed lags by its own nature; zero for a real-time feed.
    pub delayed_minutes: u16,
    /// Best bid.
    pub bid: Option<Price>,
    /// Best ask.
    pub ask: Option<Price>,
    /// Units bid for.
    pub bid_size: Option<Quantity>,
    /// Units offered.
    pub ask_size: Option<Quantity>,
    /// Last trade's price.
    pub last: Option<Price>,
    /// Last trade's size.
    pub last_size: Option<Quantity>,
    /// Units traded this session.
    pub volume: Option<Quantity>,
    /// Close of the session before.
    pub previous_close: Option<Price>,
    /// Whether it trades.
    pub status: TradingStatus,
    /// The exchange's time of the newest price; `None` before the first.
    pub exchange_time: Option<Timestamp>,
    /// When we heard the newest price, by our own clock; `None` before the first.
    pub received: Option<Timestamp>,
    /// Direction of the last change of the shown price, kept until the next one.
    pub direction: Direction,
}

/// Which way a price went last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up.
    Up,
    /// Down.
    Down,
    /// Not known to have moved.
    #[default]
    Level,
}

impl Level1 {
    /// A symbol of which nothing is known yet.
    pub fn unknown(symbol: Symbol) -> Self {
        Self {
            symbol,
            source: Text::default(),
            simulated: false,
            delayed_minutes: 0,
            bid: None,
            ask: None,
            bid_size: None,
            ask_size: None,
            last: None,
            last_size: None,
            volume: None,
            previous_close: None,
            status: TradingStatus::Trading,
            exchange_time: None,
            received: None,
            direction: Direction::Level,
        }
    }

    /// Middle of bid and ask, where both are known.
    pub fn mid(&self) -> Option<Price> {
        let (bid, ask) = (self.bid?.0, self.ask?.0);
        Some(Price(bid.checked_add(ask)? / Decimal::TWO))
    }

    /// The price to value a holding at: last trade, else the middle of the quote.
    pub fn mark(&self) -> Option<Price> {
        self.last.or_else(|| self.mid())
    }

    /// Change since the close before as a fraction: `0.0124` is 1.24 %.
    pub fn day_change(&self) -> Option<Decimal> {
        let close = self.previous_close?.0;
        self.mark()?.0.checked_sub(close)?.checked_div(close)
    }

    /// Takes in what a feed said at `received`; returns whether anything shown changed.
    pub fn apply(&mut self, event: &MarketEvent, received: Timestamp) -> bool {
        match event {
            MarketEvent::Quote(quote) => self.apply_quote(quote, received),
            MarketEvent::Trade(trade) => self.apply_trade(trade, received),
            MarketEvent::Bar(_) => false,
            MarketEvent::Status(_, status) => {
                let changed = self.status != *status;
                self.status = status.clone();
                changed
            }
            MarketEvent::Day(day) => {
                self.previous_close = day.previous_close.or(self.previous_close);
                if let Some(today) = &day.today {
                    self.volume = Some(today.volume);
                }
                true
            }
        }
    }

    fn apply_quote(&mut self, quote: &Quote, received: Timestamp) -> bool {
        let before = self.mark();
        self.bid = quote.bid;
        self.ask = quote.ask;
        self.bid_size = quote.bid_size;
        self.ask_size = quote.ask_size;
        self.heard(before, quote.time, received);
        true
    }

    fn apply_trade(&mut self, trade: &Trade, received: Timestamp) -> bool {
        let before = self.mark();
        self.last = Some(trade.price);
        self.last_size = Some(trade.size);
        if let Some(volume) = &mut self.volume {
            volume.0 = volume.0.saturating_add(trade.size.0);
        }
        self.heard(before, trade.time, received);
        true
    }

    fn heard(&mut self, before: Option<Price>, exchange: Timestamp, received: Timestamp) {
        self.exchange_time = self.exchange_time.max(Some(exchange));
        self.received = self.received.max(Some(received));
        match (before, self.mark()) {
            (Some(before), Some(after)) if after > before => self.direction = Direction::Up,
            (Some(before), Some(after)) if after < before => self.direction = Direction::Down,
            _ => {}
        }
    }
}

/// Whether a market is open, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketClock {
    /// Which market: `NYSE`.
    pub market: Text,
    /// Whether it trades now.
    pub is_open: bool,
    /// When it opens next.
    pub next_open: Timestamp,
    /// When it closes next.
    pub next_close: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::decimal;

    fn price(text: &str) -> Option<Price> {
        Some(text.parse().unwrap())
    }

    fn line(bid: &str, ask: &str) -> Level1 {
        let mut line = Level1::unknown(Symbol::new("aapl"));
        let quote = Quote {
            symbol: line.symbol.clone(),
            bid: price(bid),
            ask: price(ask),
            bid_size: None,
            ask_size: None,
            time: Timestamp::EPOCH,
        };
        line.apply(&MarketEvent::Quote(quote), Timestamp::EPOCH);
        line
    }

    #[test]
    fn a_mark_is_the_last_trade_or_the_middle() {
        let mut line = line("10.00", "10.02");
        assert_eq!(line.mark(), price("10.01"));
        line.last = price("10.05");
        assert_eq!(line.mark(), price("10.05"));
        line.previous_close = price("10");
        assert_eq!(line.day_change(), Some(decimal("0.005").unwrap()));
    }

    #[test]
    fn direction_stays_until_the_next_change() {
        let mut line = line("10", "10");
        assert_eq!(line.direction, Direction::Level);
        for (last, expected) in [
            ("11", Direction::Up),
            ("11", Direction::Up),
            ("10.5", Direction::Down),
        ] {
            let trade = Trade {
                symbol: line.symbol.clone(),
                price: price(last).unwrap(),
                size: Quantity::ZERO,
                time: Timestamp::EPOCH,
            };
            line.apply(&MarketEvent::Trade(trade), Timestamp::EPOCH);
            assert_eq!(line.direction, expected, "{last}");
        }
    }

    #[test]
    fn figures_that_do_not_fit_are_unknown() {
        let most = Decimal::MAX.to_string();
        let mut line = line(&most, &most);
        assert_eq!(line.mark(), None);
        line.previous_close = Some(Price(Decimal::MIN));
        line.volume = Some(Quantity(Decimal::MAX));
        let trade = Trade {
            symbol: line.symbol.clone(),
            price: Price(Decimal::MAX),
            size: Quantity(Decimal::MAX),
            time: Timestamp::EPOCH,
        };
        line.apply(&MarketEvent::Trade(trade), Timestamp::EPOCH);
        assert_eq!(line.day_change(), None);
        assert_eq!(line.volume, Some(Quantity(Decimal::MAX)));
    }

    #[test]
    fn a_day_without_a_close_has_no_change() {
        let mut line = line("10", "10");
        assert_eq!(line.day_change(), None);
        line.previous_close = price("0");
        assert_eq!(line.day_change(), None);
    }
}
