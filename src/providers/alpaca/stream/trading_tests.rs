use super::*;
use crate::domain::{ActivityKind, Exits, Side};
use crate::net::session::Ending;
use crate::providers::alpaca::auth::tests::keys;
use crate::providers::alpaca::stream::script;
use crate::providers::alpaca::tests::{account_id, fixture};

type Script = script::Script<TradeSession>;

impl Script {
    fn new() -> Self {
        Self::with(Arc::default())
    }

    fn with(families: Arc<Families>) -> Self {
        let paper = Environment::Paper;
        Self::open(TradeSession::new(
            Shown::Keys(keys("PK1")),
            account_id(),
            paper,
            families,
        ))
    }

    fn live() -> Self {
        let mut script = Self::new();
        script.hear(&fixture("trading_authorized"));
        script.hear(&fixture("trading_listening"));
        script.out = Outbox::new();
        script
    }

    /// Paper hosts send bytes.
    fn hear(&mut self, text: &str) {
        self.session
            .binary(self.now, text.as_bytes(), &mut self.out);
    }

    fn event(&mut self, event: &str, order: &str) -> Vec<StreamEvent> {
        self.hear(&format!(
            r#"{{"stream":"trade_updates","data":{{"event":"{event}","order":{order}}}}}"#
        ));
        self.events()
    }
}

#[test]
fn log_in_then_listen_then_ready() {
    let mut script = Script::new();
    let log_in = r#"{"action":"authenticate","data":{"key_id":"PK1","secret_key":"s3cr3t"}}"#;
    assert_eq!(script.said(), [log_in]);
    script.hear(&fixture("trading_authorized"));
    assert_eq!(script.said(), [LISTEN]);
    assert_eq!(script.out.events, []);
    script.hear(&fixture("trading_listening"));
    assert_eq!(script.out.events, [StreamEvent::Ready]);
    assert_eq!(script.session.next_deadline(), None);
    script.hear(&fixture("trading_listening"));
    script.hear(&fixture("trading_authorized"));
    assert_eq!(
        (script.out.events.len(), script.said().len()),
        (1, 0),
        "said twice is heard once"
    );
}

#[test]
fn text_and_binary_frames_are_read_the_same() {
    let mut script = Script::live();
    let frame = fixture("trading_fill");
    script.session.text(script.now, &frame, &mut script.out);
    let from_text = std::mem::take(&mut script.out.events);
    script.hear(&frame);
    assert_eq!(script.out.events, from_text);
    assert_eq!(from_text.len(), 2);
}

#[test]
fn a_documented_fill_is_an_order_and_its_execution() {
    let mut script = Script::live();
    script.hear(&fixture("trading_fill"));
    let [StreamEvent::Order(order), StreamEvent::Fill(fill)] = &script.out.events[..] else {
        panic!("{:?}", script.out.events)
    };
    assert_eq!(
        (order.state.clone(), order.filled.to_string()),
        (OrderState::Filled, "1790.86".into())
    );
    assert_eq!(order.draft.account, account_id());
    assert_eq!(order.created.to_string(), "2022-04-19T17:45:04.981350886Z");
    assert_eq!(
        fill.provider_id.as_str(),
        "2f63ea93-423d-4169-b3f6-3fdafc10c418"
    );
    let ActivityKind::Fill {
        symbol,
        side,
        quantity,
        price,
        order: id,
    } = &fill.kind
    else {
        panic!("{fill:?}")
    };
    assert_eq!((symbol.as_str(), *side), ("SOLUSD", Side::Sell));
    assert_eq!(
        (quantity.to_string(), price.to_string()),
        ("1790.86".into(), "105.8988475".into())
    );
    assert_eq!(Some(id), order.provider_id.as_ref());
}

