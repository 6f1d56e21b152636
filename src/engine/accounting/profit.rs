//! Profit by symbol, by account and in total, in the person's base currency.
//!
//! In another currency the cost is converted by the rate of the day on which the lot was opened, the proceeds by that of
//! the day on which it was closed, the value by today's: so a currency's rise is part of the profit. Where a lot has no day
//! of opening (an average, a transfer in kind) the profit is converted whole, by the rate of the day it is counted on.

use super::book::{AccountBook, FlowCause, Lot, Position, Realised};
use super::books::Books;
use super::ladder::calendar::day_of;
use super::rates::{Conversion, Figure};
use super::round::round;
use crate::domain::{AccountId, CashCause, Price, Symbol};
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What an instrument is worth today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Price of one unit, in the currency of its positions.
    pub price: Price,
    /// Price at the close before, in today's units.
    pub previous_close: Option<Price>,
}

/// What everything is worth today.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// By symbol; what is not there is unknown.
    pub prices: BTreeMap<Symbol, Mark>,
}

/// For which days, and seen from which.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// First day whose results count.
    pub first: Date,
    /// Today: the last day whose results count, and the day of the marks.
    pub today: Date,
}

/// Results of one symbol, one account or everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profit {
    /// What became final in the period, fees of the trades taken off.
    pub realised: Figure,
    /// What open lots would bring, fees of their opening taken off.
    pub unrealised: Figure,
    /// Dividends and what is paid instead.
    pub dividends: Figure,
    /// Interest earned, less interest paid.
    pub interest: Figure,
    /// Fees that belong to no trade; negative when paid.
    pub fees: Figure,
    /// Tax withheld, negative, or given back.
    pub taxes: Figure,
    /// Fees that came with trades, positive; they are in `realised` and `unrealised` already.
    pub trade_fees: Figure,
    /// Change of value since the close before, today's trades included.
    pub day_change: Figure,
    /// What is held is worth; of futures, what they control.
    pub value: Figure,
    /// What used options had cost whose delivery is still to come.
    pub undelivered: Figure,
}

impl Profit {
    /// Everything that was earned: realised, unrealised, dividends, interest, fees and taxes.
    pub fn total(&self) -> Option<Decimal> {
        let parts = [
            &self.realised,
            &self.unrealised,
            &self.dividends,
            &self.interest,
            &self.fees,
            &self.taxes,
        ];
        parts.into_iter().map(Figure::amount).sum()
    }

    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.realised, &other.realised),
            (&mut self.unrealised, &other.unrealised),
            (&mut self.dividends, &other.dividends),
            (&mut self.interest, &other.interest),
            (&mut self.fees, &other.fees),
            (&mut self.taxes, &other.taxes),
            (&mut self.trade_fees, &other.trade_fees),
            (&mut self.day_change, &other.day_change),
            (&mut self.value, &other.value),
            (&mut self.undelivered, &other.undelivered),
        ];
        for (own, more) in pairs {
            own.add_figure(more);
        }
    }
}

/// Results by everything one asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All together.
    pub total: Profit,
    /// By account.
    pub accounts: BTreeMap<AccountId, Profit>,
    /// By symbol across accounts; cash that belongs to no symbol is not here.
    pub symbols: BTreeMap<Symbol, Profit>,
}

/// Adds everything up.
pub fn report(books: &Books, marks: &Marks, period: Period, by: Conversion) -> Report {
    let mut report = Report::default();
    for (account, book) in &books.accounts {
        let counted = Counting {
            book,
            marks,
            period,
            by,
        };
        let mut whole = Profit::default();
        for (symbol, profit) in counted.by_symbol() {
            whole.add(&profit);
            if let Some(symbol) = symbol {
                report
                    .symbols
                    .entry(symbol.clone())
                    .or_default()
                    .add(&profit);
            }
        }
        report.total.add(&whole);
        report.accounts.insert(account.clone(), whole);
    }
    report
}

/// One account being added up.
struct Counting<'a> {
    book: &'a AccountBook,
    marks: &'a Marks,
    period: Period,
    by: Conversion<'a>,
}

type BySymbol<'a> = BTreeMap<Option<&'a Symbol>, Profit>;

