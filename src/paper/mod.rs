//! A pretend venue: orders and market data in, fills out.
//!
//! Pure: `(now, input) -> events`. It reads no clock, draws no random number, does no I/O and knows
//! nothing of accounts, cash or providers; whoever runs it keeps the books and checks buying power.
//! When and at what price an order fills is in [`matching`]; what stands in one symbol, and the ties
//! between entries and exits, in [`book`]. A new order kind starts in [`matching`].

mod book;
pub mod matching;
mod ticket;

#[cfg(test)]
mod tests;

use crate::domain::order::OrderChange;
use crate::domain::{
    ClientOrderId, OrderDraft, Price, Quantity, Quote, Symbol, Timestamp, Trade, TradingStatus,
};
use book::Book;
use std::collections::HashMap;

/// Which part of the trading day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// Nothing trades.
    Closed,
    /// Before the opening or after the closing auction: orders that asked for it trade.
    Extended,
    /// Everything trades.
    Regular,
}

/// An order to be placed, with the names of everything it becomes; ids are the caller's.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Name of the order; of the profit-taking exit where [`crate::domain::Exits::OneCancelsOther`].
    pub id: ClientOrderId,
    /// What is wanted.
    pub draft: OrderDraft,
    /// Name of the profit-taking exit, where there is one beside `id`.
    pub take_profit: Option<ClientOrderId>,
    /// Name of the loss-taking exit, where there is one.
    pub stop_loss: Option<ClientOrderId>,
}

/// Everything that can happen to the venue.
#[derive(Clone, Debug)]
pub enum Input {
    /// An order arrives.
    Place(Placement),
    /// An order is to be cancelled.
    Cancel(ClientOrderId),
    /// An order is to be replaced by one named `new`.
    Replace {
        /// The order as it stands.
        old: ClientOrderId,
        /// Name of the order that takes its place.
        new: ClientOrderId,
        /// What changes; the quantity counts what is filled already.
        change: OrderChange,
    },
    /// A new best bid and ask; its sizes can be traded once.
    Quote(Quote),
    /// A trade on the tape.
    Trade(Trade),
    /// A halt or its end.
    Status(Symbol, TradingStatus),
    /// A part of the trading day begins.
    Session(Session),
}

/// One execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Of which order.
    pub id: ClientOrderId,
    /// At what price.
    pub price: Price,
    /// How many in this execution.
    pub quantity: Quantity,
    /// How many of the order are filled now.
    pub filled: Quantity,
    /// How many are still wanted.
    pub leaves: Quantity,
    /// When.
    pub time: Timestamp,
}

/// What the venue says; in the order it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has the order and does not work it yet: the market is closed or the auction is to come.
    Accepted(ClientOrderId),
    /// The order is an exit that waits for its entry.
    Held(ClientOrderId),
    /// The order stands in the market.
    Working(ClientOrderId),
    /// The stop was reached; from here on a market or limit order.
    Triggered(ClientOrderId),
    /// A trailing stop moved.
    Trailed {
        /// Of which order.
        id: ClientOrderId,
        /// Best price seen since it works.
        mark: Price,
        /// Where the stop is now.
        stop: Price,
    },
    /// Some of it traded.
    Filled(Fill),
    /// An exit shrank, because its sibling traded.
    Resized {
        /// Which exit.
        id: ClientOrderId,
        /// Its new quantity.
        quantity: Quantity,
    },
    /// Cancelled: asked for, left over, or with its group.
    Cancelled(ClientOrderId),
    /// Its time ran out.
    Expired(ClientOrderId),
    /// Another order took its place.
    Replaced {
        /// The order that ended.
        old: ClientOrderId,
        /// The order that stands now.
        new: ClientOrderId,
    },
    /// The venue does not take the order.
    Rejected {
        /// Which.
        id: ClientOrderId,
        /// Why.
        reason: &'static str,
    },
    /// The order could not be cancelled.
    CancelRefused {
        /// Which.
        id: ClientOrderId,
        /// Why.
        reason: &'static str,
    },
    /// The order could not be replaced; it stands as it was.
    ReplaceRefused {
        /// The order that was to end.
        old: ClientOrderId,
        /// The order that was to take its place.
        new: ClientOrderId,
        /// Why.
        reason: &'static str,
    },
}

/// The venue: every order it works and the last price of every symbol it heard of.
#[derive(Debug)]
pub struct PaperVenue {
    session: Session,
    books: HashMap<Symbol, Book>,
    homes: HashMap<ClientOrderId, Symbol>,
}

