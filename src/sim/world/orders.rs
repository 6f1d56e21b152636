//! Orders as the books keep them: placing, cancelling, replacing.

use super::checks::Refusal;
use super::venue::NoticeKind;
use super::{Customer, World};
use crate::domain::order::OrderChange;
use crate::domain::{
    ClientOrderId, Exits, OrderDraft, OrderKind, OrderSize, Price, Quantity, Side, Timestamp,
};
use crate::paper::{Input, Placement};
use crate::sim::market::Market;
use rust_decimal::Decimal;
use uuid::Uuid;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Taken, not yet in the market.
    Accepted,
    /// An exit that waits for its entry.
    Held,
    /// In the market, perhaps partly filled.
    Working,
    /// A cancel is under way.
    CancelPending,
    /// A replacement is under way.
    ReplacePending,
    /// All of it filled.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Its time ran out.
    Expired,
    /// Another order took its place.
    Replaced,
    /// Refused after it was taken.
    Rejected,
}

impl Standing {
    /// Whether something can still happen to the order.
    pub fn is_open(self) -> bool {
        match self {
            Self::Accepted
            | Self::Held
            | Self::Working
            | Self::CancelPending
            | Self::ReplacePending => true,
            Self::Filled | Self::Cancelled | Self::Expired | Self::Replaced | Self::Rejected => {
                false
            }
        }
    }
}

/// What an order is in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It opens.
    Entry,
    /// It closes with a profit.
    TakeProfit,
    /// It closes with a loss.
    StopLoss,
}

/// An order's group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name of the group.
    pub id: Uuid,
    /// What the order is in it.
    pub role: Role,
    /// The exits as they were placed; tells the kind of group.
    pub exits: Exits,
    /// The order the exits were placed with.
    pub parent: Option<ClientOrderId>,
}

/// An order in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedOrder {
    /// The venue's id.
    pub id: ClientOrderId,
    /// The customer's own id.
    pub client_id: String,
    /// What is wanted; of an order by amount, the amount.
    pub draft: OrderDraft,
    /// Where it stands.
    pub standing: Standing,
    /// Units filled.
    pub filled: Decimal,
    /// Average price of what filled.
    pub average: Option<Price>,
    /// When it was placed.
    pub created: Timestamp,
    /// When anything last changed.
    pub updated: Timestamp,
    /// When it came to the end that its standing names.
    pub ended: Option<Timestamp>,
    /// The order this one replaced.
    pub replaces: Option<ClientOrderId>,
    /// The order that replaced this one.
    pub replaced_by: Option<ClientOrderId>,
    /// Best price a trailing stop saw, and where the stop is now.
    pub trail: Option<(Price, Price)>,
    /// Its group.
    pub group: Option<Group>,
    /// Orders placed with it, its exits.
    pub legs: Vec<ClientOrderId>,
}

/// What a customer places.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// What is wanted.
    pub draft: OrderDraft,
    /// The customer's own id; one is made where there is none.
    pub client_id: Option<String>,
}

impl BookedOrder {
    /// A simple order as just placed.
    pub(super) fn new(id: ClientOrderId, client_id: String, draft: OrderDraft, now: Timestamp) -> Self {
        Self {
            id,
            client_id,
            draft,
            standing: Standing::Accepted,
            filled: Decimal::ZERO,
            average: None,
            created: now,
            updated: now,
            ended: None,
            replaces: None,
            replaced_by: None,
            trail: None,
            group: None,
            legs: Vec::new(),
        }
    }

    /// Units wanted; `None` of an order by amount.
    pub fn quantity(&self) -> Option<Decimal> {
        match self.draft.size {
            OrderSize::Quantity(quantity) => Some(quantity.0),
            OrderSize::Notional(_) => None,
        }
    }

    /// Units still wanted; zero of an order by amount.
    pub fn leaves(&self) -> Decimal {
        self.quantity()
            .map_or(Decimal::ZERO, |quantity| quantity - self.filled)
    }

    /// Whether it is an exit that shares its units with another exit of the group.
    pub fn is_second_exit(&self) -> bool {
        self.group.as_ref().is_some_and(|group| {
            group.role == Role::StopLoss && !matches!(group.exits, Exits::StopLoss(_))
        })
    }

    /// Whether it is an exit that waits for its entry.
    pub fn is_held_exit(&self) -> bool {
        self.standing == Standing::Held
    }

