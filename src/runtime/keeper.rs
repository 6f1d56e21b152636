//! The keeper of secrets: one thread that owns the vault and the order journal.
//!
//! Key derivation takes about a second and every write waits for the disk, so none of it runs where screens
//! are served. One thread also means that what is written down of an order is written in the order it happened.

mod care;
mod door;
mod histories;
mod journal;
mod known;
mod recovery;
mod upkeep;

use crate::domain::{AccountId, ConnectionId, LastKnown, Reach, Text, Timestamp};
use crate::engine::input::OpenIntent;
use crate::ledger::{Journal, Ledger, RunId};
use crate::link::{VaultRole, VaultStatus, VaultTrouble};
use crate::runtime::credentials::{self, Credentials};
use crate::vault::{self, InstanceLock, KdfCost, LockedVault, Passphrase, Role, Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::sync::{mpsc, oneshot};

/// Jobs that may wait for the thread; an order beyond that is refused rather than queued unseen.
const MOST_WAITING: usize = 256;

const NOT_OPEN: &str = "the order journal is not open; unlock the vault first";

/// What the thread owns.
pub(crate) struct Strongroom {
    folder: PathBuf,
    cost: KdfCost,
    anchor: Option<PathBuf>,
    /// The right to the folder for as long as the program runs, whatever becomes of the vault.
    lock: InstanceLock,
    door: Door,
    /// Whether the vault is whole, and only other than this machine remembers.
    is_doubted: bool,
    /// Restores in a row that failed for a wrong passphrase.
    wrong_restores: u32,
    /// The journal, or why there is none.
    journal: Result<Journal, Text>,
    /// None while the vault is locked, or where its file cannot be used.
    ledger: Option<Ledger>,
    ledger_fails: bool,
    /// Readings of histories that are under way, by the engine's number of them.
    runs: BTreeMap<u64, RunId>,
    next_attempt: Option<Timestamp>,
}

/// Where the vault stands. `Moving` is only ever seen inside one job.
enum Door {
    Absent(InstanceLock),
    Locked(Box<LockedVault>),
    Open(Box<Vault>),
    Broken(VaultTrouble, Text),
    Moving,
}

/// What an opened vault brought.
pub(crate) struct Opened {
    /// Wrong passphrases before the right one.
    pub(crate) failures: u32,
    pub(crate) role: VaultRole,
    /// What its connections said last, whoever may use them.
    pub(crate) known: Vec<LastKnown>,
    /// Connections that this session may not use, and of which nothing is known.
    pub(crate) unseen: usize,
    pub(crate) connections: Vec<Credentials>,
    pub(crate) intents: Vec<OpenIntent>,
    /// How far each account's history was read.
    pub(crate) reaches: Vec<(AccountId, Reach)>,
    /// What the person should know: unreadable records, a journal that cannot be used.
    pub(crate) warnings: Vec<Text>,
}

type Job = Box<dyn FnOnce(&mut Strongroom) + Send>;

/// A handle on the thread.
#[derive(Clone)]
pub(crate) struct Keeper {
    jobs: mpsc::Sender<Job>,
}

impl Keeper {
    /// Starts the thread on the folder that `lock` holds. New vaults cost `cost` to open; how far the vault came is
    /// remembered in the folder `anchor`.
    pub(crate) fn start(lock: InstanceLock, cost: KdfCost, anchor: Option<PathBuf>) -> Self {
        let (jobs, mut waiting) = mpsc::channel::<Job>(MOST_WAITING);
        let folder = lock.folder().to_owned();
        std::thread::spawn(move || {
            let door = Door::first(lock.clone(), anchor.as_deref());
            let mut room = Strongroom {
                folder,
                cost,
                anchor,
                lock,
                door,
                is_doubted: false,
                wrong_restores: 0,
                journal: Err(NOT_OPEN.into()),
                ledger: None,
                ledger_fails: false,
                runs: BTreeMap::new(),
                next_attempt: None,
            };
            while let Some(job) = waiting.blocking_recv() {
                job(&mut room);
            }
        });
        Self { jobs }
    }

    /// Has the thread do something and waits for the answer; `None` when the thread is gone.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Strongroom) -> T + Send + 'static,
    ) -> Option<T> {
        self.post(job).await?.await.ok()
    }

    /// Queues something for the thread; the answer can be waited for apart.
    pub(crate) async fn post<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Strongroom) -> T + Send + 'static,
    ) -> Option<oneshot::Receiver<T>> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |room| {
            // A caller that went away does not need the answer; the job is done all the same.
            let _ = answer.send(job(room));
        });
        self.jobs.send(job).await.ok()?;
        Some(answered)
    }
}

