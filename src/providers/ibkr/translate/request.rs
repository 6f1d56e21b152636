//! Orders as they are sent.

use super::symbol::Contract;
use crate::domain::order::OrderChange;
use crate::domain::{
    AssetClass, ClientOrderId, Exits, OrderDraft, OrderKind, OrderSize, Price, Quantity, Side,
    Text, TimeInForce, TrailBy,
};
use crate::providers::ibkr::wire::OrderRequest;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

/// An order as it is sent.
///
/// # Errors
/// What this broker cannot be asked for, and what to do instead.
pub(in crate::providers::ibkr) fn order<'a>(
    id: &'a ClientOrderId,
    draft: &'a OrderDraft,
    contract: &Contract,
) -> Result<OrderRequest<'a>, Text> {
    if draft.exits != Exits::None {
        return Err(
            "orders with exits are not sent to Interactive Brokers yet; place them one by one"
                .into(),
        );
    }
    let request = terms(draft, contract)?;
    Ok(OrderRequest {
        client_id: Some(id.as_str()),
        ..request
    })
}

/// The order as it is to be after a change, and the draft of that: the whole is sent again, and keeps its id there.
///
/// # Errors
/// What cannot be changed, and what to do instead.
pub(in crate::providers::ibkr) fn changed(
    before: &OrderDraft,
    change: &OrderChange,
) -> Result<OrderDraft, Text> {
    let kind = match (before.kind, change.stop, change.limit, change.trail) {
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
        (OrderKind::TrailingStop { trail }, None, None, wanted) => OrderKind::TrailingStop {
            trail: wanted.unwrap_or(trail),
        },
        (kind, None, None, None) => kind,
        _ => {
            return Err(
                "the order has no such price to change; cancel it and place another".into(),
            );
        }
    };
    Ok(OrderDraft {
        kind,
        size: change.quantity.map_or(before.size, OrderSize::Quantity),
        time_in_force: change.time_in_force.unwrap_or(before.time_in_force),
        ..before.clone()
    })
}

/// Everything of an order but its name.
///
/// # Errors
/// What this broker cannot be asked for, and what to do instead.
pub(in crate::providers::ibkr) fn terms<'a>(
    draft: &'a OrderDraft,
    contract: &Contract,
) -> Result<OrderRequest<'a>, Text> {
    let (quantity, cash) = size(draft)?;
    let prices = prices(draft.kind);
    let is_future = draft.class == AssetClass::Future;
    let account = draft.account.number.as_str();
    Ok(OrderRequest {
        acct_id: account,
        conid: contract.conid,
        client_id: None,
        parent_id: None,
        order_type: order_type(draft)?,
        price: prices.price.map(exact),
        aux_price: prices.aux.map(exact),
        side: match draft.side {
            Side::Buy => "BUY",
            Side::Sell => "SELL",
        },
        tif: time_in_force(draft)?,
        quantity: quantity.map(|it| exact(it.0)),
        cash_qty: cash.map(exact),
        trailing_amt: prices.trail.map(|(amount, _)| exact(amount)),
        trailing_type: prices.trail.map(|(_, kind)| kind),
        outside_rth: draft.extended_hours,
        manual_indicator: is_future.then_some(true),
        ext_operator: is_future.then_some(account),
    })
}

fn size(draft: &OrderDraft) -> Result<(Option<Quantity>, Option<Decimal>), Text> {
    match (draft.size, draft.kind) {
        (OrderSize::Quantity(quantity), _) => Ok((Some(quantity), None)),
        (OrderSize::Notional(cash), OrderKind::Market) => Ok((None, Some(cash))),
        (OrderSize::Notional(_), _) => {
            Err("an order by amount is a market order at Interactive Brokers".into())
        }
    }
}

struct Prices {
    price: Option<Decimal>,
    aux: Option<Decimal>,
    trail: Option<(Decimal, &'static str)>,
}

/// A stop's trigger is its price; with a limit beside it, it is the auxiliary one.
fn prices(kind: OrderKind) -> Prices {
    let (price, aux, trail) = match kind {
        OrderKind::Market => (None, None, None),
        OrderKind::Limit { limit } => (Some(limit.0), None, None),
        OrderKind::Stop { stop } => (Some(stop.0), None, None),
        OrderKind::StopLimit { stop, limit } => (Some(limit.0), Some(stop.0), None),
        OrderKind::TrailingStop { trail } => match trail {
            TrailBy::Price(Price(amount)) => (None, None, Some((amount, "amt"))),
            TrailBy::Percent(percent) => (None, None, Some((percent, "%"))),
        },
    };
    Prices { price, aux, trail }
}

fn order_type(draft: &OrderDraft) -> Result<&'static str, Text> {
    let is_at_close = draft.time_in_force == TimeInForce::AtTheClose;
    Ok(match (draft.kind, is_at_close) {
        (OrderKind::Market, false) => "MKT",
        (OrderKind::Market, true) => "MOC",
        (OrderKind::Limit { .. }, false) => "LMT",
        (OrderKind::Limit { .. }, true) => "LOC",
        (OrderKind::Stop { .. }, false) => "STP",
        (OrderKind::StopLimit { .. }, false) => "STOP_LIMIT",
        (OrderKind::TrailingStop { .. }, false) => "TRAIL",
        (_, true) => return Err("a stop cannot be for the closing auction; choose day".into()),
    })
}

