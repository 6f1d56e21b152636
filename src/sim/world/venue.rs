//! What the venue says of orders, booked: standings, fills, cash, holdings, history, and the notices
//! that a simulator passes on.

use super::activity::{Activity, Happening};
use super::order::{BookedOrder, Standing};
use super::{Customer, World};
use crate::domain::{ClientOrderId, OrderSize, Price, Quantity, Side, Timestamp};
use crate::paper::{Event, Fill};
use rust_decimal::Decimal;
use uuid::Uuid;

/// What happened to an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Whose.
    pub customer: usize,
    /// What.
    pub kind: NoticeKind,
    /// The order after it.
    pub order: BookedOrder,
    /// When.
    pub time: Timestamp,
}

/// What can happen to an order.
#[derive(Clone, Debug, PartialEq)]
pub enum NoticeKind {
    /// It was taken.
    Accepted,
    /// It stands in the market.
    Working,
    /// Some or all of it dealt.
    Filled {
        /// Name of the execution.
        execution: Uuid,
        /// At what price.
        price: Price,
        /// How many.
        quantity: Quantity,
        /// Units held after it.
        position: Decimal,
        /// Whether nothing is left.
        complete: bool,
    },
    /// A cancel is under way.
    PendingCancel,
    /// A replacement is under way.
    PendingReplace,
    /// Cancelled.
    Cancelled,
    /// Its time ran out.
    Expired,
    /// Another took its place.
    Replaced,
    /// Refused after it was taken.
    Rejected,
    /// Its quantity changed with its sibling's fill.
    Resized,
    /// It could not be cancelled.
    CancelRejected,
    /// It could not be replaced.
    ReplaceRejected,
}

impl World {
    pub(super) fn notify(
        &mut self,
        customer: usize,
        kind: NoticeKind,
        id: &ClientOrderId,
        time: Timestamp,
    ) {
        if let Some(order) = self.customers[customer].order(id) {
            self.notices.push(Notice {
                customer,
                kind,
                order: order.clone(),
                time,
            });
        }
    }

    /// Books what the venue says.
    pub(super) fn book(&mut self, now: Timestamp, event: Event) {
        match event {
            Event::Accepted(id) => self.stand(now, &id, Standing::Accepted, None),
            Event::Held(id) => self.stand(now, &id, Standing::Held, None),
            Event::Working(id) => {
                self.stand(now, &id, Standing::Working, Some(NoticeKind::Working));
            }
            Event::Triggered(_) => {}
            Event::Trailed { id, mark, stop } => {
                self.change(&id, |order| order.trail = Some((mark, stop)));
            }
            Event::Filled(fill) => self.fill(&fill),
            Event::Resized { id, quantity } => {
                self.change(&id, |order| {
                    order.draft.size = OrderSize::Quantity(quantity)
                });
                self.tell(now, &id, NoticeKind::Resized);
            }
            Event::Cancelled(id) => {
                self.stand(now, &id, Standing::Cancelled, Some(NoticeKind::Cancelled));
            }
            Event::Expired(id) => {
                self.stand(now, &id, Standing::Expired, Some(NoticeKind::Expired));
            }
            Event::Replaced { old, new } => {
                self.change(&old, |order| order.replaced_by = Some(new));
                self.stand(now, &old, Standing::Replaced, Some(NoticeKind::Replaced));
            }
            Event::Rejected { id, .. } => {
                self.stand(now, &id, Standing::Rejected, Some(NoticeKind::Rejected));
            }
            Event::CancelRefused { id, .. } => self.tell(now, &id, NoticeKind::CancelRejected),
            Event::ReplaceRefused { old, new, .. } => {
                self.stand(now, &new, Standing::Rejected, Some(NoticeKind::Rejected));
                self.reopen(now, &old);
                self.tell(now, &old, NoticeKind::ReplaceRejected);
            }
        }
    }

    /// Moves an order to a standing; nothing leaves an end, and a pending cancel is not undone by the
    /// market's word that the order works.
    fn stand(
        &mut self,
        now: Timestamp,
        id: &ClientOrderId,
        standing: Standing,
        notice: Option<NoticeKind>,
    ) {
        let mut changed = false;
        self.change(id, |order| {
            let pending = order.standing == Standing::CancelPending && standing.is_open();
            changed = order.standing.is_open() && !pending;
            if changed {
                order.standing = standing;
                order.updated = now;
                order.ended = (!standing.is_open()).then_some(now);
            }
        });
        if let Some(kind) = notice.filter(|_| changed) {
            self.tell(now, id, kind);
        }
    }

    fn reopen(&mut self, now: Timestamp, id: &ClientOrderId) {
        self.change(id, |order| {
            if order.standing == Standing::ReplacePending {
                order.standing = Standing::Working;
                order.updated = now;
            }
        });
    }

    fn fill(&mut self, fill: &Fill) {
        let Some(index) = self.owner(&fill.id) else {
            return;
        };
        let execution = self.make_id();
        let row = self.make_id();
        let customer = &mut self.customers[index];
        let Some(order) = customer.order_mut(&fill.id) else {
            return;
        };
        take_fill(order, fill);
        let (symbol, side) = (order.draft.symbol.clone(), order.draft.side);
        let short = side == Side::Sell && customer.held(&symbol) <= Decimal::ZERO;
        customer.settle(&symbol, side, fill.quantity, fill.price);
        let position = customer.held(&symbol);
        customer.activities.push(Activity {
            id: row,
            time: fill.time,
            happening: Happening::Fill {
                order: fill.id.clone(),
                symbol,
                side,
                short,
                quantity: fill.quantity,
                price: fill.price,
                cumulative: fill.filled,
                leaves: fill.leaves,
            },
        });
        customer.sweep();
        let kind = NoticeKind::Filled {
            execution,
            price: fill.price,
            quantity: fill.quantity,
            position,
            complete: fill.leaves.0.is_zero(),
        };
        self.tell(fill.time, &fill.id, kind);
    }

    fn tell(&mut self, now: Timestamp, id: &ClientOrderId, kind: NoticeKind) {
        if let Some(customer) = self.owner(id) {
            self.notify(customer, kind, id, now);
        }
    }

    fn change(&mut self, id: &ClientOrderId, with: impl FnOnce(&mut BookedOrder)) {
        let Some(customer) = self.owner(id) else {
            return;
        };
        let customer: &mut Customer = &mut self.customers[customer];
        if let Some(order) = customer.order_mut(id) {
            with(order);
            if !order.standing.is_open() {
                customer.sweep();
            }
        }
    }

    fn owner(&self, id: &ClientOrderId) -> Option<usize> {
        self.customers
            .iter()
            .position(|customer| customer.by_id.contains_key(id))
    }
}

/// Books an execution in its order.
fn take_fill(order: &mut BookedOrder, fill: &Fill) {
    let before = order
        .average
        .map_or(Decimal::ZERO, |average| average.0 * order.filled);
    let spent = before + fill.price.0 * fill.quantity.0;
    order.filled = fill.filled.0;
    order.average = spent.checked_div(fill.filled.0).map(Price);
    order.updated = fill.time;
    if fill.leaves.0.is_zero() {
        order.standing = Standing::Filled;
        order.ended = Some(fill.time);
    }
}
