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
mod people;
mod portfolio;
mod positions;
mod prices;
mod query;
mod ready;
mod reference;
mod series;
mod shared;
mod site;
mod streams;

use super::calendar::MarketHours;
use super::faults::{Faults, NotAFault};
use super::market::{MarketOptions, Recording, ReplayError, Speed};
use super::oauth::AuthServer;
use super::serve;
use super::socket::Lifetime;
use super::world::{Cast, World};
use crate::domain::{Clock, Symbol, Timestamp};
use account::Settings;
use people::People;
pub use ready::{Ready, ReadyCustomer};
use shared::{FEED_BACKLOG, Shared, UPDATE_BACKLOG};
use site::HostSite;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

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
    /// When the market opens its books; the present where there is none. Simulators of one seed, rate
    /// and universe that name the same moment show the same market.
    pub opened: Option<Timestamp>,
    /// Requests a minute of one customer at the trading hosts.
    pub requests_a_minute: u32,
    /// Redirect addresses of every OAuth client.
    pub redirects: Vec<String>,
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
            opened: None,
            requests_a_minute: 200,
            redirects: vec!["http://127.0.0.1:8182/cb/alpaca".to_owned()],
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

/// Starts a simulator on three loopback ports.
pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let port = options.port;
    let simulator = Simulator::new(options, clock)?;
    let mut origins = Vec::new();
    for (place, host) in (0..).zip([Host::Trading, Host::TradingLive, Host::Data]) {
        let port = if port == 0 {
            0
        } else {
            port.saturating_add(place)
        };
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
        let world = World::new(
            market,
            Cast::FIRST,
            options.opened.unwrap_or_else(|| clock.now()),
        );
        let people = People::new(&world.customers, &options.redirects, options.seed, &clock);
        let shared = Arc::new(Shared {
            people,
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
            lifetime: Lifetime::default(),
        });
        shared.lifetime.tasks.spawn(Arc::clone(&shared).drive());
        Ok(Self { shared })
    }

    /// Serves a host on a loopback port; 0 picks one.
    pub async fn listen(&self, host: Host, port: u16) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (tasks, stop) = (
            self.shared.lifetime.tasks.clone(),
            self.shared.lifetime.stop.clone(),
        );
        let listening = serve::listen(listener, self.site(host), tasks, stop);
        self.shared.lifetime.tasks.spawn(listening);
        Ok(address)
    }

    /// A connection to a host in memory.
    pub fn connect(&self, host: Host) -> tokio::io::DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (site, stop) = (self.site(host), self.shared.lifetime.stop.clone());
        self.shared.lifetime.tasks.spawn(async move {
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

    /// The authorization server of pretended or of real accounts: its rules, its counts.
    pub fn auth(&self, paper: bool) -> &AuthServer {
        self.shared.people.auth(paper)
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
        self.shared.lifetime.stop.cancel();
        self.shared.lifetime.tasks.close();
        self.shared.lifetime.tasks.wait().await;
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
            oauth_authorize: format!("http://{live}/oauth/authorize?env=paper"),
            oauth_authorize_live: format!("http://{live}/oauth/authorize?env=live"),
            oauth_token: format!("http://{live}/oauth/token"),
            customers: self.customers(),
        }
    }
}
