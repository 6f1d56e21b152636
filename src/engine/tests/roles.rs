//! What a viewer's session may ask for, and what is shown of connections that it cannot use.

use super::*;
use crate::domain::LastKnown;
use crate::link::{FOR_VIEWING, VaultRole};

const VIEWER: VaultStatus = VaultStatus::Open {
    failures: 0,
    role: VaultRole::Viewer,
};
const TRADER: VaultStatus = VaultStatus::Open {
    failures: 0,
    role: VaultRole::Trader,
};

fn known(seconds: u64) -> LastKnown {
    LastKnown {
        connection: connection(),
        provider: ProviderId::new("alpaca"),
        environment: Environment::Paper,
        read: at(seconds),
        accounts: vec![account()],
        balances: vec![balance()],
        positions: vec![],
    }
}

/// A trader worked, locked, and a viewer opened the vault.
fn viewer_after_trader() -> Rig {
    let mut rig = Rig::connected();
    rig.tell(0, Input::Vault(TRADER));
    rig.finish_first_run(1);
    rig.place(2, "working");
    let order = report("working", OrderState::Working, "0", 3);
    rig.tell(3, Input::OrderReported(Box::new(order)));
    rig.request(4, Request::Lock);
    rig.tell(5, Input::Vault(LOCKED));
    rig.tell(6, Input::Vault(VIEWER));
    rig.published.clear();
    rig
}

fn says(rig: &Rig, sentence: &str) -> bool {
    rig.published.iter().any(|event| {
        matches!(event, Event::Notice { text, .. } if text.as_str() == sentence)
            || matches!(event, Event::OrderRefused { reason, .. } if reason.as_str() == sentence)
    })
}

fn trading_requests() -> Vec<Request> {
    let id = ClientOrderId::new("working");
    vec![
        Request::PlaceOrder {
            id: ClientOrderId::new("new"),
            draft: draft(),
        },
        Request::ReplaceOrder {
            id: id.clone(),
            replacement: ClientOrderId::new("changed"),
            change: OrderChange {
                quantity: Some("11".parse().unwrap()),
                ..OrderChange::default()
            },
        },
        Request::CancelOrder { id },
        Request::CancelAll { account: None },
        Request::Connect {
            connection: connection(),
        },
        Request::Disconnect {
            connection: connection(),
        },
    ]
}

#[test]
fn a_viewer_is_told_one_sentence_and_nothing_leaves() {
    for request in trading_requests() {
        let mut rig = viewer_after_trader();
        let done = rig.request(7, request.clone());
        assert_eq!(count(&done, |_| true), 0, "{request:?}: {done:?}");
        assert!(says(&rig, FOR_VIEWING), "{request:?}: {:?}", rig.published);
        assert_eq!(*rig.state("working"), OrderState::Working, "{request:?}");
        assert_eq!(*rig.connection_state(), ConnectionState::Sealed);
    }
    assert_eq!(
        viewer_after_trader().engine.refusal(),
        Some(FOR_VIEWING.into())
    );
}

#[test]
fn a_read_only_run_is_told_the_same_way() {
    for request in trading_requests().into_iter().take(4) {
        let mut rig = Rig::connected();
        rig.finish_first_run(1);
        let order = report("working", OrderState::Working, "0", 3);
        rig.tell(3, Input::OrderReported(Box::new(order)));
        rig.engine.settings.read_only = true;
        rig.request(4, request.clone());
        let sentence = "this run is read-only; start without --read-only to trade";
        assert!(says(&rig, sentence), "{request:?}");
        assert_eq!(rig.engine.refusal(), None, "credentials may be changed");
    }
}

#[test]
fn a_trader_after_a_viewer_has_everything_again() {
    let mut rig = viewer_after_trader();
    rig.request(7, Request::Lock);
    rig.tell(8, Input::Vault(LOCKED));
    rig.tell(9, Input::Vault(TRADER));
    assert_eq!(*rig.connection_state(), ConnectionState::Disconnected);
    rig.tell(9, Input::Opened(profile()));
    assert_eq!(*rig.connection_state(), ConnectionState::Connecting);
    let accounts = ReadData::Accounts(vec![(account(), Some(balance()))]);
    rig.answer(10, Reading::Accounts, Ok(accounts));
    rig.finish_first_run(11);
    assert_eq!(count(&rig.place(12, "new"), is_place), 1);
}

#[test]
fn a_connection_that_was_on_its_way_is_not_the_viewers() {
    let mut rig = Rig::connected();
    let done = rig.tell(1, Input::Vault(VIEWER));
    assert!(matches!(done[..], [Output::CloseStreams(_)]), "{done:?}");
    assert_eq!(*rig.connection_state(), ConnectionState::Sealed);
    assert_eq!(count(&rig.tell(61, Input::Tick), |_| true), 0);
}

fn empty(vault: VaultStatus) -> Rig {
    let mut rig = Rig::connected();
    rig.tell(0, Input::Removed(connection()));
    rig.tell(0, Input::Vault(vault));
    rig.published.clear();
    rig
}