impl<'a> Counting<'a> {
    fn by_symbol(&self) -> BySymbol<'a> {
        let mut sums = BySymbol::new();
        for row in &self.book.realised {
            if self.counts(day_of(row.closed)) {
                let sum = sums.entry(Some(&row.symbol)).or_default();
                add_realised(&mut sum.realised, row, self.by);
            }
        }
        for (symbol, position) in &self.book.positions {
            let sum = sums.entry(Some(symbol)).or_default();
            self.add_open(sum, position);
        }
        self.add_flows(&mut sums);
        self.add_fees(&mut sums);
        for premium in &self.book.premiums {
            let sum = sums.entry(Some(&premium.option)).or_default();
            let day = day_of(premium.opened.unwrap_or(premium.time));
            sum.undelivered
                .add(premium.cost, premium.currency, day, self.by);
        }
        sums
    }

    fn counts(&self, day: Date) -> bool {
        (self.period.first..=self.period.today).contains(&day)
    }

    fn add_open(&self, sum: &mut Profit, position: &Position) {
        let mark = self.marks.prices.get(&position.holding.symbol);
        let (today, currency) = (self.period.today, position.holding.currency);
        for lot in position.lots.iter() {
            let value = mark.and_then(|mark| value_of(position, lot.quantity, mark.price));
            sum.value.add(value, currency, today, self.by);
            match lot.opened {
                Some(opened) if value.is_some() && lot.cost.is_some() => {
                    sum.unrealised.add(value, currency, today, self.by);
                    let cost = lot.cost.map(|cost| -cost);
                    sum.unrealised.add(cost, currency, day_of(opened), self.by);
                }
                _ => {
                    let profit = unrealised(lot, value);
                    sum.unrealised.add(profit, currency, today, self.by);
                }
            }
        }
        let change = self.day_change(position, mark);
        sum.day_change.add(change, currency, today, self.by);
    }

    /// Value now, less the value at the close before, plus what today's trades brought.
    fn day_change(&self, position: &Position, mark: Option<&Mark>) -> Option<Decimal> {
        let (before, flow) = match position.day.day == self.period.today {
            true => (position.day.units, position.day.flow?),
            false => (position.units, Decimal::ZERO),
        };
        let value = |units: Decimal, price: Option<Price>| match units.is_zero() {
            true => Some(Decimal::ZERO),
            false => value_of(position, units, price?),
        };
        let now = value(position.units, mark.map(|mark| mark.price))?;
        let then = value(before, mark.and_then(|mark| mark.previous_close))?;
        Some(now - then + flow)
    }

    fn add_flows(&self, sums: &mut BySymbol<'a>) {
        for flow in &self.book.flows {
            let day = day_of(flow.time);
            let FlowCause::Said(cause) = flow.cause else {
                continue;
            };
            if !self.counts(day) {
                continue;
            }
            let sum = sums.entry(flow.symbol.as_ref()).or_default();
            let figure = match cause {
                CashCause::Dividend => &mut sum.dividends,
                CashCause::Interest => &mut sum.interest,
                CashCause::Fee => &mut sum.fees,
                CashCause::Tax => &mut sum.taxes,
                CashCause::Deposit
                | CashCause::Withdrawal
                | CashCause::Journal
                | CashCause::Conversion
                | CashCause::MarkToMarket
                | CashCause::Adjustment
                | CashCause::InLieu => continue,
            };
            figure.add(Some(flow.money.amount), flow.money.currency, day, self.by);
        }
    }

    fn add_fees(&self, sums: &mut BySymbol<'a>) {
        for ((day, symbol, currency), fees) in &self.book.fees {
            if self.counts(*day) {
                let sum = sums.entry(Some(symbol)).or_default();
                sum.trade_fees.add(Some(*fees), *currency, *day, self.by);
            }
        }
    }
}

fn add_realised(sum: &mut Figure, row: &Realised, by: Conversion) {
    let closed = day_of(row.closed);
    match (row.opened, row.proceeds, row.cost) {
        (Some(opened), Some(proceeds), Some(cost)) => {
            sum.add(Some(proceeds), row.currency, closed, by);
            sum.add(Some(-cost), row.currency, day_of(opened), by);
        }
        _ => sum.add(row.profit(), row.currency, closed, by),
    }
}

/// What units of a position are worth at a price.
pub(super) fn value_of(position: &Position, units: Decimal, price: Price) -> Option<Decimal> {
    let value = price.0.checked_mul(units)?;
    value.checked_mul(position.holding.multiplier).map(round)
}

fn unrealised(lot: &Lot, value: Option<Decimal>) -> Option<Decimal> {
    Some(value? - lot.cost?)
}
