//! Every order that is known, ours and those the venues told us of.

use crate::domain::{ClientOrderId, ConnectionId, Order, Timestamp};
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
    pub(super) look_up: Option<LookUp>,
    pub(super) cancel_wanted: bool,
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
        let entry = Entry {
            order,
            is_ours,
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
