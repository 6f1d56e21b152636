//! Live market data: quotes, trades, the day, halts.

use super::link::{Heard, Link, Wanted};
use super::subscriptions::Subscriptions;
use super::ticket::{Ticket, Tickets};
use super::{Out, garbled};
use crate::domain::quote::DaySummary;
use crate::domain::{Bar, MarketEvent, Price, Quantity, Symbol, Timestamp, Trade, TradingStatus};
use crate::net::session::Session;
use crate::providers::provider::{StreamCommand, StreamEvent};
use crate::providers::tastytrade::names::Names;
use crate::providers::tastytrade::rest::Rest;
use crate::providers::tastytrade::translate::market::{self, Row};
use crate::providers::tastytrade::translate::{price, quantity};
use crate::providers::tastytrade::wire::Unreadable;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What is asked for, column by column.
pub(super) const WANTED: Wanted = &[
    (
        "Quote",
        &[
            "eventSymbol",
            "bidPrice",
            "askPrice",
            "bidSize",
            "askSize",
            "bidTime",
            "askTime",
        ],
    ),
    (
        "Trade",
        &["eventSymbol", "price", "size", "dayVolume", "time"],
    ),
    (
        "Summary",
        &[
            "eventSymbol",
            "dayOpenPrice",
            "dayHighPrice",
            "dayLowPrice",
            "prevDayClosePrice",
        ],
    ),
    ("Profile", &["eventSymbol", "tradingStatus", "statusReason"]),
];

/// How often it is looked whether the stream's name of a symbol has been learnt.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How often it is looked before a symbol counts as not carried.
const LOOKS: u32 = 10;

/// One socket's protocol.
pub(in crate::providers::tastytrade) struct QuoteSession {
    link: Link,
    names: Arc<Names>,
    rest: Arc<Rest>,
    subscriptions: Subscriptions,
    wanted: Vec<Symbol>,
    followed: HashMap<Box<str>, Followed>,
    /// When to look for names again, and how often that was done.
    look: Option<(Instant, u32)>,
}

/// What is known of a symbol that is subscribed to.
struct Followed {
    symbol: Symbol,
    /// The day's open, high and low.
    day: Option<[Price; 3]>,
    previous_close: Option<Price>,
    /// What those who listen have counted up to; a feed that joins trades skips some.
    volume: Option<Quantity>,
    last: Option<Price>,
    is_halted: bool,
}

impl QuoteSession {
    pub(in crate::providers::tastytrade) fn new(
        ticket: Ticket,
        tickets: Arc<Tickets>,
        names: Arc<Names>,
        rest: Arc<Rest>,
    ) -> Self {
        Self {
            link: Link::new(ticket, tickets, WANTED),
            names,
            rest,
            subscriptions: Subscriptions::default(),
            wanted: Vec::new(),
            followed: HashMap::new(),
            look: None,
        }
    }

    /// Subscribes to what is wanted and has a name; returns what has none yet.
    fn subscribe(&mut self, out: Out<'_>) -> Vec<Symbol> {
        let mut names = BTreeSet::new();
        let mut nameless = Vec::new();
        let mut followed = HashMap::new();
        for symbol in &self.wanted {
            let Some(name) = self.names.streamed(symbol) else {
                nameless.push(symbol.clone());
                continue;
            };
            let known = self.followed.remove(name.as_str());
            followed.insert(
                name.as_str().into(),
                known.unwrap_or_else(|| Followed::new(symbol.clone())),
            );
            names.insert(name);
        }
        self.followed = followed;
        if self.link.is_open() {
            for message in self.subscriptions.want(names) {
                out.say(message);
            }
        }
        nameless
    }

    fn look_for_names(&mut self, now: Instant, looked: u32, out: Out<'_>) {
        let nameless = self.subscribe(out);
        self.look = match (nameless.is_empty(), looked < LOOKS) {
            (true, _) => None,
            (false, true) => Some((now + LOOK_AGAIN, looked + 1)),
            (false, false) => {
                out.events.push(StreamEvent::NotLive {
                    symbols: nameless,
                    why: "tastytrade does not say what its feed calls it".into(),
                });
                None
            }
        };
    }

    fn data(&mut self, data: &serde_json::value::RawValue, out: Out<'_>) {
        let Self {
            link,
            followed,
            rest,
            ..
        } = self;
        let heard = rest.clock().now();
        let mut unread = None;
        let is_whole = link.rows(data, |kind, row| {
            let name = row.get("eventSymbol").text_or_empty();
            // A symbol given up a moment ago may still be on its way.
            let Some(followed) = followed.get_mut(name.as_ref()) else {
                return;
            };
            if let Err(why) = followed.event(kind, row, heard, out) {
                unread = Some(format!("a row of kind {kind}: {why}"));
            }
        });
        if !is_whole {
            unread = Some("rows of market data".into());
        }
        if let Some(at) = unread {
            garbled(out, &at);
        }
    }
}

