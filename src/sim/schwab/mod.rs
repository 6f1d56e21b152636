//! Charles Schwab's far side: sign-in, the trader and the market data API, and the streamer, on one host.
//!
//! Written from the provider's manual alone. There is no paper trading here: every account is of real
//! money, several may be of one login. Paths and tokens are in `site` and `auth`, one file for each group
//! of calls, sockets in `streams`. It owns the clockwork: [`Simulator`] lets the world advance a few dozen
//! times a second and hands what happened to every socket in one piece.

mod accounts;
mod answer;
mod auth;
mod gate;
mod history;
mod instruments;
mod markets;
mod orders;
mod people;
mod positions;
mod preference;
mod query;
mod quotes;
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
use super::socket::Lifetime;
use super::world::{Cast, World};
use crate::domain::{Clock, Symbol, Timestamp};
pub use ready::{Ready, ReadyCustomer};
use shared::{FEED_BACKLOG, NEWS_BACKLOG, Shared};
use site::HostSite;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

/// How to simulate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port of the host; 0 picks any.
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
    /// Requests a minute of one program.
    pub requests_a_minute: u32,
    /// Where browsers may be sent back to, compared character by character.
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
            requests_a_minute: 120,
            redirects: vec!["https://127.0.0.1:8182".to_owned()],
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
    /// A way back for browsers is not one that the provider registers.
    #[error(
        "not an address to come back to: {0}; it has to start with https:// and must not name localhost"
    )]
    Redirect(String),
    /// A port cannot be had.
    #[error("cannot listen on port {port}: {source}")]
    Port {
        /// Which.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
}

/// A simulator that listens.
#[derive(Debug)]
pub struct Running {
    /// Where, and for whom.
    pub ready: Ready,
    /// The simulator behind the listener.
    pub simulator: Simulator,
}

/// A simulator, whether it listens or is reached in memory. Clones are handles to the same.
#[derive(Clone, Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
}

/// Starts a simulator on a loopback port.
///
/// # Errors
/// The options are not sound, or the port cannot be had.
pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let port = options.port;
    let simulator = Simulator::new(options, clock)?;
    let address = simulator
        .listen(port)
        .await
        .map_err(|source| StartError::Port { port, source })?;
    let origin = format!("http://{address}");
    let ready = Ready {
        provider: "schwab",
        oauth_authorize: format!("{origin}{}", auth::AUTHORIZE),
        oauth_token: format!("{origin}{}", auth::TOKEN),
        api: origin,
        customers: simulator.customers(),
    };
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
    /// The options are not sound.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        check_redirects(&options.redirects)?;
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
        let world = World::new(market, Cast::THIRD, opened);
        let mut people = people::people(&world.customers);
        let profile = auth::profile(&people, &options.redirects);
        let oauth = AuthServer::new(profile, options.seed, Arc::clone(&clock));
        for person in &mut people {
            let granted = oauth.grant(&person.client.0, person.login, &[auth::SCOPE]);
            person.refresh_token = granted.unwrap_or_default();
        }
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            people,
            oauth,
            limits: Mutex::default(),
            desk: Mutex::default(),
            streams: Mutex::new(HashMap::new()),
            clock,
            faults,
            feed: broadcast::Sender::new(FEED_BACKLOG),
            news: broadcast::Sender::new(NEWS_BACKLOG),
            requests_a_minute: options.requests_a_minute,
            redirect: options.redirects.first().cloned().unwrap_or_default(),
            lifetime: Lifetime::default(),
        });
        shared.lifetime.tasks.spawn(Arc::clone(&shared).drive());
        Ok(Self { shared })
    }

    /// Serves the host on a loopback port; 0 picks one.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn listen(&self, port: u16) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let Lifetime { tasks, stop } = self.shared.lifetime.clone();
        let listening = serve::listen(listener, self.site(), tasks.clone(), stop);
        tasks.spawn(listening);
        Ok(address)
    }

    /// A connection to the host in memory.
    pub fn connect(&self) -> tokio::io::DuplexStream {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (site, stop) = (self.site(), self.shared.lifetime.stop.clone());
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

    /// The authorization server, whose rules and tokens can be changed while it runs.
    pub fn oauth(&self) -> &AuthServer {
        &self.shared.oauth
    }

    /// Who has an account.
    pub fn customers(&self) -> Vec<ReadyCustomer> {
        let world = self.shared.world();
        let redirect = self.shared.redirect.clone();
        let people = self.shared.people.iter();
        people
            .flat_map(|person| person.accounts.iter().map(move |index| (person, *index)))
            .map(|(person, index)| ReadyCustomer {
                name: world.customers[index].profile.name,
                account_number: world.customers[index].number.clone(),
                client_id: person.client.0.clone(),
                client_secret: person.client.1.clone(),
                redirect_uri: redirect.clone(),
                login: person.login.to_owned(),
                refresh_token: person.refresh_token.clone(),
                paper: false,
            })
            .collect()
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

    fn site(&self) -> Arc<HostSite> {
        Arc::new(HostSite {
            shared: Arc::clone(&self.shared),
        })
    }
}

/// The provider registers addresses in https only, and no `localhost`.
fn check_redirects(redirects: &[String]) -> Result<(), StartError> {
    let wrong = redirects.iter().find(|address| {
        let rest = address.strip_prefix("https://");
        rest.is_none_or(|rest| rest.starts_with("localhost"))
    });
    match wrong {
        Some(address) => Err(StartError::Redirect(address.clone())),
        None => Ok(()),
    }
}
