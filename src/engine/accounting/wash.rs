//! Wash sales: losses that do not count for tax, because the same was bought within 30 days before or after.
//!
//! Facts: Internal Revenue Code 1091 and IRS Publication 550, "Wash sales". The loss is disallowed for as many units as
//! were bought in the 61 days around it, and added to the cost of those; each bought unit answers for one sold unit,
//! in the order in which they were bought. Units of the very lot that was sold are no replacement (Revenue Ruling 56-602),
//! nor are units that were sold again before the loss. It works alike for short sales that lost. All accounts count
//! together. Shares and options are looked at; coins and futures are not subject to the rule.
//!
//! What is disallowed is a mark beside the books: realised profit and lots stay what they are without it. Options on the
//! same underlying, and the underlying of an option, may be substantially identical; that is for a person to decide, so
//! there is only a [`Warning`].

mod side;

use super::book::terms::Terms;
use super::book::{Opening, Realised};
use super::books::Books;
use super::ladder::calendar::day_of;
use super::round::share;
use crate::domain::{AccountId, AssetClass, EntryId, Symbol, Timestamp};
use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;
use side::{Bought, Left, Side};
use std::collections::{BTreeMap, BTreeSet};

/// Days before and after a loss.
const DAYS: i64 = 30;

/// A lot's full name.
pub type LotName = (AccountId, Symbol, EntryId);

/// A bought lot that stands in the place of a sold one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Which.
    pub lot: LotName,
    /// How many of its units, in units after all splits.
    pub units: Decimal,
    /// The part of the loss that is added to its cost, positive.
    pub disallowed: Decimal,
}

/// A loss that does not count, or not in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wash {
    /// In which account.
    pub account: AccountId,
    /// Which row of the account's [`realised`](super::AccountBook::realised).
    pub row: usize,
    /// The entry that realised it.
    pub closed_by: EntryId,
    /// Of what.
    pub symbol: Symbol,
    /// The loss, negative, with what earlier wash sales had added to the lot's cost.
    pub loss: Decimal,
    /// How much of it does not count, positive.
    pub disallowed: Decimal,
    /// In favour of which lots.
    pub replacements: Vec<Replacement>,
}

/// A loss beside which something was bought that may count as the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// In which account the loss is.
    pub account: AccountId,
    /// The entry that realised it.
    pub closed_by: EntryId,
    /// Of what.
    pub symbol: Symbol,
    /// What was bought or written within the days.
    pub other: LotName,
}

/// What the rule says of all accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Washes {
    /// Losses that do not count, in order.
    pub washes: Vec<Wash>,
    /// What is added to the cost of a lot, over its whole life.
    pub added_cost: BTreeMap<LotName, Decimal>,
    /// Profit of a row after the rule, by account and row, where it differs.
    pub adjusted_profit: BTreeMap<(AccountId, usize), Decimal>,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
}

/// Finds the wash sales of all accounts.
pub fn wash_sales(books: &Books) -> Washes {
    let mut line = Line::of(books);
    let mut rows: Vec<Row> = Vec::new();
    for (account, book) in &books.accounts {
        let subject = book.realised.iter().enumerate();
        let subject = subject.filter(|(_, it)| is_subject(&it.class) && !it.quantity.is_zero());
        rows.extend(subject.map(|(at, realised)| Row {
            account,
            at,
            realised,
        }));
    }
    rows.sort_by_key(|row| (row.realised.closed, row.account, row.at));
    let mut found = Washes::default();
    let is_same_closing =
        |a: &Row, b: &Row| a.account == b.account && a.realised.closed_by == b.realised.closed_by;
    for closing in rows.chunk_by(is_same_closing) {
        let left: Vec<Left> = closing.iter().map(|row| line.close(row)).collect();
        for (row, left) in closing.iter().zip(left) {
            line.judge(row, &left, &mut found);
        }
    }
    for row in &rows {
        line.warn(row, &mut found);
    }
    found
}

fn is_subject(class: &AssetClass) -> bool {
    matches!(class, AssetClass::Equity | AssetClass::Option)
}

struct Row<'a> {
    account: &'a AccountId,
    at: usize,
    realised: &'a Realised,
}

/// Everything that was bought.
struct Line<'a> {
    sides: BTreeMap<(&'a Symbol, bool), Side<'a>>,
    splits: BTreeMap<&'a Symbol, BTreeMap<Date, (Timestamp, Decimal, Decimal)>>,
    /// Underlying → what is about it.
    related: BTreeMap<Symbol, BTreeSet<&'a Symbol>>,
}

impl<'a> Line<'a> {
    fn of(books: &'a Books) -> Self {
        let mut line = Self {
            sides: BTreeMap::new(),
            splits: BTreeMap::new(),
            related: BTreeMap::new(),
        };
        for book in books.accounts.values() {
            for split in &book.splits {
                let days = line.splits.entry(&split.symbol).or_default();
                // Every account tells of the same split; a day has one.
                let told = (split.time, split.from, split.to);
                let known = days.entry(day_of(split.time)).or_insert(told);
                *known = (*known).min(told);
            }
        }
        let openings = books.accounts.iter().flat_map(|(account, book)| {
            let own = book.openings.iter().filter(|it| is_subject(&it.class));
            own.map(move |opening| (account, opening))
        });
        let mut openings: Vec<(&AccountId, &Opening)> = openings.collect();
        openings.sort_by_key(|(account, it)| (it.opened, *account, &it.lot));
        for (account, opening) in openings {
            line.add(account, opening);
        }
        line
    }

