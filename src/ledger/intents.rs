//! What was about to be sent. An intent is on the disk before the first byte of its order leaves, so that whatever
//! happens then, the next run knows that there may be an order, and asks instead of sending again.

use serde::{Deserialize, Serialize};

use super::Journal;
use super::error::LedgerError;
use super::store::{Change, Table};
use crate::domain::{ClientOrderId, OrderDraft, Text, Timestamp};
use crate::vault::SecretBytes;

const LAYOUT: u8 = 1;
const MOST_OPEN: u64 = 10_000;
const MOST_SETTLED: u64 = 1_000_000;

/// An order that was, or was about to be, sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Our name of the order; recorded once and never again.
    pub id: ClientOrderId,
    /// What was wanted: account, mode and terms.
    pub draft: OrderDraft,
    /// When it was made.
    pub created: Timestamp,
    /// The order of ours that it takes the place of.
    pub replaces: Option<ClientOrderId>,
    /// Where it stands.
    pub state: IntentState,
    /// When that was learnt.
    pub updated: Timestamp,
}

/// Where an intent stands, as far as this machine knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntentState {
    /// Written down; nothing was sent.
    Intended,
    /// The first byte may have left.
    Sent,
    /// The venue has it, under its own id where it gave one.
    Acknowledged { provider_id: Option<Text> },
    /// It may or may not have arrived.
    Unknown { since: Timestamp, why: Text },
    /// The venue refused it, or it never left.
    Rejected { reason: Text },
    /// Filled, cancelled, expired or replaced.
    Closed { how: Text },
}

impl IntentState {
    /// Whether nothing more can happen to the order.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::Closed { .. } => true,
            Self::Intended | Self::Sent | Self::Acknowledged { .. } | Self::Unknown { .. } => false,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Sent => "sent",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Unknown { .. } => "unknown",
            Self::Rejected { .. } => "rejected",
            Self::Closed { .. } => "closed",
        }
    }

    /// What an intent in this state becomes when `next` is learnt; `None` where that cannot be: what is settled
    /// stays, nothing is unsent, and what the venue has acknowledged is not unknown again.
    fn then(&self, next: &Self) -> Option<Self> {
        match (self, next) {
            (Self::Intended, _)
            | (Self::Sent, Self::Sent | Self::Acknowledged { .. } | Self::Unknown { .. })
            | (Self::Unknown { .. }, Self::Acknowledged { .. })
            | (
                Self::Sent | Self::Unknown { .. } | Self::Acknowledged { .. },
                Self::Rejected { .. } | Self::Closed { .. },
            ) => Some(next.clone()),
            (Self::Unknown { since, .. }, Self::Unknown { why, .. }) => Some(Self::Unknown {
                since: *since,
                why: why.clone(),
            }),
            (Self::Acknowledged { provider_id: known }, Self::Acknowledged { provider_id }) => {
                Some(Self::Acknowledged {
                    provider_id: provider_id.clone().or_else(|| known.clone()),
                })
            }
            (Self::Rejected { .. } | Self::Closed { .. }, _) if self == next => Some(next.clone()),
            (Self::Rejected { .. } | Self::Closed { .. }, _)
            | (Self::Sent | Self::Unknown { .. } | Self::Acknowledged { .. }, Self::Intended)
            | (Self::Unknown { .. } | Self::Acknowledged { .. }, Self::Sent)
            | (Self::Acknowledged { .. }, Self::Unknown { .. }) => None,
        }
    }
}

impl Intent {
    /// A new intent, before anything is sent.
    #[must_use]
    pub fn new(id: ClientOrderId, draft: OrderDraft, created: Timestamp) -> Self {
        Self {
            id,
            draft,
            created,
            replaces: None,
            state: IntentState::Intended,
            updated: created,
        }
    }

