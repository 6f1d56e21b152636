//! The shell around the engine: tasks, channels, the clock, the disk.
//!
//! One loop takes requests, provider events and ticks in order, asks the engine, and has [`effects`] do what it
//! says; the loop itself never waits for a network. It must not know screens, nor whether the far side is real.
//! A new effect is a new [`Output`] with its arm in [`Runtime::act`].

mod additions;
pub mod clock;
mod connections;
mod convert;
pub(crate) mod credentials;
mod effects;
mod histories;
mod keeper;
mod offers;
mod secrets;
mod sign_in;
mod tokens;
mod trader;
mod vault_requests;

use crate::domain::{Clock, ConnectionId, Environment, ProviderId, Symbol, Text, Timestamp};
use crate::engine::input::{Note, Profile};
use crate::engine::{Engine, Input, Output, Settings};
use crate::link::{
    Answer, EntryKind, EntryPage, Event, Hub, Inbound, Level, ScreenId, VaultStatus,
};
use crate::net::Dialer;
use crate::net::socket;
use crate::net::transport::Transport;
use crate::providers;
use crate::providers::provider::{Grant, Provider};
use crate::runtime::additions::{Added, Open};
use crate::runtime::connections::Connection;
use crate::runtime::credentials::Credentials;
use crate::runtime::effects::{Effects, Replacement};
use crate::runtime::keeper::{Keeper, Opened};
use crate::runtime::sign_in::UnderWay;
use crate::runtime::trader::Trader;
use crate::vault::{InstanceLock, KdfCost};
pub(crate) use additions::addresses_of;
pub use offers::offers;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
pub(crate) use tokens::revoking;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What may wait for the loop before its sources wait for room.
const MOST_WAITING: usize = 1_024;

/// What is taken in one turn of the loop before the clock is read again.
const MOST_IN_A_TURN: usize = 256;

/// Shortest time between two publications of market data.
const QUOTES_EVERY: Duration = Duration::from_millis(25);

/// Longest sleep of the loop: a departed screen that found the inbox full is noticed after it.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Shortest time that counts as a sleep of the machine.
const SHORTEST_SLEEP: Duration = Duration::from_secs(1);

/// What a runtime is made from.
pub struct Options {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// How HTTP requests leave.
    pub transport: Arc<dyn Transport>,
    /// How WebSockets are reached.
    pub dialer: Dialer,
    /// How WebSockets behave over time.
    pub socket: socket::Options,
    /// The data folder, held by us alone.
    pub lock: InstanceLock,
    /// What a new vault costs to open.
    pub cost: KdfCost,
    /// The folder in which this machine remembers how far the vault had come.
    pub anchor: Option<PathBuf>,
    /// Addresses and settings by provider and key, over each provider's defaults.
    pub addresses: BTreeMap<String, BTreeMap<String, String>>,
    /// How the engine is set up.
    pub settings: Settings,
}

/// Something that happened outside the loop.
pub(crate) enum Happened {
    /// For the engine.
    Input(Input),
    /// For every screen.
    Publish(Event),
    /// The vault opened, or did not.
    Vault(Result<Box<Opened>, VaultStatus>),
    /// A new connection was accepted by its provider and sealed.
    Added(Box<Added>),
    /// Entries of the ledger for the screen that asked.
    Entries(ScreenId, Box<EntryPage>),
    /// The vault answered a screen, or its sign-in did.
    Answered(ScreenId, Answer),
    /// A connection was removed from the vault.
    Removed(ConnectionId),
}

/// A line for the log that the person is told at once.
pub(crate) fn trouble(text: impl Into<Text>) -> Input {
    let text = text.into();
    Input::Note(Note {
        kind: EntryKind::System,
        level: Level::Wrong,
        connection: None,
        text,
        announce: true,
    })
}

struct Runtime {
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    dialer: Dialer,
    socket: socket::Options,
    addresses: BTreeMap<String, BTreeMap<String, String>>,
    hub: Hub,
    engine: Engine,
    effects: Effects,
    connections: BTreeMap<ConnectionId, Connection>,
    sign_ins: BTreeMap<ScreenId, UnderWay>,
    random: fastrand::Rng,
    /// How long the machine had slept when it was looked at last.
    asleep: Duration,
}

