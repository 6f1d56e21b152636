//! What happened in accounts, counted once. A page is absorbed whole or not at all, together with how far the account is
//! read and what the run came to: whatever stops the program, the next run goes on from a state that fits together.
//!
//! An entry that is told again is a duplicate. One that is told with other content under the same id is corrected. One
//! that names another takes its place, in whatever order the two arrive; of two that name the same, the later stands.
//! What an entry said before is kept as its history and counts no longer.

mod absorb;
pub(super) mod key;
mod query;
pub(super) mod wire;

pub use query::{Entries, Query};

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Ledger;
use super::error::LedgerError;
use super::runs::{self, RunId};
use super::store::{Change, Reading, Rows};
use crate::domain::{
    AccountId, Entry, EntryId, Reach, RejectedRow, RowCounts, SyncRun, Timestamp, Trace,
};
use absorb::Absorbing;
use key::AccountNumber;

/// Rows of one page.
const LARGEST_PAGE: usize = 10_000;
const MOST_ENTRIES: u64 = 10_000_000;
const MOST_ACCOUNTS: usize = 1_000;

/// Rows of an account as its provider gave them, and what is to be remembered with them.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// Whose they are.
    pub account: &'a AccountId,
    /// Those that could be read.
    pub entries: &'a [Entry],
    /// Those that could not.
    pub rejected: &'a [RejectedRow],
    /// How far the account is read once these are kept.
    pub reach: Option<&'a Reach>,
    /// The run that they came in, as it stands after them; its rows are counted here and not there.
    pub run: Option<(RunId, &'a SyncRun)>,
    /// When they came.
    pub read: Timestamp,
}

impl<'a> Page<'a> {
    /// Entries and nothing else.
    pub fn of(account: &'a AccountId, entries: &'a [Entry], read: Timestamp) -> Self {
        Self {
            account,
            entries,
            rejected: &[],
            reach: None,
            run: None,
            read,
        }
    }
}

/// What became of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// Its rows.
    pub rows: RowCounts,
    /// Places in the page of those entries that are new or say something else now.
    pub news: Vec<usize>,
    /// Entries that do not count any more, because one of these takes their place or takes them back.
    pub superseded: u64,
}

/// What is kept of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    /// Entries that stand.
    pub entries: u64,
    /// When the first of them happened.
    pub first: Option<Timestamp>,
    /// When the last of them happened.
    pub last: Option<Timestamp>,
}

/// The accounts of a file, by their names and numbers in it.
#[derive(Clone, Default)]
pub(super) struct Accounts {
    numbers: BTreeMap<AccountId, (AccountNumber, u64)>,
    names: Arc<BTreeMap<AccountNumber, AccountId>>,
}

impl Accounts {
    pub(super) fn read(change: &Change<'_>) -> Result<Self, LedgerError> {
        let mut accounts = Self::default();
        for row in change.rows(Rows::ACCOUNTS)?.below(&[], MOST_ACCOUNTS)? {
            let number = row.key.try_into().map(u32::from_be_bytes);
            let number = number.map_err(|_| LedgerError::Damaged("an account has no number"))?;
            let (account, entries) = wire::from_bytes(row.value.expose())?;
            accounts.set(account, AccountNumber(number), entries);
        }
        Ok(accounts)
    }

    fn set(&mut self, account: AccountId, number: AccountNumber, entries: u64) {
        if !self.names.contains_key(&number) {
            Arc::make_mut(&mut self.names).insert(number, account.clone());
        }
        self.numbers.insert(account, (number, entries));
    }

    pub(super) fn number(&self, account: &AccountId) -> Option<AccountNumber> {
        self.numbers.get(account).map(|(number, _)| *number)
    }

    /// The number that an account has or is to have, and how many entries there are of it.
    fn number_for(&self, account: &AccountId) -> Result<(AccountNumber, u64), LedgerError> {
        if let Some(known) = self.numbers.get(account) {
            return Ok(*known);
        }
        if self.names.len() >= MOST_ACCOUNTS {
            return Err(LedgerError::Full {
                limit: MOST_ACCOUNTS as u64,
                what: "accounts are in it",
                next: "move ledger.redb away, and read them again",
            });
        }
        let last = self.names.last_key_value();
        let next = last.map_or(0, |(number, _)| number.0 + 1);
        Ok((AccountNumber(next), 0))
    }
}

