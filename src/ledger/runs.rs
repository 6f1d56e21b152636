//! How accounts were read: runs, and rows that could not be read. The newest are kept.

use serde::{Deserialize, Serialize};

use super::Ledger;
use super::entries::wire;
use super::error::LedgerError;
use super::store::{Change, Order, Part, Rows};
use crate::domain::{RejectedRow, RowCounts, SyncOutcome, SyncRun};

const MOST_RUNS: u64 = 10_000;
const MOST_REJECTED: u64 = 10_000;
/// Runs that may have been under way when the program ended.
const MOST_CUT_OFF: usize = 64;

/// The number of a run; later ones are higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(pub u64);

impl Ledger {
    /// Keeps a run that begins. Its pages name it, and [`end_run`](Self::end_run) says how it ended; one that was under
    /// way when the program ended is interrupted at the next opening.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::Failed`], a full disk.
    pub fn begin_run(&self, run: &SyncRun) -> Result<RunId, LedgerError> {
        self.store.check_space()?;
        self.store.change(|change| {
            let mut runs = change.rows(Rows::RUNS)?;
            let id = next_number(runs.last_key()?)?;
            runs.put(&id.to_be_bytes(), &wire::to_bytes(run))?;
            runs.keep_newest(MOST_RUNS)?;
            Ok(RunId(id))
        })
    }

    /// Keeps how a run ended; its rows stay as they were counted with its pages.
    ///
    /// # Errors
    /// [`LedgerError::NoSuchRun`], and as [`Ledger::begin_run`].
    pub fn end_run(&self, id: RunId, run: &SyncRun) -> Result<(), LedgerError> {
        self.store
            .change(|change| keep(change, id, run, RowCounts::default()))
    }

    /// Runs, the newest first: those before `before`, or the last ones.
    ///
    /// # Errors
    /// As [`Ledger::begin_run`].
    pub fn runs(
        &self,
        before: Option<RunId>,
        most: usize,
    ) -> Result<Vec<(RunId, SyncRun)>, LedgerError> {
        let rows = self.newest(Rows::RUNS, before.map(|run| run.0), most)?;
        let runs = rows.into_iter();
        Ok(runs.map(|(number, run)| (RunId(number), run)).collect())
    }

    /// Rows that could not be read, the newest first, with their numbers: those before `before`, or the last ones.
    ///
    /// # Errors
    /// As [`Ledger::begin_run`].
    pub fn rejected(
        &self,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<(u64, RejectedRow)>, LedgerError> {
        self.newest(Rows::REJECTED, before, most)
    }

    fn newest<T: for<'a> Deserialize<'a>>(
        &self,
        rows: Rows,
        before: Option<u64>,
        most: usize,
    ) -> Result<Vec<(u64, T)>, LedgerError> {
        let part = Part {
            from: Vec::new(),
            until: before.unwrap_or(u64::MAX).to_be_bytes().to_vec(),
        };
        let rows = self
            .store
            .read()?
            .values(rows, &part, Order::Falling, most)?;
        let rows = rows.into_iter().map(|row| {
            let number = number_of(&row.key)?;
            Ok((number, wire::from_bytes(row.value.expose())?))
        });
        rows.collect()
    }
}

/// A run as it stands, its rows counted on.
pub(super) fn keep(
    change: &Change<'_>,
    id: RunId,
    run: &SyncRun,
    more: RowCounts,
) -> Result<(), LedgerError> {
    let mut runs = change.rows(Rows::RUNS)?;
    let key = id.0.to_be_bytes();
    let kept = runs.get(&key)?.ok_or(LedgerError::NoSuchRun(id.0))?;
    let kept: SyncRun = wire::from_bytes(kept.expose())?;
    let rows = kept.rows.plus(more);
    let run = SyncRun {
        rows,
        ..run.clone()
    };
    runs.put(&key, &wire::to_bytes(&run))
}

pub(super) fn keep_rejected(
    change: &Change<'_>,
    rejected: &[RejectedRow],
) -> Result<(), LedgerError> {
    if rejected.is_empty() {
        return Ok(());
    }
    let mut rows = change.rows(Rows::REJECTED)?;
    for row in rejected {
        let number = next_number(rows.last_key()?)?;
        rows.put(&number.to_be_bytes(), &wire::to_bytes(row))?;
    }
    rows.keep_newest(MOST_REJECTED)
}

/// Runs that nobody goes on with.
pub(super) fn end_those_cut_off(change: &Change<'_>) -> Result<(), LedgerError> {
    let mut runs = change.rows(Rows::RUNS)?;
    for row in runs.last(MOST_CUT_OFF)? {
        let run: SyncRun = wire::from_bytes(row.value.expose())?;
        if run.outcome == SyncOutcome::UnderWay {
            let outcome = SyncOutcome::Interrupted;
            runs.put(&row.key, &wire::to_bytes(&SyncRun { outcome, ..run }))?;
        }
    }
    Ok(())
}

fn next_number(last: Option<Vec<u8>>) -> Result<u64, LedgerError> {
    last.map_or(Ok(1), |last| Ok(number_of(&last)?.saturating_add(1)))
}

fn number_of(key: &[u8]) -> Result<u64, LedgerError> {
    let number = key.try_into().map(u64::from_be_bytes);
    number.map_err(|_| LedgerError::Damaged("something has no number"))
}

#[cfg(test)]
mod tests;
