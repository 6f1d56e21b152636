//! What belongs together: brackets and the exits inside them.
//!
//! The event stream sends every order of a bracket alone, without its legs, and a screen that learnt of a parent would
//! forget it with the next event. What the REST API nested is therefore remembered here, for a bounded number of orders.

use super::translate::order::Family;
use crate::domain::{Exits, Order, Text};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Orders whose family is remembered; the oldest are forgotten first.
const MOST_KEPT: usize = 4_096;

/// Families of orders, by the venue's ids.
#[derive(Default)]
pub(super) struct Families(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    known: HashMap<Text, Relation>,
    groups: HashMap<Text, Text>,
    oldest: VecDeque<Text>,
    oldest_groups: VecDeque<Text>,
}

#[derive(Clone)]
enum Relation {
    /// It has exits of its own.
    Head(Exits),
    /// It is an exit of another order.
    LegOf(Text),
}

impl Families {
    /// Remembers a family and returns its orders, the head first.
    pub(super) fn learn(&self, family: Family) -> Vec<Order> {
        let Family {
            mut head,
            legs,
            group,
            ..
        } = family;
        if let (Some(id), false) = (&head.provider_id, legs.is_empty()) {
            let mut kept = self.lock();
            kept.relate(id, Relation::Head(head.draft.exits));
            for leg in legs.iter().filter_map(|leg| leg.provider_id.as_ref()) {
                kept.relate(leg, Relation::LegOf(id.clone()));
            }
            if let Some(group) = group {
                kept.join(group, id.clone());
            }
        } else {
            self.complete(&mut head, group.as_ref());
        }
        let mut orders = vec![head];
        orders.extend(legs);
        orders
    }

    /// Adds to an order that came alone what is known of its family.
    pub(super) fn complete(&self, order: &mut Order, group: Option<&Text>) {
        let Some(id) = &order.provider_id else { return };
        let kept = self.lock();
        match kept.known.get(id) {
            Some(Relation::Head(exits)) => order.draft.exits = *exits,
            Some(Relation::LegOf(parent)) => order.parent = Some(parent.clone()),
            None => {
                order.parent = group
                    .and_then(|group| kept.groups.get(group))
                    .filter(|head| *head != id)
                    .cloned()
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Every change leaves the maps whole, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn relate(&mut self, id: &Text, relation: Relation) {
        if self.known.insert(id.clone(), relation).is_none() {
            self.oldest.push_back(id.clone());
        }
        if self.oldest.len() > MOST_KEPT
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn join(&mut self, group: Text, head: Text) {
        if self.groups.insert(group.clone(), head).is_none() {
            self.oldest_groups.push_back(group);
        }
        if self.oldest_groups.len() > MOST_KEPT
            && let Some(oldest) = self.oldest_groups.pop_front()
        {
            self.groups.remove(&oldest);
        }
    }
}
