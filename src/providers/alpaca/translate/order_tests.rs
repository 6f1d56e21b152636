use super::*;
use crate::providers::alpaca::tests::{account_id, at, fixture};
use rust_decimal::Decimal;

fn read(json: &str) -> Family {
    try_read(json).unwrap()
}

fn try_read(json: &str) -> Result<Family, Unreadable> {
    family(
        &serde_json::from_str(json).unwrap(),
        &account_id(),
        Mode::Paper,
    )
}

/// An order of a few fields over the ones that none can lack.
fn with(fields: &str) -> String {
    format!(
        r#"{{"id":"v","client_order_id":"c","symbol":"AAPL","side":"buy","qty":"2","created_at":"2026-11-23T12:00:00Z"{}{fields}}}"#,
        if fields.is_empty() { "" } else { "," }
    )
}

#[test]
fn a_documented_order_is_read_whole() {
    let Family {
        head,
        legs,
        group,
        unreadable,
    } = read(&fixture("order_equity"));
    assert_eq!((legs.len(), group, unreadable), (0, None, 0));
    assert_eq!(head.id.as_str(), "5680c4bc-9ac1-4a12-a44c-df427ba53032");
    assert_eq!(head.state, OrderState::Accepted);
    assert_eq!(head.created, at("2023-12-12T22:31:24.668464435Z"));
    assert_eq!(
        head.draft.kind,
        OrderKind::Limit {
            limit: "150".parse().unwrap()
        }
    );
    assert_eq!(head.draft.time_in_force, TimeInForce::GoodTilCancelled);
    assert_eq!(
        (head.filled.to_string().as_str(), head.average_price),
        ("0", None)
    );
    let coin = read(&fixture("order_crypto")).head.draft;
    assert_eq!(
        (coin.symbol.as_str(), coin.class),
        ("ETH/USD", AssetClass::Crypto)
    );
    let by_amount = read(&fixture("order_ipo")).head.draft;
    assert_eq!(by_amount.size, OrderSize::Notional(500.into()));
    assert_eq!(by_amount.class, AssetClass::Other("ipo".into()));
    assert_eq!(
        read(&fixture("order_option")).head.draft.class,
        AssetClass::Option
    );
}

