//! Orders as they leave, questions, what becomes of them, and as they are read.

use super::*;
use crate::domain::order::OrderChange;
use crate::domain::{
    Account, AssetClass, ClientOrderId, Currency, Exits, Mode, Order, OrderDraft, OrderKind,
    OrderSize, OrderState, ProviderId, Side, Symbol, Text, TimeInForce,
};
use crate::engine::risk::{self, Approved, ApprovedChange, Check, Paper};
use crate::net::error::Step;
use crate::providers::provider::{Placed, ProviderError, Question};

const OURS: &str = "mine-1";
const NEXT: &str = "mine-2";

fn draft() -> OrderDraft {
    OrderDraft {
        account: account_id(),
        mode: Mode::Paper,
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity("10".parse().unwrap()),
        kind: OrderKind::Limit {
            limit: "150.25".parse().unwrap(),
        },
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn approving<T>(approve: impl FnOnce(&Check<'_>) -> Result<T, Text>) -> T {
    let account = Account {
        id: account_id(),
        provider: ProviderId::new("ibkr"),
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

fn approved() -> Approved<Paper> {
    approving(|check| risk::approve(ClientOrderId::new(OURS), draft(), check))
}

async fn placed(planned: Vec<(&'static str, Outcome)>) -> (Rig, Placed) {
    let rig = paper(planned);
    let placed = rig.provider.orders().unwrap().place(&approved()).await;
    (rig, placed)
}

#[tokio::test(start_paused = true)]
async fn an_order_leaves_once_with_our_name_and_is_acknowledged() {
    let (rig, placed) = placed(vec![("/orders", ok("placed"))]).await;
    let Placed::Accepted(order) = placed else {
        panic!("{placed:?}");
    };
    assert_eq!(
        (
            order.id.as_str(),
            order.provider_id.as_ref().unwrap().as_str()
        ),
        (OURS, "922048212")
    );
    assert_eq!(order.state, OrderState::Working);
    assert_eq!(
        rig.far.bodies("/account/DU7654321/orders"),
        [
            r#"{"orders":[{"acctId":"DU7654321","conid":265598,"cOID":"mine-1","orderType":"LMT","price":150.25,"side":"BUY","tif":"DAY","quantity":10,"outsideRTH":false}]}"#
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_its_outcome() {
    let rejected = |reason: &str| Placed::Rejected {
        reason: reason.into(),
    };
    let unknown = |placed: &Placed| matches!(placed, Placed::Unknown { .. });
    let not_sent = |placed: &Placed| matches!(placed, Placed::NotSent { .. });
    let to = |outcome| placed(vec![("/orders", outcome)]);
    let (_, it) = to(status(
        200,
        r#"{"error":"We cannot accept an order at the limit price"}"#,
    ))
    .await;
    assert_eq!(it, rejected("We cannot accept an order at the limit price"));
    let (_, it) = to(status(200, r#"[{"error":"no"}]"#)).await;
    assert_eq!(it, rejected("no"));
    let twice =
        r#"{"error":"Order couldn't be submitted: Local order ID=mine-1 is already registered."}"#;
    assert_eq!(to(status(200, twice)).await.1, Placed::Duplicate);
    assert_eq!(
        to(ok("prompt")).await.1,
        rejected("Order exceeds what the account can pay for")
    );
    let (_, it) = to(status(
        400,
        r#"{"error":"Bad Request: odd price","statusCode":400}"#,
    ))
    .await;
    assert_eq!(it, rejected("odd price"));
    assert!(not_sent(
        &to(status(400, r#"{"error":"Bad Request: no bridge"}"#))
            .await
            .1
    ));
    assert!(not_sent(&to(status(429, "")).await.1));
    let refused = NetError::Connect {
        host: "h".into(),
        why: "refused".into(),
    };
    assert!(not_sent(&to(Err(refused)).await.1));
    let late = NetError::Timeout {
        step: Step::Answer,
        limit: std::time::Duration::ZERO,
    };
    for odd in [
        Err(late),
        status(401, r#"{"error":"not authenticated","statusCode":401}"#),
        status(503, ""),
        status(200, ""),
        status(200, "[]"),
        status(200, "[{}]"),
        status(200, "<html>"),
        status(400, "<html>"),
    ] {
        let (rig, it) = to(odd).await;
        assert!(unknown(&it), "{it:?}");
        assert_eq!(
            rig.far.bodies("/account/DU7654321/orders").len(),
            1,
            "never twice"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_is_the_persons_to_answer() {
    let (rig, placed) = placed(vec![
        ("/orders", ok("question")),
        (
            "/reply/07a13a5a-4a48-44a5-bb25-5ab37b79186c",
            status(
                200,
                r#"[{"id":"second-1","message":["Really?"],"messageIds":["o354"]}]"#,
            ),
        ),
        ("/reply/second-1", ok("placed")),
    ])
    .await;
    let Placed::Asked(question) = placed else {
        panic!("{placed:?}");
    };
    assert_eq!(question.kinds()[0].as_str(), "o163");
    assert!(
        question.sentences()[0]
            .as_str()
            .contains("Percentage constraint")
    );
    assert!(
        rig.far
            .bodies("/reply/07a13a5a-4a48-44a5-bb25-5ab37b79186c")
            .is_empty(),
        "nothing is answered alone"
    );
    let orders = rig.provider.orders().unwrap();
    let Placed::Asked(second) = orders.answer(&account_id(), &question, true).await else {
        panic!("it asks again");
    };
    let Placed::Accepted(order) = orders.answer(&account_id(), &second, true).await else {
        panic!("it is placed");
    };
    assert_eq!((order.id.as_str(), &order.draft), (OURS, &draft()));
    assert_eq!(rig.far.bodies("/reply/second-1"), [r#"{"confirmed":true}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_no_and_a_question_that_is_over_place_nothing() {
    let reply = "/reply/07a13a5a-4a48-44a5-bb25-5ab37b79186c";
    let (rig, first) = placed(vec![("/orders", ok("question")), (reply, status(503, ""))]).await;
    let Placed::Asked(question) = first else {
        panic!("{first:?}");
    };
    let orders = rig.provider.orders().unwrap();
    let no = orders.answer(&account_id(), &question, false).await;
    assert!(matches!(no, Placed::Rejected { .. }), "{no:?}");
    assert_eq!(rig.far.bodies(reply), [r#"{"confirmed":false}"#]);
    let again = orders.answer(&account_id(), &question, true).await;
    assert!(matches!(again, Placed::Rejected { .. }), "{again:?}");
    assert_eq!(rig.far.bodies(reply).len(), 1);

    let over = r#"{"error":"Bad Request: reply id not found: 'x'","statusCode":400}"#;
    let (rig, second) = placed(vec![
        ("/orders", ok("question")),
        (reply, status(400, over)),
    ])
    .await;
    let Placed::Asked(question) = second else {
        panic!("{second:?}");
    };
    let late = rig
        .provider
        .orders()
        .unwrap()
        .answer(&account_id(), &question, true)
        .await;
    assert!(
        matches!(&late, Placed::Rejected { reason } if reason.as_str().contains("not found")),
        "{late:?}"
    );
    let strange = Question::new(
        "elsewhere",
        crate::domain::question::About::Placing,
        ["?"],
        [],
    )
    .unwrap();
    let strange = rig
        .provider
        .orders()
        .unwrap()
        .answer(&account_id(), &strange, true)
        .await;
    assert!(matches!(strange, Placed::Rejected { .. }));
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_to_a_live_account_or_to_one_that_is_not_ours() {
    let rig = rig(Environment::Live, vec![]);
    let placed = rig.provider.orders().unwrap().place(&approved()).await;
    assert!(matches!(placed, Placed::NotSent { .. }), "{placed:?}");
    let mut other = fixture("brokerage_accounts");
    other = other.replace("DU7654321", "DU1111111");
    let (rig, placed) =
        super::orders::placed(vec![("/iserver/accounts", status(200, &other))]).await;
    assert!(matches!(placed, Placed::NotSent { .. }), "{placed:?}");
    assert!(rig.far.bodies("/orders").is_empty());
}

fn change(limit: &str) -> ApprovedChange<Paper> {
    let change = OrderChange {
        limit: Some(limit.parse().unwrap()),
        ..OrderChange::default()
    };
    let before = Order {
        id: ClientOrderId::new(OURS),
        provider_id: Some("922048212".into()),
        draft: draft(),
        state: OrderState::Working,
        filled: crate::domain::Quantity::ZERO,
        average_price: None,
        created: Timestamp::EPOCH,
        updated: Timestamp::EPOCH,
        replaces: None,
        parent: None,
    };
    let after = OrderDraft {
        kind: OrderKind::Limit {
            limit: limit.parse().unwrap(),
        },
        ..draft()
    };
    let name = ClientOrderId::new(NEXT);
    approving(|check| risk::approve_change(name, (&after, change), &before, check))
}

#[tokio::test(start_paused = true)]
async fn a_change_sends_the_whole_order_and_the_old_name_is_over() {
    let (rig, _) = placed(vec![
        ("/orders", ok("placed")),
        ("/order/status/922048212", ok("order_status")),
        ("/order/922048212", ok("placed")),
        ("/iserver/account/orders", ok("orders")),
        ("/iserver/account/orders", ok("orders")),
    ])
    .await;
    let orders = rig.provider.orders().unwrap();
    let changed = orders
        .replace(&account_id(), "922048212", &change("149.5"))
        .await;
    let Placed::Accepted(order) = changed else {
        panic!("{changed:?}");
    };
    assert_eq!(
        (order.id.as_str(), order.replaces.as_ref().unwrap().as_str()),
        (NEXT, "922048212")
    );
    let sent = rig.far.bodies("/order/922048212");
    assert_eq!(
        sent,
        [
            r#"{"acctId":"DU7654321","conid":265598,"orderType":"LMT","price":149.5,"side":"BUY","tif":"DAY","quantity":10,"outsideRTH":false}"#
        ]
    );
    let list = orders.list(&account_id(), Timestamp::EPOCH).await.unwrap();
    let state_of = |name: &str| {
        let found = list.iter().find(|order| order.id.as_str() == name);
        found.map(|order| order.state.clone())
    };
    assert_eq!(state_of(OURS), Some(OrderState::Replaced));
    assert_eq!(state_of(NEXT), Some(OrderState::Working));
    let found = orders
        .by_client_id(&account_id(), NEXT)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.provider_id.unwrap().as_str(), "922048212");
}

#[tokio::test(start_paused = true)]
async fn orders_are_listed_and_looked_up_by_our_name() {
    let rig = paper(vec![
        ("/iserver/account/orders", ok("orders_none")),
        ("/iserver/account/orders", ok("orders")),
        ("/iserver/account/orders", ok("orders")),
        ("/iserver/account/orders", ok("orders")),
        (
            "/iserver/account/orders",
            status(200, r#"{"orders":[{"acct":"DU7654321"}],"snapshot":true}"#),
        ),
    ]);
    let orders = rig.provider.orders().unwrap();
    let list = orders.list(&account_id(), Timestamp::EPOCH).await.unwrap();
    let kinds: Vec<String> = list
        .iter()
        .map(|order| order.draft.kind.to_string())
        .collect();
    assert_eq!(
        kinds,
        ["limit 150.25", "stop 140.00"],
        "the first question of a session is empty"
    );
    assert_eq!(list[1].parent.as_ref().unwrap().as_str(), "922048212");
    assert!(
        orders
            .by_client_id(&account_id(), OURS)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(orders.by_client_id(&account_id(), "other").await, Ok(None));
    let unsure = orders
        .by_client_id(&account_id(), "other")
        .await
        .unwrap_err();
    assert!(matches!(unsure, ProviderError::Garbled { .. }), "{unsure}");
}

#[tokio::test(start_paused = true)]
async fn cancels_are_asked_for_one_by_one() {
    let taken = || {
        status(
            200,
            r#"{"msg":"Request was submitted","order_id":922048212,"conid":-1,"account":null}"#,
        )
    };
    let rig = paper(vec![
        ("/iserver/account/orders", ok("orders")),
        ("/order/922048212", taken()),
        (
            "/order/922048213",
            status(200, r#"{"error":"OrderID 922048213 doesn't exist"}"#),
        ),
        ("/order/1", status(200, r#"{"error":"it is too late"}"#)),
    ]);
    let orders = rig.provider.orders().unwrap();
    let (asked, refused) = orders.cancel_all(&account_id()).await.unwrap();
    assert_eq!((asked, refused.len()), (1, 1));
    assert!(refused[0].as_str().contains("doesn't exist"), "{refused:?}");
    let late = orders.cancel(&account_id(), "1").await.unwrap_err();
    assert!(matches!(late, ProviderError::Refused { .. }), "{late}");
}
