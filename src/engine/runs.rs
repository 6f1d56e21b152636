//! A run: everything of a connection read at once, because the person asked or a reconnect made it necessary.

use crate::domain::{ConnectionId, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::Reading;
use crate::link::{ConnectionState, EntryKind, Event, Level};
use std::collections::BTreeSet;

/// A reading of everything that the person asked for or that a reconnect made necessary.
pub(super) struct SyncRun {
    pub(super) entry: u64,
    pub(super) why: &'static str,
    pub(super) started: Timestamp,
    pub(super) waiting: BTreeSet<Reading>,
    pub(super) total: u32,
    pub(super) failed: u32,
    pub(super) positions: usize,
    pub(super) orders: usize,
}

impl Engine {
    pub(super) fn start_run(&mut self, now: Timestamp, id: &ConnectionId, why: &'static str) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.run.is_some() {
            return;
        }
        let waiting = BTreeSet::from([Reading::Accounts]);
        let entry = self.log.add(
            now,
            Line::new(EntryKind::Sync, "reading accounts")
                .at(id)
                .progress(0, 1),
        );
        session.run = Some(SyncRun {
            entry: entry.id,
            why,
            started: now,
            waiting,
            total: 1,
            failed: 0,
            positions: 0,
            orders: 0,
        });
        session.schedule(Reading::Accounts, now);
        self.publish(Event::Activity(entry));
        self.read_what_is_due(now);
    }

    pub(super) fn count_in_run(&mut self, id: &ConnectionId, count: impl FnOnce(&mut SyncRun)) {
        if let Some(run) = self
            .sessions
            .get_mut(id)
            .and_then(|session| session.run.as_mut())
        {
            count(run);
        }
    }

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
        // Accounts that could not be read have set another state.
        let succeeded_whole = succeeded || !matches!(reading, Reading::Accounts);
        let Some(run) = &mut session.run else { return };
        if !run.waiting.remove(reading) {
            return;
        }
        run.failed += u32::from(!succeeded);
        let line = if run.waiting.is_empty() {
            let text = format!(
                "{} account{}, {} positions, {} orders read ({})",
                accounts,
                if accounts == 1 { "" } else { "s" },
                run.positions,
                run.orders,
                run.why
            );
            let level = if run.failed > 0 {
                Level::Warn
            } else {
                Level::Info
            };
            let text = if run.failed > 0 {
                format!("{text}; {} of {} readings failed", run.failed, run.total)
            } else {
                text
            };
            Line::new(EntryKind::Sync, text)
                .level(level)
                .took(now.since(run.started))
        } else {
            let done = run.total - u32::try_from(run.waiting.len()).unwrap_or(0);
            Line::new(EntryKind::Sync, "reading").progress(done, run.total)
        };
        let entry = self.log.replace(run.entry, now, line.at(id));
        if run.waiting.is_empty() {
            session.run = None;
            if accounts > 0 && session.is_usable() && succeeded_whole {
                session.status.state = ConnectionState::Live;
            }
        }
        self.publish(Event::Activity(entry));
    }
}
