//! A whole program without a terminal, at a broker's simulator, on a clock that both sides share and a test moves.

use super::{browse, free_port};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tradedeck::domain::{Clock, ConnectionId, Environment, ProviderId, Timestamp};
use tradedeck::engine::Settings;
use tradedeck::link::vault::{Opener, RevokeFacts};
use tradedeck::link::{
    Addition, Answer, ConnectionState, ConnectionStatus, Hub, Replica, Request, ScreenEnd,
    SecretRequest, SignInRequest, SignInStatus, VaultAnswer, VaultRequest, VaultStatus,
};
use tradedeck::net::transport::{Patience, WebTransport};
use tradedeck::net::{Dialer, install_tls_provider, socket};
use tradedeck::runtime::{self, Options};
use tradedeck::sim::oauth::AuthServer;
use tradedeck::sim::{alpaca, ibkr, tastytrade};
use tradedeck::vault::{Holder, InstanceLock};
use url::Url;

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the connection is called.
pub(super) const NAME: &str = "mine";

const PASSPHRASE: &str = "correct horse battery staple";

/// The real time, moved.
pub(super) struct Moved(AtomicU64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        let by = Duration::from_secs(self.0.load(Ordering::SeqCst));
        tradedeck::runtime::clock::SystemClock.now().plus(by)
    }
}

/// What came of an attempt, or where it stands.
pub(super) enum Heard {
    Waiting(Url),
    Came(Addition),
}

/// A broker's far side.
pub(super) enum Sim {
    Tastytrade(tastytrade::Running),
    Alpaca(alpaca::Running),
    Ibkr(ibkr::Running),
}

impl Sim {
    async fn tastytrade(redirect: &str, clock: Arc<Moved>) -> Self {
        let options = tastytrade::Options {
            redirects: vec![redirect.to_owned()],
            rate: 1, // a market that has to catch up with a moved clock is quiet
            ..tastytrade::Options::default()
        };
        Self::Tastytrade(tastytrade::start(options, clock).await.unwrap())
    }

    async fn alpaca(redirect: &str, clock: Arc<Moved>) -> Self {
        let options = alpaca::Options {
            redirects: vec![redirect.to_owned()],
            rate: 1,
            ..alpaca::Options::default()
        };
        Self::Alpaca(alpaca::start(options, clock).await.unwrap())
    }

    async fn ibkr(clock: Arc<Moved>) -> Self {
        let options = ibkr::Options {
            rate: 1,
            ..ibkr::Options::default()
        };
        Self::Ibkr(ibkr::start(options, clock).await.unwrap())
    }

    /// It cannot be reached any more.
    pub(super) async fn goes_away(&self) {
        match self {
            Self::Tastytrade(sim) => sim.simulator.shutdown().await,
            Self::Alpaca(sim) => sim.simulator.shutdown().await,
            Self::Ibkr(sim) => sim.simulator.shutdown().await,
        }
    }

    fn provider(&self) -> &'static str {
        match self {
            Self::Tastytrade(_) => "tastytrade",
            Self::Alpaca(_) => "alpaca",
            Self::Ibkr(_) => "ibkr",
        }
    }

    fn ready(&self) -> serde_json::Value {
        let ready = match self {
            Self::Tastytrade(sim) => serde_json::to_value(&sim.ready),
            Self::Alpaca(sim) => serde_json::to_value(&sim.ready),
            Self::Ibkr(sim) => serde_json::to_value(&sim.ready),
        };
        ready.unwrap()
    }

    /// Who agrees, unless a test says otherwise.
    pub(super) fn login(&self) -> String {
        match self {
            Self::Tastytrade(_) | Self::Ibkr(_) => "ada".into(),
            Self::Alpaca(sim) => {
                let mut customers = sim.ready.customers.iter();
                customers.find(|it| it.paper).unwrap().name.into()
            }
        }
    }

    /// Id and secret of an application that somebody with pretended money registered.
    fn client(&self) -> [(String, secrecy::SecretString); 2] {
        let ready = self.ready();
        let mut customers = ready["customers"].as_array().unwrap().iter();
        let customer = customers.find(|it| it["paper"] == true).unwrap();
        let field = |name: &str| customer[name].as_str().unwrap().to_owned().into();
        let secret = match self {
            Self::Tastytrade(_) => "client_secret",
            Self::Alpaca(_) => "secret",
            Self::Ibkr(_) => panic!("nobody registers an application there"),
        };
        [
            ("client_id".into(), field("client_id")),
            ("client_secret".into(), field(secret)),
        ]
    }
}

pub(super) struct Desk {
    pub(super) sim: Sim,
    pub(super) clock: Arc<Moved>,
    pub(super) replica: Replica,
    screen: ScreenEnd,
    runtime: (CancellationToken, tokio::task::JoinHandle<()>),
    _hub: Hub,
    _folder: TempDir,
}

