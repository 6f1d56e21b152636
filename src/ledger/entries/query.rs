//! Entries on their way out: read a few at a time, merged from all accounts in the order of time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::key::{self, AccountNumber, Digests, EntryKey, IdDigest, Moment, Standing};
use super::wire;
use crate::domain::{AccountId, Entry, EntryId, Symbol, Timestamp, Trace};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Order, Part, Reading, Rows};
use crate::vault::SecretBytes;

/// Entries read at once to begin with, so that a few cost little; twice as many each time up to the other.
const FIRST_CHUNK: usize = 8;
const LARGEST_CHUNK: usize = 512;
/// Entries of one instant that are put in the order of their ids. More of them come in the order of their keys.
const MOST_OF_AN_INSTANT: usize = 20_000;
const LOST: LedgerError = LedgerError::Damaged("an entry is not where it is said to be");

/// Which entries, and which first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub(super) account: Option<AccountId>,
    symbol: Option<Symbol>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    is_newest_first: bool,
}

impl Query {
    /// All of them, oldest first. Entries of the same instant are in the order of accounts and ids, so that a ledger that
    /// is read again from the providers gives the same order.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Of one account.
    #[must_use]
    pub fn of(mut self, account: &AccountId) -> Self {
        self.account = Some(account.clone());
        self
    }

    /// Of one instrument.
    #[must_use]
    pub fn about(mut self, symbol: &Symbol) -> Self {
        self.symbol = Some(symbol.clone());
        self
    }

    /// From a moment on.
    #[must_use]
    pub fn from(mut self, moment: Timestamp) -> Self {
        self.from = Some(moment);
        self
    }

    /// Up to a moment and without it.
    #[must_use]
    pub fn until(mut self, moment: Timestamp) -> Self {
        self.until = Some(moment);
        self
    }

    /// The newest first.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.is_newest_first = true;
        self
    }

    fn order(&self) -> Order {
        match self.is_newest_first {
            true => Order::Falling,
            false => Order::Rising,
        }
    }
}

/// Entries in order.
pub struct Entries {
    reading: Reading,
    names: Arc<BTreeMap<AccountNumber, AccountId>>,
    order: Order,
    symbol: Option<Symbol>,
    sources: Vec<Source>,
    /// Which source goes on at which moment.
    heads: BTreeSet<(Moment, usize)>,
    /// Those of one instant.
    ready: VecDeque<Entry>,
    /// Why nothing more comes.
    failed: Option<LedgerError>,
}

/// Keys of one account, or of one symbol in all of them.
struct Source {
    rows: Rows,
    /// What is not read yet.
    part: Part,
    /// Of a symbol: the accounts that are wanted.
    accounts: Vec<AccountNumber>,
    chunk: VecDeque<(EntryKey, Option<SecretBytes>)>,
    size: usize,
    is_read: bool,
}

impl Entries {
    pub(super) fn begin(
        reading: Reading,
        query: &Query,
        names: Arc<BTreeMap<AccountNumber, AccountId>>,
        accounts: Vec<AccountNumber>,
        digests: &Digests,
    ) -> Self {
        let part = |prefix: &[u8]| key::part(prefix, query.from, query.until);
        let sources = match &query.symbol {
            Some(symbol) => {
                let part = part(&digests.of_symbol(symbol));
                vec![Source::new(Rows::BY_SYMBOL, part, accounts)]
            }
            None => {
                let parts = accounts.iter().map(|it| part(&it.0.to_be_bytes()));
                let source = |part| Source::new(Rows::ENTRIES, part, Vec::new());
                parts.map(source).collect()
            }
        };
        let mut entries = Self {
            reading,
            names,
            order: query.order(),
            symbol: query.symbol.clone(),
            sources,
            heads: BTreeSet::new(),
            ready: VecDeque::new(),
            failed: None,
        };
        for source in 0..entries.sources.len() {
            if let Err(error) = entries.advance(source) {
                entries.failed = Some(error);
            }
        }
        entries
    }

    /// Puts a source where its next entry belongs.
    fn advance(&mut self, source: usize) -> Result<(), LedgerError> {
        let head = self.sources[source].head(&self.reading, self.order)?;
        self.heads.extend(head.map(|moment| (moment, source)));
        Ok(())
    }

    fn read_instant(&mut self) -> Result<(), LedgerError> {
        let mut instant = None;
        while self.ready.len() < MOST_OF_AN_INSTANT {
            let head = match self.order {
                Order::Rising => self.heads.first(),
                Order::Falling => self.heads.last(),
            };
            let Some(&(moment, source)) = head else {
                break;
            };
            if *instant.get_or_insert(moment) != moment {
                break;
            }
            self.heads.remove(&(moment, source));
            let (key, value) = self.sources[source].chunk.pop_front().ok_or(LOST)?;
            let entry = self.open(key, value)?;
            let is_asked = |symbol| entry.symbols().any(|it| it == symbol);
            if self.symbol.as_ref().is_none_or(is_asked) {
                self.ready.push_back(entry);
            }
            self.advance(source)?;
            if self.ready.is_empty() {
                instant = None; // of another symbol with the same digest
            }
        }
        if self.ready.len() > 1 {
            let ready = self.ready.make_contiguous();
            ready.sort_by(in_order);
            if self.order == Order::Falling {
                ready.reverse();
            }
        }
        Ok(())
    }

