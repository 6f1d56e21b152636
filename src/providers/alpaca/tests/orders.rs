use super::*;
use crate::domain::money::decimal;
use crate::domain::order::OrderChange;
use crate::domain::{
    Account, AssetClass, ClientOrderId, Currency, Exits, Mode, Order, OrderDraft, OrderKind,
    OrderSize, OrderState, ProviderId, Side, StopLoss, Symbol, Text, TimeInForce, TrailBy,
};
use crate::engine::risk::{self, Approved, ApprovedChange, Check, Paper};
use crate::net::error::Step;
use crate::net::http::Retry;
use crate::providers::provider::Placed;
use std::time::Duration;

const OURS: &str = "5680c4bc-9ac1-4a12-a44c-df427ba53032";

fn draft(kind: OrderKind) -> OrderDraft {
    OrderDraft {
        account: account_id(),
        mode: Mode::Paper,
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity("2".parse().unwrap()),
        kind,
        time_in_force: TimeInForce::GoodTilCancelled,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn limit(price: &str) -> OrderKind {
    OrderKind::Limit {
        limit: price.parse().unwrap(),
    }
}

fn approving<T>(approve: impl FnOnce(&Check<'_>) -> Result<T, Text>) -> T {
    let account = Account {
        id: account_id(),
        provider: ProviderId::new("alpaca"),
        environment: Environment::Paper,
        name: Text::default(),
        currency: Currency::USD,
        restriction: None,
    };
    let check = Check {
        account: &account,
        is_reachable: true,
        read_only: false,
        instrument: None,
        open: Vec::new(),
    };
    approve(&check).unwrap_or_else(|reason| panic!("{reason}"))
}

fn approved(draft: OrderDraft) -> Approved<Paper> {
    approving(|check| risk::approve(ClientOrderId::new(OURS), draft, check))
}

async fn place(answer: Outcome) -> (Placed, Rig) {
    let rig = paper(vec![answer]);
    let placed = rig
        .provider
        .orders()
        .unwrap()
        .place(&approved(draft(limit("150"))))
        .await;
    (placed, rig)
}

/// What is sent for a draft, as JSON.
async fn body(draft: OrderDraft) -> String {
    let rig = paper(vec![ok("order_equity")]);
    rig.provider.orders().unwrap().place(&approved(draft)).await;
    assert_eq!(rig.sent(), ["POST paper-api.alpaca.markets/v2/orders"]);
    assert_eq!(rig.seen.lock().unwrap()[0].retry, Retry::Never);
    rig.body(0)
}

async fn check(draft: OrderDraft, expected: &str) {
    let ours = format!(r#""client_order_id":"{OURS}""#);
    assert_eq!(body(draft).await.replace(&ours, "ID"), expected);
}

#[tokio::test]
async fn each_type_has_its_prices() {
    let day = |kind| OrderDraft {
        time_in_force: TimeInForce::Day,
        ..draft(kind)
    };
    let start = r#"{"symbol":"AAPL","qty":"2","side":"buy","type":"#;
    let price = |text: &str| text.parse().unwrap();
    check(
        draft(OrderKind::Market),
        &format!(r#"{start}"market","time_in_force":"gtc",ID}}"#),
    )
    .await;
    check(
        draft(limit("150.00")),
        &format!(r#"{start}"limit","time_in_force":"gtc","limit_price":"150",ID}}"#),
    )
    .await;
    let stop = OrderKind::Stop {
        stop: price("149.5"),
    };
    check(
        day(stop),
        &format!(r#"{start}"stop","time_in_force":"day","stop_price":"149.5",ID}}"#),
    )
    .await;
    let both = OrderKind::StopLimit {
        stop: price("149"),
        limit: price("148.99"),
    };
    let prices = r#""limit_price":"148.99","stop_price":"149""#;
    check(
        day(both),
        &format!(r#"{start}"stop_limit","time_in_force":"day",{prices},ID}}"#),
    )
    .await;
    let trail = |trail| day(OrderKind::TrailingStop { trail });
    let expected =
        format!(r#"{start}"trailing_stop","time_in_force":"day","trail_price":"1.5",ID}}"#);
    check(trail(TrailBy::Price(price("1.50"))), &expected).await;
    let expected =
        format!(r#"{start}"trailing_stop","time_in_force":"day","trail_percent":"0.75",ID}}"#);
    check(trail(TrailBy::Percent(decimal("0.75").unwrap())), &expected).await;
}

#[tokio::test]
async fn a_documented_request_is_sent_as_documented() {
    let sent: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&body(draft(limit("150"))).await).unwrap();
    let documented: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&fixture("request_equity")).unwrap();
    assert!(
        documented.iter().all(|(name, value)| sent[name] == *value),
        "{sent:?}"
    );
    assert_eq!(sent.len(), documented.len() + 1, "and our name");
}

#[tokio::test]
async fn each_time_in_force_has_its_word() {
    for time_in_force in TimeInForce::ALL {
        let sent = body(OrderDraft {
            time_in_force,
            ..draft(limit("150"))
        })
        .await;
        assert!(
            sent.contains(&format!(r#""time_in_force":"{}""#, time_in_force.as_str())),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn sizes_sides_and_hours_are_said() {
    let amount = OrderDraft {
        size: OrderSize::Notional(decimal("100.50").unwrap()),
        time_in_force: TimeInForce::Day,
        ..draft(OrderKind::Market)
    };
    let start = r#"{"symbol":"AAPL","notional":"100.5","side":"buy""#;
    check(
        amount,
        &format!(r#"{start},"type":"market","time_in_force":"day",ID}}"#),
    )
    .await;
    let part = OrderDraft {
        size: OrderSize::Quantity("0.000000001".parse().unwrap()),
        ..draft(OrderKind::Market)
    };
    assert!(body(part).await.contains(r#""qty":"0.000000001""#));
    let late = OrderDraft {
        extended_hours: true,
        side: Side::Sell,
        ..draft(limit("150"))
    };
    let sent = body(late).await;
    assert!(
        sent.contains(r#""side":"sell""#) && sent.contains(r#""extended_hours":true"#),
        "{sent}"
    );
    let dotted = OrderDraft {
        symbol: Symbol::new("BTC/USD"),
        ..draft(limit("150"))
    };
    assert!(body(dotted).await.contains(r#""symbol":"BTC/USD""#));
}

#[tokio::test]
async fn exits_travel_inside_their_order() {
    let price = |text: &str| text.parse().unwrap();
    let (take_profit, stop_loss) = (
        price("170"),
        StopLoss {
            stop: price("140"),
            limit: None,
        },
    );
    let with = |side, exits| OrderDraft {
        side,
        exits,
        ..draft(limit("150"))
    };
    let end = async |draft| {
        let sent = body(draft).await;
        sent.split_once(r#""time_in_force":"gtc","#)
            .unwrap()
            .1
            .replace(&format!(r#""client_order_id":"{OURS}","#), "")
    };
    let profit = r#""take_profit":{"limit_price":"170"}"#;
    assert_eq!(
        end(with(
            Side::Buy,
            Exits::Bracket {
                take_profit,
                stop_loss
            }
        ))
        .await,
        format!(
            r#""limit_price":"150","order_class":"bracket",{profit},"stop_loss":{{"stop_price":"140"}}}}"#
        )
    );
    let limited = StopLoss {
        limit: Some(price("139.5")),
        ..stop_loss
    };
    let loss = r#""stop_loss":{"stop_price":"140","limit_price":"139.5"}"#;
    assert_eq!(
        end(with(
            Side::Sell,
            Exits::OneCancelsOther {
                take_profit,
                stop_loss: limited
            }
        ))
        .await,
        format!(r#""order_class":"oco",{profit},{loss}}}"#),
        "the pair's own price is that of its take-profit"
    );
    assert_eq!(
        end(with(Side::Buy, Exits::TakeProfit { take_profit })).await,
        format!(r#""limit_price":"150","order_class":"oto",{profit}}}"#)
    );
    assert_eq!(
        end(with(Side::Buy, Exits::StopLoss(limited))).await,
        format!(r#""limit_price":"150","order_class":"oto",{loss}}}"#)
    );
}

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

fn approved_change(change: OrderChange) -> ApprovedChange<Paper> {
    let order = Order {
        id: ClientOrderId::new("before"),
        provider_id: Some("x".into()),
        draft: draft(limit("1")),
        state: OrderState::Working,
        filled: "0".parse().unwrap(),
        average_price: None,
        created: Timestamp::EPOCH,
        updated: Timestamp::EPOCH,
        replaces: None,
        parent: None,
    };
    let change = if change == OrderChange::default() {
        OrderChange {
            quantity: Some("3".parse().unwrap()),
            ..change
        }
    } else {
        change
    };
    let after = draft(limit("155"));
    approving(|check| {
        risk::approve_change(ClientOrderId::new(OURS), (&after, change), &order, check)
    })
}

#[tokio::test]
async fn a_change_names_its_replacement_and_only_what_changes() {
    let rig = paper(vec![ok("order_equity"), ok("order_equity")]);
    let orders = rig.provider.orders().unwrap();
    let change = OrderChange {
        quantity: Some("4".parse().unwrap()),
        limit: Some("155.00".parse().unwrap()),
        time_in_force: Some(TimeInForce::GoodTilCancelled),
        ..OrderChange::default()
    };
    let placed = orders
        .replace(&account_id(), "7b08df51", &approved_change(change))
        .await;
    assert!(matches!(placed, Placed::Accepted(order) if order.id.as_str() == OURS));
    let trail = OrderChange {
        trail: Some(TrailBy::Price("1.5".parse().unwrap())),
        ..OrderChange::default()
    };
    orders
        .replace(&account_id(), "../account", &approved_change(trail))
        .await;
    let host = "PATCH paper-api.alpaca.markets/v2/orders";
    assert_eq!(
        rig.sent(),
        [format!("{host}/7b08df51"), format!("{host}/..%2Faccount")]
    );
    assert_eq!(
        rig.body(0),
        format!(
            r#"{{"qty":"4","time_in_force":"gtc","limit_price":"155","client_order_id":"{OURS}"}}"#
        )
    );
    assert_eq!(
        rig.body(1),
        format!(r#"{{"trail":"1.5","client_order_id":"{OURS}"}}"#)
    );
    assert!(
        rig.seen
            .lock()
            .unwrap()
            .iter()
            .all(|request| request.retry == Retry::Never)
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_asked_for_until_it_is_heard() {
    let rig = paper(vec![
        status(503, ""),
        status(204, ""),
        status(422, &fixture("error_422_not_cancelable")),
    ]);
    let orders = rig.provider.orders().unwrap();
    orders.cancel(&account_id(), "7b08df51").await.unwrap();
    let error = orders.cancel(&account_id(), "7b08df51").await.unwrap_err();
    assert_eq!(
        error,
        ProviderError::Refused {
            reason: "order is not cancelable".into()
        }
    );
    assert_eq!(
        rig.sent(),
        ["DELETE paper-api.alpaca.markets/v2/orders/7b08df51"; 3]
    );
}

#[tokio::test]
async fn a_cancel_of_all_tells_how_many_and_who_refused() {
    let rig = paper(vec![
        status(207, &fixture("cancel_all_207")),
        status(207, "[]"),
        status(204, ""),
    ]);
    let orders = rig.provider.orders().unwrap();
    let (asked, refused) = orders.cancel_all(&account_id()).await.unwrap();
    assert_eq!(asked, 1);
    assert_eq!(
        refused[0].as_str(),
        "order e2f8b1a6-7c3d-4a5e-9b8f-0d1c6a4e3b72: order is not cancelable"
    );
    assert_eq!(orders.cancel_all(&account_id()).await.unwrap(), (0, vec![]));
    assert_eq!(orders.cancel_all(&account_id()).await.unwrap(), (0, vec![]));
}

#[tokio::test]
async fn a_look_up_takes_only_their_word_for_absence() {
    let rig = paper(vec![
        ok("order_equity"),
        status(404, &fixture("error_404_order")),
        status(404, "<html>not found</html>"),
        ok("order_crypto"),
    ]);
    let orders = rig.provider.orders().unwrap();
    let id = account_id();
    assert_eq!(
        orders
            .by_client_id(&id, OURS)
            .await
            .unwrap()
            .unwrap()
            .id
            .as_str(),
        OURS
    );
    assert_eq!(orders.by_client_id(&id, OURS).await.unwrap(), None);
    for _ in 0..2 {
        let error = orders.by_client_id(&id, OURS).await.unwrap_err();
        assert!(matches!(error, ProviderError::Garbled { .. }), "{error:?}");
    }
    let address =
        format!("GET paper-api.alpaca.markets/v2/orders:by_client_order_id?client_order_id={OURS}");
    assert_eq!(
        rig.sent(),
        [address.clone(), address.clone(), address.clone(), address]
    );
}

fn row(index: usize, status: &str, submitted: &str) -> String {
    format!(
        r#"{{"id":"v{index}","client_order_id":"c{index}","symbol":"AAPL","side":"buy","qty":"1","type":"market",
            "time_in_force":"day","status":"{status}","created_at":"{submitted}","submitted_at":"{submitted}"}}"#
    )
}

fn page(rows: &[String]) -> Outcome {
    status(200, &format!("[{}]", rows.join(",")))
}

#[tokio::test]
async fn orders_are_read_page_by_page_and_none_is_lost_or_counted_twice() {
    let time = |index: usize| format!("2026-11-{:02}T10:00:00.5Z", 23 - index / 100);
    let rows: Vec<String> = (0..1_100)
        .map(|index| row(index, "filled", &time(index)))
        .collect();
    // Each page begins a moment after the end of the one before, so rows of the same instant come twice.
    let rig = paper(vec![
        page(&[]),
        page(&rows[..500]),
        page(&rows[400..900]),
        page(&rows[800..]),
    ]);
    let since = at("2026-11-01T00:00:00Z");
    let orders = rig
        .provider
        .orders()
        .unwrap()
        .list(&account_id(), since)
        .await
        .unwrap();
    assert_eq!(orders.len(), 1_100);
    let sent = rig.sent();
    let base = "GET paper-api.alpaca.markets/v2/orders?status";
    let end = "limit=500&direction=desc&nested=true";
    assert_eq!(sent[0], format!("{base}=open&{end}"));
    assert_eq!(
        sent[1],
        format!("{base}=closed&{end}&after=2026-11-01T00%3A00%3A00Z")
    );
    assert_eq!(
        sent[2],
        format!("{}&until=2026-11-19T10%3A00%3A00.501Z", sent[1])
    );
    assert_eq!(
        sent[3],
        format!("{}&until=2026-11-15T10%3A00%3A00.501Z", sent[1])
    );
}

#[tokio::test]
async fn an_order_that_ended_outside_the_span_is_looked_up() {
    let old = row(1, "new", "2026-01-01T00:00:00Z");
    let ended = old.replace(r#""new""#, r#""filled""#);
    let rig = paper(vec![
        page(&[old]),
        page(&[]),
        page(&[]),
        page(&[]),
        status(200, &ended),
        page(&[]),
        page(&[]),
    ]);
    let orders = rig.provider.orders().unwrap();
    let (id, since) = (account_id(), at("2026-11-16T00:00:00Z"));
    assert_eq!(
        orders.list(&id, since).await.unwrap()[0].state,
        OrderState::Working
    );
    let second = orders.list(&id, since).await.unwrap();
    assert_eq!(second[0].state, OrderState::Filled);
    assert_eq!(
        rig.sent()[4],
        "GET paper-api.alpaca.markets/v2/orders/v1?nested=true"
    );
    assert_eq!(orders.list(&id, since).await.unwrap(), [], "and only once");
}

#[tokio::test]
async fn what_ends_between_the_two_readings_counts_as_ended() {
    let (open, ended) = (
        row(1, "new", "2026-11-20T00:00:00Z"),
        row(1, "canceled", "2026-11-20T00:00:00Z"),
    );
    let rig = paper(vec![page(&[open]), page(&[ended])]);
    let orders = rig
        .provider
        .orders()
        .unwrap()
        .list(&account_id(), Timestamp::EPOCH)
        .await
        .unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].state, OrderState::Cancelled);
}

#[tokio::test]
async fn a_bracket_is_flattened_and_a_bad_row_costs_one_row() {
    let list = format!(r#"[{},{{"id":"x"}}]"#, fixture("order_bracket"));
    let rig = paper(vec![status(200, &list), page(&[])]);
    let orders = rig
        .provider
        .orders()
        .unwrap()
        .list(&account_id(), Timestamp::EPOCH)
        .await
        .unwrap();
    assert_eq!(orders.len(), 3);
    let head = orders.iter().find(|order| order.parent.is_none()).unwrap();
    let price = |text: &str| text.parse().unwrap();
    let stop_loss = StopLoss {
        stop: price("140"),
        limit: None,
    };
    assert_eq!(
        head.draft.exits,
        Exits::Bracket {
            take_profit: price("170"),
            stop_loss
        }
    );
    assert_eq!(
        orders
            .iter()
            .filter(|order| order.parent == head.provider_id)
            .count(),
        2
    );
    assert_eq!(rig.provider.meter().unreadable, 1);
}
