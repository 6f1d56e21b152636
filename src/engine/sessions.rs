//! Each connection's life: connecting, live, retrying, in need of a sign-in; what is read from it and when.

use crate::domain::{AccountId, ConnectionId, Text, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::{CallMeter, Channel, Profile, Reading};
use crate::engine::market::Source;
use crate::engine::output::Output;
use crate::engine::runs::SyncRun;
use crate::link::{ConnectionState, ConnectionStatus, EntryKind, Event, FeedHealth};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

mod jitter;
mod validation;

pub(crate) use jitter::Jitter;
use validation::Trials;

/// One connection.
pub(crate) struct Session {
    pub(crate) profile: Profile,
    pub(crate) status: ConnectionStatus,
    /// Accounts that its credentials reach, once they were read.
    pub(crate) accounts: Vec<AccountId>,
    pub(super) due: BTreeMap<Reading, Timestamp>,
    pub(super) under_way: BTreeSet<Reading>,
    failures_in_a_row: u32,
    /// Readings that failed last: when each is tried again, and why it failed.
    failing: BTreeMap<Reading, (Timestamp, Text)>,
    /// When everything was last asked for, and what of it has not been read.
    pub(super) all_asked: Option<Timestamp>,
    unread: BTreeSet<Reading>,
    /// Where the newest row was that could not be read.
    unreadable: Option<Text>,
    pub(super) streams_open: bool,
    /// Whether one stream carries events of orders with the prices.
    pub(super) orders_come_with_quotes: bool,
    pub(super) run: Option<SyncRun>,
    pub(super) counters_due: Option<Timestamp>,
    pub(super) source: Source,
    /// When that was read which was kept last for the next start.
    pub(super) kept: Option<Timestamp>,
    /// The end of a sign-in that the person was warned of.
    warned_of: Option<Timestamp>,
    /// What is known of its credentials.
    pub(super) trials: Trials,
}

impl Session {
    /// One that is not in use.
    pub(super) fn standing(profile: Profile, state: ConnectionState) -> Self {
        let mut session = Self::new(profile);
        session.status.state = state;
        session
    }

    /// When that was read whole which is not kept yet.
    pub(super) fn unkept(&self) -> Option<Timestamp> {
        self.status
            .last_sync
            .filter(|_| self.kept != self.status.last_sync)
    }

    fn new(profile: Profile) -> Self {
        let simulated = profile.simulated;
        let feed = |channel: Channel| FeedHealth {
            name: channel.as_str().into(),
            label: Text::default(),
            live: false,
            heard: None,
            reconnects: 0,
            garbled: 0,
            messages: 0,
            not_live: Vec::new(),
            problem: None,
        };
        let status = ConnectionStatus {
            id: profile.id.clone(),
            provider: profile.provider.clone(),
            title: profile.title.clone(),
            environment: profile.environment,
            state: ConnectionState::Connecting,
            feeds: vec![feed(Channel::Quotes), feed(Channel::Orders)],
            latency_ms: None,
            calls: 0,
            errors: 0,
            requests_left: None,
            last_sync: None,
            next_sync: None,
            way: profile.way.clone(),
            by_browser: profile.by_browser,
            session_until: None,
            sign_in_due: None,
            refresh_failures: 0,
            clock_skew_ms: None,
        };
        Self {
            profile,
            status,
            accounts: Vec::new(),
            due: BTreeMap::new(),
            under_way: BTreeSet::new(),
            failures_in_a_row: 0,
            failing: BTreeMap::new(),
            all_asked: None,
            unread: BTreeSet::new(),
            unreadable: None,
            streams_open: false,
            orders_come_with_quotes: false,
            run: None,
            counters_due: None,
            source: Source {
                label: Text::default(),
                simulated,
                delayed_minutes: 0,
            },
            kept: None,
            warned_of: None,
            trials: Trials::default(),
        }
    }

    /// Whether calls may be made.
    pub(crate) fn is_usable(&self) -> bool {
        match self.status.state {
            ConnectionState::Connecting
            | ConnectionState::Live
            | ConnectionState::Retrying { .. } => true,
            ConnectionState::Disconnected
            | ConnectionState::Sealed
            | ConnectionState::NeedsSignIn { .. }
            | ConnectionState::Failed { .. } => false,
        }
    }

    /// Whether it waits for something the person does elsewhere, and looks from time to time whether they did.
    pub(super) fn looks_again(&self) -> bool {
        let waits = matches!(self.status.state, ConnectionState::NeedsSignIn { .. });
        let has_accounts = self.under_way.contains(&Reading::Accounts);
        waits && (has_accounts || self.due.contains_key(&Reading::Accounts))
    }

    pub(super) fn feed(&mut self, channel: Channel) -> &mut FeedHealth {
        &mut self.status.feeds[usize::from(channel == Channel::Orders)]
    }

    /// Where events of orders come with the prices, they are live and down with them.
    pub(super) fn mirror_orders(&mut self, channel: Channel) {
        if !self.orders_come_with_quotes || channel != Channel::Quotes {
            return;
        }
        let quotes = self.feed(Channel::Quotes).clone();
        let orders = self.feed(Channel::Orders);
        orders.live = quotes.live;
        orders.heard = quotes.heard;
        orders.reconnects = quotes.reconnects;
        orders.problem = quotes.problem;
    }

    pub(super) fn has_live_quotes(&self) -> bool {
        self.profile.has_quotes && self.status.feeds[0].live && self.is_usable()
    }

    pub(super) fn stop(&mut self, state: ConnectionState) {
        self.status.state = state;
        self.due.clear();
        self.under_way.clear();
        self.failing.clear();
        self.all_asked = None;
        self.run = None;
        self.streams_open = false;
        self.status.next_sync = None;
        for feed in &mut self.status.feeds {
            feed.live = false;
        }
    }

    /// Takes in what the calls cost so far; returns what the person has to know of them.
    pub(super) fn take_meter(&mut self, meter: CallMeter) -> Option<Text> {
        self.status.calls = meter.calls;
        self.status.errors = meter.errors;
        self.status.latency_ms = meter.latency_ms;
        self.status.requests_left = meter.requests_left;
        self.status.clock_skew_ms = meter.clock_skew_ms.filter(|skew| skew.abs() > 1_000);
        self.status.session_until = meter.session_until;
        self.status.sign_in_due = meter.sign_in_due;
        self.status.refresh_failures = meter.refresh_failures;
        let known = std::mem::replace(&mut self.unreadable, meter.unreadable_at);
        let at = self
            .unreadable
            .as_ref()
            .filter(|at| Some(*at) != known.as_ref())?;
        let rows = meter.unreadable;
        Some(
            format!("rows that could not be read and are left out: {rows}, the last of {at}")
                .into(),
        )
    }

    /// What the person has to know of a sign-in that runs out within a day; said once for each.
    pub(super) fn sign_in_warning(&mut self, now: Timestamp) -> Option<Text> {
        let due = self.status.sign_in_due?;
        if !self.status.ends_soon(now) || self.warned_of == Some(due) {
            return None;
        }
        self.warned_of = Some(due);
        let hours = due.since(now).as_secs() / 3_600;
        Some(
            format!("the sign-in ends in {hours} h; press c to sign in again before it does")
                .into(),
        )
    }

    pub(super) fn schedule(&mut self, reading: Reading, at: Timestamp) {
        let due = self.due.entry(reading).or_insert(at);
        *due = (*due).min(at);
    }

    /// When something is to be read or told next. What is under way is not asked for again before it came back.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let free = self
            .due
            .iter()
            .filter(|(reading, _)| !self.under_way.contains(reading));
        let free = free.map(|(_, at)| *at);
        free.chain(self.counters_due).min()
    }

    /// Schedules everything of every account.
    pub(super) fn ask_for_all(&mut self, now: Timestamp) -> Vec<Reading> {
        let mut readings = Vec::new();
        self.unread.clear();
        for account in &self.accounts {
            let picture = [
                Reading::Positions(account.clone()),
                Reading::Orders(account.clone()),
            ];
            self.unread.extend(picture.clone());
            readings.extend(picture);
        }
        for reading in &readings {
            self.schedule(reading.clone(), now);
        }
        self.all_asked = Some(now);
        readings
    }

    /// A reading succeeded; returns whether it failed before.
    pub(super) fn succeeded(&mut self, now: Timestamp, reading: &Reading) -> bool {
        if *reading == Reading::Accounts {
            self.failures_in_a_row = 0;
        }
        if self.unread.remove(reading) && self.unread.is_empty() {
            self.status.last_sync = Some(now);
        }
        self.failing.remove(reading).is_some()
    }

    /// A reading failed and is tried again; returns whether that is news.
    pub(super) fn failed(&mut self, again: Timestamp, reading: &Reading, why: Text) -> bool {
        self.schedule(reading.clone(), again);
        if *reading == Reading::Accounts {
            self.all_asked = None; // what happened meanwhile is read when they are back
        }
        let before = self.failing.insert(reading.clone(), (again, why.clone()));
        before.is_none_or(|(_, before)| before != why)
    }

    pub(super) fn next_pause(&mut self, jitter: &mut Jitter) -> Duration {
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        jitter.pause(self.failures_in_a_row)
    }

    /// The state that follows from what failed last and what is still under way.
    pub(super) fn settle(&mut self) {
        if !self.is_usable() {
            return;
        }
        let vital = self.failing.iter().filter(|(reading, _)| is_vital(reading));
        if let Some((at, why)) = vital.map(|(_, failure)| failure.clone()).min() {
            self.status.state = ConnectionState::Retrying { at, why };
        } else if self.run.is_none() && !self.accounts.is_empty() {
            self.status.state = ConnectionState::Live;
        }
    }
}

