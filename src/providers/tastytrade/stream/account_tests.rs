use super::*;
use crate::domain::{ActivityKind, ConnectionId, OrderState};
use crate::net::session::Ending;
use crate::providers::tastytrade::stream::script;
use crate::providers::tastytrade::tests::{FarSide, account_id, fixture};
use secrecy::SecretString;

type Script = script::Script<AccountSession>;

const OK: &str =
    r#"{"status":"ok","action":"connect","web-socket-session-id":"5b6e2799","value":["5WX00042"]}"#;
const FAILED: &str =
    r#"{"status":"error","action":"connect","web-socket-session-id":"4","message":"failed"}"#;

fn script(refused: &Arc<Refused>) -> Script {
    let rest = FarSide::new(Vec::new()).rest();
    let token = AccessToken::new(SecretString::from("access-0"));
    let second = AccountId {
        connection: ConnectionId::new("tastytrade"),
        number: "5WX00043".into(),
    };
    let accounts = (vec![account_id(), second], Environment::Paper);
    Script::open(AccountSession::new(
        token,
        rest,
        Arc::default(),
        refused.clone(),
        accounts,
    ))
}

fn live() -> Script {
    let mut script = script(&Arc::default());
    script.hear(OK);
    script.said();
    script.events();
    script
}

#[tokio::test]
async fn connect_comes_first_and_its_answer_makes_it_ready() {
    let mut script = script(&Arc::default());
    assert_eq!(
        script.said(),
        [
            r#"{"action":"connect","value":["5WX00042","5WX00043"],"auth-token":"Bearer access-0","request-id":1}"#
        ]
    );
    script.hear(OK);
    assert_eq!(script.events(), [StreamEvent::Ready]);
    script.hear(OK);
    assert_eq!(script.events(), []);
}

#[tokio::test]
async fn heartbeats_carry_the_newest_token() {
    let mut script = live();
    let peeked = script.session.rest.bearer().peek();
    assert!(peeked.is_none(), "nothing was renewed yet");
    script.at(HEARTBEAT);
    assert_eq!(
        script.said(),
        [r#"{"action":"heartbeat","auth-token":"Bearer access-0","request-id":2}"#]
    );
    script.hear(r#"{"status":"ok","action":"heartbeat","request-id":2}"#);
    script.session.rest.bearer().token().await.ok().unwrap();
    script.at(HEARTBEAT);
    assert_eq!(
        script.said(),
        [r#"{"action":"heartbeat","auth-token":"Bearer access-1","request-id":3}"#]
    );
    script.at(STEP);
    assert_eq!(script.out.end, Some(Ending::Retry), "nobody answered");
}

#[tokio::test]
async fn a_refused_token_is_tried_again_with_another_and_then_is_for_a_person() {
    let refused = Arc::<Refused>::default();
    let mut first = script(&refused);
    first.hear(FAILED);
    assert_eq!(first.out.end, Some(Ending::Retry));
    assert_eq!(refused.take().unwrap().expose(), "access-0");
    let mut second = script(&refused);
    second.hear(FAILED);
    assert!(matches!(second.out.end, Some(Ending::GiveUp { .. })));
    let mut third = script(&refused);
    third.hear(OK);
    let mut fourth = script(&refused);
    fourth.hear(FAILED);
    assert_eq!(
        fourth.out.end,
        Some(Ending::Retry),
        "one that worked between"
    );
    let mut fifth = script(&refused);
    fifth.hear(&FAILED.replace("failed", "connect-not-completed"));
    assert_eq!(fifth.out.end, Some(Ending::Retry));
}

#[tokio::test]
async fn a_recorded_fill_is_an_order_and_its_execution_told_once() {
    let mut script = live();
    script.hear(&fixture("frame_order_filled"));
    let events = script.events();
    let [StreamEvent::Order(order), StreamEvent::Fill(fill)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(order.state, OrderState::Filled);
    assert_eq!(order.average_price.unwrap().to_string(), "1");
    assert_eq!(order.updated.millis(), 1_748_448_002_553);
    assert_eq!(fill.provider_id.as_str(), "270602:134:AAPL");
    assert!(matches!(&fill.kind, ActivityKind::Fill { order, .. } if order.as_str() == "270602"));
    script.hear(&fixture("frame_order_filled"));
    assert!(matches!(script.events()[..], [StreamEvent::Order(_)]));
}

#[tokio::test]
async fn an_order_without_any_time_takes_ours() {
    let mut script = live();
    script.hear(&fixture("frame_order_routed"));
    let events = script.events();
    let [StreamEvent::Order(order)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(order.state, OrderState::Accepted);
    assert_eq!(order.created.to_string(), "2026-11-23T12:00:00Z");
}

#[tokio::test]
async fn several_messages_may_come_as_one() {
    let mut script = live();
    let frame = fixture("frame_order_routed");
    script.hear(&format!(r#"{{"results":[{frame},[],{frame}]}}"#));
    let events = script.events();
    assert!(
        matches!(
            events[..],
            [
                StreamEvent::Order(_),
                StreamEvent::Garbled { .. },
                StreamEvent::Order(_)
            ]
        ),
        "{events:?}"
    );
}

#[tokio::test]
async fn what_is_not_for_us_is_passed_over_and_what_is_new_is_counted() {
    for kind in ASIDE {
        let mut script = live();
        script.hear(&format!(r#"{{"type":"{kind}","data":{{}},"timestamp":1}}"#));
        assert_eq!(script.events(), [], "{kind}");
    }
    for frame in [
        "",
        "<html>",
        "[]",
        r#"{"type":"Newest","data":{}}"#,
        r#"{"type":"Order"}"#,
        r#"{"type":"Order","data":{"id":1,"account-number":"elsewhere"}}"#,
        r#"{"type":"Order","data":{"id":1,"account-number":"5WX00042","legs":[]}}"#,
    ] {
        let mut script = live();
        script
            .session
            .binary(script.now, frame.as_bytes(), &mut script.out);
        let events = script.events();
        assert!(
            matches!(events[..], [StreamEvent::Garbled { .. }]),
            "{frame}: {events:?}"
        );
        assert_eq!(script.out.end, None);
    }
}

#[tokio::test]
async fn a_connect_that_is_not_answered_is_begun_again() {
    let mut script = script(&Arc::default());
    script.at(STEP);
    assert_eq!(script.out.end, Some(Ending::Retry));
}
