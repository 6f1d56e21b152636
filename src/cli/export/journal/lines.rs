//! The lines of one transaction while it is written.

use super::{Amount, HOLDINGS, Leaf, Posting, REALISED, UNKNOWN_COST, UNKNOWN_PROFIT};
use crate::domain::{Currency, Money, Symbol, Timestamp};
use crate::engine::accounting::Position;
use crate::engine::accounting::book::{Lot, Realised};
use crate::engine::accounting::chronicle::Placed;
use crate::engine::accounting::ladder::calendar::day_of;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The lines of a transaction, and what they add up to.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) postings: Vec<Posting>,
    pub(super) sums: BTreeMap<Currency, Decimal>,
    pub(super) by_trade: bool,
}

impl Lines {
    pub(super) fn cash(&mut self, leaf: Leaf, amount: Decimal, currency: Currency) {
        if amount.is_zero() {
            return;
        }
        *self.sums.entry(currency).or_default() += amount;
        let amount = Amount::Cash(Money::new(amount, currency));
        self.postings.push(Posting { leaf, amount });
    }

    fn units(
        &mut self,
        position: (&Symbol, Currency),
        lot: &Lot,
        day: Option<Date>,
        reduces: bool,
    ) {
        let (symbol, currency) = position;
        let cost = lot.cost.map(|cost| Money::new(cost, currency));
        if let Some(cost) = cost {
            *self.sums.entry(currency).or_default() += cost.amount;
        }
        let units = |quantity, cost| Amount::Units {
            symbol: symbol.clone(),
            quantity,
            cost,
            lot: day.map(|day| (lot.id.clone(), day)),
            reduces,
            by_trade: self.by_trade,
        };
        let amount = units(lot.quantity, cost);
        self.postings.push(Posting {
            leaf: HOLDINGS,
            amount,
        });
        if cost.is_none() {
            let amount = units(-lot.quantity, None);
            self.postings.push(Posting {
                leaf: UNKNOWN_COST,
                amount,
            });
        }
    }

    pub(super) fn close(&mut self, row: &Realised) {
        let Some(id) = &row.lot else {
            return;
        };
        let gone = Lot {
            id: id.clone(),
            opened: row.opened,
            quantity: -row.quantity,
            cost: row.cost.map(|cost| -cost),
        };
        let day = row.opened.map(day_of);
        self.units((&row.symbol, row.currency), &gone, day, true);
    }

    /// What became final; of what is not known, the part that is stands apart.
    pub(super) fn profit(&mut self, row: &Realised) {
        match row.profit() {
            Some(profit) => self.cash(REALISED, -profit, row.currency),
            None => {
                let known = row.cost.unwrap_or_default() - row.proceeds.unwrap_or_default();
                self.cash(UNKNOWN_PROFIT, known, row.currency);
            }
        }
    }

    /// The lot that a trade opened costs what the other lines leave.
    pub(super) fn open(&mut self, position: &Position, quantity: Decimal, counted: &Placed) {
        let (id, currency) = (&counted.entry.id, position.holding.currency);
        // Of an average there is no lot of the entry's own.
        let own = position.lots.iter().rev().find(|lot| lot.id == *id);
        let is_known = match own {
            Some(lot) => lot.cost.is_some(),
            None => position.lots.cost().is_some(),
        };
        let left = self.sums.get(&currency).copied().unwrap_or_default();
        let lot = Lot {
            id: id.clone(),
            opened: Some(counted.time),
            quantity,
            cost: is_known.then_some(-left),
        };
        let of = (&position.holding.symbol, currency);
        self.units(of, &lot, Some(day_of(counted.time)), false);
    }

    pub(super) fn differences(
        &mut self,
        position: &Position,
        before: &[Lot],
        after: &[Lot],
        time: Timestamp,
    ) {
        let of = (&position.holding.symbol, position.holding.currency);
        let day = |lot: &Lot| Some(day_of(lot.opened.unwrap_or(time)));
        let find = |lots: &[Lot], wanted: &Lot| lots.iter().position(|lot| lot.id == wanted.id);
        for lot in before {
            let now = find(after, lot).map(|at| &after[at]);
            if now == Some(lot) {
                continue;
            }
            let gone = |quantity: Decimal, cost: Option<Decimal>| Lot {
                quantity: -quantity,
                cost: cost.map(|cost| -cost),
                ..lot.clone()
            };
            self.units(of, &gone(lot.quantity, lot.cost), day(lot), true);
        }
        for lot in after {
            let was = find(before, lot).map(|at| &before[at]);
            if was != Some(lot) {
                self.units(of, lot, day(lot), false);
            }
        }
    }

    pub(super) fn balance(&mut self, leaf: Leaf) {
        let left: Vec<(Currency, Decimal)> =
            self.sums.iter().map(|(it, sum)| (*it, -*sum)).collect();
        for (currency, amount) in left {
            self.cash(leaf, amount, currency);
        }
    }
}
