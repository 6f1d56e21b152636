//! Orders as the venue sees them.

use super::symbol::{class, share};
use super::{conid, millis, nonzero, number, side};
use crate::domain::{
    AccountId, AssetClass, ClientOrderId, Exits, Mode, Order, OrderDraft, OrderKind, OrderSize,
    OrderState, Price, Quantity, Symbol, Text, TimeInForce, Timestamp, TrailBy,
};
use crate::providers::fields::{Field, Unreadable};
use crate::providers::ibkr::wire;
use rust_decimal::Decimal;

/// In which account an order is, what its contract is called where that was learnt, and when we heard of it.
#[derive(Clone, Copy)]
pub(in crate::providers::ibkr) struct Around<'a> {
    pub(in crate::providers::ibkr) account: &'a AccountId,
    pub(in crate::providers::ibkr) mode: Mode,
    pub(in crate::providers::ibkr) named: Option<&'a (Symbol, AssetClass)>,
    pub(in crate::providers::ibkr) heard: Timestamp,
}

/// The account of a row.
pub(in crate::providers::ibkr) fn account_of(row: &wire::Order<'_>) -> Option<Text> {
    let number = row.acct.text().or_else(|| row.account.text());
    number.map(|number| number.as_ref().into())
}

/// The number of a row's contract.
pub(in crate::providers::ibkr) fn conid_of(row: &wire::Order<'_>) -> Option<u64> {
    conid(row.conid)
}

/// Reads an order.
pub(in crate::providers::ibkr) fn order(
    row: &wire::Order<'_>,
    around: Around<'_>,
) -> Result<Order, Unreadable> {
    let id = row.order_id.text().filter(|id| id != "0");
    let id: Text = id.ok_or(Unreadable("the id of an order"))?.as_ref().into();
    let filled = number(row.filled_quantity)?.unwrap_or_default();
    let time = millis(row.last_execution_time)?.unwrap_or(around.heard);
    let name = row.order_ref.text();
    Ok(Order {
        id: ClientOrderId::new(name.as_deref().unwrap_or(id.as_str())),
        draft: draft(row, filled, around)?,
        state: state(row.status, row.system_reason),
        filled: Quantity(filled),
        average_price: nonzero(row.avg_price)?.map(Price),
        provider_id: Some(id),
        created: time,
        updated: time,
        replaces: None,
        parent: row.parent_id.text().map(|id| id.as_ref().into()),
    })
}

fn draft(
    row: &wire::Order<'_>,
    filled: Decimal,
    around: Around<'_>,
) -> Result<OrderDraft, Unreadable> {
    let (symbol, class) = match around.named {
        Some(named) => named.clone(),
        None => (called(row)?, class(row.sec_type)),
    };
    let (kind, is_at_close) = kind(row)?;
    let (time_in_force, is_late) = time_in_force(row.time_in_force);
    Ok(OrderDraft {
        account: around.account.clone(),
        mode: around.mode,
        symbol,
        class,
        side: side(row.side)?,
        size: size(row, filled)?,
        kind,
        time_in_force: match is_at_close {
            true => TimeInForce::AtTheClose,
            false => time_in_force,
        },
        extended_hours: is_late || row.outside_rth.is_true(),
        exits: Exits::None,
    })
}

/// What a row itself calls its contract. Only a share's ticker is a name of its own.
fn called(row: &wire::Order<'_>) -> Result<Symbol, Unreadable> {
    let ticker = row.ticker.text().or_else(|| row.description1.text());
    let ticker = ticker.ok_or(Unreadable("the symbol"))?;
    let spelled = match (class(row.sec_type), row.description2.text()) {
        (AssetClass::Equity, _) | (_, None) => share(&ticker),
        (_, Some(more)) => format!("{ticker} {more}"),
    };
    Ok(Symbol::new(&spelled))
}

fn size(row: &wire::Order<'_>, filled: Decimal) -> Result<OrderSize, Unreadable> {
    if let Some(cash) = nonzero(row.total_cash_size)? {
        return Ok(OrderSize::Notional(cash.abs()));
    }
    let total = number(row.total_size)?;
    let left = number(row.remaining_quantity)?;
    let size = total.or_else(|| left.and_then(|left| left.checked_add(filled)));
    size.map(|it| OrderSize::Quantity(Quantity(it)))
        .ok_or(Unreadable("the size of an order"))
}

