//! The power is cut while the vault is being changed. Another process changes it, the preloaded library writes down
//! what reaches the disk, and `crash.rs` gives the states that the disk may be left in.

use super::changes::{BACKED_UP, Keys, SMALL, State, Workload};
use super::crash::{Cut, History, Unsynced};
use super::home::*;
use super::preload;
use super::process::{Job, Kind, Other};
use super::raw_sled::{self, Fate};
use super::verdict::{Session, Tally};

/// A vault whose power is cut again and again: each session begins with what the cut before left.
struct Cuts {
    home: Home,
    state: State,
    next: u64,
    workload: Workload,
    /// Whether the store is opened by a process of its own.
    apart: bool,
    random: fastrand::Rng,
    tally: Tally,
}

impl Cuts {
    fn of(workload: Workload) -> Self {
        Self {
            home: Home::scratch().quick(),
            state: State::new(),
            next: 0,
            workload,
            apart: false,
            random: fastrand::Rng::with_seed(2),
            tally: Tally::default(),
        }
    }

    /// A session of so many changes, cut in so many ways.
    fn session(&mut self, changes: u64, cuts: u32) {
        let mut job = Job::changes(&self.home, self.workload, self.next, changes);
        job.apart = self.apart;
        let history = recorded(&job);
        let session = Session {
            workload: self.workload,
            before: &self.state,
            first: self.next,
        };
        let mut left = None;
        for _ in 0..cuts {
            let cut = Cut::any(&mut self.random, history.events());
            let home = Home::scratch();
            history.restore(cut, home.root());
            let outcome = session.judge(&home, &history.said(cut.at));
            let found = self.tally.count(outcome, || format!("{cut:?}"));
            left = found.map(|found| (cut, found)).or(left);
        }
        if let Some((cut, found)) = left {
            (self.state, self.next) = found;
            self.home = Home::scratch();
            history.restore(cut, self.home.root());
        }
    }
}

/// Does the job and returns what it did to the disk.
fn recorded(job: &Job) -> History {
    let beside = tempfile::tempdir().unwrap();
    let log = beside.path().join("log");
    let root = job.folder.parent().unwrap();
    let mut history = History::of(root);
    let mut command = job.command();
    preload::record(&mut command, root, &log);
    let said = Other::start(command).end();
    history.read(&log);
    assert_eq!(history.said(history.events()), said, "it heard everything");
    assert_eq!(said.failed, None);
    history
}

#[test]
fn the_record_of_what_reached_the_disk_is_complete() {
    if preload::library().is_none() {
        return;
    }
    let ways = [
        (Kind::Create, false),
        (Kind::Create, true),
        (Kind::Open, true),
    ];
    for (kind, apart) in ways {
        let home = match kind == Kind::Create {
            true => Home::scratch(),
            false => Home::scratch().quick(),
        };
        let mut job = Job::changes(&home, SMALL, 0, 5);
        job.kind = kind;
        job.apart = apart;
        let history = recorded(&job);
        let again = Home::scratch();
        let cut = Cut {
            at: history.events(),
            journal: history.events(),
            unsynced: Unsynced::Everything,
            keeps_ranges: false,
        };
        history.restore(cut, again.root());
        assert!(
            files_below(again.root()) == files_below(home.root()),
            "{kind:?}: something was missed"
        );
    }
}

/// Whatever takes a name that counts is on the disk whole before, and the name is before anything is acknowledged.
#[test]
fn powercut_vault_of_a_disk_that_keeps_only_what_is_synced() {
    if preload::library().is_none() {
        return;
    }
    for (kind, apart) in [
        (Kind::Create, false),
        (Kind::Open, false),
        (Kind::Open, true),
    ] {
        let home = match kind == Kind::Create {
            true => Home::scratch(),
            false => Home::scratch().quick(),
        };
        let mut job = Job::changes(&home, SMALL, 0, 15);
        job.kind = kind;
        job.apart = apart;
        assert_eq!(recorded(&job).careless(), Vec::<String>::new(), "{kind:?}");
    }
}

#[test]
fn powercut_vault() {
    if preload::library().is_none() {
        return;
    }
    let mut cuts = Cuts::of(SMALL);
    for changes in [1, 5, 3, 2, 4] {
        cuts.apart = changes == 2;
        cuts.session(changes, 10);
    }
    cuts.session(40, 30);
    cuts.tally.expect_none(80);
}

#[test]
#[ignore = "the full count: minutes"]
fn powercut_vault_full() {
    if preload::library().is_none() {
        return;
    }
    let mut short = Cuts::of(SMALL);
    for session in 0..100 {
        short.apart = session % 2 == 1;
        short.session(1 + session % 5, 5);
    }
    short.tally.expect_none(500);
    let mut long = Cuts::of(SMALL);
    for session in 0..10 {
        long.apart = session % 2 == 1;
        long.session(150, 50);
    }
    note(&format!("{} changes", long.next));
    long.tally.expect_none(500);
}

