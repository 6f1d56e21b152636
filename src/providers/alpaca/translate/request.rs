//! Orders and changes as they are sent.

use crate::domain::order::OrderChange;
use crate::domain::{
    ClientOrderId, Exits, OrderDraft, OrderKind, OrderSize, Price, StopLoss, TimeInForce, TrailBy,
};
use crate::providers::alpaca::wire::{ExitRequest, OrderRequest, ReplaceRequest};
use rust_decimal::Decimal;

/// An order as it is sent.
pub(in crate::providers::alpaca) fn order<'a>(
    id: &'a ClientOrderId,
    draft: &'a OrderDraft,
) -> OrderRequest<'a> {
    let (qty, notional) = match draft.size {
        OrderSize::Quantity(quantity) => (Some(plain(quantity.0)), None),
        OrderSize::Notional(amount) => (None, Some(plain(amount))),
    };
    let (order_class, take_profit, stop_loss) = exits_request(&draft.exits);
    // A pair of exits is always sent as a limit order, whose price is that of its take-profit.
    let is_pair = matches!(draft.exits, Exits::OneCancelsOther { .. });
    let priced = if is_pair {
        Priced {
            word: "limit",
            ..Priced::default()
        }
    } else {
        priced(&draft.kind)
    };
    OrderRequest {
        symbol: draft.symbol.as_str(),
        qty,
        notional,
        side: draft.side.as_str(),
        r#type: priced.word,
        time_in_force: draft.time_in_force.as_str(),
        limit_price: priced.limit,
        stop_price: priced.stop,
        trail_price: priced.trail_price,
        trail_percent: priced.trail_percent,
        extended_hours: draft.extended_hours,
        client_order_id: id.as_str(),
        order_class,
        take_profit,
        stop_loss,
    }
}

/// A change as it is sent.
pub(in crate::providers::alpaca) fn change<'a>(
    id: &'a ClientOrderId,
    change: &OrderChange,
) -> ReplaceRequest<'a> {
    ReplaceRequest {
        qty: change.quantity.map(|it| plain(it.0)),
        time_in_force: change.time_in_force.map(TimeInForce::as_str),
        limit_price: change.limit.map(|it| plain(it.0)),
        stop_price: change.stop.map(|it| plain(it.0)),
        trail: change.trail.map(|trail| match trail {
            TrailBy::Price(Price(distance)) | TrailBy::Percent(distance) => plain(distance),
        }),
        client_order_id: id.as_str(),
    }
}

/// An order's type and prices as they are sent.
#[derive(Default)]
struct Priced {
    word: &'static str,
    limit: Option<String>,
    stop: Option<String>,
    trail_price: Option<String>,
    trail_percent: Option<String>,
}

fn priced(kind: &OrderKind) -> Priced {
    let prices = Priced {
        limit: kind.limit().map(|it| plain(it.0)),
        stop: kind.stop().map(|it| plain(it.0)),
        ..Priced::default()
    };
    match kind {
        OrderKind::Market => Priced {
            word: "market",
            ..prices
        },
        OrderKind::Limit { .. } => Priced {
            word: "limit",
            ..prices
        },
        OrderKind::Stop { .. } => Priced {
            word: "stop",
            ..prices
        },
        OrderKind::StopLimit { .. } => Priced {
            word: "stop_limit",
            ..prices
        },
        OrderKind::TrailingStop { trail } => {
            let (trail_price, trail_percent) = match trail {
                TrailBy::Price(distance) => (Some(plain(distance.0)), None),
                TrailBy::Percent(percent) => (None, Some(plain(*percent))),
            };
            Priced {
                word: "trailing_stop",
                trail_price,
                trail_percent,
                ..prices
            }
        }
    }
}

type ExitRequests = (
    Option<&'static str>,
    Option<ExitRequest>,
    Option<ExitRequest>,
);

fn exits_request(exits: &Exits) -> ExitRequests {
    let profit = |price: &Price| ExitRequest {
        limit_price: Some(plain(price.0)),
        stop_price: None,
    };
    let loss = |exit: &StopLoss| ExitRequest {
        stop_price: Some(plain(exit.stop.0)),
        limit_price: exit.limit.map(|it| plain(it.0)),
    };
    match exits {
        Exits::None => (None, None, None),
        Exits::Bracket {
            take_profit,
            stop_loss,
        } => (
            Some("bracket"),
            Some(profit(take_profit)),
            Some(loss(stop_loss)),
        ),
        Exits::OneCancelsOther {
            take_profit,
            stop_loss,
        } => (
            Some("oco"),
            Some(profit(take_profit)),
            Some(loss(stop_loss)),
        ),
        Exits::TakeProfit { take_profit } => (Some("oto"), Some(profit(take_profit)), None),
        Exits::StopLoss(stop_loss) => (Some("oto"), None, Some(loss(stop_loss))),
    }
}

/// A decimal without zeros at its end: `150`, not `150.00`.
fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}