impl Door {
    fn first(lock: InstanceLock, anchor: Option<&Path>) -> Self {
        if !vault::exists(lock.folder()) {
            return Self::Absent(lock);
        }
        match LockedVault::open(lock) {
            Ok(locked) => Self::Locked(Box::new(match anchor {
                Some(folder) => locked.anchored_in(folder),
                None => locked,
            })),
            Err(error) => Self::broken(&error),
        }
    }

    fn broken(error: &VaultError) -> Self {
        Self::Broken(upkeep::kind_of(error), Text::new(&error.to_string()))
    }
}

impl Strongroom {
    /// Where the vault stands, for screens.
    pub(crate) fn status(&self) -> VaultStatus {
        match &self.door {
            Door::Absent(_) => VaultStatus::Absent,
            Door::Locked(_) => self.locked(None),
            Door::Open(vault) => VaultStatus::Open {
                failures: vault.wrong_guesses(),
                role: role_of(vault),
            },
            Door::Broken(kind, problem) => VaultStatus::Broken {
                kind: *kind,
                problem: problem.clone(),
            },
            Door::Moving => VaultStatus::Unlocking,
        }
    }

    fn locked(&self, problem: Option<Text>) -> VaultStatus {
        let failures = match &self.door {
            Door::Locked(vault) => vault.wrong_guesses(),
            Door::Absent(_) | Door::Open(_) | Door::Broken(..) | Door::Moving => 0,
        };
        VaultStatus::Locked {
            failures,
            wait_until: self.next_attempt,
            problem,
        }
    }

    /// Makes a vault and opens it.
    pub(crate) fn create(
        &mut self,
        passphrase: &SecretString,
        now: Timestamp,
    ) -> Result<Opened, VaultStatus> {
        let passphrase =
            Passphrase::new(passphrase.expose_secret()).map_err(|error| self.stays(&error))?;
        match std::mem::replace(&mut self.door, Door::Moving) {
            Door::Absent(lock) => match Vault::create(lock, &passphrase, self.new_vault()) {
                Ok(vault) => Ok(self.enter(vault, now)),
                Err(error) => Err(self.broken(&error)),
            },
            other @ (Door::Locked(_) | Door::Open(_) | Door::Broken(..) | Door::Moving) => {
                self.door = other;
                Err(self.status())
            }
        }
    }

    /// Opens the vault, when its passphrase is right and its time has come.
    pub(crate) fn unlock(
        &mut self,
        passphrase: &SecretString,
        now: Timestamp,
    ) -> Result<Opened, VaultStatus> {
        if self.next_attempt.is_some_and(|at| now < at) {
            return Err(self.locked(Some("wait before the next attempt".into())));
        }
        let passphrase =
            Passphrase::new(passphrase.expose_secret()).map_err(|error| self.stays(&error))?;
        self.open_by(now, |locked| locked.unlock(&passphrase))
    }

    /// Opens a locked vault in some way.
    fn open_by(
        &mut self,
        now: Timestamp,
        open: impl FnOnce(LockedVault) -> Result<Vault, vault::Refused>,
    ) -> Result<Opened, VaultStatus> {
        match std::mem::replace(&mut self.door, Door::Moving) {
            Door::Locked(locked) => match open(*locked) {
                Ok(vault) => Ok(self.enter(vault, now)),
                Err(refused) => Err(self.stay_locked(refused, now)),
            },
            other @ (Door::Absent(_) | Door::Open(_) | Door::Broken(..) | Door::Moving) => {
                self.door = other;
                Err(self.status())
            }
        }
    }

    /// A passphrase that cannot be one changes nothing.
    fn stays(&self, error: &VaultError) -> VaultStatus {
        match self.door {
            Door::Locked(_) => self.locked(Some(Text::new(&error.to_string()))),
            Door::Absent(_) | Door::Open(_) | Door::Broken(..) | Door::Moving => self.status(),
        }
    }

