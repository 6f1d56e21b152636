//! What an order would cost: fees and the change of buying power.

use super::super::answer::{effect, put};
use super::super::site::Call;
use super::json as written;
use crate::domain::{OrderDraft, Side};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

/// Clearing fee a share, in thousandths of a cent; the recorded one.
const CLEARING: Decimal = Decimal::from_parts(1, 0, 0, false, 3);
/// Regulators' fee on sales, in millionths of the amount.
const REGULATORY: Decimal = Decimal::from_parts(28, 0, 0, false, 6);

/// A preview of an order; `order` is shown as it is given.
pub(super) fn of(call: &Call<'_>, draft: &OrderDraft, order: Value) -> Value {
    let price = call
        .world
        .expected_price(draft)
        .map_or(Decimal::ZERO, |price| price.0);
    let units = written::units(draft, price);
    let value = units * price;
    let clearing = units * CLEARING;
    let regulatory = match draft.side {
        Side::Buy => Decimal::ZERO,
        Side::Sell => {
            (value * REGULATORY).round_dp_with_strategy(3, RoundingStrategy::AwayFromZero)
        }
    };
    let mut preview = json!({"warnings": []});
    preview["order"] = order;
    preview["fee-calculation"] = fees(clearing, regulatory);
    preview["buying-power-effect"] = power(call, draft, value, clearing + regulatory);
    preview
}

fn fees(clearing: Decimal, regulatory: Decimal) -> Value {
    let mut fees = json!({"per-quantity": false});
    let named = [
        (
            "regulatory-fees",
            "regulatory-fees-breakdown",
            "sec",
            -regulatory,
        ),
        (
            "clearing-fees",
            "clearing-fees-breakdown",
            "clearing",
            -clearing,
        ),
        (
            "commission",
            "commission-breakdown",
            "brokerage",
            Decimal::ZERO,
        ),
        (
            "proprietary-index-option-fees",
            "proprietary-fees-breakdown",
            "proprietary",
            Decimal::ZERO,
        ),
        ("rebates", "rebates-breakdown", "rebate", Decimal::ZERO),
    ];
    for (name, breakdown, part, fee) in named {
        put(&mut fees, name, fee);
        let (value, word) = effect(fee);
        fees[breakdown] = json!([{"name": part, "value": value, "effect": word}]);
    }
    put(&mut fees, "total-fees", -(clearing + regulatory));
    fees
}

fn power(call: &Call<'_>, draft: &OrderDraft, value: Decimal, fees: Decimal) -> Value {
    let customer = call.customer();
    let before = customer.figures(&call.world.market).buying_power;
    let held = customer.held(&draft.symbol);
    let opens = match draft.side {
        Side::Buy => held >= Decimal::ZERO,
        Side::Sell => held <= Decimal::ZERO,
    };
    let margin = if opens { -value } else { Decimal::ZERO };
    let change = if opens { margin - fees } else { value - fees };
    let mut power = json!({"is-spread": false});
    let numbers = [
        ("change-in-margin-requirement", margin),
        ("change-in-buying-power", change),
        ("current-buying-power", before),
        ("new-buying-power", before + change),
        ("isolated-order-margin-requirement", margin),
    ];
    for (name, number) in numbers {
        put(&mut power, name, number.round_dp(4));
    }
    let (impact, word) = effect(change.round_dp(4));
    power["impact"] = impact;
    power["effect"] = word.into();
    power
}
