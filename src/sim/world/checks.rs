//! What keeps an order from being taken: money, holdings, permissions, the customer's own other orders.

use super::order::{Role, Standing, expected_price};
use super::{BookedOrder, Customer, World};
use crate::domain::order::OrderChange;
use crate::domain::{
    ClientOrderId, Exits, OrderDraft, OrderKind, OrderSize, Price, Side, Symbol, TimeInForce,
};
use rust_decimal::Decimal;

/// Why something was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The customer's own id was used before.
    ClientIdTaken,
    /// More than the account may spend.
    BuyingPower {
        /// What it may spend.
        power: Decimal,
        /// What the order would cost.
        cost: Decimal,
    },
    /// More than is free to sell.
    Quantity {
        /// Of what.
        symbol: Symbol,
        /// Units asked for.
        requested: Decimal,
        /// Units free.
        available: Decimal,
        /// Units held.
        existing: Decimal,
        /// Units that other orders bind.
        bound: Decimal,
        /// Those orders.
        orders: Vec<ClientOrderId>,
    },
    /// It could deal with another order of the same customer.
    WashTrade {
        /// That order.
        order: ClientOrderId,
    },
    /// The account or the instrument cannot be sold short.
    Short,
    /// There is no price for the symbol.
    NoPrice,
    /// A stop or an exit lies on the wrong side.
    Misplaced(&'static str),
    /// There is no such order.
    NoSuchOrder,
    /// The order is at its end or about to be.
    NotCancelable,
    /// The order cannot be replaced as it stands.
    NotReplaceable(Standing),
    /// An order by amount cannot be replaced.
    Notional,
    /// The replacement changes nothing.
    Unchanged,
    /// The order has no such field, or the new quantity is filled already.
    BadChange(&'static str),
}

impl World {
    /// Whether an order would be taken.
    pub fn would_take(&self, customer: usize, draft: &OrderDraft) -> Result<(), Refusal> {
        self.check(customer, "", draft)
    }

    /// Everything that is checked before an order is taken.
    pub(super) fn check(
        &self,
        customer: usize,
        client_id: &str,
        draft: &OrderDraft,
    ) -> Result<(), Refusal> {
        let customer = &self.customers[customer];
        if customer.by_client_id.contains_key(client_id) {
            return Err(Refusal::ClientIdTaken);
        }
        let price = expected_price(draft, &self.market).ok_or(Refusal::NoPrice)?;
        check_exits(draft, price)?;
        let is_exit_pair = matches!(draft.exits, Exits::OneCancelsOther { .. });
        if self.cast.refuses_wash_trades && draft.exits == Exits::None && !is_exit_pair {
            check_wash(customer, draft, None)?;
        }
        let units = match draft.size {
            OrderSize::Quantity(quantity) => quantity.0,
            OrderSize::Notional(amount) => amount.checked_div(price.0).unwrap_or_default(),
        };
        self.check_means(customer, draft, units, price)
    }

    fn check_means(
        &self,
        customer: &Customer,
        draft: &OrderDraft,
        units: Decimal,
        price: Price,
    ) -> Result<(), Refusal> {
        let held = customer.held(&draft.symbol);
        let closes = match draft.side {
            Side::Sell => held > Decimal::ZERO,
            Side::Buy => held < Decimal::ZERO,
        };
        if closes {
            return check_free(customer, draft, units, held.abs());
        }
        if draft.side == Side::Sell && (!customer.profile.may_short() || !units.fract().is_zero()) {
            return match customer.profile.may_short() {
                true => Err(Refusal::Short),
                false => check_free(customer, draft, units, Decimal::ZERO),
            };
        }
        let power = customer.figures(&self.market).buying_power;
        let cost = match draft.size {
            OrderSize::Notional(amount) => amount,
            OrderSize::Quantity(_) => units * price.0,
        };
        if cost > power {
            return Err(Refusal::BuyingPower { power, cost });
        }
        Ok(())
    }

    /// Everything that is checked before a replacement is taken.
    pub(super) fn check_replace(
        &self,
        customer: usize,
        id: &ClientOrderId,
        change: &OrderChange,
        client_id: Option<&str>,
    ) -> Result<(), Refusal> {
        let customer = &self.customers[customer];
        let order = customer.order(id).ok_or(Refusal::NoSuchOrder)?;
        if !matches!(order.standing, Standing::Working | Standing::Held) {
            return Err(Refusal::NotReplaceable(order.standing));
        }
        if matches!(order.draft.size, OrderSize::Notional(_)) {
            return Err(Refusal::Notional);
        }
        if client_id.is_some_and(|id| customer.by_client_id.contains_key(id)) {
            return Err(Refusal::ClientIdTaken);
        }
        if !changes_anything(order, change) {
            return Err(Refusal::Unchanged);
        }
        check_fields(&order.draft.kind, change)?;
        if change
            .quantity
            .is_some_and(|quantity| quantity.0 <= order.filled)
        {
            return Err(Refusal::BadChange(
                "qty must be more than the filled quantity",
            ));
        }
        self.check_raise(customer, order, change)
    }

    /// A replacement may cost more or sell more; the difference has to be there.
    fn check_raise(
        &self,
        customer: &Customer,
        order: &BookedOrder,
        change: &OrderChange,
    ) -> Result<(), Refusal> {
        let (Some(before), Some(price)) =
            (order.quantity(), expected_price(&order.draft, &self.market))
        else {
            return Ok(());
        };
        let units = change.quantity.map_or(before, |quantity| quantity.0);
        let new_price = change.limit.or(change.stop).unwrap_or(price);
        let is_exit = order
            .group
            .as_ref()
            .is_some_and(|group| group.role != Role::Entry);
        if is_exit {
            return Ok(());
        }
        match order.draft.side {
            Side::Buy => {
                let power = customer.figures(&self.market).buying_power;
                let cost = units * new_price.0 - before * price.0;
                if cost > power {
                    return Err(Refusal::BuyingPower { power, cost });
                }
                Ok(())
            }
            Side::Sell if units > before && customer.held(&order.draft.symbol) > Decimal::ZERO => {
                let held = customer.held(&order.draft.symbol);
                check_free(customer, &order.draft, units - before, held)
            }
            Side::Sell => Ok(()),
        }
    }
}

/// Whether `units` of what is held are free of other orders.
fn check_free(
    customer: &Customer,
    draft: &OrderDraft,
    units: Decimal,
    existing: Decimal,
) -> Result<(), Refusal> {
    let bound = match existing.is_zero() {
        true => Decimal::ZERO,
        false => customer.bound(&draft.symbol),
    };
    let available = existing - bound;
    if units <= available {
        return Ok(());
    }
    let orders = customer
        .open_orders()
        .filter(|order| order.draft.symbol == draft.symbol && order.draft.side == draft.side)
        .map(|order| order.id.clone())
        .collect();
    Err(Refusal::Quantity {
        symbol: draft.symbol.clone(),
        requested: units,
        available,
        existing,
        bound,
        orders,
    })
}

/// Whether an order could deal with another one of the same customer.
fn check_wash(
    customer: &Customer,
    draft: &OrderDraft,
    except: Option<&ClientOrderId>,
) -> Result<(), Refusal> {
    let crossing = customer.open_orders().find(|other| {
        other.draft.symbol == draft.symbol
            && other.draft.side != draft.side
            && Some(&other.id) != except
            && !other.is_held_exit()
            && could_cross(&draft.kind, draft.side, &other.draft.kind)
    });
    match crossing {
        Some(order) => Err(Refusal::WashTrade {
            order: order.id.clone(),
        }),
        None => Ok(()),
    }
}

/// Two orders of opposite sides can meet unless both have limits that keep them apart.
fn could_cross(kind: &OrderKind, side: Side, other: &OrderKind) -> bool {
    match (kind.limit(), other.limit()) {
        (Some(limit), Some(other)) => match side {
            Side::Buy => limit >= other,
            Side::Sell => limit <= other,
        },
        _ => true,
    }
}

/// Exits have to lie a cent beyond the price at which the entry would deal.
fn check_exits(draft: &OrderDraft, base: Price) -> Result<(), Refusal> {
    let (profit, loss) = match draft.exits {
        Exits::None => return Ok(()),
        Exits::Bracket {
            take_profit,
            stop_loss,
        } => (Some(take_profit), Some(stop_loss.stop)),
        Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        } => return check_pair(draft.side, take_profit, stop_loss.stop),
        Exits::TakeProfit { take_profit } => (Some(take_profit), None),
        Exits::StopLoss(stop_loss) => (None, Some(stop_loss.stop)),
    };
    let cent = Decimal::new(1, 2);
    let beyond = |price: Price, above: bool| match above {
        true => price.0 >= base.0 + cent,
        false => price.0 <= base.0 - cent,
    };
    let is_buy = draft.side == Side::Buy;
    if profit.is_some_and(|price| !beyond(price, is_buy)) {
        return Err(Refusal::Misplaced(match is_buy {
            true => "take_profit.limit_price must be >= base_price + 0.01",
            false => "take_profit.limit_price must be <= base_price - 0.01",
        }));
    }
    if loss.is_some_and(|price| !beyond(price, !is_buy)) {
        return Err(Refusal::Misplaced(match is_buy {
            true => "stop_loss.stop_price must be <= base_price - 0.01",
            false => "stop_loss.stop_price must be >= base_price + 0.01",
        }));
    }
    Ok(())
}

