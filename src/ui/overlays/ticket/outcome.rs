//! An order that was sent, and what became of it.

use crate::domain::{ClientOrderId, Order, OrderDraft, OrderState, Timestamp};
use crate::link::Level;
use crate::ui::panes::PaneContext;
use std::collections::BTreeSet;
use std::time::Duration;

/// After this long without any word of an order, the ticket says so.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// An order under way, and what was there before it: whatever is new since then is an answer.
pub(super) struct Sent {
    pub(super) draft: OrderDraft,
    at: Timestamp,
    known: BTreeSet<ClientOrderId>,
    last_refusal: Option<ClientOrderId>,
}

/// What became of an order.
pub(super) enum Outcome {
    /// Nothing is known yet.
    Waiting,
    /// It was not taken, and why.
    Refused(String),
    /// It goes its way, or nobody knows; a sentence says which.
    Told(Level, String),
}

impl Sent {
    /// An order that is sent now.
    pub(super) fn new(draft: OrderDraft, context: &PaneContext<'_>) -> Self {
        Self {
            draft,
            at: context.now,
            known: context.replica.orders.keys().cloned().collect(),
            last_refusal: context.replica.refusals.back().map(|(id, _)| id.clone()),
        }
    }

    /// Whether no word of it has come for long.
    pub(super) fn is_silent(&self, now: Timestamp) -> bool {
        now.since(self.at) >= SILENCE
    }

    /// What became of it.
    pub(super) fn outcome(&self, context: &PaneContext<'_>) -> Outcome {
        let refusal = context.replica.refusals.back();
        if let Some((_, reason)) = refusal.filter(|(id, _)| Some(id) != self.last_refusal.as_ref())
        {
            return Outcome::Refused(reason.to_string());
        }
        let Some(order) = self.order(context) else {
            return Outcome::Waiting;
        };
        match &order.state {
            OrderState::Sending => Outcome::Waiting,
            OrderState::Asked { .. } => Outcome::Told(
                Level::Warn,
                "the broker placed nothing yet and asks something first".into(),
            ),
            OrderState::Rejected { reason } => Outcome::Refused(format!("rejected: {reason}")),
            OrderState::Unknown { .. } => Outcome::Told(
                Level::Wrong,
                "it is not known whether the order arrived; it is being looked up, see Orders"
                    .into(),
            ),
            OrderState::Accepted
            | OrderState::Working
            | OrderState::CancelPending
            | OrderState::ReplacePending
            | OrderState::Filled
            | OrderState::Cancelled
            | OrderState::Expired
            | OrderState::Replaced
            | OrderState::Other { .. } => {
                let draft = &order.draft;
                let (mode, side) = (draft.mode.word(), draft.side.as_str());
                let sentence = format!("{mode} {side} {}: {}", draft.symbol, order.state.word());
                Outcome::Told(Level::Info, sentence)
            }
        }
    }

    /// The order as the runtime knows it: a new one of this account, symbol and side.
    fn order<'a>(&self, context: &'a PaneContext<'_>) -> Option<&'a Order> {
        let is_it = |order: &&Order| {
            order.draft.account == self.draft.account
                && order.draft.symbol == self.draft.symbol
                && order.draft.side == self.draft.side
                && !self.known.contains(&order.id)
        };
        context.replica.orders.values().find(is_it)
    }
}
