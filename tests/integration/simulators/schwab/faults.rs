//! Faults on cue, seen from the other end of the wire.

use super::*;

async fn faulty(cue: &str) -> Far {
    let far = far(Options::default()).await;
    far.simulator.faults().cue(cue).unwrap();
    far
}

/// How many orders there are that were entered today.
async fn placed(far: &Far) -> usize {
    let today = "fromEnteredTime=2026-11-24T15:00:00.000Z&toEnteredTime=2026-11-25T00:00:00.000Z";
    let body = far
        .account("GET", &format!("orders?{today}"), "")
        .await
        .body;
    body.as_array().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_request_can_be_lost_before_or_after_it_was_carried_out() {
    for (fault, carried_out) in [
        ("drop", false),
        ("drop-after", true),
        ("500", false),
        ("500-after", true),
        ("429", false),
        ("401", false),
        ("wait-30", false),
        ("cut", true),
        ("html", true),
        ("slow-2000", true),
    ] {
        let far = faulty(&format!("orders.post:{fault}:1")).await;
        let before = placed(&far).await;
        let path = format!("/trader/v1/accounts/{}/orders", far.hash);
        let headers = format!("Authorization: Bearer {}\r\n", far.token);
        let body = order("KO", "BUY", 1).to_string();
        let answer = far.raw("POST", &path, &headers, &body).await;
        assert_eq!(answer.is_none(), fault.starts_with("drop"), "{fault}");
        assert_eq!(placed(&far).await > before, carried_out, "{fault}");
        assert_eq!(far.simulator.faults().seen("orders", "post"), 1);
        far.place(&order("KO", "BUY", 1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn answers_can_be_spoiled() {
    let far = faulty("").await;
    let once = async |target: &str, fault: &str, path: &str| {
        far.simulator
            .faults()
            .cue(&format!("{target}:{fault}"))
            .unwrap();
        far.call("GET", path, "").await
    };
    let accounts = "/trader/v1/accounts";
    let busy = once("accounts", "429", accounts).await;
    assert!(busy.body["fault"]["faultstring"].is_string());
    let down = once("accounts", "503", accounts).await;
    assert!(down.body["message"].is_string());
    assert_eq!(
        once("accounts", "bad-json", accounts).await.body,
        Value::Null
    );
    assert_eq!(
        once("trading", "wrong-type", accounts).await.body,
        json!({"unexpected": true})
    );
    let numbers = once("quotes", "numbers", "/marketdata/v1/quotes?symbols=AAPL").await;
    assert_eq!(numbers.body["AAPL"]["quote"]["bidPrice"], json!(1e308));
    let skewed = once("data", "skew-3600", "/marketdata/v1/quotes?symbols=AAPL").await;
    assert!(
        skewed.head.contains("date: Tue, 24 Nov 2026 16:00:00 GMT"),
        "{}",
        skewed.head
    );
    let wait = once("preference", "wait-7", "/trader/v1/userPreference").await;
    assert!(wait.status == 429 && wait.head.contains("retry-after: 7"));
}

#[tokio::test(start_paused = true)]
async fn sign_in_can_fail() {
    let far = faulty("token:500,token:drop:1@1").await;
    assert_eq!(far.refresh().await.status, 500);
    let form = format!(
        "grant_type=refresh_token&refresh_token={}",
        far.customer.refresh_token
    );
    let headers = format!("Authorization: Basic {}\r\n", far.basic());
    let dropped = far.raw("POST", "/v1/oauth/token", &headers, &form).await;
    assert!(dropped.is_none());
    assert_eq!(far.refresh().await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_streamer_can_fail() {
    for (fault, ends) in [
        ("response:drop", true),
        ("response:silent", false),
        ("response:gap", false),
        ("response:bad-json", false),
        ("response:error-30", false),
    ] {
        let far = faulty(&format!("streamer.{fault}")).await;
        let mut socket = far.socket().await;
        socket.say(&json!({"requests": []})).await;
        socket
            .say(&json!({"requests": [{"service": "ADMIN", "command": "GUESS"}]}))
            .await;
        if ends {
            assert!(socket.is_closed().await, "{fault}");
            continue;
        }
        let heard = tokio::time::timeout(Duration::from_secs(5), socket.frame()).await;
        let text = match heard {
            Err(_) => String::new(),
            Ok(frame) => frame.unwrap().into_text().unwrap().to_string(),
        };
        let fits = match fault {
            "response:bad-json" => serde_json::from_str::<Value>(&text).is_err(),
            "response:error-30" => text.contains("\"code\":30"),
            _ => text.is_empty(),
        };
        assert!(fits, "{fault}: {text}");
    }
    let refused = faulty("streamer.connect:503").await;
    let stream = refused.simulator.connect();
    let request = "ws://far/ws".into_client_request().unwrap();
    assert!(
        tokio_tungstenite::client_async(request, stream)
            .await
            .is_err()
    );
}
