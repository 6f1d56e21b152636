//! Orders as the venue sees them.

use super::{asset_class, first_time, price, quantity, symbol};
use crate::domain::{
    AccountActivity, AccountId, ActivityKind, AssetClass, ClientOrderId, Exits, Mode, Order,
    OrderDraft, OrderKind, OrderSize, OrderState, Side, StopLoss, Symbol, Text, TimeInForce,
    TrailBy,
};
use crate::net::json;
use crate::providers::alpaca::wire::{self, Field, Unreadable};

/// An order with the exits that came nested in it.
#[derive(Debug)]
pub(in crate::providers::alpaca) struct Family {
    /// The order itself.
    pub(in crate::providers::alpaca) head: Order,
    /// Its exits, or the legs of a strategy; each names it as parent.
    pub(in crate::providers::alpaca) legs: Vec<Order>,
    /// The group that it heads, when it has legs; else the one it is an exit of.
    pub(in crate::providers::alpaca) group: Option<Text>,
    /// Legs that could not be read.
    pub(in crate::providers::alpaca) unreadable: usize,
}

/// Reads an order and what is nested in it.
pub(in crate::providers::alpaca) fn family(
    row: &wire::Order<'_>,
    account: &AccountId,
    mode: Mode,
) -> Result<Family, Unreadable> {
    let legs = row.legs.as_deref().unwrap_or_default();
    let rows: Vec<wire::Order<'_>> = legs
        .iter()
        .filter_map(|leg| json::parse_object(leg.get().as_bytes()).ok())
        .collect();
    let mut head = match row.order_class.text().as_deref() {
        Some("mleg") => strategy(row, rows.first(), account, mode)?,
        _ => order(row, account, mode)?,
    };
    let parent = head.provider_id.clone();
    let read = rows.iter().filter_map(|leg| order(leg, account, mode).ok());
    let legs_read: Vec<Order> = read
        .map(|leg| Order {
            parent: parent.clone(),
            ..leg
        })
        .collect();
    head.draft.exits = exits(row, &head, &legs_read);
    Ok(Family {
        unreadable: legs.len() - legs_read.len(),
        group: group(row, !legs.is_empty()),
        head,
        legs: legs_read,
    })
}

/// Reads one order, without what is nested in it.
pub(in crate::providers::alpaca) fn order(
    row: &wire::Order<'_>,
    account: &AccountId,
    mode: Mode,
) -> Result<Order, Unreadable> {
    let head = Head {
        symbol: symbol(row.symbol)?,
        class: asset_class(row.asset_class),
        side: super::account::side(row.side)?,
    };
    with_head(row, head, account, mode)
}

/// The group by which an order finds its family; an entry that comes without its legs has nothing to find.
pub(in crate::providers::alpaca) fn group(row: &wire::Order<'_>, has_legs: bool) -> Option<Text> {
    let is_exit = matches!(
        row.group_role.text().as_deref(),
        Some("take_profit" | "stop_loss")
    );
    let id = row.group_id.text().filter(|_| has_legs || is_exit)?;
    Some(id.as_ref().into())
}

/// What the parent of a multi-leg strategy leaves empty.
struct Head {
    symbol: Symbol,
    class: AssetClass,
    side: Side,
}

/// A strategy has no symbol and no side of its own: it is shown under its first leg's underlying, as bought when it
/// costs money and as sold when it brings some in (a negative limit).
fn strategy(
    row: &wire::Order<'_>,
    first_leg: Option<&wire::Order<'_>>,
    account: &AccountId,
    mode: Mode,
) -> Result<Order, Unreadable> {
    let leg = symbol(first_leg.map(|leg| leg.symbol).unwrap_or_default())?;
    let underlying = leg
        .as_str()
        .len()
        .checked_sub(15)
        .and_then(|end| leg.as_str().get(..end));
    let is_credit = row
        .limit_price
        .decimal()?
        .is_some_and(|limit| limit.is_sign_negative());
    let head = Head {
        symbol: underlying.map_or(leg.clone(), Symbol::new),
        class: AssetClass::Option,
        side: if is_credit { Side::Sell } else { Side::Buy },
    };
    with_head(row, head, account, mode)
}

fn with_head(
    row: &wire::Order<'_>,
    head: Head,
    account: &AccountId,
    mode: Mode,
) -> Result<Order, Unreadable> {
    let id = row.id.text().ok_or(Unreadable("the id of an order"))?;
    let name = row.client_order_id.text().unwrap_or_else(|| id.clone());
    let created = first_time(&[row.created_at, row.submitted_at, row.updated_at])?;
    let created = created.ok_or(Unreadable("the time of an order"))?;
    Ok(Order {
        id: ClientOrderId::new(&name),
        provider_id: Some(id.as_ref().into()),
        draft: OrderDraft {
            account: account.clone(),
            mode,
            symbol: head.symbol,
            class: head.class,
            side: head.side,
            size: size(row)?,
            kind: kind(row)?,
            time_in_force: time_in_force(row.time_in_force),
            extended_hours: row.extended_hours.is_true(),
            exits: Exits::None,
        },
        state: state(&row.status.text_or_empty()),
        filled: quantity(row.filled_qty)?.unwrap_or_default(),
        average_price: price(row.filled_avg_price)?,
        created,
        updated: row.updated_at.time()?.unwrap_or(created),
        replaces: row.replaces.text().map(|id| id.as_ref().into()),
        parent: None,
    })
}

