//! Tables with keys of bytes, for what is read in order and there is much of. Keys are not sealed: who makes one keeps
//! out of it what must not be read in the file.

use std::ops::Bound;
use std::sync::Arc;

use redb::{
    ReadTransaction, ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _,
    TableDefinition,
};

use super::{Change, LARGEST_VALUE, Store, UNSEALED, caught, failed};
use crate::ledger::error::LedgerError;
use crate::vault::{Sealer, SecretBytes};

/// Of one chunk of bars, sealed.
const LARGEST_CHUNK: usize = 128 * 1024;

/// A table, by its name on the disk. Values are bound to it, so it is never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) struct Rows(&'static str);

impl Rows {
    /// Which accounts there are.
    pub(in crate::ledger) const ACCOUNTS: Self = Self("accounts");
    /// What happened, as it stands.
    pub(in crate::ledger) const ENTRIES: Self = Self("entries");
    /// Where an entry stands, by its id. Plain values.
    pub(in crate::ledger) const BY_ID: Self = Self("entries.by-id");
    /// Which entries there are of a symbol. Plain and empty values.
    pub(in crate::ledger) const BY_SYMBOL: Self = Self("entries.by-symbol");
    /// What entries said before.
    pub(in crate::ledger) const HISTORY: Self = Self("entries.history");
    /// How far each account is read.
    pub(in crate::ledger) const REACHES: Self = Self("reaches");
    /// Readings of accounts.
    pub(in crate::ledger) const RUNS: Self = Self("runs");
    /// Rows that could not be read.
    pub(in crate::ledger) const REJECTED: Self = Self("rejected");
    /// Prices over time.
    pub(in crate::ledger) const BARS: Self = Self("bars");
    /// What currencies cost.
    pub(in crate::ledger) const RATES: Self = Self("rates");

    /// All of the ledger's.
    pub(super) const OF_LEDGER: &'static [Self] = &[
        Self::ACCOUNTS,
        Self::ENTRIES,
        Self::BY_ID,
        Self::BY_SYMBOL,
        Self::HISTORY,
        Self::REACHES,
        Self::RUNS,
        Self::REJECTED,
        Self::BARS,
        Self::RATES,
    ];
    /// Those whose values are sealed.
    pub(in crate::ledger) const SEALED: &'static [Self] = &[
        Self::ACCOUNTS,
        Self::ENTRIES,
        Self::HISTORY,
        Self::REACHES,
        Self::RUNS,
        Self::REJECTED,
        Self::BARS,
        Self::RATES,
    ];

    fn largest(self) -> usize {
        match self {
            Self::BARS => LARGEST_CHUNK,
            _ => LARGEST_VALUE,
        }
    }

    fn definition(self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(self.0)
    }

    fn place(self, key: &[u8]) -> Vec<u8> {
        [self.0.as_bytes(), b"/", key].concat()
    }

    fn opened(
        self,
        sealer: &Sealer,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<SecretBytes, LedgerError> {
        let opened = sealer.open(&self.place(key), sealed);
        opened.map_err(|_| LedgerError::Damaged(UNSEALED))
    }
}

/// Which end of a table is read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ledger) enum Order {
    Rising,
    Falling,
}

/// A key and its value.
pub(in crate::ledger) struct Row {
    pub(in crate::ledger) key: Vec<u8>,
    pub(in crate::ledger) value: SecretBytes,
}

/// A table in a change.
pub(in crate::ledger) struct OpenRows<'a> {
    table: redb::Table<'a, &'static [u8], &'static [u8]>,
    sealer: &'a Sealer,
    rows: Rows,
}

impl<'a> Change<'a> {
    pub(in crate::ledger) fn rows(&self, rows: Rows) -> Result<OpenRows<'a>, LedgerError> {
        let table = self.transaction.open_table(rows.definition());
        Ok(OpenRows {
            table: table.map_err(failed)?,
            sealer: self.sealer,
            rows,
        })
    }
}

