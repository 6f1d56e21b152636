//! What a provider says happened in an account: fills, dividends, fees, transfers.

use crate::domain::account::AccountId;
use crate::domain::instrument::Symbol;
use crate::domain::money::{Money, Price, Quantity};
use crate::domain::order::Side;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One row of an account's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountActivity {
    /// In which account.
    pub account: AccountId,
    /// The provider's own id of the row; the key by which it is counted once.
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
    /// Anything else, by the provider's own word for it.
    Other {
        /// The provider's word: `DIV`, `FEE`, `CSD`.
        word: Text,
        /// Change of cash, where there is one.
        amount: Option<Money>,
        /// For what, where there is one.
        symbol: Option<Symbol>,
        /// The provider's description.
        description: Text,
    },
}
