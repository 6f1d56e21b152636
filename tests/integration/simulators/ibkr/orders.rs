//! Orders: questions and answers, refusals that look like successes, changes, cancels, lists.

use super::*;

#[tokio::test(start_paused = true)]
async fn questions_come_one_by_one_and_an_order_after_them() {
    let far = trading(patient()).await;
    let (ack, asked) = far.place(market(SPY, "BUY", 1)).await;
    assert_eq!(asked, ["o354", "o10151"]);
    assert_eq!(ack[0]["encrypt_message"], "1");
    let id: u64 = ack[0]["order_id"].as_str().unwrap().parse().unwrap();
    let order = far.wait_for(id, "Filled").await;
    assert_eq!(
        (&order["cum_fill"], &order["side"]),
        (&json!("1.0"), &json!("B"))
    );
    far.percent_of(SPY, 100).await;
    let (_, asked) = far.place(market(SPY, "BUY", 1)).await;
    assert_eq!(asked, ["o10151"], "market data is there now");
    let suppress = json!({"messageIds": ["o10151"]});
    let done = far.post("iserver/questions/suppress", suppress).await.body;
    assert_eq!(done, json!({"status": "submitted"}));
    assert!(far.place(market(SPY, "BUY", 1)).await.1.is_empty());
    far.call("POST", "iserver/questions/suppress/reset", "")
        .await;
    assert_eq!(far.place(market(SPY, "BUY", 1)).await.1, ["o10151"]);
}

