use super::*;
use crate::domain::Side;
use crate::providers::schwab::tests::{account_id, at, fixture};
use crate::providers::schwab::translate::order::order;

const ID: &str = "1004988000002";

/// An order for one share of `symbol` that works, known by its number.
fn known(symbol: &str) -> Known {
    let json = fixture("order_cancelled")
        .replace("CANCELED", "WORKING")
        .replace("1004988000001", ID)
        .replace("INTC", symbol);
    let known = Known::default();
    known.learn(&order(&serde_json::from_str(&json).unwrap(), &account_id()).unwrap());
    known
}

/// The type and the content of the event in a fixture.
fn event(name: &str) -> (String, String) {
    let value: serde_json::Value = serde_json::from_str(&fixture(name)).unwrap();
    let content = &value["data"][0]["content"][0];
    let text = |field: &str| content[field].as_str().unwrap().to_owned();
    (text("2"), text("3"))
}

fn hear(known: &Known, kind: &str, content: &str) -> Result<Vec<StreamEvent>, Unreadable> {
    events(kind, content, Some(at("2025-03-20T18:43:45.62Z")), known)
}

fn state(events: &[StreamEvent]) -> OrderState {
    match events {
        [StreamEvent::Order(order), ..] => order.state.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fill_is_the_whole_order_and_its_execution() {
    let known = known("AAPL");
    let (kind, content) = event("activity_fill");
    let heard = hear(&known, &kind, &content).unwrap();
    let [StreamEvent::Order(order), StreamEvent::Fill(fill)] = &heard[..] else {
        panic!("{heard:?}")
    };
    assert_eq!(order.state, OrderState::Filled);
    assert_eq!(order.filled.to_string(), "1");
    assert_eq!(order.average_price.unwrap().to_string(), "213.4091");
    assert_eq!(fill.time, at("2025-03-20T18:43:45.62Z"));
    let ActivityKind::Fill {
        symbol,
        side,
        quantity,
        price,
        order,
    } = &fill.kind;
    assert_eq!(
        (symbol.as_str(), *side, order.as_str()),
        ("AAPL", Side::Buy, ID)
    );
    assert_eq!(
        (quantity.to_string(), price.to_string()),
        ("1".into(), "213.4091".into())
    );
}

#[test]
fn a_part_of_an_order_leaves_it_open() {
    let known = known("AAPL");
    let (kind, content) = event("activity_fill");
    let part = content.replace(
        r#""LeavesQuantity":{"signScale":12}"#,
        r#""LeavesQuantity":{"lo":"2000000","signScale":12}"#,
    );
    assert_ne!(part, content);
    assert_eq!(
        state(&hear(&known, &kind, &part).unwrap()),
        OrderState::Working
    );
}

#[test]
fn a_leg_of_a_spread_and_an_unknown_order_are_left_to_the_next_reading() {
    let (kind, content) = event("activity_fill");
    assert_eq!(hear(&known("XYZ"), &kind, &content), Ok(vec![]));
    assert_eq!(hear(&Known::default(), &kind, &content), Ok(vec![]));
}

#[test]
fn a_cancel_is_under_way_until_the_order_is_out() {
    let known = known("AAPL");
    let (kind, content) = event("activity_cancel_accepted");
    assert_eq!(
        state(&hear(&known, &kind, &content).unwrap()),
        OrderState::CancelPending
    );
    let out = |cancel: &str| {
        format!(
            r#"{{"SchwabOrderID":"{ID}","BaseEvent":{{"EventType":"OrderUROutCompleted","OrderUROutCompletedEvent":{{"OutCancelType":"{cancel}","ValidationDetail":[{{"NgOMSRuleName":"x","NgOMSRuleDescription":"too far"}},{{}}]}}}}}}"#
        )
    };
    assert_eq!(
        hear(&known, "OrderUROutCompleted", &out("A_NEW_WORD")),
        Ok(vec![])
    );
    let ended = hear(&known, "OrderUROutCompleted", &out("ClientCancel")).unwrap();
    assert_eq!(state(&ended), OrderState::Cancelled);
    let late = hear(&known, "OrderUROutCompleted", &out("SystemReject")).unwrap();
    assert_eq!(state(&late), OrderState::Cancelled, "it is over");
    let other = self::known("AAPL");
    let refused = hear(&other, "OrderUROutCompleted", &out("SystemReject")).unwrap();
    let reason = "too far".into();
    assert_eq!(state(&refused), OrderState::Rejected { reason });
}

#[test]
fn what_tells_nothing_of_an_order_is_passed_over_and_what_is_new_is_said() {
    let known = known("AAPL");
    assert_eq!(hear(&known, "SUBSCRIBED", ""), Ok(vec![]));
    assert_eq!(hear(&known, "OrderCreated", "not even JSON"), Ok(vec![]));
    let error = hear(&known, "ERROR", "out of\u{7} order").unwrap();
    let what = "account activity: out of\u{fffd} order".into();
    assert_eq!(error, [StreamEvent::Trouble { what }]);
    assert_eq!(
        hear(&known, "ANewType", r#"{"SchwabOrderID":"1"}"#),
        Err(Unreadable("its type"))
    );
    for content in ["", "[]", "{}", r#"{"SchwabOrderID":null}"#] {
        assert!(
            hear(&known, "OrderFillCompleted", content).is_err(),
            "{content}"
        );
    }
    let refused = hear(
        &known,
        "CancelRejected",
        &format!(r#"{{"SchwabOrderID":"{ID}"}}"#),
    );
    assert!(matches!(
        &refused.unwrap()[..],
        [StreamEvent::Trouble { .. }]
    ));
}

#[test]
fn scaled_decimals_are_exact() {
    let value = |json: &str| {
        let scaled: Scaled = serde_json::from_str(json).unwrap();
        scaled.value().map(|value| value.to_string())
    };
    for (json, expected) in [
        (r#"{"lo":"220470000","signScale":12}"#, Some("220.47")),
        (r#"{"lo":"220470000","signScale":13}"#, Some("-220.47")),
        (r#"{"lo":"200"}"#, Some("200")),
        (r#"{"lo":200,"signScale":"2"}"#, Some("20")),
        (r#"{"signScale":12}"#, Some("0")),
        ("{}", Some("0")),
        (r#"{"lo":null}"#, Some("0")),
        (r#"{"hi":1}"#, Some("18446744073709551616")),
        (r#"{"lo":"1","mid":"1"}"#, None),
        (r#"{"lo":"x"}"#, None),
        (r#"{"lo":"1","signScale":200}"#, None),
        (r#"{"lo":"1","hi":"18446744073709551615"}"#, None),
    ] {
        assert_eq!(value(json).as_deref(), expected, "{json}");
    }
}
