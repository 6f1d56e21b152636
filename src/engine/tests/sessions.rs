//! The life of a connection: live, refused, tried again, locked.

use super::*;
use crate::engine::input::Feed;

#[test]
fn accounts_that_were_read_open_streams_and_ask_for_the_rest() {
    let mut rig = Rig {
        engine: Engine::new(settings(), vec![], VaultStatus::Absent),
        published: vec![],
    };
    let profile = Profile {
        simulated: false,
        ..profile()
    };
    rig.tell(0, Input::Opened(profile));
    let outputs = rig.answer(
        0,
        Reading::Accounts,
        Ok(ReadData::Accounts(vec![(account(), Some(balance()))])),
    );
    assert_eq!(
        count(&outputs, |it| matches!(it, Output::OpenStreams(..))),
        1
    );
    let outputs = [outputs, rig.tell(0, Input::Tick)].concat_all();
    assert_eq!(
        count(&outputs, |it| matches!(
            it,
            Output::Read(_, Reading::Positions(_))
        )),
        1
    );
    assert_eq!(
        count(&outputs, |it| matches!(
            it,
            Output::Read(_, Reading::Orders(_))
        )),
        1
    );
    assert_eq!(
        *rig.connection_state(),
        ConnectionState::Connecting,
        "not live before everything was read"
    );
    rig.finish_first_run(0);
    assert_eq!(*rig.connection_state(), ConnectionState::Live);
}

#[test]
fn refused_credentials_stop_everything_and_keep_the_last_data() {
    let mut rig = Rig::connected();
    let failure = Failure {
        kind: FailureKind::SignIn,
        what: "access key verification failed".into(),
    };
    let outputs = rig.answer(60, Reading::Accounts, Err(failure));
    assert_eq!(
        count(&outputs, |it| matches!(it, Output::CloseStreams(_))),
        1
    );
    assert!(matches!(
        rig.connection_state(),
        ConnectionState::NeedsSignIn { .. }
    ));
    assert!(rig.tell(600, Input::Tick).is_empty());
    assert_eq!(rig.engine.holdings.accounts.len(), 1);
    let outputs = rig.request(
        601,
        Request::Connect {
            connection: connection(),
        },
    );
    assert_eq!(
        count(&outputs, |it| matches!(
            it,
            Output::Read(_, Reading::Accounts)
        )),
        1
    );
}

#[test]
fn failures_are_tried_again_after_growing_pauses() {
    let mut jitter = Jitter(fastrand::Rng::with_seed(3));
    for (failures, least, most) in [
        (1, 500, 1_000),
        (3, 2_000, 4_000),
        (7, 30_000, 60_000),
        (99, 30_000, 60_000),
    ] {
        let pause = jitter.pause(failures).as_millis();
        assert!(
            (least..=most).contains(&pause),
            "{failures} failures: {pause} ms"
        );
    }
    let mut rig = Rig::connected();
    let failure = Failure {
        kind: FailureKind::Later(Some(Duration::from_secs(30))),
        what: "status 503".into(),
    };
    rig.tell(60, Input::Tick);
    rig.answer(60, Reading::Accounts, Err(failure));
    assert!(matches!(
        rig.connection_state(),
        ConnectionState::Retrying { .. }
    ));
    assert_eq!(
        rig.engine.next_deadline(),
        Some(at(90)).min(rig.engine.next_deadline())
    );
    assert_eq!(
        count(&rig.tell(89, Input::Tick), |it| matches!(
            it,
            Output::Read(_, Reading::Accounts)
        )),
        0
    );
    assert_eq!(
        count(&rig.tell(90, Input::Tick), |it| matches!(
            it,
            Output::Read(_, Reading::Accounts)
        )),
        1
    );
}

#[test]
fn a_reconnected_order_stream_reads_everything_again() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    rig.tell(
        2,
        Input::Stream(
            connection(),
            Channel::Orders,
            StreamChange::Up("orders".into()),
        ),
    );
    let down = StreamChange::Down {
        why: "connection reset".into(),
        again: Some(at(4)),
    };
    rig.tell(3, Input::Stream(connection(), Channel::Orders, down));
    let outputs = rig.tell(
        5,
        Input::Stream(
            connection(),
            Channel::Orders,
            StreamChange::Up("orders".into()),
        ),
    );
    assert_eq!(
        count(&outputs, |it| matches!(
            it,
            Output::Read(_, Reading::Accounts)
        )),
        1,
        "{outputs:?}"
    );
}

#[test]
fn orders_that_come_with_the_prices_are_live_and_down_with_them() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    let both = Feed {
        label: "Schwab".into(),
        delayed_minutes: 0,
        carries_orders: true,
    };
    let orders = |rig: &Rig| {
        let feed = &rig.engine.snapshot(at(9)).connections[0].feeds[1];
        (feed.live, feed.problem.clone())
    };
    let mut tell = |second, change| {
        let outputs = rig.tell(second, Input::Stream(connection(), Channel::Quotes, change));
        let is_read = |it: &Output| matches!(it, Output::Read(_, Reading::Accounts));
        (orders(&rig), count(&outputs, is_read))
    };
    let up = || StreamChange::Up(both.clone());
    assert_eq!(tell(2, up()), ((true, None), 0));
    let down = StreamChange::Down {
        why: "connection reset".into(),
        again: Some(at(4)),
    };
    let lost = (false, Some("connection reset".into()));
    assert_eq!(tell(3, down), (lost, 0));
    assert_eq!(tell(5, up()), ((true, None), 1), "what was missed is read");
}

#[test]
fn a_lock_stops_connections_and_keeps_what_is_shown() {
    let mut rig = Rig::connected();
    let positions: Vec<Position> = vec![];
    rig.answer(
        1,
        Reading::Positions(account_id()),
        Ok(ReadData::Positions(positions)),
    );
    let outputs = rig.request(2, Request::Lock);
    assert_eq!(count(&outputs, |it| matches!(it, Output::DropSecrets)), 1);
    assert_eq!(*rig.connection_state(), ConnectionState::Disconnected);
    assert_eq!(count(&rig.place(3, "a"), is_place), 0);
}

#[test]
fn numbers_of_events_have_no_gap() {
    let mut engine = Rig::connected().engine;
    let mut last = engine.sequence.0;
    for second in 1..50 {
        for output in engine.handle(
            at(second),
            Input::Request(ScreenId(1), Request::Refresh { connection: None }),
        ) {
            if let Output::Publish(sequence, _) = output {
                assert_eq!(sequence.0, last + 1);
                last = sequence.0;
            }
        }
    }
    assert_eq!(engine.snapshot(at(60)).at.0, last);
}

#[test]
fn a_sign_in_that_runs_out_within_a_day_is_told_once() {
    const DAY: u64 = 86_400;
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    let read = |rig: &mut Rig, second: u64| {
        let meter = CallMeter {
            sign_in_due: Some(at(3 * DAY)),
            ..CallMeter::default()
        };
        rig.tell(
            second,
            Input::Read(Box::new(ReadAnswer {
                connection: connection(),
                reading: Reading::Clock,
                took: Duration::ZERO,
                meter,
                outcome: Err(Failure {
                    kind: FailureKind::Later(None),
                    what: "away".into(),
                }),
            })),
        );
        lines_with(rig, "the sign-in ends").len()
    };
    assert_eq!(read(&mut rig, 2), 0);
    assert_eq!(read(&mut rig, 2 * DAY + 3_600), 1);
    assert_eq!(read(&mut rig, 2 * DAY + 7_200), 1);
    assert!(lines_with(&rig, "the sign-in ends")[0].contains("in 23 h; press c"));
}
