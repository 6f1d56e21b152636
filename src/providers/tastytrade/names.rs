//! The stream's names of symbols that no rule gives, as their records said; and which orders belong to complex ones.

use super::translate::symbol;
use crate::domain::{Symbol, Text};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names that are remembered; the oldest are forgotten first.
const MOST_KEPT: usize = 4_096;

/// What a connection has learnt.
#[derive(Default)]
pub(super) struct Names {
    streamed: Mutex<Kept<Symbol, String>>,
    complex: Mutex<Kept<Text, Text>>,
}

struct Kept<K, V> {
    known: BTreeMap<K, V>,
    oldest: VecDeque<K>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            oldest: VecDeque::new(),
        }
    }
}

impl<K: Ord + Clone, V> Kept<K, V> {
    fn keep(&mut self, key: K, value: V) {
        if self.known.insert(key.clone(), value).is_none() {
            self.oldest.push_back(key);
        }
        if self.oldest.len() > MOST_KEPT
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

impl Names {
    /// Remembers the stream's name of a symbol.
    pub(super) fn learn(&self, symbol: &Symbol, streamed: &str) {
        lock(&self.streamed).keep(symbol.clone(), streamed.to_owned());
    }

    /// The stream's name of a symbol: from its record, else by rule.
    pub(super) fn streamed(&self, symbol: &Symbol) -> Option<String> {
        let known = lock(&self.streamed).known.get(symbol).cloned();
        known.or_else(|| symbol::streamed(symbol))
    }

    /// Remembers which complex order an order belongs to.
    pub(super) fn relate(&self, order: &Text, complex: &Text) {
        lock(&self.complex).keep(order.clone(), complex.clone());
    }

    /// The complex order that an order belongs to.
    pub(super) fn complex(&self, order: &str) -> Option<Text> {
        lock(&self.complex).known.get(&Text::new(order)).cloned()
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each entry is whole at every step, so a panic elsewhere does no harm.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_said_comes_before_the_rule_and_the_oldest_goes_first() {
        let names = Names::default();
        let symbol = |number: usize| Symbol::new(&format!("/ES{number}"));
        assert_eq!(names.streamed(&symbol(0)), None);
        assert_eq!(names.streamed(&Symbol::new("BRK.B")).unwrap(), "BRK/B");
        names.learn(&Symbol::new("BRK.B"), "BRKB");
        assert_eq!(names.streamed(&Symbol::new("BRK.B")).unwrap(), "BRKB");
        for number in 0..MOST_KEPT {
            names.learn(&symbol(number), "x");
        }
        assert_eq!(names.streamed(&Symbol::new("BRK.B")).unwrap(), "BRK/B");
        assert!(names.streamed(&symbol(0)).is_some());
    }
}
