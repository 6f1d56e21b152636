//! kill -9 while the vault is being changed. Two ways to choose the moment: by what the other process has said and,
//! in the full form, a chance moment after; and, where there is a C compiler, at a call to the system.

use std::thread;
use std::time::Duration;

use super::changes::{BACKED_UP, Keys, SMALL, State, Workload};
use super::home::*;
use super::preload::{self, Calls, Fault};
use super::process::{Job, Other, Said};
use super::verdict::{Session, Tally};

/// A thousand records of 4 KB, as large as vaults get.
const LARGE: Workload = Workload {
    records: 1000,
    length: 4000,
    keys: Keys::Rotated,
};

/// One vault that is killed again and again: each process goes on where the last one was stopped.
struct Trials {
    home: Home,
    workload: Workload,
    state: State,
    next: u64,
    tally: Tally,
    random: fastrand::Rng,
    /// Whether the store is opened by a process of its own.
    apart: bool,
}

impl Trials {
    fn of(home: Home, workload: Workload) -> Self {
        Self {
            home,
            workload,
            state: State::new(),
            next: 0,
            tally: Tally::default(),
            random: fastrand::Rng::with_seed(9),
            apart: false,
        }
    }

    /// The same, of a vault that is full already.
    fn filled(home: Home, workload: Workload) -> Self {
        let mut vault = home.unlocked();
        workload.fill(&mut vault);
        let state = State::of(&vault, 0).unwrap();
        drop(vault);
        Self {
            state,
            ..Self::of(home, workload)
        }
    }

    fn job(&self) -> Job {
        let mut job = Job::changes(&self.home, self.workload, self.next, u64::MAX);
        job.apart = self.apart;
        job
    }

    /// Lets the other process say so much and then, at most so much later, kills it.
    fn kill_after(&mut self, lines: u64, later: Duration) {
        let mut other = Other::ready(&self.job());
        for _ in 0..lines {
            other.line().expect("it goes on");
        }
        if !later.is_zero() {
            let nanos = u64::try_from(later.as_nanos()).unwrap();
            // Waits for nothing: it is the chance moment.
            thread::sleep(Duration::from_nanos(self.random.u64(..nanos)));
        }
        other.kill();
        let said = self.judge(other, || format!("killed after {lines} lines"));
        assert_eq!(said.failed, None, "nothing fails before it is killed");
    }

    /// Lets it be killed at one of its calls to the system.
    fn kill_at(&mut self, kind: &'static str, at: u64) {
        let beside = tempfile::tempdir().unwrap();
        let arm = beside.path().join("arm");
        let calls = Calls::counted_in(beside.path().join("calls"));
        let mut job = self.job();
        job.arm = Some(arm.clone());
        let mut command = job.command();
        let root = self.home.root();
        calls.fault(&mut command, root, Some(&arm), Fault { kind, at });
        let mut other = Other::start(command);
        // A call that cannot be torn is made, and then nothing would stop it.
        while !calls.hit() && calls.made() <= at + 40 {
            if other.line().is_none() {
                break;
            }
        }
        other.kill();
        self.judge(other, || format!("{kind} at call {at}"));
    }

    fn judge(&mut self, other: Other, trial: impl FnOnce() -> String) -> Said {
        let said = other.end();
        if self.apart {
            // Who opens the store for the one that was killed finishes what it was told, and is in nobody's way then.
            let lock = fs::File::open(self.home.folder.join("lock")).unwrap();
            lock.lock().unwrap();
        }
        let session = Session {
            workload: self.workload,
            before: &self.state,
            first: self.next,
        };
        let outcome = session.judge(&self.home, &said);
        if let Some(found) = self.tally.count(outcome, trial) {
            (self.state, self.next) = found;
        }
        said
    }
}

/// By what it said, each so much later by chance; the store opened here or by a process of its own.
fn kill_by_chance(home: Home, apart: bool, rounds: u64, later: Duration) {
    let mut trials = Trials::of(home, SMALL);
    trials.apart = apart;
    for round in 0..rounds {
        trials.kill_after(round * 5 % 7, later);
    }
    note(&format!("{} changes", trials.next));
    assert!(trials.next > rounds, "it changed something");
    trials.tally.expect_none(u32::try_from(rounds).unwrap());
}

/// At each of these calls, of the process that changes the vault or of the one that opens its store.
fn kill_at_calls(workload: Workload, apart: bool, calls: impl Iterator<Item = u64>) {
    if preload::library().is_none() {
        return;
    }
    let mut trials = Trials::of(Home::scratch().quick(), workload);
    trials.apart = apart;
    for at in calls {
        for kind in ["kill", "torn"] {
            trials.kill_at(kind, at);
        }
    }
    note(&format!("{} changes", trials.next));
    assert!(trials.next > 0, "it changed something");
    trials.tally.expect_none(2);
}

#[test]
fn kill9_vault() {
    kill_by_chance(Home::scratch().quick(), false, 20, Duration::ZERO);
    kill_by_chance(Home::scratch().quick(), true, 5, Duration::ZERO);
}

#[test]
fn kill9_vault_at_a_call() {
    kill_at_calls(SMALL, false, (1..150).step_by(16));
    kill_at_calls(SMALL, true, (1..150).step_by(37));
}

#[test]
#[ignore = "the full count: minutes"]
fn kill9_vault_full() {
    for apart in [false, true] {
        kill_by_chance(Home::empty().quick(), apart, 500, Duration::from_millis(30));
    }
}

#[test]
#[ignore = "the full count: minutes"]
fn kill9_vault_at_a_call_full() {
    kill_at_calls(SMALL, false, 1..=300);
    kill_at_calls(SMALL, true, 1..=200);
}

#[test]
#[ignore = "the full count: minutes"]
fn kill9_vault_of_1000_records_full() {
    for apart in [false, true] {
        let mut trials = Trials::filled(Home::empty().quick(), LARGE);
        trials.apart = apart;
        for round in 0..150 {
            trials.kill_after(round % 3, Duration::from_millis(60));
        }
        note(&format!("{} changes", trials.next));
        trials.tally.expect_none(150);
    }
}

/// A backup that is interrupted is none, and the one before it is still there.
#[test]
fn backup() {
    kill_at_calls(BACKED_UP, false, (8..100).step_by(5));
    kill_at_calls(BACKED_UP, true, (8..100).step_by(31));
}

#[test]
#[ignore = "the full count: minutes"]
fn backup_full() {
    for apart in [false, true] {
        kill_at_calls(BACKED_UP, apart, 1..=150);
    }
}
