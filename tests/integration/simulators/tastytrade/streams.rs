//! DXLink and the account streamer, as the manuals have them.

use super::*;

impl Socket {
    /// The next message of that type.
    async fn next(&mut self, kind: &str) -> Value {
        loop {
            let message = self.hear().await;
            if message["type"] == kind {
                return message;
            }
        }
    }
}

/// A market data socket with an open channel, set up as `format` says.
async fn channel(far: &Far, setup: Value) -> Socket {
    let mut socket = authorized(far).await;
    let request = json!({"type": "CHANNEL_REQUEST", "channel": 1, "service": "FEED", "parameters": {"contract": "AUTO"}});
    socket.say(&request).await;
    let opened = socket.hear().await;
    assert_eq!(
        (&opened["type"], &opened["service"]),
        (&json!("CHANNEL_OPENED"), &json!("FEED"))
    );
    socket.say(&setup).await;
    let config = socket.hear().await;
    assert_eq!(config["type"], "FEED_CONFIG");
    assert!(
        config.get("eventFields").is_none(),
        "fields come with the first data"
    );
    socket
}

async fn greeted(far: &Far) -> Socket {
    let path = if far.customer.paper {
        "/delayed"
    } else {
        "/realtime"
    };
    let mut socket = far.socket(path).await;
    let setup = json!({"type": "SETUP", "channel": 0, "version": "0.1-test", "keepaliveTimeout": 60, "acceptKeepaliveTimeout": 60});
    socket.say(&setup).await;
    let answer = socket.hear().await;
    assert_eq!(
        (&answer["type"], &answer["keepaliveTimeout"]),
        (&json!("SETUP"), &json!(60))
    );
    assert_eq!(socket.hear().await["state"], "UNAUTHORIZED");
    socket
}

async fn authorized(far: &Far) -> Socket {
    let mut socket = greeted(far).await;
    let token = far.data("/api-quote-tokens").await["token"].clone();
    socket
        .say(&json!({"type": "AUTH", "channel": 0, "token": token}))
        .await;
    let state = socket.hear().await;
    assert_eq!(
        (&state["type"], &state["state"]),
        (&json!("AUTH_STATE"), &json!("AUTHORIZED"))
    );
    socket
}

fn compact(kind: &str, fields: &[&str]) -> Value {
    json!({
        "type": "FEED_SETUP", "channel": 1, "acceptAggregationPeriod": 0.1, "acceptDataFormat": "COMPACT",
        "acceptEventFields": {kind: fields},
    })
}

fn add(entries: Value) -> Value {
    json!({"type": "FEED_SUBSCRIPTION", "channel": 1, "add": entries})
}

#[tokio::test(start_paused = true)]
async fn quotes_come_in_the_fields_that_were_asked_for() {
    for name in ["margin", "live"] {
        let far = far_for(name).await;
        let fields = [
            "eventType",
            "eventSymbol",
            "bidPrice",
            "askPrice",
            "nothing",
        ];
        let mut socket = channel(&far, compact("Quote", &fields)).await;
        let wanted = json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "Quote", "symbol": "BRK/B"}, {"type": "Quote", "symbol": "NOSUCH"}]);
        socket.say(&add(wanted)).await;
        let config = socket.hear().await;
        assert_eq!(config["eventFields"], json!({"Quote": fields}));
        let data = socket.hear().await;
        assert_eq!(
            (&data["type"], &data["data"][0]),
            (&json!("FEED_DATA"), &json!("Quote"))
        );
        let values = data["data"][1].as_array().unwrap();
        assert_eq!(values.len(), 10);
        for row in values.chunks(5) {
            assert!(["AAPL", "BRK/B"].contains(&row[1].as_str().unwrap()));
            assert!(row[2].as_f64() < row[3].as_f64());
            assert_eq!(row[4], "NaN");
        }
        let more = socket.next("FEED_DATA").await;
        assert_eq!(more["data"][0], "Quote");
    }
}

