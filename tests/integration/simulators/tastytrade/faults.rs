//! Faults on cue, seen from the other end of the wire.

use super::*;

async fn faulty(cue: &str) -> Far {
    let far = far(Options::default()).await;
    far.simulator.faults().cue(cue).unwrap();
    far
}

#[tokio::test(start_paused = true)]
async fn a_request_can_be_lost_before_or_after_it_was_carried_out() {
    for (fault, carried_out) in [
        ("drop", false),
        ("drop-after", true),
        ("500", false),
        ("500-after", true),
        ("502", false),
        ("429", false),
        ("cut", true),
        ("bad-json", true),
        ("empty", true),
    ] {
        let far = faulty(&format!("orders.post:{fault}")).await;
        let mut order = resting("KO");
        order["external-identifier"] = "mine".into();
        let path = far.path("orders");
        let request = far.request("POST", &path, &order.to_string(), "User-Agent: test/1\r\n");
        let answer = far.raw(far.host(), &request).await;
        assert_eq!(answer.is_none(), fault.starts_with("drop"), "{fault}");
        let orders = far.items(&far.path("orders/live")).await;
        let found = orders
            .iter()
            .any(|order| order["external-identifier"] == "mine");
        assert_eq!(found, carried_out, "{fault}");
        assert_eq!(far.place(&order).await.status, 201, "{fault} happens once");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_on_cue_are_in_the_provider_s_words() {
    let far = faulty("balances:429,positions:502,trading:401,oauth_token:400").await;
    let limited = far.get(&far.path("balances")).await;
    assert_eq!(
        (limited.status, &limited.body["error"]["code"]),
        (429, &json!("too_many_requests"))
    );
    let page = far.get(&far.path("positions")).await;
    assert!(page.status == 502 && page.raw.starts_with("<html>"));
    assert_eq!(
        far.get("/customers/me").await.body["error"]["code"],
        "unauthorized"
    );
    assert_eq!(far.call("POST", "/oauth/token", "{}").await.status, 400);
    assert_eq!(far.simulator.faults().seen("balances", "get"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_can_die_early() {
    let mut far = far_for("margin").await;
    far.simulator.auth(Host::Sandbox).expire_access();
    assert_eq!(far.get("/customers/me").await.status, 401);
    far.sign_in().await;
    far.simulator
        .auth(Host::Sandbox)
        .withdraw(far.customer.login);
    assert_eq!(far.get("/customers/me").await.status, 401);
    let body = json!({
        "grant_type": "refresh_token",
        "refresh_token": far.customer.refresh_token,
        "client_secret": far.customer.client_secret,
    });
    let answer = far.call("POST", "/oauth/token", &body.to_string()).await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (400, &json!("invalid_grant"))
    );
}

#[tokio::test(start_paused = true)]
async fn streams_fail_on_cue() {
    let setup = json!({"type": "SETUP", "channel": 0, "version": "0.1", "keepaliveTimeout": 60, "acceptKeepaliveTimeout": 60});
    let far = faulty("data_stream.setup:drop").await;
    let mut socket = far.socket("/delayed").await;
    socket.say(&setup).await;
    assert!(socket.frame().await.is_none());
    let far = faulty("data_stream.setup:error-1,data_stream.auth:unknown-type").await;
    let mut socket = far.socket("/delayed").await;
    socket.say(&setup).await;
    assert_eq!(socket.hear().await["type"], "ERROR");
    assert_eq!(socket.hear().await["type"], "SURPRISE");
    assert_eq!(socket.hear().await["type"], "AUTH_STATE");
    let far = faulty("account_stream.message:duplicate").await;
    let mut socket = far.socket("/streamer").await;
    let connect = json!({
        "action": "connect", "value": [far.customer.account_number], "auth-token": format!("Bearer {}", far.token),
    });
    socket.say(&connect).await;
    socket.hear().await;
    far.placed(&resting("KO")).await;
    assert_eq!(socket.hear().await, socket.hear().await);
}
