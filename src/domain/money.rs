//! Amounts: exact decimals from text to screen, each in a type of its own so that a price is never added to a quantity.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A text that is not a decimal number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number: {0}")]
pub struct NotADecimal(pub crate::domain::text::Text);

/// Parses a decimal exactly, with or without an exponent; nothing passes through a float.
pub fn decimal(text: &str) -> Result<Decimal, NotADecimal> {
    Decimal::from_str_exact(text)
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(|_| NotADecimal(text.into()))
}

macro_rules! amount {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "rust_decimal::serde::str")] pub Decimal);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(Decimal::ZERO);
        }

        impl FromStr for $name {
            type Err = NotADecimal;
            fn from_str(text: &str) -> Result<Self, NotADecimal> {
                decimal(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

amount! {
    /// Units of account for one unit of an instrument.
    Price
}

amount! {
    /// Number of shares, contracts or coins; negative for a short position.
    Quantity
}

impl Price {
    /// Whether the price lies on the grid of `tick`; a zero tick has no grid.
    pub fn is_on_tick(self, tick: Decimal) -> bool {
        tick.is_zero() || (self.0 % tick).is_zero()
    }

    /// What `quantity` costs at this price; `None` when it does not fit a decimal.
    pub fn times(self, quantity: Quantity) -> Option<Decimal> {
        self.0.checked_mul(quantity.0)
    }
}

/// A currency's code, at most eight ASCII characters: `USD`, `USDC`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 8]);

/// A text that is not a currency's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a currency code: {0}")]
pub struct NotACurrency(pub crate::domain::text::Text);

impl Currency {
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD\0\0\0\0\0");

    /// Reads a code of one to eight ASCII letters or digits, in upper case.
    pub fn parse(text: &str) -> Result<Self, NotACurrency> {
        let fits =
            (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !fits {
            return Err(NotACurrency(text.into()));
        }
        let mut code = [0; 8];
        code[..text.len()].copy_from_slice(text.to_ascii_uppercase().as_bytes());
        Ok(Self(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        let end = self
            .0
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..end]).expect("only ASCII is stored")
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;
    fn try_from(text: String) -> Result<Self, NotACurrency> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// How much; negative when owed.
    #[serde(with = "rust_decimal::serde::str")]
    pub amount: Decimal,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// `amount` of `currency`.
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.amount, self.currency)
    }
}

/// What one unit of a currency cost in another on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeRate {
    /// Of which currency one unit.
    pub from: Currency,
    /// In which currency.
    pub to: Currency,
    /// On which day.
    pub day: Date,
    /// How much.
    #[serde(with = "rust_decimal::serde::str")]
    pub rate: Decimal,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn decimals_are_exact_and_keep_their_digits() {
        assert_eq!(
            price("122011.09751111286868").to_string(),
            "122011.09751111286868"
        );
        assert_eq!(price("1e-7").to_string(), "0.0000001");
        assert_eq!(price("86.850").to_string(), "86.850");
        for wrong in ["", "NaN", "inf", "1,000", "0x10", "--1"] {
            assert!(wrong.parse::<Price>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tick_is_a_grid() {
        let cases = [
            ("100.01", "0.01", true),
            ("100.005", "0.01", false),
            ("5528.75", "0.25", true),
            ("1.23456", "0", true),
        ];
        for (text, tick, fits) in cases {
            assert_eq!(
                price(text).is_on_tick(decimal(tick).unwrap()),
                fits,
                "{text} on {tick}"
            );
        }
    }

    #[test]
    fn a_currency_is_a_short_code() {
        assert_eq!(Currency::parse("usd").unwrap(), Currency::USD);
        assert_eq!(Currency::parse("USDC").unwrap().as_str(), "USDC");
        for wrong in ["", "TOOLONGCODE", "U$D", "ÜSD"] {
            assert!(Currency::parse(wrong).is_err(), "{wrong}");
        }
    }
}
