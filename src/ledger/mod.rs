//! What happened, kept: sealed value by value under a key of the vault. The journal holds what no broker could tell
//! us again, first of all what was about to be sent; every change of it is on the disk before its effect begins, and
//! it is for traders. The ledger holds what brokers would tell again, for everybody who may look. Neither knows a
//! network or decides anything; a damaged one costs no sign-in, because nothing here is needed to open the vault.
//! A new thing to keep gets a table in `store/rows.rs` and a file of its own beside `runs.rs`.

mod bars;
mod begin;
mod entries;
mod error;
mod intents;
mod last_known;
mod rates;
mod runs;
mod store;

use std::collections::BTreeMap;
use std::path::Path;

pub use bars::Series;
pub use begin::{Begun, Resealed, not_kept};
pub use entries::{Absorbed, AccountFacts, Entries, Page, Query};
pub use error::LedgerError;
pub use intents::{Intent, IntentState};
pub use runs::RunId;

use crate::domain::ConnectionId;
use crate::vault::Sealer;
use entries::Accounts;
use entries::key::Digests;
use store::{Kind, Store};

const JOURNAL: &str = "journal.redb";

/// What must never be lost: order intents. Every call that changes it returns when the change is on the disk, so
/// call it off the drawing thread.
pub struct Journal {
    store: Store,
}

impl Journal {
    /// Opens the journal in the vault's folder, or makes an empty one. The sealer is the vault's for
    /// [`Purpose::Journal`](crate::vault::Purpose::Journal).
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::Foreign`], [`LedgerError::NewerFormat`], [`LedgerError::InUse`],
    /// [`LedgerError::Vault`] for files that others could read, [`LedgerError::Failed`]: signing in and looking work
    /// without it, sending an order does not.
    pub fn open(folder: &Path, sealer: Sealer) -> Result<Self, LedgerError> {
        let store = Store::open(&folder.join(JOURNAL), sealer, Kind::JOURNAL)?;
        Ok(Self { store })
    }
}

/// What can be had again from the brokers: what happened in accounts, how far they are read and how that went, prices
/// over time. Every call that changes it returns when the change is on the disk; what is read is read as it is at that
/// moment, and may be read on while more is written.
pub struct Ledger {
    store: Store,
    /// Under which key each connection's last state is kept.
    places: BTreeMap<ConnectionId, String>,
    accounts: Accounts,
    digests: Digests,
}

#[cfg(test)]
mod tests;
