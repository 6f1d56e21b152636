//! Orders: what a venue made of what was wanted, and the steps between.

pub use crate::domain::draft::{
    Exits, Mode, OrderChange, OrderDraft, OrderKind, OrderSize, Side, StopLoss, TimeInForce,
    TrailBy,
};

use crate::domain::ids::ClientOrderId;
use crate::domain::money::{Price, Quantity};
use crate::domain::question::Question;
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
    /// The venue placed nothing and asks the person first.
    Asked {
        /// What it asks.
        question: Box<Question>,
        /// Until when an answer makes sense.
        until: Timestamp,
        /// What the person said, once they did; the venue has not answered that yet.
        said: Option<Said>,
    },
}

/// What a person says to a venue's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The order is to be placed, or changed.
    Yes,
    /// It is not.
    No,
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
            | Self::Other { .. }
            | Self::Asked { .. } => false,
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
            Self::Asked { said: None, .. } => "asked",
            Self::Asked {
                said: Some(Said::Yes),
                ..
            } => "said yes",
            Self::Asked {
                said: Some(Said::No),
                ..
            } => "said no",
        }
    }

    /// Whether a venue's word may follow ours: a final state never opens again, only a definitive answer leaves
    /// [`OrderState::Unknown`], and an order that was asked about is lost sight of only after a yes.
    pub fn may_become(&self, next: &Self) -> bool {
        match self {
            Self::Sending => true,
            Self::Unknown { .. } => !matches!(next, Self::Sending | Self::Asked { .. }),
            Self::Asked { said, .. } => {
                let said_yes = *said == Some(Said::Yes);
                *next != Self::Sending && (said_yes || !matches!(next, Self::Unknown { .. }))
            }
            Self::Filled
            | Self::Cancelled
            | Self::Expired
            | Self::Replaced
            | Self::Rejected { .. } => self == next,
            Self::Accepted
            | Self::Working
            | Self::CancelPending
            | Self::ReplacePending
            | Self::Other { .. } => !matches!(
                next,
                Self::Sending | Self::Unknown { .. } | Self::Asked { .. }
            ),
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

    /// Whether its venue asked something, and has not answered what was said to that.
    pub fn is_asked(&self) -> bool {
        matches!(self.state, OrderState::Asked { .. })
    }

    /// What its venue asks, while the person has said nothing.
    pub fn question(&self) -> Option<&Question> {
        let OrderState::Asked { question, said, .. } = &self.state else {
            return None;
        };
        said.is_none().then_some(&**question)
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

    fn asked(said: Option<Said>) -> OrderState {
        use crate::domain::question::About;
        let question = Question::new("q", About::Placing, ["Are you sure?"], []);
        OrderState::Asked {
            question: Box::new(question.unwrap()),
            until: Timestamp::EPOCH,
            said,
        }
    }

    #[test]
    fn only_a_yes_can_lose_sight_of_an_order_that_was_asked_about() {
        let (yes, no) = (Some(Said::Yes), Some(Said::No));
        let cases = [
            (OrderState::Sending, asked(None), true),
            (asked(None), asked(yes), true),
            (asked(yes), asked(None), true),
            (asked(None), rejected(), true),
            (asked(None), OrderState::Working, true),
            (asked(yes), unknown(), true),
            (asked(None), unknown(), false),
            (asked(no), unknown(), false),
            (asked(yes), OrderState::Sending, false),
            (unknown(), asked(None), false),
            (OrderState::Working, asked(None), false),
            (rejected(), asked(None), false),
        ];
        for (from, to, allowed) in cases {
            let step = format!("{} -> {}", from.word(), to.word());
            assert_eq!(from.may_become(&to), allowed, "{step}");
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