#[tokio::test(start_paused = true)]
async fn whole_events_leave_out_what_they_have_not() {
    let far = far_for("margin").await;
    let setup = json!({"type": "FEED_SETUP", "channel": 1, "acceptDataFormat": "FULL"});
    let mut socket = channel(&far, setup).await;
    let kinds = ["Quote", "Trade", "Summary", "Profile"];
    let wanted: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({"type": kind, "symbol": "SPY"}))
        .collect();
    socket.say(&add(wanted.into())).await;
    let data = socket.next("FEED_DATA").await;
    let events = data["data"].as_array().unwrap();
    let event = |kind: &str| {
        events
            .iter()
            .find(|event| event["eventType"] == kind)
            .unwrap()
    };
    assert!(
        event("Trade")["price"].is_number() && event("Summary")["prevDayClosePrice"].is_number()
    );
    assert!(
        event("Profile")["description"]
            .as_str()
            .unwrap()
            .contains("S&P 500")
    );
    assert!(event("Profile").get("beta").is_none());
}

/// The symbols of compact data of one type with two fields.
fn symbols(data: &Value) -> Vec<&str> {
    let values = data["data"][1].as_array().unwrap();
    let rows = values.chunks(2);
    rows.map(|row| row[0].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_subscription_can_be_taken_back() {
    let far = far_for("margin").await;
    let mut socket = channel(&far, compact("Quote", &["eventSymbol", "bidPrice"])).await;
    socket
        .say(&add(
            json!([{"type": "Quote", "symbol": "AAPL"}, {"type": "Quote", "symbol": "SPY"}]),
        ))
        .await;
    socket.next("FEED_DATA").await;
    let less = json!({"type": "FEED_SUBSCRIPTION", "channel": 1, "remove": [{"type": "Quote", "symbol": "AAPL"}]});
    socket.say(&less).await;
    socket.next("FEED_DATA").await;
    for _ in 0..5 {
        assert_eq!(symbols(&socket.next("FEED_DATA").await), ["SPY"]);
    }
    let reset = json!({"type": "FEED_SUBSCRIPTION", "channel": 1, "reset": true, "add": [{"type": "Quote", "symbol": "KO"}]});
    socket.say(&reset).await;
    while symbols(&socket.next("FEED_DATA").await) != ["KO"] {}
    for _ in 0..5 {
        assert_eq!(symbols(&socket.next("FEED_DATA").await), ["KO"]);
    }
    socket
        .say(&json!({"type": "CHANNEL_CANCEL", "channel": 1}))
        .await;
    assert_eq!(socket.next("CHANNEL_CLOSED").await["channel"], 1);
    socket.say(&reset).await;
    assert_eq!(socket.next("ERROR").await["error"], "BAD_ACTION");
}

#[tokio::test(start_paused = true)]
async fn candles_are_a_snapshot_and_then_the_one_being_made() {
    let far = far_for("margin").await;
    let fields = ["eventFlags", "eventSymbol", "time", "close"];
    let mut socket = channel(&far, compact("Candle", &fields)).await;
    // 2026-11-16, Monday.
    let wanted =
        json!([{"type": "Candle", "symbol": "AAPL{=1d}", "fromTime": 1_794_805_200_000_i64}]);
    socket.say(&add(wanted)).await;
    let data = socket.next("FEED_DATA").await;
    let values = data["data"][1].as_array().unwrap();
    let rows: Vec<&[Value]> = values.chunks(4).collect();
    assert_eq!(rows.len(), 8, "{values:?}");
    let flags: Vec<u64> = rows.iter().map(|row| row[0].as_u64().unwrap()).collect();
    assert_eq!(flags, [4, 0, 0, 0, 0, 0, 0, 10]);
    assert_eq!(
        (&rows[0][1], &rows[7][3]),
        (&json!("AAPL{=d}"), &json!("NaN"))
    );
    let live = socket.next("FEED_DATA").await;
    assert_eq!(live["data"][1][2], rows[0][2], "the same bar once more");
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_protocol() {
    let far = far_for("margin").await;
    let mut socket = far.socket("/delayed").await;
    socket
        .say(&json!({"type": "AUTH", "channel": 0, "token": "x"}))
        .await;
    assert_eq!(socket.hear().await["error"], "UNSUPPORTED_PROTOCOL");
    let mut socket = greeted(&far).await;
    let request =
        |channel: u64| json!({"type": "CHANNEL_REQUEST", "channel": channel, "service": "FEED"});
    socket.say(&request(1)).await;
    assert_eq!(socket.hear().await["error"], "UNAUTHORIZED");
    socket
        .say(&json!({"type": "AUTH", "channel": 0, "token": "wrong"}))
        .await;
    assert_eq!(socket.hear().await["error"], "UNAUTHORIZED");
    assert_eq!(socket.hear().await["state"], "UNAUTHORIZED");
    socket.say(&json!({"channel": 0})).await;
    assert_eq!(socket.hear().await["error"], "INVALID_MESSAGE");
    let mut socket = authorized(&far).await;
    socket.say(&request(2)).await;
    let even = socket.hear().await;
    assert_eq!(
        (&even["error"], &even["message"]),
        (
            &json!("BAD_ACTION"),
            &json!("Protocol violation with an even channel usage.")
        )
    );
}

#[tokio::test(start_paused = true)]
async fn who_keeps_silent_for_a_minute_is_dropped() {
    let far = far_for("margin").await;
    let mut socket = authorized(&far).await;
    for _ in 0..4 {
        assert_eq!(socket.next("KEEPALIVE").await["channel"], 0);
        socket
            .say(&json!({"type": "KEEPALIVE", "channel": 0}))
            .await;
    }
    socket.next("KEEPALIVE").await;
    assert_eq!(socket.next("ERROR").await["error"], "TIMEOUT");
    assert!(socket.is_closed().await);
}

async fn connected(far: &Far) -> Socket {
    let mut socket = far.socket("/streamer").await;
    socket.say(&connect(far)).await;
    let answer = socket.hear().await;
    assert_eq!(
        (&answer["status"], &answer["request-id"]),
        (&json!("ok"), &json!(7))
    );
    assert_eq!(answer["value"], json!([far.customer.account_number]));
    socket
}

fn connect(far: &Far) -> Value {
    json!({
        "action": "connect", "value": [far.customer.account_number], "auth-token": format!("Bearer {}", far.token), "request-id": 7,
    })
}

#[tokio::test(start_paused = true)]
async fn the_account_streamer_tells_whole_objects() {
    let far = far_for("margin").await;
    let mut socket = connected(&far).await;
    let id = far.placed(&market("V", "Buy to Open", 1)).await;
    let mut statuses = Vec::new();
    while statuses.last() != Some(&json!("Filled")) {
        let order = socket.next("Order").await;
        assert_eq!(order["data"]["id"], id);
        assert!(order["timestamp"].is_u64());
        statuses.push(order["data"]["status"].clone());
    }
    assert_eq!(statuses, ["Routed", "Live", "Filled"]);
    let position = socket.next("CurrentPosition").await;
    expect_shape("position", &position["data"]);
    let balance = socket.next("AccountBalance").await;
    expect_shape("balance", &balance["data"]);
}

#[tokio::test(start_paused = true)]
async fn the_account_streamer_refuses() {
    let far = far_for("margin").await;
    let mut socket = far.socket("/streamer").await;
    let token = format!("Bearer {}", far.token);
    socket
        .say(&json!({"action": "heartbeat", "auth-token": token}))
        .await;
    let answer = socket.hear().await;
    assert_eq!(answer["message"], "connect-not-completed");
    assert!(
        answer.get("request-id").is_none(),
        "it is repeated where it was said"
    );
    for (value, token) in [
        (json!([far.customer.account_number]), "Bearer wrong"),
        (json!([far.customer.account_number]), far.token.as_str()),
        (json!(["5WX00000"]), token.as_str()),
        (json!([]), token.as_str()),
    ] {
        socket
            .say(&json!({"action": "connect", "value": value, "auth-token": token}))
            .await;
        assert_eq!(socket.hear().await["message"], "failed", "{value} {token}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_streamer_without_heartbeats_is_closed() {
    let far = far_for("margin").await;
    let mut socket = connected(&far).await;
    for id in 0..4 {
        tokio::time::sleep(Duration::from_secs(30)).await;
        let beat = json!({"action": "heartbeat", "auth-token": format!("Bearer {}", far.token), "request-id": id});
        socket.say(&beat).await;
        let answer = socket.hear().await;
        assert_eq!(
            (&answer["action"], &answer["request-id"]),
            (&json!("heartbeat"), &json!(id))
        );
    }
    assert!(
        tokio::time::timeout(Duration::from_secs(59), socket.frame())
            .await
            .is_err()
    );
    assert!(socket.is_closed().await);
}
