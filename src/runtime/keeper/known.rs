//! The ledger: what connections said last, for the next start.

use super::{Door, Strongroom};
use crate::domain::{ConnectionId, LastKnown, Text};
use crate::ledger::{Ledger, not_kept};
use crate::runtime::credentials;
use crate::vault::{Purpose, Vault};

impl Strongroom {
    /// Opens the ledger and says what it knows of connections that are still in the vault.
    pub(super) fn open_ledger(
        &mut self,
        vault: &Vault,
        warnings: &mut Vec<Text>,
    ) -> Vec<LastKnown> {
        let begun = Ledger::begin(&self.folder, || vault.sealer(Purpose::Ledger));
        warnings.extend(begun.problem);
        self.ledger = begun.ledger;
        let all = begun.known.into_iter();
        let (known, gone): (Vec<_>, Vec<_>) =
            all.partition(|it| credentials::has(vault, &it.connection));
        for known in gone {
            self.forget(&known.connection);
        }
        known
    }

    /// Keeps what was just read. A failure is said once, until it works again.
    pub(crate) fn keep(&mut self, known: &LastKnown) -> Option<Text> {
        let (Door::Open(vault), Some(ledger)) = (&self.door, &mut self.ledger) else {
            return None;
        };
        if !credentials::has(vault, &known.connection) {
            return None; // removed meanwhile
        }
        let kept = ledger.keep(known);
        let is_news = !std::mem::replace(&mut self.ledger_fails, kept.is_err());
        kept.err().filter(|_| is_news).map(|error| not_kept(&error))
    }

    /// Forgets a connection. Where that fails it is tried again when the vault is opened next.
    pub(super) fn forget(&mut self, connection: &ConnectionId) {
        if let Some(ledger) = &mut self.ledger {
            let _ = ledger.forget(connection);
        }
    }
}
