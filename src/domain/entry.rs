//! What happened in an account, in the words of a ledger: trades with their fees, cash, units that came and went.
//!
//! An entry is a fact as the provider told it; what it means for lots and profit is decided elsewhere. Signs are those of
//! the account: cash that came in is positive, units that came in are positive.

use crate::domain::account::AccountId;
use crate::domain::instrument::{AssetClass, Symbol};
use crate::domain::money::{Currency, Money, Price, Quantity};
use crate::domain::order::Side;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use kept::{Fate, RejectedRow, Trace};
pub use listing::Listing;

mod kept;
mod listing;

/// One thing that happened in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// In which account.
    pub account: AccountId,
    /// By what it is counted once.
    pub id: EntryId,
    /// When it happened.
    pub time: Timestamp,
    /// On which day cash and units change hands, where the provider says it.
    pub settles: Option<Date>,
    /// Which earlier entry this one takes the place of: a correction, or the taking back of it.
    pub corrects: Option<EntryId>,
    /// The provider's own word for it: `FILL`, `DIV`, `Receive Deliver`.
    pub word: Text,
    /// The provider's description.
    pub description: Text,
    /// What happened.
    pub what: What,
}

/// The name by which an entry is counted once within its account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryId {
    /// The provider's own id.
    Provider(Text),
    /// For a row without an id: what it says, as a digest, and which of its equals it is, counted from 0 in the order of
    /// the provider's listing, so that two honest identical executions stay two. [`Listing`] gives it.
    Fingerprint(Text, u16),
}

impl EntryId {
    /// The provider's own id.
    pub fn provider(id: &str) -> Self {
        Self::Provider(Text::at_most(id, 128))
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Bought or sold.
    Trade(Trade),
    /// Cash came or went.
    Cash {
        /// Why.
        cause: CashCause,
        /// How much; negative when it went.
        amount: Money,
        /// For what, where it belongs to an instrument.
        symbol: Option<Symbol>,
    },
    /// Units came or went without a price: moved in kind between accounts, given, or taken back.
    Units {
        /// Of what.
        holding: Holding,
        /// How many; negative when they went.
        quantity: Quantity,
        /// What they cost where they came from, in all and positive, where the provider says it.
        cost: Option<Money>,
    },
    /// An option's contracts ended; a delivery of the underlying is a trade of its own.
    OptionEnded {
        /// Of what.
        holding: Holding,
        /// How it ended.
        how: OptionEnd,
        /// Change of the number of contracts: positive when written ones ended.
        quantity: Quantity,
    },
    /// Every `from` units became `to` units of the same symbol.
    Split {
        /// Of what.
        symbol: Symbol,
        /// Units before.
        #[serde(with = "rust_decimal::serde::str")]
        from: Decimal,
        /// Units after.
        #[serde(with = "rust_decimal::serde::str")]
        to: Decimal,
    },
    /// Units of one instrument became units of another: a merger or a new symbol.
    Exchanged {
        /// What went.
        from: Holding,
        /// How many of it, positive.
        gone: Quantity,
        /// What came.
        to: Holding,
        /// How many of it, positive.
        come: Quantity,
        /// Cash that came beside it.
        cash: Option<Money>,
    },
    /// Units of a new instrument came out of one that is kept.
    SpunOff {
        /// What is kept.
        parent: Symbol,
        /// What came.
        child: Holding,
        /// How many of it, positive.
        quantity: Quantity,
        /// Part of the parent's cost that goes to it, between 0 and 1, where the provider says it.
        #[serde(with = "rust_decimal::serde::str_option")]
        cost_share: Option<Decimal>,
    },
    /// The entry named in [`Entry::corrects`] did not happen.
    TakenBack,
    /// Something we have no word for. It is kept and shown; reconciliation names it as a likely cause.
    Noted {
        /// Change of cash, where there is one.
        amount: Option<Money>,
        /// For what, where there is one.
        symbol: Option<Symbol>,
        /// Change of units, where there is one.
        quantity: Option<Quantity>,
    },
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Of what.
    pub holding: Holding,
    /// Bought or sold.
    pub side: Side,
    /// How many, positive.
    pub quantity: Quantity,
    /// Price of one unit of the underlying.
    pub price: Price,
    /// Everything that was paid beside the price, positive; negative for a rebate. In the currency of the price.
    #[serde(with = "rust_decimal::serde::str")]
    pub fees: Decimal,
    /// The provider's id of the order, where it says one.
    pub order: Option<Text>,
}

/// An instrument as an entry knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holding {
    /// In our spelling.
    pub symbol: Symbol,
    /// What it is.
    pub class: AssetClass,
    /// Units of the underlying behind one unit: 100 for most options, 1 for shares.
    #[serde(with = "rust_decimal::serde::str")]
    pub multiplier: Decimal,
    /// What it is priced in.
    pub currency: Currency,
}

/// Why cash came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashCause {
    /// A dividend, or what is paid instead of one.
    Dividend,
    /// Interest earned or paid.
    Interest,
    /// A fee that belongs to no single trade, or that the provider lists apart.
    Fee,
    /// Tax withheld or given back.
    Tax,
    /// Money from outside.
    Deposit,
    /// Money to outside.
    Withdrawal,
    /// Moved between accounts of the same person at the same provider.
    Journal,
    /// One side of a currency conversion.
    Conversion,
    /// Daily settlement of futures.
    MarkToMarket,
    /// Anything else that the provider calls an adjustment.
    Adjustment,
    /// Paid for the fraction of a unit that a split, a merger or a spin-off left over.
    InLieu,
}

