//! Orders: placing them and the questions that are asked before, changing, cancelling, listing.

mod json;
mod list;
mod notes;
mod preview;
mod questions;
mod request;

pub(super) use json::row;
pub(super) use list::shown;
pub(super) use notes::{Note, Notes, first as first_of, newest as newest_of};
pub(super) use questions::Question;

use super::answer::{Answer, Reply, declined, ok, plain};
use super::site::Call;
use crate::domain::ClientOrderId;
use crate::domain::order::OrderChange;
use crate::sim::world::{NewOrder, Refusal, Standing};
use http::{Method, StatusCode};
use notes::by_number;
use request::Wanted;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The number of an order that stands for all of them.
const ALL: &str = "-1";

/// What is done once every question is answered.
#[derive(Debug)]
enum Intent {
    Place {
        account: usize,
        orders: Vec<Wanted>,
    },
    Change {
        account: usize,
        order: ClientOrderId,
        change: OrderChange,
        lasts: &'static str,
    },
}

/// `/iserver/account/…order…`, `/iserver/reply`, `/iserver/questions`, `/iserver/notification`.
pub(super) fn route(call: &mut Call<'_>, method: &Method, path: &[&str]) -> Answer {
    call.ready()?;
    match (method.as_str(), &path[1..]) {
        ("GET", ["account", "orders"]) => list::live(call),
        ("GET", ["account", "order", "status", id]) => list::status(call, id),
        ("POST", ["account", number, "orders"]) => {
            let account = call.account(number)?;
            place(call, account)
        }
        ("POST", ["account", number, "orders", "whatif"]) => {
            let account = call.account(number)?;
            let orders = wanted(call, account)?;
            preview::whatif(call, account, &orders[0])
        }
        ("POST", ["account", number, "order", id]) => {
            let account = call.account(number)?;
            modify(call, account, id)
        }
        ("DELETE", ["account", number, "order", id]) => {
            let account = call.account(number)?;
            cancel(call, account, id)
        }
        ("POST", ["reply", id]) => questions::reply(call, id),
        ("POST", ["questions", "suppress"]) => questions::suppress(call),
        ("POST", ["questions", "suppress", "reset"]) => questions::reset(call),
        ("POST", ["notification"]) => plain("Success"),
        _ => Err(Reply::of_status(StatusCode::NOT_FOUND)),
    }
}

/// The orders of a body: under `orders`, a list, or one alone.
fn wanted(call: &Call<'_>, account: usize) -> Result<Vec<Wanted>, Reply> {
    let body = match &call.body["orders"] {
        Value::Array(orders) => orders.as_slice(),
        _ => match call.body {
            Value::Array(orders) => orders.as_slice(),
            body => std::slice::from_ref(body),
        },
    };
    let orders: Result<Vec<Wanted>, Reply> = body
        .iter()
        .map(|order| Wanted::read(call, account, order))
        .collect();
    let orders = Wanted::grouped(orders?)?;
    match orders.is_empty() {
        true => Err(Reply::bad_request("orders are missing")),
        false => Ok(orders),
    }
}

/// `POST /iserver/account/{id}/orders`.
fn place(call: &mut Call<'_>, account: usize) -> Answer {
    call.trading()?.question = None;
    let orders = wanted(call, account)?;
    let mut doubts = VecDeque::new();
    for order in &orders {
        let reference = order.note.reference.as_deref().unwrap_or_default();
        if call.world.customers[account]
            .order_by_client_id(reference)
            .is_some()
        {
            return Err(registered(reference));
        }
        if let Some(refusal) = questions::refusal_of_price(call, order) {
            return Err(refusal);
        }
        call.world
            .would_take(account, &order.draft)
            .map_err(refused)?;
        doubts.extend(questions::doubts(call, order)?);
    }
    questions::ask(call, Intent::Place { account, orders }, doubts)
}

fn registered(reference: &str) -> Reply {
    declined(format!(
        "Order couldn't be submitted: Local order ID={reference} is already registered."
    ))
}

/// `POST /iserver/account/{id}/order/{id}`.
fn modify(call: &mut Call<'_>, account: usize, id: &str) -> Answer {
    call.trading()?.question = None;
    let wanted = wanted(call, account)?;
    let [wanted] = wanted.as_slice() else {
        return Err(Reply::bad_request("one order is needed"));
    };
    let customer = &call.world.customers[account];
    let number = id.parse().unwrap_or_default();
    let order = by_number(account, customer, number);
    let order = order.ok_or_else(|| unknown(id))?;
    let change = wanted.as_change_of(order);
    let change = change.ok_or_else(|| declined("Order type cannot be modified."))?;
    let intent = Intent::Change {
        account,
        order: order.id.clone(),
        change,
        lasts: wanted.note.lasts,
    };
    let doubts = questions::doubts(call, wanted)?;
    questions::ask(call, intent, doubts.into())
}

