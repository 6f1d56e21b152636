//! Accounts and what is in them.

use crate::domain::ids::{ConnectionId, ProviderId};
use crate::domain::money::Currency;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of a provider's worlds a connection belongs to. A type and not a flag: it is bound into
/// the sealed credential and compared with what the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The provider's own simulation; no real money.
    Paper,
    /// Real money.
    Live,
}

impl Environment {
    /// `paper` or `live`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Live => "live",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// One account at one connection, as the provider numbers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId {
    /// The credentials that reach it.
    pub connection: ConnectionId,
    /// The provider's own number or name of it.
    pub number: Text,
}

impl AccountId {
    /// The last four characters behind an ellipsis, as account numbers are shown: `…4821`.
    pub fn short(&self) -> String {
        let number = self.number.as_str();
        let skip = number.chars().count().saturating_sub(4);
        format!("…{}", number.chars().skip(skip).collect::<String>())
    }
}

/// An account and who keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Which one.
    pub id: AccountId,
    /// At which provider.
    pub provider: ProviderId,
    /// Paper or live.
    pub environment: Environment,
    /// What the person or the provider calls it: `margin`, `IRA`.
    pub name: Text,
    /// What it is kept in.
    pub currency: Currency,
    /// The provider's word for its condition when it is not simply active: `ACTION_REQUIRED`.
    pub restriction: Option<Text>,
}

/// What an account holds and may spend, as the provider reports it, in the account's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Of which account.
    pub account: AccountId,
    /// Currency of every figure below.
    pub currency: Currency,
    /// Everything in it, at market value.
    #[serde(with = "rust_decimal::serde::str")]
    pub equity: Decimal,
    /// Equity at the close before; `None` where the provider does not say.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub previous_equity: Option<Decimal>,
    /// Cash; negative when borrowed.
    #[serde(with = "rust_decimal::serde::str")]
    pub cash: Decimal,
    /// What may be spent on new positions; `None` where the provider does not say.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub buying_power: Option<Decimal>,
    /// When we read it.
    pub as_of: Timestamp,
}

impl Balance {
    /// Change of equity since the close before; `None` where it is not said or does not fit a decimal.
    pub fn day_change(&self) -> Option<Decimal> {
        self.equity.checked_sub(self.previous_equity?)
    }

    /// The same as a fraction of the equity before: `0.0033` is 0.33 %.
    pub fn day_change_fraction(&self) -> Option<Decimal> {
        self.day_change()?.checked_div(self.previous_equity?)
    }
}

/// Equity of an account at a moment of its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// When.
    pub time: Timestamp,
    /// How much, in the account's currency.
    #[serde(with = "rust_decimal::serde::str")]
    pub equity: Decimal,
    /// Profit or loss since the start of the history asked for, where reported.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub profit: Option<Decimal>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_number_is_shown_by_its_end() {
        for (number, short) in [("PA3R4QS34821", "…4821"), ("12", "…12"), ("", "…")] {
            let id = AccountId {
                connection: ConnectionId::new("alpaca"),
                number: number.into(),
            };
            assert_eq!(id.short(), short);
        }
    }

    #[test]
    fn an_account_without_yesterday_has_no_day_change() {
        let mut balance = Balance {
            account: AccountId {
                connection: ConnectionId::new("alpaca"),
                number: "1".into(),
            },
            currency: Currency::USD,
            equity: Decimal::from(110),
            previous_equity: Some(Decimal::from(100)),
            cash: Decimal::ZERO,
            buying_power: None,
            as_of: Timestamp::EPOCH,
        };
        assert_eq!(balance.day_change_fraction(), Some(Decimal::new(1, 1)));
        balance.previous_equity = Some(Decimal::ZERO);
        assert_eq!(balance.day_change_fraction(), None);
        balance.previous_equity = None;
        assert_eq!(balance.day_change(), None);
    }
}
