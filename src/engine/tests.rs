use super::*;
use crate::domain::money::decimal;
use crate::domain::order::OrderChange;
use crate::domain::{
    Account, AccountActivity, AccountId, AssetClass, Balance, ClientOrderId, Currency, Environment,
    Exits, Mode, Order, OrderDraft, OrderKind, OrderSize, OrderState, Position, ProviderId,
    Quantity, Side, TimeInForce,
};
use crate::engine::input::{
    CallMeter, Channel, Failure, FailureKind, Profile, ReadAnswer, ReadData, Sent, StreamChange,
};

mod lock;

fn at(seconds: u64) -> Timestamp {
    Timestamp::EPOCH.plus(Duration::from_secs(seconds))
}

fn connection() -> ConnectionId {
    ConnectionId::new("alpaca")
}

fn account_id() -> AccountId {
    AccountId {
        connection: connection(),
        number: "PA34821".into(),
    }
}

fn account() -> Account {
    Account {
        id: account_id(),
        provider: ProviderId::new("alpaca"),
        environment: Environment::Paper,
        name: "margin".into(),
        currency: Currency::USD,
        restriction: None,
    }
}

fn balance() -> Balance {
    Balance {
        account: account_id(),
        currency: Currency::USD,
        equity: decimal("100").unwrap(),
        previous_equity: None,
        cash: decimal("100").unwrap(),
        buying_power: None,
        as_of: at(0),
    }
}

fn draft() -> OrderDraft {
    OrderDraft {
        account: account_id(),
        mode: Mode::Paper,
        symbol: Symbol::new("AAPL"),
        class: AssetClass::Equity,
        side: Side::Buy,
        size: OrderSize::Quantity(Quantity(decimal("10").unwrap())),
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Day,
        extended_hours: false,
        exits: Exits::None,
    }
}

fn report(id: &str, state: OrderState, filled: &str, when: u64) -> Order {
    Order {
        id: ClientOrderId::new(id),
        provider_id: Some(format!("venue-{id}").into()),
        draft: draft(),
        state,
        filled: filled.parse().unwrap(),
        average_price: None,
        created: at(when),
        updated: at(when),
        replaces: None,
        parent: None,
    }
}

/// An engine with one live connection, and what it published.
struct Rig {
    engine: Engine,
    published: Vec<Event>,
}

impl Rig {
    fn connected() -> Self {
        let settings = Settings {
            refresh: Duration::from_secs(60),
            read_only: false,
            demo: false,
            lock_after: None,
            seed: 7,
        };
        let mut rig = Self {
            engine: Engine::new(settings, vec![], VaultStatus::Absent),
            published: vec![],
        };
        let profile = Profile {
            id: connection(),
            provider: ProviderId::new("alpaca"),
            title: "Alpaca".into(),
            environment: Environment::Paper,
            has_quotes: true,
            simulated: true,
        };
        let reads = rig.tell(0, Input::Opened(profile));
        assert!(
            reads
                .iter()
                .any(|it| matches!(it, Output::Read(_, Reading::Accounts))),
            "{reads:?}"
        );
        rig.answer(
            0,
            Reading::Accounts,
            Ok(ReadData::Accounts(vec![(account(), Some(balance()))])),
        );
        rig
    }

    fn finish_first_run(&mut self, seconds: u64) {
        self.tell(seconds, Input::Tick);
        self.answer(
            seconds,
            Reading::Positions(account_id()),
            Ok(ReadData::Positions(vec![])),
        );
        self.answer(
            seconds,
            Reading::Orders(account_id()),
            Ok(ReadData::Orders(vec![])),
        );
        self.answer(
            seconds,
            Reading::Activities(account_id()),
            Ok(ReadData::Activities(vec![], vec![])),
        );
    }

    /// Gives an input and returns what is to be done, published events kept aside.
    fn tell(&mut self, seconds: u64, input: Input) -> Vec<Output> {
        let mut rest = Vec::new();
        for output in self.engine.handle(at(seconds), input) {
            if let Output::Publish(_, event) = output {
                self.published.push(event);
            } else {
                rest.push(output);
            }
        }
        rest
    }

    fn answer(
        &mut self,
        seconds: u64,
        reading: Reading,
        outcome: Result<ReadData, Failure>,
    ) -> Vec<Output> {
        let meter = CallMeter::default();
        let took = Duration::from_millis(5);
        self.tell(
            seconds,
            Input::Read(Box::new(ReadAnswer {
                connection: connection(),
                reading,
                took,
                meter,
                outcome,
            })),
        )
    }

    fn request(&mut self, seconds: u64, request: Request) -> Vec<Output> {
        self.tell(seconds, Input::Request(ScreenId(1), request))
    }

    fn place(&mut self, seconds: u64, id: &str) -> Vec<Output> {
        self.request(
            seconds,
            Request::PlaceOrder {
                id: ClientOrderId::new(id),
                draft: draft(),
            },
        )
    }

    fn state(&self, id: &str) -> &OrderState {
        &self
            .engine
            .book
            .get(&ClientOrderId::new(id))
            .expect("the order is known")
            .state
    }

    fn connection_state(&self) -> &ConnectionState {
        &self.engine.sessions[&connection()].status.state
    }
}

fn count(outputs: &[Output], wanted: impl Fn(&Output) -> bool) -> usize {
    outputs.iter().filter(|output| wanted(output)).count()
}

fn is_place(output: &Output) -> bool {
    matches!(output, Output::Place(_))
}

fn is_look_up(output: &Output) -> bool {
    matches!(output, Output::LookUp(..))
}