impl Desk {
    /// At tastytrade, with a vault in which nothing is yet.
    pub(super) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same with settings of the provider's; what starts with `/` is a path of the simulator.
    pub(super) async fn with(settings: &[(&str, &str)]) -> Self {
        let (clock, redirect) = Self::ground().await;
        let sim = Sim::tastytrade(&redirect, clock.clone()).await;
        Self::at(sim, redirect, clock, settings).await
    }

    /// The same at Alpaca.
    pub(super) async fn at_alpaca() -> Self {
        let (clock, redirect) = Self::ground().await;
        let sim = Sim::alpaca(&redirect, clock.clone()).await;
        Self::at(sim, redirect, clock, &[]).await
    }

    /// The same at Interactive Brokers, whose gateway runs here.
    pub(super) async fn at_ibkr() -> Self {
        let (clock, redirect) = Self::ground().await;
        let sim = Sim::ibkr(clock.clone()).await;
        Self::at(sim, redirect, clock, &[]).await
    }

    async fn ground() -> (Arc<Moved>, String) {
        install_tls_provider();
        let redirect = format!("http://127.0.0.1:{}/cb", free_port().await);
        (Arc::new(Moved(AtomicU64::new(0))), redirect)
    }

    async fn at(sim: Sim, redirect: String, clock: Arc<Moved>, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (hub, inbox) = Hub::new();
        let cancel = CancellationToken::new();
        let mut options = options_of(&sim, redirect, &folder, clock.clone());
        let addresses = options.addresses.values_mut().next().unwrap();
        for (key, value) in settings {
            let value = match value.strip_prefix('/') {
                Some(path) => format!("{}/{path}", sim.ready()["api"].as_str().unwrap()),
                None => (*value).to_owned(),
            };
            addresses.insert((*key).to_owned(), value);
        }
        let runtime = tokio::spawn(runtime::run(options, hub.clone(), inbox, cancel.clone()));
        let mut desk = Self {
            sim,
            clock,
            replica: Replica::default(),
            screen: hub.attach(),
            runtime: (cancel, runtime),
            _hub: hub,
            _folder: folder,
        };
        let passphrase = PASSPHRASE.to_owned().into();
        desk.secret(SecretRequest::CreateVault { passphrase });
        desk.until("the vault is open", is_open).await;
        desk
    }

    /// The same, signed in by code.
    pub(super) async fn signed_in() -> Self {
        Self::signed_in_with(&[]).await
    }

    pub(super) async fn signed_in_with(settings: &[(&str, &str)]) -> Self {
        let mut desk = Self::with(settings).await;
        let request = desk.new_by_code();
        let came = desk.sign_in(request).await;
        assert!(matches!(came, Addition::Added { .. }), "{came:?}");
        desk.until("everything was read", is_live).await;
        desk
    }

    pub(super) fn auth(&self) -> &AuthServer {
        match &self.sim {
            Sim::Tastytrade(sim) => sim.simulator.auth(tastytrade::Host::Sandbox),
            Sim::Alpaca(sim) => sim.simulator.auth(true),
            Sim::Ibkr(_) => panic!("there is no authorization server"),
        }
    }

    /// Somebody at tastytrade with pretended money.
    pub(super) fn customer(&self) -> tastytrade::ReadyCustomer {
        let Sim::Tastytrade(sim) = &self.sim else {
            panic!("another broker has other customers");
        };
        let mut customers = sim.ready.customers.iter();
        customers.find(|it| it.paper).unwrap().clone()
    }

    pub(super) fn new_by_code(&self) -> SignInRequest {
        SignInRequest::New {
            name: Some(ConnectionId::new(NAME)),
            provider: ProviderId::new(self.sim.provider()),
            environment: Environment::Paper,
            way: "code".into(),
            secrets: self.sim.client().into(),
        }
    }

    /// Goes through the browser and comes back by itself.
    pub(super) async fn sign_in(&mut self, request: SignInRequest) -> Addition {
        self.secret(SecretRequest::SignIn(request));
        let address = match self.hear().await {
            Heard::Waiting(address) => address,
            Heard::Came(addition) => return addition,
        };
        let (page, back) = browse(&address).await;
        let back = back.unwrap_or_else(|| panic!("{page}"));
        browse(&back).await;
        loop {
            if let Heard::Came(addition) = self.hear().await {
                return addition;
            }
        }
    }

