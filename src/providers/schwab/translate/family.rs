//! Strategies of several orders: an entry with its exits, or a pair of exits of which one cancels the other.

use super::order::order;
use crate::domain::{AccountId, Exits, Order, OrderKind, Price, StopLoss, Text};
use crate::providers::fields::{Unreadable, row};
use crate::providers::schwab::wire;

/// How deep strategies may nest: an entry, a pair, its two exits.
const DEEPEST: usize = 4;

/// Orders that belong together, the head first.
#[derive(Debug)]
pub(in crate::providers::schwab) struct Family {
    /// Each exit names the head as parent.
    pub(in crate::providers::schwab) orders: Vec<Order>,
    /// Orders in it that could not be read.
    pub(in crate::providers::schwab) unreadable: usize,
}

/// Reads an order and what hangs on it.
pub(in crate::providers::schwab) fn family(
    top: &wire::Order<'_>,
    account: &AccountId,
) -> Result<Family, Unreadable> {
    let mut below = Below::default();
    below.collect(top, account, 0);
    if is_bare(top) {
        return pair(below);
    }
    let mut head = order(top, account)?;
    let parent = head.provider_id.clone();
    head.draft.exits = exits(&below.orders);
    let exits = below.orders.into_iter().map(|exit| of(&parent, exit));
    Ok(Family {
        orders: std::iter::once(head).chain(exits).collect(),
        unreadable: below.unreadable,
    })
}

/// Whether it only holds others together.
fn is_bare(row: &wire::Order<'_>) -> bool {
    row.order_leg_collection
        .as_ref()
        .is_none_or(|legs| legs.is_empty())
}

#[derive(Default)]
struct Below {
    orders: Vec<Order>,
    unreadable: usize,
}

impl Below {
    fn collect(&mut self, above: &wire::Order<'_>, account: &AccountId, depth: usize) {
        for raw in above.child_order_strategies.iter().flatten() {
            let child = row::<wire::Order<'_>>(raw).ok();
            let Some(child) = child.filter(|_| depth < DEEPEST) else {
                self.unreadable += 1;
                continue;
            };
            if !is_bare(&child) {
                match order(&child, account) {
                    Ok(order) => self.orders.push(order),
                    Err(_) => self.unreadable += 1,
                }
            }
            self.collect(&child, account, depth + 1);
        }
    }
}

/// Two exits without an entry: the one that takes the profit stands for both.
fn pair(below: Below) -> Result<Family, Unreadable> {
    let Below {
        mut orders,
        unreadable,
    } = below;
    if orders.is_empty() {
        return Err(Unreadable("the leg of an order"));
    }
    let first = orders.iter().position(|it| profit(it).is_some());
    orders.swap(0, first.unwrap_or(0));
    if let Exits::Bracket {
        take_profit,
        stop_loss,
    } = exits(&orders)
    {
        orders[0].draft.exits = Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        };
        let parent = orders[0].provider_id.clone();
        orders[1..]
            .iter_mut()
            .for_each(|it| it.parent.clone_from(&parent));
    }
    Ok(Family { orders, unreadable })
}

fn of(parent: &Option<Text>, exit: Order) -> Order {
    Order {
        parent: parent.clone(),
        ..exit
    }
}

fn exits(orders: &[Order]) -> Exits {
    let take_profit = orders.iter().find_map(profit);
    let stop_loss = orders.iter().find_map(|order| {
        let stop = order.draft.kind.stop()?;
        let limit = order.draft.kind.limit();
        Some(StopLoss { stop, limit })
    });
    match (take_profit, stop_loss) {
        (Some(take_profit), Some(stop_loss)) => Exits::Bracket {
            take_profit,
            stop_loss,
        },
        (Some(take_profit), None) => Exits::TakeProfit { take_profit },
        (None, Some(stop_loss)) => Exits::StopLoss(stop_loss),
        (None, None) => Exits::None,
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
