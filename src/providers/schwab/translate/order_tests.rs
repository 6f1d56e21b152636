use super::*;
use crate::domain::StopLoss;
use crate::providers::schwab::tests::{account_id, at, fixture};
use crate::providers::schwab::translate::family::family;

fn orders(json: &str) -> Vec<Order> {
    family(&serde_json::from_str(json).unwrap(), &account_id())
        .unwrap()
        .orders
}

fn one(json: &str) -> Order {
    order(&serde_json::from_str(json).unwrap(), &account_id()).unwrap()
}

/// The fixture with some of its fields replaced or taken out.
fn with(changes: &[(&str, serde_json::Value)]) -> String {
    let mut value: serde_json::Value = serde_json::from_str(&fixture("order_cancelled")).unwrap();
    let object = value.as_object_mut().unwrap();
    for (name, change) in changes {
        object.insert((*name).to_owned(), change.clone());
    }
    value.to_string()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

#[test]
fn a_recorded_order_is_read() {
    let order = one(&fixture("order_cancelled"));
    assert_eq!(order.id.as_str(), "1004988000001");
    assert_eq!(order.state, OrderState::Cancelled);
    assert_eq!(order.draft.mode, Mode::Live);
    assert_eq!(
        (order.draft.symbol.as_str(), order.draft.side),
        ("INTC", Side::Buy)
    );
    assert_eq!(
        order.draft.kind,
        OrderKind::Limit {
            limit: price("10.0")
        }
    );
    assert_eq!(order.draft.time_in_force, TimeInForce::Day);
    assert_eq!(order.created, at("2025-12-04T01:21:21Z"));
    assert_eq!(order.updated, at("2025-12-04T01:22:00Z"));
    assert_eq!((order.filled, order.average_price), (Quantity::ZERO, None));
}

#[test]
fn the_average_is_weighed_by_size_and_cancels_do_not_count() {
    let order = one(&fixture("order_filled"));
    assert_eq!(order.state, OrderState::Filled);
    assert_eq!(order.filled.to_string(), "3.0");
    assert_eq!(order.average_price, Some(price("9.98")));
    assert_eq!(order.updated, at("2025-12-04T01:23:30Z"));
}

#[test]
fn every_state_has_its_place() {
    let other = |word: &str| OrderState::Other { word: word.into() };
    let reason = "the venue gave no reason".into();
    for (word, expected) in [
        ("NEW", OrderState::Accepted),
        ("ACCEPTED", OrderState::Accepted),
        ("QUEUED", OrderState::Accepted),
        ("PENDING_ACTIVATION", OrderState::Accepted),
        ("PENDING_ACKNOWLEDGEMENT", OrderState::Accepted),
        ("AWAITING_PARENT_ORDER", OrderState::Accepted),
        ("AWAITING_CONDITION", OrderState::Accepted),
        ("AWAITING_STOP_CONDITION", OrderState::Accepted),
        ("AWAITING_MANUAL_REVIEW", OrderState::Accepted),
        ("AWAITING_RELEASE_TIME", OrderState::Accepted),
        ("WORKING", OrderState::Working),
        ("AWAITING_UR_OUT", OrderState::CancelPending),
        ("PENDING_CANCEL", OrderState::CancelPending),
        ("PENDING_RECALL", OrderState::CancelPending),
        ("PENDING_REPLACE", OrderState::ReplacePending),
        ("FILLED", OrderState::Filled),
        ("CANCELED", OrderState::Cancelled),
        ("EXPIRED", OrderState::Expired),
        ("REPLACED", OrderState::Replaced),
        ("REJECTED", OrderState::Rejected { reason }),
        ("UNKNOWN", other("UNKNOWN")),
        ("A_NEW_WORD", other("A_NEW_WORD")),
    ] {
        assert_eq!(state(word, ""), expected, "{word}");
    }
    let reason = "too far away".into();
    assert_eq!(
        state("REJECTED", "too far away"),
        OrderState::Rejected { reason }
    );
}

#[test]
fn kinds_are_told_by_type_and_prices() {
    let kind = |changes: &[(&str, serde_json::Value)]| one(&with(changes)).draft.kind;
    assert_eq!(kind(&[("orderType", "MARKET".into())]), OrderKind::Market);
    let limit = price("10.0");
    assert_eq!(
        kind(&[("orderType", "A_NEW_WORD".into())]),
        OrderKind::Limit { limit }
    );
    let stop = price("9");
    let stop_limit = [
        ("orderType", "STOP_LIMIT".into()),
        ("stopPrice", "9".into()),
    ];
    assert_eq!(kind(&stop_limit), OrderKind::StopLimit { stop, limit });
    let only_stop = [
        ("orderType", "STOP".into()),
        ("stopPrice", 9.into()),
        ("price", serde_json::Value::Null),
    ];
    assert_eq!(kind(&only_stop), OrderKind::Stop { stop });
    let trailing = |link: &str| {
        kind(&[
            ("orderType", "TRAILING_STOP".into()),
            ("stopPriceOffset", 2.into()),
            ("stopPriceLinkType", link.into()),
        ])
    };
    let by = |trail| OrderKind::TrailingStop { trail };
    assert_eq!(trailing("PERCENT"), by(TrailBy::Percent(Decimal::TWO)));
    assert_eq!(trailing("VALUE"), by(TrailBy::Price(price("2"))));
}

#[test]
fn durations_and_sessions_are_told() {
    let draft = |changes: &[(&str, serde_json::Value)]| one(&with(changes)).draft;
    for (word, expected) in [
        ("GOOD_TILL_CANCEL", TimeInForce::GoodTilCancelled),
        ("FILL_OR_KILL", TimeInForce::FillOrKill),
        ("IMMEDIATE_OR_CANCEL", TimeInForce::ImmediateOrCancel),
        ("END_OF_MONTH", TimeInForce::GoodTilCancelled),
    ] {
        assert_eq!(draft(&[("duration", word.into())]).time_in_force, expected);
    }
    let close = draft(&[("orderType", "MARKET_ON_CLOSE".into())]);
    assert_eq!(
        (close.kind, close.time_in_force),
        (OrderKind::Market, TimeInForce::AtTheClose)
    );
    assert!(draft(&[("session", "SEAMLESS".into())]).extended_hours);
    assert!(!draft(&[]).extended_hours);
}

#[test]
fn a_bracket_is_an_entry_with_a_pair_below() {
    let [head, profit, loss] = &orders(&fixture("order_bracket"))[..] else {
        panic!()
    };
    let stop_loss = StopLoss {
        stop: price("9.0"),
        limit: None,
    };
    let take_profit = price("12.0");
    assert_eq!(
        head.draft.exits,
        Exits::Bracket {
            take_profit,
            stop_loss
        }
    );
    assert_eq!(head.draft.side, Side::Buy);
    for exit in [profit, loss] {
        assert_eq!(exit.parent, head.provider_id);
        assert_eq!(exit.draft.side, Side::Sell);
    }
}

#[test]
fn a_pair_alone_stands_under_its_profit() {
    let [profit, loss] = &orders(&fixture("order_pair"))[..] else {
        panic!()
    };
    assert!(matches!(profit.draft.kind, OrderKind::Limit { .. }));
    let stop_loss = StopLoss {
        stop: price("9.0"),
        limit: None,
    };
    let take_profit = price("12.0");
    assert_eq!(
        profit.draft.exits,
        Exits::OneCancelsOther {
            take_profit,
            stop_loss
        }
    );
    assert_eq!((&profit.parent, &loss.parent), (&None, &profit.provider_id));
}

#[test]
fn a_spread_is_shown_under_its_underlying() {
    let order = one(&fixture("order_spread"));
    assert_eq!(
        (order.draft.symbol.as_str(), order.draft.side),
        ("XYZ", Side::Sell)
    );
    assert_eq!(order.draft.class, AssetClass::Option);
    assert_eq!(order.quantity().unwrap().to_string(), "2.0");
}

#[test]
fn an_order_without_the_essentials_is_not_guessed() {
    let without = |name: &str| {
        let json = with(&[(name, serde_json::Value::Null)]);
        order(&serde_json::from_str(&json).unwrap(), &account_id()).err()
    };
    assert_eq!(without("orderId"), Some(Unreadable("the id of an order")));
    assert_eq!(
        without("enteredTime"),
        Some(Unreadable("the time of an order"))
    );
    assert_eq!(
        without("orderLegCollection"),
        Some(Unreadable("the leg of an order"))
    );
    assert_eq!(without("price"), None);
    let exchange = fixture("order_cancelled").replace("\"BUY\"", "\"EXCHANGE\"");
    let row = serde_json::from_str(&exchange).unwrap();
    assert_eq!(
        order(&row, &account_id()).err(),
        Some(Unreadable("the side"))
    );
}

#[test]
fn strategies_nested_without_end_are_cut() {
    let mut json = with(&[]);
    for _ in 0..6 {
        let child: serde_json::Value = serde_json::from_str(&json).unwrap();
        json = with(&[("childOrderStrategies", serde_json::json!([child]))]);
    }
    let family = family(&serde_json::from_str(&json).unwrap(), &account_id()).unwrap();
    assert_eq!((family.orders.len(), family.unreadable), (5, 1));
}
