//! What was bought of one symbol in one direction: what is left of it, and for which losses it answers.

use super::{LotName, Replacement, window};
use crate::domain::{AccountId, EntryId, Timestamp};
use crate::engine::accounting::book::Opening;
use crate::engine::accounting::ladder::calendar::day_of;
use crate::engine::accounting::round::share;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Units that a closing took from the line.
pub(super) struct Left {
    pub(super) units: Decimal,
    /// Where its lot stands.
    pub(super) own: Option<usize>,
    /// What earlier wash sales had added to the cost of these units.
    pub(super) added: Decimal,
}

/// A bought lot.
pub(super) struct Bought<'a> {
    pub(super) account: &'a AccountId,
    pub(super) opening: &'a Opening,
    pub(super) day: Date,
    /// Units that answer for no loss yet.
    pub(super) unmatched: Decimal,
    /// Units that are not sold yet.
    pub(super) held: Decimal,
    /// What was added to the cost of the held ones.
    pub(super) added: Decimal,
}

/// What was bought of one symbol in one direction, by time.
#[derive(Default)]
pub(super) struct Side<'a> {
    pub(super) all: Vec<Bought<'a>>,
    pub(super) places: BTreeMap<(&'a AccountId, &'a EntryId), usize>,
    /// Those that can still answer for a loss.
    pub(super) open: BTreeSet<usize>,
    /// Those of an account that are not sold, for an average sells its oldest.
    pub(super) held: BTreeMap<&'a AccountId, BTreeSet<usize>>,
}

impl Bought<'_> {
    pub(super) fn name(&self) -> LotName {
        let opening = self.opening;
        (
            self.account.clone(),
            opening.symbol.clone(),
            opening.lot.clone(),
        )
    }
}

impl Side<'_> {
    /// Sells up to `units` of a lot; gives what wash sales had added to the cost of them.
    pub(super) fn take(&mut self, at: usize, units: &mut Decimal) -> Decimal {
        let bought = &mut self.all[at];
        let sold = bought.held.min(*units);
        let added = match bought.held.is_zero() {
            true => Decimal::ZERO,
            false => share(bought.added, sold, bought.held),
        };
        bought.added -= added;
        bought.held -= sold;
        *units -= sold;
        if bought.held.is_zero() {
            self.open.remove(&at);
            if let Some(held) = self.held.get_mut(bought.account) {
                held.remove(&at);
            }
        }
        added
    }

    /// Finds what stands in the place of sold units and adds their loss to its cost.
    pub(super) fn replace(
        &mut self,
        closed: Timestamp,
        left: &Left,
        loss: Decimal,
    ) -> Vec<Replacement> {
        let (first, last) = window(day_of(closed));
        let start = self.all.partition_point(|it| it.day < first);
        let mut units = left.units;
        let mut rest = loss;
        let mut found = Vec::new();
        let candidates: Vec<usize> = self.candidates(start, last, left);
        for at in candidates {
            let bought = &mut self.all[at];
            let is_later = bought.opening.opened > closed;
            let free = if is_later {
                bought.unmatched
            } else {
                bought.unmatched.min(bought.held)
            };
            let matched = free.min(units);
            let disallowed = share(rest, matched, units);
            units -= matched;
            rest -= disallowed;
            bought.unmatched -= matched;
            bought.added += disallowed;
            if bought.unmatched.is_zero() {
                self.open.remove(&at);
            }
            found.push(Replacement {
                lot: self.all[at].name(),
                units: matched,
                disallowed,
            });
        }
        found
    }

    /// Just as many lots as it takes, so that the work is in proportion to what is found.
    fn candidates(&self, start: usize, last: Date, left: &Left) -> Vec<usize> {
        let mut units = left.units;
        let mut found = Vec::new();
        for at in self.open.range(start..).copied() {
            let bought = &self.all[at];
            if bought.day > last || units <= Decimal::ZERO {
                break;
            }
            if Some(at) != left.own {
                units -= bought.unmatched.min(bought.held);
                found.push(at);
            }
        }
        found
    }
}