    fn stay_locked(&mut self, refused: vault::Refused, now: Timestamp) -> VaultStatus {
        let vault::Refused { vault, error } = refused;
        let is_wrong = matches!(error, VaultError::WrongPassphrase | VaultError::WrongCode);
        if !is_wrong && !door::may_be_tried_again(&error) {
            return self.broken(&error);
        }
        let delay = vault.delay();
        self.next_attempt = (is_wrong && !delay.is_zero()).then(|| now.plus(delay));
        self.door = Door::Locked(vault);
        self.locked(Some(Text::new(&error.to_string())))
    }

    fn broken(&mut self, error: &VaultError) -> VaultStatus {
        self.is_doubted = door::is_doubt(error);
        self.door = Door::broken(error);
        self.status()
    }

    fn enter(&mut self, vault: Vault, now: Timestamp) -> Opened {
        self.next_attempt = None;
        self.is_doubted = false;
        self.wrong_restores = 0;
        let mut warnings = Vec::new();
        let connections = match credentials::load(&vault) {
            Ok((connections, 0)) => connections,
            Ok((connections, unreadable)) => {
                warnings.push(
                    format!(
                        "{unreadable} sealed connections are of a layout this version does not know"
                    )
                    .into(),
                );
                connections
            }
            Err(error) => {
                warnings.push(Text::new(&error.to_string()));
                Vec::new()
            }
        };
        let known = self.open_ledger(&vault, now, &mut warnings);
        let intents = self.open_journal(&vault, now, &mut warnings);
        warnings.extend(vault.unanchored().map(Text::new));
        warnings.extend(upkeep::back_up(&vault, now).err());
        let opened = Opened {
            failures: vault.wrong_guesses(),
            role: role_of(&vault),
            unseen: credentials::unseen(&vault, &known),
            known,
            connections,
            intents,
            reaches: self.reaches(),
            warnings,
        };
        self.door = Door::Open(Box::new(vault));
        opened
    }

    /// Drops every key.
    pub(crate) fn lock(&mut self) -> VaultStatus {
        self.journal = Err(NOT_OPEN.into());
        self.ledger = None;
        self.runs.clear();
        self.door = match std::mem::replace(&mut self.door, Door::Moving) {
            Door::Open(vault) => Door::Locked(Box::new(vault.lock())),
            other @ (Door::Absent(_) | Door::Locked(_) | Door::Broken(..) | Door::Moving) => other,
        };
        self.status()
    }

    /// Seals a connection; on the disk when it returns.
    pub(crate) fn store(&mut self, credentials: &Credentials) -> Result<(), Text> {
        let vault = self.open_vault()?;
        credentials::store(vault, credentials).map_err(|error| Text::new(&error.to_string()))
    }

    /// A connection with its secrets.
    pub(crate) fn credentials_of(
        &mut self,
        connection: &ConnectionId,
    ) -> Result<Credentials, Text> {
        let loaded = credentials::load(self.open_vault()?);
        let (all, _) = loaded.map_err(|error| Text::new(&error.to_string()))?;
        let mut all = all.into_iter();
        all.find(|it| it.connection == *connection)
            .ok_or_else(|| format!("there is no connection called {connection}").into())
    }

    /// Seals a connection that is in the vault once more; one that was removed meanwhile does not come back.
    pub(crate) fn seal_again(&mut self, credentials: &Credentials) -> Result<(), Text> {
        let vault = self.open_vault()?;
        match credentials::has(vault, &credentials.connection) {
            true => self.store(credentials),
            false => Err("the connection is not in the vault any more".into()),
        }
    }

    /// Removes a sealed connection.
    pub(crate) fn remove(&mut self, connection: &ConnectionId) -> Result<bool, Text> {
        let vault = self.open_vault()?;
        let removed = credentials::remove(vault, connection);
        let removed = removed.map_err(|error| Text::new(&error.to_string()))?;
        self.forget(connection);
        Ok(removed)
    }

    fn open_vault(&mut self) -> Result<&mut Vault, Text> {
        match &mut self.door {
            Door::Open(vault) => Ok(vault),
            Door::Absent(_) | Door::Locked(_) | Door::Broken(..) | Door::Moving => {
                Err("the vault is locked".into())
            }
        }
    }
}

fn role_of(vault: &Vault) -> VaultRole {
    match vault.role() {
        Role::Viewer => VaultRole::Viewer,
        Role::Trader | Role::Recovery => VaultRole::Trader,
    }
}
