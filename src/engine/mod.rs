//! Decisions: an input and the time go in, values that say what to do come out. No I/O, no clock.
//!
//! [`Engine::handle`] is the whole interface. It knows screens and connections only by name; it may not
//! know providers, sockets, the vault or the disk. What can happen is an [`Input`], what it can ask for is
//! an [`Output`]; a new rule goes into the file of the thing it decides about.

pub mod accounting;
mod activity;
mod book;
mod feeds;
pub mod input;
mod lock;
mod market;
mod orders;
pub mod output;
mod portfolio;
mod readings;
pub mod risk;
mod runs;
mod sessions;
mod sync;

pub use input::{Input, Reading};
pub use output::{JournalStep, Output};
pub use sync::{Fetch, FetchFailure, Fetched, Kept};

use crate::domain::{ConnectionId, Instrument, MarketClock, Sequence, Symbol, Text, Timestamp};
use crate::engine::activity::{ActivityLog, Line};
use crate::engine::book::OrderBook;
use crate::engine::input::{Note, Offers};
use crate::engine::lock::Presence;
use crate::engine::market::Market;
use crate::engine::portfolio::Holdings;
use crate::engine::sessions::{Jitter, Session};
use crate::engine::sync::Histories;
use crate::link::{
    ConnectionState, Event, Level, MOST_WATCHED, Request, ScreenId, Snapshot, VERSION, VaultStatus,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// How the engine is set up for a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often accounts, positions and orders are read.
    pub refresh: Duration,
    /// How often histories are read, and once accounts are known and after fills; none for only when they are asked for.
    pub sync_every: Option<Duration>,
    /// Whether nothing may be sent or cancelled.
    pub read_only: bool,
    /// Whether this is the embedded simulation.
    pub demo: bool,
    /// How long after the last key the vault is locked; never where there is none.
    pub lock_after: Option<Duration>,
    /// Seed of the pauses between attempts.
    pub seed: u64,
}

/// The state of everything, and the rules that change it.
pub struct Engine {
    settings: Settings,
    offers: Offers,
    vault: VaultStatus,
    sequence: Sequence,
    log: ActivityLog,
    market: Market,
    sessions: BTreeMap<ConnectionId, Session>,
    holdings: Holdings,
    book: OrderBook,
    histories: Histories,
    instruments: BTreeMap<Symbol, Instrument>,
    clocks: BTreeMap<Text, MarketClock>,
    watching: BTreeMap<ConnectionId, Vec<Symbol>>,
    presence: Presence,
    jitter: Jitter,
    out: Vec<Output>,
}

impl Engine {
    /// An engine that knows what may be connected, and nothing else yet.
    pub fn new(settings: Settings, offers: Offers, vault: VaultStatus) -> Self {
        Self {
            jitter: Jitter(fastrand::Rng::with_seed(settings.seed)),
            settings,
            offers,
            vault,
            sequence: Sequence::default(),
            log: ActivityLog::default(),
            market: Market::default(),
            sessions: BTreeMap::new(),
            holdings: Holdings::default(),
            book: OrderBook::default(),
            histories: Histories::default(),
            instruments: BTreeMap::new(),
            clocks: BTreeMap::new(),
            watching: BTreeMap::new(),
            presence: Presence::default(),
            out: Vec::new(),
        }
    }

