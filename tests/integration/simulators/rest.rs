//! Calls, as the manual has them.

use super::*;
use serde_json::json;

/// The fields of the documented example of an account.
const ACCOUNT_FIELDS: [&str; 30] = [
    "account_blocked",
    "account_number",
    "accrued_fees",
    "balance_asof",
    "buying_power",
    "cash",
    "created_at",
    "crypto_status",
    "currency",
    "effective_buying_power",
    "equity",
    "id",
    "initial_margin",
    "last_equity",
    "last_maintenance_margin",
    "long_market_value",
    "maintenance_margin",
    "multiplier",
    "non_marginable_buying_power",
    "pending_transfer_in",
    "portfolio_value",
    "position_market_value",
    "regt_buying_power",
    "short_market_value",
    "shorting_enabled",
    "sma",
    "status",
    "trade_suspended_by_user",
    "trading_blocked",
    "transfers_blocked",
];

#[tokio::test(start_paused = true)]
async fn an_account_is_written_in_strings() {
    let far = far(Options::default());
    let answer = far.get("/v2/account").await;
    assert_eq!(answer.status, 200);
    for field in ACCOUNT_FIELDS {
        assert!(answer.body.get(field).is_some(), "{field}");
    }
    for field in [
        "cash",
        "equity",
        "buying_power",
        "multiplier",
        "last_equity",
    ] {
        assert!(answer.body[field].is_string(), "{field}");
    }
    assert_eq!(answer.body["account_number"], far.customer.account_number);
}

