//! tastytrade's far side: the sandbox and the production host, each with its OAuth token endpoint, its
//! account streamer and its DXLink market data.
//!
//! Written from tastytrade's and dxFeed's manuals alone. Who may pass is in `site` and `people`, one
//! file for each group of calls, sockets in `streams`. Streams share a port with their host here, at
//! paths of their own.

mod answer;
mod balances;
mod customers;
mod instruments;
mod orders;
mod people;
mod positions;
mod prices;
mod query;
mod ready;
mod shared;
mod site;
mod streams;
mod transactions;

use super::calendar::MarketHours;
use super::faults::{Faults, NotAFault};
use super::market::{MarketOptions, Recording, ReplayError, Speed};
use super::oauth::AuthServer;
use super::serve;
use super::world::{Cast, World};
use crate::domain::{Clock, Timestamp};
use people::People;
pub use ready::{Ready, ReadyCustomer};
use shared::Shared;
use site::HostSite;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// How to simulate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port of the sandbox host; the production host has the next. 0 picks any.
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
    /// Requests a minute of one login; tastytrade publishes no number.
    pub requests_a_minute: u32,
    /// Whether balances come as a list of one item, as one of the manual's two pages has it.
    pub balances_as_items: bool,
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
            requests_a_minute: 600,
            balances_as_items: false,
            redirects: vec![
                "http://localhost:8000".to_owned(),
                "http://127.0.0.1:8000/callback".to_owned(),
                "http://127.0.0.1:8182/cb/tastytrade".to_owned(),
            ],
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
    /// `api.cert.tastyworks.com`: pretended money.
    Sandbox,
    /// `api.tastyworks.com`: real money.
    Live,
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

/// Starts a simulator on two loopback ports.
///
/// # Errors
/// A cue or a recording cannot be read, or a port cannot be had.
pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let first = options.port;
    let simulator = Simulator::new(options, clock)?;
    let mut origins = Vec::new();
    for (place, host) in (0..).zip([Host::Sandbox, Host::Live]) {
        let port = match first {
            0 => 0,
            first => first.saturating_add(place),
        };
        let listening = simulator.listen(host, port).await;
        let address = listening.map_err(|source| StartError::Port { port, source })?;
        origins.push(address.to_string());
    }
    let ready = Ready::new(&origins[0], &origins[1], simulator.customers());
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
    ///
    /// # Errors
    /// A cue or a recording cannot be read.
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
        let opened = options.opened.unwrap_or_else(|| clock.now());
        let world = World::new(market, Cast::SECOND, opened);
        let people = People::new(&world, &options, &clock);
        let shared = Arc::new(Shared::new(world, people, options, clock, faults));
        let drive = Arc::clone(&shared).drive();
        shared.lifetime.tasks.spawn(drive);
        Ok(Self { shared })
    }

    /// Serves a host on a loopback port; 0 picks one.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn listen(&self, host: Host, port: u16) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let lifetime = self.shared.lifetime.clone();
        let listening = serve::listen(
            listener,
            self.site(host),
            lifetime.tasks.clone(),
            lifetime.stop,
        );
        lifetime.tasks.spawn(listening);
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

    /// A host's authorization server: its rules, its counts.
    pub fn auth(&self, host: Host) -> &AuthServer {
        self.shared.people.auth(host)
    }

    /// Who has an account.
    pub fn customers(&self) -> Vec<ReadyCustomer> {
        ready::customers(&self.shared)
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
}
