//! Executions of the last days, and what happened to one contract over a longer time.

use super::super::answer::{Answer, Reply, float, money, ok, price, utc};
use super::super::contracts::{company, exchange, spelled};
use super::super::orders::Notes;
use super::super::query::whole;
use super::super::shared::Shared;
use super::super::site::Call;
use crate::domain::{Side, Symbol, Timestamp};
use crate::sim::world::{Activity, Happening, World};
use jiff::civil::time;
use serde_json::{Value, json};

/// Days that executions go back, today included.
const MOST_DAYS: i64 = 7;

/// `GET /iserver/account/trades`: of the selected account, one row an execution.
pub(in crate::sim::ibkr) fn list(call: &mut Call<'_>) -> Answer {
    let account = call.trading()?.selected;
    let days = call.query.get("days").and_then(|days| days.parse().ok());
    let since = first_day(call.world, days.unwrap_or(1), call.now);
    ok(&executions(call.shared, call.world, &call.desk.notes, account, since).into())
}

/// The start of the first of so many days.
pub(in crate::sim::ibkr) fn first_day(world: &World, days: i64, now: Timestamp) -> Timestamp {
    let calendar = world.market.calendar();
    let mut date = calendar.date_of(now);
    for _ in 1..days.clamp(1, MOST_DAYS) {
        date = crate::sim::calendar::before(date);
    }
    calendar.at(date, time(0, 0, 0, 0))
}

/// Executions of an account since a moment, newest first.
pub(in crate::sim::ibkr) fn executions(
    shared: &Shared,
    world: &World,
    notes: &Notes,
    account: usize,
    since: Timestamp,
) -> Vec<Value> {
    let activities = world.customers[account].activities.iter().rev();
    activities
        .take_while(|activity| activity.time >= since)
        .filter_map(|activity| execution(shared, world, notes, account, activity))
        .collect()
}

/// An execution; `None` of what is none.
pub(in crate::sim::ibkr) fn execution(
    shared: &Shared,
    world: &World,
    notes: &Notes,
    account: usize,
    activity: &Activity,
) -> Option<Value> {
    let Happening::Fill {
        order,
        symbol,
        side,
        quantity,
        price: paid,
        ..
    } = &activity.happening
    else {
        return None;
    };
    let customer = &world.customers[account];
    let listing = world.market.find(symbol)?;
    let contract = &world.market.listings()[listing];
    let (letter, verb) = match side {
        Side::Buy => ("B", "Bot"),
        Side::Sell => ("S", "Sold"),
    };
    let id = activity.id.simple().to_string();
    let conid = shared.contracts.id(listing);
    let units = quantity.0.normalize();
    let mut row = json!({
        "execution_id": format!("{}.{}.01.01", &id[..8], &id[8..16]),
        "symbol": spelled(symbol),
        "supports_tax_opt": "1",
        "side": letter,
        "order_description": format!("{verb} {units} @ {} on ISLAND", price(paid.0)),
        "trade_time": utc(activity.time, "%Y%m%d-%H:%M:%S"),
        "trade_time_r": activity.time.millis(),
        "size": float(units),
        "price": price(paid.0),
        "submitter": "simulated",
        "exchange": "ISLAND",
        "commission": "0.0",
        "net_amount": money(paid.0 * units),
        "account": customer.number,
        "accountCode": customer.number,
        "company_name": company(contract),
        "contract_description_1": spelled(symbol),
        "sec_type": "STK",
        "listing_exchange": exchange(contract),
        "conid": conid,
        "conidEx": conid.to_string(),
        "clearing_id": "IB",
        "clearing_name": "IB",
        "liquidation_trade": "0",
        "is_event_trading": "0",
    });
    if let Some(reference) = notes.reference(customer, order) {
        row["order_ref"] = reference.into();
    }
    Some(row)
}

/// `POST /pa/transactions`: one contract, without ids.
pub(in crate::sim::ibkr) fn of_contract(call: &mut Call<'_>) -> Answer {
    let bad = |words: &str| Reply::bad_request(words);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let numbers = call.body["acctIds"].as_array().cloned().unwrap_or_default();
    let accounts: Result<Vec<usize>, Reply> = numbers
        .iter()
        .map(|number| call.account(&text(number).unwrap_or_default()))
        .collect();
    let accounts = accounts?;
    let conids = call.body["conids"].as_array().cloned().unwrap_or_default();
    let [conid] = conids.as_slice() else {
        return Err(bad("one conid is needed"));
    };
    let listing = whole(conid).and_then(|id| call.shared.contracts.listing(id));
    let listing = listing.ok_or_else(|| bad("conid is not valid"))?;
    let symbol = call.world.market.listings()[listing].symbol.clone();
    let days = whole(&call.body["days"]).unwrap_or(90).clamp(1, 365);
    let span = std::time::Duration::from_hours(24) * u32::try_from(days).unwrap_or(90);
    let since = call.now.minus(span);
    let mut rows = Vec::new();
    for account in accounts {
        let activities = call.world.customers[account].activities.iter();
        let recent = activities.filter(|activity| activity.time >= since);
        rows.extend(recent.filter_map(|it| transaction(call, account, &symbol, it)));
    }
    ok(&json!({
        "nd": days,
        "rpnl": {"data": [], "amt": "0.0"},
        "currency": "USD",
        "from": since.millis(),
        "id": "getTransactions",
        "to": call.now.millis(),
        "transactions": rows,
    }))
}

fn transaction(
    call: &Call<'_>,
    account: usize,
    wanted: &Symbol,
    activity: &Activity,
) -> Option<Value> {
    let market = &call.world.market;
    let (symbol, kind, signed, paid) = match &activity.happening {
        Happening::Fill {
            symbol,
            side,
            quantity,
            price,
            ..
        } => match side {
            Side::Buy => (symbol, "Buy", quantity.0, price.0),
            Side::Sell => (symbol, "Sell", -quantity.0, price.0),
        },
        Happening::Cash(cash) => {
            let units = cash.quantity.map_or_else(Default::default, |units| units.0);
            (cash.symbol.as_ref()?, "Dividend", units, Default::default())
        }
    };
    if symbol != wanted {
        return None;
    }
    let listing = market.find(symbol)?;
    let day = activity.time.in_zone(market.calendar().zone());
    Some(json!({
        "cur": "USD",
        "date": day.strftime("%a %b %d 00:00:00 %Z %Y").to_string(),
        "rawDate": day.strftime("%Y%m%d").to_string(),
        "fxRate": 1.0,
        "pr": float(paid),
        "qty": float(signed),
        "acctid": call.world.customers[account].number,
        "amt": money(activity.cash()),
        "conid": call.shared.contracts.id(listing),
        "type": kind,
        "desc": company(&market.listings()[listing]),
    }))
}
