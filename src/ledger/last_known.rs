//! What connections said when they were last read whole, for the moment after an unlock and for those who may only
//! look. It is a copy, which the next reading fills again.

use std::collections::BTreeMap;

use super::Ledger;
use super::error::LedgerError;
use super::store::{Store, Table};
use crate::domain::{ConnectionId, LastKnown};
use crate::vault::SecretBytes;

const LAYOUT: u8 = 1;
const MOST_CONNECTIONS: usize = 256;

impl Ledger {
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
        let is_free = |place: &String| self.places.values().all(|taken| taken != place);
        places_in_order().find(is_free).ok_or(LedgerError::Full {
            limit: MOST_CONNECTIONS as u64,
            what: "connections are in it",
            next: "remove one",
        })
    }
}

/// Under which key each connection is kept, a number, so that its name is not to be read in the file; and what is known.
pub(super) type Known = (BTreeMap<ConnectionId, String>, Vec<LastKnown>);

pub(super) fn read_all(store: &Store) -> Result<Known, LedgerError> {
    let (mut places, mut all) = (BTreeMap::new(), Vec::new());
    for place in places_in_order() {
        if let Some(value) = store.get(Table::LAST_KNOWN, &place)? {
            let known = read(&value)?;
            places.insert(known.connection.clone(), place);
            all.push(known);
        }
    }
    Ok((places, all))
}

fn places_in_order() -> impl Iterator<Item = String> {
    (0..MOST_CONNECTIONS).map(place_of)
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
