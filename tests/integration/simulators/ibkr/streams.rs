//! The stream: who may listen, and what it tells of each topic.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_socket_has_to_say_whose_it_is() {
    let far = trading(patient()).await;
    let mut socket = far.connect(Door::Gateway, "/v1/api/ws", None).await;
    assert_eq!(
        socket.hear().await,
        json!({"message": "waiting for session"})
    );
    let session = far.session().await;
    socket.say(&json!({"session": session}).to_string()).await;
    let hello = socket.hear().await;
    assert_eq!(
        (&hello["topic"], &hello["success"]),
        (&json!("system"), &json!("ada"))
    );
    assert_eq!(
        socket.hear().await["args"]["selectedAccount"],
        far.customer.account_number
    );
    let status = socket.hear().await;
    assert_eq!(
        status["args"],
        json!({"authenticated": true, "competing": false})
    );
    let wrapped = format!("api={}", json!({"session": session}));
    let mut socket = far
        .connect(Door::Gateway, "/v1/api/ws", Some(&wrapped))
        .await;
    assert_eq!(socket.hear().await["topic"], "system");
    let mut stranger = far
        .connect(Door::Gateway, "/v1/api/ws", Some("api=wrong"))
        .await;
    assert!(stranger.0.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_echoes_and_the_end() {
    let far = trading(patient()).await;
    let mut socket = far.socket().await;
    socket.say("ech+hb").await;
    assert_eq!(socket.hear().await, "ech+hb");
    socket.say("tic").await;
    assert!(socket.next("tic").await["lastAccessed"].is_i64());
    let first = socket.next("system").await["hb"].as_i64().unwrap();
    let second = socket.next("system").await["hb"].as_i64().unwrap();
    assert_eq!(second - first, 10_000);
    far.simulator.take_session("ada");
    let status = socket.next("sts").await;
    assert_eq!(
        status["args"],
        json!({"authenticated": false, "competing": true})
    );
    socket.say("smd+265598+{\"fields\":[\"31\"]}").await;
    assert_eq!(
        socket.next("smd+265598").await["error"],
        "not authenticated"
    );
    far.call("POST", "logout", "").await;
    assert!(socket.0.is_closed().await);
}

#[tokio::test(start_paused = true)]
async fn quotes_tell_what_changed_and_end_without_a_word() {
    let far = trading(Options {
        rate: 20_000,
        ..patient()
    })
    .await;
    let mut socket = far.socket().await;
    socket
        .say("smd+265598+{\"fields\":[\"31\",\"83\",\"84\",\"86\",\"7051\"]}")
        .await;
    let first = socket.next("smd+265598").await;
    for field in ["31", "84", "86", "7051"] {
        assert!(first[field].is_string(), "{field} of {first}");
    }
    assert!(first["83"].is_number() && first["conid"] == AAPL);
    assert_eq!(
        (&first["6509"], &first["conidEx"]),
        (&json!("RpB"), &json!("265598"))
    );
    let then = socket.next("smd+265598").await;
    assert!(
        then.get("7051").is_none() && then.get("6509").is_none(),
        "{then}"
    );
    // Ten minutes later nothing comes any more, until it is asked for again.
    for _ in 0..11 {
        tokio::time::sleep(Duration::from_mins(1)).await;
        far.data("tickle").await;
    }
    let mut quotes = 0;
    for _ in 0..5 {
        while socket.hear().await["topic"] != "system" {
            quotes += 1;
        }
    }
    let before = quotes;
    socket.say("smd+265598+{\"fields\":[\"31\"]}").await;
    let again = socket.next("smd+265598").await;
    assert!(again["conidEx"].is_string(), "{again} after {before}");
    socket.say("umd+265598+{}").await;
    socket.say("ech+hb").await;
    while socket.hear().await != "ech+hb" {}
    assert_eq!(
        socket.hear().await["topic"],
        "system",
        "nothing but heartbeats"
    );
}

#[tokio::test(start_paused = true)]
async fn orders_come_whole_and_then_in_changes() {
    let far = trading(patient()).await;
    let mut socket = far.socket().await;
    socket.say("sor+{}").await;
    let all = socket.next("sor").await;
    let rows = all["args"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["ticker"].is_string()));
    socket.say("str+{\"realtimeUpdatesOnly\":true}").await;
    let id = far.placed(market(SPY, "BUY", 1)).await;
    let placed = socket.next("sor").await;
    assert_eq!(
        (&placed["args"][0]["orderId"], &placed["args"][0]["ticker"]),
        (&json!(id), &json!("SPY"))
    );
    let mut last = Value::Null;
    for _ in 0..5 {
        let change = socket.next("sor").await["args"][0].clone();
        assert!(
            change.get("ticker").is_none() && change["acct"].is_string(),
            "{change}"
        );
        if change["status"] == "Filled" {
            last = change;
            break;
        }
    }
    assert_eq!(
        (&last["orderId"], &last["filledQuantity"]),
        (&json!(id), &json!(1.0))
    );
    let trade = socket.next("str").await["args"][0].clone();
    assert_eq!(
        (&trade["symbol"], &trade["conid"]),
        (&json!("SPY"), &json!("756733"))
    );
    let rows = far.data("iserver/account/trades").await;
    assert_eq!(
        rows[0]["execution_id"], trade["execution_id"],
        "the same as by request"
    );
    socket.say("str+{\"days\":3}").await;
    let past = socket.next("str").await;
    assert!(past["args"].as_array().unwrap().len() > 1);
}

