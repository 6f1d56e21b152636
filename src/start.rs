//! The composition root: the one file that knows everybody.
//!
//! A run is a [`Running`]: the runtime on its task, the socket for one-shot commands, and, in the demo, a simulated
//! world beside it. Screens and commands attach to its [`Hub`].

use crate::config::{Config, ConfigPaths};
use crate::domain::{Clock, ConnectionId, Environment, ProviderId};
use crate::engine::Settings;
use crate::link::socket::{self, Listener, SocketError};
use crate::link::{Hub, Inbound, Replica, ScreenEnd, SecretRequest, VaultStatus};
use crate::net::Dialer;
use crate::net::transport::{Patience, Transport, WebTransport};
use crate::net::{NetError, install_tls_provider};
use crate::runtime;
use crate::runtime::clock::SystemClock;
use crate::sim;
use crate::vault::{self, Holder, InstanceLock, KdfCost, Keeper, LockedVault, VaultError};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a throw-away vault costs to open: the least that a vault may cost at all.
const DEMO_MEMORY_KIB: u32 = 64 * 1024;

/// Why a run did not begin, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be had: in use, or not ours alone.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The network cannot be used at all.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The socket for one-shot commands cannot be had.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The simulation does not start.
    #[error(transparent)]
    Simulation(#[from] sim::alpaca::StartError),
    /// The runtime is gone, though nobody ended it.
    #[error(
        "tradedeck stopped by a defect of its own; start it again, what became of open orders is looked up then"
    )]
    Ended,
    /// The system refused.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        error: io::Error,
    },
}

/// What a run is made from.
#[derive(Clone)]
pub struct Setup {
    /// The configuration, as read.
    pub config: Config,
    /// Where files lie.
    pub paths: ConfigPaths,
    /// Whether nothing may be sent or cancelled.
    pub read_only: bool,
    /// Whether screens do without colours.
    pub no_colour: bool,
    /// The program that opens the vault's store; this process where there is none.
    pub store_keeper: Option<Keeper>,
}

/// A run under way.
pub struct Running {
    /// Where screens attach.
    pub hub: Hub,
    cancel: CancellationToken,
    runtime: JoinHandle<()>,
    /// The demo's world; it goes, with its folder, after the runtime.
    world: Option<DemoWorld>,
}

struct DemoWorld {
    _folder: tempfile::TempDir,
    _alpaca: sim::alpaca::Running,
}

impl Running {
    /// Runs a screen until it ends.
    ///
    /// # Errors
    /// [`StartError::Ended`]: the runtime ended before it, of a defect; what the screen shows would never change again.
    pub async fn accompany<T>(&mut self, screen: impl Future<Output = T>) -> Result<T, StartError> {
        tokio::select! {
            biased;
            _ = &mut self.runtime => Err(StartError::Ended),
            outcome = screen => Ok(outcome),
        }
    }

    /// Ends the run: what waits for the disk is written first.
    pub async fn stop(mut self) {
        self.cancel.cancel();
        if !self.runtime.is_finished() {
            let _ = (&mut self.runtime).await; // its panic was told by the hook
        }
        drop(self.world);
    }
}

/// Starts a run on the person's own vault, and listens for one-shot commands.
///
/// # Errors
/// [`StartError`], among them [`VaultError::InUse`] when another process has the vault.
pub fn launch(setup: &Setup, listen: bool) -> Result<Running, StartError> {
    let lock = take_lock(setup)?;
    let options = options(setup, lock, KdfCost::default(), false)?;
    let (hub, inbox) = Hub::new();
    let cancel = CancellationToken::new();
    if listen {
        let listener = Listener::bind(&setup.paths.socket())?;
        let (hub, cancel) = (hub.clone(), cancel.clone());
        tokio::spawn(async move {
            cancel
                .run_until_cancelled_owned(socket::serve(listener, hub))
                .await
        });
    }
    Ok(run(options, hub, inbox, cancel, None))
}