#[test]
fn a_strategy_is_shown_under_its_underlying_with_its_legs() {
    let Family { head, legs, .. } = read(&fixture("order_multileg"));
    assert_eq!(
        (head.draft.symbol.as_str(), head.draft.side),
        ("AAPL", Side::Buy)
    );
    assert_eq!(head.average_price.unwrap().to_string(), "1.28");
    let names: Vec<&str> = legs.iter().map(|leg| leg.draft.symbol.as_str()).collect();
    assert_eq!(names, ["AAPL241213C00250000", "AAPL241213C00260000"]);
    assert!(legs.iter().all(|leg| leg.parent == head.provider_id));
    let credit =
        fixture("order_multileg").replace(r#""limit_price": "10""#, r#""limit_price": "-10""#);
    assert_eq!(read(&credit).head.draft.side, Side::Sell);
}

#[test]
fn each_status_has_its_state_and_a_new_word_stays_open() {
    let other = |word: &str| OrderState::Other { word: word.into() };
    for (word, expected) in [
        ("new", OrderState::Working),
        ("partially_filled", OrderState::Working),
        ("accepted", OrderState::Accepted),
        ("pending_new", OrderState::Accepted),
        ("accepted_for_bidding", OrderState::Accepted),
        ("held", OrderState::Accepted),
        ("pending_cancel", OrderState::CancelPending),
        ("pending_replace", OrderState::ReplacePending),
        ("filled", OrderState::Filled),
        ("canceled", OrderState::Cancelled),
        ("expired", OrderState::Expired),
        ("replaced", OrderState::Replaced),
        (
            "rejected",
            OrderState::Rejected {
                reason: "the venue gave no reason".into(),
            },
        ),
        ("done_for_day", other("done_for_day")),
        ("stopped", other("stopped")),
        ("suspended", other("suspended")),
        ("calculated", other("calculated")),
        ("a_new_word", other("a_new_word")),
    ] {
        assert_eq!(state(word), expected, "{word}");
    }
}

#[test]
fn a_type_is_told_by_its_prices() {
    let price = |text: &str| text.parse().unwrap();
    let check = |fields: &str, expected| {
        assert_eq!(read(&with(fields)).head.draft.kind, expected, "{fields}")
    };
    check("", OrderKind::Market);
    check(
        r#""type":"a_new_word","limit_price":1.5"#,
        OrderKind::Limit {
            limit: price("1.5"),
        },
    );
    check(r#""stop_price":"1""#, OrderKind::Stop { stop: price("1") });
    check(
        r#""stop_price":"1","limit_price":"2""#,
        OrderKind::StopLimit {
            stop: price("1"),
            limit: price("2"),
        },
    );
    let trail = TrailBy::Percent(Decimal::new(15, 1));
    check(
        r#""trail_percent":"1.5","stop_price":"98""#,
        OrderKind::TrailingStop { trail },
    );
    let trail = TrailBy::Price(price("2"));
    check(
        r#""trail_price":"2","hwm":"100""#,
        OrderKind::TrailingStop { trail },
    );
}

#[test]
fn an_unknown_duration_is_taken_for_the_longest() {
    let duration = |fields: &str| read(&with(fields)).head.draft.time_in_force;
    assert_eq!(
        duration(r#""time_in_force":"fok""#),
        TimeInForce::FillOrKill
    );
    assert_eq!(
        duration(r#""time_in_force":"gtd""#),
        TimeInForce::GoodTilCancelled
    );
}

#[test]
fn an_order_without_the_essentials_is_not_guessed() {
    let without = |field: &str| {
        let value: serde_json::Value = serde_json::from_str(&with("")).unwrap();
        let mut value = value;
        value.as_object_mut().unwrap().remove(field);
        try_read(&value.to_string()).err()
    };
    assert_eq!(without("id"), Some(Unreadable("the id of an order")));
    assert_eq!(without("symbol"), Some(Unreadable("the symbol")));
    assert_eq!(without("side"), Some(Unreadable("the side")));
    assert_eq!(without("qty"), Some(Unreadable("the size of an order")));
    assert_eq!(
        without("created_at"),
        Some(Unreadable("the time of an order"))
    );
    assert_eq!(without("client_order_id"), None);
    let nameless = with("").replace(r#""client_order_id":"c","#, "");
    assert_eq!(
        read(&nameless).head.id.as_str(),
        "v",
        "the venue's own name"
    );
}

#[test]
fn exits_are_told_by_class_and_legs() {
    let price = |text: &str| text.parse().unwrap();
    let profit = with(r#""limit_price":"170""#).replace(r#""v""#, r#""p""#);
    let loss = with(r#""stop_price":"140","limit_price":"139""#).replace(r#""v""#, r#""l""#);
    let (take_profit, stop_loss) = (
        price("170"),
        StopLoss {
            stop: price("140"),
            limit: Some(price("139")),
        },
    );
    let check = |fields: &str, legs: &str, expected| {
        let json = with(&format!(r#"{fields},"legs":[{legs}]"#));
        assert_eq!(read(&json).head.draft.exits, expected, "{json}");
    };
    let both = format!("{profit},{loss}");
    check(
        r#""order_class":"bracket""#,
        &both,
        Exits::Bracket {
            take_profit,
            stop_loss,
        },
    );
    check(
        r#""order_class":"oto""#,
        &profit,
        Exits::TakeProfit { take_profit },
    );
    check(r#""order_class":"oto""#, &loss, Exits::StopLoss(stop_loss));
    let pair = Exits::OneCancelsOther {
        take_profit,
        stop_loss,
    };
    check(r#""order_class":"oco","limit_price":"170""#, &loss, pair);
    check(r#""order_class":"a_new_word""#, &both, Exits::None);
    let bad = read(&with(r#""order_class":"bracket","legs":[{"id":"x"},7]"#));
    assert_eq!((bad.legs.len(), bad.unreadable), (0, 2));
}

#[test]
fn text_of_the_venue_is_cleaned() {
    let head = read(&with(r#""status":"\u001b]52;c;x\u0007""#).replace("AAPL", "\\u001b[2JX")).head;
    assert_eq!(head.draft.symbol.as_str(), "\u{fffd}[2JX");
    assert_eq!(head.state.word(), "\u{fffd}]52;c;x\u{fffd}");
}
