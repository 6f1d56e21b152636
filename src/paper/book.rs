//! What stands in one symbol: its last prices, its orders in order of arrival, and what a fill or a
//! cancel of one does to the others of its group.

use super::matching::{self, Touch};
use super::ticket::{self, Standing, Ticket, Tie};
use super::{Event, Fill, Placement, Session};
use crate::domain::order::OrderChange;
use crate::domain::{ClientOrderId, Price, Quantity, Quote, Side, TimeInForce, Timestamp, Trade};
use rust_decimal::Decimal;

/// One symbol.
#[derive(Debug, Default)]
pub(super) struct Book {
    touch: Touch,
    /// Units of the quote that nobody took yet; `None` where the size is not known.
    bid_left: Option<Decimal>,
    ask_left: Option<Decimal>,
    halted: bool,
    tickets: Vec<Ticket>,
}

impl Book {
    pub(super) fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    pub(super) fn set_halted(&mut self, halted: bool) {
        self.halted = halted;
    }

    pub(super) fn quoted(
        &mut self,
        now: Timestamp,
        session: Session,
        quote: &Quote,
        events: &mut Vec<Event>,
    ) {
        let real = |price: Option<Price>| price.filter(|price| price.0 > Decimal::ZERO);
        self.touch.bid = real(quote.bid);
        self.touch.ask = real(quote.ask);
        self.bid_left = quote.bid_size.map(|size| size.0);
        self.ask_left = quote.ask_size.map(|size| size.0);
        self.run(now, session, None, events);
    }

    pub(super) fn traded(
        &mut self,
        now: Timestamp,
        session: Session,
        trade: &Trade,
        events: &mut Vec<Event>,
    ) {
        self.touch.last = Some(trade.price);
        self.run(now, session, Some(trade.price), events);
    }

    /// Takes an order and its exits; returns their names, none when it was refused.
    pub(super) fn place(
        &mut self,
        now: Timestamp,
        session: Session,
        placement: Placement,
        events: &mut Vec<Event>,
    ) -> Vec<ClientOrderId> {
        let id = placement.id.clone();
        let tickets = match ticket::tickets(placement) {
            Ok(tickets) => tickets,
            Err(reason) => {
                events.push(Event::Rejected { id, reason });
                return Vec::new();
            }
        };
        let names = tickets.iter().map(|ticket| ticket.id.clone()).collect();
        for ticket in &tickets {
            if ticket.standing == Standing::Held {
                events.push(Event::Held(ticket.id.clone()));
            }
        }
        self.tickets.extend(tickets);
        self.run(now, session, None, events);
        names
    }

    pub(super) fn cancel(&mut self, id: &ClientOrderId, events: &mut Vec<Event>) {
        if let Some(index) = self.index_of(id) {
            self.end(index, Event::Cancelled(id.clone()), events);
            self.sweep();
        }
    }

