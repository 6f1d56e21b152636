//! Cash without a trade, and what was only noted.

use super::rows::{CashFlow, Closing, FlowCause, Problem};
use super::trade::{Change, picks};
use super::{AccountBook, At};
use crate::domain::{CashCause, Money, Quantity, Symbol};
use crate::engine::accounting::ladder::calendar::day_of;
use crate::engine::accounting::round::{fits, round};
use jiff::civil::Date;
use rust_decimal::Decimal;

impl AccountBook {
    pub(super) fn money(
        &mut self,
        at: At,
        cause: CashCause,
        money: Money,
        symbol: Option<&Symbol>,
    ) {
        if !fits(money.amount) {
            return self.trouble(at, symbol, Problem::TooLarge);
        }
        let money = Money::new(round(money.amount), money.currency);
        let settles = at.settles.unwrap_or_else(|| day_of(at.time));
        self.pay(at, settles, FlowCause::Said(cause), money, symbol);
        match (cause, symbol) {
            (CashCause::MarkToMarket, _) => {
                *self.futures.entry(money.currency).or_default() -= money.amount;
            }
            (CashCause::InLieu, Some(symbol)) => self.pay_fraction(at, money, symbol),
            (CashCause::Adjustment, Some(symbol)) => self.settle_in_cash(at, money, symbol),
            _ => {}
        }
    }

    /// Moves cash, and remembers what is not settled yet and what belongs to no trade.
    pub(super) fn pay(
        &mut self,
        at: At,
        settles: Date,
        cause: FlowCause,
        money: Money,
        symbol: Option<&Symbol>,
    ) {
        *self.cash.entry(money.currency).or_default() += money.amount;
        let today = day_of(at.time);
        if cause == FlowCause::Trade && settles <= today {
            return;
        }
        let flow = CashFlow {
            entry: at.id.clone(),
            time: at.time,
            settles,
            cause,
            money,
            symbol: symbol.cloned(),
        };
        if settles > today {
            while let Some(first) = self.unsettled.first_entry()
                && first.key().0 <= today
            {
                first.remove();
            }
            let key = (settles, at.id.clone());
            self.unsettled.insert(key, flow.clone());
        }
        if cause != FlowCause::Trade {
            self.flows.push(flow);
        }
    }

    /// Cash for the part of a position that is no whole unit: that part is sold. Where the fraction never came into the
    /// account, nobody knows what it had cost, and the profit stays unknown.
    fn pay_fraction(&mut self, at: At, money: Money, symbol: &Symbol) {
        let Some(position) = self.positions.get(symbol) else {
            return;
        };
        let holding = position.holding.clone();
        let fraction = position.units.fract();
        let change = Change {
            holding: &holding,
            units: -fraction,
            flow: Some(money.amount).filter(|_| money.currency == holding.currency),
            how: Closing::InLieu,
            opened: None,
        };
        if fraction.is_zero() {
            return self.realise_without_lot(at, &change);
        }
        self.change(at, change);
    }

    fn realise_without_lot(&mut self, at: At, change: &Change) {
        let nothing = super::lots::Lot {
            id: at.id.clone(),
            opened: None,
            quantity: Decimal::ZERO,
            cost: None,
        };
        self.realise(at, change, vec![nothing], change.flow);
        if let Some(row) = self.realised.last_mut() {
            row.lot = None;
        }
    }

    pub(super) fn note(
        &mut self,
        at: At,
        money: Option<Money>,
        symbol: Option<&Symbol>,
        quantity: Option<Quantity>,
    ) {
        self.trouble(at, symbol, Problem::NotUnderstood);
        let is_too_large =
            money.is_some_and(|it| !fits(it.amount)) || quantity.is_some_and(|it| !fits(it.0));
        if is_too_large {
            return self.trouble(at, symbol, Problem::TooLarge);
        }
        if let Some(money) = money {
            let money = Money::new(round(money.amount), money.currency);
            let settles = at.settles.unwrap_or_else(|| day_of(at.time));
            self.pay(at, settles, FlowCause::Noted, money, symbol);
        }
        let held = symbol.and_then(|symbol| self.positions.get(symbol));
        // What the units are is only known of what is held already; others are missed by reconciliation.
        if let (Some(position), Some(quantity)) = (held, quantity) {
            let holding = position.holding.clone();
            let change = Change {
                holding: &holding,
                units: quantity.0,
                flow: None,
                how: Closing::CameInKind,
                opened: None,
            };
            self.change(at, change);
        }
    }

    /// Takes lots of a position away without writing down a result.
    pub(super) fn take_lots(&mut self, at: At, symbol: &Symbol, units: Decimal) -> Vec<super::Lot> {
        let method = self.choice.method;
        let Some(position) = self.positions.get_mut(symbol) else {
            return Vec::new();
        };
        position.turn_to(at.time);
        let closes = units.abs().min(position.units.abs());
        let taken = position.lots.take(closes, method, picks(&self.choice, at));
        position.units -= taken.iter().map(|lot| lot.quantity).sum::<Decimal>();
        taken
    }
}
