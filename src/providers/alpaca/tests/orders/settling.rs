//! What becomes of an order, by what was answered; nothing sends it again.

use super::*;

#[tokio::test]
async fn an_accepted_order_carries_our_name() {
    let (placed, rig) = place(ok("order_equity")).await;
    let Placed::Accepted(order) = placed else {
        panic!("{placed:?}")
    };
    assert_eq!(order.id.as_str(), OURS);
    assert_eq!(
        order.provider_id.unwrap().as_str(),
        "7b08df51-c1ac-453c-99f9-323a5f075f0d"
    );
    assert_eq!(order.draft, draft(limit("150")));
    assert_eq!(rig.sent().len(), 1);
}

/// Places an order, sees what becomes of it, and that it left exactly once.
async fn settles(answer: Outcome, expected: Placed) {
    let (placed, rig) = place(answer.clone()).await;
    assert_eq!(placed, expected, "{answer:?}");
    assert_eq!(rig.sent().len(), 1, "{answer:?}");
}

fn rejected(reason: &str) -> Placed {
    Placed::Rejected {
        reason: reason.into(),
    }
}

fn unknown(why: impl Into<Text>) -> Placed {
    Placed::Unknown { why: why.into() }
}

#[tokio::test]
async fn a_refusal_in_the_brokers_words_settles_an_order() {
    let refused = "insufficient buying power; buying power 176531.28; cost 48640000";
    settles(status(403, &fixture("error_403")), rejected(refused)).await;
    settles(
        status(401, r#"{"message":"request is not authorized"}"#),
        rejected("request is not authorized"),
    )
    .await;
    let missing = "option contract TSLA231110C00021000 not found";
    settles(status(404, &fixture("error_404")), rejected(missing)).await;
    settles(
        status(422, r#"{"code":40010001,"message":"qty must be > 0"}"#),
        rejected("qty must be > 0"),
    )
    .await;
    settles(
        status(422, &fixture("error_422_duplicate")),
        Placed::Duplicate,
    )
    .await;
    let why = "the broker takes no more requests for the moment".into();
    settles(status(429, &fixture("error_429")), Placed::NotSent { why }).await;
}

#[tokio::test(start_paused = true)]
async fn any_other_answer_leaves_its_fate_open_and_nothing_sends_it_again() {
    settles(
        status(403, "<html>denied</html>"),
        unknown("the broker answered with status 403"),
    )
    .await;
    for code in [500, 502, 503, 504] {
        let answer = status(code, r#"{"message":"internal server error"}"#);
        settles(
            answer,
            unknown(format!("the broker answered with status {code}")),
        )
        .await;
    }
    settles(
        status(408, "{}"),
        unknown("the broker waited too long for the order"),
    )
    .await;
    let cut = "the answer could not be read: an order: unreadable at line 1, column 8";
    settles(status(200, r#"{"id":"v"#), unknown(cut)).await;
    settles(
        status(200, "{}"),
        unknown("the answer could not be read: the symbol is missing or cannot be read"),
    )
    .await;
    let other = fixture("order_equity").replace(OURS, "somebody-else");
    settles(
        status(200, &other),
        unknown("the broker answered with another order"),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_not_sent_only_when_no_byte_had_left() {
    let limit = Duration::from_secs(10);
    let connect = NetError::Connect {
        host: "h".into(),
        why: "refused".into(),
    };
    let early = NetError::Timeout {
        step: Step::Tls,
        limit,
    };
    for error in [connect, early] {
        settles(
            Err(error.clone()),
            Placed::NotSent {
                why: error.to_string().into(),
            },
        )
        .await;
    }
    let late = NetError::Timeout {
        step: Step::FirstByte,
        limit,
    };
    let broken = NetError::Broken {
        why: "reset".into(),
    };
    let elsewhere = NetError::Redirect { status: 307 };
    for error in [late, broken, elsewhere] {
        settles(Err(error.clone()), unknown(error.to_string())).await;
    }
}

#[tokio::test]
async fn a_live_connection_sends_no_order_at_all() {
    let rig = rig(Environment::Live, Vec::new());
    let orders = rig.provider.orders().unwrap();
    let placed = orders.place(&approved(draft(limit("150")))).await;
    assert!(matches!(placed, Placed::NotSent { .. }), "{placed:?}");
    let replaced = orders
        .replace(&account_id(), "x", &approved_change(OrderChange::default()))
        .await;
    assert!(matches!(replaced, Placed::NotSent { .. }), "{replaced:?}");
    assert!(matches!(
        orders.cancel(&account_id(), "x").await,
        Err(ProviderError::Refused { .. })
    ));
    assert!(matches!(
        orders.cancel_all(&account_id()).await,
        Err(ProviderError::Refused { .. })
    ));
    assert_eq!(rig.sent(), [""; 0]);
}

#[tokio::test]
async fn an_order_of_another_connection_is_not_sent() {
    let rig = paper(Vec::new());
    let mut foreign = draft(limit("150"));
    foreign.account.connection = ConnectionId::new("other");
    let placed = rig
        .provider
        .orders()
        .unwrap()
        .place(&approved(foreign))
        .await;
    assert!(matches!(placed, Placed::NotSent { .. }), "{placed:?}");
}
