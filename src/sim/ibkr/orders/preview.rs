//! What an order would do to an account, in texts for people to read.

use super::super::answer::{Answer, grouped, ok, price};
use super::super::site::Call;
use super::questions::{doubts, worded};
use super::request::Wanted;
use crate::domain::{OrderSize, Side};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// `POST /iserver/account/{id}/orders/whatif`.
pub(super) fn whatif(call: &mut Call<'_>, account: usize, wanted: &Wanted) -> Answer {
    let warnings = doubts(call, wanted)?;
    let customer = &call.world.customers[account];
    let figures = customer.figures(&call.world.market);
    let dealt = call
        .world
        .expected_price(&wanted.draft)
        .unwrap_or_default()
        .0;
    let units = match wanted.draft.size {
        OrderSize::Quantity(quantity) => quantity.0,
        OrderSize::Notional(amount) => amount.checked_div(dealt).unwrap_or_default(),
    };
    let signed = match wanted.draft.side {
        Side::Buy => units,
        Side::Sell => -units,
    };
    let held = customer.held(&wanted.draft.symbol);
    let mark = call.world.market.mark(wanted.listing).unwrap_or_default().0;
    let exposure = ((held + signed).abs() - held.abs()) * mark;
    let share = match customer.profile.multiplier > 1 {
        true => Decimal::new(5, 1),
        false => Decimal::ONE,
    };
    let gain = signed * (mark - dealt);
    let total = units * dealt;
    let first = warnings.first();
    let warn = first.map_or(Value::Null, |(_, words)| {
        format!("21/{}\n{words}", worded(call, wanted)).into()
    });
    ok(&json!({
        "amount": {
            "amount": format!("{} USD ({} Shares)", with_cents(total), units.normalize()),
            "commission": "0.00 USD",
            "total": format!("{} USD", with_cents(total)),
        },
        "equity": change(figures.equity, gain),
        "initial": change(figures.initial_margin, exposure * share),
        "maintenance": change(figures.maintenance_margin, exposure * Decimal::new(3, 1)),
        "position": change(held, signed),
        "warn": warn,
        "error": null,
    }))
}

fn change(before: Decimal, change: Decimal) -> Value {
    json!({
        "current": grouped(before),
        "change": grouped(change),
        "after": grouped(before + change),
    })
}

/// An amount with commas and cents: `1,977.60`.
fn with_cents(amount: Decimal) -> String {
    let written = price(amount.round_dp(2));
    let cents = written.rsplit('.').next().unwrap_or("00");
    format!("{}.{cents}", grouped(amount.trunc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_commas_and_cents() {
        assert_eq!(with_cents(Decimal::new(197_760, 2)), "1,977.60");
        assert_eq!(with_cents(Decimal::new(99_999, 2)), "999.99");
        let position = change(Decimal::from(20), Decimal::from(-30));
        assert_eq!(position["after"], "-10");
    }
}
