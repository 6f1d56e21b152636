//! The activity log: what happened, numbered, bounded.

pub(super) mod entries;

use crate::domain::{AccountId, ConnectionId, Text, Timestamp};
use crate::link::{Entry, EntryKind, Level, Progress};
use std::collections::VecDeque;
use std::time::Duration;

/// Lines kept for a screen that attaches later.
const MOST_KEPT: usize = 500;

/// The log.
#[derive(Default)]
pub(crate) struct ActivityLog {
    next: u64,
    kept: VecDeque<Entry>,
}

/// A line under construction.
pub(crate) struct Line {
    entry: Entry,
}

impl Line {
    pub(crate) fn new(kind: EntryKind, text: impl Into<Text>) -> Self {
        let entry = Entry {
            id: 0,
            time: Timestamp::EPOCH,
            kind,
            level: Level::Info,
            connection: None,
            account: None,
            text: text.into(),
            detail: None,
            took_ms: None,
            progress: None,
        };
        Self { entry }
    }

    pub(crate) fn level(mut self, level: Level) -> Self {
        self.entry.level = level;
        self
    }

    pub(crate) fn at(mut self, connection: &ConnectionId) -> Self {
        self.entry.connection = Some(connection.clone());
        self
    }

    pub(crate) fn account(mut self, account: &AccountId) -> Self {
        self.entry.connection = Some(account.connection.clone());
        self.entry.account = Some(account.clone());
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<Text>) -> Self {
        self.entry.detail = Some(detail.into());
        self
    }

    pub(crate) fn took(mut self, took: Duration) -> Self {
        self.entry.took_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        self
    }

    pub(crate) fn progress(mut self, done: u32, total: u32) -> Self {
        self.entry.progress = Some(Progress {
            done,
            total: Some(total),
        });
        self
    }
}

impl ActivityLog {
    /// Adds a line and returns it as screens are told of it.
    pub(crate) fn add(&mut self, now: Timestamp, line: Line) -> Entry {
        self.next += 1;
        self.replace(self.next, now, line)
    }

    /// Puts a line in the place of the one with number `id`.
    pub(crate) fn replace(&mut self, id: u64, now: Timestamp, line: Line) -> Entry {
        let entry = Entry {
            id,
            time: now,
            ..line.entry
        };
        match self.kept.iter_mut().find(|kept| kept.id == id) {
            Some(kept) => *kept = entry.clone(),
            None => {
                if self.kept.len() == MOST_KEPT {
                    self.kept.pop_front();
                }
                self.kept.push_back(entry.clone());
            }
        }
        entry
    }

    /// Lines kept, oldest first.
    pub(crate) fn kept(&self) -> Vec<Entry> {
        self.kept.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_bounded_and_replaced_in_place() {
        let mut log = ActivityLog::default();
        let first = log.add(
            Timestamp::EPOCH,
            Line::new(EntryKind::Sync, "running").progress(1, 3),
        );
        log.replace(
            first.id,
            Timestamp::EPOCH,
            Line::new(EntryKind::Sync, "done"),
        );
        assert_eq!(log.kept().len(), 1);
        assert_eq!(log.kept()[0].text.as_str(), "done");
        for _ in 0..2 * MOST_KEPT {
            log.add(Timestamp::EPOCH, Line::new(EntryKind::Feed, "x"));
        }
        assert_eq!(log.kept().len(), MOST_KEPT);
        assert_eq!(
            log.kept().last().map(|entry| entry.id),
            Some(1 + 2 * MOST_KEPT as u64)
        );
    }
}
