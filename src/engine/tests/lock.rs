//! The vault locks by itself when it should, and tells afterwards what happened meanwhile.

use super::*;
use crate::link::VaultRole;

const OPEN: VaultStatus = VaultStatus::Open {
    failures: 0,
    role: VaultRole::Trader,
};
const MINUTE: u64 = 60;

/// A rig on an open vault that locks fifteen minutes after the last key.
fn unlocked() -> Rig {
    let mut rig = Rig::connected();
    rig.engine.settings.lock_after = Some(Duration::from_mins(15));
    rig.finish_first_run(1);
    rig.tell(1, Input::Vault(OPEN));
    rig
}

fn locks(outputs: &[Output]) -> bool {
    outputs.iter().any(|it| matches!(it, Output::DropSecrets))
}

#[test]
fn autolock() {
    let mut rig = unlocked();
    assert!(
        !locks(&rig.tell(15 * MINUTE, Input::Tick)),
        "one second early"
    );
    assert!(locks(&rig.tell(15 * MINUTE + 1, Input::Tick)));

    let mut rig = unlocked();
    rig.request(10 * MINUTE, Request::Present);
    assert!(!locks(&rig.tell(25 * MINUTE - 1, Input::Tick)));
    let due = rig.engine.next_deadline().unwrap();
    assert!(
        due <= at(25 * MINUTE),
        "the clock is asked to come back in time"
    );
    assert!(locks(&rig.tell(25 * MINUTE, Input::Tick)));

    let slept = |seconds| Input::Slept(Duration::from_secs(seconds));
    assert!(!locks(&unlocked().tell(2, slept(30))));
    assert!(locks(&unlocked().tell(2, slept(31))));
    assert!(locks(&unlocked().request(2, Request::Lock)));
}

#[test]
fn what_is_locked_is_not_locked_again_and_the_simulation_never() {
    let mut rig = unlocked();
    rig.request(2, Request::Lock);
    rig.tell(3, Input::Vault(LOCKED));
    assert!(!locks(&rig.tell(60 * MINUTE, Input::Tick)));
    assert!(!locks(
        &rig.tell(60 * MINUTE, Input::Slept(Duration::from_hours(1)))
    ));

    let mut rig = unlocked();
    rig.engine.settings.demo = true;
    assert!(!locks(&rig.tell(60 * MINUTE, Input::Tick)));
    assert!(!locks(
        &rig.tell(60 * MINUTE, Input::Slept(Duration::from_hours(1)))
    ));
}

fn digests(rig: &Rig) -> Vec<(String, String)> {
    let told = |event: &Event| {
        let Event::Activity(entry) = event else {
            return None;
        };
        let detail = entry.detail.clone().unwrap_or_default();
        let digest = (entry.text.to_string(), detail.to_string());
        digest.0.starts_with("back after").then_some(digest)
    };
    rig.published.iter().filter_map(told).collect()
}

fn come_back(rig: &mut Rig, seconds: u64) {
    rig.tell(seconds, Input::Vault(OPEN));
    rig.tell(seconds, Input::Opened(profile()));
}

fn read_again(rig: &mut Rig, seconds: u64, equity: &str, orders: Vec<Order>) {
    let balance = Balance {
        equity: equity.parse().unwrap(),
        ..balance()
    };
    rig.answer(
        seconds,
        Reading::Accounts,
        Ok(ReadData::Accounts(vec![(account(), Some(balance))])),
    );
    let positions = Reading::Positions(account_id());
    rig.answer(seconds, positions, Ok(ReadData::Positions(vec![])));
    rig.answer(
        seconds,
        Reading::Orders(account_id()),
        Ok(ReadData::Orders(orders)),
    );
}

#[test]
fn the_person_who_comes_back_is_told_what_happened() {
    let mut rig = unlocked();
    for id in ["a", "b", "c"] {
        let order = report(id, OrderState::Working, "0", 2);
        rig.tell(2, Input::OrderReported(Box::new(order)));
    }
    rig.request(10, Request::Lock);
    rig.tell(10, Input::Vault(LOCKED));
    come_back(&mut rig, 10 + 130 * MINUTE);
    assert_eq!(digests(&rig), [], "nothing is known yet");
    let now = 11 + 130 * MINUTE;
    let orders = vec![
        report("a", OrderState::Filled, "10", 3),
        report("b", OrderState::Cancelled, "0", 3),
        report("c", OrderState::Working, "0", 3),
        report("d", OrderState::Working, "0", 3),
    ];
    read_again(&mut rig, now, "101000", orders);
    let told = digests(&rig);
    assert_eq!(told.len(), 1, "{told:?}");
    let (sentence, detail) = &told[0];
    assert!(sentence.starts_with("back after 2h 10m: "), "{sentence}");
    for part in [
        "AAPL filled 10",
        "AAPL cancelled",
        "AAPL order from elsewhere, working",
    ] {
        assert!(sentence.contains(part), "{part}: {sentence}");
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert!(sentence.contains("→ 101000 USD"), "{sentence}");
    rig.tell(now + 60, Input::Tick);
    assert_eq!(digests(&rig).len(), 1, "once");
}

#[test]
fn a_connection_that_does_not_come_back_is_named_in_the_end() {
    let mut rig = unlocked();
    rig.request(10, Request::Lock);
    rig.tell(10, Input::Vault(LOCKED));
    come_back(&mut rig, 40);
    rig.tell(69, Input::Tick);
    assert_eq!(digests(&rig), []);
    rig.tell(70, Input::Tick);
    let told = digests(&rig);
    assert!(
        told[0].0.starts_with("back after 30s: no order changed"),
        "{told:?}"
    );
    assert!(told[0].1.contains("not read yet"), "{told:?}");
}