#[tokio::test(start_paused = true)]
async fn filters_still_the_orders() {
    let far = trading(patient()).await;
    far.live().await;
    far.data("iserver/account/orders?filters=filled").await;
    let mut socket = far.socket().await;
    socket.say("sor+{}").await;
    assert_eq!(socket.next("sor").await["args"], json!([]));
    far.placed(market(SPY, "BUY", 1)).await;
    assert_eq!(
        socket.hear().await["topic"],
        "system",
        "nothing but a heartbeat"
    );
    far.data("iserver/account/orders?force=true").await;
    far.placed(market(SPY, "BUY", 1)).await;
    assert_eq!(socket.next("sor").await["args"][0]["ticker"], "SPY");
}

#[tokio::test(start_paused = true)]
async fn history_comes_over_the_stream_too() {
    let far = trading(patient()).await;
    let mut socket = far.socket().await;
    let ask = "smh+265598+{\"period\":\"1d\",\"bar\":\"1h\",\"source\":\"trades\"}";
    let mut servers = Vec::new();
    for _ in 0..5 {
        socket.say(ask).await;
        let answer = socket.next("smh+265598").await;
        assert!(answer["data"].as_array().unwrap().len() > 3);
        servers.push(answer["serverId"].as_str().unwrap().to_owned());
    }
    socket.say(ask).await;
    assert!(
        socket.next("smh+265598").await["error"].is_string(),
        "five are open"
    );
    socket.say(&format!("umh+{}", servers[0])).await;
    let gone = socket.hear().await;
    assert_eq!(gone["message"], format!("Unsubscribed {}", servers[0]));
    socket.say(ask).await;
    assert!(socket.next("smh+265598").await["data"].is_array());
}

#[tokio::test(start_paused = true)]
async fn worth_is_told_without_a_brokerage_session() {
    let far = far_at(TEN_O_CLOCK, patient(), "margin");
    far.sign_in().await;
    let cookie = format!("api={}", far.session().await);
    let mut socket = far
        .connect(Door::Gateway, "/v1/api/ws", Some(&cookie))
        .await;
    let status = socket.next("sts").await;
    assert_eq!(status["args"]["authenticated"], false);
    let number = &far.customer.account_number;
    socket.say("spl+{}").await;
    let gains = socket.next("spl").await;
    assert!(
        gains["args"][format!("{number}.Core")]["uel"].is_number(),
        "{gains}"
    );
    socket.say("upl+{}").await;
    socket.say(&format!("ssd+{number}+{{}}")).await;
    let summary = socket.next(&format!("ssd+{number}")).await;
    assert_eq!(summary["result"][0]["value"], number.as_str());
    socket.say(&format!("usd+{number}+{{}}")).await;
    while socket.hear().await["result"] != "unsubscribed from summary" {}
    socket.say(&format!("sld+{number}+{{}}")).await;
    let ledger = socket.next(&format!("sld+{number}")).await;
    assert_eq!(ledger["result"][0]["key"], "LedgerListBASE");
    assert!(ledger["result"][0]["cashbalance"].is_number());
    let blank = socket.next(&format!("sld+{number}")).await;
    let dollars = blank["result"][1].as_object().unwrap();
    assert!(dollars.len() >= 2, "{blank}");
}
