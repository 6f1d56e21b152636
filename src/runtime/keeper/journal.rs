//! The order journal: opened for traders, written before anything is sent, stepped with what becomes of it.

use super::{Strongroom, recovery, role_of};
use crate::domain::{ClientOrderId, Text, Timestamp};
use crate::engine::JournalStep;
use crate::engine::input::OpenIntent;
use crate::ledger::{Intent, IntentState, Journal, LedgerError};
use crate::link::{FOR_VIEWING, VaultRole};
use crate::vault::{Purpose, Vault};

impl Strongroom {
    /// Opens the order journal and says which orders of an earlier run are open. It is for traders: a viewer's session
    /// leaves it as it is.
    pub(super) fn open_journal(
        &mut self,
        vault: &Vault,
        now: Timestamp,
        warnings: &mut Vec<Text>,
    ) -> Vec<OpenIntent> {
        if role_of(vault) == VaultRole::Viewer {
            self.journal = Err(FOR_VIEWING.into());
            return Vec::new();
        }
        let sealer = vault.sealer(Purpose::Journal).map_err(LedgerError::from);
        let journal = sealer.and_then(|sealer| Journal::open(&self.folder, sealer));
        match journal {
            Ok(journal) => {
                let intents = recovery::open_intents(&journal, now, warnings);
                self.journal = Ok(journal);
                intents
            }
            Err(error) => {
                // A journal that cannot be read never costs a sign-in; it costs sending orders.
                warnings.push(format!("orders cannot be sent: {error}").into());
                self.journal = Err(Text::new(&error.to_string()));
                Vec::new()
            }
        }
    }

    /// Writes an order's intent down; on the disk when it returns.
    pub(crate) fn record(&mut self, intent: &Intent) -> Result<(), Text> {
        self.journal()?
            .record(intent)
            .map_err(|error| Text::new(&error.to_string()))
    }

    /// Writes down where an order stands.
    pub(crate) fn step(
        &mut self,
        id: &ClientOrderId,
        step: JournalStep,
        at: Timestamp,
    ) -> Result<(), Text> {
        let state = match step {
            JournalStep::Acknowledged(provider_id) => IntentState::Acknowledged {
                provider_id: Some(provider_id).filter(|id| !id.is_empty()),
            },
            JournalStep::Rejected(reason) => IntentState::Rejected { reason },
            JournalStep::Unknown(why) => IntentState::Unknown { since: at, why },
            JournalStep::Closed(how) => IntentState::Closed { how },
        };
        // Without a journal nothing was written down, and so nothing sent: there is nothing to bring up to date. What
        // was sent before a lock is looked up after it.
        match &mut self.journal {
            Ok(journal) => step_to(journal, id, &state, at),
            Err(_) => Ok(()),
        }
    }

    /// Writes down that an order is about to leave.
    pub(crate) fn sending(&mut self, id: &ClientOrderId, at: Timestamp) -> Result<(), Text> {
        step_to(self.journal()?, id, &IntentState::Sent, at)
    }

    /// Where an order stands on the disk.
    #[cfg(test)]
    pub(crate) fn intent(&mut self, id: &ClientOrderId) -> Option<IntentState> {
        let journal = self.journal().ok()?;
        journal.get(id).ok()?.map(|intent| intent.state)
    }

    fn journal(&mut self) -> Result<&mut Journal, Text> {
        self.journal.as_mut().map_err(|why| why.clone())
    }
}

fn step_to(
    journal: &mut Journal,
    id: &ClientOrderId,
    state: &IntentState,
    at: Timestamp,
) -> Result<(), Text> {
    let stepped = journal.step(id, state, at);
    stepped
        .map(|_| ())
        .map_err(|error| Text::new(&error.to_string()))
}