/// Serves the screens of `hub`, whose requests arrive in `inbox`, until `cancel`.
pub async fn run(
    options: Options,
    hub: Hub,
    mut inbox: mpsc::Receiver<Inbound>,
    cancel: CancellationToken,
) {
    let (answers, mut happened) = mpsc::channel(MOST_WAITING);
    let keeper = Keeper::start(options.lock, options.cost, options.anchor);
    let vault = keeper
        .ask(|room| room.status())
        .await
        .unwrap_or(VaultStatus::Absent);
    let seed = options.settings.seed;
    let mut runtime = Runtime {
        asleep: options.clock.asleep(),
        clock: options.clock,
        transport: options.transport,
        dialer: options.dialer,
        socket: options.socket,
        addresses: options.addresses,
        hub,
        engine: Engine::new(options.settings, offers(), vault),
        effects: Effects { answers, keeper },
        connections: BTreeMap::new(),
        sign_ins: BTreeMap::new(),
        random: fastrand::Rng::with_seed(seed),
    };
    let mut quotes_due: Option<Instant> = None;
    loop {
        let wake = runtime.next_wake(quotes_due);
        tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            Some(inbound) = inbox.recv() => runtime.take_inbound(inbound).await,
            Some(event) = happened.recv() => runtime.take_happened(event).await,
            () = tokio::time::sleep_until(wake) => runtime.handle(Input::Tick).await,
        }
        runtime.notice_sleep().await;
        for _ in 0..MOST_IN_A_TURN {
            let Ok(event) = happened.try_recv() else {
                break;
            };
            runtime.take_happened(event).await;
        }
        for screen in runtime.hub.departed() {
            runtime.sign_ins.remove(&screen);
            runtime.handle(Input::ScreenGone(screen)).await;
        }
        runtime.publish_quotes(Instant::now(), &mut quotes_due);
    }
    runtime.close().await;
}

impl Runtime {
    fn next_wake(&self, quotes_due: Option<Instant>) -> Instant {
        let now = Instant::now();
        let deadline = self.engine.next_deadline();
        let deadline = deadline.map(|at| now + at.since(self.clock.now()));
        let quotes_due = quotes_due.filter(|_| self.engine.has_quotes());
        let latest = now + LONGEST_SLEEP;
        [deadline, quotes_due]
            .into_iter()
            .flatten()
            .fold(latest, Instant::min)
    }

    /// Tells screens what changed: at once after a quiet moment, else at a steady pace.
    fn publish_quotes(&mut self, now: Instant, due: &mut Option<Instant>) {
        if self.engine.has_quotes() && due.is_none_or(|due| now >= due) {
            self.hub.publish_quotes(&self.engine.take_quotes());
            *due = Some(now + QUOTES_EVERY);
        }
    }

    /// A machine that was suspended may have been carried away meanwhile.
    async fn notice_sleep(&mut self) {
        let asleep = self.clock.asleep();
        let lately = asleep.saturating_sub(self.asleep);
        // The two clocks are read one after the other: what is less is no sleep.
        if lately >= SHORTEST_SLEEP {
            self.asleep = asleep;
            self.handle(Input::Slept(lately)).await;
        }
    }

    async fn take_inbound(&mut self, inbound: Inbound) {
        match inbound {
            Inbound::Request(screen, request) => self.handle(Input::Request(screen, request)).await,
            Inbound::Secret(screen, request) => self.take_secret(screen, request).await,
            Inbound::Departed => {}
        }
    }

    async fn take_happened(&mut self, event: Happened) {
        match event {
            Happened::Input(input) => self.handle(input).await,
            Happened::Publish(event) => self.handle(Input::Announce(event)).await,
            Happened::Vault(Ok(opened)) => self.vault_opened(*opened).await,
            Happened::Vault(Err(status)) => self.handle(Input::Vault(status)).await,
            Happened::Entries(screen, page) => self.hub.send_entries(screen, &page),
            Happened::Answered(screen, answer) => self.hub.answer(screen, answer),
            // The vault was opened for viewing while it was on its way.
            Happened::Added(_) if self.engine.refusal().is_some() => {}
            Happened::Added(added) => {
                let profile = self.keep(added.open, added.credentials);
                self.handle(Input::Opened(profile)).await;
                self.back_up();
            }
            Happened::Removed(connection) => {
                self.connections.remove(&connection);
                self.handle(Input::Removed(connection)).await;
                self.back_up();
            }
        }
    }

    fn opener(&self) -> additions::Opener {
        additions::Opener {
            clock: self.clock.clone(),
            transport: self.transport.clone(),
            addresses: self.addresses.clone(),
            keeper: self.effects.keeper.clone(),
        }
    }

