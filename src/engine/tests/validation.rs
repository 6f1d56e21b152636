//! Credentials are tried at the start and once a day, on a clock that the test moves.

use super::*;

const DAY: u64 = 86_400;

/// What reads accounts brings, and whether it is told that the credentials are accepted.
fn read_accounts(rig: &mut Rig, second: u64) -> usize {
    let before = lines_with(rig, "credentials are accepted").len();
    let accounts = vec![(account(), Some(balance()))];
    rig.answer(second, Reading::Accounts, Ok(ReadData::Accounts(accounts)));
    lines_with(rig, "credentials are accepted").len() - before
}

#[test]
fn acceptance_is_told_at_the_start_and_once_a_day() {
    let mut rig = Rig::connected();
    assert_eq!(lines_with(&rig, "credentials are accepted").len(), 1);
    rig.finish_first_run(1);
    assert_eq!(read_accounts(&mut rig, 61), 0);
    assert_eq!(read_accounts(&mut rig, DAY - 1), 0);
    assert_eq!(read_accounts(&mut rig, DAY + 1), 1);
    assert_eq!(read_accounts(&mut rig, DAY + 61), 0);
}

#[test]
fn credentials_that_were_refused_are_tried_again_after_a_day() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    let refused = Err(failure(FailureKind::SignIn));
    rig.answer(100, Reading::Accounts, refused);
    assert!(matches!(
        rig.connection_state(),
        ConnectionState::NeedsSignIn { .. }
    ));
    let is_try = |it: &Output| is_read_of(it, &Reading::Accounts);
    assert_eq!(count(&rig.tell(99 + DAY, Input::Tick), is_try), 0);
    assert_eq!(rig.engine.next_deadline(), Some(at(100 + DAY)));
    assert_eq!(count(&rig.tell(100 + DAY, Input::Tick), is_try), 1);
    assert_eq!(*rig.connection_state(), ConnectionState::Connecting);
    assert_eq!(read_accounts(&mut rig, 101 + DAY), 1);
}

#[test]
fn what_a_person_disconnected_is_not_tried() {
    let mut rig = Rig::connected();
    rig.finish_first_run(1);
    let connection = connection();
    rig.request(2, Request::Disconnect { connection });
    let is_try = |it: &Output| is_read_of(it, &Reading::Accounts);
    assert_eq!(count(&rig.tell(3 + DAY, Input::Tick), is_try), 0);
}
