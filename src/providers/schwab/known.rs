//! Orders that were read or told of, so that an event that names one by its id alone can be shown whole.

use crate::domain::{Order, Text};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Orders remembered; the oldest are forgotten first.
const MOST_KEPT: usize = 4_096;

/// Orders by the venue's ids.
#[derive(Default)]
pub(super) struct Known(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    orders: HashMap<Text, Order>,
    oldest: VecDeque<Text>,
}

impl Known {
    /// Remembers an order as it was read.
    pub(super) fn learn(&self, order: &Order) {
        let Some(id) = order.provider_id.clone() else {
            return;
        };
        let mut kept = self.lock();
        if kept.orders.insert(id.clone(), order.clone()).is_none() {
            kept.oldest.push_back(id);
        }
        if kept.oldest.len() > MOST_KEPT
            && let Some(oldest) = kept.oldest.pop_front()
        {
            kept.orders.remove(&oldest);
        }
    }

    /// Changes an order by what was told of it and returns it; `None` where it is not known.
    pub(super) fn change(&self, id: &Text, change: impl FnOnce(&mut Order)) -> Option<Order> {
        let mut kept = self.lock();
        let order = kept.orders.get_mut(id)?;
        change(order);
        Some(order.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Every change leaves it whole, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