/// What kind an order is, and whether it is for the closing auction. Their words differ between answers: `Limit`,
/// `LIMIT`, `LMT`.
fn kind(row: &wire::Order<'_>) -> Result<(OrderKind, bool), Unreadable> {
    let word = row.order_type.text().or_else(|| row.orig_order_type.text());
    let word = word.unwrap_or_default().to_uppercase();
    let word: String = word.chars().filter(char::is_ascii_alphabetic).collect();
    let stop = nonzero(row.aux_price)?.or(nonzero(row.stop_price)?);
    let limit = nonzero(row.price)?.map(Price);
    let missing = Unreadable("the price of an order");
    let stop_price = || {
        stop.or_else(|| described_stop(row))
            .map(Price)
            .ok_or(missing)
    };
    let kind = match word.as_str() {
        "MARKET" | "MKT" | "MARKETONCLOSE" | "MOC" => OrderKind::Market,
        "LIMIT" | "LMT" | "LIMITONCLOSE" | "LOC" => OrderKind::Limit {
            limit: limit.ok_or(missing)?,
        },
        "STOP" | "STP" => OrderKind::Stop {
            // Some answers have the trigger where others have the limit.
            stop: stop_price().or(limit.ok_or(missing))?,
        },
        "STOPLIMIT" | "STPLMT" => OrderKind::StopLimit {
            stop: stop_price()?,
            limit: limit.ok_or(missing)?,
        },
        trail if trail.starts_with("TRAIL") => match trail_by(row)? {
            Some(trail) => OrderKind::TrailingStop { trail },
            None => OrderKind::Stop {
                stop: stop_price()?,
            },
        },
        _ => match (stop.map(Price), limit) {
            (Some(stop), Some(limit)) => OrderKind::StopLimit { stop, limit },
            (Some(stop), None) => OrderKind::Stop { stop },
            (None, Some(limit)) => OrderKind::Limit { limit },
            (None, None) => OrderKind::Market,
        },
    };
    let is_at_close = matches!(
        word.as_str(),
        "MARKETONCLOSE" | "MOC" | "LIMITONCLOSE" | "LOC"
    );
    Ok((kind, is_at_close))
}

/// The trigger as the description has it, where no field does: `Sell 10 AAPL Stop 180.50, GTC`.
fn described_stop(row: &wire::Order<'_>) -> Option<Decimal> {
    let text = row.order_desc.text()?;
    let (_, after) = text.split_once("Stop ")?;
    let price = after.split([' ', ',']).find(|it| !it.is_empty())?;
    price.parse().ok()
}

fn trail_by(row: &wire::Order<'_>) -> Result<Option<TrailBy>, Unreadable> {
    let amount = nonzero(row.trailing_amt)?;
    Ok(
        amount.map(|amount| match row.trailing_type.text().as_deref() {
            Some("%") => TrailBy::Percent(amount),
            _ => TrailBy::Price(Price(amount)),
        }),
    )
}

/// `CLOSE` is their other word for a day order. An unknown word is taken for the one that lasts longest, so that nobody
/// waits for an end that does not come.
fn time_in_force(field: Field<'_>) -> (TimeInForce, bool) {
    match field.text_or_empty().as_ref() {
        "DAY" | "CLOSE" | "" => (TimeInForce::Day, false),
        "OVT" | "OND" => (TimeInForce::Day, true),
        "OPG" => (TimeInForce::AtTheOpen, false),
        "IOC" | "PAX" => (TimeInForce::ImmediateOrCancel, false),
        "FOK" => (TimeInForce::FillOrKill, false),
        _ => (TimeInForce::GoodTilCancelled, false),
    }
}

/// Where an order stands, by the venue's word for it. An inactive order may work again, so it is not over unless their
/// system says why it cancelled it.
pub(in crate::providers::ibkr) fn state(word: Field<'_>, reason: Field<'_>) -> OrderState {
    let word = word.text_or_empty();
    let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_lowercase().as_str() {
        "pendingsubmit" | "presubmitted" | "apipending" => OrderState::Accepted,
        "submitted" => OrderState::Working,
        "pendingcancel" | "precancelled" => OrderState::CancelPending,
        "pendingreplace" | "prereplaced" => OrderState::ReplacePending,
        "filled" => OrderState::Filled,
        "cancelled" | "canceled" | "apicancelled" => OrderState::Cancelled,
        "expired" => OrderState::Expired,
        "replaced" => OrderState::Replaced,
        "rejected" | "inactive" => match reason.text() {
            Some(reason) => OrderState::Rejected {
                reason: reason.as_ref().into(),
            },
            None if plain.eq_ignore_ascii_case("rejected") => OrderState::Rejected {
                reason: "the venue gave no reason".into(),
            },
            None => OrderState::Other {
                word: word.as_ref().into(),
            },
        },
        _ => OrderState::Other {
            word: word.as_ref().into(),
        },
    }
}

/// A single order's status in the form of a listed one.
pub(in crate::providers::ibkr) fn listed<'a>(row: &wire::OrderStatus<'a>) -> wire::Order<'a> {
    let first = |fields: [Field<'a>; 2]| match fields[0].text() {
        Some(_) => fields[0],
        None => fields[1],
    };
    wire::Order {
        acct: first([row.account, row.order_clearing_account]),
        order_id: row.order_id,
        conid: row.conid,
        ticker: first([row.symbol, row.contract_description_1]),
        sec_type: row.sec_type,
        side: row.side,
        status: row.order_status,
        total_size: row.total_size,
        total_cash_size: row.total_cash_size,
        filled_quantity: first([row.cum_fill, row.filled_quantity]),
        avg_price: first([row.average_price, row.avg_fill_price]),
        price: first([row.limit_price, row.price]),
        stop_price: row.stop_price,
        order_type: row.order_type,
        time_in_force: row.tif,
        outside_rth: row.outside_rth,
        order_desc: row.order_description,
        ..wire::Order::default()
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
