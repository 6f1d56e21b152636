//! One page on its way in.

use super::key::{AccountNumber, Digests, EntryKey, IdDigest, Moment, Standing};
use super::{Absorbed, Page, wire};
use crate::domain::{AccountId, Entry, EntryId, Fate, Timestamp, Trace, What};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Change, OpenRows, Rows};

/// Versions kept of one entry; beyond them the oldest goes.
const MOST_TRACES: usize = 64;
/// How far a chain of corrections is followed, since a broken one may go round.
const LONGEST_CHAIN: usize = 16;

/// The tables that a page goes into, and what became of it so far.
pub(super) struct Absorbing<'a> {
    digests: &'a Digests,
    account: AccountNumber,
    name: &'a AccountId,
    read: Timestamp,
    entries: OpenRows<'a>,
    by_id: OpenRows<'a>,
    by_symbol: OpenRows<'a>,
    history: OpenRows<'a>,
    absorbed: Absorbed,
    /// How many entries more stand than before.
    gained: i64,
}

impl<'a> Absorbing<'a> {
    pub(super) fn begin(
        change: &Change<'a>,
        digests: &'a Digests,
        account: AccountNumber,
        page: &Page<'a>,
    ) -> Result<Self, LedgerError> {
        Ok(Self {
            digests,
            account,
            name: page.account,
            read: page.read,
            entries: change.rows(Rows::ENTRIES)?,
            by_id: change.rows(Rows::BY_ID)?,
            by_symbol: change.rows(Rows::BY_SYMBOL)?,
            history: change.rows(Rows::HISTORY)?,
            absorbed: Absorbed::default(),
            gained: 0,
        })
    }

    /// How many entries stand, of all accounts.
    pub(super) fn standing(&self) -> Result<u64, LedgerError> {
        self.entries.count()
    }

    /// What became of them all, and how many entries more stand than before.
    pub(super) fn end(self) -> (Absorbed, i64) {
        (self.absorbed, self.gained)
    }

    pub(super) fn take(&mut self, place: usize, entry: &Entry) -> Result<(), LedgerError> {
        let id = self.digests.of_id(self.account, &entry.id);
        let standing = self.standing_of(id)?;
        let said = self.said(id, standing)?;
        match &said {
            Some(before) if before == entry => {
                self.absorbed.rows.duplicate += 1;
                return Ok(());
            }
            Some(_) => self.absorbed.rows.corrected += 1,
            None => {
                self.absorbed.rows.new += 1;
                self.absorbed.rows.trades += u64::from(matches!(entry.what, What::Trade(_)));
            }
        }
        self.absorbed.news.push(place);
        match standing {
            None => self.put(entry, id)?,
            Some(Standing::Current(_)) => {
                self.remove(id, &said.ok_or(LOST)?, Fate::Corrected)?;
                self.put(entry, id)?;
            }
            Some(Standing::Ended | Standing::Awaited) => {
                let fate = self.last_trace(id)?.ok_or(LOST)?.fate;
                self.trace(id, Some(entry.clone()), fate)?;
                self.by_id.put_plain(&id.0, &Standing::Ended.bytes())?;
            }
        }
        match &entry.corrects {
            Some(target) => self.replace(target, entry, LONGEST_CHAIN),
            None => Ok(()),
        }
    }

    /// `by` takes the place of another entry of the account, or takes it back.
    fn replace(&mut self, target: &EntryId, by: &Entry, further: usize) -> Result<(), LedgerError> {
        if *target == by.id || further == 0 {
            return Ok(());
        }
        let id = self.digests.of_id(self.account, target);
        let fate = match by.what == What::TakenBack {
            true => Fate::TakenBack(by.id.clone()),
            false => Fate::Superseded(by.id.clone()),
        };
        let standing = self.standing_of(id)?;
        match standing {
            None => {
                self.trace(id, None, fate)?;
                self.by_id.put_plain(&id.0, &Standing::Awaited.bytes())
            }
            Some(Standing::Current(_)) => {
                let entry = self.said(id, standing)?.ok_or(LOST)?;
                self.remove(id, &entry, fate)?;
                self.absorbed.superseded += 1;
                self.by_id.put_plain(&id.0, &Standing::Ended.bytes())
            }
            Some(Standing::Ended | Standing::Awaited) => self.rival(id, by, further - 1),
        }
    }

