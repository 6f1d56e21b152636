//! Orders as the provider writes them.

use crate::domain::{Exits, OrderKind, OrderSize, Side, Timestamp, TrailBy};
use crate::sim::alpaca::answer::{asset_id, decimal, maybe, moment};
use crate::sim::world::{BookedOrder, Customer, Group, Role, Standing};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// An order; its exits inside it where `nested`.
pub(in crate::sim::alpaca) fn order(
    customer: &Customer,
    order: &BookedOrder,
    nested: bool,
) -> Value {
    let mut body = plain(order);
    if nested && !order.legs.is_empty() {
        body["legs"] = customer.legs_of(order).map(plain).collect();
    }
    body
}

/// An order by itself, as event streams carry it.
pub(in crate::sim::alpaca) fn plain(order: &BookedOrder) -> Value {
    let draft = &order.draft;
    let (quantity, notional) = match draft.size {
        OrderSize::Quantity(quantity) => (decimal(quantity.0), Value::Null),
        OrderSize::Notional(amount) => (Value::Null, decimal(amount)),
    };
    let kind = kind_word(&draft.kind);
    let stop = order.trail.map(|(_, stop)| stop).or(draft.kind.stop());
    let (trail_price, trail_percent) = trail(&draft.kind);
    let ended = |standing: Standing| moment(order.ended.filter(|_| order.standing == standing));
    let mut body = json!({
        "id": order.id.as_str(),
        "client_order_id": order.client_id,
        "created_at": stamp(order.created),
        "updated_at": stamp(order.updated),
        "submitted_at": stamp(order.created),
        "filled_at": ended(Standing::Filled),
        "expired_at": ended(Standing::Expired),
        "canceled_at": ended(Standing::Cancelled),
        "failed_at": ended(Standing::Rejected),
        "replaced_at": ended(Standing::Replaced),
        "replaced_by": order.replaced_by.as_ref().map(|id| id.as_str()),
        "replaces": order.replaces.as_ref().map(|id| id.as_str()),
        "asset_id": asset_id(&draft.symbol).to_string(),
        "symbol": draft.symbol.as_str(),
        "asset_class": "us_equity",
        "notional": notional,
        "qty": quantity,
        "filled_qty": decimal(order.filled),
        "filled_avg_price": maybe(order.average.map(|price| price.0.round_dp(9))),
        "order_class": class_word(order.group.as_ref()),
        "order_type": kind,
        "type": kind,
        "side": draft.side.as_str(),
        "time_in_force": draft.time_in_force.as_str(),
        "limit_price": maybe(draft.kind.limit().map(|price| price.0)),
        "stop_price": maybe(stop.map(|price| price.0.round_dp(4))),
        "status": status_word(order),
        "extended_hours": draft.extended_hours,
        "legs": null,
        "trail_percent": trail_percent,
        "trail_price": trail_price,
        "hwm": maybe(order.trail.map(|(mark, _)| mark.0)),
        "subtag": null,
        "source": null,
    });
    if let Some(group) = &order.group {
        body["group_id"] = group.id.to_string().into();
        body["group_role"] = role_word(group.role).into();
        body["position_intent"] = intent_word(group.role, draft.side).into();
    }
    body
}

fn stamp(time: Timestamp) -> Value {
    time.to_string().into()
}

pub(super) fn kind_word(kind: &OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "market",
        OrderKind::Limit { .. } => "limit",
        OrderKind::Stop { .. } => "stop",
        OrderKind::StopLimit { .. } => "stop_limit",
        OrderKind::TrailingStop { .. } => "trailing_stop",
    }
}

fn trail(kind: &OrderKind) -> (Value, Value) {
    match kind {
        OrderKind::TrailingStop {
            trail: TrailBy::Price(distance),
        } => (decimal(distance.0), Value::Null),
        OrderKind::TrailingStop {
            trail: TrailBy::Percent(percent),
        } => (Value::Null, decimal(*percent)),
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. } => (Value::Null, Value::Null),
    }
}

/// A simple order's class is written as nothing at all.
fn class_word(group: Option<&Group>) -> &'static str {
    match group.map(|group| group.exits) {
        None | Some(Exits::None) => "",
        Some(Exits::Bracket { .. }) => "bracket",
        Some(Exits::OneCancelsOther { .. }) => "oco",
        Some(Exits::TakeProfit { .. } | Exits::StopLoss(_)) => "oto",
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Entry => "entry",
        Role::TakeProfit => "take_profit",
        Role::StopLoss => "stop_loss",
    }
}

fn intent_word(role: Role, side: Side) -> &'static str {
    match (role, side) {
        (Role::Entry, Side::Buy) => "buy_to_open",
        (Role::Entry, Side::Sell) => "sell_to_open",
        (Role::TakeProfit | Role::StopLoss, Side::Buy) => "buy_to_close",
        (Role::TakeProfit | Role::StopLoss, Side::Sell) => "sell_to_close",
    }
}

/// The provider's word for where an order stands.
pub(in crate::sim::alpaca) fn status_word(order: &BookedOrder) -> &'static str {
    match order.standing {
        Standing::Accepted if order.filled.is_zero() => "accepted",
        Standing::Working if order.filled.is_zero() => "new",
        Standing::Accepted | Standing::Working => "partially_filled",
        Standing::Held => "held",
        Standing::CancelPending => "pending_cancel",
        Standing::ReplacePending => "pending_replace",
        Standing::Filled => "filled",
        Standing::Cancelled => "canceled",
        Standing::Expired => "expired",
        Standing::Replaced => "replaced",
        Standing::Rejected => "rejected",
    }
}

/// The status an order had right after one of its executions.
pub(in crate::sim::alpaca) fn status_after_fill(leaves: Decimal) -> &'static str {
    match leaves.is_zero() {
        true => "filled",
        false => "partially_filled",
    }
}
