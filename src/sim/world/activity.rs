//! What happened in an account.

use crate::domain::{ClientOrderId, Price, Quantity, Side, Symbol, Timestamp};
use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

/// One row of an account's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Its own name.
    pub id: Uuid,
    /// When it was written.
    pub time: Timestamp,
    /// What happened.
    pub happening: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// An execution.
    Fill {
        /// Of which order.
        order: ClientOrderId,
        /// Of what.
        symbol: Symbol,
        /// Bought or sold.
        side: Side,
        /// Whether it opened or enlarged a short position.
        short: bool,
        /// How many.
        quantity: Quantity,
        /// At what price.
        price: Price,
        /// Filled of the order so far.
        cumulative: Quantity,
        /// Still wanted of the order.
        leaves: Quantity,
    },
    /// Cash that came or went.
    Cash(Cash),
}

/// Cash that came or went.
#[derive(Clone, Debug, PartialEq)]
pub struct Cash {
    /// Why.
    pub kind: CashKind,
    /// How much; negative when it went.
    pub amount: Decimal,
    /// The day it is of.
    pub date: Date,
    /// For what.
    pub symbol: Option<Symbol>,
    /// For how many units.
    pub quantity: Option<Quantity>,
    /// In words.
    pub description: String,
}

/// Why cash came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CashKind {
    /// A deposit.
    Deposit,
    /// A withdrawal.
    Withdrawal,
    /// A dividend.
    Dividend,
    /// A regulator's fee on sales.
    RegulatoryFee,
    /// Interest on cash.
    Interest,
}

impl Activity {
    /// The change of cash it made.
    pub fn cash(&self) -> Decimal {
        match &self.happening {
            Happening::Cash(cash) => cash.amount,
            Happening::Fill {
                side,
                quantity,
                price,
                ..
            } => match side {
                Side::Buy => -(quantity.0 * price.0),
                Side::Sell => quantity.0 * price.0,
            },
        }
    }

    /// The change of a holding it made.
    pub fn units(&self) -> Option<(&Symbol, Decimal)> {
        match &self.happening {
            Happening::Fill {
                symbol,
                side,
                quantity,
                ..
            } => Some((
                symbol,
                match side {
                    Side::Buy => quantity.0,
                    Side::Sell => -quantity.0,
                },
            )),
            Happening::Cash(_) => None,
        }
    }
}