#[test]
fn powercut_vault_while_it_is_backed_up() {
    if preload::library().is_none() {
        return;
    }
    let mut cuts = Cuts::of(BACKED_UP);
    for _ in 0..2 {
        cuts.session(6, 25);
    }
    cuts.tally.expect_none(50);
}

#[test]
#[ignore = "the full count: minutes"]
fn powercut_vault_of_large_records_full() {
    if preload::library().is_none() {
        return;
    }
    let mut cuts = Cuts::of(Workload {
        records: 200,
        length: 4000,
        keys: Keys::Rotated,
    });
    let mut vault = cuts.home.unlocked();
    cuts.workload.fill(&mut vault);
    cuts.state = State::of(&vault, 0).unwrap();
    drop(vault);
    for _ in 0..15 {
        cuts.session(30, 20);
    }
    cuts.tally.expect_none(300);
}

/// Cuts while a vault is being made: there is none, or an empty one, or what was acknowledged.
fn cut_while_making(cuts: u32) {
    let home = Home::scratch();
    let mut job = Job::changes(&home, SMALL, 0, 3);
    job.kind = Kind::Create;
    // What is below the folder's parent, so that the folder itself may be missing.
    let root = home.root();
    let (log, mut history) = (tempfile::NamedTempFile::new().unwrap(), History::of(root));
    let mut command = job.command();
    preload::record(&mut command, root, log.path());
    Other::start(command).end();
    history.read(log.path());
    let mut tally = Tally::default();
    let mut random = fastrand::Rng::with_seed(3);
    let session = Session {
        workload: SMALL,
        before: &State::new(),
        first: 0,
    };
    let mut none = 0;
    for _ in 0..cuts {
        let cut = Cut::any(&mut random, history.events());
        let said = history.said(cut.at);
        let again = Home::scratch();
        history.restore(cut, again.root());
        if !vault::exists(&again.folder) && !said.created {
            none += 1;
            drop(again.create());
        }
        let outcome = session.judge(&again, &said);
        tally.count(outcome, || format!("{cut:?}"));
    }
    assert!(none > 0, "some cuts came early");
    tally.expect_none(cuts);
}

#[test]
fn powercut_vault_while_it_is_made() {
    if preload::library().is_some() && cfg!(debug_assertions) {
        cut_while_making(20);
    }
}

#[test]
#[ignore = "the full count: minutes"]
fn powercut_vault_while_it_is_made_full() {
    if preload::library().is_some() {
        cut_while_making(300);
    }
}

/// The same cuts, of sled alone.
fn fates(kind: Kind, sessions: u32, changes: u64, cuts: u32) -> BTreeMap<Fate, u32> {
    let home = Home::scratch();
    fs::create_dir(&home.folder).unwrap();
    let mut job = Job::changes(&home, SMALL, 0, changes);
    job.kind = kind;
    let mut random = fastrand::Rng::with_seed(4);
    let mut fates = BTreeMap::new();
    for _ in 0..sessions {
        let history = recorded(&job);
        job.first += changes;
        for _ in 0..cuts {
            let mut cut = Cut::any(&mut random, history.events());
            cut.keeps_ranges = false;
            if kind == Kind::RawSledBatches {
                cut.unsynced = Unsynced::Blocks(random.u64(..));
            }
            let again = Home::scratch();
            history.restore(cut, again.root());
            let done = history.said(cut.at).done;
            let done = done.or(job.first.checked_sub(changes + 1));
            let fate = match kind == Kind::RawSledBatches {
                true => raw_sled::fate_of_batch(&again.folder, done),
                false => raw_sled::fate(&again.folder, done),
            };
            *fates.entry(fate).or_default() += 1;
        }
    }
    note(&format!("sled alone, {kind:?}: {fates:?}"));
    fates
}

/// The proof that these tests can fail.
#[test]
fn powercut_vault_fails_on_sled_alone() {
    if preload::library().is_none() {
        return;
    }
    let fates = fates(Kind::RawSled, 2, 30, 15);
    assert!(
        fates.get(&Fate::Lost).copied().unwrap_or(0) >= 6,
        "{fates:?}"
    );
}

#[test]
#[ignore = "the full count: minutes"]
fn powercut_vault_fails_on_sled_alone_full() {
    if preload::library().is_none() {
        return;
    }
    let single = fates(Kind::RawSled, 10, 100, 20);
    assert!(single[&Fate::Lost] >= 40, "{single:?}");
    let batches = fates(Kind::RawSledBatches, 20, 5, 20);
    assert!(batches[&Fate::HalfApplied] >= 1, "{batches:?}");
}
