//! Faults on cue, seen from the other end of the wire.

use super::*;
use serde_json::json;
use tradedeck::sim::faults::Faults;

fn faulty(cue: &str) -> Far {
    far(Options {
        faults: cue.to_owned(),
        ..Options::default()
    })
}

#[tokio::test(start_paused = true)]
async fn a_request_can_be_lost_before_or_after_it_was_carried_out() {
    for (fault, carried_out) in [
        ("drop", false),
        ("drop-after", true),
        ("500", false),
        ("500-after", true),
        ("503", false),
        ("504-after", true),
        ("429", false),
        ("401", false),
        ("redirect", false),
        ("cut", true),
        ("html", true),
        ("bad-json", true),
        ("wrong-type", true),
        ("empty", true),
        ("escape", true),
        ("slow-2000", true),
        ("skew-60", true),
    ] {
        let far = faulty(&format!("orders.post:{fault}:1"));
        let mut wanted = order("KO", "buy", "1");
        wanted["client_order_id"] = "mine".into();
        let request = far.request("POST", "/v2/orders", &wanted.to_string());
        let answer = far.raw(Host::Trading, &request).await;
        assert_eq!(answer.is_none(), fault.starts_with("drop"), "{fault}");
        let found = far
            .get("/v2/orders:by_client_order_id?client_order_id=mine")
            .await;
        assert_eq!(found.status == 200, carried_out, "{fault}");
        assert_eq!(far.simulator.faults().seen("orders", "post"), 1);
        wanted["client_order_id"] = "second".into();
        assert_eq!(
            far.post("/v2/orders", wanted).await.status,
            200,
            "{fault} happens once"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_open_connection_says_nothing_for_ever() {
    for (fault, carried_out) in [("half-open", false), ("half-open-after", true)] {
        let far = far(Options {
            faults: format!("orders.post:{fault}"),
            rate: 0,
            ..Options::default()
        });
        let mut wanted = order("KO", "buy", "1");
        wanted["client_order_id"] = "mine".into();
        let request = far.request("POST", "/v2/orders", &wanted.to_string());
        let waiting = far.raw(Host::Trading, &request);
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        assert!(waited.is_err(), "{fault}");
        let found = far
            .get("/v2/orders:by_client_order_id?client_order_id=mine")
            .await;
        assert_eq!(found.status == 200, carried_out, "{fault}");
    }
}

/// What a customer's account looks like with a fault in it.
async fn account_with(far: &Far, fault: &str) -> Answer {
    let cue = format!("account:{fault}");
    far.simulator.faults().cue(&cue).unwrap();
    let request = far.request("GET", "/v2/account", "");
    far.raw(Host::Trading, &request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn answers_can_be_spoiled() {
    let far = faulty("");
    let once = |fault| account_with(&far, fault);
    assert_eq!(
        once("503").await.body,
        json!({"code": 50010000, "message": "internal server error occurred"})
    );
    let html = once("html").await;
    assert!(html.status == 200 && html.raw.starts_with("<html>"));
    assert_eq!(once("bad-json").await.body, Value::Null);
    assert_eq!(once("empty").await.raw, "");
    assert_eq!(once("wrong-type").await.body, json!([17]));
    let escaped = once("escape").await;
    let number = escaped.body["account_number"].as_str().unwrap();
    assert!(number.starts_with(&far.customer.account_number) && number.contains('\u{1b}'));
    assert_eq!(escaped.body["status"], "ACTIVE");
    let cut = once("cut").await;
    assert!(
        cut.head.contains("content-length: ") && serde_json::from_str::<Value>(&cut.raw).is_err()
    );
    let redirect = once("redirect").await;
    assert!(
        redirect.status == 307
            && redirect
                .head
                .contains("location: http://127.0.0.2:9/v2/account")
    );
    assert!(
        once("skew-3600")
            .await
            .head
            .contains("date: tue, 24 nov 2026 16:00:0")
    );
    assert!(
        once("skew--3600")
            .await
            .head
            .contains("date: tue, 24 nov 2026 14:00:0")
    );
    let began = Instant::now();
    assert_eq!(once("slow-7000").await.status, 200);
    assert!(began.elapsed().as_secs() == 7);
    assert_eq!(once("huge").await.raw.len(), 50_000_000);
}

#[tokio::test(start_paused = true)]
async fn answers_can_be_hard_to_take() {
    let far = faulty("");
    let once = |fault| account_with(&far, fault);
    let wait = once("wait-30").await;
    assert!(wait.status == 429 && wait.head.contains("retry-after: 30"));
    assert!(wait.head.contains("x-ratelimit-remaining: 0"));
    let moved = once("308").await;
    assert!(moved.status == 308 && moved.head.contains("location: http://127.0.0.2:9/"));
    let strange = once("numbers").await.body;
    let texts = [
        &strange["cash"],
        &strange["equity"],
        &strange["buying_power"],
    ];
    assert!(
        texts.iter().any(|text| **text == "NaN" || **text == "-0"),
        "{strange}"
    );
    assert_eq!(strange["crypto_tier"], 1e308);
    let began = Instant::now();
    let slow = once("trickle-500").await;
    assert_eq!(slow.body["status"], "ACTIVE");
    assert!(began.elapsed().as_secs() >= 2, "a thousand bytes");
    let bomb = once("bomb").await;
    assert!(bomb.head.contains("content-encoding: gzip"));
    assert!(bomb.head.contains("content-length: 314"), "{}", bomb.head);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_can_be_refused() {
    let far = faulty("data_stream.connect:429,trading_stream.connect:drop");
    for (host, path) in [(Host::Data, "/v2/iex"), (Host::Trading, "/stream")] {
        let request = format!("ws://far{path}").into_client_request().unwrap();
        let stream = far.simulator.connect(host);
        assert!(
            tokio_tungstenite::client_async(request, stream)
                .await
                .is_err(),
            "{path}"
        );
    }
    far.data_socket("/v2/iex").await;
    far.event_socket().await;
}

/// A data socket that wants the quotes of everything, and the acknowledgement behind it.
async fn subscribed(faults: &Faults, far: &Far, cue: &str) -> Socket {
    let mut socket = far.data_socket("/v2/sip").await;
    socket
        .say(&json!({"action": "subscribe", "quotes": ["*"]}))
        .await;
    socket.hear().await;
    faults.cue(cue).unwrap();
    socket
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_say_nonsense() {
    let cases = [
        ("unknown-type", r#"[{"S":"AAPL","T":"zz","v":1}]"#),
        (
            "error-407",
            r#"[{"T":"error","code":407,"msg":"slow client"}]"#,
        ),
        ("bad-json", r#"[{"T":"q","S":"#),
        ("wrong-type", r#"{"unexpected":true}"#),
        ("empty", ""),
    ];
    for (fault, expected) in cases {
        let far = faulty("");
        let cue = format!("data_stream.message:{fault}");
        let mut socket = subscribed(far.simulator.faults(), &far, &cue).await;
        let said = socket.frame().await.unwrap().into_text().unwrap();
        assert_eq!(said.as_str(), expected, "{fault}");
        assert_eq!(socket.hear().await[0]["T"], "q", "and then goes on");
    }
    let far = faulty("");
    let mut socket = subscribed(far.simulator.faults(), &far, "data_stream.message:escape").await;
    assert!(
        socket.hear().await[0]["S"]
            .as_str()
            .unwrap()
            .contains('\u{9b}')
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_fall_silent_or_break() {
    let far = faulty("");
    let silent = |mut socket: Socket| async move {
        tokio::time::timeout(Duration::from_secs(15), socket.frame())
            .await
            .is_err()
    };
    let socket = subscribed(far.simulator.faults(), &far, "data_stream.message:silent").await;
    assert!(silent(socket).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut socket = subscribed(far.simulator.faults(), &far, "data_stream.message:drop").await;
    assert!(socket.is_closed().await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut socket = subscribed(far.simulator.faults(), &far, "data_stream.message:cut").await;
    assert!(socket.frame().await.is_none(), "half a frame is none");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut socket = subscribed(
        far.simulator.faults(),
        &far,
        "data_stream.message:half-open",
    )
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    socket
        .0
        .send(Message::Ping(Vec::new().into()))
        .await
        .unwrap();
    let pong = tokio::time::timeout(Duration::from_secs(15), socket.0.next()).await;
    assert!(pong.is_err(), "not even a pong");
    drop(socket);
    tokio::time::sleep(Duration::from_secs(1)).await;
    far.data_socket("/v2/iex").await; // the key has its place back
}

#[tokio::test(start_paused = true)]
async fn order_updates_can_be_lost_or_doubled() {
    for (fault, expected) in [
        ("gap:1@1", vec!["accepted", "fill"]),
        ("duplicate:1@1", vec!["accepted", "new", "new", "fill"]),
        ("swap:1", vec!["new", "accepted", "fill"]),
    ] {
        let far = faulty("");
        let mut socket = far.event_socket().await;
        far.simulator
            .faults()
            .cue(&format!("trading_stream.message:{fault}"))
            .unwrap();
        far.post("/v2/orders", order("KO", "buy", "1")).await;
        let mut events = Vec::new();
        while events.last().is_none_or(|event| event != "fill") {
            events.push(
                socket.hear().await["data"]["event"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        assert_eq!(events, expected, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_can_be_too_many_too_large_or_not_text() {
    let far = faulty("");
    let mut socket = subscribed(
        far.simulator.faults(),
        &far,
        "data_stream.message:fragments",
    )
    .await;
    assert_eq!(
        socket.hear().await[0]["T"],
        "q",
        "tungstenite puts them together"
    );
    drop(socket);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut socket = subscribed(far.simulator.faults(), &far, "data_stream.message:huge").await;
    assert_eq!(socket.frame().await.unwrap().len(), 10_000_002);
    drop(socket);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut socket = subscribed(
        far.simulator.faults(),
        &far,
        "data_stream.message:invalid-utf8",
    )
    .await;
    assert!(socket.0.next().await.unwrap().is_err());
}

#[test]
fn a_wrong_cue_is_an_error() {
    let options = Options {
        faults: "orders.post:explode".to_owned(),
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let refused = runtime.block_on(async { Simulator::new(options, clock(TEN_O_CLOCK)).err() });
    assert!(
        refused
            .unwrap()
            .to_string()
            .starts_with("not a fault: orders.post:explode")
    );
}