    /// What the rest of it will cost if it deals at its own limit or at the market.
    pub fn cost(&self, market: &Market) -> Decimal {
        match self.draft.size {
            OrderSize::Notional(amount) if self.filled.is_zero() => amount,
            OrderSize::Notional(_) => Decimal::ZERO,
            OrderSize::Quantity(_) => {
                let price = expected_price(&self.draft, market).unwrap_or_default();
                price.0 * self.leaves()
            }
        }
    }
}

/// The price at which an order would deal at worst: its limit, its stop, or the far side of the quote.
pub(super) fn expected_price(draft: &OrderDraft, market: &Market) -> Option<Price> {
    let quoted = || {
        let listing = market.find(&draft.symbol)?;
        let quote = &market.line(listing).quote;
        match draft.side {
            Side::Buy => quote.ask,
            Side::Sell => quote.bid,
        }
        .or_else(|| market.mark(listing))
    };
    draft.kind.limit().or(draft.kind.stop()).or_else(quoted)
}

impl World {
    /// Takes an order after all checks; it reaches the market with the next [`World::advance`].
    pub fn place(
        &mut self,
        customer: usize,
        order: NewOrder,
        now: Timestamp,
    ) -> Result<ClientOrderId, Refusal> {
        let client_id = match order.client_id {
            Some(id) => id,
            None => self.make_id().to_string(),
        };
        self.check(customer, &client_id, &order.draft)?;
        let id = self.make_order_id();
        let booked = BookedOrder::new(id.clone(), client_id, order.draft, now);
        let (entry, legs) = self.group(booked);
        let leg_of = |role| {
            let has_role = |leg: &&BookedOrder| leg.group.as_ref().is_some_and(|g| g.role == role);
            legs.iter().find(has_role).map(|leg| leg.id.clone())
        };
        let placement = Placement {
            id: id.clone(),
            draft: self.draft_for_venue(&entry),
            take_profit: leg_of(Role::TakeProfit),
            stop_loss: leg_of(Role::StopLoss),
        };
        self.customers[customer].add_order(entry);
        for leg in legs {
            self.customers[customer].add_order(leg);
        }
        self.notify(customer, NoticeKind::Accepted, &id, now);
        self.pending.push_back(Input::Place(placement));
        Ok(id)
    }

    /// Begins to cancel an order.
    pub fn cancel(
        &mut self,
        customer: usize,
        id: &ClientOrderId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let order = self.customers[customer]
            .order_mut(id)
            .ok_or(Refusal::NoSuchOrder)?;
        if !order.standing.is_open() || order.standing == Standing::CancelPending {
            return Err(Refusal::NotCancelable);
        }
        order.standing = Standing::CancelPending;
        order.updated = now;
        self.notify(customer, NoticeKind::PendingCancel, id, now);
        self.pending.push_back(Input::Cancel(id.clone()));
        Ok(())
    }

    /// Begins to replace an order; returns the id of the one that is to take its place.
    pub fn replace(
        &mut self,
        customer: usize,
        id: &ClientOrderId,
        change: OrderChange,
        client_id: Option<String>,
        now: Timestamp,
    ) -> Result<ClientOrderId, Refusal> {
        self.check_replace(customer, id, &change, client_id.as_deref())?;
        let new_id = self.make_order_id();
        let client_id = client_id.unwrap_or_else(|| self.make_id().to_string());
        let old = self.customers[customer]
            .order_mut(id)
            .ok_or(Refusal::NoSuchOrder)?;
        let mut new = BookedOrder::new(new_id.clone(), client_id, changed(&old.draft, &change), now);
        new.filled = old.filled;
        new.average = old.average;
        new.group.clone_from(&old.group);
        new.legs.clone_from(&old.legs);
        new.replaces = Some(id.clone());
        old.standing = Standing::ReplacePending;
        old.updated = now;
        self.customers[customer].add_order(new);
        self.notify(customer, NoticeKind::PendingReplace, id, now);
        self.pending.push_back(Input::Replace {
            old: id.clone(),
            new: new_id.clone(),
            change,
        });
        Ok(new_id)
    }

    pub(super) fn make_order_id(&mut self) -> ClientOrderId {
        ClientOrderId::new(&self.make_id().to_string())
    }

