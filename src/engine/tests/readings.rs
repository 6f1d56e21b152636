//! What is read when, and what is said of a reading that fails.

use super::*;

#[test]
fn what_is_under_way_is_not_waited_for_by_the_clock() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    rig.place(2, "a");
    let positions = Reading::Positions(account_id());
    rig.tell(
        3,
        Input::OrderReported(Box::new(report("a", OrderState::Working, "5", 3))),
    );
    let outputs = rig.tell(4, Input::Tick);
    assert_eq!(count(&outputs, |it| is_read_of(it, &positions)), 1);
    rig.tell(
        4,
        Input::OrderReported(Box::new(report("a", OrderState::Filled, "10", 4))),
    );
    assert_eq!(
        count(&rig.tell(5, Input::Tick), |it| is_read_of(it, &positions)),
        0
    );
    assert!(
        rig.engine.next_deadline().is_none_or(|due| due > at(5)),
        "a deadline in the past would make the loop spin until the answer"
    );
    rig.answer(6, positions.clone(), Ok(ReadData::Positions(vec![])));
    assert!(rig.engine.next_deadline() <= Some(at(6)));
    assert_eq!(
        count(&rig.tell(6, Input::Tick), |it| is_read_of(it, &positions)),
        1
    );
}

#[test]
fn everything_is_read_once_more_when_that_is_asked_for_meanwhile() {
    let mut rig = Rig::connected();
    let refresh = Request::Refresh { connection: None };
    for _ in 0..3 {
        assert_eq!(rig.request(1, refresh.clone()).len(), 0);
    }
    rig.tell(1, Input::Tick);
    rig.answer(
        2,
        Reading::Positions(account_id()),
        Ok(ReadData::Positions(vec![])),
    );
    let orders = Ok(ReadData::Orders(vec![]));
    let outputs = rig.answer(2, Reading::Orders(account_id()), orders);
    assert_eq!(count(&outputs, |it| is_read_of(it, &Reading::Accounts)), 1);
}

#[test]
fn a_connection_that_cannot_read_all_of_it_is_not_live() {
    let standing = [
        Reading::Accounts,
        Reading::Positions(account_id()),
        Reading::Orders(account_id()),
    ];
    let kinds = [
        (FailureKind::Later(None), 2),
        (FailureKind::Later(Some(Duration::from_secs(9))), 9),
        (FailureKind::NotFound, 2),
    ];
    for (reading, (kind, pause)) in standing.iter().flat_map(|it| kinds.map(|kind| (it, kind))) {
        let mut rig = Rig::connected();
        rig.finish_first_run(1);
        rig.tell(61, Input::Tick);
        rig.answer(61, reading.clone(), Err(failure(kind)));
        let state = rig.connection_state();
        assert!(
            matches!(state, ConnectionState::Retrying { at: again, why }
                if *again <= at(61 + pause) && *again > at(61) && why.as_str().contains("503")),
            "{reading:?} {kind:?}: {state:?}"
        );
        let outputs = rig.tell(61 + pause, Input::Tick);
        assert_eq!(
            count(&outputs, |it| is_read_of(it, reading)),
            1,
            "{reading:?} {kind:?}"
        );
    }
}

#[test]
fn a_failure_is_said_once_and_its_end_too() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    let positions = Reading::Positions(account_id());
    for second in 2..8 {
        rig.answer(
            second,
            positions.clone(),
            Err(failure(FailureKind::Later(None))),
        );
    }
    rig.answer(9, positions.clone(), Ok(ReadData::Positions(vec![])));
    rig.answer(10, positions, Ok(ReadData::Positions(vec![])));
    let said = |words: &str| {
        let lines = rig.published.iter().filter(
            |event| matches!(event, Event::Activity(entry) if entry.text.as_str().contains(words)),
        );
        lines.count()
    };
    assert_eq!(
        (said("could not read positions"), said("can be read again")),
        (1, 1)
    );
    assert_eq!(*rig.connection_state(), ConnectionState::Live);
}

#[test]
fn the_last_whole_reading_is_the_last_that_was_whole() {
    let last = |rig: &Rig| rig.engine.sessions[&connection()].status.last_sync;
    let mut rig = Rig::connected();
    assert_eq!(last(&rig), None);
    rig.finish_first_run(1);
    assert_eq!(last(&rig), Some(at(1)));
    rig.tell(61, Input::Tick);
    rig.answer(
        61,
        Reading::Accounts,
        Ok(ReadData::Accounts(vec![(account(), None)])),
    );
    rig.tell(61, Input::Tick);
    rig.answer(
        62,
        Reading::Orders(account_id()),
        Ok(ReadData::Orders(vec![])),
    );
    let positions = Reading::Positions(account_id());
    rig.answer(
        62,
        positions.clone(),
        Err(failure(FailureKind::Later(None))),
    );
    assert_eq!(last(&rig), Some(at(1)));
    rig.answer(65, positions, Ok(ReadData::Positions(vec![])));
    assert_eq!(last(&rig), Some(at(65)));
}

#[test]
fn accounts_that_come_back_bring_everything_with_them() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    rig.answer(5, Reading::Accounts, Err(failure(FailureKind::Later(None))));
    rig.answer(
        8,
        Reading::Accounts,
        Ok(ReadData::Accounts(vec![(account(), None)])),
    );
    let outputs = rig.tell(8, Input::Tick);
    let positions = Reading::Positions(account_id());
    assert_eq!(
        count(&outputs, |it| is_read_of(it, &positions)),
        1,
        "{outputs:?}"
    );
}

#[test]
fn rows_that_were_left_out_are_told_once() {
    let mut rig = Rig::connected();
    for (second, unreadable, at_row) in [(1, 1, "row 3"), (2, 1, "row 3"), (3, 2, "row 4")] {
        let meter = CallMeter {
            unreadable,
            unreadable_at: Some(format!("positions, {at_row}").into()),
            ..CallMeter::default()
        };
        let answer = ReadAnswer {
            connection: connection(),
            reading: Reading::Positions(account_id()),
            took: Duration::ZERO,
            meter,
            outcome: Ok(ReadData::Positions(vec![])),
        };
        rig.tell(second, Input::Read(Box::new(answer)));
    }
    let mut told = Vec::new();
    for event in &rig.published {
        if let Event::Notice { text, .. } = event {
            told.push(text.as_str());
        }
    }
    assert_eq!(
        told,
        [
            "rows that could not be read and are left out: 1, the last of positions, row 3",
            "rows that could not be read and are left out: 2, the last of positions, row 4",
        ]
    );
}
