//! What a stream says happens in an account: executions. The history tells of them again, as [entries](super::entry).

use crate::domain::account::AccountId;
use crate::domain::instrument::Symbol;
use crate::domain::money::{Price, Quantity};
use crate::domain::order::Side;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that a stream told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountActivity {
    /// In which account.
    pub account: AccountId,
    /// The name by which it is counted once; where the provider has one for both, that of the history's entry.
    pub provider_id: Text,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    pub kind: ActivityKind,
}

/// What happened in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// One execution of an order.
    Fill {
        /// Of what.
        symbol: Symbol,
        /// Bought or sold.
        side: Side,
        /// How many in this execution.
        quantity: Quantity,
        /// At what price.
        price: Price,
        /// The provider's id of the order.
        order: Text,
    },
}
