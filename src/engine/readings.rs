//! What is read from a connection and when, and what follows from each answer.

use crate::domain::quote::MarketEvent;
use crate::domain::{AccountId, ConnectionId, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::{Failure, FailureKind, ReadAnswer, ReadData, Reading};
use crate::engine::output::Output;
use crate::engine::sessions::Session;
use crate::link::{ConnectionState, EntryKind, Event, Level};
use std::time::Duration;

/// How often opening hours are read.
const CLOCK_EVERY: Duration = Duration::from_secs(60);

/// A pause after a fill before positions are read, so that several fills cost one reading.
const AFTER_FILL: Duration = Duration::from_millis(250);

/// How often it is looked whether the person did elsewhere what a connection waits for.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

impl Engine {
    /// Reads positions, balances and the history soon: something changed them.
    pub(super) fn positions_changed(&mut self, now: Timestamp, account: &AccountId) {
        let soon = now.plus(AFTER_FILL);
        self.schedule(
            &account.connection,
            Reading::Positions(account.clone()),
            soon,
        );
        self.schedule(&account.connection, Reading::Accounts, soon);
        self.history_changed(now, account);
    }

    /// Asks for every reading whose time has come.
    pub(super) fn read_what_is_due(&mut self, now: Timestamp) {
        for (id, session) in &mut self.sessions {
            if !session.is_usable() && !session.looks_again() {
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
        let usable = self.sessions.values();
        let usable = usable.filter(|session| session.is_usable() || session.looks_again());
        usable.filter_map(Session::next_due).min()
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
        let waited = session.looks_again();
        session.under_way.remove(&reading);
        let left_out = session.take_meter(meter);
        if let Some(text) = session.sign_in_warning(now) {
            let line = Line::new(EntryKind::System, text).level(Level::Warn);
            self.announce(now, line.at(&connection));
        }
        let Some(session) = self.sessions.get_mut(&connection) else {
            return;
        };
        if waited && reading == Reading::Accounts {
            return self.looked_again(now, &connection, outcome.err());
        }
        if !session.is_usable() {
            return;
        }
        match outcome {
            Ok(data) => {
                if session.succeeded(now, &reading) {
                    let text = format!("{} can be read again", name_of(&reading));
                    self.note(now, Line::new(EntryKind::Sync, text).at(&connection));
                }
                if reading == Reading::Accounts {
                    self.note_acceptance(now, &connection);
                }
                self.take_data(now, &connection, &reading, data);
                self.finish_reading(now, &connection, &reading, true);
                self.keep_in_time(&connection);
            }
            Err(failure) => self.take_failure(now, &connection, &reading, took, failure),
        }
        if let Some(text) = left_out {
            let line = Line::new(EntryKind::Sync, text).level(Level::Wrong);
            self.announce(now, line.at(&connection));
        }
        self.publish_status(&connection);
    }

    /// What was waited for has happened, or has not yet.
    fn looked_again(&mut self, now: Timestamp, id: &ConnectionId, failure: Option<Failure>) {
        let Some(failure) = failure else {
            return self.reconnect(now, id);
        };
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if failure.kind == FailureKind::Elsewhere {
            session.status.state = ConnectionState::NeedsSignIn { why: failure.what };
        }
        session.schedule(Reading::Accounts, now.plus(LOOK_AGAIN));
        self.publish_status(id);
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
        self.market.apply(now, id, &source, events);
        let Reading::Snapshots(asked) = reading else {
            return;
        };
        let missing: Vec<&str> = asked
            .iter()
            .filter(|symbol| self.market.lacks(symbol, id))
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
        let known = accounts.clone();
        session.status.next_sync = Some(now.plus(interval));
        let is_old = |asked: Timestamp| now.since(asked) >= interval;
        if session.run.is_some() || session.all_asked.is_none_or(is_old) {
            let readings = session.ask_for_all(now);
            if let Some(run) = &mut session.run {
                run.wait_for(readings);
            }
        }
        session.schedule(Reading::Accounts, now.plus(interval));
        if !session.streams_open {
            session.streams_open = true;
            self.out.push(Output::OpenStreams(id.clone(), accounts));
        }
        self.look_up_open_orders(now, id);
        self.histories_are_due(now, &known);
        self.fetch_what_is_due(now);
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
        let what = failure.what;
        let text = format!("could not read {}: {what}", name_of(reading));
        let mut next_pause = || Some(session.next_pause(&mut self.jitter));
        let again = match failure.kind {
            FailureKind::Later(Some(pause)) => Some(pause),
            FailureKind::Later(None) => next_pause(),
            // Something in between that does not know the address is not the broker saying that the account is gone.
            FailureKind::NotFound if is_standing(reading) => next_pause(),
            FailureKind::Final if is_standing(reading) && *reading != Reading::Accounts => {
                Some(self.settings.refresh)
            }
            // What needs no more than accounts do goes on.
            FailureKind::Elsewhere if is_standing(reading) && *reading != Reading::Accounts => {
                Some(LOOK_AGAIN)
            }
            FailureKind::SignIn
            | FailureKind::Elsewhere
            | FailureKind::NotFound
            | FailureKind::Final => None,
        };
        let mut is_news = true;
        match (again, failure.kind) {
            (Some(pause), _) => {
                let is_whole = *reading == Reading::Accounts;
                let why = if is_whole { what } else { text.as_str().into() };
                is_news = session.failed(now.plus(pause), reading, why);
            }
            (None, FailureKind::SignIn) => {
                session.credentials_refused(now);
                self.stop_session(now, id, ConnectionState::NeedsSignIn { why: what });
            }
            (None, FailureKind::Elsewhere) if *reading == Reading::Accounts => {
                self.stop_session(now, id, ConnectionState::NeedsSignIn { why: what });
                self.schedule(id, Reading::Accounts, now.plus(LOOK_AGAIN));
            }
            (None, _) if *reading == Reading::Accounts => {
                session.credentials_refused(now);
                self.stop_session(now, id, ConnectionState::Failed { why: what });
            }
            (None, FailureKind::NotFound) => self.unknown_symbol(reading),
            (None, FailureKind::Later(_) | FailureKind::Elsewhere | FailureKind::Final) => {}
        }
        if is_news {
            let level = match failure.kind {
                FailureKind::NotFound => Level::Warn,
                FailureKind::SignIn
                | FailureKind::Elsewhere
                | FailureKind::Later(_)
                | FailureKind::Final => Level::Wrong,
            };
            let line = Line::new(EntryKind::Sync, text).level(level);
            self.note(now, line.at(id).took(took));
        }
        self.finish_reading(now, id, reading, false);
    }

    /// The connection cannot go on without the person.
    pub(super) fn stop_session(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        state: ConnectionState,
    ) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.stop(state);
            self.interrupt_syncs(now, id);
            self.out.push(Output::CloseStreams(id.clone()));
            self.rewatch(now);
        }
    }
}

/// What is read again and again for as long as a connection stands.
fn is_standing(reading: &Reading) -> bool {
    match reading {
        Reading::Accounts | Reading::Positions(_) | Reading::Orders(_) | Reading::Clock => true,
        Reading::Snapshots(_) | Reading::Instrument(_) | Reading::Bars(..) | Reading::Equity(_) => {
            false
        }
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
    }
}
