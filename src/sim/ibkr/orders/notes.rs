//! What customers said of orders that the world's books have no place for, and the provider's numbers.
//!
//! The books make a new order of every change; for the provider an order stays itself, so that all are
//! known here by the first of their line.

use crate::domain::ClientOrderId;
use crate::sim::world::{BookedOrder, Customer};
use std::collections::HashMap;

/// Numbers of one account's orders begin at a multiple of this.
const ORDERS_OF_AN_ACCOUNT: usize = 100_000_000;

/// What was said of one order.
#[derive(Clone, Debug, Default)]
pub(in crate::sim::ibkr) struct Note {
    /// The customer's own name of it.
    pub(in crate::sim::ibkr) reference: Option<String>,
    /// How long it lasts, in the provider's word.
    pub(in crate::sim::ibkr) lasts: &'static str,
}

/// What was said of orders, by the first of each line.
#[derive(Debug, Default)]
pub(in crate::sim::ibkr) struct Notes(HashMap<ClientOrderId, Note>);

impl Notes {
    pub(in crate::sim::ibkr) fn put(&mut self, id: ClientOrderId, note: Note) {
        self.0.insert(id, note);
    }

    pub(in crate::sim::ibkr) fn get(
        &self,
        customer: &Customer,
        id: &ClientOrderId,
    ) -> Option<&Note> {
        self.0.get(&first(customer, customer.order(id)?).id)
    }

    /// The customer's own name of an order.
    pub(in crate::sim::ibkr) fn reference(
        &self,
        customer: &Customer,
        id: &ClientOrderId,
    ) -> Option<&str> {
        self.get(customer, id)?.reference.as_deref()
    }
}

/// The order that an order was before all its changes.
pub(in crate::sim::ibkr) fn first<'a>(
    customer: &'a Customer,
    mut order: &'a BookedOrder,
) -> &'a BookedOrder {
    while let Some(before) = order.replaces.as_ref().and_then(|id| customer.order(id)) {
        order = before;
    }
    order
}

/// The order that an order became by its changes.
pub(in crate::sim::ibkr) fn newest<'a>(
    customer: &'a Customer,
    mut order: &'a BookedOrder,
) -> &'a BookedOrder {
    while let Some(next) = order.replaced_by.as_ref().and_then(|id| customer.order(id)) {
        order = next;
    }
    order
}

/// The provider's number of an order.
pub(in crate::sim::ibkr) fn number(
    account: usize,
    customer: &Customer,
    order: &BookedOrder,
) -> usize {
    let place = customer.place_of(&first(customer, order).id);
    (account + 1) * ORDERS_OF_AN_ACCOUNT + place.unwrap_or_default() + 1
}

/// The newest state of the order of a number.
pub(in crate::sim::ibkr) fn by_number(
    account: usize,
    customer: &Customer,
    number: usize,
) -> Option<&BookedOrder> {
    let place = number.checked_sub((account + 1) * ORDERS_OF_AN_ACCOUNT + 1)?;
    let order = customer.orders.get(place)?;
    order.replaces.is_none().then(|| newest(customer, order))
}
