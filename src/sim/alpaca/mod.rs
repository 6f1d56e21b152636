//! Alpaca's far side: the trading hosts, paper and live, the market data host, and their streams.
//!
//! Written from Alpaca's manual alone. Paths and credentials are in `site` and `gate`, one file for each
//! group of calls, sockets in `streams`. It owns the clockwork: [`Simulator`] lets the world advance a
//! few dozen times a second and hands what happened to every socket in one piece.

mod account;
mod activities;
mod answer;
mod gate;
mod orders;
mod portfolio;
mod positions;
mod prices;
mod query;
mod reference;
mod series;
mod site;
mod streams;

use super::calendar::MarketHours;
use super::faults::{Faults, NotAFault};
use super::market::{MarketOptions, Recording, ReplayError, Speed, Tick};
use super::serve;
use super::world::{Customer, Notice, World};
use crate::domain::{Clock, Symbol, Timestamp};
use account::Settings;
use gate::Limits;
use serde::Serialize;
use site::HostSite;
use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use streams::messages::{Batch, Format};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the world advances; what happened in between leaves in one frame a socket.
const BEAT: Duration = Duration::from_millis(20);
/// Frames a slow data socket may be behind before it is told so and dropped: five seconds.
const FEED_BACKLOG: usize = 256;
/// Order updates a slow event socket may be behind.
const UPDATE_BACKLOG: usize = 4096;

/// How to simulate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port of the paper trading host; the live one and the data host have the next two. 0 picks any.
    pub port: u16,
    /// Where every random thing comes from.
    pub seed: u64,
    /// Recordings to replay.
    pub replay: Vec<PathBuf>,
    /// How fast to replay them.
    pub speed: Speed,
    /// When the market trades.
    pub hours: MarketHours,
    /// Faults on cue; see [`super::faults`].
    pub faults: String,
    /// Seeded quotes a second over all symbols; none with 0.
    pub rate: u32,
    /// Number of symbols; never fewer than the well-known ones.
    pub universe: usize,
    /// Requests a minute of one customer at the trading hosts.
    pub requests_a_minute: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            replay: Vec::new(),
            speed: Speed::default(),
            hours: MarketHours::default(),
            faults: String::new(),
            rate: 200,
            universe: 0,
            requests_a_minute: 200,
        }
    }
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A fault on cue is not one.
    #[error(transparent)]
    Faults(#[from] NotAFault),
    /// A recording cannot be played.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A port cannot be had.
    #[error("cannot listen on port {port}: {source}")]
    Port {
        /// Which.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
}

/// Which of the provider's hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// Paper trading.
    Trading,
    /// Live trading.
    TradingLive,
    /// Market data.
    Data,
}

/// What a script needs to know of a simulator that is ready; one flat JSON line.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// `alpaca`.
    pub provider: &'static str,
    /// Origin of the paper trading host.
    pub trading: String,
    /// Origin of the live trading host.
    pub trading_live: String,
    /// Origin of the market data host.
    pub data: String,
    /// Address of the market data stream.
    pub data_stream: String,
    /// Address of the paper host's event stream.
    pub trading_stream: String,
    /// Address of the live host's event stream.
    pub trading_stream_live: String,
    /// Who has an account.
    pub customers: Vec<ReadyCustomer>,
}

/// One customer's way in.
#[derive(Clone, Debug, Serialize)]
pub struct ReadyCustomer {
    /// What the account is called.
    pub name: &'static str,
    /// Its number.
    pub account_number: String,
    /// Public half of the credentials.
    pub key: String,
    /// Secret half of the credentials.
    pub secret: String,
    /// Whether its money is pretended.
    pub paper: bool,
}

/// A simulator that listens.
#[derive(Debug)]
pub struct Running {
    /// Where, and for whom.
    pub ready: Ready,
    /// The simulator behind the listeners.
    pub simulator: Simulator,
}

/// A simulator, whether it listens or is reached in memory. Clones are handles to the same.
#[derive(Clone, Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    world: Mutex<World>,
    settings: Mutex<Vec<Settings>>,
    limits: Mutex<Limits>,
    /// Data sockets in use, by key and feed.
    slots: Mutex<HashSet<(String, String)>>,
    clock: Arc<dyn Clock>,
    faults: Faults,
    feed: broadcast::Sender<Arc<Batch>>,
    updates: broadcast::Sender<Arc<Notice>>,
    json_listeners: Arc<AtomicUsize>,
    pack_listeners: Arc<AtomicUsize>,
    requests: AtomicU64,
    requests_a_minute: u32,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Starts a simulator on three loopback ports.
pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let port = options.port;
    let simulator = Simulator::new(options, clock)?;
    let mut origins = Vec::new();
    for (place, host) in (0..).zip([Host::Trading, Host::TradingLive, Host::Data]) {
        let port = if port == 0 { 0 } else { port.saturating_add(place) };
        let address = simulator
            .listen(host, port)
            .await
            .map_err(|source| StartError::Port { port, source })?;
        origins.push(address.to_string());
    }
    let ready = simulator.ready(&origins);
    Ok(Running { ready, simulator })
}

impl Running {
    /// The cues, and counts of what was asked.
    pub fn faults(&self) -> &Faults {
        self.simulator.faults()
    }

    /// Closes every connection and waits until nothing runs any more.
    pub async fn shutdown(self) {
        self.simulator.shutdown().await;
    }
}