#[tokio::test(start_paused = true)]
async fn every_answer_says_what_is_left_of_the_minute() {
    let far = far(Options {
        requests_a_minute: 2,
        ..Options::default()
    });
    let first = far.get("/v2/clock").await;
    for header in [
        "x-ratelimit-limit: 2",
        "x-ratelimit-remaining: 1",
        "x-ratelimit-reset: 1795532460",
        "x-request-id: ",
        "date: tue, 24 nov 2026 15:00:00 gmt",
    ] {
        assert!(first.head.contains(header), "{header} in {}", first.head);
    }
    assert_eq!(far.get("/v2/clock").await.status, 200);
    let third = far.get("/v2/clock").await;
    assert_eq!(third.status, 429);
    assert_eq!(
        third.body,
        json!({"code": 42910000, "message": "rate limit exceeded"})
    );
    assert!(third.head.contains("x-ratelimit-remaining: 0"));
    assert_eq!(
        far.data("/v2/stocks/snapshots?symbols=AAPL").await.status,
        200
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(far.get("/v2/clock").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_good_at_its_own_host_only() {
    let far = far(Options::default());
    let paper = far.request("GET", "/v2/account", "");
    let far = far.for_customer("live");
    let live = far.request("GET", "/v2/account", "");
    for (host, request, status) in [
        (Host::Trading, &paper, 200),
        (Host::TradingLive, &paper, 401),
        (Host::Data, &paper, 404),
        (Host::Trading, &live, 401),
        (Host::TradingLive, &live, 200),
        (Host::Data, &live, 404),
    ] {
        let answer = far.raw(host, request).await.unwrap();
        assert_eq!(answer.status, status, "{host:?}");
    }
    let bare = "GET /v2/account HTTP/1.1\r\nHost: far\r\nConnection: close\r\n\r\n";
    let answer = far.raw(Host::Trading, bare).await.unwrap();
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (401, &json!(40110000))
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_has_every_documented_field_and_is_refused_the_second_time() {
    let far = far(Options::default());
    let mut wanted = order("AAPL", "buy", "2");
    wanted["client_order_id"] = "mine".into();
    wanted["type"] = "limit".into();
    wanted["limit_price"] = json!(150);
    let placed = far.post("/v2/orders", wanted.clone()).await;
    assert_eq!(placed.status, 200, "{}", placed.raw);
    let body = placed.body;
    assert_eq!(body["status"], "accepted");
    assert_eq!(
        (&body["limit_price"], &body["qty"]),
        (&json!("150"), &json!("2"))
    );
    assert_eq!(
        (&body["order_class"], &body["filled_qty"]),
        (&json!(""), &json!("0"))
    );
    for field in [
        "asset_class",
        "asset_id",
        "canceled_at",
        "created_at",
        "expired_at",
        "extended_hours",
        "failed_at",
        "filled_at",
        "filled_avg_price",
        "hwm",
        "id",
        "legs",
        "notional",
        "order_type",
        "replaced_at",
        "replaced_by",
        "replaces",
        "side",
        "stop_price",
        "submitted_at",
        "symbol",
        "time_in_force",
        "trail_percent",
        "trail_price",
        "type",
        "updated_at",
    ] {
        assert!(body.get(field).is_some(), "{field}");
    }
    let again = far.post("/v2/orders", wanted).await;
    assert_eq!(again.status, 422);
    assert_eq!(
        again.body,
        json!({"code": 40010001, "message": "client_order_id must be unique"})
    );
    let found = far
        .get("/v2/orders:by_client_order_id?client_order_id=mine")
        .await;
    assert_eq!(found.body["id"], body["id"]);
}

#[expect(
    clippy::too_many_lines,
    reason = "a table: every refusal the manual names, one after the other"
)]
#[tokio::test(start_paused = true)]
async fn refused_orders_say_why() {
    let far = far(Options::default());
    let with = |fields: Value| {
        let mut wanted = order("AAPL", "buy", "1");
        for (name, value) in fields.as_object().unwrap() {
            wanted[name] = value.clone();
        }
        wanted
    };
    let cases = [
        (
            json!({"symbol": "NOSUCH"}),
            422,
            40010001,
            "asset \"NOSUCH\" not found",
        ),
        (json!({"symbol": null}), 422, 40010001, "symbol is required"),
        (json!({"qty": "0"}), 422, 40010001, "qty must be > 0"),
        (
            json!({"qty": null}),
            422,
            40010001,
            "qty or notional is required",
        ),
        (
            json!({"notional": "5"}),
            422,
            40010001,
            "only one of qty or notional is accepted",
        ),
        (
            json!({"side": "hold"}),
            422,
            40010001,
            "invalid side \"hold\"",
        ),
        (
            json!({"type": "limit"}),
            422,
            40010001,
            "limit orders require a limit price",
        ),
        (
            json!({"type": "guess"}),
            422,
            40010001,
            "invalid order type \"guess\"",
        ),
        (
            json!({"limit_price": "5"}),
            422,
            40010001,
            "market orders require no limit or stop price",
        ),
        (
            json!({"type": "trailing_stop"}),
            422,
            40010001,
            "trailing_stop orders require one of trail_price and trail_percent",
        ),
        (
            json!({"type": "limit", "limit_price": "100.001"}),
            422,
            42210000,
            "invalid limit_price 100.001. sub-penny increment does not fulfill minimum pricing criteria",
        ),
        (
            json!({"type": "limit", "limit_price": -1}),
            422,
            40010001,
            "limit_price must be > 0",
        ),
        (
            json!({"time_in_force": "soon"}),
            422,
            40010001,
            "invalid time_in_force \"soon\"",
        ),
        (
            json!({"extended_hours": true}),
            422,
            40010001,
            "only type=\"limit\" is allowed for extended hours orders",
        ),
        (
            json!({"client_order_id": "x".repeat(129)}),
            422,
            40010001,
            "client_order_id must be no more than 128 characters",
        ),
        (
            json!({"order_class": "bracket"}),
            422,
            40010001,
            "bracket orders require take_profit.limit_price",
        ),
        (
            json!({"order_class": "mleg"}),
            422,
            40010001,
            "mleg orders are only for options",
        ),
        (
            json!({"qty": "0.5", "time_in_force": "gtc"}),
            422,
            42210000,
            "fractional orders must be DAY orders",
        ),
        (
            json!({"qty": "1000000"}),
            403,
            40310000,
            "insufficient buying power",
        ),
        (
            json!({"qty": "1000000000001", "type": "limit", "limit_price": "1000000000001"}),
            422,
            40010000,
            "request body format is invalid",
        ),
        (
            json!({"qty": "1000000000000", "type": "limit", "limit_price": "1000000000000"}),
            403,
            40310000,
            "insufficient buying power",
        ),
        (
            json!({"qty": "twelve"}),
            422,
            40010000,
            "request body format is invalid",
        ),
        (
            json!({"symbol": "AMD", "side": "sell", "qty": "1000000"}),
            403,
            40310000,
            "insufficient qty available for order (requested: 1000000, available: 146)",
        ),
    ];
    for (fields, status, code, message) in cases {
        let answer = far.post("/v2/orders", with(fields.clone())).await;
        assert_eq!(answer.status, status, "{fields}: {}", answer.raw);
        assert_eq!(answer.body["code"], code, "{fields}");
        assert_eq!(answer.body["message"], message, "{fields}");
    }
    assert_eq!(far.call("POST", "/v2/orders", "{").await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn an_order_fills_and_shows_everywhere() {
    let far = far(Options::default());
    let placed = far.post("/v2/orders", order("PEP", "buy", "7")).await.body;
    let filled = far.wait_for(&placed["id"], "filled").await;
    assert_eq!(filled["filled_qty"], "7");
    let position = far.get("/v2/positions/PEP").await.body;
    assert_eq!(
        (&position["qty"], &position["avg_entry_price"]),
        (&json!("7"), &filled["filled_avg_price"])
    );
    let path = format!(
        "/v2/account/activities/FILL?order_id={}",
        placed["id"].as_str().unwrap()
    );
    let fills = far.get(&path).await.body;
    assert_eq!(fills[0]["cum_qty"], "7");
    assert_eq!(fills[0]["order_status"], "filled");
    let closing = far.delete("/v2/positions/PEP?percentage=100").await;
    assert_eq!(closing.status, 200);
    far.wait_for(&closing.body["id"], "filled").await;
    let gone = far.get("/v2/positions/PEP").await;
    assert_eq!((gone.status, &gone.body["code"]), (404, &json!(40410000)));
}

#[tokio::test(start_paused = true)]
async fn cancelling_is_accepted_first_and_done_later() {
    let far = far(Options::default());
    let mut wanted = order("KO", "buy", "1");
    wanted["type"] = "limit".into();
    wanted["limit_price"] = "20".into();
    let placed = far.post("/v2/orders", wanted).await.body;
    far.wait_for(&placed["id"], "new").await;
    let path = format!("/v2/orders/{}", placed["id"].as_str().unwrap());
    let cancelled = far.delete(&path).await;
    assert_eq!((cancelled.status, cancelled.raw.as_str()), (204, ""));
    assert_eq!(far.get(&path).await.body["status"], "pending_cancel");
    far.wait_for(&placed["id"], "canceled").await;
    let again = far.delete(&path).await;
    assert_eq!(again.status, 422);
    assert_eq!(
        again.body,
        json!({"code": 42210000, "message": "order is not cancelable"})
    );
    assert_eq!(far.delete("/v2/orders/nosuch").await.status, 404);
    let all = far.delete("/v2/orders").await;
    assert_eq!(all.status, 207);
    assert!(
        all.body
            .as_array()
            .unwrap()
            .iter()
            .all(|part| part["status"] == 200 && part["id"].is_string())
    );
}

#[tokio::test(start_paused = true)]
async fn a_replacement_is_a_new_order() {
    let far = far(Options::default());
    let mut wanted = order("KO", "buy", "1");
    wanted["type"] = "limit".into();
    wanted["limit_price"] = "20".into();
    let placed = far.post("/v2/orders", wanted).await.body;
    let path = format!("/v2/orders/{}", placed["id"].as_str().unwrap());
    let early = far.call("PATCH", &path, r#"{"qty":"2"}"#).await;
    assert_eq!(early.status, 422);
    assert_eq!(
        early.body["message"],
        "cannot replace order in accepted status"
    );
    far.wait_for(&placed["id"], "new").await;
    let same = far
        .call("PATCH", &path, r#"{"qty":"1","limit_price":20.00}"#)
        .await;
    assert_eq!(
        (same.status, &same.body["message"]),
        (422, &json!("order parameters are not changed"))
    );
    let new = far
        .call("PATCH", &path, r#"{"qty":"2","limit_price":"21.5"}"#)
        .await;
    assert_eq!(new.status, 200, "{}", new.raw);
    assert_eq!(
        (&new.body["replaces"], &new.body["limit_price"]),
        (&placed["id"], &json!("21.5"))
    );
    let old = far.wait_for(&placed["id"], "replaced").await;
    assert_eq!(old["replaced_by"], new.body["id"]);
    far.wait_for(&new.body["id"], "new").await;
}

#[tokio::test(start_paused = true)]
async fn a_bracket_shows_its_legs_where_they_are_asked_for() {
    let far = far(Options::default());
    let mut wanted = order("BAC", "buy", "3");
    wanted["order_class"] = "bracket".into();
    wanted["time_in_force"] = "gtc".into();
    wanted["take_profit"] = json!({"limit_price": "400"});
    wanted["stop_loss"] = json!({"stop_price": "1.5", "limit_price": "1.45"});
    let placed = far.post("/v2/orders", wanted).await.body;
    let legs = placed["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 2);
    let shape = |leg: &Value| {
        (
            leg["type"].clone(),
            leg["status"].clone(),
            leg["group_role"].clone(),
        )
    };
    assert_eq!(
        shape(&legs[0]),
        (json!("limit"), json!("held"), json!("take_profit"))
    );
    assert_eq!(
        shape(&legs[1]),
        (json!("stop_limit"), json!("held"), json!("stop_loss"))
    );
    assert!(legs.iter().all(|leg| leg["group_id"] == placed["group_id"]));
    far.wait_for(&placed["id"], "filled").await;
    far.wait_for(&legs[0]["id"], "new").await;
    let flat = far
        .get("/v2/orders?status=all&symbols=BAC&limit=500")
        .await
        .body;
    let nested = far
        .get("/v2/orders?status=all&symbols=BAC&limit=500&nested=true")
        .await
        .body;
    let count = |list: &Value| list.as_array().unwrap().len();
    assert_eq!(count(&flat), count(&nested) + 2);
    assert!(
        flat.as_array()
            .unwrap()
            .iter()
            .all(|order| order["legs"].is_null())
    );
    assert_eq!(nested[0]["legs"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn lists_are_paged_by_what_was_received_last() {
    let far = far(Options::default());
    let all = far.get("/v2/account/activities").await.body;
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 100, "a full page");
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let token = seen
            .last()
            .map(|id| format!("&page_token={id}"))
            .unwrap_or_default();
        let page = far
            .get(&format!("/v2/account/activities?page_size=30{token}"))
            .await
            .body;
        seen.extend(page.as_array().unwrap().iter().map(id));
        if page.as_array().unwrap().len() < 30 {
            break;
        }
    }
    assert_eq!(seen[..100], all.iter().map(id).collect::<Vec<_>>());
    let unique: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len());
    let wrong = far.get("/v2/account/activities?page_token=nosuch").await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        far.get("/v2/account/activities?page_size=101").await.status,
        422
    );
    let mixed = far
        .get("/v2/account/activities?category=trade_activity&activity_types=FILL")
        .await;
    assert_eq!(mixed.status, 422);
}

#[tokio::test(start_paused = true)]
async fn bars_are_paged_over_all_symbols_together() {
    let far = far(Options::default());
    let query = "symbols=MSFT,AAPL&timeframe=1Day&start=2026-11-02&end=2026-11-20";
    let whole = far.data(&format!("/v2/stocks/bars?{query}")).await.body;
    assert_eq!(whole["next_page_token"], Value::Null);
    let mut joined: Vec<Value> = Vec::new();
    let mut token = String::new();
    for _ in 0..10 {
        let page = far
            .data(&format!("/v2/stocks/bars?{query}&limit=7{token}"))
            .await
            .body;
        let bars: Vec<Value> = ["AAPL", "MSFT"]
            .iter()
            .filter_map(|symbol| page["bars"][symbol].as_array().cloned())
            .flatten()
            .collect();
        assert!(bars.len() <= 7);
        joined.extend(bars);
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => break,
        }
    }
    let expected: Vec<Value> = ["AAPL", "MSFT"]
        .iter()
        .flat_map(|symbol| whole["bars"][symbol].as_array().unwrap().clone())
        .collect();
    assert_eq!(joined, expected);
    assert_eq!(joined.len(), 28, "fourteen days each");
    let newest = far
        .data(&format!("/v2/stocks/AAPL/bars?{query}&sort=desc&limit=1"))
        .await
        .body;
    assert_eq!(newest["bars"][0], whole["bars"]["AAPL"][13]);
    assert_eq!(
        far.data("/v2/stocks/bars?symbols=AAPL&timeframe=1Fortnight")
            .await
            .status,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn prices_are_numbers_in_the_data_api() {
    let far = far(Options::default());
    let quotes = far
        .data("/v2/stocks/quotes/latest?symbols=AAPL,BRK.B,NOSUCH")
        .await;
    let quotes = &quotes.body["quotes"];
    assert_eq!(quotes.as_object().unwrap().len(), 2);
    for field in ["ap", "as", "bp", "bs"] {
        assert!(quotes["BRK.B"][field].is_number(), "{field}");
    }
    let one = far.data("/v2/stocks/BRK.B/snapshot").await.body;
    for part in [
        "latestTrade",
        "latestQuote",
        "minuteBar",
        "dailyBar",
        "prevDailyBar",
    ] {
        assert!(one[part]["t"].is_string(), "{part}");
    }
    assert_eq!(
        far.data("/v2/stocks/NOSUCH/quotes/latest").await.status,
        404
    );
    let past = "/v2/stocks/AAPL/trades?start=2026-11-24T14:00:00Z&end=2026-11-24T14:01:00Z&limit=3";
    let past = far.data(past).await.body;
    assert_eq!(past["trades"].as_array().unwrap().len(), 3);
    assert!(past["next_page_token"].is_string());
    let far = far.for_customer("small");
    let refused = far
        .data("/v2/stocks/quotes/latest?symbols=AAPL&feed=sip")
        .await;
    assert_eq!(refused.status, 403);
    assert!(refused.head.contains("x-ratelimit-limit: 200"));
}

#[tokio::test(start_paused = true)]
async fn real_hours_keep_orders_waiting() {
    let real = || Options {
        hours: tradedeck::sim::calendar::MarketHours::Real,
        ..Options::default()
    };
    let far = far_at("2026-11-24T20:59:58Z", real());
    assert_eq!(far.get("/v2/clock").await.body["is_open"], true);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let clock = far.get("/v2/clock").await.body;
    assert_eq!(clock["is_open"], false);
    assert_eq!(clock["timestamp"], "2026-11-24T16:00:00-05:00");
    assert_eq!(clock["next_open"], "2026-11-25T09:30:00-05:00");
    let far = far_at("2026-11-24T14:29:55Z", real());
    let placed = far.post("/v2/orders", order("PEP", "buy", "1")).await.body;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let path = format!("/v2/orders/{}", placed["id"].as_str().unwrap());
    assert_eq!(far.get(&path).await.body["status"], "accepted");
    far.wait_for(&placed["id"], "filled").await;
}

/// The one that goes over real sockets.
#[tokio::test]
async fn three_loopback_hosts_answer_and_stop() {
    let options = Options {
        rate: 0,
        ..Options::default()
    };
    let running = tradedeck::sim::alpaca::start(options, clock(TEN_O_CLOCK))
        .await
        .unwrap();
    let line = serde_json::to_value(&running.ready).unwrap();
    for key in [
        "trading",
        "trading_live",
        "data",
        "data_stream",
        "trading_stream",
        "trading_stream_live",
    ] {
        assert!(
            line[key].as_str().unwrap().contains("://127.0.0.1:"),
            "{key}"
        );
    }
    assert_eq!(line["provider"], "alpaca");
    let paper = line["customers"].as_array().unwrap().iter();
    assert_eq!(
        paper.filter(|customer| customer["paper"] == true).count(),
        3
    );
    let address = running
        .ready
        .trading
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request = "GET /v2/clock HTTP/1.1\r\nHost: far\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    running.shutdown().await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
}
