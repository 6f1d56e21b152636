//! Units that change hands: what they close becomes final, what is left of them opens a lot.

use super::lots::{Lot, oppose};
use super::rows::{Closing, FlowCause, Opening, Problem, Realised};
use super::{AccountBook, At, Position};
use crate::domain::entry::Trade;
use crate::domain::{AssetClass, Holding, Money, Side, Timestamp};
use crate::engine::accounting::ladder::calendar::{day_of, settles_on};
use crate::engine::accounting::round::{fits, round, share};
use rust_decimal::Decimal;
use rust_decimal::prelude::Signed;

/// Units of one instrument that come or go.
pub(super) struct Change<'a> {
    pub(super) holding: &'a Holding,
    /// Negative when they go.
    pub(super) units: Decimal,
    /// What they brought in all, negative what they cost; `None` where unknown.
    pub(super) flow: Option<Decimal>,
    /// How they close what is open on the other side.
    pub(super) how: Closing,
    /// Since when what is left of them is held.
    pub(super) opened: Option<Timestamp>,
}

impl AccountBook {
    pub(super) fn trade(&mut self, at: At, trade: &Trade) {
        let holding = &trade.holding;
        let notional = trade.notional().filter(|it| fits(*it)).map(round);
        let (Some(notional), true) = (notional, fits(trade.fees) && fits(trade.quantity.0)) else {
            return self.trouble(at, Some(&holding.symbol), Problem::TooLarge);
        };
        let fees = round(trade.fees);
        let gross = match trade.side {
            Side::Buy => -notional,
            Side::Sell => notional,
        };
        if holding.class == AssetClass::Future {
            *self.futures.entry(holding.currency).or_default() += gross;
            self.pay_for(at, trade, -fees);
        } else {
            self.pay_for(at, trade, gross - fees);
        }
        if !fees.is_zero() {
            let key = (day_of(at.time), holding.symbol.clone(), holding.currency);
            *self.fees.entry(key).or_default() += fees;
        }
        let premium = self.take_premium(at, trade);
        let change = Change {
            holding,
            units: trade.units().0,
            flow: premium.map(|premium| gross - fees - premium),
            how: Closing::Traded,
            opened: Some(at.time),
        };
        let opened = self.change(at, change);
        self.remember_opening(at, holding, opened);
        // The day's result of the option is its own: here the cash alone counts.
        if let (Some(position), Some(premium)) = (self.positions.get_mut(&holding.symbol), premium)
        {
            position.day.flow = position.day.flow.map(|flow| flow + premium);
        }
    }

    fn pay_for(&mut self, at: At, trade: &Trade, amount: Decimal) {
        let holding = &trade.holding;
        let settles = at
            .settles
            .unwrap_or_else(|| settles_on(&holding.class, day_of(at.time)));
        let money = Money::new(amount, holding.currency);
        self.pay(at, settles, FlowCause::Trade, money, Some(&holding.symbol));
    }

    fn remember_opening(&mut self, at: At, holding: &Holding, opened: Decimal) {
        if opened.is_zero() {
            return;
        }
        self.openings.push(Opening {
            symbol: holding.symbol.clone(),
            class: holding.class.clone(),
            lot: at.id.clone(),
            opened: at.time,
            quantity: opened,
        });
    }

    /// Units in kind: what comes opens a lot at the cost it had, what goes takes its cost along.
    pub(super) fn move_in_kind(
        &mut self,
        at: At,
        holding: &Holding,
        units: Decimal,
        cost: Option<Money>,
    ) {
        if !fits(units) || cost.is_some_and(|cost| !fits(cost.amount)) {
            return self.trouble(at, Some(&holding.symbol), Problem::TooLarge);
        }
        let left = match units.is_sign_negative() {
            true => units + self.move_out(at, holding, -units),
            false => units,
        };
        if left.is_zero() {
            return;
        }
        if left.is_sign_negative() {
            self.trouble(at, Some(&holding.symbol), Problem::MoreThanHeld);
        }
        // A cost that was said for all of them says nothing of some.
        let known = cost.filter(|cost| left == units && cost.currency == holding.currency);
        let change = Change {
            holding,
            units: left,
            flow: known.map(|cost| -left.signum() * round(cost.amount)),
            how: Closing::CameInKind,
            opened: None,
        };
        self.change(at, change);
    }

