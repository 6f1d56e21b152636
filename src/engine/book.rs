//! Every order that is known, ours and those the venues told us of.

use crate::domain::{AccountId, ClientOrderId, ConnectionId, Order, OrderState, Timestamp};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Finished orders kept; older ones are dropped.
const MOST_FINISHED: usize = 5_000;

/// Every order, ours and those the venues told us of.
#[derive(Default)]
pub(crate) struct OrderBook {
    pub(super) orders: BTreeMap<ClientOrderId, Entry>,
}

pub(super) struct Entry {
    pub(super) order: Order,
    /// Whether this program sent it and its journal has to be told.
    pub(super) is_ours: bool,
    /// When the venue changed it last, by the venue's clock, as far as it told us.
    reported: Option<Timestamp>,
    pub(super) look_up: Option<LookUp>,
    pub(super) cancel_wanted: bool,
}

impl Entry {
    /// Whether a report is older than what is known: answers and the event stream overtake each other.
    /// What has filled, and what has ended, is news however late it comes.
    pub(super) fn has_overtaken(&self, report: &Order) -> bool {
        let ours = &self.order;
        if report.filled < ours.filled || !ours.state.may_become(&report.state) {
            return true;
        }
        let is_news = report.filled > ours.filled || report.state.is_final();
        let steps_back = ours.state == OrderState::Working && report.state == OrderState::Accepted;
        let is_older = |known| match report.updated.cmp(&known) {
            Ordering::Less => true,
            Ordering::Equal => steps_back,
            Ordering::Greater => false,
        };
        !is_news && self.reported.is_some_and(is_older)
    }

    /// Takes in what the venue says; returns whether more has filled.
    pub(super) fn take(&mut self, report: Order) -> bool {
        let has_filled = report.filled > self.order.filled;
        let created = self.order.created.min(report.created);
        self.reported = self.reported.max(Some(report.updated));
        self.order = Order { created, ..report };
        has_filled
    }
}

/// The search for an order whose fate is not known.
pub(super) struct LookUp {
    pub(super) due: Timestamp,
    pub(super) tries: u32,
    pub(super) absent: u32,
}

impl OrderBook {
    pub(crate) fn get(&self, id: &ClientOrderId) -> Option<&Order> {
        self.orders.get(id).map(|entry| &entry.order)
    }

    pub(crate) fn all(&self) -> Vec<Order> {
        self.orders
            .values()
            .map(|entry| entry.order.clone())
            .collect()
    }

    /// Orders that may still fill, unknown ones included.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Order> {
        self.orders
            .values()
            .map(|entry| &entry.order)
            .filter(|order| !order.state.is_final())
    }

    /// Has what is on its way to the account cancelled as soon as the venue tells of it, or asks about it.
    pub(super) fn want_cancelled(&mut self, account: &AccountId) {
        for entry in self.orders.values_mut() {
            let is_on_its_way = entry.order.state == OrderState::Sending || entry.order.is_asked();
            entry.cancel_wanted |= is_on_its_way && entry.order.draft.account == *account;
        }
    }

    pub(crate) fn forget(&mut self, connection: &ConnectionId) {
        self.orders
            .retain(|_, entry| entry.order.draft.account.connection != *connection);
    }

    pub(crate) fn next_look_up(&self) -> Option<Timestamp> {
        self.orders
            .values()
            .filter_map(|entry| entry.look_up.as_ref())
            .map(|look_up| look_up.due)
            .min()
    }

    pub(super) fn insert(&mut self, order: Order, is_ours: bool) {
        let reported = (!is_ours).then_some(order.updated);
        let entry = Entry {
            order,
            is_ours,
            reported,
            look_up: None,
            cancel_wanted: false,
        };
        self.orders.insert(entry.order.id.clone(), entry);
        if self.orders.len() <= MOST_FINISHED {
            return;
        }
        let finished = self
            .orders
            .values()
            .filter(|entry| entry.order.state.is_final());
        let oldest = finished
            .min_by_key(|entry| entry.order.updated)
            .map(|entry| entry.order.id.clone());
        if let Some(oldest) = oldest {
            self.orders.remove(&oldest);
        }
    }
}
