//! The keeper of secrets: one thread that owns the vault and the order journal.
//!
//! Key derivation takes about a second and every write waits for the disk, so none of it runs where screens
//! are served. One thread also means that what is written down of an order is written in the order it happened.

mod care;
mod door;
mod recovery;
mod upkeep;

use crate::domain::{ClientOrderId, ConnectionId, Text, Timestamp};
use crate::engine::JournalStep;
use crate::engine::input::OpenIntent;
use crate::ledger::{Intent, IntentState, Journal, LedgerError};
use crate::link::{VaultStatus, VaultTrouble};
use crate::runtime::credentials::{self, Credentials};
use crate::vault::{
    self, InstanceLock, KdfCost, LockedVault, Passphrase, Purpose, Vault, VaultError,
};
use secrecy::{ExposeSecret, SecretString};
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
    pub(crate) connections: Vec<Credentials>,
    pub(crate) intents: Vec<OpenIntent>,
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

    /// What the person must know of a store that did not open as it was.
    pub(crate) fn repaired(&self) -> Option<Text> {
        let repair = match &self.door {
            Door::Locked(vault) => vault.repair(),
            Door::Open(vault) => vault.repair(),
            Door::Absent(_) | Door::Broken(..) | Door::Moving => None,
        };
        let copy = repair?.copy.display().to_string();
        Some(Text::new(&format!(
            "the vault's store was damaged and is repaired, its last changes may be missing; check your connections; it is kept as it was found in {copy}"
        )))
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
        let sealer = vault.sealer(Purpose::Journal).map_err(LedgerError::from);
        let journal = sealer.and_then(|sealer| Journal::open(&self.folder, sealer));
        let intents = match journal {
            Ok(journal) => {
                let intents = recovery::open_intents(&journal, now, &mut warnings);
                self.journal = Ok(journal);
                intents
            }
            Err(error) => {
                // A journal that cannot be read never costs a sign-in; it costs sending orders.
                warnings.push(format!("orders cannot be sent: {error}").into());
                self.journal = Err(Text::new(&error.to_string()));
                Vec::new()
            }
        };
        warnings.extend(vault.unanchored().map(Text::new));
        warnings.extend(upkeep::back_up(&vault, now).err());
        let opened = Opened {
            failures: vault.wrong_guesses(),
            connections,
            intents,
            warnings,
        };
        self.door = Door::Open(Box::new(vault));
        opened
    }

    /// Drops every key.
    pub(crate) fn lock(&mut self) -> VaultStatus {
        self.journal = Err(NOT_OPEN.into());
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

    /// Removes a sealed connection.
    pub(crate) fn remove(&mut self, connection: &ConnectionId) -> Result<bool, Text> {
        let vault = self.open_vault()?;
        credentials::remove(vault, connection).map_err(|error| Text::new(&error.to_string()))
    }

    fn open_vault(&mut self) -> Result<&mut Vault, Text> {
        match &mut self.door {
            Door::Open(vault) => Ok(vault),
            Door::Absent(_) | Door::Locked(_) | Door::Broken(..) | Door::Moving => {
                Err("the vault is locked".into())
            }
        }
    }

    /// Writes an order's intent down; on the disk when it returns.
    pub(crate) fn record(&mut self, intent: &Intent) -> Result<(), Text> {
        self.journal()?
            .record(intent)
            .map_err(|error| Text::new(&error.to_string()))
    }

    /// Writes down where an order stands.
    pub(crate) fn step(
        &mut self,
        id: &ClientOrderId,
        step: JournalStep,
        at: Timestamp,
    ) -> Result<(), Text> {
        let state = match step {
            JournalStep::Acknowledged(provider_id) => IntentState::Acknowledged {
                provider_id: Some(provider_id).filter(|id| !id.is_empty()),
            },
            JournalStep::Rejected(reason) => IntentState::Rejected { reason },
            JournalStep::Unknown(why) => IntentState::Unknown { since: at, why },
            JournalStep::Closed(how) => IntentState::Closed { how },
        };
        // Without a journal nothing was written down, and so nothing sent: there is nothing to bring up to date. What
        // was sent before a lock is looked up after it.
        match &mut self.journal {
            Ok(journal) => step_to(journal, id, &state, at),
            Err(_) => Ok(()),
        }
    }

    /// Writes down that an order is about to leave.
    pub(crate) fn sending(&mut self, id: &ClientOrderId, at: Timestamp) -> Result<(), Text> {
        step_to(self.journal()?, id, &IntentState::Sent, at)
    }

    fn journal(&mut self) -> Result<&mut Journal, Text> {
        self.journal.as_mut().map_err(|why| why.clone())
    }
}

fn step_to(
    journal: &mut Journal,
    id: &ClientOrderId,
    state: &IntentState,
    at: Timestamp,
) -> Result<(), Text> {
    let stepped = journal.step(id, state, at);
    stepped
        .map(|_| ())
        .map_err(|error| Text::new(&error.to_string()))
}
