//! What is held.

use crate::domain::account::AccountId;
use crate::domain::instrument::{AssetClass, Symbol};
use crate::domain::money::{Currency, Price, Quantity};
use crate::domain::time::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A holding as the provider reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// In which account.
    pub account: AccountId,
    /// Of what, in our spelling.
    pub symbol: Symbol,
    /// What kind of thing.
    pub class: AssetClass,
    /// Currency of the prices below.
    pub currency: Currency,
    /// How many; negative when sold short.
    pub quantity: Quantity,
    /// Units of the underlying behind one unit: 100 for most options, 1 for shares.
    #[serde(with = "rust_decimal::serde::str")]
    pub multiplier: Decimal,
    /// How many are free to sell; `None` where not reported.
    pub available: Option<Quantity>,
    /// Average price paid.
    pub average_price: Option<Price>,
    /// The provider's price of one unit when we read the position.
    pub reported_price: Option<Price>,
    /// The provider's price of one unit at the close before.
    pub previous_close: Option<Price>,
    /// When we read it.
    pub as_of: Timestamp,
}

impl Position {
    /// Value of the holding at `price`; negative when short.
    pub fn value(&self, price: Price) -> Option<Decimal> {
        price.times(self.quantity)?.checked_mul(self.multiplier)
    }

    /// Profit or loss not yet realised at `price`.
    pub fn unrealised(&self, price: Price) -> Option<Decimal> {
        self.value(price)?.checked_sub(self.cost()?)
    }

    /// What the holding cost; negative when short.
    pub fn cost(&self) -> Option<Decimal> {
        self.value(self.average_price?)
    }

    /// Unrealised profit as a fraction of what the holding cost.
    pub fn unrealised_fraction(&self, price: Price) -> Option<Decimal> {
        self.unrealised(price)?.checked_div(self.cost()?.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ConnectionId;
    use crate::domain::money::decimal;

    fn position(quantity: &str, average: &str) -> Position {
        Position {
            account: AccountId {
                connection: ConnectionId::new("alpaca"),
                number: "1".into(),
            },
            symbol: Symbol::new("AAPL"),
            class: AssetClass::Equity,
            currency: Currency::USD,
            quantity: quantity.parse().unwrap(),
            multiplier: Decimal::ONE,
            available: None,
            average_price: Some(average.parse().unwrap()),
            reported_price: None,
            previous_close: None,
            as_of: Timestamp::EPOCH,
        }
    }

    #[test]
    fn profit_has_the_sign_of_the_side() {
        let cases = [
            ("120", "171.20", "189.95", "2250.00"),
            ("-20", "251.00", "244.10", "138.00"),
            ("0.5", "10", "8", "-1.0"),
        ];
        for (quantity, average, price, expected) in cases {
            let profit = position(quantity, average).unrealised(price.parse().unwrap());
            assert_eq!(
                profit,
                Some(decimal(expected).unwrap()),
                "{quantity} @ {average} -> {price}"
            );
        }
    }

    #[test]
    fn a_contract_is_worth_its_multiplier() {
        let mut position = position("-2", "1.50");
        position.multiplier = Decimal::ONE_HUNDRED;
        let price = "1.10".parse().unwrap();
        assert_eq!(position.value(price), Some(decimal("-220.00").unwrap()));
        assert_eq!(position.unrealised(price), Some(decimal("80.00").unwrap()));
    }

    #[test]
    fn a_profit_that_does_not_fit_is_unknown() {
        let most = Decimal::MAX.to_string();
        let short = position("-1", &most);
        assert_eq!(short.unrealised(Price(Decimal::MAX)), Some(Decimal::ZERO));
        assert_eq!(short.unrealised(Price(Decimal::MIN)), None);
    }

    #[test]
    fn a_short_that_gains_has_a_positive_fraction() {
        let fraction = position("-20", "250").unrealised_fraction("225".parse().unwrap());
        assert_eq!(fraction, Some(decimal("0.1").unwrap()));
    }
}
