//! The composition root: the one file that knows everybody.
//!
//! A run is a [`Running`]: the runtime on its task, the socket for one-shot commands, and, in the demo, a simulated
//! world beside it. Screens and commands attach to its [`Hub`].

mod demo;

pub use demo::launch_demo;

use crate::config::{Config, ConfigPaths};
use crate::domain::Clock;
use crate::engine::Settings;
use crate::link::socket::{self, Listener, SocketError};
use crate::link::{Hub, Inbound};
use crate::net::Dialer;
use crate::net::transport::{Patience, Transport, WebTransport};
use crate::net::{NetError, install_tls_provider};
use crate::runtime;
use crate::runtime::clock::SystemClock;
use crate::vault::{self, Holder, InstanceLock, KdfCost, Keeper, LockedVault, VaultError};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

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
    /// A broker of the simulation does not start, and why.
    #[error("the simulation does not start: {0}")]
    Simulation(String),
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
    world: Option<demo::World>,
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

fn run(
    options: runtime::Options,
    hub: Hub,
    inbox: mpsc::Receiver<Inbound>,
    cancel: CancellationToken,
    world: Option<demo::World>,
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
            sync_every: minutes(setup.config.refresh.history_minutes),
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
