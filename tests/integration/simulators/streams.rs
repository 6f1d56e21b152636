//! Streams, as the manual has them.

use super::*;
use serde_json::json;

/// Messages of one type until there are `count`.
async fn gather(socket: &mut Socket, kind: &str, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    while found.len() < count {
        let frame = socket.hear().await;
        let messages = frame.as_array().unwrap().iter();
        found.extend(messages.filter(|message| message["T"] == kind).cloned());
    }
    found
}

/// Says a message and waits for its acknowledgement.
async fn acknowledged(socket: &mut Socket, message: &Value) -> Value {
    socket.say(message).await;
    gather(socket, "subscription", 1).await.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_acknowledged_with_all_there_is() {
    let far = far(Options::default());
    let mut socket = far.data_socket("/v2/sip").await;
    socket
        .say(&json!({"action": "subscribe", "trades": ["AAPL"], "quotes": ["AMD"]}))
        .await;
    let first = socket.frame().await.unwrap().into_text().unwrap();
    assert!(
        first.starts_with(r#"[{"T":"subscription","trades":["AAPL"],"quotes":["AMD"],"#),
        "{first}"
    );
    let more = json!({"action": "subscribe", "quotes": ["MSFT"], "statuses": ["*"]});
    let more = acknowledged(&mut socket, &more).await;
    assert_eq!(more["quotes"], json!(["AMD", "MSFT"]));
    assert_eq!(
        more["corrections"],
        json!(["AAPL"]),
        "they come with trades"
    );
    assert_eq!(more["statuses"], json!(["*"]));
    let less = json!({"action": "unsubscribe", "quotes": ["AMD"], "trades": ["AAPL"]});
    let less = acknowledged(&mut socket, &less).await;
    assert_eq!(
        (&less["quotes"], &less["trades"]),
        (&json!(["MSFT"]), &json!([]))
    );
    for quote in gather(&mut socket, "q", 5).await {
        assert_eq!(quote["S"], "MSFT");
        for field in ["bx", "bp", "bs", "ax", "ap", "as", "t", "c", "z"] {
            assert!(quote.get(field).is_some(), "{field}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wildcard_brings_every_symbol_and_each_minute_its_bars() {
    let far = far(Options::default());
    let mut socket = far.data_socket("/v2/sip").await;
    let all = json!({"action": "subscribe", "trades": ["*"], "bars": ["*"], "dailyBars": ["SPY"]});
    socket.say(&all).await;
    let trades = gather(&mut socket, "t", 100).await;
    let symbols: std::collections::HashSet<_> = trades.iter().map(|t| t["S"].as_str()).collect();
    assert!(symbols.len() > 20);
    let bars = gather(&mut socket, "b", 42).await;
    assert!(bars.iter().all(|bar| bar["t"] == "2026-11-24T15:00:00Z"));
    socket
        .say(&json!({"action": "unsubscribe", "trades": ["*"]}))
        .await;
    let days = gather(&mut socket, "d", 1).await;
    assert_eq!(days[0]["S"], "SPY");
}

#[tokio::test(start_paused = true)]
async fn a_halt_is_a_status() {
    let far = far(Options::default());
    let mut socket = far.data_socket("/v2/iex").await;
    socket
        .say(&json!({"action": "subscribe", "statuses": ["*"]}))
        .await;
    socket.hear().await;
    assert!(
        far.simulator
            .halt("AAPL", "news is coming", Some(Duration::from_secs(5)))
    );
    let statuses = gather(&mut socket, "s", 2).await;
    let shape = |status: &Value| {
        (
            status["S"].clone(),
            status["sc"].clone(),
            status["rm"].clone(),
        )
    };
    assert_eq!(
        shape(&statuses[0]),
        (json!("AAPL"), json!("H"), json!("news is coming"))
    );
    assert_eq!(shape(&statuses[1]).1, "T");
    assert!(!far.simulator.halt("NOSUCH", "", None));
}

#[tokio::test(start_paused = true)]
async fn errors_have_their_codes() {
    let far = far(Options::default()).for_customer("small");
    let error = |code: u16, msg: &str| json!([{"T": "error", "code": code, "msg": msg}]);
    let mut socket = far.socket(Host::Data, "/v2/iex", &[]).await;
    socket.hear().await;
    socket
        .say(&json!({"action": "subscribe", "quotes": ["AAPL"]}))
        .await;
    assert_eq!(socket.hear().await, error(401, "not authenticated"));
    socket.0.send(Message::text("{nonsense")).await.unwrap();
    assert_eq!(socket.hear().await, error(400, "invalid syntax"));
    socket.say(&far.data_auth()).await;
    assert_eq!(socket.hear().await[0]["msg"], "authenticated");
    socket.say(&far.data_auth()).await;
    assert_eq!(socket.hear().await, error(403, "already authenticated"));
    let names: Vec<String> = (0..31).map(|number| format!("S{number}")).collect();
    for (too_much, few) in [
        (json!(["*"]), json!([])),
        (json!(names[..16]), json!(names[16..])),
    ] {
        socket
            .say(&json!({"action": "subscribe", "trades": too_much, "quotes": few}))
            .await;
        assert_eq!(socket.hear().await, error(405, "symbol limit exceeded"));
    }
    socket
        .say(&json!({"action": "subscribe", "trades": names[..30], "orderbooks": ["X"]}))
        .await;
    assert_eq!(socket.hear().await[0]["code"], 410);
    socket
        .say(&json!({"action": "subscribe", "trades": names[..30]}))
        .await;
    assert_eq!(
        socket.hear().await[0]["trades"].as_array().unwrap().len(),
        30
    );
    let mut second = far.socket(Host::Data, "/v2/iex", &[]).await;
    second.hear().await;
    second.say(&far.data_auth()).await;
    assert_eq!(second.hear().await, error(406, "connection limit exceeded"));
    assert!(second.is_closed().await);
    let mut sip = far.socket(Host::Data, "/v2/sip", &[]).await;
    sip.hear().await;
    sip.say(&far.data_auth()).await;
    assert_eq!(sip.hear().await, error(409, "insufficient subscription"));
    drop(socket);
    tokio::time::sleep(Duration::from_millis(100)).await;
    far.data_socket("/v2/iex").await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_say_who_he_is_is_shown_out() {
    let far = far(Options::default());
    let mut socket = far.socket(Host::Data, "/v2/iex", &[]).await;
    socket.hear().await;
    let began = Instant::now();
    assert_eq!(
        socket.hear().await,
        json!([{"T": "error", "code": 404, "msg": "auth timeout"}])
    );
    assert_eq!(began.elapsed().as_secs(), 10);
    assert!(socket.is_closed().await);
    let mut socket = far.socket(Host::Data, "/v2/iex", &[]).await;
    socket.hear().await;
    socket
        .say(&json!({"action": "auth", "key": far.customer.key, "secret": "wrong"}))
        .await;
    assert_eq!(
        socket.hear().await,
        json!([{"T": "error", "code": 402, "msg": "auth failed"}])
    );
    assert!(socket.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn headers_authenticate_and_ask_for_messagepack() {
    let far = far(Options::default());
    let headers = [
        ("APCA-API-KEY-ID", far.customer.key.as_str()),
        ("APCA-API-SECRET-KEY", far.customer.secret.as_str()),
        ("Content-Type", "application/msgpack"),
    ];
    let mut socket = far.socket(Host::Data, "/v2/iex", &headers).await;
    let connected = socket.frame().await.unwrap();
    // [{"T": "success", "msg": "connected"}]: an array of one map of two, in that order.
    let expected = [
        b"\x91\x82\xa3msg\xa9connected\xa1T\xa7success".as_slice(),
        b"\x91\x82\xa1T\xa7success\xa3msg\xa9connected",
    ];
    assert!(connected.is_binary());
    assert!(expected.contains(&connected.into_data().as_ref()));
    let authenticated = socket.frame().await.unwrap().into_data();
    assert!(
        authenticated
            .windows(13)
            .any(|part| part == b"authenticated")
    );
    // {"action": "subscribe", "quotes": ["SPY"]} as the provider's own client packs it.
    let subscribe = b"\x82\xa6action\xa9subscribe\xa6quotes\x91\xa3SPY";
    socket
        .0
        .send(Message::binary(subscribe.to_vec()))
        .await
        .unwrap();
    socket.frame().await.unwrap();
    let quote = socket.frame().await.unwrap().into_data();
    assert_eq!(
        quote[1..11],
        b"\x8b\xa1T\xa1q\xa1S\xa3SPY"[..10],
        "T first, then S"
    );
    let time = quote
        .windows(4)
        .position(|part| part == b"\xa1t\xd7\xff")
        .expect("a timestamp of 64 bits");
    let packed = u64::from_be_bytes(quote[time + 4..time + 12].try_into().unwrap());
    let start = Timestamp::parse(TEN_O_CLOCK).unwrap().millis() / 1000;
    assert_eq!((packed & 0x3_ffff_ffff) as i64 / 60, start / 60);
}

#[tokio::test(start_paused = true)]
async fn the_test_feed_never_sleeps() {
    let far = far(Options {
        rate: 0,
        ..Options::default()
    });
    let mut socket = far.data_socket("/v2/test").await;
    socket
        .say(&json!({"action": "subscribe", "quotes": ["FAKEPACA"]}))
        .await;
    let quotes = gather(&mut socket, "q", 3).await;
    assert!(quotes.iter().all(|quote| quote["S"] == "FAKEPACA"));
}

#[tokio::test(start_paused = true)]
async fn orders_are_told_in_binary_on_paper_and_in_text_live() {
    for (name, binary) in [("margin", true), ("live", false)] {
        let far = far(Options::default()).for_customer(name);
        let mut socket = far.event_socket().await;
        let placed = far.post("/v2/orders", order("PEP", "buy", "2")).await.body;
        let mut events = Vec::new();
        loop {
            let frame = socket.frame().await.unwrap();
            assert_eq!(frame.is_binary(), binary);
            let update: Value = serde_json::from_slice(&frame.into_data()).unwrap();
            assert_eq!(update["stream"], "trade_updates");
            let data = &update["data"];
            assert_eq!(data["order"]["id"], placed["id"]);
            events.push(data["event"].as_str().unwrap().to_owned());
            if data["event"] == "fill" {
                assert_eq!(data["order"]["status"], "filled");
                assert_eq!(
                    (&data["qty"], &data["position_qty"]),
                    (&json!("2"), &json!("2"))
                );
                assert_eq!(data["price"], data["order"]["filled_avg_price"]);
                assert!(data["execution_id"].is_string() && data["timestamp"].is_string());
                assert!(data["order"]["legs"].is_null());
                break;
            }
        }
        assert_eq!(events, ["accepted", "new", "fill"]);
    }
}

#[tokio::test(start_paused = true)]
async fn listening_replaces_and_needs_a_name() {
    let far = far(Options::default());
    let mut socket = far.socket(Host::Trading, "/stream", &[]).await;
    let listen = |streams: Value| json!({"action": "listen", "data": {"streams": streams}});
    socket.say(&listen(json!(["trade_updates"]))).await;
    let unauthorized = |action: &str| json!({"status": "unauthorized", "action": action});
    assert_eq!(
        socket.hear().await,
        json!({"stream": "authorization", "data": unauthorized("listen")})
    );
    socket
        .say(&json!({"action": "authenticate", "data": {"key_id": "PK", "secret_key": "x"}}))
        .await;
    let refused = socket.hear().await;
    assert_eq!(refused["data"]["message"], "access key verification failed");
    assert_eq!(refused["data"]["status"], "unauthorized");
    socket
        .say(&json!({"action": "authenticate", "data": {}}))
        .await;
    assert_eq!(
        socket.hear().await["data"]["message"],
        "must provide key_id and secret_key or oauth_token"
    );
    socket.say(&far.data_auth()).await;
    assert_eq!(
        socket.hear().await,
        json!({"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}})
    );
    socket
        .say(&listen(json!(["trade_updates", "account_updates"])))
        .await;
    assert_eq!(
        socket.hear().await,
        json!({"stream": "listening", "data": {"streams": ["trade_updates"]}})
    );
    socket.say(&listen(json!([]))).await;
    assert_eq!(
        socket.hear().await,
        json!({"stream": "listening", "data": {"streams": []}})
    );
    far.post("/v2/orders", order("PEP", "buy", "1")).await;
    let silence = tokio::time::timeout(Duration::from_secs(5), socket.frame()).await;
    assert!(silence.is_err());
}

#[tokio::test(start_paused = true)]
async fn cancels_replacements_and_groups_have_their_events() {
    let far = far(Options::default());
    let mut socket = far.event_socket().await;
    let mut wanted = order("KO", "buy", "2");
    wanted["type"] = "limit".into();
    wanted["limit_price"] = "20".into();
    let placed = far.post("/v2/orders", wanted).await.body;
    far.wait_for(&placed["id"], "new").await;
    let path = format!("/v2/orders/{}", placed["id"].as_str().unwrap());
    let new = far.call("PATCH", &path, r#"{"qty":"3"}"#).await.body;
    far.wait_for(&new["id"], "new").await;
    far.delete(&format!("/v2/orders/{}", new["id"].as_str().unwrap()))
        .await;
    let mut told = Vec::new();
    while told.last().is_none_or(|(event, _)| event != "canceled") {
        let data = socket.hear().await["data"].clone();
        let event = data["event"].as_str().unwrap().to_owned();
        told.push((event, data["order"]["id"] == new["id"]));
    }
    let expected = [
        ("accepted", false),
        ("new", false),
        ("pending_replace", false),
        ("replaced", false),
        ("new", true),
        ("pending_cancel", true),
        ("canceled", true),
    ];
    assert_eq!(
        told,
        expected.map(|(event, of_new)| (event.to_owned(), of_new))
    );
}

#[tokio::test(start_paused = true)]
async fn a_stranger_s_orders_are_not_told() {
    let far = far(Options::default());
    let mut socket = far.event_socket().await;
    let far = far.for_customer("ira");
    let placed = far.post("/v2/orders", order("KO", "buy", "1")).await.body;
    far.wait_for(&placed["id"], "filled").await;
    let silence = tokio::time::timeout(Duration::from_secs(2), socket.frame()).await;
    assert!(silence.is_err());
}
