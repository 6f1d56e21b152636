//! Orders as the venue sees them, one by one.

use super::{asset_class, instrument_symbol, price, quantity, symbol};
use crate::domain::{
    AccountId, AssetClass, ClientOrderId, Exits, Mode, Order, OrderDraft, OrderKind, OrderSize,
    OrderState, Price, Quantity, Side, Symbol, Text, TimeInForce, Timestamp, TrailBy,
};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::schwab::wire::{self, ExecutionLeg, OrderLeg};
use rust_decimal::Decimal;

/// Reads one order, without the ones that hang on it.
pub(in crate::providers::schwab) fn order(
    row: &wire::Order<'_>,
    account: &AccountId,
) -> Result<Order, Unreadable> {
    let id = row
        .order_id
        .text()
        .ok_or(Unreadable("the id of an order"))?;
    let created = row
        .entered_time
        .time()?
        .ok_or(Unreadable("the time of an order"))?;
    let legs = row.order_leg_collection.as_deref().unwrap_or_default();
    let head = head(row, legs)?;
    let executions = executions(row);
    Ok(Order {
        id: ClientOrderId::new(&id),
        provider_id: Some(id.as_ref().into()),
        draft: OrderDraft {
            account: account.clone(),
            mode: Mode::Live,
            symbol: head.symbol,
            class: head.class,
            side: head.side,
            size: size(row, legs)?,
            kind: kind(row)?,
            time_in_force: time_in_force(row),
            extended_hours: is_extended(row.session),
            exits: Exits::None,
        },
        state: state(
            &row.status.text_or_empty(),
            &row.status_description.text_or_empty(),
        ),
        filled: quantity(row.filled_quantity)?.unwrap_or_default(),
        average_price: match legs.len() {
            1 => average(&executions)?,
            _ => None, // legs of a spread have prices of their own
        },
        created,
        updated: updated(row, &executions, created)?,
        replaces: None,
        parent: None,
    })
}

struct Head {
    symbol: Symbol,
    class: AssetClass,
    side: Side,
}

/// A spread has no symbol and no side of its own: it is shown under its underlying, as bought when it costs money and
/// as sold when it brings some in.
fn head(row: &wire::Order<'_>, legs: &[OrderLeg<'_>]) -> Result<Head, Unreadable> {
    let leg = legs.first().ok_or(Unreadable("the leg of an order"))?;
    let instrument = leg.instrument.as_ref().ok_or(Unreadable("the symbol"))?;
    let kind = instrument.asset_type.text();
    let class = asset_class(
        &kind
            .or_else(|| leg.order_leg_type.text())
            .unwrap_or_default(),
    );
    let own = instrument_symbol(instrument)?;
    if legs.len() == 1 {
        return Ok(Head {
            symbol: own,
            class,
            side: side(leg.instruction)?,
        });
    }
    let stated = instrument.underlying_symbol.text();
    let stated = stated.map(|text| symbol::ours(&text));
    let side = match row.order_type.text().as_deref() {
        Some("NET_CREDIT") => Side::Sell,
        Some("NET_DEBIT" | "NET_ZERO") => Side::Buy,
        _ => side(leg.instruction)?,
    };
    Ok(Head {
        symbol: stated.or_else(|| symbol::underlying(&own)).unwrap_or(own),
        class,
        side,
    })
}

/// `BUY`, `SELL_SHORT`, `BUY_TO_OPEN` …: what it begins with counts.
fn side(instruction: Field<'_>) -> Result<Side, Unreadable> {
    let text = instruction.text_or_empty();
    if text.starts_with("BUY") {
        Ok(Side::Buy)
    } else if text.starts_with("SELL") {
        Ok(Side::Sell)
    } else {
        Err(Unreadable("the side"))
    }
}

fn size(row: &wire::Order<'_>, legs: &[OrderLeg<'_>]) -> Result<OrderSize, Unreadable> {
    let leg = legs.first();
    let of_leg = leg.map(|leg| leg.quantity).unwrap_or_default();
    let stated = quantity(row.quantity)?.or(quantity(of_leg)?);
    let stated = stated.ok_or(Unreadable("the size of an order"))?;
    let is_in_dollars =
        leg.is_some_and(|leg| leg.quantity_type.text().as_deref() == Some("DOLLARS"));
    Ok(match is_in_dollars {
        true => OrderSize::Notional(stated.0),
        false => OrderSize::Quantity(stated),
    })
}

