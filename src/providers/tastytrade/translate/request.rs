//! Orders and changes as they are sent.

use super::symbol::{Kind, theirs};
use crate::domain::order::OrderChange;
use crate::domain::{
    AssetClass, ClientOrderId, Exits, OrderDraft, OrderKind, OrderSize, Quantity, Side, Text,
    TimeInForce,
};
use crate::providers::tastytrade::wire::{LegRequest, OrderRequest};
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// Who asks, in the orders' own records.
const SOURCE: &str = "tradedeck";

/// An order as it is sent; `held` is what the account holds of the symbol, negative when short.
///
/// # Errors
/// What this broker cannot be asked for, and what to do instead.
pub(in crate::providers::tastytrade) fn order<'a>(
    id: &'a ClientOrderId,
    draft: &OrderDraft,
    held: Quantity,
) -> Result<OrderRequest<'a>, Text> {
    if draft.exits != Exits::None {
        return Err(
            "orders with exits are not sent to tastytrade yet; place them one by one".into(),
        );
    }
    let (quantity, value) = match draft.size {
        OrderSize::Quantity(quantity) => (Some(quantity), None),
        OrderSize::Notional(value) => (None, Some(value)),
    };
    let leg = LegRequest {
        instrument_type: Kind::of(&draft.symbol).word(),
        symbol: theirs(&draft.symbol),
        quantity: quantity.map(|it| exact(it.0)),
        action: action(draft, quantity, held)?,
    };
    let request = OrderRequest {
        legs: Some(vec![leg]),
        ..terms(id, draft)?
    };
    match value {
        None => Ok(request),
        Some(value) if draft.kind == OrderKind::Market => Ok(OrderRequest {
            order_type: "Notional Market",
            value: Some(plain(value)),
            value_effect: Some(effect(draft.side)),
            ..request
        }),
        Some(_) => Err("an order by amount is a market order at tastytrade".into()),
    }
}

/// A change as it is sent: the whole order as it is to be, but for its legs, which cannot change.
///
/// # Errors
/// What cannot be changed, and what to do instead.
pub(in crate::providers::tastytrade) fn change<'a>(
    id: &'a ClientOrderId,
    before: &OrderDraft,
    change: &OrderChange,
) -> Result<OrderRequest<'a>, Text> {
    if change
        .quantity
        .is_some_and(|it| before.size != OrderSize::Quantity(it))
    {
        return Err(
            "tastytrade cannot change the quantity of an order; cancel it and place another".into(),
        );
    }
    let kind = match (before.kind, change.stop, change.limit, change.trail) {
        (_, _, _, Some(_)) => return Err(NO_TRAIL.into()),
        (OrderKind::Limit { limit }, None, wanted, None) => OrderKind::Limit {
            limit: wanted.unwrap_or(limit),
        },
        (OrderKind::Stop { stop }, wanted, None, None) => OrderKind::Stop {
            stop: wanted.unwrap_or(stop),
        },
        (OrderKind::StopLimit { stop, limit }, new_stop, new_limit, None) => OrderKind::StopLimit {
            stop: new_stop.unwrap_or(stop),
            limit: new_limit.unwrap_or(limit),
        },
        (kind, None, None, None) => kind,
        _ => {
            return Err(
                "the order has no such price to change; cancel it and place another".into(),
            );
        }
    };
    let after = OrderDraft {
        kind,
        time_in_force: change.time_in_force.unwrap_or(before.time_in_force),
        ..before.clone()
    };
    terms(id, &after)
}

/// Everything of an order but its legs.
fn terms<'a>(id: &'a ClientOrderId, draft: &OrderDraft) -> Result<OrderRequest<'a>, Text> {
    let limit = draft.kind.limit();
    Ok(OrderRequest {
        time_in_force: time_in_force(draft)?,
        order_type: match draft.kind {
            OrderKind::Market => "Market",
            OrderKind::Limit { .. } => "Limit",
            OrderKind::Stop { .. } => "Stop",
            OrderKind::StopLimit { .. } => "Stop Limit",
            OrderKind::TrailingStop { .. } => return Err(NO_TRAIL.into()),
        },
        price: limit.map(|it| plain(it.0)),
        price_effect: limit.map(|_| effect(draft.side)),
        stop_trigger: draft.kind.stop().map(|it| plain(it.0)),
        value: None,
        value_effect: None,
        source: SOURCE,
        external_identifier: id.as_str(),
        legs: None,
    })
}

const NO_TRAIL: &str = "tastytrade has no trailing stops; place a stop";

fn time_in_force(draft: &OrderDraft) -> Result<&'static str, Text> {
    match (draft.time_in_force, draft.extended_hours) {
        (TimeInForce::Day, false) => Ok("Day"),
        (TimeInForce::Day, true) => Ok("Ext"),
        (TimeInForce::GoodTilCancelled, false) => Ok("GTC"),
        (TimeInForce::GoodTilCancelled, true) => Ok("GTC Ext"),
        (TimeInForce::ImmediateOrCancel, false) => Ok("IOC"),
        (other, _) => Err(format!(
            "tastytrade takes no orders that are {}{}; choose day, gtc or ioc",
            other.as_str(),
            if draft.extended_hours {
                " in extended hours"
            } else {
                ""
            }
        )
        .into()),
    }
}

/// Whether an order opens or closes follows from what is held. Futures do without.
fn action(
    draft: &OrderDraft,
    quantity: Option<Quantity>,
    held: Quantity,
) -> Result<&'static str, Text> {
    if draft.class == AssetClass::Future || Kind::of(&draft.symbol) == Kind::Future {
        return Ok(match draft.side {
            Side::Buy => "Buy",
            Side::Sell => "Sell",
        });
    }
    let closes = match draft.side {
        Side::Buy => -held.0,
        Side::Sell => held.0,
    };
    if closes <= Decimal::ZERO {
        return Ok(match draft.side {
            Side::Buy => "Buy to Open",
            Side::Sell => "Sell to Open",
        });
    }
    if quantity.is_some_and(|wanted| wanted.0 > closes) {
        return Err(format!(
            "only {} are held the other way, and one order cannot close those and open more; place two",
            closes.normalize()
        )
        .into());
    }
    Ok(match draft.side {
        Side::Buy => "Buy to Close",
        Side::Sell => "Sell to Close",
    })
}

fn effect(side: Side) -> &'static str {
    match side {
        Side::Buy => "Debit",
        Side::Sell => "Credit",
    }
}

/// A decimal without zeros at its end: `150`, not `150.00`.
fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

/// The same as a JSON number, digit for digit.
fn exact(value: Decimal) -> Box<RawValue> {
    RawValue::from_string(plain(value)).expect("a decimal is a JSON number")
}
