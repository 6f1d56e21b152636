//! Prices by field number, merged: the streamer sends a symbol whole once and from then on what changed.

use crate::domain::{MarketEvent, Price, Quantity, Quote, Symbol, Timestamp, Trade, TradingStatus};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::schwab::translate::market::{DayPrices, real, status};
use crate::providers::schwab::translate::symbol::Kind;
use crate::providers::schwab::translate::{millis, quantity};
use crate::providers::schwab::wire::ByText;

/// What one service calls each of the fields that we ask for.
struct Numbers {
    service: &'static str,
    bid: u8,
    ask: u8,
    last: u8,
    bid_size: u8,
    ask_size: u8,
    last_size: u8,
    volume: u8,
    high: u8,
    low: u8,
    close: u8,
    open: u8,
    status: u8,
    quote_time: u8,
    trade_time: u8,
}

const EQUITIES: Numbers = Numbers {
    service: "LEVELONE_EQUITIES",
    bid: 1,
    ask: 2,
    last: 3,
    bid_size: 4,
    ask_size: 5,
    last_size: 9,
    volume: 8,
    high: 10,
    low: 11,
    close: 12,
    open: 17,
    status: 32,
    quote_time: 34,
    trade_time: 35,
};

const OPTIONS: Numbers = Numbers {
    service: "LEVELONE_OPTIONS",
    bid: 2,
    ask: 3,
    last: 4,
    bid_size: 16,
    ask_size: 17,
    last_size: 18,
    volume: 8,
    high: 5,
    low: 6,
    close: 7,
    open: 15,
    status: 33,
    quote_time: 38,
    trade_time: 39,
};

const FUTURES: Numbers = Numbers {
    service: "LEVELONE_FUTURES",
    bid: 1,
    ask: 2,
    last: 3,
    bid_size: 4,
    ask_size: 5,
    last_size: 9,
    volume: 8,
    high: 12,
    low: 13,
    close: 14,
    open: 18,
    status: 22,
    quote_time: 10,
    trade_time: 11,
};

const FUTURES_OPTIONS: Numbers = Numbers {
    service: "LEVELONE_FUTURES_OPTIONS",
    bid: 1,
    ask: 2,
    last: 3,
    bid_size: 4,
    ask_size: 5,
    last_size: 9,
    volume: 8,
    high: 12,
    low: 13,
    close: 14,
    open: 17,
    status: 29,
    quote_time: 10,
    trade_time: 11,
};

const FOREX: Numbers = Numbers {
    service: "LEVELONE_FOREX",
    bid: 1,
    ask: 2,
    last: 3,
    bid_size: 4,
    ask_size: 5,
    last_size: 7,
    volume: 6,
    high: 10,
    low: 11,
    close: 12,
    open: 15,
    status: 20,
    quote_time: 8,
    trade_time: 9,
};

/// Every kind of thing that has prices.
pub(super) const KINDS: [Kind; 5] = [
    Kind::Equity,
    Kind::Option,
    Kind::Future,
    Kind::FutureOption,
    Kind::Forex,
];

fn numbers(kind: Kind) -> &'static Numbers {
    match kind {
        Kind::Equity => &EQUITIES,
        Kind::Option => &OPTIONS,
        Kind::Future => &FUTURES,
        Kind::FutureOption => &FUTURES_OPTIONS,
        Kind::Forex => &FOREX,
    }
}

/// The service that carries a kind.
pub(super) fn service(kind: Kind) -> &'static str {
    numbers(kind).service
}

/// The kind that a service carries.
pub(super) fn kind_of(service: &str) -> Option<Kind> {
    KINDS
        .into_iter()
        .find(|kind| numbers(*kind).service == service)
}

/// The fields asked for, as a request names them.
pub(super) fn fields(kind: Kind) -> String {
    let it = numbers(kind);
    let mut wanted = [
        0,
        it.bid,
        it.ask,
        it.last,
        it.bid_size,
        it.ask_size,
        it.last_size,
        it.volume,
        it.high,
        it.low,
        it.close,
        it.open,
        it.status,
        it.quote_time,
        it.trade_time,
    ];
    wanted.sort_unstable();
    wanted.map(|number| number.to_string()).join(",")
}

/// Everything known of a symbol by now.
#[derive(Debug, Default)]
pub(super) struct Level {
    bid: Option<Price>,
    ask: Option<Price>,
    bid_size: Option<Quantity>,
    ask_size: Option<Quantity>,
    last_size: Option<Quantity>,
    day: DayPrices,
    quote_time: Option<Timestamp>,
    trade_time: Option<Timestamp>,
    status: Option<TradingStatus>,
}

/// Which parts of a line an update touched.
#[derive(Default)]
struct Touched {
    quote: bool,
    trade: bool,
    day: bool,
    status: bool,
}