    /// Two entries say that they took the place of the same one: the later stands.
    fn rival(&mut self, id: IdDigest, by: &Entry, further: usize) -> Result<(), LedgerError> {
        let fate = self.last_trace(id)?.ok_or(LOST)?.fate;
        let Some(other) = fate.by().filter(|other| **other != by.id) else {
            return Ok(());
        };
        let other = self.digests.of_id(self.account, other);
        let other = self.said(other, self.standing_of(other)?)?.ok_or(LOST)?;
        match (other.time, &other.id) < (by.time, &by.id) {
            true => self.replace(&other.id, by, further),
            false => self.replace(&by.id, &other, further),
        }
    }

    fn standing_of(&self, id: IdDigest) -> Result<Option<Standing>, LedgerError> {
        let standing = self.by_id.get_plain(&id.0)?;
        standing
            .map(|bytes| Standing::from_bytes(&bytes).ok_or(LOST))
            .transpose()
    }

    /// What an entry says, or said last; none where it never came.
    fn said(&self, id: IdDigest, standing: Option<Standing>) -> Result<Option<Entry>, LedgerError> {
        match standing {
            None => Ok(None),
            Some(Standing::Current(moment)) => {
                let key = self.key(moment, id).bytes();
                let entry = self.entries.get(&key)?.ok_or(LOST)?;
                wire::entry_from_bytes(entry.expose(), self.name).map(Some)
            }
            Some(Standing::Ended | Standing::Awaited) => {
                let mut traces = self.traces(id)?.into_iter().rev();
                Ok(traces.find_map(|(_, trace)| trace.entry))
            }
        }
    }

    fn key(&self, moment: Moment, id: IdDigest) -> EntryKey {
        EntryKey::new(self.account, moment, id)
    }

    fn put(&mut self, entry: &Entry, id: IdDigest) -> Result<(), LedgerError> {
        let moment = Moment::of(entry.time);
        let key = self.key(moment, id);
        let bytes = wire::entry_to_bytes(entry);
        self.entries.put(&key.bytes(), &bytes)?;
        for symbol in self.digests.symbol_keys(entry, key) {
            self.by_symbol.put_plain(&symbol, &[])?;
        }
        let standing = Standing::Current(moment).bytes();
        self.by_id.put_plain(&id.0, &standing)?;
        self.gained += 1;
        Ok(())
    }

    /// An entry that stands becomes history.
    fn remove(&mut self, id: IdDigest, entry: &Entry, fate: Fate) -> Result<(), LedgerError> {
        let key = self.key(Moment::of(entry.time), id);
        self.entries.remove(&key.bytes())?;
        for symbol in self.digests.symbol_keys(entry, key) {
            self.by_symbol.remove(&symbol)?;
        }
        self.gained -= 1;
        self.trace(id, Some(entry.clone()), fate)
    }

    fn traces(&self, id: IdDigest) -> Result<Vec<(u32, Trace)>, LedgerError> {
        let rows = self.history.below(&id.0, MOST_TRACES + 1)?;
        let rows = rows.into_iter().map(|row| {
            let version = row.key.last_chunk().ok_or(LOST)?;
            let trace = wire::trace_from_bytes(row.value.expose(), self.name)?;
            Ok((u32::from_be_bytes(*version), trace))
        });
        rows.collect()
    }

    fn last_trace(&self, id: IdDigest) -> Result<Option<Trace>, LedgerError> {
        Ok(self.traces(id)?.pop().map(|(_, trace)| trace))
    }

    fn trace(&mut self, id: IdDigest, entry: Option<Entry>, fate: Fate) -> Result<(), LedgerError> {
        let traces = self.traces(id)?;
        let version = traces.last().map_or(0, |(version, _)| version + 1);
        let surplus = (traces.len() + 1).saturating_sub(MOST_TRACES);
        for (oldest, _) in &traces[..surplus] {
            self.history.remove(&version_key(id, *oldest))?;
        }
        let trace = Trace {
            entry,
            fate,
            learnt: self.read,
        };
        let bytes = wire::trace_to_bytes(&trace);
        self.history.put(&version_key(id, version), &bytes)
    }
}

fn version_key(id: IdDigest, version: u32) -> Vec<u8> {
    [&id.0[..], &version.to_be_bytes()].concat()
}

const LOST: LedgerError = LedgerError::Damaged("an entry is not where it is said to be");
