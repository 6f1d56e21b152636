//! Orders as the provider writes them: in its list, alone, and in acknowledgements.

use super::super::answer::{float, price, text, utc};
use super::super::contracts::{company, exchange, spelled};
use super::super::shared::Shared;
use super::notes::{Notes, number};
use crate::domain::{OrderKind, Price, Side, TimeInForce, TrailBy};
use crate::sim::market::Listing;
use crate::sim::world::{BookedOrder, Customer, Standing, World};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// The provider's word for where an order stands. There is none for a part that is filled.
pub(super) fn status(order: &BookedOrder) -> &'static str {
    match order.standing {
        Standing::Accepted | Standing::Held => "PreSubmitted",
        Standing::ReplacePending => "PendingSubmit",
        Standing::CancelPending => "PendingCancel",
        Standing::Filled => "Filled",
        Standing::Cancelled | Standing::Expired | Standing::Replaced => "Cancelled",
        Standing::Rejected => "Inactive",
        Standing::Working => match order.draft.kind {
            OrderKind::Market | OrderKind::Limit { .. } => "Submitted",
            // What waits for its trigger waits at the broker.
            OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TrailingStop { .. } => "PreSubmitted",
        },
    }
}

/// Background and foreground of an order in the provider's own screens.
fn colors(status: &str) -> (&'static str, &'static str) {
    match status {
        "Submitted" => ("#000000", "#00F000"),
        "PreSubmitted" => ("#FFFFFF", "#0000CC"),
        "PendingSubmit" => ("#FFFFFF", "#3399CC"),
        _ => ("#FFFFFF", "#000000"),
    }
}

fn kind_words(kind: &OrderKind) -> (&'static str, &'static str) {
    match kind {
        OrderKind::Market => ("Market", "MARKET"),
        OrderKind::Limit { .. } => ("Limit", "LIMIT"),
        OrderKind::Stop { .. } => ("Stop", "STOP"),
        OrderKind::StopLimit { .. } => ("Stop Limit", "STOP_LIMIT"),
        OrderKind::TrailingStop { .. } => ("Trailing Stop", "TRAILING_STOP"),
    }
}

fn lasts(notes: &Notes, customer: &Customer, order: &BookedOrder) -> &'static str {
    let noted = notes.get(customer, &order.id).map(|note| note.lasts);
    noted.unwrap_or(match order.draft.time_in_force {
        TimeInForce::Day | TimeInForce::AtTheClose => "DAY",
        TimeInForce::GoodTilCancelled => "GTC",
        TimeInForce::AtTheOpen => "OPG",
        TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => "IOC",
    })
}

/// `Buy 100 Limit 372.00 GTC`, or with the symbol behind the number.
fn words(order: &BookedOrder, lasts: &str, symbol: &str) -> String {
    let is_done = order.standing == Standing::Filled;
    let verb = match (order.draft.side, is_done) {
        (Side::Buy, false) => "Buy",
        (Side::Buy, true) => "Bought",
        (Side::Sell, false) => "Sell",
        (Side::Sell, true) => "Sold",
    };
    let shown = order.draft.kind.limit().or(order.draft.kind.stop());
    let shown = shown.map_or_else(String::new, |shown| format!(" {}", price(shown.0)));
    let lasts = match lasts {
        "DAY" => "Day",
        other => other,
    };
    let units = order.quantity().unwrap_or_default().normalize();
    let (kind, _) = kind_words(&order.draft.kind);
    format!("{verb} {units}{symbol} {kind}{shown}, {lasts}")
}

/// Filled and left, or the whole once it is filled.
fn size_and_fills(order: &BookedOrder) -> String {
    let (filled, left) = (order.filled.normalize(), order.leaves().normalize());
    match left.is_zero() {
        true => filled.to_string(),
        false => format!("{filled}/{left}"),
    }
}

fn shown_price(order: &BookedOrder) -> Option<Price> {
    let trail = order.trail.map(|(_, stop)| stop);
    let kind = &order.draft.kind;
    kind.limit().or(kind.stop()).or(trail)
}