/// Does what every question has been answered for.
fn carry_out(call: &mut Call<'_>, intent: Intent) -> Answer {
    match intent {
        Intent::Place { account, orders } => book(call, account, orders),
        Intent::Change {
            account,
            order,
            change,
            lasts,
        } => {
            let replaced = call.world.replace(account, &order, change, None, call.now);
            let id = match replaced {
                Ok(id) => id,
                Err(Refusal::Unchanged) => order,
                Err(refusal) => return Err(refused(refusal)),
            };
            relabel(call, account, &id, lasts);
            ok(&json!([acknowledgement(call, account, &id)]))
        }
    }
}

/// Notes how long a changed order lasts.
fn relabel(call: &mut Call<'_>, account: usize, id: &ClientOrderId, lasts: &'static str) {
    let customer = &call.world.customers[account];
    let note = call.desk.notes.get(customer, id).cloned();
    if let Some(order) = customer.order(id) {
        let first = notes::first(customer, order).id.clone();
        let reference = note.and_then(|note| note.reference);
        call.desk.notes.put(first, Note { reference, lasts });
    }
}

fn book(call: &mut Call<'_>, account: usize, orders: Vec<Wanted>) -> Answer {
    let mut acks = Vec::new();
    for wanted in orders {
        let order = NewOrder {
            draft: wanted.draft,
            client_id: wanted.note.reference.clone(),
        };
        let placed = call.world.place(account, order, call.now);
        let id = placed.map_err(refused)?;
        call.desk.notes.put(id.clone(), wanted.note);
        acks.push(acknowledgement(call, account, &id));
        let order = call.world.customers[account].order(&id);
        let legs = order.map_or_else(Vec::new, |order| order.legs.clone());
        acks.extend(legs.iter().map(|leg| acknowledgement(call, account, leg)));
    }
    ok(&acks.into())
}

fn acknowledgement(call: &Call<'_>, account: usize, id: &ClientOrderId) -> Value {
    let customer = &call.world.customers[account];
    let order = customer.order(id);
    order.map_or(Value::Null, |order| {
        json::acknowledged(&call.desk.notes, account, customer, order)
    })
}

/// `DELETE /iserver/account/{id}/order/{id}`.
fn cancel(call: &mut Call<'_>, account: usize, id: &str) -> Answer {
    call.trading()?.question = None;
    let customer = &call.world.customers[account];
    let ids: Vec<ClientOrderId> = match id {
        ALL => {
            let open = customer.open_orders();
            let free = open.filter(|order| order.standing != Standing::CancelPending);
            free.map(|order| order.id.clone()).collect()
        }
        _ => {
            let number = id.parse().unwrap_or_default();
            let order = by_number(account, customer, number);
            vec![order.ok_or_else(|| unknown(id))?.id.clone()]
        }
    };
    for order in ids {
        let cancelled = call.world.cancel(account, &order, call.now);
        if id != ALL {
            cancelled.map_err(refused)?;
        }
    }
    let number: i64 = id.parse().unwrap_or_default();
    ok(&json!({
        "msg": "Request was submitted", "order_id": number, "conid": -1, "account": null,
    }))
}

fn unknown(id: &str) -> Reply {
    declined(format!("OrderID {id} doesn't exist"))
}

/// The provider's words for what the books refuse.
fn refused(refusal: Refusal) -> Reply {
    declined(match refusal {
        Refusal::BuyingPower { power, cost } => format!(
            "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH \
             LOAN VALUE [{power:.2} USD] MUST EXCEED THE INITIAL MARGIN [{cost:.2} USD]"
        ),
        Refusal::Quantity { .. } | Refusal::Short => {
            "YOUR ACCOUNT IS NOT ELIGIBLE TO SELL SHORT. The order would sell more than is held."
                .to_owned()
        }
        Refusal::ClientIdTaken => {
            "Order couldn't be submitted: Local order ID is already registered.".to_owned()
        }
        Refusal::NoPrice => "There is no market for this contract.".to_owned(),
        Refusal::Misplaced(why) | Refusal::BadChange(why) => why.to_owned(),
        Refusal::NoSuchOrder => "Order doesn't exist".to_owned(),
        Refusal::NotCancelable => "Order can not be cancelled at this time.".to_owned(),
        Refusal::NotReplaceable(_) | Refusal::Notional => "Order is not editable.".to_owned(),
        Refusal::Unchanged => "Order is unchanged.".to_owned(),
        Refusal::WashTrade { .. } => "Both sides of the order are of the same account.".to_owned(),
    })
}