    pub(super) fn replace(
        &mut self,
        old: &ClientOrderId,
        new: &ClientOrderId,
        change: &OrderChange,
    ) -> Result<(), &'static str> {
        let index = self.index_of(old).ok_or("no such working order")?;
        let ticket = &mut self.tickets[index];
        ticket.change(change)?;
        ticket.id = new.clone();
        if ticket.standing != Standing::Held {
            ticket.standing = Standing::New;
        }
        for other in &mut self.tickets {
            if let Tie::Exit { entry, sibling } = &mut other.tie {
                for name in [entry, sibling].into_iter().flatten() {
                    if name == old {
                        *name = new.clone();
                    }
                }
            }
        }
        Ok(())
    }

    /// The day goes from one part to the next: auctions, then expiry, then a pass.
    pub(super) fn turn(
        &mut self,
        now: Timestamp,
        turn: (Session, Session),
        events: &mut Vec<Event>,
    ) {
        if turn.1 == Session::Regular {
            self.auction(now, TimeInForce::AtTheOpen, events);
        }
        if turn.0 == Session::Regular {
            self.auction(now, TimeInForce::AtTheClose, events);
        }
        for index in 0..self.tickets.len() {
            if self.tickets[index].standing != Standing::Done
                && self.tickets[index].expires_at(turn)
            {
                let id = self.tickets[index].id.clone();
                self.end(index, Event::Expired(id), events);
            }
        }
        self.run(now, turn.1, None, events);
    }

    /// Gives every order its chance at the prices as they are; `trade` is one that just happened.
    pub(super) fn run(
        &mut self,
        now: Timestamp,
        session: Session,
        trade: Option<Price>,
        events: &mut Vec<Event>,
    ) {
        self.touch.trade = trade;
        for index in 0..self.tickets.len() {
            self.step(index, now, session, events);
        }
        self.touch.trade = None;
        self.sweep();
    }

    fn step(&mut self, index: usize, now: Timestamp, session: Session, events: &mut Vec<Event>) {
        let halted = self.halted;
        let ticket = &mut self.tickets[index];
        if matches!(ticket.standing, Standing::Held | Standing::Done) {
            return;
        }
        if halted || ticket.is_for_auction() || !ticket.trades_in(session) {
            if ticket.standing == Standing::New {
                ticket.standing = Standing::Waiting;
                events.push(Event::Accepted(ticket.id.clone()));
            }
        } else {
            if ticket.standing != Standing::Working {
                ticket.standing = Standing::Working;
                events.push(Event::Working(ticket.id.clone()));
            }
            self.pull_trigger(index, events);
            self.deal(index, now, events);
        }
        self.drop_leftover(index, events);
    }

    fn pull_trigger(&mut self, index: usize, events: &mut Vec<Event>) {
        let touch = self.touch;
        let ticket = &mut self.tickets[index];
        if ticket.is_live() {
            return;
        }
        if let Some((mark, stop)) = ticket.follow(&touch) {
            let id = ticket.id.clone();
            events.push(Event::Trailed { id, mark, stop });
        }
        let reached = ticket
            .stop()
            .is_some_and(|stop| matching::reaches_stop(ticket.side(), stop, &touch));
        if reached {
            ticket.triggered = true;
            events.push(Event::Triggered(ticket.id.clone()));
        }
    }

    fn deal(&mut self, index: usize, now: Timestamp, events: &mut Vec<Event>) {
        let ticket = &mut self.tickets[index];
        let Some(price) = self.touch.deals_at(ticket.side()) else {
            return;
        };
        if !ticket.is_live()
            || !matching::is_within(ticket.side(), ticket.draft.kind.limit(), price)
        {
            return;
        }
        let wanted = ticket.leaves_at(price);
        let left = match ticket.side() {
            Side::Buy => &mut self.ask_left,
            Side::Sell => &mut self.bid_left,
        };
        let quantity = left.map_or(wanted, |left| left.min(wanted));
        let all_or_nothing = ticket.draft.time_in_force == TimeInForce::FillOrKill;
        if quantity <= Decimal::ZERO || (all_or_nothing && quantity < wanted) {
            return;
        }
        if let Some(left) = left {
            *left -= quantity;
        }
        ticket.filled += quantity;
        let leaves = ticket.leaves();
        events.push(Event::Filled(Fill {
            id: ticket.id.clone(),
            price,
            quantity: Quantity(quantity),
            filled: Quantity(ticket.filled),
            leaves: Quantity(leaves),
            time: now,
        }));
        if leaves.is_zero() {
            ticket.standing = Standing::Done;
        }
        self.after_fill(index, quantity, events);
    }

    /// Releases the exits of an entry that is filled, and shrinks or ends the sibling of an exit.
    fn after_fill(&mut self, index: usize, quantity: Decimal, events: &mut Vec<Event>) {
        let ticket = self.tickets[index].clone();
        let done = ticket.standing == Standing::Done;
        match ticket.tie {
            Tie::Alone => {}
            Tie::Entry if !done => {}
            Tie::Entry => {
                for exit in self.tickets.iter_mut().filter(|other| {
                    matches!(&other.tie, Tie::Exit { entry: Some(entry), .. } if *entry == ticket.id)
                }) {
                    exit.standing = Standing::New;
                    exit.set_wanted(ticket.filled);
                }
            }
            Tie::Exit { sibling, .. } => {
                let Some(other) = sibling.and_then(|id| self.index_of(&id)) else {
                    return;
                };
                if done {
                    let id = self.tickets[other].id.clone();
                    self.tickets[other].standing = Standing::Done;
                    events.push(Event::Cancelled(id));
                } else {
                    let sibling = &mut self.tickets[other];
                    let rest = sibling.leaves() - quantity + sibling.filled;
                    sibling.set_wanted(rest);
                    events.push(Event::Resized {
                        id: sibling.id.clone(),
                        quantity: Quantity(rest),
                    });
                }
            }
        }
    }

    fn drop_leftover(&mut self, index: usize, events: &mut Vec<Event>) {
        let ticket = &self.tickets[index];
        if ticket.is_immediate() && ticket.standing != Standing::Done {
            let id = ticket.id.clone();
            self.end(index, Event::Cancelled(id), events);
        }
    }

    fn auction(&mut self, now: Timestamp, which: TimeInForce, events: &mut Vec<Event>) {
        for index in 0..self.tickets.len() {
            let ticket = &self.tickets[index];
            if ticket.draft.time_in_force != which || ticket.standing == Standing::Done {
                continue;
            }
            if !self.halted {
                self.deal(index, now, events);
            }
            if self.tickets[index].standing != Standing::Done {
                let id = self.tickets[index].id.clone();
                self.end(index, Event::Cancelled(id), events);
            }
        }
    }

    /// Ends an order with `last`, and with it the exits or the sibling that depend on it.
    fn end(&mut self, index: usize, last: Event, events: &mut Vec<Event>) {
        let ticket = &mut self.tickets[index];
        ticket.standing = Standing::Done;
        let (id, tie) = (ticket.id.clone(), ticket.tie.clone());
        events.push(last);
        let depends = |other: &Ticket| match (&tie, &other.tie) {
            (Tie::Entry, Tie::Exit { entry, .. }) => *entry == Some(id.clone()),
            (Tie::Exit { sibling, .. }, _) => *sibling == Some(other.id.clone()),
            (Tie::Alone | Tie::Entry, _) => false,
        };
        for other in &mut self.tickets {
            if other.standing != Standing::Done && depends(other) {
                other.standing = Standing::Done;
                events.push(Event::Cancelled(other.id.clone()));
            }
        }
    }

    fn index_of(&self, id: &ClientOrderId) -> Option<usize> {
        self.tickets
            .iter()
            .position(|ticket| ticket.id == *id && ticket.standing != Standing::Done)
    }

    fn sweep(&mut self) {
        self.tickets
            .retain(|ticket| ticket.standing != Standing::Done);
    }
}
