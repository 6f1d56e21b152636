//! Histories: when each account's is read, how far it came, and what the person is told of it.
//!
//! [`run`] decides what to fetch; this file starts readings, paces them and files what came. What a page brought is on the
//! disk, with how far the history now reaches, before the engine hears of it: a reading that is stopped at any moment
//! goes on from there.

mod page;
mod run;

pub use page::{FetchFailure, Fetched, Kept};
pub use run::Fetch;

use crate::domain::{
    AccountId, ConnectionId, HistoryLimits, Reach, RowCounts, SyncAsk, SyncOutcome, SyncRun, Text,
    Timestamp,
};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::{Failure, FailureKind};
use crate::engine::output::Output;
use crate::link::{ConnectionState, EntryKind, Event, Level};
use run::{Plan, Run};
use std::collections::BTreeMap;
use std::time::Duration;

/// Histories of one connection that are read at once; its rate limit holds for all of them together.
const MOST_AT_ONCE: usize = 4;

/// A pause after a fill before the history is read: brokers book an execution a moment later.
const AFTER_FILL: Duration = Duration::from_secs(5);

/// What happened longer ago than this is not told line by line.
const TOLD_FOR: Duration = Duration::from_secs(24 * 3600);

/// Every account's history.
#[derive(Default)]
pub(crate) struct Histories {
    limits: BTreeMap<ConnectionId, HistoryLimits>,
    reaches: BTreeMap<AccountId, Reach>,
    runs: BTreeMap<AccountId, Run>,
    due: BTreeMap<AccountId, (Timestamp, &'static str)>,
    /// What was asked for while a reading was under way.
    asked: BTreeMap<AccountId, SyncAsk>,
    last: BTreeMap<AccountId, SyncRun>,
    next_run: u64,
}

impl Histories {
    /// How a connection lets its histories be read; none where it has none.
    pub(crate) fn set_limits(&mut self, id: &ConnectionId, limits: Option<HistoryLimits>) {
        match limits {
            Some(limits) => self.limits.insert(id.clone(), limits),
            None => self.limits.remove(id),
        };
    }

    /// How far histories were read in earlier runs.
    pub(crate) fn set_reaches(&mut self, reaches: Vec<(AccountId, Reach)>) {
        self.reaches.extend(reaches);
    }

    /// The last reading of every account that has ended.
    pub(crate) fn last(&self) -> Vec<SyncRun> {
        self.last.values().cloned().collect()
    }

    pub(crate) fn forget(&mut self, connection: &ConnectionId) {
        self.limits.remove(connection);
        self.reaches.retain(|id, _| id.connection != *connection);
        self.runs.retain(|id, _| id.connection != *connection);
        self.due.retain(|id, _| id.connection != *connection);
        self.asked.retain(|id, _| id.connection != *connection);
        self.last.retain(|id, _| id.connection != *connection);
    }

    fn schedule(&mut self, account: &AccountId, at: Timestamp, why: &'static str) {
        let due = self.due.entry(account.clone()).or_insert((at, why));
        if at < due.0 {
            *due = (at, why);
        }
    }

    /// When something is to be done next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let waiting = |account: &&AccountId| !self.runs.contains_key(*account);
        let due = self.due.iter().filter(|(account, _)| waiting(account));
        let resumes = self.runs.values().filter(|run| !run.is_fetching);
        let resumes = resumes.filter_map(|run| run.resumes);
        due.map(|(_, (at, _))| *at).chain(resumes).min()
    }
}

impl Engine {
    /// Reads the history of an account, or of all, because the person asked.
    pub(super) fn sync(&mut self, now: Timestamp, account: Option<AccountId>, ask: SyncAsk) {
        let every = || self.holdings.accounts.keys().cloned().collect();
        let accounts: Vec<AccountId> = account.map_or_else(every, |account| vec![account]);
        for account in accounts {
            if self.histories.runs.contains_key(&account) {
                self.histories.asked.insert(account, ask);
            } else {
                self.start_sync(now, &account, "asked for", ask);
            }
        }
        self.fetch_what_is_due(now);
    }

    /// Stops reading the history of an account, or of all; what was read is kept.
    pub(super) fn cancel_sync(&mut self, now: Timestamp, account: Option<&AccountId>) {
        let running = self.histories.runs.keys();
        let stopped = running.filter(|id| account.is_none_or(|account| account == *id));
        for id in stopped.cloned().collect::<Vec<_>>() {
            self.histories.asked.remove(&id);
            self.end_sync(now, &id, SyncOutcome::Cancelled);
        }
    }

    /// A connection's accounts are known: their histories are read, and from then on every so often.
    pub(super) fn histories_are_due(&mut self, now: Timestamp, accounts: &[AccountId]) {
        if self.settings.sync_every.is_none() {
            return;
        }
        for account in accounts {
            let is_known = self.histories.due.contains_key(account);
            if !is_known && !self.histories.runs.contains_key(account) {
                self.histories.schedule(account, now, "connected");
            }
        }
    }

