//! Orders: sent once, looked up, cancelled, changed, and what the stream says of them.

use super::*;

#[test]
fn an_order_is_sent_once_however_often_it_is_asked_for() {
    let mut rig = Rig::connected();
    let first = rig.place(1, "a");
    let second = rig.place(1, "a");
    assert_eq!((count(&first, is_place), count(&second, is_place)), (1, 0));
    assert_eq!(*rig.state("a"), OrderState::Sending);
}

#[test]
fn a_filled_order_reads_positions_again() {
    let mut rig = Rig::connected();
    rig.place(1, "a");
    rig.tell(
        2,
        Input::OrderAnswered(
            ClientOrderId::new("a"),
            Sent::Accepted(Box::new(report("a", OrderState::Working, "0", 2))),
        ),
    );
    rig.tell(
        3,
        Input::OrderReported(Box::new(report("a", OrderState::Filled, "10", 3))),
    );
    assert_eq!(*rig.state("a"), OrderState::Filled);
    let outputs = rig.tell(4, Input::Tick);
    assert!(
        count(&outputs, |it| matches!(
            it,
            Output::Read(_, Reading::Positions(_))
        )) == 1,
        "{outputs:?}"
    );
}

#[test]
fn a_late_answer_does_not_take_back_what_the_stream_said() {
    let mut rig = Rig::connected();
    rig.place(1, "a");
    rig.tell(
        2,
        Input::OrderReported(Box::new(report("a", OrderState::Filled, "10", 2))),
    );
    rig.tell(
        3,
        Input::OrderAnswered(
            ClientOrderId::new("a"),
            Sent::Accepted(Box::new(report("a", OrderState::Accepted, "0", 1))),
        ),
    );
    assert_eq!(*rig.state("a"), OrderState::Filled);
    rig.tell(
        3,
        Input::OrderAnswered(
            ClientOrderId::new("a"),
            Sent::Unknown("late time-out".into()),
        ),
    );
    assert_eq!(*rig.state("a"), OrderState::Filled);
}

#[test]
fn an_order_of_unknown_fate_is_looked_up_and_never_sent_again() {
    let mut rig = Rig::connected();
    let mut places = count(&rig.place(1, "a"), is_place);
    places += count(
        &rig.tell(
            2,
            Input::OrderAnswered(ClientOrderId::new("a"), Sent::Unknown("time-out".into())),
        ),
        is_place,
    );
    assert!(matches!(rig.state("a"), OrderState::Unknown { .. }));
    let mut look_ups = 0;
    for second in 3..200 {
        let outputs = rig.tell(second, Input::Tick);
        places += count(&outputs, is_place);
        if count(&outputs, is_look_up) > 0 {
            look_ups += 1;
            rig.tell(
                second,
                Input::OrderLookedUp(ClientOrderId::new("a"), Ok(None)),
            );
        }
    }
    assert_eq!(places, 1);
    assert!((5..10).contains(&look_ups), "{look_ups}");
    let OrderState::Unknown { why, .. } = rig.state("a") else {
        panic!("absence alone is no answer")
    };
    assert!(why.as_str().contains("presumed not placed"), "{why}");
    rig.tell(
        200,
        Input::OrderLookedUp(
            ClientOrderId::new("a"),
            Ok(Some(Box::new(report("a", OrderState::Filled, "10", 150)))),
        ),
    );
    assert_eq!(*rig.state("a"), OrderState::Filled);
    assert_eq!(count(&rig.tell(400, Input::Tick), is_look_up), 0);
}

#[test]
fn an_intent_of_an_earlier_run_is_looked_up_before_anything_of_its_kind_is_sent() {
    let mut rig = Rig::connected();
    let intent = crate::engine::input::OpenIntent {
        id: ClientOrderId::new("old"),
        draft: draft(),
        created: at(0),
        provider_id: None,
    };
    rig.tell(1, Input::OpenIntents(vec![intent]));
    assert_eq!(count(&rig.tell(1, Input::Tick), is_look_up), 1);
    assert_eq!(count(&rig.place(2, "new"), is_place), 0);
    rig.tell(
        3,
        Input::OrderLookedUp(
            ClientOrderId::new("old"),
            Ok(Some(Box::new(report("old", OrderState::Filled, "10", 1)))),
        ),
    );
    assert_eq!(count(&rig.place(4, "newer"), is_place), 1);
}

#[test]
fn a_cancel_waits_for_the_venues_id() {
    let mut rig = Rig::connected();
    rig.place(1, "a");
    let is_cancel = |it: &Output| matches!(it, Output::Cancel { .. });
    assert_eq!(
        count(
            &rig.request(
                1,
                Request::CancelOrder {
                    id: ClientOrderId::new("a")
                }
            ),
            is_cancel
        ),
        0
    );
    let accepted = Sent::Accepted(Box::new(report("a", OrderState::Working, "0", 2)));
    assert_eq!(
        count(
            &rig.tell(2, Input::OrderAnswered(ClientOrderId::new("a"), accepted)),
            is_cancel
        ),
        1
    );
    assert_eq!(*rig.state("a"), OrderState::CancelPending);
    rig.tell(
        3,
        Input::OrderReported(Box::new(report("a", OrderState::Cancelled, "0", 3))),
    );
    assert_eq!(*rig.state("a"), OrderState::Cancelled);
}

