//! Interactive Brokers' far side: one venue behind two doors. The gateway is what a person runs on their own
//! machine and signs in to by browser; the other door is for programs that sign every request by OAuth 1.0a.
//!
//! Written from the provider's manual alone. Who may pass is in `site`, `seats` and `oauth`, how much in
//! `pace`, one file or folder for each group of calls, the stream in `streams`.

mod answer;
mod certificate;
mod contracts;
mod data;
mod oauth;
mod orders;
mod pace;
mod people;
mod portfolio;
mod query;
mod ready;
mod seats;
mod session;
mod shared;
mod site;
mod streams;

use super::calendar::MarketHours;
use super::faults::{Faults, NotAFault};
use super::market::{MarketOptions, Recording, ReplayError, Speed};
use super::serve;
use super::world::{Cast, World};
use crate::domain::{Clock, Timestamp};
use certificate::TlsAcceptor;
pub use ready::{Ready, ReadyCustomer};
use shared::Shared;
use site::DoorSite;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How to simulate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port of the gateway; the other door has the next. 0 picks any.
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
    /// Requests a second of one username.
    pub requests_a_second: usize,
    /// How long a username that asked for more is answered with refusals alone.
    pub penalty: Duration,
    /// Whether calls have limits of their own besides.
    pub paced: bool,
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
            requests_a_second: 10,
            penalty: Duration::from_mins(10),
            paced: true,
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
    /// The gateway's certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// A port cannot be had.
    #[error("cannot listen on port {port}: {source}")]
    Port {
        /// Which.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
}

/// Which of the ways to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// The gateway on a person's own machine: encrypted, and whoever reaches it is the person who signed in.
    Gateway,
    /// `api.ibkr.com`: every request is signed.
    OAuth,
}

impl Door {
    fn other(self) -> Self {
        match self {
            Self::Gateway => Self::OAuth,
            Self::OAuth => Self::Gateway,
        }
    }
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
/// A cue or a recording cannot be read, a port cannot be had, or the certificate cannot be made.
pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let first = options.port;
    let simulator = Simulator::new(options, clock)?;
    let mut origins = Vec::new();
    for (place, door) in (0..).zip([Door::Gateway, Door::OAuth]) {
        let port = match first {
            0 => 0,
            first => first.saturating_add(place),
        };
        let address = simulator.listen(door, port).await?;
        origins.push(address.to_string());
    }
    let ready = Ready::of(&simulator, &origins[0], &origins[1]);
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
        let world = World::new(market, Cast::FOURTH, opened);
        let shared = Arc::new(Shared::new(world, options, clock, faults));
        let drive = Arc::clone(&shared).drive();
        shared.lifetime.tasks.spawn(drive);
        Ok(Self { shared })
    }

    /// Serves a door on a loopback port; 0 picks one.
    ///
    /// # Errors
    /// The port cannot be had, or the certificate cannot be made.
    pub async fn listen(&self, door: Door, port: u16) -> Result<SocketAddr, StartError> {
        let failed = |source| StartError::Port { port, source };
        let address = (Ipv4Addr::LOCALHOST, port);
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (site, lifetime) = (self.site(door), &self.shared.lifetime);
        let (tasks, stop) = (lifetime.tasks.clone(), lifetime.stop.clone());
        match door {
            Door::OAuth => tasks.spawn(serve::listen(listener, site, tasks.clone(), stop)),
            Door::Gateway => {
                let made = certificate::acceptor(Ipv4Addr::LOCALHOST.into());
                let acceptor = made.map_err(StartError::Certificate)?;
                tasks.spawn(encrypted(listener, acceptor, site))
            }
        };
        Ok(address)
    }

    /// A connection to a door in memory, without encryption.
    pub fn connect(&self, door: Door) -> tokio::io::DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (site, stop) = (self.site(door), self.shared.lifetime.stop.clone());
        self.shared.lifetime.tasks.spawn(async move {
            tokio::select! {
                () = serve::serve(far, site) => {}
                () = stop.cancelled() => {}
            }
        });
        near
    }

    /// Another program takes the brokerage session of a username.
    pub fn take_session(&self, login: &str) {
        let mut people = self.shared.people.iter();
        if let Some(place) = people.position(|person| person.login == login) {
            self.shared.desk().seats.take_elsewhere(place);
        }
    }

    /// The cues, and counts of what was asked.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
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

    fn site(&self, door: Door) -> Arc<DoorSite> {
        Arc::new(DoorSite {
            shared: Arc::clone(&self.shared),
            door,
        })
    }
}

/// Serves a site over encrypted connections until the simulator ends.
async fn encrypted(listener: TcpListener, acceptor: TlsAcceptor, site: Arc<DoorSite>) {
    let lifetime = site.shared.lifetime.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = lifetime.stop.cancelled() => return,
        };
        if let Ok((stream, _)) = accepted {
            let (site, acceptor) = (Arc::clone(&site), acceptor.clone());
            let stop = lifetime.stop.clone();
            lifetime.tasks.spawn(async move {
                tokio::select! {
                    () = over_tls(stream, acceptor, site) => {}
                    () = stop.cancelled() => {}
                }
            });
        }
    }
}

async fn over_tls(stream: TcpStream, acceptor: TlsAcceptor, site: Arc<DoorSite>) {
    drop(stream.set_nodelay(true));
    // Who does not trust the certificate hangs up, which is theirs to do.
    if let Ok(stream) = acceptor.accept(stream).await {
        serve::serve(stream, site).await;
    }
}
