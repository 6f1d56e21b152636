//! Readings of everything together: at the start, after a reconnect, or because the person asked.

use crate::domain::{ConnectionId, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::Reading;
use crate::link::{EntryKind, Event, Level};
use std::collections::BTreeSet;

/// One reading of everything.
pub(super) struct SyncRun {
    entry: u64,
    why: &'static str,
    started: Timestamp,
    waiting: BTreeSet<Reading>,
    total: u32,
    failed: u32,
    pub(super) positions: usize,
    pub(super) orders: usize,
    /// Why everything has to be read once more: what this run read may be older than that.
    again: Option<&'static str>,
}

impl SyncRun {
    /// More that belongs to the run.
    pub(super) fn wait_for(&mut self, readings: Vec<Reading>) {
        self.total += u32::try_from(readings.len()).unwrap_or(u32::MAX);
        self.waiting.extend(readings);
    }

    fn progress(&self) -> Line {
        let done = self.total - u32::try_from(self.waiting.len()).unwrap_or(0);
        Line::new(EntryKind::Sync, "reading").progress(done, self.total)
    }

    fn summary(&self, now: Timestamp, accounts: usize) -> Line {
        let plural = if accounts == 1 { "" } else { "s" };
        let (positions, orders, why) = (self.positions, self.orders, self.why);
        let mut text = format!(
            "{accounts} account{plural}, {positions} positions, {orders} orders read ({why})"
        );
        let mut level = Level::Info;
        if self.failed > 0 {
            text = format!("{text}; {} of {} readings failed", self.failed, self.total);
            level = Level::Warn;
        }
        Line::new(EntryKind::Sync, text)
            .level(level)
            .took(now.since(self.started))
    }
}

impl Engine {
    /// Reads everything; while that is under way already, once more after it.
    pub(super) fn start_run(&mut self, now: Timestamp, id: &ConnectionId, why: &'static str) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if let Some(run) = &mut session.run {
            run.again = Some(why);
            return;
        }
        let line = Line::new(EntryKind::Sync, "reading accounts");
        let entry = self.log.add(now, line.at(id).progress(0, 1));
        session.run = Some(SyncRun {
            entry: entry.id,
            why,
            started: now,
            waiting: BTreeSet::from([Reading::Accounts]),
            total: 1,
            failed: 0,
            positions: 0,
            orders: 0,
            again: None,
        });
        session.schedule(Reading::Accounts, now);
        self.publish(Event::Activity(entry));
        self.read_what_is_due(now);
    }

    pub(super) fn count_in_run(&mut self, id: &ConnectionId, count: impl FnOnce(&mut SyncRun)) {
        let session = self.sessions.get_mut(id);
        if let Some(run) = session.and_then(|session| session.run.as_mut()) {
            count(run);
        }
    }

    /// A reading came back, well or not: the run it belongs to is one step further.
    pub(super) fn finish_reading(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        reading: &Reading,
        succeeded: bool,
    ) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let accounts = session.accounts.len();
        let Some(run) = session.run.as_mut() else {
            return session.settle();
        };
        if !run.waiting.remove(reading) {
            return session.settle();
        }
        run.failed += u32::from(!succeeded);
        let is_over = run.waiting.is_empty();
        let line = if is_over {
            run.summary(now, accounts)
        } else {
            run.progress()
        };
        let entry = self.log.replace(run.entry, now, line.at(id));
        let again = run.again;
        if is_over {
            session.run = None;
        }
        session.settle();
        self.publish(Event::Activity(entry));
        // Where accounts failed, everything is read when they are back, and not before their pause is over.
        let accounts_failed = *reading == Reading::Accounts && !succeeded;
        if let Some(why) = again.filter(|_| is_over && !accounts_failed) {
            self.start_run(now, id, why);
        }
    }
}
