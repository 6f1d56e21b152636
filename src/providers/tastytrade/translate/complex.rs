//! Complex orders: an entry with its exits, or a pair of exits, each an order of its own.

use super::order::{self, Around};
use crate::domain::{Exits, Order, OrderKind, Price, StopLoss, Text};
use crate::net::json;
use crate::providers::tastytrade::wire::{self, Unreadable};

/// A complex order, taken apart.
#[derive(Debug)]
pub(in crate::providers::tastytrade) struct Family {
    /// Its own id, by which the whole is cancelled.
    pub(in crate::providers::tastytrade) id: Text,
    /// The entry first, with its exits told; then the exits, each naming it as parent.
    pub(in crate::providers::tastytrade) orders: Vec<Order>,
    /// Orders in it that could not be read.
    pub(in crate::providers::tastytrade) unreadable: usize,
}

/// Reads a complex order and everything in it.
pub(in crate::providers::tastytrade) fn family(
    row: &wire::ComplexOrder<'_>,
    around: Around<'_>,
) -> Result<Family, Unreadable> {
    let id = row
        .id
        .text()
        .ok_or(Unreadable("the id of a complex order"))?;
    let rows = row.orders.as_deref().unwrap_or_default();
    let read = |raw: &serde_json::value::RawValue| {
        let row: wire::Order<'_> = json::parse_object(raw.get().as_bytes()).ok()?;
        order::order(&row, around).ok().map(|read| read.order)
    };
    let mut entry = row.trigger_order.and_then(read);
    let mut exits: Vec<Order> = rows.iter().filter_map(|raw| read(raw)).collect();
    let all = rows.len() + usize::from(row.trigger_order.is_some());
    let unreadable = all - exits.len() - usize::from(entry.is_some());
    let told = told(&row.r#type.text_or_empty(), &exits);
    if let Some(entry) = &mut entry {
        entry.draft.exits = told;
        for exit in &mut exits {
            exit.parent = entry.provider_id.clone();
        }
    } else if let (Exits::OneCancelsOther { .. }, Some(head)) = (told, exits.first_mut()) {
        head.draft.exits = told;
    }
    Ok(Family {
        id: id.as_ref().into(),
        orders: entry.into_iter().chain(exits).collect(),
        unreadable,
    })
}

fn told(kind: &str, exits: &[Order]) -> Exits {
    let take_profit = exits.iter().find_map(profit);
    let stop_loss = exits.iter().find_map(|order| {
        Some(StopLoss {
            stop: order.draft.kind.stop()?,
            limit: order.draft.kind.limit(),
        })
    });
    match (kind, take_profit, stop_loss) {
        ("OTOCO", Some(take_profit), Some(stop_loss)) => Exits::Bracket {
            take_profit,
            stop_loss,
        },
        ("OCO", Some(take_profit), Some(stop_loss)) => Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        },
        ("OTO", Some(take_profit), None) => Exits::TakeProfit { take_profit },
        ("OTO", None, Some(stop_loss)) => Exits::StopLoss(stop_loss),
        _ => Exits::None,
    }
}

fn profit(order: &Order) -> Option<Price> {
    match order.draft.kind {
        OrderKind::Limit { limit } => Some(limit),
        OrderKind::Market
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. }
        | OrderKind::TrailingStop { .. } => None,
    }
}
