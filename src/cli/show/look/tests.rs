//! What is waited for, and what is said of what did not come.

use super::*;
use crate::domain::{ConnectionId, Environment, Level1, ProviderId, Timestamp};
use crate::link::FeedHealth;

fn status(state: ConnectionState) -> ConnectionStatus {
    ConnectionStatus {
        id: ConnectionId::new("alpaca"),
        provider: ProviderId::new("alpaca"),
        title: "Alpaca".into(),
        environment: Environment::Paper,
        state,
        feeds: vec![],
        latency_ms: None,
        calls: 0,
        errors: 0,
        requests_left: None,
        last_sync: None,
        next_sync: None,
        way: "keys".into(),
        by_browser: false,
        session_until: None,
        sign_in_due: None,
        refresh_failures: 0,
        clock_skew_ms: None,
    }
}

fn with(states: impl IntoIterator<Item = ConnectionState>) -> Replica {
    let mut replica = Replica::default();
    for (number, state) in states.into_iter().enumerate() {
        let mut status = status(state);
        status.id = ConnectionId::new(&format!("c{number}"));
        replica.connections.insert(status.id.clone(), status);
    }
    replica
}

fn retrying() -> ConnectionState {
    ConnectionState::Retrying {
        at: Timestamp::EPOCH,
        why: "timed out".into(),
    }
}

fn refused() -> ConnectionState {
    ConnectionState::NeedsSignIn { why: "401".into() }
}

fn failed() -> ConnectionState {
    ConnectionState::Failed { why: "no".into() }
}

#[test]
fn a_connection_is_waited_for_until_it_answers_or_gives_up() {
    for (state, settled) in [
        (ConnectionState::Connecting, false),
        (retrying(), false),
        (ConnectionState::Live, true),
        (ConnectionState::Disconnected, true),
        (refused(), true),
        (failed(), true),
    ] {
        assert_eq!(has_settled(&with([state.clone()])), settled, "{state:?}");
        let both = with([ConnectionState::Live, state]);
        assert_eq!(has_settled(&both), settled);
    }
    assert!(has_settled(&Replica::default()));
}

#[test]
fn what_is_missing_has_its_number() {
    let accounts =
        |states: Vec<ConnectionState>| missing(&with(states), &Subject::Accounts).map(|it| it.exit);
    assert_eq!(accounts(vec![]), None);
    assert_eq!(
        accounts(vec![ConnectionState::Live, ConnectionState::Disconnected]),
        None
    );
    assert_eq!(accounts(vec![refused(), failed()]), Some(Exit::SignIn));
    assert_eq!(accounts(vec![failed()]), Some(Exit::Failed));
    for state in [retrying(), ConnectionState::Connecting] {
        assert_eq!(
            accounts(vec![ConnectionState::Live, state]),
            Some(Exit::Unreachable)
        );
    }
    for subject in [Subject::Status, Subject::Connections] {
        assert_eq!(missing(&with([refused()]), &subject), None);
    }
}

fn quotes(names: &[&str]) -> Subject {
    Subject::Quotes(names.iter().map(|name| Symbol::new(name)).collect())
}

#[test]
fn a_price_that_did_not_come_is_named_with_the_reason() {
    let mut replica = with([ConnectionState::Live]);
    let feed = FeedHealth {
        name: "quotes".into(),
        label: "IEX".into(),
        live: true,
        heard: None,
        reconnects: 0,
        garbled: 0,
        messages: 0,
        not_live: vec![Symbol::new("OTC")],
        problem: None,
    };
    replica
        .connections
        .get_mut(&ConnectionId::new("c0"))
        .unwrap()
        .feeds = vec![feed];
    let mut aapl = Level1::unknown(Symbol::new("AAPL"));
    aapl.bid = Some("1".parse().unwrap());
    replica.quotes.insert(aapl.symbol.clone(), aapl);

    let missing = |replica: &Replica, names: &[&str]| {
        missing(replica, &quotes(names)).map(|it| (it.exit, it.sentence))
    };
    assert_eq!(missing(&replica, &["AAPL"]), None);
    let (exit, sentence) = missing(&replica, &["AAPL", "NOPE", "NADA"]).unwrap();
    assert_eq!(exit, Exit::Unreachable);
    assert!(sentence.starts_with("no price came for NOPE, NADA in time"));
    let (exit, sentence) = missing(&replica, &["OTC", "NOPE"]).unwrap();
    assert_eq!(exit, Exit::Failed);
    assert!(sentence.starts_with("no feed carries OTC;"));
    assert_eq!(missing(&with([refused()]), &["X"]).unwrap().0, Exit::SignIn);
    assert_eq!(missing(&with([]), &["X"]).unwrap().0, Exit::Failed);
}

#[test]
fn symbols_are_cleaned_and_counted_once() {
    let typed =
        |names: &[&str]| symbols(&names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    let found = typed(&["aapl", "AAPL", "brk.b"]).unwrap();
    assert_eq!(quotes(&["AAPL", "BRK.B"]), Subject::Quotes(found));
    assert_eq!(typed(&[" "]).unwrap_err().exit, Exit::Usage);
    let many: Vec<String> = (0..=MOST_WATCHED).map(|it| format!("S{it}")).collect();
    assert_eq!(symbols(&many).unwrap_err().exit, Exit::Usage);
}
