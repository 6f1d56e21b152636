//! What a broker reports against what the entries say, symbol by symbol and currency by currency.
//!
//! A difference comes with the first entry after the last agreement, and with the likeliest of a few causes. A cause is a
//! guess from what is known; nothing is ever corrected by itself.

use super::book::{AccountBook, Problem};
use super::chronicle::Placed;
use crate::domain::{Currency, EntryId, Symbol, Timestamp, What};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Ratios of a split that was not told.
const USUAL_SPLITS: [i64; 9] = [2, 3, 4, 5, 8, 10, 15, 20, 25];

/// What one fill's fee is at most, of what the fill moved: a difference below that may be fees that nobody listed.
const LARGEST_FEE: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// Units of a symbol.
    Units(Symbol),
    /// Cash of a currency, settled or not.
    Cash(Currency),
}

/// What a broker says of one account at a moment.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    /// Units by symbol, what is not there being none; `None` where positions were not reported.
    pub units: Option<BTreeMap<Symbol, Decimal>>,
    /// Cash by currency; what is not there was not reported.
    pub cash: BTreeMap<Currency, Decimal>,
}

/// Why the two may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// What happened before the first entry is not known.
    MissingHistory,
    /// An entry was noted and not understood, or could not be counted.
    NotUnderstood(EntryId),
    /// The units look like a split of so many for so many that no entry tells of.
    LooksLikeSplit {
        /// Units before.
        from: u8,
        /// Units after.
        to: u8,
    },
    /// Units are there that no entry brought: they may have come in kind.
    TransferIn,
    /// The broker leaves out cash that is not settled.
    UnsettledCash,
    /// Less cash by so little that it may be fees nobody listed.
    Fee,
    /// None of these.
    Unexplained,
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both say the same.
    Agreed,
    /// They do not.
    Differs {
        /// Reported minus derived.
        by: Decimal,
        /// The first entry about it after the last agreement.
        since: Option<EntryId>,
        /// What may have happened.
        cause: Cause,
    },
    /// One of the two is not known.
    Unknown,
}

/// One line of a reconciliation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was compared.
    pub item: Item,
    /// What the broker says.
    pub reported: Option<Decimal>,
    /// What the entries add up to; `None` where there are no entries at all.
    pub derived: Option<Decimal>,
    /// What came of it.
    pub verdict: Verdict,
}

/// One account to be compared.
pub struct Reconciliation<'a> {
    /// Its book, counted up to the moment of the report.
    pub book: &'a AccountBook,
    /// Its entries, in order.
    pub entries: &'a [Placed<'a>],
    /// When each item last agreed; what is not there never did.
    pub agreed: &'a BTreeMap<Item, Timestamp>,
}

