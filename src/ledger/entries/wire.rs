//! An entry as bytes: without its account, which its place says.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{AccountId, Entry, EntryId, Fate, Text, Timestamp, Trace, What};
use crate::ledger::error::LedgerError;

const LAYOUT: u8 = 1;
const UNREADABLE: LedgerError = LedgerError::Damaged("an entry cannot be read");

/// What is stored; `Given` is the same, borrowed.
#[derive(Deserialize)]
struct Stored {
    nanos: i128,
    settles: Option<Day>,
    id: EntryId,
    corrects: Option<EntryId>,
    word: Text,
    description: Text,
    what: What,
}

#[derive(Serialize)]
struct Given<'a> {
    nanos: i128,
    settles: Option<Day>,
    id: &'a EntryId,
    corrects: &'a Option<EntryId>,
    word: &'a Text,
    description: &'a Text,
    what: &'a What,
}

/// Year, month, day.
#[derive(Serialize, Deserialize)]
struct Day(i16, i8, i8);

impl<'a> Given<'a> {
    fn of(entry: &'a Entry) -> Self {
        let settles = entry.settles;
        Self {
            nanos: entry.time.nanos(),
            settles: settles.map(|day| Day(day.year(), day.month(), day.day())),
            id: &entry.id,
            corrects: &entry.corrects,
            word: &entry.word,
            description: &entry.description,
            what: &entry.what,
        }
    }
}

impl Stored {
    fn entry(self, account: &AccountId) -> Option<Entry> {
        let settles = match self.settles {
            Some(Day(year, month, day)) => Some(Date::new(year, month, day).ok()?),
            None => None,
        };
        Some(Entry {
            account: account.clone(),
            id: self.id,
            time: Timestamp::from_nanos(self.nanos)?,
            settles,
            corrects: self.corrects,
            word: self.word,
            description: self.description,
            what: self.what,
        })
    }
}

/// Behind its layout, so that a later one is told from damage.
pub(in crate::ledger) fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(value, vec![LAYOUT]).expect("plain data always serialises")
}

pub(in crate::ledger) fn from_bytes<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
) -> Result<T, LedgerError> {
    match bytes.split_first() {
        Some((&LAYOUT, rest)) => match postcard::take_from_bytes(rest) {
            Ok((value, [])) => Ok(value),
            Ok(_) | Err(_) => Err(UNREADABLE),
        },
        Some((&newer, _)) if newer > LAYOUT => Err(LedgerError::NewerFormat(newer)),
        Some(_) | None => Err(UNREADABLE),
    }
}

pub(super) fn entry_to_bytes(entry: &Entry) -> Vec<u8> {
    to_bytes(&Given::of(entry))
}

pub(super) fn entry_from_bytes(bytes: &[u8], account: &AccountId) -> Result<Entry, LedgerError> {
    let stored: Stored = from_bytes(bytes)?;
    stored.entry(account).ok_or(UNREADABLE)
}

pub(super) fn trace_to_bytes(trace: &Trace) -> Vec<u8> {
    let entry = trace.entry.as_ref().map(Given::of);
    to_bytes(&(entry, &trace.fate, trace.learnt.nanos()))
}

pub(super) fn trace_from_bytes(bytes: &[u8], account: &AccountId) -> Result<Trace, LedgerError> {
    let (stored, fate, learnt): (Option<Stored>, Fate, i128) = from_bytes(bytes)?;
    let entry = match stored {
        Some(stored) => Some(stored.entry(account).ok_or(UNREADABLE)?),
        None => None,
    };
    let learnt = Timestamp::from_nanos(learnt).ok_or(UNREADABLE)?;
    Ok(Trace {
        entry,
        fate,
        learnt,
    })
}
