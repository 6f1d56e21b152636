//! Orders as they leave, what becomes of them, and as they are read.

use super::*;
use crate::domain::order::OrderChange;
use crate::domain::{
    Account, AssetClass, ClientOrderId, Currency, Exits, Mode, Order, OrderDraft, OrderKind,
    OrderSize, OrderState, ProviderId, Side, Symbol, TimeInForce,
};
use crate::engine::risk::{self, Approved, ApprovedChange, Check, Paper};
use crate::net::error::Step;
use crate::net::http::Retry;
use crate::providers::provider::Placed;
use std::time::Duration;

const OURS: &str = "5680c4bc-9ac1-4a12-a44c-df427ba53032";

fn limit(price: &str) -> OrderKind {
    OrderKind::Limit {
        limit: price.parse().unwrap(),
    }
}

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

fn approving<T>(approve: impl FnOnce(&Check<'_>) -> Result<T, Text>) -> T {
    let account = Account {
        id: account_id(),
        provider: ProviderId::new("tastytrade"),
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

fn approved_change(change: OrderChange) -> ApprovedChange<Paper> {
    let order = Order {
        id: ClientOrderId::new("before"),
        provider_id: Some("270561".into()),
        draft: draft(limit("1")),
        state: OrderState::Working,
        filled: "0".parse().unwrap(),
        average_price: None,
        created: Timestamp::EPOCH,
        updated: Timestamp::EPOCH,
        replaces: None,
        parent: None,
    };
    let after = draft(limit("155"));
    approving(|check| {
        risk::approve_change(ClientOrderId::new(OURS), (&after, change), &order, check)
    })
}

fn held(direction: &str, quantity: u32) -> Outcome {
    status(
        200,
        &format!(
            r#"{{"data":{{"items":[{{"symbol":"AAPL","instrument-type":"Equity","quantity":{quantity},"quantity-direction":"{direction}"}}]}}}}"#
        ),
    )
}

async fn place(draft: OrderDraft, position: Outcome, answer: Outcome) -> (Placed, Rig) {
    let rig = paper(vec![position, answer]);
    let orders = rig.provider.orders().unwrap();
    let placed = orders.place(&approved(draft)).await;
    (placed, rig)
}

/// What is sent for a draft.
async fn body(draft: OrderDraft, position: Outcome) -> String {
    let (placed, rig) = place(draft, position, ok("placed")).await;
    assert!(matches!(placed, Placed::Accepted(_)), "{placed:?}");
    assert_eq!(rig.sent()[1], "POST /accounts/5WX00042/orders");
    assert_eq!(rig.far.seen.lock().unwrap()[1].retry, Retry::Never);
    rig.body(1)
}

#[tokio::test]
async fn an_order_says_its_terms_its_leg_and_our_name() {
    assert_eq!(
        body(draft(limit("150.00")), none()).await,
        format!(
            r#"{{"time-in-force":"GTC","order-type":"Limit","price":"150","price-effect":"Debit","source":"tradedeck","external-identifier":"{OURS}","legs":[{{"instrument-type":"Equity","symbol":"AAPL","quantity":2,"action":"Buy to Open"}}]}}"#
        )
    );
    let option = OrderDraft {
        symbol: Symbol::new("SPY261218P00600000"),
        class: AssetClass::Option,
        side: Side::Sell,
        time_in_force: TimeInForce::Day,
        ..draft(OrderKind::StopLimit {
            stop: "1.5".parse().unwrap(),
            limit: "1.4".parse().unwrap(),
        })
    };
    let sent = body(option, none()).await;
    assert!(sent.contains(r#""order-type":"Stop Limit","price":"1.4","price-effect":"Credit","stop-trigger":"1.5""#), "{sent}");
    assert!(sent.contains(r#""instrument-type":"Equity Option","symbol":"SPY   261218P00600000","quantity":2,"action":"Sell to Open""#), "{sent}");
}

#[tokio::test]
async fn what_is_held_decides_whether_an_order_opens_or_closes() {
    for (side, position, expected) in [
        (Side::Buy, held("Long", 5), "Buy to Open"),
        (Side::Buy, held("Short", 2), "Buy to Close"),
        (Side::Sell, held("Long", 5), "Sell to Close"),
        (Side::Sell, held("Short", 5), "Sell to Open"),
        (Side::Sell, held("Zero", 0), "Sell to Open"),
    ] {
        let draft = OrderDraft {
            side,
            ..draft(limit("150"))
        };
        let sent = body(draft, position).await;
        assert!(
            sent.contains(&format!(r#""action":"{expected}""#)),
            "{sent}"
        );
    }
    let future = OrderDraft {
        symbol: Symbol::new("/ESZ6"),
        class: AssetClass::Future,
        ..draft(limit("5000"))
    };
    let sent = body(future, none()).await;
    assert!(
        sent.contains(r#""symbol":"/ESZ6","quantity":2,"action":"Buy""#),
        "{sent}"
    );
}

async fn is_not_sent(draft: OrderDraft, position: Outcome, expected: &str) {
    let rig = paper(vec![position]);
    let orders = rig.provider.orders().unwrap();
    let placed = orders.place(&approved(draft)).await;
    let Placed::NotSent { why } = placed else {
        panic!("{placed:?}")
    };
    assert!(why.as_str().contains(expected), "{why}");
    assert!(rig.sent().iter().all(|line| line.starts_with("GET")));
}

#[tokio::test]
async fn what_this_broker_cannot_do_is_not_sent() {
    let sell = OrderDraft {
        side: Side::Sell,
        ..draft(limit("150"))
    };
    is_not_sent(sell, held("Long", 1), "only 1 are held").await;
    let fok = OrderDraft {
        time_in_force: TimeInForce::FillOrKill,
        ..draft(limit("150"))
    };
    is_not_sent(fok, none(), "choose day, gtc or ioc").await;
    is_not_sent(draft(limit("150")), status(403, "{}"), "is not known").await;
}

#[tokio::test]
async fn an_accepted_order_carries_our_name_even_where_it_is_not_repeated() {
    let unnamed = fixture("placed").replace(OURS, "");
    for answer in [ok("placed"), status(201, &unnamed)] {
        let (placed, _) = place(draft(limit("150")), none(), answer).await;
        let Placed::Accepted(order) = placed else {
            panic!("{placed:?}")
        };
        assert_eq!(order.id.as_str(), OURS);
        assert_eq!(order.provider_id, Some("270561".into()));
        assert_eq!(order.draft, draft(limit("150.0")));
        assert_eq!(order.state, OrderState::Accepted);
    }
}

/// Places an order, sees what becomes of it, and that it left exactly once.
async fn settles(answer: Outcome, expected: Placed) {
    let (placed, rig) = place(draft(limit("150")), none(), answer.clone()).await;
    assert_eq!(placed, expected, "{answer:?}");
    let posts = rig
        .sent()
        .iter()
        .filter(|it| it.starts_with("POST"))
        .count();
    assert_eq!(posts, 1, "{answer:?}");
}

fn unknown(why: &str) -> Placed {
    Placed::Unknown { why: why.into() }
}

fn rejected(reason: &str) -> Placed {
    Placed::Rejected {
        reason: reason.into(),
    }
}

#[tokio::test]
async fn a_refusal_in_the_brokers_words_settles_an_order() {
    let preflight = rejected("You cannot buy for a credit.");
    settles(status(422, &fixture("error_422")), preflight).await;
    let permitted = rejected("User not permitted access");
    settles(status(403, &fixture("error_403")), permitted).await;
    let version = rejected("The requested version is not supported.");
    settles(status(406, &fixture("error_406")), version).await;
    let why = "the broker takes no more requests for the moment".into();
    settles(status(429, ""), Placed::NotSent { why }).await;
    let inside =
        r#"{"data":{"order":{"status":"Rejected"},"errors":[{"code":"c","message":"no money"}]}}"#;
    settles(status(201, inside), rejected("no money")).await;
}

#[tokio::test]
async fn anything_else_leaves_its_fate_open() {
    let refused = "the broker refused the token of the order";
    let body = r#"{"error":{"code":"unauthorized","message":"no"}}"#;
    settles(status(401, body), unknown(refused)).await;
    settles(status(401, "<html>"), unknown(refused)).await;
    settles(
        status(408, ""),
        unknown("the broker waited too long for the order"),
    )
    .await;
    let answered = |status| unknown(&format!("the broker answered with status {status}"));
    settles(status(502, "<html>"), answered(502)).await;
    settles(status(404, "<html>"), answered(404)).await;
    settles(
        status(204, ""),
        unknown("the answer could not be read: an order: unreadable at line 1, column 0"),
    )
    .await;
    let other = fixture("placed").replace(OURS, "somebody-elses");
    settles(
        status(201, &other),
        unknown("the answer could not be read: the broker answered with another order"),
    )
    .await;
    let lost = NetError::Timeout {
        step: Step::Answer,
        limit: Duration::from_secs(1),
    };
    settles(Err(lost.clone()), unknown(&lost.to_string())).await;
}

#[tokio::test]
async fn after_a_refused_token_the_next_call_has_another() {
    let rig = paper(vec![none(), status(401, "{}"), ok("session")]);
    let orders = rig.provider.orders().unwrap();
    orders.place(&approved(draft(limit("150")))).await;
    rig.provider.quotes().unwrap().clock().await.unwrap();
    assert_eq!(rig.authorization(1), "authorization: Bearer access-1");
    assert_eq!(rig.authorization(2), "authorization: Bearer access-2");
}

#[tokio::test]
async fn a_change_sends_the_whole_order_but_its_legs() {
    let before = fixture("placed");
    let before: serde_json::Value = serde_json::from_str(&before).unwrap();
    let before = serde_json::json!({ "data": before["data"]["order"] }).to_string();
    let changed = before.replace("270561", "270562");
    let rig = paper(vec![
        status(200, &before),
        status(200, &changed),
        status(200, &before),
    ]);
    let orders = rig.provider.orders().unwrap();
    let change = approved_change(OrderChange {
        limit: Some("155.5".parse().unwrap()),
        time_in_force: Some(TimeInForce::Day),
        ..OrderChange::default()
    });
    let placed = orders.replace(&account_id(), "270561", &change).await;
    assert!(
        matches!(&placed, Placed::Accepted(order) if order.id.as_str() == OURS),
        "{placed:?}"
    );
    assert_eq!(rig.sent()[1], "PUT /accounts/5WX00042/orders/270561");
    assert_eq!(
        rig.body(1),
        format!(
            r#"{{"time-in-force":"Day","order-type":"Limit","price":"155.5","price-effect":"Debit","source":"tradedeck","external-identifier":"{OURS}"}}"#
        )
    );
    let more = approved_change(OrderChange {
        quantity: Some("3".parse().unwrap()),
        ..OrderChange::default()
    });
    let placed = orders.replace(&account_id(), "270561", &more).await;
    assert!(matches!(placed, Placed::NotSent { .. }), "{placed:?}");
}

#[tokio::test]
async fn live_accounts_are_read_only() {
    let rig = rig(Environment::Live, Vec::new());
    let orders = rig.provider.orders().unwrap();
    let placed = orders.place(&approved(draft(limit("150")))).await;
    assert!(matches!(placed, Placed::NotSent { .. }));
    assert!(orders.cancel(&account_id(), "1").await.is_err());
    assert!(orders.cancel_all(&account_id()).await.is_err());
}

#[tokio::test]
async fn lists_join_what_works_what_is_recent_and_what_is_live() {
    let page = fixture("orders").replace(r#""total-pages": 1"#, r#""total-pages": 2"#);
    let second = fixture("orders")
        .replace("271261", "271262")
        .replace(r#""page-offset": 0"#, r#""page-offset": 1"#);
    let live = fixture("orders").replace("Received", "Live");
    let rig = paper(vec![
        status(200, &page),
        status(200, &second),
        none(),
        status(200, &live),
    ]);
    let orders = rig.provider.orders().unwrap();
    let since = at("2026-11-20T00:00:00Z");
    let list = orders.list(&account_id(), since).await.unwrap();
    let states: Vec<(&str, &OrderState)> = list
        .iter()
        .map(|it| (it.provider_id.as_ref().unwrap().as_str(), &it.state))
        .collect();
    assert_eq!(
        states,
        [
            ("271261", &OrderState::Working),
            ("271262", &OrderState::Accepted)
        ]
    );
    assert_eq!(list[0].draft.time_in_force, TimeInForce::GoodTilCancelled);
    let sent = rig.sent();
    assert!(sent[0].contains("status%5B%5D=In+Flight") && sent[0].contains("start-at="));
    assert!(sent[1].ends_with("page-offset=1"));
    assert!(sent[2].contains("start-at=2026-11-20T00%3A00%3A00.000Z"));
    assert!(sent[3].starts_with("GET /accounts/5WX00042/orders/live?"));
}

#[tokio::test]
async fn exits_know_their_entry_and_are_cancelled_with_it() {
    let all: serde_json::Value = serde_json::from_str(&fixture("complex_orders")).unwrap();
    let entry = all["data"]["items"][0]["trigger-order"].clone();
    let listed = serde_json::json!({"data": {"items": [entry]}}).to_string();
    let rig = paper(vec![
        status(200, &listed),
        none(),
        none(),
        ok("complex_orders"),
        status(204, ""),
    ]);
    let orders = rig.provider.orders().unwrap();
    let list = orders.list(&account_id(), Timestamp::EPOCH).await.unwrap();
    assert_eq!(list.len(), 3);
    assert!(matches!(list[0].draft.exits, Exits::Bracket { .. }));
    assert!(list[1..].iter().all(|exit| exit.parent == Some("1".into())));
    orders.cancel(&account_id(), "3").await.unwrap();
    assert_eq!(
        rig.sent()[4],
        "DELETE /accounts/5WX00042/complex-orders/901"
    );
}

#[tokio::test]
async fn a_cancel_of_all_asks_for_each_and_tells_who_refused() {
    let second = fixture("orders").replace("271261", "271262");
    let page: serde_json::Value = serde_json::from_str(&fixture("orders")).unwrap();
    let other: serde_json::Value = serde_json::from_str(&second).unwrap();
    let both = serde_json::json!({"data": {"items": [page["data"]["items"][0], other["data"]["items"][0]]}});
    let refusal = r#"{"error":{"code":"cannot_update_order","message":"too late"}}"#;
    let rig = paper(vec![
        status(200, &both.to_string()),
        status(200, "{}"),
        status(422, refusal),
    ]);
    let orders = rig.provider.orders().unwrap();
    let (asked, refused) = orders.cancel_all(&account_id()).await.unwrap();
    assert_eq!(
        (asked, refused[0].as_str()),
        (1, "order 271262: refused: too late")
    );
}

#[tokio::test]
async fn absence_is_only_said_when_every_row_was_read() {
    let named = fixture("orders").replace(
        r#""id": 271261,"#,
        &format!(r#""id": 271261, "external-identifier": "{OURS}","#),
    );
    let unread = r#"{"data":{"items":[{"id":1}]}}"#;
    let rig = paper(vec![
        none(),
        status(200, &named),
        none(),
        none(),
        none(),
        status(200, unread),
        status(502, "<html>"),
        status(502, "<html>"),
        status(502, "<html>"),
        status(502, "<html>"),
    ]);
    tokio::time::pause();
    let orders = rig.provider.orders().unwrap();
    let id = account_id();
    let found = orders.by_client_id(&id, OURS).await.unwrap().unwrap();
    assert_eq!(found.id.as_str(), OURS);
    assert_eq!(orders.by_client_id(&id, OURS).await.unwrap(), None);
    let error = orders.by_client_id(&id, OURS).await.unwrap_err();
    assert!(matches!(error, ProviderError::Garbled { .. }), "{error:?}");
    let error = orders.by_client_id(&id, OURS).await.unwrap_err();
    assert_eq!(error, ProviderError::Unavailable { status: 502 });
}
