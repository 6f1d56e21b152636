use super::*;
use crate::domain::{ConnectionId, Side};

fn around<T>(with: impl FnOnce(Around<'_>) -> T) -> T {
    let account = AccountId {
        connection: ConnectionId::new("ibkr"),
        number: "DU1234567".into(),
    };
    with(Around {
        account: &account,
        mode: Mode::Paper,
        named: None,
        heard: Timestamp::EPOCH,
    })
}

fn read(text: &str) -> Result<Order, Unreadable> {
    let row: wire::Order<'_> = serde_json::from_str(text).unwrap();
    around(|around| order(&row, around))
}

const LIMIT: &str = r#"{"acct":"DU1234567","conid":265598,"orderId":922048212,"ticker":"AAPL","secType":"STK","side":"BUY",
    "remainingQuantity":60.0,"filledQuantity":40.0,"totalSize":100.0,"status":"Submitted","origOrderType":"LIMIT",
    "orderType":"Limit","timeInForce":"GTC","price":372,"avgPrice":"371.95","order_ref":"mine-1",
    "lastExecutionTime_r":1594229751000}"#;

#[test]
fn a_limit_order_that_is_partly_filled() {
    let order = read(LIMIT).unwrap();
    assert_eq!(order.id.as_str(), "mine-1");
    assert_eq!(order.provider_id.as_ref().unwrap().as_str(), "922048212");
    assert_eq!(order.state, OrderState::Working);
    assert!(order.is_partly_filled());
    assert_eq!(order.quantity().unwrap().to_string(), "100.0");
    assert_eq!(order.average_price.unwrap().to_string(), "371.95");
    assert_eq!(order.draft.kind.limit().unwrap().to_string(), "372");
    assert_eq!(order.draft.time_in_force, TimeInForce::GoodTilCancelled);
    assert_eq!(order.draft.side, Side::Buy);
    assert_eq!(order.updated.millis(), 1_594_229_751_000);
}

#[test]
fn kinds_are_told_by_any_of_their_words() {
    let with = |word: &str, more: &str| {
        let fields = format!(r#""orderType":"{word}",{more}"price":"#);
        read(&LIMIT.replace(
            r#""orderType":"Limit","timeInForce":"GTC","price":"#,
            &fields,
        ))
    };
    let check = |word: &str, more: &str, expected: &str| {
        let order = with(word, more).unwrap();
        assert_eq!(order.draft.kind.to_string(), expected, "{word} {more}");
    };
    check("Market", "", "market");
    check("LMT", "", "limit 372");
    check("Stop", r#""auxPrice":"360.5","#, "stop 360.5");
    check("STOP_LIMIT", r#""stop_price":360,"#, "stop 360 limit 372");
    check(
        "Stop Limit",
        r#""orderDesc":"Sell 1 Stop 360.25 Limit 372","#,
        "stop 360.25 limit 372",
    );
    check(
        "TRAIL",
        r#""trailingAmt":2,"trailingType":"%","#,
        "trail 2%",
    );
    check("Trailing Stop", r#""trailingAmt":"1.5","#, "trail 1.5");
    check("MIDPRICE", "", "limit 372");
    check("A NEW WORD", "", "limit 372");
    assert!(with("Stop Limit", "").is_err());
    let close = with("LOC", "").unwrap();
    assert_eq!(close.draft.time_in_force, TimeInForce::AtTheClose);
}

#[test]
fn words_for_states_that_nobody_knows_are_kept_and_not_final() {
    for (word, expected) in [
        ("PreSubmitted", "accepted"),
        ("PendingSubmit", "accepted"),
        ("Submitted", "working"),
        ("PendingCancel", "cancelling"),
        ("PreCancelled", "cancelling"),
        ("Filled", "filled"),
        ("Cancelled", "cancelled"),
        ("Inactive", "Inactive"),
        ("WarnState", "WarnState"),
        ("Pondering", "Pondering"),
    ] {
        let order = read(&LIMIT.replace("Submitted", word)).unwrap();
        assert_eq!(order.state.word(), expected);
        let is_over = matches!(expected, "filled" | "cancelled");
        assert_eq!(order.state.is_final(), is_over, "{word}");
    }
    let why = r#""status":"Inactive","order_cancellation_by_system_reason":"no margin","#;
    let order = read(&LIMIT.replace(r#""status":"Submitted","#, why)).unwrap();
    let reason = "no margin".into();
    assert_eq!(order.state, OrderState::Rejected { reason });
}

#[test]
fn an_order_by_amount_and_one_without_a_name_of_ours() {
    let text = LIMIT
        .replace(
            r#""totalSize":100.0"#,
            r#""totalSize":0.0,"totalCashSize":"250.0""#,
        )
        .replace(r#""order_ref":"mine-1","#, "");
    let order = read(&text).unwrap();
    assert_eq!(order.id.as_str(), "922048212");
    assert_eq!(order.quantity(), None);
}
