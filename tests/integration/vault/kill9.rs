//! kill -9 while the vault is being changed. Two ways to choose the moment: by what the other process has said and,
//! in the full form, a chance moment after; and, where there is a C compiler, at a call to the system.

use std::thread;
use std::time::Duration;

use super::changes::{Records, SMALL, Workload, records_of};
use super::home::*;
use super::preload::{self, Calls, Fault};
use super::process::{Job, Other, Said};
use super::verdict::{Session, Tally};

/// A thousand records of 4 KB, as large as vaults get.
const LARGE: Workload = Workload {
    records: 1000,
    length: 4000,
};

/// One vault that is killed again and again: each process goes on where the last one was stopped.
struct Trials {
    home: Home,
    workload: Workload,
    records: Records,
    next: u64,
    tally: Tally,
    random: fastrand::Rng,
}

impl Trials {
    fn of(home: Home, workload: Workload) -> Self {
        Self {
            home,
            workload,
            records: Records::new(),
            next: 0,
            tally: Tally::default(),
            random: fastrand::Rng::with_seed(9),
        }
    }

    /// The same, of a vault that is full already.
    fn filled(home: Home, workload: Workload) -> Self {
        let mut vault = home.unlocked();
        workload.fill(&mut vault);
        let records = records_of(&vault).unwrap();
        drop(vault);
        Self {
            records,
            ..Self::of(home, workload)
        }
    }

    fn job(&self) -> Job {
        Job::changes(&self.home, self.workload, self.next, u64::MAX)
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
        let root = &self.home.folder;
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
        let session = Session {
            workload: self.workload,
            before: &self.records,
            first: self.next,
        };
        let outcome = session.judge(&self.home, &said);
        if let Some(found) = self.tally.count(outcome, trial) {
            (self.records, self.next) = found;
        }
        said
    }
}

#[test]
fn kill9_vault() {
    let mut trials = Trials::of(Home::scratch().quick(), SMALL);
    for round in 0..20 {
        trials.kill_after(round * 5 % 13, Duration::ZERO);
    }
    if preload::library().is_some() {
        for round in 0..20 {
            trials.kill_at(["kill", "torn"][usize::from(round % 2 == 0)], 1 + round * 7);
        }
    }
    assert!(trials.next > 50, "it changed something: {}", trials.next);
    trials.tally.expect_none(20);
}

#[test]
#[ignore = "the full count: minutes"]
fn kill9_vault_full() {
    let mut trials = Trials::of(Home::empty().quick(), SMALL);
    for round in 0..1000 {
        trials.kill_after(round % 3, Duration::from_millis(15));
    }
    note(&format!("by chance, {} changes", trials.next));
    trials.tally.expect_none(1000);
    let mut trials = Trials::of(Home::scratch().quick(), SMALL);
    for at in 1..=500 {
        for kind in ["kill", "torn"] {
            trials.kill_at(kind, at);
        }
    }
    note(&format!("at a call, {} changes", trials.next));
    trials.tally.expect_none(1000);
}

#[test]
#[ignore = "the full count: minutes"]
fn kill9_vault_of_1000_records_full() {
    let mut trials = Trials::filled(Home::empty().quick(), LARGE);
    for round in 0..150 {
        trials.kill_after(round % 3, Duration::from_millis(60));
    }
    trials.tally.expect_none(150);
}
