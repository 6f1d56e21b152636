//! Listing orders.

use super::super::answer::{Answer, ApiError};
use super::super::site::{Call, NEWEST};
use super::order_json;
use crate::sim::world::BookedOrder;
use serde_json::Value;

/// `GET /accounts/{number}/orders`.
pub(in crate::sim::tastytrade) fn list(call: &Call<'_>) -> Answer {
    let query = call.query;
    let dates = (query.date("start-date")?, query.date("end-date")?);
    let times = (query.time("start-at")?, query.time("end-at")?);
    if call.version == Some(NEWEST) && dates.0.is_none() && times.0.is_none() {
        return Err(ApiError::validation("start-date", "is required"));
    }
    let calendar = call.world.market.calendar();
    let statuses = query.list("status");
    let symbol = query.get("underlying-symbol");
    let kind = query.get("underlying-instrument-type");
    let in_time = |order: &&BookedOrder| {
        let date = calendar.date_of(order.created);
        dates.0.is_none_or(|first| date >= first)
            && dates.1.is_none_or(|last| date <= last)
            && times.0.is_none_or(|first| order.created >= first)
            && times.1.is_none_or(|last| order.created <= last)
    };
    let mut orders = shown(call, in_time);
    orders.retain(|order| {
        let is = |name: &str, wanted: &str| order[name] == wanted;
        (statuses.is_empty() || statuses.iter().any(|status| is("status", status)))
            && symbol.is_none_or(|symbol| is("underlying-symbol", symbol))
            && kind.is_none_or(|kind| is("underlying-instrument-type", kind))
    });
    if query.get("sort") != Some("Asc") {
        orders.reverse();
    }
    query.page(&orders, 100, 200)
}

/// `GET /accounts/{number}/orders/live`: what is open, and whatever else was touched today.
pub(in crate::sim::tastytrade) fn live(call: &Call<'_>) -> Answer {
    let calendar = call.world.market.calendar();
    let today = calendar.date_of(call.now);
    let mut orders = shown(call, |order| {
        order.standing.is_open() || calendar.date_of(order.updated) == today
    });
    orders.reverse();
    call.query.page(&orders, 100, 200)
}

fn shown(call: &Call<'_>, wanted: impl Fn(&&BookedOrder) -> bool) -> Vec<Value> {
    let orders = call.customer().orders.iter().filter(wanted);
    orders
        .map(|order| order_json(call.world, call.notes, call.account, order))
        .collect()
}