/// Starts a run on the embedded simulation, with a throw-away vault in a folder that goes with it.
///
/// # Errors
/// [`StartError`].
pub async fn launch_demo(setup: &Setup) -> Result<Running, StartError> {
    let folder = tempfile::Builder::new().prefix("tradedeck-demo-").tempdir();
    let folder = folder.map_err(|error| StartError::System {
        what: "cannot make a folder for the demo",
        error,
    })?;
    let alpaca = sim::alpaca::start(sim::alpaca::Options::default(), Arc::new(SystemClock)).await;
    let alpaca = alpaca?;
    let mut setup = setup.clone();
    setup.paths = ConfigPaths::under(folder.path());
    setup.config.providers = BTreeMap::from([("alpaca".to_owned(), addresses(&alpaca.ready))]);
    let lock = take_lock(&setup)?;
    let options = options(&setup, lock, KdfCost::new(DEMO_MEMORY_KIB, 3, 4)?, true)?;
    let (hub, inbox) = Hub::new();
    tokio::spawn(connect_customers(
        hub.attach(),
        alpaca.ready.customers.clone(),
    ));
    let world = DemoWorld {
        _folder: folder,
        _alpaca: alpaca,
    };
    Ok(run(
        options,
        hub,
        inbox,
        CancellationToken::new(),
        Some(world),
    ))
}

fn run(
    options: runtime::Options,
    hub: Hub,
    inbox: mpsc::Receiver<Inbound>,
    cancel: CancellationToken,
    world: Option<DemoWorld>,
) -> Running {
    let runtime = tokio::spawn(runtime::run(options, hub.clone(), inbox, cancel.clone()));
    Running {
        hub,
        cancel,
        runtime,
        world,
    }
}

fn options(
    setup: &Setup,
    lock: InstanceLock,
    cost: KdfCost,
    demo: bool,
) -> Result<runtime::Options, StartError> {
    install_tls_provider();
    let transport: Arc<dyn Transport> = Arc::new(WebTransport::new(Patience::default())?);
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|_| VaultError::NoRandomness)?;
    Ok(runtime::Options {
        clock: Arc::new(SystemClock),
        transport,
        dialer: Dialer::from_system()?,
        socket: crate::net::socket::Options::default(),
        lock,
        cost,
        // What is thrown away needs no memory.
        anchor: (!demo).then(|| setup.paths.state.clone()),
        addresses: setup.config.providers.clone(),
        settings: Settings {
            refresh: Duration::from_secs(u64::from(setup.config.refresh.accounts_seconds)),
            read_only: setup.read_only,
            demo,
            lock_after: minutes(setup.config.lock.minutes),
            seed: u64::from_le_bytes(seed),
        },
    })
}

fn minutes(count: u32) -> Option<Duration> {
    (count > 0).then(|| Duration::from_mins(count.into()))
}

/// The addresses that a simulator serves, by their configuration keys.
fn addresses(ready: &sim::alpaca::Ready) -> BTreeMap<String, String> {
    [
        ("trading", &ready.trading),
        ("trading_live", &ready.trading_live),
        ("data", &ready.data),
        ("data_stream", &ready.data_stream),
        ("trading_stream", &ready.trading_stream),
        ("trading_stream_live", &ready.trading_stream_live),
    ]
    .map(|(key, address)| (key.to_owned(), address.clone()))
    .into()
}

/// The person's own vault, for a command that opens it itself: locked, and compared with what this machine remembers.
///
/// # Errors
/// [`VaultError::InUse`] when another process has it, [`VaultError::Missing`], and what keeps it from being read.
pub fn locked_vault(setup: &Setup) -> Result<LockedVault, VaultError> {
    let locked = LockedVault::open(take_lock(setup)?)?;
    Ok(locked.anchored_in(&setup.paths.state))
}