    /// Something was executed: the history is read soon, with the fees and the settlement of it.
    pub(super) fn history_changed(&mut self, now: Timestamp, account: &AccountId) {
        if self.settings.sync_every.is_some() {
            let soon = now.plus(AFTER_FILL);
            self.histories.schedule(account, soon, "after a fill");
        }
    }

    /// The connection cannot be asked any more: its readings go on when it can be.
    pub(super) fn interrupt_syncs(&mut self, now: Timestamp, connection: &ConnectionId) {
        let running = self.histories.runs.keys();
        let stopped = running.filter(|id| id.connection == *connection);
        for id in stopped.cloned().collect::<Vec<_>>() {
            self.end_sync(now, &id, SyncOutcome::Interrupted);
        }
        let Histories { due, asked, .. } = &mut self.histories;
        due.retain(|id, _| id.connection != *connection);
        asked.retain(|id, _| id.connection != *connection);
    }

    /// Starts what is due and fetches what can be fetched.
    pub(super) fn fetch_what_is_due(&mut self, now: Timestamp) {
        let due = self.histories.due.iter().filter(|(_, (at, _))| *at <= now);
        let due: Vec<_> = due.map(|(id, (_, why))| (id.clone(), *why)).collect();
        for (account, why) in due {
            if !self.histories.runs.contains_key(&account) {
                self.histories.due.remove(&account);
                self.start_sync(now, &account, why, SyncAsk::default());
            }
        }
        let accounts: Vec<AccountId> = self.histories.runs.keys().cloned().collect();
        for account in accounts {
            self.fetch_next(now, &account);
        }
    }

    fn start_sync(&mut self, now: Timestamp, account: &AccountId, why: &'static str, ask: SyncAsk) {
        let id = &account.connection;
        let usable = self.sessions.get(id).filter(|session| session.is_usable());
        let limits = usable.and_then(|_| self.histories.limits.get(id)).copied();
        let Some(limits) = limits else {
            return;
        };
        if let Some(every) = self.settings.sync_every {
            self.histories
                .schedule(account, now.plus(every), "scheduled");
        }
        if self.histories.runs.contains_key(account) {
            return;
        }
        let reach = self.histories.reaches.get(account);
        let reach = reach.cloned().unwrap_or_default();
        let Some(plan) = Plan::new(ask, &reach, limits, now) else {
            let text = format!("no history of {} to read in that time", account.short());
            return self.note(now, Line::new(EntryKind::Sync, text).account(account));
        };
        self.histories.next_run += 1;
        let number = self.histories.next_run;
        let text = format!("reading the history of {}", account.short());
        let line = Line::new(EntryKind::Sync, text).account(account);
        let line = self.log.add(now, line.progress(0, 1));
        let run = Run::new((number, line.id), account.clone(), why, plan, now);
        self.histories.runs.insert(account.clone(), run);
        self.publish(Event::Activity(line));
    }

    fn fetch_next(&mut self, now: Timestamp, account: &AccountId) {
        let at_work =
            |(id, run): &(&AccountId, &Run)| run.is_fetching && id.connection == account.connection;
        let at_work = self.histories.runs.iter().filter(at_work).count();
        let Some(run) = self.histories.runs.get_mut(account) else {
            return;
        };
        if run.is_over() {
            return self.end_sync(now, account, SyncOutcome::Done);
        }
        if at_work < MOST_AT_ONCE {
            let reach = self.histories.reaches.get(account);
            let fetch = run.next(&reach.cloned().unwrap_or_default(), now);
            self.out.extend(fetch.map(Output::Fetch));
        }
    }

    pub(super) fn take_fetched(&mut self, now: Timestamp, fetched: Fetched) {
        let Fetched {
            account,
            run: number,
            requests_left,
            outcome,
        } = fetched;
        // It is on the disk, whatever became of the reading meanwhile.
        if let Ok(kept) = &outcome {
            let reach = kept.reach.clone();
            self.histories.reaches.insert(account.clone(), reach);
        }
        let run = self.histories.runs.get_mut(&account);
        let Some(run) = run.filter(|run| run.number == number) else {
            return;
        };
        run.record.requests_left = requests_left.or(run.record.requests_left);
        match outcome {
            Ok(kept) => {
                run.took(kept.rows, kept.next);
                self.tell_progress(now, &account);
                self.tell_rejected(now, &account, kept.rows.rejected, kept.rejected);
                let lately = now.minus(TOLD_FOR);
                let news = kept.news.into_iter().filter(|entry| entry.time >= lately);
                self.tell_history(news.collect());
            }
            Err(FetchFailure::CursorLost) => {
                let may_go_on = run.lost_cursor();
                if let Some(reach) = self.histories.reaches.get_mut(&account) {
                    *reach = reach.without_begun();
                }
                if !may_go_on {
                    let why = "the provider lost its place in the history twice; try again later";
                    self.end_sync(now, &account, SyncOutcome::Failed(why.into()));
                }
            }
            Err(FetchFailure::NotKept(why)) => {
                self.end_sync(now, &account, SyncOutcome::Failed(why));
            }
            Err(FetchFailure::Provider(failure)) => {
                self.take_fetch_failure(now, &account, failure);
            }
        }
        self.fetch_what_is_due(now);
    }