#[test]
fn what_was_known_is_shown_old_until_it_is_read_anew() {
    let states = [
        (VIEWER, ConnectionState::Sealed),
        (TRADER, ConnectionState::Disconnected),
    ];
    for (vault, state) in states {
        let mut rig = empty(vault);
        let done = rig.tell(100, Input::Known(profile(), Box::new(known(40))));
        assert_eq!(count(&done, |_| true), 0, "nothing is asked for: {done:?}");
        let snapshot = rig.engine.snapshot(at(101));
        assert_eq!(snapshot.accounts, [account()]);
        assert_eq!(
            snapshot.balances,
            [balance()],
            "with the time of its reading"
        );
        assert_eq!(snapshot.positions, [(account_id(), vec![])]);
        assert_eq!(snapshot.connections[0].state, state);
        assert_eq!(snapshot.connections[0].last_sync, Some(at(40)));
        for event in rig
            .published
            .iter()
            .filter(|it| matches!(it, Event::Connection(_)))
        {
            let Event::Connection(status) = event else {
                continue;
            };
            assert_ne!(status.state, ConnectionState::Live);
        }
    }
    let mut rig = empty(TRADER);
    rig.tell(100, Input::Known(profile(), Box::new(known(40))));
    rig.tell(100, Input::Opened(profile()));
    assert_eq!(*rig.connection_state(), ConnectionState::Connecting);
    assert_eq!(rig.engine.snapshot(at(101)).balances, [balance()]);
    let newer = Balance {
        as_of: at(102),
        ..balance()
    };
    let accounts = ReadData::Accounts(vec![(account(), Some(newer.clone()))]);
    rig.answer(102, Reading::Accounts, Ok(accounts));
    assert_eq!(rig.engine.snapshot(at(103)).balances, [newer]);
}

#[test]
fn what_this_run_read_is_not_replaced_by_something_older() {
    let mut rig = viewer_after_trader();
    let other = LastKnown {
        balances: vec![],
        accounts: vec![],
        ..known(0)
    };
    rig.tell(7, Input::Known(profile(), Box::new(other)));
    let snapshot = rig.engine.snapshot(at(8));
    assert_eq!(snapshot.connections[0].last_sync, Some(at(1)));
    assert_eq!(snapshot.accounts, [account()]);
}

fn kept(outputs: &[Output]) -> Vec<Timestamp> {
    known_in(outputs).iter().map(|known| known.read).collect()
}

fn known_in(outputs: &[Output]) -> Vec<&LastKnown> {
    let mut all = Vec::new();
    for output in outputs {
        if let Output::Keep(known) = output {
            all.push(&**known);
        }
    }
    all
}

/// Reads everything at `seconds`; what was kept of it.
fn read_all(rig: &mut Rig, seconds: u64) -> Vec<Timestamp> {
    rig.request(seconds, Request::Refresh { connection: None });
    let accounts = ReadData::Accounts(vec![(account(), Some(balance()))]);
    let mut out = rig.answer(seconds, Reading::Accounts, Ok(accounts));
    out.extend(rig.tell(seconds, Input::Tick));
    let (positions, orders) = (ReadData::Positions(vec![]), ReadData::Orders(vec![]));
    out.extend(rig.answer(seconds, Reading::Positions(account_id()), Ok(positions)));
    out.extend(rig.answer(seconds, Reading::Orders(account_id()), Ok(orders)));
    kept(&out)
}

#[test]
fn a_whole_reading_is_kept_once_a_minute_and_before_everything_is_forgotten() {
    let mut rig = Rig::connected();
    rig.tell(0, Input::Vault(TRADER));
    rig.finish_first_run(1);
    assert_eq!(
        kept(&rig.tell(2, Input::Closing)),
        [],
        "kept when it was whole"
    );
    assert_eq!(read_all(&mut rig, 30), []);
    assert_eq!(read_all(&mut rig, 60), []);
    assert_eq!(read_all(&mut rig, 61), [at(61)]);
    assert_eq!(read_all(&mut rig, 90), []);
    assert_eq!(kept(&rig.tell(91, Input::Closing)), [at(90)]);
    assert_eq!(read_all(&mut rig, 100), []);
    let locked = rig.request(101, Request::Lock);
    assert_eq!(kept(&locked), [at(100)]);
    let order: Vec<bool> = locked
        .iter()
        .filter(|it| matches!(it, Output::Keep(_) | Output::DropSecrets))
        .map(|it| matches!(it, Output::Keep(_)))
        .collect();
    assert_eq!(order, [true, false], "written before the keys are gone");
    assert_eq!(kept(&rig.tell(102, Input::Closing)), []);
}

#[test]
fn what_is_kept_is_everything_of_the_connection_and_the_demo_keeps_nothing() {
    let mut rig = Rig::connected();
    rig.tell(1, Input::Tick);
    rig.answer(
        1,
        Reading::Orders(account_id()),
        Ok(ReadData::Orders(vec![])),
    );
    let done = rig.answer(
        1,
        Reading::Positions(account_id()),
        Ok(ReadData::Positions(vec![])),
    );
    assert_eq!(known_in(&done), [&known(1)]);

    let mut rig = Rig::connected();
    rig.engine.settings.demo = true;
    rig.finish_first_run(1);
    assert_eq!(kept(&rig.tell(2, Input::Closing)), []);
}