impl Followed {
    fn new(symbol: Symbol) -> Self {
        Self {
            symbol,
            day: None,
            previous_close: None,
            volume: None,
            last: None,
            is_halted: false,
        }
    }

    fn event(
        &mut self,
        kind: &str,
        row: Row<'_, '_>,
        heard: Timestamp,
        out: Out<'_>,
    ) -> Result<(), Unreadable> {
        let symbol = self.symbol.clone();
        let mut tell = |event| out.events.push(StreamEvent::Market(event));
        match kind {
            "Quote" => tell(MarketEvent::Quote(market::streamed_quote(
                row, symbol, heard,
            )?)),
            "Trade" => {
                let Some(trade) = market::streamed_trade(row, symbol, heard)? else {
                    return Ok(());
                };
                let day = self.traded(&trade, quantity(row.get("dayVolume"))?);
                tell(MarketEvent::Trade(trade));
                day.into_iter().for_each(tell);
            }
            "Summary" => {
                let columns = ["dayOpenPrice", "dayHighPrice", "dayLowPrice"];
                let [open, high, low] = columns.map(|column| price(row.get(column)));
                self.day = match (open?, high?, low?) {
                    (Some(open), Some(high), Some(low)) => Some([open, high, low]),
                    _ => None,
                };
                self.previous_close = price(row.get("prevDayClosePrice"))?;
                tell(self.summary(heard));
            }
            "Profile" => {
                if let Some(status) = market::streamed_status(row) {
                    let is_halted = matches!(status, TradingStatus::Halted(_));
                    if is_halted || self.is_halted {
                        tell(MarketEvent::Status(symbol, status));
                    }
                    self.is_halted = is_halted;
                }
            }
            _ => return Err(Unreadable("its kind")),
        }
        Ok(())
    }

    /// Counts a trade as those who listen do; the day again where they have missed some.
    fn traded(&mut self, trade: &Trade, day: Option<Quantity>) -> Option<MarketEvent> {
        self.last = Some(trade.price);
        let counted = self
            .volume
            .map(|it| Quantity(it.0.saturating_add(trade.size.0)));
        self.volume = day.or(counted);
        let is_missed = self.volume.is_some() && self.volume != counted;
        (is_missed && self.day.is_some()).then(|| self.summary(trade.time))
    }

    fn summary(&self, at: Timestamp) -> MarketEvent {
        let today = match (self.day, self.volume, self.last) {
            (Some([open, high, low]), Some(volume), Some(close)) => Some(Bar {
                symbol: self.symbol.clone(),
                start: at,
                open,
                high,
                low,
                close,
                volume,
            }),
            _ => None,
        };
        MarketEvent::Day(DaySummary {
            symbol: self.symbol.clone(),
            today,
            previous_close: self.previous_close,
        })
    }
}

impl Session for QuoteSession {
    type Event = StreamEvent;
    type Command = StreamCommand;

    fn opened(&mut self, now: Instant, out: Out<'_>) {
        self.link.opened(now, out);
    }

    fn text(&mut self, now: Instant, text: &str, out: Out<'_>) {
        match self.link.hear(now, text, out) {
            Some(Heard::Open) => {
                out.events.push(StreamEvent::Ready);
                self.look_for_names(now, 0, out);
            }
            Some(Heard::Data(data)) => self.data(data, out),
            None => {}
        }
    }

    fn binary(&mut self, _now: Instant, _bytes: &[u8], out: Out<'_>) {
        garbled(out, "a binary frame of market data");
    }

    fn command(&mut self, now: Instant, command: StreamCommand, out: Out<'_>) {
        let StreamCommand::Watch(symbols) = command;
        self.wanted = symbols;
        self.look_for_names(now, 0, out);
    }

    fn tick(&mut self, now: Instant, out: Out<'_>) {
        if let Some((_, looked)) = self.look.filter(|(due, _)| *due <= now) {
            self.look_for_names(now, looked, out);
        }
        self.link.tick(now, out);
    }

    fn next_deadline(&self) -> Option<Instant> {
        let look = self.look.map(|(due, _)| due);
        [look, self.link.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }
}

#[cfg(test)]
#[path = "quotes_tests.rs"]
mod tests;