impl PaperVenue {
    /// An empty venue in a part of the day.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            books: HashMap::new(),
            homes: HashMap::new(),
        }
    }

    /// Applies one input at `now` and says what came of it.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Event> {
        let mut events = Vec::new();
        match input {
            Input::Place(placement) => self.place(now, placement, &mut events),
            Input::Cancel(id) => self.cancel(id, &mut events),
            Input::Replace { old, new, change } => {
                self.replace(now, (old, new), &change, &mut events);
            }
            Input::Quote(quote) => {
                let book = self.books.entry(quote.symbol.clone()).or_default();
                book.quoted(now, self.session, &quote, &mut events);
            }
            Input::Trade(trade) => {
                let book = self.books.entry(trade.symbol.clone()).or_default();
                book.traded(now, self.session, &trade, &mut events);
            }
            Input::Status(symbol, status) => {
                let book = self.books.entry(symbol).or_default();
                book.set_halted(status != TradingStatus::Trading);
                book.run(now, self.session, None, &mut events);
            }
            Input::Session(next) => self.turn(now, next, &mut events),
        }
        self.forget(&events);
        events
    }

    /// Whether any order stands in `symbol`: where none does, its market data may be left out.
    pub fn has_orders_in(&self, symbol: &Symbol) -> bool {
        self.books.get(symbol).is_some_and(|book| !book.is_empty())
    }

    /// Number of orders that are not at an end.
    pub fn len(&self) -> usize {
        self.homes.len()
    }

    /// Whether no order stands anywhere.
    pub fn is_empty(&self) -> bool {
        self.homes.is_empty()
    }

    fn place(&mut self, now: Timestamp, placement: Placement, events: &mut Vec<Event>) {
        let names = [
            Some(&placement.id),
            placement.take_profit.as_ref(),
            placement.stop_loss.as_ref(),
        ];
        if names.iter().flatten().any(|id| self.homes.contains_key(id)) {
            events.push(Event::Rejected {
                id: placement.id,
                reason: "an order of that name stands already",
            });
            return;
        }
        let symbol = placement.draft.symbol.clone();
        let book = self.books.entry(symbol.clone()).or_default();
        for id in book.place(now, self.session, placement, events) {
            self.homes.insert(id, symbol.clone());
        }
    }

    fn cancel(&mut self, id: ClientOrderId, events: &mut Vec<Event>) {
        match self.home_of(&id) {
            Some(book) => book.cancel(&id, events),
            None => events.push(Event::CancelRefused {
                id,
                reason: "no such working order",
            }),
        }
    }

    fn replace(
        &mut self,
        now: Timestamp,
        (old, new): (ClientOrderId, ClientOrderId),
        change: &OrderChange,
        events: &mut Vec<Event>,
    ) {
        let session = self.session;
        let taken = self.homes.contains_key(&new);
        let refusal = match self.home_of(&old) {
            None => Some("no such working order"),
            Some(_) if taken => Some("an order of that name stands already"),
            Some(book) => book.replace(&old, &new, change).err(),
        };
        if let Some(reason) = refusal {
            events.push(Event::ReplaceRefused { old, new, reason });
            return;
        }
        let symbol = self.homes[&old].clone();
        self.homes.insert(new.clone(), symbol.clone());
        events.push(Event::Replaced { old, new });
        if let Some(book) = self.books.get_mut(&symbol) {
            book.run(now, session, None, events);
        }
    }

    fn turn(&mut self, now: Timestamp, next: Session, events: &mut Vec<Event>) {
        let before = std::mem::replace(&mut self.session, next);
        if before == next {
            return;
        }
        let mut symbols: Vec<&Symbol> = self.books.keys().collect();
        symbols.sort_unstable();
        for symbol in symbols.into_iter().cloned().collect::<Vec<_>>() {
            if let Some(book) = self.books.get_mut(&symbol) {
                book.turn(now, (before, next), events);
            }
        }
    }

    fn home_of(&mut self, id: &ClientOrderId) -> Option<&mut Book> {
        self.books.get_mut(self.homes.get(id)?)
    }

    fn forget(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::Cancelled(id) | Event::Expired(id) | Event::Replaced { old: id, .. } => {
                    self.homes.remove(id);
                }
                Event::Filled(fill) if fill.leaves.0.is_zero() => {
                    self.homes.remove(&fill.id);
                }
                Event::Filled(_)
                | Event::Rejected { .. }
                | Event::Accepted(_)
                | Event::Held(_)
                | Event::Working(_)
                | Event::Triggered(_)
                | Event::Trailed { .. }
                | Event::Resized { .. }
                | Event::CancelRefused { .. }
                | Event::ReplaceRefused { .. } => {}
            }
        }
    }
}