    /// Keeps an open provider; its credentials live on in it alone.
    fn keep(&mut self, open: Open, credentials: Credentials) -> Profile {
        let provider = &open.provider;
        let way = self.opener().way(&credentials).ok().map(|(_, way)| way);
        let profile = Profile {
            has_quotes: provider.quotes().is_some(),
            history: provider.accounts().map(|it| it.history_limits()),
            way: way.map_or("", |way| way.id).into(),
            by_browser: way.is_some_and(|way| way.grant == Grant::Browser),
            ..self.profile(
                &credentials.connection,
                &credentials.provider,
                credentials.environment,
            )
        };
        let trader = Trader::of(&credentials, provider);
        self.connections
            .insert(credentials.connection, Connection::new(open, trader));
        profile
    }

    /// What can be said of a connection that is not open.
    fn profile(
        &self,
        connection: &ConnectionId,
        provider: &ProviderId,
        environment: Environment,
    ) -> Profile {
        let spec = providers::find(provider.as_str());
        Profile {
            id: connection.clone(),
            provider: provider.clone(),
            title: spec.map_or(provider.as_str(), |spec| spec.title).into(),
            environment,
            has_quotes: false,
            history: None,
            way: Text::default(),
            by_browser: false,
            simulated: self.opener().is_simulated(provider),
        }
    }

    /// Has the engine decide, and does what it says.
    async fn handle(&mut self, input: Input) {
        let now = self.clock.now();
        for output in self.engine.handle(now, input) {
            self.act(now, output).await;
        }
    }

    async fn act(&mut self, now: Timestamp, output: Output) {
        match output {
            Output::Publish(sequence, event) => self.hub.publish(sequence, &event),
            Output::SendSnapshot(screen, snapshot) => self.hub.send_snapshot(screen, &snapshot),
            Output::Read(connection, reading) => match self.provider(&connection) {
                Some(provider) => self.effects.read(now, connection, provider, reading),
                None => self.later(effects::cannot_read(connection, reading)),
            },
            Output::Fetch(fetch) => self.fetch(fetch),
            Output::LoadEntries(screen, query) => self.load_entries(screen, query),
            Output::KeepRun { run, record } => self.keep_run(run, record).await,
            Output::OpenStreams(connection, accounts) => self.open_streams(&connection, &accounts),
            Output::CloseStreams(connection) => self.close_streams(&connection),
            Output::Watch(connection, symbols) => self.watch(&connection, symbols),
            Output::Place(order) => self.send_order(now, order),
            Output::Replace {
                account,
                original: _,
                provider_id,
                change,
                draft,
            } => {
                let replacement = Replacement {
                    account,
                    provider_id,
                    change,
                    draft: *draft,
                };
                self.send_change(now, replacement);
            }
            Output::Answer {
                id,
                account,
                question,
                said,
            } => self.send_answer(id, (account, question), said),
            Output::Cancel {
                id,
                account,
                provider_id,
            } => self.send_cancel(id, account, provider_id),
            Output::CancelAll(account) => self.send_cancel_all(account),
            Output::LookUp(account, id) => {
                if let Some(trader) = self.trader(&account.connection) {
                    self.effects.look_up(trader, account, id);
                }
            }
            Output::Record(id, step, at) => self.effects.write_step(id, step, at).await,
            Output::Keep(known) => self.effects.keep(known).await,
            Output::DropSecrets => self.drop_secrets(),
        }
    }

    fn provider(&self, connection: &ConnectionId) -> Option<Arc<dyn Provider>> {
        self.connections
            .get(connection)
            .map(|connection| connection.provider.clone())
    }

    /// What orders at a connection need; nothing gives one to a viewer's session.
    fn trader(&self, connection: &ConnectionId) -> Option<Trader> {
        self.connections.get(connection)?.trader.clone()
    }

    /// Gives the engine an input after this one.
    fn later(&self, input: Input) {
        let answers = self.effects.answers.clone();
        tokio::spawn(async move { effects::tell(&answers, input).await });
    }

    fn watch(&mut self, connection: &ConnectionId, symbols: Vec<Symbol>) {
        if let Some(connection) = self.connections.get(connection) {
            connection.watch(&symbols);
        }
    }

    async fn close(&mut self) {
        self.handle(Input::Closing).await;
        let bearers = self
            .connections
            .values()
            .filter_map(Connection::bearer)
            .collect();
        self.connections.clear();
        secrets::settle(bearers).await;
        let _ = self.effects.keeper.ask(|room| room.lock()).await; // what waits on the disk is written first
    }
}

#[cfg(test)]
mod tests {
    mod asked;
}