#[tokio::test(start_paused = true)]
async fn a_question_is_void_once_anything_else_is_asked() {
    let far = trading(patient()).await;
    let price = far.percent_of(AAPL, 90).await;
    let order = limit(AAPL, "BUY", 5, price);
    let body = json!({"orders": [order]});
    let asked = far.post(&far.path("orders"), body.clone()).await.body;
    assert_eq!(asked[0]["messageIds"], json!(["o163"]));
    let words = asked[0]["message"][0].as_str().unwrap();
    assert!(words.contains("\"BUY 5 AAPL NASDAQ.NMS @ "), "{words}");
    let again = far.post(&far.path("orders"), body.clone()).await.body;
    let reply = |asked: &Value| format!("iserver/reply/{}", asked[0]["id"].as_str().unwrap());
    let yes = json!({"confirmed": true});
    let late = far.post(&reply(&asked), yes.clone()).await;
    assert_eq!(late.status, 400);
    assert!(
        late.body["error"]
            .as_str()
            .unwrap()
            .starts_with("reply id not found: '")
    );
    let gone = far.post(&reply(&again), yes.clone()).await;
    assert_eq!(gone.status, 400, "a wrong answer spoils it too");
    let asked = far.post(&far.path("orders"), body).await.body;
    let no = far.post(&reply(&asked), json!({"confirmed": false})).await;
    assert_eq!(
        (no.status, no.body),
        (200, json!({"error": "Order not confirmed "}))
    );
    assert_eq!(far.post(&reply(&asked), yes).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_answered_as_if_all_were_well() {
    let far = trading(patient()).await;
    let refused = async |order: Value, words: &str| {
        let answer = far
            .post(&far.path("orders"), json!({"orders": [order]}))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        let error = answer.body["error"].as_str().unwrap_or_default();
        assert!(error.contains(words), "{}", answer.raw);
    };
    let high = far.percent_of(AAPL, 150).await;
    refused(
        limit(AAPL, "BUY", 1, high),
        "closer to the current market price of",
    )
    .await;
    refused(market(SPY, "BUY", 1_000_000), "YOUR ORDER IS NOT ACCEPTED").await;
    refused(market(8_314, "BUY", 1), "No trading permissions").await;
    let low = far.percent_of(AAPL, 98).await;
    let mut named = limit(AAPL, "BUY", 1, low);
    named["cOID"] = "my-order-1".into();
    far.placed(named.clone()).await;
    refused(named, "Local order ID=my-order-1 is already registered").await;
    let unread = far
        .post(&far.path("orders"), json!({"orders": [{"conid": AAPL}]}))
        .await;
    assert_eq!(unread.status, 400);
}

#[tokio::test(start_paused = true)]
async fn an_order_keeps_its_number_through_its_changes() {
    let far = trading(patient()).await;
    let price = far.percent_of(AAPL, 98).await;
    let mut order = limit(AAPL, "BUY", 2, price);
    order["cOID"] = "mine".into();
    let id = far.placed(order.clone()).await;
    far.wait_for(id, "Submitted").await;
    order["quantity"] = 3.into();
    let path = far.path(&format!("order/{id}"));
    let changed = far.post(&path, order.clone()).await;
    assert_eq!(
        changed.body[0]["order_id"],
        id.to_string(),
        "{}",
        changed.raw
    );
    let changed = far.wait_for(id, "Submitted").await;
    assert_eq!(changed["total_size"], "3.0");
    let rows = far.live().await;
    let mine: Vec<&Value> = rows
        .iter()
        .filter(|row| row["order_ref"] == "mine")
        .collect();
    assert_eq!(mine.len(), 1);
    assert_eq!(
        (&mine[0]["orderId"], &mine[0]["totalSize"]),
        (&json!(id), &json!(3.0))
    );
    order["orderType"] = "MKT".into();
    let refused = far.post(&path, order).await;
    assert_eq!(
        refused.body,
        json!({"error": "Order type cannot be modified."})
    );
    let cancelled = far.call("DELETE", &path, "").await;
    let expected = json!({
        "msg": "Request was submitted", "order_id": id, "conid": -1, "account": null,
    });
    assert_eq!(cancelled.body, expected);
    far.wait_for(id, "Cancelled").await;
    let unknown = far.call("DELETE", &far.path("order/1"), "").await;
    assert_eq!(
        (unknown.status, unknown.body),
        (200, json!({"error": "OrderID 1 doesn't exist"}))
    );
}

#[tokio::test(start_paused = true)]
async fn live_orders_have_their_habits() {
    let far = trading(patient()).await;
    let empty = json!({"orders": [], "snapshot": false});
    assert_eq!(
        far.data("iserver/account/orders").await,
        empty,
        "the first answer"
    );
    let all = far.data("iserver/account/orders").await;
    assert_eq!(all["snapshot"], true);
    let rows = all["orders"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert!(row["price"].is_string() && row["totalSize"].is_number());
        assert!(
            ["Submitted", "PreSubmitted"].contains(&row["status"].as_str().unwrap()),
            "{row}"
        );
    }
    let some = far
        .data("iserver/account/orders?filters=pre_submitted")
        .await;
    let some = some["orders"].as_array().unwrap();
    assert!(some.iter().all(|row| row["status"] == "PreSubmitted"));
    assert!(some.len() < rows.len());
    assert_eq!(far.data("iserver/account/orders?force=true").await, empty);
    assert_eq!(far.data("iserver/account/orders").await, all);
}

#[tokio::test(start_paused = true)]
async fn a_new_session_knows_no_order_that_is_over() {
    let far = trading(patient()).await;
    let id = far.placed(market(SPY, "BUY", 1)).await;
    far.wait_for(id, "Filled").await;
    assert!(far.live().await.iter().any(|row| row["orderId"] == id));
    far.simulator.take_session("ada");
    tokio::time::sleep(Duration::from_secs(1)).await;
    far.begin().await;
    far.data("iserver/accounts").await;
    let stale = far.get(&format!("iserver/account/order/status/{id}")).await;
    assert_eq!(stale.status, 503);
    assert!(far.live().await.iter().all(|row| row["orderId"] != id));
}

#[tokio::test(start_paused = true)]
async fn exits_wait_for_their_entry() {
    let far = trading(patient()).await;
    let entry = far.percent_of(SPY, 98).await;
    let profit = far.percent_of(SPY, 110).await;
    let stop = far.percent_of(SPY, 90).await;
    let mut parent = limit(SPY, "BUY", 2, entry);
    parent["cOID"] = "bracket".into();
    let mut up = limit(SPY, "SELL", 2, profit);
    let mut down = limit(SPY, "SELL", 2, stop);
    down["orderType"] = "STP".into();
    for child in [&mut up, &mut down] {
        child["parentId"] = "bracket".into();
    }
    let body = json!({"orders": [parent, up, down]});
    let acks = far.post(&far.path("orders"), body).await;
    let acks = acks.body.as_array().unwrap().clone();
    assert_eq!(acks.len(), 3, "{acks:?}");
    let rows = far.live().await;
    let parent: u64 = acks[0]["order_id"].as_str().unwrap().parse().unwrap();
    let children = rows.iter().filter(|row| row["parentId"] == parent);
    assert_eq!(children.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_preview_is_for_people_to_read() {
    let far = trading(patient()).await;
    let price = far.percent_of(AAPL, 98).await;
    let body = json!({"orders": [limit(AAPL, "BUY", 10, price)]});
    let preview = far.post(&far.path("orders/whatif"), body).await.body;
    let total = format!("{} USD (10 Shares)", with_comma(price * Decimal::TEN));
    assert_eq!(preview["amount"]["amount"], total, "{preview}");
    assert_eq!(preview["position"]["change"], "10");
    assert!(preview["equity"]["current"].as_str().unwrap().contains(','));
    assert_eq!(
        (&preview["warn"], &preview["error"]),
        (&Value::Null, &Value::Null)
    );
    assert!(
        far.live().await.iter().all(|row| row["totalSize"] != 10.0),
        "nothing was placed"
    );
}

fn with_comma(amount: Decimal) -> String {
    let text = format!("{amount:.2}");
    let (thousands, rest) = text.split_at(text.len() - 6);
    format!("{thousands},{rest}")
}

#[tokio::test(start_paused = true)]
async fn kinds_of_orders_are_taken() {
    let far = trading(patient()).await;
    let (low, lower) = (
        far.percent_of(AAPL, 92).await,
        far.percent_of(AAPL, 91).await,
    );
    let text = |price: Decimal| serde_json::from_str::<Value>(&price.to_string()).unwrap();
    let with = |fields: Value| {
        let mut order = market(AAPL, "SELL", 1);
        for (name, value) in fields.as_object().unwrap() {
            order[name] = value.clone();
        }
        order
    };
    let orders = [
        (
            with(json!({"orderType": "STP", "price": text(low), "tif": "GTC"})),
            "STOP",
        ),
        (
            with(json!({"orderType": "STOP_LIMIT", "auxPrice": text(low), "price": text(lower)})),
            "STOP_LIMIT",
        ),
        (
            with(json!({"orderType": "TRAIL", "trailingAmt": 5, "trailingType": "%"})),
            "TRAILING_STOP",
        ),
    ];
    for (order, kind) in orders {
        let id = far.placed(order).await;
        assert_eq!(far.wait_for(id, "PreSubmitted").await["order_type"], kind);
    }
    let cash =
        json!({"conid": AAPL, "orderType": "MKT", "side": "BUY", "tif": "DAY", "cashQty": 500});
    let id = far.placed(cash).await;
    assert_eq!(
        far.wait_for(id, "Filled").await["total_size"],
        "2.0",
        "whole shares"
    );
    let every = far.call("DELETE", &far.path("order/-1"), "").await;
    assert_eq!(every.body["order_id"], -1);
}