fn time_in_force(draft: &OrderDraft) -> Result<&'static str, Text> {
    match draft.time_in_force {
        TimeInForce::Day | TimeInForce::AtTheClose => Ok("DAY"),
        TimeInForce::GoodTilCancelled => Ok("GTC"),
        TimeInForce::AtTheOpen => Ok("OPG"),
        TimeInForce::ImmediateOrCancel => Ok("IOC"),
        TimeInForce::FillOrKill => {
            Err("Interactive Brokers takes no fill-or-kill orders here; choose ioc".into())
        }
    }
}

/// A decimal as a JSON number, digit for digit, without zeros at its end.
fn exact(value: Decimal) -> Box<RawValue> {
    RawValue::from_string(value.normalize().to_string()).expect("a decimal is a JSON number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AccountId, ConnectionId, Currency, Mode, Symbol};

    fn draft(kind: OrderKind) -> OrderDraft {
        OrderDraft {
            account: AccountId {
                connection: ConnectionId::new("ibkr"),
                number: "DU1234567".into(),
            },
            mode: Mode::Paper,
            symbol: Symbol::new("AAPL"),
            class: AssetClass::Equity,
            side: Side::Buy,
            size: OrderSize::Quantity("10.0".parse().unwrap()),
            kind,
            time_in_force: TimeInForce::Day,
            extended_hours: false,
            exits: Exits::None,
        }
    }

    fn sent(draft: &OrderDraft) -> Result<String, Text> {
        let contract = Contract {
            conid: 265_598,
            symbol: draft.symbol.clone(),
            class: draft.class.clone(),
            name: Text::default(),
            currency: Currency::USD,
            multiplier: Decimal::ONE,
        };
        let id = ClientOrderId::new("mine-1");
        order(&id, draft, &contract).map(|it| serde_json::to_string(&it).unwrap())
    }

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_says_its_prices_where_the_manual_has_them() {
        let limit = sent(&draft(OrderKind::Limit {
            limit: price("150.250"),
        }))
        .unwrap();
        assert_eq!(
            limit,
            r#"{"acctId":"DU1234567","conid":265598,"cOID":"mine-1","orderType":"LMT","price":150.25,"side":"BUY","tif":"DAY","quantity":10,"outsideRTH":false}"#
        );
        for (kind, expected) in [
            (OrderKind::Market, r#""orderType":"MKT","side""#),
            (
                OrderKind::Stop { stop: price("140") },
                r#""orderType":"STP","price":140,"#,
            ),
            (
                OrderKind::StopLimit {
                    stop: price("140"),
                    limit: price("139.5"),
                },
                r#""orderType":"STOP_LIMIT","price":139.5,"auxPrice":140,"#,
            ),
            (
                OrderKind::TrailingStop {
                    trail: TrailBy::Percent("1.5".parse().unwrap()),
                },
                r#""trailingAmt":1.5,"trailingType":"%""#,
            ),
        ] {
            let sent = sent(&draft(kind)).unwrap();
            assert!(sent.contains(expected), "{sent}");
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_said() {
        let market = || draft(OrderKind::Market);
        let fok = OrderDraft {
            time_in_force: TimeInForce::FillOrKill,
            ..market()
        };
        let by_amount = OrderDraft {
            size: OrderSize::Notional(Decimal::TEN),
            ..draft(OrderKind::Limit { limit: price("1") })
        };
        let bracket = OrderDraft {
            exits: Exits::TakeProfit {
                take_profit: price("2"),
            },
            ..market()
        };
        let late_stop = OrderDraft {
            time_in_force: TimeInForce::AtTheClose,
            ..draft(OrderKind::Stop { stop: price("1") })
        };
        for refused in [fok, by_amount, bracket, late_stop] {
            assert!(sent(&refused).is_err());
        }
        let at_close = OrderDraft {
            time_in_force: TimeInForce::AtTheClose,
            ..market()
        };
        assert!(sent(&at_close).unwrap().contains(r#""orderType":"MOC""#));
        let future = OrderDraft {
            class: AssetClass::Future,
            ..market()
        };
        assert!(sent(&future).unwrap().contains(r#""manualIndicator":true"#));
    }

    #[test]
    fn a_change_leaves_alone_what_it_does_not_name() {
        let before = draft(OrderKind::StopLimit {
            stop: price("2"),
            limit: price("1"),
        });
        let change = OrderChange {
            limit: Some(price("1.5")),
            ..OrderChange::default()
        };
        let after = changed(&before, &change).unwrap();
        let expected = OrderKind::StopLimit {
            stop: price("2"),
            limit: price("1.5"),
        };
        assert_eq!((after.kind, after.size), (expected, before.size));
        let impossible = OrderChange {
            stop: Some(price("1")),
            ..OrderChange::default()
        };
        assert!(changed(&draft(OrderKind::Market), &impossible).is_err());
    }
}
