//! Orders as the provider writes them.

use super::super::answer::{amount, count, moment, spelled};
use super::{Note, Notes, effective, order_number};
use crate::domain::{ClientOrderId, OrderDraft, OrderKind, OrderSize, Side, TimeInForce};
use crate::paper::Session;
use crate::sim::world::{BookedOrder, Customer, Happening, Standing, World};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// An order in full, as listings and the account streamer tell it.
pub(in crate::sim::tastytrade) fn order(
    world: &World,
    notes: &Notes,
    account: usize,
    order: &BookedOrder,
) -> Value {
    let customer = &world.customers[account];
    let number = |id: &ClientOrderId| order_number(account, customer, id);
    let note = notes.get(&order.id).cloned().unwrap_or_else(|| Note {
        action: action(customer, notes, order),
        ..Note::default()
    });
    let mut body = draft(customer, &order.draft, &note);
    let status = status(world, order);
    let live = matches!(order.standing, Standing::Working | Standing::Accepted);
    body["id"] = number(&order.id).into();
    body["status"] = status.into();
    body["cancellable"] = live.into();
    body["editable"] = (order.standing == Standing::Working).into();
    body["edited"] = order.replaces.is_some().into();
    body["received-at"] = moment(order.created);
    body["updated-at"] = order.updated.millis().into();
    body["global-request-id"] = order.client_id.replace('-', "").into();
    if let Some(ended) = order.ended {
        body["terminal-at"] = moment(ended);
        if order.standing != Standing::Filled {
            body["cancelled-at"] = moment(ended);
        }
    }
    if status == "Live" {
        body["live-at"] = moment(order.updated);
    }
    if order.standing == Standing::Rejected {
        body["reject-reason"] = "The market refused the order.".into();
    }
    if let Some(old) = order.replaces.as_ref().and_then(number) {
        body["replaces-order-id"] = old.into();
    }
    if let Some(new) = order.replaced_by.as_ref().and_then(number) {
        body["replacing-order-id"] = new.into();
    }
    body["legs"][0]["fills"] = fills(customer, &order.id);
    if order.quantity().is_some() {
        body["legs"][0]["remaining-quantity"] = count(order.leaves());
    }
    body
}

/// What is wanted, before it has a number.
pub(super) fn draft(customer: &Customer, draft: &OrderDraft, note: &Note) -> Value {
    let symbol = spelled(&draft.symbol);
    let mut leg = json!({
        "action": note.action,
        "instrument-type": "Equity",
        "symbol": symbol,
        "fills": [],
    });
    let mut body = json!({
        "account-number": customer.number,
        "order-type": kind_word(draft),
        "time-in-force": note.time_in_force.unwrap_or(time_word(draft)),
        "status": "Received",
        "cancellable": true,
        "editable": true,
        "edited": false,
        "underlying-instrument-type": "Equity",
        "underlying-symbol": symbol,
        "updated-at": 0,
    });
    let word = match draft.side {
        Side::Buy => "Debit",
        Side::Sell => "Credit",
    };
    match draft.size {
        OrderSize::Quantity(quantity) => {
            body["size"] = count(quantity.0);
            leg["quantity"] = count(quantity.0);
            leg["remaining-quantity"] = count(quantity.0);
        }
        OrderSize::Notional(value) => {
            body["value"] = amount(value);
            body["value-effect"] = word.into();
        }
    }
    if let Some(limit) = draft.kind.limit() {
        body["price"] = amount(limit.0);
        body["price-effect"] = word.into();
    }
    if let Some(stop) = draft.kind.stop() {
        body["stop-trigger"] = amount(stop.0);
    }
    let told = [
        ("gtc-date", &note.gtc_date),
        ("source", &note.source),
        ("external-identifier", &note.external),
    ];
    for (name, text) in told {
        if let Some(text) = text {
            body[name] = text.as_str().into();
        }
    }
    body["legs"] = json!([leg]);
    body
}

fn fills(customer: &Customer, id: &ClientOrderId) -> Value {
    let fill = |activity: &crate::sim::world::Activity| match &activity.happening {
        Happening::Fill {
            order,
            quantity,
            price,
            ..
        } if order == id => Some(json!({
            "destination-venue": "MARKET_SIMULATOR_A",
            "ext-exec-id": activity.id.simple().to_string(),
            "ext-group-fill-id": "0",
            "fill-id": format!("SIM_{}", activity.id.simple()),
            "fill-price": amount(price.0),
            "filled-at": moment(activity.time),
            "quantity": count(quantity.0),
        })),
        Happening::Fill { .. } | Happening::Cash(_) => None,
    };
    customer.activities.iter().filter_map(fill).collect()
}

/// What an order was for: as its customer said, else as its fills or the position tell.
pub(super) fn action(customer: &Customer, notes: &Notes, order: &BookedOrder) -> &'static str {
    if let Some(action) = notes.action(&order.id) {
        return action;
    }
    let filled = customer
        .activities
        .iter()
        .find_map(|activity| match &activity.happening {
            Happening::Fill {
                order: id,
                side,
                short,
                ..
            } if *id == order.id => Some(action_of_fill(*side, *short)),
            Happening::Fill { .. } | Happening::Cash(_) => None,
        });
    filled.unwrap_or_else(|| effective(order.draft.side, customer.held(&order.draft.symbol)))
}

/// The action of an execution; only sales are known to have opened a position or not.
pub(in crate::sim::tastytrade) fn action_of_fill(side: Side, short: bool) -> &'static str {
    match (side, short) {
        (Side::Sell, true) => "Sell to Open",
        (Side::Sell, false) => "Sell to Close",
        (Side::Buy, _) => "Buy to Open",
    }
}

fn kind_word(draft: &OrderDraft) -> &'static str {
    match draft.kind {
        OrderKind::Market if matches!(draft.size, OrderSize::Notional(_)) => "Notional Market",
        OrderKind::Market => "Market",
        OrderKind::Limit { .. } => "Limit",
        OrderKind::Stop { .. } | OrderKind::TrailingStop { .. } => "Stop",
        OrderKind::StopLimit { .. } => "Stop Limit",
    }
}

fn time_word(draft: &OrderDraft) -> &'static str {
    match (draft.time_in_force, draft.extended_hours) {
        (TimeInForce::GoodTilCancelled, false) => "GTC",
        (TimeInForce::GoodTilCancelled, true) => "GTC Ext",
        (TimeInForce::ImmediateOrCancel, _) => "IOC",
        (_, true) => "Ext",
        (_, false) => "Day",
    }
}

/// The provider's word for where an order stands.
fn status(world: &World, order: &BookedOrder) -> &'static str {
    match order.standing {
        // A replacement waits until the order before it is gone.
        Standing::Accepted if order.replaces.is_some() => "Contingent",
        Standing::Accepted if world.session() == Session::Closed => "Received",
        Standing::Accepted => "Routed",
        Standing::Held => "Contingent",
        Standing::Working => "Live",
        Standing::CancelPending => "Cancel Requested",
        Standing::ReplacePending => "Replace Requested",
        Standing::Filled => "Filled",
        Standing::Cancelled | Standing::Replaced => "Cancelled",
        Standing::Expired => "Expired",
        Standing::Rejected => "Rejected",
    }
}

/// Units of an order as a preview counts them.
pub(super) fn units(draft: &OrderDraft, price: Decimal) -> Decimal {
    match draft.size {
        OrderSize::Quantity(quantity) => quantity.0,
        OrderSize::Notional(value) => value.checked_div(price).unwrap_or_default(),
    }
}