fn check_pair(side: Side, profit: Price, stop: Price) -> Result<(), Refusal> {
    let apart = match side {
        Side::Sell => profit > stop,
        Side::Buy => profit < stop,
    };
    match apart {
        true => Ok(()),
        false => Err(Refusal::Misplaced(
            "take_profit.limit_price and stop_loss.stop_price are on the wrong sides",
        )),
    }
}

fn changes_anything(order: &BookedOrder, change: &OrderChange) -> bool {
    let differs = |new: Option<Price>, old: Option<Price>| new.is_some() && new != old;
    let trail = match order.draft.kind {
        OrderKind::TrailingStop { trail } => change.trail.is_some_and(|new| new != trail),
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::StopLimit { .. } => change.trail.is_some(),
    };
    let lasts = |time: TimeInForce| time != order.draft.time_in_force;
    trail
        || differs(change.limit, order.draft.kind.limit())
        || differs(change.stop, order.draft.kind.stop())
        || change.time_in_force.is_some_and(lasts)
        || change
            .quantity
            .is_some_and(|quantity| Some(quantity.0) != order.quantity())
}

fn check_fields(kind: &OrderKind, change: &OrderChange) -> Result<(), Refusal> {
    let (limit, stop, trail) = match kind {
        OrderKind::Market => (false, false, false),
        OrderKind::Limit { .. } => (true, false, false),
        OrderKind::Stop { .. } => (false, true, false),
        OrderKind::StopLimit { .. } => (true, true, false),
        OrderKind::TrailingStop { .. } => (false, false, true),
    };
    if change.limit.is_some() && !limit {
        return Err(Refusal::BadChange(
            "limit_price is not a parameter of the order",
        ));
    }
    if change.stop.is_some() && !stop {
        return Err(Refusal::BadChange(
            "stop_price is not a parameter of the order",
        ));
    }
    if change.trail.is_some() && !trail {
        return Err(Refusal::BadChange("trail is not a parameter of the order"));
    }
    Ok(())
}
