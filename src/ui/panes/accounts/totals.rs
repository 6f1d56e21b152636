//! Sums over accounts, one a currency: amounts of different currencies are never added.

use super::{Field, is_live};
use crate::domain::{Currency, Environment};
use crate::ui::panes::{PaneContext, cells};
use crate::ui::theme::Role;
use crate::ui::widgets::table::{Cell, Row};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the accounts of one currency hold together.
pub(super) struct Sum {
    pub(super) currency: Currency,
    pub(super) equity: Decimal,
    /// Equity now and at the close before, of the accounts that say both.
    day: (Decimal, Decimal),
    /// How many accounts do not.
    pub(super) dayless: usize,
    cash: Decimal,
    /// Equity of paper accounts in it, and whether there is anything else.
    paper: Decimal,
    has_real: bool,
    /// Equity that is known to be of now.
    live: Decimal,
    /// Age of the oldest figure in it that is not of now.
    pub(super) oldest: Option<Duration>,
}

impl Sum {
    fn new(currency: Currency) -> Self {
        Self {
            currency,
            equity: Decimal::ZERO,
            day: (Decimal::ZERO, Decimal::ZERO),
            dayless: 0,
            cash: Decimal::ZERO,
            paper: Decimal::ZERO,
            has_real: false,
            live: Decimal::ZERO,
            oldest: None,
        }
    }

    pub(super) fn day_change_fraction(&self) -> Option<Decimal> {
        let (now, before) = self.day;
        now.checked_sub(before)?.checked_div(before)
    }

    /// Equity that is no real money, where it is added to some that is.
    pub(super) fn paper_among_real(&self) -> Option<Decimal> {
        (self.has_real && !self.paper.is_zero()).then_some(self.paper)
    }

    /// How many hundredths of it are of now: never all of them where some are not.
    pub(super) fn live_percent(&self) -> Option<u32> {
        let share = self
            .live
            .checked_mul(Decimal::ONE_HUNDRED)?
            .checked_div(self.equity)?;
        let most = if self.oldest.is_some() { 99 } else { 100 };
        share
            .floor()
            .to_u32()
            .filter(|_| self.equity > Decimal::ZERO)
            .map(|share| share.min(most))
    }
}

/// The sums, the greatest first.
pub(super) fn sums(context: &PaneContext<'_>) -> Vec<Sum> {
    let mut sums: BTreeMap<Currency, Sum> = BTreeMap::new();
    for balance in context.replica.balances.values() {
        let sum = sums.entry(balance.currency);
        let sum = sum.or_insert_with(|| Sum::new(balance.currency));
        sum.equity = sum.equity.saturating_add(balance.equity);
        sum.cash = sum.cash.saturating_add(balance.cash);
        let account = context.replica.accounts.get(&balance.account);
        if account.is_some_and(|it| it.environment == Environment::Paper) {
            sum.paper = sum.paper.saturating_add(balance.equity);
        } else {
            sum.has_real = true;
        }
        match balance.previous_equity {
            Some(before) => {
                sum.day.0 = sum.day.0.saturating_add(balance.equity);
                sum.day.1 = sum.day.1.saturating_add(before);
            }
            None => sum.dayless += 1,
        }
        if is_live(context, balance) {
            sum.live = sum.live.saturating_add(balance.equity);
        } else {
            sum.oldest = sum.oldest.max(Some(context.now.since(balance.as_of)));
        }
    }
    let mut sums: Vec<Sum> = sums.into_values().collect();
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.equity.abs()));
    sums
}

/// The row of the greatest sum; the others are notes below it.
pub(super) fn row(context: &PaneContext<'_>, sums: &[Sum], fields: &[Field]) -> Option<Row> {
    let sum = sums.first()?;
    let strong = context.theme.style(Role::Strong);
    let amount = |value| cells::amount(context, Some(value), sum.currency, strong);
    let cell = |field: &Field| match field {
        Field::Title => Cell::name("Total", strong),
        Field::Value => amount(sum.equity),
        Field::Cash => amount(sum.cash),
        Field::Currency => Cell::name(sum.currency.as_str(), context.theme.style(Role::Muted)),
        Field::Day => cells::change(context, sum.day_change_fraction(), sum.oldest.is_some()),
        Field::Mark
        | Field::Environment
        | Field::Name
        | Field::Number
        | Field::Age
        | Field::SignIn
        | Field::BuyingPower => Cell::empty(),
    };
    Some(fields.iter().map(cell).collect())
}
