//! What became of a vault whose process was stopped: what was acknowledged is there, what was under way is there or not.

use super::changes::{State, Workload, restores, unlock_now};
use super::home::*;
use super::process::Said;

/// Changes that a process began to make, and what there was before.
pub(super) struct Session<'a> {
    pub(super) workload: Workload,
    pub(super) before: &'a State,
    pub(super) first: u64,
}

/// What is wrong with the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wrong {
    /// An acknowledged change is missing.
    Lost,
    /// It is in no state that it ever had.
    HalfApplied,
    /// It opens, and a record does not.
    Unreadable,
    /// It does not open.
    FailedOpen,
    /// The process that changed it neither ended nor failed.
    Hangs,
    /// A change was not made, and nobody was told.
    Silent,
}

/// How the vault was found, and the number of the change to go on with.
pub(super) type Found = (State, u64);

impl Session<'_> {
    /// Opens the vault as its owner would, and compares.
    pub(super) fn judge(&self, home: &Home, said: &Said) -> Result<Found, (Wrong, String)> {
        let (vault, passphrase) = home
            .open_anchored()
            .and_then(unlock_now)
            .map_err(|why| (Wrong::FailedOpen, why.to_string()))?;
        let found = State::of(&vault, passphrase);
        let found = found.map_err(|why| (Wrong::Unreadable, why.to_string()))?;
        drop(vault);
        let has_backup = found.backup.is_some();
        let found = self.compare(found, said)?;
        // Every tenth, for it takes its time.
        match has_backup && found.1 % 10 == 0 && !restores(home) {
            true => Err((Wrong::Unreadable, "its backup".to_owned())),
            false => Ok(found),
        }
    }

    pub(super) fn compare(&self, found: State, said: &Said) -> Result<Found, (Wrong, String)> {
        let acknowledged = said.done.map_or(self.first, |done| done + 1);
        let mut state = self.before.clone();
        let mut reached = None;
        for step in self.first..=acknowledged + 1 {
            if state == found {
                reached = Some(step);
            }
            state = self.workload.after(step, &state);
        }
        match reached {
            Some(next) if next >= acknowledged => Ok((found, next)),
            Some(next) => Err((Wrong::Lost, format!("{} changes", acknowledged - next))),
            None => Err((Wrong::HalfApplied, format!("after change {acknowledged}"))),
        }
    }
}

/// What was wrong how often, of how many.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) trials: u32,
    pub(super) wrong: BTreeMap<Wrong, u32>,
    examples: Vec<String>,
}

impl Tally {
    /// The vault as it was found, where nothing is wrong with it.
    pub(super) fn count<T>(
        &mut self,
        outcome: Result<T, (Wrong, String)>,
        trial: impl FnOnce() -> String,
    ) -> Option<T> {
        self.trials += 1;
        let (wrong, why) = match outcome {
            Ok(found) => return Some(found),
            Err(wrong) => wrong,
        };
        *self.wrong.entry(wrong).or_default() += 1;
        if self.examples.len() < 10 {
            self.examples
                .push(format!("{wrong:?} ({why}): {}", trial()));
        }
        None
    }

    /// That nothing was wrong, in at least so many trials.
    #[track_caller]
    pub(super) fn expect_none(&self, trials: u32) {
        note(&format!("{} trials, wrong: {:?}", self.trials, self.wrong));
        assert!(self.wrong.is_empty(), "{self:#?}");
        assert!(self.trials >= trials, "only {} trials", self.trials);
    }
}