    fn take_fetch_failure(&mut self, now: Timestamp, account: &AccountId, failure: Failure) {
        let Some(run) = self.histories.runs.get_mut(account) else {
            return;
        };
        let pause = match failure.kind {
            FailureKind::Later(Some(pause)) => Some(pause),
            FailureKind::Later(None) => Some(self.jitter.pause(run.failures() + 1)),
            FailureKind::SignIn
            | FailureKind::Elsewhere
            | FailureKind::NotFound
            | FailureKind::Final => None,
        };
        if pause.is_some_and(|pause| run.failed(now, pause)) {
            return;
        }
        self.end_sync(now, account, SyncOutcome::Failed(failure.what.clone()));
        if failure.kind == FailureKind::SignIn {
            let why = failure.what;
            self.stop_session(
                now,
                &account.connection,
                ConnectionState::NeedsSignIn { why },
            );
            self.publish_status(&account.connection);
        }
    }

    fn tell_rejected(
        &mut self,
        now: Timestamp,
        account: &AccountId,
        rows: u64,
        first: Option<Text>,
    ) {
        if rows == 0 {
            return;
        }
        let text = format!(
            "rows of the history of {} that could not be read and are kept apart: {rows}",
            account.short()
        );
        let line = Line::new(EntryKind::Sync, text).account(account);
        let line = line.level(Level::Warn).detail(first.unwrap_or_default());
        self.note(now, line);
    }

    fn tell_progress(&mut self, now: Timestamp, account: &AccountId) {
        let Some(run) = self.histories.runs.get(account) else {
            return;
        };
        let record = run.record.clone();
        let text = format!(
            "reading the history of {}: {} pages, {} rows, {} new",
            account.short(),
            record.pages,
            record.rows.fetched,
            record.rows.new
        );
        let (done, total) = record.stretches;
        let line = Line::new(EntryKind::Sync, text).account(account);
        let entry = self
            .log
            .replace(run.line, now, line.progress(done, total.max(done)));
        self.publish(Event::Activity(entry));
        self.publish(Event::Synced(Box::new(record)));
    }

    fn end_sync(&mut self, now: Timestamp, account: &AccountId, outcome: SyncOutcome) {
        let Some(run) = self.histories.runs.remove(account) else {
            return;
        };
        let (line, number) = (run.line, run.number);
        let record = run.ended(now, outcome);
        let entry = self.log.replace(line, now, summary(&record));
        self.publish(Event::Activity(entry));
        self.publish(Event::Synced(Box::new(record.clone())));
        self.out.push(Output::KeepRun {
            run: number,
            record: Box::new(record.clone()),
        });
        self.histories.last.insert(account.clone(), record);
        if let Some(ask) = self.histories.asked.remove(account) {
            self.start_sync(now, account, "asked for", ask);
            self.fetch_next(now, account);
        }
    }
}

/// What the log says of a reading that has ended.
fn summary(run: &SyncRun) -> Line {
    let RowCounts {
        fetched,
        new,
        duplicate,
        corrected,
        rejected,
        ..
    } = run.rows;
    let account = run.account.short();
    let (level, how) = match &run.outcome {
        SyncOutcome::Done | SyncOutcome::UnderWay => (Level::Info, String::new()),
        SyncOutcome::Cancelled => (Level::Info, "; stopped, what was read is kept".to_owned()),
        SyncOutcome::Interrupted => (Level::Warn, "; interrupted, it goes on later".to_owned()),
        SyncOutcome::Failed(why) => (Level::Wrong, format!("; failed: {why}")),
    };
    let text = format!(
        "history of {account}: {fetched} rows, {new} new, {duplicate} known, {corrected} corrected, {rejected} rejected ({}){how}",
        run.why
    );
    let (pages, retries) = (run.pages, run.retries);
    let detail = format!(
        "from {} until {}; {pages} pages, {retries} calls made again",
        run.asked.from, run.asked.until
    );
    let line = Line::new(EntryKind::Sync, text).level(level).detail(detail);
    line.account(&run.account)
        .took(run.took().unwrap_or_default())
}