/// What a connection must be able to read to be called live.
fn is_vital(reading: &Reading) -> bool {
    matches!(
        reading,
        Reading::Accounts | Reading::Positions(_) | Reading::Orders(_)
    )
}

impl Engine {
    pub(super) fn open(&mut self, now: Timestamp, profile: Profile) {
        let id = profile.id.clone();
        let mut session = Session::new(profile);
        if let Some(earlier) = self.sessions.remove(&id) {
            session.accounts = earlier.accounts;
            session.status.last_sync = earlier.status.last_sync;
            session.kept = earlier.kept;
        }
        self.histories.set_limits(&id, session.profile.history);
        self.sessions.insert(id.clone(), session);
        self.start_run(now, &id, "connected");
        self.schedule(&id, Reading::Clock, now);
        self.publish_status(&id);
    }

    pub(super) fn remove(&mut self, now: Timestamp, id: &ConnectionId) {
        self.drop_questions(now, id, "the connection was removed");
        if self.sessions.remove(id).is_none() {
            return;
        }
        self.out.push(Output::CloseStreams(id.clone()));
        self.holdings.forget(id);
        self.histories.forget(id);
        self.book.forget(id);
        self.publish(Event::ConnectionGone(id.clone()));
        self.note(now, Line::new(EntryKind::System, format!("{id} removed")));
        self.rewatch(now);
    }