    /// Applies one input at `now`. Does no I/O and reads no clock.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Output> {
        match input {
            Input::Request(screen, request) => self.take_request(now, screen, request),
            Input::ScreenGone(screen) => {
                self.market.unwatch(screen);
                self.rewatch(now);
            }
            Input::Vault(vault) => self.take_vault(now, vault),
            Input::Known(profile, known) => self.take_known(profile, *known),
            Input::Opened(profile) => self.open(now, profile),
            Input::Removed(connection) => self.remove(now, &connection),
            Input::Slept(asleep) => self.wake_up(now, asleep),
            Input::Read(answer) => self.take_reading(now, *answer),
            Input::Reached(reaches) => self.histories.set_reaches(reaches),
            Input::Fetched(fetched) => self.take_fetched(now, *fetched),
            Input::Stream(connection, channel, change) => {
                self.take_stream(now, &connection, channel, change)
            }
            Input::Market(connection, events) => self.take_market(now, &connection, &events),
            Input::OrderReported(order) => self.take_report(now, *order),
            Input::Filled(fill) => self.take_fill(now, *fill),
            Input::OrderAnswered(id, sent) => self.take_answer(now, &id, sent),
            Input::CancelAnswered(id, answer) => self.take_cancel_answer(now, &id, answer),
            Input::AllCancelAnswered(account, answer) => {
                self.take_all_cancel_answer(now, &account, answer)
            }
            Input::OrderLookedUp(id, found) => self.take_look_up(now, &id, found),
            Input::OpenIntents(intents) => self.take_intents(now, intents),
            Input::Announce(event) => self.publish(event),
            Input::Note(note) => self.take_note(now, note),
            Input::Closing => self.close(now),
            Input::Tick => {
                self.read_what_is_due(now);
                self.fetch_what_is_due(now);
                self.look_up_what_is_due(now);
                self.let_questions_expire(now);
                self.tell_counters(now);
                self.try_refused_credentials(now);
                self.lock_when_idle(now);
            }
        }
        self.tell_what_happened(now);
        std::mem::take(&mut self.out)
    }

    /// The next moment at which [`Input::Tick`] has something to do.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let deadlines = [
            self.next_reading(),
            self.histories.next_due(),
            self.book.next_look_up(),
            self.book.next_expiry(),
            self.next_lock(),
            self.next_digest(),
            self.next_trial(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Whether [`Engine::take_quotes`] has something to give.
    pub fn has_quotes(&self) -> bool {
        self.market.has_changes()
    }

    /// The market data that changed since the last call, to be told to every screen.
    pub fn take_quotes(&mut self) -> Vec<crate::domain::Level1> {
        self.market.take_changed()
    }

    fn take_request(&mut self, now: Timestamp, screen: ScreenId, request: Request) {
        match request {
            Request::Snapshot => {
                let snapshot = Box::new(self.snapshot(now));
                self.out.push(Output::SendSnapshot(screen, snapshot));
            }
            Request::Watch { symbols } => self.take_watch(now, screen, symbols),
            Request::LookUp { symbol } => self.look_up_symbol(now, symbol),
            Request::LoadBars { symbol, timeframe } => {
                self.ask_about_market(now, Reading::Bars(symbol, timeframe));
            }
            Request::LoadEquity { account } => {
                let connection = account.connection.clone();
                self.ask(now, &connection, Reading::Equity(account));
            }
            Request::PlaceOrder { id, draft } => self.place(now, id, draft),
            Request::ReplaceOrder {
                id,
                replacement,
                change,
            } => self.replace(now, &id, replacement, change),
            Request::Answer { id, question, said } => self.answer(now, &id, &question, said),
            Request::CancelOrder { id } => self.cancel(now, &id),
            Request::CancelAll { account } => self.cancel_all(now, account),
            Request::Refresh { connection } => self.refresh(now, connection),
            Request::Sync { account, ask } => self.sync(now, account, ask),
            Request::LoadEntries { query } => self.out.push(Output::LoadEntries(screen, query)),
            Request::CancelSync { account } => self.cancel_sync(now, account.as_ref()),
            Request::Connect { connection } => self.reconnect(now, &connection),
            Request::Disconnect { connection } if self.refuses_sealed(&connection) => {}
            Request::Disconnect { connection } => {
                self.disconnect(now, &connection, ConnectionState::Disconnected)
            }
            Request::Lock => self.lock(now, "asked for"),
            Request::Present => self.see_a_person(now),
        }
    }

    /// The program ends: what was read is kept, and what nobody can answer any more is over.
    fn close(&mut self, now: Timestamp) {
        self.keep_all();
        for id in self.sessions.keys().cloned().collect::<Vec<_>>() {
            self.drop_questions(now, &id, "the program ended");
        }
    }

    fn take_watch(&mut self, now: Timestamp, screen: ScreenId, mut symbols: Vec<Symbol>) {
        if symbols.len() > MOST_WATCHED {
            let text = format!(
                "{} symbols are too many; the first {MOST_WATCHED} are watched",
                symbols.len()
            );
            self.tell(Level::Warn, text);
            symbols.truncate(MOST_WATCHED);
        }
        let mut added = self.market.watch(screen, symbols);
        self.rewatch(now);
        added.retain(|symbol| !self.market.is_routed(symbol));
        // What no feed carries is read once; with nobody to ask, it is asked when a feed is there.
        if let Some(connection) = self.quotes_source().filter(|_| !added.is_empty()) {
            self.schedule(&connection, Reading::Snapshots(added), now);
        }
        self.read_what_is_due(now);
    }

    fn look_up_symbol(&mut self, now: Timestamp, symbol: Symbol) {
        match self.instruments.get(&symbol).cloned() {
            Some(instrument) => self.publish(Event::Instrument(instrument)),
            None => self.ask_about_market(now, Reading::Instrument(symbol)),
        }
    }

    fn ask_about_market(&mut self, now: Timestamp, reading: Reading) {
        match self.quotes_source() {
            Some(connection) => self.ask(now, &connection, reading),
            None => self.tell(
                Level::Warn,
                "no connection with market data is there to ask; connect one first",
            ),
        }
    }

    fn ask(&mut self, now: Timestamp, connection: &ConnectionId, reading: Reading) {
        self.schedule(connection, reading, now);
        self.read_what_is_due(now);
    }

    fn snapshot(&self, now: Timestamp) -> Snapshot {
        Snapshot {
            version: VERSION,
            at: self.sequence,
            time: now,
            demo: self.settings.demo,
            vault: self.vault.clone(),
            offers: self.offers.clone(),
            connections: self
                .sessions
                .values()
                .map(|session| session.status.clone())
                .collect(),
            accounts: self.holdings.accounts.values().cloned().collect(),
            balances: self.holdings.balances.values().cloned().collect(),
            positions: self.holdings.positions.clone().into_iter().collect(),
            orders: self.book.all(),
            clocks: self.clocks.values().cloned().collect(),
            activity: self.log.kept(),
            syncs: self.histories.last(),
            quotes: self.market.lines(),
        }
    }

    fn publish(&mut self, event: Event) {
        self.sequence = self.sequence.next();
        self.out.push(Output::Publish(self.sequence, event));
    }

    fn tell(&mut self, level: Level, text: impl Into<Text>) {
        self.publish(Event::Notice {
            level,
            text: text.into(),
        });
    }

    fn note(&mut self, now: Timestamp, line: Line) {
        let entry = self.log.add(now, line);
        self.publish(Event::Activity(entry));
    }

    /// A line of the log that the person is told at once as well.
    fn announce(&mut self, now: Timestamp, line: Line) {
        let entry = self.log.add(now, line);
        self.tell(entry.level, entry.text.clone());
        self.publish(Event::Activity(entry));
    }

    fn take_note(&mut self, now: Timestamp, note: Note) {
        let mut line = Line::new(note.kind, note.text).level(note.level);
        if let Some(connection) = &note.connection {
            line = line.at(connection);
        }
        if note.announce {
            self.announce(now, line)
        } else {
            self.note(now, line)
        }
    }
}

#[cfg(test)]
mod tests;