    /// Gives an order its group and makes the exits that go with it.
    fn group(&mut self, mut entry: BookedOrder) -> (BookedOrder, Vec<BookedOrder>) {
        let exits = std::mem::take(&mut entry.draft.exits);
        let (profit, loss) = exit_kinds(&exits);
        if profit.is_none() && loss.is_none() {
            return (entry, Vec::new());
        }
        let group = |role, parent| Group {
            id: Uuid::nil(),
            role,
            exits,
            parent,
        };
        let group_id = self.make_id();
        let both = matches!(exits, Exits::OneCancelsOther { .. });
        let parent = Some(entry.id.clone());
        let mut legs = Vec::new();
        let kinds = [(Role::TakeProfit, profit), (Role::StopLoss, loss)];
        for (role, kind) in kinds.into_iter().filter_map(|(role, kind)| Some((role, kind?))) {
            if both && role == Role::TakeProfit {
                entry.draft.kind = kind;
                continue;
            }
            let id = self.make_order_id();
            let client_id = self.make_id().to_string();
            let mut draft = entry.draft.clone();
            draft.kind = kind;
            draft.extended_hours = false;
            if !both {
                draft.side = opposite(draft.side);
            }
            let mut leg = BookedOrder::new(id, client_id, draft, entry.created);
            leg.standing = Standing::Held;
            leg.group = Some(Group {
                id: group_id,
                ..group(role, parent.clone())
            });
            legs.push(leg);
        }
        let role = if both { Role::TakeProfit } else { Role::Entry };
        entry.group = Some(Group {
            id: group_id,
            ..group(role, None)
        });
        entry.legs = legs.iter().map(|leg| leg.id.clone()).collect();
        (entry, legs)
    }

    fn draft_for_venue(&self, entry: &BookedOrder) -> OrderDraft {
        OrderDraft {
            exits: entry
                .group
                .as_ref()
                .map_or(Exits::None, |group| group.exits),
            ..entry.draft.clone()
        }
    }
}

impl Customer {
    /// The exits placed with an order, as they stand now.
    pub fn legs_of<'a>(&'a self, order: &'a BookedOrder) -> impl Iterator<Item = &'a BookedOrder> {
        order.legs.iter().filter_map(|id| {
            let mut leg = self.order(id)?;
            while let Some(next) = leg.replaced_by.as_ref().and_then(|id| self.order(id)) {
                leg = next;
            }
            Some(leg)
        })
    }
}

fn exit_kinds(exits: &Exits) -> (Option<OrderKind>, Option<OrderKind>) {
    let limit = |limit: Price| Some(OrderKind::Limit { limit });
    let stop = |loss: crate::domain::StopLoss| {
        Some(match loss.limit {
            None => OrderKind::Stop { stop: loss.stop },
            Some(limit) => OrderKind::StopLimit {
                stop: loss.stop,
                limit,
            },
        })
    };
    match *exits {
        Exits::None => (None, None),
        Exits::Bracket {
            take_profit,
            stop_loss,
        }
        | Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        } => (limit(take_profit), stop(stop_loss)),
        Exits::TakeProfit { take_profit } => (limit(take_profit), None),
        Exits::StopLoss(stop_loss) => (None, stop(stop_loss)),
    }
}

fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

/// A draft with a replacement's changes; fields the kind does not have were refused before.
fn changed(draft: &OrderDraft, change: &OrderChange) -> OrderDraft {
    let kind = match draft.kind {
        OrderKind::Market => OrderKind::Market,
        OrderKind::Limit { limit } => OrderKind::Limit {
            limit: change.limit.unwrap_or(limit),
        },
        OrderKind::Stop { stop } => OrderKind::Stop {
            stop: change.stop.unwrap_or(stop),
        },
        OrderKind::StopLimit { stop, limit } => OrderKind::StopLimit {
            stop: change.stop.unwrap_or(stop),
            limit: change.limit.unwrap_or(limit),
        },
        OrderKind::TrailingStop { trail } => OrderKind::TrailingStop {
            trail: change.trail.unwrap_or(trail),
        },
    };
    OrderDraft {
        kind,
        size: change
            .quantity
            .map_or(draft.size, |quantity: Quantity| OrderSize::Quantity(quantity)),
        time_in_force: change.time_in_force.unwrap_or(draft.time_in_force),
        ..draft.clone()
    }
}
