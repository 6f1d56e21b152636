//! What connections said when they were last read whole, for the moment after an unlock and for those who may only
//! look. It is a copy: when its file is damaged it is set aside and begun anew, and the next reading fills it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::error::LedgerError;
use super::store::{Kind, Store, Table};
use crate::domain::{ConnectionId, LastKnown, Text};
use crate::vault::{Sealer, SecretBytes, VaultError};

const LEDGER: &str = "ledger.redb";
/// Where a damaged one is kept; the one before it goes.
const SET_ASIDE: &str = "ledger.redb.damaged";

const LAYOUT: u8 = 1;
const MOST_CONNECTIONS: usize = 256;

/// What can be had again from the brokers. Every call that changes it returns when the change is on the disk.
pub struct Ledger {
    store: Store,
    /// Under which key each connection is kept: a number, so that its name is not to be read in the file.
    places: BTreeMap<ConnectionId, String>,
}

/// An open ledger, what is in it, and what the person should know of how it was found.
pub struct Begun {
    /// The ledger; none where its file cannot be used and must not be touched.
    pub ledger: Option<Ledger>,
    /// What it knows, by connection.
    pub known: Vec<LastKnown>,
    /// What was wrong with it.
    pub problem: Option<Text>,
}

impl Ledger {
    /// Opens the ledger in the vault's folder, or makes an empty one; a damaged one is set aside. `sealer` gives the
    /// vault's for [`Purpose::Ledger`](crate::vault::Purpose::Ledger).
    pub fn begin(folder: &Path, sealer: impl Fn() -> Result<Sealer, VaultError>) -> Begun {
        let open = || Self::open(folder, sealer()?);
        let (opened, found) = match open() {
            Err(error @ (LedgerError::Damaged(_) | LedgerError::Foreign)) => {
                let aside = fs::rename(folder.join(LEDGER), folder.join(SET_ASIDE));
                let aside = aside.map_err(|error| LedgerError::Failed(error.to_string()));
                (aside.and_then(|()| open()), Some(error))
            }
            opened => (opened, None),
        };
        let (ledger, known, problem) = match opened {
            Ok((ledger, known)) => (Some(ledger), known, found.map(|it| begun_anew(&it))),
            Err(error) => (None, Vec::new(), Some(not_there(&error))),
        };
        Begun {
            ledger,
            known,
            problem,
        }
    }

    fn open(folder: &Path, sealer: Sealer) -> Result<(Self, Vec<LastKnown>), LedgerError> {
        let store = Store::open(&folder.join(LEDGER), sealer, Kind::LEDGER)?;
        let (mut places, mut all) = (BTreeMap::new(), Vec::new());
        for place in (0..MOST_CONNECTIONS).map(place_of) {
            if let Some(value) = store.get(Table::LAST_KNOWN, &place)? {
                let known = read(&value)?;
                places.insert(known.connection.clone(), place);
                all.push(known);
            }
        }
        Ok((Self { store, places }, all))
    }

    /// Keeps what is known of a connection, in place of what was.
    ///
    /// # Errors
    /// Why it is not kept: [`LedgerError::TooLarge`], [`LedgerError::Full`], a full disk, a failing one. What was kept
    /// before stays.
    pub fn keep(&mut self, known: &LastKnown) -> Result<(), LedgerError> {
        self.store.check_space()?;
        let place = match self.places.get(&known.connection) {
            Some(place) => place.clone(),
            None => self.free_place()?,
        };
        let bytes = postcard::to_extend(known, vec![LAYOUT]).expect("plain data always serialises");
        self.store
            .change(|change| change.put(Table::LAST_KNOWN, &place, &bytes))?;
        self.places.insert(known.connection.clone(), place);
        Ok(())
    }

    /// Forgets a connection.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn forget(&mut self, connection: &ConnectionId) -> Result<(), LedgerError> {
        if let Some(place) = self.places.get(connection) {
            self.store
                .change(|change| change.remove(Table::LAST_KNOWN, place))?;
            self.places.remove(connection);
        }
        Ok(())
    }

    fn free_place(&self) -> Result<String, LedgerError> {
        let mut places = (0..MOST_CONNECTIONS).map(place_of);
        let is_free = |place: &String| self.places.values().all(|taken| taken != place);
        places.find(is_free).ok_or(LedgerError::Full {
            limit: MOST_CONNECTIONS as u64,
            what: "connections are in it",
            next: "remove one",
        })
    }
}

/// Why something could not be kept, for the person.
pub fn not_kept(error: &LedgerError) -> Text {
    let cause = error.cause();
    format!("what was read is not kept for the next start: {cause}").into()
}

fn begun_anew(error: &LedgerError) -> Text {
    let cause = error.cause();
    format!("the ledger was damaged ({cause}) and is begun anew; what was in it is kept in {SET_ASIDE} and read again from the brokers").into()
}

fn not_there(error: &LedgerError) -> Text {
    let cause = error.cause();
    format!("nothing older can be shown, and nothing is kept for the next start: {LEDGER} cannot be used ({cause})").into()
}

fn place_of(number: usize) -> String {
    format!("{number:03}")
}

fn read(value: &SecretBytes) -> Result<LastKnown, LedgerError> {
    match value.expose().split_first() {
        Some((&LAYOUT, rest)) => match postcard::take_from_bytes(rest) {
            Ok((known, [])) => Ok(known),
            Ok(_) | Err(_) => Err(LedgerError::Damaged("an entry cannot be read")),
        },
        Some((&newer, _)) if newer > LAYOUT => Err(LedgerError::NewerFormat(newer)),
        Some(_) | None => Err(LedgerError::Damaged("an entry cannot be read")),
    }
}

#[cfg(test)]
mod tests;
