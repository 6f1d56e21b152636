//! Splits, mergers and spin-offs: units change, what they had cost and since when they are held goes along.

use super::lots::Lot;
use super::rows::{Closing, FlowCause, Problem, SplitSeen};
use super::trade::Change;
use super::{AccountBook, At, Position};
use crate::domain::{Holding, Money, Symbol, What};
use crate::engine::accounting::ladder::calendar::day_of;
use crate::engine::accounting::round::{LARGEST, fits, round, share};
use rust_decimal::Decimal;
use rust_decimal::prelude::Signed;

/// Largest ratio of a split.
const LARGEST_RATIO: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

impl AccountBook {
    /// Every lot gets its share of the new units; a fraction stays until it is paid out.
    pub(super) fn split(&mut self, at: At, symbol: &Symbol, from: Decimal, to: Decimal) {
        let is_ratio = |it: Decimal| it > Decimal::ZERO && it <= LARGEST_RATIO;
        if !is_ratio(from) || !is_ratio(to) {
            return self.trouble(at, Some(symbol), Problem::NoRatio);
        }
        self.splits.push(SplitSeen {
            symbol: symbol.clone(),
            time: at.time,
            from,
            to,
        });
        let method = self.choice.method;
        let Some(position) = self.positions.get_mut(symbol) else {
            return;
        };
        let units = share(position.units, to, from);
        if units.abs() > LARGEST {
            return self.trouble(at, Some(symbol), Problem::TooLarge);
        }
        position.turn_to(at.time);
        let (mut old, mut new) = (position.units, units);
        position.lots.rewrite(method, |lot| {
            // The last lot gets the rest, so that the lots are what is held.
            let quantity = share(new, lot.quantity, old);
            old -= lot.quantity;
            new -= quantity;
            lot.quantity = quantity;
        });
        position.units = units;
        position.day.units = share(position.day.units, to, from);
    }

    /// A merger or a new symbol: lots keep their age. Cash beside the new units lowers what they had cost; what exceeds
    /// the cost is final. Cash without new units is a sale.
    pub(super) fn exchange(&mut self, at: At, what: &What) {
        let What::Exchanged {
            from,
            gone,
            to,
            come,
            cash,
        } = what
        else {
            return;
        };
        let (gone, come) = (gone.0, come.0);
        if gone <= Decimal::ZERO || come < Decimal::ZERO {
            return self.trouble(at, Some(&to.symbol), Problem::NoRatio);
        }
        let amount = cash.map_or(Decimal::ZERO, |cash| cash.amount);
        if !fits(gone) || !fits(come) || !fits(amount) {
            return self.trouble(at, Some(&to.symbol), Problem::TooLarge);
        }
        let cash = cash.map(|cash| Money::new(round(cash.amount), cash.currency));
        if let Some(cash) = cash {
            let settles = at.settles.unwrap_or_else(|| day_of(at.time));
            self.pay(at, settles, FlowCause::Exchange, cash, Some(&from.symbol));
        }
        let held = self.positions.get(&from.symbol).map(|it| it.units);
        let sign = match held {
            Some(units) if units < Decimal::ZERO => -Decimal::ONE,
            _ => Decimal::ONE,
        };
        if come.is_zero() {
            let change = Change {
                holding: from,
                units: -sign * gone,
                flow: cash.map_or(Some(Decimal::ZERO), |cash| {
                    Some(cash.amount).filter(|_| cash.currency == from.currency)
                }),
                how: Closing::TakenOver,
                opened: None,
            };
            self.change(at, change);
            return;
        }
        let mut lots = self.take_lots(at, &from.symbol, gone);
        let taken: Decimal = lots.iter().map(|lot| lot.quantity.abs()).sum();
        if taken < gone {
            self.trouble(at, Some(&from.symbol), Problem::MoreThanHeld);
            lots.push(self.owe(at, from, sign * (gone - taken)));
        }
        let paid = self.take_off_cash(at, from, &mut lots, cash);
        self.bring(
            at,
            to,
            sign * come,
            lots,
            paid && from.currency == to.currency,
        );
    }

