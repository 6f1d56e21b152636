//! A whole program without a terminal: simulator, runtime, vault on disk, and a screen's replica of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tradedeck::domain::{ConnectionId, Environment, ProviderId};
use tradedeck::engine::Settings;
use tradedeck::link::{Addition, Hub, Replica, Request, ScreenEnd, SecretRequest, VaultStatus};
use tradedeck::net::Dialer;
use tradedeck::net::install_tls_provider;
use tradedeck::net::transport::{Patience, WebTransport};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::runtime::{self, Options};
use tradedeck::sim::alpaca::{self, ReadyCustomer, Running};
use tradedeck::vault::{Holder, InstanceLock, KdfCost};

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// A simulator, a runtime on it, and what a screen knows.
pub(crate) struct Deck {
    pub(crate) sim: Running,
    pub(crate) screen: ScreenEnd,
    pub(crate) replica: Replica,
    hub: Hub,
    runtime: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
    folder: TempDir,
}

impl Deck {
    /// A simulator and a runtime whose vault does not exist yet.
    pub(crate) async fn without_vault(options: alpaca::Options) -> Self {
        let sim = alpaca::start(options, Arc::new(SystemClock)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (hub, runtime) = start(&sim, &folder);
        Self {
            screen: hub.attach(),
            replica: Replica::default(),
            hub,
            runtime: Some(runtime),
            sim,
            folder,
        }
    }

    /// The same with a vault and the first paper customer connected.
    pub(crate) async fn connected(options: alpaca::Options) -> Self {
        let mut deck = Self::without_vault(options).await;
        deck.create_vault().await;
        let customer = deck.customer(true);
        let addition = deck.add(&customer, Environment::Paper).await;
        assert!(matches!(addition, Addition::Added { .. }), "{addition:?}");
        deck.until("the connection is live", |replica| {
            let mut connections = replica.connections.values();
            connections
                .next()
                .is_some_and(|it| it.feeds.iter().all(|feed| feed.live))
        })
        .await;
        deck
    }

    pub(crate) async fn create_vault(&mut self) {
        self.secret(SecretRequest::CreateVault {
            passphrase: PASSPHRASE.to_owned().into(),
        });
        self.until("the vault is open", |replica| {
            matches!(replica.vault, Some(VaultStatus::Open { .. }))
        })
        .await;
    }

    /// The first customer of the simulator that trades on paper, or live.
    pub(crate) fn customer(&self, paper: bool) -> ReadyCustomer {
        self.sim
            .ready
            .customers
            .iter()
            .find(|customer| customer.paper == paper)
            .unwrap()
            .clone()
    }

    /// Adds a customer's credentials and returns what came of it.
    pub(crate) async fn add(
        &mut self,
        customer: &ReadyCustomer,
        environment: Environment,
    ) -> Addition {
        self.secret(SecretRequest::AddConnection {
            name: Some(ConnectionId::new("deck")),
            provider: ProviderId::new("alpaca"),
            environment,
            secrets: vec![
                ("key".to_owned(), customer.key.clone().into()),
                ("secret".to_owned(), customer.secret.clone().into()),
            ],
        });
        self.until("the addition was answered", |replica| {
            !replica.additions.is_empty()
        })
        .await;
        self.replica.additions.pop_back().unwrap()
    }

    pub(crate) fn request(&self, request: Request) {
        self.screen.request(request).unwrap();
    }

    pub(crate) fn secret(&self, request: SecretRequest) {
        assert!(self.screen.request_secret(request).is_ok());
    }

    /// Takes updates in until `done`.
    pub(crate) async fn until(&mut self, what: &str, done: impl Fn(&Replica) -> bool) {
        let waiting = async {
            while !done(&self.replica) {
                self.screen.changed().await;
                for update in self.screen.drain() {
                    self.replica.apply(update);
                }
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        assert!(in_time, "never happened: {what}\n{}", self.story());
    }

    /// What the activity log says, for a failed test.
    pub(crate) fn story(&self) -> String {
        let connections = self
            .replica
            .connections
            .values()
            .map(|it| format!("{it:?}"));
        let lines = self
            .replica
            .activity
            .iter()
            .map(|it| format!("{} {} {:?}", it.kind.as_str(), it.text, it.level));
        connections.chain(lines).collect::<Vec<_>>().join("\n")
    }

    /// Stops the runtime as if the program ended, and starts another on the same folder.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let (hub, runtime) = start(&self.sim, &self.folder);
        self.screen = hub.attach();
        self.replica = Replica::default();
        self.hub = hub;
        self.runtime = Some(runtime);
    }

    pub(crate) async fn stop(&mut self) {
        if let Some((cancel, task)) = self.runtime.take() {
            cancel.cancel();
            task.await.unwrap();
        }
    }

    pub(crate) fn folder(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }
}

fn start(
    sim: &Running,
    folder: &TempDir,
) -> (Hub, (CancellationToken, tokio::task::JoinHandle<()>)) {
    install_tls_provider();
    let holder = Holder {
        pid: std::process::id(),
        terminal: "test".into(),
        since: "now".into(),
    };
    let ready = serde_json::to_value(&sim.ready).unwrap();
    let addresses: BTreeMap<String, String> = ready
        .as_object()
        .unwrap()
        .iter()
        .filter(|(key, _)| *key != "provider")
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    let options = Options {
        clock: Arc::new(SystemClock),
        transport: Arc::new(WebTransport::new(Patience::default()).unwrap()),
        dialer: Dialer::from_system().unwrap(),
        socket: tradedeck::net::socket::Options::default(),
        lock: InstanceLock::take(&folder.path().join("data"), &holder).unwrap(),
        cost: KdfCost::new(64, 1, 1).unwrap(),
        addresses: BTreeMap::from([("alpaca".to_owned(), addresses)]),
        settings: Settings {
            refresh: Duration::from_secs(60),
            read_only: false,
            demo: false,
            seed: 1,
        },
    };
    let (hub, inbox) = Hub::new();
    let cancel = CancellationToken::new();
    let task = tokio::spawn(runtime::run(options, hub.clone(), inbox, cancel.clone()));
    (hub, (cancel, task))
}