/// The right to the data folder, for this process alone. What this machine remembers lies in a folder that is ours
/// alone as well.
///
/// # Errors
/// [`VaultError::InUse`], [`VaultError::Permissions`], [`VaultError::Io`].
pub fn take_lock(setup: &Setup) -> Result<InstanceLock, VaultError> {
    let remembers = &setup.paths.state;
    if remembers.symlink_metadata().is_ok() {
        vault::check_private(remembers)?;
    }
    let terminal = rustix::termios::ttyname(io::stdin().as_fd(), Vec::new());
    let terminal = terminal.map_or_else(
        |_| "no terminal".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let since = SystemClock.now().to_rfc3339_millis();
    let holder = Holder {
        pid: std::process::id(),
        terminal,
        since,
    };
    let lock = InstanceLock::take(&setup.paths.data, &holder)?;
    Ok(match &setup.store_keeper {
        Some(keeper) => lock.with_keeper(keeper.clone()),
        None => lock,
    })
}

/// This program as the one that opens the store, by a name that stays good when its file is replaced by an update.
pub fn store_keeper() -> Keeper {
    let running = Path::new("/proc/self/exe");
    let program = match running.symlink_metadata() {
        Ok(_) => running.to_path_buf(),
        Err(_) => std::env::current_exe().unwrap_or_else(|_| "tradedeck".into()),
    };
    Keeper {
        program,
        arguments: vec!["keep-store".into()],
    }
}

/// Walks the person's own way in the demo: makes the vault, then adds each customer's credentials.
async fn connect_customers(screen: ScreenEnd, customers: Vec<sim::alpaca::ReadyCustomer>) {
    let passphrase: [u8; 32] = std::array::from_fn(|_| fastrand::u8(b'a'..=b'z'));
    let passphrase = SecretString::from(String::from_utf8_lossy(&passphrase).into_owned());
    if screen
        .request_secret(SecretRequest::CreateVault { passphrase })
        .is_err()
    {
        return; // an inbox that nothing was put into yet has room
    }
    let mut replica = Replica::default();
    while !matches!(replica.vault, Some(VaultStatus::Open { .. })) {
        screen.changed().await;
        for update in screen.drain() {
            replica.apply(update);
        }
    }
    // Paper accounts only: nothing in the demo may look as if it cost money.
    for customer in customers.into_iter().filter(|customer| customer.paper) {
        let secrets = vec![
            ("key".to_owned(), SecretString::from(customer.key)),
            ("secret".to_owned(), SecretString::from(customer.secret)),
        ];
        let request = SecretRequest::AddConnection {
            name: Some(ConnectionId::new(customer.name)),
            provider: ProviderId::new("alpaca"),
            environment: Environment::Paper,
            way: "keys".into(),
            secrets,
        };
        if screen.request_secret(request).is_err() {
            return; // a handful of requests fits the inbox
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Exit, Failure};
    use crate::domain::Timestamp;

    /// A defect: whoever reads the time a second time panics.
    struct StopsWorking(std::sync::atomic::AtomicBool);

    impl Clock for StopsWorking {
        fn now(&self) -> Timestamp {
            let was_read = self.0.swap(true, std::sync::atomic::Ordering::SeqCst);
            assert!(!was_read, "the clock stopped");
            SystemClock.now()
        }
    }

    fn setup(folder: &Path) -> Setup {
        Setup {
            config: Config::default(),
            paths: ConfigPaths::under(folder),
            read_only: false,
            no_colour: false,
            store_keeper: None,
        }
    }

    #[tokio::test]
    async fn a_runtime_that_panics_ends_the_screen_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let setup = setup(folder.path());
        let lock = take_lock(&setup).unwrap();
        let mut options = options(&setup, lock, KdfCost::default(), false).unwrap();
        options.clock = Arc::new(StopsWorking(false.into()));
        let (hub, inbox) = Hub::new();
        let mut running = run(options, hub, inbox, CancellationToken::new(), None);
        let screen = running.hub.attach();
        let looks_on = async {
            loop {
                screen.changed().await;
                drop(screen.drain());
            }
        };
        let outcome: Result<(), StartError> = running.accompany(looks_on).await;
        let failure = Failure::from(outcome.unwrap_err());
        running.stop().await;
        assert_eq!(failure.exit, Exit::Failed);
        assert!(failure.sentence.contains("start it again"), "{failure}");
    }

    #[tokio::test]
    async fn a_screen_that_ends_leaves_the_runtime_to_be_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let setup = setup(folder.path());
        let mut running = launch(&setup, false).unwrap();
        assert_eq!(running.accompany(async { 7 }).await.unwrap(), 7);
        running.stop().await;
        launch(&setup, false)
            .expect("the folder is free again")
            .stop()
            .await;
    }
}