/// How an option's contracts ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionEnd {
    /// Worthless.
    Expired,
    /// The person used them.
    Exercised,
    /// The other side used them.
    Assigned,
}

impl Trade {
    /// Price times quantity times multiplier, positive; `None` where it does not fit a decimal.
    pub fn notional(&self) -> Option<Decimal> {
        let units = self.price.times(self.quantity)?;
        units.checked_mul(self.holding.multiplier)
    }

    /// Change of cash: negative for a purchase, fees taken off. Futures move no cash but their fees.
    pub fn cash(&self) -> Option<Decimal> {
        let notional = match self.holding.class {
            AssetClass::Future => Decimal::ZERO,
            AssetClass::Equity
            | AssetClass::Option
            | AssetClass::Crypto
            | AssetClass::Forex
            | AssetClass::Other(_) => self.notional()?,
        };
        let signed = match self.side {
            Side::Buy => -notional,
            Side::Sell => notional,
        };
        signed.checked_sub(self.fees)
    }

    /// Change of units: negative for a sale.
    pub fn units(&self) -> Quantity {
        match self.side {
            Side::Buy => self.quantity,
            Side::Sell => Quantity(-self.quantity.0),
        }
    }
}

impl Entry {
    /// The execution, where it is one.
    pub fn trade(&self) -> Option<&Trade> {
        if let What::Trade(trade) = &self.what {
            return Some(trade);
        }
        None
    }

    /// Every instrument it changes: two where one became the other.
    pub fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        let other = match &self.what {
            What::Exchanged { from, .. } => Some(&from.symbol),
            What::SpunOff { parent, .. } => Some(parent),
            What::Trade(_)
            | What::Cash { .. }
            | What::Units { .. }
            | What::OptionEnded { .. }
            | What::Split { .. }
            | What::TakenBack
            | What::Noted { .. } => None,
        };
        let other = other.filter(|other| self.symbol() != Some(*other));
        self.symbol().into_iter().chain(other)
    }

    /// The instrument it is about, where there is one; of two, the one that came.
    pub fn symbol(&self) -> Option<&Symbol> {
        match &self.what {
            What::Trade(trade) => Some(&trade.holding.symbol),
            What::Cash { symbol, .. } | What::Noted { symbol, .. } => symbol.as_ref(),
            What::Units { holding, .. } | What::OptionEnded { holding, .. } => {
                Some(&holding.symbol)
            }
            What::Split { symbol, .. } => Some(symbol),
            What::Exchanged { to, .. } => Some(&to.symbol),
            What::SpunOff { child, .. } => Some(&child.symbol),
            What::TakenBack => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::decimal;

    fn trade(class: AssetClass, side: Side, multiplier: &str) -> Trade {
        Trade {
            holding: Holding {
                symbol: Symbol::new("X"),
                class,
                multiplier: decimal(multiplier).unwrap(),
                currency: Currency::USD,
            },
            side,
            quantity: "2".parse().unwrap(),
            price: "1.50".parse().unwrap(),
            fees: decimal("0.13").unwrap(),
            order: None,
        }
    }

    #[test]
    fn cash_of_a_trade_has_the_sign_of_the_account() {
        let check = |class, side, multiplier, expected: &str| {
            let cash = trade(class, side, multiplier).cash();
            assert_eq!(cash, Some(decimal(expected).unwrap()));
        };
        check(AssetClass::Equity, Side::Buy, "1", "-3.13");
        check(AssetClass::Equity, Side::Sell, "1", "2.87");
        check(AssetClass::Option, Side::Sell, "100", "299.87");
        check(AssetClass::Future, Side::Buy, "50", "-0.13");
    }

    fn row(seconds: i64, price: &str) -> Entry {
        let mut trade = trade(AssetClass::Equity, Side::Buy, "1");
        trade.price = price.parse().unwrap();
        Entry {
            account: AccountId {
                connection: crate::domain::ConnectionId::new("schwab"),
                number: "1".into(),
            },
            id: EntryId::provider("no matter"),
            time: Timestamp::from_millis(seconds * 1000).unwrap(),
            settles: None,
            corrects: None,
            word: "TRADE".into(),
            description: "".into(),
            what: What::Trade(trade),
        }
    }

    #[test]
    fn a_merger_changes_two_instruments() {
        let mut entry = row(1, "5");
        let holding = |symbol: &str| Holding {
            symbol: Symbol::new(symbol),
            ..trade(AssetClass::Equity, Side::Buy, "1").holding
        };
        entry.what = What::Exchanged {
            from: holding("OLD"),
            gone: "1".parse().unwrap(),
            to: holding("NEW"),
            come: "2".parse().unwrap(),
            cash: None,
        };
        let symbols: Vec<_> = entry.symbols().map(Symbol::as_str).collect();
        assert_eq!(symbols, ["NEW", "OLD"]);
        assert_eq!(row(1, "5").symbols().count(), 1);
    }

    #[test]
    fn an_entry_survives_the_disk() {
        let account = AccountId {
            connection: crate::domain::ConnectionId::new("alpaca"),
            number: "1".into(),
        };
        let entry = Entry {
            account,
            id: EntryId::Fingerprint("5f".into(), 1),
            time: Timestamp::EPOCH,
            settles: Some(jiff::civil::date(2026, 1, 2)),
            corrects: Some(EntryId::provider("7")),
            word: "FILL".into(),
            description: "".into(),
            what: What::Trade(trade(AssetClass::Option, Side::Buy, "100")),
        };
        let bytes = postcard::to_stdvec(&entry).unwrap();
        assert_eq!(postcard::from_bytes::<Entry>(&bytes).unwrap(), entry);
    }
}
