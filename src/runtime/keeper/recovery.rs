//! What the journal of an earlier run left open.

use crate::domain::{Text, Timestamp};
use crate::engine::input::OpenIntent;
use crate::ledger::{Intent, IntentState, Journal};

/// Orders of an earlier run whose fate is open. One that was written down and never began to be sent is settled here.
pub(super) fn open_intents(
    journal: &Journal,
    now: Timestamp,
    warnings: &mut Vec<Text>,
) -> Vec<OpenIntent> {
    let intents = match journal.open_intents() {
        Ok(intents) => intents,
        Err(error) => {
            warnings.push(Text::new(&error.to_string()));
            return Vec::new();
        }
    };
    let (never_sent, open): (Vec<_>, Vec<_>) = intents
        .into_iter()
        .partition(|intent| intent.state == IntentState::Intended);
    for intent in never_sent {
        let reason = "the program ended before it was sent".into();
        if let Err(error) = journal.step(&intent.id, &IntentState::Rejected { reason }, now) {
            warnings.push(Text::new(&error.to_string()));
        }
    }
    open.into_iter().map(open_intent).collect()
}

fn open_intent(intent: Intent) -> OpenIntent {
    let provider_id = match intent.state {
        IntentState::Acknowledged { provider_id } => provider_id,
        IntentState::Intended
        | IntentState::Sent
        | IntentState::Rejected { .. }
        | IntentState::Unknown { .. }
        | IntentState::Closed { .. } => None,
    };
    OpenIntent {
        id: intent.id,
        draft: intent.draft,
        created: intent.created,
        provider_id,
    }
}