/// What an order's rows are made from.
struct Subject<'a> {
    order: &'a BookedOrder,
    customer: &'a Customer,
    contract: &'a Listing,
    conid: i64,
    number: usize,
    lasts: &'static str,
}

fn subject<'a>(
    (shared, world, notes): (&Shared, &'a World, &Notes),
    account: usize,
    order: &'a BookedOrder,
) -> Option<Subject<'a>> {
    let customer = &world.customers[account];
    let listing = world.market.find(&order.draft.symbol)?;
    Some(Subject {
        order,
        customer,
        contract: &world.market.listings()[listing],
        conid: shared.contracts.id(listing),
        number: number(account, customer, order),
        lasts: lasts(notes, customer, order),
    })
}

/// A row of the live orders, and of the stream's first message.
pub(in crate::sim::ibkr) fn row(
    known: (&Shared, &World, &Notes),
    account: usize,
    order: &BookedOrder,
) -> Option<Value> {
    let of = subject(known, account, order)?;
    let (kind, origin) = kind_words(&order.draft.kind);
    let status = status(order);
    let (background, foreground) = colors(status);
    let name = spelled(&of.contract.symbol);
    let account_number = &of.customer.number;
    let mut row = json!({
        "acct": account_number,
        "account": account_number,
        "conidex": of.conid.to_string(),
        "conid": of.conid,
        "orderId": of.number,
        "cashCcy": "USD",
        "sizeAndFills": size_and_fills(order),
        "orderDesc": words(order, of.lasts, &format!(" {name}")),
        "description1": name,
        "ticker": name,
        "secType": "STK",
        "listingExchange": exchange(of.contract),
        "remainingQuantity": float(order.leaves()),
        "filledQuantity": float(order.filled),
        "totalSize": float(order.quantity().unwrap_or_default()),
        "companyName": company(of.contract),
        "status": status,
        "order_ccp_status": status,
        "origOrderType": origin,
        "supportsTaxOpt": "1",
        "lastExecutionTime": utc(order.updated, "%y%m%d%H%M%S"),
        "lastExecutionTime_r": order.updated.millis(),
        "orderType": kind,
        "bgColor": background,
        "fgColor": foreground,
        "isEventTrading": "0",
        "price": shown_price(order).map_or_else(String::new, |shown| price(shown.0)),
        // The provider's list calls a day order one that ends with the close.
        "timeInForce": if of.lasts == "DAY" { "CLOSE" } else { of.lasts },
        "side": order.draft.side.as_str().to_uppercase(),
    });
    enrich(&mut row, known.2, &of, account);
    Some(row)
}

/// Fields that are not there of every order.
fn enrich(row: &mut Value, notes: &Notes, of: &Subject<'_>, account: usize) {
    let order = of.order;
    if let Some(average) = order.average {
        row["avgPrice"] = price(average.0).into();
    }
    if let Some(reference) = notes.reference(of.customer, &order.id) {
        row["order_ref"] = reference.into();
    }
    if let OrderKind::StopLimit { stop, .. } = order.draft.kind {
        row["auxPrice"] = price(stop.0).into();
        row["stop_price"] = price(stop.0).into();
    }
    let parent = order.group.as_ref().and_then(|group| group.parent.as_ref());
    if let Some(parent) = parent.and_then(|id| of.customer.order(id)) {
        row["parentId"] = number(account, of.customer, parent).into();
    }
    if order.standing == Standing::Expired {
        row["order_cancellation_by_system_reason"] = "Order expired".into();
    }
}

