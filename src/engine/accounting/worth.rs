//! What everything is worth: day by day, and of what it consists.

use super::book::{AccountBook, Choice, Position, Unwatched};
use super::books::Books;
use super::chronicle::{Chronicle, chronicles};
use super::ladder::calendar::day_of;
use super::profit::{Marks, value_of};
use super::rates::{Conversion, Figure, OLDEST};
use super::round::round;
use crate::domain::{AccountId, AssetClass, Currency, Entry, Price, Symbol, Text};
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Closing prices by day.
#[derive(Clone, Debug, Default)]
pub struct Closes {
    prices: BTreeMap<Symbol, BTreeMap<Date, Price>>,
}

impl Closes {
    /// Keeps the price of one unit at the close of a day, in the units of that day.
    pub fn add(&mut self, symbol: Symbol, day: Date, price: Price) {
        self.prices.entry(symbol).or_default().insert(day, price);
    }

    /// The last close at or before a day that is not older than a rate may be.
    pub fn at(&self, symbol: &Symbol, day: Date) -> Option<Price> {
        let (date, price) = self.prices.get(symbol)?.range(..=day).next_back()?;
        let age = day.since(*date).ok()?.get_days();
        (age <= OLDEST).then_some(*price)
    }
}

/// Equity at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayWorth {
    /// Which day.
    pub day: Date,
    /// Of all accounts.
    pub total: Figure,
    /// By account.
    pub accounts: BTreeMap<AccountId, Figure>,
    /// What is held and has no price.
    pub missing: BTreeSet<Symbol>,
}

/// Equity at the end of each of `days`, which are in order. Each entry is counted once, whatever the number of days.
pub fn equity_curve<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    days: &[Date],
    closes: &Closes,
    by: Conversion,
) -> Vec<DayWorth> {
    let empty = |day: &Date| DayWorth {
        day: *day,
        total: Figure::default(),
        accounts: BTreeMap::new(),
        missing: BTreeSet::new(),
    };
    let mut curve: Vec<DayWorth> = days.iter().map(empty).collect();
    for (account, chronicle) in chronicles(entries) {
        add_account(&mut curve, account, &chronicle, closes, by);
    }
    curve
}

fn add_account(
    curve: &mut [DayWorth],
    account: &AccountId,
    chronicle: &Chronicle,
    closes: &Closes,
    by: Conversion,
) {
    let mut book = AccountBook::new(account.clone(), Choice::default());
    let mut left = chronicle.entries.as_slice();
    for point in curve {
        let until = left.partition_point(|placed| day_of(placed.time) <= point.day);
        let (now, later) = left.split_at(until);
        book.extend(now, &mut Unwatched);
        left = later;
        let mut figure = Figure::default();
        for (currency, cash) in book.cash.iter().chain(&book.futures) {
            figure.add(Some(*cash), *currency, point.day, by);
        }
        for position in held(&book) {
            let symbol = &position.holding.symbol;
            let price = closes.at(symbol, point.day);
            if price.is_none() {
                point.missing.insert(symbol.clone());
            }
            let value = price.and_then(|price| value_of(position, position.units, price));
            figure.add(value, position.holding.currency, point.day, by);
        }
        point.total.add_figure(&figure);
        point.accounts.insert(account.clone(), figure);
    }
}

fn held(book: &AccountBook) -> impl Iterator<Item = &Position> {
    book.positions.values().filter(|it| !it.units.is_zero())
}

/// A part of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// What it is worth.
    pub value: Figure,
    /// As a fraction of the whole; `None` where one of the two is unknown or the whole is nothing.
    pub share: Option<Decimal>,
}

/// Of what everything consists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// The whole.
    pub total: Figure,
    /// By class, as [`class_name`] calls it; `cash` is one. Futures count with the profit that was not paid out.
    pub classes: BTreeMap<Text, Part>,
    /// By symbol; cash and futures are not here.
    pub symbols: BTreeMap<Symbol, Part>,
    /// By account.
    pub accounts: BTreeMap<AccountId, Part>,
    /// By the currency it is in.
    pub currencies: BTreeMap<Currency, Part>,
}

/// Divides everything that is held today.
pub fn allocation(books: &Books, marks: &Marks, today: Date, by: Conversion) -> Allocation {
    let mut parts = Allocation::default();
    for (account, book) in &books.accounts {
        let mut add = |class: Text, symbol: Option<&Symbol>, amount: Option<Decimal>, currency| {
            let mut figure = Figure::default();
            figure.add(amount, currency, today, by);
            parts.total.add_figure(&figure);
            let Allocation {
                classes,
                symbols,
                accounts,
                currencies,
                ..
            } = &mut parts;
            classes.entry(class).or_default().value.add_figure(&figure);
            let accounts = accounts.entry(account.clone()).or_default();
            accounts.value.add_figure(&figure);
            currencies
                .entry(currency)
                .or_default()
                .value
                .add_figure(&figure);
            if let Some(symbol) = symbol {
                let symbols = symbols.entry(symbol.clone()).or_default();
                symbols.value.add_figure(&figure);
            }
        };
        for (currency, cash) in &book.cash {
            add("cash".into(), None, Some(*cash), *currency);
        }
        for (currency, owed) in &book.futures {
            add(
                class_name(&AssetClass::Future),
                None,
                Some(*owed),
                *currency,
            );
        }
        for position in held(book) {
            let holding = &position.holding;
            let mark = marks.prices.get(&holding.symbol);
            let value = mark.and_then(|mark| value_of(position, position.units, mark.price));
            let symbol = Some(&holding.symbol).filter(|_| holding.class != AssetClass::Future);
            add(class_name(&holding.class), symbol, value, holding.currency);
        }
    }
    parts.divide();
    parts
}

impl Allocation {
    fn divide(&mut self) {
        let whole = self.total.amount();
        let parts = self.classes.values_mut().chain(self.symbols.values_mut());
        let parts = parts.chain(self.accounts.values_mut());
        for part in parts.chain(self.currencies.values_mut()) {
            let fraction = part.value.amount().zip(whole);
            let fraction = fraction.and_then(|(part, whole)| part.checked_div(whole));
            part.share = fraction.map(round);
        }
    }
}

/// What a class is called.
pub fn class_name(class: &AssetClass) -> Text {
    match class {
        AssetClass::Equity => "equity".into(),
        AssetClass::Option => "option".into(),
        AssetClass::Crypto => "crypto".into(),
        AssetClass::Future => "future".into(),
        AssetClass::Forex => "forex".into(),
        AssetClass::Other(name) => name.clone(),
    }
}