    /// Stops a connection; its last data stay.
    pub(super) fn disconnect(&mut self, now: Timestamp, id: &ConnectionId, state: ConnectionState) {
        self.drop_questions(now, id, "the connection was closed");
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.stop(state);
        self.interrupt_syncs(now, id);
        self.out.push(Output::CloseStreams(id.clone()));
        self.publish_status(id);
        let line = Line::new(EntryKind::Feed, "disconnected; what is shown grows old").at(id);
        self.note(now, line);
        self.rewatch(now);
    }

    pub(super) fn reconnect(&mut self, now: Timestamp, id: &ConnectionId) {
        if self.refuses_sealed(id) {
            return;
        }
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.is_usable() {
            // A stream that gave up is opened anew once the accounts are known again.
            session.streams_open = session.status.feeds.iter().all(|feed| feed.live);
            return self.start_run(now, id, "asked for");
        }
        session.status.state = ConnectionState::Connecting;
        session.failures_in_a_row = 0;
        self.start_run(now, id, "connected again");
        self.schedule(id, Reading::Clock, now);
        self.publish_status(id);
    }

    pub(super) fn refresh(&mut self, now: Timestamp, connection: Option<ConnectionId>) {
        let every = || self.sessions.keys().cloned().collect();
        let ids: Vec<_> = connection.map_or_else(every, |id| vec![id]);
        for id in ids {
            if self.sessions.get(&id).is_some_and(Session::is_usable) {
                self.start_run(now, &id, "asked for");
            }
        }
    }

    pub(super) fn schedule(&mut self, id: &ConnectionId, reading: Reading, at: Timestamp) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.schedule(reading, at);
        }
    }

    pub(super) fn publish_status(&mut self, id: &ConnectionId) {
        let Some(session) = self.sessions.get(id) else {
            return;
        };
        let status = session.status.clone();
        self.publish(Event::Connection(Box::new(status)));
    }
}
