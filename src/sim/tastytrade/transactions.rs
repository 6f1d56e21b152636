//! `/accounts/{number}/transactions`: what happened, one row for each execution and each movement of cash.

use super::answer::{Answer, ApiError, amount, moment, ok, put, spelled};
use super::orders::{action_of_fill, order_number};
use super::site::Call;
use crate::sim::world::{Activity, Cash, CashKind, Customer, Happening};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Numbers of one account's rows begin at a multiple of this.
const ROWS_OF_AN_ACCOUNT: usize = 10_000_000;
/// The fees a row names; a stock trade here is charged none of them.
const FEES: [&str; 4] = [
    "clearing-fees",
    "commission",
    "proprietary-index-option-fees",
    "regulatory-fees",
];

/// `GET /accounts/{number}/transactions`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let rows = rows(call)?;
    call.query.page(&rows, 250, 2000)
}

/// `GET /accounts/{number}/transactions/{id}`.
pub(super) fn get(call: &Call<'_>, id: &str) -> Answer {
    let place = id.parse::<usize>().ok();
    let place = place.and_then(|id| id.checked_sub(first_id(call.account)));
    let customer = call.customer();
    let found = place.and_then(|place| Some((place, customer.activities.get(place)?)));
    let (place, activity) = found.ok_or_else(ApiError::not_found)?;
    ok(row(call, customer, place, activity))
}

/// `GET /accounts/{number}/transactions/total-fees`.
pub(super) fn total_fees(call: &Call<'_>) -> Answer {
    let calendar = call.world.market.calendar();
    let date = call.query.date("date")?;
    let date = date.unwrap_or_else(|| calendar.date_of(call.now));
    let fees: Decimal = call
        .customer()
        .activities
        .iter()
        .filter_map(|activity| match &activity.happening {
            Happening::Cash(cash) if cash.kind == CashKind::RegulatoryFee && cash.date == date => {
                Some(cash.amount)
            }
            Happening::Cash(_) | Happening::Fill { .. } => None,
        })
        .sum();
    let mut body = json!({});
    put(&mut body, "total-fees", fees);
    ok(body)
}

fn first_id(account: usize) -> usize {
    (account + 1) * ROWS_OF_AN_ACCOUNT
}

fn rows(call: &Call<'_>) -> Result<Vec<Value>, ApiError> {
    let query = call.query;
    let calendar = call.world.market.calendar();
    let dates = (query.date("start-date")?, query.date("end-date")?);
    let times = (query.time("start-at")?, query.time("end-at")?);
    let in_time = |activity: &&Activity| {
        let date: Date = calendar.date_of(activity.time);
        dates.0.is_none_or(|first| date >= first)
            && dates.1.is_none_or(|last| date <= last)
            && times.0.is_none_or(|first| activity.time >= first)
            && times.1.is_none_or(|last| activity.time <= last)
    };
    let mut kinds = query.list("types");
    kinds.extend(query.list("type"));
    let filters = [
        ("transaction-type", kinds),
        ("transaction-sub-type", query.list("sub-type")),
        ("action", query.list("action")),
        ("symbol", query.list("symbol")),
        ("underlying-symbol", query.list("underlying-symbol")),
        ("instrument-type", query.list("instrument-type")),
        ("currency", query.list("currency")),
    ];
    let fits = |row: &Value| {
        filters.iter().all(|(name, wanted)| {
            wanted.is_empty()
                || row[*name]
                    .as_str()
                    .is_some_and(|word| wanted.contains(&word))
        })
    };
    let customer = call.customer();
    let mut rows: Vec<Value> = customer
        .activities
        .iter()
        .enumerate()
        .filter(|(_, activity)| in_time(activity))
        .map(|(place, activity)| row(call, customer, place, activity))
        .filter(fits)
        .collect();
    match query.get("sort") {
        Some("Asc") => {}
        None | Some("Desc") => rows.reverse(),
        Some(_) => return Err(ApiError::validation("sort", "is neither Asc nor Desc")),
    }
    Ok(rows)
}

fn row(call: &Call<'_>, customer: &Customer, place: usize, activity: &Activity) -> Value {
    let calendar = call.world.market.calendar();
    let mut row = json!({
        "id": first_id(call.account) + place,
        "account-number": customer.number,
        "executed-at": moment(activity.time),
        "transaction-date": calendar.date_of(activity.time).to_string(),
        "is-estimated-fee": calendar.date_of(activity.time) == calendar.date_of(call.now),
        "currency": "USD",
    });
    put(&mut row, "value", activity.cash());
    put(&mut row, "net-value", activity.cash());
    match &activity.happening {
        Happening::Fill { .. } => trade(call, customer, activity, &mut row),
        Happening::Cash(cash) => movement(cash, &mut row),
    }
    row
}

fn trade(call: &Call<'_>, customer: &Customer, activity: &Activity, row: &mut Value) {
    let Happening::Fill {
        order,
        symbol,
        side,
        short,
        quantity,
        price,
        ..
    } = &activity.happening
    else {
        return;
    };
    let noted = call.notes.action(order);
    let action = noted.unwrap_or(action_of_fill(*side, *short));
    let (name, units) = (spelled(symbol), quantity.0.normalize());
    let verb = if action.starts_with("Buy") {
        "Bought"
    } else {
        "Sold"
    };
    let fields = json!({
        "symbol": name,
        "instrument-type": "Equity",
        "underlying-symbol": name,
        "transaction-type": "Trade",
        "transaction-sub-type": action,
        "description": format!("{verb} {units} {name} @ {}", price.0),
        "action": action,
        "quantity": amount(units),
        "price": amount(price.0),
        "leg-count": 1,
        "destination-venue": "MARKET_SIMULATOR_A",
        "exec-id": activity.id.simple().to_string(),
        "ext-exec-id": activity.id.simple().to_string(),
        "order-id": order_number(call.account, customer, order),
    });
    merge(row, fields);
    for fee in FEES {
        put(row, fee, Decimal::ZERO);
    }
}

fn movement(cash: &Cash, row: &mut Value) {
    let sub_type = match cash.kind {
        CashKind::Deposit => "Deposit",
        CashKind::Withdrawal => "Withdrawal",
        CashKind::Dividend => "Dividend",
        CashKind::RegulatoryFee => "Fee",
        CashKind::Interest => "Credit Interest",
    };
    let fields = json!({
        "transaction-type": "Money Movement",
        "transaction-sub-type": sub_type,
        "description": cash.description,
    });
    merge(row, fields);
    if let Some(symbol) = &cash.symbol {
        let name = spelled(symbol);
        let fields = json!({
            "symbol": name,
            "underlying-symbol": name,
            "instrument-type": "Equity",
        });
        merge(row, fields);
    }
}

fn merge(row: &mut Value, fields: Value) {
    if let (Some(row), Value::Object(fields)) = (row.as_object_mut(), fields) {
        row.extend(fields);
    }
}
