//! Orders, as the manual has them.

use super::*;

fn window() -> String {
    format!("fromEnteredTime={YEAR}&toEnteredTime={TOMORROW}")
}

#[tokio::test(start_paused = true)]
async fn an_order_is_made_with_nothing_but_a_location_and_fills() {
    let far = far(Options::default()).await;
    let answer = far
        .account("POST", "orders", &order("XLF", "BUY", 3).to_string())
        .await;
    assert_eq!((answer.status, answer.raw.as_str()), (201, ""));
    let number = number_of(&answer);
    let place = format!(
        "location: http://far/trader/v1/accounts/{}/orders/{number}",
        far.hash
    );
    assert!(answer.head.contains(&place), "{}", answer.head);
    assert_eq!(number.to_string().len(), 13);
    let filled = far.wait_for(number, "FILLED").await;
    assert_eq!(filled["orderId"], number);
    assert!(
        filled["accountNumber"].is_u64(),
        "a number here, a string elsewhere"
    );
    assert_eq!(
        (&filled["quantity"], &filled["filledQuantity"]),
        (&json!(3.0), &json!(3.0))
    );
    assert_eq!(filled["remainingQuantity"], json!(0.0));
    let leg = &filled["orderLegCollection"][0];
    assert_eq!(
        (&leg["instruction"], &leg["positionEffect"]),
        (&json!("BUY"), &json!("OPENING"))
    );
    let executions = filled["orderActivityCollection"].as_array().unwrap();
    let units: f64 = executions
        .iter()
        .map(|row| row["quantity"].as_f64().unwrap())
        .sum();
    assert!((units - 3.0).abs() < 1e-9);
    assert!(executions[0]["executionLegs"][0]["price"].as_f64().unwrap() > 0.0);
    let trades = far.transactions("TRADE").await.body;
    let newest = &trades[0];
    assert_eq!(newest["orderId"], number);
    assert_eq!(
        newest["activityId"],
        executions[executions.len() - 1]["activityId"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_working_order_is_replaced_by_one_with_its_own_number_and_cancelled() {
    let far = far(Options::default()).await;
    let bid = far.bid("KO").await;
    let first = far.place(&limit("KO", "BUY", 2, bid * 0.9)).await;
    let working = far.wait_for(first, "WORKING").await;
    assert_eq!(
        (&working["cancelable"], &working["editable"]),
        (&json!(true), &json!(true))
    );
    let other = limit("KO", "BUY", 3, bid * 0.8).to_string();
    let answer = far.account("PUT", &format!("orders/{first}"), &other).await;
    assert_eq!((answer.status, answer.raw.as_str()), (201, ""));
    let second = number_of(&answer);
    assert_ne!(first, second);
    assert!(far.wait_for(first, "REPLACED").await["closeTime"].is_string());
    assert_eq!(
        far.wait_for(second, "WORKING").await["quantity"],
        json!(3.0)
    );
    for wrong in [
        limit("PEP", "BUY", 3, 1.0),
        limit("KO", "SELL", 3, 100.0),
        order("KO", "BUY", 3),
    ] {
        let answer = far
            .account("PUT", &format!("orders/{second}"), &wrong.to_string())
            .await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let path = format!("orders/{second}");
    let cancelled = far.account("DELETE", &path, "").await;
    assert_eq!((cancelled.status, cancelled.raw.as_str()), (200, ""));
    let ended = far.wait_for(second, "CANCELED").await;
    assert_eq!(
        ended["orderActivityCollection"][0]["executionType"],
        "CANCELED"
    );
    let again = far.account("DELETE", &path, "").await;
    assert_eq!(again.status, 400);
    assert!(again.body["message"].is_string());
    assert_eq!(far.account("DELETE", "orders/17", "").await.status, 404);
    assert_eq!(far.account("GET", "orders/cheese", "").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn what_the_books_refuse_is_an_order_that_was_rejected() {
    let far = far(Options::default()).await;
    for (wanted, why) in [
        (order("AVGO", "BUY", 900_000), "buying power"),
        (order("GE", "SELL", 1), "own enough"),
        (order("SPY", "SELL_SHORT", 1), "own this security"),
        (order("GE", "BUY_TO_COVER", 1), "no short position"),
    ] {
        let number = far.place(&wanted).await;
        let rejected = far.order(number).await;
        assert_eq!(rejected["status"], "REJECTED", "{wanted}");
        let words = rejected["statusDescription"].as_str().unwrap();
        assert!(words.contains(why), "{words}");
    }
    let path = format!("orders?{}&status=REJECTED", window());
    let listed = far.account("GET", &path, "").await.body;
    assert_eq!(listed.as_array().unwrap().len(), 4);
    let cash = far_for("ira", Options::default()).await;
    let number = cash.place(&order("GE", "SELL_SHORT", 1)).await;
    assert_eq!(cash.order(number).await["status"], "REJECTED");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_want_is_a_bad_request() {
    let far = far(Options::default()).await;
    let with = |name: &str, value: Value| {
        let mut order = limit("KO", "BUY", 1, 10.0);
        order[name] = value;
        order
    };
    let mut option = order("KO", "BUY", 1);
    option["orderLegCollection"][0]["instrument"]["assetType"] = "OPTION".into();
    let mut part = order("KO", "BUY", 1);
    part["orderLegCollection"][0]["quantity"] = json!(0.5);
    for wrong in [
        json!("cheese"),
        with("price", json!("10.001")),
        with("price", json!(-1)),
        with("orderType", json!("GUESS")),
        with("session", json!("NIGHT")),
        with("duration", json!("FOREVER")),
        with("orderStrategyType", json!("HOPE")),
        with("orderLegCollection", json!([])),
        order("NOSUCH", "BUY", 1),
        order("KO", "KEEP", 1),
        option,
        part,
    ] {
        let answer = far.account("POST", "orders", &wrong.to_string()).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.body["errors"].is_array(), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bracket_is_a_trigger_around_a_pair() {
    let far = far(Options::default()).await;
    let bid = far.bid("CAT").await;
    let mut loss = order("CAT", "SELL", 1);
    loss["orderType"] = "STOP".into();
    loss["stopPrice"] = json!(format!("{:.2}", bid * 0.7));
    let mut entry = limit("CAT", "BUY", 1, bid * 0.9);
    entry["orderStrategyType"] = "TRIGGER".into();
    entry["childOrderStrategies"] = json!([{
        "orderStrategyType": "OCO",
        "childOrderStrategies": [limit("CAT", "SELL", 1, bid * 1.3), loss],
    }]);
    let number = far.place(&entry).await;
    let shown = far.wait_for(number, "WORKING").await;
    assert_eq!(shown["orderStrategyType"], "TRIGGER");
    let pair = &shown["childOrderStrategies"][0];
    assert_eq!(pair["orderStrategyType"], "OCO");
    let exits = pair["childOrderStrategies"].as_array().unwrap();
    assert_eq!(exits.len(), 2);
    for exit in exits {
        assert_eq!(exit["status"], "AWAITING_PARENT_ORDER");
        assert_eq!(exit["orderLegCollection"][0]["instruction"], "SELL");
    }
    let listed = far
        .account("GET", &format!("orders?{}", window()), "")
        .await
        .body;
    let ids: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["orderId"])
        .collect();
    assert!(ids.contains(&&json!(number)) && !ids.contains(&&exits[1]["orderId"]));
}

#[tokio::test(start_paused = true)]
async fn a_pair_closes_what_is_held() {
    let far = far(Options::default()).await;
    let bid = far.bid("SPY").await;
    let mut loss = order("SPY", "SELL", 1);
    loss["orderType"] = "STOP".into();
    loss["stopPrice"] = json!(format!("{:.2}", bid * 0.7));
    let pair = json!({
        "orderStrategyType": "OCO",
        "childOrderStrategies": [limit("SPY", "SELL", 1, bid * 1.3), loss],
    });
    let number = far.place(&pair).await;
    let shown = far.wait_for(number, "WORKING").await;
    assert_eq!(shown["orderStrategyType"], "OCO");
    assert_eq!(shown["childOrderStrategies"].as_array().unwrap().len(), 2);
    assert_eq!(
        far.account("DELETE", &format!("orders/{number}"), "")
            .await
            .status,
        200
    );
    far.wait_for(number, "CANCELED").await;
}

#[tokio::test(start_paused = true)]
async fn a_trailing_stop_waits_for_its_condition() {
    let far = far(Options::default()).await;
    let mut wanted = order("SPY", "SELL", 1);
    wanted["orderType"] = "TRAILING_STOP".into();
    wanted["stopPriceLinkBasis"] = "LAST".into();
    wanted["stopPriceLinkType"] = "PERCENT".into();
    wanted["stopPriceOffset"] = json!(8);
    let number = far.place(&wanted).await;
    let shown = far.wait_for(number, "AWAITING_STOP_CONDITION").await;
    assert_eq!(
        (&shown["stopPriceLinkType"], &shown["stopPriceOffset"]),
        (&json!("PERCENT"), &json!(8.0))
    );
}

#[tokio::test(start_paused = true)]
async fn orders_are_listed_by_time_and_status() {
    let far = far(Options::default()).await;
    let all = far
        .account("GET", &format!("orders?{}", window()), "")
        .await
        .body;
    let all = all.as_array().unwrap();
    assert!(all.len() > 20);
    let times: Vec<&str> = all
        .iter()
        .map(|row| row["enteredTime"].as_str().unwrap())
        .collect();
    assert!(times.iter().rev().is_sorted(), "newest first");
    let few = far
        .account("GET", &format!("orders?{}&maxResults=2", window()), "")
        .await
        .body;
    assert_eq!(few.as_array().unwrap(), &all[..2]);
    let filled = far
        .account("GET", &format!("orders?{}&status=FILLED", window()), "")
        .await
        .body;
    assert!(
        filled
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["status"] == "FILLED")
    );
    for (query, status) in [
        ("", 400),
        ("?fromEnteredTime=2026-11-01T00:00:00.000Z", 400),
        (
            "?fromEnteredTime=2025-01-01T00:00:00.000Z&toEnteredTime=2026-11-25T00:00:00.000Z",
            400,
        ),
        (
            "?fromEnteredTime=2026-11-01T00:00:00.000Z&toEnteredTime=2026-11-25T00:00:00.000Z&status=OPEN",
            400,
        ),
        (
            "?fromEnteredTime=2026-11-01T00:00:00.000Z&toEnteredTime=2026-11-25T00:00:00.000Z",
            200,
        ),
    ] {
        assert_eq!(
            far.account("GET", &format!("orders{query}"), "")
                .await
                .status,
            status,
            "{query}"
        );
    }
    let recent = "fromEnteredTime=2026-10-01T00:00:00.000Z&toEnteredTime=2026-11-25T00:00:00.000Z";
    let everywhere = far.trader(&format!("orders?{recent}")).await.body;
    let numbers: std::collections::HashSet<_> = everywhere
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["accountNumber"].as_u64())
        .collect();
    assert_eq!(numbers.len(), 2, "both accounts");
    assert_eq!(
        far.trader(&format!("orders?{}", window())).await.status,
        400,
        "sixty days at most"
    );
}

#[tokio::test(start_paused = true)]
async fn a_preview_says_what_an_order_would_cost() {
    let far = far(Options::default()).await;
    let bid = far.bid("AMD").await;
    let body = limit("AMD", "BUY", 2, bid).to_string();
    let preview = far.account("POST", "previewOrder", &body).await.body;
    assert_eq!(preview["orderId"], json!(0));
    let value = preview["orderStrategy"]["orderValue"].as_f64().unwrap();
    assert!((value - 2.0 * bid).abs() < 0.011);
    assert!(preview["orderValidationResult"].get("rejects").is_none());
    let body = order("AVGO", "BUY", 900_000).to_string();
    let dear = far.account("POST", "previewOrder", &body).await.body;
    assert_eq!(
        dear["orderValidationResult"]["rejects"][0]["originalSeverity"],
        "REJECT"
    );
    assert_eq!(dear["orderStrategy"]["status"], "REJECTED");
}