/// By its type where that says that prices do not count; else by the prices that are there, which say the same and
/// still do when the word is new.
fn kind(row: &wire::Order<'_>) -> Result<OrderKind, Unreadable> {
    match row.order_type.text().as_deref() {
        Some("MARKET" | "MARKET_ON_CLOSE" | "EXERCISE") => return Ok(OrderKind::Market),
        Some("TRAILING_STOP" | "TRAILING_STOP_LIMIT") => {
            if let Some(offset) = row.stop_price_offset.decimal()? {
                return Ok(OrderKind::TrailingStop {
                    trail: trail(row, offset),
                });
            }
        }
        _ => {}
    }
    Ok(match (price(row.stop_price)?, price(row.price)?) {
        (Some(stop), Some(limit)) => OrderKind::StopLimit { stop, limit },
        (Some(stop), None) => OrderKind::Stop { stop },
        (None, Some(limit)) => OrderKind::Limit { limit },
        (None, None) => OrderKind::Market,
    })
}

fn trail(row: &wire::Order<'_>, offset: Decimal) -> TrailBy {
    match row.stop_price_link_type.text().as_deref() {
        Some("PERCENT") => TrailBy::Percent(offset),
        _ => TrailBy::Price(Price(offset)),
    }
}

/// An unknown word is taken for the one that lasts longest, so that nobody waits for an end that does not come.
fn time_in_force(row: &wire::Order<'_>) -> TimeInForce {
    if let Some("MARKET_ON_CLOSE" | "LIMIT_ON_CLOSE") = row.order_type.text().as_deref() {
        return TimeInForce::AtTheClose;
    }
    match row.duration.text().as_deref() {
        Some("DAY") => TimeInForce::Day,
        Some("FILL_OR_KILL") => TimeInForce::FillOrKill,
        Some("IMMEDIATE_OR_CANCEL") => TimeInForce::ImmediateOrCancel,
        _ => TimeInForce::GoodTilCancelled,
    }
}

fn is_extended(session: Field<'_>) -> bool {
    matches!(session.text().as_deref(), Some("AM" | "PM" | "SEAMLESS"))
}

/// Where an order stands, by the venue's word for it.
pub(in crate::providers::schwab) fn state(word: &str, description: &str) -> OrderState {
    match word {
        "WORKING" => OrderState::Working,
        "NEW"
        | "ACCEPTED"
        | "QUEUED"
        | "PENDING_ACTIVATION"
        | "PENDING_ACKNOWLEDGEMENT"
        | "AWAITING_PARENT_ORDER"
        | "AWAITING_CONDITION"
        | "AWAITING_STOP_CONDITION"
        | "AWAITING_MANUAL_REVIEW"
        | "AWAITING_RELEASE_TIME" => OrderState::Accepted,
        "PENDING_CANCEL" | "PENDING_RECALL" | "AWAITING_UR_OUT" => OrderState::CancelPending,
        "PENDING_REPLACE" => OrderState::ReplacePending,
        "FILLED" => OrderState::Filled,
        "CANCELED" => OrderState::Cancelled,
        "EXPIRED" => OrderState::Expired,
        "REPLACED" => OrderState::Replaced,
        "REJECTED" => OrderState::Rejected {
            reason: match description {
                "" => "the venue gave no reason".into(),
                words => words.into(),
            },
        },
        other => OrderState::Other {
            word: Text::at_most(other, 64),
        },
    }
}

/// Executions, and not the cancels that stand in the same list.
fn executions<'r, 'a>(row: &'r wire::Order<'a>) -> Vec<&'r ExecutionLeg<'a>> {
    let activities = row.order_activity_collection.iter().flatten();
    let fills = activities.filter(|it| it.execution_type.text().as_deref() == Some("FILL"));
    fills
        .flat_map(|fill| fill.execution_legs.iter().flatten())
        .collect()
}

fn average(executions: &[&ExecutionLeg<'_>]) -> Result<Option<Price>, Unreadable> {
    let (mut units, mut paid) = (Decimal::ZERO, Decimal::ZERO);
    for execution in executions {
        let (Some(quantity), Some(price)) =
            (quantity(execution.quantity)?, price(execution.price)?)
        else {
            continue;
        };
        let Some((more, cost)) = sums(units, paid, quantity, price) else {
            return Ok(None);
        };
        (units, paid) = (more, cost);
    }
    let average = paid.checked_div(units);
    Ok(average.map(|price| Price(price.round_dp(6).normalize())))
}

fn sums(
    units: Decimal,
    paid: Decimal,
    quantity: Quantity,
    price: Price,
) -> Option<(Decimal, Decimal)> {
    let cost = price.times(quantity)?;
    Some((units.checked_add(quantity.0)?, paid.checked_add(cost)?))
}

fn updated(
    row: &wire::Order<'_>,
    executions: &[&ExecutionLeg<'_>],
    created: Timestamp,
) -> Result<Timestamp, Unreadable> {
    let mut newest = created.max(row.close_time.time()?.unwrap_or(created));
    for execution in executions {
        newest = newest.max(execution.time.time()?.unwrap_or(newest));
    }
    Ok(newest)
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
