//! What is traded: a symbol in our spelling and what is known of the instrument behind it.

use crate::domain::money::Currency;
use crate::domain::text::Text;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An instrument's symbol in our spelling: `AAPL`, `BRK.B`, `BTC/USD`, `AAPL250620C00100000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Symbol(Text);

impl Symbol {
    /// Longest symbol kept, in characters.
    pub const LONGEST: usize = 32;

    /// Cleans `raw`, upper-cases it and bounds its length.
    pub fn new(raw: &str) -> Self {
        Self(Text::at_most(&raw.trim().to_uppercase(), Self::LONGEST))
    }

    /// The symbol as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// What kind of thing an instrument is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetClass {
    /// Shares and exchange-traded funds.
    Equity,
    /// Listed options.
    Option,
    /// Coins.
    Crypto,
    /// Futures.
    Future,
    /// Currency pairs.
    Forex,
    /// A class the provider named and we do not know.
    Other(Text),
}

/// What is known of an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// In our spelling.
    pub symbol: Symbol,
    /// Its full name, where known.
    pub name: Text,
    /// What it is.
    pub class: AssetClass,
    /// What it is priced in.
    pub currency: Currency,
    /// Smallest price step; zero where unknown.
    #[serde(with = "rust_decimal::serde::str")]
    pub tick: Decimal,
    /// Smallest quantity step; zero where unknown.
    #[serde(with = "rust_decimal::serde::str")]
    pub lot: Decimal,
    /// Whether the provider takes orders in it.
    pub tradable: bool,
    /// Whether parts of a unit can be traded.
    pub fractionable: bool,
    /// Whether it can be sold short.
    pub shortable: bool,
}
