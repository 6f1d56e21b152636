//! The streams of each connection: up, down, what they carry.

use crate::domain::quote::MarketEvent;
use crate::domain::{ConnectionId, Symbol, Text, Timestamp};
use crate::engine::Engine;
use crate::engine::activity::Line;
use crate::engine::input::{Channel, Feed, StreamChange};
use crate::engine::market::Source;
use crate::engine::sessions::Session;
use crate::link::{EntryKind, Level};
use std::time::Duration;

/// How often stream counters are told to screens while they change.
const COUNTERS_EVERY: Duration = Duration::from_secs(2);

impl Engine {
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
            StreamChange::Up(feed) => return self.stream_is_up(now, id, channel, &feed),
            StreamChange::Down { why, again } => went_down(session, channel, &why, again),
            StreamChange::NotLive(symbols, why) => Some(not_live(session, channel, symbols, &why)),
            StreamChange::Garbled(count, at) => garbled(session, channel, count, &at),
            StreamChange::Trouble(what) => trouble(session, channel, what),
        };
        if let Some(line) = line {
            self.note(now, line.at(id));
        }
        self.publish_status(id);
        self.rewatch(now);
        self.read_what_is_due(now);
    }

    fn stream_is_up(
        &mut self,
        now: Timestamp,
        id: &ConnectionId,
        channel: Channel,
        carried: &Feed,
    ) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let simulated = session.profile.simulated;
        let feed = session.feed(channel);
        let again = feed.problem.take().is_some();
        feed.live = true;
        feed.heard = Some(now);
        feed.reconnects += u32::from(again);
        feed.label = carried.label.clone();
        session.orders_come_with_quotes |= carried.carries_orders;
        session.mirror_orders(channel);
        if channel == Channel::Quotes {
            session.source = Source {
                label: carried.label.clone(),
                simulated,
                delayed_minutes: carried.delayed_minutes,
            };
            self.watching.remove(id); // a new session of the feed carries nothing yet
            self.rewatch(now);
        }
        if again && (channel == Channel::Orders || carried.carries_orders) {
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
        self.market.apply(now, id, &session.source, events);
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
}

/// Something the person should know; said when it is new, not at every attempt.
fn trouble(session: &mut Session, channel: Channel, what: Text) -> Option<Line> {
    let text = format!("{}: {what}", channel.as_str());
    let before = session.feed(channel).problem.replace(what.clone());
    (before != Some(what)).then(|| Line::new(EntryKind::Feed, text).level(Level::Warn))
}

/// A stream was lost; said when it or its cause is new, not at every attempt.
fn went_down(
    session: &mut Session,
    channel: Channel,
    why: &Text,
    again: Option<Timestamp>,
) -> Option<Line> {
    let feed = session.feed(channel);
    feed.live = false;
    let is_news = feed.problem.replace(why.clone()).as_ref() != Some(why);
    session.mirror_orders(channel);
    let (level, next) = match again {
        Some(_) => (Level::Warn, "trying again"),
        None => (Level::Wrong, "gave up; press c to connect again"),
    };
    let text = format!("{}: {why}; {next}", channel.as_str());
    (is_news || again.is_none()).then(|| Line::new(EntryKind::Feed, text).level(level))
}

fn not_live(session: &mut Session, channel: Channel, symbols: Vec<Symbol>, why: &Text) -> Line {
    const MOST_NAMED: usize = 8;
    let names: Vec<&str> = symbols
        .iter()
        .take(MOST_NAMED)
        .map(Symbol::as_str)
        .collect();
    let count = symbols.len();
    let line = if count == 0 {
        Line::new(EntryKind::Feed, "every symbol is live again")
    } else {
        let text = format!("{count} symbols are not live ({why}): {}", names.join(", "));
        Line::new(EntryKind::Feed, text).level(Level::Warn)
    };
    session.feed(channel).not_live = symbols;
    line
}

/// A message could not be read; said the first time, counted always.
fn garbled(session: &mut Session, channel: Channel, count: u64, at: &Text) -> Option<Line> {
    let feed = session.feed(channel);
    let is_first = feed.garbled == 0;
    feed.garbled += count;
    let text = format!(
        "{}: a message could not be read ({at}); it was skipped and counted",
        channel.as_str()
    );
    is_first.then(|| Line::new(EntryKind::Feed, text).level(Level::Warn))
}