    fn table(&self) -> Table {
        if self.state.is_settled() {
            Table::SETTLED_INTENTS
        } else {
            Table::OPEN_INTENTS
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![LAYOUT]).expect("plain data always serialises")
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, LedgerError> {
        let unreadable = LedgerError::Damaged("an order in it cannot be read");
        match bytes.split_first() {
            Some((&LAYOUT, rest)) => match postcard::take_from_bytes(rest) {
                Ok((intent, [])) => Ok(intent),
                Ok(_) | Err(_) => Err(unreadable),
            },
            Some((&newer, _)) if newer > LAYOUT => Err(LedgerError::NewerFormat(newer)),
            Some(_) | None => Err(unreadable),
        }
    }
}

impl Journal {
    /// Writes an intent down. Only when this returns without an error may its order be sent.
    ///
    /// # Errors
    /// [`LedgerError::Repeated`] for an id that was recorded before, whatever became of it; [`LedgerError::Full`],
    /// [`LedgerError::TooLarge`]; [`LedgerError::Vault`] when the disk is nearly full; [`LedgerError::Damaged`],
    /// [`LedgerError::Failed`].
    pub fn record(&self, intent: &Intent) -> Result<(), LedgerError> {
        self.store.check_space()?;
        self.store.change(|change| {
            if find(change, &intent.id)?.is_some() {
                return Err(LedgerError::Repeated(intent.id.clone()));
            }
            refuse_when_full(
                change.count(Table::OPEN_INTENTS)?,
                change.count(Table::SETTLED_INTENTS)?,
            )?;
            change.put(intent.table(), intent.id.as_str(), &intent.to_bytes())
        })
    }

    /// Writes down what became of an order. A state that it has already is no error.
    ///
    /// # Errors
    /// [`LedgerError::NoSuchOrder`]; [`LedgerError::IllegalStep`] for what cannot follow on what is known, which then
    /// stays; [`LedgerError::Damaged`], [`LedgerError::Failed`].
    pub fn step(
        &self,
        id: &ClientOrderId,
        state: &IntentState,
        at: Timestamp,
    ) -> Result<Intent, LedgerError> {
        self.store.change(|change| {
            let found = find(change, id)?.ok_or_else(|| LedgerError::NoSuchOrder(id.clone()))?;
            let state = found
                .state
                .then(state)
                .ok_or_else(|| LedgerError::IllegalStep {
                    id: id.clone(),
                    from: found.state.word(),
                    to: state.word(),
                })?;
            if state == found.state {
                return Ok(found);
            }
            let before = found.table();
            let intent = Intent {
                state,
                updated: at,
                ..found
            };
            if intent.table() != before {
                change.remove(before, id.as_str())?;
            }
            change.put(intent.table(), id.as_str(), &intent.to_bytes())?;
            Ok(intent)
        })
    }

    /// Every order that something may still have happened to, oldest first: to be settled with its venue before
    /// anything new is sent there.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::NewerFormat`], [`LedgerError::Failed`].
    pub fn open_intents(&self) -> Result<Vec<Intent>, LedgerError> {
        let values = self.store.all(Table::OPEN_INTENTS)?;
        let intents = values
            .iter()
            .map(|value| Intent::from_bytes(value.expose()));
        let mut intents = intents.collect::<Result<Vec<_>, _>>()?;
        intents.sort_by_key(|intent| intent.created);
        Ok(intents)
    }

    /// One order, open or settled.
    ///
    /// # Errors
    /// As [`Journal::open_intents`].
    pub fn get(&self, id: &ClientOrderId) -> Result<Option<Intent>, LedgerError> {
        for table in [Table::OPEN_INTENTS, Table::SETTLED_INTENTS] {
            if let Some(value) = self.store.get(table, id.as_str())? {
                return named(id, &value).map(Some);
            }
        }
        Ok(None)
    }
}

fn find(change: &Change<'_>, id: &ClientOrderId) -> Result<Option<Intent>, LedgerError> {
    for table in [Table::OPEN_INTENTS, Table::SETTLED_INTENTS] {
        if let Some(value) = change.get(table, id.as_str())? {
            return named(id, &value).map(Some);
        }
    }
    Ok(None)
}

fn named(id: &ClientOrderId, value: &SecretBytes) -> Result<Intent, LedgerError> {
    let intent = Intent::from_bytes(value.expose())?;
    if intent.id == *id {
        Ok(intent)
    } else {
        Err(LedgerError::Damaged(
            "an order in it is under another's name",
        ))
    }
}

fn refuse_when_full(open: u64, settled: u64) -> Result<(), LedgerError> {
    if open >= MOST_OPEN {
        return Err(LedgerError::Full {
            limit: MOST_OPEN,
            what: "are open",
            next: "settle some before sending more",
        });
    }
    if settled >= MOST_SETTLED {
        return Err(LedgerError::Full {
            limit: MOST_SETTLED,
            what: "were settled",
            next: "move journal.redb away while no order is open",
        });
    }
    Ok(())
}

#[cfg(test)]
#[path = "intents_tests.rs"]
mod tests;
