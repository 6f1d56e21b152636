//! Signing in, the brokerage session and what ends it, preflights, limits.

use super::*;

#[tokio::test(start_paused = true)]
async fn nobody_passes_the_gateway_before_they_sign_in() {
    let far = far_at(TEN_O_CLOCK, patient(), "margin");
    let denied = far.get("tickle").await;
    assert_eq!((denied.status, denied.raw.as_str()), (401, "Access Denied"));
    let page = request("GET", "/sso/Login", "", "");
    let page = far.raw(Door::Gateway, &page).await.unwrap();
    assert!(page.raw.contains("<button name=\"user\" value=\"ada\">"));
    let nobody = request("POST", "/sso/Login", "user=mallory", "");
    assert_eq!(far.raw(Door::Gateway, &nobody).await.unwrap().status, 401);
    far.sign_in().await;
    let tickle = far.data("tickle").await;
    assert_eq!(tickle["iserver"]["authStatus"]["authenticated"], false);
    assert_eq!(tickle["hmds"]["error"], "no bridge");
    assert_eq!(tickle["ssoExpires"], 600_000);
    let known = far.data("sso/validate").await;
    assert_eq!(
        (&known["USER_NAME"], &known["LOGIN_TYPE"]),
        (&json!("ada"), &json!(2))
    );
    assert_eq!(
        far.call("POST", "logout", "").await.body,
        json!({"status": true})
    );
    assert_eq!(far.get("tickle").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn trading_needs_a_brokerage_session_and_its_preflights() {
    let far = far_at(TEN_O_CLOCK, patient(), "margin");
    far.sign_in().await;
    let no_bridge = json!({"error": "Bad Request: no bridge", "statusCode": 400});
    assert_eq!(far.get("iserver/accounts").await.body, no_bridge);
    let unpublished = far
        .post("iserver/auth/ssodh/init", json!({"compete": true}))
        .await;
    assert_eq!(unpublished.status, 500);
    far.begin().await;
    let first = json!({"error": "Bad Request: Please query /accounts first", "statusCode": 400});
    let snapshot = "iserver/marketdata/snapshot?conids=265598&fields=31";
    for path in ["iserver/account/orders", snapshot] {
        assert_eq!(far.get(path).await.body, first, "{path}");
    }
    let ledger = format!("portfolio/{}/ledger", far.customer.account_number);
    assert_eq!(far.get(&ledger).await.body, first);
    far.data("iserver/accounts").await;
    far.data("portfolio/accounts").await;
    for path in ["iserver/account/orders", snapshot, &ledger] {
        far.data(path).await;
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_brokerage_session_and_then_the_sign_in() {
    let far = trading(patient()).await;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_mins(1)).await;
        let tickle = far.data("tickle").await;
        assert_eq!(tickle["iserver"]["authStatus"]["authenticated"], true);
    }
    tokio::time::sleep(Duration::from_mins(6)).await;
    let status = far.data("iserver/auth/status").await;
    assert_eq!(
        (&status["authenticated"], &status["connected"]),
        (&json!(false), &json!(true))
    );
    let lost = far.get("iserver/accounts").await;
    assert_eq!(
        (lost.status, &lost.body["error"]),
        (401, &json!("not authenticated"))
    );
    far.begin().await;
    assert_eq!(
        far.get("iserver/account/orders").await.status,
        400,
        "preflights are due again"
    );
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(far.get("iserver/auth/status").await.raw, "Access Denied");
}

#[tokio::test(start_paused = true)]
async fn midnight_in_new_york_ends_everything() {
    let far = far_at("2026-11-25T04:58:00Z", patient(), "margin");
    far.sign_in().await;
    far.begin().await;
    tokio::time::sleep(Duration::from_secs(119)).await;
    far.data("tickle").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(far.get("tickle").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn another_program_takes_the_session() {
    let far = trading(patient()).await;
    far.simulator.take_session("ada");
    let status = far.data("iserver/auth/status").await;
    assert_eq!(
        (&status["authenticated"], &status["competing"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(far.get("iserver/account/orders").await.status, 401);
    let polite = json!({"publish": true, "compete": false});
    let refused = far.post("iserver/auth/ssodh/init", polite).await;
    assert_eq!(
        (&refused.body["authenticated"], &refused.body["competing"]),
        (&json!(false), &json!(true))
    );
    far.begin().await;
    let status = far.data("iserver/auth/status").await;
    assert_eq!(
        (&status["authenticated"], &status["competing"]),
        (&json!(true), &json!(false))
    );
    far.simulator.faults().cue("competing:drop:1@1").unwrap();
    for expected in [true, false] {
        let tickle = far.data("tickle").await;
        assert_eq!(tickle["iserver"]["authStatus"]["authenticated"], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_too_often_is_refused() {
    let far = far_at(TEN_O_CLOCK, Options::default(), "margin");
    far.sign_in().await;
    far.begin().await;
    for (path, pause) in [
        ("portfolio/accounts", 5),
        ("tickle", 1),
        ("iserver/account/trades", 5),
        ("iserver/account/pnl/partitioned", 5),
        ("sso/validate", 60),
    ] {
        assert_eq!(far.get(path).await.status, 200, "{path}");
        let again = far.get(path).await;
        assert_eq!(
            (again.status, &again.body["statusCode"]),
            (429, &json!(429)),
            "{path}"
        );
        tokio::time::sleep(Duration::from_secs(pause)).await;
        assert_eq!(far.get(path).await.status, 200, "{path}");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..10 {
        assert_eq!(far.get("iserver/auth/status").await.status, 200);
    }
    assert_eq!(far.get("iserver/auth/status").await.status, 429);
    tokio::time::sleep(Duration::from_secs(590)).await;
    assert_eq!(far.get("tickle").await.status, 429, "the penalty box");
}

#[tokio::test(start_paused = true)]
async fn headers_that_have_to_be_there() {
    let far = trading(patient()).await;
    let bare = "GET /v1/api/tickle HTTP/1.1\r\nHost: far\r\nConnection: close\r\n\r\n";
    assert_eq!(far.raw(Door::Gateway, bare).await.unwrap().status, 403);
    let lengthless =
        "POST /v1/api/tickle HTTP/1.1\r\nHost: far\r\nUser-Agent: t\r\nConnection: close\r\n\r\n";
    assert_eq!(
        far.raw(Door::Gateway, lengthless).await.unwrap().status,
        411
    );
}

#[tokio::test(start_paused = true)]
async fn faults_come_on_cue() {
    let far = trading(patient()).await;
    far.simulator
        .faults()
        .cue("ledger:503,trades:410,any:html:1@1")
        .unwrap();
    let ledger = format!("portfolio/{}/ledger", far.customer.account_number);
    assert_eq!(far.get(&ledger).await.status, 503);
    assert!(far.get(&ledger).await.raw.starts_with("<html>"));
    let gone = far.get("iserver/account/trades").await;
    assert_eq!((gone.status, &gone.body["error"]), (410, &json!("Gone")));
    far.data(&ledger).await;
}

#[tokio::test]
async fn the_gateway_is_encrypted_and_the_other_door_is_not() {
    let clock = clock(TEN_O_CLOCK);
    let running = tradedeck::sim::ibkr::start(patient(), clock).await.unwrap();
    let ready = serde_json::to_value(&running.ready).unwrap();
    let gateway = ready["gateway"].as_str().unwrap();
    let (scheme, rest) = gateway.split_once("://").unwrap();
    let address = rest.split('/').next().unwrap();
    assert_eq!(scheme, "https");
    // The first byte of a TLS alert is 21: what came was no handshake.
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut first = [0];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(first, [21]);
    let api = ready["api"].as_str().unwrap();
    assert!(api.starts_with("http://127.0.0.1:") && api.ends_with("/v1/api"));
    assert_eq!(ready["customers"].as_array().unwrap().len(), 4);
    for name in ["signing_key", "encryption_key"] {
        assert!(
            ready[name]
                .as_str()
                .unwrap()
                .starts_with("-----BEGIN PRIVATE KEY-----\n")
        );
    }
    running.shutdown().await;
}
