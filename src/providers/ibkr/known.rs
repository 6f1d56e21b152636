//! Orders as they were last told of: what changes is told alone, and has to be put together with what was told before;
//! and questions that wait for the person, which do not say what they are about.

use crate::domain::{AccountId, ClientOrderId, Order, OrderDraft, OrderState, Text};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Orders remembered; the oldest are forgotten first.
const MOST_KEPT: usize = 4_096;

/// Questions that may wait; each is over as soon as anything else is sent, so there is rarely more than one.
const MOST_ASKED: usize = 64;

/// A row of theirs, field by field.
type Row = BTreeMap<String, Box<RawValue>>;

/// What was sent: it becomes an order with the venue's acknowledgement, perhaps after questions.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) id: ClientOrderId,
    pub(super) draft: OrderDraft,
    /// The order that this one takes the place of. It keeps its id there.
    pub(super) replaces: Option<Box<Order>>,
}

/// Orders by the venue's ids.
#[derive(Default)]
pub(super) struct Known(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    rows: BTreeMap<String, Row>,
    oldest: VecDeque<String>,
    /// The venue's ids by names of ours.
    names: BTreeMap<String, Text>,
    /// Our newest names of orders that were changed, by the venue's ids.
    renamed: BTreeMap<Text, ClientOrderId>,
    /// Orders whose place another took.
    replaced: VecDeque<Order>,
    /// Of those, how many have not been told to the stream's owner.
    untold: usize,
    asked: VecDeque<(String, Sent)>,
}

impl Known {
    /// Puts what changed together with what was known of an order; the whole row, or nothing where it names no order.
    pub(super) fn merge(&self, change: &str) -> Option<String> {
        let change: Row = serde_json::from_str(change).ok()?;
        let id = change.get("orderId")?.get().trim_matches('"').to_owned();
        let mut kept = self.lock();
        if let Some(name) = change.get("order_ref") {
            let name = name.get().trim_matches('"').to_owned();
            kept.names.insert(name, Text::new(&id));
        }
        if !kept.rows.contains_key(&id) {
            kept.oldest.push_back(id.clone());
        }
        let row = kept.rows.entry(id).or_default();
        row.extend(change);
        let whole = serde_json::to_string(row).ok();
        kept.forget_oldest();
        whole
    }

    /// The venue's id of an order with a name of ours.
    pub(super) fn id_of(&self, name: &str) -> Option<Text> {
        self.lock().names.get(name).cloned()
    }

    /// Our name of an order with the venue's id: the status of a single order does not say it.
    pub(super) fn name_of(&self, id: &str) -> Option<ClientOrderId> {
        let kept = self.lock();
        let mut names = kept.names.iter();
        let name = names.find(|(_, it)| it.as_str() == id);
        name.map(|(name, _)| ClientOrderId::new(name))
    }

    /// An order as it is called now: a changed one has the name of its change.
    pub(super) fn renamed(&self, order: Order) -> Order {
        let kept = self.lock();
        let name = order
            .provider_id
            .as_ref()
            .and_then(|id| kept.renamed.get(id));
        match name {
            Some(name) => Order {
                id: name.clone(),
                ..order
            },
            None => order,
        }
    }

    /// Remembers the venue's acknowledgement of what was sent.
    pub(super) fn acknowledged(&self, sent: &Sent, id: &Text) {
        let mut kept = self.lock();
        kept.names.insert(sent.id.as_str().to_owned(), id.clone());
        if let Some(before) = &sent.replaces {
            kept.renamed.insert(id.clone(), sent.id.clone());
            kept.replaced.push_back(Order {
                state: OrderState::Replaced,
                ..(**before).clone()
            });
            kept.untold += 1;
        }
        kept.forget_oldest();
    }

    /// Orders of an account whose place others took.
    pub(super) fn replaced(&self, account: &AccountId) -> Vec<Order> {
        let kept = self.lock();
        let replaced = kept.replaced.iter();
        let of_it = replaced.filter(|order| order.draft.account == *account);
        of_it.cloned().collect()
    }

    /// Of those, the ones that were not told yet.
    pub(super) fn untold(&self) -> Vec<Order> {
        let mut kept = self.lock();
        let count = std::mem::take(&mut kept.untold);
        let told = kept.replaced.len().saturating_sub(count);
        kept.replaced.iter().skip(told).cloned().collect()
    }

    /// Remembers what a question is about.
    pub(super) fn asked(&self, question: &str, about: Sent) {
        let mut kept = self.lock();
        kept.asked.retain(|(id, _)| id != question);
        kept.asked.push_back((question.to_owned(), about));
        if kept.asked.len() > MOST_ASKED {
            kept.asked.pop_front();
        }
    }

    /// What a question is about; it is answered once.
    pub(super) fn take_asked(&self, question: &str) -> Option<Sent> {
        let mut kept = self.lock();
        let index = kept.asked.iter().position(|(id, _)| id == question)?;
        kept.asked.remove(index).map(|(_, sent)| sent)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Every change leaves it whole, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn forget_oldest(&mut self) {
        if self.oldest.len() > MOST_KEPT
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.rows.remove(&oldest);
        }
        if self.names.len() > MOST_KEPT {
            self.names.pop_first();
        }
        if self.renamed.len() > MOST_KEPT {
            self.renamed.pop_first();
        }
        if self.replaced.len() > MOST_KEPT {
            self.replaced.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_put_together_with_what_was_known() {
        let known = Known::default();
        known
            .merge(r#"{"orderId":7,"ticker":"AAPL","status":"PreSubmitted","order_ref":"mine-1"}"#);
        let whole = known
            .merge(r#"{"orderId":7,"status":"Submitted"}"#)
            .unwrap();
        assert_eq!(
            whole,
            r#"{"orderId":7,"order_ref":"mine-1","status":"Submitted","ticker":"AAPL"}"#
        );
        assert_eq!(known.id_of("mine-1").unwrap().as_str(), "7");
        assert_eq!(known.merge(r#"{"status":"Submitted"}"#), None);
        assert_eq!(known.merge("[]"), None);
    }

    #[test]
    fn the_oldest_go_first() {
        let known = Known::default();
        for id in 0..=MOST_KEPT {
            known.merge(&format!(r#"{{"orderId":{id},"ticker":"AAPL"}}"#));
        }
        let first = known.merge(r#"{"orderId":0,"status":"Filled"}"#).unwrap();
        assert!(!first.contains("AAPL"));
        let last = known
            .merge(&format!(r#"{{"orderId":{MOST_KEPT}}}"#))
            .unwrap();
        assert!(last.contains("AAPL"));
    }
}