    /// Units that must have been there, though no entry brought them: they go, their cost is unknown.
    fn owe(&mut self, at: At, holding: &Holding, units: Decimal) -> Lot {
        let change = Change {
            holding,
            units: -units,
            flow: None,
            how: Closing::CameInKind,
            opened: None,
        };
        self.change(at, change);
        Lot {
            id: at.id.clone(),
            opened: None,
            quantity: units,
            cost: None,
        }
    }

    /// Lowers what lots had cost by the cash that came beside them; says whether their cost is still known.
    fn take_off_cash(
        &mut self,
        at: At,
        from: &Holding,
        lots: &mut [Lot],
        cash: Option<Money>,
    ) -> bool {
        let Some(cash) = cash else {
            return true;
        };
        if cash.currency != from.currency {
            return false;
        }
        let mut left = cash.amount;
        let mut units: Decimal = lots.iter().map(|lot| lot.quantity).sum();
        for lot in lots {
            let part = share(left, lot.quantity, units);
            left -= part;
            units -= lot.quantity;
            let Some(cost) = &mut lot.cost else {
                continue;
            };
            let lowered = *cost - part;
            let is_long = lot.quantity.is_sign_positive();
            *cost = if is_long {
                lowered.max(Decimal::ZERO)
            } else {
                lowered
            };
            let excess = *cost - lowered;
            if !excess.is_zero() {
                let change = Change {
                    holding: from,
                    units: Decimal::ZERO,
                    flow: Some(excess),
                    how: Closing::TakenOver,
                    opened: None,
                };
                let row = Lot {
                    quantity: lot.quantity,
                    cost: Some(Decimal::ZERO),
                    ..lot.clone()
                };
                self.realise(at, &change, vec![row], Some(excess));
            }
        }
        true
    }

    /// Puts lots of one instrument in place as `units` of another, each with its age and, where known, its cost.
    fn bring(&mut self, at: At, to: &Holding, units: Decimal, lots: Vec<Lot>, is_known: bool) {
        let mut old: Decimal = lots.iter().map(|lot| lot.quantity).sum();
        let mut new = units;
        for lot in lots {
            let quantity = share(new, lot.quantity, old);
            old -= lot.quantity;
            new -= quantity;
            let change = Change {
                holding: to,
                units: quantity,
                flow: lot.cost.filter(|_| is_known).map(|cost| -cost),
                how: Closing::CameInKind,
                opened: lot.opened,
            };
            let at = At { id: &lot.id, ..at };
            self.change(at, change);
        }
    }

    /// Each lot of the parent gives a part of its cost to a lot of the child that is as old.
    pub(super) fn spin_off(&mut self, at: At, what: &What) {
        let What::SpunOff {
            parent,
            child,
            quantity,
            cost_share,
        } = what
        else {
            return;
        };
        if quantity.0 <= Decimal::ZERO || !fits(quantity.0) {
            return self.trouble(at, Some(&child.symbol), Problem::NoRatio);
        }
        let is_part = |part: &Decimal| (Decimal::ZERO..=Decimal::ONE).contains(part);
        let part = cost_share.filter(is_part);
        if part.is_none() {
            self.trouble(at, Some(&child.symbol), Problem::NoCostShare);
        }
        let method = self.choice.method;
        let held = self
            .positions
            .get_mut(parent)
            .filter(|it| !it.units.is_zero());
        let Some(position) = held else {
            self.trouble(at, Some(parent), Problem::MoreThanHeld);
            let lot = self.unknown_lot(at, quantity.0);
            return self.bring(at, child, quantity.0, vec![lot], false);
        };
        let is_same = position.holding.currency == child.currency;
        let sign = position.units.signum();
        let lots = give_parts(position, method, part);
        self.bring(at, child, sign * quantity.0, lots, is_same);
    }

    fn unknown_lot(&self, at: At, quantity: Decimal) -> Lot {
        Lot {
            id: at.id.clone(),
            opened: None,
            quantity,
            cost: None,
        }
    }
}

fn give_parts(position: &mut Position, method: super::Method, part: Option<Decimal>) -> Vec<Lot> {
    let mut given = Vec::with_capacity(position.lots.len());
    position.lots.rewrite(method, |lot| {
        let cost = lot.cost.zip(part).map(|(cost, part)| round(cost * part));
        lot.cost = lot.cost.zip(cost).map(|(whole, part)| whole - part);
        given.push(Lot {
            cost,
            ..lot.clone()
        });
    });
    given
}
