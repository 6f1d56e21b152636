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

/// First pause after a failed reading; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause after a failed reading.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One connection.
pub(crate) struct Session {
    pub(crate) profile: Profile,
    pub(crate) status: ConnectionStatus,
    /// Accounts that its credentials reach, once they were read.
    pub(crate) accounts: Vec<AccountId>,
    pub(super) due: BTreeMap<Reading, Timestamp>,
    pub(super) under_way: BTreeSet<Reading>,
    pub(super) failures_in_a_row: u32,
    pub(super) streams_open: bool,
    pub(super) run: Option<SyncRun>,
    pub(super) counters_due: Option<Timestamp>,
    pub(super) source: Source,
}

impl Session {
    fn new(profile: Profile) -> Self {
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
            streams_open: false,
            run: None,
            counters_due: None,
            source: Source::default(),
        }
    }

    /// Whether calls may be made.
    pub(crate) fn is_usable(&self) -> bool {
        match self.status.state {
            ConnectionState::Connecting
            | ConnectionState::Live
            | ConnectionState::Retrying { .. } => true,
            ConnectionState::Disconnected
            | ConnectionState::NeedsSignIn { .. }
            | ConnectionState::Failed { .. } => false,
        }
    }

    pub(super) fn feed(&mut self, channel: Channel) -> &mut FeedHealth {
        &mut self.status.feeds[usize::from(channel == Channel::Orders)]
    }

    pub(super) fn has_live_quotes(&self) -> bool {
        self.profile.has_quotes && self.status.feeds[0].live && self.is_usable()
    }

    pub(super) fn stop(&mut self, state: ConnectionState) {
        self.status.state = state;
        self.due.clear();
        self.under_way.clear();
        self.run = None;
        self.streams_open = false;
        self.status.next_sync = None;
        for feed in &mut self.status.feeds {
            feed.live = false;
        }
    }

    pub(super) fn take_meter(&mut self, meter: CallMeter) {
        self.status.calls = meter.calls;
        self.status.errors = meter.errors;
        self.status.latency_ms = meter.latency_ms;
        self.status.requests_left = meter.requests_left;
        self.status.clock_skew_ms = meter.clock_skew_ms.filter(|skew| skew.abs() > 1_000);
    }

    pub(super) fn schedule(&mut self, reading: Reading, at: Timestamp) {
        let due = self.due.entry(reading).or_insert(at);
        *due = (*due).min(at);
    }
}

impl Engine {
    pub(super) fn open(&mut self, now: Timestamp, profile: Profile) {
        let id = profile.id.clone();
        let mut session = Session::new(profile);
        if let Some(earlier) = self.sessions.remove(&id) {
            session.accounts = earlier.accounts;
            session.status.last_sync = earlier.status.last_sync;
        }
        self.sessions.insert(id.clone(), session);
        self.start_run(now, &id, "connected");
        self.schedule(&id, Reading::Clock, now);
        self.publish_status(&id);
    }

    pub(super) fn remove(&mut self, now: Timestamp, id: &ConnectionId) {
        if self.sessions.remove(id).is_none() {
            return;
        }
        self.out.push(Output::CloseStreams(id.clone()));
        self.holdings.forget(id);
        self.book.forget(id);
        self.publish(Event::ConnectionGone(id.clone()));
        self.note(now, Line::new(EntryKind::System, format!("{id} removed")));
        self.rewatch();
    }

    /// Stops a connection; its last data stay.
    pub(super) fn disconnect(&mut self, now: Timestamp, id: &ConnectionId, state: ConnectionState) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.stop(state);
        self.out.push(Output::CloseStreams(id.clone()));
        self.publish_status(id);
        let line = Line::new(EntryKind::Feed, "disconnected; what is shown grows old").at(id);
        self.note(now, line);
        self.rewatch();
    }

    pub(super) fn reconnect(&mut self, now: Timestamp, id: &ConnectionId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.is_usable() {
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

/// Pauses between attempts, spread by chance so that many connections do not return at once.
pub(crate) struct Jitter(pub(crate) fastrand::Rng);

impl Jitter {
    /// The pause after `failures` in a row: half of it fixed, half by chance.
    pub(crate) fn pause(&mut self, failures: u32) -> Duration {
        let ceiling = FIRST_PAUSE
            .saturating_mul(1 << failures.clamp(1, 7).saturating_sub(1))
            .min(LONGEST_PAUSE);
        let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(millis / 2 + self.0.u64(0..=millis / 2))
    }
}
