//! Entries of the ledger on their way to a screen: asked for page by page, so that a long history never fills a queue.

use crate::domain::{AccountId, Entry, Symbol, Text, Timestamp};
use serde::{Deserialize, Serialize};

/// Most entries of one page.
pub const LARGEST_PAGE: usize = 500;

/// Which entries; of those the first [`LARGEST_PAGE`] are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryQuery {
    /// Of one account; of all where there is none.
    pub account: Option<AccountId>,
    /// Of one instrument; of all where there is none.
    pub symbol: Option<Symbol>,
    /// From a moment on.
    pub since: Option<Timestamp>,
    /// Up to a moment and without it.
    pub until: Option<Timestamp>,
    /// The newest first; else the oldest.
    pub newest_first: bool,
    /// Where the page before ended.
    pub after: Option<PageEnd>,
}

/// Where a page ended: at a moment, and how many entries of that moment have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageEnd {
    /// When the last entry of it happened.
    pub time: Timestamp,
    /// How many entries of that moment were sent, in this page and those before.
    pub sent: u32,
}

/// A page of the ledger's entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPage {
    /// What was asked for.
    pub query: EntryQuery,
    /// In the order asked for.
    pub entries: Vec<Entry>,
    /// Where the next page starts; none at the end.
    pub next: Option<PageEnd>,
    /// Why they could not be read, in plain words.
    pub problem: Option<Text>,
}

impl EntryPage {
    /// Cuts a page out of entries that begin at the moment where the page before ended.
    pub fn cut(query: EntryQuery, entries: impl Iterator<Item = Entry>) -> Self {
        let (time, skip) = match query.after {
            Some(end) => (Some(end.time), end.sent as usize),
            None => (None, 0),
        };
        let mut seen = 0;
        let not_sent = entries.skip_while(|entry| {
            let was_sent = Some(entry.time) == time && seen < skip;
            seen += usize::from(was_sent);
            was_sent
        });
        let mut entries: Vec<Entry> = not_sent.take(LARGEST_PAGE + 1).collect();
        let is_last = entries.len() <= LARGEST_PAGE;
        entries.truncate(LARGEST_PAGE);
        let next = entries.last().filter(|_| !is_last).map(|last| {
            let here = entries.iter().filter(|entry| entry.time == last.time);
            let before = if time == Some(last.time) { skip } else { 0 };
            PageEnd {
                time: last.time,
                sent: u32::try_from(before + here.count()).unwrap_or(u32::MAX),
            }
        });
        Self {
            query,
            entries,
            next,
            problem: None,
        }
    }

    /// A page that says why there is none.
    pub fn failed(query: EntryQuery, problem: Text) -> Self {
        Self {
            query,
            entries: Vec::new(),
            next: None,
            problem: Some(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ConnectionId, EntryId, What};
    use std::time::Duration;

    fn entry(number: usize, second: u64) -> Entry {
        Entry {
            account: AccountId {
                connection: ConnectionId::new("alpaca"),
                number: "1".into(),
            },
            id: EntryId::provider(&number.to_string()),
            time: Timestamp::EPOCH.plus(Duration::from_secs(second)),
            settles: None,
            corrects: None,
            word: "x".into(),
            description: "".into(),
            what: What::TakenBack,
        }
    }

    /// All pages one after the other, as a ledger gives them: from the moment of the page before on.
    fn all_pages(entries: &[Entry]) -> Vec<Entry> {
        let (mut query, mut all) = (EntryQuery::default(), Vec::new());
        loop {
            let from = query.after.map(|end| end.time);
            let rest = entries
                .iter()
                .filter(|it| from.is_none_or(|from| it.time >= from));
            let page = EntryPage::cut(query.clone(), rest.cloned());
            assert!(page.entries.len() <= LARGEST_PAGE);
            all.extend(page.entries);
            query.after = page.next;
            if page.next.is_none() {
                return all;
            }
        }
    }

    #[test]
    fn pages_join_without_a_gap_or_a_repeat_however_many_share_a_moment() {
        for (count, per_second) in [
            (0, 1),
            (1, 1),
            (500, 7),
            (501, 1),
            (1_700, 1_700),
            (1_999, 3),
        ] {
            let entries: Vec<Entry> = (0..count)
                .map(|number| entry(number, (number / per_second) as u64))
                .collect();
            assert_eq!(all_pages(&entries), entries, "{count}, {per_second}");
        }
    }
}
