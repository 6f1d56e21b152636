//! Live orders and the status of one: what the present brokerage session knows of.

use super::super::answer::{Answer, Reply, ok};
use super::super::site::Call;
use super::json::{alone, row, status as status_word};
use super::notes::{by_number, newest};
use crate::domain::Timestamp;
use crate::sim::world::{BookedOrder, Customer};
use http::StatusCode;
use serde_json::{Value, json};

/// Most orders of an answer.
const ORDERS_AT_MOST: usize = 1000;

/// Orders that a session which began then sees: those that work, and those that ended in it. Newest first.
pub(in crate::sim::ibkr) fn shown(
    customer: &Customer,
    since: Timestamp,
) -> impl Iterator<Item = &BookedOrder> {
    let firsts = customer.orders.iter().rev();
    let firsts = firsts.filter(|order| order.replaces.is_none());
    firsts
        .map(|order| newest(customer, order))
        .filter(move |order| order.standing.is_open() || order.updated >= since)
}

/// `GET /iserver/account/orders`.
pub(super) fn live(call: &mut Call<'_>) -> Answer {
    let accounts = match call.query.get("accountId") {
        Some(number) => vec![call.account(number)?],
        None => call.person.accounts.clone(),
    };
    let filters: Vec<String> = call
        .query
        .list("filters")
        .into_iter()
        .map(|filter| filter.to_lowercase().replace('_', ""))
        .filter(|filter| filter != "sortbytime")
        .collect();
    let is_forced = call.query.flag("force");
    let trading = call.trading()?;
    let is_first = !std::mem::replace(&mut trading.orders_known, true);
    trading.is_filtered = match is_forced {
        true => false,
        false => trading.is_filtered || !filters.is_empty(),
    };
    if is_first || is_forced {
        return ok(&json!({"orders": [], "snapshot": false}));
    }
    let since = trading.since;
    let known = (call.shared, &*call.world, &call.desk.notes);
    let of = |account: &usize| {
        let customer = &call.world.customers[*account];
        let orders = shown(customer, since).filter(|order| {
            let word = status_word(order).to_lowercase();
            filters.is_empty() || filters.contains(&word)
        });
        let rows = orders.filter_map(|order| row(known, *account, order));
        rows.collect::<Vec<Value>>()
    };
    let mut rows: Vec<Value> = accounts.iter().flat_map(of).collect();
    rows.truncate(ORDERS_AT_MOST);
    ok(&json!({"orders": rows, "snapshot": true}))
}

/// `GET /iserver/account/order/status/{id}`: of the selected account and the present session alone.
pub(super) fn status(call: &mut Call<'_>, id: &str) -> Answer {
    let (account, since) = {
        let trading = call.trading()?;
        (trading.selected, trading.since)
    };
    let customer = &call.world.customers[account];
    let order = id
        .parse()
        .ok()
        .and_then(|id| by_number(account, customer, id));
    let order = order.filter(|order| order.standing.is_open() || order.updated >= since);
    let known = (call.shared, &*call.world, &call.desk.notes);
    let body = order.and_then(|order| alone(known, account, order));
    let stale = || Reply::of_status(StatusCode::SERVICE_UNAVAILABLE);
    ok(&body.ok_or_else(stale)?)
}
