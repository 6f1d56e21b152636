//! A whole program without a terminal: simulator, runtime, vault on disk, and a screen's replica of it.

use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tradedeck::domain::{
    AccountId, AssetClass, Clock, ConnectionId, Environment, Exits, Mode, OrderDraft, OrderKind,
    OrderSize, ProviderId, Quantity, Side, Symbol, TimeInForce,
};
use tradedeck::engine::Settings;
use tradedeck::link::{
    Addition, ConnectionState, ConnectionStatus, FeedHealth, Hub, Replica, Request, ScreenEnd,
    SecretRequest, VaultStatus,
};
use tradedeck::net::install_tls_provider;
use tradedeck::net::transport::{Patience, WebTransport};
use tradedeck::net::{Dialer, socket};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::runtime::{self, Options};
use tradedeck::sim::alpaca::{self, ReadyCustomer, Running};
use tradedeck::vault::{Holder, InstanceLock, VaultError};

/// Longest wait for something that must happen; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// How a deck is made; the defaults are what a person gets.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) sim: alpaca::Options,
    /// How long answers may take.
    pub(crate) patience: Patience,
    /// How WebSockets behave over time.
    pub(crate) socket: socket::Options,
    /// How often everything is read.
    pub(crate) refresh: Duration,
    /// The time, on both sides of the wire.
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether every text that reaches the screen is looked at; it costs more than the program itself.
    pub(crate) reads_every_text: bool,
}

impl From<alpaca::Options> for Setup {
    fn from(sim: alpaca::Options) -> Self {
        Self {
            sim,
            patience: Patience::default(),
            socket: socket::Options::default(),
            refresh: Duration::from_secs(60),
            clock: Arc::new(SystemClock),
            reads_every_text: true,
        }
    }
}

/// A simulator, a runtime on it, and what a screen knows.
pub(crate) struct Deck {
    pub(crate) sim: Running,
    pub(crate) screen: ScreenEnd,
    pub(crate) replica: Replica,
    pub(crate) hub: Hub,
    setup: Setup,
    runtime: Option<(CancellationToken, tokio::task::JoinHandle<()>)>,
    folder: TempDir,
}

impl Deck {
    /// A simulator and a runtime whose vault does not exist yet.
    pub(crate) async fn without_vault(setup: impl Into<Setup>) -> Self {
        let setup = setup.into();
        let sim = alpaca::start(setup.sim.clone(), setup.clock.clone())
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (hub, runtime) = start(&sim, &folder, &setup).unwrap();
        Self {
            screen: hub.attach(),
            replica: Replica::default(),
            hub,
            setup,
            runtime: Some(runtime),
            sim,
            folder,
        }
    }

    /// The same with a vault and the first paper customer connected.
    pub(crate) async fn connected(setup: impl Into<Setup>) -> Self {
        let mut deck = Self::without_vault(setup).await;
        deck.create_vault().await;
        let customer = deck.customer(true);
        let addition = deck.add(&customer, Environment::Paper).await;
        assert!(matches!(addition, Addition::Added { .. }), "{addition:?}");
        deck.until_live().await;
        deck
    }

    /// Waits until the connection and both its streams are live and everything was read.
    pub(crate) async fn until_live(&mut self) {
        self.until("the connection is live", |replica| {
            let mut connections = replica.connections.values();
            connections.next().is_some_and(|it| {
                it.feeds.iter().all(|feed| feed.live) && it.state == ConnectionState::Live
            }) && !replica.positions.is_empty()
        })
        .await;
    }

    pub(crate) async fn create_vault(&mut self) {
        self.secret(SecretRequest::CreateVault {
            passphrase: PASSPHRASE.to_owned().into(),
        });
        self.until_open().await;
    }

    pub(crate) async fn unlock(&mut self) {
        self.secret(SecretRequest::Unlock {
            passphrase: PASSPHRASE.to_owned().into(),
        });
        self.until_open().await;
    }

