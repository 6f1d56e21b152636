//! What is sent for an order.

use super::*;

#[tokio::test]
async fn each_type_has_its_prices() {
    let day = |kind| OrderDraft {
        time_in_force: TimeInForce::Day,
        ..draft(kind)
    };
    let start = r#"{"symbol":"AAPL","qty":"2","side":"buy","type":"#;
    let price = |text: &str| text.parse().unwrap();
    check(
        draft(OrderKind::Market),
        &format!(r#"{start}"market","time_in_force":"gtc",ID}}"#),
    )
    .await;
    check(
        draft(limit("150.00")),
        &format!(r#"{start}"limit","time_in_force":"gtc","limit_price":"150",ID}}"#),
    )
    .await;
    let stop = OrderKind::Stop {
        stop: price("149.5"),
    };
    check(
        day(stop),
        &format!(r#"{start}"stop","time_in_force":"day","stop_price":"149.5",ID}}"#),
    )
    .await;
    let both = OrderKind::StopLimit {
        stop: price("149"),
        limit: price("148.99"),
    };
    let prices = r#""limit_price":"148.99","stop_price":"149""#;
    check(
        day(both),
        &format!(r#"{start}"stop_limit","time_in_force":"day",{prices},ID}}"#),
    )
    .await;
    let trail = |trail| day(OrderKind::TrailingStop { trail });
    let expected =
        format!(r#"{start}"trailing_stop","time_in_force":"day","trail_price":"1.5",ID}}"#);
    check(trail(TrailBy::Price(price("1.50"))), &expected).await;
    let expected =
        format!(r#"{start}"trailing_stop","time_in_force":"day","trail_percent":"0.75",ID}}"#);
    check(trail(TrailBy::Percent(decimal("0.75").unwrap())), &expected).await;
}

#[tokio::test]
async fn a_documented_request_is_sent_as_documented() {
    let sent: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&body(draft(limit("150"))).await).unwrap();
    let documented: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&fixture("request_equity")).unwrap();
    assert!(
        documented.iter().all(|(name, value)| sent[name] == *value),
        "{sent:?}"
    );
    assert_eq!(sent.len(), documented.len() + 1, "and our name");
}

#[tokio::test]
async fn each_time_in_force_has_its_word() {
    for time_in_force in TimeInForce::ALL {
        let sent = body(OrderDraft {
            time_in_force,
            ..draft(limit("150"))
        })
        .await;
        assert!(
            sent.contains(&format!(r#""time_in_force":"{}""#, time_in_force.as_str())),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn sizes_sides_and_hours_are_said() {
    let amount = OrderDraft {
        size: OrderSize::Notional(decimal("100.50").unwrap()),
        time_in_force: TimeInForce::Day,
        ..draft(OrderKind::Market)
    };
    let start = r#"{"symbol":"AAPL","notional":"100.5","side":"buy""#;
    check(
        amount,
        &format!(r#"{start},"type":"market","time_in_force":"day",ID}}"#),
    )
    .await;
    let part = OrderDraft {
        size: OrderSize::Quantity("0.000000001".parse().unwrap()),
        ..draft(OrderKind::Market)
    };
    assert!(body(part).await.contains(r#""qty":"0.000000001""#));
    let late = OrderDraft {
        extended_hours: true,
        side: Side::Sell,
        ..draft(limit("150"))
    };
    let sent = body(late).await;
    assert!(
        sent.contains(r#""side":"sell""#) && sent.contains(r#""extended_hours":true"#),
        "{sent}"
    );
    let dotted = OrderDraft {
        symbol: Symbol::new("BTC/USD"),
        ..draft(limit("150"))
    };
    assert!(body(dotted).await.contains(r#""symbol":"BTC/USD""#));
}

#[tokio::test]
async fn exits_travel_inside_their_order() {
    let price = |text: &str| text.parse().unwrap();
    let (take_profit, stop_loss) = (
        price("170"),
        StopLoss {
            stop: price("140"),
            limit: None,
        },
    );
    let with = |side, exits| OrderDraft {
        side,
        exits,
        ..draft(limit("150"))
    };
    let end = async |draft| {
        let sent = body(draft).await;
        sent.split_once(r#""time_in_force":"gtc","#)
            .unwrap()
            .1
            .replace(&format!(r#""client_order_id":"{OURS}","#), "")
    };
    let profit = r#""take_profit":{"limit_price":"170"}"#;
    assert_eq!(
        end(with(
            Side::Buy,
            Exits::Bracket {
                take_profit,
                stop_loss
            }
        ))
        .await,
        format!(
            r#""limit_price":"150","order_class":"bracket",{profit},"stop_loss":{{"stop_price":"140"}}}}"#
        )
    );
    let limited = StopLoss {
        limit: Some(price("139.5")),
        ..stop_loss
    };
    let loss = r#""stop_loss":{"stop_price":"140","limit_price":"139.5"}"#;
    assert_eq!(
        end(with(
            Side::Sell,
            Exits::OneCancelsOther {
                take_profit,
                stop_loss: limited
            }
        ))
        .await,
        format!(r#""order_class":"oco",{profit},{loss}}}"#),
        "the pair's own price is that of its take-profit"
    );
    assert_eq!(
        end(with(Side::Buy, Exits::TakeProfit { take_profit })).await,
        format!(r#""limit_price":"150","order_class":"oto",{profit}}}"#)
    );
    assert_eq!(
        end(with(Side::Buy, Exits::StopLoss(limited))).await,
        format!(r#""limit_price":"150","order_class":"oto",{loss}}}"#)
    );
}
