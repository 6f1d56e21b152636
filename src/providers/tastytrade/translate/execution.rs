//! By what an execution is counted once. The stream and the history each have ids that the other does not say; order,
//! execution and symbol are what both say.

use crate::domain::{EntryId, Symbol, Text};
use std::collections::{BTreeMap, BTreeSet};

/// One name for an execution, whether the stream told of it or the history.
pub(in crate::providers::tastytrade) fn execution_id(
    order: &Text,
    execution: &str,
    symbol: &Symbol,
) -> Option<Text> {
    let has_all = !order.is_empty() && !execution.is_empty();
    has_all.then(|| format!("{order}:{execution}:{symbol}").into())
}

/// The names of the rows of a page.
#[derive(Default)]
pub(in crate::providers::tastytrade) struct Names {
    of_rows: BTreeMap<String, EntryId>,
    taken: BTreeSet<Text>,
}

impl Names {
    /// The name of a row: that of its execution, or its own id. Of several rows that say they are the same execution,
    /// as one that was taken back and booked anew, only the first is known by it.
    pub(super) fn of(&mut self, id: &str, shared: Option<Text>) -> EntryId {
        let name = match shared {
            None => EntryId::provider(id),
            Some(shared) if self.taken.insert(shared.clone()) => EntryId::provider(shared.as_str()),
            Some(shared) => EntryId::provider(&format!("{shared}:{id}")),
        };
        self.of_rows.insert(id.to_owned(), name.clone());
        name
    }

    /// The name of the row that another one takes back: as the page has it, else by the name of its execution, the parts
    /// of which are repeated.
    pub(super) fn of_reversed(&self, id: &str, shared: Option<Text>) -> EntryId {
        let known = self.of_rows.get(id).cloned();
        known.unwrap_or_else(|| EntryId::provider(shared.as_ref().map_or(id, Text::as_str)))
    }
}
