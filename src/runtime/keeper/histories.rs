//! Histories: pages on their way into the ledger, and what was read of which account.

use super::Strongroom;
use crate::domain::{AccountId, Entry, Reach, RejectedRow, SyncRun, Text, Timestamp};
use crate::engine::{Fetch, Kept};
use crate::ledger::{LedgerError, Page, Query, RunId};
use crate::link::{EntryPage, EntryQuery};
use crate::providers::provider;
use std::time::Duration;

/// Why nothing can be kept.
const NO_LEDGER: &str =
    "there is no ledger to keep it in; unlock the vault, or see what is wrong with ledger.redb";

impl Strongroom {
    /// How far every account was read.
    pub(super) fn reaches(&self) -> Vec<(AccountId, Reach)> {
        let Some(ledger) = &self.ledger else {
            return Vec::new();
        };
        // One that cannot be read is read again from the provider: that costs time and nothing else.
        let reach = |account: &AccountId| Some((account.clone(), ledger.reach(account).ok()?));
        ledger.accounts().filter_map(reach).collect()
    }

    /// A page of entries.
    pub(crate) fn entries(&self, query: EntryQuery) -> EntryPage {
        let Some(ledger) = &self.ledger else {
            return EntryPage::failed(query, NO_LEDGER.into());
        };
        let found = ledger.entries(&asked(&query)).and_then(|entries| {
            let mut problem = None;
            // The first that cannot be read ends the page.
            let readable = entries.map_while(|entry| match entry {
                Ok(entry) => Some(entry),
                Err(error) => {
                    problem = Some(error);
                    None
                }
            });
            let page = EntryPage::cut(query.clone(), readable);
            problem.map_or(Ok(page), Err)
        });
        found.unwrap_or_else(|error| {
            let cause = error.cause();
            EntryPage::failed(query, format!("the ledger cannot be read: {cause}").into())
        })
    }

    /// Keeps a page with how far its account is read then; on the disk when it returns.
    pub(crate) fn absorb(
        &mut self,
        fetch: &Fetch,
        page: provider::Page<Entry>,
        now: Timestamp,
    ) -> Result<Kept, Text> {
        let run = self.run_of(fetch)?;
        let ledger = self.ledger.as_mut().ok_or(NO_LEDGER)?;
        let account = &fetch.account;
        let rejected: Vec<RejectedRow> = page
            .rejected
            .into_iter()
            .map(|row| RejectedRow::new(account.clone(), now, row.why, row.raw.as_str(), &[]))
            .collect();
        let reach = fetch.reach.after_page(fetch.span, page.next.clone());
        let absorbed = ledger
            .absorb(&Page {
                account,
                entries: &page.items,
                rejected: &rejected,
                reach: Some(&reach),
                run: Some((run, &fetch.record)),
                read: now,
            })
            .map_err(|error| reason(&error))?;
        let news = absorbed
            .news
            .iter()
            .filter_map(|index| page.items.get(*index));
        Ok(Kept {
            rows: absorbed.rows,
            next: page.next,
            reach,
            news: news.cloned().collect(),
            rejected: rejected.into_iter().next().map(|row| row.why),
        })
    }

    /// Keeps how a reading ended.
    pub(crate) fn end_run(&mut self, number: u64, run: &SyncRun) {
        let Some(id) = self.runs.remove(&number) else {
            return; // nothing of it was fetched
        };
        if let Some(ledger) = &self.ledger {
            // The entries are kept; of a run whose end is not, the log tells.
            let _ = ledger.end_run(id, run);
        }
    }

    fn run_of(&mut self, fetch: &Fetch) -> Result<RunId, Text> {
        if let Some(id) = self.runs.get(&fetch.run) {
            return Ok(*id);
        }
        let ledger = self.ledger.as_ref().ok_or(NO_LEDGER)?;
        let begun = ledger.begin_run(&fetch.record);
        let id = begun.map_err(|error| reason(&error))?;
        self.runs.insert(fetch.run, id);
        Ok(id)
    }
}

/// The same as the ledger is asked.
fn asked(query: &EntryQuery) -> Query {
    let mut asked = Query::all();
    if let Some(account) = &query.account {
        asked = asked.of(account);
    }
    if let Some(symbol) = &query.symbol {
        asked = asked.about(symbol);
    }
    let (mut since, mut until) = (query.since, query.until);
    match query.after.map(|end| end.time) {
        // The moment itself is read again, and what was sent of it is left out.
        Some(end) if query.newest_first => until = Some(end.plus(Duration::from_nanos(1))),
        Some(end) => since = Some(end),
        None => {}
    }
    if let Some(since) = since {
        asked = asked.from(since);
    }
    if let Some(until) = until {
        asked = asked.until(until);
    }
    match query.newest_first {
        true => asked.newest_first(),
        false => asked,
    }
}

fn reason(error: &LedgerError) -> Text {
    let cause = error.cause();
    format!("what was read could not be written down: {cause}").into()
}