#[test]
fn accounts_that_were_read_open_streams_and_ask_for_the_rest() {
    let settings = Settings {
        refresh: Duration::from_secs(60),
        read_only: false,
        demo: false,
        lock_after: None,
        seed: 7,
    };
    let mut rig = Rig {
        engine: Engine::new(settings, vec![], VaultStatus::Absent),
        published: vec![],
    };
    let profile = Profile {
        id: connection(),
        provider: ProviderId::new("alpaca"),
        title: "Alpaca".into(),
        environment: Environment::Paper,
        has_quotes: true,
        simulated: false,
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

trait ConcatAll {
    fn concat_all(self) -> Vec<Output>;
}

impl<const N: usize> ConcatAll for [Vec<Output>; N] {
    fn concat_all(self) -> Vec<Output> {
        self.into_iter().flatten().collect()
    }
}

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
fn what_is_watched_follows_the_live_feed() {
    let mut rig = Rig::connected();
    let symbols = vec![Symbol::new("AAPL")];
    rig.request(
        1,
        Request::Watch {
            symbols: symbols.clone(),
        },
    );
    let outputs = rig.tell(
        2,
        Input::Stream(
            connection(),
            Channel::Quotes,
            StreamChange::Up("IEX".into()),
        ),
    );
    assert_eq!(
        count(
            &outputs,
            |it| matches!(it, Output::Watch(_, watched) if *watched == symbols)
        ),
        1
    );
    assert!(
        count(&rig.request(3, Request::Watch { symbols }), |it| matches!(
            it,
            Output::Watch(..)
        )) == 0
    );
    let outputs = rig.tell(4, Input::ScreenGone(ScreenId(1)));
    assert_eq!(
        count(
            &outputs,
            |it| matches!(it, Output::Watch(_, watched) if watched.is_empty())
        ),
        1
    );
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
    // Two honest executions alike: the stream told of one, the other was missed.
    let history = vec![fill("20260101::1"), fill("20260101::2")];
    rig.tell(2, Input::Tick);
    let reading = Reading::Activities(account_id());
    rig.answer(2, reading, Ok(ReadData::Activities(history, vec![])));
    let is_fill = |event: &&Event| matches!(event, Event::Activity(entry) if entry.kind == crate::link::EntryKind::Fill);
    assert_eq!(rig.published.iter().filter(is_fill).count(), 2);
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

fn failure(kind: FailureKind) -> Failure {
    Failure {
        kind,
        what: "status 503".into(),
    }
}

fn is_read_of(output: &Output, wanted: &Reading) -> bool {
    matches!(output, Output::Read(_, reading) if reading == wanted)
}

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
    rig.answer(
        2,
        Reading::Orders(account_id()),
        Ok(ReadData::Orders(vec![])),
    );
    let activities = Ok(ReadData::Activities(vec![], vec![]));
    let outputs = rig.answer(2, Reading::Activities(account_id()), activities);
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

fn lines_with<'a>(rig: &'a Rig, words: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for event in &rig.published {
        if let Event::Activity(entry) = event
            && entry.text.as_str().contains(words)
        {
            found.push(entry.text.as_str());
        }
    }
    found
}

fn quotes(change: StreamChange) -> Input {
    Input::Stream(connection(), Channel::Quotes, change)
}

#[test]
fn why_a_stream_is_away_is_said_when_it_is_new() {
    let mut rig = Rig::connected();
    let down = |why: &str, again| StreamChange::Down {
        why: why.into(),
        again,
    };
    rig.tell(1, quotes(StreamChange::Up("IEX".into())));
    for second in 2..5 {
        rig.tell(second, quotes(StreamChange::Trouble("taken".into())));
        rig.tell(second, quotes(down("taken", Some(at(second + 1)))));
    }
    rig.tell(5, quotes(down("refused", Some(at(6)))));
    rig.tell(6, quotes(down("refused", None)));
    assert_eq!(
        (lines_with(&rig, "taken"), lines_with(&rig, "refused")),
        (
            vec!["quotes: taken"],
            vec![
                "quotes: refused; trying again",
                "quotes: refused; gave up; press c to connect again"
            ]
        )
    );
}

#[test]
fn a_stream_that_gave_up_is_opened_when_the_person_connects() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    let is_open = |it: &Output| matches!(it, Output::OpenStreams(..));
    let connect = Request::Connect {
        connection: connection(),
    };
    let connected = |rig: &mut Rig, second| {
        let accounts = vec![(account(), Some(balance()))];
        rig.request(second, connect.clone());
        let outputs = rig.answer(second, Reading::Accounts, Ok(ReadData::Accounts(accounts)));
        rig.finish_first_run(second);
        count(&outputs, is_open)
    };
    for channel in [Channel::Quotes, Channel::Orders] {
        let up = StreamChange::Up("IEX".into());
        rig.tell(2, Input::Stream(connection(), channel, up));
    }
    assert_eq!(connected(&mut rig, 3), 0, "both are live");
    let down = StreamChange::Down {
        why: "refused".into(),
        again: None,
    };
    rig.tell(4, quotes(down));
    assert_eq!(connected(&mut rig, 5), 1);
}

#[test]
fn a_price_read_before_the_stream_is_up_says_that_it_is_simulated() {
    let mut rig = Rig::connected();
    let trade = crate::domain::Trade {
        symbol: Symbol::new("AAPL"),
        price: "1".parse().unwrap(),
        size: Quantity::ZERO,
        time: at(1),
    };
    let events = vec![crate::domain::MarketEvent::Trade(trade)];
    let reading = Reading::Snapshots(vec![Symbol::new("AAPL")]);
    rig.request(
        1,
        Request::Watch {
            symbols: vec![Symbol::new("AAPL")],
        },
    );
    rig.answer(1, reading, Ok(ReadData::Snapshots(events)));
    assert!(
        rig.engine
            .take_quotes()
            .iter()
            .all(|line| line.simulated && line.last.is_some())
    );
}
