//! Placing, cancelling and replacing orders, and the groups they form.

use super::checks::Refusal;
use super::order::{BookedOrder, Group, NewOrder, Role, Standing};
use super::venue::NoticeKind;
use super::{Customer, World};
use crate::domain::order::OrderChange;
use crate::domain::{
    ClientOrderId, Exits, OrderDraft, OrderKind, OrderSize, Price, Quantity, Side, Timestamp,
};
use crate::paper::{Input, Placement};
use uuid::Uuid;

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
        let mut new =
            BookedOrder::new(new_id.clone(), client_id, changed(&old.draft, &change), now);
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
        for (role, kind) in kinds
            .into_iter()
            .filter_map(|(role, kind)| Some((role, kind?)))
        {
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
        size: change.quantity.map_or(draft.size, |quantity: Quantity| {
            OrderSize::Quantity(quantity)
        }),
        time_in_force: change.time_in_force.unwrap_or(draft.time_in_force),
        ..draft.clone()
    }
}
