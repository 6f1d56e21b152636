//! Orders, as the manual has them.

use super::*;

fn refusal(answer: &Answer) -> (u16, &str) {
    let code = &answer.body["error"]["errors"][0]["code"];
    (answer.status, code.as_str().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_shows_fees_and_buying_power_and_places_nothing() {
    let far = far_for("margin").await;
    let path = far.path("orders/dry-run");
    let answer = far.call("POST", &path, &resting("KO").to_string()).await;
    assert_eq!(answer.status, 201);
    let data = &answer.body["data"];
    expect_shape("effect", &data["buying-power-effect"]);
    expect_shape("fees", &data["fee-calculation"]);
    assert_eq!(
        data["buying-power-effect"]["change-in-buying-power"],
        "15.003"
    );
    assert_eq!(
        data["buying-power-effect"]["change-in-buying-power-effect"],
        "Debit"
    );
    assert_eq!(data["fee-calculation"]["total-fees"], "0.003");
    assert!(data["order"].get("id").is_none());
    assert_eq!(data["warnings"], json!([]));
    let working = far
        .items(&far.path("orders?status[]=Live&underlying-symbol=KO"))
        .await;
    assert_eq!(working, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn an_order_fills_near_the_quote() {
    let far = far_for("margin").await;
    let id = far.placed(&market("PEP", "Buy to Open", 2)).await;
    let order = far.wait_for(id, "Filled").await;
    expect_shape("order", &order);
    expect_shape("leg", &order["legs"][0]);
    expect_shape("fill", &order["legs"][0]["fills"][0]);
    assert_eq!(order["legs"][0]["remaining-quantity"], 0);
    assert_eq!(order["cancellable"], false);
    let price: f64 = order["legs"][0]["fills"][0]["fill-price"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((100.0..250.0).contains(&price), "{price}");
    let held = far.items(&far.path("positions?symbol=PEP")).await;
    assert_eq!(
        (held[0]["quantity"].clone(), &held[0]["quantity-direction"]),
        (json!(2), &json!("Long"))
    );
    let rows = far.items(&far.path("transactions?symbol=PEP")).await;
    assert_eq!(rows[0]["order-id"], id);
    let sale = far.placed(&market("PEP", "Sell to Close", 2)).await;
    far.wait_for(sale, "Filled").await;
    assert!(
        far.items(&far.path("positions?symbol=PEP"))
            .await
            .is_empty()
    );
    let closed = far
        .items(&far.path("positions?symbol=PEP&include-closed-positions=true"))
        .await;
    assert_eq!(closed[0]["quantity-direction"], "Zero");
}

#[tokio::test(start_paused = true)]
async fn an_order_is_replaced_by_another_one_and_cancelled() {
    let far = far_for("margin").await;
    let mut order = resting("KO");
    order["time-in-force"] = "GTC".into();
    order["external-identifier"] = "mine-1".into();
    order["source"] = "test".into();
    let id = far.placed(&order).await;
    let live = far.wait_for(id, "Live").await;
    assert_eq!(
        (&live["external-identifier"], &live["source"]),
        (&json!("mine-1"), &json!("test"))
    );
    assert_eq!(live["legs"][0]["action"], "Buy to Open");
    let path = far.path(&format!("orders/{id}"));
    let change = json!({"order-type": "Limit", "time-in-force": "GTC", "price": 5.5, "price-effect": "Debit"});
    let answer = far.call("PUT", &path, &change.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    let new = &answer.body["data"];
    assert_eq!(
        (&new["status"], &new["replaces-order-id"]),
        (&json!("Contingent"), &json!(id))
    );
    let new = new["id"].as_u64().unwrap();
    far.wait_for(new, "Live").await;
    let old = far.wait_for(id, "Cancelled").await;
    assert_eq!(old["replacing-order-id"], new);
    let patched = far.path(&format!("orders/{new}"));
    let answer = far.call("PATCH", &patched, r#"{"price":"5.6"}"#).await;
    let third = answer.body["data"]["id"].as_u64().unwrap();
    let live = far.wait_for(third, "Live").await;
    assert_eq!(
        (&live["price"], &live["time-in-force"]),
        (&json!("5.6"), &json!("GTC"))
    );
    let refused = far.call("PUT", &path, &change.to_string()).await;
    assert_eq!(
        (refused.status, &refused.body["error"]["code"]),
        (422, &json!("cannot_update_order"))
    );
    let path = far.path(&format!("orders/{third}"));
    let answer = far.call("DELETE", &path, "").await;
    assert_eq!(
        (answer.status, &answer.body["data"]["status"]),
        (200, &json!("Cancel Requested"))
    );
    far.wait_for(third, "Cancelled").await;
    assert_eq!(far.call("DELETE", &path, "").await.status, 422);
    let touched = far.items(&far.path("orders/live")).await;
    assert!(
        touched.iter().any(|order| order["id"] == third),
        "what ended today is there too"
    );
}

#[tokio::test(start_paused = true)]
async fn preflight_checks() {
    let far = far_for("margin").await;
    let with = |changes: Value| {
        let mut order = resting("KO");
        for (name, value) in changes.as_object().unwrap() {
            order[name] = value.clone();
        }
        order
    };
    let mut gtc = market("KO", "Buy to Open", 1);
    gtc["time-in-force"] = "GTC".into();
    let mut crypto = market("BTC/USD", "Buy to Open", 1);
    crypto["legs"][0]["instrument-type"] = "Cryptocurrency".into();
    let mut strict = market("KO", "Buy to Close", 1);
    strict["advanced-instructions"] = json!({"strict-position-effect-validation": true});
    let mut rich = resting("KO");
    rich["legs"][0]["quantity"] = "9000000".into();
    let leg = json!({"instrument-type": "Equity", "symbol": "KO", "action": "Buy to Open"});
    let notional = |value: &str| {
        json!({
            "order-type": "Notional Market", "time-in-force": "Day", "value": value, "value-effect": "Debit", "legs": [leg],
        })
    };
    for (order, code) in [
        (gtc, "gtc_market_orders_not_supported"),
        (
            with(json!({"price-effect": "Credit"})),
            "cant_buy_for_credit",
        ),
        (
            with(json!({"order-type": "Stop", "stop-trigger": 9, "time-in-force": "GTC"})),
            "gtc_opening_stop_orders_not_supported",
        ),
        (
            with(json!({"order-type": "Market"})),
            "market_order_with_price",
        ),
        (market("NOSUCH", "Buy to Open", 1), "invalid_symbol"),
        (with(json!({"legs": [leg, leg]})), "too_many_legs"),
        (crypto, "cryptocurrency_disabled"),
        (strict, "invalid_position_effect"),
        (rich, "margin_check_failed"),
        (notional("4.99"), "notional_value_too_small"),
    ] {
        assert_eq!(refusal(&far.place(&order).await), (422, code));
        let path = far.path("orders/dry-run");
        let dry = far.call("POST", &path, &order.to_string()).await;
        assert_eq!(refusal(&dry), (422, code), "a dry run refuses it too");
    }
    for malformed in [
        json!({}),
        with(json!({"legs": []})),
        with(json!({"time-in-force": "Soon"})),
    ] {
        assert_eq!(far.place(&malformed).await.status, 400);
    }
    let id = far.placed(&notional("50")).await;
    let order = far.wait_for(id, "Filled").await;
    assert_eq!(
        (&order["order-type"], &order["value"]),
        (&json!("Notional Market"), &json!("50.0"))
    );
}

#[tokio::test(start_paused = true)]
async fn closing_what_is_not_held_opens_it() {
    let far = far_for("margin").await;
    let id = far.placed(&market("GE", "Sell to Close", 1)).await;
    let order = far.wait_for(id, "Filled").await;
    assert_eq!(order["legs"][0]["action"], "Sell to Open");
    let id = far.placed(&market("GE", "Buy to Open", 1)).await;
    assert_eq!(far.order(id).await["legs"][0]["action"], "Buy to Close");
}

#[tokio::test(start_paused = true)]
async fn orders_are_listed_in_pages() {
    let far = far_for("margin").await;
    let first = far.get(&far.path("orders?per-page=5")).await.body;
    expect_shape("pagination", &first["pagination"]);
    assert_eq!(first["pagination"]["per-page"], 5);
    assert_eq!(first["data"]["items"].as_array().unwrap().len(), 5);
    let filled = far
        .items(&far.path("orders?status[]=Filled&per-page=200&sort=Asc"))
        .await;
    assert!(filled.len() > 20 && filled.iter().all(|order| order["status"] == "Filled"));
    assert_eq!(far.get(&far.path("orders?per-page=201")).await.status, 400);
    assert_eq!(far.get(&far.path("orders/1")).await.status, 404);
    let id = &filled[0]["id"];
    assert_eq!(
        far.data(&far.path(&format!("orders/{id}"))).await,
        filled[0]
    );
    assert!(far.items(&far.path("complex-orders")).await.is_empty());
}