impl Level {
    /// Takes in what changed, which was told at `told`, and returns what follows from it.
    pub(super) fn take(
        &mut self,
        symbol: &Symbol,
        kind: Kind,
        row: &ByText<'_, Field<'_>>,
        told: Option<Timestamp>,
    ) -> Result<Vec<MarketEvent>, Unreadable> {
        let touched = self.merge(&Update { kind, row })?;
        let mut events = Vec::new();
        if touched.quote
            && let Some(time) = self.quote_time.or(told)
        {
            events.push(MarketEvent::Quote(self.quote(symbol, time)));
        }
        let trade_time = self.trade_time.or(told);
        if touched.trade
            && let Some((price, time)) = self.day.last.zip(trade_time)
        {
            events.push(MarketEvent::Trade(Trade {
                symbol: symbol.clone(),
                price,
                size: self.last_size.unwrap_or_default(),
                time,
            }));
        }
        // After the trade: it says how much traded in all, whatever was added to what was shown.
        if touched.day || touched.trade {
            let summary = self.day.summary(symbol, trade_time);
            events.extend(summary.map(MarketEvent::Day));
        }
        if touched.status {
            let status = self.status.clone();
            events.extend(status.map(|status| MarketEvent::Status(symbol.clone(), status)));
        }
        Ok(events)
    }

    fn quote(&self, symbol: &Symbol, time: Timestamp) -> Quote {
        Quote {
            symbol: symbol.clone(),
            bid: self.bid,
            ask: self.ask,
            bid_size: self.bid.and(self.bid_size),
            ask_size: self.ask.and(self.ask_size),
            time,
        }
    }

    /// Nothing is taken of an update of which a part cannot be read.
    fn merge(&mut self, update: &Update<'_>) -> Result<Touched, Unreadable> {
        let it = numbers(update.kind);
        let [bid, ask, last] = [it.bid, it.ask, it.last].map(|field| update.price(field));
        let [high, low] = [it.high, it.low].map(|field| update.price(field));
        let [open, close] = [it.open, it.close].map(|field| update.price(field));
        let [bid_size, ask_size] = [it.bid_size, it.ask_size].map(|field| update.size(field));
        let [last_size, volume] = [it.last_size, it.volume].map(|field| update.size(field));
        let (bid, ask, last) = (bid?, ask?, last?);
        let (high, low, open, close) = (high?, low?, open?, close?);
        let (bid_size, ask_size) = (bid_size?, ask_size?);
        let (last_size, volume) = (last_size?, volume?);
        let (quote_time, trade_time) = (update.time(it.quote_time)?, update.time(it.trade_time)?);
        let word = update.row.get(it.status.to_string().as_str());
        let status = word.and_then(|word| status(&word.text_or_empty()));
        let touched = Touched {
            quote: bid.or(ask).is_some() || bid_size.or(ask_size).is_some(),
            trade: last.is_some() || last_size.is_some() || trade_time.is_some(),
            day: [high, low, open, close].iter().any(Option::is_some) || volume.is_some(),
            status: status.is_some() && status != self.status,
        };
        set(&mut self.bid, bid);
        set(&mut self.ask, ask);
        set(&mut self.bid_size, bid_size);
        set(&mut self.ask_size, ask_size);
        set(&mut self.last_size, last_size);
        set(&mut self.day.last, last);
        set(&mut self.day.high, high);
        set(&mut self.day.low, low);
        set(&mut self.day.open, open);
        set(&mut self.day.close, close);
        set(&mut self.day.volume, volume);
        self.quote_time = quote_time.or(self.quote_time);
        self.trade_time = trade_time.or(self.trade_time);
        self.status = status.or(self.status.take());
        Ok(touched)
    }
}

/// Puts what was told in the place of what was known; what was not told stays.
fn set<T>(known: &mut Option<T>, told: Option<Option<T>>) {
    if let Some(told) = told {
        *known = told;
    }
}

/// One row of an update.
struct Update<'u> {
    kind: Kind,
    row: &'u ByText<'u, Field<'u>>,
}

impl Update<'_> {
    fn field(&self, number: u8) -> Option<Field<'_>> {
        let field = *self.row.get(number.to_string().as_str())?;
        field.text().is_some().then_some(field)
    }

    /// A price, where it was told; zero says that there is none.
    fn price(&self, number: u8) -> Result<Option<Option<Price>>, Unreadable> {
        self.field(number).map(real).transpose()
    }

    fn size(&self, number: u8) -> Result<Option<Option<Quantity>>, Unreadable> {
        self.field(number).map(quantity).transpose()
    }

    fn time(&self, number: u8) -> Result<Option<Timestamp>, Unreadable> {
        Ok(self.field(number).map(millis).transpose()?.flatten())
    }
}

#[cfg(test)]
#[path = "levels_tests.rs"]
mod tests;
