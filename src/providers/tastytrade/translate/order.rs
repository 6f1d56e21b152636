//! Orders as the venue sees them.

use super::execution::execution_id;
use super::symbol::{class, ours};
use super::{first_moment, number, price, quantity, side};
use crate::domain::{
    AccountActivity, AccountId, ActivityKind, AssetClass, ClientOrderId, Exits, Mode, Order,
    OrderDraft, OrderKind, OrderSize, OrderState, Price, Quantity, Side, Symbol, Text, TimeInForce,
    Timestamp,
};
use crate::net::json;
use crate::providers::tastytrade::wire::{self, Field, Unreadable};
use rust_decimal::Decimal;

/// In which account an order is, and when we heard of it: a frame may say no time of its own.
#[derive(Clone, Copy)]
pub(in crate::providers::tastytrade) struct Around<'a> {
    pub(in crate::providers::tastytrade) account: &'a AccountId,
    pub(in crate::providers::tastytrade) mode: Mode,
    pub(in crate::providers::tastytrade) heard: Timestamp,
}

/// An order with its executions, and the complex order that it belongs to.
#[derive(Debug)]
pub(in crate::providers::tastytrade) struct Read {
    pub(in crate::providers::tastytrade) order: Order,
    pub(in crate::providers::tastytrade) fills: Vec<AccountActivity>,
    /// Executions that could not be read.
    pub(in crate::providers::tastytrade) unreadable: usize,
    pub(in crate::providers::tastytrade) complex: Option<Text>,
}

/// Reads an order.
pub(in crate::providers::tastytrade) fn order(
    row: &wire::Order<'_>,
    around: Around<'_>,
) -> Result<Read, Unreadable> {
    let id = row.id.text().filter(|id| id != "0");
    let id: Text = id.ok_or(Unreadable("the id of an order"))?.as_ref().into();
    let legs = legs(row)?;
    let created = first_moment(&[row.received_at, row.live_at, row.updated_at])?;
    let created = created.unwrap_or(around.heard);
    let updated = first_moment(&[row.updated_at, row.terminal_at])?.unwrap_or(created);
    let state = state(row);
    let (fills, unreadable) = fills(&legs, &id, around.account, updated);
    let name = row.external_identifier.text();
    Ok(Read {
        order: Order {
            id: ClientOrderId::new(name.as_deref().unwrap_or(id.as_str())),
            draft: draft(row, &legs, around)?,
            filled: Quantity(filled(row, &legs, &fills, &state)?),
            average_price: average(&legs, &fills),
            provider_id: Some(id),
            state,
            created,
            updated,
            replaces: row.replaces_order_id.text().map(|id| id.as_ref().into()),
            parent: None,
        },
        fills,
        unreadable,
        complex: row.complex_order_id.text().map(|id| id.as_ref().into()),
    })
}

fn legs<'a>(row: &wire::Order<'a>) -> Result<Vec<wire::Leg<'a>>, Unreadable> {
    let list = row.legs.as_deref().unwrap_or_default();
    let read = list
        .iter()
        .map(|leg| json::parse_object(leg.get().as_bytes()));
    read.collect::<Result<_, _>>()
        .map_err(|_| Unreadable("a leg of an order"))
}

