//! Each connection's life: connecting, live, retrying, in need of a sign-in; what is read from it and when.

use crate::domain::quote::MarketEvent;
use crate::domain::{AccountId, ConnectionId, Text, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::{
    CallMeter, Channel, Failure, FailureKind, Profile, ReadAnswer, ReadData, Reading, StreamChange,
};
use crate::engine::market::Source;
use crate::engine::output::Output;
use crate::link::{ConnectionState, ConnectionStatus, EntryKind, Event, FeedHealth, Level};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// First pause after a failed reading; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause after a failed reading.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often stream counters are told to screens while they change.
const COUNTERS_EVERY: Duration = Duration::from_secs(2);

/// How often opening hours are read.
const CLOCK_EVERY: Duration = Duration::from_secs(60);

/// A pause after a fill before positions are read, so that several fills cost one reading.
const AFTER_FILL: Duration = Duration::from_millis(250);

/// One connection.
pub(crate) struct Session {
    pub(crate) profile: Profile,
    pub(crate) status: ConnectionStatus,
    /// Accounts that its credentials reach, once they were read.
    pub(crate) accounts: Vec<AccountId>,
    due: BTreeMap<Reading, Timestamp>,
    under_way: BTreeSet<Reading>,
    failures_in_a_row: u32,
    streams_open: bool,
    run: Option<SyncRun>,
    counters_due: Option<Timestamp>,
    source: Source,
}

/// A reading of everything that the person asked for or that a reconnect made necessary.
struct SyncRun {
    entry: u64,
    why: &'static str,
    started: Timestamp,
    waiting: BTreeSet<Reading>,
    total: u32,
    failed: u32,
    positions: usize,
    orders: usize,
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

    fn feed(&mut self, channel: Channel) -> &mut FeedHealth {
        &mut self.status.feeds[usize::from(channel == Channel::Orders)]
    }

    fn has_live_quotes(&self) -> bool {
        self.profile.has_quotes && self.status.feeds[0].live && self.is_usable()
    }

    fn stop(&mut self, state: ConnectionState) {
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

    fn take_meter(&mut self, meter: CallMeter) {
        self.status.calls = meter.calls;
        self.status.errors = meter.errors;
        self.status.latency_ms = meter.latency_ms;
        self.status.requests_left = meter.requests_left;
        self.status.clock_skew_ms = meter.clock_skew_ms.filter(|skew| skew.abs() > 1_000);
    }

    fn schedule(&mut self, reading: Reading, at: Timestamp) {
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

    fn start_run(&mut self, now: Timestamp, id: &ConnectionId, why: &'static str) {
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

    pub(super) fn schedule(&mut self, id: &ConnectionId, reading: Reading, at: Timestamp) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.schedule(reading, at);
        }
    }

    /// Reads positions and balances soon: something changed them.
    pub(super) fn positions_changed(&mut self, now: Timestamp, account: &AccountId) {
        let soon = now.plus(AFTER_FILL);
        self.schedule(
            &account.connection,
            Reading::Positions(account.clone()),
            soon,
        );
        self.schedule(&account.connection, Reading::Accounts, soon);
    }

    /// Asks for every reading whose time has come.
    pub(super) fn read_what_is_due(&mut self, now: Timestamp) {
        for (id, session) in &mut self.sessions {
            if !session.is_usable() {
                continue;
            }
            let due = session
                .due
                .iter()
                .filter(|(reading, at)| **at <= now && !session.under_way.contains(reading));
            let readings: Vec<Reading> = due.map(|(reading, _)| reading.clone()).collect();
            for reading in readings {
                session.due.remove(&reading);
                session.under_way.insert(reading.clone());
                self.out.push(Output::Read(id.clone(), reading));
            }
        }
    }

    /// When [`Engine::read_what_is_due`] or the counters have something to do next.
    pub(super) fn next_reading(&self) -> Option<Timestamp> {
        let usable = self.sessions.values().filter(|session| session.is_usable());
        usable
            .flat_map(|session| session.due.values().chain(&session.counters_due))
            .min()
            .copied()
    }

    pub(super) fn take_reading(&mut self, now: Timestamp, answer: ReadAnswer) {
        let ReadAnswer {
            connection,
            reading,
            took,
            meter,
            outcome,
        } = answer;
        let Some(session) = self.sessions.get_mut(&connection) else {
            return;
        };
        session.under_way.remove(&reading);
        session.take_meter(meter);
        if !session.is_usable() {
            return;
        }
        match outcome {
            Ok(data) => {
                if matches!(reading, Reading::Accounts) {
                    session.failures_in_a_row = 0;
                }
                self.take_data(now, &connection, &reading, data);
                self.finish_reading(now, &connection, &reading, true);
            }
            Err(failure) => self.take_failure(now, &connection, &reading, took, failure),
        }
        self.publish_status(&connection);
    }

    fn take_data(&mut self, now: Timestamp, id: &ConnectionId, reading: &Reading, data: ReadData) {
        match data {
            ReadData::Accounts(accounts) => self.take_accounts(now, id, accounts),
            ReadData::Positions(positions) => {
                if let Reading::Positions(account) = reading {
                    self.count_in_run(id, |run| run.positions += positions.len());
                    self.take_positions(account, positions);
                }
            }
            ReadData::Orders(orders) => {
                self.count_in_run(id, |run| run.orders += orders.len());
                for order in orders {
                    self.take_report(now, order);
                }
            }
            ReadData::Snapshots(events) => self.take_snapshots(now, id, reading, &events),
            ReadData::Clock(clock) => {
                self.schedule(id, Reading::Clock, now.plus(CLOCK_EVERY));
                if self
                    .clocks
                    .insert(clock.market.clone(), clock.clone())
                    .as_ref()
                    != Some(&clock)
                {
                    self.publish(Event::MarketClock(clock));
                }
            }
            ReadData::Instrument(Some(instrument)) => {
                self.instruments
                    .insert(instrument.symbol.clone(), instrument.clone());
                self.publish(Event::Instrument(instrument));
            }
            ReadData::Instrument(None) => self.unknown_symbol(reading),
            ReadData::Bars(bars) => {
                if let Reading::Bars(symbol, timeframe) = reading {
                    self.publish(Event::Bars {
                        symbol: symbol.clone(),
                        timeframe: *timeframe,
                        bars,
                    });
                }
            }
            ReadData::Equity(points) => {
                if let Reading::Equity(account) = reading {
                    self.publish(Event::EquityHistory {
                        account: account.clone(),
                        points,
                    });
                }
            }
            ReadData::Activities(activities, rejected) => {
                self.take_activities(now, id, activities, &rejected)
            }
        }
    }

    fn count_in_run(&mut self, id: &ConnectionId, count: impl FnOnce(&mut SyncRun)) {
        if let Some(run) = self
            .sessions
            .get_mut(id)
            .and_then(|session| session.run.as_mut())
        {
            count(run);
        }
    }

    fn take_snapshots(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        reading: &Reading,
        events: &[MarketEvent],
    ) {
        let Some(session) = self.sessions.get(id) else {
            return;
        };
        let source = session.source.clone();
        self.market.apply(now, &source, events);
        let Reading::Snapshots(asked) = reading else {
            return;
        };
        let missing: Vec<&str> = asked
            .iter()
            .filter(|symbol| self.market.line(symbol).is_none())
            .map(|symbol| symbol.as_str())
            .collect();
        if !missing.is_empty() {
            let text = format!("no market data for {} at {}", missing.join(", "), id);
            self.announce(
                now,
                Line::new(EntryKind::Feed, text).level(Level::Warn).at(id),
            );
        }
    }

    fn unknown_symbol(&mut self, reading: &Reading) {
        if let Reading::Instrument(symbol) = reading {
            let text = format!("no connection knows the symbol {symbol}; check its spelling");
            self.publish(Event::Notice {
                level: Level::Warn,
                text: text.into(),
            });
        }
    }

    /// What follows from accounts that were just read.
    pub(super) fn accounts_are_known(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        accounts: Vec<AccountId>,
    ) {
        let interval = self.settings.refresh;
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.accounts.clone_from(&accounts);
        if session.run.is_none() {
            session.status.state = ConnectionState::Live;
        }
        session.status.next_sync = Some(now.plus(interval));
        let mut readings = Vec::new();
        if session.run.is_some()
            || session
                .status
                .last_sync
                .is_none_or(|last| now.since(last) >= interval)
        {
            for account in &accounts {
                readings.push(Reading::Positions(account.clone()));
                readings.push(Reading::Orders(account.clone()));
                readings.push(Reading::Activities(account.clone()));
            }
            session.status.last_sync = Some(now);
        }
        for reading in &readings {
            session.schedule(reading.clone(), now);
        }
        if let Some(run) = &mut session.run {
            run.total += u32::try_from(readings.len()).unwrap_or(u32::MAX);
            run.waiting.extend(readings);
        }
        session.schedule(Reading::Accounts, now.plus(interval));
        if !session.streams_open {
            session.streams_open = true;
            self.out.push(Output::OpenStreams(id.clone(), accounts));
        }
        self.look_up_open_orders(now, id);
    }

    fn take_failure(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        reading: &Reading,
        took: Duration,
        failure: Failure,
    ) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let is_whole = matches!(reading, Reading::Accounts);
        match failure.kind {
            FailureKind::SignIn => {
                session.stop(ConnectionState::NeedsSignIn {
                    why: failure.what.clone(),
                });
                self.out.push(Output::CloseStreams(id.clone()));
                self.rewatch();
            }
            FailureKind::Final if is_whole => {
                session.stop(ConnectionState::Failed {
                    why: failure.what.clone(),
                });
                self.out.push(Output::CloseStreams(id.clone()));
                self.rewatch();
            }
            FailureKind::Later(pause) => {
                session.failures_in_a_row += 1;
                let at =
                    now.plus(pause.unwrap_or_else(|| self.jitter.pause(session.failures_in_a_row)));
                session.schedule(reading.clone(), at);
                if is_whole {
                    session.status.state = ConnectionState::Retrying {
                        at,
                        why: failure.what.clone(),
                    };
                }
            }
            FailureKind::NotFound => self.unknown_symbol(reading),
            FailureKind::Final => {}
        }
        let text = format!("could not read {}: {}", name_of(reading), failure.what);
        let level = if failure.kind == FailureKind::NotFound {
            Level::Warn
        } else {
            Level::Wrong
        };
        self.note(
            now,
            Line::new(EntryKind::Sync, text)
                .level(level)
                .at(id)
                .took(took),
        );
        self.finish_reading(now, id, reading, false);
    }

    fn finish_reading(
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

    pub(super) fn take_stream(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        channel: Channel,
        change: StreamChange,
    ) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let line = match change {
            StreamChange::Up(label) => return self.stream_is_up(now, id, channel, label),
            StreamChange::Down { why, again } => {
                let feed = session.feed(channel);
                let was_live = std::mem::take(&mut feed.live);
                feed.problem = Some(why.clone());
                let first = was_live || feed.reconnects == 0;
                let level = if again.is_some() {
                    Level::Warn
                } else {
                    Level::Wrong
                };
                let next = if again.is_some() {
                    "trying again"
                } else {
                    "gave up; press c to connect again"
                };
                first.then(|| {
                    Line::new(
                        EntryKind::Feed,
                        format!("{}: {why}; {next}", channel.as_str()),
                    )
                    .level(level)
                })
            }
            StreamChange::NotLive(symbols, why) => {
                let names: Vec<&str> = symbols
                    .iter()
                    .map(|symbol| symbol.as_str())
                    .take(8)
                    .collect();
                let text = format!(
                    "{} symbols are not live ({why}): {}",
                    symbols.len(),
                    names.join(", ")
                );
                session.feed(channel).not_live = symbols;
                Some(Line::new(EntryKind::Feed, text).level(Level::Warn))
            }
            StreamChange::Garbled(count, at) => {
                let feed = session.feed(channel);
                let first = feed.garbled == 0;
                feed.garbled += count;
                let text = format!(
                    "{}: a message could not be read ({at}); it was skipped and counted",
                    channel.as_str()
                );
                first.then(|| Line::new(EntryKind::Feed, text).level(Level::Warn))
            }
            StreamChange::Trouble(what) => {
                session.feed(channel).problem = Some(what.clone());
                Some(
                    Line::new(EntryKind::Feed, format!("{}: {what}", channel.as_str()))
                        .level(Level::Warn),
                )
            }
        };
        if let Some(line) = line {
            self.note(now, line.at(id));
        }
        self.publish_status(id);
        self.rewatch();
    }

    fn stream_is_up(&mut self, now: Timestamp, id: &ConnectionId, channel: Channel, label: Text) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let simulated = session.profile.simulated;
        let feed = session.feed(channel);
        let again = feed.problem.take().is_some();
        feed.live = true;
        feed.heard = Some(now);
        feed.reconnects += u32::from(again);
        feed.label = label.clone();
        if channel == Channel::Quotes {
            session.source = Source { label, simulated };
            self.watching = None; // a new session of the feed carries nothing yet
            self.rewatch();
            let watched = self.market.watched();
            if !watched.is_empty() && self.market_connection().as_ref() == Some(id) {
                self.schedule(id, Reading::Snapshots(watched), now);
            }
        } else if again {
            // Missed order events are not replayed: everything is read again.
            self.start_run(now, id, "reconnected");
        }
        let text = format!(
            "{} {}",
            channel.as_str(),
            if again { "live again" } else { "live" }
        );
        self.note(now, Line::new(EntryKind::Feed, text).at(id));
        self.publish_status(id);
        self.read_what_is_due(now);
    }

    pub(super) fn take_market(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        events: &[MarketEvent],
    ) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let feed = &mut session.status.feeds[0];
        feed.heard = Some(now);
        feed.messages += events.len() as u64;
        session.counters_due.get_or_insert(now.plus(COUNTERS_EVERY));
        self.market.apply(now, &session.source, events);
    }

    /// Tells screens of counters that changed, at a calm pace.
    pub(super) fn tell_counters(&mut self, now: Timestamp) {
        let due = self
            .sessions
            .iter_mut()
            .filter(|(_, session)| session.counters_due.is_some_and(|at| at <= now));
        let ids: Vec<ConnectionId> = due
            .map(|(id, session)| {
                session.counters_due = None;
                id.clone()
            })
            .collect();
        for id in ids {
            self.publish_status(&id);
        }
    }

    /// The connection whose feed carries what screens watch: the first with a live one.
    pub(super) fn market_connection(&self) -> Option<ConnectionId> {
        self.sessions
            .iter()
            .find(|(_, session)| session.has_live_quotes())
            .map(|(id, _)| id.clone())
    }

    /// Tells the chosen feed what is watched, when either changed.
    pub(super) fn rewatch(&mut self) {
        let Some(id) = self.market_connection() else {
            self.watching = None;
            return;
        };
        let wanted = Some((id.clone(), self.market.watched()));
        if self.watching == wanted {
            return;
        }
        if let Some((before, _)) = self.watching.take().filter(|(before, _)| *before != id) {
            self.out.push(Output::Watch(before, Vec::new()));
        }
        self.out.push(Output::Watch(id, self.market.watched()));
        self.watching = wanted;
    }

    /// A connection that can be asked about the market now.
    pub(super) fn quotes_source(&self) -> Option<ConnectionId> {
        let usable = |session: &&Session| session.profile.has_quotes && session.is_usable();
        self.market_connection().or_else(|| {
            self.sessions
                .values()
                .find(usable)
                .map(|session| session.profile.id.clone())
        })
    }

    pub(super) fn publish_status(&mut self, id: &ConnectionId) {
        let Some(session) = self.sessions.get(id) else {
            return;
        };
        let status = session.status.clone();
        self.publish(Event::Connection(Box::new(status)));
    }
}

fn name_of(reading: &Reading) -> String {
    match reading {
        Reading::Accounts => "accounts".into(),
        Reading::Positions(account) => format!("positions of {}", account.short()),
        Reading::Orders(account) => format!("orders of {}", account.short()),
        Reading::Snapshots(symbols) => format!("market data of {} symbols", symbols.len()),
        Reading::Clock => "opening hours".into(),
        Reading::Instrument(symbol) => format!("what {symbol} is"),
        Reading::Bars(symbol, _) => format!("price history of {symbol}"),
        Reading::Equity(account) => format!("equity history of {}", account.short()),
        Reading::Activities(account) => format!("activity of {}", account.short()),
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
