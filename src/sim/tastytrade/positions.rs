//! `/accounts/{number}/positions`.

use super::answer::{Answer, amount, count, items, moment, spelled};
use super::site::Call;
use crate::domain::{Symbol, Timestamp};
use crate::sim::world::{Activity, Customer, Holding, World};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// `GET /accounts/{number}/positions`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let (query, customer) = (call.query, call.customer());
    let only = query.get("symbol");
    let underlying = query.list("underlying-symbol");
    let kind = query.get("instrument-type");
    let marks = query.flag("include-marks");
    let closed = match query.flag("include-closed-positions") {
        true => closed_today(call),
        false => Vec::new(),
    };
    let held = customer
        .holdings
        .iter()
        .map(|(symbol, holding)| (symbol, *holding));
    let rows = held
        .chain(closed)
        .filter(|(symbol, _)| {
            let name = spelled(symbol);
            only.is_none_or(|only| only == name)
                && (underlying.is_empty() || underlying.contains(&name.as_str()))
                && kind.is_none_or(|kind| kind == "Equity")
        })
        .enumerate()
        .map(|(row, (symbol, holding))| {
            let mut position = position(call.world, customer, symbol, holding, call.now);
            // The provider writes it both ways in one list.
            if row % 2 == 1 {
                position["multiplier"] = "1.0".into();
            }
            if marks && let Some(mark) = mark(call.world, symbol) {
                position["mark-price"] = amount(mark);
                position["mark"] = amount((mark * holding.quantity).abs());
            }
            position
        });
    items(rows.collect())
}

fn mark(world: &World, symbol: &Symbol) -> Option<Decimal> {
    let market = &world.market;
    Some(market.mark(market.find(symbol)?)?.0)
}

/// What was sold or bought back today: rows of nothing.
fn closed_today<'a>(call: &'a Call<'_>) -> Vec<(&'a Symbol, Holding)> {
    let calendar = call.world.market.calendar();
    let today = calendar.date_of(call.now);
    let customer = call.customer();
    let mut closed: Vec<(&Symbol, Holding)> = Vec::new();
    let dealt = customer.activities.iter().rev();
    let dealt = dealt.take_while(|activity| calendar.date_of(activity.time) == today);
    for (symbol, _) in dealt.filter_map(Activity::units) {
        let seen = closed.iter().any(|(known, _)| *known == symbol);
        if !seen && customer.held(symbol).is_zero() {
            let holding = Holding {
                quantity: Decimal::ZERO,
                average: crate::domain::Price::default(),
            };
            closed.push((symbol, holding));
        }
    }
    closed
}

/// A position, as the account streamer tells it too.
pub(super) fn position(
    world: &World,
    customer: &Customer,
    symbol: &Symbol,
    holding: Holding,
    now: Timestamp,
) -> Value {
    let market = &world.market;
    let close = market
        .find(symbol)
        .and_then(|listing| market.previous_close(listing, now));
    let (direction, cost) = match holding.quantity {
        units if units > Decimal::ZERO => ("Long", "Credit"),
        units if units < Decimal::ZERO => ("Short", "Debit"),
        _ => ("Zero", "None"),
    };
    let mut dealt = customer
        .activities
        .iter()
        .filter(|activity| activity.units().is_some_and(|(dealt, _)| dealt == symbol));
    let first = dealt
        .next()
        .map_or(customer.created, |activity| activity.time);
    let last = dealt.next_back().map_or(first, |activity| activity.time);
    let today = market.calendar().date_of(now).to_string();
    let average = amount(holding.average.0.round_dp(6));
    json!({
        "account-number": customer.number,
        "symbol": spelled(symbol),
        "instrument-type": "Equity",
        "underlying-symbol": spelled(symbol),
        "quantity": count(holding.quantity.abs()),
        "quantity-direction": direction,
        "close-price": amount(close.unwrap_or_default().0),
        "average-open-price": average,
        "average-yearly-market-close-price": average,
        "average-daily-market-close-price": amount(close.unwrap_or_default().0),
        "multiplier": 1,
        "cost-effect": cost,
        "is-suppressed": false,
        "is-frozen": false,
        "restricted-quantity": 0,
        "realized-day-gain": "0.0",
        "realized-day-gain-effect": "None",
        "realized-day-gain-date": today,
        "realized-today": "0.0",
        "realized-today-effect": "None",
        "realized-today-date": today,
        "created-at": moment(first),
        "updated-at": moment(last),
    })
}