fn draft(
    row: &wire::Order<'_>,
    legs: &[wire::Leg<'_>],
    around: Around<'_>,
) -> Result<OrderDraft, Unreadable> {
    let (symbol, class, side) = head(row, legs)?;
    let (time_in_force, extended_hours) = time_in_force(row.time_in_force);
    Ok(OrderDraft {
        account: around.account.clone(),
        mode: around.mode,
        symbol,
        class,
        side,
        size: size(row, legs)?,
        kind: kind(row)?,
        time_in_force,
        extended_hours,
        exits: Exits::None,
    })
}

/// A strategy has no symbol and no side of its own: it is shown under its underlying, as bought when it costs money
/// and as sold when it brings some in.
fn head(
    row: &wire::Order<'_>,
    legs: &[wire::Leg<'_>],
) -> Result<(Symbol, AssetClass, Side), Unreadable> {
    match legs {
        [leg] => Ok((
            ours(leg.symbol, leg.instrument_type)?,
            class(leg.instrument_type),
            side(leg.action)?,
        )),
        [] => Err(Unreadable("the legs of an order")),
        [first, ..] => {
            let underlying = ours(row.underlying_symbol, row.underlying_instrument_type);
            let is_credit = row.price_effect.text().as_deref() == Some("Credit");
            Ok((
                underlying.or_else(|_| ours(first.symbol, first.instrument_type))?,
                class(first.instrument_type),
                if is_credit { Side::Sell } else { Side::Buy },
            ))
        }
    }
}

fn size(row: &wire::Order<'_>, legs: &[wire::Leg<'_>]) -> Result<OrderSize, Unreadable> {
    if let Some(value) = number(row.value)? {
        return Ok(OrderSize::Notional(value.abs()));
    }
    let of_leg = match legs {
        [leg] => quantity(leg.quantity)?,
        _ => None,
    };
    let size = of_leg.or(quantity(row.size)?);
    size.map(OrderSize::Quantity)
        .ok_or(Unreadable("the size of an order"))
}

/// Told by the type where it is known and by the prices that are there where it is not.
fn kind(row: &wire::Order<'_>) -> Result<OrderKind, Unreadable> {
    let (stop, limit) = (price(row.stop_trigger)?, price(row.price)?);
    let word = row.order_type.text_or_empty();
    if matches!(word.as_ref(), "Market" | "Notional Market") {
        return Ok(OrderKind::Market);
    }
    Ok(match (stop, limit) {
        (Some(stop), Some(limit)) => OrderKind::StopLimit { stop, limit },
        (Some(stop), None) => OrderKind::Stop { stop },
        (None, Some(limit)) => OrderKind::Limit { limit },
        (None, None) if matches!(word.as_ref(), "Limit" | "Stop" | "Stop Limit") => {
            return Err(Unreadable("the price of an order"));
        }
        (None, None) => OrderKind::Market,
    })
}

/// An unknown word is taken for the one that lasts longest, so that nobody waits for an end that does not come.
fn time_in_force(field: Field<'_>) -> (TimeInForce, bool) {
    let text = field.text_or_empty();
    match text.as_ref() {
        "Day" => (TimeInForce::Day, false),
        "Ext" | "Ext Overnight" => (TimeInForce::Day, true),
        "IOC" => (TimeInForce::ImmediateOrCancel, false),
        other => (TimeInForce::GoodTilCancelled, other.contains("Ext")),
    }
}

/// Where an order stands, by the venue's word for it.
fn state(row: &wire::Order<'_>) -> OrderState {
    let word = row.status.text_or_empty();
    match word.as_ref() {
        "Received" | "Routed" | "In Flight" | "Contingent" => OrderState::Accepted,
        "Live" => OrderState::Working,
        "Cancel Requested" | "Remove Pending" => OrderState::CancelPending,
        "Replace Requested" => OrderState::ReplacePending,
        "Filled" => OrderState::Filled,
        "Cancelled" if row.replacing_order_id.text().is_some() => OrderState::Replaced,
        "Cancelled" | "Removed" | "Partially Removed" | "Dead" => OrderState::Cancelled,
        "Expired" => OrderState::Expired,
        "Rejected" => OrderState::Rejected {
            reason: match row.reject_reason.text() {
                Some(reason) => reason.as_ref().into(),
                None => "the venue gave no reason".into(),
            },
        },
        other => OrderState::Other { word: other.into() },
    }
}

/// Units filled: by what remains or by the executions, whichever knows more; an order may be filled before all its
/// executions are there.
fn filled(
    row: &wire::Order<'_>,
    legs: &[wire::Leg<'_>],
    fills: &[AccountActivity],
    state: &OrderState,
) -> Result<Decimal, Unreadable> {
    let [leg, ..] = legs else {
        return Ok(Decimal::ZERO);
    };
    let wanted = number(leg.quantity)?;
    let symbol = ours(leg.symbol, leg.instrument_type)?;
    let executed = quantities(fills, &symbol).map(|(quantity, _)| quantity);
    let executed = executed.sum::<Decimal>();
    let gone = match (wanted, number(leg.remaining_quantity)?) {
        // What remains of a cancelled order may be none, though nothing was filled.
        (Some(wanted), Some(left)) if !state.is_final() || *state == OrderState::Filled => {
            wanted.saturating_sub(left)
        }
        _ => Decimal::ZERO,
    };
    let of_leg = executed.max(gone);
    match (legs.len(), wanted, number(row.size)?) {
        (2.., Some(wanted), Some(size)) => {
            let part = of_leg
                .checked_mul(size)
                .and_then(|it| it.checked_div(wanted));
            Ok(part.unwrap_or_default())
        }
        _ => Ok(of_leg),
    }
}

/// The average price of what filled; a strategy's is a net of prices that the venue does not say.
fn average(legs: &[wire::Leg<'_>], fills: &[AccountActivity]) -> Option<Price> {
    let [leg] = legs else {
        return None;
    };
    let symbol = ours(leg.symbol, leg.instrument_type).ok()?;
    let (mut units, mut cost) = (Decimal::ZERO, Decimal::ZERO);
    for (quantity, price) in quantities(fills, &symbol) {
        units = units.checked_add(quantity)?;
        cost = cost.checked_add(price.checked_mul(quantity)?)?;
    }
    cost.checked_div(units).map(|it| Price(it.normalize()))
}

/// Quantity and price of each execution of a symbol.
fn quantities<'a>(
    fills: &'a [AccountActivity],
    of: &'a Symbol,
) -> impl Iterator<Item = (Decimal, Decimal)> + 'a {
    fills.iter().filter_map(move |fill| {
        let ActivityKind::Fill {
            symbol,
            quantity,
            price,
            ..
        } = &fill.kind;
        (symbol == of).then_some((quantity.0, price.0))
    })
}

/// Every execution of an order, and how many could not be read.
fn fills(
    legs: &[wire::Leg<'_>],
    order: &Text,
    account: &AccountId,
    updated: Timestamp,
) -> (Vec<AccountActivity>, usize) {
    let (mut read, mut unreadable) = (Vec::new(), 0);
    for leg in legs {
        for raw in leg.fills.as_deref().unwrap_or_default() {
            let row = json::parse_object(raw.get().as_bytes());
            let row = row.map_err(|_| Unreadable("an execution"));
            match row.and_then(|row| fill(&row, leg, order)) {
                Ok((provider_id, time, kind)) => read.push(AccountActivity {
                    account: account.clone(),
                    provider_id,
                    time: time.unwrap_or(updated),
                    kind,
                }),
                Err(_) => unreadable += 1,
            }
        }
    }
    (read, unreadable)
}

fn fill(
    row: &wire::Fill<'_>,
    leg: &wire::Leg<'_>,
    order: &Text,
) -> Result<(Text, Option<Timestamp>, ActivityKind), Unreadable> {
    let symbol = ours(leg.symbol, leg.instrument_type)?;
    let execution = row.ext_exec_id.text();
    let shared = execution.and_then(|it| execution_id(order, &it, &symbol));
    let own = || row.fill_id.text().map(|id| Text::new(&id));
    let id = shared.or_else(own);
    Ok((
        id.ok_or(Unreadable("the id of an execution"))?,
        first_moment(&[row.filled_at])?,
        ActivityKind::Fill {
            symbol,
            side: side(leg.action)?,
            quantity: quantity(row.quantity)?.ok_or(Unreadable("the quantity of an execution"))?,
            price: price(row.fill_price)?.ok_or(Unreadable("the price of an execution"))?,
            order: order.clone(),
        },
    ))
}
