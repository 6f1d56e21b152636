//! Orders: what a venue made of what was wanted, and the steps between.

pub use crate::domain::draft::{
    Exits, Mode, OrderChange, OrderDraft, OrderKind, OrderSize, Side, StopLoss, TimeInForce,
    TrailBy,
};

use crate::domain::ids::ClientOrderId;
use crate::domain::money::{Price, Quantity};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// The intent is on disk, the request is under way.
    Sending,
    /// Sent, and no answer tells what became of it. It leaves this state on evidence only.
    Unknown {
        /// Since when.
        since: Timestamp,
        /// What went wrong, in plain words.
        why: Text,
    },
    /// The venue has it but does not work it yet.
    Accepted,
    /// It stands in the market, perhaps partly filled.
    Working,
    /// A cancel is under way.
    CancelPending,
    /// A replacement is under way.
    ReplacePending,
    /// All of it filled.
    Filled,
    /// Cancelled; a part may have filled.
    Cancelled,
    /// Its time ran out.
    Expired,
    /// Another order took its place.
    Replaced,
    /// Refused, in the venue's words.
    Rejected {
        /// Why.
        reason: Text,
    },
    /// A state the venue named and we do not know; taken for open.
    Other {
        /// The venue's word.
        word: Text,
    },
}

impl OrderState {
    /// Whether nothing more can happen to the order.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Filled
            | Self::Cancelled
            | Self::Expired
            | Self::Replaced
            | Self::Rejected { .. } => true,
            Self::Sending
            | Self::Unknown { .. }
            | Self::Accepted
            | Self::Working
            | Self::CancelPending
            | Self::ReplacePending
            | Self::Other { .. } => false,
        }
    }

    /// One word for a column.
    pub fn word(&self) -> &str {
        match self {
            Self::Sending => "sending",
            Self::Unknown { .. } => "UNKNOWN",
            Self::Accepted => "accepted",
            Self::Working => "working",
            Self::CancelPending => "cancelling",
            Self::ReplacePending => "replacing",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Rejected { .. } => "rejected",
            Self::Other { word } => word.as_str(),
        }
    }

    /// Whether a venue's word may follow ours: a final state never opens again, and only a
    /// definitive answer leaves [`OrderState::Unknown`].
    pub fn may_become(&self, next: &Self) -> bool {
        match self {
            Self::Sending => true,
            Self::Unknown { .. } => !matches!(next, Self::Sending),
            Self::Filled
            | Self::Cancelled
            | Self::Expired
            | Self::Replaced
            | Self::Rejected { .. } => self == next,
            Self::Accepted
            | Self::Working
            | Self::CancelPending
            | Self::ReplacePending
            | Self::Other { .. } => !matches!(next, Self::Sending | Self::Unknown { .. }),
        }
    }
}

/// An order, ours or one that the venue told us of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Our name of it; the venue's own where it was placed elsewhere.
    pub id: ClientOrderId,
    /// The venue's id, once it gave one.
    pub provider_id: Option<Text>,
    /// What was wanted.
    pub draft: OrderDraft,
    /// Where it stands.
    pub state: OrderState,
    /// Units filled.
    pub filled: Quantity,
    /// Average price of what filled.
    pub average_price: Option<Price>,
    /// When it was made.
    pub created: Timestamp,
    /// When anything last changed.
    pub updated: Timestamp,
    /// The venue's id of the order this one replaced.
    pub replaces: Option<Text>,
    /// The venue's id of the entry this one is an exit of.
    pub parent: Option<Text>,
}

impl Order {
    /// Units wanted; `None` for an order by notional.
    pub fn quantity(&self) -> Option<Quantity> {
        match self.draft.size {
            OrderSize::Quantity(quantity) => Some(quantity),
            OrderSize::Notional(_) => None,
        }
    }

    /// Whether part of it, but not all, is filled and it may still fill.
    pub fn is_partly_filled(&self) -> bool {
        !self.state.is_final() && !self.filled.0.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown() -> OrderState {
        OrderState::Unknown {
            since: Timestamp::EPOCH,
            why: "no answer".into(),
        }
    }

    fn rejected() -> OrderState {
        OrderState::Rejected {
            reason: "no".into(),
        }
    }

    #[test]
    fn only_evidence_leaves_unknown_and_nothing_leaves_the_end() {
        let cases = [
            (OrderState::Sending, unknown(), true),
            (OrderState::Sending, OrderState::Filled, true),
            (unknown(), OrderState::Working, true),
            (unknown(), rejected(), true),
            (unknown(), OrderState::Sending, false),
            (OrderState::Working, unknown(), false),
            (OrderState::Working, OrderState::Cancelled, true),
            (OrderState::Filled, OrderState::Working, false),
            (OrderState::Cancelled, OrderState::Filled, false),
            (rejected(), OrderState::Working, false),
        ];
        for (from, to, allowed) in cases {
            assert_eq!(
                from.may_become(&to),
                allowed,
                "{} -> {}",
                from.word(),
                to.word()
            );
        }
    }
}
