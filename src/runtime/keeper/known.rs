//! The ledger: what connections said last, for the next start.

use super::{Door, Strongroom};
use crate::domain::{ConnectionId, LastKnown, Text, Timestamp};
use crate::ledger::{Ledger, LedgerError, Resealed, not_kept};
use crate::runtime::credentials;
use crate::vault::{Purpose, Vault};
use jiff::tz::TimeZone;

/// Steps of sealing anew that an unlock or a rotation waits for, some thousand values each; each reading that is kept
/// later makes one more.
const RESEALING_STEPS: u32 = 4;

impl Strongroom {
    /// Opens the ledger and says what it knows of connections that are still in the vault.
    pub(super) fn open_ledger(
        &mut self,
        vault: &Vault,
        now: Timestamp,
        warnings: &mut Vec<Text>,
    ) -> Vec<LastKnown> {
        let day = now.in_zone(&TimeZone::UTC).date();
        let begun = Ledger::begin(&self.folder, day, || vault.sealer(Purpose::Ledger));
        warnings.extend(begun.problem);
        self.ledger = begun.ledger;
        self.seal_ledger_anew(RESEALING_STEPS);
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
        self.seal_ledger_anew(1);
        let is_news = !std::mem::replace(&mut self.ledger_fails, kept.is_err());
        kept.err().filter(|_| is_news).map(|error| not_kept(&error))
    }

    /// Forgets a connection. Where that fails it is tried again when the vault is opened next.
    pub(super) fn forget(&mut self, connection: &ConnectionId) {
        if let Some(ledger) = &mut self.ledger {
            let _ = ledger.forget(connection);
        }
    }

    /// The ledger goes on under the new keys. Where it cannot, what it keeps is readable all the same, and is sealed anew
    /// when the vault is opened next.
    pub(super) fn give_ledger_new_keys(&mut self) -> Option<Text> {
        let (Door::Open(vault), Some(ledger)) = (&self.door, &mut self.ledger) else {
            return None;
        };
        let sealer = vault.sealer(Purpose::Ledger).map_err(LedgerError::from);
        let taken = sealer.and_then(|sealer| ledger.take_new_keys(sealer));
        self.seal_ledger_anew(RESEALING_STEPS);
        let problem = taken.err()?;
        Some(format!("the ledger is not sealed anew yet: {}", problem.cause()).into())
    }

    /// Goes on sealing anew what earlier keys of the vault sealed.
    fn seal_ledger_anew(&self, steps: u32) {
        let Some(ledger) = &self.ledger else { return };
        for _ in 0..steps {
            // What fails is readable as it is, and tried again at the next opening.
            if !matches!(ledger.seal_anew(), Ok(Resealed::Part)) {
                return;
            }
        }
    }
}
