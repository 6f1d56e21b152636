//! What a book writes down while it counts: openings, what was realised, cash, and what it could not understand.

use crate::domain::{
    AccountId, AssetClass, CashCause, Currency, EntryId, Money, Side, Symbol, Timestamp,
};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How units were closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Sold, or bought back.
    Traded,
    /// An option that ended worthless.
    Expired,
    /// An option that was settled in cash.
    CashSettled,
    /// A fraction paid out in cash after a split, a merger or a spin-off.
    InLieu,
    /// Taken over for cash, or for more cash than it had cost.
    TakenOver,
    /// Units that came in kind and closed a short position.
    CameInKind,
}

/// Profit or loss that became final: one row for each lot of each closing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Realised {
    /// In which account.
    pub account: AccountId,
    /// Of what.
    pub symbol: Symbol,
    /// What kind of thing.
    pub class: AssetClass,
    /// Currency of the amounts.
    pub currency: Currency,
    /// The entry that closed it.
    pub closed_by: EntryId,
    /// When.
    pub closed: Timestamp,
    /// How.
    pub how: Closing,
    /// The lot, by the entry that opened it; `None` where the history does not reach back to it.
    pub lot: Option<EntryId>,
    /// When the lot was opened; `None` where nobody said, and of an average of several days.
    pub opened: Option<Timestamp>,
    /// Units of the lot that were closed; negative when they had been sold short.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
    /// What the closing brought, its fees taken off; negative, what was paid, when a short position was bought back.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub proceeds: Option<Decimal>,
    /// What the units had cost, fees included; negative, what they had brought, when they had been sold short.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub cost: Option<Decimal>,
}

impl Realised {
    /// Proceeds minus cost; `None`, never 0, where one of them is unknown.
    pub fn profit(&self) -> Option<Decimal> {
        Some(self.proceeds? - self.cost?)
    }
}

/// Units that were bought, or sold short: what a wash sale looks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Of what.
    pub symbol: Symbol,
    /// What kind of thing.
    pub class: AssetClass,
    /// The entry, which is the lot's name too.
    pub lot: EntryId,
    /// When.
    pub opened: Timestamp,
    /// How many; negative when sold short.
    #[serde(with = "rust_decimal::serde::str")]
    pub quantity: Decimal,
}

/// A split that an account told of, whether or not it held the symbol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitSeen {
    /// Of what.
    pub symbol: Symbol,
    /// When.
    pub time: Timestamp,
    /// Units before.
    #[serde(with = "rust_decimal::serde::str")]
    pub from: Decimal,
    /// Units after.
    #[serde(with = "rust_decimal::serde::str")]
    pub to: Decimal,
}

/// Why cash moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowCause {
    /// A purchase or a sale, fees included.
    Trade,
    /// What the entry says.
    Said(CashCause),
    /// Cash beside an exchange of units.
    Exchange,
    /// Something that was only noted.
    Noted,
}

/// Cash that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashFlow {
    /// The entry.
    pub entry: EntryId,
    /// When.
    pub time: Timestamp,
    /// When it is settled: what the entry says, or the rule of its class.
    pub settles: Date,
    /// Why.
    pub cause: FlowCause,
    /// How much; negative when it went.
    pub money: Money,
    /// For what.
    pub symbol: Option<Symbol>,
}

/// The premium of an option that was used, until the underlying is delivered and takes it over.
///
/// IRS Publication 550, "Exercising or writing options": what a call cost is added to the cost of the shares bought, what
/// a put cost is taken off the proceeds of the shares sold; a premium received is added to the proceeds when a written
/// call is assigned, and taken off the cost when a written put is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Premium {
    /// The option.
    pub option: Symbol,
    /// What will be delivered; `None` where the option's symbol does not say.
    pub underlying: Option<Symbol>,
    /// At which price.
    #[serde(with = "rust_decimal::serde::str")]
    pub strike: Decimal,
    /// Whether it will be bought or sold.
    pub side: Side,
    /// How many units of the underlying are still to come.
    #[serde(with = "rust_decimal::serde::str")]
    pub units: Decimal,
    /// What the contracts had cost, negative when they had been written; `None` where unknown.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub cost: Option<Decimal>,
    /// In which currency.
    pub currency: Currency,
    /// The entry that ended the option.
    pub entry: EntryId,
    /// When.
    pub time: Timestamp,
    /// The lots' first opening.
    pub opened: Option<Timestamp>,
    /// Contracts, with the sign of the lots.
    #[serde(with = "rust_decimal::serde::str")]
    pub contracts: Decimal,
}

/// Why an entry was not counted, or not in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// It names a number too large to be real; it is not counted.
    TooLarge,
    /// It is priced in another currency than what is held; its cost is unknown.
    OtherCurrency,
    /// It closes more than the history before it had opened.
    MoreThanHeld,
    /// We have no word for it.
    NotUnderstood,
    /// A split without a ratio, or units of an exchange that are not positive; it is not counted.
    NoRatio,
    /// A spin-off whose share of the cost nobody says: both costs are unknown from here on.
    NoCostShare,
    /// An option was used and its symbol does not say what will be delivered.
    NoTerms,
}

/// An entry with its problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Which.
    pub entry: EntryId,
    /// When.
    pub time: Timestamp,
    /// About what.
    pub symbol: Option<Symbol>,
    /// What is wrong with it.
    pub problem: Problem,
}
