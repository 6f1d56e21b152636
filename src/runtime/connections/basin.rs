//! Where a stream leaves what it heard, and how that reaches the loop.
//!
//! Market data that piles up is thinned to the newest of each symbol; order events wait, and while [`MOST_HELD`] of
//! them do the socket is not read, so that nothing is lost and nothing grows.

use crate::domain::quote::MarketEvent;
use crate::domain::{ConnectionId, Symbol, Text};
use crate::engine::Input;
use crate::engine::input::{Channel, Feed, StreamChange};
use crate::providers::provider::StreamEvent;
use crate::runtime::Happened;
use crate::runtime::effects::tell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// Where a stream leaves what it heard.
pub(crate) struct Basin {
    held: Mutex<Held>,
    filled: Notify,
    /// The session is over: the pump hands on what is left and stops.
    over: CancellationToken,
}

#[derive(Default)]
struct Held {
    market: Vec<MarketEvent>,
    others: Vec<StreamEvent>,
    trouble: Option<Text>,
}

/// Market events that may pile up before they are thinned.
const THIN_ABOVE: usize = 8_192;

/// Other events that may wait before the socket is read no further.
const MOST_HELD: usize = 4_096;

impl Basin {
    pub(crate) fn new() -> Self {
        Self {
            held: Mutex::default(),
            filled: Notify::new(),
            over: CancellationToken::new(),
        }
    }

    /// The session is over: what is left is handed on, and no more.
    pub(crate) fn close(&self) {
        self.over.cancel();
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Every change is a push or a take, so a panic elsewhere leaves it whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> (Vec<MarketEvent>, Vec<StreamEvent>) {
        let mut held = self.lock();
        (
            std::mem::take(&mut held.market),
            std::mem::take(&mut held.others),
        )
    }

    /// The last thing that the person should know.
    pub(crate) fn trouble(&self) -> Option<Text> {
        self.lock().trouble.clone()
    }

    /// Takes events from the front as far as there is room; market data makes its own.
    pub(crate) fn fill(&self, events: &mut Vec<StreamEvent>) {
        let mut held = self.lock();
        let room = MOST_HELD - held.others.len();
        let mut others = 0;
        let fits = events.iter().take_while(|event| {
            others += usize::from(!matches!(event, StreamEvent::Market(_)));
            others <= room
        });
        let fits = fits.count();
        for event in events.drain(..fits) {
            if let StreamEvent::Market(event) = event {
                held.market.push(event);
                continue;
            }
            if let StreamEvent::Trouble { what } = &event {
                held.trouble = Some(what.clone());
            }
            held.others.push(event);
        }
        if held.market.len() > THIN_ABOVE {
            thin(&mut held.market);
        }
        drop(held);
        self.filled.notify_one();
    }
}

/// Keeps the newest quote of each symbol and drops overtaken ones; trades and the rest stay.
fn thin(events: &mut Vec<MarketEvent>) {
    let mut newest: HashMap<Symbol, usize> = HashMap::new();
    for (index, event) in events.iter().enumerate() {
        if let MarketEvent::Quote(quote) = event {
            newest.insert(quote.symbol.clone(), index);
        }
    }
    let mut index = 0;
    events.retain(|event| {
        let here = index;
        index += 1;
        !matches!(event, MarketEvent::Quote(quote) if newest[&quote.symbol] != here)
    });
    if events.len() > THIN_ABOVE {
        let surplus = events.len() - THIN_ABOVE;
        events.drain(..surplus); // a flood of trades: the newest still win
    }
}

/// Carries what a stream heard to the loop, in order, waiting for room.
pub(crate) async fn pump(
    basin: Arc<Basin>,
    source: (ConnectionId, Channel, Feed),
    answers: mpsc::Sender<Happened>,
) {
    let (connection, channel, feed) = source;
    loop {
        let ending = tokio::select! {
            biased;
            () = basin.filled.notified() => false,
            () = basin.over.cancelled() => true,
        };
        let (market, others) = basin.take();
        for event in others {
            tell(&answers, input_of(&connection, channel, &feed, event)).await;
        }
        if !market.is_empty() {
            tell(&answers, Input::Market(connection.clone(), market)).await;
        }
        if ending {
            return;
        }
    }
}

fn input_of(connection: &ConnectionId, channel: Channel, feed: &Feed, event: StreamEvent) -> Input {
    let change = match event {
        StreamEvent::Market(event) => return Input::Market(connection.clone(), vec![event]),
        StreamEvent::Order(order) => return Input::OrderReported(order),
        StreamEvent::Fill(fill) => return Input::Filled(fill),
        StreamEvent::Ready => StreamChange::Up(feed.clone()),
        StreamEvent::NotLive { symbols, why } => StreamChange::NotLive(symbols, why),
        StreamEvent::Garbled { at } => StreamChange::Garbled(1, at),
        StreamEvent::Trouble { what } => StreamChange::Trouble(what),
    };
    Input::Stream(connection.clone(), channel, change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Quantity, Quote, Timestamp, Trade};

    fn quote(symbol: &str, bid: &str) -> MarketEvent {
        MarketEvent::Quote(Quote {
            symbol: Symbol::new(symbol),
            bid: Some(bid.parse().unwrap()),
            ask: None,
            bid_size: None,
            ask_size: None,
            time: Timestamp::EPOCH,
        })
    }

    fn trade(symbol: &str) -> MarketEvent {
        let price = "1".parse().unwrap();
        MarketEvent::Trade(Trade {
            symbol: Symbol::new(symbol),
            price,
            size: Quantity::ZERO,
            time: Timestamp::EPOCH,
        })
    }

    #[test]
    fn thinning_keeps_the_newest_quote_and_every_trade_in_order() {
        let mut events = vec![
            quote("A", "1"),
            trade("A"),
            quote("B", "1"),
            quote("A", "2"),
            trade("B"),
        ];
        thin(&mut events);
        assert_eq!(
            events,
            [trade("A"), quote("B", "1"), quote("A", "2"), trade("B")]
        );
    }

    #[test]
    fn a_flood_that_nobody_takes_is_bounded() {
        let basin = Basin::new();
        for _ in 0..100 {
            let mut batch: Vec<StreamEvent> = (0..1_000)
                .map(|_| StreamEvent::Market(trade("A")))
                .collect();
            basin.fill(&mut batch);
            assert!(batch.is_empty());
        }
        assert!(basin.lock().market.len() <= THIN_ABOVE + 1_000);
    }

    #[test]
    fn order_events_wait_in_their_order_and_none_is_dropped() {
        let basin = Basin::new();
        let mut batch = vec![StreamEvent::Ready; MOST_HELD + 3];
        basin.fill(&mut batch);
        assert_eq!((basin.lock().others.len(), batch.len()), (MOST_HELD, 3));
        basin.lock().others.clear();
        basin.fill(&mut batch);
        assert_eq!((basin.lock().others.len(), batch.len()), (3, 0));
    }
}