    async fn until_open(&mut self) {
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
            way: "keys".into(),
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

    /// Has the far side go wrong; see `sim::faults`.
    pub(crate) fn cue(&self, cue: &str) {
        self.sim.faults().cue(cue).unwrap();
    }

    /// Takes updates in until `done`.
    pub(crate) async fn until(&mut self, what: &str, done: impl Fn(&Replica) -> bool) {
        self.until_both(what, |replica, _| done(replica)).await;
    }

    /// The same where the far side has a say: it is looked at again and again, since it tells nobody.
    pub(crate) async fn until_both(
        &mut self,
        what: &str,
        done: impl Fn(&Replica, &Running) -> bool,
    ) {
        const LOOK: Duration = Duration::from_millis(10);
        let waiting = async {
            while !done(&self.replica, &self.sim) {
                // Nothing new is fine: the far side may have moved.
                let _ = tokio::time::timeout(LOOK, self.screen.changed()).await;
                for update in self.screen.drain() {
                    if self.setup.reads_every_text {
                        assert_clean(&serde_json::to_value(&update).unwrap());
                    }
                    self.replica.apply(update);
                }
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        assert!(in_time, "never happened: {what}\n{}", self.story());
    }

    /// What the activity log said last, for a failed test.
    pub(crate) fn story(&self) -> String {
        let connections = self
            .replica
            .connections
            .values()
            .map(|it| format!("{it:?}"));
        const NEWEST: usize = 20;
        let older = self.replica.activity.len().saturating_sub(NEWEST);
        let lines = self
            .replica
            .activity
            .iter()
            .skip(older)
            .map(|it| format!("{} {} {:?}", it.kind.as_str(), it.text, it.level));
        let vault = [format!("{:?}", self.replica.vault)];
        let all = vault.into_iter().chain(connections).chain(lines);
        all.collect::<Vec<_>>().join("\n")
    }

    /// Stops the runtime as if the program ended, and starts another on the same folder.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let (hub, runtime) = start(&self.sim, &self.folder, &self.setup).unwrap();
        self.screen = hub.attach();
        self.replica = Replica::default();
        self.hub = hub;
        self.runtime = Some(runtime);
    }

    /// What comes of starting the program a second time on the same folder.
    pub(crate) fn start_again(&self) -> Option<VaultError> {
        start(&self.sim, &self.folder, &self.setup).err()
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

    /// The one account there is.
    pub(crate) fn account(&self) -> AccountId {
        self.replica.accounts.keys().next().unwrap().clone()
    }

    /// A market order of three units.
    pub(crate) fn buy(&self, symbol: &str) -> OrderDraft {
        OrderDraft {
            account: self.account(),
            mode: Mode::Paper,
            symbol: Symbol::new(symbol),
            class: AssetClass::Equity,
            side: Side::Buy,
            size: OrderSize::Quantity(Quantity(Decimal::from(3))),
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Day,
            extended_hours: false,
            exits: Exits::None,
        }
    }
}

/// The one connection there is.
pub(crate) fn connection(replica: &Replica) -> &ConnectionStatus {
    replica.connections.values().next().unwrap()
}

/// Its market-data stream, or that of order events.
pub(crate) fn feed<'a>(replica: &'a Replica, name: &str) -> &'a FeedHealth {
    let feeds = &connection(replica).feeds;
    feeds.iter().find(|it| it.name.as_str() == name).unwrap()
}

/// Units held of a symbol.
pub(crate) fn held(replica: &Replica, symbol: &str) -> Decimal {
    let symbol = Symbol::new(symbol);
    replica
        .all_positions()
        .filter(|position| position.symbol == symbol)
        .map(|position| position.quantity.0)
        .sum()
}

/// Whether the activity log or a notice says so.
pub(crate) fn says(replica: &Replica, words: &str) -> bool {
    let mut lines = replica.activity.iter().map(|it| &it.text);
    let mut notices = replica.notices.iter().map(|(_, text)| text);
    lines.any(|it| it.as_str().contains(words)) || notices.any(|it| it.as_str().contains(words))
}

/// Nothing that could steer a terminal: no C0, DEL or C1, nothing that turns the writing direction.
fn assert_clean(value: &Value) {
    let check = |text: &str| {
        let found = text.chars().find(|it| {
            it.is_control()
                || matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}')
                || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(found, None, "in {text:?}");
    };
    match value {
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().for_each(assert_clean),
        Value::Object(fields) => {
            for (name, field) in fields {
                check(name);
                assert_clean(field);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

type Started = (Hub, (CancellationToken, tokio::task::JoinHandle<()>));

fn start(sim: &Running, folder: &TempDir, setup: &Setup) -> Result<Started, VaultError> {
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
        clock: setup.clock.clone(),
        transport: Arc::new(WebTransport::new(setup.patience).unwrap()),
        dialer: Dialer::from_system().unwrap(),
        socket: setup.socket,
        lock: InstanceLock::take(&folder.path().join("data"), &holder)?,
        cost: crate::cli::machine::cost(),
        anchor: Some(folder.path().join("state")),
        addresses: BTreeMap::from([("alpaca".to_owned(), addresses)]),
        settings: Settings {
            refresh: setup.refresh,
            sync_every: Some(Duration::from_secs(3_600)),
            read_only: false,
            demo: false,
            lock_after: None,
            seed: 1,
        },
    };
    let (hub, inbox) = Hub::new();
    let cancel = CancellationToken::new();
    let task = tokio::spawn(runtime::run(options, hub.clone(), inbox, cancel.clone()));
    Ok((hub, (cancel, task)))
}