    /// The next that is said of an attempt.
    pub(super) async fn hear(&mut self) -> Heard {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            for answer in self.screen.answers() {
                if let Answer::SignIn(SignInStatus::Waiting(waiting)) = answer {
                    return Heard::Waiting(Url::parse(waiting.address.as_str()).unwrap());
                }
            }
            if let Some(addition) = self.replica.additions.pop_front() {
                return Heard::Came(addition);
            }
            let next = tokio::time::timeout_at(deadline, self.next()).await;
            next.expect("something is said of the attempt");
        }
    }

    /// Says that a copy of the vault is in wrong hands; what is to be revoked.
    pub(super) async fn compromised(&mut self) -> Vec<RevokeFacts> {
        self.secret(SecretRequest::Vault(VaultRequest::Compromised {
            current: Opener {
                passphrase: PASSPHRASE.to_owned().into(),
                key_file: None,
            },
        }));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            for answer in self.screen.answers() {
                match answer {
                    Answer::Vault(VaultAnswer::Rotated(facts)) => return facts.revoke.unwrap(),
                    Answer::Vault(VaultAnswer::Refused { why }) => panic!("{why}"),
                    Answer::Vault(_) | Answer::SignIn(_) => {}
                }
            }
            let next = tokio::time::timeout_at(deadline, self.next()).await;
            next.expect("it is answered");
        }
    }

    pub(super) fn secret(&self, request: SecretRequest) {
        assert!(self.screen.request_secret(request).is_ok());
    }

    pub(super) fn request(&self, request: Request) {
        assert!(self.screen.request(request).is_ok());
    }

    async fn next(&mut self) {
        self.screen.changed().await;
        for update in self.screen.drain() {
            self.replica.apply(update);
        }
    }

    pub(super) async fn until(&mut self, what: &str, done: impl Fn(&Replica) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !done(&self.replica) {
            let next = tokio::time::timeout_at(deadline, self.next()).await;
            assert!(
                next.is_ok(),
                "never happened: {what}\n{:#?}",
                self.replica.connections
            );
        }
    }

    /// Lets time pass on both sides, and has everything read then.
    pub(super) async fn pass(&mut self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
        let (before, now) = (self.connection().last_sync, self.clock.now());
        self.request(Request::Refresh { connection: None });
        self.until("everything was read again", |replica| {
            let connection = replica.connections.values().next();
            connection.is_none_or(|it| {
                // A reading that was under way before does not count.
                let is_renewed = it.session_until.is_none_or(|until| until > now);
                let wants_person = matches!(it.state, ConnectionState::NeedsSignIn { .. });
                it.last_sync != before && is_renewed || wants_person
            })
        })
        .await;
    }

    pub(super) fn connection(&self) -> &ConnectionStatus {
        &self.replica.connections[&ConnectionId::new(NAME)]
    }

    pub(super) async fn stop(self) {
        self.runtime.0.cancel();
        self.runtime.1.await.unwrap();
        match self.sim {
            Sim::Tastytrade(sim) => sim.shutdown().await,
            Sim::Alpaca(sim) => sim.shutdown().await,
            Sim::Ibkr(sim) => sim.shutdown().await,
        }
    }
}

pub(super) fn is_open(replica: &Replica) -> bool {
    matches!(replica.vault, Some(VaultStatus::Open { .. }))
}

pub(super) fn is_live(replica: &Replica) -> bool {
    let mut connections = replica.connections.values();
    let is_live =
        |it: &ConnectionStatus| it.state == ConnectionState::Live && it.last_sync.is_some();
    connections.next().is_some_and(is_live) && !replica.positions.is_empty()
}

pub(super) fn wants_sign_in(replica: &Replica) -> bool {
    let mut connections = replica.connections.values();
    connections.any(|it| matches!(it.state, ConnectionState::NeedsSignIn { .. }))
}

fn options_of(sim: &Sim, redirect: String, folder: &TempDir, clock: Arc<Moved>) -> Options {
    let holder = Holder {
        pid: std::process::id(),
        terminal: "test".into(),
        since: "now".into(),
    };
    let ready = sim.ready();
    let fields = ready.as_object().unwrap().iter();
    let mut addresses: BTreeMap<String, String> = fields
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())))
        .collect();
    addresses.insert("oauth_redirect".into(), redirect);
    Options {
        clock,
        transport: Arc::new(WebTransport::new(Patience::default()).unwrap()),
        dialer: Dialer::from_system().unwrap(),
        socket: socket::Options::default(),
        lock: InstanceLock::take(&folder.path().join("data"), &holder).unwrap(),
        cost: crate::cli::machine::cost(),
        anchor: None,
        addresses: BTreeMap::from([(sim.provider().into(), addresses)]),
        settings: Settings {
            refresh: Duration::from_secs(60),
            sync_every: None, // these are about signing in: histories would use up the requests of a moved clock
            read_only: false,
            demo: false,
            lock_after: None,
            seed: 7,
        },
    }
}