impl Simulator {
    /// A simulator that nobody can reach yet; its clockwork runs. Must be called inside a runtime.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let faults = Faults::default();
        faults.cue(&options.faults)?;
        let market = MarketOptions {
            seed: options.seed,
            universe: options.universe,
            quotes_per_second: options.rate,
            hours: options.hours,
            recording: Arc::new(Recording::load(&options.replay)?),
            speed: options.speed,
        };
        let world = World::new(market, clock.now());
        let shared = Arc::new(Shared {
            settings: Mutex::new(vec![Settings::default(); world.customers.len()]),
            world: Mutex::new(world),
            limits: Mutex::default(),
            slots: Mutex::default(),
            clock,
            faults,
            feed: broadcast::Sender::new(FEED_BACKLOG),
            updates: broadcast::Sender::new(UPDATE_BACKLOG),
            json_listeners: Arc::default(),
            pack_listeners: Arc::default(),
            requests: AtomicU64::new(1),
            requests_a_minute: options.requests_a_minute,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        shared.tasks.spawn(Arc::clone(&shared).drive());
        Ok(Self { shared })
    }

    /// Serves a host on a loopback port; 0 picks one.
    pub async fn listen(&self, host: Host, port: u16) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (tasks, stop) = (self.shared.tasks.clone(), self.shared.stop.clone());
        let listening = serve::listen(listener, self.site(host), tasks, stop);
        self.shared.tasks.spawn(listening);
        Ok(address)
    }

    /// A connection to a host in memory.
    pub fn connect(&self, host: Host) -> tokio::io::DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (site, stop) = (self.site(host), self.shared.stop.clone());
        self.shared.tasks.spawn(async move {
            tokio::select! {
                () = serve::serve(far, site) => {}
                () = stop.cancelled() => {}
            }
        });
        near
    }

    /// The cues, and counts of what was asked.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Who has an account.
    pub fn customers(&self) -> Vec<ReadyCustomer> {
        let world = self.shared.world();
        world.customers.iter().map(ReadyCustomer::from).collect()
    }

    /// Halts a symbol, for a while or until [`Self::resume`]; whether there is such a symbol.
    pub fn halt(&self, symbol: &str, reason: &str, length: Option<Duration>) -> bool {
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        let until = length.map(|length| now.plus(length));
        let tick = world.market.halt(&Symbol::new(symbol), reason, until);
        self.shared.tell_status(world, now, tick)
    }

    /// Ends a halt; whether there is such a symbol.
    pub fn resume(&self, symbol: &str) -> bool {
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        let tick = world.market.resume(&Symbol::new(symbol));
        self.shared.tell_status(world, now, tick)
    }

    /// Closes every connection and waits until nothing runs any more.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    fn site(&self, host: Host) -> Arc<HostSite> {
        Arc::new(HostSite {
            shared: Arc::clone(&self.shared),
            host,
        })
    }

    fn ready(&self, origins: &[String]) -> Ready {
        let [trading, live, data] = [0, 1, 2].map(|host| origins[host].as_str());
        Ready {
            provider: "alpaca",
            trading: format!("http://{trading}"),
            trading_live: format!("http://{live}"),
            data: format!("http://{data}"),
            data_stream: format!("ws://{data}/v2/iex"),
            trading_stream: format!("ws://{trading}/stream"),
            trading_stream_live: format!("ws://{live}/stream"),
            customers: self.customers(),
        }
    }
}

impl From<&Customer> for ReadyCustomer {
    fn from(customer: &Customer) -> Self {
        Self {
            name: customer.profile.name,
            account_number: customer.number.clone(),
            key: customer.key.clone(),
            secret: customer.secret.clone(),
            paper: customer.profile.paper,
        }
    }
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, Vec<Settings>> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the one data socket a key may have at a feed.
    fn claim(&self, slot: &(String, String)) -> bool {
        self.slots().insert(slot.clone())
    }

    fn release(&self, slot: &(String, String)) {
        self.slots().remove(slot);
    }

    fn listeners(&self, format: Format) -> Arc<AtomicUsize> {
        match format {
            Format::Json => Arc::clone(&self.json_listeners),
            Format::Pack => Arc::clone(&self.pack_listeners),
        }
    }

    /// Requests a minute: the trading hosts' for everybody, the data host's by plan.
    fn limit_of(&self, customer: &Customer, host: Host) -> u32 {
        match host {
            Host::Trading | Host::TradingLive => self.requests_a_minute,
            Host::Data if customer.profile.free => 200,
            Host::Data => 10_000,
        }
    }

    async fn drive(self: Arc<Self>) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = beat.tick() => self.advance(),
                () = self.stop.cancelled() => return,
            }
        }
    }

    fn advance(&self) {
        let (ticks, notices) = {
            let mut world = self.world();
            let ticks = world.advance(self.clock.now());
            (ticks, world.take_notices())
        };
        self.publish(&ticks);
        for notice in notices {
            // Nobody listening is no loss: what happened is in the books.
            drop(self.updates.send(Arc::new(notice)));
        }
    }

    fn publish(&self, ticks: &[Tick]) {
        let wants = |format| self.listeners(format).load(Ordering::Relaxed) > 0;
        if ticks.is_empty() || !(wants(Format::Json) || wants(Format::Pack)) {
            return;
        }
        // As above: the newest of each symbol is kept and can be asked for.
        drop(self.feed.send(Arc::new(Batch::write(ticks, wants))));
    }

    fn tell_status(
        &self,
        mut world: MutexGuard<'_, World>,
        now: Timestamp,
        tick: Option<Tick>,
    ) -> bool {
        let Some(tick) = tick else {
            return false;
        };
        world.show_tick(now, &tick);
        drop(world);
        self.publish(&[tick]);
        true
    }
}
