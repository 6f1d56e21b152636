//! The newest of one symbol, and what happens to it.

use super::MarketBar;
use crate::domain::{
    Bar, MarketEvent, Price, Quantity, Quote, Symbol, Timestamp, Trade, TradingStatus,
};
use crate::sim::market::bars::UNITS_PER_TRADE;
use rust_decimal::Decimal;

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
    pub(super) resumes: Option<Timestamp>,
}

impl Line {
    pub(super) fn empty(symbol: Symbol, time: Timestamp) -> Self {
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

    pub(super) fn take(&mut self, tick: &Tick) {
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

impl MarketBar {
    pub(super) fn into_domain(self, symbol: Symbol) -> Bar {
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
            trades: volume / UNITS_PER_TRADE + 1,
            average: Price(sum / Decimal::from(4)),
        }
    }
}