impl Reconciliation<'_> {
    /// Compares everything that is reported or derived.
    pub fn with(&self, reported: &Reported) -> Vec<Finding> {
        let mut items = BTreeSet::new();
        items.extend(self.book.cash.keys().map(|it| Item::Cash(*it)));
        items.extend(reported.cash.keys().map(|it| Item::Cash(*it)));
        let units = reported.units.iter().flatten();
        items.extend(units.map(|(symbol, _)| Item::Units(symbol.clone())));
        let held = self
            .book
            .positions
            .iter()
            .filter(|(_, it)| !it.units.is_zero());
        items.extend(held.map(|(symbol, _)| Item::Units(symbol.clone())));
        items
            .into_iter()
            .map(|item| self.compare(item, reported))
            .collect()
    }

    fn compare(&self, item: Item, reported: &Reported) -> Finding {
        let said = match &item {
            Item::Units(symbol) => {
                let units = reported.units.as_ref();
                units.map(|units| units.get(symbol).copied().unwrap_or_default())
            }
            Item::Cash(currency) => reported.cash.get(currency).copied(),
        };
        let derived = self.derived(&item);
        let verdict = match (said, derived) {
            (Some(said), Some(derived)) if said == derived => Verdict::Agreed,
            (Some(said), Some(derived)) => self.differ(&item, said, derived),
            _ => Verdict::Unknown,
        };
        Finding {
            item,
            reported: said,
            derived,
            verdict,
        }
    }

    fn derived(&self, item: &Item) -> Option<Decimal> {
        self.book.counted_until()?;
        let amount = match item {
            Item::Units(symbol) => self.book.positions.get(symbol).map(|it| it.units),
            Item::Cash(currency) => self.book.cash.get(currency).copied(),
        };
        Some(amount.unwrap_or_default())
    }

    fn differ(&self, item: &Item, said: Decimal, derived: Decimal) -> Verdict {
        let agreed = self.agreed.get(item).copied();
        let is_later = |time: Timestamp| agreed.is_none_or(|agreed| time > agreed);
        let later = self.entries.iter().filter(|it| is_later(it.time));
        let later: Vec<&Placed> = later.filter(|it| touches(it, item)).collect();
        let troubles = self.book.troubles.iter().filter(|it| is_later(it.time));
        let about = troubles.filter(|it| match item {
            Item::Units(symbol) => it.symbol.as_ref() == Some(symbol),
            Item::Cash(_) => later.iter().any(|placed| placed.entry.id == it.entry),
        });
        let is_lost = |it: &Problem| {
            matches!(
                it,
                Problem::NotUnderstood | Problem::NoRatio | Problem::TooLarge
            )
        };
        let mut lost = about.clone().filter(|it| is_lost(&it.problem));
        let mut missing = about.filter(|it| it.problem == Problem::MoreThanHeld);
        let cause = match lost.next() {
            Some(trouble) => Cause::NotUnderstood(trouble.entry.clone()),
            None if missing.next().is_some() => Cause::MissingHistory,
            None => match item {
                Item::Units(_) => units_cause(said, derived, agreed.is_some(), !later.is_empty()),
                Item::Cash(currency) => self.cash_cause(*currency, said - derived, agreed, &later),
            },
        };
        Verdict::Differs {
            by: said - derived,
            since: later.first().map(|placed| placed.entry.id.clone()),
            cause,
        }
    }

    fn cash_cause(
        &self,
        currency: Currency,
        by: Decimal,
        agreed: Option<Timestamp>,
        later: &[&Placed],
    ) -> Cause {
        let flows = self.book.unsettled.values().map(|flow| flow.money);
        let unsettled = flows.filter(|money| money.currency == currency);
        let unsettled: Decimal = unsettled.map(|money| money.amount).sum();
        if !unsettled.is_zero() && by == -unsettled {
            return Cause::UnsettledCash;
        }
        let moved = later.iter().filter_map(|placed| {
            let What::Trade(trade) = &placed.entry.what else {
                return None;
            };
            trade.notional().filter(|_| trade.fees.is_zero())
        });
        let moved = moved.fold(Decimal::ZERO, Decimal::saturating_add);
        let is_small = by < Decimal::ZERO && -by <= moved.saturating_mul(LARGEST_FEE);
        match agreed {
            _ if is_small => Cause::Fee,
            None => Cause::MissingHistory,
            Some(_) => Cause::Unexplained,
        }
    }
}

fn units_cause(said: Decimal, derived: Decimal, has_agreed: bool, has_entries: bool) -> Cause {
    if let Some((from, to)) = split_between(derived, said) {
        return Cause::LooksLikeSplit { from, to };
    }
    match (has_agreed, has_entries) {
        (false, _) => Cause::MissingHistory,
        (true, false) if said > derived => Cause::TransferIn,
        (true, _) => Cause::Unexplained,
    }
}

/// The usual split that makes the one number of units of the other.
fn split_between(before: Decimal, after: Decimal) -> Option<(u8, u8)> {
    let (before, after) = (before.normalize(), after.normalize());
    if before.is_zero() || after.is_zero() {
        return None;
    }
    USUAL_SPLITS.into_iter().find_map(|ratio| {
        let small = u8::try_from(ratio).expect("every usual ratio is below 256");
        let ratio = Decimal::from(ratio);
        if before.checked_mul(ratio) == Some(after) {
            return Some((1, small));
        }
        (after.checked_mul(ratio) == Some(before)).then_some((small, 1))
    })
}

/// Whether an entry can have changed an item.
fn touches(placed: &Placed, item: &Item) -> bool {
    match item {
        Item::Units(symbol) => about_units(&placed.entry.what, symbol),
        Item::Cash(currency) => match &placed.entry.what {
            What::Trade(trade) => trade.holding.currency == *currency,
            What::Cash { amount, .. } => amount.currency == *currency,
            What::Exchanged { cash, .. } => cash.is_some_and(|cash| cash.currency == *currency),
            What::Noted { amount, .. } => amount.is_none_or(|it| it.currency == *currency),
            What::Units { .. }
            | What::OptionEnded { .. }
            | What::Split { .. }
            | What::SpunOff { .. }
            | What::TakenBack => false,
        },
    }
}

fn about_units(what: &What, wanted: &Symbol) -> bool {
    match what {
        What::Trade(trade) => trade.holding.symbol == *wanted,
        What::Units { holding, .. } | What::OptionEnded { holding, .. } => {
            holding.symbol == *wanted
        }
        What::Split { symbol, .. } => symbol == wanted,
        What::Exchanged { from, to, .. } => from.symbol == *wanted || to.symbol == *wanted,
        What::SpunOff { child, .. } => child.symbol == *wanted,
        What::Noted { symbol, .. } | What::Cash { symbol, .. } => symbol.as_ref() == Some(wanted),
        What::TakenBack => false,
    }
}
