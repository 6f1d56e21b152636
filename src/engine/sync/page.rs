//! What came of a page of a history that was fetched.

use crate::domain::{AccountId, Entry, Reach, RowCounts, Text};
use crate::engine::input::Failure;

/// A page that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// Of which account.
    pub account: AccountId,
    /// Of which reading: its number.
    pub run: u64,
    /// Requests left in the provider's rate limit, and the size of its window.
    pub requests_left: Option<(u32, u32)>,
    /// What came.
    pub outcome: Result<Kept, FetchFailure>,
}

/// A page that is in the ledger now.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What became of its rows.
    pub rows: RowCounts,
    /// Where the next page of the stretch starts; none at its end.
    pub next: Option<Text>,
    /// How far the history reaches with it.
    pub reach: Reach,
    /// Entries that are new or have changed.
    pub news: Vec<Entry>,
    /// Why the first of the rejected rows was.
    pub rejected: Option<Text>,
}

/// Why a page was not fetched or not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// The provider did not give it.
    Provider(Failure),
    /// The provider does not know any more where the page before ended.
    CursorLost,
    /// It could not be written down, and why.
    NotKept(Text),
}
