//! Order numbers: thirteen digits, the same whenever an order is shown.

use crate::domain::ClientOrderId;
use crate::sim::world::{BookedOrder, Customer};

/// The first number of an account's orders.
const FIRST: u64 = 1_000_000_000_000;
/// How far the numbers of two accounts lie apart.
const PER_ACCOUNT: u64 = 1_000_000_000;
/// Where numbers of orders begin that never came into the books.
const REJECTED: u64 = 900_000_000;

/// The number of an order in the books; that of an order of the past that is in none, zero.
pub(in crate::sim::schwab) fn order_id(
    account: usize,
    customer: &Customer,
    id: &ClientOrderId,
) -> u64 {
    customer.place_of(id).map_or(0, |place| {
        FIRST + account as u64 * PER_ACCOUNT + place as u64
    })
}

/// The order that a number stands for.
pub(in crate::sim::schwab) fn find(
    account: usize,
    customer: &Customer,
    number: u64,
) -> Option<&BookedOrder> {
    let place = number.checked_sub(FIRST + account as u64 * PER_ACCOUNT)?;
    customer.orders.get(usize::try_from(place).ok()?)
}

/// The number of the `place`th order that was refused before it came into the books.
pub(super) fn rejected_id(account: usize, place: usize) -> u64 {
    FIRST + account as u64 * PER_ACCOUNT + REJECTED + place as u64
}