impl Ledger {
    /// Keeps a page. What was known already stays as it is, so a page may come any number of times.
    ///
    /// # Errors
    /// Why nothing of it is kept: [`LedgerError::OfAnother`], [`LedgerError::TooLarge`], [`LedgerError::Full`], a full
    /// disk, a failing one.
    pub fn absorb(&mut self, page: &Page<'_>) -> Result<Absorbed, LedgerError> {
        if page
            .entries
            .iter()
            .any(|entry| entry.account != *page.account)
        {
            return Err(LedgerError::OfAnother);
        }
        let (limit, found) = (LARGEST_PAGE, page.entries.len() + page.rejected.len());
        if found > limit {
            return Err(LedgerError::TooLarge { limit, found });
        }
        self.store.check_space()?;
        let (number, before) = self.accounts.number_for(page.account)?;
        let (absorbed, entries) = self.store.change(|change| {
            let mut absorbing = Absorbing::begin(change, &self.digests, number, page)?;
            refuse_when_full(absorbing.standing()?)?;
            for (place, entry) in page.entries.iter().enumerate() {
                absorbing.take(place, entry)?;
            }
            let (mut absorbed, change_of_entries) = absorbing.end();
            absorbed.rows.rejected = page.rejected.len() as u64;
            absorbed.rows.fetched = found as u64;
            let entries = before.saturating_add_signed(change_of_entries);
            keep_with(change, number, page, &absorbed, entries)?;
            Ok((absorbed, entries))
        })?;
        self.accounts.set(page.account.clone(), number, entries);
        Ok(absorbed)
    }

    /// Entries in order, as they stand at this moment. They are read while the iterator goes, a few at a time, and
    /// whatever is absorbed meanwhile is not among them.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::Failed`].
    pub fn entries(&self, query: &Query) -> Result<Entries, LedgerError> {
        let names = Arc::clone(&self.accounts.names);
        let numbers = match &query.account {
            Some(account) => self.accounts.number(account).into_iter().collect(),
            None => names.keys().copied().collect(),
        };
        Ok(Entries::begin(
            self.store.read()?,
            query,
            names,
            numbers,
            &self.digests,
        ))
    }

    /// How many entries stand.
    ///
    /// # Errors
    /// As [`Ledger::entries`].
    pub fn count(&self) -> Result<u64, LedgerError> {
        self.store.read()?.count(Rows::ENTRIES)
    }

    /// Accounts that something is kept of.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.accounts.numbers.keys()
    }

    /// What is kept of an account; none where nothing is.
    ///
    /// # Errors
    /// As [`Ledger::entries`].
    pub fn facts(&self, account: &AccountId) -> Result<Option<AccountFacts>, LedgerError> {
        let Some((_, entries)) = self.accounts.numbers.get(account) else {
            return Ok(None);
        };
        let end = |query: Query| {
            let first = self.entries(&query)?.next().transpose()?;
            Ok::<_, LedgerError>(first.map(|entry| entry.time))
        };
        Ok(Some(AccountFacts {
            entries: *entries,
            first: end(Query::all().of(account))?,
            last: end(Query::all().of(account).newest_first())?,
        }))
    }

    /// What an entry says, and what it said before, oldest first. The entry is none where it does not stand.
    ///
    /// # Errors
    /// As [`Ledger::entries`].
    pub fn history(
        &self,
        account: &AccountId,
        id: &EntryId,
    ) -> Result<(Option<Entry>, Vec<Trace>), LedgerError> {
        let Some(number) = self.accounts.number(account) else {
            return Ok((None, Vec::new()));
        };
        let digest = self.digests.of_id(number, id);
        query::history(&self.store.read()?, account, number, digest)
    }

    /// How far an account is read.
    ///
    /// # Errors
    /// As [`Ledger::entries`].
    pub fn reach(&self, account: &AccountId) -> Result<Reach, LedgerError> {
        let Some(number) = self.accounts.number(account) else {
            return Ok(Reach::default());
        };
        let reading: Reading = self.store.read()?;
        let reach = reading.get(Rows::REACHES, &number.0.to_be_bytes())?;
        reach.map_or(Ok(Reach::default()), |reach| {
            wire::from_bytes(reach.expose())
        })
    }
}

/// What is remembered with a page's entries.
fn keep_with(
    change: &Change<'_>,
    number: AccountNumber,
    page: &Page<'_>,
    absorbed: &Absorbed,
    entries: u64,
) -> Result<(), LedgerError> {
    let key = number.0.to_be_bytes();
    let account = wire::to_bytes(&(page.account, entries));
    change.rows(Rows::ACCOUNTS)?.put(&key, &account)?;
    if let Some(reach) = page.reach {
        change
            .rows(Rows::REACHES)?
            .put(&key, &wire::to_bytes(reach))?;
    }
    if let Some((id, run)) = page.run {
        runs::keep(change, id, run, absorbed.rows)?;
    }
    runs::keep_rejected(change, page.rejected)
}

fn refuse_when_full(standing: u64) -> Result<(), LedgerError> {
    if standing < MOST_ENTRIES {
        return Ok(());
    }
    Err(LedgerError::Full {
        limit: MOST_ENTRIES,
        what: "entries are in it",
        next: "move ledger.redb away, and read less of the past",
    })
}

#[cfg(test)]
mod tests;
