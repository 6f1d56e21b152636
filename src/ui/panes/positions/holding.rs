//! A row of the positions: one position, or the sum of a symbol's positions over accounts.

use crate::domain::{AccountId, Currency, Position, Price, Quantity, Symbol, Timestamp};
use crate::ui::panes::{PaneContext, cells};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What a row shows.
pub(super) struct Holding {
    pub(super) symbol: Symbol,
    /// In which account; `None` for a sum over several.
    pub(super) account: Option<AccountId>,
    /// How many accounts it is a sum over.
    pub(super) accounts: usize,
    pub(super) currency: Currency,
    pub(super) quantity: Quantity,
    pub(super) average: Option<Price>,
    pub(super) price: Option<Price>,
    /// Whether the price is a live one.
    pub(super) is_live: bool,
    pub(super) value: Option<Decimal>,
    pub(super) cost: Option<Decimal>,
    pub(super) day_change: Option<Decimal>,
    pub(super) unrealised: Option<Decimal>,
    pub(super) unrealised_fraction: Option<Decimal>,
    /// When the broker's figures were read.
    pub(super) as_of: Timestamp,
}

impl Holding {
    pub(super) fn of(context: &PaneContext<'_>, position: &Position) -> Self {
        let valuation = cells::valuation(context, position);
        let price = valuation.map(|(price, _)| price);
        Self {
            symbol: position.symbol.clone(),
            account: Some(position.account.clone()),
            accounts: 1,
            currency: position.currency,
            quantity: position.quantity,
            average: position.average_price,
            price,
            is_live: valuation.is_some_and(|(_, is_live)| is_live),
            value: price.and_then(|price| position.value(price)),
            cost: position.cost(),
            day_change: price.and_then(|price| cells::day_change(context, position, price)),
            unrealised: price.and_then(|price| position.unrealised(price)),
            unrealised_fraction: price.and_then(|price| position.unrealised_fraction(price)),
            as_of: position.as_of,
        }
    }

    /// One row a symbol and currency: quantities and values summed, the average weighted.
    pub(super) fn by_symbol<'a>(
        context: &PaneContext<'_>,
        positions: impl Iterator<Item = &'a Position>,
    ) -> Vec<Self> {
        let mut sums: BTreeMap<(Symbol, Currency), Self> = BTreeMap::new();
        for position in positions {
            let one = Self::of(context, position);
            match sums.get_mut(&(one.symbol.clone(), one.currency)) {
                Some(sum) => sum.add(one),
                None => {
                    sums.insert((one.symbol.clone(), one.currency), one);
                }
            }
        }
        sums.into_values().collect()
    }

    fn add(&mut self, other: Self) {
        self.account = None;
        self.accounts += 1;
        self.quantity.0 += other.quantity.0;
        self.value = sum(self.value, other.value);
        self.cost = sum(self.cost, other.cost);
        self.unrealised = sum(self.unrealised, other.unrealised);
        self.average = self
            .cost
            .and_then(|cost| cost.checked_div(self.quantity.0))
            .map(Price);
        self.unrealised_fraction = match (self.unrealised, self.cost) {
            (Some(unrealised), Some(cost)) => unrealised.checked_div(cost.abs()),
            _ => None,
        };
        self.is_live &= other.is_live;
        self.as_of = self.as_of.min(other.as_of);
    }

    pub(super) fn key(&self) -> super::Key {
        (self.symbol.clone(), self.account.clone())
    }

    pub(super) fn account_name(&self) -> &str {
        self.account
            .as_ref()
            .map_or("", |account| account.connection.as_str())
    }
}

/// A sum of which a part is unknown is unknown.
fn sum(one: Option<Decimal>, other: Option<Decimal>) -> Option<Decimal> {
    Some(one? + other?)
}