#[test]
fn a_change_goes_out_under_a_name_of_its_own() {
    let mut rig = Rig::connected();
    let limit = |text: &str| OrderKind::Limit {
        limit: text.parse().unwrap(),
    };
    let mut working = report("a", OrderState::Working, "0", 1);
    working.draft.kind = limit("10");
    rig.tell(1, Input::OrderReported(Box::new(working)));
    let change = OrderChange {
        limit: Some("11".parse().unwrap()),
        ..OrderChange::default()
    };
    let (id, replacement) = (ClientOrderId::new("a"), ClientOrderId::new("b"));
    let request = Request::ReplaceOrder {
        id,
        replacement,
        change,
    };
    let outputs = rig.request(2, request.clone());
    assert_eq!(
        count(&outputs, |it| matches!(it, Output::Replace { .. })),
        1
    );
    assert_eq!(
        rig.engine
            .book
            .get(&ClientOrderId::new("b"))
            .unwrap()
            .draft
            .kind,
        limit("11")
    );
    assert!(rig.request(2, request).is_empty());
}

#[test]
fn an_execution_told_twice_is_shown_once() {
    let mut rig = Rig::connected();
    let fill = AccountActivity {
        account: account_id(),
        provider_id: "execution-1".into(),
        time: at(1),
        kind: crate::domain::ActivityKind::Fill {
            symbol: Symbol::new("AAPL"),
            side: Side::Buy,
            quantity: "10".parse().unwrap(),
            price: "189.95".parse().unwrap(),
            order: "venue-a".into(),
        },
    };
    for second in 1..4 {
        rig.tell(second, Input::Filled(Box::new(fill.clone())));
    }
    let fills = rig.published.iter().filter(|event| matches!(event, Event::Activity(entry) if entry.kind == crate::link::EntryKind::Fill));
    assert_eq!(fills.count(), 1);
}

#[test]
fn an_execution_of_the_stream_is_not_repeated_by_the_history() {
    let mut rig = Rig::connected();
    let fill = |id: &str| AccountActivity {
        account: account_id(),
        provider_id: id.into(),
        time: at(1),
        kind: crate::domain::ActivityKind::Fill {
            symbol: Symbol::new("AAPL"),
            side: Side::Buy,
            quantity: "10".parse().unwrap(),
            price: "189.95".parse().unwrap(),
            order: "venue-a".into(),
        },
    };
    rig.tell(1, Input::Filled(Box::new(fill("execution-1"))));
    let entry = |id: &str| Entry {
        account: account_id(),
        id: EntryId::provider(id),
        time: at(1),
        settles: None,
        corrects: None,
        word: "FILL".into(),
        description: "".into(),
        what: What::Trade(crate::domain::entry::Trade {
            holding: Holding {
                symbol: Symbol::new("AAPL"),
                class: AssetClass::Equity,
                multiplier: rust_decimal::Decimal::ONE,
                currency: Currency::USD,
            },
            side: Side::Buy,
            quantity: "10".parse().unwrap(),
            price: "189.95".parse().unwrap(),
            fees: rust_decimal::Decimal::ZERO,
            order: Some("venue-a".into()),
        }),
    };
    // Two honest executions alike: the stream told of one, the other was missed.
    let history = vec![entry("20260101::1"), entry("20260101::2")];
    rig.tell(2, Input::Tick);
    let reading = Reading::Activities(account_id());
    rig.answer(2, reading, Ok(ReadData::Activities(history, vec![])));
    let is_fill = |event: &&Event| matches!(event, Event::Activity(entry) if entry.kind == crate::link::EntryKind::Fill);
    assert_eq!(rig.published.iter().filter(is_fill).count(), 2);
}

#[test]
fn what_the_venue_said_later_stands_in_whatever_order_it_arrives() {
    use OrderState::{Accepted, CancelPending, Cancelled, Filled, Working};
    let cases = [
        // An answer that the event stream overtook.
        ([(Working, "0", 5), (Accepted, "0", 4)], Working),
        ([(Working, "0", 5), (Accepted, "0", 5)], Working),
        ([(Accepted, "0", 5), (Working, "0", 5)], Working),
        ([(CancelPending, "0", 6), (Working, "0", 5)], CancelPending),
        ([(CancelPending, "0", 6), (Working, "0", 7)], Working),
        // What has filled and what has ended is news however late it comes.
        ([(Working, "0", 5), (Filled, "10", 4)], Filled),
        ([(CancelPending, "0", 6), (Cancelled, "0", 5)], Cancelled),
        ([(Filled, "10", 5), (Working, "0", 6)], Filled),
    ];
    for (reports, expected) in cases {
        let mut rig = Rig::connected();
        rig.place(1, "a");
        for (state, filled, when) in reports.clone() {
            let order = Box::new(report("a", state, filled, when));
            rig.tell(when, Input::OrderReported(order));
        }
        assert_eq!(*rig.state("a"), expected, "{reports:?}");
    }
    let mut rig = Rig::connected();
    rig.place(1, "a");
    for (filled, when) in [("2", 5), ("6", 4), ("4", 6)] {
        let order = Box::new(report("a", Working, filled, when));
        rig.tell(7, Input::OrderReported(order));
    }
    let order = rig.engine.book.get(&ClientOrderId::new("a"));
    assert_eq!(order.map(|it| it.filled.to_string()), Some("6".into()));
}
