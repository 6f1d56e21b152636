//! A call to the system fails, at every place in turn: the vault is as it was before or as it was to be, and says so.

use super::changes::{BACKED_UP, ROTATED, SMALL, State, Workload};
use super::home::*;
use super::preload::{self, Calls, Fault};
use super::process::{Job, Kind, Other, Said};
use super::verdict::{Session, Tally, Wrong};

const KINDS: [&str; 4] = ["eio", "enospc", "short", "eintr"];

/// What the vault is doing when the call fails. A new kind of work is a line here and in `changes.rs`.
#[derive(Clone, Copy, Debug)]
enum While {
    Made,
    Opened,
    Changed,
}

/// A vault with some records, and what came of all the calls that failed on copies of it.
struct Trials {
    home: Home,
    before: State,
    /// How many changes each process makes.
    changes: u64,
    /// Whether the store is opened by a process of its own.
    apart: bool,
    workload: Workload,
    tally: Tally,
    said_why: u32,
    hits: u32,
    hangs: u32,
}

/// The number of the first change that the other process makes, beyond those that filled the vault: where there is
/// nothing but rotations or backups between the records, it is one.
const FIRST: u64 = 11;

impl Trials {
    fn of(workload: Workload, changes: u64) -> Self {
        let home = Home::scratch().quick();
        let mut vault = home.unlocked();
        workload.fill(&mut vault);
        let before = State::of(&vault, 0).unwrap();
        drop(vault);
        Self {
            home,
            before,
            changes,
            apart: false,
            workload,
            tally: Tally::default(),
            said_why: 0,
            hits: 0,
            hangs: 0,
        }
    }

    /// Lets the call fail; false when the work was done before it came to that.
    fn fail(&mut self, work: While, fault: Fault) -> bool {
        let home = match work {
            While::Made => Home::scratch(),
            While::Opened | While::Changed => self.home.copy(),
        };
        let beside = tempfile::tempdir().unwrap();
        let arm = beside.path().join("arm");
        let calls = Calls::counted_in(beside.path().join("calls"));
        let mut job = Job::changes(&home, self.workload, FIRST, self.changes);
        job.apart = self.apart;
        if matches!(work, While::Made) {
            job.kind = Kind::Create;
        }
        job.arm = matches!(work, While::Changed).then_some(arm);
        let mut command = job.command();
        calls.fault(&mut command, home.root(), job.arm.as_deref(), fault);
        let (said, ended) = Other::start(command).end_in(if self.apart { 120 } else { 20 });
        self.said_why += u32::from(said.failed.is_some());
        self.hangs += u32::from(!ended);
        // After an error sled may wait for itself for ever. Who opens it in a process of its own must not.
        let outcome = match ended || !self.apart {
            true => self.judge(&home, work, &said, ended),
            false => Err((Wrong::Hangs, String::new())),
        };
        self.hits += u32::from(calls.hit());
        self.tally.count(outcome, || format!("{work:?} {fault:?}"));
        calls.made() >= fault.at
    }

    fn judge(
        &self,
        home: &Home,
        work: While,
        said: &Said,
        ended: bool,
    ) -> Result<(), (Wrong, String)> {
        let nothing = State::new();
        let before = match work {
            While::Made => &nothing,
            While::Opened | While::Changed => &self.before,
        };
        if matches!(work, While::Made) && !vault::exists(&home.folder) && !said.created {
            // A second try works.
            return match Vault::create(home.lock(), &passphrase(RIGHT), cost()) {
                Ok(_) => Ok(()),
                Err(why) => Err((Wrong::FailedOpen, why.to_string())),
            };
        }
        let session = Session {
            workload: self.workload,
            before,
            first: FIRST,
        };
        session.judge(home, said)?;
        if said.neither {
            return Err((Wrong::HalfApplied, "while it was open".to_owned()));
        }
        let all = said.done == Some(FIRST + self.changes - 1);
        match (all, &said.failed) {
            (false, None) if ended => {
                Err((Wrong::Silent, "it neither failed nor did it".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

/// Lets each of these calls fail in each of these ways; at least so many must come to it.
struct Plan<'a> {
    works: &'a [While],
    workload: Workload,
    kinds: &'a [&'static str],
    apart: bool,
    changes: u64,
    hits: u32,
}

impl Plan<'_> {
    fn expect_none(&self, calls: impl Iterator<Item = u64> + Clone) {
        if preload::library().is_none() {
            return;
        }
        let mut trials = Trials::of(self.workload, self.changes);
        trials.apart = self.apart;
        for &work in self.works {
            for &kind in self.kinds {
                let fail = |&at: &u64| trials.fail(work, Fault { kind, at });
                let reached = calls.clone().take_while(fail).count();
                note(&format!("{work:?}, {kind}: {reached} calls"));
            }
        }
        let (hits, told, hangs) = (trials.hits, trials.said_why, trials.hangs);
        note(&format!("{hits} calls failed, {told} told, {hangs} hangs"));
        assert!(hits >= self.hits && told >= self.hits / 4 && hangs <= hits / 100);
        trials.tally.expect_none(self.hits);
    }
}

const CHANGED: Plan<'static> = Plan {
    works: &[While::Changed],
    workload: SMALL,
    kinds: &KINDS,
    apart: false,
    changes: 2,
    hits: 20,
};

#[test]
fn fault_points() {
    CHANGED.expect_none((1..300).step_by(7));
}

#[test]
fn fault_points_while_it_is_made_and_opened() {
    let plan = Plan {
        works: match cfg!(debug_assertions) {
            true => &[While::Opened, While::Made],
            false => &[While::Opened],
        },
        changes: 1,
        ..CHANGED
    };
    plan.expect_none((1..300).step_by(19));
}

#[test]
#[ignore = "the full count: minutes"]
fn fault_points_full() {
    let plan = Plan {
        changes: 10,
        hits: 400,
        ..CHANGED
    };
    plan.expect_none(1..=300);
}

#[test]
#[ignore = "the full count: minutes"]
fn fault_points_of_the_process_apart_full() {
    let plan = Plan {
        apart: true,
        changes: 10,
        hits: 400,
        ..CHANGED
    };
    plan.expect_none(1..=300);
}

/// From the first call of a rotation or a backup; the store opened here and by a process of its own.
fn expect_none_from_the_first_call_of(workload: Workload) {
    for apart in [false, true] {
        let plan = Plan {
            workload,
            apart,
            changes: 3,
            hits: 60,
            ..CHANGED
        };
        plan.expect_none(1..=300);
    }
}

#[test]
#[ignore = "the full count: minutes"]
fn fault_points_of_rotations_full() {
    expect_none_from_the_first_call_of(ROTATED);
}

#[test]
#[ignore = "the full count: minutes"]
fn fault_points_of_backups_full() {
    expect_none_from_the_first_call_of(BACKED_UP);
}

#[test]
#[ignore = "the full count: minutes"]
fn fault_points_while_it_is_made_and_opened_full() {
    let plan = Plan {
        works: &[While::Opened, While::Made],
        changes: 10,
        hits: 800,
        ..CHANGED
    };
    plan.expect_none(1..=300);
}

/// sled takes one failed read for the end of its log and wipes the rest: it must not read what counts.
const OF_READING: Plan<'static> = Plan {
    works: &[While::Opened, While::Made, While::Changed],
    kinds: &["unread"],
    ..CHANGED
};

#[test]
fn fault_points_of_reading() {
    OF_READING.expect_none((1..300).step_by(5));
}

#[test]
#[ignore = "the full count: minutes"]
fn fault_points_of_reading_full() {
    OF_READING.expect_none(1..=300);
}