#[test]
fn a_refused_log_in_is_for_a_person_and_a_forgotten_one_is_not() {
    let mut script = Script::new();
    script.hear(&fixture("trading_unauthorized"));
    let why = "the log-in was refused: check the API keys".into();
    assert_eq!(script.out.end, Some(Ending::GiveUp { why }));
    let mut script = Script::new();
    script.hear(r#"{"stream":"authorization","data":{"status":"unauthorized","message":"access key verification failed"}}"#);
    let why = "the log-in was refused: access key verification failed".into();
    assert_eq!(script.out.end, Some(Ending::GiveUp { why }));
    let mut script = Script::new();
    script.hear(
        r#"{"stream":"authorization","data":{"status":"unauthorized","message":"no s3cr3t here"}}"#,
    );
    let why = "the log-in was refused: no [hidden] here".into();
    assert_eq!(script.out.end, Some(Ending::GiveUp { why }));
    let mut script = Script::new();
    script.hear(&fixture("trading_unauthorized_listen"));
    assert_eq!(script.out.end, Some(Ending::Retry));
    let mut script = Script::new();
    script.hear(r#"{"stream":"authorization","data":{"status":"later"}}"#);
    assert_eq!(script.out.end, Some(Ending::Retry));
    let mut script = Script::new();
    script.hear(&fixture("trading_authorized"));
    script.hear(r#"{"stream":"listening","data":{"streams":[]}}"#);
    assert_eq!(script.out.end, Some(Ending::Retry));
}

#[test]
fn each_step_has_a_deadline() {
    let ends = |script: &mut Script| {
        assert_eq!(script.session.next_deadline(), Some(script.now + STEP));
        script.session.tick(
            script.now + STEP - Duration::from_millis(1),
            &mut script.out,
        );
        assert_eq!(script.out.end, None);
        script.session.tick(script.now + STEP, &mut script.out);
        assert_eq!(script.out.end, Some(Ending::Retry));
        assert_eq!(script.session.next_deadline(), None);
    };
    ends(&mut Script::new());
    let mut script = Script::new();
    script.now += Duration::from_secs(3);
    script.hear(&fixture("trading_authorized"));
    ends(&mut script);
}

#[test]
fn every_event_is_an_order() {
    let mut script = Script::live();
    let order = fixture("order_equity");
    for event in EVENTS.iter().filter(|event| !event.ends_with("fill")) {
        let events = script.event(event, &order);
        assert!(
            matches!(events[..], [StreamEvent::Order(_)]),
            "{event}: {events:?}"
        );
    }
    for event in [
        "order_replace_rejected",
        "order_cancel_rejected",
        "trade_bust",
        "trade_correct",
    ] {
        let events = script.event(event, &order);
        assert!(
            matches!(
                events[..],
                [StreamEvent::Order(_), StreamEvent::Trouble { .. }]
            ),
            "{event}: {events:?}"
        );
    }
    let events = script.event("a_new_\\u001bword", &order);
    let words = StreamEvent::Garbled {
        at: "an order event that is not known: a_new_\u{fffd}word".into(),
    };
    assert!(matches!(events[0], StreamEvent::Order(_)));
    assert_eq!(
        (events.len(), &events[1], script.out.end),
        (2, &words, None)
    );
}

#[test]
fn an_order_that_does_not_say_its_status_takes_the_event_s() {
    let mut script = Script::live();
    let order = fixture("order_equity").replace(r#""status": "accepted","#, "");
    for (event, expected) in [
        ("canceled", OrderState::Cancelled),
        ("fill", OrderState::Filled),
        ("partial_fill", OrderState::Working),
        ("order_cancel_rejected", OrderState::Working),
        ("pending_replace", OrderState::ReplacePending),
    ] {
        let events = script.event(event, &order);
        assert!(
            matches!(&events[0], StreamEvent::Order(order) if order.state == expected),
            "{event}: {events:?}"
        );
    }
}

#[test]
fn a_fill_without_its_numbers_is_still_an_order() {
    let mut script = Script::live();
    let events = script.event("fill", &fixture("order_equity"));
    assert!(
        matches!(
            events[..],
            [StreamEvent::Order(_), StreamEvent::Garbled { .. }]
        ),
        "{events:?}"
    );
}

#[test]
fn what_cannot_be_read_is_counted_and_survived() {
    for frame in [
        "",
        "<html>",
        "[]",
        r#"{"stream":"trade_updates","data":{}}"#,
        r#"{"stream":"trade_updates","data":{"event":"new","order":{"id":"x"}}}"#,
        r#"{"stream":"trade_updates"}"#,
        r#"{"stream":"a_new_one","data":{}}"#,
    ] {
        let mut script = Script::live();
        script.hear(frame);
        assert!(
            matches!(script.out.events[..], [StreamEvent::Garbled { .. }]),
            "{frame}: {:?}",
            script.out.events
        );
        assert_eq!(script.out.end, None, "{frame}");
    }
    let mut script = Script::live();
    script
        .session
        .binary(script.now, b"\x82\xa6stream\xff", &mut script.out);
    assert!(matches!(
        script.out.events[..],
        [StreamEvent::Garbled { .. }]
    ));
}

#[test]
fn what_the_lists_knew_of_a_bracket_is_not_forgotten_by_its_events() {
    let families = Arc::new(Families::default());
    let bracket = fixture("order_bracket");
    let read = order::family(
        &serde_json::from_str(&bracket).unwrap(),
        &account_id(),
        Mode::Paper,
    )
    .unwrap();
    let known = families.learn(read);
    let mut script = Script::with(families);
    let mut alone: serde_json::Value = serde_json::from_str(&bracket).unwrap();
    let legs = alone["legs"].take();
    let events = script.event("new", &alone.to_string());
    let StreamEvent::Order(head) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(head.draft.exits, known[0].draft.exits);
    assert!(matches!(head.draft.exits, Exits::Bracket { .. }));
    for leg in legs.as_array().unwrap() {
        let events = script.event("held", &leg.to_string());
        assert!(
            matches!(&events[0], StreamEvent::Order(leg) if leg.parent == head.provider_id),
            "{events:?}"
        );
    }
    let mut replaced = legs[0].clone();
    replaced["id"] = "a-new-leg".into();
    let events = script.event("new", &replaced.to_string());
    assert!(
        matches!(&events[0], StreamEvent::Order(leg) if leg.parent == head.provider_id),
        "by its group"
    );
}
