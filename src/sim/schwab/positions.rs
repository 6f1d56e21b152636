//! Positions inside an account.

use super::answer::{money, number, percent};
use super::instruments::instrument;
use super::site::Call;
use crate::domain::Symbol;
use crate::sim::world::Holding;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// What an account holds.
pub(super) fn list(call: &Call<'_>, index: usize) -> Vec<Value> {
    let holdings = call.world.customers[index].holdings.iter();
    holdings
        .map(|(symbol, holding)| position(call, index, symbol, holding))
        .collect()
}

fn position(call: &Call<'_>, index: usize, symbol: &Symbol, holding: &Holding) -> Value {
    let market = &call.world.market;
    let listing = market.find(symbol);
    let price = listing
        .and_then(|listing| market.mark(listing))
        .unwrap_or(holding.average);
    let last_close = listing
        .and_then(|listing| market.previous_close(listing, call.now))
        .unwrap_or(price);
    let units = holding.quantity;
    let today = Today::of(call, index, symbol, last_close.0);
    let day_profit = units * price.0 - today.opening * last_close.0 - today.cost;
    let average = number(holding.average.0.round_dp(6));
    let (long, short) = (units.max(Decimal::ZERO), (-units).max(Decimal::ZERO));
    let mut instrument = instrument(market, symbol);
    instrument["netChange"] = number((price.0 - last_close.0).round_dp(4));
    let mut body = json!({
        "shortQuantity": number(short),
        "averagePrice": average,
        "currentDayProfitLoss": money(day_profit),
        "currentDayProfitLossPercentage": percent(day_profit, today.basis),
        "longQuantity": number(long),
        "settledLongQuantity": number(long.min(today.opening.max(Decimal::ZERO))),
        "settledShortQuantity": number(short.min((-today.opening).max(Decimal::ZERO))),
        "agedQuantity": 0.0,
        "instrument": instrument,
        "marketValue": money(units * price.0),
        "maintenanceRequirement": money(units.abs() * price.0 * Decimal::new(3, 1)),
        "currentDayCost": money(today.cost),
    });
    // One side of a position is there, the other is left out.
    let (side, previous, profit) = match units.is_sign_negative() {
        true => (
            "Short",
            (-today.opening).max(Decimal::ZERO),
            units * (price.0 - holding.average.0),
        ),
        false => (
            "Long",
            today.opening.max(Decimal::ZERO),
            units * (price.0 - holding.average.0),
        ),
    };
    body[format!("average{side}Price")] = average.clone();
    body[format!("taxLotAverage{side}Price")] = average;
    body[format!("{}OpenProfitLoss", side.to_lowercase())] = money(profit);
    body[format!("previousSession{side}Quantity")] = number(previous);
    body
}

/// What happened to a position since the last session.
struct Today {
    /// Units held when the session began.
    opening: Decimal,
    /// Money spent on it since; negative when received.
    cost: Decimal,
    /// What a profit is a part of.
    basis: Decimal,
}

impl Today {
    fn of(call: &Call<'_>, index: usize, symbol: &Symbol, last_close: Decimal) -> Self {
        let customer = &call.world.customers[index];
        let calendar = call.world.market.calendar();
        let start = calendar.previous(calendar.latest_open(call.now).date).close;
        let since = customer.activities.iter().rev();
        let (mut bought, mut cost) = (Decimal::ZERO, Decimal::ZERO);
        for activity in since.take_while(|activity| activity.time > start) {
            if let Some((of, units)) = activity.units()
                && of == symbol
            {
                bought += units;
                cost -= activity.cash();
            }
        }
        let opening = customer.held(symbol) - bought;
        Self {
            opening,
            cost,
            basis: (opening * last_close).abs() + cost.abs(),
        }
    }
}