/// An order alone: most of its numbers are texts.
pub(super) fn alone(
    known: (&Shared, &World, &Notes),
    account: usize,
    order: &BookedOrder,
) -> Option<Value> {
    let of = subject(known, account, order)?;
    let (kind, origin) = kind_words(&order.draft.kind);
    let status = status(order);
    let (background, foreground) = colors(status);
    let name = spelled(&of.contract.symbol);
    let average = order.average.map_or(Decimal::ZERO, |average| average.0);
    let (total, filled) = (order.quantity().unwrap_or_default(), order.filled);
    let is_over = !order.standing.is_open();
    let described = words(order, of.lasts, "");
    let mut body = json!({
        "sub_type": null,
        "request_id": "209",
        "server_id": "0",
        "order_id": of.number,
        "conidex": of.conid.to_string(),
        "conid": of.conid,
        "symbol": name,
        "side": if order.draft.side == Side::Buy { "B" } else { "S" },
        "contract_description_1": name,
        "listing_exchange": exchange(of.contract),
        "is_event_trading": "0",
        "company_name": company(of.contract),
        "size": text(order.leaves()),
        "total_size": text(total),
        "cum_fill": text(filled),
        "average_price": price(average),
        "currency": "USD",
        "account": of.customer.number,
        "order_type": origin,
        "order_status": status,
        "order_ccp_status": if is_over { "2" } else { "0" },
        "order_status_description": format!("Order {status}"),
        "tif": of.lasts,
        "order_not_editable": is_over,
        "editable_fields": if is_over { "" } else { "\u{1e}quantity\u{1e}price\u{1e}tif\u{1e}" },
        "cannot_cancel_order": is_over,
        "outside_rth": order.draft.extended_hours,
        "all_or_none": false,
        "deactivate_order": false,
        "use_price_mgmt_algo": false,
        "sec_type": "STK",
        "order_desc": described,
        "order_description": described,
        "order_description_with_contract": words(order, of.lasts, &format!(" {name}")),
        "order_time": utc(order.created, "%y%m%d%H%M%S"),
    });
    (body["bg_color"], body["fg_color"]) = (background.into(), foreground.into());
    fills(&mut body, order, kind);
    same_of_all(&mut body, &of);
    Some(body)
}

/// Fields that are the same of every order here.
fn same_of_all(body: &mut Value, of: &Subject<'_>) {
    let fields = [
        ("clearing_id", json!("IB")),
        ("clearing_name", json!("IB")),
        ("alert_active", json!(0)),
        ("child_order_type", json!("0")),
        ("order_clearing_account", json!(of.customer.number)),
        ("size_and_fills", json!(size_and_fills(of.order))),
        ("exit_strategy_display_price", json!("0.0")),
        ("exit_strategy_chart_description", json!("")),
        ("exit_strategy_tool_availability", json!("0")),
        ("allowed_duplicate_opposite", json!(true)),
        ("total_cash_size", json!("0.0")),
    ];
    for (name, value) in fields {
        body[name] = value;
    }
}

/// What the recordings have besides: the same once more, by other names.
fn fills(body: &mut Value, order: &BookedOrder, kind: &str) {
    let average = order.average.map_or(Decimal::ZERO, |average| average.0);
    let limit = shown_price(order).map_or(Decimal::ZERO, |price| price.0);
    body["fill_price"] = price(average).into();
    body["avg_fill_price"] = price(average).into();
    body["last_fill_price"] = price(average).into();
    body["filled_quantity"] = text(order.filled).into();
    body["remaining_quantity"] = text(order.leaves()).into();
    body["price"] = text(limit).into();
    body["order_type_description"] = kind.into();
    if let OrderKind::TrailingStop { trail } = order.draft.kind {
        let (amount, unit) = match trail {
            TrailBy::Price(price) => (price.0, "amt"),
            TrailBy::Percent(percent) => (percent, "%"),
        };
        body["trailing_amount"] = text(amount).into();
        body["trailing_amount_unit"] = unit.into();
    }
    if let Some(stop) = order.draft.kind.stop() {
        body["stop_price"] = text(stop.0).into();
    }
}

/// What is said of an order that was taken.
pub(super) fn acknowledged(
    notes: &Notes,
    account: usize,
    customer: &Customer,
    order: &BookedOrder,
) -> Value {
    let mut ack = json!({
        "order_id": number(account, customer, order).to_string(),
        "order_status": status(order),
        "encrypt_message": "1",
    });
    if let Some(reference) = notes.reference(customer, &order.id) {
        ack["local_order_id"] = reference.into();
    }
    ack
}