    /// Lets held units go without a result; says how many of `most` there were.
    fn move_out(&mut self, at: At, holding: &Holding, most: Decimal) -> Decimal {
        let Some(position) = self.positions.get_mut(&holding.symbol) else {
            return Decimal::ZERO;
        };
        position.turn_to(at.time);
        let there = position.units.max(Decimal::ZERO).min(most);
        let gone = position
            .lots
            .take(there, self.choice.method, picks(&self.choice, at));
        position.units -= there;
        position.day.units -= there;
        self.moved_out(&gone, holding);
        there
    }

    fn moved_out(&mut self, gone: &[Lot], holding: &Holding) {
        let cost: Option<Decimal> = gone.iter().map(|lot| lot.cost).sum();
        let tally = self
            .moved_out
            .entry(holding.currency)
            .or_insert(Some(Decimal::ZERO));
        *tally = tally.zip(cost).map(|(old, more)| old + more);
    }

    /// Changes a position; says how many units it opened.
    pub(super) fn change(&mut self, at: At, change: Change) -> Decimal {
        let symbol = &change.holding.symbol;
        let method = self.choice.method;
        let is_foreign = self.is_foreign(change.holding);
        let position = match self.positions.get_mut(symbol) {
            Some(position) => position,
            None => self
                .positions
                .entry(symbol.clone())
                .or_insert_with(|| Position::new(change.holding, at.time)),
        };
        position.turn_to(at.time);
        let flow = change.flow.filter(|_| !is_foreign);
        match change.how {
            Closing::CameInKind => position.day.units += change.units,
            Closing::Traded
            | Closing::Expired
            | Closing::CashSettled
            | Closing::InLieu
            | Closing::TakenOver => {
                position.day.flow = position.day.flow.zip(flow).map(|(old, new)| old + new);
            }
        }
        let size = change.units.abs();
        let closes = if oppose(position.units, change.units) {
            size.min(position.units.abs())
        } else {
            Decimal::ZERO
        };
        let closing_flow = flow.map(|flow| match closes.is_zero() {
            true => Decimal::ZERO,
            false => share(flow, closes, size),
        });
        let taken = position.lots.take(closes, method, picks(&self.choice, at));
        let opens = change.units.signum() * (size - closes);
        position.lots.open(
            Lot {
                id: at.id.clone(),
                opened: change.opened,
                quantity: opens,
                cost: flow.zip(closing_flow).map(|(all, closing)| closing - all),
            },
            method,
        );
        position.units += change.units;
        self.realise(at, &change, taken, closing_flow);
        if is_foreign {
            self.trouble(at, Some(symbol), Problem::OtherCurrency);
        }
        opens
    }

    /// Whether what is held is priced in another currency; what is closed may come back in any.
    fn is_foreign(&mut self, holding: &Holding) -> bool {
        let Some(position) = self.positions.get_mut(&holding.symbol) else {
            return false;
        };
        if position.units.is_zero() {
            position.holding = holding.clone();
        }
        position.holding.currency != holding.currency
    }

    /// Writes down what became final; the last lot gets what the others' shares of the flow leave.
    pub(super) fn realise(
        &mut self,
        at: At,
        change: &Change,
        taken: Vec<Lot>,
        flow: Option<Decimal>,
    ) {
        let mut units: Decimal = taken.iter().map(|lot| lot.quantity).sum();
        let mut left = flow;
        for lot in taken {
            let proceeds = left.map(|left| share(left, lot.quantity, units));
            left = left.zip(proceeds).map(|(left, taken)| left - taken);
            units -= lot.quantity;
            self.realised.push(Realised {
                account: self.account.clone(),
                symbol: change.holding.symbol.clone(),
                class: change.holding.class.clone(),
                currency: change.holding.currency,
                closed_by: at.id.clone(),
                closed: at.time,
                how: change.how,
                lot: Some(lot.id),
                opened: lot.opened,
                quantity: lot.quantity,
                proceeds,
                cost: lot.cost,
            });
        }
    }
}

pub(super) fn picks<'a>(choice: &'a super::Choice, at: At) -> &'a [super::Pick] {
    choice.picks.get(at.id).map_or(&[], Vec::as_slice)
}
