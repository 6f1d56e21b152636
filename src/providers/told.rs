//! What rows of histories have in common whoever tells them: fees that follow from the cash that moved, and two rows that
//! are halves of one thing.

use crate::domain::entry::Trade;
use crate::domain::{Entry, Holding, Money, Quantity, What};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What was paid beside the price, so that the trade moves exactly the cash that the provider says. `gross` is that
/// cash before fees, where it says it; `None` where it and the price are about different things.
///
/// A price is written with so many digits, and cash in cents: what lies between them is a part of what was paid.
pub fn fees(trade: &Trade, gross: Option<Decimal>, net: Decimal) -> Option<Decimal> {
    let bare = Trade {
        fees: Decimal::ZERO,
        ..trade.clone()
    };
    let own = bare.cash()?;
    if let Some(gross) = gross {
        let apart = own.checked_sub(gross)?.abs();
        if apart > rounding(trade)? {
            return None;
        }
    }
    Some(own.checked_sub(net)?.normalize())
}

/// How far apart a rounded price and cash rounded to cents may take the two.
fn rounding(trade: &Trade) -> Option<Decimal> {
    let half_a_digit = Decimal::new(5, trade.price.0.scale().checked_add(1)?);
    let units = trade.quantity.0.checked_mul(trade.holding.multiplier)?;
    units
        .checked_mul(half_a_digit)?
        .checked_add(Decimal::new(5, 3))
}

/// What a row says, and what it may be one half of.
pub struct Told {
    /// What it says by itself.
    pub entry: Entry,
    /// Of what it may be one half.
    pub half: Option<Half>,
}

/// One half of a split, a merger or a new symbol: units that went, or units that came in their place.
pub struct Half {
    /// The same for both halves and for nothing else.
    pub key: String,
    /// Of what the units are.
    pub holding: Holding,
    /// Change of units.
    pub quantity: Quantity,
    /// Cash beside it.
    pub amount: Option<Money>,
    /// Whether the units are those that went; a short position comes back when it goes.
    pub is_old: bool,
}

impl From<Entry> for Told {
    fn from(entry: Entry) -> Self {
        Self { entry, half: None }
    }
}

/// Puts halves together where both are there and nothing else is of the same key; what is alone stays as it is.
pub fn joined(told: Vec<Told>) -> Vec<Entry> {
    let mut keys: BTreeMap<&str, Vec<&Half>> = BTreeMap::new();
    for half in told.iter().filter_map(|it| it.half.as_ref()) {
        keys.entry(half.key.as_str()).or_default().push(half);
    }
    let whole: BTreeMap<String, What> = keys
        .into_iter()
        .filter_map(|(key, halves)| Some((key.to_owned(), whole(&halves)?)))
        .collect();
    let in_place = |told: Told| {
        let whole = told.half.and_then(|half| {
            let what = whole.get(&half.key)?;
            Some(match half.is_old {
                // It is told with the other half; what is left of it is that it was there.
                true => What::Noted {
                    amount: None,
                    symbol: Some(half.holding.symbol),
                    quantity: None,
                },
                false => what.clone(),
            })
        });
        Entry {
            what: whole.unwrap_or(told.entry.what),
            ..told.entry
        }
    };
    told.into_iter().map(in_place).collect()
}

fn whole(halves: &[&Half]) -> Option<What> {
    let (old, new) = match halves {
        [old, new] if old.is_old && !new.is_old => (old, new),
        [new, old] if old.is_old && !new.is_old => (old, new),
        _ => return None,
    };
    let (gone, come) = (-old.quantity.0, new.quantity.0);
    let is_same_way = gone.is_sign_negative() == come.is_sign_negative();
    if gone.is_zero() || come.is_zero() || !is_same_way {
        return None;
    }
    let cash = sum(old.amount, new.amount)?;
    if old.holding.symbol == new.holding.symbol {
        return cash.is_none().then(|| What::Split {
            symbol: new.holding.symbol.clone(),
            from: gone.abs(),
            to: come.abs(),
        });
    }
    // Units that went short cannot be told as exchanged.
    gone.is_sign_positive().then(|| What::Exchanged {
        from: old.holding.clone(),
        gone: Quantity(gone),
        to: new.holding.clone(),
        come: Quantity(come),
        cash,
    })
}

/// `Some(None)` where nothing is left.
fn sum(one: Option<Money>, other: Option<Money>) -> Option<Option<Money>> {
    let sum = match (one, other) {
        (Some(one), Some(other)) if one.currency == other.currency => {
            let amount = one.amount.checked_add(other.amount)?;
            Some(Money { amount, ..one })
        }
        (Some(one), Some(other)) if !one.amount.is_zero() && !other.amount.is_zero() => {
            return None;
        }
        (Some(one), Some(other)) => Some(if one.amount.is_zero() { other } else { one }),
        (one, other) => one.or(other),
    };
    Some(sum.filter(|sum| !sum.amount.is_zero()))
}

#[cfg(test)]
#[path = "told_tests.rs"]
pub(super) mod tests;