impl OpenRows<'_> {
    /// A sealed value.
    pub(in crate::ledger) fn get(&self, key: &[u8]) -> Result<Option<SecretBytes>, LedgerError> {
        let value = self.table.get(key).map_err(failed)?;
        value
            .map(|value| self.rows.opened(self.sealer, key, value.value()))
            .transpose()
    }

    pub(in crate::ledger) fn put(&mut self, key: &[u8], plain: &[u8]) -> Result<(), LedgerError> {
        let sealed = self.sealer.seal(&self.rows.place(key), plain)?;
        let (limit, found) = (self.rows.largest(), sealed.len());
        match found > limit {
            true => Err(LedgerError::TooLarge { limit, found }),
            false => self.put_plain(key, &sealed),
        }
    }

    /// A value that was not sealed.
    pub(in crate::ledger) fn get_plain(&self, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
        let value = self.table.get(key).map_err(failed)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    pub(in crate::ledger) fn put_plain(
        &mut self,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), LedgerError> {
        self.table.insert(key, value).map_err(failed)?;
        Ok(())
    }

    pub(in crate::ledger) fn remove(&mut self, key: &[u8]) -> Result<(), LedgerError> {
        self.table.remove(key).map_err(failed)?;
        Ok(())
    }

    pub(in crate::ledger) fn count(&self) -> Result<u64, LedgerError> {
        self.table.len().map_err(failed)
    }

    pub(in crate::ledger) fn last_key(&self) -> Result<Option<Vec<u8>>, LedgerError> {
        let last = self.table.last().map_err(failed)?;
        Ok(last.map(|(key, _)| key.value().to_vec()))
    }

    /// The first values whose keys begin so.
    pub(in crate::ledger) fn below(
        &self,
        prefix: &[u8],
        most: usize,
    ) -> Result<Vec<Row>, LedgerError> {
        let rows = self.table.range(prefix..).map_err(failed)?;
        let mut found = Vec::new();
        for row in rows.take(most) {
            let (key, value) = row.map_err(failed)?;
            if !key.value().starts_with(prefix) {
                break;
            }
            let value = self.rows.opened(self.sealer, key.value(), value.value())?;
            let key = key.value().to_vec();
            found.push(Row { key, value });
        }
        Ok(found)
    }

    /// The last so many, the last of all first.
    pub(in crate::ledger) fn last(&self, most: usize) -> Result<Vec<Row>, LedgerError> {
        let rows = self.table.iter().map_err(failed)?.rev().take(most);
        let rows = rows.map(|row| {
            let (key, value) = row.map_err(failed)?;
            let value = self.rows.opened(self.sealer, key.value(), value.value())?;
            let key = key.value().to_vec();
            Ok(Row { key, value })
        });
        rows.collect()
    }

    /// Removes the first rows until no more than so many are left.
    pub(in crate::ledger) fn keep_newest(&mut self, most: u64) -> Result<(), LedgerError> {
        for _ in most..self.count()? {
            self.table.pop_first().map_err(failed)?;
        }
        Ok(())
    }

    /// Seals anew what was sealed in earlier epochs, among so many rows behind `after`; where it came to, if there may
    /// be more.
    pub(in crate::ledger) fn seal_anew(
        &mut self,
        after: &[u8],
        most: usize,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let bounds = (Bound::Excluded(after), Bound::Unbounded);
        let rows = self.table.range::<&[u8]>(bounds).map_err(failed)?;
        let (mut old, mut last, mut seen) = (Vec::new(), None, 0);
        for row in rows.take(most) {
            let (key, value) = row.map_err(failed)?;
            if !self.sealer.is_current(value.value()) {
                let plain = self.rows.opened(self.sealer, key.value(), value.value())?;
                old.push((key.value().to_vec(), plain));
            }
            (last, seen) = (Some(key.value().to_vec()), seen + 1);
        }
        for (key, plain) in &old {
            self.put(key, plain.expose())?;
        }
        Ok(last.filter(|_| seen == most))
    }
}

/// The file as it was at one moment, whatever is changed meanwhile.
pub(in crate::ledger) struct Reading {
    transaction: ReadTransaction,
    sealer: Arc<Sealer>,
}

/// A part of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ledger) struct Part {
    /// The first key of it.
    pub(in crate::ledger) from: Vec<u8>,
    /// The first key behind it.
    pub(in crate::ledger) until: Vec<u8>,
}

impl Store {
    pub(in crate::ledger) fn read(&self) -> Result<Reading, LedgerError> {
        self.guarded(|database| {
            let transaction = database.begin_read().map_err(failed)?;
            let sealer = Arc::clone(&self.sealer);
            Ok(Reading {
                transaction,
                sealer,
            })
        })
    }
}

impl Reading {
    pub(in crate::ledger) fn get(
        &self,
        rows: Rows,
        key: &[u8],
    ) -> Result<Option<SecretBytes>, LedgerError> {
        caught(|| {
            let table = self.transaction.open_table(rows.definition());
            let value = table.map_err(failed)?.get(key).map_err(failed)?;
            value
                .map(|value| rows.opened(&self.sealer, key, value.value()))
                .transpose()
        })
    }

    /// A value that was not sealed.
    pub(in crate::ledger) fn get_plain(
        &self,
        rows: Rows,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        caught(|| {
            let table = self.transaction.open_table(rows.definition());
            let value = table.map_err(failed)?.get(key).map_err(failed)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    pub(in crate::ledger) fn count(&self, rows: Rows) -> Result<u64, LedgerError> {
        caught(|| {
            let table = self.transaction.open_table(rows.definition());
            table.map_err(failed)?.len().map_err(failed)
        })
    }

    /// So many values from one end of a part.
    pub(in crate::ledger) fn values(
        &self,
        rows: Rows,
        part: &Part,
        order: Order,
        most: usize,
    ) -> Result<Vec<Row>, LedgerError> {
        let open = |key: &[u8], value: &[u8]| {
            let value = rows.opened(&self.sealer, key, value)?;
            let key = key.to_vec();
            Ok(Row { key, value })
        };
        self.scan(rows, part, order, most, open)
    }

    /// The same, of keys alone.
    pub(in crate::ledger) fn keys(
        &self,
        rows: Rows,
        part: &Part,
        order: Order,
        most: usize,
    ) -> Result<Vec<Vec<u8>>, LedgerError> {
        self.scan(rows, part, order, most, |key, _| Ok(key.to_vec()))
    }

    fn scan<T>(
        &self,
        rows: Rows,
        part: &Part,
        order: Order,
        most: usize,
        take: impl Fn(&[u8], &[u8]) -> Result<T, LedgerError>,
    ) -> Result<Vec<T>, LedgerError> {
        if part.from >= part.until {
            return Ok(Vec::new());
        }
        caught(|| {
            let table = self.transaction.open_table(rows.definition());
            let table = table.map_err(failed)?;
            let found = table.range(&part.from[..]..&part.until[..]);
            let mut found = found.map_err(failed)?;
            let next = || match order {
                Order::Rising => found.next(),
                Order::Falling => found.next_back(),
            };
            let mut taken = Vec::new();
            for row in std::iter::from_fn(next).take(most) {
                let (key, value) = row.map_err(failed)?;
                taken.push(take(key.value(), value.value())?);
            }
            Ok(taken)
        })
    }
}