fn size(row: &wire::Order<'_>) -> Result<OrderSize, Unreadable> {
    let notional = row.notional.decimal()?.map(OrderSize::Notional);
    let quantity = quantity(row.qty)?.map(OrderSize::Quantity);
    quantity
        .or(notional)
        .ok_or(Unreadable("the size of an order"))
}

/// Told by the prices that are there: they say the same as `type`, and still do when its word is new or empty.
fn kind(row: &wire::Order<'_>) -> Result<OrderKind, Unreadable> {
    let trail_price = price(row.trail_price)?.map(TrailBy::Price);
    let trail_percent = row.trail_percent.decimal()?.map(TrailBy::Percent);
    if let Some(trail) = trail_price.or(trail_percent) {
        return Ok(OrderKind::TrailingStop { trail }); // its stop price moves and is not what was asked for
    }
    Ok(match (price(row.stop_price)?, price(row.limit_price)?) {
        (Some(stop), Some(limit)) => OrderKind::StopLimit { stop, limit },
        (Some(stop), None) => OrderKind::Stop { stop },
        (None, Some(limit)) => OrderKind::Limit { limit },
        (None, None) => OrderKind::Market,
    })
}

/// An unknown word is taken for the one that lasts longest, so that nobody waits for an end that does not come.
fn time_in_force(field: Field<'_>) -> TimeInForce {
    let text = field.text_or_empty();
    let known = TimeInForce::ALL.into_iter().find(|it| it.as_str() == text);
    known.unwrap_or(TimeInForce::GoodTilCancelled)
}

/// Where an order stands, by the venue's word for it.
pub(in crate::providers::alpaca) fn state(word: &str) -> OrderState {
    match word {
        "new" | "partially_filled" => OrderState::Working,
        "accepted" | "pending_new" | "accepted_for_bidding" | "held" => OrderState::Accepted,
        "pending_cancel" => OrderState::CancelPending,
        "pending_replace" => OrderState::ReplacePending,
        "filled" => OrderState::Filled,
        "canceled" => OrderState::Cancelled,
        "expired" => OrderState::Expired,
        "replaced" => OrderState::Replaced,
        "rejected" => OrderState::Rejected {
            reason: "the venue gave no reason".into(),
        },
        other => OrderState::Other { word: other.into() },
    }
}

fn exits(row: &wire::Order<'_>, head: &Order, legs: &[Order]) -> Exits {
    let take_profit = legs.iter().find_map(|leg| match leg.draft.kind {
        OrderKind::Limit { limit } => Some(limit),
        OrderKind::Market
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. }
        | OrderKind::TrailingStop { .. } => None,
    });
    let stop_loss = legs.iter().find_map(|leg| {
        let stop = leg.draft.kind.stop()?;
        Some(StopLoss {
            stop,
            limit: leg.draft.kind.limit(),
        })
    });
    match (row.order_class.text().as_deref(), take_profit, stop_loss) {
        (Some("bracket"), Some(take_profit), Some(stop_loss)) => Exits::Bracket {
            take_profit,
            stop_loss,
        },
        (Some("oto"), Some(take_profit), _) => Exits::TakeProfit { take_profit },
        (Some("oto"), None, Some(stop_loss)) => Exits::StopLoss(stop_loss),
        (Some("oco"), _, Some(stop_loss)) => match head.draft.kind.limit() {
            Some(take_profit) => Exits::OneCancelsOther {
                take_profit,
                stop_loss,
            },
            None => Exits::None,
        },
        _ => Exits::None,
    }
}

/// The execution that a `fill` or `partial_fill` event tells of.
pub(in crate::providers::alpaca) fn fill(
    update: &wire::TradeUpdate<'_>,
    order: &Order,
) -> Result<AccountActivity, Unreadable> {
    let order_id = order.provider_id.clone().unwrap_or_default();
    // Without an execution id, the order and what it has filled by now tell its executions apart.
    let execution = update.execution_id.text().map(|id| Text::new(&id));
    let provider_id = execution.unwrap_or_else(|| format!("{order_id}:{}", order.filled).into());
    Ok(AccountActivity {
        account: order.draft.account.clone(),
        provider_id,
        time: update.timestamp.time()?.unwrap_or(order.updated),
        kind: ActivityKind::Fill {
            symbol: order.draft.symbol.clone(),
            side: order.draft.side,
            quantity: quantity(update.qty)?.ok_or(Unreadable("the quantity of an execution"))?,
            price: price(update.price)?.ok_or(Unreadable("the price of an execution"))?,
            order: order_id,
        },
    })
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
