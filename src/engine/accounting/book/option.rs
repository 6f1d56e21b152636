//! How options end: worthless, settled in cash, or in a delivery that takes their premium over.

use super::lots::oppose;
use super::rows::{Closing, Premium, Problem, Realised};
use super::terms::Terms;
use super::trade::Change;
use super::{AccountBook, At};
use crate::domain::entry::Trade;
use crate::domain::{AssetClass, Holding, Money, OptionEnd, Side, Symbol, Timestamp, What};
use crate::engine::accounting::chronicle::DELIVERY_DAYS;
use crate::engine::accounting::round::{fits, share};
use rust_decimal::Decimal;
use rust_decimal::prelude::Signed;

/// Whether an entry may have to go before a delivery that was counted already.
pub(super) fn may_be_late(what: &What) -> bool {
    matches!(
        what,
        What::OptionEnded {
            how: OptionEnd::Exercised | OptionEnd::Assigned,
            ..
        }
    )
}

impl AccountBook {
    pub(super) fn end_option(&mut self, at: At, holding: &Holding, how: OptionEnd, units: Decimal) {
        let delivered = units.checked_mul(holding.multiplier).filter(|it| fits(*it));
        if delivered.is_none() || !fits(units) {
            return self.trouble(at, Some(&holding.symbol), Problem::TooLarge);
        }
        let held = self.positions.get(&holding.symbol).map(|it| it.units);
        let held = held.filter(|held| oppose(*held, units));
        let ended = held.unwrap_or_default().abs().min(units.abs());
        match how {
            OptionEnd::Expired if !ended.is_zero() => {
                let change = Change {
                    holding,
                    units: units.signum() * ended,
                    flow: Some(Decimal::ZERO),
                    how: Closing::Expired,
                    opened: None,
                };
                self.change(at, change);
            }
            OptionEnd::Expired => {}
            OptionEnd::Exercised | OptionEnd::Assigned => self.hand_over(at, holding, how, units),
        }
        let missing = units.abs() - ended;
        if !missing.is_zero() {
            self.trouble(at, Some(&holding.symbol), Problem::MoreThanHeld);
            let change = Change {
                holding,
                units: units.signum() * missing,
                flow: None,
                how: Closing::Expired,
                opened: None,
            };
            self.change(at, change);
        }
    }

    /// Takes the contracts' cost out of their lots, for the delivery to take over.
    fn hand_over(&mut self, at: At, holding: &Holding, how: OptionEnd, units: Decimal) {
        let held = self.positions.get(&holding.symbol);
        let is_held = held.is_some_and(|it| oppose(it.units, units));
        let taken = match is_held {
            true => self.take_lots(at, &holding.symbol, units),
            false => Vec::new(),
        };
        let terms = Terms::of(&holding.symbol);
        if terms.is_none() {
            self.trouble(at, Some(&holding.symbol), Problem::NoTerms);
        }
        let contracts: Decimal = taken.iter().map(|lot| lot.quantity).sum();
        let is_all = contracts.abs() == units.abs();
        let cost: Option<Decimal> = taken.iter().map(|lot| lot.cost).sum();
        let own = how == OptionEnd::Exercised;
        self.forget_old_premiums(at.time);
        self.premiums.push(Premium {
            option: holding.symbol.clone(),
            strike: terms.as_ref().map_or(Decimal::ZERO, |it| it.strike),
            side: terms.as_ref().map_or(Side::Buy, |it| it.delivery(own)),
            underlying: terms.map(|it| it.underlying),
            units: units.abs() * holding.multiplier,
            cost: cost.filter(|_| is_all),
            currency: holding.currency,
            entry: at.id.clone(),
            time: at.time,
            opened: taken.iter().filter_map(|lot| lot.opened).min(),
            contracts,
        });
    }

    /// What is used up makes room; what was never delivered stays, for its cost has gone nowhere else.
    fn forget_old_premiums(&mut self, now: Timestamp) {
        self.premiums.retain(|it| {
            let is_open = !it.units.is_zero() || it.cost.is_none_or(|cost| !cost.is_zero());
            is_open || now.since(it.time) <= DELIVERY_DAYS
        });
    }

    /// The premiums that a trade takes over as the delivery of used options; `None` where one of them is unknown.
    pub(super) fn take_premium(&mut self, at: At, trade: &Trade) -> Option<Decimal> {
        let mut left = trade.quantity.0;
        let mut sum = Some(Decimal::ZERO);
        for premium in &mut self.premiums {
            let fits = premium.underlying.as_ref() == Some(&trade.holding.symbol)
                && premium.strike == trade.price.0
                && premium.side == trade.side
                && premium.currency == trade.holding.currency
                && at.time.since(premium.time) <= DELIVERY_DAYS;
            let units = premium.units.min(left);
            if !fits || units.is_zero() {
                continue;
            }
            let part = premium.cost.map(|cost| share(cost, units, premium.units));
            sum = sum.zip(part).map(|(sum, part)| sum + part);
            premium.cost = premium.cost.zip(part).map(|(cost, part)| cost - part);
            premium.units -= units;
            left -= units;
        }
        self.premiums.retain(|premium| !premium.units.is_zero());
        sum
    }

    /// Cash for a used option that delivers nothing else, as those on an index do: the option's result.
    pub(super) fn settle_in_cash(&mut self, at: At, money: Money, symbol: &Symbol) {
        let waits = |it: &Premium| it.option == *symbol && it.currency == money.currency;
        let Some(index) = self.premiums.iter().position(waits) else {
            return;
        };
        let premium = self.premiums.remove(index);
        self.realised.push(Realised {
            account: self.account.clone(),
            symbol: symbol.clone(),
            class: AssetClass::Option,
            currency: money.currency,
            closed_by: at.id.clone(),
            closed: at.time,
            how: Closing::CashSettled,
            lot: Some(premium.entry),
            opened: premium.opened,
            quantity: premium.contracts,
            proceeds: Some(money.amount),
            cost: premium.cost,
        });
    }
}
