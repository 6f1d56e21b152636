//! Customers, their accounts, holdings, orders and history: one truth that every simulator shows in its
//! own words.
//!
//! It speaks the domain's words and knows no wire. Orders are worked by the pretend venue of `paper`
//! against the simulated market; what comes of them is booked here and handed out as [`Notice`]s.
//! Checks before an order is taken are in `checks`, what fills do to a customer in `venue`. Who the
//! customers are is in `story`, their year before the start in `history`, the orders that stand when it
//! opens in `opening`.

mod activity;
mod checks;
mod customer;
mod history;
mod opening;
mod order;
mod orders;
mod story;
mod venue;

#[cfg(test)]
mod tests;

pub use activity::{Activity, Cash, CashKind, Happening};
pub use checks::Refusal;
pub use customer::{Customer, Figures, Holding, Profile};
pub use order::{BookedOrder, Group, NewOrder, Role, Standing};
pub use story::Cast;
pub use venue::{Notice, NoticeKind};

use super::calendar::MarketHours;
use super::market::{Market, MarketOptions, Tick};
use crate::domain::{MarketEvent, OrderDraft, Price, Symbol, Timestamp};
use crate::paper::{Input, PaperVenue, Session};
use std::collections::VecDeque;
use std::time::Duration;

/// How often the venue is shown standing quotes again, so that sizes once taken are offered anew.
const REFRESH: Duration = Duration::from_secs(1);

/// The world.
#[derive(Debug)]
pub struct World {
    /// Where prices come from.
    pub market: Market,
    /// Who has accounts here; a customer is known by its index.
    pub customers: Vec<Customer>,
    cast: &'static Cast,
    venue: PaperVenue,
    hours: MarketHours,
    session: Session,
    day_ends: Timestamp,
    refreshed: Timestamp,
    random: fastrand::Rng,
    pending: VecDeque<Input>,
    notices: Vec<Notice>,
}

impl World {
    /// A world of `cast` in which everything up to `now` has happened. Worlds of one seed that start at
    /// one moment have one market, whatever their casts.
    pub fn new(options: MarketOptions, cast: &'static Cast, now: Timestamp) -> Self {
        let (seed, hours) = (options.seed, options.hours);
        let market = Market::new(options, now);
        let session = market.session(now);
        let day_ends = market.calendar().next_close(now);
        let mut world = Self {
            market,
            customers: Vec::new(),
            cast,
            venue: PaperVenue::new(session),
            hours,
            session,
            day_ends,
            refreshed: now,
            random: fastrand::Rng::with_seed(seed ^ cast.salt),
            pending: VecDeque::new(),
            notices: Vec::new(),
        };
        world.settle_in(cast, now);
        world
    }

    /// Everything that happens up to `now`: the market moves, orders are worked.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Tick> {
        let ticks = self.market.advance(now);
        while let Some(input) = self.pending.pop_front() {
            self.show_quote_for(now, &input);
            self.tell_venue(now, input);
        }
        for tick in &ticks {
            self.show_tick(now, tick);
        }
        if now.since(self.refreshed) >= REFRESH {
            self.refreshed = now;
            self.show_standing_quotes(now);
        }
        self.turn_session(now);
        ticks
    }

    /// Which part of the trading day it is for orders.
    pub fn session(&self) -> Session {
        self.session
    }

    /// The price at which an order would deal at worst; `None` where there is none.
    pub fn expected_price(&self, draft: &OrderDraft) -> Option<Price> {
        order::expected_price(draft, &self.market)
    }

    /// What happened to orders since this was last asked, in order.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Tells the venue of a halt or its end.
    pub fn show_tick(&mut self, now: Timestamp, tick: &Tick) {
        let symbol = &self.market.listings()[tick.listing].symbol;
        if !self.venue.has_orders_in(symbol) {
            return;
        }
        match &tick.event {
            MarketEvent::Quote(quote) => self.tell_venue(now, Input::Quote(quote.clone())),
            MarketEvent::Trade(trade) => self.tell_venue(now, Input::Trade(trade.clone())),
            MarketEvent::Status(symbol, status) => {
                self.tell_venue(now, Input::Status(symbol.clone(), status.clone()));
            }
            MarketEvent::Bar(_) | MarketEvent::Day(_) => {}
        }
    }

    /// A random id in the form of a version 4 UUID.
    pub fn make_id(&mut self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn show_quote_for(&mut self, now: Timestamp, input: &Input) {
        let Input::Place(placement) = input else {
            return;
        };
        self.show_quote(now, &placement.draft.symbol.clone());
    }

    fn show_quote(&mut self, now: Timestamp, symbol: &Symbol) {
        if let Some(listing) = self.market.find(symbol) {
            let line = self.market.line(listing);
            let (quote, status) = (line.quote.clone(), line.status.clone());
            self.tell_venue(now, Input::Status(symbol.clone(), status));
            self.tell_venue(now, Input::Quote(quote));
        }
    }

    fn show_standing_quotes(&mut self, now: Timestamp) {
        let mut symbols: Vec<Symbol> = self
            .customers
            .iter()
            .flat_map(|customer| customer.open_orders())
            .map(|order| order.draft.symbol.clone())
            .collect();
        symbols.sort_unstable();
        symbols.dedup();
        for symbol in symbols {
            self.show_quote(now, &symbol);
        }
    }

    fn turn_session(&mut self, now: Timestamp) {
        match self.hours {
            MarketHours::Real => {
                let session = self.market.session(now);
                if session != self.session {
                    self.session = session;
                    self.tell_venue(now, Input::Session(session));
                }
            }
            MarketHours::Always => {
                if now >= self.day_ends {
                    self.day_ends = self.market.calendar().next_close(now);
                    self.tell_venue(now, Input::Session(Session::Closed));
                    self.tell_venue(now, Input::Session(Session::Regular));
                }
            }
        }
    }

    fn tell_venue(&mut self, now: Timestamp, input: Input) {
        for event in self.venue.handle(now, input) {
            self.book(now, event);
        }
    }
}