    fn add(&mut self, account: &'a AccountId, opening: &'a Opening) {
        let units = self.today(&opening.symbol, opening.quantity.abs(), opening.opened);
        let underlying = underlying_of(&opening.symbol);
        self.related
            .entry(underlying)
            .or_default()
            .insert(&opening.symbol);
        let is_short = opening.quantity < Decimal::ZERO;
        let side = self.sides.entry((&opening.symbol, is_short)).or_default();
        let at = side.all.len();
        side.places.insert((account, &opening.lot), at);
        side.open.insert(at);
        side.held.entry(account).or_default().insert(at);
        side.all.push(Bought {
            account,
            opening,
            day: day_of(opening.opened),
            unmatched: units,
            held: units,
            added: Decimal::ZERO,
        });
    }

    /// Units of a moment in units after all splits.
    fn today(&self, symbol: &Symbol, units: Decimal, time: Timestamp) -> Decimal {
        let splits = self.splits.get(symbol).into_iter().flatten();
        let later = splits.filter(|(_, split)| split.0 > time);
        later.fold(units, |units, (_, (_, from, to))| share(units, *to, *from))
    }

    /// Takes the units of a closing out of what is held.
    fn close(&mut self, row: &Row<'a>) -> Left {
        let realised = row.realised;
        let units = self.today(&realised.symbol, realised.quantity.abs(), realised.closed);
        let mut left = Left {
            units,
            own: None,
            added: Decimal::ZERO,
        };
        let key = (&realised.symbol, realised.quantity < Decimal::ZERO);
        let Some(side) = self.sides.get_mut(&key) else {
            return left;
        };
        let lot = realised.lot.as_ref();
        left.own = lot.and_then(|lot| side.places.get(&(row.account, lot)).copied());
        let mut next = left.own;
        let mut to_take = units;
        while let Some(at) = next.filter(|_| to_take > Decimal::ZERO) {
            left.added += side.take(at, &mut to_take);
            next = side
                .held
                .get(row.account)
                .and_then(|held| held.first().copied());
        }
        left
    }

    /// Marks a loss, as far as something stands in its place.
    fn judge(&mut self, row: &Row<'a>, left: &Left, found: &mut Washes) {
        let realised = row.realised;
        let Some(profit) = realised.profit() else {
            return;
        };
        let loss = profit - left.added;
        let mut wash = Wash {
            account: row.account.clone(),
            row: row.at,
            closed_by: realised.closed_by.clone(),
            symbol: realised.symbol.clone(),
            loss,
            disallowed: Decimal::ZERO,
            replacements: Vec::new(),
        };
        let key = (&realised.symbol, realised.quantity < Decimal::ZERO);
        if let Some(side) = self.sides.get_mut(&key).filter(|_| loss < Decimal::ZERO) {
            wash.replacements = side.replace(realised.closed, left, -loss);
        }
        for replacement in &wash.replacements {
            wash.disallowed += replacement.disallowed;
            let lot = replacement.lot.clone();
            *found.added_cost.entry(lot).or_default() += replacement.disallowed;
        }
        if !left.added.is_zero() || !wash.disallowed.is_zero() {
            let row = (row.account.clone(), row.at);
            found.adjusted_profit.insert(row, loss + wash.disallowed);
        }
        if !wash.replacements.is_empty() {
            found.washes.push(wash);
        }
    }

    fn warn(&self, row: &Row, found: &mut Washes) {
        let realised = row.realised;
        if realised
            .profit()
            .is_none_or(|profit| profit >= Decimal::ZERO)
        {
            return;
        }
        let related = self.related.get(&underlying_of(&realised.symbol));
        let (first, last) = window(day_of(realised.closed));
        for other in related.into_iter().flatten() {
            let sides = [false, true].map(|is_short| self.sides.get(&(*other, is_short)));
            let bought = sides.into_iter().flatten().find_map(|side| {
                let at = side.all.partition_point(|it| it.day < first);
                side.all.get(at).filter(|it| it.day <= last)
            });
            if let Some(bought) = bought.filter(|_| **other != realised.symbol) {
                found.warnings.push(Warning {
                    account: row.account.clone(),
                    closed_by: realised.closed_by.clone(),
                    symbol: realised.symbol.clone(),
                    other: bought.name(),
                });
            }
        }
    }
}

fn window(day: Date) -> (Date, Date) {
    let first = day.checked_sub(DAYS.days()).unwrap_or(Date::MIN);
    let last = day.checked_add(DAYS.days()).unwrap_or(Date::MAX);
    (first, last)
}

fn underlying_of(symbol: &Symbol) -> Symbol {
    Terms::of(symbol).map_or_else(|| symbol.clone(), |terms| terms.underlying)
}