    fn open(&self, key: EntryKey, value: Option<SecretBytes>) -> Result<Entry, LedgerError> {
        let value = match value {
            Some(value) => value,
            None => self.reading.get(Rows::ENTRIES, &key.bytes())?.ok_or(LOST)?,
        };
        let name = self.names.get(&key.account).ok_or(LOST)?;
        wire::entry_from_bytes(value.expose(), name)
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && self.failed.is_none()
            && let Err(error) = self.read_instant()
        {
            self.ready.clear();
            self.failed = Some(error);
        }
        if let Some(entry) = self.ready.pop_front() {
            return Some(Ok(entry));
        }
        self.heads.clear();
        self.failed.take().map(Err)
    }
}

impl Source {
    fn new(rows: Rows, part: Part, accounts: Vec<AccountNumber>) -> Self {
        Self {
            rows,
            part,
            accounts,
            chunk: VecDeque::new(),
            size: FIRST_CHUNK,
            is_read: false,
        }
    }

    /// The moment of its next entry.
    fn head(&mut self, reading: &Reading, order: Order) -> Result<Option<Moment>, LedgerError> {
        while self.chunk.is_empty() && !self.is_read {
            self.read(reading, order)?;
        }
        Ok(self.chunk.front().map(|(key, _)| key.moment))
    }

    fn read(&mut self, reading: &Reading, order: Order) -> Result<(), LedgerError> {
        let last = match self.rows {
            Rows::BY_SYMBOL => self.read_symbol(reading, order)?,
            _ => self.read_account(reading, order)?,
        };
        match (last, order) {
            (None, _) => self.is_read = true,
            (Some(last), Order::Rising) => self.part.from = [&last[..], &[0]].concat(),
            (Some(last), Order::Falling) => self.part.until = last,
        }
        self.size = (self.size * 2).min(LARGEST_CHUNK);
        Ok(())
    }

    /// The last key that was read; none where there was none.
    fn read_account(
        &mut self,
        reading: &Reading,
        order: Order,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let rows = reading.values(self.rows, &self.part, order, self.size)?;
        let last = rows.last().map(|row| row.key.clone());
        for row in rows {
            let key = EntryKey::from_bytes(&row.key).ok_or(LOST)?;
            self.chunk.push_back((key, Some(row.value)));
        }
        Ok(last)
    }

    fn read_symbol(
        &mut self,
        reading: &Reading,
        order: Order,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let keys = reading.keys(self.rows, &self.part, order, self.size)?;
        for key in &keys {
            let key = EntryKey::from_symbol(key).ok_or(LOST)?;
            if self.accounts.contains(&key.account) {
                self.chunk.push_back((key, None));
            }
        }
        Ok(keys.last().cloned())
    }
}

/// By time, account and id; ids that are numbers in the order of numbers.
fn in_order(one: &Entry, other: &Entry) -> std::cmp::Ordering {
    let of = |entry: &Entry| {
        let (text, ordinal) = match &entry.id {
            EntryId::Provider(text) => (text.clone(), 0),
            EntryId::Fingerprint(text, ordinal) => (text.clone(), *ordinal),
        };
        let is_number = text.as_str().bytes().all(|it| it.is_ascii_digit());
        let digits = if is_number { text.as_str().len() } else { 0 };
        (digits, text, ordinal)
    };
    let time = one.time.cmp(&other.time);
    let account = time.then_with(|| one.account.cmp(&other.account));
    account.then_with(|| of(one).cmp(&of(other)))
}

pub(super) fn history(
    reading: &Reading,
    account: &AccountId,
    number: AccountNumber,
    id: IdDigest,
) -> Result<(Option<Entry>, Vec<Trace>), LedgerError> {
    let standing = reading.get_plain(Rows::BY_ID, &id.0)?;
    let standing = standing.and_then(|bytes| Standing::from_bytes(&bytes));
    let entry = match standing {
        Some(Standing::Current(moment)) => {
            let key = EntryKey::new(number, moment, id).bytes();
            let entry = reading.get(Rows::ENTRIES, &key)?.ok_or(LOST)?;
            Some(wire::entry_from_bytes(entry.expose(), account)?)
        }
        Some(Standing::Ended | Standing::Awaited) | None => None,
    };
    let versions = Part {
        from: id.0.to_vec(),
        until: [&id.0[..], &[0xff; 8]].concat(),
    };
    let rows = reading.values(Rows::HISTORY, &versions, Order::Rising, usize::MAX)?;
    let rows = rows.iter();
    let traces = rows.map(|row| wire::trace_from_bytes(row.value.expose(), account));
    Ok((entry, traces.collect::<Result<_, _>>()?))
}
