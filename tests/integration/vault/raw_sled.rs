//! sled alone, without what the vault puts around it: the proof that the crash tests can fail. Every value is flushed
//! as its manual says, and acknowledged.

use super::home::*;
use super::process::say;

const BATCH: u64 = 200;
const KEYS: u64 = 5;

fn open(folder: &Path) -> sled::Db {
    let db = sled::open(folder).unwrap();
    say("ready");
    db
}

/// One value a change: key `step % 5` holds `step`.
pub(super) fn write(folder: &Path, first: u64, count: u64) {
    let db = open(folder);
    for step in first..first + count {
        let key = (step % KEYS).to_be_bytes();
        db.insert(key, &step.to_be_bytes()).unwrap();
        db.flush().unwrap();
        say(&format!("done {step}"));
    }
}

/// A batch a change: 200 keys hold 4 KB of `step`.
pub(super) fn write_batches(folder: &Path, first: u64, count: u64) {
    let db = open(folder);
    for step in first..first + count {
        let mut batch = sled::Batch::default();
        for key in 0..BATCH {
            batch.insert(&key.to_be_bytes(), step.to_be_bytes().repeat(512));
        }
        db.apply_batch(batch).unwrap();
        db.flush().unwrap();
        say(&format!("done {step}"));
    }
}

/// What came of a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Fine,
    Lost,
    HalfApplied,
    FailedOpen,
}

fn values(folder: &Path) -> Option<BTreeMap<u64, u64>> {
    let number = |bytes: &[u8]| u64::from_be_bytes(*bytes.first_chunk().unwrap());
    let opened = std::panic::catch_unwind(|| sled::open(folder).ok());
    let db = opened.ok().flatten()?;
    let rows = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let rows = db.iter().map(|row| row.ok());
        rows.map(|row| row.map(|(key, value)| (number(&key), number(&value))))
            .collect()
    }));
    rows.ok().flatten()
}

/// Compares with the last change that was acknowledged, single values.
pub(super) fn fate(folder: &Path, done: Option<u64>) -> Fate {
    let Some(found) = values(folder) else {
        return Fate::FailedOpen;
    };
    let acknowledged = done.map_or(0, |done| done + 1);
    let newest = acknowledged.saturating_sub(KEYS)..acknowledged;
    let is_there = |step: u64| found.get(&(step % KEYS)).is_some_and(|&it| it >= step);
    if newest.into_iter().all(is_there) {
        Fate::Fine
    } else {
        Fate::Lost
    }
}

/// The same for batches.
pub(super) fn fate_of_batch(folder: &Path, done: Option<u64>) -> Fate {
    let Some(found) = values(folder) else {
        return Fate::FailedOpen;
    };
    let steps: std::collections::BTreeSet<u64> = found.values().copied().collect();
    let whole = found.is_empty() || found.len() as u64 == BATCH && steps.len() == 1;
    let newest = steps.last().copied();
    match whole {
        false => Fate::HalfApplied,
        true if newest >= done => Fate::Fine,
        true => Fate::Lost,
    }
}
